"""An echo server as an asyncio protocol, on asyncio's own event loop or on uvloop.

python examples/asyncio_protocol.py [port] [--uvloop]

A full transport (`pause_writing`) pauses the driver; `io.write` then says that reading has to wait.
"""

import asyncio
import sys
from contextlib import suppress

import websocket_driver as websocket


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
        self.driver = driver = websocket.server()

        self.wire = websocket.Wire(driver.io, transport)

        driver.on("connect", lambda event: driver.start())  # sends 400 if it is no WebSocket
        driver.on("close", lambda event: self.wire.close())
        driver.io.on("drain", transport.resume_reading)
        driver.messages.pipe(driver.messages)

    def data_received(self, data):
        if not self.wire.write(data):
            self.transport.pause_reading()

    def pause_writing(self):
        self.driver.io.pause()

    def resume_writing(self):
        self.driver.io.resume()

    def connection_lost(self, error):
        self.driver.io.end()


async def main():
    port = next((int(word) for word in sys.argv[1:] if word.isdigit()), 4180)
    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", port)
    print("ws://{}:{}".format(*server.sockets[0].getsockname()), flush=True)
    await asyncio.Event().wait()


if "--uvloop" in sys.argv:
    from uvloop import run
else:
    from asyncio import run

with suppress(KeyboardInterrupt):
    run(main())
