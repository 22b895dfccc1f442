"""A connection through an HTTP proxy (RFC 9110 9.3.6)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError, ProtocolError
from ..events import ConnectEvent
from ..http_parser import HttpParser
from ..spelling import NodeName, node_name, spelled_options
from ..streams import Stream
from ..url import Url, parse_url
from .headers import Headers
from ..payload import to_bytes

if TYPE_CHECKING:
    from .client import Client


class Proxy(Stream):
    """The stream that asks the proxy at the URL `origin` to connect to where `client` wants to go.

    To be piped into and out of the connection to the proxy. It emits `connect` or `error` when the
    proxy has answered, then `close` and `end`; `status_code` and `headers` are those of the answer.
    Raises `ConfigurationError` if `origin` is no `http:` or `https:` URL. There are no options.
    """

    VALID_PROTOCOLS = ("http:", "https:")

    status_code: int | None = None
    headers: dict[str, str] | None = None

    def __init__(
        self,
        client: Client,
        origin: str,
        options: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> None:
        super().__init__()
        spelled_options(options, [], **more)

        target = self.parse_url(client.url)
        url = self.parse_url(origin)
        if target is None or url is None or url.protocol not in self.VALID_PROTOCOLS:
            raise ConfigurationError(f"{origin} is not a valid proxy URL")

        self._origin = target
        self._http = HttpParser("response")
        self._state = 0

        self._headers = Headers()
        self._headers.set("Host", target.host)
        self._headers.set("Connection", "keep-alive")
        self._headers.set("Proxy-Connection", "keep-alive")
        self._headers.set("Proxy-Authorization", self.url_authorization(url))

        # What the proxy answers must not raise where nobody listens.
        self.on("error", lambda error: None)

    @staticmethod
    def parse_url(url: Any) -> Url | None:
        """The parts of a URL, given as text or as an object with `href`; `None` if it is none."""
        url = getattr(url, "href", url)
        return parse_url(url) if isinstance(url, str) else None

    @staticmethod
    def url_authorization(url: Url | None) -> str | None:
        """The Basic authorization (RFC 7617) for a URL with both a user name and a password."""
        credentials = url.credentials if url is not None else None
        if credentials is None:
            return None
        return "Basic " + base64.b64encode(credentials.encode()).decode()

    def set_header(self, name: str, value: Any) -> bool:
        """Adds a header to the request; `False` once `start()` has sent it.

        Raises what a driver's `set_header` raises.
        """
        if self._state != 0:
            return False
        self._headers.set(name, value)
        return True

    def start(self) -> bool:
        """Sends the CONNECT request; true if and only if it was sent."""
        if self._state != 0:
            return False
        self._state = 1

        target = f"{self._origin.hostname}:{self._origin.effective_port}"
        self.emit("data", f"CONNECT {target} HTTP/1.1\r\n{self._headers}\r\n".encode())
        return True

    def write(self, chunk: Any) -> bool:
        """Takes bytes from the proxy; `False` if no more should come for now."""
        if not self.writable or self._http.is_complete():
            return False

        self._http.parse(to_bytes(chunk))
        if self._http.is_complete():
            self.status_code = self._http.status_code
            self.headers = self._http.headers
            try:
                self._emit_result()
            finally:
                self.end()
        return not self._paused

    def _emit_result(self) -> None:
        if self.status_code == 200:
            self.emit("connect", ConnectEvent())
        else:
            message = f"Can't establish a connection to the server at {self._origin.href}"
            self.emit("error", ProtocolError(message))

    def end(self, chunk: Any = None) -> None:
        """Says that the proxy will send no more after `chunk`: `close` and `end`, once."""
        if chunk is not None:
            self.write(chunk)
        if not self.writable:
            return
        self.readable = self.writable = False
        try:
            self.emit("close")
        finally:
            self.emit("end")

    def destroy(self) -> None:
        """The same as `end()`."""
        self.end()

    parseUrl = node_name(parse_url)
    urlAuthorization = node_name(url_authorization)
    setHeader = node_name(set_header)
    statusCode = NodeName[int | None]("status_code")
