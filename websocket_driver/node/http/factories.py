"""`create_server()`, in all the forms that Node has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, overload

from .options import SecureServerOptions
from .secure import SPELLINGS, SecureServer
from .server import RequestListener, Server

if TYPE_CHECKING:
    from typing_extensions import Unpack


@overload
def create_server(
    listener: RequestListener | None = None, /, **more: Unpack[SecureServerOptions]
) -> Server: ...
@overload
def create_server(
    options: SecureServerOptions | None,
    listener: RequestListener | None = None,
    /,
    **more: Unpack[SecureServerOptions],
) -> Server: ...
def create_server(
    options: SecureServerOptions | RequestListener | None = None,
    listener: RequestListener | None = None,
    /,
    **more: Unpack[SecureServerOptions],
) -> Server:
    """A server: `create_server([options][, listener])`; `listener(request, response)` is called for
    each request. With options of `tls` (`key` and `cert`, or `secure_context`) it is Node's `https`
    server."""
    if SPELLINGS.isdisjoint(more) and SPELLINGS.isdisjoint(names_of(options)):
        return Server(options, listener, **more)
    return SecureServer(options, listener, **more)


def names_of(options: object) -> Iterable[object]:
    """The names of the options, if it has any."""
    return options if isinstance(options, Mapping) else ()


createServer = create_server
