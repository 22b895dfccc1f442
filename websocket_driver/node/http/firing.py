"""Emitters whose events come from the loop."""

from __future__ import annotations

from ...emitter import EventEmitter
from ..loop import current


class LoopEmitter(EventEmitter):
    """An emitter that hands exceptions of its listeners to the loop's exception handler."""

    def _fire(self, event: str, *arguments: object) -> bool:
        """Emits an event; true if anybody listened."""
        try:
            return self.emit(event, *arguments)
        except Exception as error:
            text = f"Exception in a listener for {event!r}"
            if arguments and error is arguments[0]:
                name = type(self).__name__
                text = f"Unhandled 'error' event of a {name}: add a listener with .on(\"error\", ...)"
            current().report(text, error)
            return True

    @staticmethod
    def _tick(callback: object, *arguments: object) -> None:
        """Calls `callback` when the callback that runs now is done."""
        current().next_tick(callback, *arguments)  # type: ignore[arg-type]
