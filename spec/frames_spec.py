"""The pure functions over bytes: those in Python, and those in C, which do the same."""

import importlib
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from websocket_driver import frames

try:
    from websocket_driver import _speedups
except ImportError:
    _speedups = None

MIB = 2**20
KEY = b"\x01\x02\x03\x04"

compiled = pytest.param(
    "compiled", marks=pytest.mark.skipif(_speedups is None, reason="_speedups is not compiled")
)
both = pytest.mark.parametrize("twin", ["python", compiled])


def of(twin):
    """The functions `mask` and `take_frame` of one of the twins."""
    if twin == "compiled":
        return _speedups.mask, _speedups.take_frame
    return frames.mask_in_python, frames.take_frame_in_python


@pytest.mark.parametrize(
    "make_frame",
    [
        pytest.param(frames.make_frame_in_python, id="python"),
        pytest.param(getattr(_speedups, "make_frame", None), id="compiled", marks=compiled.marks),
    ],
)
class DescribeMakeFrame:
    @pytest.mark.parametrize(
        "length, head",
        [
            (0, b"\x81\x00"),
            (1, b"\x81\x01"),
            (125, b"\x81\x7d"),
            (126, b"\x81\x7e\x00\x7e"),
            (65535, b"\x81\x7e\xff\xff"),
            (65536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
        ],
    )
    def it_makes_one_of_any_length(self, make_frame, length, head):
        payload = b"x" * length
        assert make_frame(0x81, payload, None) == head + payload

        masked_head = head[:1] + bytes([head[1] | 0x80]) + head[2:]
        masked = frames.mask_in_python(payload, KEY)
        assert make_frame(0x81, payload, KEY) == masked_head + KEY + masked

    @given(st.sampled_from([0x81, 0x82]), st.binary(max_size=300), st.booleans())
    def it_makes_what_can_be_taken(self, make_frame, first, payload, masked):
        frame = make_frame(first, payload, KEY if masked else None)
        taken = frames.take_frame_in_python(frame, 0, 300, masked)
        assert taken == (first, payload, len(frame))


class DescribeChoice:
    @pytest.fixture(autouse=True)
    def afterwards(self):
        yield
        importlib.reload(frames)

    def it_is_python_if_the_environment_says_so(self, monkeypatch):
        monkeypatch.setenv("WEBSOCKET_DRIVER_PURE_PYTHON", "1")
        importlib.reload(frames)
        assert frames.mask is frames.mask_in_python
        assert frames.take_frame is frames.take_frame_in_python

    def it_is_python_if_nothing_is_compiled(self, monkeypatch):
        monkeypatch.delenv("WEBSOCKET_DRIVER_PURE_PYTHON", raising=False)
        monkeypatch.setitem(sys.modules, "websocket_driver._speedups", None)
        importlib.reload(frames)
        assert frames.take_frame is frames.take_frame_in_python

    @pytest.mark.skipif(_speedups is None, reason="_speedups is not compiled")
    def it_is_c_otherwise(self, monkeypatch):
        monkeypatch.delenv("WEBSOCKET_DRIVER_PURE_PYTHON", raising=False)
        importlib.reload(frames)
        assert (frames.mask, frames.take_frame) == (_speedups.mask, _speedups.take_frame)


@both
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
    def it_masks_and_unmasks(self, twin, payload, masked):
        mask, _ = of(twin)
        assert mask(payload, KEY) == masked
        assert mask(masked, KEY) == payload

    @given(st.binary(max_size=300), st.binary(min_size=4, max_size=4))
    def it_is_exclusive_or_by_the_byte(self, twin, payload, key):
        mask, _ = of(twin)
        expected = bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))
        assert mask(payload, key) == expected


@both
class DescribeTakeFrame:
    def it_takes_a_masked_one(self, twin):
        _, take_frame = of(twin)
        frame = b"\x81\x85\x01\x02\x03\x04\x49\x67\x6f\x68\x6e"
        assert take_frame(frame, 0, 5, True) == (0x81, b"Hello", 11)
        assert take_frame(b"xy" + frame + b"z", 2, 5, True) == (0x81, b"Hello", 13)

    def it_takes_one_that_is_not_masked_where_that_is_allowed(self, twin):
        _, take_frame = of(twin)
        assert take_frame(b"\x82\x02Hi", 0, 2, False) == (0x82, b"Hi", 4)
        assert take_frame(b"\x82\x02Hi", 0, 2, True) is None

    @pytest.mark.parametrize("length", [0, 125, 126, 65535, 65536])
    @pytest.mark.parametrize("masked", [False, True])
    def it_takes_any_length(self, twin, length, masked):
        mask, take_frame = of(twin)
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

    def it_leaves_one_that_is_too_long(self, twin):
        _, take_frame = of(twin)
        assert take_frame(b"\x82\x02Hi", 0, 1, False) is None

    @pytest.mark.parametrize("first", [first for first in range(256) if first not in (0x81, 0x82)])
    def it_leaves_what_is_unusual(self, twin, first):
        _, take_frame = of(twin)
        assert take_frame(bytes([first]) + b"\x02Hi", 0, MIB, False) is None

    @given(st.binary(max_size=40), st.integers(0, 40), st.integers(0, 100), st.booleans())
    def it_takes_nothing_that_is_not_there(self, twin, chunk, start, max_length, require_masking):
        _, take_frame = of(twin)
        found = take_frame(chunk, start, max_length, require_masking)
        if found is not None:
            first, payload, end = found
            assert first in (0x81, 0x82)
            assert start + 2 + len(payload) <= end <= len(chunk)
            assert len(payload) <= max_length


@pytest.mark.skipif(_speedups is None, reason="_speedups is not compiled")
class DescribeSpeedups:
    @given(st.binary(max_size=60), st.integers(0, 70), st.integers(0, 100), st.booleans())
    def it_takes_what_python_takes(self, chunk, start, max_length, require_masking):
        arguments = (chunk, start, max_length, require_masking)
        assert _speedups.take_frame(*arguments) == frames.take_frame_in_python(*arguments)

    @given(
        st.sampled_from([0x81, 0x82, 0x01, 0xC1]),
        st.integers(0, 255),
        st.binary(max_size=300),
        st.integers(0, 300),
    )
    def it_takes_frames_that_python_takes(self, first, second, rest, max_length):
        arguments = (bytes([first, second]) + rest, 0, max_length, False)
        assert _speedups.take_frame(*arguments) == frames.take_frame_in_python(*arguments)

    def it_takes_no_length_that_is_none(self):
        frame = b"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff" + b"x" * 20
        for function in (_speedups.take_frame, frames.take_frame_in_python):
            assert function(frame, 0, 2**62, False) is None

    def it_says_what_is_wrong_with_its_arguments(self):
        for arguments in [(), (b"",), ("text", KEY), (b"", "text"), (b"", KEY, 1)]:
            with pytest.raises(TypeError):
                _speedups.mask(*arguments)
        with pytest.raises(ValueError):
            _speedups.mask(b"", b"123")
        for arguments in [(), (b"",), ("text", 0, 1, True), (b"", "text", 1, True)]:
            with pytest.raises(TypeError):
                _speedups.take_frame(*arguments)
        for arguments in [(), (1, b""), ("a", b"", None), (1, "text", None), (1, b"", "text")]:
            with pytest.raises(TypeError):
                _speedups.make_frame(*arguments)
        with pytest.raises(ValueError):
            _speedups.make_frame(0x81, b"", b"123")
        with pytest.raises(OverflowError):
            _speedups.take_frame(b"", 2**64, 1, True)
