"""An echo server on Trio.

python examples/trio_server.py [port]

One task reads and one sends. While output waits to be sent, the driver is paused, and nothing is
read.
"""

import math
import signal
import sys
from contextlib import suppress
from functools import partial

import trio

import websocket_driver as websocket


async def echo(stream: trio.SocketStream) -> None:
    driver = websocket.server()
    outbox, chunks = trio.open_memory_channel[bytes](math.inf)

    def send(chunk: bytes) -> None:
        driver.io.pause()
        outbox.send_nowait(chunk)

    driver.on("connect", lambda event: driver.start())  # sends 400 for other requests
    driver.io.on("data", send)
    driver.messages.pipe(driver.messages)

    async def receive() -> None:
        with outbox, suppress(trio.BrokenResourceError):
            while driver.get_state() != "closed" and (chunk := await stream.receive_some()):
                if not driver.io.write(chunk):
                    drained = trio.Event()
                    driver.io.once("drain", drained.set)
                    await drained.wait()
        driver.io.end()

    async with stream, trio.open_nursery() as nursery:
        nursery.start_soon(receive)
        with suppress(trio.BrokenResourceError):
            async for chunk in chunks:
                await stream.send_all(chunk)
                if not chunks.statistics().current_buffer_used:
                    driver.io.resume()
        nursery.cancel_scope.cancel()


async def main() -> None:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 4180
    serve = partial(trio.serve_tcp, echo, port, host="127.0.0.1")

    with trio.open_signal_receiver(signal.SIGINT) as signals:
        async with trio.open_nursery() as nursery:
            (listener,) = await nursery.start(serve)
            print("ws://{}:{}".format(*listener.socket.getsockname()), flush=True)
            await anext(signals)
            nursery.cancel_scope.cancel()


trio.run(main)
