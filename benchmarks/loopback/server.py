"""Python's echo servers: `python -m benchmarks.loopback.server NAME LOOP [CERTIFICATE]`
prints its port.

Each hands every message to Python as `str` or `bytes`, and sends that back; none compresses.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
from collections.abc import Awaitable, Callable
from typing import Any

HOST = "127.0.0.1"

# Which argument of the command names a file with a certificate and its key, if there is one.
CERTIFICATE = 3


def _context() -> ssl.SSLContext | None:
    """For TLS, with a certificate of its own, if the command asks for it."""
    if len(sys.argv) <= CERTIFICATE:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[CERTIFICATE])
    return context


async def serve_port() -> int:
    from .wiring import Echo

    loop = asyncio.get_running_loop()
    server = await loop.create_server(Echo, HOST, 0, ssl=_context())
    return _port(server.sockets)


async def serve_node_http() -> int:
    from websocket_driver.node import http, net

    from .wiring import upgraded

    server = http.create_server()
    server.on("upgrade", upgraded)
    server.listen(0, HOST)
    address = server.address()
    assert isinstance(address, net.Address)
    return address.port


async def serve_websockets() -> int:
    from websockets.asyncio.server import serve

    async def echo(websocket: Any) -> None:
        async for message in websocket:
            await websocket.send(message)

    server = await serve(echo, HOST, 0, compression=None, ping_interval=None, ssl=_context())
    return _port(server.sockets)


async def serve_aiohttp() -> int:
    from aiohttp import WSMsgType, web

    async def echo(request: web.Request) -> web.WebSocketResponse:
        websocket = web.WebSocketResponse(compress=False)
        await websocket.prepare(request)
        async for message in websocket:
            if message.type is WSMsgType.TEXT:
                await websocket.send_str(message.data)
            elif message.type is WSMsgType.BINARY:
                await websocket.send_bytes(message.data)
        return websocket

    application = web.Application()
    application.router.add_get("/chat", echo)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, HOST, 0, ssl_context=_context())
    await site.start()
    return int(runner.addresses[0][1])


async def serve_picows() -> int:
    from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_create_server

    class Echo(WSListener):
        def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
            if frame.msg_type == WSMsgType.TEXT:
                transport.send(WSMsgType.TEXT, frame.get_payload_as_utf8_text())
            elif frame.msg_type == WSMsgType.BINARY:
                transport.send(WSMsgType.BINARY, frame.get_payload_as_bytes())
            elif frame.msg_type == WSMsgType.CLOSE:
                transport.send_close(frame.get_close_code())
                transport.disconnect()

    server = await ws_create_server(lambda request: Echo(), HOST, 0, ssl=_context())
    return _port(server.sockets)


SERVERS: dict[str, Callable[[], Awaitable[int]]] = {
    "port": serve_port,
    "node_http": serve_node_http,
    "websockets": serve_websockets,
    "aiohttp": serve_aiohttp,
    "picows": serve_picows,
}


def _port(sockets: Any) -> int:
    return int(sockets[0].getsockname()[1])


def main(name: str, loop_name: str) -> None:
    if loop_name == "uvloop":
        import uvloop

        loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    else:
        loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)

    print(loop.run_until_complete(SERVERS[name]()), flush=True)
    loop.run_forever()


if __name__ == "__main__":
    main(*sys.argv[1:CERTIFICATE])
