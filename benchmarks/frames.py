"""Frames of RFC 6455, written and read without any of the contenders."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

CONTINUATION, TEXT, BINARY, CLOSE = 0, 1, 2, 8


class Frame(NamedTuple):
    opcode: int
    payload: bytes
    final: bool
    rsv1: bool
    masked: bool


def write_frame(
    opcode: int,
    payload: bytes,
    key: bytes | None = None,
    *,
    final: bool = True,
    rsv1: bool = False,
) -> bytes:
    """One frame, masked if there is a key."""
    length = len(payload)
    bit = 0x80 if key else 0

    head = bytearray([(0x80 if final else 0) | (0x40 if rsv1 else 0) | opcode])
    if length <= 125:
        head.append(bit | length)
    elif length <= 0xFFFF:
        head.append(bit | 126)
        head += length.to_bytes(2, "big")
    else:
        head.append(bit | 127)
        head += length.to_bytes(8, "big")

    if key is None:
        return bytes(head) + payload
    return bytes(head) + key + mask(payload, key)


def read_frames(data: bytes) -> Iterator[Frame]:
    """All frames of `data`, which ends where the last of them ends."""
    at = 0
    while at < len(data):
        first, second = data[at], data[at + 1]
        length, at = second & 0x7F, at + 2
        if length > 125:
            size = 2 if length == 126 else 8
            length, at = int.from_bytes(data[at : at + size], "big"), at + size

        key = b""
        if second & 0x80:
            key, at = data[at : at + 4], at + 4

        payload, at = data[at : at + length], at + length
        if len(payload) < length:
            raise ValueError("The last frame is not complete")

        yield Frame(
            opcode=first & 0x0F,
            payload=mask(payload, key) if key else payload,
            final=bool(first & 0x80),
            rsv1=bool(first & 0x40),
            masked=bool(key),
        )


def mask(payload: bytes, key: bytes) -> bytes:
    size = len(payload)
    stream = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(stream, "big")).to_bytes(size, "big")
