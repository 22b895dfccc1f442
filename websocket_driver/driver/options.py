"""The options of a driver."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TypedDict

from ..errors import ConfigurationError
from ..grammar import is_token
from ..http_parser import MAX_HEAD_LENGTH, MAX_HEADERS
from ..spelling import spelled_options


class DriverOptions(TypedDict, total=False):
    """The options of every driver, in both spellings, as type checkers see them.

    They are described at `websocket_driver.http()`. `None` is the same as leaving an option out.
    """

    max_length: int | None
    protocols: str | list[str] | tuple[str, ...] | None
    masking: bool | None
    require_masking: bool | None
    allow_drafts: bool | None
    max_head_length: int | None
    max_headers: int | None
    max_extension_params: int | None
    max_pings: int | None
    max_tasks: int | None
    high_water_mark: int | None

    maxLength: int | None
    requireMasking: bool | None
    allowDrafts: bool | None
    maxHeadLength: int | None
    maxHeaders: int | None
    maxExtensionParams: int | None
    maxPings: int | None
    maxTasks: int | None
    highWaterMark: int | None


# The limits, as error messages describe their values.
LIMITS = {
    "max_length": "a number of bytes",
    "max_head_length": "a number of bytes",
    "max_headers": "a number",
    "max_extension_params": "a number",
    "max_pings": "a number",
    "max_tasks": "a number",
    "high_water_mark": "a number of bytes",
}

# permessage-deflate has 4 parameters, and a client may offer a few variants of it.
MAX_EXTENSION_PARAMS = 64

# A caller that sends more pings than the peer answers does not need the old answers.
MAX_PINGS = 1024

# Coroutine listeners of one connection, most of which are waiting.
MAX_TASKS = 1024

# The same as the high-water mark of asyncio's transports.
HIGH_WATER_MARK = 0x10000


class Options:
    """The options of one driver, validated. Each is described at `websocket_driver.http()`.

    `max_length` is `None` if it was not given: drivers then use their own `MAX_LENGTH`.
    """

    NAMES = ("allow_drafts", "masking", "require_masking", "protocols", *LIMITS)

    __slots__ = NAMES

    def __init__(self, given: Mapping[str, object]) -> None:
        """`given` has names in PEP 8's spelling; an option that is missing has its default."""
        self.allow_drafts: bool = _flag("allow_drafts", given, True)
        self.masking: bool = _flag("masking", given, False)
        self.require_masking: bool = _flag("require_masking", given, False)
        self.protocols: tuple[str, ...] = _protocols(given.get("protocols", ()))

        self.max_length: int | None = _limit("max_length", given) if "max_length" in given else None
        self.max_head_length: int = _limit("max_head_length", given, MAX_HEAD_LENGTH)
        self.max_headers: int = _limit("max_headers", given, MAX_HEADERS)
        self.max_extension_params: int = _limit("max_extension_params", given, MAX_EXTENSION_PARAMS)
        self.max_pings: int = _limit("max_pings", given, MAX_PINGS)
        self.max_tasks: int = _limit("max_tasks", given, MAX_TASKS)
        self.high_water_mark: int = _limit("high_water_mark", given, HIGH_WATER_MARK)

    @classmethod
    def of(
        cls,
        options: Options | DriverOptions | None,
        more: DriverOptions,
        **defaults: bool,
    ) -> Options:
        """The options in `options` and `more`, in either spelling, over `defaults`.

        An option that is `None` counts as not given; one in `more` replaces the one in `options`.
        Raises `ConfigurationError` for any other option and for an invalid value, `TypeError` for
        `options` that are not a mapping.
        """
        if isinstance(options, Options):
            return options
        if options is not None and not isinstance(options, Mapping):
            raise TypeError(f"Options must be a mapping{_hint(options)}")
        if not options and not more:
            return _defaults(**defaults)
        return cls({**defaults, **spelled_options(options, cls.NAMES, **more)})


def _hint(options: object) -> str:
    """The end of the error for options that are not a mapping."""
    kind = type(options).__name__
    if isinstance(options, (str, list, tuple)):
        return f", such as {{'protocols': ['chat']}}, not {kind}"
    return f", not {kind}" + ("; http() takes a request" if hasattr(options, "headers") else "")


@lru_cache
def _defaults(**defaults: bool) -> Options:
    return Options(defaults)


def _flag(name: str, given: Mapping[str, object], default: bool) -> bool:
    value = given.get(name, default)
    if not isinstance(value, bool):
        raise ConfigurationError(f"Option {name} must be True or False, not {value!r}")
    return value


def _limit(name: str, given: Mapping[str, object], default: int = 0) -> int:
    value = given.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ConfigurationError(f"Option {name} must be {LIMITS[name]}, 0 or more, not {value!r}")
    return value


def _protocols(value: object) -> tuple[str, ...]:
    """The subprotocols, each a token that is not repeated (RFC 6455 4.1)."""
    names: object = value
    if isinstance(value, str):
        names = [name.strip(" ") for name in value.split(",")] if value else ()
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        raise ConfigurationError(
            f"Option protocols must be a list of strings, or one string, not {value!r}"
        )

    seen: dict[str, None] = {}
    for name in names:
        if not is_token(name):
            raise ConfigurationError(
                f"Option protocols must be tokens (RFC 6455 4.1), not {name!r}"
            )
        if name in seen:
            raise ConfigurationError(f"Option protocols must not repeat {name!r}")
        seen[name] = None
    return tuple(seen)
