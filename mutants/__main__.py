"""Runs the specs on mutants of the package, and lists those that survive without a reason."""

from __future__ import annotations

import argparse
import os
import random
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter

from .modules import MODULES
from .run import Mutant, names, prepare, run
from .survivors import reason

SEED = 1
LEAST_KILLED = 0.95


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=", ".join(MODULES))
    parser.add_argument("--sample", type=int, metavar="COUNT", help="test only so many mutants")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    modules = options.modules or [*MODULES]
    if not {*modules} <= {*MODULES}:
        parser.error(f"the modules are {', '.join(MODULES)}")

    with ThreadPoolExecutor(options.jobs) as pool:
        folders = {name: prepare(name, MODULES[name]) for name in modules}
        chosen = {name: list[str]() for name in modules}
        if options.sample:
            chosen = sample(
                dict(zip(modules, pool.map(names, folders.values()), strict=True)), options.sample
            )
        results = [
            *pool.map(lambda name: test(name, folders[name], chosen[name], options.jobs), chosen)
        ]

    mutants = [mutant for result in results for mutant in result]
    killed = sum(mutant.killed for mutant in mutants) / len(mutants)
    print(f"{len(mutants)} mutants, {killed:.1%} killed")
    if any(not mutant.killed and reason(mutant) is None for mutant in mutants):
        sys.exit("Write a spec for each mutant above, or give a reason in mutants/survivors.json")
    if not options.sample and not options.modules and killed < LEAST_KILLED:
        sys.exit(f"Less than {LEAST_KILLED:.0%} are killed")


def sample(mutants: dict[str, list[str]], count: int) -> dict[str, list[str]]:
    """Chooses mutants by module, the same ones as long as the code is the same."""
    population = [(module, name) for module, found in mutants.items() for name in found]
    chosen: dict[str, list[str]] = {}
    for module, name in random.Random(SEED).sample(population, min(count, len(population))):
        chosen.setdefault(module, []).append(name)
    return chosen


def test(name: str, folder: Path, chosen: list[str], jobs: int) -> list[Mutant]:
    """Tests mutants of one module, and prints what came of it."""
    began = perf_counter()
    mutants = run(folder, chosen, jobs)
    killed = sum(mutant.killed for mutant in mutants)
    unexplained = [m for m in mutants if not m.killed and reason(m) is None]
    lines = [
        f"{name}: {len(mutants)} mutants, {killed} killed ({killed / len(mutants):.1%}), "
        f"{len(mutants) - killed - len(unexplained)} survive with a reason, "
        f"{len(unexplained)} without, {perf_counter() - began:.0f} s"
    ]
    for mutant in unexplained:
        before = mutant.before.replace("\n", "\n  - ")
        after = mutant.after.replace("\n", "\n  + ")
        lines.append(f"{mutant.file} ({mutant.name})\n  - {before}\n  + {after}")
    print("\n".join(lines), flush=True)
    return mutants


if __name__ == "__main__":
    main()
