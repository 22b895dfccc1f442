"""One session in a pipeline."""

from __future__ import annotations

from functools import partial
from typing import Any

from ...errors import ProtocolError
from ...spelling import method
from .functor import Callback, Functor
from .pledge import Pledge


class ExtensionError(ProtocolError):
    """A session could not process a message.

    `type` names the close code, if the session's error has one. The text is the error's behind the
    name of the extension, or alone if the error is `verbatim`.
    """

    def __init__(self, name: str, error: Any) -> None:
        text = getattr(error, "message", None) or str(error)
        self.verbatim: bool = getattr(error, "verbatim", False)
        self.type: Any = getattr(error, "type", None)
        super().__init__(text if self.verbatim else f"{name}: {text}")
        self.__cause__ = error if isinstance(error, BaseException) else None


class Cell:
    """Passes messages through a session in both directions, and closes it after the last one."""

    __slots__ = ("_closed", "_extension", "_incoming", "_outgoing", "_session")

    def __init__(self, extension: Any, session: Any) -> None:
        self._extension = extension
        self._session = session
        self._closed: Pledge | None = None
        self._incoming = Functor(session, "process_incoming_message")
        self._outgoing = Functor(session, "process_outgoing_message")

    def pending(self, direction: str) -> None:
        """Announces a message that is on its way."""
        self._functor(direction).announce()

    def process(self, direction: str, error: Any, message: Any, callback: Callback) -> None:
        """Passes a message or an error through the session, on to `callback(error, message)`."""

        self._functor(direction).call(error, message, partial(self._pass_on, callback))

    def _pass_on(self, callback: Callback, error: Any, message: Any) -> None:
        if error:
            error = ExtensionError(self._extension.name, error)
        try:
            callback(error, message)
        finally:
            if self._closed is not None:
                self._close_when_idle()

    def close(self) -> Pledge:
        """Closes the session after the messages that are in it or on their way to it."""
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
            method(session, "close")()
        self._closed.done()
