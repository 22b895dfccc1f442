"""The processes of the contenders, as the benchmark controls them."""

from __future__ import annotations

import json
import os
import subprocess
from types import TracebackType
from typing import Any

from . import ROOT
from .contenders import Contender


class Worker:
    """A running contender. A `with` block ends it."""

    def __init__(self, contender: Contender, command: list[str], environment: dict[str, str]):
        self.contender = contender
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=clean_environment() | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self.about: dict[str, Any] = self.call("hello")

    def call(self, name: str, *arguments: Any) -> Any:
        """Has the worker run a command; raises `RuntimeError` if that fails."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps([name, *arguments]) + "\n")
        self._process.stdin.flush()

        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.contender.title}: the process has ended")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"{self.contender.title}: {answer['error']}")
        return answer["result"]

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()


def clean_environment() -> dict[str, str]:
    """The environment, without the variable that selects the pure Python part of the port."""
    return {
        name: value for name, value in os.environ.items() if name != "WEBSOCKET_DRIVER_PURE_PYTHON"
    } | {"PYTHONUTF8": "1"}
