"""The headers of a request or response, as they were received."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from typing import Final, Protocol

from .spelling import NodeName, node_name

# RFC 9110 5.6.3: optional white space, which is no part of a value.
OWS = " \t"

# A value from the caller: a list if there are several.
Value = str | Sequence[str] | None


class HasItems(Protocol):
    """A mapping of headers, also one that is not a `Mapping`, such as `http.client`'s."""

    def items(self) -> Iterable[tuple[str, Value]]:
        """Returns the names and the values; a name may come more than once."""
        ...


class HeaderMap(dict[str, str]):
    """A dictionary from lower-case names to values; repeated values are joined by a comma.

    That is how RFC 9110 5.3 combines fields, and how the original does. Fields that are not lists
    (`Set-Cookie`), or whose elements contain commas (`WWW-Authenticate`), are kept apart by
    `get_all(name)` and `raw_headers`.

    Received values are decoded as Latin-1, which preserves every byte. `value.encode("latin-1")`
    returns the received bytes; decode these as UTF-8 if the peer sends UTF-8.
    """

    __slots__ = ("source",)

    # The source of `raw_headers`, which are parsed only when needed: the head that was received
    # (RFC 9112 2.1), or the items from which the map was made.
    source: bytes | Sequence[tuple[str, Value]]

    @classmethod
    def of(cls, headers: HasItems) -> HeaderMap:
        """The headers in any mapping of text to text, or to lists of it; `None` is left out.

        A mapping whose `items()` give a name more than once may be passed too. Raises `TypeError`
        for anything else.
        """
        if not hasattr(headers, "items"):
            raise TypeError(f"Request headers must be a mapping, not {type(headers).__name__}")

        result = cls()
        result.source = items = list(headers.items())
        for name, value in items:
            if isinstance(name, str) and isinstance(value, str):
                result.fold(name.lower(), value)
                continue
            for text in _values(name, value):
                result.fold(name.lower(), text)
        return result

    def fold(self, key: str, value: str) -> None:
        """Adds a value to those of the lower-case name `key` (RFC 9110 5.3)."""
        self[key] = f"{self[key]}, {value}" if key in self else value

    def get_all(self, name: str) -> list[str]:
        """Returns the values of each header called `name` in any case; empty if there is none."""
        key = name.lower()
        return [value for other, value in self._lines() if other.lower() == key]

    @property
    def raw_headers(self) -> list[str]:
        """Names and values in turn, in their original order and case."""
        return [text for line in self._lines() for text in line]

    def _lines(self) -> Iterable[tuple[str, str]]:
        source = getattr(self, "source", b"")
        if not isinstance(source, bytes):
            for name, values in source:
                for value in _values(name, values):
                    yield name, value
            return

        _, *lines = source.decode("latin-1").strip("\r\n").split("\r\n")
        for line in lines:
            name, _, value = line.partition(":")
            yield name, value.strip(OWS)

    def copy(self) -> HeaderMap:
        """Returns a `HeaderMap` with the same content."""
        return copy(self)

    def __reduce__(self) -> tuple[object, ...]:
        # The default for a dictionary with slots does not work with the pickle protocols 0 and 1.
        return self.__class__, (), getattr(self, "source", b""), None, iter(self.items())

    def __setstate__(self, source: bytes | Sequence[tuple[str, Value]]) -> None:
        self.source = source

    getAll: Final = node_name(get_all)
    rawHeaders: NodeName[list[str]] = NodeName("raw_headers")


def _values(name: object, value: object) -> Sequence[str]:
    if value is None:
        return ()
    values: Sequence[object] = value if isinstance(value, (list, tuple)) else (value,)
    texts = [text for text in values if isinstance(text, str)]
    if not isinstance(name, str) or len(texts) < len(values):
        raise TypeError(f"Request headers must be text: {name!r}: {value!r}")
    return texts
