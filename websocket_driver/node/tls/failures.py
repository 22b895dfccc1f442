"""TLS errors with Node's codes."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

from ..errors import NodeError, make_error
from .reasons import reason

# X509_V_ERR_*: Node's codes are OpenSSL's names for them.
VERIFY_CODES = {
    2: "UNABLE_TO_GET_ISSUER_CERT",
    3: "UNABLE_TO_GET_CRL",
    4: "UNABLE_TO_DECRYPT_CERT_SIGNATURE",
    5: "UNABLE_TO_DECRYPT_CRL_SIGNATURE",
    6: "UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY",
    7: "CERT_SIGNATURE_FAILURE",
    8: "CRL_SIGNATURE_FAILURE",
    9: "CERT_NOT_YET_VALID",
    10: "CERT_HAS_EXPIRED",
    11: "CRL_NOT_YET_VALID",
    12: "CRL_HAS_EXPIRED",
    13: "ERROR_IN_CERT_NOT_BEFORE_FIELD",
    14: "ERROR_IN_CERT_NOT_AFTER_FIELD",
    15: "ERROR_IN_CRL_LAST_UPDATE_FIELD",
    16: "ERROR_IN_CRL_NEXT_UPDATE_FIELD",
    17: "OUT_OF_MEM",
    18: "DEPTH_ZERO_SELF_SIGNED_CERT",
    19: "SELF_SIGNED_CERT_IN_CHAIN",
    # OpenSSL stops here; Node goes on, and for a certificate that came alone ends at 21.
    20: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    21: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    22: "CERT_CHAIN_TOO_LONG",
    23: "CERT_REVOKED",
    24: "INVALID_CA",
    25: "PATH_LENGTH_EXCEEDED",
    26: "INVALID_PURPOSE",
    27: "CERT_UNTRUSTED",
    28: "CERT_REJECTED",
}
HOST_NAME_MISMATCH = 62
IP_ADDRESS_MISMATCH = 64
VERIFY_TEXTS = {
    "CERT_NOT_YET_VALID": "certificate is not yet valid",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE": "unable to verify the first certificate",
}

# The words of OpenSSL 3.2 and later, and those that Node has. The first hides why a record could
# not be read: that it was changed is the only reason that does not take a broken peer.
NODES_WORDS = {
    "record layer failure": "decryption failed or bad record mac",
    "ssl/tls alert": "sslv3 alert",
}


def tls_error(error: ssl.SSLError, name: str | None = None) -> NodeError:
    """OpenSSL's error as one of Node's, a `ssl.SSLError` of the same class.

    `name` is the one that the certificate should have.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return _verification_error(error, name)
    text = reason(error)
    for words, nodes in NODES_WORDS.items():
        text = text.replace(words, nodes)
    new = make_error(ssl.SSLError, f"ERR_SSL_{text.upper().replace(' ', '_')}", text)
    new.__cause__ = error
    return new


def _verification_error(error: ssl.SSLCertVerificationError, name: str | None) -> NodeError:
    number = error.verify_code
    if number == HOST_NAME_MISMATCH:
        code = "ERR_TLS_CERT_ALTNAME_INVALID"
        text = (
            "Hostname/IP does not match certificate's altnames: "
            f"Host: {name}. is not in the cert's altnames"
        )
    elif number == IP_ADDRESS_MISMATCH:
        code = "ERR_TLS_CERT_ALTNAME_INVALID"
        text = (
            "Hostname/IP does not match certificate's altnames: "
            f"IP: {name} is not in the cert's list"
        )
    else:
        code = VERIFY_CODES.get(number, "UNSPECIFIED")
        text = VERIFY_TEXTS.get(code, error.verify_message)
    new = make_error(ssl.SSLCertVerificationError, code, text)
    new.__cause__ = error
    return new


# The options of `tls.connect()` that the error of a handshake has.
TARGET = ("path", "host", "port", "local_address")


def disconnected(target: Mapping[str, object]) -> NodeError:
    """The server has closed the connection before the handshake was complete; `target` are those
    options."""
    error = make_error(
        ConnectionResetError,
        "ECONNRESET",
        "Client network socket disconnected before secure TLS connection was established",
    )
    for name, value in target.items():
        setattr(error, name, value)
    return error


def hung_up(cause: BaseException | None = None) -> NodeError:
    """The client has gone before the handshake was complete, or was refused for `cause`."""
    error = make_error(ConnectionResetError, "ECONNRESET", "socket hang up")
    error.__cause__ = cause
    return error


def handshake_timeout() -> NodeError:
    """The handshake took longer than the option `handshake_timeout`."""
    return make_error(TimeoutError, "ERR_TLS_HANDSHAKE_TIMEOUT", "TLS handshake timeout")
