"""The `ssl.SSLContext` that Node's options describe.

Connections with the same options share one, which takes more memory than a connection.
"""

from __future__ import annotations

import os
import ssl
from functools import lru_cache
from typing import NamedTuple

from ...errors import ConfigurationError
from .identities import Key, keys, load_identities
from .pem import Pem, pems, private_file, text_or_none
from .reasons import reason
from .suites import select_ciphers, select_curves

# The variables by which OpenSSL finds the authorities of the system.
PATHS_OF_THE_SYSTEM = ("SSL_CERT_FILE", "SSL_CERT_DIR")

# How many contexts are kept for connections to come.
MAX_CONTEXTS = 32

VERSIONS = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}
DEFAULT_MIN_VERSION = "TLSv1.2"

# RFC 7301 3.1: the length of a protocol's name is one octet.
MAX_PROTOCOL_LENGTH = 255

# Node checks the whole chain against the option `crl`.
CHECK_REVOCATION = ssl.VerifyFlags.VERIFY_CRL_CHECK_CHAIN


class Settings(NamedTuple):
    """The options of a context, read and checked."""

    server_side: bool
    verify_mode: ssl.VerifyMode
    keys: tuple[Key, ...] = ()
    certs: tuple[Pem, ...] = ()
    ca: tuple[Pem, ...] = ()
    crl: tuple[Pem, ...] = ()
    passphrase: str | None = None
    protocols: tuple[str, ...] = ()
    min_version: str = DEFAULT_MIN_VERSION
    max_version: str | None = None
    ciphers: str | None = None
    ecdh_curve: str | None = None
    # Where the authorities of the system are, if they are asked for: the environment may say.
    system: tuple[str | None, ...] = ()
    # OpenSSL compares the name in the certificate of a server that is verified.
    checks_name: bool = True


@lru_cache(maxsize=MAX_CONTEXTS)
def context_for(settings: Settings) -> ssl.SSLContext:
    """The context for `settings`. Raises `ConfigurationError` if they do not fit together."""
    side = ssl.PROTOCOL_TLS_SERVER if settings.server_side else ssl.PROTOCOL_TLS_CLIENT
    context = ssl.SSLContext(side)
    verifies = settings.verify_mode != ssl.CERT_NONE
    context.check_hostname = not settings.server_side and verifies and settings.checks_name
    context.verify_mode = settings.verify_mode
    # A renegotiation makes reading wait for writing and the reverse; Node has it on.
    context.options |= ssl.OP_NO_RENEGOTIATION
    _set_versions(context, settings)
    # First, because the security level in it decides which keys are accepted.
    if settings.ciphers is not None:
        select_ciphers(context, settings.ciphers)
    if settings.ecdh_curve is not None:
        select_curves(context, settings.ecdh_curve)
    if settings.protocols:
        context.set_alpn_protocols(list(settings.protocols))
    if settings.certs:
        load_identities(context, settings.certs, settings.keys, settings.passphrase)
    if verifies:
        if not settings.ca:
            purpose = ssl.Purpose.CLIENT_AUTH if settings.server_side else ssl.Purpose.SERVER_AUTH
            context.load_default_certs(purpose)
        _load_revocations(context, settings)
    if verifies or settings.certs:
        # As in Node, `ca` also completes the chain that is sent with the certificate.
        _load_authorities(context, settings)
    return context


def _set_versions(context: ssl.SSLContext, settings: Settings) -> None:
    lowest = VERSIONS[settings.min_version]
    context.minimum_version = lowest
    if settings.max_version is not None:
        highest = VERSIONS[settings.max_version]
        if highest < lowest:
            raise ConfigurationError(
                f"min_version {settings.min_version} is above max_version {settings.max_version}"
            )
        context.maximum_version = highest


def _load_authorities(context: ssl.SSLContext, settings: Settings) -> None:
    for authority in settings.ca:
        try:
            context.load_verify_locations(cadata=authority.text)
        except ssl.SSLError as error:
            where = f" in {authority.path}" if authority.path else ""
            raise ConfigurationError(f"ca: no certificate{where} ({reason(error)})") from error


def _load_revocations(context: ssl.SSLContext, settings: Settings) -> None:
    if not settings.crl:
        return
    context.verify_flags |= CHECK_REVOCATION
    with private_file("crl.pem", "\n".join(part.text for part in settings.crl)) as path:
        try:
            context.load_verify_locations(path)
        except ssl.SSLError as error:
            raise ConfigurationError(f"crl cannot be used: {reason(error)}") from error


# Options


def settings_for(  # noqa: PLR0913 - one for each option
    *,
    server_side: bool,
    verify_mode: ssl.VerifyMode,
    key: object = None,
    cert: object = None,
    ca: object = None,
    crl: object = None,
    passphrase: object = None,
    alpn_protocols: object = None,
    min_version: object = None,
    max_version: object = None,
    ciphers: object = None,
    ecdh_curve: object = None,
) -> Settings:
    """The settings for Node's options. Files are read here, so that a new one gives a new context.

    Raises `TypeError` or `ConfigurationError` for values that cannot be used, and `OSError` if a
    file cannot be read.
    """
    word = text_or_none("passphrase", passphrase)
    certs = pems("cert", cert)
    private_keys = keys(key, word)
    if private_keys and not certs:
        raise ConfigurationError("key needs cert")
    authorities = pems("ca", ca)
    return Settings(
        server_side,
        verify_mode,
        private_keys,
        certs,
        authorities,
        pems("crl", crl),
        word,
        protocol_names(alpn_protocols),
        version("min_version", min_version) or DEFAULT_MIN_VERSION,
        version("max_version", max_version),
        # As in Node, an empty text is the default.
        text_or_none("ciphers", ciphers) or None,
        text_or_none("ecdh_curve", ecdh_curve),
        () if authorities else tuple(map(os.environ.get, PATHS_OF_THE_SYSTEM)),
    )


def protocol_names(value: object) -> tuple[str, ...]:
    """The option `alpn_protocols`: a list of names (RFC 7301 3.1)."""
    if value is None:
        return ()
    if not isinstance(value, (list, tuple)):
        raise TypeError(f"alpn_protocols must be a list, not {type(value).__name__}")
    names = []
    for name in value:
        if not isinstance(name, (str, bytes)):
            raise TypeError(f"alpn_protocols must be a list of strings, not of {name!r}")
        text = name if isinstance(name, str) else name.decode("ascii", "replace")
        if not (text.isascii() and 0 < len(text) <= MAX_PROTOCOL_LENGTH):
            raise ConfigurationError(
                f"alpn_protocols: {name!r} is not 1 to {MAX_PROTOCOL_LENGTH} ASCII characters"
            )
        names.append(text)
    return tuple(names)


def version(name: str, value: object) -> str | None:
    """The option `min_version` or `max_version`."""
    if value is None or (isinstance(value, str) and value in VERSIONS):
        return value
    raise ConfigurationError(f"{name} must be one of {', '.join(VERSIONS)}, not {value!r}")
