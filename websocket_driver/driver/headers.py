"""The header lines that a handshake sends."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import ConfigurationError, ProtocolError
from ..escape import without_secret
from ..grammar import TOKEN, UNSAFE
from ..payload import decimal_text

LATIN_1 = 0xFF


class Headers:
    """Header lines in the order in which they were set. The first value of a name is kept."""

    # RFC 9110 5.3: these must not be combined into one line.
    ALLOWED_DUPLICATES = ("set-cookie", "set-cookie2", "warning", "www-authenticate")

    __slots__ = ("_lines",)

    def __init__(self) -> None:
        # The keys are lower-case names, or numbers if a name may be repeated.
        self._lines: dict[str | int, str] = {}

    def clear(self) -> None:
        """Removes all lines."""
        self._lines = {}

    def set(self, name: str, value: str | int | float | None) -> bool:
        """Adds a line; returns true if it will be sent.

        It will not if `value` is `None`, or if `name` is set already and must not be repeated.
        Spaces around either are stripped, as in the original; a number is sent in decimal. Raises
        `ConfigurationError` for a name that is not a token (RFC 9110 5.6.2) and for CR, LF or NUL
        in a value (5.5), `TypeError` for a name or value of another type.
        """
        if value is None:
            return False

        name, text = self.validate(name, value)
        key: str | int = name.lower()
        if key in self.ALLOWED_DUPLICATES:
            key = len(self._lines)
        elif key in self._lines:
            return False
        self._lines[key] = f"{name}: {text}\r\n"
        return True

    def set_known(self, lines: Mapping[str | int, str]) -> None:
        """Like `set`, for whole lines that the driver built itself; not validated.

        The keys are their names in lower case.
        """
        self._lines = {**self._lines, **lines, **self._lines}

    def replace(self, name: str, value: str | int | float | None) -> bool:
        """Like `set`, but replaces the line of `name` if there is one."""
        if value is None:
            return False
        name, text = self.validate(name, value)
        self._lines[name.lower()] = f"{name}: {text}\r\n"
        return True

    def echo(self, name: str, value: str | None) -> None:
        """Adds a line with a value from the peer, which is sent byte for byte as it was received.

        Does nothing if `value` is `None` or `name` is set. Raises `ProtocolError` for a value that
        no header line can have: characters above U+00FF (received bytes are decoded as Latin-1),
        or CR, LF and NUL (RFC 9110 5.5).
        """
        if value is None:
            return
        if UNSAFE.search(value) or (value and ord(max(value)) > LATIN_1):
            raise ProtocolError("Invalid character in request header")
        # Bytes that are not UTF-8 become surrogates, which encode() turns into those bytes again.
        text = value.encode("latin-1").decode("utf-8", "surrogateescape")
        self._lines.setdefault(name.lower(), f"{name}: {text}\r\n")

    @staticmethod
    def validate(name: object, value: object) -> tuple[str, str]:
        """Returns the name and value of a line as they are sent. Raises what `set` raises."""
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            value = decimal_text(value)
        if not isinstance(name, str):
            raise TypeError(f"Header name must be text, not {type(name).__name__}")
        if not isinstance(value, str):
            raise TypeError(
                f"Value of header {name} must be text or a number, not {type(value).__name__}"
            )

        name, value = name.strip(" "), value.strip(" ")

        if not TOKEN.fullmatch(name):
            raise ConfigurationError(f"Header name must be a token, not {name!r}")
        if UNSAFE.search(value):
            line = f"{name}: {value}"
            shown = repr(value) if without_secret(line) is line else f"that of {name}"
            raise ConfigurationError(f"Header value must be one line without NUL, not {shown}")

        return name, value

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._lines

    def __str__(self) -> str:
        return "".join(self._lines.values())

    def encode(self) -> bytes:
        """Returns all lines: those that were set in UTF-8, those of `echo` as they were
        received."""
        return "".join(self._lines.values()).encode("utf-8", "surrogateescape")
