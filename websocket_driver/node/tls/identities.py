"""The certificates of this side, each with its key.

OpenSSL keeps one for each type of key, and selects one that the peer can verify.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import NamedTuple

from ...errors import ConfigurationError
from .pem import Pem, pem, private_file, text_or_none
from .reasons import reason

# OpenSSL's words for a key that belongs to another certificate.
MISMATCHES = ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED")

# The end of the line that begins a key in PEM, of whatever type.
KEY_LABEL = "PRIVATE KEY-----"
CERTIFICATE_LABEL = "CERTIFICATE-----"

# In the first lines of a key that is encrypted, in both formats.
ENCRYPTED = "ENCRYPTED"


class Key(NamedTuple):
    """A private key, and the passphrase that it is encrypted with."""

    pem: Pem
    passphrase: str | None = None


def keys(value: object, passphrase: str | None) -> tuple[Key, ...]:
    """The option `key`: PEM, the path of a file, or a list of them and of mappings with `pem` and
    `passphrase`.

    Raises `TypeError` or `ConfigurationError` if it is anything else.
    """
    if not isinstance(value, (list, tuple)):
        return () if value is None else (Key(pem("key", value), passphrase),)
    return tuple(_key(part, passphrase) for part in value)


def _key(value: object, passphrase: str | None) -> Key:
    if not isinstance(value, Mapping):
        return Key(pem("key", value), passphrase)
    unknown = [name for name in value if name not in ("pem", "passphrase")]
    if unknown or "pem" not in value:
        raise ConfigurationError(f"key: a mapping has pem and passphrase, not {list(value)!r}")
    word = text_or_none("passphrase", value.get("passphrase"))
    return Key(pem("key", value["pem"]), word or passphrase)


def load_identities(
    context: ssl.SSLContext,
    certs: tuple[Pem, ...],
    keys: tuple[Key, ...],
    passphrase: str | None,
) -> None:
    """Loads certificates and the keys that belong to them, whatever the order of the two lists.

    A certificate without a key has it in its own PEM, encrypted with `passphrase`. Raises
    `ConfigurationError` if they do not fit together.
    """
    if len(certs) == 1 and len(keys) <= 1:
        _load(context, certs[0], keys[0] if keys else None, passphrase)
        return
    unused = list(keys)
    for cert in certs:
        key = next((key for key in unused if _fits(cert, key)), None)
        if key is not None:
            unused.remove(key)
        elif keys and KEY_LABEL not in cert.text:
            raise ConfigurationError(f"cert: none of the keys fits the one at {certs.index(cert)}")
        _load(context, cert, key, passphrase)
    if unused:
        raise ConfigurationError(f"key: the one at {keys.index(unused[0])} fits no certificate")


def _fits(cert: Pem, key: Key) -> bool:
    try:
        _load_chain(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), cert, key, None)
    except ssl.SSLError as error:
        if error.reason in MISMATCHES:
            return False
        raise _refusal(cert, key, error) from error
    return True


def _load(context: ssl.SSLContext, cert: Pem, key: Key | None, passphrase: str | None) -> None:
    try:
        _load_chain(context, cert, key, passphrase)
    except ssl.SSLError as error:
        raise _refusal(cert, key, error) from error


def _refusal(cert: Pem, key: Key | None, error: ssl.SSLError) -> ConfigurationError:
    """OpenSSL reports most mistakes as "PEM lib" only."""
    why = reason(error)
    if CERTIFICATE_LABEL not in cert.text:
        why = "cert contains no certificate"
    elif key is None and KEY_LABEL not in cert.text:
        why = "key is missing"
    elif key is not None and KEY_LABEL not in key.pem.text:
        why = "key contains no private key"
    elif ENCRYPTED in (key.pem if key else cert).text:
        why += "; the passphrase may be wrong"
    return ConfigurationError(f"cert and key cannot be used: {why}")


def _load_chain(
    context: ssl.SSLContext, cert: Pem, key: Key | None, passphrase: str | None
) -> None:
    def password() -> str:
        word = passphrase if key is None else key.passphrase
        if word is None:
            raise ConfigurationError("The key is encrypted: passphrase is missing")
        return word

    if cert.path is not None and (key is None or key.pem.path is not None):
        context.load_cert_chain(cert.path, key.pem.path if key else None, password)
        return
    text = f"{key.pem.text if key else ''}\n{cert.text}"
    with private_file("certificate.pem", text) as path:
        context.load_cert_chain(path, password=password)
