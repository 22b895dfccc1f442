from __future__ import annotations

import copy
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec.allocations import allocations
from websocket_driver.permessage_deflate.window import SLACK, Window


class DescribeWindow:
    @pytest.fixture
    def window(self):
        return Window(4)

    def it_is_empty_at_first(self, window):
        assert window.read() == b""

    @pytest.mark.parametrize(
        ("pieces", "content"),
        [
            ([b""], b""),
            ([b"ab"], b"ab"),
            ([b"ab", b"cd"], b"abcd"),
            ([b"ab", b"cd", b"e"], b"bcde"),
            ([b"ab", b"cd", b"ef"], b"cdef"),
            ([b"ab", b"", b"", b"cde"], b"bcde"),
            ([b"abcd"], b"abcd"),
            ([b"abcdefgh"], b"efgh"),
            ([b"a", b"bcdefgh"], b"efgh"),
            ([b"abcd", b""], b"abcd"),
            ([b"abcd", b"efgh", b"i"], b"fghi"),
        ],
    )
    def it_remembers_the_last_bytes(self, window, pieces, content):
        for piece in pieces:
            window.push(piece)
        assert window.read() == content

    def it_can_be_read_again(self, window):
        window.push(b"abc")
        assert window.read() == b"abc"
        window.push(b"de")
        assert (window.read(), window.read()) == (b"bcde", b"bcde")

    @given(st.integers(1, 20), st.lists(st.binary(max_size=30)))
    def it_remembers_the_last_bytes_of_anything(self, size, pieces):
        window = Window(size)
        for i, piece in enumerate(pieces):
            window.push(piece)
            assert window.read() == b"".join(pieces[: i + 1])[-size:]

    @pytest.mark.parametrize("size", [1, 1000, 4096, 5000, 40_000, 100_000])
    def it_holds_its_size_and_a_constant_at_most(self, size):
        window = Window(32_768)
        content = b""
        for i in range(200_000 // size + 20):
            piece = bytes([i % 256]) * size
            window.push(piece)
            content = (content + piece)[-32_768:]
            assert window.read() == content
        with allocations() as memory:
            copied = copy.deepcopy(window)
            # The buffer of a bytearray may be an eighth larger than its content.
            assert memory.now() < (32_768 + SLACK) * 9 / 8 + 1000
        assert copied.read() == content

    def it_takes_the_same_time_for_a_byte_whatever_it_holds(self):
        def seconds(size):
            window = Window(size)
            window.push(b"x" * size)
            started = time.process_time()
            for _ in range(20_000):
                window.push(b"y")
            return time.process_time() - started

        assert seconds(32_768) < 20 * seconds(512) + 0.1

    @pytest.mark.parametrize("pieces", [[b"x" * 100_000], [b"x" * 40_000, b"y" * 90], [b"z"]])
    def it_keeps_little_more_than_that(self, pieces):
        window = Window(32_768)
        with allocations() as memory:
            for _ in range(1000):
                for piece in pieces:
                    window.push(piece)
            assert memory.now() < 200_000

    def it_keeps_nothing_of_empty_messages(self):
        window = Window(32_768)
        window.push(b"abc")
        with allocations() as memory:
            for _ in range(100_000):
                window.push(b"")
            assert memory.now() < 10_000
        assert window.read() == b"abc"
