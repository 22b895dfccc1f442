"""Escaping of text from a peer."""

from __future__ import annotations

from unicodedata import category


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
