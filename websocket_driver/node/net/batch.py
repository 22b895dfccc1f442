"""What is written to a socket while a chunk of input is handled: it leaves together."""

from __future__ import annotations

from collections.abc import Callable

# How much may wait before it is given to the system, or encrypted.
BATCH_SIZE = 65536


class Batch:
    """The bytes that leave together. Opened by the transport, for each chunk of input anew."""

    __slots__ = ("_accepted", "_chunks", "length")

    def __init__(self) -> None:
        self._chunks: list[bytes] | None = None
        # The same list while everything that is written may be added to it.
        self._accepted: list[bytes] | None = None
        self.length: int = 0

    @property
    def is_open(self) -> bool:
        """True from `open()` to `close()`."""
        return self._chunks is not None

    def open(self) -> None:
        """From now on it takes chunks."""
        self._chunks = []

    def add(self, chunk: bytes) -> bool:
        """Adds a chunk, and takes those of `listener()` too; false if there is no room for it."""
        length = self.length + len(chunk)
        if length > BATCH_SIZE or self._chunks is None:
            return False
        self._accepted = self._chunks
        self._chunks.append(chunk)
        self.length = length
        return True

    def hold(self) -> None:
        """Takes no chunk of a `listener()` before the next `add()`."""
        self._accepted = None

    def close(self) -> bytes:
        """Returns all chunks as one."""
        chunks = self._chunks or [b""]
        self._chunks = self._accepted = None
        self.length = 0
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def listener(self, otherwise: Callable[[bytes], None]) -> Callable[[bytes], None]:
        """A function for a pipe, which adds a chunk by one call, or passes it on to `otherwise`."""

        def add(chunk: bytes) -> None:
            accepted = self._accepted
            if accepted is None or type(chunk) is not bytes:
                otherwise(chunk)
                return
            length = self.length + len(chunk)
            if length > BATCH_SIZE:
                otherwise(chunk)
                return
            accepted.append(chunk)
            self.length = length

        return add
