"""The states of a connection, and the transitions between them.

`ready_state` is one of these integers. As in the original, they are those of the WebSocket API in
browsers, and -1 for a client that has not been started.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

State = Literal[-1, 0, 1, 2, 3]
StateName = Literal["connecting", "open", "closing", "closed"]

UNSTARTED: Final = -1
CONNECTING: Final = 0
OPEN: Final = 1
CLOSING: Final = 2
CLOSED: Final = 3

NAMES: Mapping[State, StateName] = {
    CONNECTING: "connecting",
    OPEN: "open",
    CLOSING: "closing",
    CLOSED: "closed",
}

# There is no transition to an earlier state: a closed connection stays closed.
MOVES: Mapping[State, frozenset[State]] = {
    UNSTARTED: frozenset((CONNECTING, CLOSED)),
    CONNECTING: frozenset((OPEN, CLOSING, CLOSED)),
    OPEN: frozenset((CLOSING, CLOSED)),
    CLOSING: frozenset((CLOSED,)),
    CLOSED: frozenset(),
}
