"""What is written to a socket while a chunk of input is handled: it leaves together."""

from __future__ import annotations

from collections.abc import Callable

# Once so many bytes wait, they are given to the system, or encrypted.
BATCH_SIZE = 65536


class Batch:
    """The bytes that leave together. Its transport closes it after each chunk of input."""

    __slots__ = ("_chunks", "_room")

    def __init__(self) -> None:
        self._chunks: list[bytes] | None = None
        # How many bytes more `listener()` takes.
        self._room = 0

    @property
    def is_open(self) -> bool:
        """True from `open()` to `close()`."""
        return self._chunks is not None

    @property
    def length(self) -> int:
        """How many bytes wait in it."""
        return sum(map(len, self._chunks or ()))

    def open(self, chunk: bytes) -> None:
        """Begins with `chunk`, of `BATCH_SIZE` bytes at most."""
        self._chunks = [chunk]
        self._room = BATCH_SIZE - len(chunk)

    def add(self, chunk: bytes) -> bool:
        """Adds a chunk to an open batch, and takes those of `listener()` again; false if there is
        no room for it."""
        assert self._chunks is not None
        room = (self._room or BATCH_SIZE - self.length) - len(chunk)
        if room < 0:
            return False
        self._chunks.append(chunk)
        self._room = room
        return True

    def hold(self) -> None:
        """Takes no chunk of `listener()` before the next `add()`."""
        self._room = 0

    def close(self) -> bytes:
        """Returns all of it, and takes no more."""
        chunks = self._chunks or [b""]
        self._chunks = None
        self._room = 0
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def listener(self, otherwise: Callable[[bytes], object]) -> Callable[[bytes], None]:
        """A listener that adds bytes here, or calls `otherwise` with them. The last ones may be
        more than there is room for."""

        def add(chunk: bytes) -> None:
            if self._room > 0:
                self._room -= len(chunk)
                self._chunks.append(chunk)  # type: ignore[union-attr]  # there is room in a list
            else:
                otherwise(chunk)

        return add
