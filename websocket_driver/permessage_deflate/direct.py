"""A shortcut past the pipeline, for connections whose only extension is permessage-deflate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from ..extensions.errors import ExtensionError
from .client_session import ClientSession
from .server_session import ServerSession
from .session import DeflateError, Session

if TYPE_CHECKING:
    from ..extensions.interfaces import AnySession, Extension


class Direct:
    """A session that calls back at once, used without the pipeline.

    Its methods raise `ExtensionError`, as the pipeline passes to its callback.
    """

    __slots__ = ("_name", "_session")

    def __init__(self, name: str, session: Session) -> None:
        self._name = name
        self._session = session

    @classmethod
    def of(cls, sessions: Sequence[tuple[Extension, AnySession]]) -> Direct | None:
        """Returns the shortcut for `sessions`; `None` if they are not a single session of this
        package, or one of its methods has been replaced."""
        if len(sessions) != 1:
            return None
        [(extension, session)] = sessions
        if (extension.rsv1, extension.rsv2, extension.rsv3) != (True, False, False):
            return None
        if type(session) not in (ClientSession, ServerSession):
            return None
        if not METHODS.isdisjoint(vars(session)):
            return None
        return cls(extension.name, cast("Session", session))

    def compress(self, data: bytes) -> bytes:
        """Returns the payload for the message `data`."""
        try:
            return self._session.compress(data)
        except Exception as error:
            failure = self._failure(error)
        raise failure

    def decompress(self, data: bytes) -> bytes:
        """Returns the message in the payload `data`."""
        try:
            return self._session.decompress(data)
        except Exception as error:
            failure = self._failure(error)
        raise failure

    def _failure(self, error: Exception) -> ExtensionError:
        if isinstance(error, DeflateError):
            return ExtensionError.answered(self._name, error.with_traceback(None))
        return ExtensionError.raised(self._name, error)


METHODS = frozenset(
    (
        *("process_incoming_message", "processIncomingMessage"),
        *("process_outgoing_message", "processOutgoingMessage"),
    )
)
