"""The command line: `python -m benchmarks.tls --help`."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from typing import Any

from .. import machine
from ..report import microseconds, number_of_bytes, table
from . import ECHOES, KIB, SERVERS, Server, client, make_certificate

# The most memory that an idle connection, with its driver, may take.
MEMORY_LIMIT = 60 * KIB

# Connections opened before memory is measured, and the bytes that each connection carries.
WARM_CONNECTIONS = 50
CARRIED = 64 * KIB

# A server has nothing to do if it has used no more than this of the processor since a moment ago.
QUIET_SECONDS = 0.001
PAUSE_SECONDS = 0.02

CONTEXT = client.context()

Figures = dict[str, dict[str, float]]


class Run:
    """One run, on one event loop."""

    def __init__(self, loop: str, certificate: Path, rounds: int, seconds: float) -> None:
        self._loop = loop
        self._certificate = certificate
        self._rounds = rounds
        self._seconds = seconds

    def time(self) -> Figures:
        """Microseconds of the server's processor for each message or handshake, by server."""
        figures: Figures = {}
        with ExitStack() as stack:
            servers = self._servers(stack)
            for case in ECHOES:
                work = partial(client.run, case=case, seconds=self._seconds)
                figures[f"Echo, {case.title}"] = self._measure(servers, work)
            work = partial(client.handshakes, seconds=self._seconds)
            figures["Handshake"] = self._measure(servers, work)
        return figures

    def _measure(self, servers: dict[str, Server], work: Callable[[int], int]) -> dict[str, float]:
        samples: dict[str, list[float]] = {name: [] for name in servers}
        for _ in range(self._rounds):
            for name, server in servers.items():
                before = server.usage()["seconds"]
                count = work(server.port)
                samples[name].append((server.usage()["seconds"] - before) / count * 1e6)
        return {name: median(values) for name, values in samples.items()}

    def memory(self, count: int) -> Figures:
        """Bytes for an open connection, by server; empty where the system does not tell."""
        idle: dict[str, float] = {}
        carried: dict[str, float] = {}
        for name in SERVERS:
            with Server(name, self._loop, self._certificate) as server:
                kept = [client.connect(server.port, CONTEXT) for _ in range(WARM_CONNECTIONS)]
                before = _settled(server)
                if before is None:
                    return {}
                connections = [client.connect(server.port, CONTEXT) for _ in range(count)]
                idle[name] = (_settled(server) - before) / count
                for connection in connections:
                    client.echo_once(connection, CARRIED)
                carried[name] = (_settled(server) - before) / count
                for connection in [*kept, *connections]:
                    connection.close()
        return {"idle": idle, f"idle, after an echo of {CARRIED // KIB} KiB": carried}

    def _servers(self, stack: ExitStack) -> dict[str, Server]:
        return {
            name: stack.enter_context(Server(name, self._loop, self._certificate))
            for name in SERVERS
        }


def _settled(server: Server) -> Any:
    """The memory of a server once it has nothing to do."""
    seconds = -1.0
    while True:
        usage = server.usage()
        if usage["seconds"] - seconds < QUIET_SECONDS:
            return usage["memory"]
        seconds = usage["seconds"]
        sleep(PAUSE_SECONDS)


def report(title: str, note: str, figures: Figures, form: Callable[[float], str]) -> str:
    """A table with a row for each figure; in brackets how much of asyncio's ours is."""
    rows = []
    for name, costs in figures.items():
        ratio = costs["node"] / costs["asyncio"]
        rows.append([name, form(costs["node"]), form(costs["asyncio"]), f"{ratio:.2f}"])
    head = ["", *SERVERS.values(), "ratio"]
    return f"## {title}\n\n{note}\n\n{table(head, rows)}"


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.tls",
        description="Runs websocket_driver.node.tls beside asyncio's own TLS transport.",
    )
    parser.add_argument("--loop", choices=["asyncio", "uvloop"], default="asyncio")
    parser.add_argument("--rounds", type=int, default=9, help="how often each has its turn")
    parser.add_argument("--quick", action="store_true", help="to see that it works")
    options = parser.parse_args()
    seconds, rounds, count = (0.05, 1, 50) if options.quick else (0.5, options.rounds, 1000)

    started = perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        run = Run(options.loop, make_certificate(Path(folder)), rounds, seconds)
        echoes, memory = run.time(), run.memory(count)

    print("# Benchmarks of TLS\n")
    print("\n".join(f"- {name}: {value}" for name, value in machine.describe().items()))
    print(f"- Event loop: {options.loop}; medians of {rounds} rounds\n")
    note = "µs of the server's processor for each."
    print(report("Time", note, echoes, microseconds))
    if memory:
        idle = memory["idle"]["node"]
        verdict = "at most" if idle <= MEMORY_LIMIT else "**more than**"
        note = (
            f"Bytes of a connection with its driver, {count} at once. An idle one of `node.tls` "
            f"takes {verdict} {MEMORY_LIMIT // KIB} KiB."
        )
        print("\n" + report("Memory", note, memory, number_of_bytes))
    print(f"\n{perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
