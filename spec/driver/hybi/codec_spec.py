"""The pure functions over bytes: those in Python, and those in C, which do the same."""

import importlib
import sys
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec.allocations import allocations
from websocket_driver.driver.hybi import codec

try:
    from websocket_driver import _speedups
except ImportError:
    _speedups = None  # type: ignore[assignment]

MIB = 2**20
KEY = b"\x01\x02\x03\x04"
HELLO = b"\x81\x85\x01\x02\x03\x04\x49\x67\x6f\x68\x6e"

NAMES = ["make_frame", "mask", "missing", "take_fragments", "take_messages"]

compiled = pytest.param(
    "compiled", marks=pytest.mark.skipif(_speedups is None, reason="_speedups is not compiled")
)
both = pytest.mark.parametrize("twin", ["python", compiled])


def of(twin, name):
    """A function of one of the twins."""
    return getattr(_speedups, name) if twin == "compiled" else getattr(codec, name + "_in_python")


def frame(first, payload, masked=True, key=KEY):
    """A frame, built by a simple function."""
    length = len(payload)
    kind = length if length < 126 else 126 if length < 65536 else 127
    extended = length.to_bytes(2 if kind == 126 else 8, "big") if kind >= 126 else b""
    head = bytes([first, kind | (0x80 if masked else 0)]) + extended
    if not masked:
        return head + payload
    return head + key + bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))


class DescribeChoice:
    @pytest.fixture(autouse=True)
    def afterwards(self):
        yield
        importlib.reload(codec)

    def chosen(self):
        importlib.reload(codec)
        return [getattr(codec, name) for name in NAMES]

    def it_is_python_if_the_environment_says_so(self, monkeypatch):
        monkeypatch.setenv("WEBSOCKET_DRIVER_PURE_PYTHON", "1")
        assert self.chosen() == [of("python", name) for name in NAMES]

    def it_is_python_if_nothing_is_compiled(self, monkeypatch):
        monkeypatch.delenv("WEBSOCKET_DRIVER_PURE_PYTHON", raising=False)
        monkeypatch.setitem(sys.modules, "websocket_driver._speedups", None)
        assert self.chosen() == [of("python", name) for name in NAMES]

    @pytest.mark.skipif(_speedups is None, reason="_speedups is not compiled")
    def it_is_c_otherwise(self, monkeypatch):
        monkeypatch.delenv("WEBSOCKET_DRIVER_PURE_PYTHON", raising=False)
        assert self.chosen() == [of("compiled", name) for name in NAMES]


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
        mask = of(twin, "mask")
        assert mask(payload, KEY) == masked
        assert mask(masked, KEY) == payload

    @pytest.mark.parametrize("size", [8191, 8192, 8193, 8194, 8195, 65536])
    def it_masks_long_payloads(self, twin, size):
        payload = (b"payload" * (size // 7 + 1))[:size]
        expected = bytes(byte ^ KEY[i % 4] for i, byte in enumerate(payload))
        assert of(twin, "mask")(payload, KEY) == expected

    @given(st.binary(max_size=300), st.binary(min_size=4, max_size=4))
    def it_is_exclusive_or_by_the_byte(self, twin, payload, key):
        expected = bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))
        assert of(twin, "mask")(payload, key) == expected


@both
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
    def it_makes_one_of_any_length(self, twin, length, head):
        make_frame = of(twin, "make_frame")
        payload = b"x" * length
        assert make_frame(0x81, payload, None) == head + payload
        assert make_frame(0x81, payload, KEY) == frame(0x81, payload)

    def it_encodes_a_text(self, twin):
        make_frame = of(twin, "make_frame")
        assert make_frame(0x81, "Hello", KEY) == HELLO
        assert make_frame(0x81, "\u00fc\u20ac\U0001f600", None) == (
            b"\x81\x09\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80"
        )

    def it_does_not_make_one_of_what_is_no_text(self, twin):
        with pytest.raises(UnicodeEncodeError):
            of(twin, "make_frame")(0x81, "\ud800", None)

    @given(st.sampled_from([0x81, 0x82]), st.text(max_size=300), st.booleans())
    def it_makes_what_can_be_taken(self, twin, first, text, masked):
        made = of(twin, "make_frame")(first, text, KEY if masked else None)
        message = text if first == 0x81 else text.encode()
        size = len(text.encode())
        taken = ([message], len(made), size, masked, False)
        assert of(twin, "take_messages")(made, 0) == taken


