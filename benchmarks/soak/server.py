"""The echo server that is soaked: `python -m benchmarks.soak.server PATIENCE` prints its port.

It is wired as docs/security.md has it, with its timer. Each line of its standard input is answered
by a line about itself; it ends with its input.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import json
import logging
import os
import sys
from collections import Counter
from contextlib import suppress
from typing import Any

import websocket_driver as websocket
from websocket_driver import permessage_deflate
from websocket_driver.node import net

from .limits import HOST, MAX_LENGTH


class Echo:
    """The server, and its figures."""

    def __init__(self, patience: float) -> None:
        self.patience = patience
        self.connections = 0
        self.complaints: Counter[str] = Counter()

    def on_connection(self, connection: net.Socket) -> None:
        self.connections += 1
        driver = websocket.server(max_length=MAX_LENGTH)
        driver.add_extension(permessage_deflate)
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self.patience, connection.destroy)

        def wait(callback: Any) -> None:
            nonlocal timer
            timer.cancel()
            timer = loop.call_later(self.patience, callback)

        def ping() -> None:
            driver.ping()
            wait(connection.destroy)

        def on_close(had_error: bool) -> None:
            self.connections -= 1
            timer.cancel()

        driver.on("open", lambda event: wait(ping))
        driver.on("pong", lambda event: wait(ping))
        connection.on("close", on_close)

        driver.on("connect", lambda event: driver.start())
        driver.on("close", lambda event: connection.end())
        connection.on("error", lambda error: None)

        connection.pipe(driver.io).pipe(connection)

        driver.messages.pipe(driver.messages)

    def complain(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Counts the calls of the loop's exception handler: none is expected."""
        error = context.get("exception")
        self.complaints[f"{context['message']}: {error!r}"] += 1

    def about(self, at_rest: bool) -> dict[str, Any]:
        """The figures that only the process itself knows; at rest, also its objects."""
        # So that only memory in use is measured next.
        _trim()
        answer: dict[str, Any] = {
            "connections": self.connections,
            "blocks": sys.getallocatedblocks(),
            "complaints": self.complaints,
        }
        if at_rest:
            gc.collect()
            _trim()
            answer["blocks"] = sys.getallocatedblocks()
            kinds = (type(thing) for thing in gc.get_objects())
            answer["objects"] = Counter(
                kind.__name__
                for kind in kinds
                if str(kind.__module__).startswith("websocket_driver")
            )
        return answer


def _trim() -> None:
    """Makes glibc release freed memory, most of it zlib's, which it keeps for reuse."""
    with suppress(AttributeError):  # of another C library
        ctypes.CDLL(None).malloc_trim(0)


class Complaints(logging.Handler):
    """asyncio also logs events without an exception, such as writes to a lost connection."""

    def __init__(self, echo: Echo) -> None:
        super().__init__(logging.WARNING)
        self._echo = echo

    def emit(self, record: logging.LogRecord) -> None:
        self._echo.complaints[record.getMessage()] += 1


async def serve(patience: float) -> None:
    echo = Echo(patience)
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(echo.complain)
    logging.getLogger().addHandler(Complaints(echo))

    ended = loop.create_future()

    def on_input() -> None:
        asked = os.read(sys.stdin.fileno(), 4096)
        if not asked:
            ended.set_result(None)
        for word in asked.decode().split():
            print(json.dumps(echo.about(at_rest=word == "rest")), flush=True)

    server = net.create_server(echo.on_connection)
    server.listen(0, HOST)
    address = server.address()
    assert isinstance(address, net.Address)
    print(address.port, flush=True)
    loop.add_reader(sys.stdin.fileno(), on_input)
    await ended


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
