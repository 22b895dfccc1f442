"""Node's `net`: TCP and Unix sockets as streams.

server = net.create_server(lambda connection: connection.pipe(connection))
server.listen(4180)
run()
"""

from __future__ import annotations

from typing import Any

from .address import Address, is_ip, is_ipv4, is_ipv6, isIP, isIPv4, isIPv6
from .arguments import CONNECT_OPTIONS, SOCKET_OPTIONS, connect_arguments
from .server import Server
from .socket import Socket

__all__ = [
    "Address",
    "Server",
    "Socket",
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


def create_server(*arguments: Any, **more: Any) -> Server:
    """A server: `create_server([options][, listener])`; `listener(socket)` is called for each
    connection."""
    return Server(*arguments, **more)


def connect(*arguments: Any, **more: Any) -> Socket:
    """A socket that connects: `(port[, host][, callback])`, `(path[, callback])` or
    `(options[, callback])`; `callback` is a listener for `connect`."""
    options, callback = connect_arguments(arguments, more, CONNECT_OPTIONS)
    socket = Socket({name: options[name] for name in SOCKET_OPTIONS if name in options})
    return socket.connect(options, *([callback] if callback is not None else []))


create_connection = connect
createServer = create_server
createConnection = connect
