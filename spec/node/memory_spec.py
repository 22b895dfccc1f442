"""Connections that have ended leave no objects: driver, streams, socket and deflate together."""

from __future__ import annotations

import asyncio
import weakref
from typing import Any

import pytest

import websocket_driver as websocket
from spec.node.support import ticks
from spec.node.tls import certificates
from spec.wires import bound, event, run
from websocket_driver import permessage_deflate
from websocket_driver.node import http, net, tls

MESSAGE = "Hello " * 1000
COUNT = 3


def join(driver, socket, joined):
    if joined == "pipes":
        socket.pipe(driver.io).pipe(socket)
    else:
        socket.on("data", driver.io.write)
        driver.io.on("data", socket.write)
        for end in ("end", "close"):
            socket.on(end, lambda: driver.io.end())
    socket.on("error", lambda error: None)
    # The sockets of an http server are half-open, as in Node.
    driver.messages.on("end", lambda: socket.end())
    driver.on("close", lambda: socket.end())


class Program:
    """An echo server on one of the modules of `node`, its clients, and references to their
    objects."""

    def __init__(self, module, joined):
        self.joined = joined
        self.references: list[weakref.ref[Any]] = []
        self.secure = module in ("tls", "https")
        pair = certificates.localhost()
        options: Any = {"cert": pair.cert, "key": pair.key} if self.secure else {}
        self.server: Any
        if module.startswith("http"):
            self.server = http.create_server(options)
            self.server.on("upgrade", self.on_upgrade)
        else:
            self.server = (tls if self.secure else net).create_server(options, self.on_connection)
        self.trusted = certificates.authority().cert
        self.accepted: Any = None

    def keep(self, driver, socket):
        driver.add_extension(permessage_deflate)
        join(driver, socket, self.joined)
        self.references += map(weakref.ref, (driver, driver.io, driver.messages, socket))

    def on_connection(self, socket):
        driver = websocket.server()
        driver.on("connect", lambda: driver.start())
        driver.on("message", lambda message: driver.text(message.data))
        self.keep(driver, socket)
        self.accepted = socket

    def on_upgrade(self, request, socket, head):
        driver = websocket.http(request)
        driver.on("message", lambda message: driver.text(message.data))
        self.keep(driver, socket)
        driver.io.write(head)
        driver.start()
        self.references.append(weakref.ref(request))
        self.accepted = socket

    async def listen(self):
        listening = event(self.server, "listening")
        self.server.listen(0, "127.0.0.1")
        await listening

    def connect(self):
        port = bound(self.server).port
        if self.secure:
            return tls.connect(port, "127.0.0.1", {"ca": self.trusted, "servername": "localhost"})
        return net.connect(port, "127.0.0.1")

    async def talk(self, end):
        """One connection that echoes messages, and then ends in one of the ways."""
        socket = self.connect()
        driver = websocket.client("ws://localhost/")
        self.keep(driver, socket)
        await event(socket, "secure_connect" if self.secure else "connect")
        opened = event(driver, "open")
        driver.start()
        await opened
        for _ in range(COUNT):
            echoed = event(driver, "message")
            driver.text(MESSAGE)
            (message,) = await echoed
            assert message.data == MESSAGE
        driver.ping("unanswered", lambda: driver.ready_state)

        closed = [event(socket, "close"), event(self.accepted, "close")]
        if end == "the closing handshake":
            driver.close()
        elif end == "the client's end":
            socket.end()
        elif end == "a reset":
            # A TLS socket cannot be reset, as in Node: it ends without close_notify.
            socket.destroy() if self.secure else socket.reset_and_destroy()
        else:
            self.accepted.destroy()
        await asyncio.wait_for(asyncio.gather(*closed), 10)
        self.accepted = None

    async def close(self):
        closed = event(self.server, "close")
        self.server.close()
        await closed
        ticks()
        for _ in range(3):
            await asyncio.sleep(0)


@pytest.mark.usefixtures("without_collector")
@pytest.mark.parametrize("module", ["net", "tls", "http", "https"])
@pytest.mark.parametrize("joined", ["pipes", "listeners"])
class DescribeConnectionsThatHaveEnded:
    @pytest.mark.parametrize(
        "end", ["the closing handshake", "the client's end", "a reset", "the server's destroy()"]
    )
    def it_keeps_nothing_of_them(self, module, joined, end):
        async def main():
            program = Program(module, joined)
            await program.listen()
            for _ in range(2):
                await program.talk(end)
            await program.close()
            kept = [reference() for reference in program.references]
            assert [type(one).__name__ for one in kept if one is not None] == []
            assert len(kept) == 2 * (9 if module.startswith("http") else 8)

        run(main)
