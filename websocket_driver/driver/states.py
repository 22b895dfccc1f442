"""The states of a connection, and which may follow which.

`ready_state` is one of these integers. They are the original's, which are those of the WebSocket
API in browsers, and -1 for a client that has not been started.
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

# A connection never goes back: one that is closed stays closed, whatever a listener does.
MOVES: Mapping[State, frozenset[State]] = {
    UNSTARTED: frozenset((CONNECTING, CLOSED)),
    CONNECTING: frozenset((OPEN, CLOSING, CLOSED)),
    OPEN: frozenset((CLOSING, CLOSED)),
    CLOSING: frozenset((CLOSED,)),
    CLOSED: frozenset(),
}
