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

    A peer may answer only the newest of several pings, so a pong also answers all pings before the
    matching one.
    """

    __slots__ = ("_limit", "_newest", "_settled", "_waiting")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: deque[tuple[bytes, Callback]] = deque()
        # The number of pings that have been answered or dropped, and the number of the newest ping
        # with each payload, so that the lookup takes constant time.
        self._settled = 0
        self._newest: dict[bytes, int] = {}

    def add(self, payload: bytes, callback: Callback) -> None:
        """Stores a ping. Drops the oldest if there are too many."""
        self._waiting.append((payload, callback))
        self._newest[payload] = self._settled + len(self._waiting)
        if len(self._waiting) > self._limit:
            self._take_oldest()

    def settle(self, payload: bytes) -> list[Callback]:
        """The callbacks to run for a pong with this payload, oldest first."""
        number = self._newest.get(payload, 0)
        return [self._take_oldest() for _ in range(number - self._settled)]

    def _take_oldest(self) -> Callback:
        payload, callback = self._waiting.popleft()
        self._settled += 1
        if self._newest[payload] == self._settled:
            del self._newest[payload]
        return callback
