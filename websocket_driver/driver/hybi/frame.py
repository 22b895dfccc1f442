"""A frame (RFC 6455 5.2), and what a caller may put in one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...spelling import NodeName
from ..payload import to_payload

OPCODES = {"continuation": 0, "text": 1, "binary": 2, "close": 8, "ping": 9, "pong": 10}

# RFC 6455 5.5: what a control frame can carry; the close code takes two bytes of it.
MAX_CONTROL_LENGTH = 125
CLOSE_CODE_LENGTH = 2


@dataclass
class Frame:
    """One frame, unmasked: `payload` is what the sender meant."""

    final: bool = False
    rsv1: bool = False
    rsv2: bool = False
    rsv3: bool = False
    opcode: int = 0
    masked: bool = False
    masking_key: bytes = b""
    length_bytes: int = 1
    length: int = 0
    payload: bytes = b""

    maskingKey = NodeName("masking_key")
    lengthBytes = NodeName("length_bytes")


def prepare(data: Any, type: str | None = None, code: int | None = None) -> tuple[bytes, str]:
    """The bytes of `data`, and the type of the frame to send them in.

    Raises what `to_payload` raises, `ValueError` for a type that does not exist, a close code that
    is no 16-bit number and a control frame that is too long (RFC 6455 5.5).
    """
    payload = to_payload(data)
    if type is None:
        type = "text" if isinstance(payload, str) else "binary"
    if type not in OPCODES:
        raise ValueError(f"Frame type must be one of {', '.join(OPCODES)}, not {type!r}")

    if isinstance(payload, str):
        payload = payload.encode("utf-8")

    limit = MAX_CONTROL_LENGTH
    if code:
        if not isinstance(code, int) or not 0 < code <= 0xFFFF:
            raise ValueError(f"Close code must be a number from 1 to 65535, not {code!r}")
        limit -= CLOSE_CODE_LENGTH

    if OPCODES[type] >= OPCODES["close"] and len(payload) > limit:
        raise ValueError(
            f"Payload of a {type} frame must be {limit} bytes at most, not {len(payload)}"
        )
    return payload, type


def truncate(text: str) -> str:
    """As much of `text`, whole characters, as fits into a close frame behind the code."""
    limit = MAX_CONTROL_LENGTH - CLOSE_CODE_LENGTH
    return text.encode("utf-8", "replace")[:limit].decode("utf-8", "ignore")
