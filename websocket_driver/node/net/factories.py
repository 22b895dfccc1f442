"""`create_server()` and `connect()`, in all the forms that Node has."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, overload

from ..lifecycle import Callback
from .address import Address
from .options import ConnectOptions, ServerOptions
from .server import Server
from .socket import Socket

if TYPE_CHECKING:
    from typing_extensions import Unpack


@overload
def create_server(
    listener: Callable[[Socket], object] | None = None, /, **more: Unpack[ServerOptions]
) -> Server: ...
@overload
def create_server(
    options: ServerOptions | None,
    listener: Callable[[Socket], object] | None = None,
    /,
    **more: Unpack[ServerOptions],
) -> Server: ...
@overload
def create_server(listener: Callable[[], object], /, **more: Unpack[ServerOptions]) -> Server: ...
@overload
def create_server(
    options: ServerOptions | None,
    listener: Callable[[], object],
    /,
    **more: Unpack[ServerOptions],
) -> Server: ...
def create_server(*arguments: Any, **more: Any) -> Server:
    """A server: `create_server([options][, listener])`; `listener(socket)` is called for each
    connection.

    Raises `ConfigurationError` for an unknown option, `TypeError` for a value of the wrong type.
    """
    return Server(*arguments, **more)


@overload
def connect(
    port_or_path: int | str, host: str | None = None, callback: Callback | None = None, /
) -> Socket: ...
@overload
def connect(port_or_path: int | str, callback: Callback, /) -> Socket: ...
@overload
def connect(
    options: ConnectOptions | Address,
    callback: Callback | None = None,
    /,
    **more: Unpack[ConnectOptions],
) -> Socket: ...
@overload
def connect(callback: Callback | None = None, /, **more: Unpack[ConnectOptions]) -> Socket: ...
def connect(*arguments: object, **more: object) -> Socket:
    """A socket that connects: `(port[, host][, callback])`, `(path[, callback])` or
    `(options[, callback])`; `callback` is a listener for `connect`.

    Raises `TypeError` for anything else, `ValueError` for a port that is out of range.
    """
    return Socket.connected_by(arguments, more)


create_connection = connect
createServer = create_server
createConnection = connect
