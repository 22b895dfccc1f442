"""`http.Server`: a `net.Server` whose connections speak HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ...http_parser import MAX_HEAD_LENGTH, MAX_HEADERS
from ...spelling import NodeName, node_name, spelled_options
from ..errors import invalid_argument, out_of_range
from ..net import Server as NetServer
from ..net.arguments import SERVER_OPTIONS
from ..stream import Duplex
from .connection import Connection

if TYPE_CHECKING:
    from typing_extensions import Self

Callback = Callable[..., object]

# The options of an http server, which are attributes of it too, with their defaults. Times are in
# milliseconds, and 0 switches the limit off.
OPTIONS: dict[str, Any] = {
    "headers_timeout": 60_000,
    "request_timeout": 300_000,
    "keep_alive_timeout": 5_000,
    "max_header_size": MAX_HEAD_LENGTH,
    "max_headers_count": MAX_HEADERS,
    "max_requests_per_socket": 0,
    "require_host_header": True,
    "join_duplicate_headers": False,
}
FLAGS = ("require_host_header", "join_duplicate_headers")


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

    _EVENT_NAMES = {
        **NetServer._EVENT_NAMES,  # noqa: SLF001 - of the base class
        "checkContinue": "check_continue",
        "checkExpectation": "check_expectation",
        "clientError": "client_error",
        "dropRequest": "drop_request",
    }

    headers_timeout: float
    request_timeout: float
    keep_alive_timeout: float
    max_header_size: int
    max_headers_count: int | None
    max_requests_per_socket: int
    require_host_header: bool
    join_duplicate_headers: bool

    def __init__(
        self,
        options: Mapping[str, Any] | Callback | None = None,
        listener: Callback | None = None,
        **more: Any,
    ) -> None:
        if callable(options) and not isinstance(options, Mapping):
            if listener is not None:
                raise invalid_argument("options", "a mapping", options)
            options, listener = None, options
        chosen = spelled_options(options, (*OPTIONS, *self._lower_options()), **more)
        for name, default in OPTIONS.items():
            setattr(self, name, checked(name, chosen.pop(name, default)))
        # The connections close when they are answered, not when the client has no more to ask.
        chosen.pop("allow_half_open", None)
        super().__init__(chosen, allow_half_open=True)
        self.timeout: float = 0
        self.http_allow_half_open = False
        self._http_connections: dict[Connection, None] = {}
        self.on("connection", self._serve_http)
        if listener is not None:
            if not callable(listener):
                raise invalid_argument("listener", "callable", listener)
            self.on("request", listener)

    def _lower_options(self) -> tuple[str, ...]:
        """The options of the server below."""
        return SERVER_OPTIONS

    def _serve_http(self, socket: Duplex) -> None:
        self._http_connections[Connection(self, socket)] = None

    def set_timeout(self, milliseconds: float = 0, callback: Callback | None = None) -> Self:
        """Emits `timeout(socket)`, or closes the connection if nobody listens, when a connection is
        quiet for so long; 0 switches that off. `callback` is a listener for `timeout`."""
        self.timeout = milliseconds
        if callback is not None:
            self.on("timeout", callback)
        return self

    def close(self, callback: Callback | None = None) -> Self:
        """Accepts no more connections, and closes those that wait for a next request."""
        self.close_idle_connections()
        return super().close(callback)

    def close_idle_connections(self) -> None:
        """Closes the connections that have been answered and wait for a next request."""
        for connection in [*self._http_connections]:
            if connection.idle:
                connection.socket.destroy()

    def close_all_connections(self) -> None:
        """Closes all connections but those that were upgraded."""
        for connection in [*self._http_connections]:
            connection.socket.destroy()

    # For connections

    def announce(self, event: str, *arguments: object) -> bool:
        """Emits an event, if anybody listens; true if so."""
        if not self.listener_count(event):
            return False
        self._fire(event, *arguments)
        return True

    def forget(self, connection: Connection) -> None:
        """The connection is closed, or no longer HTTP."""
        self._http_connections.pop(connection, None)

    headersTimeout = NodeName[float]("headers_timeout")
    requestTimeout = NodeName[float]("request_timeout")
    keepAliveTimeout = NodeName[float]("keep_alive_timeout")
    maxHeaderSize = NodeName[int]("max_header_size")
    maxHeadersCount = NodeName["int | None"]("max_headers_count")
    maxRequestsPerSocket = NodeName[int]("max_requests_per_socket")
    requireHostHeader = NodeName[bool]("require_host_header")
    joinDuplicateHeaders = NodeName[bool]("join_duplicate_headers")
    httpAllowHalfOpen = NodeName[bool]("http_allow_half_open")
    setTimeout = node_name(set_timeout)
    closeIdleConnections = node_name(close_idle_connections)
    closeAllConnections = node_name(close_all_connections)


def checked(name: str, value: Any) -> Any:
    """The value of an option. Raises `TypeError` or `ValueError` for one that cannot be used."""
    if name in FLAGS:
        if not isinstance(value, bool):
            raise invalid_argument(f"options.{name}", "True or False", value)
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise invalid_argument(f"options.{name}", "a number", value)
    if value < 0:
        raise out_of_range(f"options.{name}", "0 or more", value)
    return value
