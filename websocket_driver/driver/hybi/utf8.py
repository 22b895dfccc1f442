"""UTF-8 that comes in pieces (RFC 6455 8.1)."""

from __future__ import annotations

import codecs

Decoder = codecs.getincrementaldecoder("utf-8")


class Utf8Validator:
    """Says of each piece of a text whether all of it can still be UTF-8."""

    def __init__(self) -> None:
        self._decoder = Decoder()

    def accepts(self, data: bytes) -> bool:
        """True if `data`, after the pieces before it, is the beginning of some valid text."""
        try:
            self._decoder.decode(data)
        except UnicodeDecodeError:
            return False
        # CPython waits for the third byte of a surrogate, which is no character whatever it is.
        pending = self._decoder.getstate()[0]
        return not (pending[:1] == b"\xed" and pending[1:2] > b"\x9f")


def decode(data: bytes) -> str | None:
    """`data` as text; `None` if it is not valid UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None
