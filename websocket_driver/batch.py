"""The output that is written while a chunk of input is handled, and leaves together."""

from __future__ import annotations

from collections.abc import Callable

# Once so many bytes wait, they are passed on, so that the transport can tell that it is full.
BATCH_SIZE = 65536


class Batch:
    """The bytes that leave together.

    `is_open` is set when a chunk of input is about to be handled: from then on it takes chunks,
    until `close()`.
    """

    __slots__ = ("_chunks", "_room", "is_open")

    def __init__(self) -> None:
        self.is_open: bool = False
        self._chunks: list[bytes] | None = None
        # How many bytes more `listener()` takes.
        self._room = BATCH_SIZE

    @property
    def length(self) -> int:
        """How many bytes wait in it."""
        return sum(map(len, self._chunks or ()))

    def add(self, chunk: bytes) -> bool:
        """Adds a chunk to an open batch, and takes those of `listener()` again; false if there is
        no room for it."""
        room = (self._room or BATCH_SIZE - self.length) - len(chunk)
        if room < 0:
            return False
        if self._chunks is None:
            self._chunks = []
        self._chunks.append(chunk)
        self._room = room
        return True

    def hold(self) -> None:
        """Takes no chunk of `listener()` before the next `add()`."""
        self._room = 0

    def close(self) -> bytes:
        """Returns all of it, and takes no more."""
        chunks, self._chunks = self._chunks, None
        self._room = BATCH_SIZE
        self.is_open = False
        if chunks is None:
            return b""
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def listener(self, otherwise: Callable[[bytes], object]) -> Callable[[bytes], None]:
        """A listener that adds bytes here, or calls `otherwise` with them. The last ones may be
        more than there is room for."""

        def add(chunk: bytes) -> None:
            if self.is_open and self._room > 0:
                self._room -= len(chunk)
                if self._chunks is None:
                    self._chunks = [chunk]
                else:
                    self._chunks.append(chunk)
            else:
                otherwise(chunk)

        return add
