"""The output that is written while a chunk of input is handled, and leaves together."""

from __future__ import annotations

from collections.abc import Callable

# Once so many bytes wait, they are passed on, so that the transport can tell that it is full.
BATCH_SIZE = 65536


class Batch:
    """The bytes that leave together. It is open while a chunk of input is handled."""

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

    def open(self) -> None:
        """From now on it takes chunks."""
        self._chunks = []
        self._room = BATCH_SIZE

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
        chunks = self._chunks or ()
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
