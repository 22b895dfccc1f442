"""A port of permessage-deflate, the compression extension of RFC 7692.

This module is an extension as it stands: `driver.add_extension(permessage_deflate)`. `configure`
returns one with options.
"""

from __future__ import annotations

import zlib as _zlib
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import ConfigurationError
from ..spelling import node_name, spelled_options
from .client_session import ClientSession
from .server_session import ServerSession

__all__ = ["ClientSession", "PermessageDeflate", "ServerSession", "configure"]

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

# What zlib's deflateInit2 takes. The bits of a window are looked at when they are negotiated.
VALID_VALUES = {
    "level": range(-1, 10),
    "mem_level": range(1, 10),
    "strategy": range(_zlib.Z_DEFAULT_STRATEGY, _zlib.Z_FIXED + 1),
}


class PermessageDeflate:
    """The extension, with the options of `configure`."""

    name = "permessage-deflate"
    type = "permessage"
    rsv1 = True
    rsv2 = False
    rsv3 = False

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self._options: Mapping[str, Any] = options or {}

    def configure(self, options: Mapping[str, Any] | None = None, **more: Any) -> PermessageDeflate:
        """The extension with these options, beside those it has, which stand.

        For the compressor: `level` (-1 to 9), `mem_level` (1 to 9), `strategy`, as in `zlib`.
        To be negotiated: `no_context_takeover` and `max_window_bits` (8 to 15) for what is sent,
        `request_no_context_takeover` and `request_max_window_bits` for what the peer sends.
        `zlib` is a module with zlib's `compressobj` and `decompressobj`, to be used in its place.

        Raises `ConfigurationError` for any other option, and for a value that zlib would refuse.
        """
        given = spelled_options(options, VALID_OPTIONS, **more)

        for option, valid in VALID_VALUES.items():
            if option in given and given[option] not in valid:
                raise ConfigurationError(
                    f"Option {option} must be {valid[0]} to {valid[-1]}, not {given[option]!r}"
                )

        return self.__class__({**given, **self._options})

    def create_client_session(self, options: Mapping[str, Any] | None = None) -> ClientSession:
        """A session for a client. `options` may carry `max_length`."""
        return ClientSession(self._options, _max_length(options))

    def create_server_session(
        self, offers: Sequence[Mapping[str, Any]], options: Mapping[str, Any] | None = None
    ) -> ServerSession | None:
        """A session for the first of a client's offers that is valid; `None` if none is."""
        for offer in offers:
            if ServerSession.valid_params(offer):
                return ServerSession(self._options, offer, _max_length(options))
        return None

    createClientSession = node_name(create_client_session)
    createServerSession = node_name(create_server_session)


def _max_length(options: Mapping[str, Any] | None) -> int | None:
    options = options or {}
    max_length: int | None = options.get("max_length", options.get("maxLength"))
    return max_length


_extension = PermessageDeflate()

name = _extension.name
type = _extension.type
rsv1 = _extension.rsv1
rsv2 = _extension.rsv2
rsv3 = _extension.rsv3
configure = _extension.configure
create_client_session = createClientSession = _extension.create_client_session
create_server_session = createServerSession = _extension.create_server_session
