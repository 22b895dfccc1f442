"""The grammar of the Sec-WebSocket-Extensions header (RFC 6455 9.1).

extension-list  = 1#extension
extension       = token *( ";" extension-param )
extension-param = token [ "=" ( token / quoted-string ) ]
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypedDict

from ..errors import ProtocolError
from ..payload import decimal_text
from ..spelling import node_name

Value = bool | int | float | str
Params = Mapping[str, Value | list[Value]]

TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
QUOTED = r'"(?:\\[\x00-\x7f]|[^\x00-\x08\x0a-\x1f\x7f"\\])*"'
SPACE = r"[ \t]*(?:\r\n[ \t]+)*"

# Each element is matched where the one before it ended: a header costs what its length does.
NAME = re.compile(TOKEN)
PARAM = re.compile(f"{SPACE};{SPACE}({TOKEN})(?:{SPACE}={SPACE}(?:({TOKEN})|({QUOTED})))?")
COMMA = re.compile(f"{SPACE},{SPACE}")

Elements = tuple[tuple[str, tuple[tuple[str, Any], ...]], ...]

# How long a header is whose elements are kept for the next that is the same: Chromium's has 42.
LONGEST_REMEMBERED = 128

NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
ESCAPE = re.compile(r"\\")
NOT_TOKEN = re.compile(r"[^!#$%&'*+\-.^_`|~0-9A-Za-z]")


class Offer(TypedDict):
    """One extension that a header names, and the parameters it gives it."""

    name: str
    params: dict[str, Any]


class Offers:
    """The extensions of a header, in its order."""

    def __init__(self) -> None:
        self._by_name: dict[str, list[dict[str, Any]]] = {}
        self._in_order: list[Offer] = []

    def push(self, name: str, params: dict[str, Any]) -> None:
        """Adds one at the end."""
        self._by_name.setdefault(name, []).append(params)
        self._in_order.append({"name": name, "params": params})

    def each_offer(self, callback: Callable[[str, dict[str, Any]], Any]) -> None:
        """Calls `callback(name, params)` for each."""
        for offer in self._in_order:
            callback(offer["name"], offer["params"])

    def by_name(self, name: str) -> list[dict[str, Any]]:
        """The parameters of each one called `name`."""
        return self._by_name.get(name, [])

    def to_array(self) -> list[Offer]:
        """All of them, as dictionaries with `name` and `params`."""
        return list(self._in_order)

    eachOffer = node_name(each_offer)
    byName = node_name(by_name)
    toArray = node_name(to_array)


class Parser:
    """Headers into offers and back."""

    @staticmethod
    def parse_header(header: str | None, max_params: int | None = None) -> Offers:
        """The extensions that `header` names; none for an empty or missing one.

        A parameter without a value is `True`, one that looks like a number is one, and one that
        comes several times is a list. Raises `ProtocolError` for a header that breaks the grammar,
        and for one with more than `max_params` parameters.
        """
        offers = Offers()
        for name, params in parse_elements(header or "", max_params):
            offers.push(name, {key: _copy(value) for key, value in params})
        return offers

    @staticmethod
    def serialize_params(name: str, params: Params) -> str:
        """The element of a header that gives the extension `name` the parameters `params`."""
        values = [name]
        for key, value in params.items():
            for item in value if isinstance(value, (list, tuple)) else [value]:
                values.append(_serialize(key, item))
        return "; ".join(values)

    parseHeader = node_name(parse_header)
    serializeParams = node_name(serialize_params)


def parse_elements(header: str, max_params: int | None) -> Elements:
    """What `Parser.parse_header` makes of `header`, as tuples that are not to be changed."""
    # Browsers send the same few headers again and again.
    parse = _parse_elements if len(header) <= LONGEST_REMEMBERED else _parse_elements.__wrapped__
    return parse(header, max_params)


@lru_cache
def _parse_elements(header: str, max_params: int | None) -> Elements:
    elements: list[tuple[str, tuple[tuple[str, Any], ...]]] = []
    position = count = 0

    while header:
        name = NAME.match(header, position)
        if name is None:
            break
        position = name.end()

        params: dict[str, Any] = {}
        while param := PARAM.match(header, position):
            position = param.end()
            count += 1
            if max_params is not None and count > max_params:
                raise ProtocolError("Too many parameters in the Sec-WebSocket-Extensions header")
            _add(params, *param.groups())
        elements.append((name[0], tuple(params.items())))

        if position == len(header):
            return tuple(elements)
        comma = COMMA.match(header, position)
        if comma is None:
            break
        position = comma.end()
    else:
        return ()

    raise ProtocolError(f"Invalid Sec-WebSocket-Extensions header: {header}")


def _copy(value: Value) -> Value:
    return list(value) if isinstance(value, list) else value


# The original's module is the parser itself.
parse_header = parseHeader = Parser.parse_header
serialize_params = serializeParams = Parser.serialize_params


def _add(params: dict[str, Any], key: str, token: str | None, quoted: str | None) -> None:
    value: Any = True
    if token is not None:
        value = token
    elif quoted is not None:
        value = ESCAPE.sub("", quoted[1:-1])

    if isinstance(value, str) and NUMBER.fullmatch(value):
        number = float(value)
        value = int(number) if number.is_integer() and abs(number) < 2**53 else number

    if key not in params:
        params[key] = value
    elif isinstance(params[key], list):
        params[key].append(value)
    else:
        params[key] = [params[key], value]


def _serialize(key: str, value: Value) -> str:
    if value is True:
        return key
    if isinstance(value, (int, float)):
        return f"{key}={decimal_text(value)}"
    if NOT_TOKEN.search(value):
        return '{}="{}"'.format(key, value.replace('"', '\\"'))
    return f"{key}={value}"
