"""The parameters of RFC 7692 7.1, which clients and servers have in common, and the options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypedDict

VALID_PARAMS = (
    "server_no_context_takeover",
    "client_no_context_takeover",
    "server_max_window_bits",
    "client_max_window_bits",
)

# RFC 7692 7.1.2. zlib has no window of 256 bytes for raw streams, so 8 bits use the next larger
# one.
MIN_WINDOW_BITS = 9
MAX_WINDOW_BITS = 15
VALID_WINDOW_BITS = (8, 9, 10, 11, 12, 13, 14, 15)


class Compressor(Protocol):
    """The object that zlib's `compressobj` returns."""

    def compress(self, data: bytes, /) -> bytes:
        """Adds data; returns the compressed data that is available."""
        ...

    def flush(self, mode: int, /) -> bytes:
        """Returns the rest, up to the end of a block."""
        ...


class Decompressor(Protocol):
    """The object that zlib's `decompressobj` returns."""

    @property
    def unconsumed_tail(self) -> bytes:
        """The input that did not fit into `max_length`."""
        ...

    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes:
        """Returns at most `max_length` bytes of output, unless it is 0."""
        ...


class Zlib(Protocol):
    """A module with zlib's two functions."""

    def compressobj(
        self,
        level: int = ...,
        method: int = ...,
        wbits: int = ...,
        memLevel: int = ...,
        strategy: int = ...,
    ) -> Compressor:
        """Makes a compressor; arguments as in `zlib`."""
        ...

    def decompressobj(self, wbits: int = ...) -> Decompressor:
        """Makes a decompressor; arguments as in `zlib`."""
        ...


class DeflateOptions(TypedDict, total=False):
    """The options of `configure`, in both spellings. `None` is the same as leaving one out."""

    level: int | None
    mem_level: int | None
    strategy: int | None
    no_context_takeover: bool | None
    max_window_bits: int | None
    request_no_context_takeover: bool | None
    request_max_window_bits: int | None
    zlib: Zlib | None

    memLevel: int | None
    noContextTakeover: bool | None
    maxWindowBits: int | None
    requestNoContextTakeover: bool | None
    requestMaxWindowBits: int | None


def valid_params(params: Mapping[str, object]) -> bool:
    """Returns true if `params` has only parameters of RFC 7692, once each, with valid values.

    `client_max_window_bits` is not checked: its values differ between an offer and a response.
    """
    for key, value in params.items():
        if key not in VALID_PARAMS or isinstance(value, list):
            return False
        if key.endswith("_no_context_takeover") and value is not True:
            return False

    bits = params.get("server_max_window_bits")
    return bits is None or valid_window_bits(bits)


def valid_window_bits(bits: object) -> bool:
    """Returns true for a number of bits that a window may have (RFC 7692 7.1.2)."""
    return bits in VALID_WINDOW_BITS


def window_bits(params: Mapping[str, object], name: str) -> int:
    """Returns the number of bits in the parameter `name`; the largest if it has none."""
    bits = params.get(name)
    return bits if isinstance(bits, int) and bits is not True else MAX_WINDOW_BITS
