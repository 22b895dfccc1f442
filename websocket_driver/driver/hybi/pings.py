"""The callbacks of pings that wait for their pong (RFC 6455 5.5.3)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

Callback = Callable[[], object]


def check_callback(callback: Callback | None) -> None:
    """Raises `TypeError` unless the callback of a ping can be called, or there is none."""
    if callback is not None and not callable(callback):
        raise TypeError(f"The callback of a ping must be callable, not {callback!r}")


class Pings:
    """The pings with a callback that have not been answered, oldest first, `limit` at most.

    A peer may answer only the newest of several pings, so a pong settles the ping that it answers
    and all before it.
    """

    __slots__ = ("_limit", "_newest", "_settled", "_waiting")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: deque[tuple[bytes, Callback]] = deque()
        # How many pings have been settled or forgotten, and the number of the newest ping with each
        # payload: looking up a pong costs the same however many pings wait.
        self._settled = 0
        self._newest: dict[bytes, int] = {}

    def add(self, payload: bytes, callback: Callback) -> None:
        """Remembers a ping. Forgets the oldest if there are too many."""
        self._waiting.append((payload, callback))
        self._newest[payload] = self._settled + len(self._waiting)
        if len(self._waiting) > self._limit:
            self._take_oldest()

    def settle(self, payload: bytes) -> list[Callback]:
        """The callbacks that a pong with this payload settles, oldest first."""
        number = self._newest.get(payload, 0)
        return [self._take_oldest() for _ in range(number - self._settled)]

    def _take_oldest(self) -> Callback:
        payload, callback = self._waiting.popleft()
        self._settled += 1
        if self._newest[payload] == self._settled:
            del self._newest[payload]
        return callback
