"""What goes wrong, and whose fault it is: the peer's or the caller's."""

from __future__ import annotations


class ProtocolError(Exception):
    """The peer broke the protocol. Never raised at a user: it is the argument of `error` events.

    `message` is the text, which is also the reason in the `close` event that follows.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ConfigurationError(ValueError):
    """The caller gave an option, a URL or a header that cannot be used."""
