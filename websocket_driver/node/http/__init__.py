"""Node's `http`: a server for HTTP/1.1, on httptools.

server = http.create_server(lambda request, response: response.end("Hello"))
server.on("upgrade", lambda request, socket, head: ...)
server.listen(4180)
run()
"""

from __future__ import annotations

from .codes import METHODS, STATUS_CODES
from .factories import create_server, createServer
from .headers import (
    validate_header_name,
    validate_header_value,
    validateHeaderName,
    validateHeaderValue,
)
from .incoming import IncomingMessage
from .options import SecureServerOptions, ServerOptions
from .response import ServerResponse
from .secure import SecureServer
from .server import Server

__all__ = [
    "METHODS",
    "STATUS_CODES",
    "IncomingMessage",
    "SecureServer",
    "SecureServerOptions",
    "Server",
    "ServerOptions",
    "ServerResponse",
    "createServer",
    "create_server",
    "validateHeaderName",
    "validateHeaderValue",
    "validate_header_name",
    "validate_header_value",
]
