"""The result of a run: its failures, and the table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import linear_regression, mean, median

from .. import machine
from .kinds import MISBEHAVIOUR, WELL_BEHAVED
from .limits import Plan
from .peer import Tally

MIB = 1 << 20

# Up to here the line through the samples may rise from the end of the warm-up to the last of them:
# a share of the level, or as much as is noise where the level is low.
TOLERANCE = 0.05
# A program has one of these for all its connections.
SHARED = {"Limits": 1}
NOISE = {"memory": 8 * MIB, "open files": 20, "allocated blocks": 100_000}


@dataclass(frozen=True)
class Sample:
    """The server at one moment."""

    at: float
    rss: int
    files: int
    blocks: int
    connections: int


@dataclass
class Rest:
    """The server with nothing to do: before, and after."""

    files: int
    rss: int
    blocks: int
    objects: dict[str, int]


@dataclass
class Result:
    plan: Plan
    warm_up: float
    before: Rest
    after: Rest
    samples: list[Sample]
    tally: Tally
    complaints: Counter[str] = field(default_factory=Counter)

    def warm(self) -> list[Sample]:
        """The samples behind the warm-up, while there was load."""
        return [each for each in self.samples if self.warm_up <= each.at <= self.plan.seconds]


SERIES: dict[str, Callable[[Sample | Rest], int]] = {
    "memory": lambda sample: sample.rss,
    "open files": lambda sample: sample.files,
    "allocated blocks": lambda sample: sample.blocks,
}


def rise(samples: list[Sample], value: Callable[[Sample], int]) -> float:
    """The rise of the regression line from the first sample to the last."""
    times = [sample.at for sample in samples]
    slope = linear_regression(times, [value(sample) for sample in samples]).slope
    return slope * (times[-1] - times[0])


def faults(result: Result) -> list[str]:
    """The failures of a run."""
    found = list(result.tally.failures)
    found += [f"The server: {text} ({n} times)" for text, n in result.complaints.items()]

    warm = result.warm()
    if len(warm) < 3:
        found.append(f"There are {len(warm)} samples after the warm-up, too few to tell growth")
    else:
        for name, value in SERIES.items():
            level = mean(value(sample) for sample in warm)
            risen, allowed = rise(warm, value), max(TOLERANCE * level, NOISE[name])
            if risen > allowed:
                found.append(f"Growth of {name}: {risen:,.0f}, more than {allowed:,.0f}")

    if result.after.files != result.before.files:
        found.append(f"Open files: {result.before.files} before, {result.after.files} after")
    for name, count in result.after.objects.items():
        before = result.before.objects.get(name, 0)
        if count > max(before, SHARED.get(name, 0)):
            found.append(f"Objects of {name}: {before} before, {count} after")

    opened = result.tally.opened
    found += [
        f"No connection: {name}" for name in (WELL_BEHAVED, *MISBEHAVIOUR) if not opened[name]
    ]
    return found


def table(result: Result) -> str:
    """The report of a run, in Markdown."""
    plan, tally, warm = result.plan, result.tally, result.warm()
    first, last = warm[0], warm[-1]
    seconds = sorted(tally.seconds)
    at_a_time = [sample.connections for sample in warm]
    rows = [
        *machine.describe().items(),
        ("Duration", f"{plan.seconds:g} s, seed {plan.seed}"),
        ("Connections at a time", f"{median(at_a_time):,.0f} (at most {max(at_a_time):,})"),
        ("Connections opened", f"{tally.opened.total():,}"),
        ("Messages echoed, pings answered", f"{tally.messages:,}, {tally.pings:,}"),
        ("Bytes that came back", f"{tally.bytes / MIB:,.0f} MiB"),
        (
            "Until an echo is back",
            f"{_milliseconds(seconds[len(seconds) // 2])} in the middle, "
            f"99 % within {_milliseconds(seconds[len(seconds) * 99 // 100])}, "
            f"at most {_milliseconds(seconds[-1])}",
        ),
        ("Lost or wrong", f"{len(tally.failures):,}"),
        ("Exceptions in the server", f"{result.complaints.total():,}"),
    ]
    lines = [
        "## Soak",
        "",
        "| | |",
        "| --- | --- |",
        *(f"| {name} | {text} |" for name, text in rows),
    ]

    lines += ["", "## The server's process", ""]
    lines += [f"| | at rest | {first.at:.0f} s | {last.at:.0f} s | rise | at rest |"]
    lines += ["| --- | --- | --- | --- | --- | --- |"]
    for name, value in SERIES.items():
        at_rest = [value(rest) for rest in (result.before, result.after)]
        cells = [at_rest[0], value(first), value(last), rise(warm, value), at_rest[1]]
        if name == "memory":
            texts = [f"{cell / MIB:,.1f} MiB" for cell in cells]
        else:
            texts = [f"{cell:,.0f}" for cell in cells]
        lines.append(f"| {' | '.join([name, *texts])} |")

    lines += ["", "## Connections", "", "| | opened |", "| --- | --- |"]
    for name in (WELL_BEHAVED, *MISBEHAVIOUR):
        lines.append(f"| {name} | {tally.opened[name]:,} |")
    return "\n".join(lines)


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms"
