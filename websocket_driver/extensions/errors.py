"""Failures of extensions."""

from __future__ import annotations

from ..errors import ProtocolError


class ExtensionError(ProtocolError):
    """An extension could not process a message or a header.

    `message` may be sent to the peer. `type` is a close code or the name of one (`"too_large"`) if
    the error has one. `verbatim` is true if the text is not behind the name of the extension.
    `__cause__` is the error that the extension handed to its callback, or the exception that it
    raised; the text of an exception that was raised is never part of `message`.
    """

    def __init__(
        self, message: str, type: str | int | None = None, *, verbatim: bool = False
    ) -> None:
        super().__init__(message)
        self.type = type
        self.verbatim = verbatim

    @classmethod
    def answered(cls, name: str, error: object) -> ExtensionError:
        """The error that the extension `name` handed to a callback, for the peer to read."""
        text = str(getattr(error, "message", None) or error)
        type = getattr(error, "type", None)
        verbatim = getattr(error, "verbatim", None) is True
        result = cls(
            text if verbatim else f"{name}: {text}",
            type if isinstance(type, (str, int)) else None,
            verbatim=verbatim,
        )
        # Of an error that has come through another extension, the cause is the first one.
        cause = error.__cause__ if isinstance(error, ExtensionError) else error
        result.__cause__ = cause if isinstance(cause, BaseException) else None
        return result

    @classmethod
    def raised(cls, name: str, exception: BaseException) -> ExtensionError:
        """The exception that the extension `name` raised, which is no concern of the peer."""
        result = cls(f"{name}: The extension failed")
        result.__cause__ = exception
        return result
