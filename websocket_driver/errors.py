"""Errors of the peer, and errors of the caller."""

from __future__ import annotations


class ProtocolError(Exception):
    """The peer violated the protocol. The argument of `error` events; not raised to the program.

    `message` is the text, which is also the reason in the `close` event that follows.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ConfigurationError(ValueError):
    """The caller passed an invalid option, URL or header."""
