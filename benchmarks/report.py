"""The results as tables in Markdown and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from . import growth, loopback, targets
from .cases import cases
from .contenders import CONTENDERS
from .growth import Point
from .timing import medians

Samples = dict[str, dict[str, list[float]]]

ROWS = [*CONTENDERS, loopback.NODE_HTTP, loopback.PICOWS, loopback.WS]
TITLES = {contender.key: contender.title for contender in ROWS}

MEMORY = {
    "memory-idle": "idle",
    "memory-deflate": "deflate negotiated, not used",
    "memory-http-idle": "`http()`, idle",
    "memory-http-deflate": "`http()`, deflate negotiated, not used",
    "memory-deflate-used": "deflate after an echo of 1 KiB",
    "memory-deflate-1m": "deflate after an echo of 1 MiB",
}


def rate(cost: float) -> str:
    """The number of messages a second, at `cost` microseconds for each."""
    value = 1e6 / cost
    for limit, divisor, unit in ((1e6, 1e6, " M"), (1e3, 1e3, " k")):
        if value >= limit:
            return f"{value / divisor:.3g}{unit}"
    return f"{value:.3g}"


def microseconds(cost: float) -> str:
    return f"{cost:,.0f}" if cost >= 100 else f"{cost:.3g}"


def number_of_bytes(cost: float) -> str:
    return f"{cost:,.0f}"


@dataclass(frozen=True)
class Group:
    """Cases that make up one table: titles by name, and how a median is written."""

    title: str
    note: str
    cases: dict[str, str]
    form: Callable[[float], str]


ALL = cases()

GROUPS = [
    Group(
        "Parsing",
        "µs for a message, as a server: masked frames in chunks of 64 KiB. The echo inflates a "
        "message, delivers it, and sends it back deflated.",
        {case.name: case.title for case in ALL if case.kind in ("parse", "echo")},
        microseconds,
    ),
    Group(
        "Sending",
        "µs for a message.",
        {case.name: case.title for case in ALL if case.kind == "send"},
        microseconds,
    ),
    Group(
        "Handshake",
        "µs for a connection, from making the driver until it is open.",
        {case.name: case.title for case in ALL if case.kind in ("accept", "connect")},
        microseconds,
    ),
    Group(
        "Memory",
        "Bytes for an open server connection. Of aiohttp, reader and writer only; of Node, without "
        "the memory of zlib.",
        MEMORY,
        number_of_bytes,
    ),
    Group(
        "Echo over loopback",
        f"Messages of 125 B a second, {loopback.CONNECTIONS} connections, so many messages in "
        "flight on each. Node has its own event loop: its figures stand in both columns.",
        {case.name: case.title for case in loopback.CASES},
        rate,
    ),
    Group(
        "Connections over loopback",
        "Connections accepted a second on uvloop, each with a handshake, one echo and a close.",
        {case.name: case.title for case in loopback.ACCEPTING},
        rate,
    ),
]


@dataclass
class Results:
    """All that a run has measured, and under which circumstances."""

    machine: dict[str, str]
    versions: dict[str, str] = field(default_factory=dict)
    rounds: int = 0
    loopback_rounds: int = 0
    notes: list[str] = field(default_factory=list)
    samples: Samples = field(default_factory=dict)
    growth: dict[str, dict[str, list[Point]]] = field(default_factory=dict)
    client_busy: dict[str, dict[str, float]] = field(default_factory=dict)
    faults: Samples = field(default_factory=dict)

    @property
    def medians(self) -> dict[str, dict[str, float]]:
        return {name: medians(samples) for name, samples in self.samples.items()}

    def to_json(self) -> str:
        document: dict[str, Any] = {
            "machine": self.machine,
            "versions": self.versions,
            "rounds": self.rounds,
            "loopback_rounds": self.loopback_rounds,
            "notes": self.notes,
            "medians": self.medians,
            "samples": self.samples,
            "page_faults": {name: medians(samples) for name, samples in self.faults.items()},
            "load_client_busy": self.client_busy,
            "growth": {
                name: {
                    key: [vars(point) for point in points] for key, points in by_contender.items()
                }
                for name, by_contender in self.growth.items()
            },
        }
        return json.dumps(_rounded(document), indent=1, ensure_ascii=False) + "\n"

    def to_markdown(self) -> str:
        parts = ["# Benchmarks", self._circumstances(), self._reading()]
        for group in GROUPS:
            parts += self._group(group)
        parts += self._faults()
        parts += self._targets()
        parts += self._growth()
        return "\n\n".join(parts) + "\n"

    def _circumstances(self) -> str:
        lines = [f"- {name}: {value}" for name, value in self.machine.items()]
        if self.versions:
            lines.append("- " + ", ".join(f"{name} {v}" for name, v in self.versions.items()))
        lines += [f"- {note}" for note in self.notes]
        return "\n".join(lines)

    def _reading(self) -> str:
        reference = self._reference(self.medians)
        if reference is None:
            return "The port was not measured."
        return (
            f"Medians of {self.rounds} rounds, {self.loopback_rounds} over loopback, in which the "
            "contenders take turns. In brackets: "
            f"the speed of `{TITLES[reference]}` as a multiple of the row's, above 1 where the "
            "port is faster (for memory, smaller)."
        )

    def _reference(self, by_case: dict[str, dict[str, float]]) -> str | None:
        for key in ("port", "port-pure"):
            if any(key in by_contender for by_contender in by_case.values()):
                return key
        return None

    def _group(self, group: Group) -> list[str]:
        found = {name: values for name, values in self.medians.items() if name in group.cases}
        if not found:
            return []
        reference = self._reference(found)

        def cell(name: str, key: str) -> str:
            value = found[name].get(key)
            if value is None:
                return ""
            text = group.form(value)
            if reference in (None, key) or reference not in found[name]:
                return text
            return f"{text} ({value / found[name][reference]:.2f})"

        keys = [key for key in TITLES if any(key in values for values in found.values())]
        rows = [[TITLES[key], *(cell(name, key) for name in found)] for key in keys]
        head = ["", *(group.cases[name] for name in found)]
        parts = [f"## {group.title}", group.note, table(head, rows)]

        busy = [value for name in found for value in self.client_busy.get(name, {}).values()]
        if busy:
            busiest = ", ".join(
                f"{group.cases[name]}: {TITLES[key]} {value:.0%}"
                for name in found
                for key, value in self.client_busy[name].items()
                if value >= 0.9
            )
            parts.append(
                "How busy the load client was, at most: "
                + (
                    f"{busiest}; at these it may be what limits."
                    if busiest
                    else f"{max(busy):.0%}."
                )
            )
        return parts

    def _faults(self) -> list[str]:
        if not self.faults:
            return []
        titles = {case.name: case.title for case in ALL}
        found = {name: medians(samples) for name, samples in self.faults.items()}
        keys = [key for key in TITLES if any(key in values for values in found.values())]
        rows = [
            [
                TITLES[key],
                *(f"{values[key]:,.0f}" if key in values else "" for values in found.values()),
            ]
            for key in keys
        ]
        return [
            "## Page faults",
            "Pages of memory that the system had to give to the process, for a message.",
            table(["", *(titles[name] for name in found)], rows),
        ]

    def missed(self) -> list[str]:
        """A line for each target that is missed."""
        return [
            f"Missed: {verdict.target.port}, {verdict.target.case}: {', '.join(verdict.row[:2])}"
            for wanted in (targets.COMPILED, targets.PURE)
            for verdict in targets.verdicts(wanted, self.medians)
            if not verdict.met
        ]

    def _targets(self) -> list[str]:
        parts = []
        for title, wanted in (("compiled", targets.COMPILED), ("pure Python", targets.PURE)):
            verdicts = targets.verdicts(wanted, self.medians)
            if not verdicts:
                continue
            titles = {
                name: f"{group.title}, {case}"
                for group in GROUPS
                for name, case in group.cases.items()
            }
            rows = [[titles[verdict.target.case], *verdict.row] for verdict in verdicts]
            met = sum(verdict.met for verdict in verdicts)
            parts += [
                f"## Targets, {title}",
                f"{met} of {len(verdicts)} met.",
                table(["case", "target", "measured", ""], rows),
            ]
        return parts

    def _growth(self) -> list[str]:
        if not self.growth:
            return []
        parts = [
            "## How cost grows",
            "Time of the processor, and memory at its peak, what is fed in not counted. The "
            "power is that of the size with which the cost grows over the sizes in bold: 1 is "
            "linear.",
        ]
        for series in growth.SERIES:
            for key, points in self.growth.get(series.name, {}).items():
                parts += [f"### {TITLES[key]}: {series.title}", *_growth_table(series, points)]
        return parts


def _growth_table(series: growth.Series, points: list[Point]) -> list[str]:
    rows = []
    for point in points:
        size = f"{point.size:,}"
        rows.append(
            [
                f"**{size}**" if point.size >= series.start else size,
                f"{point.seconds * 1e3:,.3f}",
                f"{point.seconds / point.size * 1e9:,.1f}",
                f"{point.memory / 1024:,.0f}",
                f"{point.memory / point.size:,.1f}",
            ]
        )
    head = [f"{series.unit}s", "ms", f"ns a {series.unit}", "KiB", f"B a {series.unit}"]

    powers = {
        "time": growth.slope(points, series.start, lambda point: point.seconds),
        "memory": growth.slope(points, series.start, lambda point: point.memory),
    }
    says = ", ".join(
        f"{name} {power:.2f} ({'linear' if power <= growth.LINEAR else '**more than linear**'})"
        for name, power in powers.items()
    )
    return [table(head, rows), f"Power: {says}."]


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown, numbers to the right."""
    head = list(head)
    lines = ["| " + " | ".join(head) + " |"]
    lines.append("| --- |" + " ---: |" * (len(head) - 1))
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return value
