"""Node's `tls`: connections that are encrypted, over sockets or any other stream.

server = tls.create_server({"key": "key.pem", "cert": "cert.pem"}, on_connection)
server.listen(4180)

client = tls.connect({"port": 4180, "host": "localhost", "ca": "cert.pem"})
"""

from __future__ import annotations

from .certificates import PeerCertificate
from .connecting import connect
from .context_options import SecureContextOptions
from .identity import check_server_identity, checkServerIdentity
from .options import (
    TLSConnectOptions,
    TLSServerOptions,
    TLSSocketOptions,
)
from .secure_context import SecureContext, create_secure_context, createSecureContext
from .server import Server, create_server, createServer
from .socket import Cipher, TLSSocket

__all__ = [
    "Cipher",
    "PeerCertificate",
    "SecureContext",
    "SecureContextOptions",
    "Server",
    "TLSConnectOptions",
    "TLSServerOptions",
    "TLSSocket",
    "TLSSocketOptions",
    "checkServerIdentity",
    "check_server_identity",
    "connect",
    "createSecureContext",
    "createServer",
    "create_secure_context",
    "create_server",
]
