"""Streams without a loop: reading, writing, and how both end."""

from __future__ import annotations

from typing import Any

import pyee
import pytest
from hypothesis import given
from hypothesis import strategies as st

import websocket_driver as websocket
from spec.node.support import Log, Pipe, handled, ticks
from spec.wires import run
from websocket_driver.node.errors import NodeError
from websocket_driver.node.stream import HIGH_WATER_MARK, Duplex

EVENTS = ("data", "end", "pause", "resume", "drain", "finish", "error", "close")
FLOW = ("data", "end", "drain", "finish", "error", "close")


@pytest.fixture
def stream():
    return Pipe()


def failed(error):
    return (type(error).__name__, getattr(error, "code", None))


class DescribeReading:
    def it_emits_data_for_what_is_pushed(self, stream):
        log = Log(stream, *EVENTS)
        assert stream.push(b"a") is True
        assert log == []
        ticks()
        assert log == [("resume",), ("data", b"a")]
        stream.push(b"b")
        assert log == [("resume",), ("data", b"a"), ("data", b"b")]

    def it_keeps_what_comes_before_somebody_listens(self, stream):
        stream.push(b"a")
        stream.push("b")
        ticks()
        assert (stream.readable_length, stream.readable_flowing) == (2, None)
        log = Log(stream, *FLOW)
        ticks()
        assert log == [("data", b"a"), ("data", b"b")]
        assert (stream.readable_length, stream.readable_flowing) == (0, True)

    def it_reads_ahead_to_its_high_water_mark(self):
        stream = Pipe(readable_high_water_mark=10)
        assert stream.readable_high_water_mark == 10
        assert [stream.push(b"abcd") for _ in range(4)] == [True, True, False, False]
        ticks()
        assert stream.asked == 0
        log = Log(stream, "data")
        ticks()
        assert log == [("data", b"abcd")] * 4
        assert stream.asked == 1

    def it_asks_for_more_once_what_was_asked_for_has_come(self, stream):
        stream.resume()
        ticks()
        assert stream.asked == 1
        ticks()
        assert stream.asked == 1
        stream.push(b"")
        ticks()
        assert stream.asked == 2
        stream.push(b"a")
        ticks()
        assert stream.asked == 3

    def it_takes_what_is_pushed_while_it_asks(self):
        class Counter(Duplex):
            count = 0

            def _read(self):
                self.count += 1
                self.push(str(self.count) if self.count < 4 else None)

        stream = Counter(writable=False)
        log = Log(stream, *FLOW)
        ticks()
        assert log == [("data", b"1"), ("data", b"2"), ("data", b"3"), ("end",), ("close",)]

    def it_fails_with_what_its_source_raises(self):
        class Broken(Duplex):
            def _read(self):
                raise ValueError("broken")

        stream = Broken()
        log = Log(stream, *FLOW)
        ticks()
        assert [name for name, *_ in log] == ["error", "close"]
        assert str(stream.errored) == "broken"

    def it_emits_end_after_everything_was_read(self, stream):
        log = Log(stream, *FLOW)
        ticks()
        stream.push(b"a")
        assert stream.push(None) is False
        assert stream.push(None) is False
        ticks()
        assert log == [("data", b"a"), ("end",)]
        assert (stream.readable, stream.readable_ended, stream.writable) == (False, True, True)

    def it_emits_end_only_when_it_is_read(self, stream):
        log = Log(stream, "end", "close")
        stream.push(b"a")
        stream.push(None)
        ticks()
        assert log == []
        stream.resume()
        ticks()
        assert log == [("end",)]

    def it_emits_end_without_a_reader_if_its_subclass_says_so(self, stream):
        log = Log(stream, "end")
        stream._end_if_empty()
        stream.push(None)
        stream._end_if_empty()
        stream._end_if_empty()
        ticks()
        assert log == [("end",)]
        other = Pipe()
        log = Log(other, "end")
        other.push(b"a")
        other.push(None)
        other._end_if_empty()
        ticks()
        assert log == []

    def it_fails_if_something_is_pushed_after_the_end(self, stream):
        log = Log(stream, *FLOW)
        stream.push(None)
        assert stream.push(b"a") is False
        ticks()
        assert log == [("error", "ERR_STREAM_PUSH_AFTER_EOF"), ("close",)]

    @pytest.mark.parametrize("method", ["push", "unshift"])
    @pytest.mark.parametrize("chunk", [[], {}, 0, 1, True, object()])
    def it_fails_if_a_chunk_is_neither_bytes_nor_text(self, stream, method, chunk):
        """test-stream-readable-invalid-chunk.js"""
        log = Log(stream, "data", "error", "close")
        assert getattr(stream, method)(chunk) is False
        ticks()
        assert log == [("error", "ERR_INVALID_ARG_TYPE"), ("close",)]

    def it_copies_a_chunk_that_may_change(self, stream):
        chunk = bytearray(b"abc")
        assert stream.push(chunk) is True
        chunk[:] = b"xyz"
        assert stream.read() == b"abc"

    def it_takes_an_empty_chunk_for_an_answer(self, stream):
        stream.resume()
        ticks()
        assert (stream.push(b""), stream.push("")) == (True, True)
        ticks()
        assert stream.asked == 2

    def it_stops_flowing_when_it_is_destroyed(self, stream):
        log = Log(stream, *FLOW)
        stream.on("data", lambda chunk: stream.destroy())
        stream.push(b"a")
        stream.push(b"b")
        ticks()
        assert log == [("data", b"a"), ("data", b"b"), ("close",)]

    def it_emits_nothing_after_its_close(self, stream):
        log = Log(stream, *FLOW)
        stream.pause()
        stream.push(b"a")
        stream.destroy()
        ticks()
        stream.resume()
        ticks()
        assert log == [("close",)]

    def it_fills_its_buffer_while_it_flows(self):
        class Source(Duplex):
            def __init__(self):
                super().__init__(writable=False, readable_high_water_mark=3)
                self.left = [b"a", b"b", b"c", b"d", None]

            def _read(self):
                if self.left:
                    self.push(self.left.pop(0))

        stream = Source()
        log = Log(stream, *FLOW)
        stream.pause()
        ticks()
        stream.resume()
        ticks()
        assert log == [
            ("data", b"a"),
            ("data", b"b"),
            ("data", b"c"),
            ("data", b"d"),
            ("end",),
            ("close",),
        ]

    def it_takes_nothing_after_it_was_destroyed(self, stream):
        log = Log(stream, *FLOW)
        stream.destroy()
        assert stream.push(b"a") is False
        assert stream.unshift(b"a") is False
        ticks()
        assert log == [("close",)]

    def it_emits_what_was_buffered_when_it_is_destroyed_before_its_close(self, stream):
        stream.push(b"a")
        log = Log(stream, *FLOW)
        stream.destroy()
        ticks()
        assert log == [("data", b"a"), ("close",)]

    def it_goes_on_with_the_rest_when_a_listener_raises(self):
        async def main():
            contexts = handled()
            stream = Pipe()
            chunks = []

            def listener(chunk):
                chunks.append(chunk)
                raise ValueError(chunk)

            stream.on("data", listener)
            for chunk in (b"a", b"b"):
                stream.push(chunk)
            ticks()
            stream.push(b"c")
            assert chunks == [b"a", b"b", b"c"]
            assert [context["message"] for context in contexts] == [
                "Exception in a listener for 'data'"
            ] * 3

        run(main)

    @given(st.lists(st.binary(min_size=1, max_size=50), max_size=20), st.integers(1, 100))
    def it_delivers_everything_in_order(self, chunks, mark):
        stream = Pipe(readable_high_water_mark=mark)
        for chunk in chunks[: len(chunks) // 2]:
            stream.push(chunk)
        received = bytearray()
        stream.on("data", received.extend)
        for chunk in chunks[len(chunks) // 2 :]:
            stream.push(chunk)
        ticks()
        assert received == b"".join(chunks)


class DescribePausing:
    def it_stops_data_and_starts_it_again(self, stream):
        log = Log(stream, *EVENTS)
        ticks()
        assert stream.is_paused() is False
        assert stream.pause() is stream
        stream.pause()
        stream.push(b"a")
        ticks()
        assert (stream.is_paused(), stream.isPaused()) == (True, True)
        assert log == [("resume",), ("pause",)]
        assert stream.resume() is stream
        stream.resume()
        ticks()
        assert log == [("resume",), ("pause",), ("resume",), ("data", b"a")]

    def it_starts_once_however_often_it_is_told_to(self, stream):
        log = Log(stream, "pause", "resume")
        stream.resume()
        stream.pause()
        stream.resume()
        ticks()
        assert log == [("pause",), ("resume",)]

    def it_can_stop_in_a_listener(self, stream):
        chunks = []
        stream.on("data", lambda chunk: (chunks.append(chunk), stream.pause()))  # type: ignore[func-returns-value]
        stream.push(b"a")
        stream.push(b"b")
        ticks()
        assert chunks == [b"a"]
        stream.resume()
        ticks()
        assert chunks == [b"a", b"b"]

    def it_does_not_start_when_somebody_listens_after_it_was_paused(self, stream):
        stream.pause()
        log = Log(stream, "data")
        stream.push(b"a")
        ticks()
        assert log == []
        assert stream.readable_flowing is False

    def it_drops_what_nobody_listens_to_once_it_flows(self, stream):
        stream.resume()
        stream.push(b"a")
        ticks()
        stream.push(b"b")
        ticks()
        assert stream.readable_length == 0

    def it_sees_the_end_while_it_is_paused_when_nothing_is_buffered(self, stream):
        log = Log(stream, "end")
        stream.pause()
        stream.push(None)
        stream._end_if_empty()
        ticks()
        assert log == [("end",)]


class DescribeUnshift:
    def it_puts_a_chunk_in_front(self, stream):
        stream.push(b"c")
        assert stream.unshift(b"b") is True
        assert stream.unshift("a") is True
        assert stream.unshift(b"") is True
        log = Log(stream, "data")
        ticks()
        assert log == [("data", b"a"), ("data", b"b"), ("data", b"c")]

    def it_emits_it_at_once_if_the_stream_flows_and_has_nothing_else(self, stream):
        log = Log(stream, "data")
        ticks()
        stream.unshift(bytearray(b"a"))
        assert log == [("data", b"a")]

    def it_can_put_back_a_part_of_what_was_read(self, stream):
        lines = []

        def on_data(chunk):
            line, _, rest = chunk.partition(b"\n")
            lines.append(line)
            if rest:
                stream.unshift(rest)

        stream.on("data", on_data)
        ticks()
        stream.push(b"a\nb\nc\n")
        ticks()
        assert lines == [b"a", b"b", b"c"]

    def it_decodes_with_the_encoding_of_the_stream(self, stream):
        stream.set_encoding("hex")
        stream.unshift(b"\xff")
        log = Log(stream, "data")
        ticks()
        assert log == [("data", "ff")]

    def it_is_the_end_without_a_chunk(self, stream):
        assert stream.unshift(None) is False
        log = Log(stream, "end")
        stream.resume()
        ticks()
        assert log == [("end",)]

    def it_fails_after_the_end(self, stream):
        log = Log(stream, *FLOW)
        stream.push(None)
        ticks()
        stream.unshift(b"a")
        ticks()
        assert log == [("end",), ("error", "ERR_STREAM_UNSHIFT_AFTER_END_EVENT"), ("close",)]


class DescribeSetEncoding:
    def it_makes_text_of_what_is_read(self, stream):
        assert stream.readable_encoding is None
        assert stream.set_encoding("utf8") is stream
        assert stream.readable_encoding == "utf8"
        log = Log(stream, *FLOW)
        ticks()
        for byte in "h\u00e4\u20ac".encode():
            stream.push(bytes([byte]))
        stream.push(None)
        ticks()
        assert log == [("data", "h"), ("data", "ä"), ("data", "€"), ("end",)]

    def it_makes_text_of_what_is_buffered(self, stream):
        stream.push(b"\xe2\x82")
        stream.push(b"\xac")
        stream.set_encoding("utf8")
        assert stream.readable_length == 1
        log = Log(stream, "data")
        ticks()
        assert log == [("data", "€")]

    def it_replaces_what_is_incomplete_at_the_end(self, stream):
        stream.setEncoding("utf8")
        log = Log(stream, *FLOW)
        ticks()
        stream.push(b"\xe2\x82")
        stream.push(None)
        ticks()
        assert log == [("data", "\ufffd"), ("end",)]

    def it_can_have_nothing_buffered_that_is_complete(self, stream):
        stream.push(b"\xe2")
        stream.set_encoding("utf8")
        assert stream.readable_length == 0

    def it_refuses_an_unknown_encoding(self, stream):
        with pytest.raises(LookupError):
            stream.set_encoding("nosuch")


class DescribeWriting:
    def it_gives_each_chunk_to_its_sink(self, stream):
        assert stream.write(b"a") is True
        assert stream.write("ü") is True
        assert stream.write("ü", "latin1") is True
        assert stream.write(bytearray(b"b"), None) is True
        assert stream.written == [b"a", b"\xc3\xbc", b"\xfc", b"b"]

    def it_uses_the_default_encoding_of_the_stream(self, stream):
        assert stream.set_default_encoding("hex") is stream
        stream.write("6162")
        stream.write("6162", "utf8")
        assert stream.written == [b"ab", b"6162"]

    @pytest.mark.parametrize("chunk", [5, [1, 2], {"a": 1}, True])
    def it_refuses_what_is_neither_bytes_nor_text(self, stream, chunk):
        with pytest.raises(TypeError, match="`chunk` must be bytes or str"):
            stream.write(chunk)

    def it_refuses_none(self, stream):
        with pytest.raises(TypeError, match="May not write null values to stream"):
            stream.write(None)

    def it_refuses_an_unknown_encoding(self, stream):
        for chunk in ("a", b"a"):
            with pytest.raises(LookupError):
                stream.write(chunk, "nosuch")
        assert stream.write(b"a", "buffer") is True

    def it_waits_for_its_sink_and_writes_the_rest_in_one_go(self):
        stream = Pipe(held=True)
        for chunk in (b"a", b"b", b"c"):
            stream.write(chunk)
        assert (stream.written, stream.writable_length) == ([b"a"], 3)
        stream.release()
        assert (stream.written, stream.writable_length) == ([b"a", b"bc"], 2)
        stream.release()
        assert stream.writable_length == 0

    def it_calls_back_when_a_chunk_is_written(self, stream):
        calls: list[Any] = []
        stream.write(b"a", calls.append)
        stream.write(b"b", "utf8", lambda: calls.append("b"))
        assert calls == []
        ticks()
        assert calls == [None, "b"]

    def it_calls_one_callback_as_often_as_it_was_given(self, stream):
        calls: list[Any] = []
        listener = calls.append
        for _ in range(3):
            stream.write(b"a", listener)
        ticks()
        assert calls == [None, None, None]

    def it_calls_back_in_order_when_the_sink_is_slow(self):
        stream, calls = Pipe(held=True), []
        for name in "abc":
            stream.write(name, lambda error, name=name: calls.append((name, error)))
        stream.release()
        assert calls == [("a", None)]
        stream.release()
        assert calls == [("a", None), ("b", None), ("c", None)]

    @pytest.mark.parametrize("late", ["write", "end"])
    def it_calls_back_with_as_many_arguments_as_are_taken(self, late):
        async def main():
            contexts, calls = handled(), []
            stream = Pipe()
            stream.on("error", lambda error: None)
            stream.end(b"a", lambda: calls.append("a"))
            getattr(stream, late)(b"b", lambda: calls.append("b"))
            ticks()
            assert sorted(calls) == ["a", "b"]
            assert contexts == []

        run(main)

    def it_reports_what_a_callback_raises(self):
        async def main():
            contexts = handled()
            stream = Pipe()
            stream.write(b"a", lambda: 1 / 0)
            stream.write(b"b", lambda: 1 / 0)
            ticks()
            assert [type(context["exception"]) for context in contexts] == [ZeroDivisionError] * 2

        run(main)


class DescribeDrain:
    def it_says_false_from_the_high_water_mark_on_and_drains(self):
        stream = Pipe(held=True, writable_high_water_mark=3)
        log = Log(stream, "drain")
        assert stream.writable_high_water_mark == 3
        assert stream.write(b"ab") is True
        assert stream.writable_need_drain is False
        assert stream.write(b"c") is False
        assert stream.writable_need_drain is True
        stream.release()
        assert log == []
        stream.release()
        assert log == [("drain",)]
        assert stream.writable_need_drain is False

    def it_drains_when_a_callback_is_due_too(self):
        stream, calls = Pipe(writable_high_water_mark=1), []
        stream.on("drain", lambda: calls.append("drain"))
        stream.cork()
        assert stream.write(b"ab") is False
        stream.uncork()
        stream.write(b"", lambda: calls.append("callback"))
        stream.write(b"")
        ticks()
        assert calls == ["drain", "callback"]

    def it_drains_also_if_the_sink_took_everything_at_once(self):
        stream = Pipe(writable_high_water_mark=1)
        log = Log(stream, "drain")
        stream.cork()
        assert stream.write(b"ab") is False
        stream.uncork()
        assert log == []
        ticks()
        assert log == [("drain",)]

    def it_has_the_mark_of_node_if_it_is_not_told_otherwise(self):
        stream = Pipe(held=True)
        assert HIGH_WATER_MARK == 16384
        assert stream.write(bytes(16383)) is True
        assert stream.write(b"x") is False

    def it_does_not_drain_after_the_end(self):
        stream = Pipe(held=True, writable_high_water_mark=1)
        log = Log(stream, "drain", "finish")
        assert stream.write(b"a") is False
        stream.end()
        stream.release()
        assert log == [("finish",)]


class DescribeCork:
    def it_holds_writes_back_until_it_is_uncorked(self, stream):
        stream.cork()
        stream.cork()
        for chunk in (b"a", b"b"):
            stream.write(chunk)
        assert (stream.writable_corked, stream.writable_length) == (2, 2)
        stream.uncork()
        assert stream.written == []
        stream.uncork()
        stream.uncork()
        assert stream.written == [b"ab"]
        assert (stream.writable_corked, stream.writable_length) == (0, 0)

    def it_writes_one_chunk_as_it_is(self, stream):
        stream.cork()
        stream.write(b"a")
        stream.uncork()
        assert stream.written == [b"a"]

    def it_is_undone_by_end(self, stream):
        stream.cork()
        stream.cork()
        stream.write(b"a")
        stream.end(b"b")
        assert stream.written == [b"ab"]

    def it_waits_for_the_write_that_goes_on(self):
        stream = Pipe(held=True)
        stream.write(b"a")
        stream.cork()
        stream.write(b"b")
        stream.uncork()
        assert stream.written == [b"a"]
        stream.release()
        assert stream.written == [b"a", b"b"]


class DescribeEnd:
    def it_finishes_when_everything_was_written(self):
        stream = Pipe(held=True)
        log = Log(stream, *FLOW)
        assert stream.end(b"a") is stream
        assert (stream.writable, stream.writable_ended, stream.writable_finished) == (
            False,
            True,
            False,
        )
        ticks()
        assert (log, stream.finals) == ([], 0)
        stream.release()
        assert (log, stream.finals) == ([("finish",)], 1)
        assert stream.writable_finished is True
        assert stream.readable is True

    def it_calls_back_when_it_has_finished(self, stream):
        calls = []
        stream.end(b"a", "utf8", lambda error: calls.append(error))
        stream.end(lambda: calls.append("second"))
        assert calls == []
        ticks()
        assert calls == [None, "second"]

    def it_calls_back_with_an_error_after_that(self, stream):
        calls = []
        stream.end()
        ticks()
        stream.end(lambda error: calls.append(error.code))
        stream.end(b"a", lambda error: calls.append(error.code))
        ticks()
        assert calls == ["ERR_STREAM_ALREADY_FINISHED", "ERR_STREAM_WRITE_AFTER_END"]

    def it_calls_back_with_an_error_if_it_was_destroyed(self):
        stream, calls = Duplex(), []
        stream.end(lambda error: calls.append(error.code))
        stream.destroy()
        ticks()
        stream.end(lambda error: calls.append(error.code))
        stream.write(b"a", lambda error: calls.append(error.code))
        ticks()
        assert calls == [
            "ERR_STREAM_DESTROYED",
            "ERR_STREAM_DESTROYED",
            "ERR_STREAM_WRITE_AFTER_END",
        ]

    def it_calls_back_with_the_error_that_it_failed_with(self):
        stream, calls, error = Duplex(), [], ValueError("no")
        stream.on("error", lambda error: None)
        stream.end(lambda error: calls.append(error))
        stream.destroy(error)
        stream.end(lambda error: calls.append(error.code))
        ticks()
        assert calls == [error, "ERR_STREAM_DESTROYED"]

    def it_fails_if_something_is_written_afterwards(self):
        stream = Duplex()
        log, calls = Log(stream, *FLOW), []
        stream.end()
        assert stream.write(b"a", lambda error: calls.append(error.code)) is False
        ticks()
        assert log == [("error", "ERR_STREAM_WRITE_AFTER_END"), ("close",)]
        assert calls == ["ERR_STREAM_WRITE_AFTER_END"]

    def it_refuses_a_chunk_of_the_wrong_type_also_afterwards(self, stream):
        stream.end()
        with pytest.raises(TypeError):
            stream.end(5)

    def it_destroys_itself_when_both_halves_have_ended(self, stream):
        log = Log(stream, *FLOW)
        stream.end()
        stream.push(None)
        ticks()
        assert log == [("finish",), ("end",), ("close",)]
        assert (stream.destroyed, stream.closed) == (True, True)

    def it_destroys_itself_whichever_half_ends_last(self, stream):
        log = Log(stream, *FLOW)
        stream.push(None)
        ticks()
        assert log == [("end",)]
        stream.end()
        ticks()
        assert log == [("end",), ("finish",), ("close",)]

    def it_ends_with_the_other_half_unless_it_may_be_half_open(self):
        stream = Pipe(allow_half_open=False)
        log = Log(stream, *FLOW)
        stream.push(None)
        ticks()
        assert log == [("end",), ("finish",), ("close",)]

    def it_may_end_in_the_listener_for_the_other_halfs_end(self):
        stream = Pipe()
        stream.allowHalfOpen = False
        assert stream.allow_half_open is False
        stream.on("end", lambda: stream.end(b"bye"))
        log = Log(stream, *FLOW)
        stream.push(None)
        ticks()
        assert log == [("end",), ("finish",), ("close",)]
        assert stream.written == [b"bye"]

    def it_fails_if_the_end_cannot_be_sent(self):
        class Stuck(Pipe):
            def _final(self, done):
                done(OSError("stuck"))

        stream, calls = Stuck(), list[Any]()
        log = Log(stream, *FLOW)
        stream.end(calls.append)
        ticks()
        assert [name for name, *_ in log] == ["error", "close"]
        assert [str(error) for error in calls] == ["stuck"]

    def it_fails_with_what_sending_the_end_raises(self):
        class Broken(Pipe):
            def _final(self, done):
                raise OSError("broken")

        stream = Broken()
        log = Log(stream, *FLOW)
        stream.end()
        ticks()
        assert [name for name, *_ in log] == ["error", "close"]

    def it_fails_if_done_is_called_twice(self):
        class Twice(Pipe):
            def _final(self, done):
                done()
                done()

        stream = Twice()
        log = Log(stream, *FLOW)
        stream.end()
        ticks()
        assert log == [("finish",), ("error", "ERR_MULTIPLE_CALLBACK"), ("close",)]

    def it_sends_the_end_after_what_was_waiting(self):
        stream = Pipe(held=True)
        log = Log(stream, "finish")
        stream.write(b"a")
        stream.end(b"b")
        stream.held = False
        stream.release()
        assert (stream.written, log) == ([b"a", b"b"], [("finish",)])

    def it_sends_the_end_once(self):
        class Slow(Pipe):
            def _final(self, done):
                self.finals += 1
                self.waiting.append(done)

        stream, calls = Slow(), []
        stream.write(b"a", lambda: calls.append("a"))
        stream.end(lambda: calls.append("end"))
        ticks()
        assert (stream.finals, calls) == (1, ["a"])
        stream.release()
        assert calls == ["a", "end"]

    def it_may_end_itself_before_its_other_half_ends_it(self):
        stream = Pipe(allow_half_open=False)
        stream.on("end", lambda: stream._tick(stream.end))
        log = Log(stream, *FLOW)
        stream._tick(stream.resume)
        stream.push(None)
        ticks()
        assert log == [("end",), ("finish",), ("close",)]

    def it_may_leave_the_end_to_the_stream_itself(self):
        class Plain(Pipe):
            def _final(self, done):
                Duplex._final(self, done)

        stream = Plain()
        log = Log(stream, "finish")
        stream.end()
        ticks()
        assert log == [("finish",)]

    def it_does_not_finish_if_it_fails_in_the_same_tick(self):
        stream = Duplex()
        log = Log(stream, *FLOW)
        stream.end()
        stream.destroy(ValueError())
        ticks()
        assert [name for name, *_ in log] == ["error", "close"]

    def it_can_be_destroyed_before_it_has_finished(self):
        class Slow(Pipe):
            def _final(self, done):
                self.waiting.append(done)

        stream = Slow()
        log = Log(stream, *FLOW)
        stream.end()
        stream.destroy()
        stream.release()
        assert log == [("close",)]

    def it_has_no_half_that_was_left_out(self):
        reader, writer = Pipe(writable=False), Pipe(readable=False)
        assert (reader.readable, reader.writable) == (True, False)
        assert (writer.readable, writer.writable) == (False, True)
        log = Log(reader, *FLOW)
        reader.push(None)
        ticks()
        assert log == [("end",), ("close",)]
        log = Log(writer, *FLOW)
        writer.end()
        ticks()
        assert log == [("finish",), ("close",)]


class DescribeFailingWrites:
    def it_fails_and_tells_every_callback(self):
        stream, calls = Pipe(held=True), []
        log = Log(stream, *FLOW)
        for name in "abc":
            stream.write(name, lambda error, name=name: calls.append((name, str(error))))
        stream.end(lambda error: calls.append(("end", str(error))))
        stream.release(OSError("gone"))
        assert [name for name, *_ in log] == ["error", "close"]
        assert calls == [("a", "gone"), ("b", "gone"), ("c", "gone"), ("end", "gone")]
        assert stream.writable_length == 0

    def it_says_false_at_once_if_the_sink_fails_at_once(self):
        class Broken(Pipe):
            def _write(self, chunk, done):
                done(OSError("gone"))

        stream, calls = Broken(), []
        log = Log(stream, *FLOW)
        assert stream.write(b"a", lambda error: calls.append(str(error))) is False
        assert (stream.write(b"b"), log) == (False, [])
        ticks()
        assert [name for name, *_ in log] == ["error", "close"]
        assert calls == ["gone"]

    def it_fails_if_done_is_called_twice(self):
        class Twice(Pipe):
            def _write(self, chunk, done):
                done()
                done()

        stream = Twice()
        log = Log(stream, *FLOW)
        stream.write(b"a")
        ticks()
        assert log == [("error", "ERR_MULTIPLE_CALLBACK"), ("close",)]

    def it_does_not_take_a_second_error_for_the_first(self):
        stream = Pipe(held=True)
        stream.on("error", lambda error: None)
        stream.write(b"a")
        stream.destroy(ValueError("first"))
        stream.release(ValueError("second"))
        assert str(stream.errored) == "first"

    def it_has_to_be_written_by_a_subclass(self):
        with pytest.raises(NotImplementedError):
            Duplex().write(b"a")

    def it_has_nothing_to_read_and_ends_at_once_if_a_subclass_does_not_say(self):
        stream = Duplex()
        stream._read()
        log = Log(stream, "finish")
        stream.end()
        ticks()
        assert log == [("finish",)]


class DescribeDestroy:
    def it_emits_close_in_the_next_tick(self, stream):
        log = Log(stream, *FLOW)
        assert stream.destroy() is stream
        assert (stream.destroyed, stream.readable, stream.writable) == (True, False, False)
        assert log == []
        ticks()
        assert log == [("close",)]

    def it_emits_the_error_first(self, stream):
        log, error = Log(stream, *FLOW), ValueError("no more")
        stream.destroy(error)
        assert stream.errored is error
        ticks()
        assert log == [("error", error), ("close",)]

    def it_does_nothing_the_second_time(self, stream):
        log = Log(stream, *FLOW)
        stream.destroy()
        stream.destroy(ValueError("ignored"))
        ticks()
        stream.destroy(ValueError("ignored"))
        ticks()
        assert log == [("close",)]

    def it_tells_the_callbacks_of_what_was_not_written(self):
        stream, calls = Pipe(held=True), []
        stream.write(b"a", lambda error: calls.append(("a", error)))
        stream.write(b"b", lambda error: calls.append(("b", error.code)))
        stream.destroy()
        ticks()
        assert calls == []
        stream.release()
        assert calls == [("a", None), ("b", "ERR_STREAM_DESTROYED")]

    def it_writes_nothing_more(self):
        stream = Pipe(held=True)
        stream.write(b"a")
        stream.write(b"b")
        stream.destroy()
        stream.release()
        stream.cork()
        stream.uncork()
        assert stream.written == [b"a"]

    def it_fails_with_what_giving_up_raises(self):
        class Broken(Pipe):
            def _destroy(self, error, done):
                raise OSError("broken")

        stream = Broken()
        log = Log(stream, *FLOW)
        stream.destroy()
        ticks()
        assert [name for name, *_ in log] == ["error", "close"]

    def it_takes_note_of_the_first_done(self):
        class Twice(Pipe):
            def _destroy(self, error, done):
                done(error)
                done(ValueError("ignored"))

        stream = Twice()
        log = Log(stream, *FLOW)
        stream.destroy()
        ticks()
        assert log == [("close",)]

    def it_emits_no_close_where_the_subclass_does_that(self):
        class Quiet(Pipe):
            _emits_close = False

        stream = Quiet()
        log = Log(stream, *FLOW)
        stream.destroy()
        ticks()
        assert log == []


class DescribeStreamsThatDoNotDestroyThemselves:
    def it_stays_when_both_halves_have_ended(self):
        stream = Pipe(auto_destroy=False)
        log = Log(stream, *FLOW)
        stream.end()
        stream.push(None)
        ticks()
        assert log == [("finish",), ("end",)]
        assert stream.destroyed is False

    def it_emits_an_error_once_and_stays(self):
        stream = Pipe(auto_destroy=False)
        log = Log(stream, *FLOW)
        stream.end()
        stream.write(b"a")
        stream.write(b"b")
        ticks()
        assert [entry for entry in log if entry[0] != "finish"] == [
            ("error", "ERR_STREAM_WRITE_AFTER_END")
        ]
        assert stream.destroyed is False
        stream.destroy()
        ticks()
        assert log[-1] == ("close",)


class DescribeErrorsThatNobodyListensTo:
    def it_gives_them_to_the_exception_handler(self):
        async def main():
            contexts = handled()
            stream = Pipe()
            error = ValueError("unheard")
            stream.destroy(error)
            ticks()
            assert contexts == [
                {
                    "message": "Unhandled 'error' event of a Pipe: "
                    'add a listener with .on("error", ...)',
                    "exception": error,
                }
            ]

        run(main)


class DescribePipe:
    def it_writes_what_is_read_and_ends(self):
        source, target = Pipe(), Pipe()
        assert source.pipe(target) is target
        source.push(b"a")
        source.push(b"b")
        source.push(None)
        ticks()
        assert target.written == [b"a", b"b"]
        assert target.writable_ended is True

    @pytest.mark.parametrize("end", [False, {"end": False}])
    def it_does_not_end_if_it_is_told_not_to(self, end):
        source, target = Pipe(), Pipe()
        source.pipe(target, end)
        source.push(None)
        ticks()
        assert target.writable_ended is False
        assert target.event_names() == set()

    def it_ends_by_default_whatever_else_the_options_say(self):
        source, target = Pipe(), Pipe()
        source.pipe(target, {})
        source.push(None)
        ticks()
        assert target.writable_ended is True

    def it_never_ends_a_target_that_is_not_ended_by_pipes(self):
        source, target = Pipe(), Pipe()
        target.ended_by_pipes = False
        source.pipe(target)
        source.push(None)
        ticks()
        assert target.writable_ended is False

    def it_ends_the_target_of_a_source_that_has_ended(self):
        source, target = Pipe(), Pipe()
        source.push(None)
        source.resume()
        ticks()
        source.pipe(target)
        ticks()
        assert target.writable_ended is True

    def it_starts_a_source_that_was_paused(self):
        source, target = Pipe(), Pipe()
        source.pause()
        source.push(b"a")
        source.pipe(target)
        ticks()
        assert target.written == [b"a"]

    def it_waits_for_the_drain_of_its_target(self):
        source, target = Pipe(), Pipe(held=True, writable_high_water_mark=1)
        source.pipe(target)
        ticks()
        source.push(b"a")
        source.push(b"b")
        ticks()
        assert (target.written, source.is_paused()) == ([b"a"], True)
        target.release()
        assert (target.written, source.is_paused()) == ([b"a", b"b"], True)
        target.release()
        assert source.is_paused() is False

    def it_waits_at_once_if_its_target_is_full(self):
        source, target = Pipe(), Pipe(held=True, writable_high_water_mark=1)
        target.write(b"x")
        source.pipe(target)
        source.push(b"a")
        ticks()
        assert target.written == [b"x"]
        target.release()
        assert target.written == [b"x", b"a"]

    def it_waits_for_the_drain_of_all_targets(self):
        source = Pipe()
        first, second = (Pipe(held=True, writable_high_water_mark=1) for _ in range(2))
        source.pipe(first)
        source.pipe(second)
        ticks()
        source.push(b"a")
        source.push(b"b")
        first.release()
        assert (source.is_paused(), second.written) == (True, [b"a"])
        second.release()
        assert (first.written, second.written) == ([b"a", b"b"], [b"a", b"b"])

    def it_goes_on_when_a_target_that_it_waits_for_is_destroyed(self):
        source = Pipe()
        first, second = Pipe(held=True, writable_high_water_mark=1), Pipe()
        source.pipe(first)
        source.pipe(second)
        ticks()
        source.push(b"a")
        source.push(b"b")
        ticks()
        assert source.is_paused() is True
        first.destroy()
        ticks()
        assert (source.is_paused(), second.written) == (False, [b"a", b"b"])

    def it_may_be_resumed_while_it_waits(self):
        source = Pipe()
        first, second = (Pipe(held=True, writable_high_water_mark=1) for _ in range(2))
        source.pipe(first)
        source.pipe(second)
        ticks()
        for chunk in (b"a", b"b"):
            source.push(chunk)
        source.resume()
        ticks()
        source.resume()
        ticks()
        source.push(b"c")
        assert (first.writable_length, second.writable_length) == (3, 3)

    def it_stops_when_its_only_target_is_destroyed(self):
        source, target = Pipe(), Pipe()
        source.pipe(target)
        ticks()
        target.destroy()
        ticks()
        source.push(b"a")
        ticks()
        assert (source.is_paused(), source.readable_length) == (True, 1)
        assert source.listener_count("data") == 0

    def it_stops_when_its_target_has_finished(self):
        source, target = Pipe(), Pipe()
        source.pipe(target)
        ticks()
        target.end()
        ticks()
        assert source.is_paused() is True
        source.push(b"a")
        ticks()
        assert target.destroyed is False

    def it_does_not_destroy_the_target_of_a_source_that_is_destroyed(self):
        source, target = Pipe(), Pipe()
        source.pipe(target)
        ticks()
        source.destroy()
        ticks()
        assert (target.destroyed, target.writable) == (False, True)

    def it_stops_at_an_error_of_its_target(self):
        source, target = Pipe(), Pipe()
        log = Log(target, "unpipe", "error", "close")
        source.pipe(target)
        ticks()
        target.destroy(ValueError("no"))
        ticks()
        assert [name for name, *_ in log] == ["unpipe", "error", "close"]
        assert source.is_paused() is True

    def it_leaves_an_error_that_nobody_else_listens_to_unheard(self):
        async def main():
            contexts = handled()
            source, target = Pipe(), Pipe()
            source.pipe(target)
            error = ValueError("no")
            target.destroy(error)
            ticks()
            assert [context["exception"] for context in contexts] == [error]

        run(main)

    def it_tells_its_target(self):
        source, target = Pipe(), Pipe()
        piped, unpiped = list[Any](), list[Any]()
        target.on("pipe", piped.append)
        target.on("unpipe", lambda source: unpiped.append(source))
        source.pipe(target)
        assert (piped, unpiped) == ([source], [])
        source.unpipe(target)
        assert (piped, unpiped) == ([source], [source])

    def it_refuses_what_cannot_be_written(self):
        for target in (None, 5, object()):
            with pytest.raises(TypeError, match="`destination` must be a stream with `write`"):
                Pipe().pipe(target)  # type: ignore[type-var]

    def it_names_the_stream_of_a_driver_that_is_a_destination(self):
        with pytest.raises(TypeError, match="`destination` must be the `io` of a driver"):
            Pipe().pipe(websocket.server())  # type: ignore[type-var]

    def it_goes_round_in_a_circle(self):
        stream = Pipe(allow_half_open=False)
        stream.pipe(stream)
        ticks()
        stream.push(b"a")
        stream.push(None)
        ticks()
        assert stream.written == [b"a"]
        assert stream.closed is True


class DescribeUnpipe:
    def it_stops_one_target(self):
        source, first, second = Pipe(), Pipe(), Pipe()
        source.pipe(first)
        source.pipe(second)
        ticks()
        assert source.unpipe(first) is source
        source.push(b"a")
        assert (first.written, second.written) == ([], [b"a"])
        assert source.is_paused() is False

    def it_stops_all_targets_and_pauses(self):
        source, first, second = Pipe(), Pipe(), Pipe()
        source.pipe(first)
        source.pipe(second)
        ticks()
        source.unpipe()
        source.push(b"a")
        ticks()
        assert (first.written, second.written) == ([], [])
        assert source.is_paused() is True
        assert source.listener_count("data") == first.listener_count("drain") == 0

    def it_does_nothing_if_there_is_no_such_pipe(self):
        source, target = Pipe(), Pipe()
        assert source.unpipe() is source
        source.pipe(target)
        ticks()
        source.unpipe(Pipe())
        source.push(b"a")
        assert target.written == [b"a"]

    def it_stops_one_of_two_pipes_to_the_same_target(self):
        source, target = Pipe(), Pipe()
        source.pipe(target)
        source.pipe(target)
        ticks()
        source.unpipe(target)
        source.push(b"a")
        assert target.written == [b"a"]

    def it_may_happen_while_a_chunk_is_written(self):
        class Leaving(Pipe):
            def _write(self, chunk, done):
                super()._write(chunk, done)
                source.unpipe(self)

        source, target = Pipe(), Leaving(held=True, writable_high_water_mark=1)
        source.pipe(target)
        ticks()
        source.push(b"a")
        assert target.written == [b"a"]
        source.resume()
        ticks()
        assert source.is_paused() is False


class DescribePipesIntoDrivers:
    """The stream of a driver is not one of Node's: a pipe reports lost connections to it."""

    @staticmethod
    def driver():
        driver = websocket.server()
        driver.on("connect", lambda: driver.start())
        return driver

    REQUEST = (
        b"GET /chat HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )

    def it_goes_there_and_back(self):
        stream, driver = Pipe(), self.driver()
        stream.pipe(driver.io).pipe(stream)
        stream.push(self.REQUEST)
        ticks()
        assert driver.ready_state == 1
        assert stream.written[0].startswith(b"HTTP/1.1 101 Switching Protocols\r\n")

    def it_ends_the_driver_when_the_stream_is_destroyed(self):
        stream, driver = Pipe(), self.driver()
        ended = []
        driver.messages.on("end", lambda: ended.append(True))
        stream.on("error", lambda error: None)
        stream.pipe(driver.io).pipe(stream)
        stream.push(self.REQUEST)
        ticks()
        stream.destroy(ConnectionResetError())
        ticks()
        assert ended == [True]

    def it_ends_the_driver_once_when_the_stream_ends(self):
        stream, driver = Pipe(), self.driver()
        ended = []
        driver.messages.on("end", lambda: ended.append(True))
        stream.pipe(driver.io).pipe(stream)
        stream.push(self.REQUEST)
        ticks()
        stream.push(None)
        ticks()
        stream.destroy()
        ticks()
        assert ended == [True]

    def it_does_not_end_the_driver_if_it_is_told_not_to(self):
        stream, driver = Pipe(), self.driver()
        stream.pipe(driver.io, end=False)
        stream.destroy()
        ticks()
        assert driver.io.writable is True


class Recorder:
    """An object that has only `write`, and some other method to end it."""

    def __init__(self, result=None):
        self.calls = []
        self.result = result

    def write(self, chunk):
        self.calls.append(chunk)
        return self.result


class Ended(Recorder):
    def end(self):
        self.calls.append("end")


class Closed(Recorder):
    def close(self):
        self.calls.append("close")


class Emitter(Ended, pyee.EventEmitter):
    """An emitter of pyee's own."""

    def __init__(self, result=None):
        Recorder.__init__(self, result)
        pyee.EventEmitter.__init__(self)


class DescribePipesIntoOtherObjects:
    @pytest.mark.parametrize(
        "target, last",
        [(Recorder, []), (Ended, ["end"]), (Closed, ["close"]), (Emitter, ["end"])],
    )
    def it_writes_and_ends_them_as_they_can_be(self, target, last):
        source, written = Pipe(), target()
        assert source.pipe(written) is written
        source.push(b"a")
        ticks()
        source.push(b"b")
        source.push(None)
        ticks()
        assert written.calls == [b"a", b"b", *last]

    @pytest.mark.parametrize("target, last", [(Recorder, []), (Ended, ["end"]), (Emitter, ["end"])])
    def it_ends_them_if_it_fails(self, target, last):
        source, written = Pipe(), target()
        source.on("error", lambda error: None)
        source.pipe(written)
        source.destroy(ConnectionResetError())
        ticks()
        assert written.calls == last

    def it_never_waits_for_an_object_that_cannot_drain(self):
        source, written = Pipe(), Recorder(False)
        source.pipe(written)
        for chunk in (b"a", b"b"):
            source.push(chunk)
            ticks()
        assert written.calls == [b"a", b"b"]

    def it_waits_for_the_drain_of_an_emitter(self):
        source, written = Pipe(), Emitter(False)
        source.pipe(written)
        ticks()
        source.push(b"a")
        source.push(b"b")
        ticks()
        assert written.calls == [b"a"]
        written.emit("drain")
        ticks()
        assert written.calls == [b"a", b"b"]

    @pytest.mark.parametrize("target", [Recorder, Emitter])
    def it_stops_when_it_is_unpiped(self, target):
        source, written = Pipe(), target()
        source.pipe(written)
        source.push(b"a")
        ticks()
        source.unpipe(written)
        source.push(b"b")
        ticks()
        assert written.calls == [b"a"]
        assert source.listener_count("data") == 0

    def it_hides_no_error_of_an_emitter(self):
        source, written = Pipe(), Emitter()
        source.pipe(written)
        with pytest.raises(OSError, match="full"):
            written.emit("error", OSError("full"))
        source.push(b"a")
        ticks()
        assert written.calls == []

    def it_does_not_end_standard_output(self, monkeypatch):
        source, written = Pipe(), Closed()
        monkeypatch.setattr("sys.stdout", written)
        source.pipe(written)
        source.push(b"a")
        source.push(None)
        ticks()
        assert written.calls == [b"a"]


class DescribeNodeSpellings:
    def it_has_them(self, stream):
        assert stream.readableFlowing is None
        assert (stream.readableLength, stream.writableLength) == (0, 0)
        assert (stream.readableEnded, stream.writableEnded, stream.writableFinished) == (
            False,
            False,
            False,
        )
        assert (stream.readableHighWaterMark, stream.writableHighWaterMark) == (16384, 16384)
        assert (stream.readableEncoding, stream.writableNeedDrain, stream.writableCorked) == (
            None,
            False,
            0,
        )
        assert stream.setDefaultEncoding("latin1") is stream


def it_has_errors_that_are_node_errors():
    stream, errors = Pipe(), list[Any]()
    stream.on("error", errors.append)
    stream.end()
    stream.write(b"a")
    ticks()
    assert isinstance(errors[0], NodeError)
    assert failed(errors[0]) == ("RuntimeError", "ERR_STREAM_WRITE_AFTER_END")
