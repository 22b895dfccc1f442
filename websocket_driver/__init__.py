"""A complete implementation of the WebSocket protocols for any I/O stream, ported from Node's
websocket-driver.

Protocol references:

* https://www.rfc-editor.org/rfc/rfc6455
* https://www.rfc-editor.org/rfc/rfc7692
* https://datatracker.ietf.org/doc/html/draft-hixie-thewebsocketprotocol-75
* https://datatracker.ietf.org/doc/html/draft-hixie-thewebsocketprotocol-76
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from .driver.base import Base
from .driver.client import Client
from .driver.draft75 import Draft75
from .driver.draft76 import Draft76
from .driver.hybi import Hybi, codec
from .driver.options import DriverOptions, Options
from .driver.proxy import Proxy
from .driver.server import Server
from .errors import ConfigurationError, ProtocolError
from .events import CloseEvent, ConnectEvent, MessageEvent, OpenEvent, PingEvent, PongEvent
from .request import HttpRequest, Request
from .spelling import spelled_options
from .streams import IO, Messages
from .version import __version__
from .wire import Wire

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = [
    "IO",
    "Base",
    "Client",
    "CloseEvent",
    "ConfigurationError",
    "ConnectEvent",
    "Draft75",
    "Draft76",
    "DriverOptions",
    "HttpRequest",
    "Hybi",
    "MessageEvent",
    "Messages",
    "OpenEvent",
    "Options",
    "PingEvent",
    "PongEvent",
    "ProtocolError",
    "Proxy",
    "Request",
    "Server",
    "Wire",
    "__version__",
    "client",
    "compiled",
    "http",
    "isSecureRequest",
    "isWebSocket",
    "is_secure_request",
    "is_websocket",
    "server",
    "validateOptions",
    "validate_options",
]

# True if the compiled part of the package is in use.
compiled: bool = codec.make_frame is not codec.make_frame_in_python


def client(
    url: str, options: Options | DriverOptions | None = None, **more: Unpack[DriverOptions]
) -> Client:
    """Returns a client driver for `url`, a `ws:` or `wss:` URL.

    `options`, or keyword arguments:

    * `protocols`: the subprotocols to offer, a list of strings or one comma-separated string
    * `max_length`: the largest incoming message in bytes, 2**26 - 1 by default
    * `masking`: mask outgoing frames (RFC 6455 5.1); on unless it is `False`
    * `require_masking`: fail the connection on an unmasked incoming frame; off by default, since
      servers do not mask
    * the limits of `http()`

    Raises `ConfigurationError` for any other option, a value of the wrong type, and an invalid URL.
    """
    return Client(url, Options.of(options, more, masking=True))


def server(options: Options | DriverOptions | None = None, **more: Unpack[DriverOptions]) -> Server:
    """Returns a driver that parses the HTTP request itself, and emits `connect` once it has
    received one.

    `options`, or keyword arguments, are those of `http()`.
    """
    return Server(Options.of(options, more, require_masking=True))


def http(
    request: HttpRequest | Request,
    options: Options | DriverOptions | None = None,
    **more: Unpack[DriverOptions],
) -> Hybi | Draft75 | Draft76:
    """Returns a driver for an HTTP request that has been parsed: any object with `method`, `url`
    and `headers`.

    `options`, or keyword arguments:

    * `protocols`: acceptable subprotocols, a list of strings or one comma-separated string
    * `max_length`: the largest incoming message in bytes, after reassembly and decompression,
      2**26 - 1 by default
    * `masking`: mask outgoing frames; off by default, since RFC 6455 5.1 forbids it for servers
    * `require_masking`: fail the connection on an unmasked incoming frame; on unless it is `False`
    * `allow_drafts`: speak hixie-75 and hixie-76 too; on unless it is `False`
    * `max_head_length`: the largest request or response head in bytes, 64 KiB by default
    * `max_headers`: the largest number of headers in it, 128 by default
    * `max_extension_params`: the largest number of list elements and parameters in a
      Sec-WebSocket-Extensions header, 64 by default
    * `max_pings`: the largest number of ping callbacks that wait for a pong, 1024 by default;
      beyond it the oldest is dropped
    * `max_tasks`: the number of tasks of coroutine listeners that may run before `io.write` returns
      `False`, 1024 by default
    * `high_water_mark`: the number of bytes of output that may wait for the connection to open
      before `messages.write` returns `False`, and of bytes of input that may wait for `start()`
      before the connection fails; 64 KiB by default

    Raises `ConfigurationError` for any other option and a value of the wrong type, `TypeError` for
    an object that is not a request.
    """
    return Server.http(request, options, **more)


def is_websocket(request: HttpRequest | Request | Server) -> bool:
    """Returns true if an HTTP request, or a `server()` driver that has received one, asks for a
    WebSocket."""
    return Base.is_websocket(request)


def is_secure_request(request: HttpRequest | Request) -> bool:
    """Returns true if an HTTP request arrived over TLS, according to the request itself or to
    headers that a proxy has set."""
    return Server.is_secure_request(request)


def validate_options(
    options: Mapping[str, object] | None, valid_names: Iterable[str]
) -> dict[str, object]:
    """Returns a copy of `options`, each name spelled as it is in `valid_names`.

    Raises `ConfigurationError` for an option that is not in `valid_names` in either spelling.
    """
    return spelled_options(options, valid_names)


isWebSocket = is_websocket
isSecureRequest = is_secure_request
validateOptions = validate_options
