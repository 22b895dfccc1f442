"""UTF-8 that arrives in pieces."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spec.support import examples
from websocket_driver.driver.hybi import utf8

VALID = [
    b"",
    b"abc",
    "äöü".encode(),
    "€".encode(),
    "\N{GRINNING FACE}".encode(),
    b"\x00\x7f",
    b"\xc2\x80",
    b"\xdf\xbf",
    b"\xe0\xa0\x80",
    b"\xed\x9f\xbf",
    b"\xee\x80\x80",
    b"\xef\xbf\xbf",
    b"\xf0\x90\x80\x80",
    b"\xf4\x8f\xbf\xbf",
    b"\xef\xbb\xbfbom",
]
# Each with the number of bytes that show it (RFC 3629 4).
INVALID = [
    (b"\x80", 1),
    (b"\xbf", 1),
    (b"\xc0\x80", 1),
    (b"\xc1\xbf", 1),
    (b"\xc2\x7f", 2),
    (b"\xe0\x9f\xbf", 2),
    (b"\xe1\x80\x41", 3),
    (b"\xed\xa0\x80", 2),
    (b"\xed\xbf\xbf", 2),
    (b"\xf0\x8f\xbf\xbf", 2),
    (b"\xf1\x80\x80\x41", 4),
    (b"\xf4\x90\x80\x80", 2),
    (b"\xf5\x80\x80\x80", 1),
    (b"\xff", 1),
]
CUT = [b"\xc3", b"\xe2", b"\xe2\x82", b"\xf0", b"\xf0\x9f", b"\xf0\x9f\x98", b"\xed", b"\xed\x9f"]


def check_all(pieces):
    """The bytes left after the pieces, of which the last is final; `None` if they are invalid."""
    pending = b""
    for number, piece in enumerate(pieces, 1):
        pending = utf8.check(pending, piece, number == len(pieces))  # type: ignore[assignment]
        if pending is None:
            return None
    return pending


class DescribeCheck:
    @pytest.mark.parametrize("data", VALID)
    def it_accepts_text_whole_and_byte_by_byte(self, data):
        assert utf8.check(b"", data, True) == b""
        assert check_all([data[i : i + 1] for i in range(len(data))] or [b""]) == b""

    @pytest.mark.parametrize(("data", "shown_by"), INVALID)
    @pytest.mark.parametrize("before", [b"", b"abc", "€".encode()])
    def it_finds_what_is_invalid_at_the_first_byte_that_shows_it(self, data, shown_by, before):
        assert utf8.check(b"", before + data, False) is None
        pending = utf8.check(b"", before, False)
        for end in range(1, shown_by + 1):
            assert pending is not None, end
            pending = utf8.check(pending, data[end - 1 : end], False)
        assert pending is None

    @pytest.mark.parametrize("data", CUT)
    @pytest.mark.parametrize("before", [b"", b"abc", b"x" * utf8.STEP, b"x" * (utf8.STEP - 1)])
    def it_waits_for_the_end_of_a_character(self, data, before):
        assert utf8.check(b"", before + data, False) == data
        assert utf8.check(b"", before + data, True) is None

    def it_needs_the_end_of_a_character_that_waits(self):
        assert utf8.check(b"\xe2\x82", b"", False) == b"\xe2\x82"
        assert utf8.check(b"\xe2\x82", b"", True) is None
        assert utf8.check(b"\xe2\x82", b"\xac", True) == b""
        assert utf8.check(b"\xe2\x82", b"a", False) is None

    @pytest.mark.parametrize("shift", range(5))
    def it_takes_a_long_piece_in_steps(self, shift):
        data = b"x" * shift + "\N{GRINNING FACE}".encode() * utf8.STEP
        assert utf8.check(b"", data, True) == b""
        assert utf8.check(b"", data + b"\xff", False) is None
        assert utf8.check(b"", data[:-1], False) == data[-4:-1]

    @given(st.binary(max_size=30), st.lists(st.integers(0, 30), max_size=5))
    @settings(max_examples=examples(500), deadline=None, derandomize=True, database=None)
    def it_agrees_with_python_however_the_bytes_are_cut(self, data, cuts):
        ends = sorted({min(cut, len(data)) for cut in cuts} | {len(data)})
        pieces = [data[a:b] for a, b in zip([0, *ends], ends, strict=False)]
        assert (check_all(pieces) == b"") is (utf8.decode(data) is not None)


class DescribeDecode:
    @pytest.mark.parametrize("data", VALID)
    def it_gives_the_text(self, data):
        assert utf8.decode(data) == data.decode()

    @pytest.mark.parametrize("data", [*(data for data, _ in INVALID), *CUT])
    def it_gives_none_for_anything_else(self, data):
        assert utf8.decode(data) is None


class DescribeDecodePieces:
    @given(st.text(max_size=40), st.lists(st.integers(0, 160), max_size=5))
    @settings(max_examples=examples(300), deadline=None, derandomize=True, database=None)
    def it_gives_the_text_however_it_is_cut(self, text, cuts):
        data = text.encode()
        ends = sorted({min(cut, len(data)) for cut in cuts} | {len(data)})
        pieces = [data[a:b] for a, b in zip([0, *ends], ends, strict=False)]
        assert utf8.decode_pieces(pieces) == text
        assert pieces == []

    @pytest.mark.parametrize("wide", [False, True])
    @pytest.mark.parametrize("data", [*(data for data, _ in INVALID), *CUT])
    def it_gives_none_for_anything_else(self, wide, data):
        before = "\N{GRINNING FACE}".encode() if wide else b""
        assert utf8.decode_pieces([before, b"x" * 100, data]) is None
        assert utf8.decode_pieces([before, data[:1], data[1:]]) is None

    def it_takes_bytearrays_and_nothing(self):
        assert utf8.decode_pieces([]) == ""
        assert utf8.decode_pieces([bytearray(b"\xe2\x82"), b"\xac"]) == "€"
