"""A message, put together from its frames (RFC 6455 5.4)."""

from __future__ import annotations

from ...spelling import NodeName
from .frame import Frame
from .utf8 import decode


class Message:
    """What extensions and listeners get: `data` is there once `read()` was called.

    `rsv1`, `rsv2` and `rsv3` are those of any of its frames, `opcode` that of the first.
    """

    def __init__(self, opcode: int | None = None, data: bytes = b"") -> None:
        self.rsv1 = False
        self.rsv2 = False
        self.rsv3 = False
        self.opcode = opcode
        self.length = 0
        self.data = data
        self._chunks: list[bytes] = []
        self._decoded: tuple[bytes, str | None] | None = None

    def read(self) -> bytes:
        """All payloads in one, which is `data` from then on."""
        self.data = b"".join(self._chunks)
        return self.data

    def text(self) -> str | None:
        """`data` as text, `None` if it is not valid UTF-8."""
        if self._decoded is None or self._decoded[0] is not self.data:
            self._decoded = (self.data, decode(self.data))
        return self._decoded[1]

    def push_frame(self, frame: Frame) -> None:
        """Adds a frame at the end. One without a payload costs nothing."""
        self.rsv1 = self.rsv1 or frame.rsv1
        self.rsv2 = self.rsv2 or frame.rsv2
        self.rsv3 = self.rsv3 or frame.rsv3

        if self.opcode is None:
            self.opcode = frame.opcode

        if frame.payload:
            self._chunks.append(frame.payload)
            self.length += len(frame.payload)

    pushFrame = NodeName("push_frame")
