"""draft-hixie-thewebsocketprotocol-75: text frames between the bytes 00 and FF."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from ..emitter import Raised
from ..errors import ProtocolError
from ..payload import to_payload
from .connection import Connection
from .hybi.outgoing import prepare_close
from .options import DriverOptions, Options
from .states import CLOSED, CONNECTING, OPEN

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..payload import Data, FrameType

# Section 4.2: a frame whose first byte has the high bit set has a length; any other is text up to
# FF. The stages have the same numbers as in the original.
LEADING_BYTE: Final = 0
LENGTH: Final = 1
SKIP: Final = 2
TEXT: Final = 3
Stage = Literal[0, 1, 2, 3]

HAS_LENGTH: Final = 0x80
LENGTH_BITS: Final = 0x7F
START_OF_TEXT: Final = b"\x00"
END_OF_TEXT: Final = b"\xff"


def to_text(payload: bytes) -> str:
    """A text message in UTF-8. Raises `ValueError` for other bytes."""
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("A text message must be valid UTF-8") from None


class Draft75(Connection):
    """The server's side of the oldest version, which has no binary, ping or close frames."""

    version: str | None = "hixie-75"

    # The reason for which the response cannot repeat a value of the request.
    _problem: ProtocolError | None = None

    def __init__(
        self,
        request: object,
        url: str,
        options: Options | DriverOptions | None = None,
        **more: Unpack[DriverOptions],
    ) -> None:
        super().__init__(request, url, options, **more)
        self._stage: Stage = LEADING_BYTE
        self._closing = False
        self._length = 0
        self._skipped = 0
        self._buffer = bytearray()
        self._set_headers("WebSocket-")

    def _set_headers(self, prefix: str) -> None:
        self._headers.set("Upgrade", "WebSocket")
        self._headers.set("Connection", "Upgrade")
        if self._request.problem is None:  # start() refuses it if there is one
            try:
                self._headers.echo(prefix + "Origin", self._request.headers.get("origin"))
                self._headers.echo(prefix + "Location", self.url)
            except ProtocolError as error:
                self._problem = error.with_traceback(None)

    def close(self, reason: Data = "", code: int | None = 1000) -> bool:
        """Closes the connection at once: there is no closing handshake, code or reason.

        Raises what `close` raises for the other versions.
        """
        prepare_close(reason, code)
        if not self._enter(CLOSED):
            return False
        self._emit_close(None, None)
        return True

    def frame(self, data: Data, type: FrameType | None = None, code: int | None = None) -> bool:
        if self.ready_state > OPEN or self._wire_has_ended:
            return False

        payload = to_payload(data)
        if isinstance(payload, bytes):
            payload = to_text(payload) if type == "text" else payload.decode("utf-8", "replace")
        frame = START_OF_TEXT + payload.encode("utf-8") + END_OF_TEXT

        if self.ready_state == CONNECTING:
            self._enqueue(len(frame), payload, None, None)
        else:
            self._write(frame)
        return True

    def _handshake_response(self) -> bytes:
        self._check_request()
        return self._response(b"Web Socket Protocol Handshake")

    def _response(self, phrase: bytes) -> bytes:
        return b"HTTP/1.1 101 %b\r\n%b\r\n" % (phrase, self._headers.encode())

    def _check_request(self) -> None:
        super()._check_request()
        if self._problem is not None:
            raise self._problem

    def _parse_input(self) -> None:
        """Handles all input that has arrived. The first exception from a listener propagates at the
        end."""
        raised = Raised()
        while self.ready_state == OPEN and self._reader.chunk:
            with raised:
                self._parse_octets()
        raised.reraise()

    def _parse_octets(self) -> None:
        for octet in self._reader.each_byte():
            if self._stage == LEADING_BYTE:
                self._parse_leading_byte(octet)
            elif self._stage == LENGTH:
                self._parse_length(octet)
            elif self._stage == SKIP:
                self._skip_byte()
            else:
                self._parse_text(octet)

    def _parse_leading_byte(self, octet: int) -> None:
        if octet & HAS_LENGTH:
            self._length = 0
            self._stage = LENGTH
        else:
            self._buffer = bytearray()
            self._stage = TEXT

    def _parse_length(self, octet: int) -> None:
        """Section 4.2: the length in base 128, the high bit set in all bytes but the last."""
        self._length = (octet & LENGTH_BITS) + (LENGTH_BITS + 1) * self._length

        if self._length > self._max_length or (self._closing and self._length == 0):
            self.close()
        elif not octet & HAS_LENGTH:
            self._skipped = 0
            self._stage = SKIP if self._length else LEADING_BYTE

    def _skip_byte(self) -> None:
        self._skipped += 1
        if self._skipped == self._length:
            self._stage = LEADING_BYTE

    def _parse_text(self, octet: int) -> None:
        if octet == END_OF_TEXT[0]:
            self._stage = LEADING_BYTE
            self._deliver(self._buffer.decode("utf-8", "replace"))
            return

        self._buffer.append(octet)
        if len(self._buffer) > self._max_length:
            self.close()

    def _release(self) -> None:
        super()._release()
        self._buffer = bytearray()
