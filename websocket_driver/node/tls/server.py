"""`tls.Server`: a server of TLS connections."""

from __future__ import annotations

import socket as bsd
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, overload

from ..errors import NodeError
from ..net.arguments import SERVER_OPTIONS
from ..net.server import Server as NetServer
from .sides import server_side, tls_options
from .socket import TLSSocket
from .stream_transport import ByteStream

if TYPE_CHECKING:
    from typing_extensions import Unpack

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
        "newListener": "new_listener",
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
        self._side = server_side(mine, {})
        return chosen

    def _welcome(self, accepted: bsd.socket) -> None:
        if self.listener_count("connection") > 1:
            super()._welcome(accepted)
            return
        # Nobody wants to see the socket under it, which therefore need not be there.
        side = self._side._replace(socket_options=self._options_of_sockets())
        TLSSocket(None, side).accept_from(self._home, accepted, self, self.pause_on_connect)

    def _secure(self, stream: ByteStream) -> None:
        """The listener for `connection`."""
        TLSSocket(stream, self._side).wait_for(self)

    def secured(self, socket: TLSSocket) -> None:
        """A handshake is complete. For sockets."""
        self._fire("secure_connection", socket)

    def failed(self, socket: TLSSocket, error: NodeError) -> None:
        """A handshake has failed. For sockets."""
        self._fire("tls_client_error", error, socket)


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
