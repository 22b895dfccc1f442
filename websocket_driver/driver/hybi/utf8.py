"""UTF-8 that arrives in pieces (RFC 6455 8.1)."""

from __future__ import annotations

import codecs

# A piece is checked in steps of this many bytes, because decoded text takes up to four times as
# much.
STEP = 0x4000

# CPython waits for the third byte of a surrogate, which is invalid whatever follows.
SURROGATE_LEAD = b"\xed"
LAST_BEFORE_SURROGATES = b"\x9f"

# RFC 3629 3: bytes that begin a character of four bytes, and bytes that are not the first of one.
NOT_FIRST_OF_FOUR = bytes(set(range(256)) - set(range(0xF0, 0xF5)))
FOLLOWING = bytes(range(0x80, 0xC0))

# The possible sizes of the characters of a str (PEP 393).
WIDEST = 4


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


def decode_pieces(pieces: list[bytes | bytearray | str]) -> str | None:
    """The text in `pieces`, which are taken off the list; `None` if it is not valid UTF-8. Those
    that are `str` are decoded already.

    The peak is twice the size of the text in memory, or less. Each piece is decoded on its own and
    dropped: CPython's decoder needs up to six times the size of its input at once. That is less
    only for a text that is widened all by a few characters of four bytes.
    """
    encoded = [piece for piece in pieces if not isinstance(piece, str)]
    if len(encoded) == len(pieces) and _is_wide(encoded):
        data = b"".join(encoded)
        pieces.clear()
        encoded.clear()
        return decode(data)
    encoded.clear()

    decoder = codecs.getincrementaldecoder("utf-8")()
    texts: list[str] = []
    pieces.reverse()
    try:
        while pieces:
            piece = pieces.pop()
            texts.append(
                piece if isinstance(piece, str) else decoder.decode(piece, final=not pieces)
            )
    except UnicodeDecodeError:
        return None
    return "".join(texts)


def _is_wide(pieces: list[bytes | bytearray]) -> bool:
    """True if the text takes more than three times the size of its UTF-8 (PEP 393)."""
    # Deleting all other characters is faster than searching for one.
    if not any(
        not piece.isascii() and piece.translate(None, NOT_FIRST_OF_FOUR) for piece in pieces
    ):
        return False
    characters = sum(len(piece.translate(None, FOLLOWING)) for piece in pieces)
    return WIDEST * characters > 3 * sum(map(len, pieces))
