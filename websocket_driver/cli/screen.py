"""Where `connect` shows what happens: two files, or a terminal on which somebody types."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from typing import Any
from unicodedata import east_asian_width

PROMPT = "> "

# What moves the cursor, changes colours or the title, or is not seen at all: C0, C1, and the
# characters that turn the direction of the text.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")

# Put a row above the one in which the cursor is, and go back to where it was.
ABOVE = "\x1b7\n\x1b[A\x1b[L{}\n\x1b8\x1b[B"
CLEAR = "\r\x1b[K"


class Screen:
    """Messages go to standard output, notes to standard error, a line for each.

    If input and output are a terminal there is a prompt, and what happens while somebody types
    appears above it.
    """

    def __init__(self) -> None:
        self.interactive = _is_terminal(sys.stdin) and _is_terminal(sys.stdout)
        self._prompting = False

    def prompt(self) -> None:
        """Asks for a line, if somebody is there to type it."""
        if self.interactive:
            self._prompting = True
            _write(sys.stdout, PROMPT)

    def end_prompt(self) -> None:
        """Takes the prompt away: no line will be sent any more."""
        if self._prompting:
            self._prompting = False
            _write(sys.stdout, CLEAR)

    def message(self, data: str | bytes) -> None:
        """Shows a message of the server. Raises `OSError` if nobody reads the output."""
        if self.interactive:
            if isinstance(data, bytes):
                data = f"(binary, {len(data)} bytes) {data.hex(' ')}"
            lines = data.replace("\r\n", "\n").expandtabs().split("\n")
            self._show(
                sys.stdout, ["< " + escape(lines[0]), *("  " + escape(x) for x in lines[1:])]
            )
        else:
            self._show(sys.stdout, [data.hex() if isinstance(data, bytes) else data])

    def note(self, text: str) -> None:
        """Says what else happened."""
        self._show(sys.stderr, [escape(text)])

    def _show(self, file: Any, lines: list[str]) -> None:
        if self._prompting and _is_terminal(file):
            width = shutil.get_terminal_size().columns
            rows = [row for line in lines for row in wrap(line, width)]
            _write(file, "".join(map(ABOVE.format, rows)))
        else:
            _write(file, "\n".join(lines) + "\n")


def escape(text: str) -> str:
    """`text` with its control characters spelled out, as a terminal is not to obey a stranger."""
    return CONTROL.sub(lambda match: ascii(match[0])[1:-1], text)


def wrap(line: str, width: int) -> Iterator[str]:
    """The rows that `line` takes on a terminal of `width` columns."""
    row, used = "", 0
    for character in line:
        columns = 2 if east_asian_width(character) in "WF" else 1
        if row and used + columns > width:
            yield row
            row, used = "", 0
        row += character
        used += columns
    yield row


def _is_terminal(file: Any) -> bool:
    return file is not None and bool(file.isatty())


def _write(file: Any, text: str) -> None:
    if file is None:
        return
    encoding = file.encoding or "utf-8"
    try:
        file.write(text.encode(encoding, "backslashreplace").decode(encoding))
        file.flush()
    except OSError:
        # The interpreter would complain once more when it ends, and flushes what is left.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, file.fileno())
        os.close(nowhere)
        raise
