"""UTF-8 that arrives in pieces (RFC 6455 8.1)."""

from __future__ import annotations

import codecs

# A piece is checked in steps of this many bytes: decoded text takes up to four times as much.
STEP = 0x4000

# CPython waits for the third byte of a surrogate, which is invalid whatever follows.
SURROGATE_LEAD = b"\xed"
LAST_BEFORE_SURROGATES = b"\x9f"


def check(pending: bytes, piece: bytes, final: bool) -> bytes | None:
    """Whether `piece`, behind `pending`, continues valid text, which it ends if it is `final`.

    Returns the bytes at its end that begin a character, to be passed as `pending` the next time,
    or `None` if no valid text begins with these bytes.
    """
    if not pending and piece.isascii():
        return b""
    for start in range(0, len(piece), STEP) or (0,):
        last = start + STEP >= len(piece)
        data = pending + piece[start : start + STEP]
        try:
            _, used = codecs.utf_8_decode(data, "strict", final and last)
        except UnicodeDecodeError:
            return None
        pending = data[used:]
    if pending[:1] == SURROGATE_LEAD and pending[1:2] > LAST_BEFORE_SURROGATES:
        return None
    return pending


def decode(data: bytes) -> str | None:
    """`data` as text; `None` if it is not valid UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None
