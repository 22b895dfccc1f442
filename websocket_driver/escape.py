"""Text from a peer or a caller, as it can be shown."""

from __future__ import annotations

import re
from typing import Final
from unicodedata import category

# A header whose value is secret and is omitted. A parser may reject the line: it is logged anyway,
# so the name may be followed by anything that is not part of a token (RFC 9110 5.6.2).
SECRET: Final = re.compile(
    r"[^!-~]*((?:proxy-)?authorization|(?:set-)?cookie2?)(?![!#$%&'*+.^_`|~0-9a-z-])",
    re.IGNORECASE,
)


def escaped(text: str) -> str:
    r"""Returns `text` with the characters that could act on a terminal or hide what follows.

    Those that Unicode calls control, format, surrogate, private use, unassigned, line separator or
    paragraph separator become `\n`, `\x1b`, `\u202e` and so on. A backslash stays as it is.
    """
    return text if text.isprintable() else "".join(map(_escaped, text))


def _escaped(character: str) -> str:
    # isprintable() is false for these categories, and for the spaces (Zs) but the one of ASCII.
    if character.isprintable() or category(character) == "Zs":
        return character
    return character.encode("unicode_escape").decode("ascii")


def without_secret(line: str) -> str:
    """Returns a header line, or `NAME: ...` in its place if its value is secret."""
    secret = SECRET.match(line)
    return line if secret is None else f"{secret[1]}: ..."
