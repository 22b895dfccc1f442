"""Errors of the peer, and errors of the caller."""

from __future__ import annotations


class ProtocolError(Exception):
    """The peer violated the protocol. The argument of `error` events; never raised to the user.

    `message` is the text, which is also the reason in the `close` event that follows.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ConfigurationError(ValueError):
    """The caller gave an option, a URL or a header that cannot be used."""
