"""One connection of an http server: requests and responses, in order."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Protocol

from ..errors import NodeError, make_error
from ..loop import current
from ..net import Socket
from ..phases import TIMEOUT_MAX, Timeout
from ..stream import Callback
from .codes import STATUS_CODES
from .head import Head
from .incoming import IncomingMessage, aborted, set_socket_timeout
from .outgoing import OutgoingMessage
from .parser import End, ParseError, RequestParser
from .response import ServerResponse

if TYPE_CHECKING:

    class Owner(Protocol):
        """The methods of a server that its connections use."""

        max_header_size: int
        max_headers_count: int | None
        headers_timeout: float
        request_timeout: float
        keep_alive_timeout: float
        timeout: float
        max_requests_per_socket: int | None
        require_host_header: bool
        join_duplicate_headers: bool
        http_allow_half_open: bool

        def listener_count(self, event: str, /) -> int:
            """How many listeners an event has."""
            ...

        def announce(self, event: str, /, *arguments: object) -> bool:
            """Emits an event; returns true if it has a listener."""
            ...

        def forget(self, connection: Connection) -> None:
            """A connection is closed, or no longer HTTP."""


# How many requests of a connection may wait for their response before reading stops.
MAX_PIPELINED = 16

# Node's parser passes more fields than this in parts.
MANY_FIELDS = 32

# RFC 9110 10.1.1: sent by a client that waits for `100 Continue`.
CONTINUE = re.compile(r"(?:^|\W)100-continue(?:$|\W)", re.IGNORECASE)

# The responses to requests that are refused before their response, by the code of the error.
REFUSALS = {
    "HPE_HEADER_OVERFLOW": 431,
    "HPE_CHUNK_EXTENSIONS_OVERFLOW": 413,
    "ERR_HTTP_REQUEST_TIMEOUT": 408,
}


def refusal(code: str) -> bytes:
    """The complete response to a request that failed with `code`."""
    status = REFUSALS.get(code, 400)
    return f"HTTP/1.1 {status} {STATUS_CODES[status]}\r\nConnection: close\r\n\r\n".encode()


class Connection:
    """Parses what a socket receives, announces the requests, and gives each response its turn."""

    def __init__(self, server: Owner, socket: Socket) -> None:
        self._server = server
        self.socket = socket
        self._parser = RequestParser(server.max_header_size, server.max_headers_count or 0)
        # The request whose body is being read.
        self._reading: IncomingMessage | None = None
        # Requests and responses that are not complete; the first response has the socket.
        self._requests: deque[IncomingMessage] = deque()
        self._response: ServerResponse | None = None
        self._responses: deque[ServerResponse] = deque()
        self._queued = 0
        self._served = 0
        # Reasons not to parse: the buffer of the request is full, or a loop is parsing already.
        self._body_full = self._parsing = self._resuming = False
        self._stalled = False
        self._upgraded = False
        self._ended = False
        # Node's parser passes many fields at once, and trailers, before the rest of a request. From
        # then on, ticks run before each request of the connection.
        self._many_fields = False
        self._loop = current()
        self._began = self._loop.now()
        self._timer: Timeout | None = None
        self._deadline: float | None = None
        self._keeps_alive = self._received_one = False
        if server.timeout:
            set_socket_timeout(socket, server.timeout)
        for event, listener in self._listeners():
            socket.add_listener(event, listener)
        socket.set_encoding = refuse_encoding  # type: ignore[method-assign]
        self._update_timer(waits=True)

    def _listeners(self) -> tuple[tuple[str, Callback], ...]:
        return (
            ("timeout", self._timed_out),
            ("error", self._failed),
            ("end", self._input_ended),
            ("close", self._closed),
            ("drain", self._drained),
            ("data", self._received),
        )

    # Input

    def _received(self, data: bytes) -> None:
        if self._parser.failed:
            self._refuse(data)
            return
        if self._parser.between_requests:
            self._began = self._loop.now()
        self._parser.feed(data)
        if self._keeps_alive:
            self._keeps_alive = False
            set_socket_timeout(self.socket, 0)
        self._parse(data)

    def _parse(self, packet: bytes) -> None:
        """Parses until more input is needed or there is a reason to wait."""
        if self._stalled:
            # The time that its other requests took does not count against the client.
            self._stalled = False
            self._began = self._loop.now()
        self._parsing = True
        try:
            while self._may_parse and self._parse_next():
                pass
        except ParseError as error:
            self._fail(parse_error(error, packet))
            return
        finally:
            self._parsing = False
        if self._upgraded:
            return
        self._pace()
        self._stalled = self._reading is None and self._congested
        self._update_timer(waits=not (self._stalled or self._parser.between_requests))
        if self._ended and self._may_parse:
            self._finish()

    def _refuse(self, packet: bytes) -> None:
        """More input arrived after an error that the `client_error` listener did not handle."""
        try:
            self._parser.next()
        except ParseError as error:
            self._fail(parse_error(error, packet))

    def _parse_next(self) -> bool:
        part = self._parser.next()
        if part is None:
            return False
        if isinstance(part, Head):
            self._many_fields = self._many_fields or len(part.raw_headers) > 2 * MANY_FIELDS
            if self._many_fields:
                self._loop.drain_ticks()
            self._begin(part)
        elif isinstance(part, End):
            if part.raw_trailers:
                self._many_fields = True
                self._loop.drain_ticks()
            # The rest of the buffer is the next request.
            self._began = self._loop.now()
            request, self._reading = self._reading, None
            assert request is not None
            self._body_full = False
            self._received_one = True
            request.received_all(part.raw_trailers)
            if self._response is None:
                self._wait_for_next()
        else:
            if self._reading is not None and not self._reading.received(part):
                self._body_full = True
            # As in Node, the reader of a body is called before the next part of it is parsed.
            self._loop.drain_ticks()
        return True

    @property
    def _may_parse(self) -> bool:
        if self._upgraded or self._body_full or self._parser.failed:
            return False
        return self._reading is not None or not self._congested

    @property
    def _congested(self) -> bool:
        """True if too many requests or bytes are pending to read another request."""
        socket = self.socket
        return (
            len(self._responses) + 1 >= MAX_PIPELINED
            or socket.writable_need_drain
            or self._queued >= socket.writable_high_water_mark
        )

    def _pace(self) -> None:
        """Reads from the socket only if parsing is possible."""
        socket = self.socket
        if socket.destroyed:
            return
        if self._may_parse:
            if socket.readable_flowing is False:
                socket.resume()
        elif socket.readable_flowing:
            socket.pause()

    def read_more(self) -> None:
        """The request has room for more of its body."""
        self._body_full = False
        self._parse_soon()

    def _parse_soon(self) -> None:
        if not (self._parser.waiting or self._ended or self.socket.readable_flowing is False):
            return
        if not self._resuming and not self._parsing and not self._upgraded:
            self._resuming = True
            self._loop.next_tick(self._parse_again)

    def _parse_again(self) -> None:
        self._resuming = False
        if not self._parser.failed and not self._upgraded and not self.socket.destroyed:
            self._parse(b"")

    def _input_ended(self) -> None:
        self._ended = True
        if self._parser.failed:
            self._end_after_input()
        elif self._may_parse:
            self._finish()

    def _finish(self) -> None:
        """The client has ended its side, and everything that came before is parsed."""
        try:
            self._parser.finish()
        except ParseError as error:
            self._fail(parse_error(error, b""))
        else:
            self._end_after_input()

    def _end_after_input(self) -> None:
        if not self._server.http_allow_half_open:
            self.socket.end()
        elif self._responses:
            self._responses[-1].framing.last = True
        elif self._response is not None:
            self._response.framing.last = True
        else:
            self.socket.end()

    # Requests

    def _begin(self, head: Head) -> None:
        """Announces a request."""
        server = self._server
        event = "connect" if head.method == "CONNECT" else "upgrade"
        head.upgrade = head.upgrade and (event == "connect" or bool(server.listener_count(event)))
        request = IncomingMessage(
            head, self.socket, self, join_duplicate_headers=server.join_duplicate_headers
        )
        if head.upgrade:
            self._hand_over(event, request)
            return

        self._reading = request
        self._requests.append(request)
        response = ServerResponse(request, keep_alive=head.keep_alive)
        response.framing.timeout = server.keep_alive_timeout
        response.framing.max_requests = server.max_requests_per_socket or 0
        response.wait_in(self)
        if self._response is not None:
            self._responses.append(response)
        else:
            self._give_turn(response)
        if not self._answered_here(request, response):
            server.announce("request", request, response)

    def _answered_here(self, request: IncomingMessage, response: ServerResponse) -> bool:
        """Answers an HTTP/1.1 request without the `request` listener, if that is required."""
        server = self._server
        if request.http_version != "1.1":
            return False
        if server.require_host_header and "host" not in request.headers:
            # RFC 9112 3.2
            response.write_head(400, ["Connection", "close"]).end()
            return True
        most = response.framing.max_requests
        if most > 0:
            self._served += 1
            response.framing.limit_reached = self._served >= most
            if self._served > most:
                server.announce("drop_request", request, self.socket)
                response.write_head(503).end()
                return True
        expected = request.headers.get("expect")
        return expected is not None and self._answered_expectation(expected, request, response)

    def _answered_expectation(
        self, expected: str, request: IncomingMessage, response: ServerResponse
    ) -> bool:
        """Handles Expect (RFC 9110 10.1.1); false if `request` must be emitted."""
        server = self._server
        if not CONTINUE.search(expected):
            if not server.announce("check_expectation", request, response):
                response.write_head(417).end()
            return True
        response.await_continue()
        if server.announce("check_continue", request, response):
            return True
        response.write_continue()
        return False

    def _let_go(self) -> None:
        """The socket is closed, or no longer HTTP."""
        for name, listener in self._listeners():
            self.socket.remove_listener(name, listener)
        vars(self.socket).pop("set_encoding", None)
        self._server.forget(self)

    def _hand_over(self, event: str, request: IncomingMessage) -> None:
        """The connection is no longer HTTP: passes the socket to a listener, in its original
        state."""
        socket = self.socket
        self._upgraded = True
        request.received_all([])
        rest = self._parser.upgrade()
        self._set_deadline(None)
        self._let_go()
        if self._response is not None:
            # It is not sent yet, and may be resumed.
            socket.on("drain", self._drained)
        if self._server.listener_count(event):
            socket.stop_flowing()
            self._server.announce(event, request, socket, rest)
        else:
            socket.destroy()

    # Responses

    def is_current(self, message: OutgoingMessage) -> bool:
        """True if it is the turn of `message`."""
        return message is self._response

    def queued(self, size: int) -> None:
        """`size` bytes more wait for their turn, or fewer if it is negative."""
        self._queued += size
        if size < 0:
            self._parse_soon()

    def _give_turn(self, response: ServerResponse) -> None:
        self._response = response
        self.socket.on("close", self._close_response)
        response.assign(self.socket)

    def finished(self, message: OutgoingMessage) -> None:
        """A response has been sent: it is the turn of the next."""
        response, socket = self._response, self.socket
        assert response is not None and response is message
        request = self._requests.popleft()
        if not request.consumed:
            self._body_full = False
            request.drop()
        response.detach()
        self._leave()
        self._response = None
        self._loop.next_tick(response.close)
        if response.framing.last:
            # Any other stream may be announced as a connection too.
            getattr(socket, "destroy_soon", socket.end)()
        elif self._responses:
            self._give_turn(self._responses.popleft())
        elif self._reading is None:
            self._wait_for_next()
        self._parse_soon()

    def _wait_for_next(self) -> None:
        """Keeps the connection open for another request, for some time."""
        timeout = self._server.keep_alive_timeout
        if timeout and not self._upgraded:
            set_socket_timeout(self.socket, timeout)
            self._keeps_alive = True

    def _drained(self) -> None:
        if self._response is not None:
            self._response.drained()
        self._parse_soon()

    # The end

    @property
    def idle(self) -> bool:
        """True between two requests, or after the last one if its response can no longer be sent.

        Node cuts off responses that have ended but are still being sent.
        """
        parser, response = self._parser, self._response
        return (
            (response is None or (response.finished and not self.socket.writable))
            and self._received_one
            and parser.between_requests
            and (parser.closed or not parser.failed)
        )

    def _timed_out(self) -> None:
        """Nothing was sent or received during the time of `socket.set_timeout()`."""
        request, response = self._reading, self._response
        heard = request is not None and request.emit("timeout", self.socket)
        heard = (response is not None and response.emit("timeout", self.socket)) or heard
        heard = self._server.announce("timeout", self.socket) or heard
        if not heard:
            self.socket.destroy()

    def _update_timer(self, waits: bool) -> None:
        """Sets the deadline for the next request, if one is expected."""
        server = self._server
        limits = [server.request_timeout]
        if self._reading is None:
            limits.append(server.headers_timeout)
        # A program may have set one to None, which counts as 0 in Node.
        limit = min((limit for limit in limits if limit and limit > 0), default=0)
        self._set_deadline(self._began + limit if waits and limit else None)

    def _set_deadline(self, deadline: float | None) -> None:
        """Starts the timer anew if the deadline is another; `None` stops it."""
        if deadline == self._deadline:
            return
        self._deadline = deadline
        if self._timer is not None:
            self._timer.close()
            self._timer = None
        if deadline is not None:
            left = max(1, min(deadline - self._loop.now(), TIMEOUT_MAX))
            self._timer = Timeout(self._loop, self._too_slow, left, referenced=False)

    def _too_slow(self) -> None:
        self._timer = self._deadline = None
        self._fail(make_error(TimeoutError, "ERR_HTTP_REQUEST_TIMEOUT", "Request timeout"))

    def _fail(self, error: NodeError) -> None:
        """Handles an error or the loss of the client."""
        self._failed(error)

    def _failed(self, error: BaseException) -> None:
        socket = self.socket
        # Further errors of the socket are not reported, such as those of a second response.
        socket.remove_listener("error", self._failed)
        # Even if there are other listeners: they may be removed before the error is emitted.
        socket.on("error", ignore)
        if self._server.announce("client_error", error, socket):
            return
        response = self._response
        if socket.writable and (response is None or not response.head_sent):
            socket.write(refusal(getattr(error, "code", "")))
        socket.destroy(error)

    def _closed(self) -> None:
        """The socket is closed: reports that to pending requests and responses."""
        self._set_deadline(None)
        self._let_go()
        while self._requests:
            self._requests.popleft().destroy(aborted())
        self._reading = None

    def _close_response(self) -> None:
        self._leave()
        response, self._response = self._response, None
        self._responses.clear()
        assert response is not None
        response.close()

    def _leave(self) -> None:
        """No response has the socket any more."""
        self.socket.remove_listener("close", self._close_response)
        if self._upgraded:
            self.socket.remove_listener("drain", self._drained)


def ignore(error: object) -> None:
    """Ignores errors that have been handled."""


def refuse_encoding(encoding: str) -> Socket:
    """The `set_encoding()` of a socket while its data is parsed as HTTP, which is bytes."""
    raise make_error(
        RuntimeError,
        "ERR_HTTP_SOCKET_ENCODING",
        "Changing the socket encoding is not allowed per RFC7230 Section 3.",
    )


def parse_error(error: ParseError, packet: bytes) -> NodeError:
    """The argument of `client_error`: `code`, `reason`, and the received bytes as `raw_packet`."""
    made = make_error(ValueError, error.code, f"Parse Error: {error.reason}")
    made.reason = error.reason
    made.raw_packet = made.rawPacket = packet  # type: ignore[attr-defined]
    return made
