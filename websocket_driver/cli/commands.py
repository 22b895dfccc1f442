"""The input lines of a terminal: texts to send, and commands."""

from __future__ import annotations

from typing import Protocol

HELP = (
    "Commands: /ping [TEXT], /close [CODE [REASON]], /binary HEX, /help; "
    "a text that begins with / is sent with // in front"
)


class Actions(Protocol):
    """The actions of commands."""

    def send(self, data: str | bytes) -> None:
        """Sends a message."""

    def ping(self, text: str) -> None:
        """Sends a ping."""

    def close(self, code: int | None, reason: str) -> None:
        """Starts the closing handshake."""


def perform(line: str, actions: Actions) -> None:
    """Executes `line`. Raises `ValueError`, with a text for the user."""
    if not line.startswith("/"):
        actions.send(line)
        return
    if line.startswith("//"):
        actions.send(line[1:])
        return

    name, _, argument = line[1:].partition(" ")
    if name == "ping":
        actions.ping(argument)
    elif name == "close":
        code, _, reason = argument.strip().partition(" ")
        actions.close(_code(code) if code else None, reason.strip())
    elif name == "binary":
        actions.send(_bytes(argument))
    elif name == "help":
        raise ValueError(HELP)
    else:
        raise ValueError(f"/{name} is not a command. {HELP}")


def _code(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{text!r} is not a code, such as /close 1000 bye")
    return int(text[:9])


def _bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise ValueError(f"{text!r} is not hexadecimal, such as /binary deadbeef") from None