def of_three(first, pieces, masked=True):
    """The frames of a message in three pieces; `first` is the first byte of a whole one."""
    begin, middle, end = pieces
    return (
        frame(first & 0x0F, begin, masked) + frame(0x00, middle, masked) + frame(0x80, end, masked)
    )


@both
class DescribeTakeMessages:
    """Returns the messages, where they end, how long the longest is, whether they are masked, and
    whether one that is cut waits behind them."""

    def it_takes_a_text(self, twin):
        take_messages = of(twin, "take_messages")
        assert take_messages(HELLO, 0) == (["Hello"], 11, 5, True, False)
        assert take_messages(b"xy" + HELLO + b"z", 2) == (["Hello"], 13, 5, True, False)
        assert take_messages(HELLO, 11) == ([], 11, 0, False, False)
        assert take_messages(HELLO, 12) == ([], 12, 0, False, False)

    def it_takes_those_that_follow_too(self, twin):
        chunk = HELLO + frame(0x82, b"\x00\xff") + frame(0x81, b"") + HELLO + b"\x89\x85"
        messages = ["Hello", b"\x00\xff", "", "Hello"]
        assert of(twin, "take_messages")(chunk, 0) == (messages, len(chunk) - 2, 5, True, False)

    def it_takes_those_that_are_masked_or_those_that_are_not(self, twin):
        take_messages = of(twin, "take_messages")
        chunk = b"\x82\x02Hi\x82\x00" + HELLO + HELLO + b"\x82\x02Hi"
        assert take_messages(chunk, 0) == ([b"Hi", b""], 6, 2, False, False)
        assert take_messages(chunk, 6) == (["Hello", "Hello"], 28, 5, True, False)
        assert take_messages(chunk, 28) == ([b"Hi"], 32, 2, False, False)

    @pytest.mark.parametrize("length", [0, 125, 126, 4096, 4097, 65535, 65536, 65537])
    @pytest.mark.parametrize("masked", [False, True])
    @pytest.mark.parametrize("first", [0x81, 0x82])
    def it_takes_any_length_or_waits_for_its_end(self, twin, length, masked, first):
        take_messages = of(twin, "take_messages")
        payload = b"x" * length
        chunk = frame(first, payload, masked)
        message = payload.decode() if first == 0x81 else payload
        if first == 0x81 and length > 65536:  # decoded step by step
            assert take_messages(chunk, 0) == ([], 0, 0, masked, False)
        else:
            assert take_messages(chunk, 0) == ([message], len(chunk), length, masked, False)
        # The length counts from its last byte on.
        known_from = 2 if length < 126 else 4 if length < 65536 else 10
        for end in {1, 2, 3, 4, 9, 10, 13, len(chunk) - 1}:
            if end < len(chunk):
                known = length if end >= known_from else 0
                waits = known <= 65536
                assert take_messages(chunk[:end], 0) == (
                    ([], 0, known if waits else 0, masked and end > 1, waits)
                ), end

    @pytest.mark.parametrize("masked", [False, True])
    @pytest.mark.parametrize(
        "first, pieces, message",
        [
            (0x81, (b"\xe2", b"\x82\xac", b"!"), "\u20ac!"),
            (0x82, (b"\xe2", b"", b"\x82"), b"\xe2\x82"),
            (0x81, (b"", b"", b""), ""),
        ],
    )
    def it_joins_fragments_or_waits_for_the_last(self, twin, first, pieces, message, masked):
        take_messages = of(twin, "take_messages")
        length = len(b"".join(pieces))
        chunk = of_three(first, pieces, masked)
        taken = take_messages(b"x" + chunk + HELLO[:1], 1)
        assert taken == ([message], 1 + len(chunk), length, masked, True)
        for end in range(1, len(chunk)):
            messages, where, longest, _, waits = take_messages(chunk[:end], 0)
            assert (messages, where, waits) == ([], 0, True)
            assert longest <= length

    def it_joins_as_many_fragments_as_the_most_that_is_taken(self, twin):
        take_messages = of(twin, "take_messages")
        pieces = (b"x" * 0x8000, b"y" * 0x7FFF, b"z")
        chunk = of_three(0x82, pieces)
        assert take_messages(chunk, 0) == ([b"".join(pieces)], len(chunk), 0x10000, True, False)
        chunk = of_three(0x82, (*pieces[:2], b"zz"))
        assert take_messages(chunk, 0) == ([], 0, 0, True, False)
        chunk = frame(0x02, b"x" * 0x10001) + frame(0x80, b"")
        assert take_messages(chunk, 0) == ([], 0, 0, True, False)

    @pytest.mark.parametrize(
        "other",
        [
            b"\x89\x80\x01\x02\x03\x04",
            frame(0x81, b"new"),
            frame(0x80, b"other", masked=False),
            b"\x40",
        ],
    )
    def it_leaves_fragments_with_anything_between_them(self, twin, other):
        chunk = HELLO + frame(0x01, b"Hel") + other + frame(0x80, b"lo")
        assert of(twin, "take_messages")(chunk, 0) == (["Hello"], 11, 5, True, False)

    def it_reports_the_longest(self, twin):
        chunk = b"\x82\x02Hi\x82\x03abc\x81\x01x"
        assert of(twin, "take_messages")(chunk, 0) == ([b"Hi", b"abc", "x"], 12, 3, False, False)
        chunk += b"\x82\x04abc"
        assert of(twin, "take_messages")(chunk, 0) == ([b"Hi", b"abc", "x"], 12, 4, False, True)

    @pytest.mark.parametrize("masked", [False, True])
    @pytest.mark.parametrize("text", [b"\xed\xa0\x80", b"\xff", b"\xc3", b"\xe2\x82"])
    def it_leaves_a_text_that_is_not_utf_8(self, twin, masked, text):
        length = len(frame(0x81, b"ok", masked))
        for wrong in (frame(0x81, text, masked), of_three(0x81, (b"ab", text, b""), masked)):
            chunk = frame(0x81, b"ok", masked) + wrong
            assert of(twin, "take_messages")(chunk, 0) == (["ok"], length, 2, masked, False)

    @pytest.mark.parametrize(
        "begin, more",
        [
            (b"\xc3", True),
            (b"ab\xe2\x82", True),
            (b"\xf0\x9f\x98", True),
            (b"\xe0\xa0", True),
            (b"\xe0\x9f", False),
            (b"\xed\x9f", True),
            (b"\xed\xa0", False),
            (b"\xf0\x90", True),
            (b"\xf0\x8f", False),
            (b"\xf4\x8f", True),
            (b"\xf4\x90", False),
            (b"\xf5", False),
            (b"\xc1", False),
            (b"\x80", False),
            (b"ab\xff", False),
        ],
    )
    def it_waits_only_for_the_rest_of_what_may_be_utf_8(self, twin, begin, more):
        take_messages = of(twin, "take_messages")
        end = -(9 - len(begin))
        for chunk in (
            frame(0x81, begin + b"x" * (9 - len(begin)))[:end],
            frame(0x01, begin) + frame(0x80, b"x" * 9)[:6],
            frame(0x01, begin[:1]) + frame(0x80, begin[1:] + b"x" * (9 - len(begin)))[:end],
        ):
            _, where, _, masked, waits = take_messages(chunk, 0)
            assert (where, masked, waits) == (0, True, more), chunk

    @pytest.mark.parametrize("key", [b"\x81\x02\x83\x04", b"\x01\x82\x03\x84", b"\xff\xfe\xfd\xfc"])
    @pytest.mark.parametrize(
        ("begin", "more"),
        [
            (b"ab\x7f\x00c", True),
            (b"abcd\xc3", True),
            (b"\xff", False),
            (b"a\xff", False),
            (b"ab\x80", False),
            (b"abc\xff", False),
            (b"\x80\x80\x80\x80", False),
        ],
    )
    def it_checks_the_text_whatever_the_highest_bits_of_the_key_are(self, twin, key, begin, more):
        chunk = frame(0x81, begin + b"x" * 9, key=key)[:-9]
        longest = len(begin) + 9 if more else 0
        assert of(twin, "take_messages")(chunk, 0) == ([], 0, longest, True, more)

    def it_checks_a_text_without_a_key_behind_any_bytes(self, twin):
        take_messages = of(twin, "take_messages")
        chunk = b"\x82\x02\xff\xff\x81\x05"
        assert take_messages(chunk + b"\xff", 0) == ([b"\xff\xff"], 4, 2, False, False)
        assert take_messages(chunk + b"a", 0) == ([b"\xff\xff"], 4, 5, False, True)

    def it_leaves_a_length_that_is_beyond_all_memory(self, twin):
        chunk = b"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff" + b"x" * 20
        assert of(twin, "take_messages")(chunk, 0) == ([], 0, 0, False, False)
        chunk = b"\x02\x01x\x00" + chunk[1:]
        assert of(twin, "take_messages")(chunk, 0) == ([], 0, 0, False, False)
        chunk = b"\x82\x7f\x01" + bytes(7)
        assert of(twin, "take_messages")(chunk, 0) == ([], 0, 0, False, False)

    @pytest.mark.parametrize(
        "first", [first for first in range(256) if first & 0x7F not in (0x01, 0x02)]
    )
    def it_leaves_what_is_not_an_ordinary_message(self, twin, first):
        chunk = bytes([first]) + b"\x02Hi"
        assert of(twin, "take_messages")(chunk, 0) == ([], 0, 0, False, False)
        assert of(twin, "take_messages")(chunk[:1], 0) == ([], 0, 0, False, False)

    def it_takes_some_at_a_time(self, twin):
        take_messages = of(twin, "take_messages")
        assert take_messages(b"\x82\x01x" * 100, 0) == ([b"x"] * 64, 192, 1, False, False)
        assert take_messages(b"\x82\x01x" * 100, 192) == ([b"x"] * 36, 300, 1, False, False)
        large = frame(0x82, b"x" * 0x8000, False)
        taken = ([b"x" * 0x8000] * 2, len(large) * 2, 0x8000, False, False)
        assert take_messages(large * 3, 0) == taken


