"""Node's options for TLS, and what a connection is made from."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ...errors import ConfigurationError
from ...spelling import spelled_options
from ..errors import invalid_argument, out_of_range
from ..net.address import is_ip
from .certificates import PeerCertificate
from .contexts import Settings, context_for, protocol_names, settings_for
from .secure_context import SECURE_CONTEXT_OPTIONS, SecureContext
from .server_names import SNICallback
from .unsupported import without_unsupported

Options = dict[str, Any]

# check_server_identity(hostname, cert) returns an error or `None`.
IdentityCheck = Callable[[str, PeerCertificate], BaseException | None]

# Milliseconds, as in Node.
HANDSHAKE_TIMEOUT = 120_000

# The options of an SSLContext.
CONTEXT_OPTIONS = (*SECURE_CONTEXT_OPTIONS, "alpn_protocols")
CLIENT_OPTIONS = ("servername", "check_server_identity", "session")
TLS_OPTIONS = (
    *CONTEXT_OPTIONS,
    *CLIENT_OPTIONS,
    "secure_context",
    "reject_unauthorized",
    "request_cert",
    "sni_callback",
    "handshake_timeout",
)

# Names that Node spells in its own way.
IRREGULAR = {"ALPNProtocols": "alpn_protocols", "SNICallback": "sni_callback"}

DEFAULT_HOST = "localhost"

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
    # Of a client that checks the certificate itself, and one that resumes a session.
    check_identity: IdentityCheck | None = None
    session: ssl.SSLSession | None = None
    # Of a server that has several certificates.
    sni_callback: SNICallback | None = None

    @property
    def server_name(self) -> str | None:
        """The name that the client asks for (RFC 6066 3), which no IP address can be."""
        return None if self.name is None or is_ip(self.name) else self.name

    def context_of(self, selected: object) -> ssl.SSLContext:
        """The context that a server has selected for a connection, which otherwise is like others.

        Raises `TypeError` if it is neither a `SecureContext` nor an `ssl.SSLContext`, and
        `ConfigurationError` if it has no certificate.
        """
        if isinstance(selected, ssl.SSLContext):
            return selected
        if isinstance(selected, SecureContext):
            if not selected.has_certificate:
                raise ConfigurationError("The context that was selected has no certificate")
            return selected.for_connections(
                server_side=True, verify_mode=self.context.verify_mode, protocols=self.protocols
            )
        raise invalid_argument("context", "a SecureContext or an ssl.SSLContext", selected)


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
    for name in ("sni_callback", "check_server_identity"):
        if name in mine and not callable(mine[name]):
            raise invalid_argument(f"options.{name}", "callable", mine[name])
    return mine, options


def _regular(options: Mapping[str, object]) -> Options:
    supported = without_unsupported(options)
    return {IRREGULAR.get(name, name): value for name, value in supported.items()}


def client_side(options: Options, host: str | None, socket_options: Options) -> Side:
    """A client; `host` is the name of the server if the option `servername` does not have it.

    Raises `ConfigurationError` if there is no name that the certificate could be checked against.
    """
    verifies = options.get("reject_unauthorized", True)
    if "sni_callback" in options:
        raise ConfigurationError("sni_callback: only a server selects a certificate")
    check = options.get("check_server_identity")
    if check is not None and not verifies:
        raise ConfigurationError(
            "check_server_identity is called for verified certificates only, and "
            "reject_unauthorized is False: nothing is verified"
        )
    name = options.get("servername") or host
    if not isinstance(name, (str, type(None))):
        raise invalid_argument("options.servername", "a str", name)
    if name is None and verifies and check is None:
        raise ConfigurationError(
            "servername is missing: there is no name that the certificate could be checked against"
        )
    session = options.get("session")
    if not isinstance(session, (ssl.SSLSession, type(None))):
        raise invalid_argument("options.session", "an ssl.SSLSession", session)
    context = _client_context(options, verifies, check is None)
    if name is not None:
        # A name may end in a dot, and an IPv6 address have a zone, but not in a certificate.
        name = name.partition("%")[0] if is_ip(name) else name.removesuffix(".")
    timeout = _handshake_timeout(options)
    return Side(context, False, (), name, timeout, socket_options, check, session)


def server_side(options: Options, socket_options: Options) -> Side:
    """A server. Raises `ConfigurationError` if it has no certificate."""
    for name in CLIENT_OPTIONS:
        if name in options:
            raise ConfigurationError(f"{name} is an option of a client")
    callback: SNICallback | None = options.get("sni_callback")
    context, protocols = _server_context(options, callback is not None)
    timeout = _handshake_timeout(options)
    return Side(context, True, protocols, None, timeout, socket_options, sni_callback=callback)


def _server_context(options: Options, selects: bool) -> tuple[ssl.SSLContext, tuple[str, ...]]:
    """The context of a server, and the protocols that it offers."""
    given = options.get("secure_context")
    if given is not None and not isinstance(given, SecureContext):
        if "request_cert" in options or "reject_unauthorized" in options:
            raise ConfigurationError(
                "request_cert and reject_unauthorized: set verify_mode of secure_context instead"
            )
        return _given_context(options, given, ssl.PROTOCOL_TLS_SERVER), ()
    asks = options.get("request_cert", False), options.get("reject_unauthorized", True)
    if given is not None:
        _refuse_in_context(options, SECURE_CONTEXT_OPTIONS)
        if not (given.has_certificate or selects):
            raise ConfigurationError("secure_context has no certificate: a server needs one")
        protocols = protocol_names(options.get("alpn_protocols"))
        context = given.for_connections(
            server_side=True, verify_mode=MODES[asks], protocols=protocols
        )
        return context, protocols
    if "cert" not in options and not selects:
        raise ConfigurationError("A server needs cert and key, secure_context or sni_callback")
    settings = _settings(options, server_side=True, verify_mode=MODES[asks])
    return context_for(settings), settings.protocols


def _settings(options: Options, *, server_side: bool, verify_mode: ssl.VerifyMode) -> Settings:
    given = {name: options[name] for name in CONTEXT_OPTIONS if name in options}
    return settings_for(server_side=server_side, verify_mode=verify_mode, **given)


def _client_context(options: Options, verifies: bool, checks_name: bool) -> ssl.SSLContext:
    mode = ssl.CERT_REQUIRED if verifies else ssl.CERT_NONE
    given = options.get("secure_context")
    if given is None:
        settings = _settings(options, server_side=False, verify_mode=mode)
        return context_for(settings._replace(checks_name=checks_name))
    if isinstance(given, SecureContext):
        _refuse_in_context(options, SECURE_CONTEXT_OPTIONS)
        return given.for_connections(
            server_side=False,
            verify_mode=mode,
            protocols=protocol_names(options.get("alpn_protocols")),
            checks_name=checks_name,
        )
    context = _given_context(options, given, ssl.PROTOCOL_TLS_CLIENT)
    if context.verify_mode == ssl.CERT_NONE and verifies:
        raise ConfigurationError(
            "secure_context does not verify certificates (verify_mode is CERT_NONE): "
            "that needs reject_unauthorized=False"
        )
    if context.verify_mode != ssl.CERT_NONE and not verifies:
        raise ConfigurationError(
            "reject_unauthorized is False, but secure_context verifies certificates"
        )
    if verifies and checks_name and not context.check_hostname:
        raise ConfigurationError(
            "secure_context does not check the name in a certificate: set check_hostname"
        )
    if context.check_hostname and not checks_name:
        raise ConfigurationError(
            "check_server_identity: secure_context checks the name itself (check_hostname)"
        )
    return context


def _given_context(options: Options, context: object, side: ssl._SSLMethod) -> ssl.SSLContext:
    if not isinstance(context, ssl.SSLContext):
        raise invalid_argument(
            "options.secure_context", "a SecureContext or an ssl.SSLContext", context
        )
    _refuse_in_context(options, CONTEXT_OPTIONS)
    if context.protocol not in (side, ssl.PROTOCOL_TLS):
        raise ConfigurationError(
            f"secure_context must be made with {side.name}, not {context.protocol.name}"
        )
    return context


def _refuse_in_context(options: Options, names: tuple[str, ...]) -> None:
    for name in names:
        if name in options:
            raise ConfigurationError(f"{name}: set it in secure_context instead")


def _handshake_timeout(options: Options) -> float:
    value = options.get("handshake_timeout", HANDSHAKE_TIMEOUT)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise invalid_argument("options.handshake_timeout", "a number of milliseconds", value)
    if not 0 <= value < float("inf"):
        raise out_of_range("options.handshake_timeout", "a number of milliseconds", value)
    return value
