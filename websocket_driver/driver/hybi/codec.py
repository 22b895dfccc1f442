"""Frames as bytes (RFC 6455 5.2): pure functions that take most of the time.

They parse and build frames, and recognise simple messages. They contain no rules of the protocol:
the caller passes their results to the rules, as it does with frames that are read step by step.

`_speedups` has the same functions in C: see `speedups.py`.
"""

from __future__ import annotations

import sys
from enum import IntEnum
from functools import lru_cache
from struct import Struct
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from ...speedups import compiled_part
from . import utf8


class Opcode(IntEnum):
    """RFC 6455 5.2 and 11.8."""

    CONTINUATION = 0x0
    TEXT = 0x1
    BINARY = 0x2
    CLOSE = 0x8
    PING = 0x9
    PONG = 0xA


# The first byte of a frame.
FIN: Final = 0x80
RSV1: Final = 0x40
RSV2: Final = 0x20
RSV3: Final = 0x10
OPCODE: Final = 0x0F

# The second byte. A length of 126 or 127 means that the length follows in 2 or 8 bytes.
MASK: Final = 0x80
LENGTH: Final = 0x7F
MAX_SHORT_LENGTH: Final = 125
LENGTH_IN_2_BYTES: Final = 126
LENGTH_IN_8_BYTES: Final = 127
MAX_LENGTH_IN_2_BYTES: Final = 0xFFFF

# The heads of the three kinds, without a masking key.
pack_head: Final = Struct(">BB").pack
pack_head_with_2_bytes: Final = Struct(">BBH").pack
pack_head_with_8_bytes: Final = Struct(">BBQ").pack

KEY_SIZE: Final = 4

# Two bytes, followed by at most an extended length and a masking key.
MIN_HEAD_LENGTH: Final = 2
MAX_HEAD_LENGTH: Final = MIN_HEAD_LENGTH + 8 + KEY_SIZE

TEXT: Final = Opcode.TEXT.value

# The first bytes of ordinary frames: whole messages, and fragments that are neither the first nor
# the last, all without reserved bits.
WHOLE_TEXT: Final = FIN | TEXT
WHOLE_BINARY: Final = FIN | Opcode.BINARY.value
WHOLE: Final = (WHOLE_TEXT, WHOLE_BINARY)
MIDDLE_FRAGMENT: Final = Opcode.CONTINUATION.value

# A message that has been taken: a text, or bytes; of one with RSV1, whether it is a text, and its
# payload.
Taken: TypeAlias = "str | bytes | tuple[bool, bytes]"

# The limits for one call, so that messages that are not delivered yet take little memory.
MOST_MESSAGES: Final = 64
MOST_BYTES: Final = 0x10000
ANY_LENGTH: Final = sys.maxsize


# From this size on it is faster to mask every fourth byte at a time (64 KiB: 76 to 58 µs).
STRIDES_FROM: Final = 0x2000


# Looked up once: a class method takes as long to find as to call for a short message.
_from_bytes: Final = int.from_bytes


@lru_cache(256)
def _translation(octet: int) -> bytes:
    """Each byte, masked by `octet`."""
    return bytes(value ^ octet for value in range(256))


def mask(payload: bytes, key: bytes) -> bytes:
    """`payload`, masked or unmasked by a key of 4 bytes (RFC 6455 5.3)."""
    size = len(payload)
    if size >= STRIDES_FROM:
        data = bytearray(payload)
        for i, octet in enumerate(key):
            data[i::KEY_SIZE] = payload[i::KEY_SIZE].translate(_translation(octet))
        return bytes(data)
    keys = (key * ((size + 3) >> 2))[:size]
    masked = _from_bytes(payload, "little") ^ _from_bytes(keys, "little")
    return masked.to_bytes(size, "little")


def make_frame(first: int, payload: str | bytes, key: bytes | None) -> bytes:
    """The bytes of a frame that begins with the byte `first`, masked if there is a key."""
    data = payload.encode() if isinstance(payload, str) else payload
    length = len(data)
    masked = 0 if key is None else MASK

    if length <= MAX_SHORT_LENGTH:
        head = pack_head(first, masked | length)
    elif length <= MAX_LENGTH_IN_2_BYTES:
        head = pack_head_with_2_bytes(first, masked | LENGTH_IN_2_BYTES, length)
    else:
        head = pack_head_with_8_bytes(first, masked | LENGTH_IN_8_BYTES, length)

    if key is None:
        return head + data
    return head + key + mask(data, key)


