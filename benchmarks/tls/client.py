"""The load client, on the standard library's TLS. It checks the first echo of a connection only."""

from __future__ import annotations

import select
import socket
import ssl
from time import perf_counter

from ..cases import request
from ..frames import TEXT, write_frame
from . import KIB, Echo

MASK = b"\x37\xfa\x21\x3d"
WARM_UP = 0.05
TIMEOUT = 10
BUFFER = 256 * KIB


def context() -> ssl.SSLContext:
    """Verifies nothing: the server is ours."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def connect(port: int, context: ssl.SSLContext) -> ssl.SSLSocket:
    """An open WebSocket over TLS."""
    plain = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection = context.wrap_socket(plain)
    connection.sendall(request())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += receive(connection, 1)
    if not head.startswith(b"HTTP/1.1 101 "):
        raise ConnectionError(f"The server has not opened a WebSocket: {head[:60]!r}")
    return connection


def echo_once(connection: ssl.SSLSocket, size: int) -> None:
    """Sends one message, and checks that it comes back."""
    message = b"x" * size
    connection.sendall(write_frame(TEXT, message, MASK))
    expected = write_frame(TEXT, message)
    if receive(connection, len(expected)) != expected:
        raise ConnectionError("The echo is not the message")


def receive(connection: ssl.SSLSocket, size: int) -> bytes:
    """Exactly `size` bytes."""
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise ConnectionError("The server has closed the connection")
        data += part
    return data


class Stream:
    """A connection on which a block of messages is on its way."""

    def __init__(self, connection: ssl.SSLSocket, block: bytes, expected: int) -> None:
        self.connection = connection
        self._block = block
        self._expected = expected
        self.send()

    def send(self) -> None:
        """Sends the block."""
        self._left = self._expected
        self.connection.sendall(self._block)

    def receive(self, buffer: bytearray) -> bool:
        """Receives pending data; true if the block is complete."""
        while True:
            size = self.connection.recv_into(buffer)
            if not size:
                raise ConnectionError("The server has closed the connection")
            self._left -= size
            if self._left <= 0:
                return True
            if not self.connection.pending():
                return False


def run(port: int, case: Echo, seconds: float) -> int:
    """Keeps the messages of `case` on their way for so long; returns how many came back, those of
    the warm-up included."""
    connections = [connect(port, context()) for _ in range(case.connections)]
    message = b"x" * case.size
    block = write_frame(TEXT, message, MASK) * case.in_flight
    expected = len(write_frame(TEXT, message)) * case.in_flight
    poller = getattr(select, "epoll", select.poll)()
    streams = {}
    for connection in connections:
        echo_once(connection, case.size)
        poller.register(connection.fileno(), select.POLLIN)
        streams[connection.fileno()] = Stream(connection, block, expected)

    buffer = bytearray(BUFFER)
    blocks = case.connections  # those that were checked count as one block each
    deadline = perf_counter() + WARM_UP + seconds
    while perf_counter() < deadline:
        for number, _ in poller.poll():
            stream = streams[number]
            if stream.receive(buffer):
                blocks += 1
                stream.send()
    for connection in connections:
        connection.close()
    return blocks * case.in_flight


def handshakes(port: int, seconds: float) -> int:
    """Connects and leaves for so long, one after the other; returns how often."""
    deadline = perf_counter() + seconds
    count = 0
    shared = context()
    while perf_counter() < deadline:
        connect(port, shared).close()
        count += 1
    return count
