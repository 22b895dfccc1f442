"""The LZ77 sliding window of what a peer sends (RFC 7692 7.1.1)."""

from __future__ import annotations

from collections import deque


class Window:
    """Remembers the last `size` bytes, by keeping the messages that they are in.

    zlib has them too, but does not give them out, and they are needed where a stream ends: the
    window is that of the connection.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._pieces: deque[bytes] = deque()
        self._length = 0

    def push(self, data: bytes) -> None:
        """Adds `data` at the end."""
        if not data:
            return
        data = data[-self._size :]
        self._pieces.append(data)
        self._length += len(data)

        while self._length - len(self._pieces[0]) >= self._size:
            self._length -= len(self._pieces.popleft())

    def read(self) -> bytes:
        """The last bytes, as many of `size` as there were."""
        return b"".join(self._pieces)[-self._size :]