def take_messages(
    chunk: bytes, start: int, rsv1: bool = False
) -> tuple[list[Taken], int, int, bool, bool]:
    """Returns the consecutive simple messages that begin at `start`.

    A simple message consists of one or several consecutive frames without reserved bits, is
    complete in `chunk`, and is masked or unmasked like the first frame; a text is valid UTF-8. A
    text, a message of several frames and one with RSV1 have `MOST_BYTES` at most: a long text is
    decoded step by step. There are `MOST_MESSAGES` at most. If `rsv1` is true, a message may have
    this bit, and is returned as a pair: whether it is a text, and its payload.

    Returns the messages, where they end, the length of the longest payload in bytes, whether they
    are masked, and whether an incomplete simple message follows, which has at most `MOST_BYTES` as
    far as its frames have arrived. The length of its frames counts for the longest too.
    """
    messages: list[Taken] = []
    left = MOST_BYTES
    longest = 0
    masked = is_masked(chunk, start)

    size = len(chunk)

    while start < size and left > 0 and len(messages) < MOST_MESSAGES:
        first = chunk[start]
        most = MOST_BYTES if first == WHOLE_TEXT else ANY_LENGTH
        taken = _take_payload(chunk, start, masked, most) if first in WHOLE else None
        if taken is not None:
            payload, end = taken
        else:
            found = _find_message(chunk, start, masked, rsv1)
            if found is None:
                break
            if found.end is None:
                waits = not _is_text(first) or utf8.check(b"", found.payload, False) is not None
                longest = max(longest, found.length if waits else 0)
                return messages, start, longest, masked, waits
            payload, end = found.payload, found.end
        if first & RSV1:
            messages.append((first & OPCODE == TEXT, payload))
        elif first & OPCODE == TEXT:
            try:
                messages.append(payload.decode())
            except UnicodeDecodeError:
                break
        else:
            messages.append(payload)
        length = len(payload)
        left -= length
        if length > longest:
            longest = length
        start = end

    return messages, start, longest, masked, False


def take_fragments(chunk: bytes, start: int) -> tuple[bytes, int, int, bool]:
    """The payloads of the ordinary fragments that begin at `start`, joined.

    An ordinary fragment is a continuation frame that is not the last, without reserved bits, all of
    it in `chunk`, masked or unmasked as the first one is.

    Returns the payload, where the fragments end, their number, and whether they are masked.
    """
    payloads = []
    masked = is_masked(chunk, start)
    left = MOST_BYTES

    while left > 0 and start < len(chunk) and chunk[start] == MIDDLE_FRAGMENT:
        found = _take_payload(chunk, start, masked, ANY_LENGTH)
        if found is None:
            break
        payload, start = found
        payloads.append(payload)
        left -= len(payload)

    return b"".join(payloads), start, len(payloads), masked


def missing(tail: bytes, chunk: bytes) -> int:
    """The number of bytes of `chunk` that complete the message that begins with `tail`.

    0 if some are missing, or the following frames do not belong to it.
    """
    size = len(tail) + len(chunk)
    position = 0
    while position < size:
        head = _head_across(tail, chunk, position)
        begin, length = _read_head(head, 0)
        if begin > len(head) or length > MOST_BYTES or not _belongs(head[0], position == 0, True):
            return 0
        position += begin + length
        if head[0] & FIN and position <= size:
            return max(position - len(tail), 0)
    return 0


def _head_across(tail: bytes, chunk: bytes, position: int) -> bytes:
    """The head of the frame at `position` of `tail + chunk`, as far as it is there: the chunk may
    be long, and is not copied."""
    offset = position - len(tail)
    in_chunk = chunk[max(offset, 0) : max(offset + MAX_HEAD_LENGTH, 0)]
    return tail[position : position + MAX_HEAD_LENGTH] + in_chunk


def is_masked(chunk: bytes, start: int) -> bool:
    """True if the frame that begins at `start` is masked, as far as `chunk` shows."""
    return start + 1 < len(chunk) and chunk[start + 1] & MASK != 0


def _is_text(first: int) -> bool:
    """True if a message whose frames begin with the byte `first` is a text."""
    return first & ~FIN == Opcode.TEXT


def _belongs(first: int, is_first: bool, rsv1: bool) -> bool:
    """True if a frame with this first byte is the first of a message, or a later one."""
    opcode = first & (~(FIN | RSV1) if is_first and rsv1 else ~FIN)
    return opcode in (Opcode.TEXT, Opcode.BINARY) if is_first else opcode == Opcode.CONTINUATION


