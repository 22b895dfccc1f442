"""Makes a Markdown table of the Autobahn test suite's reports.

python compliance/summarize.py index.json [index.json ...]

Under the table it names the cases that are not OK. The exit status is 1 if any is neither OK nor
INFORMATIONAL, in what it received or in how it was closed, or if a case is missing.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

# The suite's report on a case, the reports by case number, and an agent's name with its reports.
Result = dict[str, str]
Results = dict[str, Result]
Agent = tuple[str, Results]

# Of each section of the suite: its number, its name and how many cases it has.
SECTIONS = [
    ("1", "Framing", 16),
    ("2", "Pings and pongs", 11),
    ("3", "Reserved bits", 7),
    ("4", "Opcodes", 10),
    ("5", "Fragmentation", 20),
    ("6", "UTF-8", 145),
    ("7", "Closing", 37),
    ("9", "Limits and performance", 54),
    ("10", "Automatic fragmentation", 1),
    ("12", "Compression, by payload", 90),
    ("13", "Compression, by parameters", 126),
]

TOTAL = sum(cases for _, _, cases in SECTIONS)

GOOD = ("OK", "INFORMATIONAL")


def verdict(result: Result) -> str:
    """The verdict on a case's behavior, or on its closing if only the closing was wrong."""
    behavior, close = result["behavior"], result["behaviorClose"]
    return f"{close} in closing" if behavior in GOOD and close not in GOOD else behavior


def by_verdict(results: Results) -> dict[str, list[str]]:
    """The numbers of the cases of each verdict, OK first."""
    groups: dict[str, list[str]] = defaultdict(list)
    for case in sorted(results, key=lambda case: [int(part) for part in case.split(".")]):
        groups[verdict(results[case])].append(case)
    return {name: groups[name] for name in sorted(groups, key=lambda name: (name != "OK", name))}


def cell(results: Results, expected: int) -> str:
    counts = [f"{len(cases)} {name}" for name, cases in by_verdict(results).items()]
    missing = expected - len(results)
    return ", ".join(counts + [f"{missing} missing"] * (missing != 0))


def table(agents: list[Agent]) -> Iterator[list[str | int]]:
    yield ["section", "cases", *(name for name, _ in agents)]
    yield ["---", "---:", *("---" for _ in agents)]
    for number, name, expected in SECTIONS:
        sections = [
            {case: results[case] for case in results if case.split(".")[0] == number}
            for _, results in agents
        ]
        yield [f"{number} {name}", expected, *(cell(section, expected) for section in sections)]
    yield ["all", TOTAL, *(cell(results, TOTAL) for _, results in agents)]


def main(paths: Iterable[str]) -> int:
    agents: list[Agent] = [
        agent for path in paths for agent in json.loads(Path(path).read_text()).items()
    ]

    for row in table(agents):
        print("|", " | ".join(map(str, row)), "|")

    print()
    for agent, results in agents:
        for name, cases in by_verdict(results).items():
            if name != "OK":
                print(f"- {agent}, {name}:", ", ".join(cases))

    complete = all(len(results) == TOTAL for _, results in agents)
    good = all(verdict(result) in GOOD for _, results in agents for result in results.values())
    return 0 if agents and complete and good else 1


sys.exit(main(sys.argv[1:]))
