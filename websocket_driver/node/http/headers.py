"""Header fields: those of a request as Node folds them, and those of a response."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, overload

from ...grammar import TOKEN
from ...payload import decimal_text
from ..errors import NodeError, invalid_argument, make_error

# The accepted values of a header.
HeaderValue = str | int | float | Sequence[str | int | float]

# These may occur only once (RFC 9110 5.3); if they are repeated, Node keeps the first.
FIRST_ONLY = frozenset(
    (
        *("age", "authorization", "content-length", "content-type", "etag", "expires", "from"),
        *("host", "if-modified-since", "if-unmodified-since", "last-modified", "location"),
        *("max-forwards", "proxy-authorization", "referer", "retry-after", "server", "user-agent"),
    )
)

# RFC 9110 5.5: visible characters, spaces, tabs, and bytes that are sent as Latin-1.
NOT_FIELD_CONTENT = re.compile(r"[^\t\x20-\x7e\x80-\xff]")

if TYPE_CHECKING:

    class IncomingHeaders(dict[str, str]):
        """The headers of a request, by lower-case names: text, but a list for `set-cookie`."""

        @overload
        def __getitem__(  # type: ignore[overload-overlap]
            self, name: Literal["set-cookie"], /
        ) -> list[str]: ...
        @overload
        def __getitem__(self, name: str, /) -> str: ...
        def __getitem__(self, name: str, /) -> str | list[str]: ...
        @overload  # type: ignore[override]
        def get(  # type: ignore[overload-overlap]
            self, name: Literal["set-cookie"], default: None = None, /
        ) -> list[str] | None: ...
        @overload
        def get(self, name: str, default: None = None, /) -> str | None: ...
        @overload
        def get(self, name: str, default: str, /) -> str: ...
        def get(  # pyright: ignore[reportIncompatibleMethodOverride]
            self, name: str, default: str | None = None, /
        ) -> str | list[str] | None:
            """As in `dict`."""

else:
    IncomingHeaders = dict


def pairs(raw: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The names and values of a flat list."""
    fields = iter(raw)
    return zip(fields, fields, strict=True)


def folded(raw: Sequence[str], *, join_duplicates: bool = False) -> IncomingHeaders:
    """Node's `headers`: one value for each name in lower case.

    `set-cookie` is a list, `cookie` joined by `; `, of `content-type` and its like the first is
    kept, unless `join_duplicates`, and others are joined by `, `.
    """
    headers: dict[str, str | list[str]] = {}
    for name, value in pairs(raw):
        key = name.lower()
        known = headers.get(key)
        if key == "set-cookie":
            headers[key] = [*(known or ()), value]
        elif known is None:
            headers[key] = value
        elif key == "cookie":
            headers[key] = f"{known}; {value}"
        elif join_duplicates or key not in FIRST_ONLY:
            headers[key] = f"{known}, {value}"
    return headers  # type: ignore[return-value]


def distinct(raw: Sequence[str]) -> dict[str, list[str]]:
    """Node's `headersDistinct`: all values of each name in lower case."""
    headers: dict[str, list[str]] = {}
    for name, value in pairs(raw):
        headers.setdefault(name.lower(), []).append(value)
    return headers


def validate_header_name(name: object, label: str = "Header name") -> str:
    """Returns `name`. Raises `ERR_INVALID_HTTP_TOKEN` if it is not a token (RFC 9110 5.6.2)."""
    if isinstance(name, str) and TOKEN.fullmatch(name):
        return name
    raise make_error(
        ValueError if isinstance(name, str) else TypeError,
        "ERR_INVALID_HTTP_TOKEN",
        f'{label} must be a valid HTTP token ["{name}"]',
    )


def validate_header_value(name: str, value: object) -> None:
    """Raises `ERR_HTTP_INVALID_HEADER_VALUE` for anything but text, numbers and lists of them, and
    `ERR_INVALID_CHAR` for text with line breaks, control characters or others above U+00FF."""
    field_lines(name, value)


