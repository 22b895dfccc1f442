"""The options of a driver."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ..errors import ConfigurationError
from ..http_parser import MAX_HEAD_LENGTH, MAX_HEADERS
from ..spelling import spelled_options

# The limits, each with what it is if it is not given, and why.
DEFAULTS = {
    "max_head_length": MAX_HEAD_LENGTH,
    "max_headers": MAX_HEADERS,
    # permessage-deflate has 4, and a client may offer a few variants of it.
    "max_extension_params": 64,
    # Who pings more often than the peer answers has no use for old answers.
    "max_pings": 1024,
    # Each is a message that a coroutine listener has not finished with.
    "max_tasks": 1024,
    # As much as asyncio's transports hold before they ask for a pause.
    "high_water_mark": 0x10000,
}


class Options:
    """The options, checked. Each is described at `websocket_driver.http()`."""

    NAMES = ("allow_drafts", "masking", "require_masking", "protocols", "max_length", *DEFAULTS)

    __slots__ = NAMES

    max_length: int | None
    max_head_length: int
    max_headers: int
    max_extension_params: int
    max_pings: int
    max_tasks: int
    high_water_mark: int

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.allow_drafts = bool(given.get("allow_drafts", True))
        self.masking = bool(given.get("masking"))
        self.require_masking = bool(given.get("require_masking"))
        self.protocols = _protocols(given.get("protocols", ()))

        # The default is the driver's own, `MAX_LENGTH`.
        self.max_length = (
            _limit("max_length", given["max_length"]) if "max_length" in given else None
        )
        for name, default in DEFAULTS.items():
            setattr(self, name, _limit(name, given.get(name, default)))

    @classmethod
    def of(
        cls,
        options: Options | Mapping[str, Any] | None,
        more: Mapping[str, Any],
        **defaults: Any,
    ) -> Options:
        """`options` and `more` in either spelling; what is `None` counts as not given.

        Raises `ConfigurationError` for any other option, and for a value that one cannot have.
        """
        if isinstance(options, Options):
            return options
        if not options and not more:
            return _defaults(**defaults)
        return cls({**defaults, **spelled_options(options, cls.NAMES, **more)})


@lru_cache
def _defaults(**defaults: Any) -> Options:
    return Options(defaults)


def split(header: str) -> list[str]:
    """The names in a Sec-WebSocket-Protocol header, without the spaces around commas.

    The pattern of the original, ` *, *`, takes time by the square of the number of spaces.
    """
    first, *names = header.split(",")
    if not names:
        return [first]
    last = names.pop()
    return [first.rstrip(" "), *(name.strip(" ") for name in names), last.lstrip(" ")]


def _limit(name: str, value: Any) -> int:
    if not isinstance(value, int) or value < 0:
        unit = "bytes" if name in ("max_length", "max_head_length", "high_water_mark") else "them"
        raise ConfigurationError(f"Option {name} must be a number of {unit}, not {value!r}")
    return value


def _protocols(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(split(value)) if value else ()
    if isinstance(value, (list, tuple)) and all(isinstance(name, str) for name in value):
        return tuple(value)
    raise ConfigurationError(
        f"Option protocols must be a list of strings, or one string, not {value!r}"
    )
