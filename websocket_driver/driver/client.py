"""The client's side of RFC 6455."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from typing import Any

from ..errors import ConfigurationError, ProtocolError
from ..http_parser import HttpParser
from ..spelling import NodeName, node_name
from .headers import tokens
from .hybi import Hybi
from .options import Options
from .proxy import Proxy


class Client(Hybi):
    """A driver that asks for a WebSocket.

    `url` is a `ws:` or `wss:` URL; a user name and password in it are sent as Basic authorization.
    Raises `ConfigurationError` for any other URL. `options` are those of
    `websocket_driver.client()`, which is what to call: a client has to mask.

    From the response on, `status_code` and `headers` (lower-case names) are those of the response.
    """

    VALID_PROTOCOLS = ("ws:", "wss:")

    status_code: int | None = None
    headers: dict[str, str] | None = None

    def __init__(
        self, url: str, options: Options | Mapping[str, Any] | None = None, **more: Any
    ) -> None:
        super().__init__(None, url, options, **more)

        self.ready_state = -1
        # By its Node name, which finds whatever stands under either.
        self._key: str = type(self).generateKey()
        self._accept = self.generate_accept(self._key)
        self._http: HttpParser | None = HttpParser(
            "response", self._options.max_head_length, self._options.max_headers
        )

        uri = Proxy.parse_url(url)
        if uri is None or uri.protocol not in self.VALID_PROTOCOLS:
            raise ConfigurationError(f"{url} is not a valid WebSocket URL")

        self._pathname = uri.pathname + uri.search

        self._headers.set("Host", uri.host)
        self._headers.set("Upgrade", "websocket")
        self._headers.set("Connection", "Upgrade")
        self._headers.set("Sec-WebSocket-Key", self._key)
        self._headers.set("Sec-WebSocket-Version", self.VERSION)

        if self._protocols:
            self._headers.set("Sec-WebSocket-Protocol", ", ".join(self._protocols))

        self._headers.set("Authorization", Proxy.url_authorization(uri))

    @staticmethod
    def generate_key() -> str:
        """A new Sec-WebSocket-Key: 16 random bytes in Base64 (RFC 6455 4.1)."""
        return base64.b64encode(os.urandom(16)).decode()

    def proxy(self, origin: str, options: Mapping[str, Any] | None = None, **more: Any) -> Proxy:
        """The stream that asks the HTTP proxy at the URL `origin` for a connection."""
        return Proxy(self, origin, options, **more)

    def start(self) -> bool:
        """Sends the handshake request; true if and only if it was sent."""
        if self.ready_state != -1:
            return False
        request = self._handshake_request()
        self.ready_state = 0
        self._write(request)
        self._parse_input()
        return True

    def _parse_input(self) -> None:
        if self._http is not None and self.ready_state == 0:
            self._parse_response(self._http)
        super()._parse_input()

    def _parse_response(self, http: HttpParser) -> None:
        http.parse(self._reader.read(len(self._reader)) or b"")
        if not http.is_complete():
            return

        self._http = None
        try:
            self._validate_handshake(http)
        except Exception as error:
            # Of an extension too: it looks at what the server sent.
            self._fail_handshake(error)
        else:
            self._reader.put(http.body)
            self._open()

    def _handshake_request(self) -> bytes:
        self._headers.set("Sec-WebSocket-Extensions", self._extensions.generate_offer())
        return f"GET {self._pathname} HTTP/1.1\r\n{self._headers}\r\n".encode()

    def _fail_handshake(self, error: Exception) -> bool:
        message = f"Error during WebSocket handshake: {error}"
        self.ready_state = 3
        try:
            self._emit_error(ProtocolError(message))
        finally:
            self._emit_close(self.ERRORS["protocol_error"], message)
        return False

    def _validate_handshake(self, http: HttpParser) -> None:
        self.status_code = http.status_code
        self.headers = headers = http.headers

        if http.error:
            raise http.error
        if self.status_code != 101:
            raise ProtocolError(f"Unexpected response code: {self.status_code}")

        upgrade = headers.get("upgrade", "")
        connection = headers.get("connection", "")

        if not upgrade:
            raise ProtocolError("'Upgrade' header is missing")
        if upgrade.lower() != "websocket":
            raise ProtocolError("'Upgrade' header value is not 'WebSocket'")

        if not connection:
            raise ProtocolError("'Connection' header is missing")
        if "upgrade" not in tokens(connection):
            raise ProtocolError("'Connection' header value is not 'Upgrade'")

        if headers.get("sec-websocket-accept", "") != self._accept:
            raise ProtocolError("Sec-WebSocket-Accept mismatch")

        protocol = headers.get("sec-websocket-protocol", "")
        if protocol and protocol not in self._protocols:
            raise ProtocolError("Sec-WebSocket-Protocol mismatch")
        self.protocol = protocol or None

        self._extensions.activate(headers.get("sec-websocket-extensions"))

    generateKey = node_name(generate_key)
    statusCode = NodeName[int | None]("status_code")
