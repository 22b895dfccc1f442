"""JSON, indented."""

from __future__ import annotations

import json
import re
from typing import NoReturn

INDENT = "  "
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+')


def indented(text: str) -> list[str] | None:
    """The lines of a JSON object or list; `None` for other text.

    Strings and numbers stay as they are written: the precision of numbers and the order of members,
    repeated ones included, are those of the sender.
    """
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None

    lines, depth, previous = [""], 0, ""
    for token in TOKEN.findall(text):
        if token in ("]", "}"):
            depth -= 1
        is_empty = previous + token in ("[]", "{}")
        if (previous in ("[", "{", ",") or token in ("]", "}")) and not is_empty:
            lines.append(INDENT * depth)
        lines[-1] += ": " if token == ":" else token
        if token in ("[", "{"):
            depth += 1
        previous = token
    return lines


def _refuse(constant: str) -> NoReturn:
    """Python reads `NaN` and `Infinity`, which JSON does not have (RFC 8259 6)."""
    raise ValueError(constant)
