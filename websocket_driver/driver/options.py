"""The options of a driver."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ..errors import ConfigurationError
from ..spelling import spelled_options


class Options:
    """The options, checked. Each is described at `websocket_driver.http()`."""

    NAMES = ("allow_drafts", "max_length", "masking", "require_masking", "protocols")

    __slots__ = NAMES

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.allow_drafts = bool(given.get("allow_drafts", True))
        self.max_length = _max_length(given.get("max_length", 0))
        self.masking = bool(given.get("masking"))
        self.require_masking = bool(given.get("require_masking"))
        self.protocols = _protocols(given.get("protocols", ()))

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
    """The names in a Sec-WebSocket-Protocol header."""
    return re.split(" *, *", header)


def _max_length(value: Any) -> int:
    if not isinstance(value, int) or value < 0:
        raise ConfigurationError(f"Option max_length must be a number of bytes, not {value!r}")
    return value


def _protocols(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(split(value)) if value else ()
    if isinstance(value, (list, tuple)) and all(isinstance(name, str) for name in value):
        return tuple(value)
    raise ConfigurationError(
        f"Option protocols must be a list of strings, or one string, not {value!r}"
    )
