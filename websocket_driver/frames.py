"""Pure functions over the bytes of frames (RFC 6455 5.2): where the time goes.

They know no rule of the protocol but the layout. What is unusual in a frame they leave alone.

`_speedups` has the same functions in C. They are used if they were compiled, and unless the
environment has `WEBSOCKET_DRIVER_PURE_PYTHON=1`.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

# First bytes of frames without reserved bits: FIN with the opcodes of text and binary, and a
# fragment that is neither the first nor the last.
WHOLE_TEXT = 0x81
WHOLE_BINARY = 0x82
MIDDLE_FRAGMENT = 0x00

# What is taken at a time, so that messages that nobody has got yet take little memory.
MOST_MESSAGES = 64
MOST_BYTES = 0x10000


def mask(payload: bytes, key: bytes) -> bytes:
    """`payload`, masked or unmasked by a key of 4 bytes (RFC 6455 5.3)."""
    size = len(payload)
    keys = (key * ((size + 3) >> 2))[:size]
    masked = int.from_bytes(payload, "little") ^ int.from_bytes(keys, "little")
    return masked.to_bytes(size, "little")


def make_frame(first: int, payload: str | bytes, key: bytes | None) -> bytes:
    """The bytes of a frame that begins with the byte `first`, masked if there is a key."""
    data = payload.encode() if isinstance(payload, str) else payload
    length = len(data)
    masked = 0 if key is None else 0x80

    if length <= 125:
        head = bytes((first, masked | length))
    elif length <= 0xFFFF:
        head = bytes((first, masked | 126)) + length.to_bytes(2, "big")
    else:
        head = bytes((first, masked | 127)) + length.to_bytes(8, "big")

    if key is None:
        return head + data
    return head + key + mask(data, key)


def take_messages(
    chunk: bytes, start: int, max_length: int, require_masking: bool
) -> tuple[list[str | bytes], int]:
    """The ordinary messages that begin at `start`, one behind the other, and where they end.

    An ordinary message is one frame without reserved bits, of `max_length` bytes at most and masked
    if it must be, all of it in `chunk`; a text is valid UTF-8. There are `MOST_MESSAGES` at most.
    """
    messages: list[str | bytes] = []
    left = MOST_BYTES

    while len(messages) < MOST_MESSAGES and left > 0:
        first = chunk[start] if start < len(chunk) else None
        if first != WHOLE_TEXT and first != WHOLE_BINARY:
            break
        found = _take_payload(chunk, start, max_length, require_masking)
        if found is None:
            break

        payload, end = found
        try:
            messages.append(payload.decode() if first == WHOLE_TEXT else payload)
        except UnicodeDecodeError:
            break
        left -= len(payload)
        start = end

    return messages, start


def take_fragments(
    chunk: bytes, start: int, max_length: int, require_masking: bool
) -> tuple[bytes, int]:
    """The payload of the ordinary fragments that begin at `start`, in one, and where they end.

    An ordinary fragment is a continuation frame that is not the last, without reserved bits, masked
    if it must be, all of it in `chunk`. The payload is `max_length` bytes at most.
    """
    payloads = []

    while start < len(chunk) and chunk[start] == MIDDLE_FRAGMENT:
        found = _take_payload(chunk, start, max_length, require_masking)
        if found is None:
            break
        payload, start = found
        max_length -= len(payload)
        payloads.append(payload)

    return b"".join(payloads), start


def _take_payload(
    chunk: bytes, start: int, max_length: int, require_masking: bool
) -> tuple[bytes, int] | None:
    """The payload of the frame that begins at `start`, and where it ends, if all of it is there."""
    begin = start + 2
    if begin > len(chunk):
        return None

    second = chunk[start + 1]
    length = second & 0x7F
    if length >= 126:
        begin += 2 if length == 126 else 8
        length = int.from_bytes(chunk[start + 2 : begin], "big")

    if second & 0x80:
        begin += 4
    elif require_masking:
        return None

    end = begin + length
    if end > len(chunk) or length > max_length:
        return None

    payload = chunk[begin:end]
    if second & 0x80:
        payload = mask(payload, chunk[begin - 4 : begin])
    return payload, end


make_frame_in_python, mask_in_python = make_frame, mask
take_fragments_in_python, take_messages_in_python = take_fragments, take_messages

if not TYPE_CHECKING and os.environ.get("WEBSOCKET_DRIVER_PURE_PYTHON") != "1":
    with suppress(ImportError):
        from ._speedups import make_frame, mask, take_fragments, take_messages
