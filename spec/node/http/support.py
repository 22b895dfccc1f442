"""Shared by the specs of `http`: a server, and clients that send bytes as they are."""

from __future__ import annotations

import asyncio
import re
import socket
import struct

import pytest

from spec.wires import event
from websocket_driver.node import http

CRLF = "\r\n"
DATE = re.compile(rb"Date: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\r\n")

KEEP_ALIVE = b"Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n"
BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"
TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n\r\n"
TIMEOUT = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"


def head(line="GET / HTTP/1.1", *headers, host="Host: a"):
    """A request head."""
    return CRLF.join([line, *([host] if host else []), *headers, "", ""]).encode("latin-1")


GET = head()
UPGRADE = head("GET /up HTTP/1.1", "Connection: Upgrade", "Upgrade: websocket")


def answer(body=b"", *headers, status=b"200 OK", connection=KEEP_ALIVE):
    """A response whose length is known, as it is sent, without the date."""
    lines = b"".join(line + b"\r\n" for line in headers)
    length = b"Content-Length: %d\r\n" % len(body)
    return b"HTTP/1.1 " + status + b"\r\n" + lines + connection + length + b"\r\n" + body


class Client:
    """A connection to a server, without a library between."""

    def __init__(self, reader, writer):
        self._reader = reader
        self._writer = writer

    @classmethod
    async def to(cls, server, **options):
        port = server.address().port
        return cls(*await asyncio.open_connection("127.0.0.1", port, **options))

    def send(self, *chunks):
        for chunk in chunks:
            self._writer.write(chunk)

    async def trickle(self, data):
        """Sends the bytes one by one, each on its own."""
        for number in range(len(data)):
            self._writer.write(data[number : number + 1])
            await self._writer.drain()
            await asyncio.sleep(0)

    async def receive(self, expected):
        """Receives as many bytes as are expected, without dates, and compares them."""
        received = b""
        while (missing := len(expected) - len(received)) > 0:
            chunks: list[bytes] = []
            while missing > 0:
                chunk = await self._reader.read(65536)
                assert chunk, received + b"".join(chunks)
                chunks.append(chunk)
                missing -= len(chunk)
            received = DATE.sub(b"", received + b"".join(chunks))
        assert received == expected

    async def receive_all(self):
        """Receives everything until the end, without dates."""
        return DATE.sub(b"", await self._reader.read(-1))

    async def exchange(self, data, expected):
        self.send(data)
        await self.receive(expected)

    def end(self):
        self._writer.write_eof()

    def close(self):
        self._writer.close()

    def reset(self):
        sock = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    def pause(self):
        self._writer.transport.pause_reading()

    def resume(self):
        self._writer.transport.resume_reading()


async def serving(*arguments, **options):
    """A server that listens."""
    server = http.create_server(*arguments, **options)
    ready = event(server, "listening")
    server.listen(0, "127.0.0.1")
    await ready
    return server


async def connected(*arguments, **options):
    """A server that listens, and a client."""
    server = await serving(*arguments, **options)
    return server, await Client.to(server)


async def closed(server, *clients):
    """Ends an example: nothing may be left open."""
    for client in clients:
        client.close()
    done = event(server, "close")
    server.close()
    server.close_all_connections()
    await done


def log(emitter, *names, into=None):
    """The events of an emitter in order, with the codes of errors."""
    found = [] if into is None else into
    for name in names:
        emitter.on(name, lambda *a, name=name: found.append((name, *map(plain, a))))
    return found


def code_of(error):
    return error.code


def refused(call, *arguments):
    """The class, the code and the text of the exception that a call raises."""
    with pytest.raises(Exception) as raised:
        call(*arguments)
    return type(raised.value).__bases__[0], code_of(raised.value), str(raised.value)


def plain(argument):
    return getattr(argument, "code", argument)


def collect(request):
    """The body of a request, as a future."""
    data: list[bytes] = []
    request.on("data", data.append)
    future = asyncio.get_running_loop().create_future()
    request.on("end", lambda: future.set_result(b"".join(data)))
    return future
