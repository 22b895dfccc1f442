"""One direction through one session."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...spelling import method

Callback = Callable[[Any, Any], object]


@dataclass
class Record:
    """A message on its way through a session."""

    error: Any
    message: Any
    callback: Callback
    done: bool = False


class Functor:
    """Calls a method of a session that answers at once, later or out of order, and passes the
    answers on in the order of the calls. The first error is the last thing it passes on.

    `pending` counts the messages that are in it or announced to it.
    """

    def __init__(self, session: Any, name: str) -> None:
        self._session = session
        self._name = name
        self._queue: deque[Record] = deque()
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

        record = Record(error, message, callback)
        self._queue.append(record)

        if error:
            record.done = True
            self._stop()
            return self._flush_queue()

        calling = True

        def answer(error: Any = None, message: Any = None) -> None:
            if record.done:
                return
            record.done = True
            record.error, record.message = error, None if error else message
            if error:
                self._stop()
            # A session that answers while it is called must not catch what the callback raises.
            if not calling:
                self._flush_queue()

        try:
            method(self._session, self._name)(message, answer)
        except Exception as exception:
            answer(exception)
        finally:
            calling = False

        if record.done:
            self._flush_queue()

    def _stop(self) -> None:
        self.pending = len(self._queue)
        self._stopped = True

    def _flush_queue(self) -> None:
        raised: BaseException | None = None

        while self._queue and self._queue[0].done:
            record = self._queue.popleft()
            if record.error:
                self.pending = 0
                self._queue.clear()
            else:
                self.pending -= 1
            try:
                record.callback(record.error, record.message)
            except BaseException as exception:
                # The messages behind this one have been taken in already: they are not lost.
                raised = raised or exception

        if raised is not None:
            raise raised
