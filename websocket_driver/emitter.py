"""pyee's EventEmitter, with the names that Node's has beside it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pyee

from .spelling import NodeName
from .tasks import start_task

NOTHING: Any = object()


def prepend_listener(emitter: pyee.EventEmitter, event: str, f: Callable[..., Any]) -> None:
    """Adds the listener `f` to any of pyee's emitters, before those that `event` has."""
    emitter.on(event, f)
    table = emitter._events[event]
    emitter._events[event] = type(table)([(f, table[f]), *table.items()])


class EventEmitter(pyee.EventEmitter):
    """What drivers and streams are: `on(event, listener)` as a call, `@on(event)` as a decorator.

    As in pyee, `on` returns the listener, and a listener added twice to an event is one listener.
    As in Node, removing a listener that is not there does nothing. A listener that is a coroutine
    function runs as a task on the running asyncio loop; where none runs, `emit` raises
    `RuntimeError`.
    """

    # The listeners of an event, each by the function that was added. A table is never changed, but
    # replaced: emit() can go through one while listeners come and go.
    _events: dict[str, Any]

    def emit(  # type: ignore[override]
        self, event: str, argument: Any = NOTHING, /, *more: Any, **named: Any
    ) -> bool:
        """Calls the listeners of `event` in the order in which they were added; true if any.

        What a listener raises passes through. `error` without a listener raises its argument.
        """
        listeners = self._events.get(event)
        if listeners is None:
            self._emit_handle_potential_error(event, None if argument is NOTHING else argument)
            return False

        if argument is NOTHING:
            for listener in listeners.values():
                listener(**named)
        elif more or named:
            for listener in listeners.values():
                listener(argument, *more, **named)
        else:
            # The usual call, without the cost of the others.
            for listener in listeners.values():
                listener(argument)
        return True

    def _add_event_handler(self, event: str, k: Callable[..., Any], v: Callable[..., Any]) -> None:
        # Here, not in emit(): a plain listener does not pay for the question.
        if inspect.iscoroutinefunction(k):
            v = partial(start_task, v)
        if "new_listener" in self._events:
            self.emit("new_listener", event, k)
        with self._lock:
            before = self._events.get(event)
            self._events[event] = {**before, k: v} if before else {k: v}

    def _remove_listener(self, event: str, f: Callable[..., Any]) -> None:
        remaining = dict(self._events.get(event, {}))
        del remaining[f]
        if remaining:
            self._events[event] = remaining
        else:
            del self._events[event]

    def remove_listener(self, event: str, f: Callable[..., Any]) -> None:
        """Takes the listener `f` off `event`, if it is there."""
        with suppress(KeyError):
            super().remove_listener(event, f)

    def off(self, event: str, f: Callable[..., Any]) -> None:
        """The same as `remove_listener`."""
        self.remove_listener(event, f)

    def remove_all_listeners(self, event: str | None = None) -> None:
        """Takes all listeners off `event`, or off every event."""
        with self._lock:
            if event is None:
                self._events.clear()
            else:
                self._events.pop(event, None)

    def listener_count(self, event: str) -> int:
        """How many listeners `event` has."""
        return len(self.listeners(event))

    addListener = NodeName("add_listener")
    removeListener = NodeName("remove_listener")
    removeAllListeners = NodeName("remove_all_listeners")
    listenerCount = NodeName("listener_count")
    eventNames = NodeName("event_names")
