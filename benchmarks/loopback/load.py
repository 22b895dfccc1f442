"""The load client's process, from outside."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from .. import ROOT


class Load:
    """A running client. A `with` block ends it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.loopback.client"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, port: int, connections: int, in_flight: int, seconds: float) -> dict[str, float]:
        """Echoes for that many seconds: the messages, the seconds, and how busy the client was."""
        return self._call("run", port, connections, in_flight, seconds)

    def accept(self, port: int, secure: bool, seconds: float) -> dict[str, float]:
        """Opens and closes connections for that many seconds: the connections, as `messages`, the
        seconds, and how busy the client was."""
        return self._call("accept", port, secure, seconds)

    def _call(self, *call: Any) -> dict[str, float]:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(call) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("The load client has ended")
        result: dict[str, float] = json.loads(line)
        return result

    def __enter__(self) -> Load:
        return self

    def __exit__(self, *_: Any) -> None:
        self._process.kill()
        self._process.communicate()
