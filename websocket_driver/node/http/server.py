"""`http.Server`: a `net.Server` whose connections speak HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from ...emitter import LISTENER_EVENTS
from ...spelling import NodeName, node_name
from ..errors import invalid_argument
from ..net import Server as NetServer
from ..net import Socket
from ..net.arguments import expect_mapping
from ..stream import Callback
from .connection import Connection
from .incoming import IncomingMessage
from .options import SecureServerOptions, ServerOptions, split
from .response import ServerResponse

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

    from .listeners import ServerListeners

HALF_OPEN = ("allow_half_open", "allowHalfOpen")

OnRequest = Callable[[IncomingMessage, ServerResponse], object]
OnRequestOnly = Callable[[IncomingMessage], object] | Callable[[], object]
RequestListener = OnRequest | OnRequestOnly


class Server(NetServer):
    """Answers HTTP/1.1 and HTTP/1.0 requests.

    Emits `request(request, response)`, `upgrade(request, socket, head)`, `connect(request, socket,
    head)`, `check_continue(request, response)`, `check_expectation(request, response)`,
    `client_error(error, socket)`, `drop_request(request, socket)`, `timeout(socket)`, and what a
    `net.Server` emits.

    Without a listener for `upgrade` such a request is an ordinary one; without one for `connect`
    the connection is closed; without one for `check_continue`, `100 Continue` is sent and `request`
    emitted; without one for `check_expectation` the answer is 417; without one for `client_error`
    it is 400, 413, 431 or 408, or nothing if a response has begun, and the connection is closed.
    """

    _EVENT_NAMES: Mapping[str, str] = {
        **LISTENER_EVENTS,
        "checkContinue": "check_continue",
        "checkExpectation": "check_expectation",
        "clientError": "client_error",
        "dropRequest": "drop_request",
    }

    if TYPE_CHECKING:
        on: ServerListeners  # pyright: ignore[reportIncompatibleVariableOverride]
        once: ServerListeners  # pyright: ignore[reportIncompatibleVariableOverride]

    # The event of the underlying server whose streams are HTTP connections.
    _stream_event = "connection"

    headers_timeout: float
    request_timeout: float
    keep_alive_timeout: float
    max_header_size: int
    max_headers_count: int | None
    max_requests_per_socket: int | None
    connections_checking_interval: float
    require_host_header: bool
    join_duplicate_headers: bool

    def __init__(
        self,
        options: ServerOptions | SecureServerOptions | RequestListener | None = None,
        listener: RequestListener | None = None,
        **more: Unpack[SecureServerOptions],
    ) -> None:
        if callable(options) and not isinstance(options, Mapping):
            if listener is not None:
                raise invalid_argument("options", "a mapping", options)
            options, listener = None, options
        expect_mapping(options)
        own, others = split({**(options or {}), **more})
        # The connection ends when all requests are answered, even if the client has ended its side.
        others = {name: value for name, value in others.items() if name not in HALF_OPEN}
        others["allow_half_open"] = True
        super().__init__(**self._lower_options(others))
        for name, value in own.items():
            setattr(self, name, value)
        self.timeout: float = 0
        self.http_allow_half_open = False
        self._http_connections: dict[Connection, None] = {}
        self.add_listener(self._stream_event, self._serve_http)
        if listener is not None:
            if not callable(listener):
                raise invalid_argument("listener", "callable", listener)
            self.add_listener("request", listener)

    def _lower_options(self, others: dict[str, Any]) -> dict[str, Any]:
        """The options of the underlying server."""
        return others

    def _serve_http(self, socket: Socket) -> None:
        self._http_connections[Connection(self, socket)] = None

    def set_timeout(self, milliseconds: float = 0, callback: Callback | None = None) -> Self:
        """Emits `timeout(socket)`, or closes the connection without such a listener, when a
        connection is idle for this time; 0 switches that off. `callback` is a listener for
        `timeout`."""
        self.timeout = milliseconds
        if callback is not None:
            self.add_listener("timeout", callback)
        return self

    def close(self, callback: Callback | None = None) -> Self:
        """Accepts no more connections, and closes idle ones."""
        self.close_idle_connections()
        return super().close(callback)

    def close_idle_connections(self) -> None:
        """Closes the connections that wait for another request."""
        for connection in [*self._http_connections]:
            if connection.idle:
                connection.socket.destroy()

    def close_all_connections(self) -> None:
        """Closes all connections but those that were upgraded."""
        for connection in [*self._http_connections]:
            connection.socket.destroy()

    # For connections

    def announce(self, event: str, *arguments: object) -> bool:
        """Emits an event; returns true if it has a listener."""
        if not self.listener_count(event):
            return False
        self._fire(event, *arguments)
        return True

    def forget(self, connection: Connection) -> None:
        """The connection is closed, or no longer HTTP."""
        del self._http_connections[connection]

    headersTimeout: NodeName[float] = NodeName("headers_timeout")
    requestTimeout: NodeName[float] = NodeName("request_timeout")
    keepAliveTimeout: NodeName[float] = NodeName("keep_alive_timeout")
    maxHeaderSize: NodeName[int] = NodeName("max_header_size")
    maxHeadersCount: NodeName[int | None] = NodeName("max_headers_count")
    maxRequestsPerSocket: NodeName[int | None] = NodeName("max_requests_per_socket")
    connectionsCheckingInterval: NodeName[float] = NodeName("connections_checking_interval")
    requireHostHeader: NodeName[bool] = NodeName("require_host_header")
    joinDuplicateHeaders: NodeName[bool] = NodeName("join_duplicate_headers")
    httpAllowHalfOpen: NodeName[bool] = NodeName("http_allow_half_open")
    setTimeout: Final = node_name(set_timeout)
    closeIdleConnections: Final = node_name(close_idle_connections)
    closeAllConnections: Final = node_name(close_all_connections)
