from __future__ import annotations

import pytest

from websocket_driver.driver.stream_reader import StreamReader


class DescribeStreamReader:
    @pytest.fixture
    def reader(self):
        reader = StreamReader()
        for chunk in (b"abc", b"", b"de", b"f", b"ghij"):
            reader.put(chunk)
        return reader

    class DescribeRead:
        def it_takes_a_part_of_a_chunk(self, reader):
            assert reader.read(2) == b"ab"
            assert reader.read(1) == b"c"
            assert len(reader) == 7

        def it_takes_a_chunk(self, reader):
            assert reader.read(3) == b"abc"
            assert reader.read(2) == b"de"
            assert len(reader) == 5

        def it_takes_several_chunks(self, reader):
            assert reader.read(6) == b"abcdef"
            assert reader.read(4) == b"ghij"
            assert len(reader) == 0

        def it_takes_parts_of_several_chunks(self, reader):
            assert reader.read(1) == b"a"
            assert reader.read(3) == b"bcd"
            assert reader.read(4) == b"efgh"
            assert reader.read(2) == b"ij"
            assert len(reader) == 0

        def it_takes_all(self, reader):
            assert reader.read(10) == b"abcdefghij"
            assert reader.read(1) is None

        def it_takes_nothing_if_there_is_not_enough(self, reader):
            assert reader.read(11) is None
            assert len(reader) == 10
            assert reader.read(10) == b"abcdefghij"

        def it_takes_no_bytes_at_any_time(self, reader):
            assert reader.read(0) == b""
            assert len(reader) == 10
            assert StreamReader().read(0) == b""

        def it_goes_on_with_what_is_put_in_later(self, reader):
            assert reader.read(8) == b"abcdefgh"
            assert reader.read(3) is None
            reader.put(b"kl")
            assert reader.read(3) == b"ijk"
            assert reader.read(1) == b"l"

        @pytest.mark.parametrize("size", range(1, 11))
        def it_gives_the_same_bytes_in_any_portions(self, reader, size):
            portions = []
            while len(reader) >= size:
                portions.append(reader.read(size))
            portions.append(reader.read(len(reader)))
            assert portions == [b"abcdefghij"[i : i + size] for i in range(0, 10, size)] + (
                [b""] if 10 % size == 0 else []
            )

    class DescribeEachByte:
        def it_takes_them_all(self, reader):
            assert bytes(reader.each_byte()) == b"abcdefghij"
            assert len(reader) == 0
            assert list(reader.each_byte()) == []

        def it_begins_where_read_has_ended(self, reader):
            reader.read(4)
            assert bytes(reader.each_byte()) == b"efghij"

        def it_has_taken_each_byte_that_it_has_given(self, reader):
            taken = []
            for octet in reader.each_byte():
                taken.append(octet)
                if octet == ord("d"):
                    break
            assert bytes(taken) == b"abcd"
            assert len(reader) == 6
            assert reader.read(6) == b"efghij"

        def it_gives_what_is_put_in_meanwhile(self, reader):
            taken = []
            for octet in reader.each_byte():
                taken.append(octet)
                if octet == ord("j"):
                    reader.put(b"kl")
            assert bytes(taken) == b"abcdefghijkl"

        def it_ends_when_the_rest_is_dropped(self, reader):
            taken = []
            for octet in reader.each_byte():
                taken.append(octet)
                if octet == ord("d"):
                    reader.clear()
            assert bytes(taken) == b"abcd"

    class DescribeClear:
        def it_drops_everything(self, reader):
            reader.read(2)
            reader.clear()
            assert len(reader) == 0
            assert reader.read(1) is None
            reader.put(b"xyz")
            assert reader.read(3) == b"xyz"
