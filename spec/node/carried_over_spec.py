"""The parts of Node's own tests of stream pipes and events that apply to this package.

They are test/parallel/test-stream-pipe-*.js, test-stream-unpipe-*.js, test-stream-readable-*.js and
test-event*-once*.js; spec/node/node_tests.py lists them.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest

from spec.node.support import Log, Pipe, handled, ticks
from spec.wires import run
from websocket_driver.node import events, timers
from websocket_driver.node import run as run_script
from websocket_driver.node.stream import Duplex


class Source(Duplex):
    """Reads from a list, one chunk at a time."""

    def __init__(self, *chunks, **options):
        super().__init__(writable=False, **options)
        self.chunks = list(chunks)

    def _read(self):
        self.push(self.chunks.pop(0) if self.chunks else None)


class Sink(Duplex):
    """Records the written chunks, and accepts each of them in the next tick."""

    def __init__(self, **options):
        super().__init__(readable=False, **options)
        self.chunks = []

    def _write(self, chunk, done):
        self.chunks.append(chunk)
        self._tick(done)


class DescribeStreamPipe:
    def it_delivers_everything_to_a_slow_sink(self):
        chunks = [bytes([number]) * 10 for number in range(50)]
        source, sink = Source(*chunks), Sink(writable_high_water_mark=10)
        log = Log(sink, "finish", "close")
        source.pipe(sink)
        ticks()
        assert (sink.chunks, log) == (chunks, [("finish",), ("close",)])

    def it_delivers_everything_to_several_sinks(self):
        chunks = [bytes([number]) * 10 for number in range(50)]
        source = Source(*chunks)
        sinks = [Sink(writable_high_water_mark=mark) for mark in (1, 10, 1000)]
        for sink in sinks:
            source.pipe(sink)
        ticks()
        assert [b"".join(sink.chunks) for sink in sinks] == [b"".join(chunks)] * 3

    def it_goes_through_several_streams(self):
        class Through(Duplex):
            def _read(self):
                pass

            def _write(self, chunk, done):
                self.push(chunk.upper())
                done()

            def _final(self, done):
                self.push(None)
                done()

        sink = Sink()
        Source(b"a", b"b", b"c").pipe(Through()).pipe(Through()).pipe(sink)
        ticks()
        assert b"".join(sink.chunks) == b"ABC"

    def it_leaves_no_listeners_when_either_side_has_ended(self):
        """test-stream-pipe-cleanup.js"""
        for end in (
            lambda source, sink: source.push(None),
            lambda source, sink: sink.destroy(),
            lambda source, sink: sink.end(),
            lambda source, sink: source.unpipe(sink),
        ):
            source, sink = Pipe(), Pipe()
            source.pipe(sink)
            ticks()
            end(source, sink)
            ticks()
            assert (source.event_names(), sink.event_names()) == (set(), set())

    def it_pauses_a_source_that_has_no_sink_left(self):
        source, sink = Pipe(), Pipe()
        source.pipe(sink)
        ticks()
        source.unpipe(sink)
        assert source.is_paused() is True
        source.push(b"a")
        source.pipe(sink)
        ticks()
        assert sink.written == [b"a"]

    def it_can_be_unpiped_and_piped_again_in_a_listener(self):
        source, first, second = Pipe(), Pipe(), Pipe()

        def switch(chunk):
            if chunk == b"b":
                source.unpipe(first)
                source.pipe(second)

        source.pipe(first)
        source.on("data", switch)
        ticks()
        for chunk in (b"a", b"b", b"c"):
            source.push(chunk)
            ticks()
        assert first.written == [b"a", b"b"]
        assert b"".join(second.written).endswith(b"c")

    def it_does_not_stop_for_the_same_sink_twice(self):
        """test-stream-pipe-same-destination-twice.js"""
        source, sink = Pipe(), Pipe()
        source.pipe(sink)
        source.pipe(sink)
        ticks()
        source.push(b"a")
        assert sink.written == [b"a", b"a"]
        source.unpipe(sink)
        source.unpipe(sink)
        source.push(b"b")
        ticks()
        assert sink.written == [b"a", b"a"]

    def it_hands_an_error_to_who_listens(self):
        """test-stream-pipe-error-handling.js"""
        source, sink, errors = Pipe(), Pipe(), list[Any]()
        error = ValueError("no")
        sink.on("error", errors.append)
        source.pipe(sink)
        sink.destroy(error)
        ticks()
        assert errors == [error]
        assert source.listener_count("error") == 0

    def it_does_not_hide_an_error_that_nobody_listens_to(self):
        async def main():
            contexts = handled()
            source, sink = Pipe(), Pipe()
            error = ValueError("no")
            source.pipe(sink)
            source.unpipe(sink)
            sink.destroy(error)
            ticks()
            assert [context["exception"] for context in contexts] == [error]

        run(main)

    def it_may_be_resumed_by_hand(self):
        """test-stream-pipe-manual-resume.js"""
        source, sink = Source(*[b"x"] * 20), Sink(writable_high_water_mark=2)
        source.pipe(sink)
        source.on("data", lambda chunk: source.resume())
        ticks()
        assert b"".join(sink.chunks) == b"x" * 20

    def it_waits_for_a_sink_that_was_full_already(self):
        source, sink = Pipe(), Pipe(held=True, writable_high_water_mark=1)
        sink.write(b"first")
        source.push(b"second")
        source.pipe(sink)
        ticks()
        assert sink.written == [b"first"]
        assert source.is_paused() is True
        sink.release()
        assert sink.written == [b"first", b"second"]

    def it_ends_a_sink_though_it_was_piped_after_the_end(self):
        """test-stream-pipe-after-end.js"""
        source, sink = Source(), Sink()
        source.resume()
        ticks()
        source.pipe(sink)
        ticks()
        assert sink.writable_finished is True

    @pytest.mark.parametrize("end", [True, False])
    def it_says_pipe_and_unpipe(self, end):
        """test-stream-pipe-event.js, test-stream-unpipe-event.js, test-pipe-return-val.js"""
        source, sink = Pipe(), Pipe()
        log = Log(sink, "pipe", "unpipe")
        assert source.pipe(sink, {"end": end}) is sink
        ticks()
        assert log == [("pipe", source)]
        source.unpipe(sink)
        assert log == [("pipe", source), ("unpipe", source)]
        ended = Source()
        log.clear()
        ended.pipe(sink, {"end": end})
        ticks()
        assert log == [("pipe", ended), ("unpipe", ended)]

    def it_moves_to_another_sink_while_one_is_written_to(self):
        """test-stream-pipe-cleanup-pause.js"""
        chunk = b"x" * 560_000

        class Moving(Pipe):
            def _write(self, chunk, done):
                super()._write(chunk, done)
                source.unpipe(self)
                source.pipe(second)
                source.push(chunk)

        source, first, second = Pipe(), Moving(), Pipe()
        source.pipe(first)
        source.push(chunk)
        for _ in range(2):
            ticks()
            source.push(chunk)
        ticks()
        assert (first.written, second.written) == ([chunk], [chunk] * 3)

    def it_starts_a_source_that_is_paused_and_has_ended_when_its_full_sink_drains(self):
        """test-stream-pipe-deadlock.js"""
        source, sink = Pipe(), Sink(writable_high_water_mark=1000)
        source.push(b"x" * 100)
        source.push(None)
        source.pause()
        ticks()
        sink.write(b"y" * 1000)
        log = Log(sink, "finish")
        source.pipe(sink)
        ticks()
        assert (sink.chunks, log) == ([b"y" * 1000, b"x" * 100], [("finish",)])

    def it_reports_an_error_of_its_sink_that_nobody_listens_to(self):
        """test-stream-pipe-error-unhandled.js"""

        async def main():
            contexts = handled()
            source, sink = Source(*[b"asd"] * 3), Pipe(held=True)
            error = ValueError("asd")
            source.pipe(sink)
            sink.destroy(error)
            ticks()
            assert [context["exception"] for context in contexts] == [error]

        run(main)

    def it_writes_to_five_sinks_until_they_are_unpiped(self):
        """test-stream-pipe-multiple-pipes.js"""
        source, sinks = Pipe(), [Pipe() for _ in range(5)]
        logs = [Log(sink, "pipe", "unpipe") for sink in sinks]
        for sink in sinks:
            source.pipe(sink)
        source.push(b"12345")
        ticks()
        for sink in sinks:
            source.unpipe(sink)
        ended = Log(source, "end")
        source.push("something else")
        source.push(None)
        source.resume()
        ticks()
        assert [sink.written for sink in sinks] == [[b"12345"]] * 5
        assert (logs, ended) == ([[("pipe", source), ("unpipe", source)]] * 5, [("end",)])

    def it_can_be_unpiped_in_any_order(self):
        """test-stream-pipe-unpipe-streams.js"""
        source, first, second = Pipe(), Pipe(), Pipe()
        logs = [Log(sink, "unpipe") for sink in (first, second)]
        source.pipe(first)
        source.pipe(second)
        for sink in (second, second, first):
            source.unpipe(sink)
        assert logs == [[("unpipe", source)]] * 2
        assert (source.event_names(), source.readable_flowing) == (set(), False)

    def it_is_unpiped_by_an_error_of_its_sink(self):
        """test-stream2-pipe-error-handling.js, test-stream2-pipe-error-once-listener.js"""
        source, sink, errors = Source(*[b"x"] * 9), Pipe(), list[Any]()
        error = ValueError("This stream turned into bacon.")
        source.pipe(sink)
        log = Log(sink, "unpipe")
        sink.once("error", errors.append)
        sink.emit("error", error)
        assert (errors, log) == ([error], [("unpipe", source)])
        source.pipe(sink)
        with pytest.raises(ValueError, match="bacon"):
            sink.emit("error", error)
        assert log == [("unpipe", source)] * 2


class DescribeStreamReadable:
    @pytest.mark.parametrize(
        "mark, chunks", [(3, [b"blerg"]), (3, [b"bl"]), (30, [b"blerg", None])]
    )
    def it_emits_readable_for_what_came_before_the_listener(self, mark, chunks):
        """test-stream-readable-event.js"""
        stream = Pipe(readable_high_water_mark=mark)
        for chunk in chunks:
            stream.push(chunk)
        ticks()
        log = Log(stream, "readable")
        ticks()
        assert log == [("readable",)]

    def it_reads_nothing_ahead_with_a_high_water_mark_of_0(self):
        """test-stream-readable-hwm-0.js"""
        stream = Pipe(readable_high_water_mark=0)
        log: list[Any] = []
        stream.on("readable", lambda: log.append(("readable", stream.read())))
        stream.on("end", lambda: log.append("end"))
        ticks()
        assert (stream.read(), stream.asked) == (None, 1)
        stream.push(None)
        ticks()
        assert log == [("readable", None), "end"]

    def it_flows_with_a_high_water_mark_of_0(self):
        """test-stream-readable-hwm-0-no-flow-data.js"""
        stream = Pipe(readable_high_water_mark=0)
        log = Log(stream, "data")
        stream.pause()
        stream.push(b"a")
        ticks()
        assert log == []
        stream.resume()
        ticks()
        assert log == [("data", b"a")]

    def it_emits_no_data_while_it_is_paused(self):
        """test-stream-readable-pause-and-resume.js"""
        source = Source(*(b"%d" % number for number in range(10)), None)
        received = []

        def once(chunk):
            received.append(chunk)
            source.pause()

        source.on("data", once)
        for number in range(10):
            ticks()
            assert len(received) == number + 1
            source.remove_listener("data", once)
            source.on("data", once)
            source.resume()
        ticks()
        assert received == [b"%d" % number for number in range(10)]

    def it_reads_in_both_modes_in_turn(self):
        """test-stream-readable-reading-readingMore.js"""
        stream = Pipe()
        log = Log(stream, "data", "end")
        stream.on("readable", lambda: log.append(("read", stream.read())))
        stream.push(b"pushed")
        stream.pause()
        assert stream.read(6) == b"pushed"
        stream.resume()
        stream.unshift(b"unshifted")
        stream.push(None)
        ticks()
        assert log == [
            ("data", b"pushed"),
            ("data", b"unshifted"),
            ("read", b"unshifted"),
            ("read", None),
            ("read", None),
            ("end",),
        ]

    def it_resumes_when_the_listener_for_readable_is_removed(self):
        """test-stream-readable-readable-then-resume.js"""
        for remove in (
            lambda stream, listener: stream.remove_listener("readable", listener),
            lambda stream, listener: stream.remove_all_listeners("readable"),
            lambda stream, listener: stream.off("readable", listener),
        ):
            source = Source(b"a", None)

            def listener() -> None:
                raise AssertionError

            source.on("readable", listener)
            remove(source, listener)
            source.resume()
            log = Log(source, "end")
            ticks()
            assert log == [("end",)]

    def it_takes_what_is_pushed_in_a_listener_for_data(self):
        """test-stream-readable-add-chunk-during-data.js"""
        stream = Pipe()
        received = []

        def listener(chunk):
            received.append(chunk)
            if len(received) < 3:
                stream.push(b"%d" % len(received))

        stream.on("data", listener)
        stream.push(b"0")
        ticks()
        assert received == [b"0", b"1", b"2"]

    def it_decodes_what_was_buffered_before_the_encoding_was_set(self):
        """test-stream-readable-setEncoding-existing-buffers.js"""
        for pieces in ([b"hello w", b"orld"], ["a\u20ac".encode()[:-1], "\u20ac".encode()[-1:]]):
            stream = Pipe()
            for piece in pieces:
                stream.push(piece)
            stream.set_encoding("utf8")
            stream.push(None)
            texts: list[Any] = []
            stream.on("data", texts.append)
            ticks()
            assert "".join(texts) == b"".join(pieces).decode()

    def it_puts_back_text_as_it_is_read(self):
        """test-stream-readable-unshift.js"""
        stream = Pipe()
        stream.set_encoding("utf8")
        stream.push("foo")
        stream.unshift("\u20ac")
        assert stream.read() == "\u20acfoo"
        stream.unshift(b"bar")
        stream.unshift("71", "hex")
        assert stream.read() == "qbar"

    def it_does_not_end_before_everything_is_read(self):
        """test-stream-readable-ended.js, test-stream-readable-emit-readable-short-stream.js"""
        stream = Pipe()
        stream.push(b"a")
        stream.push(None)
        stream.on("readable", lambda: None)
        ticks()
        assert (stream.readable, stream.readable_ended) == (True, False)
        stream.read()
        assert stream.readable_ended is False
        ticks()
        assert (stream.readable, stream.readable_ended) == (False, True)

    def it_stops_flowing_with_its_last_pipe(self):
        """test-stream-readable-unpipe-resume.js"""
        source = Source(b"a", b"b", None)
        sink = Sink()
        source.pipe(sink)
        source.unpipe(sink)
        source.resume()
        log = Log(source, "end")
        ticks()
        assert (sink.chunks, log) == ([], [("end",)])

    def it_does_not_recurse_without_end(self):
        """test-stream-readable-flow-recursion.js"""

        class Fast(Duplex):
            left = 5000

            def _read(self):
                self.left -= 1
                self.push(b"x" * 100 if self.left else None)

        source = Fast(writable=False)
        received: list[bytes] = []
        source.on("data", received.append)
        ticks()
        assert len(b"".join(received)) == 499_900


class DescribeStreams2:
    """Node's test-stream2-*.js and others of the readable half."""

    def it_reads_what_is_pushed_at_once_and_later(self):
        """test-stream-big-push.js"""
        text = "asdfasdfasdfasdfasdf"

        class Big(Source):
            def _read(self):
                if len(self.chunks) == 2:
                    self._tick(self.push, self.chunks.pop(0))
                else:
                    super()._read()

        source = Big(text, text, readable_high_water_mark=5)
        source.set_encoding("utf8")
        log = Log(source, "end")
        assert source.push(text) is False
        assert (source.read(), source.read()) == (text, None)
        source.once("readable", lambda: log.extend([source.read(), source.read()]))
        ticks()
        assert log == [text + text, None, ("end",)]

    def it_keeps_the_order_of_several_pushes_in_one_read(self):
        """test-stream-push-order.js"""

        class Two(Source):
            def _read(self):
                super()._read()
                if self.chunks:
                    super()._read()

        source = Two(*"123456", readable_high_water_mark=20)
        source.set_encoding("ascii")
        assert source.read(0) is None
        ticks()
        assert source.read() == "123456"

    def it_flows_when_readable_is_listened_to_no_more(self):
        """test-stream-readable-data.js"""
        source = Pipe()
        source.set_encoding("utf8")
        source.on("readable", print)
        source.remove_listener("readable", print)
        ticks()
        log = Log(source, "data")
        source.push("hello")
        ticks()
        assert log == [("data", "hello")]

    def it_reads_on_after_an_empty_chunk_was_put_back(self):
        """test-stream-unshift-empty-chunk.js"""

        class Slow(Source):
            def _read(self):
                timers.set_timeout(super()._read, 0)

        source = Slow(*[b"x" * 10] * 9)
        seen = []

        def read():
            while (chunk := source.read()) is not None:
                seen.append(chunk)
                source.unshift(b"y" * 5 if len(seen) % 2 else b"")

        source.on("readable", read)
        log = Log(source, "end")
        run_script()
        assert (log, seen) == ([("end",)], [b"x" * 10, b"y" * 5] * 9)

    def it_may_be_put_back_to_until_its_end(self):
        """test-stream-unshift-read-race.js"""
        data = b"asdf" * 27
        source = Source(
            *[data[at : at + 10] for at in range(0, 105, 10)],
            readable_high_water_mark=10,
            auto_destroy=False,
        )
        written = []

        def read():
            while (chunk := source.read(10)) is not None:
                written.append(chunk)
                if len(chunk) > 4:
                    source.unshift(b"1234")

        source.on("readable", read)
        source.on("end", lambda: source.unshift(b"x"))
        log = Log(source, "end", "error")
        ticks()
        assert written[0] == data[:10]
        assert {chunk[:4] for chunk in written[1:]} == {b"1234"}
        rest = b"".join(chunk[4:] for chunk in written[1:])
        assert written[0] + rest == data[: 10 + len(rest)]
        assert log == [("end",), ("error", "ERR_STREAM_UNSHIFT_AFTER_END_EVENT")]

    def it_waits_for_the_slowest_of_two_sinks(self):
        """test-stream-pipe-await-drain.js"""
        source, quick, slow = Pipe(), Pipe(), Pipe(held=True)
        source.pipe(quick)
        source.pipe(slow)
        chunk = b"x" * 560_000
        for _ in range(2):
            source.push(chunk)
            ticks()
        assert (quick.written, slow.written) == ([chunk], [chunk])

    def it_goes_on_after_a_resume_by_hand_and_waits_again(self):
        """test-stream-pipe-await-drain-manual-resume.js"""
        source, sink = Pipe(), Pipe(held=True, writable_high_water_mark=5)
        log = Log(source, "pause", "resume")
        source.pipe(sink)
        for _ in range(3):
            source.push(b"x" * 100)
        source.push(None)
        ticks()
        assert log == [("resume",), ("pause",)]
        source.resume()
        ticks()
        assert log == [("resume",), ("pause",), ("resume",), ("pause",)]
        sink.held = False
        finished = Log(sink, "finish")
        sink.release()
        ticks()
        assert (b"".join(sink.written), finished) == (b"x" * 300, [("finish",)])

    def it_takes_what_is_pushed_while_it_is_written(self):
        """test-stream-pipe-await-drain-push-while-write.js"""
        first, second, third = b"a" * 32_768, b"b" * 33_792, b"c" * 34_816

        class Two(Source):
            def _read(self):
                while self.chunks:
                    self.push(self.chunks.pop(0))

        class Pushing(Pipe):
            def _write(self, chunk, done):
                if chunk == first:
                    source.push(third)
                super()._write(chunk, done)

        source, sink = Two(first, second), Pushing()
        source.pipe(sink)
        ticks()
        assert sink.written == [first, second, third]

    def it_flows_to_a_listener_after_its_sink_is_gone(self):
        """test-stream-pipe-flow-after-unpipe.js"""
        source = Source(*[b"foo"] * 30, readable_high_water_mark=1)
        sink = Pipe(held=True, writable_high_water_mark=1)
        log = Log(source, "data")
        source.pipe(sink)
        ticks()
        assert len(log) == 1
        source.unpipe(sink)
        source.resume()
        ticks()
        assert len(log) == 30

    def it_pauses_for_a_sink_that_is_full(self):
        """test-stream-pipe-needDrain.js"""
        source, sink = Source(b"asd"), Sink(writable_high_water_mark=1)
        assert sink.write(b"asd") is False
        assert sink.writable_need_drain is True
        log = Log(source, "pause", "end")
        source.pipe(sink)
        ticks()
        assert log == [("pause",), ("pause",), ("end",)]

    def it_reads_ahead_as_node_does(self):
        """test-stream-readable-infinite-read.js"""
        chunk = b"x" * 8192
        sizes: list[int] = []
        asked: list[int] = []

        class Endless(Source):
            def _read(self):
                asked.append(1)
                self.push(chunk)

        source = Endless(readable_high_water_mark=16384)

        def read():
            if len(sizes) == 10:
                source.remove_all_listeners("readable")
            else:
                sizes.append(len(source.read()))

        source.on("readable", read)
        ticks()
        assert (sizes, len(asked)) == ([2 * 8192] + [3 * 8192] * 9, 31)

    def it_reads_a_byte_at_a_time_without_recursion(self):
        """test-stream2-read-sync-stack.js"""
        source = Source(*[b"x"] * 20_000)
        source.on("readable", lambda: source.read(40_000))
        log = Log(source, "end")
        source.read(0)
        ticks()
        assert log == [("end",)]

    @pytest.mark.parametrize("piped_first", [True, False])
    def it_pipes_though_readable_was_listened_to_once(self, piped_first):
        """test-stream-once-readable-pipe.js"""
        source, sink = Pipe(), Pipe()
        calls: list[str] = []
        steps = [
            lambda: source.pipe(sink),
            lambda: source.once("readable", partial(calls.append, "readable")),
        ]
        for step in steps if piped_first else reversed(steps):
            step()
        for chunk in ("foo", "bar", "baz", None):
            source.push(chunk)
        ticks()
        assert (b"".join(sink.written), calls) == (b"foobarbaz", ["readable"])

    def it_emits_readable_once_for_several_pushes(self):
        """test-stream-readable-emittedReadable.js, test-stream-readable-needReadable.js"""
        source = Pipe()
        log: list[Any] = []
        source.on("readable", lambda: log.append(source.read()))
        ticks()
        source.push("foo")
        source.push("bar")
        ticks()
        source.push("quo")
        ticks()
        source.push(None)
        ticks()
        assert log == [b"foobar", b"quo", None]

    def it_emits_readable_until_as_much_is_there_as_is_asked_for(self):
        """test-stream-readable-needReadable.js"""
        source = Pipe()
        log: list[Any] = []
        source.on("readable", lambda: log.append(source.read(8)))
        ticks()
        for chunk in ("foo", "foo", "foo", None):
            source.push(chunk)
            ticks()
        assert log == [None, None, b"foofoofo", b"o"]

    def it_asks_for_nothing_while_more_is_buffered_than_its_mark(self):
        """test-stream-readable-resume-hwm.js"""
        source = Pipe(readable_high_water_mark=100)
        for _ in range(10):
            source.push("a" * 200)
        source.resume()
        source.once("data", source.pause)
        ticks()
        assert (source.asked, source.readable_length) == (0, 1800)

    def it_emits_resume_in_the_next_tick(self):
        """test-stream-readable-resumeScheduled.js"""
        source, sink = Pipe(), Pipe()
        log = Log(source, "resume")
        source.pipe(sink)
        assert log == []
        ticks()
        assert log == [("resume",)]

    def it_does_not_end_while_a_byte_is_left(self):
        """test-stream2-readable-non-empty-end.js"""
        source = Source(*[b"x" * size for size in range(1, 11)])
        log = Log(source, "end")
        sizes: list[int] = []

        def read():
            if source.read(54 - sum(sizes)) is not None:
                sizes.append(54)

        source.on("readable", read)
        ticks()
        source.read(0)
        ticks()
        assert (log, source.readable_length) == ([], 1)
        assert (source.read(), source.read()) == (b"x", None)
        ticks()
        assert log == [("end",)]

    def it_reads_no_more_for_a_sink_that_never_drains(self):
        """test-stream2-unpipe-drain.js"""
        chunk = b"x" * 16384
        first, second = Source(*[chunk] * 9), Source(*[chunk] * 9)
        sink = Pipe(held=True)
        first.pipe(sink)
        ticks()
        second.pipe(sink)
        ticks()
        first.unpipe(sink)
        ticks()
        assert (len(first.chunks), len(second.chunks)) == (7, 8)

    def it_leaves_no_listeners_after_many_pipes(self):
        """test-stream2-unpipe-leak.js"""
        source, sink = Source(*[b"hallo"] * 9), Pipe()
        for _ in range(10):
            source.pipe(sink)
            source.unpipe(sink)
        assert (source.event_names(), sink.event_names()) == (set(), set())

    def it_fails_when_a_half_is_used_that_it_lacks(self):
        """test-stream-duplex-readable-writable.js"""
        reader, writer = Pipe(writable=False), Pipe(readable=False)
        log = [*map(lambda stream: Log(stream, "data", "end", "finish", "error"), (reader, writer))]
        reader.write("asd")
        writer.push(b"asd")
        ticks()
        assert log == [
            [("error", "ERR_STREAM_WRITE_AFTER_END")],
            [("error", "ERR_STREAM_PUSH_AFTER_EOF")],
        ]


