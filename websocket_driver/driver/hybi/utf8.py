"""UTF-8 that comes in pieces (RFC 6455 8.1)."""

from __future__ import annotations

import codecs

Decoder = codecs.getincrementaldecoder("utf-8")


class Utf8Decoder:
    """Decodes a text piece by piece, and finds what cannot be one as soon as it is there."""

    __slots__ = ("_decoder",)

    def __init__(self) -> None:
        self._decoder = Decoder()

    def decode(self, data: bytes, final: bool) -> str | None:
        """What `data` adds to the pieces before it, which it ends if it is `final`.

        `None` if the pieces, with this one, are not the beginning of any valid text.
        """
        try:
            text = self._decoder.decode(data, final)
        except UnicodeDecodeError:
            return None
        if len(text) == len(data):
            return text  # each byte is a character: none waits for more
        # CPython waits for the third byte of a surrogate, which is no character whatever it is.
        pending = self._decoder.getstate()[0]
        return None if pending[:1] == b"\xed" and pending[1:2] > b"\x9f" else text


def decode(data: bytes) -> str | None:
    """`data` as text; `None` if it is not valid UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None
