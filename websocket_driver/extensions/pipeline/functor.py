"""One direction through one session."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

from ...spelling import method
from ..interfaces import AnySession, Message

logger: logging.Logger = logging.getLogger("websocket_driver")

# Gets an error of any kind, or `None` and the message.
Callback = Callable[[object, Message | None], object]


class Raised:
    """An exception that a session raised, as opposed to an error that it passed to the callback."""

    __slots__ = ("exception",)

    def __init__(self, exception: Exception) -> None:
        self.exception: Exception = exception


class Functor:
    """Calls one method of a session, which may call back at once, later or out of order.

    Passes the results on in the order of the calls. After the first error it passes on nothing
    more. `pending` is the number of messages that are inside it or will still reach it.
    """

    __slots__ = ("_name", "_queue", "_session", "_stopped", "pending")

    def __init__(self, session: AnySession, name: str) -> None:
        self._session = session
        self._name = name
        self._queue: deque[Record] | None = None
        self._stopped = False
        self.pending: int = 0

    def announce(self) -> None:
        """Counts a message that will reach it."""
        if not self._stopped:
            self.pending += 1

    def call(self, error: object, message: Message | None, callback: Callback) -> None:
        """Passes `message` to the session, or passes `error` on after the messages inside.

        Exceptions from `callback` propagate; one from the session is passed on as `Raised`.
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
            self._ask(message, record)

        # After the session has returned, so that it cannot catch exceptions from the callback.
        record.is_new = False
        if record.is_done:
            self.flush()

    def _ask(self, message: Message | None, record: Record) -> None:
        try:
            method(self._session, self._name)(message, record.answer)
        except Exception as exception:
            if record.is_done:
                logger.exception("The session %r raised after its answer", self._session)
            record.answer(Raised(exception))

    def stop(self) -> None:
        """Accepts no more messages."""
        self.pending = len(self._queue or ())
        self._stopped = True

    def flush(self) -> None:
        """Passes on the results at the front of the queue, up to the first unfinished message."""
        queue = self._queue
        raised: BaseException | None = None

        while queue and queue[0].is_done:
            callback, error, message = queue.popleft().take()
            if error:
                self.pending = 0
                queue.clear()
            else:
                self.pending -= 1
            try:
                callback(error, message)
            except BaseException as exception:
                # The messages after this one are accepted already, and must not be lost.
                raised = raised or exception

        if raised is not None:
            try:
                raise raised
            finally:
                del raised  # breaks the reference cycle with this frame


class Record:
    """A message inside a functor."""

    __slots__ = ("_callback", "_error", "_functor", "_message", "is_done", "is_new")

    def __init__(self, functor: Functor, callback: Callback) -> None:
        self._functor = functor
        self._callback = callback
        self._error: object = None
        self._message: Message | None = None
        self.is_new: bool = True
        self.is_done: bool = False

    def answer(self, error: object = None, message: Message | None = None) -> None:
        """The callback for the session. Only the first call counts."""
        if self.is_done:
            return
        self.is_done = True
        if error:
            self._error = error
            self._functor.stop()
        else:
            self._message = message
        if not self.is_new:
            self._functor.flush()

    def take(self) -> tuple[Callback, object, Message | None]:
        """Returns the callback and the result, and drops them, since a session may keep the
        record."""
        taken = self._callback, self._error, self._message
        del self._functor, self._callback, self._error, self._message
        return taken
