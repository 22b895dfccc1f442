"""Messages on their way to the listeners.

`_speedups` has the same function in C, which is used as those of `codec` are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from ...events import MessageEvent
from ...speedups import chosen
from ..states import OPEN


class Stream(Protocol):
    """What `deliver` needs of the stream of messages."""

    @property
    def readable(self) -> bool:
        """True if it still emits messages."""
        ...

    @property
    def emit(self) -> Callable[..., bool]:
        """Emits an event."""
        ...


class Driver(Protocol):
    """What `deliver` needs of a driver."""

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

    A listener may parse more: the same iterator is emptied there. If it raises, the messages behind
    its own are still in the iterator.
    """
    for message in messages:
        if driver.ready_state != OPEN:
            return False
        if stream is not None and stream.readable:
            stream.emit("data", message)
        driver.emit("message", event_type(message))
    return True


deliver = chosen("deliver", deliver_in_python)
