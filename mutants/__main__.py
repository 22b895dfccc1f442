"""Runs the specs on mutants of the package, and lists those that survive without a reason."""

from __future__ import annotations

import argparse
import os
import random
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter

from . import functions, tables
from .folder import Mutant, prepare
from .modules import MODULES
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
        chosen: dict[str, list[str]] | None = None
        if options.sample:
            found = pool.map(lambda name: names(name, folders[name]), modules)
            chosen = sample(dict(zip(modules, found, strict=True)), options.sample)

        def run(name: str) -> list[Mutant]:
            return test(name, folders[name], None if chosen is None else chosen[name], options.jobs)

        results = [*pool.map(run, modules if chosen is None else chosen)]

    mutants = [mutant for result in results for mutant in result]
    killed = sum(mutant.killed for mutant in mutants) / len(mutants)
    print(f"{len(mutants)} mutants, {killed:.1%} killed")
    if any(not mutant.killed and reason(mutant) is None for mutant in mutants):
        sys.exit("Write a spec for each mutant above, or give a reason in mutants/survivors.json")
    if not options.sample and not options.modules and killed < LEAST_KILLED:
        sys.exit(f"Less than {LEAST_KILLED:.0%} are killed")


def names(name: str, folder: Path) -> list[str]:
    """The names of all mutants of a module."""
    module = MODULES[name]
    found = functions.names(folder) if module.functions else []
    return [*found, *tables.make(folder)] if module.tables else found


def sample(mutants: dict[str, list[str]], count: int) -> dict[str, list[str]]:
    """Chooses mutants by module, the same ones as long as the code is the same."""
    population = [(module, name) for module, found in mutants.items() for name in found]
    chosen: dict[str, list[str]] = {}
    for module, name in random.Random(SEED).sample(population, min(count, len(population))):
        chosen.setdefault(module, []).append(name)
    return chosen


def test(name: str, folder: Path, chosen: list[str] | None, jobs: int) -> list[Mutant]:
    """Tests all mutants of one module, or those that were chosen, and prints the result."""
    began, module = perf_counter(), MODULES[name]
    mutants: list[Mutant] = []
    if module.tables:
        mutants += tables.test(folder, module, chosen)
    if module.functions:
        mutants += functions.test(folder, chosen, jobs)

    killed = sum(mutant.killed for mutant in mutants)
    unexplained = [mutant for mutant in mutants if not mutant.killed and reason(mutant) is None]
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
