"""`websocket-driver echo`: a server that sends messages back, with a web page."""

from __future__ import annotations

from importlib import resources

import websocket_driver as websocket

from .. import permessage_deflate
from ..driver.base import Base
from ..errors import ConfigurationError
from ..node import http, net, run
from .output import Output

STOPPED = 0
NOT_LISTENING = 1

GOING_AWAY = 1001

SUGGESTIONS = {
    "EADDRINUSE": "Another program listens there. --port 0 takes any port that is free",
    "EACCES": "Ports below 1024 are the administrator's: try --port 4180",
    "EADDRNOTAVAIL": "That is not an address of this machine",
    "ENOTFOUND": "There is no such host: try --host 127.0.0.1, or 0.0.0.0 for all addresses",
}


class EchoServer:
    """An echo server at `host` and `port`, with TLS if there is a certificate; `run()` runs it.

    `certificate` and `key` are names of files. Raises `ValueError` if they cannot be used.
    """

    def __init__(
        self,
        host: str,
        port: int,
        output: Output,
        *,
        certificate: str | None = None,
        key: str | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._output = output
        self._scheme = "http" if certificate is None else "https"
        self._page = (resources.files("websocket_driver.cli") / "echo.html").read_bytes()
        self._drivers: set[Base] = set()
        self._status = STOPPED
        self._server = make_server(certificate, key)

    def run(self) -> int:
        """Serves until it is interrupted, and returns the exit status."""
        server = self._server
        server.on("request", self._respond)
        server.on("upgrade", self._upgrade)
        server.on("listening", self._on_listening)
        server.on("error", self._on_error)
        server.listen(self._port, self._host)
        run(on_interrupt=self._close)
        return self._status

    def _on_listening(self) -> None:
        address = self._server.address()
        assert isinstance(address, net.Address)
        host = f"[{address.address}]" if address.family == "IPv6" else address.address
        self._output.announce(f"Echoing on {self._scheme}://{host}:{address.port}, Ctrl-C to stop")

    def _on_error(self, error: Exception) -> None:
        self._output.note(f"Cannot listen on {self._host}, port {self._port}: {error}")
        suggestion = SUGGESTIONS.get(getattr(error, "code", ""))
        if suggestion is not None:
            self._output.note(suggestion)
        self._status = NOT_LISTENING

    def _respond(self, request: http.IncomingMessage, response: http.ServerResponse) -> None:
        if request.url.partition("?")[0] != "/":
            response.write_head(404, {"Content-Type": "text/plain"})
            response.end("There is only / here.\n")
        elif request.method not in ("GET", "HEAD"):
            response.write_head(405, {"Content-Type": "text/plain", "Allow": "GET, HEAD"})
            response.end("There is only GET here, and WebSockets.\n")
        else:
            response.write_head(
                200,
                {
                    "Content-Type": "text/html; charset=utf-8",
                    "Content-Length": len(self._page),
                    "Cache-Control": "no-cache",
                },
            )
            response.end(self._page)

    def _upgrade(self, request: http.IncomingMessage, socket: net.Socket, head: bytes) -> None:
        socket.on("error", _ignore)
        driver = websocket.http(request)
        driver.add_extension(permessage_deflate)
        self._drivers.add(driver)
        driver.messages.on("end", lambda: socket.destroy_soon())
        socket.on("close", lambda: self._drivers.discard(driver))
        driver.messages.pipe(driver.messages)

        driver.io.write(head)
        socket.pipe(driver.io)
        driver.io.pipe(socket)
        driver.start()

    def _close(self) -> None:
        self._server.close()
        for driver in [*self._drivers]:
            driver.close("The server is going away", GOING_AWAY)


def _ignore() -> None:
    """Ignores the errors of a connection: they must not end the server."""


def make_server(certificate: str | None, key: str | None) -> http.Server:
    """An HTTP server, with TLS if there is a certificate. Raises `ValueError` if it is unusable."""
    if certificate is None:
        if key is not None:
            raise ValueError("--tls-key needs --tls-cert, the file of the certificate")
        return http.create_server()
    options: http.SecureServerOptions = {"cert": certificate}
    if key is not None:
        options["key"] = key
    try:
        return http.SecureServer(options)
    except ConfigurationError as error:
        needed = f"--tls-cert {certificate} must contain a certificate"
        if key is None:
            needed += " and its key, unless --tls-key names the file of the key"
        else:
            needed += f", and --tls-key {key} the key that belongs to it"
        raise ValueError(f"{needed}, in PEM ({error})") from None
