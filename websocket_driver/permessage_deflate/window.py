"""The LZ77 sliding window of the data that a peer sends (RFC 7692 7.1.1)."""

from __future__ import annotations

# How much longer than the window the buffer may get before its front is cut off.
SLACK = 0x1000


class Window:
    """The last `size` bytes.

    zlib has them too, but does not give them out, and they are needed where a DEFLATE stream ends:
    the window is that of the connection. The buffer holds at most `size + SLACK` bytes, however
    short the messages are.
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
