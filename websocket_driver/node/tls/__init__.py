"""Node's `tls`: connections that are encrypted, over sockets or any other stream.

server = tls.create_server({"key": "key.pem", "cert": "cert.pem"}, on_connection)
server.listen(4180)

client = tls.connect({"port": 4180, "host": "localhost", "ca": "cert.pem"})
"""

from __future__ import annotations

from .certificates import PeerCertificate
from .connecting import connect
from .options import TLSConnectOptions, TLSServerOptions, TLSSocketOptions
from .server import Server, create_server, createServer
from .socket import Cipher, TLSSocket

__all__ = [
    "Cipher",
    "PeerCertificate",
    "Server",
    "TLSConnectOptions",
    "TLSServerOptions",
    "TLSSocket",
    "TLSSocketOptions",
    "connect",
    "createServer",
    "create_server",
]
