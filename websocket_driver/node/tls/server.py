"""`tls.Server`: a server of TLS connections."""

from __future__ import annotations

import socket as bsd
import ssl
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, overload

from ...emitter import LISTENER_EVENTS
from ...errors import ConfigurationError
from ...spelling import node_name
from ..net.arguments import SERVER_OPTIONS
from ..net.server import Server as NetServer
from .secure_context import SecureContext, create_secure_context
from .server_names import ServerNames
from .sides import Side, server_side, tls_options
from .socket import TLSSocket
from .stream_transport import ByteStream

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .context_options import SecureContextOptions
    from .listeners import TLSServerListeners
    from .options import TLSServerOptions


class Server(NetServer):
    """A `net.Server` that emits `secure_connection`, with a `TLSSocket`, after each handshake.
    If one fails, emits `tls_client_error` with the error and the socket, which is destroyed.

    `connection` comes before the handshake, with the socket under it. Emitting `connection` with
    any other stream runs TLS over that.
    """

    _listener_event = "secure_connection"

    if TYPE_CHECKING:
        on: TLSServerListeners  # pyright: ignore[reportIncompatibleVariableOverride]
        once: TLSServerListeners  # pyright: ignore[reportIncompatibleVariableOverride]

    _EVENT_NAMES: Mapping[str, str] = {
        **LISTENER_EVENTS,
        "secureConnection": "secure_connection",
        "tlsClientError": "tls_client_error",
    }

    def __init__(
        self,
        options: TLSServerOptions | Callable[[TLSSocket], object] | None = None,
        listener: Callable[[TLSSocket], object] | None = None,
        **more: Unpack[TLSServerOptions],
    ) -> None:
        given: Any = (options, listener)
        others: Any = more
        super().__init__(*given, **others)
        self.on("connection", self._secure)

    def _checked_options(
        self, options: Mapping[str, Any] | None, more: Mapping[str, Any]
    ) -> dict[str, Any]:
        mine, others = tls_options(options, SERVER_OPTIONS, more)
        chosen = super()._checked_options(others, {})
        self._names = ServerNames()
        self._side = server_side(mine, {})
        return chosen

    def add_context(
        self, hostname: str, context: SecureContext | ssl.SSLContext | SecureContextOptions
    ) -> None:
        """Adds certificates for clients that ask for `hostname`, which may have wildcards
        (`*.example.com`). Where several names fit, the last one added counts.

        `context` is a `SecureContext` or the options of one; an `ssl.SSLContext` is used as it is.
        Without effect if there is a `sni_callback`. Raises `ERR_TLS_REQUIRED_SERVER_NAME` for an
        empty name.
        """
        if not isinstance(context, (SecureContext, ssl.SSLContext)):
            context = create_secure_context(context)
        if isinstance(context, SecureContext) and not context.has_certificate:
            raise ConfigurationError("add_context: the context has no certificate")
        self._names.add(hostname, context)
        self._side = self._selecting(self._side)

    def set_secure_context(
        self, options: TLSServerOptions | None = None, **more: Unpack[TLSServerOptions]
    ) -> None:
        """Replaces the certificates, and all other options of TLS, for connections to come.

        Raises `TypeError` or `ConfigurationError` for options that cannot be used.
        """
        mine, _ = tls_options(options, (), more)
        self._side = self._selecting(server_side(mine, {}))

    def _selecting(self, side: Side) -> Side:
        if self._names and side.sni_callback is None:
            return side._replace(sni_callback=self._names.select)
        return side

    def _welcome(self, accepted: bsd.socket) -> None:
        if self.listener_count("connection") > 1:
            super()._welcome(accepted)
            return
        # Nobody wants to see the socket under it, which therefore need not be there.
        side = self._side._replace(socket_options=self._options_of_sockets())
        TLSSocket(None, side).accept_from(self._home, accepted, self, self.pause_on_connect)

    def _secure(self, stream: ByteStream) -> None:
        """The listener for `connection`."""
        socket = TLSSocket(stream, self._side)
        socket.server = self
        socket.wait_for(self)

    def secured(self, socket: TLSSocket) -> None:
        """A handshake is complete. For sockets."""
        self._fire("secure_connection", socket)

    def failed(self, socket: TLSSocket, error: BaseException) -> None:
        """A handshake has failed. For sockets."""
        self._fire("tls_client_error", error, socket)

    addContext: Final = node_name(add_context)
    setSecureContext: Final = node_name(set_secure_context)


@overload
def create_server(
    listener: Callable[[TLSSocket], object] | None = None, /, **more: Unpack[TLSServerOptions]
) -> Server: ...
@overload
def create_server(
    options: TLSServerOptions | None,
    listener: Callable[[TLSSocket], object] | None = None,
    /,
    **more: Unpack[TLSServerOptions],
) -> Server: ...
@overload
def create_server(
    listener: Callable[[], object], /, **more: Unpack[TLSServerOptions]
) -> Server: ...
@overload
def create_server(
    options: TLSServerOptions | None,
    listener: Callable[[], object],
    /,
    **more: Unpack[TLSServerOptions],
) -> Server: ...
def create_server(*arguments: object, **more: object) -> Server:
    """A server: `create_server(options[, listener])`; `listener(socket)` is called for each
    connection whose handshake is complete.

    Raises `TypeError` or `ConfigurationError` for options that cannot be used.
    """
    given: Any = (arguments, more)
    return Server(*given[0], **given[1])


createServer = create_server
