"""pyee's EventEmitter, with the names that Node's has beside it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pyee

from .spelling import NodeName


class EventEmitter(pyee.EventEmitter):
    """What drivers and streams are: `on(event, listener)` as a call, `@on(event)` as a decorator.

    As in pyee, `on` returns the listener, and a listener added twice to an event is one listener.
    As in Node, removing a listener that is not there does nothing.
    """

    def remove_listener(self, event: str, f: Callable[..., Any]) -> None:
        """Takes the listener `f` off `event`, if it is there."""
        with suppress(KeyError):
            super().remove_listener(event, f)

    def off(self, event: str, f: Callable[..., Any]) -> None:
        """The same as `remove_listener`."""
        self.remove_listener(event, f)

    def remove_all_listeners(self, event: str | None = None) -> None:
        """Takes all listeners off `event`, or off every event."""
        super().remove_all_listeners(event)
        if event is not None:
            del self._events[event]  # pyee leaves an empty one, which event_names() would list

    def listener_count(self, event: str) -> int:
        """How many listeners `event` has."""
        return len(self.listeners(event))

    addListener = NodeName("add_listener")
    removeListener = NodeName("remove_listener")
    removeAllListeners = NodeName("remove_all_listeners")
    listenerCount = NodeName("listener_count")
    eventNames = NodeName("event_names")
