"""What Node's own tests of stream pipes and events check, as far as it is here.

They are test/parallel/test-stream-pipe-*.js, test-stream-unpipe-*.js, test-stream-readable-*.js and
test-event*-once*.js; spec/node/node_tests.py lists them.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from spec.node.support import Log, Pipe, handled, ticks
from spec.wires import run
from websocket_driver.node import events
from websocket_driver.node.stream import Duplex


class Source(Duplex):
    """Reads from a list, one chunk each time it is asked."""

    def __init__(self, *chunks, **options):
        super().__init__(writable=False, **options)
        self.chunks = list(chunks)

    def _read(self):
        self.push(self.chunks.pop(0) if self.chunks else None)


class Sink(Duplex):
    """Keeps what is written, and takes each chunk in the next tick."""

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
        source, sink = Source(), Sink()
        source.resume()
        ticks()
        source.pipe(sink)
        ticks()
        assert sink.writable_finished is True

    @pytest.mark.parametrize("end", [True, False])
    def it_says_pipe_and_unpipe(self, end):
        source, sink = Pipe(), Pipe()
        log = Log(sink, "pipe", "unpipe")
        source.pipe(sink, {"end": end})
        source.push(None)
        source.unpipe(sink)
        assert [name for name, *_ in log] == ["pipe", "unpipe"]


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
