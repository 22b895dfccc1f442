"""An echo server as an asyncio protocol, on asyncio's own event loop or on uvloop.

python examples/asyncio_protocol.py [port] [--uvloop]

A full transport (`pause_writing`) pauses the driver; `io.write` then returns `False`, and reading
pauses.
"""

import asyncio
import sys
from contextlib import suppress
from typing import cast

import websocket_driver as websocket


class Echo(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport = cast(asyncio.Transport, transport)
        self.driver = driver = websocket.server()

        self.wire = websocket.Wire(driver.io, transport)

        driver.on("connect", lambda event: driver.start())  # sends 400 for other requests
        driver.on("close", lambda event: self.wire.close())
        driver.io.on("drain", transport.resume_reading)
        driver.messages.pipe(driver.messages)

    def data_received(self, data: bytes) -> None:
        if not self.wire.write(data):
            self.transport.pause_reading()

    def pause_writing(self) -> None:
        self.driver.io.pause()

    def resume_writing(self) -> None:
        self.driver.io.resume()

    def connection_lost(self, exc: Exception | None) -> None:
        self.driver.io.end()


async def main() -> None:
    port = next((int(word) for word in sys.argv[1:] if word.isdigit()), 4180)
    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", port)
    print("ws://{}:{}".format(*server.sockets[0].getsockname()), flush=True)
    await asyncio.Event().wait()


with suppress(KeyboardInterrupt):
    if "--uvloop" in sys.argv:
        import uvloop

        uvloop.run(main())
    else:
        asyncio.run(main())
