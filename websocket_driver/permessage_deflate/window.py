"""The LZ77 sliding window of the data that a peer sends (RFC 7692 7.1.1)."""

from __future__ import annotations

# How much longer than the window the buffer may become before its front is removed.
SLACK = 0x1000


class Window:
    """The last `size` bytes.

    They are needed when a DEFLATE stream ends, because the window belongs to the connection, and
    zlib does not provide its own copy. The buffer has at most `size + SLACK` bytes, however short
    the messages are.
    """

    __slots__ = ("_buffer", "_size")

    def __init__(self, size: int) -> None:
        self._size = size
        self._buffer = bytearray()

    def push(self, data: bytes) -> None:
        """Adds `data` at the end."""
        size, buffer = self._size, self._buffer
        if len(data) > size:
            data = data[-size:]
        if len(buffer) + len(data) > size + SLACK:
            del buffer[: len(buffer) + len(data) - size]
        buffer += data

    def read(self) -> bytes:
        """Returns the last bytes: `size` of them, or all if there were fewer."""
        return bytes(self._buffer[-self._size :])
