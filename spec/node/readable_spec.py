"""The paused mode of streams: `read()` and the event `readable`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec.node.support import Log, Pipe, node_error, ticks
from websocket_driver.node.stream import Duplex

EVENTS = ("readable", "data", "end", "pause", "resume", "error", "close")


@pytest.fixture
def stream():
    return Pipe()


def read_all(stream):
    pieces = []
    while (piece := stream.read()) is not None:
        pieces.append(piece)
    return pieces


class Socketlike(Pipe):
    """Its source continues without a call of `read()`."""

    _continuous = True


class DescribeRead:
    def it_returns_everything_that_is_buffered(self, stream):
        stream.push(b"ab")
        stream.push(b"c")
        assert (stream.read(), stream.readable_length) == (b"abc", 0)
        assert stream.read() is None

    def it_returns_as_much_as_is_asked_for(self, stream):
        for chunk in (b"ab", b"cde", b"f", b"gh"):
            stream.push(chunk)
        assert [stream.read(size) for size in (1, 2, 4)] == [b"a", b"bc", b"defg"]
        assert (stream.read(2), stream.readable_length) == (None, 1)
        assert stream.read(1) == b"h"

    def it_returns_the_rest_at_the_end_however_much_was_asked_for(self, stream):
        stream.push(b"abc")
        stream.push(None)
        log = Log(stream, "end")
        assert (stream.read(5), stream.read(5)) == (b"abc", None)
        ticks()
        assert log == [("end",)]

    def it_needs_one_more_call_if_all_of_the_rest_was_asked_for(self, stream):
        stream.push(b"abc")
        stream.push(None)
        log = Log(stream, "end")
        assert stream.read(3) == b"abc"
        ticks()
        assert log == []
        assert stream.read() is None
        ticks()
        assert log == [("end",)]

    def it_returns_nothing_for_sizes_below_one(self, stream):
        stream.push(b"abc")
        assert (stream.read(0), stream.read(-1)) == (None, None)
        assert stream.readable_length == 3

    def it_returns_text_with_an_encoding(self, stream):
        stream.set_encoding("utf8")
        stream.push("aä€".encode()[:-1])
        assert stream.read(1) == "a"
        stream.push("€".encode()[-1:])
        assert (stream.read(1), stream.read()) == ("ä", "€")

    def it_takes_an_encoding_that_is_set_twice(self, stream):
        stream.push(b"ab")
        stream.set_encoding("utf8").set_encoding("utf8")
        assert stream.read() == "ab"

    def it_emits_what_it_returns_as_data(self, stream):
        stream.pause()
        log = Log(stream, "data")
        stream.push(b"abc")
        assert (stream.read(2), stream.read()) == (b"ab", b"c")
        assert log == [("data", b"ab"), ("data", b"c")]

    def it_returns_one_chunk_while_the_stream_flows(self, stream):
        stream.push(b"ab")
        stream.push(b"c")
        stream.resume()
        assert (stream.read(), stream.read()) == (b"ab", b"c")

    def it_has_nothing_to_read_after_the_end(self, stream):
        stream.push(None)
        stream.resume()
        ticks()
        assert (stream.readable_ended, stream.read(), stream.read(1)) == (True, None, None)

    def it_asks_the_source_for_more(self, stream):
        assert (stream.read(), stream.asked) == (None, 1)
        stream.push(b"a")
        assert (stream.read(), stream.asked) == (b"a", 2)

    def it_takes_what_the_source_pushes_at_once(self):
        class Counter(Duplex):
            count = 0

            def _read(self):
                self.count += 1
                self.push(b"%d" % self.count)

        stream = Counter(writable=False, readable_high_water_mark=2)
        assert [stream.read(1) for _ in range(3)] == [b"1", b"2", b"3"]

    def it_raises_the_high_water_mark_to_what_is_asked_for(self):
        stream = Pipe(readable_high_water_mark=10)
        stream.push(b"abc")
        assert (stream.read(11), stream.readable_high_water_mark) == (None, 16)
        assert (stream.read(16), stream.readable_high_water_mark) == (None, 16)
        stream.push(b"d" * 13)
        assert stream.read(16) == b"abc" + b"d" * 13

    @pytest.mark.parametrize("size", ["5", 1.5, True, b""])
    def it_accepts_integers_only(self, stream, size):
        with pytest.raises(TypeError) as raised:
            stream.read(size)
        assert node_error(raised).code == "ERR_INVALID_ARG_TYPE"

    def it_refuses_more_than_a_gibibyte(self, stream):
        with pytest.raises(ValueError, match="1 GiB") as raised:
            stream.read(2**30 + 1)
        assert node_error(raised).code == "ERR_OUT_OF_RANGE"

    @given(
        st.lists(st.binary(min_size=1, max_size=20), max_size=20),
        st.lists(st.one_of(st.none(), st.integers(0, 30)), max_size=40),
    )
    def it_returns_all_bytes_in_order(self, chunks, sizes):
        stream = Pipe()
        waiting, received = list(chunks), b""
        for size in sizes:
            if waiting:
                stream.push(waiting.pop(0))
            piece = stream.read(size)
            assert piece is None or size is None or len(piece) == size
            received += piece or b""
        for chunk in waiting:
            stream.push(chunk)
        assert received + b"".join(read_all(stream)) == b"".join(chunks)


class DescribeTheEventReadable:
    @pytest.mark.parametrize("kind", [Pipe, Socketlike])
    def it_comes_when_there_is_something_to_read(self, kind):
        stream = kind()
        log = Log(stream, "readable", "end")
        ticks()
        stream.push(b"a")
        stream.push(b"b")
        assert log == []
        ticks()
        assert (log, stream.readable_length) == ([("readable",)], 2)
        stream.push(b"c")
        ticks()
        assert (log, stream.read()) == ([("readable",)] * 2, b"abc")

    def it_comes_for_what_was_buffered_before(self, stream):
        stream.push(b"a")
        log = Log(stream, "readable")
        ticks()
        assert (log, stream.readable_flowing) == ([("readable",)], False)

    def it_comes_at_the_end_too_and_then_read_has_the_end_emitted(self, stream):
        log = Log(stream, "readable", "end")
        stream.on("readable", lambda: log.append(("read", *read_all(stream))))
        ticks()
        stream.push(b"a")
        ticks()
        stream.push(None)
        ticks()
        assert log == [("readable",), ("read", b"a"), ("readable",), ("read",), ("end",)]

    def it_is_not_followed_by_the_end_while_something_is_left(self, stream):
        log = Log(stream, "readable", "end")
        ticks()
        stream.push(b"a")
        stream.push(None)
        ticks()
        assert log == [("readable",)] * 2
        stream.read()
        ticks()
        assert log[2:] == [("end",)]

    def it_comes_once_more_if_not_everything_was_read(self, stream):
        log = Log(stream, "readable")
        stream.on("readable", lambda: log.append(("read", stream.read(2))))
        ticks()
        stream.push(b"abc")
        ticks()
        assert log == [("readable",), ("read", b"ab")]
        stream.push(b"d")
        ticks()
        assert log[2:] == [("readable",), ("read", b"cd")]

    def it_does_not_come_for_what_was_read_before_its_tick(self, stream):
        log = Log(stream, "readable")
        ticks()
        stream.push(b"a")
        assert stream.read() == b"a"
        ticks()
        assert log == []
        stream.push(b"b")
        ticks()
        assert log == [("readable",)]

    def it_is_asked_for_with_read_0(self):
        stream = Pipe(readable_high_water_mark=2)
        log = Log(stream, "readable")
        ticks()
        stream.push(b"ab")
        ticks()
        assert (log, stream.read(0)) == ([("readable",)], None)
        ticks()
        assert log == [("readable",)] * 2

    def it_stops_the_flow(self, stream):
        log = Log(stream, "readable", "data")
        ticks()
        assert stream.readable_flowing is False
        stream.push(b"a")
        ticks()
        assert log == [("readable",)]
        assert (stream.read(), log[1:]) == (b"a", [("data", b"a")])

    def it_comes_in_place_of_data_after_resume(self, stream):
        log = Log(stream, "readable", "data", "resume")
        stream.resume()
        stream.push(b"a")
        ticks()
        assert log == [("resume",), ("readable",)]
        assert (stream.readable_flowing, stream.is_paused()) == (False, True)

    def it_lets_the_stream_flow_again_without_listeners(self, stream):
        log = Log(stream, "data")
        listener = stream.on("readable", print)
        ticks()
        stream.push(b"a")
        stream.remove_listener("readable", listener)
        ticks()
        assert (log, stream.readable_flowing) == ([("data", b"a")], True)

    def it_leaves_a_stream_that_nobody_reads(self, stream):
        for listener in (print, repr):
            stream.on("readable", listener)
        stream.remove_listener("readable", print)
        ticks()
        assert stream.readable_flowing is False
        stream.remove_all_listeners("readable")
        ticks()
        assert stream.readable_flowing is None
        stream.remove_all_listeners("end")
        stream.remove_all_listeners()
        ticks()
        assert stream.readable_flowing is None

    def it_drops_what_arrives_after_all_listeners_were_removed(self, stream):
        stream.on("data", print)
        ticks()
        stream.pause()
        stream.remove_all_listeners()
        ticks()
        stream.push(b"a")
        ticks()
        assert (stream.readable_flowing, stream.readable_length) == (True, 0)

    def it_flows_if_resume_was_called_right_after_the_last_listener_was_removed(self, stream):
        log = Log(stream, "readable")
        for listener in stream.listeners("readable"):
            stream.remove_listener("readable", listener)
        stream.push(b"a")
        stream.resume()
        assert stream.readable_flowing is False
        ticks()
        assert (log, stream.readable_flowing, stream.readable_length) == ([], True, 0)

    def it_keeps_the_mode_for_a_listener_that_adds_itself_again(self, stream):
        reads = []

        def listener():
            reads.append(stream.read())
            stream.once("readable", listener)

        stream.once("readable", listener)
        stream.on("data", lambda chunk: None)
        for chunk in (b"a", b"b"):
            stream.push(chunk)
            ticks()
        assert (reads, stream.readable_flowing) == ([b"a", b"b"], False)

    def it_does_not_come_after_destroy(self, stream):
        log = Log(stream, "readable", "close")
        ticks()
        stream.push(b"a")
        stream.destroy()
        ticks()
        assert log == [("close",)]

    def it_does_nothing_once_the_stream_has_ended(self, stream):
        stream.push(None)
        stream.resume()
        ticks()
        log = Log(stream, "readable")
        ticks()
        assert (log, stream.readable_flowing) == ([], True)

    def it_comes_for_what_is_put_back(self):
        stream = Socketlike()
        log = Log(stream, "readable")
        ticks()
        stream.unshift(b"a")
        ticks()
        stream.unshift(b"b")
        ticks()
        assert (log, stream.read()) == ([("readable",)] * 2, b"ba")

    def it_does_not_come_for_what_is_put_back_after_the_input_has_ended(self):
        stream = Socketlike()
        stream.push(b"a")
        stream.push(None)
        ticks()
        log = Log(stream, "readable")
        ticks()
        stream.unshift(b"b")
        stream.read(0)
        ticks()
        assert log == [("readable",)]

    def it_wins_over_a_pipe_until_it_is_removed(self):
        source, sink = Pipe(), Pipe()
        listener = source.on("readable", lambda: None)
        source.pipe(sink)
        source.push(b"a")
        ticks()
        assert sink.written == []
        source.remove_listener("readable", listener)
        ticks()
        assert sink.written == [b"a"]

    def it_has_its_source_go_on_when_there_is_room_again(self):
        stream = Socketlike(readable_high_water_mark=4)
        stream.on("readable", lambda: None)
        ticks()
        assert (stream.push(b"abcd"), stream.asked) == (False, 1)
        ticks()
        assert (stream.read(), stream.asked) == (b"abcd", 2)
