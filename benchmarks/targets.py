"""How fast the port is meant to be, and whether it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .contenders import PORT, PORT_PURE

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
        """How the port did; `None` if that has not been measured."""
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
    """A target, what was measured, and whether it is met."""

    target: Target
    measured: float
    met: bool

    @property
    def row(self) -> tuple[str, str, str]:
        """What was asked, what came of it, and by how much it is missed, in words."""
        target = self.target
        if not target.peer:
            asked, got = f"below {target.limit:,.0f} B", f"{self.measured:,.0f} B"
            missing = self.measured / target.limit
        else:
            asked = f"at least {target.ratio:g} of {NAMES.get(target.peer, target.peer)}"
            got = f"{self.measured:.2f}"
            missing = target.ratio / self.measured
        return asked, got, "met" if self.met else f"**missed**, by a factor of {missing:.2f}"


SMALL = ("parse-16", "parse-125", "parse-125-utf8")
MIDDLE = ("parse-4k-text", "parse-4k-binary")
LARGE = ("parse-1m-text", "parse-1m-binary")
SENDS = ("send-125-server", "send-125-client", "send-4k-server", "send-4k-client", "send-1m-client")


def _ratios(port: str, cases: tuple[str, ...], **ratios: float) -> list[Target]:
    return [
        Target(port, case, peer.replace("_", "-"), ratio)
        for case in cases
        for peer, ratio in ratios.items()
    ]


COMPILED = [
    *_ratios(PORT.key, SMALL, aiohttp=1.0, websockets=5, original=2.5),
    *_ratios(PORT.key, MIDDLE, aiohttp=1.0, websockets=3, original=10),
    *_ratios(PORT.key, LARGE, best=1.0, original=10),
    *_ratios(PORT.key, ("parse-fragments",), websockets=1.5),
    *_ratios(PORT.key, SENDS, best_python=1.0, original=0.8),
    *_ratios(PORT.key, ("echo-deflated",), websockets=1.0),
    *_ratios(PORT.key, ("handshake-server",), websockets=1.5, original=0.8),
    Target(PORT.key, "memory-idle", limit=4_000),
    Target(PORT.key, "memory-http-idle", limit=4_000),
    Target(PORT.key, "memory-deflate", limit=6_000),
    Target(PORT.key, "memory-http-deflate", limit=6_000),
    *_ratios(
        PORT.key,
        ("loopback-1-uvloop",),
        original=1.2,
        ws=1.2,
        aiohttp=1.2,
        websockets=2,
        picows=0.9,
    ),
    *_ratios("node-http", ("loopback-1-uvloop", "loopback-50-uvloop"), aiohttp=1.2, ws=1.2),
    *_ratios(
        PORT.key,
        ("loopback-50-uvloop",),
        original=3,
        ws=3,
        aiohttp=3,
        websockets=3,
        picows=3,
    ),
]

PURE = [
    *_ratios(PORT_PURE.key, SMALL, websockets=1.2),
    *_ratios(PORT_PURE.key, (*SMALL[1:], *MIDDLE, *LARGE), original=1.0),
]


def verdicts(targets: list[Target], medians: Medians) -> list[Verdict]:
    """Those of the targets that have been measured."""
    judged = [target.judge(medians) for target in targets]
    return [verdict for verdict in judged if verdict is not None]
