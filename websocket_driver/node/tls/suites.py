"""The options `ciphers` and `ecdh_curve`, as far as the `ssl` of this Python can select them."""

from __future__ import annotations

import ssl
from collections.abc import Callable

from ...errors import ConfigurationError
from .ciphers import STANDARD
from .reasons import reason

# OpenSSL's ciphers of TLS 1.3 (RFC 8446 B.4), all of which are on by default, in this order.
DEFAULT_SUITES = [
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_AES_128_GCM_SHA256",
]

# OpenSSL has names of its own for the curves of NIST.
CURVES = {"P-256": "prime256v1", "P-384": "secp384r1", "P-521": "secp521r1"}


def select_ciphers(context: ssl.SSLContext, names: str) -> None:
    """The option `ciphers`: OpenSSL's list, in which `TLS_...` are those of TLS 1.3.

    Without any of these, those of TLS 1.3 stay as they are, as in Node. With no others, TLS 1.3 is
    the only version. Raises `ConfigurationError` for a list that has no cipher, and for a selection
    of ciphers of TLS 1.3 where Python cannot make one (before 3.15).
    """
    listed = [name for name in names.split(":") if name]
    suites = [name for name in listed if name.lstrip("!").startswith(STANDARD)]
    older = [name for name in listed if name not in suites]
    if not listed:
        raise ConfigurationError("ciphers has no cipher")
    if suites and context.maximum_version != ssl.TLSVersion.TLSv1_2:
        _select_suites(context, suites)
    if older:
        try:
            context.set_ciphers(":".join(older))
        except ssl.SSLError as error:
            raise ConfigurationError(f"ciphers cannot be used: {reason(error)}") from error
    elif context.maximum_version == ssl.TLSVersion.TLSv1_2:
        raise ConfigurationError("ciphers has only those of TLS 1.3, and max_version is TLSv1.2")
    else:
        context.minimum_version = ssl.TLSVersion.TLSv1_3


def _select_suites(context: ssl.SSLContext, suites: list[str]) -> None:
    select: Callable[[str], None] | None = getattr(context, "set_ciphersuites", None)
    if select is not None:
        try:
            select(":".join(suites))
        except ssl.SSLError as error:
            raise ConfigurationError(f"ciphers cannot be used: {reason(error)}") from error
    elif sorted(suites) != sorted(DEFAULT_SUITES):
        raise ConfigurationError(
            "ciphers: this Python cannot select ciphers of TLS 1.3. List all three "
            f"({':'.join(DEFAULT_SUITES)}) or none, or set max_version to TLSv1.2"
        )


def select_curves(context: ssl.SSLContext, names: str) -> None:
    """The option `ecdh_curve`: `auto`, a curve, or several with colons.

    Raises `ConfigurationError` for a name that OpenSSL does not know, for several where Python can
    select only one (before 3.15), and for X25519 and X448 where it cannot (before 3.11).
    """
    if names == "auto":
        return
    select: Callable[[str], None] | None = getattr(context, "set_groups", None)
    if select is None and ":" in names:
        raise ConfigurationError(
            "ecdh_curve: this Python can select one curve only. Use one, or auto"
        )
    try:
        if select is not None:
            select(names)
        else:
            context.set_ecdh_curve(CURVES.get(names, names))
    except (ValueError, ssl.SSLError) as error:
        raise ConfigurationError(f"ecdh_curve cannot be used: {error}") from error
