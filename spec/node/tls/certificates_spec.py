"""Certificates as Node shows them."""

import datetime
import hashlib
import json
import shutil
import ssl
import subprocess
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from spec.node.tls import certificates
from websocket_driver.node.tls.certificates import describe

SUBJECT = [
    (NameOID.COUNTRY_NAME, "DE"),
    (NameOID.ORGANIZATION_NAME, "Café"),
    (NameOID.ORGANIZATIONAL_UNIT_NAME, "one"),
    (NameOID.ORGANIZATIONAL_UNIT_NAME, "two"),
    (NameOID.ORGANIZATIONAL_UNIT_NAME, "three"),
    (NameOID.COMMON_NAME, "localhost"),
    (x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), "ours"),
]
NAMES = [
    "localhost",
    "127.0.0.1",
    "2001:db8::1",
    x509.RFC822Name("me@example.com"),
    x509.UniformResourceIdentifier("https://example.com/a,b'c\\d"),
    x509.UniformResourceIdentifier("https://example.com/'"),
    x509.OtherName(x509.ObjectIdentifier("1.2.3"), b"\x05\x00"),
    x509.DirectoryName(x509.Name([])),
]


def der(pair):
    return ssl.PEM_cert_to_DER_cert(pair.cert)


def made(start, end):
    """A certificate that is valid in these years."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(x509.Name([]))
        .public_key(key.public_key())
        .serial_number(0x80)
        .not_valid_before(datetime.datetime(start, 3, 4, 5, 6, 7))
        .not_valid_after(datetime.datetime(end, 11, 22, 13, 14, 15))
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.DER)


class DescribeDescribe:
    def it_has_everything_in_nodes_words(self):
        raw = der(certificates.make(SUBJECT, NAMES, certificates.authority(), serial=0x0ABC))
        described: Any = describe(raw)
        start, end = described.pop("valid_from"), described.pop("valid_to")
        assert ssl.cert_time_to_seconds(end) - ssl.cert_time_to_seconds(start) == 2 * 86400
        digests = [hashlib.new(name, raw).hexdigest() for name in ("sha1", "sha256", "sha512")]
        prints = [described.pop("fingerprint" + bits) for bits in ("", "256", "512")]
        assert [text.replace(":", "").lower() for text in prints] == digests
        assert described == {
            "subject": {
                "C": "DE",
                "O": "Café",
                "OU": ["one", "two", "three"],
                "CN": "localhost",
                "1.3.6.1.4.1.99999.1": "ours",
            },
            "issuer": {"CN": "Test authority"},
            "subjectaltname": "DNS:localhost, IP Address:127.0.0.1, "
            "IP Address:2001:DB8:0:0:0:0:0:1, email:me@example.com, "
            r'URI:"https://example.com/a\u002cb'
            "'"
            r'c\\d", URI:"https://example.com/'
            "'"
            '", '
            "othername:<unsupported>, DirName:<unsupported>",
            "serialNumber": "0ABC",
            "serial_number": "0ABC",
            "raw": raw,
        }

    def it_prints_times_as_openssl_does(self):
        described = describe(made(1999, 2049))
        assert described["valid_from"] == "Mar  4 05:06:07 1999 GMT"
        assert described["valid_to"] == "Nov 22 13:14:15 2049 GMT"
        assert describe(made(1950, 2150))["valid_to"] == "Nov 22 13:14:15 2150 GMT"
        assert describe(made(1950, 2150))["valid_from"] == "Mar  4 05:06:07 1950 GMT"

    def it_prints_the_serial_number_in_whole_bytes(self):
        assert describe(made(2020, 2021))["serialNumber"] == "80"

    def it_leaves_out_names_that_are_not_there(self):
        assert "subjectaltname" not in describe(der(certificates.authority()))
        assert describe(made(2020, 2021))["subject"] == {}

    def it_reads_a_certificate_of_the_first_version(self):
        """Such a certificate has no version and no extensions."""

        def element(tag, *parts):
            value = b"".join(parts)
            return bytes([tag, len(value)]) + value

        name = element(0x30)
        times = element(0x17, b"260102030405Z"), element(0x18, b"20500102030405Z")
        body = element(2, b"\5"), name, name, element(0x30, *times), name, name
        described = describe(element(0x30, element(0x30, *body)))
        assert described["serialNumber"] == "05"
        assert described["valid_from"] == "Jan  2 03:04:05 2026 GMT"
        assert described["valid_to"] == "Jan  2 03:04:05 2050 GMT"

    @pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
    def it_agrees_with_node(self):
        pairs = [
            certificates.make(SUBJECT, NAMES[:-1], certificates.authority()),
            certificates.localhost(),
            certificates.elsewhere(),
            certificates.authority(),
        ]
        program = (
            "const c = new (require('crypto').X509Certificate)(require('fs').readFileSync(0));"
            "const o = c.toLegacyObject();"
            "console.log(JSON.stringify({...o, subject: {...o.subject}, issuer: {...o.issuer}}))"
        )
        for pair in pairs:
            result = subprocess.run(
                ["node", "-e", program], input=pair.cert, capture_output=True, text=True, check=True
            )
            theirs, ours = json.loads(result.stdout), describe(der(pair))
            del ours["raw"], ours["serial_number"]
            assert {name: theirs.get(name) for name in ours} == ours

    @given(st.data())
    def it_reads_what_it_can_of_anything(self, data):
        raw = bytearray(der(certificates.localhost()))
        for _ in range(data.draw(st.integers(0, 3))):
            raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
        described = describe(bytes(raw[: data.draw(st.integers(0, len(raw)))]))
        assert len(described["fingerprint"]) == 59
