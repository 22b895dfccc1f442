"""Echo and handshakes over loopback: each server in a process of its own, one client for all."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
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
    """A case, in place of `Case`."""

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
class Accepting:
    """A case: connections that are opened and closed, over TCP or TLS, on uvloop."""

    name: str
    title: str
    secure: bool


ACCEPTING = [
    Accepting("accepted-tcp", "TCP", False),
    Accepting("accepted-tls", "TLS", True),
]

# `node.http` is the only one of those on Python that needs no loop of its own.
ACCEPTORS = [contender for contender in PYTHON if contender is not NODE_HTTP]


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


def accept(
    cases: list[Accepting], contenders: list[Contender], rounds: int, seconds: float
) -> Results:
    """Opens and closes connections in rounds, each for that many seconds."""
    samples: dict[str, dict[str, list[float]]] = {case.name: {} for case in cases}
    busy: dict[str, dict[str, float]] = {case.name: {} for case in cases}
    taking_part = [contender for contender in contenders if contender in ACCEPTORS]

    for case in cases:
        with ExitStack() as stack:
            load = stack.enter_context(Load())
            file = stack.enter_context(certificate()) if case.secure else None
            servers = [
                stack.enter_context(Server(contender, ["uvloop"], certificate=file))
                for contender in taking_part
            ]
            for _ in range(rounds):
                for server in servers:
                    result = load.accept(server.port, case.secure, seconds)
                    key = server.contender.key
                    cost = result["seconds"] / result["messages"] * 1e6
                    samples[case.name].setdefault(key, []).append(cost)
                    busy[case.name][key] = max(busy[case.name].get(key, 0.0), result["busy"])
    return Results(samples, busy)


@contextmanager
def certificate() -> Iterator[str]:
    """The name of a file with a new certificate and its key, as long as the block runs."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "server.pem"
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt"),
                *("ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost"),
                *("-keyout", str(file), "-out", str(Path(folder) / "certificate.pem")),
            ],
            check=True,
            capture_output=True,
        )
        with file.open("a") as key:
            key.write((Path(folder) / "certificate.pem").read_text())
        yield str(file)


class Server:
    """A running echo server. A `with` block ends it."""

    def __init__(
        self,
        contender: Contender,
        loops: list[str],
        node: dict[str, str] | None = None,
        certificate: str | None = None,
    ) -> None:
        self.contender = contender
        self.loops = loops
        if contender.module is None:
            command = loopback_command(contender.key)
        else:
            command = [sys.executable, "-m", "benchmarks.loopback.server"]
            command += [contender.module, loops[0]]
            command += [] if certificate is None else [certificate]

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
