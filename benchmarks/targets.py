"""The speed that the port should have, and whether it has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .contenders import PORT, PORT_PURE, PORT_ZLIB_NG

PYTHON_PEERS = ("websockets", "wsproto", "aiohttp", "picows")
PEERS = (*PYTHON_PEERS, "original", "ws")

NAMES = {
    "best": "the best peer",
    "best-python": "the best Python peer",
    "original": "the original",
    "ws": "npm ws",
}

Medians = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Target:
    """`port` is to take at most `1 / ratio` of what `peer` takes in a case; or, with no peer, at
    most `limit` bytes."""

    port: str
    case: str
    peer: str = ""
    ratio: float = 0.0
    limit: float = 0.0

    def judge(self, medians: Medians) -> Verdict | None:
        """The verdict on the port; `None` if it has not been measured."""
        measured = medians.get(self.case, {})
        mine = measured.get(self.port)
        if mine is None:
            return None
        if not self.peer:
            return Verdict(self, mine, mine < self.limit)

        names = {"best": PEERS, "best-python": PYTHON_PEERS}.get(self.peer, (self.peer,))
        peers = [measured[name] for name in names if name in measured]
        if not peers:
            return None
        ratio = min(peers) / mine
        return Verdict(self, ratio, ratio >= self.ratio)


@dataclass(frozen=True)
class Verdict:
    """A target, the measured value, and whether the target is met."""

    target: Target
    measured: float
    met: bool

    @property
    def row(self) -> tuple[str, str, str]:
        """The target, the result, and the distance if the target is missed, in words."""
        target = self.target
        if not target.peer:
            asked, got = f"below {target.limit:,.0f} B", f"{self.measured:,.0f} B"
            missing = self.measured / target.limit
        else:
            asked = f"at least {target.ratio:g} of {NAMES.get(target.peer, target.peer)}"
            got = f"{self.measured:.2f}"
            missing = target.ratio / self.measured
        return asked, got, "met" if self.met else f"**missed**, by a factor of {missing:.2f}"


def _ratios(port: str, cases: tuple[str, ...], **ratios: float) -> list[Target]:
    return [
        Target(port, case, peer.replace("_", "-"), ratio)
        for case in cases
        for peer, ratio in ratios.items()
    ]


COMPILED = [
    *_ratios(PORT.key, ("parse-16",), aiohttp=2.5, websockets=12, original=6),
    *_ratios(PORT.key, ("parse-125",), aiohttp=1.5, websockets=10, original=6),
    *_ratios(PORT.key, ("parse-125-utf8",), aiohttp=1.4, websockets=7, original=5),
    *_ratios(PORT.key, ("parse-4k-text",), aiohttp=1.15, websockets=3.3, original=11),
    *_ratios(PORT.key, ("parse-4k-binary",), aiohttp=1.2, websockets=4.5, original=9),
    *_ratios(PORT.key, ("parse-1m-text",), aiohttp=1.0, websockets=0.95, original=15),
    *_ratios(PORT.key, ("parse-1m-text-alone",), aiohttp=1.0, websockets=2, original=15),
    *_ratios(PORT.key, ("parse-1m-binary",), aiohttp=1.1, websockets=0.95, original=14),
    *_ratios(PORT.key, ("parse-fragments",), aiohttp=1.8, websockets=30, original=15),
    *_ratios(PORT.key, ("send-125-server",), aiohttp=2, websockets=4, original=1.3),
    *_ratios(PORT.key, ("send-125-client",), aiohttp=2, websockets=4.5, original=6),
    *_ratios(PORT.key, ("send-4k-server",), aiohttp=2, websockets=4, original=4.5),
    *_ratios(PORT.key, ("handshake-server",), websockets=1.9, original=0.75),
    *_ratios(PORT.key, ("echo-deflated",), websockets=1.4, original=8),
    *_ratios(PORT_ZLIB_NG.key, ("echo-deflated",), websockets=2),
    # The messages are made when they are first asked for: here they are not.
    Target(PORT.key, "memory-http-idle", limit=850),
    *_ratios(
        PORT.key,
        ("loopback-1-uvloop",),
        aiohttp=1.35,
        websockets=2.2,
        original=1.4,
        ws=1.35,
        picows=0.9,
    ),
    *_ratios("node-http", ("loopback-1-uvloop", "loopback-50-uvloop"), aiohttp=1.2, ws=1.2),
    *_ratios(
        PORT.key,
        ("loopback-50-uvloop",),
        aiohttp=5,
        websockets=9,
        original=5,
        picows=4.5,
    ),
]

PURE = [
    *_ratios(PORT_PURE.key, ("parse-125",), websockets=1.6),
    *_ratios(PORT_PURE.key, ("send-125-server",), websockets=1.8),
    *_ratios(PORT_PURE.key, ("echo-deflated",), websockets=1.2),
]


def verdicts(targets: list[Target], medians: Medians) -> list[Verdict]:
    """Those of the targets that have been measured."""
    judged = [target.judge(medians) for target in targets]
    return [verdict for verdict in judged if verdict is not None]
