"""Names in two spellings: PEP 8's, and the camel case of the Node API.

The Python name is the real one. A Node name on a class is a `NodeName` beside it, which looks the
Python name up on the object each time, and so follows what a subclass overrides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from .errors import ConfigurationError

HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def pep8(name: str) -> str:
    """`maxLength` as `max_length`; a name in PEP 8's spelling stays as it is."""
    return HUMP.sub("_", name).lower()


def node(name: str) -> str:
    """`max_length` as `maxLength`."""
    head, *tail = name.split("_")
    return head + "".join(map(str.title, tail))


class NodeName:
    """The Node spelling of the attribute `name`, to be read, called, set and deleted like it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        return getattr(owner if instance is None else instance, self.name)

    def __set__(self, instance: Any, value: Any) -> None:
        setattr(instance, self.name, value)

    def __delete__(self, instance: Any) -> None:
        delattr(instance, self.name)


def method(target: Any, name: str) -> Any:
    """The method `name` of an object that somebody else wrote, in whichever spelling it has."""
    try:
        return getattr(target, name)
    except AttributeError:
        found = getattr(target, node(name), None)
        if found is None:
            raise
        return found


@lru_cache
def _spellings(names: tuple[str, ...]) -> dict[str, str]:
    return {spelling: name for name in names for spelling in (pep8(name), node(pep8(name)))}


def spelled_options(
    given: Mapping[str, Any] | None, valid_names: Iterable[str], **more: Any
) -> dict[str, Any]:
    """A new dictionary of the options in `given` and `more`, each name spelled as in `valid_names`.

    An option that is `None` counts as not given. Raises `ConfigurationError` for an option that is
    not in `valid_names` in either spelling, and `TypeError` if `given` is no mapping.
    """
    if given is not None and not isinstance(given, Mapping):
        raise TypeError(f"Options must be a mapping, not {type(given).__name__}")

    spelled = _spellings(tuple(valid_names))
    result = {}

    for name, value in {**(given or {}), **more}.items():
        if name not in spelled:
            raise ConfigurationError(f"Unrecognized option: {name}")
        if value is not None:
            result[spelled[name]] = value

    return result
