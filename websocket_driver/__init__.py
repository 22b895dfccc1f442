"""WebSocket protocol drivers with pluggable I/O, a port of Node's websocket-driver.

Protocol references:

* https://www.rfc-editor.org/rfc/rfc6455
* https://www.rfc-editor.org/rfc/rfc7692
* https://datatracker.ietf.org/doc/html/draft-hixie-thewebsocketprotocol-75
* https://datatracker.ietf.org/doc/html/draft-hixie-thewebsocketprotocol-76
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .driver.base import Base
from .driver.client import Client
from .driver.draft75 import Draft75
from .driver.draft76 import Draft76
from .driver.hybi import Hybi
from .driver.options import Options
from .driver.server import Server
from .errors import ConfigurationError, ProtocolError
from .events import CloseEvent, ConnectEvent, MessageEvent, OpenEvent, PingEvent, PongEvent
from .request import Request
from .version import __version__
from .wire import Wire

__all__ = [
    "CloseEvent",
    "ConfigurationError",
    "ConnectEvent",
    "MessageEvent",
    "OpenEvent",
    "PingEvent",
    "PongEvent",
    "ProtocolError",
    "Request",
    "Wire",
    "__version__",
    "client",
    "http",
    "isSecureRequest",
    "isWebSocket",
    "is_secure_request",
    "is_websocket",
    "server",
    "validateOptions",
    "validate_options",
]


def client(url: str, options: Mapping[str, Any] | None = None, **more: Any) -> Client:
    """A driver that asks for a WebSocket at `url`, a `ws:` or `wss:` URL.

    `options`, or keyword arguments:

    * `protocols`: the subprotocols to ask for, a list of strings or one separated by commas
    * `max_length`: the largest incoming message in bytes, 2**26 - 1 if not given
    * `masking`: mask outgoing frames; on, as RFC 6455 5.1 has it, unless it is `False`
    * `require_masking`: fail the connection on an incoming frame that is not masked
    * the limits that `http()` has

    Raises `ConfigurationError` for any other option and for a URL that is none.
    """
    return Client(url, Options.of(options, more, masking=True))


def server(options: Mapping[str, Any] | None = None, **more: Any) -> Server:
    """A driver that reads the HTTP request itself; it emits `connect` when it has.

    `options`, or keyword arguments, are those of `http()`.
    """
    return Server(Options.of(options, more, require_masking=True))


def http(
    request: Any, options: Mapping[str, Any] | None = None, **more: Any
) -> Hybi | Draft75 | Draft76:
    """A driver for an HTTP request that has been read: any object with `method`, `url`, `headers`.

    `options`, or keyword arguments:

    * `protocols`: the subprotocols that are spoken, a list of strings or one separated by commas
    * `max_length`: the largest incoming message in bytes, 2**26 - 1 if not given
    * `masking`: mask outgoing frames, which RFC 6455 5.1 forbids a server
    * `require_masking`: fail the connection on an incoming frame that is not masked; on unless it
      is `False`
    * `allow_drafts`: speak hixie-75 and hixie-76 too; on unless it is `False`
    * `max_head_length`: the largest head of a request or response in bytes, 64 KiB if not given
    * `max_headers`: how many headers it may have, 128
    * `max_extension_params`: how many parameters a Sec-WebSocket-Extensions header may have, 64
    * `max_pings`: how many callbacks of pings wait for their pong, 1024; the oldest is forgotten
    * `high_water_mark`: how many bytes may wait for the connection to open, 64 KiB, before
      `messages.write` returns `False`

    Raises `ConfigurationError` for any other option.
    """
    return Server.http(request, options, **more)


def is_websocket(request: Any) -> bool:
    """True if an HTTP request, or a `server()` driver that has one, asks for a WebSocket."""
    return Base.is_websocket(request)


def is_secure_request(request: Any) -> bool:
    """True if an HTTP request came over TLS, as far as it or a proxy before the server says."""
    return Server.is_secure_request(request)


def validate_options(
    options: Mapping[str, Any] | None, valid_names: Iterable[str]
) -> dict[str, Any]:
    """A copy of `options`, each name spelled as it is in `valid_names`.

    Raises `ConfigurationError` for an option that is not in `valid_names` in either spelling.
    """
    return Base.validate_options(options, valid_names)


isWebSocket = is_websocket
isSecureRequest = is_secure_request
validateOptions = validate_options
