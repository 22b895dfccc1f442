"""The echo servers: `python -m benchmarks.tls.server NAME LOOP CERTIFICATE` prints its port.

For each line of its standard input it prints what it has used so far.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING

import websocket_driver

from ..loopback.wiring import Echo

if TYPE_CHECKING:
    from websocket_driver.node.tls import TLSSocket

HOST = "127.0.0.1"
STATM = Path("/proc/self/statm")
PAGE = 4096


async def serve_node(certificate: str) -> int:
    from websocket_driver.node import net, tls

    def accept(socket: TLSSocket) -> None:
        driver = websocket_driver.server()
        driver.on("connect", lambda event: driver.start())
        driver.on("message", lambda event: driver.messages.write(event.data))
        driver.on("close", lambda event: socket.end())
        socket.on("error", lambda error: None)
        socket.pipe(driver.io).pipe(socket)

    server = tls.create_server({"cert": certificate}, accept).listen(0, HOST)
    address = server.address()
    assert isinstance(address, net.Address)
    return address.port


async def serve_asyncio(certificate: str) -> int:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = await asyncio.get_running_loop().create_server(Echo, HOST, 0, ssl=context)
    return int(server.sockets[0].getsockname()[1])


SERVERS: dict[str, Callable[[str], Awaitable[int]]] = {
    "node": serve_node,
    "asyncio": serve_asyncio,
}


def usage() -> dict[str, float | None]:
    """Seconds of the processor, and bytes of memory, which Linux tells."""
    memory = int(STATM.read_text().split()[1]) * PAGE if STATM.exists() else None
    return {"seconds": process_time(), "memory": memory}


async def main(name: str, certificate: str) -> None:
    print(await SERVERS[name](certificate), flush=True)
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(usage()), flush=True)


if __name__ == "__main__":
    name, loop_name, certificate = sys.argv[1:]
    if loop_name == "uvloop":
        import uvloop

        uvloop.install()
    asyncio.run(main(name, certificate))
