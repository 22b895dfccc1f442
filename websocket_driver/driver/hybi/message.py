"""A message, put together from its frames (RFC 6455 5.4)."""

from __future__ import annotations

from ...spelling import NodeName
from .frame import Frame
from .utf8 import Utf8Validator, decode

# Pieces that are shorter are put together as they come: each on its own takes more than it holds.
SHORT = 2048


class Message:
    """What extensions and listeners get: `data` is there once `read()` was called.

    `rsv1`, `rsv2` and `rsv3` are those of any of its frames, `opcode` that of the first. `length`
    counts the payloads of all frames that have begun.
    """

    __slots__ = ("_decoded", "_pieces", "_utf8", "data", "length", "opcode", "rsv1", "rsv2", "rsv3")

    def __init__(self, opcode: int | None = None, data: bytes = b"") -> None:
        self.rsv1 = False
        self.rsv2 = False
        self.rsv3 = False
        self.opcode = opcode
        self.length = 0
        self.data = data
        self._pieces: list[bytes | bytearray] = []
        self._decoded: tuple[bytes, str | None] | None = None
        self._utf8: Utf8Validator | None = None

    def push_frame(self, frame: Frame) -> None:
        """Adds the head of a frame at the end. Its payload is what is pushed next."""
        self.rsv1 = self.rsv1 or frame.rsv1
        self.rsv2 = self.rsv2 or frame.rsv2
        self.rsv3 = self.rsv3 or frame.rsv3
        self.length += frame.length

        if self.opcode is None:
            self.opcode = frame.opcode

    def push(self, piece: bytes) -> None:
        """Adds a piece of a payload at the end. An empty one costs nothing."""
        if not piece:
            return
        if len(piece) >= SHORT:
            self._pieces.append(piece)
        elif self._pieces and isinstance(self._pieces[-1], bytearray):
            self._pieces[-1] += piece
        else:
            self._pieces.append(bytearray(piece))

    def accepts(self, piece: bytes) -> bool:
        """True if the text goes on with `piece`, as far as that can be said before its end."""
        if self._utf8 is None:
            self._utf8 = Utf8Validator()
        return self._utf8.accepts(piece)

    def read(self) -> bytes:
        """All payloads in one, which is `data` from then on."""
        self.data = b"".join(self._pieces)
        self._pieces.clear()
        return self.data

    def text(self) -> str | None:
        """`data` as text, `None` if it is not valid UTF-8."""
        if self._decoded is None or self._decoded[0] is not self.data:
            self._decoded = (self.data, decode(self.data))
        return self._decoded[1]

    pushFrame = NodeName("push_frame")
