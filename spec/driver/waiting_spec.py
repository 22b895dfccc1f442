"""The placeholder for a server's driver until the request has arrived."""

from typing import Any

import pytest

import websocket_driver as websocket
from spec.support import record
from websocket_driver import permessage_deflate

HEAD = (
    b"GET / HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover\r\n\r\n"
)


@pytest.fixture
def driver():
    return websocket.server(require_masking=False)


@pytest.fixture
def wire(driver):
    sent: list[Any] = []
    driver.io.on("data", sent.append)
    return sent


class DescribeCallsBeforeTheRequest:
    def it_makes_them_in_order_once_it_has_arrived(self, driver, wire):
        answered = []
        assert driver.set_header("X-Color", "red") is True
        assert driver.text("1") is True
        assert driver.binary(b"2") is True
        assert driver.ping("3", lambda: answered.append("3")) is True
        assert driver.pong("4") is True
        assert driver.frame("5", "text") is True
        assert driver.start() is True
        assert wire == []

        log = record(driver)
        driver.parse(HEAD)
        assert wire[0].startswith(b"HTTP/1.1 101 ")
        assert b"\r\nX-Color: red\r\n" in wire[0]
        assert wire[1:] == [b"\x81\x011", b"\x82\x012", b"\x89\x013", b"\x8a\x014", b"\x81\x015"]
        assert log == [("open",), ("connect",)]
        driver.parse(b"\x8a\x013")
        assert answered == ["3"]

    def it_negotiates_extensions_that_were_added(self, driver, wire):
        assert driver.add_extension(permessage_deflate) is True
        driver.start()
        driver.parse(HEAD)
        assert (
            b"Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover" in wire[0]
        )

    def it_copies_what_the_caller_may_change(self, driver, wire):
        data = bytearray(b"before")
        driver.binary(data)
        data[:] = b"after!"
        driver.start()
        driver.parse(HEAD)
        assert wire[1:] == [b"\x82\x06before"]

    def it_makes_all_of_them_whatever_a_listener_raises(self, driver, wire):
        driver.text("1")
        driver.start()
        driver.text("2")
        driver.io.on("data", lambda data: 1 / 0)
        log = record(driver)
        with pytest.raises(ZeroDivisionError):
            driver.parse(HEAD)
        assert wire[1:] == [b"\x81\x011", b"\x81\x012"]
        assert log == [("open",), ("connect",)]


class DescribeWrongCalls:
    """They raise at once, and not only later."""

    @pytest.mark.parametrize(
        ("name", "arguments", "error"),
        [
            ("set_header", ("a b", "c"), websocket.ConfigurationError),
            ("set_header", ("a", "b\r\n"), websocket.ConfigurationError),
            ("set_header", ("a", True), TypeError),
            ("set_header", ("a b", None), websocket.ConfigurationError),
            ("add_extension", (object(),), TypeError),
            ("text", (None,), TypeError),
            ("text", (b"\xff",), ValueError),
            ("binary", (object(),), TypeError),
            ("frame", ("a", "txt"), ValueError),
            ("frame", ("a", ["text"]), ValueError),
            ("frame", ("x" * 126, "ping"), ValueError),
            ("ping", ("x" * 126,), ValueError),
            ("pong", ("x" * 126,), ValueError),
            ("ping", ({},), TypeError),
            ("pong", (False,), TypeError),
            ("close", ({},), TypeError),
            ("close", ("", 1005), ValueError),
            ("close", (1000,), ValueError),
            ("close", ("x" * 124,), ValueError),
        ],
    )
    def it_raises_at_the_call(self, driver, name, arguments, error):
        with pytest.raises(error):
            getattr(driver, name)(*arguments)
        assert driver.get_state() == "connecting"

    def it_refuses_a_ping_callback_that_cannot_be_called(self, driver):
        with pytest.raises(TypeError, match="callback of a ping must be callable, not 5"):
            driver.ping("", 5)

    def it_refuses_a_second_extension_of_a_name(self, driver):
        driver.add_extension(permessage_deflate)
        with pytest.raises(TypeError, match="already"):
            driver.add_extension(permessage_deflate)

    def it_takes_a_header_once(self, driver):
        assert driver.set_header("X-A", "1") is True
        assert driver.set_header("x-a", "2") is False
        assert driver.set_header("Set-Cookie", "a=1") is True
        assert driver.set_header("Set-Cookie", "b=2") is True


class DescribeTheEnd:
    @pytest.mark.parametrize("end", ["close", "wire", "bad request"])
    def it_keeps_nothing_once_no_driver_will_be_chosen(self, driver, wire, end):
        driver.text("1")
        if end == "close":
            driver.close()
        elif end == "wire":
            driver.io.end()
        else:
            driver.parse(b"no such thing\r\n\r\n")
        wire.clear()
        assert driver.text("2") is False
        assert driver.binary(b"2") is False
        assert driver.frame("2") is False
        assert driver.ping("2") is False
        assert driver.pong("2") is False
        assert driver.start() is False
        assert driver.set_header("X-A", "1") is False
        assert driver.add_extension(permessage_deflate) is False
        driver.parse(HEAD)
        assert wire == []
        assert driver.method is None
