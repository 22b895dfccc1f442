"""The original's examples keep their names, including their spelling."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import accumulate
from types import SimpleNamespace

import pytest

from spec.allocations import allocations
from spec.support import Collector, WholeAndBytewise, masked, one_by_one, record
from websocket_driver import ProtocolError, Request
from websocket_driver.driver.hybi import Hybi

HANDSHAKE = (
    b"HTTP/1.1 101 Switching Protocols\r\n"
    b"Upgrade: websocket\r\n"
    b"Connection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: JdiiuafpBKRqD7eol0y4vJDTsTs=\r\n"
    b"\r\n"
)


class ListenerError(Exception):
    """An exception that the listeners of these examples raise."""


class DescribeHybi:
    @pytest.fixture
    def headers(self):
        return {
            "connection": "Upgrade",
            "upgrade": "websocket",
            "origin": "http://www.example.com",
            "sec-websocket-key": "JFBCWHksyIpXV+6Wlq/9pw==",
            "sec-websocket-version": "13",
        }

    @pytest.fixture
    def options(self):
        return {"masking": False}

    @pytest.fixture
    def driver(self, headers, options):
        request = Request("GET", "/socket", headers)
        return Hybi(request, "ws://www.example.com/socket", options)

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

            class DescribeWithSubprotocols:
                @pytest.fixture
                def headers(self, headers):
                    return {**headers, "sec-websocket-protocol": "foo, bar, xmpp"}

                @pytest.fixture
                def options(self, options):
                    return {**options, "protocols": ["xmpp"]}

                def it_writes_the_handshake_with_sec_websocket_protocol(self, driver, wire):
                    driver.start()
                    assert wire.chunks == [
                        b"HTTP/1.1 101 Switching Protocols\r\n"
                        b"Upgrade: websocket\r\n"
                        b"Connection: Upgrade\r\n"
                        b"Sec-WebSocket-Accept: JdiiuafpBKRqD7eol0y4vJDTsTs=\r\n"
                        b"Sec-WebSocket-Protocol: xmpp\r\n"
                        b"\r\n"
                    ]

                def it_sets_the_subprotocol(self, driver):
                    driver.start()
                    assert driver.protocol == "xmpp"

            class DescribeWithInvalidExtensions:
                REASON = "Invalid Sec-WebSocket-Extensions header: x-webkit- -frame"

                @pytest.fixture
                def headers(self, headers):
                    return {**headers, "sec-websocket-extensions": "x-webkit- -frame"}

                def it_writes_a_handshake_error_response(self, driver, wire):
                    assert driver.start() is False
                    assert wire.chunks == [
                        b"HTTP/1.1 400 Bad Request\r\n"
                        b"Content-Type: text/plain\r\n"
                        b"Content-Length: 57\r\n"
                        b"\r\n"
                        b"Invalid Sec-WebSocket-Extensions header: x-webkit- -frame"
                    ]

                def it_does_not_trigger_the_onopen_event(self, driver, events):
                    driver.start()
                    assert ("open",) not in events

                def it_triggers_the_onerror_event(self, driver, events):
                    driver.start()
                    assert events[0] == ("error", self.REASON)

                def it_triggers_the_onclose_event(self, driver, events):
                    driver.start()
                    assert events[1:] == [("close", 1002, self.REASON)]

                def it_changes_the_state_to_closed(self, driver):
                    driver.start()
                    assert driver.get_state() == "closed"

            class DescribeWithCustomHeaders:
                @pytest.fixture(autouse=True)
                def set_header(self, driver):
                    assert driver.set_header("Authorization", "Bearer WAT") is True

                def it_writes_the_handshake_with_the_custom_headers(self, driver, wire):
                    driver.start()
                    assert wire.chunks == [
                        b"HTTP/1.1 101 Switching Protocols\r\n"
                        b"Authorization: Bearer WAT\r\n"
                        b"Upgrade: websocket\r\n"
                        b"Connection: Upgrade\r\n"
                        b"Sec-WebSocket-Accept: JdiiuafpBKRqD7eol0y4vJDTsTs=\r\n"
                        b"\r\n"
                    ]

            def it_writes_each_header_once_and_prefers_the_callers(self, driver, wire):
                assert driver.set_header("Sec-WebSocket-Accept", "mine") is True
                driver.start()
                assert wire.chunks == [
                    b"HTTP/1.1 101 Switching Protocols\r\n"
                    b"Sec-WebSocket-Accept: mine\r\n"
                    b"Upgrade: websocket\r\n"
                    b"Connection: Upgrade\r\n"
                    b"\r\n"
                ]

            def it_triggers_the_onopen_event(self, driver, events):
                driver.start()
                assert events == [("open",)]

            def it_changes_the_state_to_open(self, driver):
                driver.start()
                assert driver.get_state() == "open"

            def it_sets_the_protocol_version(self, driver):
                driver.start()
                assert driver.version == "hybi-13"

        class DescribeFrame:
            def it_does_not_write_to_the_socket(self, driver, wire):
                driver.frame("Hello, world")
                assert wire.chunks == []

            def it_returns_true(self, driver):
                assert driver.frame("whatever") is True

            def it_queues_the_frames_until_the_handshake_has_been_send(self, driver, wire):
                driver.frame("Hi")
                driver.start()
                assert wire.chunks == [HANDSHAKE, b"\x81\x02Hi"]

        class DescribePing:
            def it_does_not_write_to_the_socket(self, driver, wire):
                driver.ping()
                assert wire.chunks == []

            def it_returns_true(self, driver):
                assert driver.ping() is True

            def it_queues_the_ping_until_the_handshake_has_been_send(self, driver, wire):
                driver.ping()
                driver.start()
                assert wire.chunks == [HANDSHAKE, b"\x89\x00"]

        class DescribePong:
            def it_does_not_write_to_the_socket(self, driver, wire):
                driver.pong()
                assert wire.chunks == []

            def it_returns_true(self, driver):
                assert driver.pong() is True

            def it_queues_the_pong_until_the_handshake_has_been_sent(self, driver, wire):
                driver.pong()
                driver.start()
                assert wire.chunks == [HANDSHAKE, b"\x8a\x00"]

        class DescribeClose:
            def it_does_not_write_anything_to_the_socket(self, driver, wire):
                driver.close()
                assert wire.chunks == []

            def it_returns_true(self, driver):
                assert driver.close() is True

            def it_triggers_the_onclose_event(self, driver, events):
                driver.close()
                assert events == [("close", 1000, "")]

            def it_changes_the_state_to_closed(self, driver):
                driver.close()
                assert driver.get_state() == "closed"

    class DescribeInTheOpenState:
        @pytest.fixture(autouse=True)
        def start(self, driver, events, wire):
            driver.start()
            events.clear()
            wire.clear()

        class DescribeParse(WholeAndBytewise):
            def it_parses_unmasked_text_frames(self, feed, events):
                feed(b"\x81\x05Hello")
                assert events == [("message", "Hello")]

            def it_parses_multiple_frames_from_the_same_packet(self, feed, events):
                feed(b"\x81\x05Hello\x81\x05Hello")
                assert events == [("message", "Hello"), ("message", "Hello")]

            def it_parses_empty_text_frames(self, feed, events):
                feed(b"\x81\x00")
                assert events == [("message", "")]

            def it_parses_fragmented_text_frames(self, feed, events):
                feed(b"\x01\x03Hel", b"\x80\x02lo")
                assert events == [("message", "Hello")]

            def it_parses_masked_text_frames(self, feed, events):
                feed(b"\x81\x85", masked(b"Hello"))
                assert events == [("message", "Hello")]

            def it_parses_masked_empty_text_frames(self, feed, events):
                feed(b"\x81\x80", masked(b""))
                assert events == [("message", "")]

            def it_parses_masked_fragmented_text_frames(self, feed, events):
                feed(b"\x01\x81", masked(b"H"), b"\x80\x84", masked(b"ello"))
                assert events == [("message", "Hello")]

            def it_closes_the_socket_if_the_frame_has_an_unrecognized_opcode(
                self, driver, feed, events, wire
            ):
                feed(b"\x83\x00")
                assert wire.chunks == [b"\x88\x1e\x03\xeaUnrecognized frame opcode: 3"]
                assert events == [
                    ("error", "Unrecognized frame opcode: 3"),
                    ("close", 1002, "Unrecognized frame opcode: 3"),
                ]
                assert driver.get_state() == "closed"

            def it_closes_the_socket_if_a_close_frame_is_received(self, driver, feed, events, wire):
                feed(b"\x88\x07\x03\xe8Hello")
                assert wire.chunks == [b"\x88\x07\x03\xe8Hello"]
                assert events == [("close", 1000, "Hello")]
                assert driver.get_state() == "closed"

            def it_parses_unmasked_multibyte_text_frames(self, feed, events):
                feed(b"\x81\x0bApple = \xef\xa3\xbf")
                assert events == [("message", "Apple = \uf8ff")]

            def it_parses_frames_received_in_several_packets(self, feed, events):
                feed(b"\x81\x0bAppl", b"e = \xef\xa3\xbf")
                assert events == [("message", "Apple = \uf8ff")]

            def it_parses_fragmented_multibyte_text_frames(self, feed, events):
                feed(b"\x01\x0aApple = \xef\xa3", b"\x80\x01\xbf")
                assert events == [("message", "Apple = \uf8ff")]

            def it_parse_masked_multibyte_text_frames(self, feed, events):
                feed(b"\x81\x8b", masked(b"Apple = \xef\xa3\xbf"))
                assert events == [("message", "Apple = \uf8ff")]

            def it_parses_masked_fragmented_multibyte_text_frames(self, feed, events):
                feed(b"\x01\x8a", masked(b"Apple = \xef\xa3"), b"\x80\x81", masked(b"\xbf"))
                assert events == [("message", "Apple = \uf8ff")]

            def it_parses_unmasked_medium_length_text_frames(self, feed, events):
                feed(b"\x81\x7e\x00\xc8", *[b"Hello"] * 40)
                assert events == [("message", "Hello" * 40)]

            def it_returns_an_error_for_too_large_frames(self, driver, feed, events, wire):
                feed(b"\x81\x7f\x00\x00\x00\x00\x40\x00\x00\x00")
                assert wire.chunks == [b"\x88\x22\x03\xf1WebSocket frame length too large"]
                assert events == [
                    ("error", "WebSocket frame length too large"),
                    ("close", 1009, "WebSocket frame length too large"),
                ]
                assert driver.get_state() == "closed"

            def it_parses_masked_medium_length_text_frames(self, feed, events):
                feed(b"\x81\xfe\x00\xc8", masked(b"Hello" * 40))
                assert events == [("message", "Hello" * 40)]

            def it_replies_to_pings_with_a_pong(self, feed, wire):
                feed(b"\x89\x04OHAI")
                assert wire.chunks == [b"\x8a\x04OHAI"]

            def it_triggers_the_onping_event_when_a_ping_arrives(self, feed, events):
                feed(b"\x89\x04OHAI")
                assert events == [("ping", "OHAI")]

            class DescribeWhenAMessageListenerThrowsAnError:
                @pytest.fixture(autouse=True)
                def messages(self, driver):
                    messages = []

                    @driver.on("message")
                    def throw(event):
                        messages.append(event.data)
                        raise ListenerError("an error")

                    return messages

                def it_is_not_trapped_by_the_parser(self, feed, messages):
                    with pytest.raises(ListenerError, match="an error"):
                        feed(b"\x81\x05Hello")
                    assert messages == ["Hello"]

                def it_parses_unmasked_text_frames_without_dropping_input(
                    self, driver, cut, messages
                ):
                    for chunk in cut(b"\x81\x05Hello\x81\x05") + cut(b"World"):
                        with suppress(ListenerError):
                            driver.parse(chunk)
                    assert messages == ["Hello", "World"]

        class DescribeFrame:
            def it_formats_the_given_string_as_a_websocket_frame(self, driver, wire):
                driver.frame("Hello")
                assert wire.chunks == [b"\x81\x05Hello"]

            def it_formats_a_byte_array_as_a_binary_websocket_frame(self, driver, wire):
                driver.frame([0x48, 0x65, 0x6C])
                assert wire.chunks == [b"\x82\x03Hel"]

            def it_converts_numbers_to_strings(self, driver, wire):
                driver.frame(50)
                assert wire.chunks == [b"\x81\x0250"]

            def it_encodes_multibyte_characters_correctly(self, driver, wire):
                driver.frame("Apple = \uf8ff")
                assert wire.chunks == [b"\x81\x0bApple = \xef\xa3\xbf"]

            def it_encodes_medium_length_strings_using_extra_length_bytes(self, driver, wire):
                driver.frame("Hello" * 40)
                assert wire.chunks == [b"\x81\x7e\x00\xc8" + b"Hello" * 40]

            def it_encodes_close_frames_with_an_error_code(self, driver, wire):
                driver.frame("Hello", "close", 1002)
                assert wire.chunks == [b"\x88\x07\x03\xeaHello"]

            def it_encodes_pong_frames(self, driver, wire):
                driver.frame("", "pong")
                assert wire.chunks == [b"\x8a\x00"]

        class DescribePing(WholeAndBytewise):
            def it_writes_a_ping_frame_to_the_socket(self, driver, wire):
                driver.ping("mic check")
                assert wire.chunks == [b"\x89\x09mic check"]

            def it_converts_numbers_to_strings(self, driver, wire):
                driver.ping(50)
                assert wire.chunks == [b"\x89\x0250"]

            def it_returns_true(self, driver):
                assert driver.ping() is True

            def it_runs_the_given_callback_on_mathing_pong(self, driver, feed):
                replies = []
                driver.ping("Hi", lambda: replies.append(True))
                feed(b"\x8a\x02Hi")
                assert replies == [True]

            def it_triggers_the_onpong_event_when_a_pong_arrives(self, feed, events):
                feed(b"\x8a\x02Hi")
                assert events == [("pong", "Hi")]

            def it_does_not_run_the_callback_on_non_matching_pong(self, driver, feed):
                replies = []
                driver.ping("Hi", lambda: replies.append(True))
                feed(b"\x8a\x03wat")
                assert replies == []

        class DescribePong:
            def it_writes_a_pong_frame_to_the_socket(self, driver, wire):
                driver.pong("mic check")
                assert wire.chunks == [b"\x8a\x09mic check"]

            def it_returns_true(self, driver):
                assert driver.pong() is True

        class DescribeClose:
            def it_writes_a_close_frame_to_the_socket(self, driver, wire):
                driver.close("<%= reasons %>", 1003)
                assert wire.chunks == [b"\x88\x10\x03\xeb<%= reasons %>"]

            def it_returns_true(self, driver):
                assert driver.close() is True

            def it_does_not_trigger_the_close_event(self, driver, events):
                driver.close()
                assert [event for event in events if event[0] == "close"] == []

            def it_does_not_trigger_the_onerror_event(self, driver, events):
                driver.close()
                assert [event for event in events if event[0] == "error"] == []

            def it_changes_the_state_to_closing(self, driver):
                driver.close()
                assert driver.get_state() == "closing"

    class DescribeWhenMaskingIsRequired(WholeAndBytewise):
        @pytest.fixture
        def options(self, options):
            return {**options, "require_masking": True}

        @pytest.fixture(autouse=True)
        def start(self, driver, events, wire):
            driver.start()
            events.clear()
            wire.clear()

        def it_does_not_emit_a_message(self, feed, events):
            feed(b"\x81\x05Hello")
            assert [event for event in events if event[0] == "message"] == []

        def it_returns_an_error(self, feed, events, wire):
            feed(b"\x81\x05Hello")
            assert events == [
                ("error", "Received unmasked frame but masking is required"),
                ("close", 1003, "Received unmasked frame but masking is required"),
            ]
            assert wire.chunks == [
                b"\x88\x31\x03\xebReceived unmasked frame but masking is required"
            ]

    class DescribeInTheClosingState(WholeAndBytewise):
        @pytest.fixture(autouse=True)
        def close(self, driver, events, wire):
            driver.start()
            driver.close()
            events.clear()
            wire.clear()

        class DescribeFrame:
            def it_does_not_write_to_the_socket(self, driver, wire):
                driver.frame("dropped")
                assert wire.chunks == []

            def it_returns_true(self, driver):
                assert driver.frame("wut") is True

        class DescribePing:
            def it_does_not_write_to_the_socket(self, driver, wire):
                driver.ping()
                assert wire.chunks == []

            def it_returns_false(self, driver):
                assert driver.ping() is False

        class DescribePong:
            def it_does_not_write_to_the_socket(self, driver, wire):
                driver.pong()
                assert wire.chunks == []

            def it_returns_false(self, driver):
                assert driver.pong() is False

        class DescribeClose:
            def it_does_not_write_to_the_socket(self, driver, wire):
                driver.close()
                assert wire.chunks == []

            def it_returns_false(self, driver):
                assert driver.close() is False

        class DescribeReceivingACloseFrame:
            @pytest.fixture(autouse=True)
            def receive(self, close, feed):
                feed(b"\x88\x04\x03\xe9OK")

            def it_triggers_the_onclose_event(self, events):
                assert events == [("close", 1001, "OK")]

            def it_changes_the_state_to_closed(self, driver):
                assert driver.get_state() == "closed"

            def it_does_not_write_another_close_frame(self, feed, wire):
                feed(b"\x88\x04\x03\xe9OK")
                assert wire.chunks == []

        class DescribeReceivingACloseFrameWithATooShortPayload:
            @pytest.fixture(autouse=True)
            def receive(self, close, feed):
                feed(b"\x88\x01\x03")

            def it_triggers_the_onclose_event_with_a_protocol_error(self, events):
                assert events == [("close", 1002, "")]

            def it_changes_the_state_to_closed(self, driver):
                assert driver.get_state() == "closed"

        class DescribeReceivingACloseFrameWithNoCode:
            @pytest.fixture(autouse=True)
            def receive(self, close, feed):
                feed(b"\x88\x00")

            def it_triggers_the_onclose_event_with_code_1000(self, events):
                assert events == [("close", 1000, "")]

            def it_changes_the_state_to_closed(self, driver):
                assert driver.get_state() == "closed"

    class DescribeInTheClosedState:
        @pytest.fixture(autouse=True)
        def close(self, driver, events, wire):
            driver.start()
            driver.close()
            driver.parse(b"\x88\x02\x03\xea")
            events.clear()
            wire.clear()

        class DescribeFrame:
            def it_does_not_write_to_the_socket(self, driver, wire):
                driver.frame("dropped")
                assert wire.chunks == []

            def it_returns_false(self, driver):
                assert driver.frame("wut") is False

        class DescribePing:
            def it_does_not_write_to_the_socket(self, driver, wire):
                driver.ping()
                assert wire.chunks == []

            def it_returns_false(self, driver):
                assert driver.ping() is False

        class DescribePong:
            def it_does_not_write_to_the_socket(self, driver, wire):
                driver.pong()
                assert wire.chunks == []

            def it_returns_false(self, driver):
                assert driver.pong() is False

        class DescribeClose:
            def it_does_not_write_to_the_socket(self, driver, wire):
                driver.close()
                assert wire.chunks == []

            def it_returns_false(self, driver):
                assert driver.close() is False

            def it_leaves_the_state_as_closed(self, driver, events):
                driver.close()
                assert driver.get_state() == "closed"
                assert events == []

    class DescribeBeyondTheOriginal:
        """Of these the original has no examples."""

        @pytest.fixture
        def options(self, options):
            return {**options, "max_length": 200}

        class DescribeFrame:
            def it_queues_a_close_frame_with_its_code(self, driver, wire):
                assert driver.frame("bye", "close", 1001) is True
                assert wire.chunks == []
                driver.start()
                assert wire.bytes == HANDSHAKE + b"\x88\x05\x03\xe9bye"

        class DescribeClose:
            @pytest.mark.parametrize(
                ("reason", "text"), [("grün", "grün"), ("grün".encode(), "grün"), (None, "")]
            )
            def it_has_a_reason_before_the_connection_is_open(self, driver, events, reason, text):
                assert driver.close(reason, 1001) is True
                assert events == [("close", 1001, text)]

        class DescribeStart:
            def it_returns_false_the_second_time(self, driver, wire):
                driver.start()
                assert driver.start() is False
                assert wire.chunks == [HANDSHAKE]

            def it_sends_one_handshake_if_the_listener_of_the_wire_starts_it_again(
                self, driver, events, wire
            ):
                starts = []
                driver.io.once("data", lambda chunk: starts.append(driver.start()))
                assert driver.start() is True
                assert starts == [False]
                assert wire.chunks == [HANDSHAKE]
                assert events == [("open",)]

            @pytest.mark.parametrize(
                ("name", "value", "reason"),
                [
                    ("sec-websocket-version", "8", "Unsupported WebSocket version: 8"),
                    (
                        "sec-websocket-version",
                        None,
                        "Missing handshake request header: Sec-WebSocket-Version",
                    ),
                    (
                        "sec-websocket-key",
                        None,
                        "Missing handshake request header: Sec-WebSocket-Key",
                    ),
                    (
                        "sec-websocket-key",
                        "2vBVWg4Qyk3ZoM/5d3QD9Q=",
                        "Invalid handshake request header: Sec-WebSocket-Key",
                    ),
                    *(
                        (
                            "sec-websocket-key",
                            key,
                            "Invalid handshake request header: Sec-WebSocket-Key",
                        )
                        for key in (
                            "dGhl IHNhbXBsZSBub25jZQ==",
                            "!GhlIHNhbXBsZSBub25jZQ==",
                            "AAAAAAAAAAAAAAAAAAAAA===",
                            "AAAAAAAAAAAAAAAAAAAAAAAA",
                        )
                    ),
                    ("upgrade", "h2c", "Not a WebSocket request"),
                    ("content-length", "1", "A WebSocket request has no body"),
                ],
            )
            def it_refuses_a_request_that_is_not_right(self, headers, options, name, value, reason):
                request = Request("GET", "/socket", {**headers, name: value})
                driver = Hybi(request, "ws://www.example.com/socket", options)
                events, wire = record(driver), driver.io.pipe(Collector())
                assert driver.start() is False
                version = b"Sec-WebSocket-Version: 13\r\n" if name.endswith("version") else b""
                assert wire.chunks == [
                    b"HTTP/1.1 400 Bad Request\r\n"
                    b"Content-Type: text/plain\r\n"
                    b"Content-Length: %d\r\n"
                    b"%b"
                    b"\r\n"
                    b"%b" % (len(reason), version, reason.encode())
                ]
                assert events == [("error", reason), ("close", 1002, reason)]
                assert driver.get_state() == "closed"

        class DescribeInTheOpenState(WholeAndBytewise):
            @pytest.fixture(autouse=True)
            def start(self, driver, events, wire):
                driver.start()
                events.clear()
                wire.clear()

            @pytest.mark.parametrize(
                ("input", "code", "reason"),
                [
                    (
                        b"\xc1\x00",
                        1002,
                        "One or more reserved bits are on: "
                        "reserved1 = 1, reserved2 = 0, reserved3 = 0",
                    ),
                    (
                        b"\xf1\x00",
                        1002,
                        "One or more reserved bits are on: "
                        "reserved1 = 1, reserved2 = 1, reserved3 = 1",
                    ),
                    (b"\x09\x00", 1002, "Received fragmented control frame: opcode = 9"),
                    (
                        b"\x89\x7e\x00\x7e" + b"a" * 126,
                        1002,
                        "Received control frame having too long payload: 126",
                    ),
                    (b"\x80\x00", 1002, "Received unexpected continuation frame"),
                    (
                        b"\x01\x01H\x81\x01i",
                        1002,
                        "Received new data frame but previous continuous frame is unfinished",
                    ),
                    (b"\x81\x01\xff", 1007, "Could not decode a text frame as UTF-8"),
                    (
                        b"\x01\x7e\x00\x96" + b"a" * 150 + b"\x80\x33" + b"a" * 51,
                        1009,
                        "WebSocket frame length too large",
                    ),
                ],
            )
            def it_fails_the_connection(self, driver, feed, events, wire, input, code, reason):
                feed(input)
                assert events == [("error", reason), ("close", code, reason)]
                assert wire.bytes == (
                    bytes([0x88, 2 + len(reason)]) + code.to_bytes(2, "big") + reason.encode()
                )
                assert driver.get_state() == "closed"

                # and nothing after that is parsed
                feed(b"\x81\x05Hello\x89\x00")
                assert len(events) == 2
                assert len(wire.chunks) == 1

            def it_takes_control_frames_between_fragments(self, feed, events, wire):
                feed(b"\x01\x01H\x89\x01p\x8a\x01q\x80\x01i")
                assert events == [("ping", "p"), ("pong", "q"), ("message", "Hi")]
                assert wire.chunks == [b"\x8a\x01p"]

            def it_takes_binary_messages(self, feed, events):
                feed(b"\x82\x02\xff\x00", b"\x02\x01\xff", b"\x80\x01\x00")
                assert events == [("message", b"\xff\x00"), ("message", b"\xff\x00")]

            def it_takes_lengths_of_8_bytes(self, feed, events):
                feed(b"\x82\x7f" + b"\x00" * 7 + b"\xc8" + b"a" * 200)
                assert events == [("message", b"a" * 200)]

            @pytest.mark.parametrize(
                ("payload", "code", "reason", "reply"),
                [
                    (b"", 1000, "", b"\x03\xe8"),
                    (b"\x03\xe9", 1001, "", b"\x03\xe9"),
                    (b"\x0b\xb8bye", 3000, "bye", b"\x0b\xb8bye"),
                    (b"\x03\xed", 1002, "", b"\x03\xea"),  # 1005 is never sent
                    (b"\x13\x88", 1002, "", b"\x03\xea"),  # 5000 is no code
                    (b"\x03", 1002, "", b"\x03\xea"),
                    (b"\x03\xe8\xff", 1002, "", b"\x03\xea"),  # not UTF-8
                ],
            )
            def it_answers_a_close_frame(self, feed, events, wire, payload, code, reason, reply):
                feed(bytes([0x88, len(payload)]) + payload)
                assert events == [("close", code, reason)]
                assert wire.chunks == [bytes([0x88, len(reply)]) + reply]

            def it_runs_the_callback_of_a_ping_once(self, driver, feed):
                replies = []
                driver.ping("Hi", lambda: replies.append(True))
                feed(b"\x8a\x02Hi", b"\x8a\x02Hi")
                assert replies == [True]

            def it_runs_the_callback_of_each_ping(self, driver, feed):
                replies = []
                driver.ping("a", lambda: replies.append("a"))
                driver.ping("b", lambda: replies.append("b"))
                feed(b"\x8a\x01a", b"\x8a\x01c", b"\x8a\x01b")
                assert replies == ["a", "b"]

            def it_runs_the_callbacks_of_all_pings_up_to_the_one_that_is_answered(
                self, driver, feed
            ):
                replies = []
                for name, payload in [("1", "a"), ("2", "b"), ("3", "a"), ("4", "c")]:
                    driver.ping(payload, lambda name=name: replies.append(name))
                feed(b"\x8a\x01a")
                assert replies == ["1", "2", "3"]
                feed(b"\x8a\x01b", b"\x8a\x01a")
                assert replies == ["1", "2", "3"]
                feed(b"\x8a\x01c")
                assert replies == ["1", "2", "3", "4"]

            def it_runs_the_callback_of_a_ping_as_a_task_if_it_is_a_coroutine_function(
                self, driver, wire
            ):
                replies = []

                async def callback():
                    replies.append(True)

                async def main():
                    driver.ping("Hi", callback)
                    driver.parse(b"\x8a\x02Hi")
                    assert replies == []
                    await asyncio.sleep(0)
                    assert replies == [True]

                asyncio.run(main())

            def it_raises_for_a_coroutine_function_where_no_loop_runs(self, driver, events):
                async def callback():
                    pass

                driver.ping("Hi", callback)
                with pytest.raises(RuntimeError, match=r"callback.* needs a running asyncio loop"):
                    driver.parse(b"\x8a\x02Hi")
                assert events == [("pong", "Hi")]

            def it_forgets_no_ping_for_one_that_cannot_be_sent(self, headers):
                driver = Hybi(Request("GET", "/", headers), "ws://a/", {"max_pings": 1})
                driver.start()
                replies = []
                driver.ping("a", lambda: replies.append("a"))
                with pytest.raises(ValueError, match="125 bytes at most, not 126"):
                    driver.ping("b" * 126, lambda: replies.append("b"))
                driver.parse(b"\x8a\x01a")
                assert replies == ["a"]

            @pytest.mark.parametrize(("first", "event"), [(b"\x89", "ping"), (b"\x8a", "pong")])
            @pytest.mark.parametrize(
                ("payload", "text"), [(b"", ""), (b"a\xff\x00", "a\ufffd\x00"), (b"\xc3\xbc", "ü")]
            )
            def it_has_the_bytes_of_a_ping_and_of_a_pong(
                self, driver, feed, first, event, payload, text
            ):
                heard = []
                driver.on(event, lambda event: heard.append((event.data, event.payload)))
                feed(first + bytes([len(payload)]) + payload)
                assert heard == [(text, payload)]

            def it_raises_for_a_callback_that_cannot_be_called(self, driver, wire):
                with pytest.raises(TypeError, match="callback of a ping must be callable, not 5"):
                    driver.ping("Hi", 5)
                assert wire.chunks == []

            def it_drops_the_messages_behind_one_whose_listener_closes(self, driver, feed, events):
                driver.once("message", lambda event: driver.close("bye", 1001))
                feed(b"\x81\x01a\x81\x01b\x82\x01c" + b"\x01\x01d\x80\x01e")
                assert events == [("message", "a")]
                assert driver.get_state() == "closing"
                feed(b"\x88\x05\x03\xe9bye")
                assert events[1:] == [("close", 1001, "bye")]

            def it_holds_nothing_of_a_frame_that_continues_nothing(self, driver, feed, events):
                feed(b"\x80\x7e\x00\xc8" + b"a" * 199)
                assert events == []
                assert len(driver._reader) == 0
                feed(b"a")
                reason = "Received unexpected continuation frame"
                assert events == [("error", reason), ("close", 1002, reason)]

            def it_sends_binary_messages(self, driver, wire):
                assert driver.binary(b"\xff\x00") is True
                assert driver.binary("Hi") is True
                assert wire.chunks == [b"\x82\x02\xff\x00", b"\x82\x02Hi"]

            def it_sends_lengths_of_8_bytes(self, driver, wire):
                driver.text("a" * 0xFFFF)
                driver.text("a" * 0x10000)
                assert wire.chunks == [
                    b"\x81\x7e\xff\xff" + b"a" * 0xFFFF,
                    b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00" + b"a" * 0x10000,
                ]

            def it_sends_nothing_once_it_closes(self, driver, wire):
                driver.close()
                wire.clear()
                assert driver.text("Hi") is False
                assert driver.binary(b"Hi") is False
                assert wire.chunks == []

            @pytest.mark.parametrize(
                ("arguments", "message"),
                [
                    (
                        ("Hi", "nonsense"),
                        "Frame type must be one of "
                        "continuation, text, binary, close, ping, pong, not 'nonsense'",
                    ),
                    (
                        ("Hi", ["text"]),
                        "Frame type must be one of "
                        "continuation, text, binary, close, ping, pong, not ['text']",
                    ),
                    (
                        ("Hi", "close", 70000),
                        "Close code must be one of 1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, "
                        "1011, 1012, 1013, 1014 or a number from 3000 to 4999, not 70000",
                    ),
                ],
            )
            def it_raises_for_a_frame_that_cannot_be(self, driver, wire, arguments, message):
                with pytest.raises(ValueError) as error:
                    driver.frame(*arguments)
                assert str(error.value) == message
                assert wire.chunks == []

        class DescribeAFrameThatIsStillArriving:
            REASON = "Could not decode a text frame as UTF-8"
            # the events, and what is sent
            FAILED = (
                ("error", REASON),
                ("close", 1007, REASON),
                b"\x88\x28\x03\xefCould not decode a text frame as UTF-8",
            )

            # The input of the cases 6.4.3 and 6.4.4 of the Autobahn test suite. The thirteenth byte
            # is the first invalid one: the second byte of a character beyond U+10FFFF.
            KOSME = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"
            CASE_6_4_3 = (KOSME, b"\xf4\x90\x80\x80", b"edited")
            CASE_6_4_4 = (KOSME + b"\xf4", b"\x90", b"\x80\x80edited")

            KEY = b"\xa1\x5c\x00\xf7"
            LONG = b"\x00\x00\x00\x00\x00\x01\x00\x00"
            HEADS = (
                pytest.param(b"\x01\x15", id="unmasked"),
                pytest.param(b"\x01\x95" + KEY, id="masked"),
                pytest.param(b"\x81\x7f" + LONG, id="64 bits of length"),
                pytest.param(b"\x81\xff" + LONG + KEY, id="64 bits of length, masked"),
                pytest.param(b"\x01\x02Hi\x80\x15", id="after a fragment"),
                pytest.param(
                    b"\x01\x82" + masked(b"Hi") + b"\x80\x95" + KEY, id="after a fragment, masked"
                ),
            )

            @pytest.fixture
            def options(self):
                return {"masking": False}

            @pytest.fixture(autouse=True)
            def start(self, driver, events, wire):
                driver.start()
                events.clear()
                wire.clear()

            @pytest.fixture(params=HEADS)
            def head(self, request):
                return request.param

            @pytest.fixture
            def payload(self, head):
                """Cuts a payload into the pieces given, as they stand in the frame."""

                def payload(pieces):
                    data = b"".join(pieces)
                    if head.endswith(self.KEY):
                        data = masked(data, self.KEY)[4:]
                    ends = list(accumulate(map(len, pieces)))
                    return [data[a:b] for a, b in zip([0, *ends], ends, strict=False)]

                return payload

            @pytest.mark.parametrize("pieces", [CASE_6_4_3, CASE_6_4_4], ids=["6.4.3", "6.4.4"])
            def it_is_failed_by_the_piece_with_the_bad_byte(
                self, driver, events, wire, head, payload, pieces
            ):
                good, bad, rest = payload(pieces)
                driver.parse(head)
                assert (*events, *wire.chunks) == ()
                driver.parse(good)
                assert (*events, *wire.chunks) == ()
                driver.parse(bad)
                assert (*events, *wire.chunks) == self.FAILED
                driver.parse(rest)
                assert (*events, *wire.chunks) == self.FAILED
                assert driver.get_state() == "closed"

            def it_is_failed_at_the_bad_byte_if_each_comes_alone(
                self, driver, events, wire, head, payload
            ):
                good, bad, rest = payload(self.CASE_6_4_4)
                for byte in one_by_one(head + good):
                    driver.parse(byte)
                    assert (*events, *wire.chunks) == ()
                for byte in one_by_one(bad + rest):
                    driver.parse(byte)
                    assert (*events, *wire.chunks) == self.FAILED

            def it_is_failed_by_the_bad_byte_in_one_chunk_with_the_head(
                self, driver, events, wire, head, payload
            ):
                good, bad, _ = payload(self.CASE_6_4_4)
                driver.parse(head + good + bad)
                assert (*events, *wire.chunks) == self.FAILED

            @pytest.mark.parametrize("head", HEADS[:2])
            def it_is_waited_for_while_it_can_be_text(self, driver, events, head, payload):
                for chunk in (head, *payload((self.KOSME + b"\xf4", b"\x8f", b"\xbf\xbfedited"))):
                    driver.parse(chunk)
                    assert events == []
                driver.parse(b"\x80\x00")
                assert events == [("message", "\u03ba\u1f79\u03c3\u03bc\u03b5\U0010ffffedited")]

            @pytest.mark.parametrize("key", [b"", KEY], ids=["unmasked", "masked"])
            def it_is_not_kept_if_there_is_nothing_that_it_continues(
                self, driver, events, wire, key
            ):
                # 1 MiB, but for the last byte
                driver.parse(
                    b"\x80" + (b"\xff" if key else b"\x7f") + (2**20).to_bytes(8, "big") + key
                )
                with allocations() as memory:
                    for _ in range(2**10 - 1):
                        driver.parse(bytes(2**10))
                    driver.parse(bytes(2**10 - 1))
                    assert memory.now() < 10_000
                assert events == []

                driver.parse(b"\x00")
                reason = "Received unexpected continuation frame"
                assert events == [("error", reason), ("close", 1002, reason)]
                assert wire.chunks == [b"\x88\x28\x03\xeaReceived unexpected continuation frame"]

        class DescribeMask:
            PAYLOAD = b"Hello, world"

            def it_undoes_itself(self):
                result = Hybi.mask(self.PAYLOAD, b"\x01\x02\x03\x04")
                assert result == b"Igohn.#snpo`"
                assert Hybi.mask(result, b"\x01\x02\x03\x04") == self.PAYLOAD

            def it_begins_at_an_offset(self):
                result = Hybi.mask(self.PAYLOAD, b"\x01\x02\x03\x04", 7)
                assert result == b"Hello, vmqhe"

            @pytest.mark.parametrize("mask", [None, b""])
            def it_does_nothing_without_a_mask(self, mask):
                assert Hybi.mask(self.PAYLOAD, mask) == self.PAYLOAD

        class DescribeGenerateAccept:
            def it_is_that_of_rfc_6455(self):
                # the example of section 1.3
                accept = Hybi.generate_accept("dGhlIHNhbXBsZSBub25jZQ==")
                assert accept == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


class HoldingSession:
    """A session of an extension that holds messages until a spec releases them."""

    def __init__(self):
        self.incoming = []
        self.outgoing = []

    def generate_response(self):
        return {}

    def process_incoming_message(self, message, callback):
        self.incoming.append((message, callback))

    def process_outgoing_message(self, message, callback):
        self.outgoing.append((message, callback))

    def close(self):
        pass


class DescribeHybiWithAnExtension:
    @pytest.fixture
    def session(self):
        return HoldingSession()

    @pytest.fixture
    def driver(self, session):
        headers = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Key": "JFBCWHksyIpXV+6Wlq/9pw==",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Extensions": "hold",
        }
        driver = Hybi(Request("GET", "/", headers), "ws://a/", {"max_length": 10})
        driver.add_extension(
            SimpleNamespace(
                name="hold",
                type="permessage",
                rsv1=True,
                rsv2=False,
                rsv3=False,
                create_server_session=lambda offers, options: session,
                create_client_session=lambda options: session,
            )
        )
        driver.start()
        return driver

    @pytest.fixture(autouse=True)
    def events(self, driver):
        return record(driver)

    @pytest.fixture(autouse=True)
    def wire(self, driver):
        return driver.io.pipe(Collector())

    def it_fails_when_the_extension_makes_too_much_of_a_message(
        self, driver, session, events, wire
    ):
        driver.parse(b"\xc2\x01\xff")
        [(message, callback)] = session.incoming
        message.data = b"x" * 11
        callback(None, message)
        reason = "WebSocket frame length too large"
        assert events == [("error", reason), ("close", 1009, reason)]
        assert wire.chunks == [b"\x88\x22\x03\xf1WebSocket frame length too large"]

    @pytest.mark.parametrize(
        ("data", "kind"), [("Hi", "str"), (5, "int"), (None, "NoneType"), ([72, 105], "list")]
    )
    @pytest.mark.parametrize("direction", ["incoming", "outgoing"])
    def it_fails_when_the_extension_makes_no_bytes_of_a_message(
        self, driver, session, events, wire, direction, data, kind
    ):
        errors: list[ProtocolError] = []
        driver.on("error", errors.append)
        if direction == "incoming":
            driver.parse(b"\xc1\x01x")
        else:
            driver.text("x")
        [(message, callback)] = getattr(session, direction)
        message.data = data
        callback(None, message)
        reason = "An extension failed"
        assert events == [("error", reason), ("close", 1010, reason)]
        assert wire.chunks == [b"\x88\x15\x03\xf2An extension failed"]
        cause = errors[0].__cause__
        assert (type(cause), str(cause)) == (TypeError, f"message.data must be bytes, not {kind}")

    @pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview])
    def it_takes_what_the_extension_makes_of_a_message(self, driver, session, events, wire, wrap):
        driver.parse(b"\xc1\x01x")
        driver.text("x")
        for message, callback in session.incoming + session.outgoing:
            message.data = wrap(b"Hi")
            message.rsv1 = False
            callback(None, message)
        assert events == [("message", "Hi")]
        assert wire.bytes == b"\x81\x02Hi"

    def it_takes_a_message_of_as_much_as_may_come(self, driver, session, events):
        driver.parse(b"\xc2\x01\xff")
        [(message, callback)] = session.incoming
        message.data = bytearray(b"x" * 10)
        callback(None, message)
        assert events == [("message", b"x" * 10)]

    def it_fails_text_that_the_extension_leaves_alone_while_it_is_still_arriving(
        self, driver, session, events, wire
    ):
        driver.parse(b"\x81\x0aabc\xf4")
        assert events == []
        driver.parse(b"\x90")
        reason = "Could not decode a text frame as UTF-8"
        assert events == [("error", reason), ("close", 1007, reason)]
        assert wire.chunks == [b"\x88\x28\x03\xefCould not decode a text frame as UTF-8"]
        assert session.incoming == []

    def it_fails_when_the_extension_cannot_take_a_message_to_send(
        self, driver, session, events, wire
    ):
        assert driver.text("Hi") is True
        [(_, callback)] = session.outgoing
        callback(ValueError("no good"), None)
        assert events == [("error", "hold: no good"), ("close", 1010, "hold: no good")]
        assert wire.chunks == [b"\x88\x0f\x03\xf2hold: no good"]
        assert driver.get_state() == "closed"

    def it_fails_once(self, driver, session, events, wire, caplog):
        caplog.set_level("INFO", "websocket_driver")
        driver.text("Hi")
        driver.parse(b"\xc2\x01\xff")
        session.incoming[0][1](ValueError("first"), None)
        assert driver.get_state() == "closing"
        assert events == []
        session.outgoing[0][1](ValueError("second"), None)
        assert events == [("error", "hold: first"), ("close", 1010, "hold: first")]
        assert wire.chunks == [b"\x88\x0d\x03\xf2hold: first"]
        assert [line for line in caplog.messages if " closed, " in line] == [
            f"{caplog.messages[0].partition(' ')[0]} closed, 1010 hold: first"
        ]
