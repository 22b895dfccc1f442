"""`create_server()`, in all the forms that Node has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, overload

from .options import ServerOptions
from .secure import SPELLINGS, SecureServer
from .server import RequestListener, Server

if TYPE_CHECKING:
    from typing_extensions import Unpack


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
    mapping: object = options
    given = {*more, *(mapping if isinstance(mapping, Mapping) else ())}
    kind = Server if given.isdisjoint(SPELLINGS) else SecureServer
    return kind(options, listener, **more)


createServer = create_server
