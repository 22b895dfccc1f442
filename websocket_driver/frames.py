"""Pure functions over the bytes of frames (RFC 6455 5.2): where the time goes.

They know no rule of the protocol but the layout. What is unusual in a frame they leave alone.

`_speedups` has the same functions in C. They are used if they were compiled, and unless the
environment has `WEBSOCKET_DRIVER_PURE_PYTHON=1`.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

# FIN with the opcodes of text and binary, and no reserved bit.
WHOLE_TEXT = 0x81
WHOLE_BINARY = 0x82


def mask(payload: bytes, key: bytes) -> bytes:
    """`payload`, masked or unmasked by a key of 4 bytes (RFC 6455 5.3)."""
    size = len(payload)
    keys = (key * ((size + 3) >> 2))[:size]
    masked = int.from_bytes(payload, "little") ^ int.from_bytes(keys, "little")
    return masked.to_bytes(size, "little")


def make_frame(first: int, payload: bytes, key: bytes | None) -> bytes:
    """The bytes of a frame that begins with the byte `first`, masked if there is a key."""
    length = len(payload)
    masked = 0 if key is None else 0x80

    if length <= 125:
        head = bytes((first, masked | length))
    elif length <= 0xFFFF:
        head = bytes((first, masked | 126)) + length.to_bytes(2, "big")
    else:
        head = bytes((first, masked | 127)) + length.to_bytes(8, "big")

    if key is None:
        return head + payload
    return head + key + mask(payload, key)


def take_frame(
    chunk: bytes, start: int, max_length: int, require_masking: bool
) -> tuple[int, bytes, int] | None:
    """The ordinary frame that begins at `start`: its first byte, its payload, and where it ends.

    An ordinary frame is a whole text or binary message without reserved bits, of `max_length` bytes
    at most and masked if it must be, all of it in `chunk`. `None` if there is none.
    """
    size = len(chunk)
    if size - start < 2:
        return None

    first = chunk[start]
    second = chunk[start + 1]
    if first != WHOLE_TEXT and first != WHOLE_BINARY:
        return None

    length = second & 0x7F
    begin = start + 2
    if length >= 126:
        begin += 2 if length == 126 else 8
        length = int.from_bytes(chunk[start + 2 : begin], "big")

    if second & 0x80:
        begin += 4
    elif require_masking:
        return None

    end = begin + length
    if end > size or length > max_length:
        return None

    payload = chunk[begin:end]
    if second & 0x80:
        payload = mask(payload, chunk[begin - 4 : begin])
    return first, payload, end


make_frame_in_python, mask_in_python, take_frame_in_python = make_frame, mask, take_frame

if not TYPE_CHECKING and os.environ.get("WEBSOCKET_DRIVER_PURE_PYTHON") != "1":
    with suppress(ImportError):
        from ._speedups import make_frame, mask, take_frame
