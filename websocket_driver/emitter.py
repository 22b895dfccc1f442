"""pyee's EventEmitter, with the names that Node's has beside it."""

from __future__ import annotations

import inspect
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pyee

from .spelling import NodeName
from .tasks import start_task


def prepend_listener(emitter: pyee.EventEmitter, event: str, f: Callable[..., Any]) -> None:
    """Adds the listener `f` to any of pyee's emitters, before those that `event` has."""
    emitter.on(event, f)
    emitter._events[event].move_to_end(f, last=False)


class EventEmitter(pyee.EventEmitter):
    """What drivers and streams are: `on(event, listener)` as a call, `@on(event)` as a decorator.

    As in pyee, `on` returns the listener, and a listener added twice to an event is one listener.
    As in Node, removing a listener that is not there does nothing. A listener that is a coroutine
    function runs as a task on the running asyncio loop; where none runs, `emit` raises
    `RuntimeError`.
    """

    def emit(self, event: str, *args: Any, **kwargs: Any) -> bool:
        """Calls the listeners of `event` in the order in which they were added; true if any.

        What a listener raises passes through. `error` without a listener raises its argument.
        """
        listeners = self._events.get(event)
        if not listeners:
            self._emit_handle_potential_error(event, args[0] if args else None)
            return False

        for listener in tuple(listeners.values()):
            listener(*args, **kwargs)
        return True

    def listens_for(self, event: str) -> bool:
        """True if `event` has a listener."""
        return bool(self._events.get(event))

    def _add_event_handler(self, event: str, k: Callable[..., Any], v: Callable[..., Any]) -> None:
        # Here, not in emit(): a plain listener does not pay for the question.
        if inspect.iscoroutinefunction(k):
            v = partial(start_task, v)
        super()._add_event_handler(event, k, v)

    def _listen(self, event: str, f: Callable[..., Any]) -> None:
        """Adds a listener of the emitter's own: no coroutine function, and no news."""
        self._events.setdefault(event, OrderedDict())[f] = f

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
            # Some versions of pyee leave an empty one, which event_names() would list.
            self._events.pop(event, None)

    def listener_count(self, event: str) -> int:
        """How many listeners `event` has."""
        return len(self.listeners(event))

    addListener = NodeName("add_listener")
    removeListener = NodeName("remove_listener")
    removeAllListeners = NodeName("remove_all_listeners")
    listenerCount = NodeName("listener_count")
    eventNames = NodeName("event_names")
