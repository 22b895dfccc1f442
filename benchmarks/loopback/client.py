"""The load client, the same for all servers.

It sends frames that were made before, and counts the bytes that come back. Only the first echo on
a connection is checked. It runs in a process of its own: `python -m benchmarks.loopback.client`,
which takes a run from each line of its standard input.
"""

from __future__ import annotations

import json
import select
import socket
import ssl
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from time import perf_counter, process_time

from ..cases import request
from ..frames import CLOSE, TEXT, write_frame

MESSAGE = (b"The quick brown fox jumps over the lazy dog. " * 3)[:125]
MASK = b"\x37\xfa\x21\x3d"
WARM_UP = 0.05
TIMEOUT = 10

# How many connections are being opened at a time.
OPENERS = 8

# The servers' certificates are their own.
INSECURE = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
INSECURE.check_hostname = False
INSECURE.verify_mode = ssl.CERT_NONE


def run(port: int, connections: int, in_flight: int, seconds: float) -> dict[str, float]:
    """Keeps `in_flight` messages on their way on each connection: when all of them have come back,
    sends them again."""
    sockets = [connect(port) for _ in range(connections)]
    block = write_frame(TEXT, MESSAGE, MASK) * in_flight
    expected = len(write_frame(TEXT, MESSAGE)) * in_flight

    # poll() where there is no epoll(); with neither a time limit nor flags they are the same.
    poller = getattr(select, "epoll", select.poll)()
    streams = {connection.fileno(): connection for connection in sockets}
    receive = {fd: connection.recv_into for fd, connection in streams.items()}
    left = dict.fromkeys(streams, expected)
    for fd, connection in streams.items():
        poller.register(fd, select.POLLIN)
        connection.sendall(block)

    buffer = bytearray(256 * 1024)
    poll, clock = poller.poll, perf_counter
    blocks = 0
    counting = False
    deadline = clock() + WARM_UP
    started = cpu = 0.0

    while True:
        for fd, _ in poll():
            size = receive[fd](buffer)
            if not size:
                raise ConnectionError("The server has closed the connection")
            left[fd] -= size
            if left[fd] <= 0:
                left[fd] = expected
                blocks += 1
                streams[fd].sendall(block)

        now = clock()
        if now >= deadline:
            if counting:
                break
            counting, blocks = True, 0
            started, cpu = now, process_time()
            deadline = now + seconds

    wall, cpu = now - started, process_time() - cpu
    for fd, connection in streams.items():
        disconnect(connection, left[fd])
    return {"messages": blocks * in_flight, "seconds": wall, "busy": cpu / wall}


def accept(port: int, secure: bool, seconds: float) -> dict[str, float]:
    """Opens connections, one behind the other in each of `OPENERS` threads, with one message on
    each, and closes them."""
    counts = [0] * OPENERS
    deadline = perf_counter() + seconds
    started, cpu = perf_counter(), process_time()

    def run_one(index: int) -> None:
        while perf_counter() < deadline:
            disconnect(connect(port, secure), 0)
            counts[index] += 1

    with ThreadPoolExecutor(OPENERS) as pool:
        for future in [pool.submit(run_one, index) for index in range(OPENERS)]:
            future.result()

    wall, cpu = perf_counter() - started, process_time() - cpu
    return {"messages": sum(counts), "seconds": wall, "busy": cpu / wall}


def connect(port: int, secure: bool = False) -> socket.socket:
    """An open WebSocket, on which one message has come back as it should."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if secure:
        connection = INSECURE.wrap_socket(connection)
    connection.sendall(request())

    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += _receive(connection, 1)
    if not head.startswith(b"HTTP/1.1 101 "):
        raise ConnectionError(f"The server has not opened a WebSocket: {head[:60]!r}")

    connection.sendall(write_frame(TEXT, MESSAGE, MASK))
    echo = write_frame(TEXT, MESSAGE)
    if _receive(connection, len(echo)) != echo:
        raise ConnectionError("The echo is not the message")
    return connection


def disconnect(connection: socket.socket, left: int) -> None:
    """Receives pending data, and closes with a closing handshake."""
    _receive(connection, left)
    connection.sendall(write_frame(CLOSE, b"\x03\xe8", MASK))
    with suppress(ConnectionError, ssl.SSLError):  # a server may drop a TLS connection
        while connection.recv(4096):
            pass
    connection.close()


def _receive(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise ConnectionError("The server has closed the connection")
        data += part
    return data


if __name__ == "__main__":
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        result = accept(*arguments) if name == "accept" else run(*arguments)
        print(json.dumps(result), flush=True)
