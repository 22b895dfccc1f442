"""draft-hixie-thewebsocketprotocol-76: as 75, with a challenge and a closing frame."""

from __future__ import annotations

import hashlib
import re
import struct
from typing import TYPE_CHECKING, Final

from ..emitter import Raised
from ..errors import ProtocolError
from .draft75 import LENGTH, Draft75
from .hybi.outgoing import prepare_close
from .options import DriverOptions, Options
from .states import CLOSED, CONNECTING, OPEN

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..payload import Data

CLOSING_FRAME: Final = b"\xff\x00"

# Section 5.2: the number in a key has 32 bits after the division by its spaces. A request head
# cannot contain enough spaces to divide a number with more digits than this to 32 bits.
MAX_KEY_NUMBER: Final = 0xFFFFFFFF
MAX_KEY_DIGITS: Final = 20


class Draft76(Draft75):
    """The server's side. The handshake is complete when the 8 bytes after the request have
    arrived."""

    BODY_SIZE = 8

    version: str | None = "hixie-76"

    # The numbers in the two keys of the request, once the head of the response has been sent.
    _key_values: tuple[int, int] | None = None

    def __init__(
        self,
        request: object,
        url: str,
        options: Options | DriverOptions | None = None,
        **more: Unpack[DriverOptions],
    ) -> None:
        super().__init__(request, url, options, **more)
        self._headers.clear()
        self._set_headers("Sec-WebSocket-")

    def close(self, reason: Data = "", code: int | None = 1000) -> bool:
        """Sends the closing frame, and closes without waiting for the peer's."""
        prepare_close(reason, code)
        was_open = self.ready_state == OPEN
        if not self._enter(CLOSED):
            return False
        raised = Raised()
        if was_open:
            with raised:
                self._write(CLOSING_FRAME)
        with raised:
            self._emit_close(None, None)
        raised.reraise()
        return True

    def _handshake_response(self) -> bytes:
        self._check_request()
        first = self._key("Sec-WebSocket-Key1")
        second = self._key("Sec-WebSocket-Key2")
        self._key_values = (key_value(first), key_value(second))
        return self._response(b"WebSocket Protocol Handshake")

    def _key(self, name: str) -> str:
        key = self._request.headers.get(name.lower())
        if not key:
            raise ProtocolError(f"Missing required header: {name}")
        return key

    def _after_handshake(self) -> None:
        """The connection opens when the body of the request has arrived."""
        self._parse_input()

    def _parse_input(self) -> None:
        if self.ready_state == CONNECTING:
            self._send_handshake_body()
        else:
            super()._parse_input()

    def _send_handshake_body(self) -> None:
        """Section 5.2: answers the challenge, which is both numbers and the body."""
        assert self._key_values is not None
        body = self._reader.read(self.BODY_SIZE)
        if body is None:
            return
        challenge = struct.pack("!II", *self._key_values) + body
        raised = Raised()
        with raised:
            self._write(hashlib.md5(challenge, usedforsecurity=False).digest())
        with raised:
            self._open()
        raised.reraise()

    def _parse_leading_byte(self, octet: int) -> None:
        if octet != CLOSING_FRAME[0]:
            super()._parse_leading_byte(octet)
            return
        self._closing = True
        self._length = 0
        self._stage = LENGTH


def key_value(key: str) -> int:
    """The number that is hidden in a key: its digits, divided by the number of its spaces.

    Raises `ProtocolError` if there is none.
    """
    digits = "".join(re.findall("[0-9]", key)).lstrip("0")
    spaces = key.count(" ")

    if digits and spaces and len(digits) <= MAX_KEY_DIGITS:
        value, remainder = divmod(int(digits), spaces)
        if remainder == 0 and value <= MAX_KEY_NUMBER:
            return value

    raise ProtocolError("Client sent invalid Sec-WebSocket-Key headers")
