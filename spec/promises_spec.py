"""Promises of events and calls, whatever listeners do: no event is lost or emitted twice, none
follows `close`, and a `drain` follows every `False`."""

from typing import Any

import pytest

import websocket_driver as websocket
from spec.support import Collector, record
from websocket_driver import Request
from websocket_driver.streams import Stream

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
HYBI = {
    "host": "example.com",
    "connection": "Upgrade",
    "upgrade": "websocket",
    "sec-websocket-key": KEY,
    "sec-websocket-version": "13",
}
HIXIE_75 = {
    "host": "example.com",
    "connection": "Upgrade",
    "upgrade": "WebSocket",
    "origin": "http://example.com",
}
HIXIE_76 = {
    **HIXIE_75,
    "sec-websocket-key1": "1   38 wZ3f9 23O0 3l 0r",
    "sec-websocket-key2": "27   0E 6 2  1665:< ;U 1H",
}
BODY = b"Tm[K T2u"
RESPONSE = (
    b"HTTP/1.1 101 Switching Protocols\r\n"
    b"Upgrade: websocket\r\n"
    b"Connection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
    b"\r\n"
)
CLOSE = b"\x88\x02\x03\xe8"

KINDS = ["http", "server", "client", "hixie-75", "hixie-76"]


def request_of(headers):
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"GET / HTTP/1.1\r\n{lines}\r\n".encode()


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def driver(kind, monkeypatch):
    """A driver that has not been started. A `server()` driver has received its request."""
    monkeypatch.setattr(websocket.Client, "generate_key", staticmethod(lambda: KEY))
    if kind == "client":
        return websocket.client("ws://example.com/", masking=False)
    if kind == "server":
        driver = websocket.server(require_masking=False)
        driver.parse(request_of(HYBI))
        return driver
    headers = {"http": HYBI, "hixie-75": HIXIE_75, "hixie-76": HIXIE_76}[kind]
    return websocket.http(Request("GET", "/", headers), require_masking=False)


@pytest.fixture
def handshake(kind):
    """The bytes that a peer sends before its first frame."""
    return {"client": RESPONSE, "hixie-76": BODY}.get(kind, b"")


def message(kind, text):
    data = text.encode()
    return b"\x00" + data + b"\xff" if kind.startswith("hixie") else bytes([0x81, len(data)]) + data


class Boom(Exception):
    """An exception that a listener raises."""


def raise_on(emitter, event, *values, once=False):
    """Adds a listener that raises `Boom`, at each event or at those with the value."""

    def listener(argument=None):
        if not values or getattr(argument, "data", argument) in values:
            raise Boom(event)

    (emitter.once if once else emitter.on)(event, listener)


