"""Takes into the corpus what a run found, as far as it takes a way through the code that is new.

python -m fuzz.merge TARGET FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType
from typing import Any

import websocket_driver
from fuzz.seeds import CORPUS
from fuzz.targets import TARGETS

PACKAGE = str(Path(websocket_driver.__file__).parent)


def ways(target: str, data: bytes) -> set[Any]:
    """The steps from line to line of the package that `data` leads to."""
    steps: set[Any] = set()

    def enter(frame: FrameType, event: str, argument: Any) -> Any:
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        last = 0

        def step(frame: FrameType, event: str, argument: Any) -> Any:
            nonlocal last
            steps.add((frame.f_code, last, frame.f_lineno, event))
            last = frame.f_lineno
            return step

        return step

    sys.settrace(enter)
    try:
        TARGETS[target](data)
    finally:
        sys.settrace(None)
    return steps


def merge(target: str, folder: str) -> None:
    known: set[Any] = set()
    for path in (CORPUS / target).iterdir():
        known |= ways(target, path.read_bytes())

    for path in sorted(Path(folder).iterdir(), key=lambda path: (path.stat().st_size, path.name)):
        found = ways(target, path.read_bytes())
        if found - known:
            known |= found
            (CORPUS / target / path.name[:12]).write_bytes(path.read_bytes())


if __name__ == "__main__":
    merge(*sys.argv[1:])
