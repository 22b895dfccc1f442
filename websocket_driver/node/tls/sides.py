"""Node's options for TLS, and what a connection is made from."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any, NamedTuple

from ...errors import ConfigurationError
from ...spelling import spelled_options
from ..errors import invalid_argument, out_of_range
from ..net.address import is_ip
from .contexts import Settings, context_for, settings_for

Options = dict[str, Any]

# Milliseconds, as in Node.
HANDSHAKE_TIMEOUT = 120_000

# What an SSLContext is made from.
CONTEXT_OPTIONS = (
    "key",
    "cert",
    "ca",
    "passphrase",
    "alpn_protocols",
    "min_version",
    "max_version",
)
TLS_OPTIONS = (
    *CONTEXT_OPTIONS,
    "secure_context",
    "reject_unauthorized",
    "request_cert",
    "servername",
    "handshake_timeout",
)

# Names that Node spells in its own way.
IRREGULAR = {"ALPNProtocols": "alpn_protocols"}

UNVERIFIED = "The certificate was not verified, because reject_unauthorized is False"

MODES = {
    # (request_cert, reject_unauthorized): what a server does about the certificates of clients.
    (False, True): ssl.CERT_NONE,
    (False, False): ssl.CERT_NONE,
    (True, True): ssl.CERT_REQUIRED,
    (True, False): ssl.CERT_OPTIONAL,
}


class Side(NamedTuple):
    """One side of the connections that are made with the same options."""

    context: ssl.SSLContext
    server_side: bool
    # Those of a server, which refuses clients that offer others only.
    protocols: tuple[str, ...]
    # The name or IP address that the certificate of a server must have.
    name: str | None
    # Milliseconds; 0 for any time.
    handshake_timeout: float
    # Options of `net.Socket`.
    socket_options: Options

    @property
    def server_name(self) -> str | None:
        """The name that the client asks for (RFC 6066 3), which no IP address can be."""
        return None if self.name is None or is_ip(self.name) else self.name


def tls_options(
    given: Mapping[str, object] | None, names: tuple[str, ...], more: Mapping[str, object]
) -> tuple[Options, Options]:
    """The options for TLS, by their Python names, and those in `names`, as they were given.

    Raises `ConfigurationError` for any other.
    """
    options = spelled_options(
        _regular(given) if isinstance(given, Mapping) else given,
        (*TLS_OPTIONS, *names),
        **_regular(more),
    )
    mine = {name: options.pop(name) for name in TLS_OPTIONS if name in options}
    for name in ("reject_unauthorized", "request_cert"):
        if not isinstance(mine.get(name, True), bool):
            raise invalid_argument(f"options.{name}", "True or False", mine[name])
    return mine, options


def _regular(options: Mapping[str, object]) -> Options:
    return {IRREGULAR.get(name, name): value for name, value in options.items()}


def client_side(options: Options, host: str | None, socket_options: Options) -> Side:
    """A client; `host` is the name of the server if the option `servername` does not have it.

    Raises `ConfigurationError` if there is no name that the certificate could be checked against.
    """
    verifies = options.get("reject_unauthorized", True)
    if options.get("request_cert") is False:
        raise ConfigurationError("request_cert: a client always gets the certificate of the server")
    name = options.get("servername") or host
    if not isinstance(name, (str, type(None))):
        raise invalid_argument("options.servername", "a str", name)
    if name is None and verifies:
        raise ConfigurationError(
            "servername is missing: there is no name that the certificate could be checked against"
        )
    if "secure_context" in options:
        context = _client_context(options, verifies)
    else:
        mode = ssl.CERT_REQUIRED if verifies else ssl.CERT_NONE
        context = context_for(_settings(options, server_side=False, verify_mode=mode))
    if name is not None:
        # A name may end in a dot, and an IPv6 address have a zone, but not in a certificate.
        name = name.partition("%")[0] if is_ip(name) else name.removesuffix(".")
    return Side(context, False, (), name, _handshake_timeout(options), socket_options)


def server_side(options: Options, socket_options: Options) -> Side:
    """A server. Raises `ConfigurationError` if it has no certificate."""
    if "servername" in options:
        raise ConfigurationError("servername: a server does not ask for a name")
    protocols: tuple[str, ...] = ()
    if "secure_context" in options:
        if "request_cert" in options or "reject_unauthorized" in options:
            raise ConfigurationError(
                "request_cert and reject_unauthorized: set verify_mode of secure_context instead"
            )
        context = _given_context(options, ssl.PROTOCOL_TLS_SERVER)
    else:
        if "cert" not in options:
            raise ConfigurationError("A server needs cert and key, or secure_context")
        asks = options.get("request_cert", False), options.get("reject_unauthorized", True)
        settings = _settings(options, server_side=True, verify_mode=MODES[asks])
        context, protocols = context_for(settings), settings.protocols
    return Side(context, True, protocols, None, _handshake_timeout(options), socket_options)


def _settings(options: Options, *, server_side: bool, verify_mode: ssl.VerifyMode) -> Settings:
    given = {name: options[name] for name in CONTEXT_OPTIONS if name in options}
    return settings_for(server_side=server_side, verify_mode=verify_mode, **given)


def _client_context(options: Options, verifies: bool) -> ssl.SSLContext:
    context = _given_context(options, ssl.PROTOCOL_TLS_CLIENT)
    if context.verify_mode == ssl.CERT_NONE and verifies:
        raise ConfigurationError(
            "secure_context does not verify certificates (verify_mode is CERT_NONE): "
            "that needs reject_unauthorized=False"
        )
    if context.verify_mode != ssl.CERT_NONE and not verifies:
        raise ConfigurationError(
            "reject_unauthorized is False, but secure_context verifies certificates"
        )
    if verifies and not context.check_hostname:
        raise ConfigurationError(
            "secure_context does not check the name in a certificate: set check_hostname"
        )
    return context


def _given_context(options: Options, side: ssl._SSLMethod) -> ssl.SSLContext:
    context = options["secure_context"]
    if not isinstance(context, ssl.SSLContext):
        raise invalid_argument("options.secure_context", "an ssl.SSLContext", context)
    for name in CONTEXT_OPTIONS:
        if name in options:
            raise ConfigurationError(f"{name}: set it in secure_context instead")
    if context.protocol not in (side, ssl.PROTOCOL_TLS):
        raise ConfigurationError(
            f"secure_context is one for the other side ({context.protocol.name})"
        )
    return context


def _handshake_timeout(options: Options) -> float:
    value = options.get("handshake_timeout", HANDSHAKE_TIMEOUT)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise invalid_argument("options.handshake_timeout", "a number of milliseconds", value)
    if not 0 <= value < float("inf"):
        raise out_of_range("options.handshake_timeout", "a number of milliseconds", value)
    return value
