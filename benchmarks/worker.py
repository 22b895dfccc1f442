"""The process in which one of Python's contenders runs: `python -m benchmarks.worker MODULE`.

It takes commands from its standard input, a line of JSON each, and answers each with one.
`node/worker.js` does the same on Node.
"""

from __future__ import annotations

import base64
import gc
import importlib
import json
import sys
import traceback
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any

from . import growth, memory

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]
from .cases import digest
from .contenders import ignore


class Timed:
    """A turn that can be timed, with counts of its messages and its output."""

    def __init__(self, make: Callable[[Any, Any], Callable[[], object]], expected: int) -> None:
        counted = 0

        def count(_: Any) -> None:
            nonlocal counted
            counted += 1

        def take() -> int:
            nonlocal counted
            result, counted = counted, 0
            return result

        self._turn = make(count, count)
        self._take = take
        self._expected = expected
        take()

    def time(self, turns: int) -> float:
        """The seconds that so many turns take; raises `RuntimeError` if a message is missing."""
        turn = self._turn
        gc.collect()

        start = perf_counter()
        for _ in range(turns):
            turn()
        seconds = perf_counter() - start

        if self._take() != turns * self._expected:
            raise RuntimeError("messages are missing")
        return seconds


class Worker:
    """Its public methods are the commands."""

    def __init__(self, contender: Any) -> None:
        self._contender = contender
        self._timed: dict[str, Timed] = {}

    def hello(self) -> dict[str, Any]:
        """The name and version of the contender, and its kinds of cases."""
        functions = {
            "parse": "reader",
            "send": "sender",
            "echo": "echoer",
            "accept": "acceptor",
            "connect": "connector",
        }
        return {
            "versions": self._contender.versions(),
            "kinds": [kind for kind, name in functions.items() if hasattr(self._contender, name)],
            "compiled": getattr(self._contender, "is_compiled", lambda: True)(),
        }

    def prepare(self, case: dict[str, Any]) -> dict[str, Any]:
        """Opens the connection for a case, and returns the output of one turn."""
        delivered: list[Any] = []
        written: list[bytes] = []
        make = partial(self._turn, case)
        make(delivered.append, lambda data: written.append(bytes(data)))()

        self._timed[case["name"]] = Timed(make, len(delivered) + len(written))
        gc.collect()
        gc.freeze()
        return {
            "delivered": [digest(message) for message in delivered],
            "written": base64.b64encode(b"".join(written)).decode(),
        }

    def time(self, name: str, turns: int) -> float:
        """The seconds that so many turns take."""
        return self._timed[name].time(turns)

    def faults(self) -> int:
        """The number of page faults of the process; 0 where the system does not report it."""
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt if resource else 0

    def forget(self, name: str) -> None:
        """The case is over."""
        del self._timed[name]
        gc.unfreeze()

    def memory(self, opener: str, deflate: bool, count: int) -> float | None:
        """Bytes for each open connection."""
        if not hasattr(self._contender, opener):
            return None
        return memory.measure(getattr(self._contender, opener), deflate, count)

    def memory_used(self, encoded: list[str], count: int) -> float | None:
        """Bytes for each connection that has sent a message back, which is in these chunks."""
        if not getattr(self._contender, "ECHOES_LONG_MESSAGES", True):
            return None
        chunks = [base64.b64decode(chunk) for chunk in encoded]

        def opened(request: bytes, deflate: bool) -> Any:
            feed = self._contender.echoer(ignore)
            feed(chunks)
            return feed

        return memory.measure(opened, True, count)

    def grow(self, series: str, size: int) -> dict[str, float]:
        """Time and memory of the port at one size of a series."""
        return growth.measure(series, size)

    def _turn(
        self, case: dict[str, Any], deliver: Callable[[Any], object], write: Callable[[Any], object]
    ) -> Callable[[], object]:
        contender, kind = self._contender, case["kind"]
        chunks = [base64.b64decode(chunk) for chunk in case["chunks"]]

        if kind == "parse":
            feed = contender.reader(deliver)
            return lambda: feed(chunks)
        if kind == "echo":
            feed = contender.echoer(write)
            return lambda: feed(chunks)
        if kind == "send":
            messages = [_decode(message) for message in case["messages"]]
            send = contender.sender(write, case["client"])
            return lambda: send(messages)

        shake = (contender.acceptor if kind == "accept" else contender.connector)(write)
        return lambda: shake(chunks[0])


def _decode(message: dict[str, str]) -> str | bytes:
    if "text" in message:
        return message["text"]
    return base64.b64decode(message["binary"])


def main() -> None:
    worker = Worker(importlib.import_module(f"benchmarks.contenders.{sys.argv[1]}"))
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        try:
            answer = {"result": getattr(worker, name)(*arguments)}
        except Exception:
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
