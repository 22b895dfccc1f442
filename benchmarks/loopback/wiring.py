"""The port on asyncio, joined to a transport as a user would."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import websocket_driver


def join(driver: Any, transport: Any) -> Callable[[bytes], object]:
    """Joins a driver to an asyncio transport; returns what takes the bytes that come in."""
    driver.io.on("data", transport.write)
    write: Callable[[bytes], object] = driver.io.write
    return write


class Echo(asyncio.Protocol):
    """A connection that sends each message back."""

    def connection_made(self, transport: Any) -> None:
        driver = websocket_driver.server()
        driver.on("connect", lambda event: driver.start())
        driver.on("message", lambda event: driver.messages.write(event.data))
        driver.on("close", lambda event: transport.close())
        self._take = join(driver, transport)

    def data_received(self, data: bytes) -> None:
        self._take(data)
