"""Echo over loopback: each server in a process of its own, one load client for all of them."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from .. import ROOT
from ..contenders import ORIGINAL, PORT, PORT_PURE, Contender
from ..node import loopback_command
from ..workers import clean_environment
from .load import Load

CONNECTIONS = 50
IN_FLIGHT = (1, 50)
LOOPS = ("asyncio", "uvloop")

NODE_HTTP = Contender("node-http", "websocket_driver on node.http", "node_http")
PICOWS = Contender("picows", "picows", "picows", ("picows",))
WS = Contender("ws", "ws, on Node", None)

PYTHON = [
    PORT,
    PORT_PURE,
    NODE_HTTP,
    Contender("websockets", "websockets", "websockets", ("websockets",)),
    Contender("aiohttp", "aiohttp", "aiohttp", ("aiohttp",)),
    PICOWS,
]
NODE = [ORIGINAL, WS]


@dataclass(frozen=True)
class Loopback:
    """A case: what stands for `Case` here."""

    name: str
    title: str
    loop: str
    in_flight: int


CASES = [
    Loopback(f"loopback-{in_flight}-{loop}", f"{in_flight} in flight, {loop}", loop, in_flight)
    for in_flight in IN_FLIGHT
    for loop in LOOPS
]


@dataclass(frozen=True)
class Results:
    """Microseconds for a message, by case and contender, and how busy the client was."""

    samples: dict[str, dict[str, list[float]]]
    busy: dict[str, dict[str, float]]


def measure(
    cases: list[Loopback],
    contenders: list[Contender],
    node: dict[str, str] | None,
    rounds: int,
    seconds: float,
) -> Results:
    """Echoes in rounds, each for that many seconds. `node` is an environment for Node's servers.

    Node has one loop: its figures are measured once, and stand under both of Python's.
    """
    loops = [loop for loop in LOOPS if any(case.loop == loop for case in cases)]
    counts = [count for count in IN_FLIGHT if any(case.in_flight == count for case in cases)]
    samples: dict[str, dict[str, list[float]]] = {case.name: {} for case in cases}
    busy: dict[str, dict[str, float]] = {case.name: {} for case in cases}

    with ExitStack() as stack:
        load = stack.enter_context(Load())
        servers = [
            stack.enter_context(Server(contender, [loop]))
            for loop in loops
            for contender in contenders
        ]
        if node is not None:
            servers += [stack.enter_context(Server(contender, loops, node)) for contender in NODE]

        for count in counts:
            for _ in range(rounds):
                for server in servers:
                    result = load.run(server.port, CONNECTIONS, count, seconds)
                    for loop in server.loops:
                        name = f"loopback-{count}-{loop}"
                        if name not in samples:
                            continue
                        key = server.contender.key
                        cost = result["seconds"] / result["messages"] * 1e6
                        samples[name].setdefault(key, []).append(cost)
                        busy[name][key] = max(busy[name].get(key, 0.0), result["busy"])

    return Results(samples, busy)


class Server:
    """A running echo server. A `with` block ends it."""

    def __init__(
        self, contender: Contender, loops: list[str], node: dict[str, str] | None = None
    ) -> None:
        self.contender = contender
        self.loops = loops
        if contender.module is None:
            command = loopback_command(contender.key)
        else:
            command = [sys.executable, "-m", "benchmarks.loopback.server"]
            command += [contender.module, loops[0]]

        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=clean_environment() | contender.environment | (node or {}),
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{contender.title}: the server did not start")
        self.port = int(line)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: Any) -> None:
        self._process.kill()
        self._process.communicate()
