"""Fuzzes one target, or has the state machines of the specs make new examples.

    python -m fuzz TARGET SECONDS [libFuzzer's options, and files or folders in place of the corpus]

What is found is kept in build/fuzz/TARGET/, the inputs that broke something as `crash-...`.
"""

from __future__ import annotations

import importlib
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
CORPUS = ROOT / "fuzz" / "corpus"
FOUND = ROOT / "build" / "fuzz"
MACHINES = "spec/state_machines_spec.py"
EXAMPLES = 3000  # in one go, which takes minutes


def fuzz(target: str, seconds: str, *more: str) -> None:
    try:
        atheris = importlib.import_module("atheris")
    except ImportError:
        sys.exit(
            "Cannot fuzz: atheris is not installed. It is in the group `fuzz`, and has wheels for "
            "CPython 3.10 to 3.14 on Linux on x86-64; this is Python "
            f"{platform.python_version()} on {sys.platform} on {platform.machine()}. "
            "`make fuzz TARGET=machines` works without."
        )

    with atheris.instrument_imports(include=["websocket_driver"]):
        from fuzz.targets import TARGETS

    if target not in TARGETS:
        sys.exit(f"Cannot fuzz {target}: there are machines, {', '.join(TARGETS)}")

    found = FOUND / target
    found.mkdir(parents=True, exist_ok=True)
    options = [f"-max_total_time={seconds}", f"-artifact_prefix={found}/", "-print_final_stats=1"]
    paths = [option for option in more if not option.startswith("-")]
    folders = [] if paths else [str(found), str(CORPUS / target)]
    atheris.Setup([sys.argv[0], *options, *more, *folders], TARGETS[target])
    atheris.Fuzz()


def explore(seconds: str) -> None:
    """Runs the state machines again and again, with new examples each time."""
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        command = [sys.executable, "-m", "pytest", "--quiet", MACHINES]
        environment = {**os.environ, "EXAMPLES": str(EXAMPLES)}
        status = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
        if status:
            sys.exit(status)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    if sys.argv[1] == "machines":
        explore(sys.argv[2])
    else:
        fuzz(*sys.argv[1:])
