"""The pure functions over bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from websocket_driver.frames import mask, take_frame

MIB = 2**20
KEY = b"\x01\x02\x03\x04"


class DescribeMask:
    @pytest.mark.parametrize(
        "payload, masked",
        [
            (b"", b""),
            (b"H", b"\x49"),
            (b"Hell", b"\x49\x67\x6f\x68"),
            (b"Hello", b"\x49\x67\x6f\x68\x6e"),
            (b"\x00" * 7, b"\x01\x02\x03\x04\x01\x02\x03"),
            (b"\x01\x02\x03\x04\x01", b"\x00" * 5),
        ],
    )
    def it_masks_and_unmasks(self, payload, masked):
        assert mask(payload, KEY) == masked
        assert mask(masked, KEY) == payload

    @given(st.binary(max_size=300), st.binary(min_size=4, max_size=4))
    def it_is_exclusive_or_by_the_byte(self, payload, key):
        expected = bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))
        assert mask(payload, key) == expected


class DescribeTakeFrame:
    def it_takes_a_masked_one(self):
        frame = b"\x81\x85\x01\x02\x03\x04\x49\x67\x6f\x68\x6e"
        assert take_frame(frame, 0, 5, True) == (0x81, b"Hello", 11)
        assert take_frame(b"xy" + frame + b"z", 2, 5, True) == (0x81, b"Hello", 13)

    def it_takes_one_that_is_not_masked_where_that_is_allowed(self):
        assert take_frame(b"\x82\x02Hi", 0, 2, False) == (0x82, b"Hi", 4)
        assert take_frame(b"\x82\x02Hi", 0, 2, True) is None

    @pytest.mark.parametrize("length", [0, 125, 126, 65535, 65536])
    @pytest.mark.parametrize("masked", [False, True])
    def it_takes_any_length(self, length, masked):
        payload = b"x" * length
        second = bytes([(0x80 if masked else 0) | min(length, 126 if length < 65536 else 127)])
        extended = b""
        if length > 125:
            second = bytes([(0x80 if masked else 0) | (126 if length < 65536 else 127)])
            extended = length.to_bytes(2 if length < 65536 else 8, "big")
        body = KEY + mask(payload, KEY) if masked else payload
        frame = b"\x81" + second + extended + body
        assert take_frame(frame, 0, MIB, masked) == (0x81, payload, len(frame))
        for end in {0, 1, 2, 3, 9, 13, len(frame) - 1}:
            if end < len(frame):
                assert take_frame(frame[:end], 0, MIB, masked) is None

    def it_leaves_one_that_is_too_long(self):
        assert take_frame(b"\x82\x02Hi", 0, 1, False) is None

    @pytest.mark.parametrize("first", [first for first in range(256) if first not in (0x81, 0x82)])
    def it_leaves_what_is_unusual(self, first):
        assert take_frame(bytes([first]) + b"\x02Hi", 0, MIB, False) is None

    @given(st.binary(max_size=40), st.integers(0, 40), st.integers(0, 100), st.booleans())
    def it_takes_nothing_that_is_not_there(self, chunk, start, max_length, require_masking):
        found = take_frame(chunk, start, max_length, require_masking)
        if found is not None:
            first, payload, end = found
            assert first in (0x81, 0x82)
            assert start + 2 + len(payload) <= end <= len(chunk)
            assert len(payload) <= max_length
