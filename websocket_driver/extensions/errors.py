"""Failures of extensions."""

from __future__ import annotations

from ..errors import ProtocolError


class ExtensionError(ProtocolError):
    """An extension could not process a message or a header.

    `message` may be sent to the peer. `type` is a close code or the name of one (`"too_large"`) if
    the error has one. `verbatim` is true if the text is sent without the name of the extension.
    `__cause__` is the error that the extension passed to its callback, or the exception that it
    raised. The text of a raised exception is never part of `message`.
    """

    def __init__(
        self, message: str, type: str | int | None = None, *, verbatim: bool = False
    ) -> None:
        super().__init__(message)
        self.type = type
        self.verbatim = verbatim

    @classmethod
    def answered(cls, name: str, error: object) -> ExtensionError:
        """Wraps an error that the extension `name` passed to a callback. Its text is sent to the
        peer."""
        text = str(getattr(error, "message", None) or error)
        type = getattr(error, "type", None)
        verbatim = getattr(error, "verbatim", None) is True
        result = cls(
            text if verbatim else f"{name}: {text}",
            type if isinstance(type, (str, int)) else None,
            verbatim=verbatim,
        )
        # An error that has passed another extension is wrapped already: keep its cause.
        cause = error.__cause__ if isinstance(error, ExtensionError) else error
        result.__cause__ = cause if isinstance(cause, BaseException) else None
        return result

    @classmethod
    def raised(cls, name: str, exception: BaseException) -> ExtensionError:
        """Wraps an exception that the extension `name` raised. Its text is not sent to the peer."""
        result = cls(f"{name}: The extension failed")
        result.__cause__ = exception
        return result
