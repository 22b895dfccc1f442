"""mutmut's command line, with examples run in two stages.

    python mutants/stages.py run

Most mutants are killed by the first few examples. pytest needs longer to collect a thousand of them
than to run those: some from everywhere come first, and all others if the mutant survives these.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from mutmut.__main__ import cli
from mutmut.runners.harness import PytestRunner

FIRST = 50
Cache = type(lru_cache(str))

replaced: Any = PytestRunner
run_all = replaced.run_tests


def run_in_stages(runner: PytestRunner, *, mutant_name: str | None, tests: Iterable[str]) -> int:
    forget()
    names = sorted(tests)
    step = len(names) // FIRST or 1
    stages = [names[::step], [name for number, name in enumerate(names) if number % step]]
    for stage in stages[: 1 if step == 1 else 2]:
        status: int = run_all(runner, mutant_name=mutant_name, tests=stage)
        if status:
            return status
    return 0


def forget() -> None:
    """Clears the caches, where the examples that ran before left what the mutant would do."""
    for found in gc.get_objects():
        if isinstance(found, Cache):
            found.cache_clear()


replaced.run_tests = run_in_stages

if __name__ == "__main__":
    cli()
