"""Node's `net`: TCP and Unix sockets as streams.

server = net.create_server(lambda connection: connection.pipe(connection))
server.listen(4180)
run()
"""

from __future__ import annotations

from .address import Address, is_ip, is_ipv4, is_ipv6, isIP, isIPv4, isIPv6
from .factories import connect, create_connection, create_server, createConnection, createServer
from .options import ConnectOptions, ListenOptions, ServerOptions, SocketOptions
from .server import Server
from .socket import Socket

# Legacy name, as in Node.
Stream = Socket

__all__ = [
    "Address",
    "ConnectOptions",
    "ListenOptions",
    "Server",
    "ServerOptions",
    "Socket",
    "SocketOptions",
    "Stream",
    "connect",
    "createConnection",
    "createServer",
    "create_connection",
    "create_server",
    "isIP",
    "isIPv4",
    "isIPv6",
    "is_ip",
    "is_ipv4",
    "is_ipv6",
]
