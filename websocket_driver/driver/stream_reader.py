"""Bytes that have arrived and are not parsed yet."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator


class StreamReader:
    """A queue of chunks that is read by the byte count.

    `chunks` are those that are not all read, `offset` is how much of the first one is.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Drops everything."""
        self.chunks: deque[bytes] = deque()
        self._size = 0
        self.offset = 0

    def __len__(self) -> int:
        return self._size

    def put(self, chunk: bytes) -> None:
        """Adds `chunk` at the end."""
        if chunk:
            self.chunks.append(chunk)
            self._size += len(chunk)

    def advance(self, offset: int) -> None:
        """Takes the chunk at the front off up to `offset`."""
        self._size -= offset - self.offset
        if offset == len(self.chunks[0]):
            self.chunks.popleft()
            offset = 0
        self.offset = offset

    def read(self, length: int) -> bytes | None:
        """Takes `length` bytes off the front, or returns `None` if there are not as many."""
        if length > self._size:
            return None
        if length == 0:
            return b""

        self._size -= length
        first, start = self.chunks[0], self.offset
        end = start + length

        if end < len(first):
            self.offset = end
            return first[start:end]

        chunks = []
        while length >= len(self.chunks[0]) - self.offset:
            chunk = self.chunks.popleft()[self.offset :]
            chunks.append(chunk)
            length -= len(chunk)
            self.offset = 0
            if length == 0:
                break
        else:
            chunks.append(self.chunks[0][:length])
            self.offset = length

        return b"".join(chunks)

    def each_byte(self) -> Iterator[int]:
        """Takes the bytes off the front one by one: a byte that has been seen is gone."""
        while self.chunks:
            chunk, index = self.chunks[0], self.offset
            self.advance(index + 1)
            yield chunk[index]
