"""Bytes and messages as callers pass them in."""

from __future__ import annotations

from typing import Any

from ..numbers import decimal_text


def to_bytes(chunk: Any) -> bytes:
    """A chunk of input, as bytes that nobody else can change.

    Takes any object with the buffer protocol and lists of integers from 0 to 255. Raises
    `TypeError` for anything else, `ValueError` for other integers.
    """
    if isinstance(chunk, bytes):
        return chunk
    if isinstance(chunk, (list, tuple)):
        return bytes(chunk)
    try:
        return memoryview(chunk).tobytes()
    except TypeError:
        raise TypeError(
            f"Input must be bytes or a list of integers 0-255, not {type(chunk).__name__}"
        ) from None


def to_payload(data: Any) -> str | bytes:
    """What is to be sent, as text or as bytes that nobody else can change.

    A number becomes its decimal text. Raises `TypeError` for what is neither text, bytes, a list of
    integers 0-255 nor a number, `ValueError` for other integers in a list.
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
            f"not {type(data).__name__}"
        ) from None
