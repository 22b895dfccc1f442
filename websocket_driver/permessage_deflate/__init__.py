"""A port of permessage-deflate, the compression extension of RFC 7692.

This module is an extension itself: `driver.add_extension(permessage_deflate)`. `configure` returns
one with options.
"""

from __future__ import annotations

import zlib as _zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from ..errors import ConfigurationError
from ..spelling import node_name, spelled_options
from .client_session import ClientSession
from .common import DeflateOptions
from .server_session import ServerSession

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = [
    "ClientSession",
    "DeflateOptions",
    "PermessageDeflate",
    "ServerSession",
    "configure",
    "createClientSession",
    "createServerSession",
    "create_client_session",
    "create_server_session",
    "name",
    "rsv1",
    "rsv2",
    "rsv3",
    "type",
]

VALID_OPTIONS = (
    "level",
    "mem_level",
    "strategy",
    "no_context_takeover",
    "max_window_bits",
    "request_no_context_takeover",
    "request_max_window_bits",
    "zlib",
)

# The values that zlib's deflateInit2 accepts.
VALID_VALUES = {
    "level": range(-1, 10),
    "mem_level": range(1, 10),
    "strategy": range(_zlib.Z_DEFAULT_STRATEGY, _zlib.Z_FIXED + 1),
}
FLAGS = ("no_context_takeover", "request_no_context_takeover")

# Their range is checked when they are negotiated, as in the original.
WINDOWS = ("max_window_bits", "request_max_window_bits")

ZLIB_FUNCTIONS = ("compressobj", "decompressobj")


class PermessageDeflate:
    """The extension, with the options of `configure`."""

    name = "permessage-deflate"
    type = "permessage"
    rsv1 = True
    rsv2 = False
    rsv3 = False

    def __init__(self, options: DeflateOptions | None = None) -> None:
        self._options: DeflateOptions = options or {}

    def configure(
        self, options: DeflateOptions | None = None, **more: Unpack[DeflateOptions]
    ) -> PermessageDeflate:
        """Returns the extension with these options in addition to its own, which take precedence.

        For the compressor: `level` (-1 to 9), `mem_level` (1 to 9), `strategy`, as in `zlib`.
        Negotiated: `no_context_takeover` and `max_window_bits` (8 to 15) for outgoing messages,
        `request_no_context_takeover` and `request_max_window_bits` for incoming ones.
        `zlib` is a module to use in place of zlib, with `compressobj` and `decompressobj`.

        Raises `ConfigurationError` for any other option, for a value of the wrong type, and for a
        value that zlib does not accept. The range of a window is checked in the handshake: a
        client's `start()` raises `ConfigurationError`.
        """
        given = spelled_options(options, VALID_OPTIONS, **more)
        for option, value in given.items():
            _validate(option, value)

        merged: DeflateOptions = {**given, **self._options}  # type: ignore[typeddict-item]
        return self.__class__(merged)

    def create_client_session(self, options: Mapping[str, object] | None = None) -> ClientSession:
        """Returns a session for a client. `options` may have `max_length`."""
        return ClientSession(self._options, _max_length(options))

    def create_server_session(
        self,
        offers: Sequence[Mapping[str, object]],
        options: Mapping[str, object] | None = None,
    ) -> ServerSession | None:
        """Returns a session for the first of a client's offers that is valid, or `None`."""
        for offer in offers:
            if ServerSession.valid_params(offer):
                return ServerSession(self._options, offer, _max_length(options))
        return None

    createClientSession: Final = node_name(create_client_session)
    createServerSession: Final = node_name(create_server_session)


def _validate(option: str, value: object) -> None:
    """Raises `ConfigurationError` for a value that the option cannot have."""
    valid = VALID_VALUES.get(option)
    if option in FLAGS:
        if not isinstance(value, bool):
            raise ConfigurationError(f"Option {option} must be True or False, not {value!r}")
    elif option == "zlib":
        if not all(callable(getattr(value, name, None)) for name in ZLIB_FUNCTIONS):
            raise ConfigurationError(
                f"Option zlib must have compressobj and decompressobj, not {value!r}"
            )
    elif valid is not None:
        if not _is_integer(value) or value not in valid:
            raise ConfigurationError(
                f"Option {option} must be {valid[0]} to {valid[-1]}, not {value!r}"
            )
    elif not _is_integer(value):
        raise ConfigurationError(f"Option {option} must be a number of bits, not {value!r}")


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _max_length(options: Mapping[str, object] | None) -> int | None:
    given = spelled_options(options, ("max_length",))
    max_length: int | None = given.get("max_length")
    return max_length


_extension = PermessageDeflate()

name: str = _extension.name
type: str = _extension.type
rsv1: bool = _extension.rsv1
rsv2: bool = _extension.rsv2
rsv3: bool = _extension.rsv3
configure: Final = _extension.configure
create_client_session: Final = _extension.create_client_session
createClientSession = create_client_session
create_server_session: Final = _extension.create_server_session
createServerSession = create_server_session
