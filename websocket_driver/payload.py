"""The bytes, text and numbers that callers may pass."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Literal, TypeAlias

# Input of `parse`, and data of messages.
Chunk: TypeAlias = "bytes | bytearray | memoryview | Sequence[int]"
Data: TypeAlias = "str | Chunk | int | float"

# The names of the opcodes of RFC 6455 11.8: the values of `type` in `frame`.
FrameType: TypeAlias = "Literal['continuation', 'text', 'binary', 'close', 'ping', 'pong']"


# JavaScript writes numbers outside these bounds with an exponent.
MIN_DECIMAL = 1e-6
MAX_DECIMAL = 1e21


def to_bytes(chunk: object) -> bytes:
    """Returns a chunk of input as immutable bytes.

    Accepts any object with the buffer protocol, and lists of integers from 0 to 255. Raises
    `TypeError` for anything else, `ValueError` for other integers.
    """
    if isinstance(chunk, bytes):
        return chunk
    try:
        if isinstance(chunk, (list, tuple)):
            return bytes(chunk)
        return memoryview(chunk).tobytes()  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(
            f"Input must be bytes or a list of integers 0-255, not {_kind(chunk)}"
        ) from None


def to_payload(data: object) -> str | bytes:
    """Returns a message as text or immutable bytes.

    A number becomes its decimal text. Raises `TypeError` if `data` is not text, bytes, a list of
    integers 0-255 or a number, `ValueError` for other integers in a list.
    """
    if isinstance(data, (str, bytes)):
        return data
    if isinstance(data, (int, float)) and not isinstance(data, bool):
        return decimal_text(data)
    try:
        return to_bytes(data)
    except TypeError:
        raise TypeError(
            "A message must be text, bytes, a list of integers 0-255 or a number, "
            f"not {_kind(data)}"
        ) from None


def to_optional_payload(data: object) -> str | bytes:
    """The same as `to_payload`, but `None` and 0 are empty, as in the original."""
    if data is None:
        return ""
    payload = to_payload(data)
    return "" if isinstance(data, (int, float)) and not data else payload


def _kind(data: object) -> str:
    """The type of `data`, and of the first item that is not an integer, if it is a list."""
    name = type(data).__name__
    if not isinstance(data, (list, tuple)):
        return name
    item = next(item for item in data if not isinstance(item, int))
    return f"a {name} with {item!r}"


def decimal_text(number: int | float) -> str:
    """Returns `number` in decimal as JavaScript writes it: `10.0` is `10`, `1e20` has all zeros."""
    if isinstance(number, int):
        return str(int(number))
    number = float(number)  # a subclass may define another repr
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    if number == 0:
        return "0"
    if MIN_DECIMAL <= abs(number) < MAX_DECIMAL:
        text = format(Decimal(repr(number)), "f")
        return text.rstrip("0").rstrip(".") if "." in text else text

    mantissa, exponent = repr(number).split("e")
    return f"{mantissa}e{int(exponent):+d}"
