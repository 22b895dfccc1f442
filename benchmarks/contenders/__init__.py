"""The contenders, a module for each, with the same functions.

Each function opens a connection and returns what takes one turn on it:

* `reader(deliver)`: a server that takes a list of chunks and hands each message, a `str` or
  `bytes`, to `deliver`
* `sender(write, client)`: a server or client that takes a list of messages and hands the bytes of
  their frames to `write`
* `echoer(write)`: a server with permessage-deflate that takes a list of chunks and sends each
  message back
* `acceptor(write)`, `connector(write)`: take the other side's half of a handshake and write their
  own, on a new connection every time
* `opened(request, deflate)`: an open connection, to be kept

and `versions()`. A contender that has no such thing has no such function. That of Node is in
`node/worker.js`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Deliver = Callable[[Any], object]
Write = Callable[[bytes], object]
Feed = Callable[[list[bytes]], None]
Send = Callable[[list[Any]], None]
Handshake = Callable[[bytes], None]

PURE = {"WEBSOCKET_DRIVER_PURE_PYTHON": "1"}


@dataclass(frozen=True)
class Contender:
    """One row of the tables: `key` in results, `title` in tables, `module` here, or none on Node.

    `needs` are the modules without which it cannot run.
    """

    key: str
    title: str
    module: str | None
    needs: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def command(self) -> list[str]:
        """The command that starts its worker, if it runs on Python."""
        return [sys.executable, "-m", "benchmarks.worker", str(self.module)]


PORT = Contender("port", "websocket_driver", "port")
PORT_PURE = Contender("port-pure", "websocket_driver, pure Python", "port", environment=PURE)
PORT_ZLIB_NG = Contender("port-zlib-ng", "websocket_driver, zlib-ng", "port_zlib_ng", ("zlib_ng",))
PORT_ISAL = Contender("port-isal", "websocket_driver, ISA-L", "port_isal", ("isal",))
ORIGINAL = Contender("original", "the original, on Node", None)

CONTENDERS = [
    PORT,
    PORT_PURE,
    PORT_ZLIB_NG,
    PORT_ISAL,
    Contender("websockets", "websockets", "websockets", ("websockets",)),
    Contender("wsproto", "wsproto", "wsproto", ("wsproto",)),
    Contender("aiohttp", "aiohttp", "aiohttp", ("aiohttp",)),
    ORIGINAL,
]


def ignore(_: Any) -> None:
    """A listener that is called, and does nothing."""
