"""The command line: `python -m benchmarks.soak --help`. It fails if anything is not as it should
be."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from .. import ROOT
from .limits import Plan, allow_files
from .load import Load
from .report import Rest, Result, Sample, faults, table

WARM_UP = 60.0
SECONDS_TO_REST = 60.0
SECONDS_TO_ANSWER = 60.0
MOST_FAULTS = 20


class Server:
    """The server's process, from outside. Its memory and files are those that the system sees."""

    async def start(self, patience: float) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "benchmarks.soak.server", str(patience)),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        self._folder = Path("/proc") / str(self._process.pid)
        self.port = int(await self._line())

    async def stop(self) -> None:
        self._input.close()
        await self._process.wait()

    async def ask(self, word: str) -> dict[str, Any]:
        """The server's report of itself: `now`, or at `rest`."""
        self._input.write(f"{word}\n".encode())
        answer: dict[str, Any] = json.loads(await self._line())
        return answer

    def rss(self) -> int:
        """Bytes of memory that are not paged out."""
        pages = int((self._folder / "statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def files(self) -> int:
        return len(os.listdir(self._folder / "fd"))

    async def rest(self) -> Rest:
        answer = await self.ask("rest")
        return Rest(self.files(), self.rss(), answer["blocks"], answer["objects"])

    @property
    def _input(self) -> asyncio.StreamWriter:
        assert self._process.stdin
        return self._process.stdin

    async def _line(self) -> bytes:
        assert self._process.stdout
        line = await asyncio.wait_for(self._process.stdout.readline(), SECONDS_TO_ANSWER)
        if not line:
            raise RuntimeError("The server has ended")
        return line


async def soak(plan: Plan, warm_up: float) -> Result:
    """Runs a server and the load, and looks at the server each second (of a short run: oftener)."""
    server = Server()
    await server.start(plan.patience)
    try:
        before = await server.rest()
        load = Load(plan, server.port)
        samples = await _watch(server, load, min(1.0, plan.seconds / 20))
        answer = await server.ask("now")
        for _ in range(int(SECONDS_TO_REST * 10)):
            if not answer["connections"]:
                break
            await asyncio.sleep(0.1)
            answer = await server.ask("now")
        after = await server.rest()
    finally:
        await server.stop()
    complaints = Counter(answer["complaints"])
    return Result(plan, warm_up, before, after, samples, load.tally, complaints)


async def _watch(server: Server, load: Load, interval: float) -> list[Sample]:
    samples = []
    loop = asyncio.get_running_loop()
    work = asyncio.create_task(load.run())
    full = asyncio.create_task(load.full.wait())
    try:
        await asyncio.wait({work, full}, return_when=asyncio.FIRST_COMPLETED)
        start = loop.time()
        while not work.done():
            asked = loop.time()
            answer = await server.ask("now")
            samples.append(
                Sample(
                    asked - start,
                    server.rss(),
                    server.files(),
                    answer["blocks"],
                    answer["connections"],
                )
            )
            await asyncio.wait({work}, timeout=max(0.0, interval - (loop.time() - asked)))
        await work
    finally:
        work.cancel()
        full.cancel()
    return samples


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--connections", type=int, default=10_000, help="at a time (%(default)s)")
    parser.add_argument("--minutes", type=float, default=5.0, help="(%(default)s)")
    parser.add_argument(
        "--life", type=float, default=60.0, help="seconds a connection lives (%(default)s)"
    )
    parser.add_argument(
        "--pause", type=float, default=30.0, help="seconds between messages of one (%(default)s)"
    )
    parser.add_argument("--seed", type=int, default=1, help="(%(default)s)")
    parser.add_argument(
        "--quick", action="store_true", help="a few seconds, 50 connections: does it run at all?"
    )
    options = parser.parse_args(arguments)

    plan = Plan(
        options.connections,
        options.minutes * 60,
        options.life,
        options.pause,
        patience=30.0,
        seed=options.seed,
    )
    warm_up = WARM_UP
    if options.quick:
        plan = Plan(50, 4.0, life=1.0, pause=0.5, patience=2.0, seed=options.seed)
        warm_up = 1.0

    if not Path("/proc/self/statm").exists():
        parser.error("memory and open files are read from /proc, which is not here")
    if warm_up >= plan.seconds:
        parser.error(f"growth is looked for after {warm_up:.0f} s: it has to take longer")
    if not allow_files(plan.connections):
        parser.error("the system does not allow so many open files: raise it (ulimit -Hn)")

    result = asyncio.run(soak(plan, warm_up))
    print(table(result))
    found = faults(result)
    for fault in found[:MOST_FAULTS]:
        print(fault, file=sys.stderr)
    if len(found) > MOST_FAULTS:
        print(f"and {len(found) - MOST_FAULTS} more", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
