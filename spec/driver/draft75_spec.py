from __future__ import annotations

import pytest

from spec.driver.draft75_examples import Draft75Examples
from spec.support import Collector, WholeAndBytewise, record
from websocket_driver import Request
from websocket_driver.driver.draft75 import Draft75
from websocket_driver.driver.draft76 import Draft76

HANDSHAKE = (
    b"HTTP/1.1 101 Web Socket Protocol Handshake\r\n"
    b"Upgrade: WebSocket\r\n"
    b"Connection: Upgrade\r\n"
    b"WebSocket-Origin: http://www.example.com\r\n"
    b"WebSocket-Location: ws://www.example.com/socket\r\n"
    b"\r\n"
)


class DescribeDraft75(Draft75Examples):
    @pytest.fixture
    def headers(self):
        return {
            "connection": "Upgrade",
            "upgrade": "WebSocket",
            "origin": "http://www.example.com",
        }

    @pytest.fixture
    def options(self):
        return {"masking": False}

    @pytest.fixture
    def driver(self, headers, options):
        request = Request("GET", "/socket", headers)
        return Draft75(request, "ws://www.example.com/socket", options)

    @pytest.fixture(autouse=True)
    def events(self, driver):
        return record(driver)

    @pytest.fixture(autouse=True)
    def wire(self, driver):
        return driver.io.pipe(Collector())

    class DescribeInTheConnectingState:
        def it_starts_in_the_connecting_state(self, driver):
            assert driver.get_state() == "connecting"

        class DescribeStart:
            def it_writes_the_handshake_response_to_the_socket(self, driver, wire):
                driver.start()
                assert wire.chunks == [HANDSHAKE]

            def it_returns_true(self, driver):
                assert driver.start() is True

            def it_triggers_the_onopen_event(self, driver, events):
                driver.start()
                assert events == [("open",)]

            def it_changes_the_state_to_open(self, driver):
                driver.start()
                assert driver.get_state() == "open"

            def it_sets_the_protocol_version(self, driver):
                driver.start()
                assert driver.version == "hixie-75"

        class DescribeFrame:
            def it_does_not_write_to_the_socket(self, driver, wire):
                driver.frame("Hello, world")
                assert wire.chunks == []

            def it_returns_true(self, driver):
                assert driver.frame("whatever") is True

            def it_queues_the_frames_until_the_handshake_has_been_sent(self, driver, wire):
                driver.frame("Hi")
                driver.start()
                assert wire.chunks == [HANDSHAKE, b"\x00Hi\xff"]

    class DescribeBeyondTheOriginal(WholeAndBytewise):
        """Of these the original has no examples."""

        @pytest.fixture
        def options(self):
            return {"max_length": 200}

        @pytest.fixture(autouse=True)
        def start(self, driver, events, wire):
            driver.start()
            events.clear()
            wire.clear()

        def it_starts_once(self, driver, wire):
            assert driver.start() is False
            assert wire.chunks == []

        def it_takes_a_length_of_several_bytes(self, feed, events):
            feed(b"\x80\x81\x02" + b"\x00" * 130 + b"\x00Hello\xff")
            assert events == [("message", "Hello")]

        def it_takes_a_length_of_zero(self, feed, events):
            feed(b"\x80\x00\x00Hello\xff")
            assert events == [("message", "Hello")]

        def it_takes_a_length_of_as_much_as_may_come(self, feed, events):
            feed(b"\x80\x81\x48" + b"\x00" * 200 + b"\x00Hello\xff")
            assert events == [("message", "Hello")]

        def it_closes_at_a_length_that_is_too_large(self, driver, feed, events):
            feed(b"\x80\x81\x49" + b"\x00" * 201 + b"\x00Hello\xff")
            assert events == [("close", None, None)]
            assert driver.get_state() == "closed"

        def it_takes_as_much_text_as_may_come(self, feed, events):
            feed(b"\x00" + b"a" * 200 + b"\xff")
            assert events == [("message", "a" * 200)]

        def it_closes_at_a_text_that_is_too_long(self, driver, feed, events):
            feed(b"\x00" + b"a" * 201 + b"\xff\x00Hello\xff")
            assert events == [("close", None, None)]
            assert driver.get_state() == "closed"

        def it_replaces_what_is_not_utf8(self, feed, events):
            feed(b"\x00a\xc3b\xff")
            assert events == [("message", "a\ufffdb")]

        def it_has_no_closing_frame(self, feed, events):
            feed(b"\xff\x00\x00Hello\xff")
            assert events == [("message", "Hello")]

        @pytest.mark.parametrize("data", [b"\xff", [0xC3], bytearray(b"a\xe2\x82")])
        def it_refuses_a_text_message_that_is_not_utf8(self, driver, wire, data):
            driver.start()
            wire.clear()
            with pytest.raises(ValueError, match=r"^A text message must be valid UTF-8$"):
                driver.text(data)
            assert driver.text("\u20ac".encode()) is True
            assert wire.bytes == b"\x00\xe2\x82\xac\xff"

        @pytest.mark.parametrize("data", [b"Hi", bytearray(b"Hi"), [72, 105]])
        def it_sends_bytes_as_text(self, driver, wire, data):
            assert driver.frame(data) is True
            assert wire.chunks == [b"\x00Hi\xff"]

        def it_sends_no_binary_message(self, driver, wire):
            assert driver.binary(b"Hi") is False
            assert wire.chunks == []

        def it_emits_nothing_once_closed(self, driver, feed, events):
            driver.close()
            feed(b"\x00Hello\xff")
            assert events == [("close", None, None)]

        def it_closes_once(self, driver, events):
            assert driver.close() is True
            assert driver.close() is False
            assert events == [("close", None, None)]

        def it_sends_nothing_once_closed(self, driver, wire):
            driver.close()
            assert driver.frame("Hi") is False
            assert driver.text("Hi") is False
            assert wire.chunks == []


class DescribeAnOriginThatCannotHaveArrived:
    @pytest.mark.parametrize("version", [Draft75, Draft76])
    def it_is_refused(self, version):
        headers = {
            "host": "a.b",
            "connection": "Upgrade",
            "upgrade": "WebSocket",
            "origin": "http://\u0100",
            "sec-websocket-key1": "1 2",
            "sec-websocket-key2": "1 2",
        }
        driver = version(Request("GET", "/", headers), "ws://a.b/")
        events, wire = record(driver), driver.io.pipe(Collector())
        assert driver.start() is False
        assert wire.bytes.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert [name for name, *_ in events] == ["error", "close"]
