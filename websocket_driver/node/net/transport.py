"""A system socket on an asyncio loop: the only part of `net` that uses asyncio.

It works like libuv's streams: data is passed to the system at once, and only the part that the
system does not accept waits. Reading can be stopped. The end of a close is reported after
everything else in the turn of the loop.
"""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from ...batch import BATCH_SIZE, Batch
from ..errors import NodeError, system_error
from ..loop import Loop
from ..phases import Hold
from .address import Address, readable_address

# How much is read at once, and how often at most in one turn of the loop, as in libuv.
READ_SIZE = 65536
READS_PER_TURN = 32

Done = Callable[..., None]
OnData = Callable[[bytes], bool]
OnEnd = Callable[["NodeError | None"], None]

# SO_LINGER with a time of zero: closing resets the connection.
_RESET = struct.pack("ii", 1, 0)


class Carrier(Protocol):
    """The transport under a socket: a `Transport`, or a layer over one."""

    @property
    def system(self) -> Transport:
        """The transport of the socket of the system under it."""
        ...

    @property
    def batch(self) -> Batch:
        """The output that is written while a chunk of input is handled."""
        ...

    @property
    def bytes_read(self) -> int:
        """How many bytes were received."""
        ...

    @property
    def bytes_written(self) -> int:
        """How many bytes were written."""
        ...

    @property
    def write_queue_size(self) -> int:
        """How many bytes wait for the system."""
        ...

    @property
    def is_tcp(self) -> bool:
        """False for a Unix socket."""
        ...

    @property
    def local_address(self) -> Address | None:
        """The address of this side."""
        ...

    @property
    def remote_address(self) -> Address | None:
        """The address of the other side."""
        ...

    def start_reading(self) -> None:
        """Reads whenever there is input."""
        ...

    def take(self, chunk: bytes, /) -> bool:
        """Sends `chunk` together with others, if it can; true if it does."""
        ...

    def write(self, chunk: bytes, done: Done, /) -> None:
        """Sends `chunk`, then calls `done()` or `done(error)`."""
        ...

    def shut_down(self, done: Done, /) -> None:
        """Sends the end, then calls `done()`."""
        ...

    def close(self, closed: Callable[[], object], /) -> None:
        """Closes it at once, then calls `closed()`."""
        ...

    def set_option(self, level: int, name: int, value: int, /) -> None:
        """Sets an option of the socket of the system."""
        ...


