"""Messages on standard output, and notes on standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

from ..escape import escaped
from ..node.process import write_all
from .json_text import indented

Write = Callable[[], None]


class Output:
    r"""Shows messages and notes, a line for each, whatever they contain.

    Characters that could act on a terminal, ends of lines included, are shown as escapes (`\x1b`).
    If it is `interactive`, messages have a mark in front of them. If it is `pretty`, JSON is
    indented, a line for each member.
    """

    def __init__(self, *, interactive: bool, pretty: bool) -> None:
        self._marks = ("< ", "  ") if interactive else ("", "")
        self._with_size = interactive
        self._pretty = pretty
        # Calls a function that writes, at once or above the input line.
        self.writer: Callable[[Write], None] = _at_once

    def message(self, data: str | bytes) -> None:
        """Shows a message of the server. Raises `OSError` if it cannot be written."""
        if isinstance(data, bytes):
            lines = [self._shown_bytes(data)]
        else:
            lines = (indented(data) if self._pretty else None) or [data]
        first, further = self._marks
        text = "".join(
            f"{further if i else first}{escaped(line)}\n" for i, line in enumerate(lines)
        )
        self.writer(lambda: write("stdout", text))

    def _shown_bytes(self, data: bytes) -> str:
        if self._with_size:
            return f"(binary, {len(data)} bytes) {data.hex(' ')}".rstrip()
        return data.hex()

    def note(self, text: str) -> None:
        """Shows a note."""
        line = f"{escaped(text)}\n"

        def write_note() -> None:
            with suppress(OSError):
                write("stderr", line)

        self.writer(write_note)

    def announce(self, text: str) -> None:
        """Shows the message of a server that has started, on standard output."""
        with suppress(OSError):
            write("stdout", f"{escaped(text)}\n")


def _at_once(write: Write) -> None:
    write()


def write(name: str, text: str) -> None:
    """Writes to a standard stream, if there is one. Raises `OSError` if that is not possible."""
    file: TextIO | None = getattr(sys, name)
    if file is None:
        return
    encoding = file.encoding or "utf-8"
    data = text.encode(encoding, "backslashreplace")
    try:
        descriptor = _nonblocking(file)
        if descriptor is None:
            file.write(data.decode(encoding))
            file.flush()
        else:
            write_all(descriptor, data)
    except OSError:
        # The interpreter flushes what is left when it ends, and would report the error once more.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, file.fileno())
        os.close(nowhere)
        raise


def _nonblocking(file: TextIO) -> int | None:
    """The descriptor of `file` if it does not block; Python's streams would lose output then.

    A parent process can have set that flag, and a terminal shares it with the input.
    """
    # Windows has no such files, and no such function before Python 3.12.
    is_blocking: Callable[[int], bool] = getattr(os, "get_blocking", bool)
    try:
        descriptor = file.fileno()
    except OSError:  # replaced by an object in memory
        return None
    return None if is_blocking(descriptor) else descriptor
