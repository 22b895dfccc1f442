"""The grammar of the Sec-WebSocket-Extensions header (RFC 6455 9.1).

extension-list  = 1#extension
extension       = token *( ";" extension-param )
extension-param = token [ "=" ( token / quoted-string ) ]
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, TypedDict

from ..errors import ProtocolError
from ..grammar import COMMA, NOT_TCHAR, PARAMETER, TOKEN, is_token, unquote
from ..payload import decimal_text
from ..spelling import node_name
from .interfaces import Params, Value

# Parsed elements, which must not be changed: several connections share them.
Elements = tuple[tuple[str, tuple[tuple[str, Value | list[Value]], ...]], ...]

# The longest header whose elements are cached. Chromium's has 42 characters.
LONGEST_REMEMBERED = 128

TOO_MANY = "Too many parameters in the Sec-WebSocket-Extensions header"

NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")

# The integers that JavaScript's numbers (doubles) can represent exactly.
MAX_SAFE_INTEGER = 2**53


class Offer(TypedDict):
    """One element of a header: the name of an extension and its parameters."""

    name: str
    params: Params


class Offers:
    """The extensions of a header, in its order."""

    def __init__(self) -> None:
        self._by_name: dict[str, list[Params]] = {}
        self._in_order: list[Offer] = []

    def push(self, name: str, params: Params) -> None:
        """Adds one at the end."""
        self._by_name.setdefault(name, []).append(params)
        self._in_order.append({"name": name, "params": params})

    def each_offer(self, callback: Callable[[str, Params], object]) -> None:
        """Calls `callback(name, params)` for each."""
        for offer in self._in_order:
            callback(offer["name"], offer["params"])

    def by_name(self, name: str) -> list[Params]:
        """Returns the parameters of each one called `name`."""
        return self._by_name.get(name, [])

    def to_array(self) -> list[Offer]:
        """Returns all of them, as dictionaries with `name` and `params`."""
        return list(self._in_order)

    eachOffer: Final = node_name(each_offer)
    byName: Final = node_name(by_name)
    toArray: Final = node_name(to_array)


class Parser:
    """Parses headers into offers, and serializes parameters."""

    @staticmethod
    def parse_header(
        header: str | None, max_params: int | None = None, *, ignore_empty: bool = False
    ) -> Offers:
        """Returns the extensions in `header`; none for an empty or missing one.

        A parameter without a value is `True`, one that looks like a number is a number, and a
        repeated one is a list. Raises `ProtocolError` for a header that violates the grammar, and
        for one with more than `max_params` parameters and elements without any. An empty element
        violates the grammar of RFC 6455 9.1, as in the original, unless `ignore_empty` is true: a
        recipient has to ignore it (RFC 9110 5.6.1).
        """
        offers = Offers()
        for name, params in parse_elements(header or "", max_params):
            if name:
                offers.push(name, {key: _copy(value) for key, value in params})
            elif not ignore_empty:
                raise ProtocolError(f"Invalid Sec-WebSocket-Extensions header: {header}")
        return offers

    @staticmethod
    def serialize_params(name: str, params: Mapping[str, object]) -> str:
        """Returns the header element for the extension `name` with these parameters.

        Raises `TypeError` for a value of a type that no parameter has, and `ValueError` for a name
        that is not a token.
        """
        values = [name]
        for key, value in params.items():
            for item in value if isinstance(value, (list, tuple)) else [value]:
                values.append(_serialize(key, item))
        return "; ".join(values)

    parseHeader: Final = node_name(parse_header)
    serializeParams: Final = node_name(serialize_params)


# The original's module is the parser itself.
parse_header: Final = Parser.parse_header
parseHeader = parse_header
serialize_params: Final = Parser.serialize_params
serializeParams = serialize_params


def parse_elements(header: str, max_params: int | None) -> Elements:
    """Returns the elements of `header` as tuples; the name of an empty one is empty."""
    # Browsers send only a few different headers.
    parse = _parse_elements if len(header) <= LONGEST_REMEMBERED else _parse_elements.__wrapped__
    return parse(header, max_params)


@lru_cache
def _parse_elements(header: str, max_params: int | None) -> Elements:
    elements: list[tuple[str, tuple[tuple[str, Value | list[Value]], ...]]] = []
    limit = len(header) + 1 if max_params is None else max_params
    position = count = 0

    # Each match begins where the previous one ended, so the time is linear in the length.
    while header:
        name = TOKEN.match(header, position)
        params: dict[str, Value | list[Value]] = {}
        parsed = 0
        if name:
            position = name.end()
            while param := PARAMETER.match(header, position):
                position = param.end()
                parsed += 1
                if count + parsed > limit:
                    raise ProtocolError(TOO_MANY)
                _add(params, *param.groups())
        elements.append((name[0] if name else "", tuple(params.items())))

        count += parsed or 1
        if count > limit:
            raise ProtocolError(TOO_MANY)
        if position == len(header):
            break
        comma = COMMA.match(header, position)
        if comma is None:
            raise ProtocolError(f"Invalid Sec-WebSocket-Extensions header: {header}")
        position = comma.end()

    return tuple(elements)


def _copy(value: Value | list[Value]) -> Value | list[Value]:
    return list(value) if isinstance(value, list) else value


def _add(
    params: dict[str, Value | list[Value]], key: str, token: str | None, quoted: str | None
) -> None:
    value: Value = True
    if token is not None:
        value = token
    elif quoted is not None:
        value = unquote(quoted)

    if isinstance(value, str) and NUMBER.fullmatch(value):
        number = float(value)
        value = int(number) if number.is_integer() and abs(number) < MAX_SAFE_INTEGER else number

    present = params.get(key)
    if present is None:
        params[key] = value
    elif isinstance(present, list):
        present.append(value)
    else:
        params[key] = [present, value]


def _serialize(key: str, value: object) -> str:
    if not is_token(key):
        raise ValueError(f"Extension parameter must be a token, not {key!r}")
    if value is True:
        return key
    if value is False:
        return f"{key}=false"
    if isinstance(value, (int, float)):
        return f"{key}={decimal_text(value)}"
    if not isinstance(value, str):
        raise TypeError(f"Extension parameter {key} must be True, text or a number, not {value!r}")
    if NOT_TCHAR.search(value) or not value:
        return '{}="{}"'.format(key, value.replace('"', '\\"'))
    return f"{key}={value}"
