"""Messages on their way to the listeners, and messages that are sent, compiled and not."""

from typing import Any

import pytest

import websocket_driver as websocket
from websocket_driver import MessageEvent, Request
from websocket_driver.driver.hybi import (
    Hybi,
    binary_in_python,
    delivery,
    frame_in_python,
    text_in_python,
)

HEADERS = {
    "host": "example.com",
    "connection": "Upgrade",
    "upgrade": "websocket",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    "sec-websocket-version": "13",
}


@pytest.fixture
def driver():
    driver = websocket.http(Request("GET", "/", HEADERS))
    driver.start()
    return driver


@pytest.mark.parametrize(
    "deliver", [delivery.deliver_in_python, delivery.deliver], ids=["python", "in use"]
)
class DescribeDeliver:
    def it_emits_each_on_the_stream_first(self, driver, deliver):
        log = []
        driver.on("message", lambda event: log.append(("message", event.data)))
        driver.messages.on("data", lambda data: log.append(("data", data)))
        assert deliver(iter(["a", b"b"]), driver, driver.messages, MessageEvent) is True
        assert log == [("data", "a"), ("message", "a"), ("data", b"b"), ("message", b"b")]

    def it_may_have_no_stream(self, driver, deliver):
        log = []
        driver.on("message", lambda event: log.append(event))
        assert deliver(iter(["a"]), driver, None, MessageEvent) is True
        assert log == [MessageEvent("a")]

    def it_leaves_out_a_stream_that_has_ended(self, driver, deliver):
        log = []
        driver.on("message", lambda event: log.append(event.data))
        driver.messages.on("data", log.append)
        driver.messages.readable = False
        assert deliver(iter(["a"]), driver, driver.messages, MessageEvent) is True
        assert log == ["a"]

    def it_stops_once_the_driver_closes(self, driver, deliver):
        log = []

        @driver.on("message")
        def on_message(event):
            log.append(event.data)
            driver.close()

        messages = iter(["a", "b", "c"])
        assert deliver(messages, driver, None, MessageEvent) is False
        assert log == ["a"]

    def it_leaves_those_behind_a_listener_that_raises(self, driver, deliver):
        driver.on("message", lambda event: 1 / 0)
        messages = iter(["a", "b"])
        with pytest.raises(ZeroDivisionError):
            deliver(messages, driver, None, MessageEvent)
        assert [*messages] == ["b"]

    def it_shares_them_with_a_listener_that_delivers_more(self, driver, deliver):
        log = []
        messages = iter(["a", "b", "c"])

        @driver.on("message")
        def on_message(event):
            log.append(event.data)
            deliver(messages, driver, None, MessageEvent)

        assert deliver(messages, driver, None, MessageEvent) is True
        assert log == ["a", "b", "c"]


