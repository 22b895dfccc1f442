"""`tls.check_server_identity`, alone and compared with Node's, and the option of that name."""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
from typing import Any

import pytest

from spec.node.support import node_error
from spec.node.tls import certificates
from spec.node.tls.socket_spec import conversation, failure
from websocket_driver.errors import ConfigurationError
from websocket_driver.node import tls

NODE = shutil.which("node")

QUESTIONS: list[tuple[str, dict[str, Any]]] = [
    ("a.com", {}),
    ("a.com", {"subject": {}}),
    ("a.com", {"subject": {"CN": "a.com"}}),
    ("A.com.", {"subject": {"CN": "a.COM."}}),
    ("a.com", {"subject": {"CN": "b.com"}}),
    ("a.com", {"subject": {"CN": ["b.com", "a.com"]}}),
    ("c.com", {"subject": {"CN": ["b.com", "a.com"]}}),
    ("a.com", {"subject": {"CN": ""}}),
    ("", {"subject": {"CN": "a.com"}}),
    ("8.8.8.8", {"subject": {"CN": "8.8.8.8"}}),
    ("8.8.8.8", {"subject": {"CN": "*.8.8.8"}}),
    ("8.8.8.8", {"subjectaltname": "IP Address:8.8.8.8"}),
    ("8.8.8.8", {"subjectaltname": "DNS:8.8.8.8, IP Address:8.8.4.4"}),
    ("1::1", {"subjectaltname": "IP Address:1:0:0:0:0:0:0:1"}),
    ("1::2", {"subjectaltname": "IP Address:1:0:0:0:0:0:0:1, IP Address:1.2.3.4"}),
    ("a.com", {"subjectaltname": "IP Address:1.2.3.4"}),
    ("a.com", {"subjectaltname": "DNS:a.com"}),
    ("a.com", {"subjectaltname": "DNS:b.com", "subject": {"CN": "a.com"}}),
    ("a.com", {"subjectaltname": "URI:http://b.com/", "subject": {"CN": "a.com"}}),
    ("a.b.com", {"subjectaltname": "DNS:x.com, DNS:*.b.com"}),
    ("a.c.b.com", {"subjectaltname": "DNS:*.b.com"}),
    ("b.com", {"subjectaltname": "DNS:*.com"}),
    ("b.com", {"subjectaltname": "DNS:*"}),
    ("ab.c.com", {"subjectaltname": "DNS:a*b.c.com"}),
    ("axb.c.com", {"subjectaltname": "DNS:a*b.c.com"}),
    ("a.c.com", {"subjectaltname": "DNS:a*a.c.com"}),
    ("axb.c.com", {"subjectaltname": "DNS:a*x*b.c.com"}),
    ("a.b.com", {"subjectaltname": "DNS:b.*.com"}),
    ("a.b.com", {"subjectaltname": "DNS:a..com"}),
    ("xn--a.b.com", {"subjectaltname": "DNS:xn--*.b.com"}),
    ("xn--a.b.com", {"subjectaltname": "DNS:xn--a.b.com"}),
    ("é.com", {"subjectaltname": "DNS:é.com"}),
    ("a b.com", {"subjectaltname": "DNS:a b.com"}),
    ("a.com", {"subjectaltname": 'DNS:"b.com, DNS:a.com"'}),
    ("a.com", {"subjectaltname": 'DNS:"b.com\\u002c x", DNS:a.com'}),
    ("a.com", {"subjectaltname": 'DNS:"a.com'}),
    ("a.com", {"subjectaltname": ""}),
]

SCRIPT = """
const tls = require('tls');
const answers = JSON.parse(process.argv[1]).map(([host, cert]) => {
  try {
    const error = tls.checkServerIdentity(host, cert);
    return error ? [error.code, error.message, error.reason, error.host] : null;
  } catch (error) {
    return [error.code, error.message];
  }
});
console.log(JSON.stringify(answers));
"""


def answer(host, cert):
    error: Any
    try:
        error = tls.check_server_identity(host, cert)
    except ValueError as raised:
        error = raised
        return [error.code, str(error)]
    return error and [error.code, str(error), error.reason, error.host]


