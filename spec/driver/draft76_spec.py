from __future__ import annotations

import pytest

from spec.driver.draft75_examples import Draft75Examples
from spec.support import Collector, WholeAndBytewise, record
from websocket_driver import Request
from websocket_driver.driver.draft76 import Draft76

HANDSHAKE = (
    b"HTTP/1.1 101 WebSocket Protocol Handshake\r\n"
    b"Upgrade: WebSocket\r\n"
    b"Connection: Upgrade\r\n"
    b"Sec-WebSocket-Origin: http://www.example.com\r\n"
    b"Sec-WebSocket-Location: ws://www.example.com/socket\r\n"
    b"\r\n"
)
BODY = b"\x91\x25\x3e\xd3\xa9\xe7\x6a\x88"
SIGNATURE = b"\xb4\x9c\x6e\x40\x53\x04\x04\x26\xe5\x1b\xbf\x6c\xb7\x9f\x1d\xf9"


def bad_request(message: bytes) -> bytes:
    return (
        b"HTTP/1.1 400 Bad Request\r\n"
        b"Content-Type: text/plain\r\n"
        b"Content-Length: %d\r\n"
        b"\r\n"
        b"%b" % (len(message), message)
    )


class DescribeDraft76(Draft75Examples):
    @pytest.fixture
    def headers(self):
        return {
            "connection": "Upgrade",
            "upgrade": "WebSocket",
            "origin": "http://www.example.com",
            "sec-websocket-key1": "1   38 wZ3f9 23O0 3l 0r",
            "sec-websocket-key2": "27   0E 6 2  1665:< ;U 1H",
        }

    @pytest.fixture
    def body(self):
        return BODY

    @pytest.fixture
    def options(self):
        return {"masking": False}

    @pytest.fixture
    def driver(self, headers, options, body):
        request = Request("GET", "/socket", headers)
        driver = Draft76(request, "ws://www.example.com/socket", options)
        driver.io.write(body)
        return driver

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
                assert wire.chunks == [HANDSHAKE, SIGNATURE]

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
                assert driver.version == "hixie-76"

            class DescribeWithAnInvalidKeyHeader:
                @pytest.fixture
                def headers(self, headers):
                    return {**headers, "sec-websocket-key1": "2 L785 8o% s9Sy9@V. 4<1P5"}

                def it_writes_a_handshake_error_response(self, driver, wire):
                    assert driver.start() is False
                    assert wire.chunks == [
                        b"HTTP/1.1 400 Bad Request\r\n"
                        b"Content-Type: text/plain\r\n"
                        b"Content-Length: 45\r\n"
                        b"\r\n"
                        b"Client sent invalid Sec-WebSocket-Key headers"
                    ]

                def it_does_not_trigger_the_onopen_event(self, driver, events):
                    driver.start()
                    assert ("open",) not in events

                def it_triggers_the_onerror_event(self, driver, events):
                    driver.start()
                    assert events[0] == ("error", "Client sent invalid Sec-WebSocket-Key headers")

                def it_triggers_the_onclose_event(self, driver, events):
                    driver.start()
                    assert events[1:] == [("close", None, None)]

                def it_changes_the_state_to_closed(self, driver):
                    driver.start()
                    assert driver.get_state() == "closed"

        class DescribeFrame:
            def it_does_not_write_to_the_socket(self, driver, wire):
                driver.frame("Hello, world")
                assert wire.chunks == []

            def it_returns_true(self, driver):
                assert driver.frame("whatever") is True

            def it_queues_the_frames_until_the_handshake_has_been_sent(self, driver, wire):
                driver.frame("Hi")
                driver.start()
                assert wire.chunks == [HANDSHAKE, SIGNATURE, b"\x00Hi\xff"]

        class DescribeWithNoRequestBody:
            @pytest.fixture
            def body(self):
                return b""

            def it_writes_the_handshake_response_with_no_body(self, driver, wire):
                driver.start()
                assert wire.chunks == [HANDSHAKE]

            def it_does_not_trigger_the_onopen_event(self, driver, events):
                driver.start()
                assert events == []

            def it_leaves_the_protocol_in_the_connecting_state(self, driver):
                driver.start()
                assert driver.get_state() == "connecting"

            class DescribeWhenTheRequestBodyIsReceived(WholeAndBytewise):
                @pytest.fixture(autouse=True)
                def start(self, driver, wire):
                    driver.start()
                    wire.clear()

                def it_sends_the_response_body(self, feed, wire):
                    feed(BODY)
                    assert wire.chunks == [SIGNATURE]

                def it_triggers_the_onopen_event(self, feed, events):
                    feed(BODY)
                    assert events == [("open",)]

                def it_changes_the_state_to_open(self, driver, feed):
                    feed(BODY)
                    assert driver.get_state() == "open"

                def it_sends_any_frames_queued_before_the_handshake_was_complete(
                    self, driver, feed, wire
                ):
                    driver.frame("hello")
                    feed(BODY)
                    assert wire.chunks == [SIGNATURE, b"\x00hello\xff"]

    class DescribeInTheOpenState:
        @pytest.fixture(autouse=True)
        def start(self, driver, events, wire):
            driver.start()
            events.clear()
            wire.clear()

        class DescribeParse(WholeAndBytewise):
            def it_closes_the_socket_if_a_close_frame_is_received(self, driver, feed, events):
                feed(b"\xff\x00")
                assert events == [("close", None, None)]
                assert driver.get_state() == "closed"

        class DescribeClose:
            def it_writes_a_close_message_to_the_socket(self, driver, wire):
                driver.close()
                assert wire.chunks == [b"\xff\x00"]

    class DescribeBeyondTheOriginal(WholeAndBytewise):
        """Of these the original has no examples."""

        @pytest.fixture
        def body(self):
            return b""

        def it_starts_once_while_it_waits_for_the_body(self, driver, wire):
            assert driver.start() is True
            assert driver.start() is False
            assert wire.chunks == [HANDSHAKE]

        def it_takes_frames_behind_the_body(self, driver, feed, events, wire):
            driver.start()
            feed(BODY + b"\x00Hello\xff")
            assert events == [("open",), ("message", "Hello")]
            assert wire.chunks == [HANDSHAKE, SIGNATURE]

        def it_keeps_body_and_frames_that_come_before_it_starts(self, driver, feed, events, wire):
            feed(BODY + b"\x00Hello\xff")
            assert events == []
            driver.start()
            assert events == [("open",), ("message", "Hello")]
            assert wire.chunks == [HANDSHAKE, SIGNATURE]

        def it_answers_a_closing_frame_with_one(self, driver, feed, events, wire):
            driver.start()
            feed(BODY + b"\xff\x00\x00late\xff")
            assert events == [("open",), ("close", None, None)]
            assert wire.chunks == [HANDSHAKE, SIGNATURE, b"\xff\x00"]

        def it_skips_other_frames_with_a_length_header(self, driver, feed, events):
            driver.start()
            feed(BODY + b"\x80\x81\x02" + b"\x00" * 130 + b"\x00Hello\xff")
            assert events == [("open",), ("message", "Hello")]

        def it_sends_no_closing_frame_before_it_is_open(self, driver, events, wire):
            driver.start()
            assert driver.close() is True
            assert events == [("close", None, None)]
            assert wire.chunks == [HANDSHAKE]

        @pytest.mark.parametrize("name", ["Sec-WebSocket-Key1", "Sec-WebSocket-Key2"])
        def it_refuses_a_request_without_a_key(self, headers, options, name):
            del headers[name.lower()]
            driver = Draft76(Request("GET", "/socket", headers), "ws://a.b/", options)
            events, wire = record(driver), driver.io.pipe(Collector())
            message = f"Missing required header: {name}"
            assert driver.start() is False
            assert wire.chunks == [bad_request(message.encode())]
            assert events == [("error", message), ("close", None, None)]

        def it_reports_a_missing_key_before_an_invalid_one(self, headers, options):
            headers["sec-websocket-key1"] = "12345"
            del headers["sec-websocket-key2"]
            driver = Draft76(Request("GET", "/socket", headers), "ws://a.b/", options)
            events = record(driver)
            assert driver.start() is False
            message = "Missing required header: Sec-WebSocket-Key2"
            assert events == [("error", message), ("close", None, None)]

        @pytest.mark.parametrize(
            "key",
            [
                "12345",  # no space to divide by
                "a b c",  # no number
                "0 0",  # nothing
                "1 2 5",  # not a whole number
                "4294967296 ",  # not 32 bits
                "9" * 5000 + " ",  # not a number to be counted with
            ],
        )
        def it_refuses_a_key_that_hides_no_number(self, headers, options, key):
            headers["sec-websocket-key2"] = key
            driver = Draft76(Request("GET", "/socket", headers), "ws://a.b/", options)
            events, wire = record(driver), driver.io.pipe(Collector())
            message = "Client sent invalid Sec-WebSocket-Key headers"
            assert driver.start() is False
            assert wire.chunks == [bad_request(message.encode())]
            assert events == [("error", message), ("close", None, None)]
