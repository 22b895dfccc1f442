"""Tests the mutants of functions with mutmut, and reads its results."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from .folder import Mutant, run

MUTMUT = (sys.executable, Path(__file__).with_name("stages.py"))
KILLED = ("killed", "timeout", "segfault")
NOT_TESTED = "not checked"

# mutmut has no command that lists mutants.
LIST = """
from mutmut.mutation.file_mutation import mutate_file_contents
from mutmut.utils.file_utils import walk_mutatable_files
from mutmut.utils.format_utils import get_mutant_name

for path in sorted(walk_mutatable_files()):
    for name in mutate_file_contents(str(path), path.read_text(encoding="utf-8")).mutant_names:
        print(get_mutant_name(path, name).replace("__init__.", ""))
"""


def names(folder: Path) -> list[str]:
    """The names of all mutants of the functions in a module."""
    run(folder, "functions", sys.executable, "-c", LIST)
    return (folder / "functions").read_text(encoding="utf-8").split()


def test(folder: Path, chosen: list[str] | None, jobs: int) -> Iterator[Mutant]:
    """Tests the mutants of functions, all or those that were chosen."""
    names = [name for name in chosen or () if ":" not in name]
    if chosen is not None and not names:
        return
    if run(folder, "log", *MUTMUT, "run", "--max-children", str(jobs), *names):
        log = folder / "log"
        sys.exit(f"{log.read_text(encoding='utf-8')[-2000:]}\nmutmut failed: see {log}")

    run(folder, "results", *MUTMUT, "results", "--all", "true")
    for line in (folder / "results").read_text(encoding="utf-8").splitlines():
        name, _, status = line.strip().rpartition(": ")
        if status in KILLED:
            yield Mutant(name, True)
        elif status != NOT_TESTED:
            yield Mutant(name, False, *_difference(folder, name))


def _difference(folder: Path, name: str) -> tuple[str, str, str]:
    run(folder, "difference", *MUTMUT, "show", name)
    _, file, _, *lines = (folder / "difference").read_text(encoding="utf-8").splitlines()
    before, after = (
        "\n".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+"
    )
    return file.removeprefix("--- "), before, after