@both
class DescribeMissing:
    """Returns how many bytes of a chunk complete the message that begins with a tail."""

    @pytest.mark.parametrize("masked", [False, True])
    @pytest.mark.parametrize("length", [0, 5, 126, 65536])
    def it_is_the_rest_of_a_frame(self, twin, length, masked):
        missing = of(twin, "missing")
        whole = frame(0x81, b"x" * length, masked)
        for end in {1, 2, 3, 9, 13, len(whole) - 1} & set(range(1, len(whole))):
            assert missing(whole[:end], whole[end:]) == len(whole) - end
            assert missing(whole[:end], whole[end:] + HELLO) == len(whole) - end
            assert missing(whole[:end], whole[end:-1]) == 0
            assert missing(whole[:end], b"") == 0

    def it_is_the_rest_of_all_fragments(self, twin):
        missing = of(twin, "missing")
        whole = of_three(0x82, (b"abc", b"", b"de"))
        for end in range(1, len(whole)):
            assert missing(whole[:end], whole[end:] + b"\x89") == len(whole) - end
            for less in range(end, len(whole)):
                assert missing(whole[:end], whole[end:less]) == 0

    @pytest.mark.parametrize("other", [b"\x89\x00", b"\x81\x00", b"\x40\x00", b"\x7f"])
    def it_is_nothing_if_another_frame_comes(self, twin, other):
        assert of(twin, "missing")(frame(0x01, b"Hello"), other + frame(0x80, b"")) == 0

    def it_is_nothing_if_a_frame_is_longer_than_what_is_taken(self, twin):
        whole = frame(0x82, b"x" * 65537)
        assert of(twin, "missing")(whole[:20], whole[20:]) == 0
        fragments = frame(0x02, b"x") + frame(0x80, b"x" * 65537)
        assert of(twin, "missing")(fragments[:20], fragments[20:]) == 0

    def it_is_the_rest_of_a_message_with_rsv1(self, twin):
        assert of(twin, "missing")(b"\xc1\x03a", b"bc\x81\x00") == 2
        assert of(twin, "missing")(b"\x41\x01a\x80", b"\x02bc\x81\x00") == 3

    def it_is_nothing_if_the_tail_has_all(self, twin):
        assert of(twin, "missing")(HELLO, HELLO) == 0
        assert of(twin, "missing")(HELLO + b"x", HELLO) == 0


