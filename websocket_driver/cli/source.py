"""The base class of all inputs of the command line."""

from __future__ import annotations

from ..streams import Stream


class Source(Stream):
    """Emits texts as `data`, from the first `resume()` on, and `end` after the last one."""

    def destroy(self) -> None:
        """Emits nothing more."""
        self.readable = False