class Transport:
    """One socket of the system, once there is one.

    `on_data(chunk)` is called with what is read; reading stops if it returns false. `on_end(None)`
    is called at the end of the input, `on_end(error)` when reading fails, or when writing fails
    that was already reported as done.
    """

    __slots__ = (
        "_done",
        "_failure",
        "_hold",
        "_loop",
        "_on_data",
        "_on_end",
        "_pending",
        "_read_size",
        "_reading",
        "_shutdown_done",
        "_socket",
        "_watches_writing",
        "_written",
        "batch",
        "bytes_read",
    )

    def __init__(
        self, loop: Loop, on_data: OnData, on_end: OnEnd, read_size: int = READ_SIZE
    ) -> None:
        self._loop = loop
        self.batch: Batch = Batch()
        self._read_size = read_size
        self._on_data = on_data
        self._on_end = on_end
        self._socket: socket.socket | None = None
        self._reading = False
        self._failure: NodeError | None = None
        self._watches_writing = False
        self._pending: memoryview | None = None
        self._done: Done | None = None
        self._shutdown_done: Done | None = None
        self._hold: Hold | None = None
        self.bytes_read: int = 0
        self._written = 0

    @property
    def bytes_written(self) -> int:
        """How many bytes were written, those included that wait to be sent."""
        return self._written + self.batch.length

    @property
    def system(self) -> Transport:
        """The transport of the socket of the system: this one."""
        return self

    def adopt(self, system_socket: socket.socket) -> None:
        """Works on a socket that is connected."""
        system_socket.setblocking(False)
        self._socket = system_socket

    def keep(self, hold: Hold) -> None:
        """Keeps `hold` active from now on while it reads or has something to send, as libuv does
        with its streams."""
        self._hold = hold
        self._update_hold()

    def _update_hold(self) -> None:
        if self._hold is not None:
            self._hold.set_active(
                self._reading or self._watches_writing or self._shutdown_done is not None
            )

    # Connecting

    def open(self, family: socket.AddressFamily) -> None:
        """Makes a new socket of the system in place of the one there is. Raises `OSError`."""
        self.abandon()
        self.adopt(socket.socket(family, socket.SOCK_STREAM))

    def bind(self, address: tuple[Any, ...]) -> None:
        """Gives the socket its own address. Raises `OSError`."""
        assert self._socket is not None
        self._socket.bind(address)

    def connect(self, address: tuple[Any, ...] | str, done: Callable[[int], None]) -> None:
        """Connects, and calls `done(number)` later: 0, or the number of the error.

        Raises `OSError` if the system refuses at once.
        """
        assert self._socket is not None
        number = self._socket.connect_ex(address)
        if isinstance(address, tuple) and number:
            if number != errno.EINPROGRESS:
                raise OSError(number, "connect")
            self._watch_writing(lambda: self._connected(done))
            return
        self._loop.asyncio_loop.call_soon(self._loop.run, self._report, self._socket, done, number)

    def _connected(self, done: Callable[[int], None]) -> None:
        assert self._socket is not None
        number = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        self._unwatch_writing()
        done(number)

    def _report(self, about: socket.socket, done: Callable[[int], None], number: int) -> None:
        if self._socket is about:
            done(number)

    def abandon(self) -> None:
        """Closes the socket of the system, for another attempt."""
        if self._socket is not None:
            self._unwatch_writing()
            self._socket.close()
            self._socket = None

    # Reading

    @property
    def reading(self) -> bool:
        """True while it reads."""
        return self._reading

    def start_reading(self) -> None:
        """Reads whenever there is input."""
        if not self._reading and self._socket is not None:
            self._reading = True
            self._loop.asyncio_loop.add_reader(self._socket.fileno(), self._readable)
            self._update_hold()

    def stop_reading(self) -> None:
        """Reads no more."""
        if self._reading and self._socket is not None:
            self._reading = False
            self._loop.asyncio_loop.remove_reader(self._socket.fileno())
            self._update_hold()

    def _readable(self) -> None:
        loop = self._loop
        for _ in range(READS_PER_TURN):
            system_socket = self._socket
            if system_socket is None or not self._reading:
                return
            try:
                chunk = system_socket.recv(self._read_size)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                chunk, self._failure = b"", system_error(error.errno or errno.EIO, "read")
            if not chunk:
                self.stop_reading()
                loop.run(self._on_end, self._failure)
                return
            self.bytes_read += len(chunk)
            loop.run(self._received, chunk)
            if len(chunk) < self._read_size and not (loop.reports_once and self._has_failed()):
                return
        if loop.reports_once:
            loop.asyncio_loop.call_soon(self._readable)

    def _has_failed(self) -> bool:
        """True if the connection was reset, which the loop is not going to report again."""
        if self._failure is None and self._socket is not None and self._reading:
            number = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if number:
                self._failure = system_error(number, "read")
        return self._failure is not None

    def _received(self, chunk: bytes) -> None:
        # Writes that listeners make while they handle a chunk leave in one system call.
        corked = self._loop.corked = []
        try:
            wants_more = self._on_data(chunk)
        finally:
            self._loop.corked = None
            for send in corked:
                send()
        if not wants_more:
            self.stop_reading()

    # Writing

    @property
    def write_queue_size(self) -> int:
        """How many bytes wait for the system."""
        return len(self._pending) if self._pending is not None else 0

    def write(self, chunk: bytes, done: Done) -> None:
        """Sends `chunk`, then calls `done()`, or `done(error)`: at once if the system takes it."""
        if self.take(chunk):
            done()
            return
        self._send_batch()
        self._written += len(chunk)
        if self._pending is None:
            error = self._send(chunk)
            if error is not None or self._pending is None:
                done() if error is None else done(error)
                return
        else:
            self._pending = memoryview(bytes(self._pending) + chunk)
        self._done = done

    def take(self, chunk: bytes) -> bool:
        """Sends `chunk` together with other writes made while a chunk of input is handled; false
        if there is no such chunk, or `chunk` does not fit."""
        if self.batch.is_open:
            return self.batch.add(chunk)
        corked = self._loop.corked
        if corked is None or self._pending is not None or len(chunk) > BATCH_SIZE:
            return False
        corked.append(self._send_batch)
        self.batch.is_open = True
        return self.batch.add(chunk)

    def _send_batch(self) -> None:
        if self.batch.is_open:
            data = self.batch.close()
            self._written += len(data)
            error = self._send(data)
            if error is not None:
                self._on_end(error)

    def _send(self, chunk: bytes) -> NodeError | None:
        """Passes `chunk` to the system; the part that is not accepted waits."""
        assert self._socket is not None
        try:
            sent = self._socket.send(chunk)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError as error:
            return system_error(error.errno or errno.EIO, "write")
        if sent < len(chunk):
            self._pending = memoryview(chunk)[sent:]
            self._watch_writing(self._writable)
        return None

    def _writable(self) -> None:
        assert self._socket is not None and self._pending is not None
        error = None
        try:
            sent = self._socket.send(self._pending)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as raised:
            error = system_error(raised.errno or errno.EIO, "write")
        else:
            self._pending = self._pending[sent:]
            if self._pending:
                return
        self._pending = None
        self._unwatch_writing()
        done, self._done = self._done, None
        if done is not None:
            done() if error is None else done(error)
        elif error is not None:
            self._on_end(error)
        if self._shutdown_done is not None and self._pending is None:
            self._shut_down()

    def _watch_writing(self, callback: Callable[[], None]) -> None:
        assert self._socket is not None
        self._watches_writing = True
        self._loop.asyncio_loop.add_writer(self._socket.fileno(), self._loop.run, callback)
        self._update_hold()

    def _unwatch_writing(self) -> None:
        if self._watches_writing and self._socket is not None:
            self._watches_writing = False
            self._loop.asyncio_loop.remove_writer(self._socket.fileno())
            self._update_hold()

    def shut_down(self, done: Done) -> None:
        """Sends the end after everything else, then calls `done()`."""
        self._shutdown_done = done
        self._update_hold()
        self._send_batch()
        if self._pending is None:
            self._loop.asyncio_loop.call_soon(self._loop.run, self._shut_down)

    def _shut_down(self) -> None:
        done, self._shutdown_done = self._shutdown_done, None
        if done is None or self._socket is None:
            return
        self._update_hold()
        # The peer may be gone; reading reports that.
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
        done()

    # Closing

    def close(self, closed: Callable[[], object]) -> None:
        """Closes it at once, and calls `closed()` at the end of this turn of the loop."""
        if self.batch.is_open:
            self._send_last_batch()
        if self._socket is not None:
            self.stop_reading()
            self._unwatch_writing()
            self._socket.close()
            self._socket = None
        self._pending = self._done = self._shutdown_done = None
        self._loop.at_close(closed)

    def _send_last_batch(self) -> None:
        data = self.batch.close()
        self._written += len(data)
        assert self._socket is not None
        with suppress(OSError):
            self._socket.send(data)

    def reset(self, closed: Callable[[], object]) -> None:
        """The same as `close`, but the peer sees a reset."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.close(closed)

    # Options and addresses

    def set_option(self, level: int, name: int, value: int) -> None:
        """Sets an option of the socket, if the system has it for this kind of socket."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.setsockopt(level, name, value)

    @property
    def is_tcp(self) -> bool:
        """False for a Unix socket."""
        return self._socket is None or self._socket.family in (socket.AF_INET, socket.AF_INET6)

    @property
    def local_address(self) -> Address | None:
        """The address of this side."""
        if self._socket is None:
            return None
        with suppress(OSError):
            return readable_address(self._socket.getsockname())
        return None

    @property
    def remote_address(self) -> Address | None:
        """The address of the other side, `None` before there is a connection."""
        if self._socket is None:
            return None
        with suppress(OSError):
            return readable_address(self._socket.getpeername())
        return None