@both
class DescribeTakeFragments:
    """Returns the payload, where it ends, how many fragments it is, and whether they are masked."""

    def it_takes_one(self, twin):
        take_fragments = of(twin, "take_fragments")
        assert take_fragments(frame(0x00, b"Hello"), 0) == (b"Hello", 11, 1, True)
        assert take_fragments(b"\x00\x00", 0) == (b"", 2, 1, False)
        assert take_fragments(b"", 0) == (b"", 0, 0, False)

    @pytest.mark.parametrize("masked", [False, True])
    def it_takes_those_that_follow_too(self, twin, masked):
        pieces = [frame(0x00, piece, masked) for piece in (b"Hel", b"", b"lo")]
        fragments = b"".join(pieces)
        other = frame(0x00, b"other", not masked)
        for rest in (frame(0x80, b"!"), b"\x89\x00", b"\x00", b"\x40\x00", b"", other):
            chunk = b"x" + fragments + rest
            taken = of(twin, "take_fragments")(chunk, 1)
            assert taken == (b"Hello", 1 + len(fragments), 3, masked)

    @pytest.mark.parametrize("masked", [False, True])
    @pytest.mark.parametrize(
        ("sizes", "taken"),
        [([0xFFFF, 1, 1], 2), ([0xFFFF, 2, 1], 2), ([0x10000, 1], 1), ([0x10001, 1], 1)],
    )
    def it_takes_some_at_a_time(self, twin, sizes, taken, masked):
        frames = [frame(0x00, b"x" * size, masked) for size in sizes]
        payload, end = b"x" * sum(sizes[:taken]), sum(map(len, frames[:taken]))
        take_fragments = of(twin, "take_fragments")
        assert take_fragments(b"".join(frames), 0) == (payload, end, taken, masked)


