"""A connection through an HTTP proxy (RFC 9110 9.3.6)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Protocol

from .. import debug
from ..emitter import Raised
from ..errors import ProtocolError
from ..events import ConnectEvent
from ..http_parser import HttpParser
from ..payload import to_bytes
from ..spelling import NodeName, node_name, spelled_options
from ..streams import Stream
from ..url import DEFAULT_PORTS, Url, parse_url, valid_url
from .headers import Headers

if TYPE_CHECKING:
    from ..header_map import HeaderMap
    from ..listeners import ProxyListeners
    from ..payload import Chunk
    from .options import Options

SUCCESS: Final = range(200, 300)


class ProxiedClient(Protocol):
    """The members of a client that its proxy stream uses."""

    url: str | None

    @property
    def options(self) -> Options:
        """The options of the client, whose limits also apply to the proxy."""
        ...


class Proxy(Stream):
    """A stream that connects through the proxy at the URL `origin` to the URL of `client`.

    Pipe it into and out of the connection to the proxy. It emits `connect` or `error` when the
    response has arrived, then `close` and `end`, each once. `status_code` and `headers` are those
    of the response. Raises `ConfigurationError` unless `origin` is an `http:` or `https:` URL.
    There are no options.
    """

    VALID_PROTOCOLS = ("http:", "https:")

    status_code: int | None = None
    headers: HeaderMap | None = None

    # A refusal without an `error` listener does not raise.
    _unheard_errors_raise = False

    if TYPE_CHECKING:
        on: ProxyListeners  # type: ignore[assignment]
        once: ProxyListeners  # type: ignore[assignment]

    def __init__(
        self,
        client: ProxiedClient,
        origin: str,
        options: Mapping[str, object] | None = None,
        **more: object,
    ) -> None:
        super().__init__()
        spelled_options(options, [], **more)

        url = valid_url(origin, self.VALID_PROTOCOLS, "proxy")
        target = valid_url(client.url, tuple(DEFAULT_PORTS), "WebSocket")
        self._origin = target
        self._target = f"{target.hostname}:{target.effective_port}"
        self._http = HttpParser(
            "response", client.options.max_head_length, client.options.max_headers
        )
        self._started = False

        self._headers = Headers()
        self._headers.set("Host", self._target)
        self._headers.set("Connection", "keep-alive")
        self._headers.set("Proxy-Connection", "keep-alive")
        self._headers.set("Proxy-Authorization", self.url_authorization(url))

        # Headers derived from the URLs, which the caller may replace.
        self._replaceable = {"host", "proxy-authorization"}

    @staticmethod
    def parse_url(url: object) -> Url | None:
        """The parts of a URL: text, or an object with `href`. `None` if it is invalid."""
        url = getattr(url, "href", url)
        return parse_url(url) if isinstance(url, str) else None

    @staticmethod
    def url_authorization(url: Url | None) -> str | None:
        """The Basic authorization (RFC 7617) for a URL with a user name."""
        credentials = url.credentials if url is not None else None
        if credentials is None:
            return None
        return "Basic " + base64.b64encode(credentials.encode("utf-8", "surrogateescape")).decode()

    def set_header(self, name: str, value: str) -> bool:
        """Adds a header to the request; true if it will be sent.

        `False` once `start()` has sent it, and for a name that is set already and may come only
        once. Raises what a driver's `set_header` raises.
        """
        name, _ = Headers.validate(name, "" if value is None else value)
        if self._started or not self.writable:
            return False
        if name.lower() in self._replaceable:
            if value is None:
                return False
            self._replaceable.discard(name.lower())
            self._headers.replace(name, value)
            return True
        return self._headers.set(name, value)

    def start(self) -> bool:
        """Sends the CONNECT request; returns true if it was sent."""
        if self._started or not self.writable:
            return False
        self._started = True
        request = b"CONNECT %b HTTP/1.1\r\n%b\r\n" % (self._target.encode(), self._headers.encode())
        if debug.is_on():
            debug.log_head(debug.SENT, f"proxy to {self._target}", request)
        self.emit("data", request)
        return True

    def write(self, chunk: Chunk) -> bool:
        """Parses bytes from the proxy; `False` if no more should be written for now."""
        data = to_bytes(chunk)
        if not self.writable or self._http.is_complete():
            return False

        self._http.parse(data)
        if self._http.is_complete():
            self.status_code = self._http.status_code
            self.headers = self._http.headers
            if debug.is_on():
                self._log_response(data)
            raised = Raised()
            with raised:
                self._emit_result()
            with raised:
                self.end()
            raised.reraise()
        return not self._is_paused

    def _log_response(self, chunk: bytes) -> None:
        """Logs the head of the response, or the chunk in which the parser has rejected it."""
        head = self._http.headers.source
        head = head if isinstance(head, bytes) and head else chunk
        debug.log_head(debug.RECEIVED, f"proxy to {self._target}", head)

    def _emit_result(self) -> None:
        if self._http.error is None and self.status_code in SUCCESS:
            self.emit("connect", ConnectEvent())
        else:
            message = f"Can't establish a connection to the server at {self._origin.safe_href}"
            self.emit("error", ProtocolError(message))

    def end(self, chunk: Chunk | None = None) -> None:
        """Reports that the connection to the proxy has ended, after `chunk`: emits `close` and
        `end`."""
        raised = Raised()
        if chunk is not None:
            with raised:
                self.write(chunk)
        if self.writable:
            self.readable = self.writable = False
            with raised:
                self.emit("close")
            with raised:
                self.emit("end")
        raised.reraise()

    def destroy(self) -> None:
        """The same as `end()`."""
        self.end()

    parseUrl: Final = node_name(parse_url)
    urlAuthorization: Final = node_name(url_authorization)
    setHeader: Final = node_name(set_header)
    statusCode: NodeName[int | None] = NodeName("status_code")
