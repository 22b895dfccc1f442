"""Checks and conversion of data that callers send."""

from __future__ import annotations

from typing import Final

from ...payload import Data, FrameType, to_optional_payload, to_payload
from . import utf8
from .codec import Opcode
from .rules import (
    MAX_CONTROL_LENGTH,
    MAX_RESERVED_CLOSE_CODE,
    MIN_RESERVED_CLOSE_CODE,
    REGISTERED_CLOSE_CODES,
    is_close_code,
)

# The opcodes by the names that callers use.
OPCODES: Final = {opcode.name.lower(): opcode.value for opcode in Opcode}

CLOSE_CODE_SIZE: Final = 2
DEFAULT_CLOSE_CODE: Final = 1000

CLOSE: Final = "close"


def prepare(
    data: Data, type: FrameType | None = None, code: int | None = None
) -> tuple[bytes, FrameType]:
    """The bytes of `data`, and the type of the frame to send them in.

    Raises what `to_payload` raises, and `ValueError` for a type that does not exist, text that is
    not UTF-8 (RFC 6455 5.6), a close code that must not be sent (7.4) and a control frame that is
    too long (5.5).
    """
    payload = to_payload(data)
    if type is None:
        type = "text" if isinstance(payload, str) else "binary"
    if not isinstance(type, str) or type not in OPCODES:
        raise ValueError(f"Frame type must be one of {', '.join(OPCODES)}, not {type!r}")

    if isinstance(payload, str):
        payload = payload.encode("utf-8")
    elif type == "text" and utf8.check(b"", payload, True) != b"":
        raise ValueError("A text message must be valid UTF-8")

    limit = MAX_CONTROL_LENGTH
    if code is not None:
        if type != CLOSE:
            raise ValueError(f"Only a close frame has a code, not a {type} frame")
        check_close_code(code)
        limit -= CLOSE_CODE_SIZE
    if type == CLOSE:
        check_reason(payload, code)

    if OPCODES[type] >= Opcode.CLOSE and len(payload) > limit:
        raise ValueError(
            f"Payload of a {type} frame must be {limit} bytes at most, not {len(payload)}"
        )
    return payload, type


def prepare_close(reason: Data, code: int | None) -> tuple[bytes, int]:
    """The bytes of the reason of a close frame, and its code. Raises what `prepare` raises, and
    `ValueError` for a number in place of the reason."""
    if isinstance(reason, (int, float)):
        raise ValueError(f"close() takes the reason first, then the code: {reason!r} is not text")
    code = DEFAULT_CLOSE_CODE if code is None else code
    payload, _ = prepare(to_optional_payload(reason), "close", code)
    return payload, code


def check_close_code(code: int) -> None:
    """Raises `ValueError` unless an endpoint may send this close code (RFC 6455 7.4)."""
    if isinstance(code, bool) or not isinstance(code, int) or not is_close_code(code):
        registered = ", ".join(map(str, sorted(REGISTERED_CLOSE_CODES)))
        raise ValueError(
            f"Close code must be one of {registered} or a number from {MIN_RESERVED_CLOSE_CODE} "
            f"to {MAX_RESERVED_CLOSE_CODE}, not {code!r}"
        )


def check_reason(payload: bytes, code: int | None) -> None:
    """Raises `ValueError` for a payload of a close frame that its peer would refuse (RFC 6455 5.5.1
    and 7.1.6). It is the reason, or begins with the code if `code` is `None`."""
    reason = payload
    if code is None and payload:
        if len(payload) < CLOSE_CODE_SIZE:
            raise ValueError(f"A close frame must begin with a code, not {payload!r}")
        check_close_code(int.from_bytes(payload[:CLOSE_CODE_SIZE], "big"))
        reason = payload[CLOSE_CODE_SIZE:]
    if utf8.check(b"", reason, True) != b"":
        raise ValueError("The reason of a close frame must be valid UTF-8")


def truncate(text: str) -> str:
    """The beginning of `text`, in whole characters, that fits into a close frame with a code."""
    limit = MAX_CONTROL_LENGTH - CLOSE_CODE_SIZE
    return text.encode("utf-8", "replace")[:limit].decode("utf-8", "ignore")
