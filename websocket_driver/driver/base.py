"""What all drivers have in common."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .. import events
from ..emitter import EventEmitter
from ..errors import ProtocolError
from ..http_parser import HttpError
from ..request import Request
from ..spelling import NodeName, node_name, spelled_options
from ..streams import IO, Messages
from .headers import Headers, tokens
from .options import Options
from ..payload import to_bytes
from .stream_reader import StreamReader

if TYPE_CHECKING:
    from ..listeners import DriverListeners


NO_REQUEST = Request("", "", {})
NO_HEADERS = Headers()


class Base(EventEmitter):
    """A driver: bytes in and out of `io`, messages in and out of `messages`, events in between.

    `request` is what the client asked with, for a driver that is a server; `url` is the URL of the
    WebSocket. `options`, or keyword arguments, are those of `websocket_driver.http()`; any other
    raises `ConfigurationError`, and so does a value that one of them cannot have.
    """

    # This is 64 MiB, small enough for an average server to handle without running out of memory.
    MAX_LENGTH = 0x3FFFFFF

    # How long the body of a request is.
    BODY_SIZE = 0

    STATES = ("connecting", "open", "closing", "closed")

    ConnectEvent = events.ConnectEvent
    OpenEvent = events.OpenEvent
    MessageEvent = events.MessageEvent
    PingEvent = events.PingEvent
    PongEvent = events.PongEvent
    CloseEvent = events.CloseEvent

    version: str | None = None
    protocol: str | None = None

    # What frame() was called with before the connection was open, and how many bytes that is.
    _queue: deque[tuple[Any, ...]] | None = None
    _queued = 0

    if TYPE_CHECKING:
        on: DriverListeners  # type: ignore[assignment]
        once: DriverListeners  # type: ignore[assignment]

    def __init__(
        self,
        request: Any,
        url: str | None,
        options: Options | Mapping[str, Any] | None = None,
        *,
        _streams: tuple[IO, Messages] | None = None,
        **more: Any,
    ) -> None:
        super().__init__()

        self._request = NO_REQUEST if request is None else Request.of(request)
        self._reader = StreamReader()
        self._options = Options.of(options, more)
        self._max_length: int = self._options.max_length or self.MAX_LENGTH
        self._headers = Headers()

        self.ready_state = 0
        self.url = url

        self.io, self.messages = _streams or (IO(self), Messages(self))

    @staticmethod
    def is_websocket(request: Any) -> bool:
        """True if `request` asks for a WebSocket (RFC 6455 4.2.1, without the version)."""
        request = Request.of(request)
        return (
            request.method == "GET"
            and "upgrade" in tokens(request.headers.get("connection", ""))
            and request.headers.get("upgrade", "").lower() == "websocket"
        )

    @staticmethod
    def validate_options(
        options: Mapping[str, Any] | None, valid_names: Iterable[str]
    ) -> dict[str, Any]:
        """A copy of `options`, each name spelled as it is in `valid_names`.

        Raises `ConfigurationError` for an option that is not in `valid_names` in either spelling.
        """
        return spelled_options(options, valid_names)

    def _forward_messages(self) -> None:
        """Gives messages to the stream too, which is first: it has listeners now."""
        forward = self.messages._forward
        self.prepend_listener("message", forward)

    def _emit_message(self, data: str | bytes) -> None:
        self.emit("message", events.MessageEvent(data))

    def _emit_error(self, error: ProtocolError) -> None:
        if self.messages.readable:
            self.messages.emit("error", error)
        self.emit("error", error)

    def _emit_close(self, code: int | None, reason: str | None) -> None:
        self.messages._finish()
        self.emit("close", events.CloseEvent(code, reason))

    # An error of the peer is information: nobody has to listen for it.
    _unheard_errors_raise = False

    def get_state(self) -> str | None:
        """`"connecting"`, `"open"`, `"closing"`, `"closed"`; `None` for a client not started."""
        return self.STATES[self.ready_state] if self.ready_state >= 0 else None

    def add_extension(self, extension: Any) -> bool:
        """Registers an extension to be negotiated; `False` if the protocol has none.

        Raises `TypeError` for an object that is no extension.
        """
        return False

    def set_header(self, name: str, value: Any) -> bool:
        """Adds a header to the handshake that `start()` sends; `False` once it is too late.

        Raises `ConfigurationError` for a name that is no token and for a value with CR, LF or NUL,
        `TypeError` for what is no text.
        """
        if self.ready_state > 0:
            return False
        self._headers.set(name, value)
        return True

    def start(self) -> bool:
        """Sends the handshake; true if and only if one was sent.

        A request that is not acceptable is answered 400, and `error` and `close` follow.
        """
        if self.ready_state != 0:
            return False

        try:
            response = self._handshake_response()
        except Exception as error:
            # An extension that fails here fails the handshake: it looks at what the client sent.
            return self._fail_handshake(error)

        self._write(response)
        self._after_handshake()
        return True

    def parse(self, chunk: Any) -> None:
        """Takes bytes from the peer: `bytes`, `bytearray`, `memoryview`, or a list of 0-255.

        What it makes of them are events, and data on `io`. Raises only what a listener raises, and
        `TypeError` or `ValueError` for a chunk that holds no bytes. Bytes that come before
        `start()` wait for it, those that come after the end are dropped.
        """
        if self.ready_state == 3:
            return
        self._reader.put(to_bytes(chunk))
        self._parse_input()

    def frame(self, data: Any, type: str | None = None, code: int | None = None) -> bool:
        """Sends `data` as one frame, or queues it until the connection is open.

        `data` is `str`, bytes, a list of integers 0-255, or a number, which is sent as its decimal
        text. `type` is the name of an opcode; `code` is the close code of a close frame. False if
        the connection is closed. Raises `TypeError` for data that is none of these, `ValueError`
        for a control frame that is too long (RFC 6455 5.5).
        """
        return False

    def text(self, message: Any) -> bool:
        """Sends a text message, or queues it until the connection is open; false once closing."""
        return self.frame(message)

    def binary(self, message: Any) -> bool:
        """Sends a binary message, or queues it until the connection is open; false once closing."""
        return False

    def ping(self, message: Any = "", callback: Any = None) -> bool:
        """Sends a ping; `callback()` runs when the matching pong arrives. False once closing."""
        return False

    def pong(self, message: Any = "") -> bool:
        """Sends a pong that nobody asked for. False once closing."""
        return False

    def close(self, reason: Any = "", code: int | None = 1000) -> bool:
        """Starts the closing handshake; true if this call changed the state."""
        if self.ready_state != 1:
            return False
        self.ready_state = 3
        self._emit_close(None, None)
        return True

    # Each protocol has these: the response to the client's request, and what to do with `_reader`.
    _handshake_response: Callable[[], bytes]
    _parse_input: Callable[[], None]

    def _check_request(self) -> None:
        if self._request.malformed:
            raise ProtocolError("Invalid character in request header")
        if not self.is_websocket(self._request):
            raise ProtocolError("Not a WebSocket request")

        # It would come where the frames are, or the frames of somebody in between be taken for it.
        headers = self._request.headers
        if "transfer-encoding" in headers or (
            "content-length" in headers
            and headers["content-length"] not in ("0", str(self.BODY_SIZE))
        ):
            raise ProtocolError("A WebSocket request has no body")

    def _after_handshake(self) -> None:
        self._open()
        self._parse_input()

    def _fail_handshake(self, error: Exception) -> bool:
        answer = error if isinstance(error, HttpError) else HttpError(str(error))
        self._write(error_response(answer))
        self._fail("protocol_error", answer.message)
        return False

    def _enqueue(self, size: int, *frame: Any) -> None:
        if self._queue is None:
            self._queue = deque()
        self._queue.append(frame)
        self._count_queued(size)

    def _count_queued(self, size: int) -> None:
        """Has writers wait if there are too many bytes that cannot be sent yet."""
        self._queued += size
        if self._queued > self._options.high_water_mark:
            self.messages._paused = True

    def _open(self) -> None:
        self.ready_state = 1
        while self._queue:
            self.frame(*self._queue.popleft())
        # Connections stay open for long: what the handshake needed is not needed any more.
        self._queue = None
        self._request = NO_REQUEST
        self._headers = NO_HEADERS
        try:
            self.emit("open", events.OpenEvent())
        finally:
            if self._queued > self._options.high_water_mark:
                self.messages._drain()

    def _on_wire_free(self) -> None:
        """The wire takes bytes again."""

    def _write(self, chunk: bytes) -> None:
        if self.io.readable:
            self.io.emit("data", chunk)

    def _fail(self, type: Any, message: str) -> None:
        self.ready_state = 2
        try:
            self._emit_error(ProtocolError(message))
        finally:
            self.close()

    isWebSocket = node_name(is_websocket)
    validateOptions = node_name(validate_options)
    readyState = NodeName[int]("ready_state")
    getState = node_name(get_state)
    addExtension = node_name(add_extension)
    setHeader = node_name(set_header)


def error_response(error: HttpError) -> bytes:
    """An HTTP response that says what was wrong with the request."""
    body = error.message.encode("utf-8", "replace")

    headers = Headers()
    headers.set("Content-Type", "text/plain")
    headers.set("Content-Length", len(body))
    for name, value in error.headers.items():
        headers.set(name, value)

    return f"HTTP/1.1 {error.status}\r\n{headers}\r\n".encode() + body
