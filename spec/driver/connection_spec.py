"""Shared by the drivers of all protocols: waiting input, the queue, the handshake, the end."""

import gc

import pytest

import websocket_driver as websocket
from spec.support import Collector, record
from websocket_driver import Request, permessage_deflate
from websocket_driver.driver.base import Base

HYBI = {
    "host": "example.com",
    "connection": "Upgrade",
    "upgrade": "websocket",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
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
KINDS = {"hybi": HYBI, "hixie-75": HIXIE_75, "hixie-76": HIXIE_76}


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def driver(kind):
    return websocket.http(Request("GET", "/", KINDS[kind]), require_masking=False)


@pytest.fixture
def log(driver):
    return record(driver)


def frame(kind, text):
    data = text.encode()
    return bytes([0x81, len(data)]) + data if kind == "hybi" else b"\x00" + data + b"\xff"


class DescribeTheQueue:
    def it_is_sent_in_order_before_open(self, driver, log, kind):
        wire = driver.io.pipe(Collector())
        order = record(driver, "open", into=[])
        driver.io.on("data", lambda data: order.append(data))
        driver.text("1")
        driver.text("2")
        driver.start()
        if kind == "hixie-76":
            driver.parse(BODY)
        assert order[-3:] == [frame(kind, "1"), frame(kind, "2"), ("open",)]
        assert wire.chunks == order[:-1]

    def it_includes_what_is_sent_while_it_is_sent(self, driver, kind):
        wire = driver.io.pipe(Collector())
        driver.text("1")
        driver.text("2")

        @driver.io.on("data")
        def on_data(data):
            if data == frame(kind, "1"):
                driver.text("during")

        driver.start()
        if kind == "hixie-76":
            driver.parse(BODY)
        texts = [frame(kind, text) for text in ("1", "during", "2")]
        assert [chunk for chunk in wire.chunks if chunk in texts] == texts

    def it_is_dropped_by_a_close(self, driver, log, kind):
        wire = driver.io.pipe(Collector())
        driver.text("1")
        driver.close()
        assert driver.start() is False
        assert wire.chunks == []
        code = (1000, "") if kind == "hybi" else (None, None)
        assert log == [("close", *code)]

    def it_ends_with_a_close_in_its_middle(self):
        driver = websocket.http(Request("GET", "/", HYBI), require_masking=False)
        wire, log = driver.io.pipe(Collector()), record(driver)
        driver.text("1")
        driver.text("2")

        @driver.io.on("data")
        def on_data(data):
            if data == b"\x81\x011":
                driver.close("bye")

        driver.start()
        # RFC 6455 5.5.1: no data frame follows a close frame.
        assert wire.chunks[1:] == [b"\x81\x011", b"\x88\x05\x03\xe8bye"]
        assert [name for name, *_ in log] == ["open"]
        assert driver.get_state() == "closing"


class DescribeTheHandshake:
    @pytest.mark.parametrize(
        ("name", "value", "message"),
        [
            ("transfer-encoding", "chunked", "A WebSocket request has no body"),
            ("content-length", "5", "A WebSocket request has no body"),
            ("content-length", "", "A WebSocket request has no body"),
            ("upgrade", "h2c", "Not a WebSocket request"),
            ("connection", "close", "Not a WebSocket request"),
        ],
    )
    def it_refuses_a_request(self, kind, name, value, message):
        driver = websocket.http(Request("GET", "/", {**KINDS[kind], name: value}))
        wire, log = driver.io.pipe(Collector()), record(driver)
        assert driver.start() is False
        assert wire.bytes.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert wire.bytes.endswith(b"\r\n\r\n" + message.encode())
        code = (1002, message) if kind == "hybi" else (None, None)
        assert log == [("error", message), ("close", *code)]
        assert driver.start() is False

    @pytest.mark.parametrize("length", ["0", "8"])
    def it_accepts_the_body_of_hixie_76(self, kind, length):
        driver = websocket.http(Request("GET", "/", {**KINDS[kind], "content-length": length}))
        assert driver.start() is (length == "0" or kind == "hixie-76")

    def it_drops_what_it_needed_once_it_is_done(self, kind):
        driver = websocket.http(Request("GET", "/", {**KINDS[kind], "x-large": "x" * 5000}))
        driver.start()
        if kind == "hixie-76":
            driver.parse(BODY)
        assert driver.get_state() == "open"
        gc.collect()
        known = [o for o in gc.get_referents(driver, vars(driver)) if isinstance(o, Request)]
        assert not any("x-large" in request.headers for request in known)


class DescribeTheEndOfTheWire:
    @pytest.mark.parametrize("opens", [False, True], ids=["new", "open"])
    def it_ends_everything(self, driver, log, kind, opens):
        if opens:
            driver.start()
            driver.parse(BODY if kind == "hixie-76" else b"")
        wire = driver.io.pipe(Collector())
        ends = record(driver.messages, "end")
        log.clear()
        driver.io.end()
        driver.io.end()
        assert ends == [("end",)]
        assert driver.has_ended() is True
        assert driver.start() is False
        assert driver.text("late") is False
        assert driver.set_header("X-Late", "1") is False
        assert driver.add_extension(permessage_deflate) is False
        driver.parse(frame(kind, "late"))
        assert (log, wire.chunks) == ([], [])

    def it_raises_what_a_listener_raises(self, driver, kind):
        driver.start()
        driver.parse(BODY if kind == "hixie-76" else b"")
        driver.messages.on("end", lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            driver.io.end()
        assert driver.text("late") is False


class DescribeBase:
    """A driver without a protocol does nothing."""

    def it_does_nothing(self):
        driver = Base(None, None)
        wire, log = driver.io.pipe(Collector()), record(driver)
        driver.parse(b"Hi")
        results = [
            driver.start(),
            driver.text("Hi"),
            driver.binary(b"Hi"),
            driver.frame("Hi"),
            driver.ping("Hi"),
            driver.pong("Hi"),
            driver.close("bye"),
            driver.set_header("X-A", "1"),
            driver.add_extension(permessage_deflate),
        ]
        assert results == [False] * 9
        assert (wire.chunks, log) == ([], [])
        assert repr(driver) == "<Base connecting None >"

    def it_lets_go_when_the_wire_ends(self):
        driver = Base(None, None)
        ends = record(driver.messages, "end")
        driver.io.end()
        assert ends == [("end",)]

    def it_spells_options(self):
        options = {"maxLength": 5}
        assert Base.validate_options(options, ["max_length"]) == {"max_length": 5}
        assert Base.validateOptions(None, ["max_length"]) == {}
