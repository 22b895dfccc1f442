"""Servers in several processes on one port: the system distributes the connections.

python examples/recipes/several_processes.py [port] [number of processes]

It needs SO_REUSEPORT, as on Linux. On other systems, or to balance the number of connections, run
each server on its own port behind a proxy.
"""

import asyncio
import multiprocessing
import os
import signal
import sys
from contextlib import suppress
from typing import cast

import websocket_driver as websocket

port = int(sys.argv[1]) if len(sys.argv) > 1 else 4180
processes = int(sys.argv[2]) if len(sys.argv) > 2 else os.cpu_count() or 1


class Connection(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport = cast(asyncio.Transport, transport)
        self.driver = driver = websocket.server()
        self.wire = websocket.Wire(driver.io, transport)

        driver.on("connect", lambda _: driver.start())
        driver.on("message", lambda event: driver.text(f"{os.getpid()}: {event.data!s}"))
        driver.on("close", lambda _: self.wire.close())
        driver.io.on("drain", transport.resume_reading)

    def data_received(self, data: bytes) -> None:
        if not self.wire.write(data):
            self.transport.pause_reading()

    def pause_writing(self) -> None:
        self.driver.io.pause()

    def resume_writing(self) -> None:
        self.driver.io.resume()

    def connection_lost(self, exc: Exception | None) -> None:
        self.driver.io.end()


async def serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", port, reuse_port=True)
    loop.add_signal_handler(signal.SIGTERM, server.close)
    loop.add_signal_handler(signal.SIGINT, lambda: None)  # the parent ends them
    # In one write, so that the lines of the processes do not mix.
    sys.stdout.write(f"ws://127.0.0.1:{port} in {os.getpid()}\n")
    sys.stdout.flush()
    # `close` cancels this.
    await server.serve_forever()


def work() -> None:
    with suppress(asyncio.CancelledError):
        asyncio.run(serve())


if __name__ == "__main__":
    workers = [multiprocessing.Process(target=work) for _ in range(processes)]
    for worker in workers:
        worker.start()

    def stop(*_: object) -> None:
        for worker in workers:
            worker.terminate()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    for worker in workers:
        worker.join()
