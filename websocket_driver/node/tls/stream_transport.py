"""A transport over another stream: TLS inside TLS, STARTTLS, or TLS over anything."""

from __future__ import annotations

import socket as bsd
from collections.abc import Callable
from typing import Any, Protocol

from ...emitter import EventEmitter
from ..errors import NodeError, invalid_argument
from ..loop import current
from ..net.address import Address
from ..net.socket import Socket
from ..stream import Duplex

Done = Callable[..., None]


class ByteStream(Protocol):
    """A stream that TLS can run over. `Duplex` is one, and so are the streams of a driver.

    It emits `data`, `drain`, `end`, and, if it has them, `error` and `close`.
    """

    def on(self, event: Any, f: Any, /) -> object:  # noqa: ANN401 - each event has its own type
        """Adds a listener."""
        ...

    def write(self, chunk: bytes, /) -> object:
        """Sends `chunk`; false if it wants to emit `drain` before more is written."""
        ...

    def end(self) -> object:
        """Sends the end."""
        ...

    def pause(self) -> object:
        """Emits no `data` for now."""
        ...

    def resume(self) -> object:
        """Emits `data` again."""
        ...


class StreamTransport:
    """Reads and writes `stream`, which must not be used elsewhere from now on.

    Its pipes and its listeners for `data` and `end` are removed, so that they do not get encrypted
    bytes. Bytes that had arrived and were not read yet are read here.
    """

    __slots__ = ("_done", "_encoding", "_on_data", "_on_end", "_reading", "_stream")

    def __init__(
        self,
        stream: ByteStream,
        on_data: Callable[[bytes], bool],
        on_end: Callable[[NodeError | None], None],
    ) -> None:
        """Raises `TypeError` if `stream` is not a stream."""
        for name in ("on", "write", "end", "pause", "resume"):
            if not callable(getattr(stream, name, None)):
                raise invalid_argument("stream", "a stream of bytes", stream)
        self._stream = stream
        self._on_data = on_data
        self._on_end = on_end
        self._reading = False
        self._encoding = "latin1" if isinstance(stream, Duplex) else "utf8"
        # What waits for `drain`.
        self._done: Done | None = None
        if isinstance(stream, Duplex):
            stream.unpipe()
            stream.pause()
            for event in ("data", "readable", "end"):
                for listener in stream.listeners(event):
                    stream.remove_listener(event, listener)
            # TLS has an end of its own, which this side may have to answer.
            stream.allow_half_open = True
            # Whoever read text from it reads nothing any more. Latin-1 has a character for each
            # byte, and the stream has no way back to bytes.
            if stream.readable_encoding is not None and not stream.readable_length:
                stream.set_encoding(self._encoding)
        self._stream.on("drain", self._drained)
        self._stream.on("end", self._ended)

    # Reading

    def start_reading(self) -> None:
        """Reads whatever comes, until `on_data` returns false."""
        if not self._reading:
            self._reading = True
            self._stream.on("data", self._received)
        self._stream.resume()

    def _received(self, chunk: bytes | str) -> None:
        data = chunk.encode(self._encoding, "replace") if isinstance(chunk, str) else chunk
        if not self._on_data(data):
            self._stream.pause()

    def _ended(self) -> None:
        self._on_end(None)

    # Writing

    @property
    def write_queue_size(self) -> int:
        """How many bytes wait in the stream."""
        return int(getattr(self._stream, "writable_length", 0))

    def write(self, chunk: bytes, done: Done) -> None:
        """Writes `chunk`, then calls `done()`, when the stream has drained."""
        if getattr(self._stream, "writable", True) is False:
            done()  # the stream itself was ended, and the peer will answer that
        elif self._stream.write(chunk) is False:
            self._done = done
        else:
            done()

    def _drained(self) -> None:
        done, self._done = self._done, None
        if done is not None:
            done()

    def shut_down(self, done: Done) -> None:
        """Ends the stream."""
        self._stream.end()
        done()

    # Closing

    def close(self, closed: Callable[[], object]) -> None:
        """Destroys the stream, and calls `closed()` when it is closed."""
        stream = self._stream
        self._done = None
        if isinstance(stream, EventEmitter):
            # The stream holds its listeners, and they hold it.
            stream.remove_listener("data", self._received)
            stream.remove_listener("drain", self._drained)
            stream.remove_listener("end", self._ended)
        if getattr(stream, "destroyed", False):
            current().next_tick(closed)
            return
        if isinstance(stream, Duplex):
            stream.once("close", closed)
        else:
            current().next_tick(closed)
        getattr(stream, "destroy", stream.end)()

    # Options and addresses

    def set_option(self, level: int, name: int, value: int) -> None:
        """Sets an option of the socket, if that is what the stream is."""
        stream: Any = self._stream
        if isinstance(stream, Socket):
            if (level, name) == (bsd.IPPROTO_TCP, bsd.TCP_NODELAY):
                stream.set_no_delay(bool(value))
            elif (level, name) == (bsd.SOL_SOCKET, bsd.SO_KEEPALIVE):
                stream.set_keep_alive(bool(value))
            elif name == getattr(bsd, "TCP_KEEPIDLE", None):
                # The times of the other probes go with it.
                stream.set_keep_alive(True, value * 1000)

    @property
    def is_tcp(self) -> bool:
        """True for a TCP socket, and for TLS over one."""
        return getattr(self._stream, "remote_family", None) is not None

    @property
    def local_address(self) -> Address | None:
        """The address of this side, if the stream has one."""
        return self._address("local")

    @property
    def remote_address(self) -> Address | None:
        """The address of the other side, if the stream has one."""
        return self._address("remote")

    def _address(self, side: str) -> Address | None:
        stream: Any = self._stream
        address = getattr(stream, f"{side}_address", None)
        if address is None:
            return None
        return Address(address, getattr(stream, f"{side}_port"), getattr(stream, f"{side}_family"))
