"""The sources of texts to send: the arguments, a pipe or file, a terminal."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterable

from ..node.process import Input
from .output import Output
from .source import Source


class Texts(Source):
    """Emits each of `texts` as `data`, and then `end`."""

    def __init__(self, texts: Iterable[str]) -> None:
        super().__init__()
        self._texts = deque(texts)

    def resume(self) -> None:
        """Goes on, until it is paused."""
        super().resume()
        while self.readable and not self._is_paused:
            if self._texts:
                self.emit("data", self._texts.popleft())
            else:
                self.destroy()
                self.emit("end")


class Lines(Source):
    """Emits each line that `source` reads as `data`, and then `end`.

    Line endings, LF or CR LF, are not part of a line. Invalid UTF-8 becomes U+FFFD.
    """

    def __init__(self, source: Input) -> None:
        super().__init__()
        self._rest = bytearray()
        self._source = source
        source.on("end", self._finish)
        # For example a directory: nothing more can be read.
        source.on("error", self._finish)

    def resume(self) -> None:
        """Goes on reading, or begins."""
        super().resume()
        if self.readable:
            self._source.on("data", self._take) if not self._begun else self._source.resume()

    @property
    def _begun(self) -> bool:
        return self._source.listener_count("data") > 0

    def pause(self) -> None:
        """Reads no more for now. Lines that have been read may still come."""
        super().pause()
        self._source.pause()

    def destroy(self) -> None:
        """Stops reading, and emits nothing more."""
        super().destroy()
        self._source.destroy()

    def _take(self, chunk: bytes) -> None:
        self._rest += chunk
        if b"\n" in chunk:
            *lines, self._rest = self._rest.split(b"\n")
            for line in lines:
                self._emit(line)

    def _finish(self) -> None:
        if self._rest:
            self._emit(self._rest)
        self.destroy()
        self.emit("end")

    def _emit(self, line: bytearray) -> None:
        if self.readable:
            self.emit("data", line.removesuffix(b"\r").decode("utf-8", "replace"))


def is_terminal(name: str) -> bool:
    """True if the standard stream `name` is a terminal."""
    file = getattr(sys, name)
    return file is not None and bool(file.isatty())


def make_input(texts: list[str] | None, output: Output, *, interactive: bool) -> Source:
    """The input: `texts`, a prompt if it is `interactive`, standard input."""
    if texts is not None:
        return Texts(texts)
    if sys.stdin is None:
        return Texts([])
    if interactive:
        try:
            from .prompt import Prompt
        except ModuleNotFoundError:  # the extra `cli`
            pass
        else:
            return Prompt(output)
    return Lines(Input(sys.stdin.fileno()))
