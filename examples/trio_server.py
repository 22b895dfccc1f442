"""An echo server on Trio.

    python examples/trio_server.py [port]

One task reads, one sends. The driver is paused while anything waits to be sent, and the task that
reads waits with it.
"""

import math

import trio

import websocket_driver as websocket


async def echo(stream):
    driver = websocket.server()
    outbox, chunks = trio.open_memory_channel(math.inf)

    def send(chunk):
        driver.io.pause()
        outbox.send_nowait(chunk)

    driver.on("connect", lambda event: driver.start())  # answers 400 if it is no WebSocket
    driver.on("close", lambda event: outbox.close())
    driver.io.on("data", send)
    driver.messages.pipe(driver.messages)

    async with stream, trio.open_nursery() as nursery:
        nursery.start_soon(receive, stream, driver, outbox)
        try:
            async for chunk in chunks:
                await stream.send_all(chunk)
                if not chunks.statistics().current_buffer_used:
                    driver.io.resume()
        except trio.BrokenResourceError:
            pass
        nursery.cancel_scope.cancel()


async def receive(stream, driver, outbox):
    try:
        async for chunk in stream:
            if not driver.io.write(chunk):
                drained = trio.Event()
                driver.io.once("drain", drained.set)
                await drained.wait()
    except trio.BrokenResourceError:
        pass
    driver.io.end()
    outbox.close()


async def main(port):
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(
            trio.serve_tcp,
            echo,
            port,
        )
        print("Listening on ws://{}:{}".format(*listeners[0].socket.getsockname()), flush=True)
