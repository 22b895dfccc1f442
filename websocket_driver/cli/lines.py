"""Standard input as a stream of lines that does not keep the event loop waiting."""

from __future__ import annotations

import asyncio
import sys
import threading
from contextlib import suppress
from typing import Any

from ..streams import Stream

CHUNK = 0x10000


class Lines(Stream):
    """Emits each line of `file`, a text file as `sys.stdin` is, as `data`, and `end` after them.

    Ends of lines, LF or CR LF, are no part of them. What is not UTF-8 becomes U+FFFD. Pipes and
    terminals are read when the loop says that there is something to read; where it cannot say
    that, for regular files and on Windows, a thread reads, a chunk at a time.
    """

    def __init__(self, file: Any = None) -> None:
        super().__init__()
        file = sys.stdin if file is None else file
        # The file without its buffer: a thread that waits in the buffer holds its lock, and the
        # interpreter does not end.
        self._file: Any = None if file is None else getattr(file.buffer, "raw", file.buffer)
        self._rest = bytearray()
        self._threaded = False
        self._reading = False
        self._is_paused = True

    def resume(self) -> None:
        """Goes on reading, or starts to."""
        super().resume()
        if not self.readable or self._reading:
            return
        self._reading = True
        if self._file is None:
            asyncio.get_running_loop().call_soon(self._take, b"")
        elif self._threaded:
            self._read_in_thread()
        else:
            try:
                asyncio.get_running_loop().add_reader(self._file.fileno(), self._read)
            except (NotImplementedError, OSError):
                self._threaded = True
                self._read_in_thread()

    def pause(self) -> None:
        """Reads no more for now. Lines that are read already may still come."""
        super().pause()
        self._stop()

    def destroy(self) -> None:
        """Reads no more, and emits nothing."""
        self.readable = False
        self._stop()

    def _stop(self) -> None:
        # A thread cannot be stopped: it is done when it has read its chunk.
        if self._reading and not self._threaded and self._file is not None:
            asyncio.get_running_loop().remove_reader(self._file.fileno())
            self._reading = False

    def _read_chunk(self) -> bytes | None:
        try:
            chunk: bytes | None = self._file.read(CHUNK)
        except OSError:  # a directory, a terminal that is gone
            return b""
        return chunk

    def _read(self) -> None:
        chunk = self._read_chunk()
        if chunk is not None:  # somebody else was faster
            self._take(chunk)

    def _read_in_thread(self) -> None:
        loop = asyncio.get_running_loop()

        def read() -> None:
            chunk = self._read_chunk()
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(self._took, chunk or b"")

        threading.Thread(target=read, daemon=True).start()

    def _took(self, chunk: bytes) -> None:
        self._reading = False
        self._take(chunk)
        if not self._is_paused:
            self.resume()

    def _take(self, chunk: bytes) -> None:
        if not self.readable:
            return
        if not chunk:
            self._finish()
            return
        self._rest += chunk
        if b"\n" in chunk:
            *lines, self._rest = self._rest.split(b"\n")
            for line in lines:
                self._emit(line)

    def _finish(self) -> None:
        self.destroy()
        if self._rest:
            self._emit(self._rest)
        self.emit("end")

    def _emit(self, line: bytearray) -> None:
        self.emit("data", line.removesuffix(b"\r").decode("utf-8", "replace"))
