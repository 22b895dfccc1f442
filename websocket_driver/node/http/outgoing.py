"""A message that is sent: its headers, and the body that is written to it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from ...spelling import NodeName, node_name
from ..encoding import chunk_bytes, encode, encoding_name
from ..errors import NodeError, invalid_argument, make_error, stream_destroyed, write_after_end
from ..loop import current
from ..net import Socket
from ..phases import call
from ..stream import HIGH_WATER_MARK, Callback, Stream
from .framing import Framing
from .headers import (
    NOT_FIELD_CONTENT,
    HeaderValue,
    OutgoingHeaders,
    field_lines,
    given_fields,
    header_key,
    invalid_character,
    validate_header_name,
)
from .incoming import set_socket_timeout

if TYPE_CHECKING:
    from typing_extensions import Self

Chunk = str | bytes | bytearray | memoryview

# The accepted forms of headers: a mapping, a flat list of names and values, or a list of pairs.
GivenHeaders = Mapping[str, HeaderValue] | Sequence[HeaderValue] | Sequence[tuple[str, HeaderValue]]


class Queue(Protocol):
    """The methods of a connection that its messages use."""

    def is_current(self, message: OutgoingMessage) -> bool:
        """True if it is the turn of `message`."""
        ...

    def queued(self, size: int) -> None:
        """`size` bytes more wait for their turn, or fewer if it is negative."""

    def finished(self, message: OutgoingMessage) -> None:
        """`message` has been sent."""


class OutgoingMessage(Stream):
    """Headers and a body, which are sent when it is their turn on a connection.

    The headers are sent with the first part of the body, or with `end()`. It can be the destination
    of a `pipe`. Emits `finish` when everything has been passed to the system, `drain` after a
    `write()` that returned false, `error` for a write after `end()`, and `close` when it is
    complete or the connection is gone.
    """

    def __init__(self, framing: Framing) -> None:
        super().__init__()
        self._loop = current()
        self.strict_content_length = False
        self._framing = framing
        self._headers = OutgoingHeaders()
        # The head, once it is made, until it is sent.
        self._head = b""
        self._head_made = self._head_sent = False
        self._trailers = ""
        # The length that the head states, and that of the body so far.
        self._declared: int | None = None
        self._body_length = 0
        self._socket: Socket | None = None
        # Actions for the socket, called as soon as there is one.
        self._actions: list[Callable[[Socket], object]] = []
        self._queue: Queue | None = None
        # Data that was written before the turn of this message.
        self._waiting: deque[tuple[bytes, Callback | None]] = deque()
        self._waiting_length = 0
        self._needs_drain = False
        self._corked = 0
        self._ended = False

    # State

    @property
    def headers_sent(self) -> bool:
        """True once the headers can no longer be changed."""
        return self._head_made

    @property
    def finished(self) -> bool:
        """True from `end()` on."""
        return self._ended

    @property
    def writable_ended(self) -> bool:
        """True from `end()` on."""
        return self._ended

    @property
    def writable_finished(self) -> bool:
        """True once all of it has been passed to the system."""
        socket = self._socket
        return (
            self._ended
            and not self._waiting_length
            and (socket is None or not socket.writable_length)
        )

    @property
    def writable(self) -> bool:
        """Always true, as in Node; see `writable_ended` and `destroyed`."""
        return True

    @property
    def writable_length(self) -> int:
        """The number of bytes that wait to be sent."""
        return self._waiting_length + (self._socket.writable_length if self._socket else 0)

    @property
    def writable_high_water_mark(self) -> int:
        """The number of waiting bytes from which on `write()` returns false."""
        socket = self._socket
        return socket.writable_high_water_mark if socket is not None else HIGH_WATER_MARK

    @property
    def writable_need_drain(self) -> bool:
        """True if `write()` has returned false and `drain` will follow."""
        return self._needs_drain and not self._destroyed and not self._ended

    @property
    def writable_corked(self) -> int:
        """The number of calls of `uncork()` that are required."""
        return self._corked

    @property
    def socket(self) -> Socket | None:
        """The connection, while this message is the one to be sent."""
        return self._socket

    @property
    def connection(self) -> Socket | None:
        """The same as `socket`."""
        return self._socket

    @property
    def send_date(self) -> bool:
        """True if a Date header is added (RFC 9110 6.6.1)."""
        return self._framing.send_date

    @send_date.setter
    def send_date(self, send: bool) -> None:
        self._framing.send_date = bool(send)

    @property
    def should_keep_alive(self) -> bool:
        """True if the connection may stay open after this message."""
        return self._framing.keep_alive

    @should_keep_alive.setter
    def should_keep_alive(self, keep: bool) -> None:
        self._framing.keep_alive = bool(keep)

    @property
    def chunked_encoding(self) -> bool:
        """True once the headers contain `Transfer-Encoding: chunked`."""
        return self._framing.chunked

    # Headers

    def set_header(self, name: str, value: HeaderValue) -> Self:
        """Sets a header to text, a number, or a list of them, which become lines of their own.

        Raises `ERR_HTTP_HEADERS_SENT`, `ERR_INVALID_HTTP_TOKEN` for a name that is not a token,
        `ERR_HTTP_INVALID_HEADER_VALUE` and `ERR_INVALID_CHAR` for values that cannot be sent.
        """
        self._check_unsent("set")
        self._headers.set(name, value)
        return self

    def append_header(self, name: str, value: HeaderValue) -> Self:
        """Adds a value to a header. Raises what `set_header` raises."""
        self._check_unsent("append")
        self._headers.append(name, value)
        return self

    def set_headers(self, headers: Mapping[str, HeaderValue]) -> Self:
        """Sets several headers. Raises what `set_header` raises."""
        self._check_unsent("set")
        if not isinstance(headers, Mapping):
            raise invalid_argument("headers", "a mapping", headers)
        for name, value in headers.items():
            self._headers.set(name, value)
        return self

    def get_header(self, name: str) -> HeaderValue | None:
        """The value of a header as it was set, or `None`."""
        return self._headers.get(name)

    def get_headers(self) -> dict[str, HeaderValue]:
        """All values, by names in lower case."""
        return self._headers.values()

    def get_header_names(self) -> list[str]:
        """The names of the headers that are set, in lower case."""
        return self._headers.names()

    def get_raw_header_names(self) -> list[str]:
        """The names of the headers as they were set."""
        return self._headers.raw_names()

    def has_header(self, name: str) -> bool:
        """True if the header is set."""
        return name in self._headers

    def remove_header(self, name: str) -> None:
        """Removes a header; `Connection`, `Date`, `Content-Length` and `Transfer-Encoding` are then
        not added either. Raises `ERR_HTTP_HEADERS_SENT`."""
        key = header_key(name)
        self._check_unsent("remove")
        self._headers.remove(key)
        self._framing.removed.add(key)
        if key == "date":
            self._framing.send_date = False

    def _check_unsent(self, what: str) -> None:
        if self._head_made:
            raise make_error(
                RuntimeError,
                "ERR_HTTP_HEADERS_SENT",
                f"Cannot {what} headers after they are sent to the client",
            )

    def flush_headers(self) -> None:
        """Sends the headers now, before any of the body."""
        if not self._head_made:
            self._make_head()
        if not self._head_sent:
            self._send(b"")

    def _make_head(self) -> None:
        """Settles the headers. For subclasses."""

    def _settle(self, status: int, message: str, fields: Iterable[tuple[str, HeaderValue]]) -> None:
        """The fields of the head."""
        self._head = self._framing.head(status, message, fields)
        self._head_made = True
        self._declared = declared_length(fields)

    def add_trailers(self, headers: GivenHeaders) -> None:
        """Fields that are sent after a chunked body (RFC 9110 6.5)."""
        trailers = []
        for name, value in given_fields(headers):
            validate_header_name(name, "Trailer name")
            for item in value if isinstance(value, (list, tuple)) else [value]:
                if isinstance(item, str) and NOT_FIELD_CONTENT.search(item):
                    raise invalid_character("trailer content", name)
                trailers += [f"{name}: {line}\r\n" for line in field_lines(name, item)]
        self._trailers = "".join(trailers)

    # The body

    def write(
        self,
        chunk: Chunk,
        encoding: str | Callback | None = None,
        callback: Callback | None = None,
    ) -> bool:
        """Sends bytes, or text in `encoding` (UTF-8), as a part of the body.

        False if so much waits to be sent that the caller should wait for `drain`.
        `callback(error)` is called when it was passed to the system. After `end()`, an `error`
        event follows (`ERR_STREAM_WRITE_AFTER_END`). Raises `TypeError` for other chunks.
        """
        if callable(encoding):
            encoding, callback = None, encoding
        data = body_bytes(chunk, encoding)
        if self._ended or self._destroyed:
            self._refuse_write(callback)
            return False
        self._count(len(data))
        if not self._head_made:
            self._make_head()
        if not self._framing.has_body:
            if callback is not None:
                self._tick(call, callback, None)
            return True
        self._cork_for_now()
        if not self._send(self._framing.body(data), callback):
            self._needs_drain = True
            return False
        return True

    def _refuse_write(self, callback: Callback | None) -> None:
        error = write_after_end() if self._ended else stream_destroyed("write")
        if self._destroyed:
            if callback is not None:
                self._tick(call, callback, error)
        else:
            self._tick(self._report_refusal, error, callback)

    def _report_refusal(self, error: BaseException, callback: Callback | None) -> None:
        if callback is not None:
            call(callback, error)
        if not self._destroyed:
            self._fire("error", error)

    def _count(self, length: int) -> None:
        self._body_length += length
        if (
            self.strict_content_length
            and self._declared is not None
            and self._body_length > self._declared
        ):
            raise self._length_mismatch()

    def _length_mismatch(self) -> NodeError:
        return make_error(
            RuntimeError,
            "ERR_HTTP_CONTENT_LENGTH_MISMATCH",
            f"Response body's content-length of {self._body_length} byte(s) does not match the "
            f"content-length of {self._declared} byte(s) set in header",
        )

    def _cork_for_now(self) -> None:
        """Joins everything that is written in this callback into one write."""
        socket = self._socket
        if socket is not None and not socket.writable_corked:
            socket.cork()
            self._tick(socket.uncork)

    def end(
        self,
        chunk: Chunk | Callback | None = None,
        encoding: str | Callback | None = None,
        callback: Callback | None = None,
    ) -> Self:
        """Sends `chunk`, if there is one, and ends the message.

        `callback()` is called at `finish`. A second call does nothing; with a chunk it is a write
        after the end.
        """
        if callable(chunk):
            chunk, encoding, callback = None, None, chunk
        elif callable(encoding):
            encoding, callback = None, encoding

        data = b""
        if chunk is not None and chunk != "":
            data = body_bytes(chunk, encoding)
            if self._ended:
                self._refuse_write(callback)
                return self
            if self._destroyed:
                # Nothing is sent, and `finish` never follows.
                self._check_length()
                self._corked = 0
                self._ended = True
                return self
        elif self._ended:
            self._end_again(callback)
            return self
        if not self._head_made:
            # Only for this head: if it is refused, another body may follow.
            self._framing.length = len(data)
            try:
                self._make_head()
            finally:
                self._framing.length = None
        self._end_with(data, callback)
        return self

    def _end_again(self, callback: Callback | None) -> None:
        if callback is None:
            return
        if self.writable_finished:
            call(
                callback,
                make_error(
                    RuntimeError,
                    "ERR_STREAM_ALREADY_FINISHED",
                    "Cannot call end after a stream was finished",
                ),
            )
        else:
            self.once("finish", callback)

    def _check_length(self) -> None:
        if (
            self.strict_content_length
            and self._framing.has_body
            and self._declared is not None
            and self._body_length != self._declared
        ):
            raise self._length_mismatch()

    def _end_with(self, data: bytes, callback: Callback | None) -> None:
        framing = self._framing
        self._body_length += len(data)
        if callback is not None:
            self.once("finish", callback)
        self._check_length()
        last = framing.body(data) if framing.has_body else b""
        last += framing.end(self._trailers)
        socket = self._socket
        if data or last or not self._head_sent or self.writable_length:
            self._send(last, self._was_sent)
        else:
            self._tick(self._was_sent)
        if socket is not None and socket.writable_corked:
            while socket.writable_corked:
                socket.uncork()
        self._corked = 0
        self._ended = True

    def _was_sent(self, error: BaseException | None = None) -> None:
        """All of it was passed to the system."""
        if error is None:
            if self._queue is not None:
                self._queue.finished(self)
            self._fire("finish")

    def _send(self, data: bytes, callback: Callback | None = None) -> bool:
        """Sends `data` after the head."""
        if not self._head_sent:
            data = self._head + data
            self._head_sent = True
            self._head = b""
        return self._write_raw(data, callback)

    def _write_raw(self, data: bytes, callback: Callback | None = None) -> bool:
        socket = self._socket
        if socket is not None and socket.destroyed:
            return False
        if socket is not None and socket.writable and self._is_current:
            if self._waiting:
                self._flush_waiting(socket)
            return socket.write(data, None, callback)
        self._waiting.append((data, callback))
        self._waiting_length += len(data)
        assert self._queue is not None
        self._queue.queued(len(data))
        return self._waiting_length < HIGH_WATER_MARK

    @property
    def _is_current(self) -> bool:
        return self._queue is not None and self._queue.is_current(self)

    def cork(self) -> None:
        """Buffers writes until `uncork()`, which sends them together."""
        self._corked += 1
        if self._socket is not None:
            self._socket.cork()

    def uncork(self) -> None:
        """Undoes one `cork()`."""
        if self._corked:
            self._corked -= 1
            if self._socket is not None:
                self._socket.uncork()

    def pipe(self, destination: object, end: object = True) -> None:
        """Emits `error` (`ERR_STREAM_CANNOT_PIPE`), which raises it without a listener: it can only
        be written to."""
        self.emit(
            "error",
            make_error(RuntimeError, "ERR_STREAM_CANNOT_PIPE", "Cannot pipe, not readable"),
        )

    def set_timeout(self, milliseconds: float, callback: Callback | None = None) -> Self:
        """Calls `socket.set_timeout(milliseconds)`; `callback` is a listener for `timeout`."""
        if callback is not None:
            self.add_listener("timeout", callback)
        if self._socket is not None:
            set_socket_timeout(self._socket, milliseconds)
        else:
            self._with_socket(lambda socket: set_socket_timeout(socket, milliseconds))
        return self

    def destroy(self, error: BaseException | None = None) -> Self:
        """Ends the connection at once, or when the messages before this one are sent."""
        if self._destroyed:
            return self
        self._destroyed = True
        self._errored = error
        if self._socket is not None:
            self._socket.destroy(error)
        else:
            self._with_socket(lambda socket: socket.destroy(error))
        return self

    def _with_socket(self, action: Callable[[Socket], object]) -> None:
        """Calls `action` when it is the turn of this message."""
        self._actions.append(action)

    # For the connection

    @property
    def head_sent(self) -> bool:
        """True if the client may have seen a part of it."""
        return self._head_sent

    @property
    def framing(self) -> Framing:
        """How it is encoded."""
        return self._framing

    def assign(self, socket: Socket) -> None:
        """It is the turn of this message: sends what waits."""
        self._socket = socket
        actions, self._actions = self._actions, []
        for action in actions:
            action(socket)
        self._fire("socket", socket)
        if not socket.writable:
            return
        ready = self._flush_waiting(socket)
        if ready and self._needs_drain and not self._ended:
            self._needs_drain = False
            self._fire("drain")

    def wait_in(self, queue: Queue) -> None:
        """It is sent by `queue`, after other messages."""
        self._queue = queue

    def _flush_waiting(self, socket: Socket) -> bool:
        if not self._waiting:
            return True
        for _ in range(self._corked):
            socket.cork()
        size, self._waiting_length = self._waiting_length, 0
        waiting, self._waiting = self._waiting, deque()
        ready = True
        socket.cork()
        for data, callback in waiting:
            ready = socket.write(data, None, callback)
        socket.uncork()
        assert self._queue is not None
        self._queue.queued(-size)
        return ready

    def drained(self) -> None:
        """The socket has drained."""
        if not self._ended and self._needs_drain:
            self._needs_drain = False
            self._fire("drain")

    def detach(self) -> None:
        """It is no longer the turn of this message."""
        self._socket = None
        self._queue = None

    def close(self) -> None:
        """Emits `close`: it is complete, or the connection is gone."""
        self._queue = None
        self._destroyed = self._closed = True
        self._fire("close")

    headersSent: NodeName[bool] = NodeName("headers_sent")
    writableEnded: NodeName[bool] = NodeName("writable_ended")
    writableFinished: NodeName[bool] = NodeName("writable_finished")
    writableLength: NodeName[int] = NodeName("writable_length")
    writableHighWaterMark: NodeName[int] = NodeName("writable_high_water_mark")
    writableNeedDrain: NodeName[bool] = NodeName("writable_need_drain")
    writableCorked: NodeName[int] = NodeName("writable_corked")
    sendDate: NodeName[bool] = NodeName("send_date")
    shouldKeepAlive: NodeName[bool] = NodeName("should_keep_alive")
    chunkedEncoding: NodeName[bool] = NodeName("chunked_encoding")
    strictContentLength: NodeName[bool] = NodeName("strict_content_length")
    setHeader: Final = node_name(set_header)
    setHeaders: Final = node_name(set_headers)
    appendHeader: Final = node_name(append_header)
    getHeader: Final = node_name(get_header)
    getHeaders: Final = node_name(get_headers)
    getHeaderNames: Final = node_name(get_header_names)
    getRawHeaderNames: Final = node_name(get_raw_header_names)
    hasHeader: Final = node_name(has_header)
    removeHeader: Final = node_name(remove_header)
    flushHeaders: Final = node_name(flush_headers)
    addTrailers: Final = node_name(add_trailers)
    setTimeout: Final = node_name(set_timeout)


def declared_length(fields: Iterable[tuple[str, HeaderValue]]) -> int | None:
    """The Content-Length among `fields`."""
    for name, value in fields:
        if name.lower() == "content-length" and str(value).isdecimal():
            return int(str(value))
    return None


def body_bytes(chunk: object, encoding: object) -> bytes:
    """A part of a body as bytes. Raises what `write` of a stream raises."""
    if isinstance(chunk, str):
        return encode(chunk, encoding_name(encoding) if encoding else None)
    if chunk is None:
        raise make_error(TypeError, "ERR_STREAM_NULL_VALUES", "May not write null values to stream")
    return chunk_bytes(chunk)
