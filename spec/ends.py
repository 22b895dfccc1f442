"""The two ends of a connection, each with a record of its actions and their results.

`End` has the driver, its output that has not been read yet, and the events that the other end must
emit unless something intervenes. Specs decide when bytes move and held messages continue.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import websocket_driver as websocket
from fuzz.drivers import EVENTS, buffered, record
from websocket_driver import permessage_deflate
from websocket_driver.driver.server import Server


class Boom(Exception):
    """An exception that a listener raises."""


class Holding:
    """An extension that reverses messages when a spec decides, in any order."""

    name, type = "x-hold", "permessage"
    rsv1 = rsv2 = rsv3 = False

    def __init__(self):
        self.held = []

    def create_client_session(self, options):
        return SimpleNamespace(
            generate_offer=dict,
            activate=lambda params: True,
            process_incoming_message=self._hold,
            process_outgoing_message=self._hold,
            close=lambda: None,
        )

    def create_server_session(self, offers, options):
        session = self.create_client_session(options)
        session.generate_response = dict
        return session

    def _hold(self, message, callback):
        def turn():
            message.data = message.data[::-1]
            callback(None, message)

        self.held.append(turn)


NO_LIMIT = 2**40


class End:
    """A driver, and a record of it.

    `log` is all that the driver and its streams emit, `states` the states it was seen in, `wire`
    what it has written; `sent` is what the other end should hear from it.
    """

    other: End

    def __init__(self, driver, holding=None):
        self.driver = driver
        self.holding = holding
        self.wire = bytearray()
        self.log: list[Any] = []
        self.states = [driver.ready_state]
        self.sent = []
        self.reactions = {}
        self.booms = 0
        self.pinged = []
        self.answered = []
        self.data: list[Any] = []
        self.ends = 0
        self.drains = {"io": 0, "messages": 0}
        self.refused = {}  # how many drains there were when write() last returned False
        self.full = False  # the wire
        self.slow = False  # the application
        self.owed = None  # what the last ping said that came while the wire was full
        self.unanswered = False

        self.said_close = False  # what it is told to send after this does not count
        self.closed_with: tuple[int | None, str] | None = (
            None  # the code and the reason of the call that closed it
        )
        self.deaf_from = None  # how many messages it had heard when it was told to close
        self.lost = False  # some of what the other end wrote does not arrive

        record(driver, self.log)
        driver.io.on("data", self.wire.extend)
        driver.io.on("drain", lambda: self._on_drain("io"))
        driver.messages.on("drain", lambda: self._on_drain("messages"))
        driver.messages.on("data", self.data.append)
        driver.messages.on("end", self._on_end)
        for event in EVENTS:
            driver.on(event, lambda _, event=event: self._on_event(event))

    def _on_drain(self, stream):
        self.drains[stream] += 1

    def _on_end(self):
        self.ends += 1

    def _on_event(self, event):
        self.states.append(self.driver.ready_state)
        if event == "ping" and self.full:
            self.owed = self.log[-1][1]
            self.unanswered = True
        elif event == "ping":
            self._answer(self.log[-1][1])
        reaction = self.reactions.pop(event, None)
        if reaction is not None:
            reaction()

    def _answer(self, ping):
        if self.holding or not self.said_close:
            self.sent.append(("pong", ping))

    # Actions

    def do(self, function, *arguments):
        """The result of the call; `None` if it raises. It raises if and only if a listener does.

        Listeners can be told to raise, and no other exception may propagate.
        """
        booms, result, raised = self.booms, None, False
        try:
            result = function(*arguments)
        except Boom:
            raised = True
        assert raised == (self.booms > booms)
        self.states.append(self.driver.ready_state)
        return result

    def boom(self):
        self.booms += 1
        raise Boom

    def send(self, how, data):
        """Sends a message in one of the possible ways."""
        state, counts = self._sending_state(), self._counts()
        if how == "frame":
            assert self.driver.frame(data) is (state <= 2)
        elif how == "stream":
            counts = counts and self.driver.messages.writable
            taken = self.driver.messages.write(data)
            self.wrote("messages", taken, self.driver.messages.writable and not self.full)
        else:
            method = self.driver.text if isinstance(data, str) else self.driver.binary
            assert method(data) is (state <= 1)
        if counts:
            self.sent.append(("message", data))

    def control(self, how, kind, data):
        """Sends a ping or a pong."""
        state, counts = self._sending_state(), self._counts()
        if how == "frame":
            assert self.driver.frame(data, kind) is (state <= 2)
        else:
            assert getattr(self.driver, kind)(data) is (state <= 1)
        if counts:
            text = data if isinstance(data, str) else data.decode("utf-8", "replace")
            self.sent.append((kind, text))

    def _sending_state(self):
        """The state; once the wire has ended, output is treated as in the closed state."""
        return self.driver.ready_state if self.driver.io.writable else 3

    def _counts(self):
        return self._sending_state() <= 1 and not self.said_close

    def ping(self):
        """Sends a ping with a callback."""
        name = f"number {len(self.pinged)}"
        state, counts = self._sending_state(), self._counts()
        assert self.driver.ping(name, lambda: self.answered.append(name)) is (state <= 1)
        if counts:
            self.sent.append(("ping", name))
            self.pinged.append(name)

    def close(self, reason, code):
        if self._counts():
            self.said_close = True
            self.deaf_from = len(self.events("message"))
            self.closed_with = (code, reason)
        self.driver.close(reason, code)

    def pause(self, stream):
        getattr(self.driver, stream).pause()
        if stream == "messages":
            self.slow = True
        elif self.driver.ready_state != 3 and self.driver.io.writable:
            self.full = True

    def resume(self, stream):
        if stream == "io":
            if self.owed is not None and self.driver.ready_state <= 2:
                self._answer(self.owed)
            self.full, self.owed = False, None
        else:
            self.slow = False
        getattr(self.driver, stream).resume()

    def wrote(self, stream, taken, may):
        """`write` on a stream has returned `taken`, and should have returned `may`."""
        assert taken is may
        if not taken and getattr(self.driver, stream).writable:
            self.refused[stream] = self.drains[stream]

    def may_read(self):
        """True if the wire may give the driver more."""
        waits = self.driver.ready_state <= 0 and buffered(self.driver)[0] > 0
        closed = self.driver.ready_state == 3
        return not self.full and (closed or not (self.slow or waits))

    def check_drains(self):
        """Each `False` of a `write` is followed by a `drain`, once there may be more."""
        for stream, may in (("io", self.may_read()), ("messages", not self.full)):
            if may and stream in self.refused and getattr(self.driver, stream).writable:
                assert self.drains[stream] > self.refused.pop(stream)

    def end(self):
        """Ends its side of the connection."""
        self.lost = True
        self.driver.io.end()

    def read(self, other, size, form):
        """Receives up to `size` bytes of the output of the other end."""
        chunk = form(other.wire[:size])
        del other.wire[:size]
        writable = self.driver.io.writable
        taken = self.do(self.driver.io.write, chunk)
        if taken is not None:
            self.wrote("io", taken, writable and self.may_read())
        if isinstance(chunk, bytearray):
            chunk[:] = bytes(len(chunk))  # the caller's own, to be used again

    def release(self, index=0):
        """Makes the extension continue with one of the messages that it holds."""
        if self.holding is not None and self.holding.held:
            self.do(self.holding.held.pop(index % len(self.holding.held)))

    # Results

    def events(self, *names):
        return [entry for entry in self.log if entry[0] in names]

    @property
    def is_server(self):
        return isinstance(self.driver, Server)

    @property
    def is_choosing(self):
        """True for a server with actions that wait for the request."""
        return self.is_server and not self.events("connect")

    @property
    def max_length(self):
        limit = self.driver.options.max_length
        return self.driver.MAX_LENGTH if limit is None else limit


def make_client(deflate=None, holding=None, max_length=None):
    driver = websocket.client(
        "ws://example.com/", max_length=max_length, protocols=["a", "b"], high_water_mark=NO_LIMIT
    )
    return _extended(driver, deflate, holding)


def make_server(deflate=None, holding=None, max_length=None, request=None):
    options: websocket.DriverOptions = {
        "protocols": ["b"],
        "max_length": max_length,
        "high_water_mark": NO_LIMIT,
    }
    driver = websocket.http(request, options) if request else websocket.server(options)
    return _extended(driver, deflate, holding)


def _extended(driver, deflate, holding):
    if deflate is not None:
        driver.add_extension(permessage_deflate.configure(deflate))
    if holding is not None:
        driver.add_extension(holding)
    return driver
