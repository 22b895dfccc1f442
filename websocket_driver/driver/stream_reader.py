"""A buffer for bytes that are not parsed yet."""

from __future__ import annotations

from collections.abc import Iterator


class StreamReader:
    """A queue of chunks that is read by the byte count.

    `chunk` is the chunk at the front, which has unread bytes unless the queue is empty; `offset` is
    the number of its bytes that were read.
    """

    __slots__ = ("_later", "_later_size", "chunk", "offset")

    def __init__(self) -> None:
        self.chunk: bytes = b""
        self.offset: int = 0
        self._later: list[bytes] | None = None
        self._later_size = 0

    def clear(self) -> None:
        """Drops everything."""
        self.chunk = b""
        self.offset = 0
        self._later = None
        self._later_size = 0

    def __len__(self) -> int:
        return len(self.chunk) - self.offset + self._later_size

    def is_one_chunk(self) -> bool:
        """True if `chunk` is all that there is."""
        return self._later is None

    def put(self, chunk: bytes) -> None:
        """Adds `chunk` at the end."""
        if not self.chunk:
            self.chunk = chunk
        elif chunk:
            if self._later is None:
                self._later = []
            self._later.append(chunk)
            self._later_size += len(chunk)

    def advance(self, offset: int) -> None:
        """Removes the bytes of the front chunk before `offset`."""
        self.offset = offset
        if offset == len(self.chunk):
            self._join()

    def read(self, length: int) -> bytes | None:
        """Removes and returns `length` bytes, or returns `None` if there are fewer."""
        if length > len(self):
            return None
        return self.take(length)

    def take(self, length: int) -> bytes:
        """Removes and returns `length` bytes, or all if there are fewer."""
        found = self.peek(length)
        self.advance(self.offset + len(found))
        return found

    def peek(self, length: int) -> bytes:
        """Returns `length` bytes, or all if there are fewer, without removing them."""
        end = self.offset + length
        if end > len(self.chunk) and self._later:
            self._join()
            end = self.offset + length
        return self.chunk[self.offset : end]

    def each_byte(self) -> Iterator[int]:
        """Iterates over the bytes, and removes each."""
        while self.chunk:
            octet = self.chunk[self.offset]
            self.advance(self.offset + 1)
            yield octet

    def _join(self) -> None:
        """Joins the remaining bytes into one chunk."""
        left = self.chunk[self.offset :]
        self.chunk = b"".join([left, *self._later]) if self._later else left
        self.offset = 0
        self._later = None
        self._later_size = 0