@pytest.mark.parametrize("frame", [frame_in_python, Hybi.frame], ids=["python", "in use"])
class DescribeFrame:
    @pytest.mark.parametrize(
        ("data", "type", "sent"),
        [
            ("Hi", "text", b"\x81\x02Hi"),
            (b"Hi", "binary", b"\x82\x02Hi"),
            ("Hi", "binary", b"\x82\x02Hi"),
            (b"Hi", "text", b"\x81\x02Hi"),
            ("Hi", None, b"\x81\x02Hi"),
            (b"Hi", None, b"\x82\x02Hi"),
            ([1, 2], "text", b"\x81\x02\x01\x02"),
            (5, "text", b"\x81\x015"),
            ("Hi", "ping", b"\x89\x02Hi"),
            ("Hi", "pong", b"\x8a\x02Hi"),
            ("", "close", b"\x88\x00"),
        ],
    )
    def it_sends_what_it_is_given(self, driver, frame, data, type, sent):
        wire: list[Any] = []
        driver.io.on("data", wire.append)
        assert frame(driver, data, type) is True
        assert wire == [sent]

    def it_sends_the_code_of_a_close_frame(self, driver, frame):
        wire: list[Any] = []
        driver.io.on("data", wire.append)
        assert frame(driver, "bye", "close", 1001) is True
        assert wire == [b"\x88\x05\x03\xe9bye"]

    def it_queues_before_the_connection_is_open(self, frame):
        driver = websocket.http(Request("GET", "/", HEADERS))
        wire: list[Any] = []
        driver.io.on("data", wire.append)
        assert frame(driver, "Hi", "text") is True
        assert wire == []
        driver.start()
        assert wire[1:] == [b"\x81\x02Hi"]

    @pytest.mark.parametrize("end", ["close", "wire"])
    def it_sends_nothing_once_the_connection_has_ended(self, driver, frame, end):
        wire: list[Any] = []
        driver.io.on("data", wire.append)
        driver.parse(b"\x88\x80\0\0\0\0") if end == "close" else driver.io.end()
        wire.clear()
        assert frame(driver, "Hi", "text") is False
        assert frame(driver, "Hi", "ping") is False
        assert wire == []

    @pytest.mark.parametrize("data", [b"\xff", "\ud800"])
    def it_refuses_text_that_is_not_utf_8(self, driver, frame, data):
        with pytest.raises(ValueError, match=r"UTF-8|surrogates"):
            frame(driver, data, "text")

    def it_masks_for_a_client(self, frame):
        driver = websocket.http(Request("GET", "/", HEADERS), masking=True)
        wire: list[Any] = []
        driver.start()
        driver.io.on("data", wire.append)
        assert frame(driver, "Hi", "text") is True
        [sent] = wire
        assert sent[:2] == b"\x81\x82"
        assert Hybi.mask(sent[6:], sent[2:6]) == b"Hi"


@pytest.mark.parametrize(
    ("text", "binary"),
    [(text_in_python, binary_in_python), (Hybi.text, Hybi.binary)],
    ids=["python", "in use"],
)
class DescribeTextAndBinary:
    def it_sends_a_message_of_this_type(self, driver, text, binary):
        wire: list[Any] = []
        driver.io.on("data", wire.append)
        for message in ("Hi", b"Hi", [72, 105], 5):
            assert text(driver, message) is True
            assert binary(driver, message=message) is True
        payloads = [b"\x02Hi", b"\x02Hi", b"\x02Hi", b"\x015"]
        assert wire == [first + rest for rest in payloads for first in (b"\x81", b"\x82")]

    def it_sends_through_frame_which_may_be_overridden(self, text, binary):
        class Logging(Hybi):
            def frame(self, data, type=None, code=None):
                log.append((data, type, code))
                return super().frame(data, type, code)

        log: list[Any] = []
        driver = Logging(Request("GET", "/", HEADERS), None)
        assert text(driver, "Hi") is True
        assert binary(driver, b"Hi") is True
        replaced: Any = driver
        replaced.frame = lambda data, type: [data, type]
        assert text(driver, message="Hi") == ["Hi", "text"]
        assert binary(driver, b"Hi") == [b"Hi", "binary"]
        assert log == [("Hi", "text", None), (b"Hi", "binary", None)]

    @pytest.mark.parametrize("closes", [False, True])
    def it_sends_nothing_once_the_connection_closes(self, driver, text, binary, closes):
        driver.close()
        if closes:
            driver.parse(b"\x88\x80\0\0\0\0")
        wire: list[Any] = []
        driver.io.on("data", wire.append)
        assert text(driver, "Hi") is False
        assert binary(driver, b"Hi") is False
        assert wire == []

    def it_takes_one_message(self, driver, text, binary):
        for send in (text, binary):
            for arguments in [(), ("Hi", 1)]:
                with pytest.raises(TypeError, match="argument"):
                    send(driver, *arguments)
            with pytest.raises(TypeError, match="data"):
                send(driver, data="Hi")
            with pytest.raises(TypeError, match="NoneType"):
                send(driver, None)
