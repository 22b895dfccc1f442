"""An echo server on asyncio's streams.

python examples/asyncio_streams.py [port]

The output of the driver goes into the writer's buffer. While `drain` waits until that is empty,
nothing is read, and the driver is paused, so that `driver.messages.write` returns `False` to other
tasks.
"""

import asyncio
import sys
from contextlib import suppress

import websocket_driver as websocket


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    driver = websocket.server()

    driver.on("connect", lambda event: driver.start())  # sends 400 for other requests
    driver.io.on("data", writer.write)
    driver.messages.pipe(driver.messages)

    with suppress(ConnectionError, asyncio.CancelledError):
        while driver.get_state() != "closed" and (chunk := await reader.read(65536)):
            if not driver.io.write(chunk):  # driver.messages.pause() was called
                drained = asyncio.Event()
                driver.io.once("drain", drained.set)
                await drained.wait()

            driver.io.pause()
            await writer.drain()
            driver.io.resume()

    driver.io.end()
    writer.close()


async def main() -> None:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 4180
    server = await asyncio.start_server(echo, "127.0.0.1", port)
    print("ws://{}:{}".format(*server.sockets[0].getsockname()), flush=True)
    await asyncio.Event().wait()


with suppress(KeyboardInterrupt):
    asyncio.run(main())
