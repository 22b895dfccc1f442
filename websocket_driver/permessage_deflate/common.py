"""What clients and servers have in common: the parameters of RFC 7692 section 7.1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

VALID_PARAMS = (
    "server_no_context_takeover",
    "client_no_context_takeover",
    "server_max_window_bits",
    "client_max_window_bits",
)

# zlib has no window of 256 bytes for raw streams: 8 bits are given the next larger one.
MIN_WINDOW_BITS = 9
MAX_WINDOW_BITS = 15
VALID_WINDOW_BITS = (8, 9, 10, 11, 12, 13, 14, 15)


def valid_params(params: Mapping[str, Any]) -> bool:
    """True if `params` has only parameters that exist, once each, and with a value they can have.

    What `client_max_window_bits` may be differs between an offer and a response: not looked at.
    """
    for key, value in params.items():
        if key not in VALID_PARAMS or isinstance(value, list):
            return False
        if key.endswith("_no_context_takeover") and value is not True:
            return False

    bits = params.get("server_max_window_bits")
    return bits is None or valid_window_bits(bits)


def valid_window_bits(bits: Any) -> bool:
    """True for the number of bits that a window may have (RFC 7692 7.1.2)."""
    return bits in VALID_WINDOW_BITS
