"""`websocket-driver echo`: a server that sends back what it gets, with a page to try it with."""

from __future__ import annotations

import ssl
import sys
from importlib import resources
from typing import Any

import websocket_driver as websocket

from .. import net, permessage_deflate

STOPPED = 0
NOT_LISTENING = 1

HEAD = "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n"


class EchoServer:
    """An echo server at `host` and `port`, by TLS if there is a `context`; `run()` is all of it."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None = None) -> None:
        self._host = host
        self._port = port
        self._context = context
        self._page = (resources.files(__package__) / "echo.html").read_bytes()
        self._drivers: set[Any] = set()
        self._status = STOPPED

    def run(self) -> int:
        """Serves until it is interrupted, and returns the exit status."""
        self._server = net.create_server(self._on_connection, ssl=self._context)
        self._server.on("listening", self._on_listening)
        self._server.on("error", self._on_error)
        self._server.listen(self._port, self._host)
        net.run(on_interrupt=self._close)
        return self._status

    def _on_listening(self) -> None:
        address = self._server.address()
        assert address is not None
        scheme = "http" if self._context is None else "https"
        host = f"[{address.address}]" if address.family == "IPv6" else address.address
        print(f"Echoing on {scheme}://{host}:{address.port}, Ctrl-C to stop", flush=True)

    def _on_error(self, error: BaseException) -> None:
        print(f"Cannot listen on {self._host}, port {self._port}: {error}", file=sys.stderr)
        self._status = NOT_LISTENING

    def _on_connection(self, connection: net.Socket) -> None:
        driver = websocket.server()
        driver.add_extension(permessage_deflate)

        def on_connect(event: Any) -> None:
            if websocket.is_websocket(driver):
                self._drivers.add(driver)
                driver.start()
            elif driver.method == "GET" and (driver.url or "").partition("?")[0] == "/":
                respond("200 OK", "text/html; charset=utf-8", self._page)
            else:
                respond("404 Not Found", "text/plain", b"There is only / here.\n")

        def respond(status: str, type: str, body: bytes) -> None:
            connection.end(HEAD.format(status, type, len(body)).encode() + body)

        driver.on("connect", on_connect)
        driver.on("close", lambda event: connection.end())
        connection.on("close", lambda had_error: self._drivers.discard(driver))
        connection.on("error", lambda error: None)

        connection.pipe(driver.io).pipe(connection)
        driver.messages.pipe(driver.messages)

    def _close(self) -> None:
        self._server.close()
        for driver in self._drivers:
            driver.close("The server is going away", 1001)
