"""draft-hixie-thewebsocketprotocol-75: text frames between the bytes 00 and FF."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .base import Base
from .options import Options
from ..payload import to_payload


class Draft75(Base):
    """The server's side of the oldest version: there are no binary, ping or close frames."""

    version = "hixie-75"

    def __init__(
        self,
        request: Any,
        url: str,
        options: Options | Mapping[str, Any] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(request, url, options, **more)
        self._stage = 0
        self._closing = False
        self._length = 0
        self._skipped = 0
        self._buffer = bytearray()
        self._set_headers("WebSocket-")

    def _set_headers(self, prefix: str) -> None:
        self._headers.set("Upgrade", "WebSocket")
        self._headers.set("Connection", "Upgrade")
        if not self._request.malformed:  # start() refuses the others
            self._headers.set(prefix + "Origin", self._request.headers.get("origin"))
            self._headers.set(prefix + "Location", self.url)

    def close(self, reason: Any = "", code: int | None = 1000) -> bool:
        """Closes the connection at once: there is no closing handshake, code or reason."""
        if self.ready_state == 3:
            return False
        self.ready_state = 3
        self._reader.clear()
        self._emit_close(None, None)
        return True

    def frame(self, data: Any, type: str | None = None, code: int | None = None) -> bool:
        if self.ready_state > 1:
            return False

        payload = to_payload(data)
        if isinstance(payload, bytes):
            payload = payload.decode("utf-8", "replace")
        frame = b"\x00" + payload.encode("utf-8") + b"\xff"

        if self.ready_state == 0:
            self._enqueue(len(frame), payload)
        else:
            self._write(frame)
        return True

    def _handshake_response(self) -> bytes:
        self._check_request()
        return self._response("Web Socket Protocol Handshake")

    def _response(self, phrase: str) -> bytes:
        return f"HTTP/1.1 101 {phrase}\r\n{self._headers}\r\n".encode()

    def _parse_input(self) -> None:
        if self.ready_state != 1:
            return

        for octet in self._reader.each_byte():
            if self._stage == 0:
                self._parse_leading_byte(octet)
            elif self._stage == 1:
                self._parse_length(octet)
            elif self._stage == 2:
                self._skip_byte()
            else:
                self._parse_text(octet)

    def _parse_leading_byte(self, octet: int) -> None:
        if octet & 0x80:
            self._length = 0
            self._stage = 1
        else:
            self._buffer = bytearray()
            self._stage = 3

    def _parse_length(self, octet: int) -> None:
        self._length = (octet & 0x7F) + 128 * self._length

        if self._length > self._max_length or (self._closing and self._length == 0):
            self.close()
        elif not octet & 0x80:
            self._skipped = 0
            self._stage = 2 if self._length else 0

    def _skip_byte(self) -> None:
        self._skipped += 1
        if self._skipped == self._length:
            self._stage = 0

    def _parse_text(self, octet: int) -> None:
        if octet == 0xFF:
            self._stage = 0
            message = self._buffer.decode("utf-8", "replace")
            self._emit_message(message)
            return

        self._buffer.append(octet)
        if len(self._buffer) > self._max_length:
            self.close()
