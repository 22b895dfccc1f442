"""The options `ciphers`, `ecdh_curve` and `crl`."""

from __future__ import annotations

import ssl
import sys

import pytest

from spec.node.tls import certificates
from spec.node.tls.contexts_spec import client
from spec.node.tls.socket_spec import conversation, failure
from websocket_driver.errors import ConfigurationError
from websocket_driver.node.tls import suites

CIPHER = "ECDHE-ECDSA-AES256-GCM-SHA384"
SUITES = ":".join(suites.DEFAULT_SUITES)


class OtherContext:
    """A context with the methods that Python has from 3.15 on."""

    maximum_version = ssl.TLSVersion.MAXIMUM_SUPPORTED
    minimum_version = ssl.TLSVersion.TLSv1_2

    def __init__(self):
        self.calls = []

    def set_ciphersuites(self, names):
        if "UNKNOWN" in names:
            raise ssl.SSLError(1, "no cipher match")
        self.calls.append(("set_ciphersuites", names))

    def set_ciphers(self, names):
        self.calls.append(("set_ciphers", names))

    def set_groups(self, names):
        if "unknown" in names:
            raise ssl.SSLError(1, "no group match")
        self.calls.append(("set_groups", names))


def names(context):
    return [cipher["name"] for cipher in context.get_ciphers() if cipher["protocol"] != "TLSv1.3"]


class DescribeCiphers:
    def it_selects_those_of_tls_1_2(self):
        context = client(ciphers=CIPHER)
        assert (names(context), context.minimum_version) == ([CIPHER], ssl.TLSVersion.TLSv1_2)

    def it_is_used_by_both_sides(self):
        ciphers = []

        def look(socket):
            ciphers.append(socket.get_cipher()["name"])
            socket.end()

        conversation(
            look,
            server={"ciphers": f"ECDHE-ECDSA-AES128-GCM-SHA256:{CIPHER}"},
            ciphers=f":{CIPHER}:",
            max_version="TLSv1.2",
        )
        assert ciphers == [CIPHER]

    def it_takes_all_of_tls_1_3_or_none(self):
        assert client(ciphers=SUITES).minimum_version == ssl.TLSVersion.TLSv1_3
        assert names(client(ciphers=f"{SUITES}:{CIPHER}")) == [CIPHER]
        assert names(client(ciphers=f"TLS_NOTHING:{CIPHER}", max_version="TLSv1.2")) == [CIPHER]

    @pytest.mark.parametrize(
        "value, message",
        [
            (":", "ciphers has no cipher"),
            ("nothing", "ciphers cannot be used: No cipher can be selected."),
        ],
    )
    def it_is_refused_with_a_reason(self, value, message):
        with pytest.raises(ConfigurationError, match=f"^{message}"):
            client(ciphers=value)

    def it_is_refused_if_no_version_is_left(self):
        with pytest.raises(ConfigurationError, match=r"only those of TLS 1\.3, and max_version"):
            client(ciphers=SUITES, max_version="TLSv1.2")

    def it_is_refused_if_python_cannot_select_it(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if hasattr(context, "set_ciphersuites"):
            pytest.skip("this Python can")
        with pytest.raises(ConfigurationError, match=r"ciphers of TLS 1\.3"):
            client(ciphers="TLS_AES_128_GCM_SHA256")

    def it_selects_those_of_tls_1_3_where_python_can(self):
        context: OtherContext = OtherContext()
        suites.select_ciphers(context, f"TLS_AES_128_GCM_SHA256:{CIPHER}")  # type: ignore[arg-type]
        assert context.calls == [
            ("set_ciphersuites", "TLS_AES_128_GCM_SHA256"),
            ("set_ciphers", CIPHER),
        ]
        with pytest.raises(ConfigurationError, match="ciphers cannot be used: no cipher match"):
            suites.select_ciphers(context, "TLS_UNKNOWN")  # type: ignore[arg-type]

    def it_is_the_default_if_it_is_empty(self):
        """test-tls-set-ciphers.js"""
        assert names(client(ciphers="")) == names(client(ciphers=None)) == names(client())

    def it_must_be_text(self):
        with pytest.raises(TypeError, match="ciphers must be str, not list"):
            client(ciphers=[CIPHER])


class DescribeCurve:
    @pytest.mark.parametrize("name", ["auto", "P-256", "P-384", "P-521", "prime256v1"])
    def it_is_taken_by_its_name(self, name):
        client(ecdh_curve=name)

    @pytest.mark.skipif(sys.version_info < (3, 11), reason="only the curves of NIST")
    def it_may_be_one_of_montgomery(self):
        client(ecdh_curve="X25519")

    def it_must_be_one_that_both_sides_have(self):
        _, (error,), _, _ = failure(server={"ecdh_curve": "P-384"}, ecdh_curve="P-521")
        assert error.code.startswith("ERR_SSL_")
        trace, *_ = conversation(
            lambda socket: socket.end(), server={"ecdh_curve": "P-521"}, ecdh_curve="P-521"
        )
        assert "secure_connect" in trace

    def it_is_refused_if_it_is_unknown(self):
        with pytest.raises(ConfigurationError, match="ecdh_curve cannot be used: "):
            client(ecdh_curve="P-1")

    def it_is_refused_if_python_can_select_only_one(self):
        if hasattr(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), "set_groups"):
            pytest.skip("this Python can")
        with pytest.raises(ConfigurationError, match="can select one curve only"):
            client(ecdh_curve="X25519:P-256")

    def it_may_be_several_where_python_can(self):
        context = OtherContext()
        suites.select_curves(context, "X25519:P-256")  # type: ignore[arg-type]
        assert context.calls == [("set_groups", "X25519:P-256")]
        with pytest.raises(ConfigurationError, match="ecdh_curve cannot be used: "):
            suites.select_curves(context, "unknown")  # type: ignore[arg-type]


class DescribeRevocations:
    def it_refuses_a_certificate_that_was_revoked(self):
        crl = certificates.revocations(certificates.localhost())
        _, (error,), _, _ = failure(crl=crl)
        assert error.code == "CERT_REVOKED"

    def it_accepts_others(self):
        trace, *_ = conversation(
            lambda socket: socket.end(), crl=[certificates.revocations(certificates.elsewhere())]
        )
        assert "secure_connect" in trace

    def it_is_refused_if_it_is_none(self):
        with pytest.raises(ConfigurationError, match="crl cannot be used: "):
            client(crl="-----BEGIN X509 CRL-----\n")
