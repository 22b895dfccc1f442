"""`create_server()`, in all the forms that Node has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, overload

from .options import SecureServerOptions, ServerOptions
from .secure import SPELLINGS, SecureServer
from .server import OnRequest, OnRequestOnly, RequestListener, Server

if TYPE_CHECKING:
    from typing_extensions import Unpack


# The options of `http` are options of `https` too: the first overload that fits is meant.
@overload
def create_server(  # type: ignore[overload-overlap]
    listener: OnRequest | None = None,
    /,
    **more: Unpack[ServerOptions],
) -> Server: ...
@overload
def create_server(  # type: ignore[overload-overlap]
    options: ServerOptions | None,
    listener: OnRequest | None = None,
    /,
    **more: Unpack[ServerOptions],
) -> Server: ...
@overload
def create_server(  # pyright: ignore[reportOverlappingOverload]
    listener: OnRequestOnly,
    /,
    **more: Unpack[ServerOptions],
) -> Server: ...
@overload
def create_server(  # pyright: ignore[reportOverlappingOverload]
    options: ServerOptions | None,
    listener: OnRequestOnly,
    /,
    **more: Unpack[ServerOptions],
) -> Server: ...
@overload
def create_server(
    listener: OnRequest | None = None,
    /,
    **more: Unpack[SecureServerOptions],
) -> SecureServer: ...
@overload
def create_server(
    options: SecureServerOptions | None,
    listener: OnRequest | None = None,
    /,
    **more: Unpack[SecureServerOptions],
) -> SecureServer: ...
@overload
def create_server(
    listener: OnRequestOnly,
    /,
    **more: Unpack[SecureServerOptions],
) -> SecureServer: ...
@overload
def create_server(
    options: SecureServerOptions | None,
    listener: OnRequestOnly,
    /,
    **more: Unpack[SecureServerOptions],
) -> SecureServer: ...
def create_server(
    options: ServerOptions | SecureServerOptions | RequestListener | None = None,
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
