"""Tests the mutants outside functions, which mutmut makes but does not run.

Each is a file of its own in a copy of the package, and is tested by a new interpreter. That takes
longer: only modules that consist of tables and patterns are tested in this way.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from difflib import ndiff
from pathlib import Path

from .folder import PYTEST, ROOT, Mutant, run
from .modules import Module

# The names of these mutants have a colon, unlike those of functions.
MAKE = """
import json, libcst
from mutmut.mutation.file_mutation import create_mutations, deep_replace
from mutmut.utils.file_utils import walk_mutatable_files

for path in sorted(walk_mutatable_files()):
    tree, mutations, *_ = create_mutations(str(path), path.read_text(encoding="utf-8"))
    for number, mutation in enumerate(mutations, 1):
        if not isinstance(mutation.contained_by_top_level_function, libcst.FunctionDef):
            code = deep_replace(tree, mutation.original_node, mutation.mutated_node).code
            print(json.dumps([f"{path}:{number}", code]))
"""


def make(folder: Path) -> dict[str, str]:
    """The code of each mutant outside functions in a module, by its name."""
    run(folder, "tables", sys.executable, "-c", MAKE)
    lines = (folder / "tables").read_text(encoding="utf-8").splitlines()
    return dict(json.loads(line) for line in lines)


def test(folder: Path, module: Module, chosen: list[str] | None) -> Iterator[Mutant]:
    """Tests the mutants outside functions, all or those that were chosen."""
    copy = folder / "copy"
    shutil.copytree(ROOT / "websocket_driver", copy / "websocket_driver")
    for needed in ("setup.cfg", "fuzz", "spec"):
        (copy / needed).symlink_to(ROOT / needed)
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--rootdir=.", *PYTEST, *module.specs]
    if run(copy, "log", *command):
        sys.exit(f"The specs fail without a mutant: see {copy / 'log'}")

    for name, code in make(folder).items():
        if chosen is not None and name not in chosen:
            continue
        file = name.partition(":")[0]
        original = (ROOT / file).read_text(encoding="utf-8")
        (copy / file).write_text(code, encoding="utf-8")
        killed = run(copy, "log", *command) != 0
        (copy / file).write_text(original, encoding="utf-8")
        difference = [*ndiff(original.splitlines(), code.splitlines())]
        before, after = (
            "\n".join(line[2:].strip() for line in difference if line.startswith(sign))
            for sign in ("- ", "+ ")
        )
        yield Mutant(name, killed, file, before, after)
