"""A frame (RFC 6455 5.2), and what a caller may put in one."""

from __future__ import annotations

from typing import Any

from ...frames import mask
from ...spelling import NodeName
from ...payload import to_payload

OPCODES = {"continuation": 0, "text": 1, "binary": 2, "close": 8, "ping": 9, "pong": 10}

# RFC 6455 5.5: what a control frame can carry; the close code takes two bytes of it.
MAX_CONTROL_LENGTH = 125
CLOSE_CODE_LENGTH = 2


class Frame:
    """The head of a frame, by its first byte and what is read of the rest.

    `missing` is how much of its payload has not been taken yet.
    """

    # RFC 6455 5.2
    FIN = 0x80
    RSV1 = 0x40
    RSV2 = 0x20
    RSV3 = 0x10
    OPCODE = 0x0F
    MASK = 0x80
    LENGTH = 0x7F

    masking_key: bytes

    # The longest head: two bytes, an extended length, a masking key.
    MAX_HEAD_LENGTH = 2 + 8 + 4

    __slots__ = (
        "first",
        "is_control",
        "length",
        "length_bytes",
        "masked",
        "masking_key",
        "missing",
        "opcode",
    )

    def __init__(self, first: int) -> None:
        self.first = first
        self.opcode = opcode = first & self.OPCODE
        # Those come between the frames of a message (5.5).
        self.is_control = opcode >= OPCODES["close"]
        self.masked = False
        self.length = self.length_bytes = self.missing = 0

    @property
    def final(self) -> bool:
        """True for the last frame of a message."""
        return self.first & self.FIN != 0

    @property
    def has_rsv(self) -> bool:
        """True if there is any reserved bit."""
        return self.first & (self.RSV1 | self.RSV2 | self.RSV3) != 0

    @property
    def rsv1(self) -> bool:
        """The first reserved bit."""
        return self.first & self.RSV1 != 0

    @property
    def rsv2(self) -> bool:
        """The second reserved bit."""
        return self.first & self.RSV2 != 0

    @property
    def rsv3(self) -> bool:
        """The third reserved bit."""
        return self.first & self.RSV3 != 0

    def unmask(self, piece: bytes) -> bytes:
        """The next `piece` of the payload, as the sender meant it."""
        self.missing -= len(piece)
        if not self.masked:
            return piece

        key = self.masking_key
        turn = len(piece) & 3
        self.masking_key = key[turn:] + key[:turn]
        return mask(piece, key)

    maskingKey = NodeName[bytes]("masking_key")
    lengthBytes = NodeName[int]("length_bytes")


def prepare(data: Any, type: str | None = None, code: int | None = None) -> tuple[bytes, str]:
    """The bytes of `data`, and the type of the frame to send them in.

    Raises what `to_payload` raises, `ValueError` for a type that does not exist, a close code that
    is no 16-bit number and a control frame that is too long (RFC 6455 5.5).
    """
    payload = to_payload(data)
    if type is None:
        type = "text" if isinstance(payload, str) else "binary"
    if type not in OPCODES:
        raise ValueError(f"Frame type must be one of {', '.join(OPCODES)}, not {type!r}")

    if isinstance(payload, str):
        payload = payload.encode("utf-8")

    limit = MAX_CONTROL_LENGTH
    if code:
        if not isinstance(code, int) or not 0 < code <= 0xFFFF:
            raise ValueError(f"Close code must be a number from 1 to 65535, not {code!r}")
        limit -= CLOSE_CODE_LENGTH

    if OPCODES[type] >= OPCODES["close"] and len(payload) > limit:
        raise ValueError(
            f"Payload of a {type} frame must be {limit} bytes at most, not {len(payload)}"
        )
    return payload, type


def truncate(text: str) -> str:
    """As much of `text`, whole characters, as fits into a close frame behind the code."""
    limit = MAX_CONTROL_LENGTH - CLOSE_CODE_LENGTH
    return text.encode("utf-8", "replace")[:limit].decode("utf-8", "ignore")
