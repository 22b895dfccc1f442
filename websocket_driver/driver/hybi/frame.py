"""A partially parsed frame (RFC 6455 5.2)."""

from __future__ import annotations

from ...spelling import NodeName
from . import codec
from .codec import FIN, KEY_SIZE, RSV1, RSV2, RSV3, Opcode


class Frame:
    """The header of a frame.

    `missing` is the number of bytes of its payload that have not been read yet. `payload` is set
    once a control frame is complete.
    """

    masking_key: bytes

    __slots__ = (
        "first",
        "is_control",
        "length",
        "length_bytes",
        "masked",
        "masking_key",
        "missing",
        "opcode",
        "payload",
    )

    def __init__(self, first: int) -> None:
        self.first: int = first
        opcode = first & codec.OPCODE
        self.opcode: int = opcode
        # Control frames may come between the frames of a message (5.5).
        self.is_control: bool = opcode >= Opcode.CLOSE
        self.masked: bool = False
        self.length: int = 0
        self.length_bytes: int = 0
        self.missing: int = 0
        self.payload: bytes = b""

    @property
    def final(self) -> bool:
        """True for the last frame of a message."""
        return self.first & FIN != 0

    @property
    def has_rsv(self) -> bool:
        """True if any reserved bit is set."""
        return self.first & (RSV1 | RSV2 | RSV3) != 0

    @property
    def rsv1(self) -> bool:
        """The first reserved bit."""
        return self.first & RSV1 != 0

    @property
    def rsv2(self) -> bool:
        """The second reserved bit."""
        return self.first & RSV2 != 0

    @property
    def rsv3(self) -> bool:
        """The third reserved bit."""
        return self.first & RSV3 != 0

    def unmask(self, piece: bytes) -> bytes:
        """The next `piece` of the payload, unmasked (5.3)."""
        self.missing -= len(piece)
        if not self.masked:
            return piece

        key = self.masking_key
        turn = len(piece) % KEY_SIZE
        self.masking_key = key[turn:] + key[:turn]
        return codec.mask(piece, key)

    maskingKey: NodeName[bytes] = NodeName("masking_key")
    lengthBytes: NodeName[int] = NodeName("length_bytes")
