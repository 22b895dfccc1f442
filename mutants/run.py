"""Runs mutmut on one module, in a folder of its own, and reads what it found."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from .modules import NOT_RUN, Module

ROOT = Path(__file__).parent.parent
OUTPUT = ROOT / "build" / "mutants"

PYTEST = ["--no-cov", "-p", "no:cacheprovider", "--hypothesis-profile=mutants", "-o", "timeout=10"]
SETTINGS = {
    "source_paths": ["websocket_driver"],
    "pytest_add_cli_args": PYTEST,
    # The only effect of a cast is on type checkers.
    "do_not_mutate_patterns": [r"\bcast\("],
    # An example that never ends is killed by the timeout above; this is for what it misses.
    "timeout_multiplier": 2.0,
    "timeout_constant": 5.0,
}

# The Python twins of compiled functions are what is mutated. mutmut runs examples in the order of
# a set, which depends on the seed of hashes.
ENVIRONMENT = {"WEBSOCKET_DRIVER_PURE_PYTHON": "1", "PYTHONHASHSEED": "0"}

KILLED = ("killed", "timeout", "segfault")
NOT_TESTED = "not checked"


class Mutant(NamedTuple):
    """A mutant that was tested; of one that survived, the lines that differ."""

    name: str
    killed: bool
    file: str = ""
    before: str = ""
    after: str = ""


def prepare(name: str, module: Module) -> Path:
    """Makes a folder for mutmut: it has its settings, and links to the package and its specs."""
    folder = OUTPUT / name
    shutil.rmtree(folder, ignore_errors=True)
    copies = folder / "mutants"
    copies.mkdir(parents=True)
    (folder / "websocket_driver").symlink_to(ROOT / "websocket_driver")
    (folder / "setup.cfg").symlink_to(ROOT / "setup.cfg")
    for needed in ("fuzz", "spec"):
        (copies / needed).symlink_to(ROOT / needed)
    settings = {
        **SETTINGS,
        "only_mutate": [*module.files],
        "pytest_add_cli_args_test_selection": [*module.specs, "-k", NOT_RUN],
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    (folder / "pyproject.toml").write_text("\n".join(["[tool.mutmut]", *lines, ""]))
    return folder


def names(folder: Path) -> list[str]:
    """The names of all mutants of a module. mutmut has no command that lists them."""
    _run(folder, "names", sys.executable, "-c", NAMES)
    return (folder / "names").read_text(encoding="utf-8").split()


NAMES = """
from mutmut.mutation.file_mutation import mutate_file_contents
from mutmut.utils.file_utils import walk_mutatable_files
from mutmut.utils.format_utils import get_mutant_name

for path in sorted(walk_mutatable_files()):
    for name in mutate_file_contents(str(path), path.read_text(encoding="utf-8")).mutant_names:
        print(get_mutant_name(path, name).replace("__init__.", ""))
"""


def run(folder: Path, chosen: Sequence[str], jobs: int) -> list[Mutant]:
    """Tests the mutants with these names, or all of the module."""
    mutmut = Path(sys.executable).with_name("mutmut")
    if _run(folder, "log", mutmut, "run", "--max-children", str(jobs), *chosen):
        log = folder / "log"
        sys.exit(f"{log.read_text(encoding='utf-8')[-2000:]}\nmutmut failed: see {log}")
    _run(folder, "results", mutmut, "results", "--all", "true")
    return [*_results(folder, mutmut)]


def _results(folder: Path, mutmut: Path) -> Iterator[Mutant]:
    for line in (folder / "results").read_text(encoding="utf-8").splitlines():
        name, _, status = line.strip().rpartition(": ")
        if status in KILLED:
            yield Mutant(name, True)
        elif status != NOT_TESTED:
            _run(folder, "difference", mutmut, "show", name)
            _, heading, _, *lines = (folder / "difference").read_text().splitlines()
            before, after = (
                "\n".join(line[1:].strip() for line in lines if line.startswith(sign))
                for sign in "-+"
            )
            yield Mutant(name, False, heading.removeprefix("--- "), before, after)


def _run(folder: Path, output: str, *command: str | Path) -> int:
    """Runs a command in a folder, and writes what it prints into the file `output` there."""
    with (folder / output).open("w") as file:
        return subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, **ENVIRONMENT},
            stdout=file,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
