"""The limits that options set: at each of them, and one past it."""

from typing import Any

import pytest

import websocket_driver as websocket
from spec.allocations import allocations
from spec.support import Collector, record

HEAD = (
    b"GET /chat HTTP/1.1\r\n"
    b"Host: www.example.com\r\n"
    b"Connection: Upgrade\r\n"
    b"Upgrade: websocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Version: 13\r\n"
)
RESPONSE = (
    b"HTTP/1.1 101 Switching Protocols\r\n"
    b"Upgrade: websocket\r\n"
    b"Connection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
    b"\r\n"
)
TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\n"


def server(input, **options):
    """A server driver that has received `input`, its events and its output."""
    driver = websocket.server(require_masking=False, **options)
    events, wire = record(driver), driver.io.pipe(Collector())
    driver.on("connect", lambda event: driver.start())
    driver.parse(input)
    return driver, events, wire


class DescribeMaxHeadLength:
    def it_lets_a_head_of_that_length_in(self):
        _, events, _ = server(HEAD + b"\r\n", max_head_length=len(HEAD) + 2)
        assert events == [("connect",), ("open",)]

    def it_answers_431_to_one_byte_more(self):
        _, events, wire = server(HEAD + b"\r\n", max_head_length=len(HEAD) + 1)
        assert events == [
            ("error", "max header size exceeded"),
            ("close", 1002, "max header size exceeded"),
        ]
        assert wire.bytes.startswith(TOO_LARGE)

    def it_is_that_of_a_response_too(self):
        driver = websocket.client("ws://www.example.com/", max_head_length=len(RESPONSE) - 1)
        events = record(driver, "error")
        driver.start()
        driver.parse(RESPONSE)
        assert events == [("error", "Error during WebSocket handshake: max header size exceeded")]


class DescribeMaxHeaders:
    def it_lets_as_many_in(self):
        _, _, wire = server(HEAD + b"\r\n", max_headers=5)
        assert wire.bytes.startswith(b"HTTP/1.1 101 ")

    def it_answers_431_to_one_more(self):
        _, events, wire = server(HEAD + b"\r\n", max_headers=4)
        assert events == [("error", "too many headers"), ("close", 1002, "too many headers")]
        assert wire.bytes.startswith(TOO_LARGE)


class DescribeMaxExtensionParams:
    HEADER = b"Sec-WebSocket-Extensions: a; b; c=1, d; e; e\r\n\r\n"

    def it_lets_as_many_in(self):
        _, _, wire = server(HEAD + self.HEADER, max_extension_params=4)
        assert wire.bytes.startswith(b"HTTP/1.1 101 ")

    def it_refuses_one_more(self):
        _, events, wire = server(HEAD + self.HEADER, max_extension_params=3)
        reason = "Too many parameters in the Sec-WebSocket-Extensions header"
        assert events == [("connect",), ("error", reason), ("close", 1002, reason)]
        assert wire.bytes.startswith(b"HTTP/1.1 400 Bad Request\r\n")

    def it_is_64_if_it_is_not_given(self):
        header = b"Sec-WebSocket-Extensions: a" + b"; b" * 64
        assert server(HEAD + header + b"\r\n\r\n")[2].bytes.startswith(b"HTTP/1.1 101 ")
        assert server(HEAD + header + b"; b\r\n\r\n")[2].bytes.startswith(b"HTTP/1.1 400 ")


class DescribeMaxPings:
    def it_remembers_as_many_callbacks_as_that(self):
        driver, _, _ = server(HEAD + b"\r\n", max_pings=2)
        answered = []
        for name in ("a", "b"):
            driver.ping(name, lambda name=name: answered.append(name))
        driver.parse(b"\x8a\x01a\x8a\x01b")
        assert answered == ["a", "b"]

    def it_forgets_the_oldest_for_one_more(self):
        driver, events, _ = server(HEAD + b"\r\n", max_pings=2)
        answered = []
        for name in ("a", "b", "b", "c"):
            driver.ping(name, lambda name=name: answered.append(name))
        driver.parse(b"\x8a\x01a\x8a\x01b\x8a\x01c")
        assert answered == ["b", "c"]
        assert events[-3:] == [("pong", "a"), ("pong", "b"), ("pong", "c")]


