"""Runs the same scenarios on Node's `net` and `tls` and on `websocket_driver.node`, and compares.

    python -m spec.node.parity.parity --count 1500 --seed 1

It needs Node. All fixed scenarios run, and COUNT random ones. Scenarios that differ run a second
time, slowly, and only those that differ again count. The exit status is 1 if two traces differ in a
way that allowed.py does not list.

A scenario has `steps`, lists of calls that are made without a pause; the next list follows when
nothing has happened for some time. A call is `[actor, operation, ...]`; actors are `server`, the
client sockets `c0`, `c1`, the server's `s0`, `s1` in the order of their connections, `c0t` (a
client after STARTTLS), and the bare sockets `r0`, `r1` of raw_peer.py. `on` has calls that are made
inside a listener (`at`: `actor:event`). `["!", ""]` raises, and `["tick", call]` makes a call in an
immediate. `listen` of `server` and `clients` lists the events that have listeners.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from spec.node.parity import compare, fixed_scenarios, random_scenarios
from spec.node.parity.allowed import CAUSES
from spec.wires import make_certificate

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent

Results = dict[str, dict[str, Any]]

# How long nothing has to happen for a step to be over, in milliseconds, and how many scenarios run
# at a time: at first, and for what differed.
FIRST = (30, 12)
AGAIN = (120, 3)


class Halves:
    """Node and this package, which run scenarios at the same time."""

    def __init__(self, folder: Path, loop: str) -> None:
        self.folder = folder
        self.loop = loop
        self.certificate = make_certificate(folder)

    def run(
        self, name: str, scenarios: list[Any], quiet: int, jobs: int
    ) -> tuple[Results, Results]:
        source = self.folder / f"{name}.scenarios"
        source.write_text("".join(json.dumps(scenario) + "\n" for scenario in scenarios))
        raw = json.dumps([sys.executable, str(HERE / "raw_peer.py")])
        node, port = self.folder / f"{name}.node", self.folder / f"{name}.port"
        timing = [str(quiet), str(jobs)]
        processes = [
            subprocess.Popen(
                ["node", HERE / "node_runner.js", source, node, self.certificate, raw, *timing]
            ),
            subprocess.Popen(
                [
                    sys.executable,
                    HERE / "port_runner.py",
                    source,
                    port,
                    self.certificate,
                    *timing,
                    self.loop,
                ],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            ),
        ]
        for process in processes:
            if process.wait():
                raise SystemExit(f"a runner failed: {process.args!r}")
        return self.read(node), self.read(port)

    @staticmethod
    def read(path: Path) -> Results:
        results = [json.loads(line) for line in path.read_text().splitlines()]
        return {result["id"]: result for result in results}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=1500, help="random scenarios")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--loop", choices=["asyncio", "uvloop"], default="asyncio")
    parser.add_argument("--only", help="scenarios whose id contains this")
    parser.add_argument("--show", type=int, default=2, help="examples of each difference")
    parser.add_argument("--allowed", action="store_true", help="show what is allowed too")
    options = parser.parse_args()

    scenarios = [
        *fixed_scenarios.scenarios(),
        *random_scenarios.scenarios(options.seed, options.count),
    ]
    if options.only:
        scenarios = [scenario for scenario in scenarios if options.only in scenario["id"]]

    with tempfile.TemporaryDirectory() as folder:
        halves = Halves(Path(folder), options.loop)
        node, port = halves.run("first", scenarios, *FIRST)
        differing = [s for s in scenarios if compare.difference(s, node[s["id"]], port[s["id"]])]
        if differing:
            for results, again in zip(
                (node, port), halves.run("again", differing, *AGAIN), strict=True
            ):
                results.update(again)
    raise SystemExit(report(scenarios, node, port, options.show, options.allowed))


def report(
    scenarios: list[Any], node: Results, port: Results, show: int, show_allowed: bool
) -> bool:
    """Prints the differences. Returns true if one is not allowed."""
    allowed: Counter[str] = Counter()
    found: dict[str, list[Any]] = {}
    for scenario in scenarios:
        id = scenario["id"]
        text = compare.difference(scenario, node[id], port[id])
        if text is None:
            continue
        cause = next((c for c in CAUSES if c.explains(text, scenario)), None)
        if cause is not None:
            allowed[cause.name] += 1
            if show_allowed:
                print(f"({cause.name}) {text}\n  {json.dumps(scenario)}")
                print(compare.shown(node[id], port[id]))
        else:
            found.setdefault(text, []).append(scenario)

    for text, examples in sorted(found.items(), key=lambda item: -len(item[1])):
        print(f"[{len(examples)}] {text}")
        for scenario in examples[:show]:
            print(f"  {json.dumps(scenario)}")
            print(compare.shown(node[scenario["id"]], port[scenario["id"]]))
    for name, number in allowed.most_common():
        print(f"allowed [{number}] {name}")
    differing = sum(map(len, found.values()))
    agreeing = len(scenarios) - differing - allowed.total()
    print(
        f"{len(scenarios)} scenarios: {agreeing} agree, {allowed.total()} differ as allowed, "
        f"{differing} differ"
    )
    return bool(differing)


if __name__ == "__main__":
    main()