def field_lines(name: str, value: object) -> list[str]:
    """The values of the lines that `value` is sent as. Raises as `validate_header_value` does."""
    if isinstance(value, (list, tuple)):
        return [_field_line(name, item) for item in value]
    return [_field_line(name, value)]


def _field_line(name: str, value: object) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return decimal_text(value)
    if not isinstance(value, str):
        shown = "undefined" if value is None else repr(value)
        raise make_error(
            TypeError,
            "ERR_HTTP_INVALID_HEADER_VALUE",
            f'Invalid value "{shown}" for header "{name}"',
        )
    if NOT_FIELD_CONTENT.search(value):
        raise invalid_character("header content", name)
    return value


def invalid_character(where: str, field: str | None = None) -> NodeError:
    """`ERR_INVALID_CHAR`."""
    named = f' ["{field}"]' if field is not None else ""
    return make_error(ValueError, "ERR_INVALID_CHAR", f"Invalid character in {where}{named}")


class OutgoingHeaders:
    """The headers that are set on a response, in order; names are compared without case."""

    __slots__ = ("_fields",)

    def __init__(self) -> None:
        self._fields: dict[str, tuple[str, HeaderValue]] = {}

    def set(self, name: str, value: HeaderValue) -> None:
        """Sets a header; one that was set keeps its place."""
        validate_header_name(name)
        validate_header_value(name, value)
        self._fields[name.lower()] = (name, value)

    def append(self, name: str, value: HeaderValue) -> None:
        """Adds a value to those that the header has."""
        validate_header_name(name)
        validate_header_value(name, value)
        known = self._fields.get(name.lower())
        if known is None:
            self._fields[name.lower()] = (name, value)
        else:
            self._fields[name.lower()] = (known[0], [*_listed(known[1]), *_listed(value)])

    def get(self, name: str) -> HeaderValue | None:
        """The value as it was set, or `None`."""
        found = self._fields.get(header_key(name))
        return found[1] if found is not None else None

    def remove(self, name: str) -> None:
        """Removes a header, if it is set."""
        self._fields.pop(header_key(name), None)

    def __contains__(self, name: str) -> bool:
        return header_key(name) in self._fields

    def __bool__(self) -> bool:
        return bool(self._fields)

    def names(self) -> list[str]:
        """The names in lower case."""
        return list(self._fields)

    def raw_names(self) -> list[str]:
        """The names as they were set."""
        return [name for name, _ in self._fields.values()]

    def values(self) -> dict[str, HeaderValue]:
        """The values by names in lower case."""
        return {key: value for key, (_, value) in self._fields.items()}

    def __iter__(self) -> Iterator[tuple[str, HeaderValue]]:
        return iter(self._fields.values())


def header_key(name: object) -> str:
    """`name` in lower case. Raises `ERR_INVALID_ARG_TYPE` if it is not a string."""
    if not isinstance(name, str):
        raise invalid_argument("name", "a string", name)
    return name.lower()


def _listed(value: HeaderValue) -> Sequence[str | int | float]:
    return [value] if isinstance(value, (str, int, float)) else value


def given_fields(headers: object) -> Iterable[tuple[str, HeaderValue]]:
    """The fields that a caller gave as a mapping, a flat list of names and values, or a list of
    pairs. Raises `ERR_INVALID_ARG_VALUE` or `ERR_INVALID_ARG_TYPE` for anything else."""
    if isinstance(headers, Mapping):
        return list(headers.items())
    if not isinstance(headers, (list, tuple)):
        raise invalid_argument("headers", "a mapping or a list", headers)
    if headers and all(isinstance(pair, (list, tuple)) for pair in headers):
        return [(name, value) for name, value in headers]
    if len(headers) % 2:
        raise make_error(
            TypeError,
            "ERR_INVALID_ARG_VALUE",
            f"The argument 'headers' is invalid. Received {headers!r:.64}",
        )
    return list(zip(headers[::2], headers[1::2], strict=True))


validateHeaderName = validate_header_name
validateHeaderValue = validate_header_value