class DescribeListenersThatRaise:
    """Exceptions propagate out of a call once it has completed its work."""

    def it_handles_all_input_first(self, driver, handshake, kind):
        log = record(driver)
        record(driver.messages, "data", "end", into=log)
        driver.start()
        driver.parse(handshake)
        raise_on(driver, "message", "1")

        end = b"" if kind == "hixie-75" else b"\xff\x00" if kind == "hixie-76" else CLOSE
        with pytest.raises(Boom, match="message"):
            driver.parse(message(kind, "1") + message(kind, "2") + end)
        closed: list[Any] = [("end",), ("close", None, None)] if kind == "hixie-76" else []
        if not kind.startswith("hixie"):
            closed = [("end",), ("close", 1000, "")]
        assert log == [
            ("open",),
            ("data", "1"),
            ("message", "1"),
            ("data", "2"),
            ("message", "2"),
            *closed,
        ]

    def it_closes_both_sides_of_a_connection(self):
        driver = websocket.http(Request("GET", "/", HYBI), require_masking=False)
        driver.start()
        wire, log = driver.io.pipe(Collector()), record(driver)
        raise_on(driver, "message")
        with pytest.raises(Boom):
            driver.parse(b"\x81\x011" + CLOSE)
        assert wire.chunks == [CLOSE]
        assert log == [("message", "1"), ("close", 1000, "")]

    @pytest.mark.parametrize("event", ["message", "ping", "pong", "close"])
    def it_emits_what_follows_each_kind_of_event(self, event):
        driver = websocket.http(Request("GET", "/", HYBI), require_masking=False)
        driver.start()
        wire, log = driver.io.pipe(Collector()), record(driver)
        raise_on(driver, event)
        with pytest.raises(Boom):
            driver.parse(b"\x89\x01a\x8a\x01b\x81\x01c\x82\x01d" + CLOSE)
        assert wire.chunks == [b"\x8a\x01a", CLOSE]
        assert log == [
            ("ping", "a"),
            ("pong", "b"),
            ("message", "c"),
            ("message", b"d"),
            ("close", 1000, ""),
        ]

    def it_raises_the_first_and_shows_the_others(self):
        driver = websocket.http(Request("GET", "/", HYBI), require_masking=False)
        driver.start()
        errors = [ValueError("a"), KeyError("b"), TypeError("c")]
        left = iter(errors)

        @driver.on("message")
        def on_message(event):
            raise next(left)

        with pytest.raises(ValueError, match="a") as raised:
            driver.parse(b"\x81\x00" * 3)
        assert raised.value is errors[0]
        assert raised.value.__context__ is errors[1]
        assert errors[1].__context__ is errors[2]

    @pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
    def it_lets_other_exceptions_leave_at_once(self, error):
        driver = websocket.http(Request("GET", "/", HYBI), require_masking=False)
        driver.start()
        log = []

        @driver.on("message")
        def on_message(event):
            log.append(event.data)
            if len(log) == 1:
                raise error

        with pytest.raises(error):
            driver.parse(b"\x81\x011\x81\x012")
        assert log == ["1"]
        driver.parse(b"")
        driver.parse(b"\x81\x013")
        assert log == ["1", "2", "3"]

    def it_calls_no_other_listener_of_the_same_event(self):
        driver = websocket.http(Request("GET", "/", HYBI), require_masking=False)
        driver.start()
        raise_on(driver, "message", "1")
        later = []
        driver.on("message", lambda event: later.append(event.data))
        with pytest.raises(Boom):
            driver.parse(b"\x81\x011\x81\x012")
        assert later == ["2"]

    def it_hears_of_an_error_and_of_the_end(self, driver, handshake, kind):
        driver.start()
        driver.parse(handshake)
        log = record(driver)
        record(driver.messages, "end", into=log)
        for event in ("error", "close"):
            raise_on(driver, event)
        raise_on(driver.messages, "end")
        bad = b"\xff" + b"\xff" * 5 + b"\x00" if kind.startswith("hixie") else b"\x83\x00"
        with pytest.raises(Boom):
            driver.parse(bad)
        text = "Unrecognized frame opcode: 3"
        if kind.startswith("hixie"):
            assert log == [("end",), ("close", None, None)]
        else:
            assert log == [("error", text), ("end",), ("close", 1002, text)]
        assert driver.get_state() == "closed"


class DescribeAListenerOfTheWireThatRaises:
    def it_leaves_the_handshake_complete(self, driver, handshake, kind):
        driver.text("1")
        driver.text("2")
        sent, log = list[Any](), record(driver)
        driver.io.on("data", sent.append)
        raise_on(driver.io, "data")

        with pytest.raises(Boom):
            driver.start()
        assert driver.start() is False
        if handshake:
            with pytest.raises(Boom):
                driver.parse(handshake)
        assert log == [("open",)]
        assert driver.get_state() == "open"
        head = 2 if kind == "hixie-76" else 1
        assert sent[head:] == [message(kind, "1"), message(kind, "2")]

    def it_leaves_a_refusal_complete(self):
        driver = websocket.http(Request("POST", "/", HYBI))
        log = record(driver)
        record(driver.messages, "end", into=log)
        raise_on(driver.io, "data")
        with pytest.raises(Boom):
            driver.start()
        text = "Not a WebSocket request"
        assert log == [("error", text), ("end",), ("close", 1002, text)]

    def it_leaves_the_answer_to_a_close_frame_complete(self):
        driver = websocket.http(Request("GET", "/", HYBI), require_masking=False)
        driver.start()
        log = record(driver)
        raise_on(driver.io, "data")
        with pytest.raises(Boom):
            driver.parse(CLOSE)
        assert log == [("close", 1000, "")]


