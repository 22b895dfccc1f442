"""The header lines of a handshake."""

from __future__ import annotations

import re
from typing import Any

from ..errors import ConfigurationError
from ..payload import decimal_text

# RFC 9110 5.6.2
TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")

# What would end a header line, or the string in a peer written in C, or has no encoding.
UNSAFE = re.compile(r"[\r\n\0\ud800-\udfff]")

# RFC 9112 3.2: a name or an address, and a port.
HOST = re.compile(r"(?:[\w\-.~%!$&'()*+,;=]*|\[[\w\-.~:%]*\])(?::[0-9]*)?", re.ASCII)


def tokens(value: str) -> list[str]:
    """The elements of a header that lists tokens, in lower case (RFC 9110 5.6.1)."""
    value = value.lower()
    if "," not in value:
        return [value.strip(" \t")]
    return [token.strip(" \t") for token in value.split(",")]


def is_host(value: str) -> bool:
    """True if `value` may be that of a Host header. Two of them, joined by `, `, are none.

    With a slash or a question mark in it, it would be the path of the URL that is made of it.
    """
    if value.isascii() and value.replace(".", "").isalnum():
        return True  # the usual ones, in a fourth of the time
    return HOST.fullmatch(value) is not None


class Headers:
    """Header lines in the order in which they were set. The first value of a name is kept."""

    ALLOWED_DUPLICATES = ("set-cookie", "set-cookie2", "warning", "www-authenticate")

    __slots__ = ("_lines",)

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Drops all lines."""
        # By lower-case names, or by numbers where a name may be repeated.
        self._lines: dict[str | int, str] = {}

    def set(self, name: str, value: Any) -> bool:
        """Adds a line; false if `value` is `None`, or `name` is set and may not be repeated.

        Spaces around either are stripped. Raises `ConfigurationError` for a name that is not a
        token (RFC 9110 5.6.2) and for CR, LF or NUL in a value, `TypeError` if the name is not text
        or the value neither text nor a number.
        """
        if value is None:
            return False

        name, value = self.validate(name, value)
        key: str | int = name.lower()
        if key in self.ALLOWED_DUPLICATES:
            key = len(self._lines)
        elif key in self._lines:
            return False
        self._lines[key] = f"{name}: {value}\r\n"
        return True

    def replace(self, name: str, value: Any) -> bool:
        """The same as `set`, in place of the line that `name` has, if it has one."""
        if value is None:
            return False
        name, value = self.validate(name, value)
        self._lines[name.lower()] = f"{name}: {value}\r\n"
        return True

    def set_known(self, key: str, line: str) -> None:
        """Like `set`, for a whole line that the driver built itself; not validated.

        `key` is its name in lower case.
        """
        self._lines.setdefault(key, line)

    @staticmethod
    def validate(name: Any, value: Any) -> tuple[str, str]:
        """The name and value of a line as they are sent. Raises what `set` raises."""
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            value = decimal_text(value)
        if not isinstance(name, str) or not isinstance(value, str):
            raise TypeError(f"Header name and value must be text: {name!r}: {value!r}")

        name, value = name.strip(" "), value.strip(" ")

        if not TOKEN.fullmatch(name):
            raise ConfigurationError(f"Header name must be a token, not {name!r}")
        if UNSAFE.search(value):
            raise ConfigurationError(f"Header value must be one line without NUL, not {value!r}")

        return name, value

    def __str__(self) -> str:
        return "".join(self._lines.values())
