"""Errors of OpenSSL as Node shows them, with any version of OpenSSL."""

import ssl

import pytest

from websocket_driver.node.errors import NodeError
from websocket_driver.node.tls.failures import tls_error


class DescribeTLSError:
    @pytest.mark.parametrize(
        ("openssl", "code", "message"),
        [
            (
                ["decryption failed or bad record mac", "record layer failure"],
                "ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC",
                "decryption failed or bad record mac",
            ),
            (
                ["sslv3 alert handshake failure", "ssl/tls alert handshake failure"],
                "ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE",
                "sslv3 alert handshake failure",
            ),
            (["wrong version number"], "ERR_SSL_WRONG_VERSION_NUMBER", "wrong version number"),
        ],
    )
    def it_has_nodes_words_for_those_of_each_openssl(self, openssl, code, message):
        for words in openssl:
            cause = ssl.SSLError(ssl.SSL_ERROR_SSL, f"[SSL] {words} (_ssl.c:1006)")
            error = tls_error(cause)
            assert isinstance(error, NodeError)
            assert isinstance(error, ssl.SSLError)
            assert (error.code, str(error), error.__cause__) == (code, message, cause)

    @pytest.mark.parametrize(
        ("number", "openssl", "code", "message"),
        [
            (
                9,
                [
                    "certificate is not yet valid",
                    "certificate is not yet valid or the system clock is incorrect",
                ],
                "CERT_NOT_YET_VALID",
                "certificate is not yet valid",
            ),
            (
                20,
                ["unable to get local issuer certificate"],
                "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
                "unable to verify the first certificate",
            ),
            (10, ["certificate has expired"], "CERT_HAS_EXPIRED", "certificate has expired"),
            (
                85,
                ["Missing Authority Key Identifier"],
                "UNSPECIFIED",
                "Missing Authority Key Identifier",
            ),
        ],
    )
    def it_has_nodes_words_for_certificates(self, number, openssl, code, message):
        for words in openssl:
            cause = ssl.SSLCertVerificationError(ssl.SSL_ERROR_SSL, "certificate verify failed")
            cause.verify_code, cause.verify_message = number, words
            error = tls_error(cause)
            assert isinstance(error, ssl.SSLCertVerificationError)
            assert (error.code, str(error), error.__cause__) == (code, message, cause)