class DescribeADrain:
    """It follows each `False`."""

    def it_follows_what_is_written_before_the_handshake(self, driver, handshake, kind):
        drains = record(driver.messages, "drain")
        assert driver.messages.write("x" * 70_000) is False
        assert drains == []
        driver.start()
        driver.parse(handshake)
        assert drains == [("drain",)]
        assert driver.messages.write("x") is True

    @pytest.mark.parametrize("early", [False, True], ids=["started later", "started early"])
    @pytest.mark.parametrize("headers", [HYBI, HIXIE_75, HIXIE_76], ids=["hybi", "75", "76"])
    @pytest.mark.parametrize("how", ["write", "text", "binary", "frame"])
    def it_follows_what_is_written_before_the_request(self, early, headers, how):
        driver = websocket.server(require_masking=False)
        drains = record(driver.messages, "drain")
        if how == "write":
            assert driver.messages.write("x" * 70_000) is False
        elif how == "binary":
            assert driver.binary(b"x" * 70_000) is True
        else:
            assert getattr(driver, how)("x" * 70_000) is True
        # A hixie driver sends no bytes: what waited for it is forgotten.
        assert driver.messages.write("x") is False
        if early:
            driver.start()
        assert drains == []
        driver.parse(request_of(headers) + (BODY if headers is HIXIE_76 else b""))
        if not early:
            driver.start()
        assert drains == [("drain",)]
        assert driver.messages.write("x") is True

    def it_follows_a_wire_that_is_full(self, driver, handshake, kind):
        driver.start()
        driver.parse(handshake)
        log = record(driver.io, "drain")
        messages = record(driver.messages, "drain")
        driver.io.pause()
        assert driver.messages.write("x") is False
        assert driver.io.write(message(kind, "x")) is False
        driver.io.resume()
        assert (log, messages) == ([("drain",)], [("drain",)])

    def it_follows_an_application_that_is_slow(self, driver, handshake, kind):
        driver.start()
        driver.parse(handshake)
        log, messages = record(driver.io, "drain"), record(driver.messages, "drain")
        driver.messages.pause()
        assert driver.io.write(message(kind, "x")) is False
        assert driver.messages.write("x") is True
        driver.io.pause()
        driver.io.resume()  # takes its own pause back, and no other
        assert driver.io.write(message(kind, "x")) is False
        assert log == []
        driver.messages.resume()
        assert log == [("drain",)]
        assert messages == [("drain",)]
        assert driver.io.write(message(kind, "x")) is True

    def it_follows_a_connection_that_closes(self, driver, handshake, kind):
        driver.start()
        driver.parse(handshake)
        log = record(driver.io, "drain")
        driver.messages.pause()
        assert driver.io.write(message(kind, "x")) is False
        driver.close()
        if not kind.startswith("hixie"):
            assert driver.io.write(CLOSE) is True
        assert log == [("drain",)]
        assert driver.io.write(b"x") is True


