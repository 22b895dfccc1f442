"""A driver's wire on a transport, with one write for each chunk that comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from .streams import IO

if TYPE_CHECKING:
    from .payload import Chunk


class Transport(Protocol):
    """Where `Wire` writes: an asyncio transport, say."""

    def write(self, data: bytes, /) -> object:
        """Sends `data`, now or later."""
        ...

    def close(self) -> object:
        """Closes the connection once everything has been sent."""
        ...


class Wire:
    """Joins `io`, a driver's, to `transport`: any object with `write(data)` and `close()`.

    A chunk from the peer can hold many messages, and what each gives rise to is a `data` event.
    All that a chunk gives rise to leaves in one call of `transport.write`, in order, and so takes
    one call of the operating system. What is sent at other times leaves at once.
    """

    __slots__ = ("_io", "_transport", "_unsent")

    def __init__(self, io: IO, transport: Transport) -> None:
        self._io = io
        self._transport = transport
        self._unsent: list[bytes] | None = None
        io.on("data", self._send)

    def write(self, chunk: Chunk) -> bool:
        """Gives `chunk`, bytes from the peer, to the driver; `False` if no more should come now.

        What a listener raises passes through, when what was sent before it has been written.
        """
        if self._unsent is not None:
            # A listener has more to give while one chunk is being taken: that is not done yet.
            return self._io.write(chunk)

        self._unsent = []
        try:
            more = self._io.write(chunk)
        finally:
            self.flush()
        # The transport may have become full by the writing of what was sent.
        return more and self._io.flow.may_read

    def flush(self) -> None:
        """Writes now what waits for the end of a chunk."""
        unsent, self._unsent = self._unsent, None
        if unsent:
            self._transport.write(unsent[0] if len(unsent) == 1 else b"".join(unsent))

    def close(self) -> None:
        """Writes what waits, and closes the transport."""
        self.flush()
        self._transport.close()

    def _send(self, data: bytes) -> None:
        if self._unsent is None:
            self._transport.write(data)
        else:
            self._unsent.append(data)
