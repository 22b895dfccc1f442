"""Delivery of messages to listeners.

`_speedups` has the same function in C.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from ...events import MessageEvent
from ...speedups import chosen
from ..states import OPEN


class Stream(Protocol):
    """The members of the stream of messages that `deliver` uses."""

    @property
    def readable(self) -> bool:
        """True if it still emits messages."""
        ...

    @property
    def emit(self) -> Callable[..., bool]:
        """Emits an event."""
        ...


class Driver(Protocol):
    """The members of a driver that `deliver` uses."""

    @property
    def ready_state(self) -> int:
        """Its state."""
        ...

    @property
    def emit(self) -> Callable[..., bool]:
        """Emits an event."""
        ...


def deliver_in_python(
    messages: Iterator[str | bytes],
    driver: Driver,
    stream: Stream | None,
    event_type: type[MessageEvent],
) -> bool:
    """Emits `messages`, each on `stream` first if there is one; false once `driver` is not open.

    A listener may call `parse()`, which takes further messages from the same iterator. If a
    listener raises, the remaining messages stay in the iterator.
    """
    for message in messages:
        if driver.ready_state != OPEN:
            return False
        if stream is not None and stream.readable:
            stream.emit("data", message)
        driver.emit("message", event_type(message))
    return True


deliver = chosen("deliver", deliver_in_python)