@pytest.mark.skipif(_speedups is None, reason="_speedups is not compiled")
class DescribeSpeedups:
    pieces = st.lists(
        st.one_of(
            st.builds(
                frame,
                st.sampled_from([0x00, 0x01, 0x80, 0x81, 0x82, 0xC1]),
                st.one_of(st.binary(max_size=140), st.text(max_size=9).map(str.encode)),
                st.booleans(),
            ),
            st.binary(max_size=6),
        ),
        max_size=6,
    )

    @given(pieces, st.integers(0, 40))
    def it_takes_what_python_takes(self, pieces, start):
        arguments = (b"".join(pieces), start)
        for name in ("take_messages", "take_fragments"):
            assert of("compiled", name)(*arguments) == of("python", name)(*arguments)

    @given(pieces, st.integers(0, 40))
    def it_misses_what_python_misses(self, pieces, at):
        data = b"".join(pieces)
        arguments = (data[:at], data[at:])
        assert of("compiled", "missing")(*arguments) == of("python", "missing")(*arguments)

    def it_lets_go_of_all_that_it_takes(self):
        large = frame(0x81, b"x" * 5000)
        wrong = frame(0x81, b"x" * 5000 + b"\xff")

        def use():
            for chunk in (HELLO, large, wrong, large + wrong, frame(0x82, b"x"), b"\x00\x01x" * 9):
                _speedups.take_messages(chunk, 0)
                _speedups.take_messages(chunk[:-1], 0)
                _speedups.take_fragments(chunk, 0)
                _speedups.missing(chunk[:-1], chunk[-1:])
            for payload in ("Hello", b"Hello", "\u00fc" * 3000):
                _speedups.make_frame(0x81, payload, KEY)
            refused: list[Any] = [("\ud800", None), (b"", b"123"), (1, None)]
            for arguments in refused:
                with suppress(TypeError, ValueError):
                    _speedups.make_frame(0x81, *arguments)
            _speedups.mask(b"x" * 5000, KEY)

        use()
        with allocations() as memory:
            use()
            before = memory.now()
            for _ in range(100):
                use()
            # One object of any kind that is kept each time would make 100.
            assert memory.now() - before < 100 * 33

    def it_says_what_is_wrong_with_its_arguments(self):
        wrong: list[Any] = [(), (b"",), ("text", KEY), (b"", "text"), (b"", KEY, 1)]
        for arguments in wrong:
            with pytest.raises(TypeError):
                _speedups.mask(*arguments)
        with pytest.raises(ValueError, match="a masking key has 4 bytes"):
            _speedups.mask(b"", b"123")

        for take in (_speedups.take_messages, _speedups.take_fragments):
            wrong = [(), (b"",), ("text", 0), (b"", "text")]
            for arguments in wrong:
                with pytest.raises(TypeError):
                    take(*arguments)
            with pytest.raises(OverflowError):
                take(b"", 2**64)
            with pytest.raises(ValueError, match="a start must not be negative"):
                take(b"", -1)

        wrong = [(), (b"",), ("text", b""), (b"", "text")]
        for arguments in wrong:
            with pytest.raises(TypeError):
                _speedups.missing(*arguments)

        wrong = [(), (1, b""), ("a", b"", None), (1, 1, None), (1, b"", "text")]
        for arguments in wrong:
            with pytest.raises(TypeError):
                _speedups.make_frame(*arguments)
        with pytest.raises(ValueError, match="a masking key has 4 bytes"):
            _speedups.make_frame(0x81, b"", b"123")


@both
class DescribeMessagesWithRsv1:
    def it_takes_their_payloads_if_they_are_allowed(self, twin):
        take_messages = of(twin, "take_messages")
        chunk = b"\xc1\x02Hi\xc2\x01x\x81\x01y\x41\x01a\x80\x01b"
        messages = [(True, b"Hi"), (False, b"x"), "y", (True, b"ab")]
        assert take_messages(chunk, 0, True) == (messages, len(chunk), 2, False, False)
        assert take_messages(chunk, 0) == ([], 0, 0, False, False)
        assert take_messages(chunk, 0, False) == ([], 0, 0, False, False)

    def it_waits_for_one_that_is_cut(self, twin):
        assert of(twin, "take_messages")(b"\xc1\x05\xff", 0, True) == ([], 0, 5, False, True)

    @pytest.mark.parametrize("first", [0xC1, 0xC2])
    def it_leaves_a_long_one(self, twin, first):
        chunk = frame(first, b"x" * 65537, False)
        assert of(twin, "take_messages")(chunk, 0, True) == ([], 0, 0, False, False)
