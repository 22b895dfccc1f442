"""The command line: `python -m benchmarks --help`."""

from __future__ import annotations

import argparse
import base64
import shutil
import sys
from contextlib import ExitStack
from fnmatch import fnmatch
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

from . import ROOT, chart, growth, loopback, machine, node, timing
from .cases import KIB, MIB, cases, deflated
from .contenders import CONTENDERS, ORIGINAL, PORT, PORT_PURE, Contender
from .growth import Point
from .report import MEMORY, Results
from .workers import Worker

OUTPUT = ROOT / "build" / "bench"
PUBLISHED = ROOT / "benchmarks" / "results"
OPENERS = {
    "memory-idle": ("opened", False),
    "memory-deflate": ("opened", True),
    "memory-http-idle": ("opened_by_http", False),
    "memory-http-deflate": ("opened_by_http", True),
}
# The size of the message that a connection has sent back before it is measured.
USED = {"memory-deflate-used": KIB, "memory-deflate-1m": MIB}


class Run:
    """One run: the cases to measure, and the results so far."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.quick: bool = options.quick
        self.rounds: int = options.rounds or (3 if self.quick else 15)
        self.results = Results(
            machine.describe(),
            rounds=self.rounds,
            loopback_rounds=min(self.rounds, 1 if self.quick else 7),
        )
        self.node: dict[str, str] | None = None
        self._started = perf_counter()

    def wanted(self, name: str) -> bool:
        """True if a case of that name is selected."""
        only = self.options.only
        return not only or any(fnmatch(name, pattern) for pattern in only)

    def run(self) -> Results:
        self._find_node()
        with ExitStack() as stack:
            workers = self._start(stack)
            self._time(workers)
        self._memory()
        self._loopback()
        self._grow()
        return self.results

    def _find_node(self) -> None:
        if self.options.no_node:
            self._note("Without Node.js (--no-node).")
            return
        try:
            self.node = node.install()
        except node.NodeMissing as error:
            self._note(f"Without the original and npm's ws: {error}.")

    def _contenders(self) -> list[Contender]:
        left_out = []
        if self.node is None:
            left_out.append(ORIGINAL)
        if self.options.pure:
            left_out.append(PORT)

        present = []
        for contender in CONTENDERS:
            missing = [name for name in contender.needs if find_spec(name) is None]
            if missing:
                self._note(f"Without {contender.title}: {', '.join(missing)} is not installed.")
            elif contender not in left_out:
                present.append(contender)
        return present

    def _start(self, stack: ExitStack) -> list[Worker]:
        workers = []
        for contender in self._contenders():
            worker = stack.enter_context(self._worker(contender))
            if contender is PORT and not worker.about["compiled"]:
                self._note("Without the compiled part of the port, which is not built.")
                continue
            self.results.versions |= worker.about["versions"]
            workers.append(worker)
        self.contenders = [worker.contender for worker in workers]
        return workers

    def _worker(self, contender: Contender) -> Worker:
        if contender.module is None:
            return Worker(contender, node.worker_command(), self.node or {})
        return Worker(contender, contender.command, contender.environment)

    def _time(self, workers: list[Worker]) -> None:
        for case in cases():
            if not self.wanted(case.name):
                continue
            self._say(case.name)
            with ExitStack() as stack:
                taking_part = workers
                if case.alone:
                    taking_part = [
                        stack.enter_context(self._worker(worker.contender))
                        for worker in workers
                        if case.kind in worker.about["kinds"]
                    ]
                seconds, warm_up = (0.01, 0.02) if self.quick else (0.04, 0.4)
                samples, faults = timing.measure(case, taking_part, self.rounds, seconds, warm_up)
            self.results.samples[case.name] = samples
            if case.name.startswith("parse-1m"):
                self.results.faults[case.name] = faults

    def _memory(self) -> None:
        names = [name for name in MEMORY if self.wanted(name)]
        if not names:
            return
        self._say("memory")
        count = 200 if self.quick else 2000
        for contender in self.contenders:
            for name in names:
                # In a process of its own, where nothing has been opened before.
                with self._worker(contender) as worker:
                    size = self._memory_of(worker, name, count)
                if size is not None:
                    self.results.samples.setdefault(name, {})[contender.key] = [size]

    def _memory_of(self, worker: Worker, name: str, count: int) -> float | None:
        size: float | None = None
        if name in OPENERS:
            size = worker.call("memory", *OPENERS[name], count)
        elif "echo" in worker.about["kinds"]:
            chunks = [base64.b64encode(chunk).decode() for chunk in deflated(USED[name])]
            size = worker.call("memory_used", chunks, count)
        return size

    def _loopback(self) -> None:
        wanted = [case for case in loopback.CASES if self.wanted(case.name)]
        if any(case.loop == "uvloop" for case in wanted) and find_spec("uvloop") is None:
            self._note("Without uvloop, which is not installed.")
            wanted = [case for case in wanted if case.loop != "uvloop"]
        accepting = [case for case in loopback.ACCEPTING if self.wanted(case.name)]
        if find_spec("uvloop") is None:
            accepting = []
        if shutil.which("openssl") is None and any(case.secure for case in accepting):
            self._note("Without TLS, for which openssl makes the certificate.")
            accepting = [case for case in accepting if not case.secure]
        if not wanted and not accepting:
            return
        self._say("loopback")
        present = {contender.key for contender in self.contenders}
        contenders = [
            contender
            for contender in loopback.PYTHON
            if contender.key in present
            or (contender is loopback.NODE_HTTP and PORT.key in present)
            or (contender is loopback.PICOWS and find_spec("picows") is not None)
        ]
        measured = loopback.measure(
            wanted,
            contenders,
            self.node,
            rounds=self.results.loopback_rounds,
            seconds=0.1 if self.quick else 0.5,
        )
        accepted = loopback.accept(
            accepting,
            [contender for contender in contenders if contender is not loopback.NODE_HTTP],
            rounds=self.results.loopback_rounds,
            seconds=0.2 if self.quick else 1.0,
        )
        self.results.samples |= measured.samples | accepted.samples
        self.results.client_busy = measured.busy | accepted.busy
        for name in ("picows", "uvloop"):
            if find_spec(name) is not None:
                self.results.versions[name] = metadata.version(name)
        if self.node is not None:
            self.results.versions["ws (npm)"] = node.version("ws")

    def _grow(self) -> None:
        for series in growth.SERIES:
            if not self.wanted(series.name):
                continue
            self._say(series.name)
            by_contender = self.results.growth.setdefault(series.name, {})
            for contender in self.contenders:
                if contender not in (PORT, PORT_PURE):
                    continue
                with self._worker(contender) as worker:
                    sizes = series.quick_sizes if self.quick else series.sizes
                    by_contender[contender.key] = [
                        Point(size, **worker.call("grow", series.name, size)) for size in sizes
                    ]

    def _note(self, text: str) -> None:
        self.results.notes.append(text)
        print(text, file=sys.stderr)

    def _say(self, text: str) -> None:
        print(f"{perf_counter() - self._started:6.1f} s  {text}", file=sys.stderr, flush=True)


def main() -> None:
    options = _options()
    if options.list:
        print("\n".join(_names()))
        return

    results = Run(options).run()
    markdown = results.to_markdown()
    print(markdown)
    for line in results.missed():
        print(line, file=sys.stderr)

    output = options.output
    if output is None and not options.quick and not options.only:
        output = PUBLISHED if options.publish else OUTPUT
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        caption = f"{results.machine['Processor']}, {results.machine['Python']}"
        (output / "results.md").write_text(markdown, encoding="utf-8")
        (output / "results.json").write_text(results.to_json(), encoding="utf-8")
        (output / "results.svg").write_text(chart.draw(results.medians, caption), encoding="utf-8")
        print(f"Written to {output}", file=sys.stderr)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Runs websocket_driver beside its peers. A whole run writes its results to "
        "build/bench.",
    )
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="CASE",
        help="cases, by their names or patterns such as 'parse-*'; nothing is written",
    )
    parser.add_argument("--list", action="store_true", help="print the names of the cases")
    parser.add_argument("--rounds", type=int, help="how often each contender has its turn")
    parser.add_argument(
        "--quick", action="store_true", help="to see that it works; nothing is written"
    )
    parser.add_argument("--pure", action="store_true", help="without the compiled part of the port")
    parser.add_argument("--no-node", action="store_true", help="without what runs on Node.js")
    parser.add_argument(
        "--publish",
        action="store_true",
        help="write the results of a whole run to benchmarks/results, which the docs show",
    )
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="write the results there")

    options = parser.parse_args()
    for pattern in options.only or []:
        if not any(fnmatch(name, pattern) for name in _names()):
            parser.error(f"no case is called {pattern}; --list prints those there are")
    if options.publish and (options.quick or options.only):
        parser.error("--publish needs a whole run, without --quick and --only")
    return options


def _names() -> list[str]:
    names = [case.name for case in cases()]
    names += MEMORY
    names += [case.name for case in loopback.CASES]
    names += [case.name for case in loopback.ACCEPTING]
    return names + [series.name for series in growth.SERIES]


if __name__ == "__main__":
    main()
