"""The client's side of RFC 6455."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from ..emitter import Raised
from ..errors import ProtocolError
from ..grammar import has_token
from ..http_parser import HttpParser
from ..spelling import NodeName, node_name
from ..url import valid_url
from .connection import HTTP_VERSION
from .headers import Headers
from .hybi import UPGRADE, Hybi
from .options import DriverOptions, Options
from .proxy import Proxy
from .states import CLOSED, CONNECTING, UNSTARTED

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..header_map import HeaderMap
    from .states import State

KEY_BYTES: Final = 16
SWITCHING_PROTOCOLS: Final = 101


class Client(Hybi):
    """A client driver.

    `url` is a `ws:` or `wss:` URL; a user name and password in it are sent as Basic authorization
    (RFC 7617). Raises `ConfigurationError` for any other URL. `options` are those of
    `websocket_driver.client()`. Call that function, which also turns masking on.

    Once the response has arrived, `status_code` and `headers` (lower-case names) are those of the
    response. `body` is the part of its body that arrived together with the headers, up to
    `max_head_length` bytes.
    """

    VALID_PROTOCOLS = ("ws:", "wss:")

    ready_state: State = UNSTARTED

    status_code: int | None = None
    headers: HeaderMap | None = None
    body: bytes | None = None

    receives_head: bool = True

    def __init__(
        self,
        url: str,
        options: Options | DriverOptions | None = None,
        **more: Unpack[DriverOptions],
    ) -> None:
        super().__init__(None, url, options, **more)

        # The Node name also finds an override under either name.
        self._key: str = type(self).generateKey()
        self._accept = self.generate_accept(self._key)
        self._http: HttpParser | None = HttpParser(
            "response", self._options.max_head_length, self._options.max_headers
        )

        uri = valid_url(url, self.VALID_PROTOCOLS, "WebSocket")
        self._pathname = uri.pathname + uri.search

        self._headers.set("Host", uri.host)
        self._headers.set_known(UPGRADE)
        self._headers.set("Sec-WebSocket-Key", self._key)
        self._headers.set("Sec-WebSocket-Version", self.VERSION)

        if self._options.protocols:
            self._headers.set("Sec-WebSocket-Protocol", ", ".join(self._options.protocols))

        self._headers.set("Authorization", Proxy.url_authorization(uri))

        # Headers derived from the URL, which the caller may replace.
        self._replaceable = {"host", "authorization"}

    @staticmethod
    def generate_key() -> str:
        """A new Sec-WebSocket-Key: 16 random bytes in Base64 (RFC 6455 4.1)."""
        return base64.b64encode(os.urandom(KEY_BYTES)).decode()

    def proxy(
        self, origin: str, options: Mapping[str, object] | None = None, **more: object
    ) -> Proxy:
        """Returns the stream that connects through the HTTP proxy at the URL `origin`.

        Raises `ConfigurationError` for an invalid URL. There are no options.
        """
        return Proxy(self, origin, options, **more)

    def set_header(self, name: str, value: str) -> bool:
        key, _ = Headers.validate(name, "")
        if self.ready_state != UNSTARTED or key.lower() not in self._replaceable:
            return super().set_header(name, value)
        if value is None:
            return False
        self._replaceable.discard(key.lower())
        self._headers.replace(name, value)
        return True

    def start(self) -> bool:
        """Sends the handshake request; true if and only if it was sent."""
        if self.ready_state != UNSTARTED or self.has_ended():
            return False
        request = self._handshake_request()
        self._started = True
        self._enter(CONNECTING)
        self._send_handshake(request)
        return True

    def _handshake_request(self) -> bytes:
        self._headers.set("Sec-WebSocket-Extensions", self._extensions.generate_offer())
        return b"GET %b HTTP/1.1\r\n%b\r\n" % (self._pathname.encode(), self._headers.encode())

    def _after_handshake(self) -> None:
        """The connection opens when the response has arrived."""
        if self._reader.chunk:
            self._parse_waiting()

    def _awaits_start(self) -> bool:
        return self.ready_state == UNSTARTED

    def _expects_masking(self) -> bool | None:
        # RFC 6455 5.1: a server masks no frame.
        return self._options.require_masking

    def _parse_input(self) -> None:
        if self.ready_state == CONNECTING and self._http is not None:
            self._parse_response(self._http)
        else:
            super()._parse_input()

    def _parse_response(self, http: HttpParser) -> None:
        http.parse(self._reader.take(len(self._reader)))
        if not http.is_complete():
            return

        self._http = None
        self.status_code = http.status_code
        self.headers = http.headers
        try:
            self._validate_handshake(http)
        except ProtocolError as error:
            # A program may keep the error: without the traceback, it does not keep the driver.
            refusal = error.with_traceback(None)
        else:
            self._reader.put(http.body)
            self._open()
            return

        self.body = http.body[: self._options.max_head_length]
        try:
            self._fail_handshake(refusal)
        finally:
            del refusal  # breaks the reference cycle with this frame, through its cause

    def _fail_handshake(self, refusal: ProtocolError) -> None:
        error = ProtocolError(f"Error during WebSocket handshake: {refusal}")
        error.__cause__ = refusal.__cause__
        self._enter(CLOSED)
        raised = Raised()
        with raised:
            self._emit_error(error)
        with raised:
            self._emit_close(self.ERRORS["protocol_error"], error.message)
        raised.reraise()

    def _validate_handshake(self, http: HttpParser) -> None:
        """RFC 6455 4.1: raises `ProtocolError` unless the response accepts the WebSocket."""
        if http.error:
            raise http.error
        if self.status_code != SWITCHING_PROTOCOLS:
            raise ProtocolError(f"Unexpected response code: {self.status_code}")
        if (http.http_version or "") < HTTP_VERSION:
            raise ProtocolError(f"Unsupported HTTP version: {http.http_version}")

        headers = http.headers
        upgrade = headers.get("upgrade", "")
        connection = headers.get("connection", "")

        if not upgrade:
            raise ProtocolError("'Upgrade' header is missing")
        if upgrade.lower() != "websocket":
            raise ProtocolError("'Upgrade' header value is not 'WebSocket'")

        if not connection:
            raise ProtocolError("'Connection' header is missing")
        if not has_token(connection, "upgrade"):
            raise ProtocolError("'Connection' header value is not 'Upgrade'")

        if headers.get("sec-websocket-accept", "") != self._accept:
            raise ProtocolError("Sec-WebSocket-Accept mismatch")

        protocol = headers.get("sec-websocket-protocol", "")
        if protocol and protocol not in self._options.protocols:
            raise ProtocolError("Sec-WebSocket-Protocol mismatch")
        self.protocol: str | None = protocol or None

        self._extensions.activate(headers.get("sec-websocket-extensions"))

    def _release(self) -> None:
        super()._release()
        self._http = None

    generateKey: Final = node_name(generate_key)
    statusCode: NodeName[int | None] = NodeName("status_code")
