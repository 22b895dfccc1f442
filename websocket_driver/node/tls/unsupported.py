"""Options of Node's `tls` that Python's `ssl` has no place for, and what to use in their place."""

from __future__ import annotations

from collections.abc import Mapping

from ...errors import ConfigurationError
from ...spelling import pep8

OWN_CONTEXT = "set it in an ssl.SSLContext of your own, and pass that as secure_context"
IMPOSSIBLE = "Python's ssl has nothing like it"

UNSUPPORTED = {
    "pfx": (
        "Python's ssl reads PEM only. `openssl pkcs12 -nodes -in FILE` prints what to pass as key, "
        "cert and ca"
    ),
    "secure_protocol": "use min_version and max_version",
    "secure_options": OWN_CONTEXT,
    "honor_cipher_order": OWN_CONTEXT,
    "dhparam": OWN_CONTEXT,
    "sigalgs": OWN_CONTEXT,
    "allow_partial_trust_chain": OWN_CONTEXT,
    "psk_callback": OWN_CONTEXT,
    "psk_identity_hint": OWN_CONTEXT,
    "session_timeout": IMPOSSIBLE,
    "session_id_context": IMPOSSIBLE,
    "ticket_keys": IMPOSSIBLE,
    "request_ocsp": IMPOSSIBLE,
    "min_dh_size": IMPOSSIBLE,
    "alpncallback": "use alpn_protocols",
    "client_cert_engine": IMPOSSIBLE,
    "private_key_engine": IMPOSSIBLE,
    "private_key_identifier": IMPOSSIBLE,
    "enable_trace": IMPOSSIBLE,
}

# Spellings that are not regular.
IRREGULAR = {"requestOCSP": "request_ocsp", "minDHSize": "min_dh_size"}


def without_unsupported(options: Mapping[str, object]) -> dict[str, object]:
    """The options without those of Node that cannot work here, which may be `None`.

    Raises `ConfigurationError` for one of them that is not.
    """
    supported = {}
    for name, value in options.items():
        advice = UNSUPPORTED.get(IRREGULAR.get(name) or pep8(str(name)))
        if advice is None:
            supported[name] = value
        elif value is not None:
            raise ConfigurationError(f"{name}: {advice}")
    return supported
