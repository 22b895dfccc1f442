"""Node's `http`: a server for HTTP/1.1, on httptools.

server = http.create_server(lambda request, response: response.end("Hello"))
server.on("upgrade", lambda request, socket, head: ...)
server.listen(4180)
run()
"""

from __future__ import annotations

from typing import Any

from .codes import METHODS, STATUS_CODES
from .headers import validate_header_name, validate_header_value
from .incoming import IncomingMessage
from .response import ServerResponse
from .server import Server

__all__ = [
    "METHODS",
    "STATUS_CODES",
    "IncomingMessage",
    "Server",
    "ServerResponse",
    "createServer",
    "create_server",
    "validateHeaderName",
    "validateHeaderValue",
    "validate_header_name",
    "validate_header_value",
]


def create_server(*arguments: Any, **more: Any) -> Server:
    """A server: `create_server([options][, listener])`; `listener(request, response)` is called for
    each request."""
    return Server(*arguments, **more)


createServer = create_server
validateHeaderName = validate_header_name
validateHeaderValue = validate_header_value
