"""One write for each chunk that comes in."""

import pytest

import websocket_driver as websocket
from websocket_driver.batch import BATCH_SIZE

REQUEST = websocket.Request(
    "GET",
    "/",
    {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
    },
)


class Transport:
    def __init__(self):
        self.calls = []
        self.on_write = lambda: None

    def write(self, data):
        self.calls.append(data)
        self.on_write()

    def close(self):
        self.calls.append("close")


class DescribeWire:
    @pytest.fixture
    def transport(self):
        return Transport()

    @pytest.fixture
    def driver(self):
        driver = websocket.http(REQUEST, require_masking=False)
        driver.start()
        return driver

    @pytest.fixture
    def wire(self, driver, transport):
        return websocket.Wire(driver.io, transport)

    def it_writes_what_is_sent(self, driver, wire, transport):
        driver.text("Hi")
        driver.text("Ho")
        assert transport.calls == [b"\x81\x02Hi", b"\x81\x02Ho"]

    def it_writes_all_that_a_chunk_gives_rise_to_at_once(self, driver, wire, transport):
        driver.messages.pipe(driver.messages)
        assert wire.write(b"\x81\x02Hi\x89\x01?\x82\x02Ho") is True
        assert transport.calls == [b"\x81\x02Hi\x8a\x01?\x82\x02Ho"]
        driver.text("!")
        assert transport.calls[1:] == [b"\x81\x01!"]

    def it_writes_nothing_where_there_is_nothing(self, driver, wire, transport):
        assert wire.write(b"\x81\x02Hi") is True
        assert transport.calls == []

    def it_writes_before_it_closes(self, driver, wire, transport):
        driver.on("close", lambda event: wire.close())
        wire.write(b"\x89\x01?\x88\x02\x03\xe8")
        assert transport.calls == [b"\x8a\x01?\x88\x02\x03\xe8", "close"]

    def it_writes_before_it_is_told_to(self, driver, wire, transport):
        driver.on("ping", lambda event: wire.flush())
        wire.write(b"\x89\x01?\x89\x01!")
        assert transport.calls == [b"\x8a\x01?", b"\x8a\x01!"]

    def it_writes_before_the_end_of_a_chunk_what_is_more_than_64_kib(self, driver, wire, transport):
        message, head = "x" * 40000, b"\x81\x7e\x9c\x40"

        @driver.on("message")
        def on_message(event):
            for _ in range(5):
                driver.text(message)

        assert wire.write(b"\x81\x02Hi") is True
        frame = head + message.encode()
        assert transport.calls == [2 * frame, frame, 2 * frame]

    def it_lets_a_listener_write_until_the_transport_is_full(self, driver, wire, transport):
        transport.on_write = driver.io.pause

        @driver.on("message")
        def on_message(event):
            while driver.messages.write(b"x" * 125):
                pass

        assert wire.write(b"\x81\x02Hi") is False
        frame = b"\x82\x7d" + b"x" * 125
        waiting = BATCH_SIZE // len(frame) + 1
        assert transport.calls == [waiting * frame, frame]

    def it_writes_when_a_listener_raises(self, driver, wire, transport):
        @driver.on("message")
        def on_message(event):
            driver.text(event.data)
            if event.data == "Ho":
                raise KeyError(event.data)

        with pytest.raises(KeyError, match="Ho"):
            wire.write(b"\x81\x02Hi\x81\x02Ho\x81\x02He")
        assert transport.calls == [b"\x81\x02Hi\x81\x02Ho\x81\x02He"]

    def it_stays_in_order_when_a_listener_gives_it_more(self, driver, wire, transport):
        driver.on("message", lambda event: driver.text(event.data))
        driver.once("message", lambda event: wire.write(b"\x81\x02Ho"))
        wire.write(b"\x81\x02Hi")
        assert transport.calls == [b"\x81\x02Hi\x81\x02Ho"]

    def it_says_when_the_driver_wants_no_more(self, driver, wire):
        driver.messages.pause()
        assert wire.write(b"\x81\x02Hi") is False

    def it_says_when_writing_has_filled_the_transport(self, driver, wire, transport):
        transport.on_write = driver.io.pause
        assert wire.write(b"\x89\x00") is False
        driver.io.resume()
        transport.on_write = lambda: None
        assert wire.write(b"\x89\x00") is True

    def it_needs_the_io_of_a_driver(self, driver, transport):
        with pytest.raises(TypeError) as raised:
            websocket.Wire(driver, transport)
        assert str(raised.value).startswith("The first argument of Wire must be the io of a driver")

    @pytest.mark.parametrize("other", [None, print, websocket.client("ws://a/")])
    def it_needs_a_transport(self, driver, other):
        with pytest.raises(TypeError) as raised:
            websocket.Wire(driver.io, other)
        assert str(raised.value).startswith("A transport must have write() and close(), unlike")
