"""Turns are timed in rounds, each contender once a round, so that conditions are equal for all."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median

from .cases import Case
from .workers import Worker

Samples = dict[str, list[float]]


def measure(
    case: Case, workers: Iterable[Worker], rounds: int, seconds: float, warm_up: float
) -> tuple[Samples, Samples]:
    """Microseconds for a message, of each round, by the key of the contender; and the pages for a
    message that the system had to give to its process.

    A sample takes about that many seconds, after `warm_up` seconds that do not count. What a
    contender does is checked first.
    """
    turns: dict[Worker, int] = {}
    for worker in workers:
        if case.kind not in worker.about["kinds"]:
            continue
        try:
            case.check(worker.call("prepare", case.to_json()))
        except ValueError as error:
            raise RuntimeError(f"{worker.contender.title}: {error}") from None
        turns[worker] = _calibrate(worker, case.name, seconds, warm_up)

    samples: Samples = {worker.contender.key: [] for worker in turns}
    faults: Samples = {worker.contender.key: [] for worker in turns}
    for _ in range(rounds):
        for worker, count in turns.items():
            before = worker.call("faults")
            took = worker.call("time", case.name, count)
            pages = worker.call("faults") - before
            samples[worker.contender.key].append(took / count / case.count * 1e6)
            faults[worker.contender.key].append(pages / count / case.count)

    for worker in turns:
        worker.call("forget", case.name)
    return samples, faults


def medians(samples: dict[str, list[float]]) -> dict[str, float]:
    return {key: median(values) for key, values in samples.items()}


def _calibrate(worker: Worker, name: str, seconds: float, warm_up: float) -> int:
    """The number of turns that take so many seconds, once warm: V8 compiles hot functions late."""
    turns, took, total = 1, 0.0, 0.0
    while took < seconds / 2 or total < warm_up:
        took = worker.call("time", name, turns)
        total += took
        if took < seconds / 2:
            turns *= 2
    return max(1, round(turns * seconds / took))