class DescribeHighWaterMark:
    @pytest.fixture
    def client(self, monkeypatch):
        key = staticmethod(lambda: REQUEST["sec-websocket-key"])
        monkeypatch.setattr(websocket.Client, "generate_key", key)
        return websocket.client("ws://www.example.com/", high_water_mark=5)

    def it_lets_as_many_bytes_wait_for_the_connection(self, client):
        drained = record(client.messages, "drain")
        assert client.messages.write("Hello") is True
        client.start()
        client.parse(RESPONSE)
        assert drained == []

    def it_asks_for_a_pause_after_one_more(self, client):
        events = record(client, "open")
        client.messages.on("drain", lambda: events.append("drain"))
        assert client.messages.write("Hello") is True
        assert client.messages.write(b"!") is False
        assert client.text("and more") is True
        client.start()
        client.parse(RESPONSE)
        assert events == [("open",), "drain"]
        assert client.messages.write("Hi") is True

    def it_waits_for_a_wire_that_is_full(self, client):
        drained = record(client.messages, "drain")
        client.messages.write("Hello!")
        client.start()
        client.io.pause()
        client.parse(RESPONSE)
        assert drained == []
        assert client.messages.write("Hi") is False
        client.io.resume()
        assert drained == [("drain",)]

    def it_drains_when_a_listener_raises(self, client):
        drained = record(client.messages, "drain")
        client.on("open", lambda event: 1 / 0)
        client.messages.write("Hello!")
        client.start()
        with pytest.raises(ZeroDivisionError):
            client.parse(RESPONSE)
        assert drained == [("drain",)]

    def it_counts_what_a_server_is_to_send_to_who_has_not_asked_yet(self):
        driver = websocket.server(high_water_mark=5)
        drained = record(driver.messages, "drain")
        driver.on("connect", lambda event: driver.start())
        assert driver.messages.write("Hello") is True
        assert driver.messages.write(b"!") is False
        driver.parse(HEAD + b"\r\n")
        assert drained == [("drain",)]
        assert driver.messages.write("Hi") is True

    @pytest.mark.parametrize("method", ["ping", "pong"])
    @pytest.mark.parametrize(
        "make", [websocket.server, lambda **o: websocket.client("ws://a/", **o)]
    )
    def it_counts_control_frames(self, make, method):
        driver = make(high_water_mark=10)
        assert getattr(driver, method)("x" * 10) is True
        assert driver.flow.may_send is True
        assert getattr(driver, method)("x") is True
        assert driver.flow.may_send is False
        assert driver.messages.write("") is False

    def it_counts_for_the_hixie_drafts_too(self):
        driver = websocket.http(
            websocket.Request("GET", "/", {"Connection": "Upgrade", "Upgrade": "websocket"}),
            high_water_mark=5,
        )
        drained = record(driver.messages, "drain")
        assert driver.messages.write("Hi!") is True
        assert driver.messages.write("") is False
        driver.start()
        assert drained == [("drain",)]


REQUEST = {
    "host": "www.example.com",
    "connection": "Upgrade",
    "upgrade": "websocket",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    "sec-websocket-version": "13",
}
HIXIE_75 = {"host": "h", "connection": "Upgrade", "upgrade": "WebSocket", "origin": "http://h"}
HIXIE_76 = {
    **HIXIE_75,
    "sec-websocket-key1": "1   38 wZ3f9 23O0 3l 0r",
    "sec-websocket-key2": "27   0E 6 2  1665:< ;U 1H",
}
BODY = b"Tm[K T2u"


