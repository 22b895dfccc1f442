"""The original's "draft-75 protocol": both hixie protocols after the handshake."""

from __future__ import annotations

from contextlib import suppress

import pytest

from spec.support import WholeAndBytewise


class ListenerError(Exception):
    """An exception that the listeners of these examples raise."""


class Draft75Examples:
    """To be mixed into a group with the fixtures `driver`, `events` and `wire`."""

    class DescribeDraft75Protocol:
        class DescribeInTheOpenState:
            @pytest.fixture(autouse=True)
            def start(self, driver, events, wire):
                driver.start()
                events.clear()
                wire.clear()

            class DescribeParse(WholeAndBytewise):
                def it_parses_text_frames(self, feed, events):
                    feed(b"\x00Hello\xff")
                    assert events == [("message", "Hello")]

                def it_parses_multiple_frames_from_the_same_packet(self, feed, events):
                    feed(b"\x00Hello\xff\x00Hello\xff")
                    assert events == [("message", "Hello"), ("message", "Hello")]

                def it_parses_text_frames_beginning_0x00_0x7f(self, feed, events):
                    feed(b"\x66Hello\xff")
                    assert events == [("message", "Hello")]

                def it_ignores_frames_with_a_length_header(self, feed, events):
                    feed(b"\x80\x02He\x00Hello\xff")
                    assert events == [("message", "Hello")]

                def it_parses_multibyte_text_frames(self, feed, events):
                    feed(b"\x00Apple = \xef\xa3\xbf\xff")
                    assert events == [("message", "Apple = \uf8ff")]

                def it_parses_frames_received_in_several_packets(self, feed, events):
                    feed(b"\x00Apple", b" = \xef\xa3\xbf\xff")
                    assert events == [("message", "Apple = \uf8ff")]

                def it_parses_fragmented_frames(self, feed, events):
                    feed(b"\x00Hel", b"lo\xff")
                    assert events == [("message", "Hello")]

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
                            feed(b"\x00Hello\xff")
                        assert messages == ["Hello"]

                    def it_parses_text_frames_without_dropping_input(self, driver, cut, messages):
                        for chunk in cut(b"\x00Hello\xff\x00W") + cut(b"orld\xff"):
                            with suppress(ListenerError):
                                driver.parse(chunk)
                        assert messages == ["Hello", "World"]

            class DescribeFrame:
                def it_formats_the_given_string_as_a_websocket_frame(self, driver, wire):
                    driver.frame("Hello")
                    assert wire.chunks == [b"\x00Hello\xff"]

                def it_encodes_multibyte_characters_correctly(self, driver, wire):
                    driver.frame("Apple = \uf8ff")
                    assert wire.chunks == [b"\x00Apple = \xef\xa3\xbf\xff"]

                def it_converts_numbers_to_strings(self, driver, wire):
                    driver.frame(50)
                    assert wire.chunks == [b"\x0050\xff"]

                def it_returns_true(self, driver):
                    assert driver.frame("lol") is True

            class DescribePing:
                def it_does_not_write_to_the_socket(self, driver, wire):
                    driver.ping()
                    assert wire.chunks == []

                def it_returns_false(self, driver):
                    assert driver.ping() is False

            class DescribeClose:
                def it_triggers_the_onclose_event(self, driver, events):
                    driver.close()
                    assert events == [("close", None, None)]

                def it_returns_true(self, driver):
                    assert driver.close() is True

                def it_changes_the_state_to_closed(self, driver):
                    driver.close()
                    assert driver.get_state() == "closed"

        class DescribeInTheClosedState:
            @pytest.fixture(autouse=True)
            def close(self, driver, events, wire):
                driver.start()
                driver.close()
                events.clear()
                wire.clear()

            class DescribeClose:
                def it_does_not_write_to_the_socket(self, driver, wire):
                    driver.close()
                    assert wire.chunks == []

                def it_returns_false(self, driver):
                    assert driver.close() is False

                def it_leaves_the_protocol_in_the_closed_state(self, driver, events):
                    driver.close()
                    assert driver.get_state() == "closed"
                    assert events == []
