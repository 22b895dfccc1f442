"""One session in a pipeline."""

from __future__ import annotations

import logging
from functools import partial

from ...spelling import method
from ..errors import ExtensionError
from ..interfaces import AnySession, Described, Message, Outcome
from .functor import Functor, Raised
from .pledge import Pledge

__all__ = ["Cell", "ExtensionError", "close_session"]

logger: logging.Logger = logging.getLogger("websocket_driver")


class Cell:
    """Passes messages through a session in both directions, and closes it after the last one."""

    __slots__ = ("_closed", "_extension", "_incoming", "_outgoing", "_session")

    def __init__(self, extension: Described, session: AnySession) -> None:
        self._extension = extension
        self._session: AnySession | None = session
        self._closed: Pledge | None = None
        self._incoming = Functor(session, "process_incoming_message")
        self._outgoing = Functor(session, "process_outgoing_message")

    def pending(self, direction: str) -> None:
        """Counts a message that will pass through the session."""
        self._functor(direction).announce()

    def process(
        self, direction: str, error: object, message: Message | None, callback: Outcome[Message]
    ) -> None:
        """Passes a message or an error through the session, on to `callback(error, message)`."""
        self._functor(direction).call(error, message, partial(self._pass_on, callback))

    def _pass_on(self, callback: Outcome[Message], error: object, message: Message | None) -> None:
        try:
            callback(self._error(error, message), message)
        finally:
            if self._closed is not None:
                self._close_when_idle()

    def _error(self, error: object, message: Message | None) -> ExtensionError | None:
        if isinstance(error, Raised):
            return ExtensionError.raised(self._extension.name, error.exception)
        if error:
            return ExtensionError.answered(self._extension.name, error)
        if message is None:
            missing = TypeError("callback(error, message) was given neither")
            return ExtensionError.raised(self._extension.name, missing)
        return None

    def close(self) -> Pledge:
        """Closes the session after the messages that are inside it or will still reach it."""
        if self._closed is None:
            self._closed = Pledge()
        closed = self._closed
        self._close_when_idle()
        return closed

    def _functor(self, direction: str) -> Functor:
        return self._incoming if direction == "incoming" else self._outgoing

    def _close_when_idle(self) -> None:
        if self._closed is None or self._incoming.pending or self._outgoing.pending:
            return
        session, self._session = self._session, None
        if session is not None:
            close_session(self._extension, session)
        self._closed.done()


def close_session(extension: Described, session: AnySession) -> None:
    """Closes a session. Exceptions are logged, because the connection has already ended."""
    try:
        method(session, "close")()
    except Exception:
        logger.exception("The session of the extension %s failed to close", extension.name)
