"""`http.IncomingMessage`: a request, and the stream of its body."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final, Protocol

from ...spelling import NodeName, node_name
from ..errors import make_error
from ..loop import current
from ..net import Socket
from ..stream import Callback, Done, Duplex
from .head import Head
from .headers import IncomingHeaders, distinct, folded

if TYPE_CHECKING:
    from typing_extensions import Self

    from .listeners import RequestListeners


class Source(Protocol):
    """The methods of a connection that its requests use."""

    def read_more(self) -> None:
        """The request has room for more of its body."""


class IncomingMessage(Duplex):
    """A request.

    `method`, `url` and `http_version` are text. `headers` follows Node's rules: names in lower
    case, `set-cookie` a list, `cookie` joined by `; `, the first of `content-type` and its like,
    others joined by `, `. `raw_headers` is the flat list of names and values as they came.

    As a stream it emits `data` and `end` for the body. If the client is gone before that, it emits
    `aborted`, `error` (`ECONNRESET`, if it has a listener) and `close`. Unread data is discarded
    when the response has ended. `complete` is true once all of it has arrived. `trailers` and
    `raw_trailers` are complete when `end` is emitted.
    """

    if TYPE_CHECKING:
        on: RequestListeners  # type: ignore[assignment]
        once: RequestListeners  # type: ignore[assignment]

    # For responses only, in Node too.
    status_code: int | None = None
    status_message: str | None = None

    def __init__(
        self, head: Head, socket: Socket, source: Source, *, join_duplicate_headers: bool
    ) -> None:
        super().__init__(writable=False, readable_high_water_mark=socket.readable_high_water_mark)
        self._loop = current()
        self.method: str = head.method
        self.url: str = head.url
        self.http_version: str = head.version
        self.raw_headers: list[str] = head.raw_headers
        self.raw_trailers: list[str] = []
        self.socket = socket
        self.upgrade: bool = head.upgrade
        self.complete: bool = False
        self.aborted: bool = False
        self._join = join_duplicate_headers
        self._source: Source | None = source
        self._dropped = False
        # `_read()` is not called before there is a reader, so `consumed` shows whether there is
        # one.
        self._read_more_scheduled = True
        self.consumed: bool = False

    @property
    def http_version_major(self) -> int:
        """The first number of the version."""
        return int(self.http_version[0])

    @property
    def http_version_minor(self) -> int:
        """The second number of the version."""
        return int(self.http_version[2])

    if TYPE_CHECKING:
        # Type checkers do not accept a cached_property as the property of a protocol.

        @property
        def headers(self) -> IncomingHeaders:
            """The headers by their names in lower case."""
            ...

        @property
        def headers_distinct(self) -> dict[str, list[str]]:
            """All values of each header, by its name in lower case."""
            ...

    else:

        @cached_property
        def headers(self) -> IncomingHeaders:
            """The headers by their names in lower case."""
            return folded(self.raw_headers, join_duplicates=self._join)

        @cached_property
        def headers_distinct(self) -> dict[str, list[str]]:
            """All values of each header, by its name in lower case."""
            return distinct(self.raw_headers)

    @property
    def trailers(self) -> IncomingHeaders:
        """The fields that came after a chunked body, by their names in lower case."""
        return folded(self.raw_trailers, join_duplicates=self._join)

    @property
    def trailers_distinct(self) -> dict[str, list[str]]:
        """All values of each of them."""
        return distinct(self.raw_trailers)

    @property
    def connection(self) -> Socket:
        """The same as `socket`."""
        return self.socket

    def set_timeout(self, milliseconds: float, callback: Callback | None = None) -> Self:
        """Calls `socket.set_timeout(milliseconds)`; `callback` is a listener for `timeout`."""
        if callback is not None:
            self.add_listener("timeout", callback)
        set_socket_timeout(self.socket, milliseconds)
        return self

    # For the connection

    def received(self, data: bytes) -> bool:
        """Adds a part of the body; false if no more should be added until `Source.read_more()`."""
        return self._dropped or self.destroyed or self.push(data)

    def received_all(self, raw_trailers: list[str]) -> None:
        """Ends the body."""
        self.complete = True
        self._source = None
        self.raw_trailers = raw_trailers
        self.push(None)

    def drop(self) -> None:
        """Discards the unread rest of the body, so that the next request can be read."""
        self._dropped = True
        self.remove_all_listeners("data")
        self.resume()

    # The stream

    def _read(self) -> None:
        if not self.consumed:
            self.consumed = True
            self._read_more_scheduled = False
        # There is one until the body is complete, and it is not called after that.
        assert self._source is not None
        self._source.read_more()

    def _destroy(self, error: BaseException | None, done: Done) -> None:
        self._source = None
        if not self.readable_ended or not self.complete:
            self.aborted = True
            self._fire("aborted")
        socket = self.socket

        def finish() -> None:
            # As in Node, an error without a listener is ignored here.
            done(error if self.listener_count("error") else None)

        if not self.aborted or socket.destroyed:
            self._tick(finish)
            return
        socket.destroy(error)
        if socket.closed:
            self._tick(self._tick, finish)
        else:
            socket.once("close", lambda: self._tick(finish))

    httpVersion: NodeName[str] = NodeName("http_version")
    httpVersionMajor: NodeName[int] = NodeName("http_version_major")
    httpVersionMinor: NodeName[int] = NodeName("http_version_minor")
    rawHeaders: NodeName[list[str]] = NodeName("raw_headers")
    rawTrailers: NodeName[list[str]] = NodeName("raw_trailers")
    headersDistinct: NodeName[dict[str, list[str]]] = NodeName("headers_distinct")
    trailersDistinct: NodeName[dict[str, list[str]]] = NodeName("trailers_distinct")
    statusCode: NodeName[int | None] = NodeName("status_code")
    statusMessage: NodeName[str | None] = NodeName("status_message")
    setTimeout: Final = node_name(set_timeout)


def aborted() -> Exception:
    """The error of a request whose connection is gone."""
    return make_error(ConnectionResetError, "ECONNRESET", "aborted")


def set_socket_timeout(socket: Duplex, milliseconds: float) -> None:
    """Calls `set_timeout` of a socket, if the stream of the connection has one."""
    set_timeout = getattr(socket, "set_timeout", None)
    if set_timeout is not None:
        set_timeout(milliseconds)