class DescribeAClosedDriver:
    """It stays closed, and emits nothing more."""

    def it_does_not_open_in_a_listener_of_the_handshake(self, driver, handshake, kind):
        log = record(driver)
        driver.text("queued")
        sent = []

        @driver.io.on("data")
        def on_data(data):
            sent.append(data)
            driver.close()

        driver.start()
        driver.parse(handshake + message(kind, "Hi"))
        code = (None, None) if kind.startswith("hixie") else (1000, "")
        assert log == [("close", *code)]
        assert len(sent) == 1
        assert driver.get_state() == "closed"
        assert driver.start() is False
        assert driver.text("more") is False

    def it_does_not_connect_if_it_is_closed_early(self):
        driver = websocket.server()
        log = record(driver)
        record(driver.messages, "end", into=log)
        sent = driver.io.pipe(Collector())
        assert driver.start() is True
        assert driver.close("bye", 1001) is True
        assert driver.close() is False
        assert log == [("end",), ("close", 1001, "bye")]
        assert driver.get_state() == "closed"
        assert driver.io.write(request_of(HYBI)) is True
        assert len(log) == 2
        assert sent.chunks == []
        assert driver.method is None

    def it_emits_no_open_behind_a_queue_that_ended_it(self):
        class Refusing:
            name, type = "x", "permessage"
            rsv1 = rsv2 = rsv3 = False
            create_client_session = create_server_session = lambda self, *_: self
            generate_offer: Any = lambda self: {}
            generate_response = generate_offer
            activate = lambda self, params: True  # noqa: E731
            process_incoming_message = lambda self, m, callback: callback(None, m)  # noqa: E731
            close = lambda self: None  # noqa: E731

            def process_outgoing_message(self, message, callback):
                error = websocket.ProtocolError("refused")
                callback(error, None)

        headers = {**HYBI, "sec-websocket-extensions": "x"}
        driver = websocket.http(Request("GET", "/", headers))
        driver.add_extension(Refusing())
        driver.text("queued")
        log = record(driver)
        driver.start()
        assert [name for name, *_ in log] == ["error", "close"]

    @pytest.mark.parametrize("event", ["open", "message", "data", "error", "end", "close"])
    def it_closes_once_whatever_a_listener_does(self, driver, handshake, kind, event):
        stream = driver.messages if event in ("data", "end") else driver
        log = record(driver)
        record(driver.messages, "end", into=log)

        def close():
            driver.close()
            driver.io.write(message(kind, "late"))
            driver.text("late")

        stream.on(event, close)
        driver.start()
        bad = b"\xff" * 6 + b"\x00" if kind.startswith("hixie") else b"\x83\x00"
        driver.parse(handshake + message(kind, "Hi") + bad)
        names = [name for name, *_ in log]
        assert names.count("close") <= 1
        assert names.count("end") <= 1
        assert names.count("open") == 1
        if "close" in names:
            assert names[-1] == "close"
            assert driver.get_state() == "closed"
        else:  # the closing handshake goes on
            assert driver.get_state() == "closing"


class Socket(Stream):
    """A socket that is piped into and out of a driver."""

    def __init__(self, driver):
        super().__init__()
        self.ended = 0
        self.pipe(driver.io)
        driver.io.pipe(self)

    def write(self, chunk):
        return True

    def end(self, chunk=None):
        self.ended += 1


class DescribeTheEndOfTheMessages:
    """`messages` emits `end` once, in whatever way the connection ends."""

    @pytest.mark.parametrize(
        "events",
        [
            ["end", "close"],
            ["close"],
            ["error", "close"],
            ["end"],
            ["error"],
            ["end", "error", "close"],
        ],
    )
    @pytest.mark.parametrize("opens", [False, True], ids=["new", "open"])
    def it_comes_when_the_wire_ends(self, driver, handshake, events, opens):
        socket = Socket(driver)
        log = record(driver.messages, "end", "error")
        if opens:
            driver.start()
            socket.emit("data", handshake)
        reset = ConnectionResetError(104, "Connection reset by peer")
        if "error" in events:
            socket.on("error", lambda error: None)
        for event in events:
            socket.emit(event, *([reset] if event == "error" else []))
        assert log == [("end",)]
        assert (driver.messages.readable, driver.messages.writable) == (False, False)
        assert (driver.io.writable, driver.messages.write("x")) == (False, False)

    def it_removes_a_reset_connection_from_a_list(self, driver, handshake):
        # The documented place to clean up.
        connected = {driver}
        driver.messages.on("end", lambda: connected.discard(driver))
        socket = Socket(driver)
        driver.start()
        socket.emit("data", handshake)
        with pytest.raises(ConnectionResetError):
            socket.emit("error", ConnectionResetError(104, "Connection reset by peer"))
        assert connected == set()

    def it_comes_once_if_the_driver_closed_first(self, driver, handshake):
        log = record(driver.messages, "end")
        socket = Socket(driver)
        driver.start()
        socket.emit("data", handshake)
        driver.close()
        socket.emit("data", CLOSE)
        socket.emit("end")
        socket.emit("close")
        assert log == [("end",)]

    def it_discards_what_arrives_then(self, driver, handshake, kind):
        log = record(driver, "message", "close")
        driver.start()
        driver.parse(handshake)
        driver.io.end(message(kind, "last"))
        driver.parse(message(kind, "late"))
        assert driver.io.write(message(kind, "late")) is False
        assert log == [("message", "last")]
        assert driver.text("late") is False
