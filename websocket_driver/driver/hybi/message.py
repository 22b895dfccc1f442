"""A message, assembled from its frames (RFC 6455 5.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from ...extensions import ExtensionError
from ...spelling import node_name
from . import utf8
from .codec import Opcode
from .frame import Frame

if TYPE_CHECKING:
    from ...extensions.interfaces import Message as ExtendedMessage

# Shorter pieces are joined as they arrive, because of the overhead of separate objects.
SHORT = 0x1000

# Longer texts are decoded piece by piece.
LONG = 0x10000


class Message:
    """A message for extensions: `opcode`, and `data` once `read()` was called.

    `rsv1`, `rsv2` and `rsv3` are those of any of its frames, `opcode` that of the first. `length`
    counts the payloads of all frames that have begun. The payload is stored as bytes, and joined or
    decoded once, so that a message takes at most twice its size.
    """

    __slots__ = ("_pending", "_pieces", "data", "length", "opcode", "rsv1", "rsv2", "rsv3")

    def __init__(self, opcode: int = Opcode.CONTINUATION.value, data: bytes = b"") -> None:
        self.rsv1: bool = False
        self.rsv2: bool = False
        self.rsv3: bool = False
        self.opcode: int = opcode
        self.length: int = 0
        self.data: bytes = data
        self._pieces: list[bytes | bytearray | str] = []
        # The beginning of an incomplete character.
        self._pending = b""

    def push_frame(self, frame: Frame) -> None:
        """Adds the header of a frame. Its payload is pushed next."""
        if frame.has_rsv:
            self.rsv1 = self.rsv1 or frame.rsv1
            self.rsv2 = self.rsv2 or frame.rsv2
            self.rsv3 = self.rsv3 or frame.rsv3
        self.length += frame.length

        if self.opcode == Opcode.CONTINUATION:
            self.opcode = frame.opcode

    def push(self, piece: bytes) -> None:
        """Adds a piece of a payload. An empty piece is not stored."""
        pieces = self._pieces
        if not piece:
            return
        if not pieces or len(pieces[-1]) >= SHORT:
            pieces.append(piece)
            return
        last = pieces[-1]
        assert not isinstance(last, str)
        if not isinstance(last, bytearray):
            last = bytearray(last)
        last += piece
        # A bytearray has spare capacity, which a long one does not need.
        pieces[-1] = bytes(last) if len(last) >= SHORT else last

    def ends_in_ascii(self) -> bool:
        """True if the last piece was added by `push_ascii`."""
        return bool(self._pieces) and isinstance(self._pieces[-1], str)

    def push_ascii(self, piece: bytes) -> bool:
        """Adds a long piece of a text that `read_text` will read, decoded; false if it is not ASCII
        or in the middle of a character.

        A `str` of ASCII is no larger than its bytes. To decode it later takes twice as long.
        """
        if self._pending or len(piece) < SHORT:
            return False
        try:
            self._pieces.append(str(piece, "ascii"))
        except UnicodeDecodeError:
            return False
        return True

    def is_text(self, piece: bytes, final: bool) -> bool:
        """True if `piece` continues valid text, which it ends if it is `final`."""
        pending = utf8.check(self._pending, piece, final)
        if pending is None:
            return False
        self._pending = pending
        return True

    def read(self) -> bytes:
        """Returns the joined pieces, which become `data`."""
        pieces, self._pieces = self._pieces, []
        self.data = b"".join(cast("list[bytes]", pieces))
        return self.data

    def read_text(self) -> str | None:
        """Returns the decoded pieces; `None` if they are not valid UTF-8."""
        pieces, self._pieces = self._pieces, []
        return utf8.decode_pieces(pieces)

    pushFrame: Final = node_name(push_frame)


def failure_of(message: ExtendedMessage | None) -> ExtensionError | None:
    """The error of an extension that has put anything but bytes into a message."""
    data = getattr(message, "data", None)
    if isinstance(data, (bytes, bytearray, memoryview)):
        return None
    error = ExtensionError("An extension failed")
    error.__cause__ = TypeError(f"message.data must be bytes, not {type(data).__name__}")
    return error


def take_text(message: ExtendedMessage) -> str | None:
    """The data of a message as text; `None` if it is not valid UTF-8. Long data is taken off it."""
    data = bytes(message.data)
    if len(data) <= LONG or data.isascii():
        return utf8.decode(data)
    pieces: list[bytes | bytearray | str]
    pieces = [data[start : start + LONG] for start in range(0, len(data), LONG)]
    message.data = data = b""
    return utf8.decode_pieces(pieces)
