"""The mutants that change nothing a user can observe, each with the reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypedDict

from .folder import Mutant

LIST = Path(__file__).with_name("survivors.json")
ANYWHERE = "*"


class Entry(TypedDict):
    """Lines of code, the same lines in the mutants that survive, and the reason why they may."""

    before: str
    after: list[str]
    reason: str


def reason(mutant: Mutant) -> str | None:
    """Returns the reason why a mutant changes nothing, or `None` if it is not listed."""
    entries: dict[str, list[Entry]] = json.loads(LIST.read_text(encoding="utf-8"))
    for entry in entries.get(mutant.file, ()):
        if mutant.before == entry["before"] and mutant.after in entry["after"]:
            return entry["reason"]
    for entry in entries[ANYWHERE]:
        for after in entry["after"]:
            same = mutant.after.replace(entry["before"], after)
            if mutant.before.replace(entry["before"], after) == same:
                return entry["reason"]
    return None
