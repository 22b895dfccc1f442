"""Differences between Node and this package that are allowed, and why.

Each cause has a pattern for the first difference of a scenario, as compare.py describes it, and
requires the calls in the scenario that its reason mentions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Scenario = dict[str, Any]
Call = list[Any]


@dataclass(frozen=True)
class Cause:
    name: str
    reason: str
    difference: str
    scenario: str | Callable[[Scenario], bool]

    def explains(self, difference: str, scenario: Scenario) -> bool:
        if not re.search(self.difference, difference):
            return False
        if callable(self.scenario):
            return self.scenario(scenario)
        return bool(re.search(self.scenario, json.dumps(scenario)))


# Properties of scenarios


def in_one_go(scenario: Scenario) -> Iterator[tuple[str, list[Call]]]:
    """The lists of calls that are made one directly after the other. Each has the event in whose
    listeners they are made; a step has none."""
    for step in scenario["steps"]:
        yield "", step
    listeners: dict[str, list[Call]] = {}
    for rule in scenario["on"]:
        listeners.setdefault(rule["at"], []).extend(rule["do"])
    yield from listeners.items()


def sends(call: Call) -> bool:
    return call[1] in ("write", "end") and len(call) > 2


def destroys(call: Call) -> bool:
    return call[1].startswith("destroy") or call[1:3] == ["ask", "destroySoon"]


def over_tls(scenario: Scenario) -> bool:
    return bool(scenario.get("server", {}).get("tls"))


def may_reset(scenario: Scenario) -> bool:
    """A socket is reset or destroyed: by a call, or by a write after its end."""
    if re.search(r'"rst"|"resetAndDestroy"|"destroy|"close"\]', json.dumps(scenario)):
        return True
    return any(
        first[:2] == [second[0], "end"] and sends(second)
        for _, calls in in_one_go(scenario)
        for index, first in enumerate(calls)
        for second in calls[index + 1 :]
    )


def sends_and_destroys(scenario: Scenario) -> bool:
    """Over TLS, a socket sends something and is destroyed without a pause between."""

    def does(calls: list[Call]) -> bool:
        sent = ended = False
        for call in calls:
            # A write after its end also destroys it.
            if sent and (destroys(call) or (ended and sends(call))):
                return True
            sent, ended = sent or sends(call), ended or call[1] == "end"
        return False

    return over_tls(scenario) and any(
        does([call for call in calls if call[0] == actor])
        for _, calls in in_one_go(scenario)
        for actor in {call[0] for call in calls}
    )


def ends_while_the_client_sends(scenario: Scenario) -> bool:
    """A TLS server ends its socket in the listener for the connection, and the client writes
    something before the handshake or as soon as it is complete."""
    early = [*scenario["steps"][0]]
    ends = False
    for at, calls in in_one_go(scenario):
        if at in ("c0:connect", "c0:secureConnect"):
            early += calls
        elif at == "s0:connection":
            ends = any(call[1] == "end" or destroys(call) for call in calls)
    return over_tls(scenario) and ends and any(map(sends, early))


def sends_twice_in_a_listener(scenario: Scenario) -> bool:
    return any(at and sum(sends(call) for call in calls) > 1 for at, calls in in_one_go(scenario))


def ends_and_is_destroyed(scenario: Scenario) -> bool:
    """Over TLS, one side ends and the other is destroyed without a pause between."""
    return over_tls(scenario) and any(
        ending[0] != destroying[0] and ending[1] == "end" and destroys(destroying)
        for _, calls in in_one_go(scenario)
        for ending in calls
        for destroying in calls
    )


def client_ends_at_once(scenario: Scenario) -> bool:
    """A TLS client ends or is destroyed before the server has emitted the connection."""
    early = [*scenario["steps"][0]]
    for at, calls in in_one_go(scenario):
        if at in ("c0:connect", "c0:secureConnect", "c0:data"):
            early += calls
    return over_tls(scenario) and any(
        call[0] in ("c0", "c0t") and (call[1] == "end" or destroys(call)) for call in early
    )


def asks_what_has_ended(scenario: Scenario, method: str) -> bool:
    """A socket ends, and `method` is called on it without a pause between."""
    return any(
        first[0] == second[0]
        and (first[1] == "end" or first[1:3] == ["ask", "destroySoon"])
        and second[1:3] == ["ask", method]
        for _, calls in in_one_go(scenario)
        for index, first in enumerate(calls)
        for second in calls[index + 1 :]
    )


def stops_at_data(scenario: Scenario) -> bool:
    """Over TLS, a listener for data pauses or destroys its socket."""
    return over_tls(scenario) and any(
        at.endswith(":data") and any(call[1] == "pause" or destroys(call) for call in calls)
        for at, calls in in_one_go(scenario)
    )


def leaves_much_unread(scenario: Scenario) -> bool:
    """Over TLS, one side writes much, and the other is destroyed though it reads nothing."""
    calls = [call for _, made in in_one_go(scenario) for call in made]
    silent = "data" not in scenario.get("server", {}).get("listen", ["data"])
    large = any(sends(call) and isinstance(call[2], int) and call[2] > LARGE for call in calls)
    paused = silent or any(call[1] == "pause" for call in calls)
    return over_tls(scenario) and large and paused


# More than both sides read ahead.
LARGE = 100_000

CAUSES = [
    Cause(
        "listen-binds-at-once",
        "listen() with an IP address has bound when it returns, so that address() has the port on "
        "the next line; Node binds one tick later.",
        r"after «do (address|connect)» Node «(ret address none|noport|ev connect .*)», "
        r"port «(ret address yes|ev (connect|error))",
        r'"listen"\]',
    ),
    Cause(
        "which-error-first",
        "Once the peer is gone, whether reading (ECONNRESET, or the end) or writing (EPIPE) "
        "notices it first is up to the system.",
        r"Node «ev error EPIPE.*», port «ev error ECONNRESET|"
        r"Node «ev (error ECONNRESET|end|close) .*», port «ev error EPIPE",
        may_reset,
    ),
    Cause(
        "writes-of-a-listener-leave-together",
        "What listeners write while one chunk is handled is one write here, and so none of it can "
        "fail because of the rest. In Node the second write may, once the peer is gone.",
        r"^[cs]: after «(do write N|data N)» Node «ev error EPIPE.*», port «ev end ",
        sends_twice_in_a_listener,
    ),
    Cause(
        "reset-with-data-is-an-end-in-node",
        "A reset that arrives together with data is a clean end in Node (libuv makes one of "
        "POLLHUP), which is not emitted before the data is read. Here it is an error, so that "
        "nothing cut off passes for complete.",
        r"after «(data N|ev connection .*|do (write N|resume|pause|end))» "
        r"Node «(ev end .*|do .*|nothing)», port «ev error ECONNRESET",
        may_reset,
    ),
    Cause(
        "early-end-of-tls",
        "Node's TLS server may not emit a connection whose client ended at once.",
        r"^s(erver)?: .*Node «(nothing|do .*)», port «ev connection ",
        client_ends_at_once,
    ),
    Cause(
        "tls-delivers-what-was-written",
        "What a TLS socket has written right before it is destroyed is delivered here. Node sends "
        "what the handshake or an earlier write has left room for: nothing of what was written in "
        "a listener for secureConnection, and only the first of two writes.",
        r"Node «(data N|data many|ev end .*|ev error ECONNRESET.*|do .*)», "
        r"port «(data N|data many|do .*|nothing)»",
        sends_and_destroys,
    ),
    Cause(
        "tls-delivers-what-came-with-the-handshake",
        "What a client has sent together with the end of the handshake is delivered here. Node "
        "drops it if the server ends the socket in its listener for the connection.",
        r"^s: after «do .*» Node «(ev (end|close) .*|data N)», port «(data N|do .*)»",
        ends_while_the_client_sends,
    ),
    Cause(
        "no-reset-after-the-end-of-tls",
        "The end of a connection that this side has ended may look like a reset, where the peer "
        "did not wait for it. That is a clean end here.",
        r"^[cs]t?: after «(do end.*|do write.*|data N)» Node «ev error ECONNRESET .*», "
        r"port «ev end ",
        ends_and_is_destroyed,
    ),
    Cause(
        "size-of-the-first-chunk",
        "Node emits a chunk for each record of TLS, this package one for all that has arrived: a "
        "listener that stops the socket at the first one has seen more here.",
        r"Node «data N», port «data N»",
        stops_at_data,
    ),
    Cause(
        "cork-behind-the-end",
        "A cork() behind end() holds nothing back here; over TLS, Node keeps the chunk of the end.",
        r"Node «(data N|nothing)», port «(data N|ev end .*)»",
        lambda scenario: asks_what_has_ended(scenario, "cork"),
    ),
    Cause(
        "unread-input",
        "A connection that is closed with unread input is reset by the system. How much of it has "
        "been read ahead by then is not the same.",
        r"Node «nothing», port «ev error ECONNRESET ",
        leaves_much_unread,
    ),
    Cause(
        "nothing-after-a-bad-argument",
        "A call that raises changes nothing; Node has set `connecting` by then, for good.",
        r"^c: after «do end» Node «nothing», port «ev ",
        r'"socketConnect"',
    ),
    Cause(
        "reset-while-ending",
        "resetAndDestroy() right after end() is an error in Node (EINVAL of libuv, and no close "
        "event ever); here it resets.",
        r"(Node «ev error EINVAL.*», port «(ret ask|ev close)|"
        r"Node «(ev (connect|end) .*|nothing)», port «ev error ECONNRESET|"
        r"Node «stat N eof -», port «stat N - Conn)",
        lambda scenario: asks_what_has_ended(scenario, "resetAndDestroy"),
    ),
    Cause(
        "no-trailing-arguments",
        "Arguments that have no meaning raise TypeError; Node ignores them.",
        r"Node «ev connect », port «throw connectAs .* bad argument",
        r'"connectAs"',
    ),
]
