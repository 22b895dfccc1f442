"""The results as a chart: SVG, written by hand."""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import escape

from .report import GROUPS, TITLES, rate

PANELS = {
    "parse-16": "Parse 16 B",
    "parse-125": "Parse 125 B",
    "parse-4k-text": "Parse 4 KiB text",
    "parse-1m-binary": "Parse 1 MiB binary",
    "parse-fragments": "Parse 16 fragments of 256 B",
    "echo-deflated": "Echo 1 KiB, deflated",
    "send-125-server": "Send 125 B text, as server",
    "send-4k-client": "Send 4 KiB binary, as client",
    "handshake-server": "Handshake, as server",
    "loopback-1-uvloop": "Loopback on uvloop, 1 in flight",
    "loopback-50-uvloop": "Loopback on uvloop, 50 in flight",
}

COLUMNS = 2
WIDTH = 460
NAME_WIDTH = 205
BAR_WIDTH = 180
ROW = 18
MARGIN = 16

OURS, PEERS = "#2f6f4f", "#9fb3c0"
INK, PAPER = "#1d2429", "#ffffff"
FONT = "font-family='system-ui, sans-serif'"


def draw(medians: Mapping[str, Mapping[str, float]], caption: str) -> str:
    """Messages a second: a panel for each case, the longest bar the fastest."""
    assert all(any(name in group.cases for group in GROUPS) for name in PANELS)
    names = [name for name in PANELS if medians.get(name)]

    parts = []
    top = 58
    for start in range(0, len(names), COLUMNS):
        line = names[start : start + COLUMNS]
        for column, name in enumerate(line):
            parts.append(_panel(PANELS[name], medians[name], MARGIN + column * WIDTH, top))
        top += max(len(medians[name]) for name in line) * ROW + 46

    width = COLUMNS * WIDTH + 2 * MARGIN
    return "\n".join(
        [
            f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {top}' "
            f"width='{width}' height='{top}' role='img'>",
            "<title>websocket_driver beside its peers</title>",
            f"<rect width='{width}' height='{top}' fill='{PAPER}'/>",
            _text(MARGIN, 26, "Messages a second, longer is faster", size=16, weight="bold"),
            _text(MARGIN, 44, caption, size=11),
            *parts,
            "</svg>",
            "",
        ]
    )


def _panel(title: str, costs: Mapping[str, float], left: int, top: int) -> str:
    fastest = min(costs.values())
    parts = [_text(left, top + 14, title, size=13, weight="bold")]
    for row, (key, cost) in enumerate(sorted(costs.items(), key=lambda item: item[1])):
        y = top + 22 + row * ROW
        length = max(1.0, BAR_WIDTH * fastest / cost)
        ours = key.startswith("port")
        bar = left + NAME_WIDTH
        parts += [
            _text(bar - 6, y + 12, TITLES[key], anchor="end", weight="bold" if ours else ""),
            f"<rect x='{bar}' y='{y + 2}' width='{length:.1f}' height='{ROW - 5}' "
            f"fill='{OURS if ours else PEERS}'/>",
            _text(round(bar + length + 5), y + 12, rate(cost)),
        ]
    return "\n".join(parts)


def _text(
    x: int, y: int, text: str, *, size: int = 11, weight: str = "", anchor: str = "start"
) -> str:
    bold = f" font-weight='{weight}'" if weight else ""
    return (
        f"<text x='{x}' y='{y}' {FONT} font-size='{size}' fill='{INK}' text-anchor='{anchor}'"
        f"{bold}>{escape(text)}</text>"
    )
