"""The port on asyncio, joined to a transport as a user would."""

from __future__ import annotations

import asyncio
from typing import Any

import websocket_driver


class Echo(asyncio.Protocol):
    """A connection that sends each message back."""

    def connection_made(self, transport: Any) -> None:
        driver = websocket_driver.server()
        self._wire = websocket_driver.Wire(driver.io, transport)
        driver.on("connect", lambda event: driver.start())
        driver.on("message", lambda event: driver.messages.write(event.data))
        driver.on("close", lambda event: self._wire.close())

    def data_received(self, data: bytes) -> None:
        self._wire.write(data)


def upgraded(request: Any, socket: Any, head: bytes) -> None:
    """The listener for `upgrade` of an http server that sends each message back."""
    driver = websocket_driver.http(request)
    driver.on("message", lambda event: driver.messages.write(event.data))
    driver.on("close", lambda event: socket.end())
    socket.on("error", lambda error: None)
    socket.pipe(driver.io).pipe(socket)
    driver.io.write(head)
    driver.start()