class DescribeInputBeforeStart:
    """It waits, up to `high_water_mark` bytes, and asks the wire to pause from the first on."""

    @pytest.fixture(params=["http", "server", "client", "hixie-75", "hixie-76"])
    def kind(self, request):
        return request.param

    @pytest.fixture
    def driver(self, kind, monkeypatch):
        key = staticmethod(lambda: REQUEST["sec-websocket-key"])
        monkeypatch.setattr(websocket.Client, "generate_key", key)
        options: Any = {"high_water_mark": 100}
        if kind == "client":
            return websocket.client("ws://www.example.com/", **options)
        if kind == "server":
            driver = websocket.server(require_masking=False, **options)
            driver.parse(HEAD + b"\r\n")
            return driver
        headers = {"http": REQUEST, "hixie-75": HIXIE_75, "hixie-76": HIXIE_76}[kind]
        request = websocket.Request("GET", "/", headers)
        return websocket.http(request, require_masking=False, **options)

    @pytest.fixture
    def log(self, driver):
        log = record(driver)
        record(driver.messages, "end", "error", into=log)
        record(driver.io, "drain", into=log)
        return log

    def it_asks_for_a_pause_from_the_first_byte(self, driver, log):
        assert driver.io.write(b"") is True
        assert driver.io.write(b"x") is False
        assert driver.io.write(b"x" * 99) is False
        assert log == []

    @pytest.mark.parametrize("pieces", [[101], [100, 1], [1] * 101])
    def it_fails_past_the_mark(self, driver, log, pieces):
        *first, last = pieces
        for size in first:
            assert driver.io.write(b"x" * size) is False
        assert driver.io.write(b"x" * last) is True
        message = "Too much input before the handshake"
        code = (None, None) if driver.version.startswith("hixie") else (1002, message)
        drain = [("drain",)] if first else []
        assert log == [("error", message), ("error", message), *drain, ("end",), ("close", *code)]
        assert driver.get_state() == "closed"

        assert driver.io.write(b"x" * 1000) is True
        assert driver.start() is False

    def it_keeps_no_more_than_that(self, driver):
        driver.on("connect", lambda: None)
        with allocations() as memory:
            for _ in range(1024):
                driver.io.write(bytes(1024))
            assert memory.now() < 10_000

    def it_is_parsed_by_start(self, driver, log, kind):
        head = {"client": RESPONSE, "hixie-76": BODY}.get(kind, b"")
        message = b"\x00Hi\xff" if kind.startswith("hixie") else b"\x81\x02Hi"
        driver.flow.high_water_mark = 1000
        assert driver.io.write(head + message) is False

        assert driver.start() is True
        assert log == [("open",), ("message", "Hi"), ("drain",)]
        assert driver.io.write(message) is True

    def it_drains_though_a_response_is_not_complete(self):
        driver = websocket.client("ws://www.example.com/")
        drains = record(driver.io, "drain")
        assert driver.io.write(RESPONSE[:20]) is False
        driver.start()
        assert drains == [("drain",)]
        assert driver.io.write(RESPONSE[20:30]) is True

    def it_counts_what_comes_together_with_a_request(self):
        driver = websocket.server(require_masking=False, high_water_mark=100)
        events = record(driver)
        assert driver.io.write(HEAD + b"\r\n" + bytes(100)) is False
        assert events == [("connect",)]

        driver = websocket.server(require_masking=False, high_water_mark=100)
        events = record(driver)
        assert driver.io.write(HEAD + b"\r\n" + bytes(101)) is True
        message = "Too much input before the handshake"
        assert events == [("connect",), ("error", message), ("close", 1002, message)]

    def it_asks_the_application_first(self):
        driver = websocket.server(require_masking=False, high_water_mark=100)
        events = record(driver)
        driver.on("connect", lambda: driver.start())
        frames = b"\x82\x7d" + bytes(125) + b"\x81\x02Hi"
        assert driver.io.write(HEAD + b"\r\n" + frames) is True
        assert events == [("connect",), ("open",), ("message", bytes(125)), ("message", "Hi")]

    def it_is_bounded_after_a_refusal_of_the_application(self):
        driver = websocket.server()
        wire = driver.io.pipe(Collector())
        driver.on("connect", lambda: wire.write(b"HTTP/1.1 403 Forbidden\r\n\r\n"))
        assert driver.io.write(HEAD + b"\r\n") is True
        results = [driver.io.write(bytes(1024)) for _ in range(65)]
        assert results == [False] * 64 + [True]
        assert driver.get_state() == "closed"


class DescribePongs:
    def it_owes_the_last_one_while_the_wire_is_full(self):
        driver, events, wire = server(HEAD + b"\r\n")
        wire.clear()
        driver.io.pause()
        driver.parse(b"\x89\x01a\x89\x01b\x89\x01c")
        assert events[-3:] == [("ping", "a"), ("ping", "b"), ("ping", "c")]
        assert wire.chunks == []
        driver.io.resume()
        assert wire.chunks == [b"\x8a\x01c"]
        driver.io.resume()
        driver.parse(b"\x89\x01d")
        assert wire.chunks == [b"\x8a\x01c", b"\x8a\x01d"]

    def it_sends_them_while_only_the_messages_wait(self):
        driver, _, wire = server(HEAD + b"\r\n")
        wire.clear()
        driver.messages.pause()
        driver.parse(b"\x89\x01a")
        assert wire.chunks == [b"\x8a\x01a"]

    def it_owes_none_once_the_connection_is_closed(self):
        driver, _, wire = server(HEAD + b"\r\n")
        driver.io.pause()
        driver.parse(b"\x89\x01a\x88\x02\x03\xe8")
        wire.clear()
        driver.io.resume()
        assert wire.chunks == []

    def it_owes_none_before_a_request(self):
        driver = websocket.server()
        drained = record(driver.io, "drain")
        driver.io.pause()
        driver.io.resume()
        assert drained == [("drain",)]
