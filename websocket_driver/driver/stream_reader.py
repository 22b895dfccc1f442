"""Bytes that have arrived and are not parsed yet."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator


class StreamReader:
    """A queue of chunks that is read by the byte count."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Drops everything."""
        self._queue: deque[bytes] = deque()
        self._queue_size = 0
        self._offset = 0

    def __len__(self) -> int:
        return self._queue_size

    def put(self, chunk: bytes) -> None:
        """Adds `chunk` at the end."""
        if chunk:
            self._queue.append(chunk)
            self._queue_size += len(chunk)

    def front(self) -> tuple[bytes, int] | None:
        """The chunk at the front, and where what has not been read begins in it."""
        return (self._queue[0], self._offset) if self._queue else None

    def advance(self, offset: int) -> None:
        """Takes the chunk at the front off up to `offset`."""
        self._queue_size -= offset - self._offset
        if offset == len(self._queue[0]):
            self._queue.popleft()
            offset = 0
        self._offset = offset

    def read(self, length: int) -> bytes | None:
        """Takes `length` bytes off the front, or returns `None` if there are not as many."""
        if length > self._queue_size:
            return None
        if length == 0:
            return b""

        self._queue_size -= length
        first, start = self._queue[0], self._offset
        end = start + length

        if end < len(first):
            self._offset = end
            return first[start:end]

        chunks = []
        while length >= len(self._queue[0]) - self._offset:
            chunk = self._queue.popleft()[self._offset :]
            chunks.append(chunk)
            length -= len(chunk)
            self._offset = 0
            if length == 0:
                break
        else:
            chunks.append(self._queue[0][:length])
            self._offset = length

        return b"".join(chunks)

    def each_byte(self) -> Iterator[int]:
        """Takes the bytes off the front one by one: a byte that has been seen is gone."""
        while self._queue:
            chunk, index = self._queue[0], self._offset
            self._offset += 1
            self._queue_size -= 1

            if self._offset == len(chunk):
                self._queue.popleft()
                self._offset = 0

            yield chunk[index]
