"""Node's `http`: a server for HTTP/1.1, on httptools.

server = http.create_server(lambda request, response: response.end("Hello"))
server.on("upgrade", lambda request, socket, head: ...)
server.listen(4180)
run()
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, overload

from .codes import METHODS, STATUS_CODES
from .headers import validate_header_name, validate_header_value
from .incoming import IncomingMessage
from .options import ServerOptions
from .response import ServerResponse
from .secure import SPELLINGS, SecureServer
from .server import RequestListener, Server

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = [
    "METHODS",
    "STATUS_CODES",
    "IncomingMessage",
    "SecureServer",
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


@overload
def create_server(
    listener: RequestListener | None = None, /, **more: Unpack[ServerOptions]
) -> Server: ...
@overload
def create_server(
    options: ServerOptions | None,
    listener: RequestListener | None = None,
    /,
    **more: Unpack[ServerOptions],
) -> Server: ...
def create_server(
    options: ServerOptions | RequestListener | None = None,
    listener: RequestListener | None = None,
    /,
    **more: Unpack[ServerOptions],
) -> Server:
    """A server: `create_server([options][, listener])`; `listener(request, response)` is called for
    each request. With options of `tls` (`key` and `cert`, or `secure_context`) it is Node's `https`
    server."""
    given = set(more)
    if isinstance(options, Mapping):
        given.update(options)
    kind = Server if given.isdisjoint(SPELLINGS) else SecureServer
    return kind(options, listener, **more)


createServer = create_server
validateHeaderName = validate_header_name
validateHeaderValue = validate_header_value