def _read_head(chunk: bytes, start: int) -> tuple[int, int]:
    """Where the payload of the frame at `start` begins, which is behind the end of `chunk` if part
    of the head is missing, and its length: 0 until all its bytes are there."""
    begin = start + 2
    if begin > len(chunk):
        return begin, 0

    second = chunk[start + 1]
    length = second & LENGTH
    if length == LENGTH_IN_2_BYTES:
        begin += 2
        length = chunk[start + 2] << 8 | chunk[start + 3] if begin <= len(chunk) else 0
    elif length == LENGTH_IN_8_BYTES:
        begin += 8
        length = int.from_bytes(chunk[start + 2 : begin], "big") if begin <= len(chunk) else 0
    if second & MASK:
        begin += KEY_SIZE
    return begin, length


def _take_payload(chunk: bytes, start: int, masked: bool, most: int) -> tuple[bytes, int] | None:
    """The payload of the frame that begins at `start`, and where it ends; `None` if part of it is
    missing, it has more than `most` bytes, or it is masked where it should not be or the other way
    round."""
    begin = start + 2
    if begin > len(chunk):
        return None
    second = chunk[start + 1]
    length = second & LENGTH
    if length > MAX_SHORT_LENGTH:
        begin, length = _read_head(chunk, start)
    elif masked:
        begin += KEY_SIZE
    end = begin + length
    if end > len(chunk) or length > most or (second & MASK != 0) != masked:
        return None
    if not masked:
        return chunk[begin:end], end
    if length <= MOST_BYTES:
        return mask(chunk[begin:end], chunk[begin - KEY_SIZE : begin]), end
    return _unmasked(chunk, begin, end), end


def _unmasked(chunk: bytes, begin: int, end: int) -> bytes:
    """A long masked payload, unmasked in steps: masking takes several times the size of its
    input."""
    key = chunk[begin - KEY_SIZE : begin]
    starts = range(begin, end, MOST_BYTES)
    return b"".join([mask(chunk[start : min(start + MOST_BYTES, end)], key) for start in starts])


class _Message(NamedTuple):
    """A simple message: its end, or `None` if it is incomplete; the payload, also that of an
    incomplete text."""

    payload: bytes
    end: int | None
    length: int


def _find_message(chunk: bytes, start: int, masked: bool, rsv1: bool) -> _Message | None:
    """Goes through the frames of the message at `start`. `None` if it is not simple."""
    is_text = _is_text(chunk[start])
    slices: list[tuple[int, int]] = []
    length = 0
    end = None
    is_first = True

    while start < len(chunk):
        first = chunk[start]
        is_like_the_first = start + 1 == len(chunk) or is_masked(chunk, start) == masked
        if not _belongs(first, is_first, rsv1) or not is_like_the_first:
            return None
        begin, size = _read_head(chunk, start)
        length += size
        if length > MOST_BYTES:
            return None
        if begin > len(chunk):
            break
        start = begin + size
        slices.append((begin, start))
        if first & FIN and start <= len(chunk):
            end = start
            break
        is_first = False

    raw = [
        (chunk[begin:end], chunk[begin - KEY_SIZE : begin] if masked else b"")
        for begin, end in slices
    ]
    # The caller checks the beginning of a text; of ASCII, which most are, this is faster.
    if end is None and (not is_text or all(_is_ascii(piece, key) for piece, key in raw)):
        return _Message(b"", None, length)
    pieces = [mask(piece, key) if masked else piece for piece, key in raw]
    return _Message(b"".join(pieces), end, length)


def _is_ascii(payload: bytes, key: bytes) -> bool:
    """True if a payload is ASCII once it is unmasked: the highest bits of the key are its own."""
    if not key:
        return payload.isascii()
    for i, octet in enumerate(key):
        stride = payload[i::KEY_SIZE]
        if octet & 0x80:
            stride = stride.translate(_translation(0x80))
        if not stride.isascii():
            return False
    return True


make_frame_in_python = make_frame
mask_in_python = mask
take_fragments_in_python = take_fragments
take_messages_in_python = take_messages
missing_in_python = missing

if not TYPE_CHECKING and (speedups := compiled_part()):
    make_frame, mask = speedups.make_frame, speedups.mask
    take_fragments, take_messages = speedups.take_fragments, speedups.take_messages
    missing = speedups.missing
