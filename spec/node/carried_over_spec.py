"""What Node's own tests of stream pipes and events check, as far as it is here.

They are test/parallel/test-stream-pipe-*.js, test-stream-unpipe-*.js and test-event*-once*.js.
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
