"""The folder of a module, `build/mutants/MODULE/`: settings, links, and the output of commands."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from .modules import NOT_RUN, Module

ROOT = Path(__file__).parent.parent
OUTPUT = ROOT / "build" / "mutants"

# Without an explanation of failures: comparing long results takes a minute.
PYTEST = [
    *("--no-cov", "--assert=plain", "--hypothesis-profile=mutants"),
    *("-p", "no:cacheprovider"),
]
SETTINGS = {
    "source_paths": ["websocket_driver"],
    "pytest_add_cli_args": PYTEST,
    # These affect type checkers only.
    "do_not_mutate_patterns": [r"\bcast\(", r" = Literal\["],
    # For hangs that the time limit of pytest does not end.
    "timeout_multiplier": 1.0,
    "timeout_constant": 10.0,
}

ENVIRONMENT = {
    # The Python versions of compiled functions are mutated.
    "WEBSOCKET_DRIVER_PURE_PYTHON": "1",
    # The number of examples that hypothesis tries, in `spec/support.py`.
    "EXAMPLES": "5",
    # For mutants that never end.
    "PYTEST_TIMEOUT": "20",
    # The time to wait for an event, which a mutant may never emit, in `spec/wires.py`.
    "PATIENCE": "3",
    # mutmut runs examples in the order of a set.
    "PYTHONHASHSEED": "0",
}


class Mutant(NamedTuple):
    """A mutant that was tested. If it survived, it has the lines that differ."""

    name: str
    killed: bool
    file: str = ""
    before: str = ""
    after: str = ""


def prepare(name: str, module: Module) -> Path:
    """Makes the folder of a module again: the files that mutmut changes, and links to the
    others."""
    folder = OUTPUT / name
    shutil.rmtree(folder, ignore_errors=True)
    mutated = folder / "mutants"
    mutated.mkdir(parents=True)
    (folder / "websocket_driver").symlink_to(ROOT / "websocket_driver")
    (folder / "setup.cfg").symlink_to(ROOT / "setup.cfg")
    for needed in ("fuzz", "spec"):
        (mutated / needed).symlink_to(ROOT / needed)
    settings = {
        **SETTINGS,
        "only_mutate": [*module.files],
        "pytest_add_cli_args_test_selection": [*module.specs, "-k", NOT_RUN],
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    (folder / "pyproject.toml").write_text("\n".join(["[tool.mutmut]", *lines, ""]))
    return folder


def run(folder: Path, output: str, *command: str | Path) -> int:
    """Runs a command in a folder, and writes its output to the file `output` there."""
    with (folder / output).open("w") as file:
        return subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, **ENVIRONMENT},
            stdout=file,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
