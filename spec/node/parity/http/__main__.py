"""Plays scenarios on Node's `http` and on this one, and compares the events at both ends.

    python -m spec.node.parity.http [--seed 1] [--random 1000] [--only TEXT]

Scenarios that differ are played again, alone. The exit status is 1 if one differs again that
allowed.py does not explain, or if allowed.py explains one that does not differ.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections import Counter
from typing import Any

from spec.node.parity.http.allowed import ALLOWED, random_reason_for, reason_for
from spec.node.parity.http.play import Node, Scenario, play_all
from spec.node.parity.http.random_scenarios import random_scenarios
from spec.node.parity.http.replay import Here
from spec.node.parity.http.scenarios import make

# The errors whose texts are compared too.
TEXTS = (
    "ERR_HTTP_HEADERS_SENT",
    "ERR_INVALID_CHAR",
    "ERR_INVALID_HTTP_TOKEN",
    "ERR_HTTP_INVALID_STATUS_CODE",
)

AT_A_TIME = 12


def comparable(result: Any) -> Any:
    """A result without the parts that are not compared: other texts, and missing errors of
    callbacks."""
    result = json.loads(json.dumps(result))
    log = []
    for entry in result["server"]:
        if entry[1:2] == ["threw"] and entry[2] not in TEXTS:
            entry = entry[:3]
        elif entry[1:2] == ["called"]:
            entry = [part for part in entry if part is not None]
        log.append(entry)
    return {"client": result["client"], "server": log}


async def both(scenarios: list[Scenario], at_a_time: int) -> list[tuple[Any, Any]]:
    """The results of Node and of this package."""
    async with Node() as node:
        there = await play_all(node, scenarios, at_a_time)
    async with Here() as here:
        ours = await play_all(here, scenarios, at_a_time)
    return [(comparable(a), comparable(b)) for a, b in zip(there, ours, strict=True)]


def first_difference(node: Any, here: Any) -> str:
    """The first place where two results differ."""
    lines = []
    for side in ("client", "server"):
        pairs = zip(node[side], here[side], strict=False)
        same = next(
            (n for n, (a, b) in enumerate(pairs) if a != b), min(len(node[side]), len(here[side]))
        )
        if node[side] != here[side]:
            for who, what in (("Node", node), ("here", here)):
                lines.append(
                    f"  {side} {same} {who}: {json.dumps(what[side][same : same + 6])[:600]}"
                )
    return "\n".join(lines)


async def main(arguments: argparse.Namespace) -> int:
    scenarios: list[Scenario] = [
        *make(),
        *random_scenarios(arguments.seed, arguments.random),
    ]
    scenarios = [s for s in scenarios if arguments.only in s["name"]]
    first = await both(scenarios, AT_A_TIME)
    suspects = [s for s, (a, b) in zip(scenarios, first, strict=True) if a != b]
    again = await both(suspects, 2)

    reasons: Counter[str] = Counter()
    unexplained = 0
    for scenario, (node, here) in zip(suspects, again, strict=True):
        if node == here:
            continue
        name = scenario["name"]
        if name.startswith("random "):
            reason = random_reason_for(scenario, node, here)
        else:
            reason = reason_for(name)
        if reason is not None:
            reasons[reason] += 1
            continue
        unexplained += 1
        print(f"{name}\n{first_difference(node, here)}")

    for reason, count in reasons.most_common():
        print(f"{count:5} allowed: {reason}")
    stale = [] if arguments.only else [reason for reason in ALLOWED if not reasons[reason]]
    for reason in stale:
        print(f"No longer different: {reason}")
    print(f"{len(scenarios)} scenarios, {sum(reasons.values())} allowed, {unexplained} differ")
    return 1 if unexplained or stale else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--random", type=int, default=1000)
    parser.add_argument("--only", default="")
    sys.exit(asyncio.run(main(parser.parse_args())))
