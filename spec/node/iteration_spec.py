"""`async for chunk in stream`, which is Node's `for await`."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from spec.node.support import Log, Pipe, close, node_error, pair
from spec.wires import run
from websocket_driver.node.errors import NodeError
from websocket_driver.node.stream import Duplex


async def chunks_of(stream, **options):
    return [chunk async for chunk in stream.iterator(**options)]


async def failure(stream):
    with pytest.raises(NodeError) as raised:
        await asyncio.wait_for(chunks_of(stream), 15)
    return node_error(raised).code


async def turns(count=3):
    for _ in range(count):
        await asyncio.sleep(0)


class DescribeIteration:
    def it_reads_to_the_end_and_destroys_the_stream(self):
        async def main():
            stream = Pipe(writable=False)
            log = Log(stream, "end", "error", "close")
            reading = asyncio.ensure_future(chunks_of(stream))
            for chunk in (b"a", b"b"):
                await turns()
                stream.push(chunk)
            await turns()
            stream.push(None)
            assert await reading == [b"a", b"b"]
            await turns()
            assert (log, stream.destroyed) == ([("end",), ("close",)], True)

        run(main)

    def it_is_what_async_for_goes_through(self):
        async def main():
            stream = Pipe(writable=False)
            stream.push(b"a")
            stream.push(None)
            assert [chunk async for chunk in stream] == [b"a"]

        run(main)

    def it_yields_text_with_an_encoding(self):
        async def main():
            stream = Pipe(writable=False)
            stream.set_encoding("utf8").push("ä".encode())
            stream.push(None)
            assert await chunks_of(stream) == ["ä"]

        run(main)

    def it_yields_what_arrived_meanwhile_as_one_chunk(self):
        async def main():
            stream = Pipe(writable=False)
            for chunk in (b"a", b"b", b"c"):
                stream.push(chunk)
            stream.push(None)
            assert await chunks_of(stream) == [b"abc"]

        run(main)

    def it_raises_the_error_that_the_stream_fails_with(self):
        async def main():
            stream = Pipe()
            stream.on("error", lambda error: None)
            reading = asyncio.ensure_future(chunks_of(stream))
            await turns()
            error = ValueError("broken")
            stream.destroy(error)
            with pytest.raises(ValueError, match="broken") as raised:
                await reading
            assert raised.value is error

        run(main)

    def it_raises_the_error_that_the_stream_has_failed_with(self):
        async def main():
            stream = Pipe()
            stream.on("error", lambda error: None)
            stream.destroy(ValueError("broken"))
            with pytest.raises(ValueError, match="broken"):
                await chunks_of(stream)
            await turns()
            assert stream.closed
            with pytest.raises(ValueError, match="broken"):
                await chunks_of(stream)

        run(main)

    def it_raises_the_error_of_a_stream_that_does_not_destroy_itself(self):
        async def main():
            class Broken(Duplex):
                def _read(self):
                    raise ValueError("broken")

            stream = Broken(auto_destroy=False)
            with pytest.raises(ValueError, match="broken"):
                await chunks_of(stream)
            assert not stream.destroyed
            assert [stream.listener_count(name) for name in ("readable", "end", "close")] == [0] * 3

        run(main)

    def it_raises_if_the_stream_is_closed_before_its_end(self):
        async def main():
            stream = Pipe()
            reading = asyncio.ensure_future(failure(stream))
            await turns()
            stream.destroy()
            assert await reading == "ERR_STREAM_PREMATURE_CLOSE"
            assert await failure(stream) == "ERR_STREAM_PREMATURE_CLOSE"

        run(main)

    def it_yields_nothing_from_a_stream_that_has_ended(self):
        async def main():
            stream = Pipe()
            stream.push(None)
            stream.resume()
            await turns()
            assert (stream.readable_ended, await chunks_of(stream)) == (True, [])

        run(main)

    def it_yields_nothing_from_a_stream_that_is_being_destroyed(self):
        async def main():
            class Slow(Pipe):
                def _destroy(self, error, done):
                    self.waiting.append(done)

            stream = Slow()
            stream.push(b"a")
            stream.destroy()
            assert await chunks_of(stream) == []

        run(main)

    def it_destroys_a_stream_that_it_leaves_early(self):
        async def main():
            stream = Pipe()
            log = Log(stream, "end", "error", "close")
            stream.push(b"a")
            async with contextlib.aclosing(stream.iterator()) as chunks:
                async for chunk in chunks:
                    assert chunk == b"a"
                    break
            await turns()
            assert log == [("error", "ABORT_ERR"), ("close",)]

        run(main)

    def it_does_not_report_the_error_of_leaving_early(self):
        async def main():
            stream = Pipe()
            stream.push(b"a")
            contexts = []
            asyncio.get_running_loop().set_exception_handler(
                lambda loop, context: contexts.append(context)
            )
            async with contextlib.aclosing(stream.iterator()) as chunks:
                await anext(chunks)
            await turns()
            assert (stream.closed, contexts) == (True, [])

        run(main)

    def it_leaves_the_stream_as_it_is_if_it_is_told_to(self):
        async def main():
            stream = Pipe()
            stream.push(b"a")
            async with contextlib.aclosing(stream.iterator(destroy_on_return=False)) as chunks:
                assert await anext(chunks) == b"a"
            await turns()
            assert not stream.destroyed
            assert [stream.listener_count(name) for name in ("readable", "error")] == [0, 0]
            stream.push(b"b")
            stream.push(None)
            assert await chunks_of(stream) == [b"b"]

        run(main)

    def it_stops_when_its_task_is_cancelled(self):
        async def main():
            stream = Pipe()
            reading = asyncio.ensure_future(chunks_of(stream))
            await turns()
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
            stream.push(b"a")
            await turns()
            assert stream.destroyed

        run(main)

    def it_reads_a_socket(self):
        async def main():
            server, connection, client = await pair()
            client.end(b"x" * 100_000)
            received = b"".join(await chunks_of(connection))
            assert (len(received), connection.destroyed) == (100_000, True)
            await close(server, client)

        run(main)