class DescribeEventsOnce:
    def it_leaves_the_other_listeners_alone(self):
        async def main():
            emitter, calls = events.EventEmitter(), list[Any]()
            emitter.on("event", calls.append)
            waiting = [events.once(emitter, "event") for _ in range(2)]
            emitter.emit("event", 1)
            emitter.emit("event", 2)
            assert [await future for future in waiting] == [(1,), (1,)]
            assert (calls, emitter.listener_count("error")) == ([1, 2], 0)

        run(main)

    def it_does_not_hide_an_error_after_the_event(self):
        async def main():
            emitter = events.EventEmitter()
            waiting = events.once(emitter, "event")
            emitter.emit("event")
            await waiting
            with pytest.raises(ValueError, match="unheard"):
                emitter.emit("error", ValueError("unheard"))

        run(main)

    def it_iterates_over_events_while_they_come(self):
        """test-event-on-async-iterator.js"""

        async def main():
            emitter, found = events.EventEmitter(), []
            iterator = events.on(emitter, "foo")
            emitter.emit("foo", "bar")
            asyncio.get_running_loop().call_soon(emitter.emit, "bar", 24)
            asyncio.get_running_loop().call_soon(emitter.emit, "foo", 42)
            async for arguments in iterator:
                found.append(arguments)
                if len(found) == 2:
                    break
            await iterator.aclose()
            assert found == [("bar",), (42,)]
            assert (emitter.listener_count("foo"), emitter.listener_count("error")) == (0, 0)

        run(main)
