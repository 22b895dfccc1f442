"""Messages that an extension has compressed, decompressed one by one as they are emitted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import length_hint

from .codec import Taken


class Inflated:
    """An iterator over parsed messages.

    `inflate(is_text, payload)` returns the decompressed message, or `None` to stop.
    """

    __slots__ = ("_inflate", "_taken")

    def __init__(
        self, taken: Iterator[Taken], inflate: Callable[[bool, bytes], str | bytes | None]
    ) -> None:
        self._taken = taken
        self._inflate = inflate

    def __iter__(self) -> Inflated:
        return self

    def __next__(self) -> str | bytes:
        message = next(self._taken)
        if not isinstance(message, tuple):
            return message
        inflated = self._inflate(*message)
        if inflated is None:
            raise StopIteration
        return inflated

    def __length_hint__(self) -> int:
        return length_hint(self._taken)
