"""Names in two spellings: PEP 8's, and the camel case of the Node API.

The attribute has the Python name. The Node name is an alias, `node_name(...)`, which looks up the
Python name on the object each time, so that it also refers to an override in a subclass.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .errors import ConfigurationError

Function = TypeVar("Function", bound=Callable[..., object])
Value = TypeVar("Value")

HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def pep8(name: str) -> str:
    """`maxLength` as `max_length`; a name in PEP 8's spelling is returned as it is."""
    return HUMP.sub("_", name).lower()


def node(name: str) -> str:
    """`max_length` as `maxLength`."""
    head, *tail = name.split("_")
    return head + "".join(map(str.title, tail))


class NodeName(Generic[Value]):
    """The Node spelling of the attribute `name`: reading, calling, setting and deleting it does the
    same to that attribute."""

    def __init__(self, name: str, doc: str | None = None) -> None:
        self.name = name
        self.__doc__ = doc

    def __get__(self, instance: object, owner: type) -> Value:
        value: Value = getattr(owner if instance is None else instance, self.name)
        return value

    def __set__(self, instance: object, value: Value) -> None:
        setattr(instance, self.name, value)

    def __delete__(self, instance: object) -> None:
        delattr(instance, self.name)


if TYPE_CHECKING:

    def node_name(function: Function) -> Function:
        """The Node spelling of a method, with the type of the method."""
        return function

else:

    def node_name(function):
        """The Node spelling of a method or property, which has the same type."""
        wrapped = getattr(function, "__func__", None) or getattr(function, "fget", None) or function
        return NodeName(wrapped.__name__, wrapped.__doc__)


def method(target: object, name: str) -> Callable[..., Any]:
    """The method `name` of an object of the program, in either spelling.

    Raises `AttributeError` if it has neither.
    """
    try:
        found: Callable[..., Any] = getattr(target, name)
    except AttributeError:
        found = getattr(target, node(name), None)  # type: ignore[assignment]
        if found is None:
            raise
    return found


@lru_cache
def _spellings(names: tuple[str, ...]) -> dict[str, str]:
    return {spelling: name for name in names for spelling in (pep8(name), node(pep8(name)))}


# How similar a name must be to be suggested, from 0 to 1. This includes `max_lenght` and `max_len`,
# but not `max_time`.
SIMILARITY = 0.78


# Options of other libraries, and of Python's ssl, by the names that they have here.
SYNONYMS = {
    "max_size": "max_length",
    "max_msg_size": "max_length",
    "max_payload": "max_length",
    "certfile": "cert",
    "keyfile": "key",
    "cafile": "ca",
    "cadata": "ca",
    "password": "passphrase",
    "ssl": "secure_context",
    "ssl_context": "secure_context",
    "server_hostname": "servername",
    "verify": "reject_unauthorized",
}

# Those that are methods of a driver here.
METHODS = {
    **dict.fromkeys(
        ("headers", "extra_headers", "additional_headers", "origin", "cookie"), "set_header()"
    ),
    **dict.fromkeys(("compression", "per_message_deflate", "extensions"), "add_extension()"),
    **dict.fromkeys(("ping_interval", "ping_timeout", "heartbeat"), "ping()"),
    "proxy": "proxy()",
}


def spelled_options(
    given: Mapping[str, object] | None, valid_names: Iterable[str], **more: object
) -> dict[str, Any]:
    """A new dictionary of the options in `given` and `more`, each name spelled as in `valid_names`.

    An option that is `None` counts as not given; one in `more` replaces the one in `given`. Raises
    `ConfigurationError` for an option that is not in `valid_names` in either spelling, or that one
    mapping has in both, and `TypeError` if `given` is not a mapping.
    """
    if given is not None and not isinstance(given, Mapping):
        raise TypeError(f"Options must be a mapping, not {type(given).__name__}")

    spellings = _spellings(tuple(valid_names))
    result = _spelled(given, spellings) if given else {}
    if more:
        result.update(_spelled(more, spellings))
    return {name: value for name, value in result.items() if value is not None}


def _spelled(given: Mapping[str, object], spellings: Mapping[str, str]) -> dict[str, object]:
    result: dict[str, object] = {}
    for name, value in given.items():
        spelled = spellings.get(name)
        if spelled is None:
            raise ConfigurationError(f"Unrecognized option: {name}{suggestion(name, spellings)}")
        if spelled in result:
            raise ConfigurationError(f"Option {spelled} is given in two spellings")
        result[spelled] = value
    return result


def suggestion(name: object, spellings: Collection[str]) -> str:
    """The end of the error for an unknown name: the most similar of `spellings`, or the name that
    this option of other libraries has here. Empty if there is neither."""
    known = pep8(str(name))
    if SYNONYMS.get(known) in spellings:
        return f" (did you mean {SYNONYMS[known]}?)"
    if known in METHODS:
        return f" (a driver has the method {METHODS[known]} for that)"
    close = difflib.get_close_matches(str(name), spellings, n=1, cutoff=SIMILARITY)
    return f" (did you mean {close[0]}?)" if close else ""
