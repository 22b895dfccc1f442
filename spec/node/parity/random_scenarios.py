"""Random scenarios. Scenario I of a seed does not depend on how many there are."""

from __future__ import annotations

import random
from typing import Any

Scenario = dict[str, Any]
Call = list[Any]

SIZES = [1, 5, 100, 1000, 5000]
LARGE = [200_000, 1_000_000, 6_000_000]
KINDS = {
    "plain": 6,
    "tls": 3,
    "raw-peer": 4,
    "raw-client": 4,
    "pipe": 4,
    "starttls": 2,
    "server": 2,
    "early": 3,
    "reading": 5,
    "iteration": 2,
}
EVENTS = ["data", "end", "close", "error", "drain"]
WITHOUT_DATA = [event for event in EVENTS if event != "data"]
READABLE = ["readable", *WITHOUT_DATA]
MEMBERS = [
    "readableLength",
    "readableFlowing",
    "readableEnded",
    "readableHighWaterMark",
    "isPaused",
]
RAW_CALLS: list[Call] = [["send", 5], ["send", 300], ["fin"], ["rst"], ["close"], ["read"]]


class Maker:
    """One random scenario."""

    def __init__(self, seed: int, index: int) -> None:
        self.random = random.Random(f"{seed}/{index}")
        self.kind = self.random.choices(list(KINDS), list(KINDS.values()))[0]
        self.large = self.random.random() < 0.25
        self.steps: list[list[Call]] = []
        self.scenario: Scenario = {"id": f"{seed}-{index}-{self.kind}", "on": []}

    def make(self) -> Scenario:
        getattr(self, self.kind.replace("-", "_"))()
        self._tidy()
        return self.scenario

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def events(self) -> list[str]:
        """Usually all events. Without `data`, nobody reads."""
        return WITHOUT_DATA if self.chance(0.25) else EVENTS

    def number(self, *weights: int) -> int:
        """1 more than the index of one of the weights."""
        return self.random.choices(range(1, len(weights) + 1), weights)[0]

    def calls(self, actor: str, *weights: int, large: bool | None = None) -> list[Call]:
        return [self.call(actor, large) for _ in range(self.number(*weights))]

    def call(self, actor: str, large: bool | None = None) -> Call:
        """A call on a socket."""
        choose = self.random.choice
        number = self.random.random()
        if number < 0.34:
            big = (self.large if large is None else large) and self.chance(0.25)
            return [actor, "write", choose(LARGE) if big else choose(SIZES)]
        if number < 0.50:
            return [actor, "end"] if self.chance(0.6) else [actor, "end", choose(SIZES)]
        for limit, call in (
            (0.60, ["destroy"]),
            (0.64, ["destroyErr"]),
            (0.76, ["pause"]),
            (0.90, ["resume"]),
            (0.92, ["nodelay"]),
            (0.94, ["on", "data"]),
            (0.96, ["ask", choose(["cork", "uncork", "destroySoon", self.reset()])]),
        ):
            if number < limit:
                return [actor, *call]
        return [actor, "flags"]

    def reset(self) -> str:
        """Node resets no connection with TLS."""
        return "cork" if self.kind in ("tls", "starttls", "early") else "resetAndDestroy"

    # Kinds of scenarios

    def plain(self, tls: bool = False) -> None:
        options = {"tls": True} if tls else {}
        own = ["secureConnect"] if tls else []
        self.scenario["server"] = {"listen": self.events(), **options}
        self.scenario["clients"] = {"c0": {"listen": ["connect", *own, *self.events()], **options}}
        first = [["c0", "connect"]]
        if self.kind == "early" or self.chance(0.2):
            first += self.calls("c0", 1, 1, 1, large=False)
        self.steps.append(first)
        for _ in range(self.random.randint(1, 5)):
            self.steps.append(self.calls(self.random.choice(["c0", "s0"]), 7, 2, 1))
        for _ in range(self.number(5, 3, 2) - 1):
            self.listener(own)
        if self.chance(0.15):
            self.steps.insert(self.random.randint(1, len(self.steps)), [["server", "close"]])

    def listener(self, own: list[str]) -> None:
        actor = self.random.choice(["c0", "s0"])
        first = ["connect", *own] if actor == "c0" else ["connection"]
        event = self.random.choice(["data", "end", "close", "error", *first])
        do = self.calls(actor, 1, 1, large=False)
        if self.chance(0.12) and event not in ("close", "error"):
            last = self.random.choice(["end", "destroy"])
            do = [[actor, "write", self.random.choice(SIZES)], [actor, last]]
        self.scenario["on"].append({"at": f"{actor}:{event}", "do": do})

    def early(self) -> None:
        self.plain(tls=self.chance(0.2))

    def tls(self) -> None:
        self.plain(tls=True)

    def raw_peer(self) -> None:
        self.scenario["raw"] = {"reading": self.chance(0.7)}
        self.scenario["clients"] = {"c0": {"listen": ["connect", *self.events()]}}
        first: list[Call] = [["c0", "connect", "raw"]]
        if self.chance(0.15):
            first.append(self.call("c0", large=False))
        self.steps.append(first)
        self.raw_steps("c0", "connect")

    def raw_client(self) -> None:
        self.scenario["server"] = {"listen": self.events()}
        deaf = [] if self.chance(0.8) else ["deaf"]
        self.steps.append([["r0", "connect", *deaf]])
        self.raw_steps("s0", "connection")

    def raw_steps(self, actor: str, first_event: str) -> None:
        for _ in range(self.random.randint(2, 6)):
            if self.chance(0.5):
                self.steps.append([["r0", *self.random.choice(RAW_CALLS)]])
            else:
                self.steps.append(self.calls(actor, 8, 2))
        if actor == "s0" and self.chance(0.3):
            self.steps.append([["server", "close"]])
        self.steps += [[["r0", "read"]], [["wait", 150 if self.large else 60], ["r0", "stat"]]]
        if self.chance(0.4):
            event = self.random.choice(["data", "end", "error", "close", first_event])
            do = [self.call(actor, large=False)]
            self.scenario["on"].append({"at": f"{actor}:{event}", "do": do})

    def pipe(self) -> None:
        self.scenario["server"] = {"listen": WITHOUT_DATA}
        self.steps += [[["c0", "connect"]], [["c1", "connect"]]]
        pairs = [[("s0", "s1")], [("s0", "s1"), ("s1", "s0")], [("s0", "s0")]]
        self.steps.append(
            [
                [source, "pipe", destination, *([{"end": False}] if self.chance(0.25) else [])]
                for source, destination in self.random.choice(pairs)
            ]
        )
        for _ in range(self.random.randint(2, 6)):
            actor = self.random.choices(["c0", "c1", "s0", "s1"], [5, 3, 1, 1])[0]
            call = self.call(actor)
            if actor[0] == "s" and call[1] in ("pause", "resume", "on"):
                call = [actor, "write", 5]
            self.steps.append([call])

    def starttls(self) -> None:
        self.scenario["server"] = {"tls": True, "listen": self.events()}
        self.scenario["proxy"] = True
        request = "CONNECT localhost:1 HTTP/1.1\r\n\r\n"
        self.scenario["on"].append({"at": "c0:connect", "do": [["c0", "write", request]]})
        start = [["c0", "startTls"]]
        start += [self.call("c0t", large=False) for _ in range(self.random.choice([0, 0, 1, 2]))]
        self.steps.append([["c0", "connect", "raw"]])
        if self.chance(0.6):
            self.scenario["on"].append({"at": "c0:data", "do": start})
        else:
            self.steps.append(start)
        for _ in range(self.random.randint(1, 5)):
            self.steps.append([self.call(self.random.choice(["c0t", "s0"]))])
        for step in self.steps:
            kept = [call for call in step if call[0] == "s0" or call[1:3] != ["on", "data"]]
            step[:] = kept or [["c0t", "flags"]]

    def reading(self) -> None:
        """Paused mode: `readable` and `read()`, mixed with all other ways to read."""
        tls = {"tls": True} if self.chance(0.25) else {}
        own = ["secureConnect"] if tls else []
        events = self.random.choice([READABLE, READABLE, WITHOUT_DATA, EVENTS])
        self.scenario["server"] = {"listen": events, **tls}
        self.scenario["clients"] = {"c0": {"listen": ["connect", *own, *EVENTS], **tls}}
        if self.chance(0.5):
            do = [self.reader("s0", in_listener=True) for _ in range(self.number(4, 1))]
            rule = {"at": "s0:readable", "nth": self.random.choice([0, 0, 1, 2]), "do": do}
            self.scenario["on"].append(rule)
        if self.chance(0.3):
            event = self.random.choice(["connection", "end", "data", "close"])
            self.scenario["on"].append({"at": f"s0:{event}", "do": [self.reader("s0")]})
        self.steps.append([["c0", "connect"]])
        for _ in range(self.random.randint(2, 7)):
            step = [self.reader("s0") for _ in range(self.number(3, 2, 1) - 1)]
            if self.chance(0.6):
                step.append(self.call("c0", large=False))
            if self.chance(0.2):
                step.append(self.call("s0", large=False))
            self.steps.append(step)

    def iteration(self) -> None:
        """`for await`. Nobody else reads: promises and asyncio's tasks go on at different times."""
        tls = {"tls": True} if self.chance(0.25) else {}
        self.scenario["server"] = {"listen": ["end", "close", "error"], **tls}
        self.scenario["clients"] = {"c0": tls}
        self.steps.append([["c0", "connect"]])
        for _ in range(self.random.randint(1, 5)):
            actor = self.random.choice(["c0", "c0", "s0"])
            call = self.call(actor, large=False)
            if actor == "c0" or call[1] in ("write", "end", "destroy", "destroyErr"):
                self.steps.append([call])
        iterate = ["s0", "iterate", self.random.choice([0, 0, 0, 1, 2])]
        if self.chance(0.3):
            iterate.append({"destroyOnReturn": self.chance(0.2)})
        self.steps.insert(self.random.randint(1, len(self.steps)), [iterate])

    def reader(self, actor: str, in_listener: bool = False) -> Call:
        """A call that reads, or that changes who reads."""
        choose = self.random.choice
        if in_listener or self.chance(0.5):
            reads: list[Call] = [
                ["read"],
                ["readAll"],
                ["readAll"],
                ["read", choose([0, 1, 3, 200])],
            ]
            return [actor, *choose(reads)]
        calls: list[Call] = [
            ["pause"],
            ["resume"],
            ["get", choose(MEMBERS)],
            ["get", choose(MEMBERS)],
            ["off", choose(["readable", "data"])],
            ["on", choose(["readable", "data"])],
            ["ask", "unshift", "abc"],
            ["ask", "setEncoding", "utf8"],
        ]
        return [actor, *choose(calls)]

    def server(self) -> None:
        self.scenario["server"] = {"manual": True}
        self.scenario["taken"] = True
        calls: list[Call] = [
            ["server", "listen"],
            ["server", "listen"],
            ["server", "listen", "taken"],
            ["server", "close"],
            ["server", "closeCb"],
            ["server", "address"],
            ["c0", "connect"],
            ["c0", "end"],
            ["c0", "destroy"],
        ]
        connected = False
        for _ in range(self.random.randint(2, 6)):
            step = [self.random.choice(calls) for _ in range(self.number(7, 2))]
            for call in list(step):  # only one client
                if call == ["c0", "connect"]:
                    if connected:
                        step.remove(call)
                    connected = True
            self.steps.append(step)

    def _tidy(self) -> None:
        """Adds each listener at most once, because a second one would repeat the entries."""
        for rule in self.scenario["on"]:
            rule["do"] = [call for call in rule["do"] if call[1] not in ("on", "flags")]
        clients = self.scenario.get("clients", {})
        listening = {
            "c0": {*clients.get("c0", {}).get("listen", EVENTS)},
            "s0": {*self.scenario.get("server", {}).get("listen", EVENTS)},
        }
        steps: list[list[Call]] = []
        for step in self.steps:
            kept = [call for call in step if self._is_new(call, listening)]
            if kept:
                steps.append(kept)
        self.scenario["steps"] = steps

    @staticmethod
    def _is_new(call: Call, listening: dict[str, set[str]]) -> bool:
        """False for a call that adds a listener which is there, or removes one which is not."""
        if call[1:2] not in (["on"], ["off"]):
            return True
        events = listening.setdefault(call[0], set())
        if (call[1] == "on") == (call[2] in events):
            return False
        events ^= {call[2]}
        return True


def scenarios(seed: int, count: int) -> list[Scenario]:
    return [Maker(seed, index).make() for index in range(count)]
