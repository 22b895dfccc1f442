"""draft-hixie-thewebsocketprotocol-76: as 75, with a challenge and a closing frame."""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Mapping
from typing import Any

from ..errors import ProtocolError
from .draft75 import Draft75
from .options import Options

CLOSING_FRAME = b"\xff\x00"


class Draft76(Draft75):
    """The server's side. The handshake is done when the 8 bytes after the request are in."""

    BODY_SIZE = 8

    version = "hixie-76"

    def __init__(
        self,
        request: Any,
        url: str,
        options: Options | Mapping[str, Any] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(request, url, options, **more)
        self._started = False
        self._headers.clear()
        self._set_headers("Sec-WebSocket-")

    def start(self) -> bool:
        """Sends the head of the response. The connection opens when the request's body is in."""
        if self._started:
            return False
        return super().start()

    def close(self, reason: Any = "", code: int | None = 1000) -> bool:
        """Sends the closing frame, and closes without waiting for the peer's."""
        if self.ready_state == 3:
            return False
        try:
            if self.ready_state == 1:
                self._write(CLOSING_FRAME)
        finally:
            super().close()
        return True

    def _handshake_response(self) -> bytes:
        self._check_request()
        keys = []
        for name in ("Sec-WebSocket-Key1", "Sec-WebSocket-Key2"):
            key = self._request.headers.get(name.lower())
            if not key:
                raise ProtocolError(f"Missing required header: {name}")
            keys.append(key)

        self._key_values = [_key_value(key) for key in keys]
        return self._response("WebSocket Protocol Handshake")

    def _after_handshake(self) -> None:
        self._started = True
        self._parse_input()

    def _parse_input(self) -> None:
        if self._started and self.ready_state == 0:
            self._send_handshake_body()
        super()._parse_input()

    def _send_handshake_body(self) -> None:
        body = self._reader.read(self.BODY_SIZE)
        if body is None:
            return
        challenge = struct.pack("!II", *self._key_values) + body
        try:
            self._write(hashlib.md5(challenge, usedforsecurity=False).digest())
        finally:
            self._open()

    def _parse_leading_byte(self, octet: int) -> None:
        if octet != 0xFF:
            super()._parse_leading_byte(octet)
            return
        self._closing = True
        self._length = 0
        self._stage = 1


def _key_value(key: str) -> int:
    """The number that is hidden in a key: its digits, divided by the number of its spaces."""
    digits = "".join(re.findall("[0-9]", key)).lstrip("0")
    spaces = key.count(" ")

    # As long a number as any that is divided by all the spaces in a head to 32 bits.
    if digits and spaces and len(digits) <= 20:
        value, remainder = divmod(int(digits), spaces)
        if remainder == 0 and value <= 0xFFFFFFFF:
            return value

    raise ProtocolError("Client sent invalid Sec-WebSocket-Key headers")
