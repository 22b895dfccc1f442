"""A transport that encrypts data and passes it to another transport.

It has the methods of `net`'s own transport, so that sockets work on both.

        socket           TLSTransport           lower transport
                  (1)                   (3)
        write() ------>  RecordLayer  ------>  write()
                  (2)                   (4)
        on_data <------  RecordLayer  <------  received()

(1) and (2) are plain bytes, (3) and (4) encrypted ones. A write that comes before the handshake is
complete waits at (1).
"""

from __future__ import annotations

import ssl
from collections import deque
from collections.abc import Callable

from ...batch import BATCH_SIZE, Batch
from ..errors import NodeError
from ..loop import Loop
from ..net.address import Address
from ..net.transport import Transport
from .failures import tls_error
from .records import RECORD_LENGTH, RecordLayer
from .stream_transport import StreamTransport

Done = Callable[..., None]

# How the end of a connection may look that this side has ended: the peer need not wait for it.
CODES_OF_AN_END = ("ECONNRESET", "EPIPE")


class TLSTransport:
    """Runs `records` between a socket and `lower`.

    `on_data(chunk)` is called with plain bytes; reading stops if it returns false. `on_end(None)`
    is called at the end of the input, `on_end(error)` if `lower` fails, `on_secure(records)` when
    the handshake is complete, `on_failure(error)` with an error of OpenSSL.

    On a server whose `records` wait for `select()`, `on_name(name)` is called with the name that
    the client asks for; on a client, `on_ticket(records)` when there may be a new session.
    """

    __slots__ = (
        "_begun",
        "_closed",
        "_done",
        "_ended",
        "_loop",
        "_on_data",
        "_on_end",
        "_on_failure",
        "_on_secure",
        "_queue",
        "_sending",
        "_shut",
        "_shutdown_done",
        "_waiting",
        "_wants_more",
        "_written",
        "batch",
        "bytes_read",
        "lower",
        "on_name",
        "on_ticket",
        "records",
    )

    def __init__(
        self,
        loop: Loop,
        records: RecordLayer,
        *,
        on_data: Callable[[bytes], bool],
        on_end: Callable[[NodeError | None], None],
        on_secure: Callable[[RecordLayer], None],
        on_failure: Callable[[ssl.SSLError], None],
    ) -> None:
        self._loop = loop
        # What listeners write while one chunk is handled, to become as few records as possible.
        self.batch: Batch = Batch()
        self.records: RecordLayer = records
        self.lower: Transport | StreamTransport
        self._on_data = on_data
        self._on_end = on_end
        self._on_secure = on_secure
        self._on_failure = on_failure
        self.on_name: Callable[[str], None] | None = None
        self.on_ticket: Callable[[RecordLayer], None] | None = None
        # False if the socket wants to be asked before more is read.
        self._wants_more = True
        # The end or a failure was reported; `close()` was called.
        self._ended = self._closed = False
        # `begin()` was called; the lower transport was shut down before the handshake was complete.
        self._begun = self._shut = False
        # The write, and the end, that wait for the handshake.
        self._waiting: tuple[bytes, Done | None] | None = None
        self._shutdown_done: Done | None = None
        # `lower` takes one write at a time. Behind that of the socket there may be records that
        # OpenSSL has written on its own, for which nobody has to be called.
        self._sending = False
        self._done: Done | None = None
        self._queue: deque[tuple[bytes, Done | None]] | None = None
        # Plain bytes.
        self.bytes_read: int = 0
        self._written = 0

    @property
    def bytes_written(self) -> int:
        """How many plain bytes were written, those included that wait to be sent."""
        return self._written + self.batch.length

    @property
    def system(self) -> Transport:
        """The transport of the socket of the system. Only if that is what it stands on."""
        assert isinstance(self.lower, Transport)
        return self.lower

    def begin(self) -> None:
        """Starts the handshake. `lower` must be connected."""
        self.lower.start_reading()
        self._begun = True
        if not self.records.server_side:
            self.records.shake_hands()
            self._flush()
        self._shut_down_waiting()

    # Receiving

    def received(self, data: bytes) -> bool:
        """Takes encrypted bytes from `lower`; false if no more are wanted now. (4)"""
        records = self.records
        if self._closed or self._ended:
            return False
        if not records.established:
            records.receive(data)
            if records.selecting:
                self._ask_for_context(records)
                # A client sends nothing now. Reading goes on, so that its end is noticed.
                return not self._closed and records.held < RECORD_LENGTH
            if not self._has_shaken_hands():
                return not self._closed
            data = b""
        if not self._closed:
            self._deliver(records.receive(data))
        return self._wants_more and not self._closed

    def _has_shaken_hands(self) -> bool:
        """Sends what the handshake has to send; true if this was its end."""
        records = self.records
        if not records.established:
            self._flush()
            if records.error is not None:
                self._fail(records.error)
            return False
        # What the handshake ends with leaves together with what listeners write now. If they
        # destroy the socket instead, it does not leave, as in Node.
        self._on_secure(records)
        return True

    def _ask_for_context(self, records: RecordLayer) -> None:
        on_name, self.on_name = self.on_name, None
        if on_name is not None:
            on_name(records.server_name or "")

    def select(self, context: ssl.SSLContext | None) -> None:
        """The answer to `on_name`, then or later: goes on with the handshake."""
        if self._closed or self._ended:
            return
        self.records.select(context)
        # The handshake is not complete yet: the client has still to answer.
        self._has_shaken_hands()
        if not self._ended:
            self.lower.start_reading()
            self.received(b"")

    def _deliver(self, pieces: list[bytes]) -> None:
        """Hands plain bytes to the socket, and then what came behind them. (2)"""
        if pieces:
            data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
            self.bytes_read += len(data)
            self._wants_more = self._on_data(data)
            if self._closed:
                return
        if self.records.ticketed:
            self.records.ticketed = False
            if self.on_ticket is not None:
                self.on_ticket(self.records)
        self._send_waiting()
        if self.records.error is not None:
            self._fail(self.records.error)
        elif self.records.ended:
            if pieces and isinstance(self.lower, Transport):
                # As in Node, what the data has caused comes before the end that came with it.
                self._loop.drain_ticks()
            if not self._closed:
                self._end()

    def _end(self) -> None:
        if not self._ended:
            self._ended = True
            self._on_end(None)

    def _fail(self, error: ssl.SSLError) -> None:
        self._ended = True
        self._on_failure(error)

    def lower_ended(self, error: NodeError | None) -> None:
        """The input of `lower` has ended, or `lower` has failed."""
        if self._closed:
            return
        if error is None or (self.records.closed and error.code in CODES_OF_AN_END):
            self._end()
        else:
            self._on_end(error)

    # Sending

    def write(self, chunk: bytes, done: Done) -> None:
        """Encrypts and sends `chunk`, then calls `done()` or `done(error)`. (1)"""
        if self.take(chunk):
            done()
            return
        self._written += len(chunk)
        if self._waiting is not None:
            self._waiting = (self._waiting[0] + chunk, done)
            return
        if not self.records.established:
            self._waiting = (chunk, done)
            return
        self._send_batch()
        self._encrypt(chunk, done)

    def take(self, chunk: bytes) -> bool:
        """Encrypts `chunk` together with what else listeners write while a chunk is handled; false
        if none is, or if this cannot be sent together."""
        if self.batch.is_open:
            return self.batch.add(chunk)
        corked = self._loop.corked
        if (
            corked is None
            or len(chunk) > BATCH_SIZE
            or self._sending
            or self._waiting is not None
            or not self.records.established
        ):
            return False
        corked.append(self._send_batch)
        self.batch.is_open = True
        return self.batch.add(chunk)

    def _send_batch(self) -> None:
        if self.batch.is_open:
            data = self.batch.close()
            self._written += len(data)
            self._encrypt(data, None)

    def _encrypt(self, chunk: bytes, done: Done | None) -> None:
        records = self.records
        taken = records.write(chunk)
        if records.error is not None:
            error = tls_error(records.error)
            self._on_end(error) if done is None else done(error)
        elif taken < len(chunk):
            self._waiting = (chunk[taken:], done)
            self._flush()
        else:
            self._send(records.output(), done)

    def _send_waiting(self) -> None:
        """Sends what OpenSSL has written on its own, and then what waits for the handshake."""
        if not self.batch.is_open:  # otherwise it leaves together with what listeners have written
            self._flush()
        if self._waiting is not None:
            (chunk, done), self._waiting = self._waiting, None
            self._encrypt(chunk, done)
        self._shut_down_waiting()

    def _shut_down_waiting(self) -> None:
        if self._shutdown_done is not None and self._waiting is None:
            done, self._shutdown_done = self._shutdown_done, None
            self.shut_down(done)

    def _flush(self) -> None:
        output = self.records.output()
        if output:
            self._send(output, None)

    def _send(self, output: bytes, done: Done | None) -> None:
        """Gives encrypted bytes to `lower`, one write after the other. (3)"""
        if self._shut:
            return
        if self._sending:
            if self._queue is None:
                self._queue = deque()
            self._queue.append((output, done))
            return
        self._sending = True
        self._done = done
        self.lower.write(output, self._sent)

    def _sent(self, error: NodeError | None = None) -> None:
        done, self._done = self._done, None
        self._sending = False
        if self._closed:
            return
        if self._queue:
            self._send(*self._queue.popleft())
        if done is not None:
            done() if error is None else done(error)

    def shut_down(self, done: Done) -> None:
        """Sends close_notify and the end of `lower` after everything else, then calls `done()`."""
        records = self.records
        if records.error is not None:
            self.lower.shut_down(done)
            return
        self._send_batch()
        if self._waiting is not None:
            self._shutdown_done = done
        elif not records.established:
            # With nothing to say, Node does not wait for the handshake: the peer sees it fail.
            if self._begun:
                self._shut = True
                self.lower.shut_down(done)
            else:
                self._shutdown_done = done
        else:
            records.close()
            self._send(records.output(), lambda error=None: self.lower.shut_down(done))

    # Closing

    def close(self, closed: Callable[[], object]) -> None:
        """Closes it at once, without close_notify, as in Node; then calls `closed()`."""
        self._send_batch()
        self._closed = True
        self.lower.close(closed)
        # The two refer to each other, which would keep the connection in memory.
        del self.lower

    # Of the lower transport

    def start_reading(self) -> None:
        """Reads on, after `on_data` has returned false."""
        self._wants_more = True
        self.lower.start_reading()

    def set_option(self, level: int, name: int, value: int) -> None:
        """Sets an option of the socket of the system, if there is one."""
        self.lower.set_option(level, name, value)

    @property
    def write_queue_size(self) -> int:
        """How many bytes wait to be sent."""
        return self.lower.write_queue_size

    @property
    def is_tcp(self) -> bool:
        """False if it does not stand on a TCP socket."""
        return self.lower.is_tcp

    @property
    def local_address(self) -> Address | None:
        """The address of this side."""
        return self.lower.local_address

    @property
    def remote_address(self) -> Address | None:
        """The address of the other side."""
        return self.lower.remote_address
