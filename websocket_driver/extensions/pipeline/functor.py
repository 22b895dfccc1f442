"""One direction through one session."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from ...spelling import method

Callback = Callable[[Any, Any], object]


class Functor:
    """Calls a method of a session that answers at once, later or out of order, and passes the
    answers on in the order of the calls. The first error is the last thing it passes on.

    `pending` counts the messages that are in it or announced to it.
    """

    __slots__ = ("_name", "_queue", "_session", "_stopped", "pending")

    def __init__(self, session: Any, name: str) -> None:
        self._session = session
        self._name = name
        self._queue: deque[Record] | None = None
        self._stopped = False
        self.pending = 0

    def announce(self) -> None:
        """Counts a message that will come."""
        if not self._stopped:
            self.pending += 1

    def call(self, error: Any, message: Any, callback: Callback) -> None:
        """Sends `message` through the session, or passes `error` on behind what is in it.

        What `callback` raises passes through; what the session raises is its answer.
        """
        if self._stopped:
            return
        if self._queue is None:
            self._queue = deque()

        record = Record(self, callback)
        self._queue.append(record)

        if error:
            record.answer(error)
        else:
            try:
                method(self._session, self._name)(message, record.answer)
            except Exception as exception:
                record.answer(exception)

        # A session that answers while it is called must not catch what the callback raises.
        record.is_new = False
        if record.is_done:
            self.flush()

    def stop(self) -> None:
        """Takes no more messages."""
        self.pending = len(self._queue or ())
        self._stopped = True

    def flush(self) -> None:
        """Passes on the answers that are not behind one that is missing."""
        queue = self._queue
        raised: BaseException | None = None

        while queue and queue[0].is_done:
            record = queue.popleft()
            if record.error:
                self.pending = 0
                queue.clear()
            else:
                self.pending -= 1
            try:
                record.callback(record.error, record.message)
            except BaseException as exception:
                # The messages behind this one have been taken in already: they are not lost.
                raised = raised or exception

        if raised is not None:
            raise raised


class Record:
    """A message on its way through a functor."""

    __slots__ = ("callback", "error", "functor", "is_done", "is_new", "message")

    def __init__(self, functor: Functor, callback: Callback) -> None:
        self.functor = functor
        self.callback = callback
        self.error: Any = None
        self.message: Any = None
        self.is_new = True
        self.is_done = False

    def answer(self, error: Any = None, message: Any = None) -> None:
        """What the session makes of the message. Only the first answer counts."""
        if self.is_done:
            return
        self.is_done = True
        if error:
            self.error = error
            self.functor.stop()
        else:
            self.message = message
        if not self.is_new:
            self.functor.flush()
