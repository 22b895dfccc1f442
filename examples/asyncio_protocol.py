"""An echo server as an asyncio protocol, on asyncio's own event loop or on uvloop.

    python examples/asyncio_protocol.py [port] [--uvloop]

The transport says when its buffer is full (`pause_writing`), which pauses the driver; the driver
then says, by the result of `io.write`, that nothing more should be read.
"""

import argparse
import asyncio
from contextlib import suppress

import websocket_driver as websocket


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
        self.driver = driver = websocket.server()

        driver.on("connect", lambda event: driver.start())  # answers 400 if it is no WebSocket
        driver.on("close", lambda event: transport.close())
        driver.io.on("data", transport.write)
        driver.io.on("drain", transport.resume_reading)
        driver.messages.pipe(driver.messages)

    def data_received(self, data):
        if not self.driver.io.write(data):
            self.transport.pause_reading()

    def pause_writing(self):
        self.driver.io.pause()

    def resume_writing(self):
        self.driver.io.resume()

    def connection_lost(self, error):
        self.driver.io.end()


async def main(port):
    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", port)
    print("Listening on ws://{}:{}".format(*server.sockets[0].getsockname()), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("port", nargs="?", type=int, default=4180)
    parser.add_argument("--uvloop", action="store_true")
    arguments = parser.parse_args()

    if arguments.uvloop:
        from uvloop import run
    else:
        from asyncio import run

    with suppress(KeyboardInterrupt):
        run(main(arguments.port))
