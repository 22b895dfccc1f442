"""`websocket-driver connect`: lines in, messages out."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..driver.client import Client
from ..errors import ProtocolError
from ..events import CloseEvent, MessageEvent, PingEvent, PongEvent
from ..node import run, timers
from ..node.phases import TIMEOUT_MAX
from . import explain
from .arguments import Arguments
from .commands import perform
from .output import Output
from .route import Route
from .source import Source

# The exit statuses.
CLOSED = 0
NOT_CONNECTED = 1
BROKEN = 3

GOOD_CODES = (1000, 1001)

# The payload of the ping whose pong shows that the server has received all the input.
END_OF_INPUT = "end of input"

# How long a peer has to answer a close frame, in seconds.
GRACE_SECONDS = 2.0

MILLISECONDS = 1000.0


class Connection:
    """A connection of `driver` over `route`; `run()` runs it to its end.

    Sends the texts from `source`, and shows incoming messages on `output`. If `commands` is true,
    the texts are typed, and can be commands.
    """

    def __init__(
        self,
        driver: Client,
        route: Route,
        source: Source,
        output: Output,
        arguments: Arguments,
        *,
        commands: bool,
    ) -> None:
        self._driver = driver
        self._route = route
        self._source = source
        self._output = output
        self._arguments = arguments
        self._commands = commands
        self._quiet: timers.Timeout | None = None
        self._deadline: timers.Timeout | None = None
        self._opened = self._explained = self._unwritable = False
        self._status = NOT_CONNECTED
        # When the last ping was sent, which the next pong answers.
        self._sent_at: float | None = None
        self._error = ""
        self._good_codes = {*GOOD_CODES, arguments.close_code}

    def run(self) -> int:
        """Connects, stays until the connection is closed, and returns the exit status."""
        driver = self._driver
        driver.on("open", self._on_open)
        driver.on("message", self._on_message)
        driver.on("ping", self._on_ping)
        driver.on("pong", self._on_pong)
        driver.on("error", self._on_error)
        driver.on("close", self._on_close)

        if self._commands:
            self._source.on("data", self._on_line)
        else:
            self._source.on("data", self.send)
        self._source.on("end", self._on_input_end)

        self._route.open(self._on_failure, self._on_closed, self._on_refused)
        self._deadline = after(self._arguments.timeout, self._on_timeout)
        run(on_interrupt=self._interrupt)
        return self._status

    # Before it is open

    def _on_timeout(self) -> None:
        self._give_up(explain.too_slow(self._route.peer, self._arguments.timeout))

    def _on_refused(self, lines: list[str]) -> None:
        self._give_up(lines)

    def _on_failure(self, error: Exception) -> None:
        if self._opened:
            self._explain(f"The connection is broken: {explain.broken(error)}")
        else:
            self._explain(*explain.could_not_connect(error, self._route.peer))

    def _give_up(self, lines: list[str]) -> None:
        self._explain(*lines)
        self._route.destroy()

    # Open

    def _on_open(self) -> None:
        self._opened = True
        self._status = BROKEN
        timers.clear_timeout(self._deadline)
        driver, offered = self._driver, self._arguments.subprotocol
        details = f", subprotocol {driver.protocol}" if driver.protocol is not None else ""
        if driver.headers is not None and "sec-websocket-extensions" in driver.headers:
            details += ", compressed"
        self._output.note(f"Connected to {self._arguments.url.safe_href}{details}")
        if offered and driver.protocol is None:
            self._output.note(f"The server accepted no subprotocol of {', '.join(offered)}")
        if self._arguments.ping is not None:
            repeat(self._arguments.ping, lambda: self.ping(""))
        driver.messages.on("drain", self._source.resume)
        self._source.resume()

    def _on_line(self, line: str) -> None:
        try:
            perform(line, self)
        except ValueError as error:
            self._output.note(str(error))

    def send(self, data: str | bytes) -> None:
        """Sends a message, and pauses the input if the connection is slow."""
        if not self._driver.messages.write(data):
            self._source.pause()

    def ping(self, text: str) -> None:
        """Sends a ping; its round-trip time is shown when the pong arrives."""
        sent_at = time.monotonic()

        def answered() -> None:
            self._sent_at = sent_at

        self._driver.ping(text, answered)

    def close(self, code: int | None, reason: str) -> None:
        """Starts the closing handshake. Raises `ValueError` for a code that must not be sent."""
        code = self._arguments.close_code if code is None else code
        self._driver.close(reason, code)
        self._good_codes.add(code)
        self._begin_closing()

    def _on_message(self, event: MessageEvent) -> None:
        try:
            self._output.message(event.data)
        except OSError as error:
            self._unwritable = not isinstance(error, BrokenPipeError)  # not for `| head`
            self._output.note(f"Cannot write the output: {error.strerror}")
            self._finish()
        if self._quiet is not None:
            self._quiet.refresh()

    def _on_ping(self, event: PingEvent) -> None:
        self._output.note(f"Ping {event.data}".rstrip())

    def _on_pong(self, event: PongEvent) -> None:
        sent_at, self._sent_at = self._sent_at, None
        if sent_at is None:
            if event.data != END_OF_INPUT:
                self._output.note(f"Pong {event.data}".rstrip())
        else:
            elapsed = (time.monotonic() - sent_at) * MILLISECONDS
            text = f" {event.data}" if event.data else ""
            self._output.note(f"Pong{text} after {elapsed:.1f} ms")

    # Closing

    def _on_input_end(self) -> None:
        if self._commands or self._arguments.wait == 0:
            self._finish()
        else:
            self._driver.ping(END_OF_INPUT, self._await_quiet)

    def _await_quiet(self) -> None:
        self._quiet = after(self._arguments.wait, self._finish)

    def _interrupt(self) -> None:
        if self._opened:
            self._finish()
        else:
            self._give_up(["Interrupted"])

    def _finish(self) -> None:
        self.close(None, "")

    def _begin_closing(self) -> None:
        self._source.destroy()
        self._cut_off_later()

    def _cut_off_later(self, unsent: int | None = None) -> None:
        """Ends the connection if the peer has not, and ignores further input."""
        left = self._route.unsent
        if unsent is not None and left in (0, unsent):
            self._route.destroy()
        else:
            after(GRACE_SECONDS, lambda: self._cut_off_later(left))

    def _on_error(self, error: ProtocolError) -> None:
        self._error = error.message
        if self._opened:
            self._output.note(error.message)

    def _on_close(self, event: CloseEvent) -> None:
        if self._opened:
            is_good = event.code in self._good_codes and not self._unwritable
            self._status = CLOSED if is_good else BROKEN
            reason = event.reason if event.reason != self._error else ""
            self._explain(f"Closed with {event.code} {reason or ''}".rstrip())
        else:
            url, answer = self._arguments.url, self._route.answer
            self._explain(*explain.refused(self._driver, url, answer, self._error))
        self._route.end()
        self._begin_closing()

    def _on_closed(self) -> None:
        if self._opened:
            self._explain("The connection ended without a closing handshake")
        else:
            self._explain(*explain.no_answer(self._route.peer, self._route.answer))

    def _explain(self, *lines: str) -> None:
        """Shows how the connection ended. Only the first call counts."""
        self._source.destroy()
        if not self._explained:
            self._explained = True
            for line in lines:
                self._output.note(line)


def repeat(seconds: float, callback: Callable[[], object]) -> None:
    """Calls `callback()` at this interval while there is a connection; never if it is too long for
    a timer, which would be called every millisecond."""
    milliseconds = seconds * MILLISECONDS
    if milliseconds <= TIMEOUT_MAX:
        timers.set_interval(callback, milliseconds).unref()


def after(seconds: float, callback: Callable[[], object]) -> timers.Timeout | None:
    """Calls `callback()` after some seconds, if there is a connection then; never after `inf`."""
    milliseconds = seconds * MILLISECONDS
    if milliseconds > TIMEOUT_MAX:
        return None
    timer = timers.set_timeout(callback, milliseconds)
    timer.unref()
    return timer
