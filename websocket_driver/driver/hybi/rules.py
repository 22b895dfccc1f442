"""The rules for frames and messages of a peer (RFC 6455 5, 7 and 8), each in one place.

A function returns if its rule is followed, and raises `Violation` if not. Both paths of the
receiver call the same functions: see `check_frame`.

Add a new rule or limit as a function here, and call it from the receiver.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Literal

from ...payload import decimal_text
from .codec import Opcode
from .frame import Frame

ViolationType = Literal["protocol_error", "unacceptable", "encoding_error", "too_large"]

OPCODES: Final = frozenset(opcode.value for opcode in Opcode)
OPENING_OPCODES: Final = frozenset(
    opcode.value for opcode in Opcode if Opcode.CONTINUATION < opcode < Opcode.CLOSE
)

# RFC 6455 5.5
MAX_CONTROL_LENGTH: Final = 125

# RFC 6455 7.4.1 and, for 1012 to 1014, the IANA WebSocket Close Code Number Registry. 1004, 1005,
# 1006 and 1015 must not be sent; 3000 to 4999 are for libraries and applications (7.4.2).
REGISTERED_CLOSE_CODES: Final = frozenset(
    (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014)
)
MIN_RESERVED_CLOSE_CODE: Final = 3000
MAX_RESERVED_CLOSE_CODE: Final = 4999


class Violation(Exception):
    """The peer violated a rule. `type` selects the close code, `message` is the reason."""

    def __init__(self, type: ViolationType, message: str) -> None:
        super().__init__(type, message)
        self.type = type
        self.message = message


class Limits:
    """The limits of a connection for its peer, from its options.

    `max_length` is the largest message in bytes. `masked` is `True` if every frame must be masked,
    `False` if none may be, `None` if it does not matter.

    `accepted` is what `check_frame` has accepted: the length of the longest whole message that was
    not masked, and of the longest that was. Shorter ones need no call, so a rule for short ones
    only, such as a least length, would have to clear it.
    """

    __slots__ = ("accepted", "masked", "max_length")

    def __init__(self, max_length: int, masked: bool | None) -> None:
        self.max_length: int = max_length
        self.masked: bool | None = masked
        self.accepted: list[int] = [-1, -1]


@lru_cache
def limits(max_length: int, masked: bool | None) -> Limits:
    """The limits with these values, shared by connections with the same ones."""
    return Limits(max_length, masked)


# The first byte of a frame


def check_reserved_bits(frame: Frame, allowed: bool) -> None:
    """RFC 6455 5.2: reserved bits are 0 unless an extension defines them."""
    if not allowed:
        raise Violation(
            "protocol_error",
            f"One or more reserved bits are on: reserved1 = {frame.rsv1:d}, "
            f"reserved2 = {frame.rsv2:d}, reserved3 = {frame.rsv3:d}",
        )


def check_opcode(frame: Frame) -> None:
    """RFC 6455 5.2: an unknown opcode fails the connection."""
    if frame.opcode not in OPCODES:
        raise Violation("protocol_error", f"Unrecognized frame opcode: {frame.opcode}")


def check_fragmentation(frame: Frame, in_message: bool) -> None:
    """RFC 6455 5.4 and 5.5: control frames are whole, and one message ends before the next."""
    if frame.is_control:
        if not frame.final:
            raise Violation(
                "protocol_error", f"Received fragmented control frame: opcode = {frame.opcode}"
            )
    elif in_message and frame.opcode in OPENING_OPCODES:
        raise Violation(
            "protocol_error", "Received new data frame but previous continuous frame is unfinished"
        )


def check_continuation(in_message: bool) -> None:
    """RFC 6455 5.4: a continuation frame continues a message."""
    if not in_message:
        raise Violation("protocol_error", "Received unexpected continuation frame")


# The rest of the head


def check_frame(length: int, before: int, masked: bool, limits: Limits) -> None:
    """Checks the limits of a data frame with a payload of `length` bytes, in a message that has
    `before` bytes already.

    A fast path calls this for all frames that it took at once: `length` is that of the longest, or
    of all fragments of a message together.
    """
    check_message_length(before + length, limits)
    check_masking(masked, limits)


def check_message_length(length: int, limits: Limits) -> None:
    """RFC 6455 10.4: an implementation limits the size of messages."""
    if length > limits.max_length:
        raise Violation("too_large", "WebSocket frame length too large")


def check_masking(masked: bool, limits: Limits) -> None:
    """RFC 6455 5.1: a client masks every frame, a server masks none."""
    if limits.masked is not None and masked is not limits.masked:
        if masked:
            raise Violation("protocol_error", "Received masked frame from a server")
        raise Violation("unacceptable", "Received unmasked frame but masking is required")


def check_control_length(length: int) -> None:
    """RFC 6455 5.5: the payload of a control frame has at most 125 bytes."""
    if length > MAX_CONTROL_LENGTH:
        # Formatted as in the original, where a length is a double.
        raise Violation(
            "protocol_error",
            f"Received control frame having too long payload: {decimal_text(float(length))}",
        )


# Payloads


def check_text(is_valid: bool) -> None:
    """RFC 6455 8.1: text that is not UTF-8 fails the connection."""
    if not is_valid:
        raise Violation("encoding_error", "Could not decode a text frame as UTF-8")


def is_close_code(code: int) -> bool:
    """True if an endpoint may send `code` in a close frame (RFC 6455 7.4)."""
    return (
        code in REGISTERED_CLOSE_CODES or MIN_RESERVED_CLOSE_CODE <= code <= MAX_RESERVED_CLOSE_CODE
    )
