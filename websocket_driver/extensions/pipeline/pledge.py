"""The completion of an operation that may take time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack


class Pledge:
    """Runs callbacks when it is done, or at once if it is done already."""

    def __init__(self) -> None:
        self._complete = False
        self._callbacks: list[Callable[[], object]] = []

    @classmethod
    def all(cls, pledges: Iterable[Pledge]) -> Pledge:
        """A pledge that is done when all of `pledges` are."""
        pledges = list(pledges)
        result = cls()
        pending = len(pledges)

        def count_down() -> None:
            nonlocal pending
            pending -= 1
            if pending == 0:
                result.done()

        if pending == 0:
            result.done()
        for pledge in pledges:
            pledge.then(count_down)

        return result

    def then(self, callback: Callable[[], object]) -> None:
        """Runs `callback` when this is done."""
        if self._complete:
            callback()
        else:
            self._callbacks.append(callback)

    def done(self) -> None:
        """Runs the callbacks that wait for this, all of them: the first exception propagates."""
        self._complete = True
        callbacks, self._callbacks = self._callbacks, []
        with ExitStack() as steps:
            for callback in reversed(callbacks):  # the stack runs the last one first
                steps.callback(callback)
