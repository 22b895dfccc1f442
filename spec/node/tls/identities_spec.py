"""The options `key` and `cert`: one identity, and several."""

from __future__ import annotations

import ssl

import pytest

from spec.node.tls import certificates
from spec.node.tls.contexts_spec import server
from websocket_driver.errors import ConfigurationError

EC, RSA = certificates.localhost(), certificates.rsa_localhost()
ENCRYPTED = certificates.encrypted()

# Ciphers of TLS 1.2, each of which needs a key of one type.
ECDSA_CIPHER = "ECDHE-ECDSA-AES128-GCM-SHA256"
RSA_CIPHER = "ECDHE-RSA-AES128-GCM-SHA256"


def serves(context, cipher):
    """True if a server with `context` can talk to a client that has only `cipher`."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    client.set_ciphers(cipher)
    first, second = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = client.wrap_bio(first, second), context.wrap_bio(second, first, server_side=True)
    for _ in range(4):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError:
                return False
    return ends[0].cipher() is not None


def served(**options):
    context = server(**options)
    return serves(context, ECDSA_CIPHER), serves(context, RSA_CIPHER)


class DescribeIdentities:
    def it_is_one_for_each_type_of_key(self):
        assert served(cert=EC.cert, key=EC.key) == (True, False)
        assert served(cert=[EC.cert, RSA.cert], key=[EC.key, RSA.key]) == (True, True)

    def it_finds_the_key_of_each_certificate(self):
        assert served(cert=[EC.cert, RSA.cert], key=[RSA.key, EC.key]) == (True, True)

    def it_takes_lists_of_one(self):
        assert served(cert=[RSA.cert], key=(RSA.key,)) == (False, True)
        assert served(cert=[EC.cert], key=EC.key) == (True, False)

    def it_takes_keys_from_the_pem_of_their_certificates(self):
        assert served(cert=[EC.cert + EC.key, RSA.key + RSA.cert]) == (True, True)

    def it_takes_files(self, tmp_path):
        (tmp_path / "ec.pem").write_text(EC.cert + EC.key)
        (tmp_path / "rsa.pem").write_text(RSA.cert)
        (tmp_path / "rsa.key").write_text(RSA.key)
        files = [tmp_path / "ec.pem", str(tmp_path / "rsa.pem")]
        assert served(cert=files, key=[{"pem": tmp_path / "rsa.key"}]) == (True, True)

    def it_takes_a_passphrase_for_each_key(self):
        key = {"pem": ENCRYPTED.key, "passphrase": "secret"}
        both = {"cert": [RSA.cert, ENCRYPTED.cert], "key": [RSA.key, key]}
        assert served(**both) == (True, True)
        assert served(cert=ENCRYPTED.cert, key=[key], passphrase="wrong") == (True, False)
        plain = {"pem": ENCRYPTED.key}
        assert served(cert=ENCRYPTED.cert, key=[plain], passphrase="secret") == (True, False)

    @pytest.mark.parametrize(
        "options, message",
        [
            (
                {"cert": [EC.cert, RSA.cert], "key": [EC.key, EC.key]},
                "cert: none of the keys fits the one at 1",
            ),
            ({"cert": EC.cert, "key": [EC.key, RSA.key]}, "key: the one at 1 fits no certificate"),
            ({"cert": [EC.cert, RSA.cert]}, "cert and key cannot be used: .+"),
            (
                {"cert": [EC.cert, ENCRYPTED.cert], "key": [EC.key, ENCRYPTED.key]},
                "The key is encrypted: passphrase is missing",
            ),
            (
                {
                    "cert": [RSA.cert, ENCRYPTED.cert],
                    "key": [RSA.key, {"pem": ENCRYPTED.key, "passphrase": "wrong"}],
                },
                "cert and key cannot be used: .+",
            ),
            ({"cert": EC.cert, "key": [{"pfx": 1}]}, r"key: a mapping has pem and .*\['pfx'\]"),
            ({"cert": EC.cert, "key": [{}]}, r"key: a mapping has pem and passphrase, not \[\]"),
            ({"cert": EC.cert, "key": [{"pem": "x\ny"}]}, "key is neither PEM .*"),
        ],
    )
    def it_is_refused_with_a_reason(self, options, message):
        with pytest.raises(ConfigurationError, match=f"^{message}$"):
            server(**options)

    @pytest.mark.parametrize("key", [5, {"pem": EC.key}, [5], [{"pem": 5}]])
    def it_is_refused_if_it_has_the_wrong_type(self, key):
        with pytest.raises(TypeError, match=r"^key must be PEM or the path of a file, not"):
            server(cert=EC.cert, key=key)
        with pytest.raises(TypeError, match=r"^passphrase must be str"):
            server(cert=EC.cert, key=[{"pem": EC.key, "passphrase": 5}])
