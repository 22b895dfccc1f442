"""Connects a driver to a transport, with one write for each incoming chunk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from . import heap as heap  # for transports that read into large blocks
from .batch import Batch
from .streams import IO

if TYPE_CHECKING:
    from .payload import Chunk


class Transport(Protocol):
    """The destination of `Wire`, such as an asyncio transport."""

    def write(self, data: bytes, /) -> object:
        """Sends `data`, now or later."""
        ...

    def close(self) -> object:
        """Closes the connection once everything has been sent."""
        ...


class Wire:
    """Connects `driver.io` to `transport`, any object with `write(data)` and `close()`.

    Raises `TypeError` for other arguments.

    A chunk from the peer can contain many messages, and each can cause output. All output that one
    chunk causes is passed to a single call of `transport.write`, in order, and so takes a single
    system call; only if it is more than 64 KiB, to several. Output at other times is written at
    once.
    """

    __slots__ = ("_batch", "_io", "_transport")

    def __init__(self, io: IO, transport: Transport) -> None:
        if not isinstance(io, IO):
            raise TypeError(f"The first argument of Wire must be the io of a driver, not {io!r}")
        for name in ("write", "close"):
            if not callable(getattr(transport, name, None)):
                raise TypeError(f"A transport must have write() and close(), unlike {transport!r}")
        self._io = io
        self._transport = transport
        self._batch = Batch()
        io.on("data", self._batch.listener(self._send))

    def write(self, chunk: Chunk) -> bool:
        """Passes `chunk`, bytes from the peer, to the driver. Returns `False` if reading should
        pause.

        Exceptions from listeners propagate, after the output before them has been written.
        """
        batch = self._batch
        if batch.is_open:
            # A nested call from a listener: the outer call writes the output.
            return self._io.write(chunk)

        batch.is_open = True
        try:
            more = self._io.write(chunk)
        finally:
            data = batch.close()
            if data:
                self._transport.write(data)
        # Writing may have filled the transport.
        return more and self._io.flow.may_read

    def flush(self) -> None:
        """Writes output that waits for the end of a chunk."""
        data = self._batch.close()
        if data:
            self._transport.write(data)

    def close(self) -> None:
        """Writes waiting output, and closes the transport."""
        self.flush()
        self._transport.close()

    def _send(self, data: bytes) -> None:
        """Writes `data` at once, because no chunk is handled now, or much output waits."""
        if self._batch.is_open:
            self.flush()
            self._batch.is_open = True
        self._transport.write(data)
