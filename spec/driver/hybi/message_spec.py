"""A message, assembled from its frames."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spec.support import examples
from websocket_driver.driver.hybi.frame import Frame
from websocket_driver.driver.hybi.message import LONG, SHORT, Message, take_text

TEXT, BINARY, CONTINUATION, FIN = 1, 2, 0, 0x80


def frame(first, length=0):
    result = Frame(first)
    result.length = length
    return result


class DescribeFrames:
    def it_has_the_opcode_of_the_first(self):
        message = Message()
        message.push_frame(frame(TEXT))
        message.push_frame(frame(FIN | CONTINUATION))
        assert message.opcode == TEXT

    def it_has_the_reserved_bits_of_any(self):
        message = Message()
        message.push_frame(frame(0x02))
        assert (message.rsv1, message.rsv2, message.rsv3) == (False, False, False)
        for first in (0x42, 0x00, 0x20):
            message.push_frame(frame(first))
        assert (message.rsv1, message.rsv2, message.rsv3) == (True, True, False)
        message.pushFrame(frame(0x90))
        assert (message.rsv1, message.rsv2, message.rsv3) == (True, True, True)

    def it_counts_the_lengths_of_all(self):
        message = Message()
        for length in (3, 0, 5):
            message.push_frame(frame(BINARY, length))
        assert message.length == 8


SIZES = [0, 1, 100, SHORT - 1, SHORT, SHORT + 1, LONG, LONG + 1]


class DescribeData:
    @given(st.lists(st.sampled_from(SIZES), max_size=8))
    @settings(max_examples=examples(200), deadline=None, derandomize=True, database=None)
    def it_is_all_that_was_pushed(self, sizes):
        message = Message(BINARY)
        pieces = [bytes([i]) * size for i, size in enumerate(sizes)]
        for piece in pieces:
            message.push(piece)
        assert message.data == b""
        assert message.read() == b"".join(pieces)
        assert message.data == b"".join(pieces)
        assert message.read() == b""

    def it_is_that_of_a_message_to_be_sent(self):
        message = Message(TEXT, b"Hi")
        assert (message.opcode, message.data, message.length) == (TEXT, b"Hi", 0)

    def it_keeps_a_whole_piece_as_it_is(self):
        message, piece = Message(), b"x" * 10
        message.push(piece)
        assert message.read() is piece


class DescribeText:
    @pytest.mark.parametrize("text", ["", "a", "äöü", "€" * SHORT, "\N{GRINNING FACE}" * LONG])
    @pytest.mark.parametrize("size", [1, 7, SHORT, LONG])
    def it_is_decoded_from_its_pieces(self, text, size):
        data = text.encode()[: 3000 if size == 1 else None]
        if size == 1:
            data = text[:700].encode()
        message = Message(TEXT)
        for start in range(0, len(data), size):
            piece = data[start : start + size]
            assert message.is_text(piece, start + size >= len(data)) is True
            message.push(piece)
        assert message.read_text() == data.decode()
        assert message.read_text() == ""

    def it_is_checked_as_it_arrives(self):
        message = Message(TEXT)
        assert message.is_text(b"a\xe2", False) is True
        assert message.is_text(b"\x82", False) is True
        assert message.is_text(b"\xac", True) is True
        assert message.is_text(b"\xac", False) is False
        assert message.is_text(b"\xe2", True) is False

    def it_is_decoded_as_it_arrives_if_it_is_ascii(self):
        message = Message(TEXT)
        assert message.ends_in_ascii() is False
        message.push("ü".encode())
        assert message.ends_in_ascii() is False
        assert message.push_ascii(b"x" * SHORT) is True
        assert message.ends_in_ascii() is True
        assert message.push_ascii(b"x" * (SHORT - 1)) is False
        assert message.push_ascii(b"x" * SHORT + b"\xff") is False
        message.is_text(b"\xc3", False)
        assert message.push_ascii(b"x" * SHORT) is False
        assert message.read_text() == "ü" + "x" * SHORT
        assert message.ends_in_ascii() is False

    def it_is_none_if_it_was_not_checked_and_is_invalid(self):
        for pieces in ([b"\xff"], [b"x" * SHORT, b"\xff"]):
            message = Message(TEXT)
            for piece in pieces:
                message.push(piece)
            assert message.read_text() is None


class DescribeTakeText:
    @pytest.mark.parametrize("text", ["", "äöü", "x" * (LONG + 1), "€" * LONG])
    @pytest.mark.parametrize("form", [bytes, bytearray, memoryview])
    def it_is_the_data_of_a_message(self, text, form):
        assert take_text(Message(TEXT, form(text.encode()))) == text

    def it_takes_the_data_off_a_message_that_is_long(self):
        message = Message(TEXT, "€".encode() * LONG)
        take_text(message)
        assert message.data == b""

    @pytest.mark.parametrize("text", ["äöü", "ä" * (LONG // 2), "x" * (LONG + 1)])
    def it_leaves_the_data_of_any_other(self, text):
        message = Message(TEXT, text.encode())
        take_text(message)
        assert message.data == text.encode()

    @pytest.mark.parametrize("data", [b"\xff", b"\xe2\x82", "€".encode() * LONG + b"\xff"])
    def it_is_none_if_it_is_invalid(self, data):
        assert take_text(Message(TEXT, data)) is None
