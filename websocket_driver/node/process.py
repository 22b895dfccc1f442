"""Node's `process`: ticks, the standard streams, the command line and the environment.

`argv` is Node's: the interpreter, the script, and then the arguments. `env` is `os.environ`.
"""

from __future__ import annotations

import errno
import os
import select
import sys
from typing import TYPE_CHECKING, TextIO

from ..spelling import NodeName
from .errors import system_error
from .loop import Loop, current, next_tick, nextTick
from .stream import Done, Duplex

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from typing_extensions import Self

__all__ = ["Input", "Output", "argv", "env", "nextTick", "next_tick", "stderr", "stdin", "stdout"]

# The number of bytes that are read at once.
READ_SIZE = 65536

env: MutableMapping[str, str] = os.environ


class Input(Duplex):
    """A stream that reads a file descriptor. It keeps `run()` running while it is read."""

    _continuous = True

    def __init__(self, descriptor: int) -> None:
        super().__init__(writable=False)
        self._descriptor = descriptor
        self._watched: Loop | None = None

    @property
    def fd(self) -> int:
        """The file descriptor."""
        return self._descriptor

    @property
    def is_tty(self) -> bool:
        """True if it is a terminal."""
        return os.isatty(self._descriptor)

    def _read(self) -> None:
        loop = self._loop = self._watched = current()
        loop.hold()
        loop.opened(self)
        loop.when_running(self._watch)

    def pause(self) -> Self:
        """Stops `data` events; the stream no longer keeps `run()` running."""
        super().pause()
        self._stop()
        return self

    def _watch(self) -> None:
        loop = self._watched
        if loop is None:
            return
        try:
            loop.asyncio_loop.add_reader(self._descriptor, loop.run, self._take)
        except OSError:  # a regular file is always readable, and cannot be watched
            loop.asyncio_loop.call_soon(loop.run, self._take_from_file)

    def _take_from_file(self) -> None:
        loop = self._watched
        if loop is not None:
            self._take()
            if self._watched is loop:
                loop.asyncio_loop.call_soon(loop.run, self._take_from_file)

    def _take(self) -> None:
        try:
            chunk = os.read(self._descriptor, READ_SIZE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            # A terminal whose other side is gone: the end.
            if error.errno != errno.EIO:
                self._stop()
                self.destroy(system_error(error.errno or errno.EIO, "read"))
                return
            chunk = b""
        if not chunk:
            self._stop()
            self.push(None)
            self._end_if_empty()
        elif not self.push(chunk):
            self._stop()

    def _stop(self) -> None:
        loop, self._watched = self._watched, None
        if loop is not None:
            self._reading = False
            loop.when_running(lambda: loop.asyncio_loop.remove_reader(self._descriptor))
            loop.closed(self)
            loop.release()
            self._loop = None

    def cut_off(self) -> None:
        """Stops reading. For `run()`."""
        self._stop()

    def _destroy(self, error: BaseException | None, done: Done) -> None:
        self._stop()
        done(error)

    isTTY: NodeName[bool] = NodeName("is_tty")


class Output(Duplex):
    """A stream that writes to one of Python's standard streams, in order with `print()`.

    As in Node, `pipe()` into it does not end it.
    """

    ended_by_pipes = False

    def __init__(self, name: str) -> None:
        super().__init__(readable=False)
        self._name = name

    @property
    def _file(self) -> TextIO:
        file: TextIO = getattr(sys, self._name)
        return file

    @property
    def fd(self) -> int:
        """The file descriptor."""
        return self._file.fileno()

    @property
    def is_tty(self) -> bool:
        """True if it is a terminal."""
        return self._file.isatty()

    def _write(self, chunk: bytes, done: Done) -> None:
        file = self._file
        try:
            file.flush()
            try:
                descriptor = file.fileno()
            except OSError:  # no file descriptor, as under pytest
                file.write(chunk.decode(file.encoding or "utf-8", "replace"))
            else:
                write_all(descriptor, chunk)
        except OSError as error:
            done(system_error(error.errno or errno.EIO, "write"))
        else:
            done()

    isTTY: NodeName[bool] = NodeName("is_tty")


def write_all(descriptor: int, chunk: bytes) -> None:
    """Writes to a file that may be non-blocking, since it can share that flag with the input."""
    view = memoryview(chunk)
    while view:
        try:
            view = view[os.write(descriptor, view) :]
        except BlockingIOError:
            select.select([], [descriptor], [])


stdin: Input
stdout: Output
stderr: Output
argv: list[str]

_made: dict[str, Duplex] = {}


def __getattr__(name: str) -> Duplex | list[str]:
    # Created when first used, since most programs use none of them.
    if name == "argv":
        return [sys.executable, *sys.argv]
    if name not in ("stdin", "stdout", "stderr"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name not in _made:
        _made[name] = Input(0) if name == "stdin" else Output(name)
    return _made[name]