class DescribeCheckServerIdentity:
    @pytest.mark.skipif(NODE is None, reason="there is no Node.js")
    def it_answers_as_node_does(self):
        process = subprocess.run(
            ["node", "-e", SCRIPT, json.dumps(QUESTIONS)],
            capture_output=True,
            check=True,
            text=True,
            timeout=60,
        )
        theirs = json.loads(process.stdout)
        ours = [answer(host, cert) for host, cert in QUESTIONS]
        assert list(zip(QUESTIONS, ours, strict=True)) == list(zip(QUESTIONS, theirs, strict=True))

    def it_returns_nothing_if_the_certificate_is_that_of_the_host(self):
        cert = {"subjectaltname": "DNS:*.example.com, IP Address:127.0.0.1"}
        assert tls.check_server_identity("a.example.com", cert) is None
        assert tls.checkServerIdentity("127.0.0.1", cert) is None

    def it_returns_an_error_with_the_reason(self):
        cert = {"subjectaltname": "DNS:a.com"}
        error = tls.check_server_identity("b.com", cert)
        assert isinstance(error, ssl.SSLCertVerificationError)
        assert error.code == "ERR_TLS_CERT_ALTNAME_INVALID"
        assert (error.reason, error.host, error.cert) == (
            "Host: b.com. is not in the cert's altnames: DNS:a.com",
            "b.com",
            cert,
        )

    def it_takes_an_invalid_address_as_no_address(self):
        error = tls.check_server_identity("1.2.3.4", {"subjectaltname": "IP Address:1.2.3"})
        assert error is not None
        assert error.reason == "IP: 1.2.3.4 is not in the cert's list: 1.2.3"

    def it_raises_for_malformed_names(self):
        with pytest.raises(ValueError, match="Invalid subject alternative name string") as raised:
            tls.check_server_identity("a.com", {"subjectaltname": 'DNS:"'})
        assert node_error(raised).code == "ERR_TLS_CERT_ALTNAME_FORMAT"


class DescribeTheOption:
    def it_is_called_with_the_name_and_the_certificate(self):
        calls = []

        def check(hostname, cert):
            calls.append((hostname, cert["subject"], cert["issuer_certificate"]["subject"]))

        other = certificates.elsewhere()
        trace, *_ = conversation(
            lambda socket: socket.end(),
            server={"cert": other.cert, "key": other.key},
            check_server_identity=check,
        )
        assert calls == [("localhost", {"CN": "other.example"}, {"CN": "Test authority"})]
        assert "secure_connect" in trace

    def it_can_be_nodes_own(self):
        trace, *_ = conversation(
            lambda socket: socket.end(), checkServerIdentity=tls.check_server_identity
        )
        assert "secure_connect" in trace

    def it_refuses_the_certificate_with_the_error_that_it_returns(self):
        other = certificates.elsewhere()
        trace, (error,), failures, socket = failure(
            server={"cert": other.cert, "key": other.key},
            check_server_identity=tls.check_server_identity,
        )
        code = "ERR_TLS_CERT_ALTNAME_INVALID"
        assert trace == ["connect", "ready", ("error", code), ("close", True)]
        assert (socket.authorized, socket.authorization_error) == (False, code)
        assert error.host == "localhost"
        assert [error.code for error in failures] == ["ECONNRESET"]

    def it_refuses_it_with_the_exception_that_it_raises(self):
        def check(hostname, cert):
            raise PermissionError("pinned")

        trace, (error,), _, socket = failure(check_server_identity=check)
        assert trace == ["connect", "ready", ("error", "pinned"), ("close", True)]
        assert (type(error), socket.authorization_error) == (PermissionError, "pinned")

    def it_refuses_it_with_anything_else_that_is_true(self):
        _, (error,), _, _ = failure(check_server_identity=lambda hostname, cert: "no")
        assert error.code == "ERR_INVALID_ARG_VALUE"

    def it_accepts_false_and_none(self):
        for value in (None, False):
            trace, *_ = conversation(
                lambda socket: socket.end(),
                check_server_identity=lambda hostname, cert, value=value: value,
            )
            assert "secure_connect" in trace

    def it_needs_no_name(self):
        names = []
        options = {
            "servername": None,
            "check_server_identity": lambda name, cert: names.append(name),
        }
        conversation(lambda socket: socket.end(), **options)
        assert names == ["127.0.0.1"]

    def it_is_not_called_if_the_chain_is_not_verified(self):
        calls = []
        pair = certificates.self_signed()
        _, (error,), _, _ = failure(
            server={"cert": pair.cert, "key": pair.key},
            check_server_identity=lambda *arguments: calls.append(arguments),
        )
        assert (error.code, calls) == ("DEPTH_ZERO_SELF_SIGNED_CERT", [])

    def it_needs_verification(self):
        with pytest.raises(ConfigurationError, match="nothing is verified"):
            tls.connect(
                4180, reject_unauthorized=False, check_server_identity=lambda name, cert: None
            )
        with pytest.raises(TypeError, match="check_server_identity"):
            tls.connect(4180, check_server_identity="yes")  # type: ignore[call-overload]

    def it_is_not_for_a_context_that_checks_the_name_itself(self):
        def check(name, cert):
            return None

        context = ssl.create_default_context()
        with pytest.raises(ConfigurationError, match="secure_context checks the name itself"):
            tls.connect(4180, secure_context=context, check_server_identity=check)

    def it_goes_with_a_context_that_does_not(self):
        context = ssl.create_default_context(cadata=certificates.authority().cert)
        context.check_hostname = False
        names = []
        trace, *_ = conversation(
            lambda socket: socket.end(),
            secure_context=context,
            ca=None,
            check_server_identity=lambda name, cert: names.append(name),
        )
        assert (names, "secure_connect" in trace) == (["localhost"], True)
