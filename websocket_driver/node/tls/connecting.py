"""`tls.connect`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast, overload

from ...errors import ConfigurationError
from ..lifecycle import Callback
from ..net.arguments import CONNECT_OPTIONS, SOCKET_OPTIONS, connect_arguments
from .sides import DEFAULT_HOST, Options, client_side, tls_options
from .socket import TLSSocket

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..net.options import ConnectOptions
    from .options import TLSConnectOptions
    from .stream_transport import ByteStream

# The options of a socket that TLS over another stream has too.
STREAM_OPTIONS = ("allow_half_open", "high_water_mark")


@overload
def connect(
    port_or_path: int | str,
    host_name: str | None = None,
    options: TLSConnectOptions | None = None,
    callback: Callback | None = None,
    /,
    **more: Unpack[TLSConnectOptions],
) -> TLSSocket: ...
@overload
def connect(
    port_or_path: int | str,
    host_name: str | None,
    callback: Callback,
    /,
    **more: Unpack[TLSConnectOptions],
) -> TLSSocket: ...
@overload
def connect(
    port_or_path: int | str,
    options: TLSConnectOptions,
    callback: Callback | None = None,
    /,
    **more: Unpack[TLSConnectOptions],
) -> TLSSocket: ...
@overload
def connect(
    port_or_path: int | str, callback: Callback, /, **more: Unpack[TLSConnectOptions]
) -> TLSSocket: ...
@overload
def connect(
    options: TLSConnectOptions,
    callback: Callback | None = None,
    /,
    **more: Unpack[TLSConnectOptions],
) -> TLSSocket: ...
@overload
def connect(
    callback: Callback | None = None, /, **more: Unpack[TLSConnectOptions]
) -> TLSSocket: ...
def connect(*arguments: object, **more: object) -> TLSSocket:
    """A TLS client; `callback` is a listener for `secure_connect`.

    Takes `(port[, host][, options][, callback])`, `(path[, options][, callback])` for a Unix socket
    or `(options[, callback])`. With the option `socket`, a stream, TLS begins on that once it is
    connected, which is up to its owner.

    Raises `TypeError` or `ConfigurationError` for arguments and options that cannot be used, which
    includes that there is no name to check the certificate against.
    """
    callback: Any = arguments[-1] if arguments and callable(arguments[-1]) else None
    rest = list(arguments if callback is None else arguments[:-1])
    given: Any = rest.pop() if rest and isinstance(rest[-1], Mapping) else {}
    mine, others = tls_options(given, (*CONNECT_OPTIONS, "socket"), more)
    stream = others.pop("socket", None)
    if stream is not None:
        if rest:
            raise ConfigurationError("socket: there is a connection, and so no port and no path")
        socket = _over(stream, mine, others)
    else:
        # As in Node, options win over positional arguments.
        options, _ = connect_arguments(tuple(rest) or (others,), others if rest else {})
        host = options.get("host") or (None if "path" in options else DEFAULT_HOST)
        socket_options = {name: options[name] for name in SOCKET_OPTIONS if name in options}
        socket = TLSSocket(None, client_side(mine, host, socket_options))
        if options.get("timeout"):
            socket.set_timeout(options["timeout"])
        socket.connects_to(options)
        socket.connect(cast("ConnectOptions", options))
    if callback is not None:
        socket.once("secure_connect", callback)
    return socket


def _over(stream: ByteStream, mine: Options, others: Options) -> TLSSocket:
    """A client on a connection that there is."""
    host = others.pop("host", None)
    others.pop("port", None)  # Programs give it to describe the connection; it means nothing.
    timeout = others.pop("timeout", None)
    for name in others:
        if name not in STREAM_OPTIONS:
            raise ConfigurationError(f"{name} is an option of a new connection, not of a `socket`")
    socket = TLSSocket(stream, client_side(mine, host, others))
    if timeout is not None:
        socket.set_timeout(timeout)
    return socket
