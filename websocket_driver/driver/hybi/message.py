"""A message, put together from its frames (RFC 6455 5.4)."""

from __future__ import annotations

from ...spelling import node_name
from .frame import Frame
from .utf8 import Utf8Decoder

# Pieces that are shorter are put together as they come: each on its own takes more than it holds.
SHORT = 2048


class Message:
    """What extensions and listeners get: `data` is there once `read()` was called.

    `rsv1`, `rsv2` and `rsv3` are those of any of its frames, `opcode` that of the first. `length`
    counts the payloads of all frames that have begun.
    """

    __slots__ = ("_pieces", "_texts", "_utf8", "data", "length", "opcode", "rsv1", "rsv2", "rsv3")

    def __init__(self, opcode: int | None = None, data: bytes = b"") -> None:
        self.rsv1 = self.rsv2 = self.rsv3 = False
        self.opcode = opcode
        self.length = 0
        self.data = data
        self._pieces: list[bytes | bytearray] = []
        self._texts: list[str] = []
        self._utf8: Utf8Decoder | None = None

    def push_frame(self, frame: Frame) -> None:
        """Adds the head of a frame at the end. Its payload is what is pushed next."""
        if frame.has_rsv:
            self.rsv1 = self.rsv1 or frame.rsv1
            self.rsv2 = self.rsv2 or frame.rsv2
            self.rsv3 = self.rsv3 or frame.rsv3
        self.length += frame.length

        if self.opcode is None:
            self.opcode = frame.opcode

    def push(self, piece: bytes) -> None:
        """Adds a piece of a payload at the end. An empty one costs nothing."""
        pieces = self._pieces
        if not piece:
            return
        if not pieces or len(pieces[-1]) >= SHORT:
            pieces.append(piece)
        elif isinstance(pieces[-1], bytearray):
            pieces[-1] += piece
        else:
            pieces[-1] = bytearray(pieces[-1]) + piece

    def push_text(self, piece: bytes, final: bool) -> bool:
        """Adds a piece of a text at the end; false if that cannot be UTF-8 any more."""
        text = self.decode(piece, final)
        if text is None:
            return False
        if self._texts and len(self._texts[-1]) < SHORT:
            self._texts[-1] += text
        else:
            self._texts.append(text)
        return True

    def decode(self, piece: bytes, final: bool) -> str | None:
        """The next piece as text; `None` if the message cannot be UTF-8 any more."""
        if self._utf8 is None:
            self._utf8 = Utf8Decoder()
        return self._utf8.decode(piece, final)

    def read(self) -> bytes:
        """All that was pushed in one, which is `data` from then on."""
        self.data = b"".join(self._pieces)
        return self.data

    def text(self) -> str:
        """All that was pushed as text in one."""
        return "".join(self._texts)

    pushFrame = node_name(push_frame)
