"""Compares the traces of the two runners, scenario by scenario.

The order of the events of each actor is compared, with what each call returned or raised. Not
compared: the order between actors, the boundaries of chunks between two other events, how often
`drain` comes (only that it does not come after `end()`), and how much of a large write arrives
before its writer is destroyed.
"""

from __future__ import annotations

import json
import re
from typing import Any

Entry = list[Any]
Traces = dict[str, Any]

# More than the kernel's buffers are guaranteed to hold.
LARGE = 60000

# As much, in the report of raw_peer.py on a socket: `200000 eof -`.
LARGE_COUNT = re.compile(r"^([6-9]\d{4}|\d{6,})")

# Exceptions of the caller: Node has more codes for them than Python has classes.
BAD_ARGUMENTS = {
    "ERR_SOCKET_BAD_PORT",
    "ERR_INVALID_ARG_TYPE",
    "ERR_INVALID_ARG_VALUE",
    "ERR_INVALID_IP_ADDRESS",
    "ERR_MISSING_ARGS",
    "ERR_OUT_OF_RANGE",
    "ERR_UNKNOWN_ENCODING",
    "ConfigurationError",
}


def normal(result: dict[str, Any], cut: bool) -> Traces:
    """A trace without the entries whose order depends on the network."""
    traces: Traces = {actor: _merged(entries) for actor, entries in result["trace"].items()}
    if cut:
        for entries in traces.values():
            for entry in entries:
                if entry[0] == "data" and entry[1] > LARGE:
                    entry[1] = "many"
                elif entry[0] == "stat":
                    entry[1] = LARGE_COUNT.sub("many", entry[1])
    traces["content"] = [
        [actor, *(["many"] if cut and content[0] > LARGE else content)]
        for actor, content in sorted(result["contents"].items())
    ]
    traces["final"] = sorted(map(list, result["final"].items()))
    return {actor: entries for actor, entries in traces.items() if entries}


def _merged(entries: list[Entry]) -> list[Entry]:
    kept: list[Entry] = []
    for original in entries:
        entry = list(original)
        if entry[:2] == ["ev", "drain"]:
            if not entry[3].endswith("w"):
                continue
            entry = ["ev", "drain", "when not writable"]
        elif entry[0] == "ret" and entry[1].startswith("write"):
            continue
        elif entry[0] == "throw" and entry[2] in BAD_ARGUMENTS:
            entry[2] = "bad argument"
        if entry[0] == "data":
            # Chunks between two other events become one, at the position of the first.
            index = len(kept)
            while index and kept[index - 1][0] not in ("ev", "data"):
                index -= 1
            if index and kept[index - 1][0] == "data":
                kept[index - 1][1] += entry[1]
                continue
        kept.append(entry)
    return kept


def is_cut(scenario: dict[str, Any]) -> bool:
    """True if a writer may be destroyed before everything has arrived."""
    text = json.dumps(scenario)
    return any(
        word in text for word in ('"destroy', '"rst"', '"close"]', "resetAndDestroy", "destroySoon")
    )


def difference(scenario: dict[str, Any], node: dict[str, Any], port: dict[str, Any]) -> str | None:
    """The first difference of a scenario, numbers left out; `None` if there is none."""
    cut = is_cut(scenario)
    theirs, ours = normal(node, cut), normal(port, cut)
    actors = sorted({*theirs, *ours}, key=lambda actor: actor in ("content", "final"))
    for actor in actors:
        left, right = theirs.get(actor, []), ours.get(actor, [])
        if left == right:
            continue
        index = 0
        while index < min(len(left), len(right)) and left[index] == right[index]:
            index += 1
        before = _words(left, index - 1) if index else "start"
        kind = re.sub(r"\d", "", actor)
        text = f"after «{before}» Node «{_words(left, index)}», port «{_words(right, index)}»"
        return f"{kind}: " + re.sub(r"\d+", "N", text)
    return None


def _words(entries: list[Entry], index: int) -> str:
    return " ".join(map(str, entries[index])) if index < len(entries) else "nothing"


def shown(node: dict[str, Any], port: dict[str, Any]) -> str:
    """Both traces, actor by actor."""
    lines = []
    for actor in sorted({*node["trace"], *port["trace"]}):
        for half, result in (("node", node), ("port", port)):
            entries = result["trace"].get(actor, [])
            line = " | ".join(
                " ".join(str(part) for part in entry if part != "") for entry in entries
            )
            lines.append(f"    {actor} {half}: {line[:700]}")
    return "\n".join(lines)
