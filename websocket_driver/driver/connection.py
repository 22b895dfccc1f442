"""The common parts of all protocol versions: waiting input, the queue, the server's handshake."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from .. import debug
from ..emitter import Raised
from ..errors import ProtocolError
from ..events import OpenEvent
from ..http_parser import HttpError
from ..request import Request
from .base import Base
from .headers import Headers
from .options import DriverOptions, Options
from .states import CLOSED, CLOSING, CONNECTING, OPEN
from .stream_reader import StreamReader

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..payload import Data, FrameType

# Replaces the request and headers of a connection after the handshake, to save memory.
NO_REQUEST = Request("", "", {})
NO_HEADERS = Headers()

HTTP_VERSION = "1.1"


class Connection(Base, ABC):
    """A driver for one protocol version. As a server it answers the handshake `request`."""

    # The length of the body of a handshake request.
    BODY_SIZE = 0

    # The arguments of the calls of frame() that wait for the connection to open.
    _queue: deque[tuple[Data, FrameType | None, int | None]] | None = None

    # True once start() has begun to send the handshake.
    _started = False

    def __init__(
        self,
        request: object,
        url: str | None,
        options: Options | DriverOptions | None = None,
        **more: Unpack[DriverOptions],
    ) -> None:
        super().__init__(request, url, options, **more)
        self._request = NO_REQUEST if request is None else Request.of(request)
        self._reader = StreamReader()
        self._headers = Headers()

    @property
    def _max_length(self) -> int:
        """The largest message of the peer, in bytes."""
        limit = self._options.max_length
        return self.MAX_LENGTH if limit is None else limit

    def set_header(self, name: str, value: str) -> bool:
        Headers.validate(name, "" if value is None else value)
        if self._started or self.has_ended():
            return False
        return self._headers.set(name, value)

    # The handshake

    def start(self) -> bool:
        if self._started or self.ready_state != CONNECTING or self.has_ended():
            return False
        self._started = True

        try:
            response = self._handshake_response()
        except ProtocolError as error:
            # A program may keep the error: without the traceback, it does not keep the driver.
            refusal = error.with_traceback(None)
        else:
            self._send_handshake(response)
            return True

        try:
            self._fail_handshake(refusal)
        finally:
            del refusal  # breaks the reference cycle with this frame, through its cause
        return False

    @abstractmethod
    def _handshake_response(self) -> bytes:
        """The response to the request. Raises `ProtocolError` if the request is unacceptable."""

    def _check_request(self) -> None:
        """Raises `ProtocolError` if the request cannot be answered with 101."""
        if self._request.problem is not None:
            raise ProtocolError(self._request.problem)
        if not self.is_websocket(self._request):
            raise ProtocolError("Not a WebSocket request")
        if self._request.http_version != HTTP_VERSION:
            # RFC 6455 4.2.1: the request is HTTP/1.1 or higher.
            raise ProtocolError(f"Unsupported HTTP version: {self._request.http_version}")

        # A body would be parsed as frames (request smuggling).
        headers = self._request.headers
        if "transfer-encoding" in headers or (
            "content-length" in headers
            and headers["content-length"] not in ("0", str(self.BODY_SIZE))
        ):
            raise ProtocolError("A WebSocket request has no body")

    def _send_handshake(self, response: bytes) -> None:
        raised = None
        try:
            self._write(response)
        except Exception as error:
            raised = Raised(error)
        if raised is None:
            self._after_handshake()
            return
        with raised:
            self._after_handshake()
        raised.reraise()

    def _after_handshake(self) -> None:
        """Continues after the handshake has been sent."""
        self._open()

    def _fail_handshake(self, refusal: ProtocolError) -> None:
        """Answers the request with an HTTP error, and fails."""
        raised = Raised()
        with raised:
            self._write(error_response(refusal))
        with raised:
            self._fail("protocol_error", refusal)
        raised.reraise()

    def _open(self) -> None:
        """Sends the queue, emits `open`, parses the input that has waited."""
        if not self._enter(OPEN):
            return  # closed by a listener while the handshake was being written
        # To save memory, everything that only the handshake needs is dropped.
        self._request = NO_REQUEST
        self._headers = NO_HEADERS

        debug.opened(self)
        if self._watch is not None:
            self._watch.opened()
        if self._queue is None and not self._reader.chunk and self.flow.nothing_waits():
            self.emit("open", OpenEvent())
            return
        raised = Raised()
        while self._queue:
            with raised:
                self.frame(*self._queue.popleft())
        self._queue = None
        if self.ready_state != CLOSED:
            with raised:
                self.emit("open", OpenEvent())
        if self.flow.output_sent():
            with raised:
                self.drain_messages()
        with raised:
            self._parse_waiting()
        raised.reraise()

    # Input

    def _parse_waiting(self) -> None:
        """Parses the input that has waited for the handshake, and asks for more."""
        raised = Raised()
        with raised:
            self._parse_input()
        if self.flow.input_waiting(0):
            with raised:
                self.io.emit("drain")
        raised.reraise()

    def _receive(self, chunk: bytes) -> None:
        self._reader.put(chunk)
        if self._awaits_start():
            self._wait()
        else:
            self._parse_input()

    def receive_early(self, chunk: bytes) -> None:
        """Adds input that arrived together with the request. `limit_early_input()` is called after
        `connect` has been emitted."""
        if self.has_ended():
            return
        self._reader.put(chunk)
        if self._awaits_start():
            self.flow.input_waiting(len(self._reader))
        else:
            self._parse_input()

    def limit_early_input(self) -> None:
        """Fails if too much input waits for `start()`."""
        if self._awaits_start():
            self._wait()

    def _awaits_start(self) -> bool:
        """True if input cannot be parsed before `start()`."""
        return self.ready_state == CONNECTING and not self._started

    def _wait(self) -> None:
        """Keeps input until `start()`, up to a limit."""
        waiting = len(self._reader)
        if waiting <= self.flow.high_water_mark:
            self.flow.input_waiting(waiting)
        else:
            self._reader.clear()
            self._fail("protocol_error", ProtocolError("Too much input before the handshake"))

    @abstractmethod
    def _parse_input(self) -> None:
        """Parses what is in the reader, as far as it goes."""

    # Output

    def _enqueue(self, size: int, data: Data, type: FrameType | None, code: int | None) -> None:
        """Keeps the arguments of `frame` until the connection is open."""
        if self._queue is None:
            self._queue = deque()
        self._queue.append((data, type, code))
        self.flow.output_queued(size)

    # The end

    def _fail(self, type: str | int, error: ProtocolError) -> None:
        """Ends the connection because of the peer. `type` names the close code."""
        self._enter(CLOSING)
        raised = Raised()
        with raised:
            self._emit_error(error)
        with raised:
            self.close()
        raised.reraise()

    def _release(self) -> None:
        super()._release()
        self._reader.clear()
        self._queue = None

    def wire_ended(self) -> None:
        self._reader.clear()
        super().wire_ended()

    def _after_wire_ended(self) -> None:
        if self.ready_state in (OPEN, CLOSING):
            debug.lost(self)
        # No event can follow those of the messages that extensions hold.
        self._close_sessions(self._release)

    def _close_sessions(self, callback: Callable[[], None]) -> None:
        """Closes the sessions of extensions; `callback` runs when they have passed on the last
        message."""
        callback()


def error_response(error: ProtocolError) -> bytes:
    """The HTTP response that reports `error`: 400 unless it is an `HttpError`."""
    answer = error if isinstance(error, HttpError) else HttpError(str(error))
    body = answer.message.encode("utf-8", "replace")

    headers = Headers()
    headers.set("Content-Type", "text/plain")
    headers.set("Content-Length", len(body))
    for name, value in answer.headers.items():
        headers.set(name, value)

    return f"HTTP/1.1 {answer.status}\r\n{headers}\r\n".encode() + body
