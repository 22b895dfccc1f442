"""The `ssl.SSLContext` that Node's options describe.

Connections with the same options share one, which takes more memory than a connection.
"""

from __future__ import annotations

import os
import ssl
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from ...errors import ConfigurationError

BEGIN = "-----BEGIN"

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


class Pem(NamedTuple):
    """Certificates or keys: the text, and the file that it came from."""

    text: str
    path: str | None = None


class Settings(NamedTuple):
    """What a context is made from."""

    server_side: bool
    verify_mode: ssl.VerifyMode
    key: Pem | None = None
    cert: Pem | None = None
    ca: tuple[Pem, ...] = ()
    passphrase: str | None = None
    protocols: tuple[str, ...] = ()
    min_version: str = DEFAULT_MIN_VERSION
    max_version: str | None = None
    # Where the authorities of the system are, if they are asked for: the environment may say.
    system: tuple[str | None, ...] = ()


@lru_cache(maxsize=MAX_CONTEXTS)
def context_for(settings: Settings) -> ssl.SSLContext:
    """The context for `settings`. Raises `ConfigurationError` if they do not fit together."""
    side = ssl.PROTOCOL_TLS_SERVER if settings.server_side else ssl.PROTOCOL_TLS_CLIENT
    context = ssl.SSLContext(side)
    context.check_hostname = not settings.server_side and settings.verify_mode != ssl.CERT_NONE
    context.verify_mode = settings.verify_mode
    # A renegotiation makes reading wait for writing and the reverse; Node has it on.
    context.options |= ssl.OP_NO_RENEGOTIATION
    _set_versions(context, settings)
    if settings.protocols:
        context.set_alpn_protocols(list(settings.protocols))
    if settings.cert is not None:
        _load_certificate(context, settings.cert, settings.key, settings.passphrase)
    if settings.verify_mode != ssl.CERT_NONE:
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
    if not settings.ca:
        purpose = ssl.Purpose.CLIENT_AUTH if settings.server_side else ssl.Purpose.SERVER_AUTH
        context.load_default_certs(purpose)
    for authority in settings.ca:
        try:
            context.load_verify_locations(cadata=authority.text)
        except ssl.SSLError as error:
            where = f" in {authority.path}" if authority.path else ""
            raise ConfigurationError(f"ca: no certificate{where} ({reason(error)})") from error


def _load_certificate(
    context: ssl.SSLContext, cert: Pem, key: Pem | None, passphrase: str | None
) -> None:
    def password() -> str:
        if passphrase is None:
            raise ConfigurationError("The key is encrypted: passphrase is missing")
        return passphrase

    try:
        if cert.path is not None and (key is None or key.path is not None):
            context.load_cert_chain(cert.path, key.path if key else None, password)
            return
        # OpenSSL takes keys from files only. This one cannot be read by anybody else.
        with tempfile.TemporaryDirectory(prefix="websocket-driver-") as folder:
            path = os.path.join(folder, "certificate.pem")
            with open(path, "w", encoding="ascii", opener=_private) as file:
                file.write(f"{key.text if key else ''}\n{cert.text}")
            context.load_cert_chain(path, password=password)
    except ssl.SSLError as error:
        raise ConfigurationError(f"cert and key cannot be used: {reason(error)}") from error


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def reason(error: ssl.SSLError) -> str:
    """OpenSSL's own words in the text of an error: `wrong version number`."""
    text = str(error.args[-1])
    if text.startswith("["):
        text = text.partition("] ")[2]
    return text.partition(" (_ssl.c:")[0]


# Options


def settings_for(  # noqa: PLR0913 - one for each option
    *,
    server_side: bool,
    verify_mode: ssl.VerifyMode,
    key: object = None,
    cert: object = None,
    ca: object = None,
    passphrase: object = None,
    alpn_protocols: object = None,
    min_version: object = None,
    max_version: object = None,
) -> Settings:
    """The settings for Node's options. Files are read here, so that a new one gives a new context.

    Raises `TypeError` or `ConfigurationError` for values that cannot be used, and `OSError` if a
    file cannot be read.
    """
    if key is not None and cert is None:
        raise ConfigurationError("key needs cert")
    if passphrase is not None and not isinstance(passphrase, str):
        raise TypeError(f"passphrase must be str, not {type(passphrase).__name__}")
    authorities = ca if isinstance(ca, (list, tuple)) else [] if ca is None else [ca]
    return Settings(
        server_side,
        verify_mode,
        None if key is None else pem("key", key),
        None if cert is None else pem("cert", cert),
        tuple(pem("ca", authority) for authority in authorities),
        passphrase,
        protocol_names(alpn_protocols),
        version("min_version", min_version) or DEFAULT_MIN_VERSION,
        version("max_version", max_version),
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


def pem(name: str, value: object) -> Pem:
    """The option `name`: PEM as text or bytes, or the path of a file.

    Raises `TypeError` if it is neither, `OSError` if the file cannot be read, and
    `ConfigurationError` if there is no PEM in it.
    """
    if isinstance(value, (bytearray, memoryview)):
        value = bytes(value)
    if not isinstance(value, (str, bytes, os.PathLike)):
        raise TypeError(f"{name} must be PEM or the path of a file, not {type(value).__name__}")
    text = "" if isinstance(value, os.PathLike) else _ascii(value)
    if text.lstrip().startswith(BEGIN):
        return Pem(text)
    if "\n" in text:
        raise ConfigurationError(f"{name} is neither PEM ({BEGIN} ...) nor the path of a file")
    path = os.fsdecode(value)
    text = _ascii(Path(path).read_bytes())
    if BEGIN not in text:
        raise ConfigurationError(f"{name}: there is no PEM ({BEGIN} ...) in {path}")
    return Pem(text, path)


def _ascii(value: str | bytes) -> str:
    """PEM is ASCII; OpenSSL's tools put comments of any kind around it."""
    octets = value.encode("ascii", "ignore") if isinstance(value, str) else value
    return octets.decode("ascii", "ignore")
