"""A peer that is neither Node nor this package: bare sockets, which commands in JSON lines control.

Both halves of the comparison start one of their own. It connects and listens; it sends, reads, ends
(`fin`), closes and resets (`rst`); it holds a port where nobody listens (`hole`); and it is a proxy
that takes CONNECT requests.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import struct
import sys
from contextlib import suppress
from typing import Any

BUFFER = 65536


class Connection:
    def __init__(self, wire: socket.socket, reading: bool) -> None:
        self.wire = wire
        self.reading = reading
        self.received = 0
        self.ended = False
        self.error: str | None = None
        # Only for a proxy: its target, the request head so far, and the other connection.
        self.proxied: int | None = None
        self.head = b""
        self.other: Connection | None = None

    def send(self, data: bytes) -> None:
        """Sends everything, which blocks for two seconds at most."""
        with suppress(OSError):
            self.wire.settimeout(2)
            self.wire.sendall(data)
        with suppress(OSError):
            self.wire.setblocking(False)


class RawPeer:
    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self.connections: dict[str, Connection] = {}
        self.listeners: dict[str, socket.socket] = {}

    def run(self) -> None:
        self.selector.register(sys.stdin.fileno(), selectors.EVENT_READ)
        os.set_blocking(sys.stdin.fileno(), False)
        pending = b""
        while True:
            for key, _ in self.selector.select():
                if key.data is not None:
                    key.data()
                    continue
                data = os.read(sys.stdin.fileno(), BUFFER)
                if not data:
                    return
                *lines, pending = (pending + data).split(b"\n")
                for line in lines:
                    self.answer(json.loads(line))

    def answer(self, command: dict[str, Any]) -> None:
        try:
            result = self.obey(command)
        except Exception as error:
            result = {"error": repr(error)}
        print(json.dumps({"n": command["n"], **result}), flush=True)

    def obey(self, command: dict[str, Any]) -> dict[str, Any]:
        operation, name = command["op"], command.get("id", "")
        if operation == "listen":
            return self.listen(name, command.get("reading", True), command.get("proxy"))
        if operation == "hole":
            wire = socket.socket()
            wire.bind(("127.0.0.1", 0))
            self.listeners[name] = wire
            return {"port": wire.getsockname()[1]}
        if operation == "connect":
            wire = socket.create_connection(("127.0.0.1", command["port"]), timeout=2)
            self.add(name, wire, command.get("reading", True))
            return {}
        if operation == "forget":
            self.forget(command["prefix"])
            return {}
        connection = self.connections.get(name)
        if connection is None:
            return {"missing": True}
        try:
            self.act(connection, operation, command)
        except OSError as error:
            return {"error": type(error).__name__}
        return {"got": connection.received, "eof": connection.ended, "err": connection.error}

    def listen(self, name: str, reading: bool, proxied: int | None) -> dict[str, Any]:
        listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.listeners[name] = listener

        def accept() -> None:
            wire, _ = listener.accept()
            count = sum(other.startswith(name + ".") for other in self.connections)
            self.add(f"{name}.{count}", wire, reading).proxied = proxied

        self.selector.register(listener, selectors.EVENT_READ, accept)
        return {"port": listener.getsockname()[1]}

    def add(self, name: str, wire: socket.socket, reading: bool) -> Connection:
        wire.setblocking(False)
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = self.connections[name] = Connection(wire, reading)
        if reading:
            self.watch(connection)
        return connection

    def watch(self, connection: Connection) -> None:
        self.selector.register(connection.wire, selectors.EVENT_READ, lambda: self.read(connection))

    def unwatch(self, connection: Connection) -> None:
        with suppress(KeyError, ValueError):
            self.selector.unregister(connection.wire)

    def act(self, connection: Connection, operation: str, command: dict[str, Any]) -> None:
        wire = connection.wire
        if operation == "send":
            size = command.get("size")
            connection.send(b"r" * size if size is not None else command["text"].encode())
        elif operation == "fin":
            wire.shutdown(socket.SHUT_WR)
        elif operation == "close":
            self.unwatch(connection)
            wire.close()
        elif operation == "rst":
            self.unwatch(connection)
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            wire.close()
        elif operation == "read" and not connection.reading:
            connection.reading = True
            self.watch(connection)

    def read(self, connection: Connection) -> None:
        try:
            data = connection.wire.recv(BUFFER)
        except BlockingIOError:
            return
        except OSError as error:
            connection.error = type(error).__name__
            self.unwatch(connection)
            return
        if not data:
            connection.ended = True
            self.unwatch(connection)
            if connection.other is not None:
                with suppress(OSError):
                    connection.other.wire.shutdown(socket.SHUT_WR)
            return
        connection.received += len(data)
        if connection.other is not None:
            connection.other.send(data)
        elif connection.proxied is not None:
            connection.head += data
            if b"\r\n\r\n" in connection.head:
                self.tunnel(connection, connection.proxied)

    def tunnel(self, connection: Connection, port: int) -> None:
        wire = socket.create_connection(("127.0.0.1", port))
        name = next(name for name, other in self.connections.items() if other is connection)
        connection.other = self.add(name + "'", wire, True)
        connection.other.other = connection
        connection.proxied = None
        connection.send(b"HTTP/1.1 200 OK\r\n\r\n")

    def forget(self, prefix: str) -> None:
        for name in [name for name in self.connections if name.startswith(prefix)]:
            connection = self.connections.pop(name)
            self.unwatch(connection)
            connection.wire.close()
        for name in [name for name in self.listeners if name.startswith(prefix)]:
            listener = self.listeners.pop(name)
            with suppress(KeyError, ValueError):
                self.selector.unregister(listener)
            listener.close()


if __name__ == "__main__":
    RawPeer().run()
