"""A server, its clients, and the events of each, in order."""

import asyncio
import ssl
from typing import Any

from spec.node.tls import certificates
from spec.wires import bound, event
from websocket_driver.node import net, tls

EVENTS = (
    "lookup",
    "connect",
    "ready",
    "secure_connect",
    "secure",
    "data",
    "end",
    "timeout",
    "finish",
    "error",
    "close",
)

# OpenSSL's reason for the error that a changed record causes.
CHANGED_RECORD = (
    "RECORD_LAYER_FAILURE"
    if ssl.OPENSSL_VERSION_INFO >= (3, 2)
    else "DECRYPTION_FAILED_OR_BAD_RECORD_MAC"
)


class Trace(list[Any]):
    """The events of a stream: names, with the important parts of their arguments.

    `data` is one entry for all bytes without another event between them.
    """

    def __init__(self, stream, names=EVENTS):
        super().__init__()
        self.closed = asyncio.get_running_loop().create_future()
        for name in names:
            stream.on(name, lambda *arguments, name=name: self._add(name, *arguments))

    def _add(self, name, *arguments):
        if name == "data":
            if self and isinstance(self[-1], bytes):
                self[-1] += arguments[0]
            else:
                self.append(arguments[0])
        elif name == "error":
            (error,) = arguments
            self.append(("error", getattr(error, "code", None) or str(error)))
        elif name == "close":
            self.append(("close", *arguments))
            self.closed.done() or self.closed.set_result(None)  # type: ignore[func-returns-value]
        else:
            self.append(name)


class Actors:
    """A TLS server with the certificate for localhost, and clients that trust it."""

    def __init__(self, listener=None, **options):
        pair = certificates.localhost()
        if "secure_context" not in options:
            options = {"cert": pair.cert, "key": pair.key, **options}
        self.sockets = []
        self.traces = []
        self.failures = []
        self.changed = asyncio.Event()
        given: Any = options
        self.server = tls.create_server(given)
        self.server.on("secure_connection", lambda socket: self._secured(socket, listener))
        self.server.on("tls_client_error", self._failed)
        self.server.listen(0, "127.0.0.1")
        self.port = bound(self.server).port

    def _secured(self, socket, listener):
        self.sockets.append(socket)
        self.traces.append(Trace(socket))
        self.changed.set()
        if listener is not None:
            listener(socket)

    def _failed(self, error, socket):
        self.failures.append(error)
        self.changed.set()

    async def end(self):
        """Closes the server, and all of its connections."""
        for socket in self.sockets:
            socket.destroy()
        await close(self.server)

    async def change(self):
        """Waits for the next handshake, complete or failed."""
        await self.changed.wait()
        self.changed.clear()

    def connect(self, callback=None, **options):
        """A client and its trace."""
        given: Any = {
            "port": self.port,
            "host": "127.0.0.1",
            "servername": "localhost",
            "ca": certificates.authority().cert,
            **options,
        }
        given = {name: value for name, value in given.items() if value is not None}
        client = tls.connect(given, *([callback] if callback else []))
        return client, Trace(client)

    def connect_plain(self):
        """A socket without TLS, and its trace."""
        socket = net.connect(self.port, "127.0.0.1")
        return socket, Trace(socket)

    def start_tls(self, socket, callback=None, **options):
        """TLS on `socket`, and its trace."""
        given: Any = {"servername": "localhost", "ca": certificates.authority().cert, **options}
        given["socket"] = socket
        client = tls.connect(given, *([callback] if callback else []))
        return client, Trace(client)


async def settled(*traces):
    """Waits until all of them are closed."""
    await asyncio.gather(*(trace.closed for trace in traces))


async def close(server):
    """Closes a server, and waits until the last of its connections is closed."""
    closed = event(server, "close")
    server.close()
    await closed
