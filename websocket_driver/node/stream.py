"""Node's streams: one class with both halves, reading and writing.

A subclass of `Duplex` implements its source and its sink with these hooks:

- `_read()`: more data is wanted. `push()` it, now or later. Called again after a `push()`, while
  less than the high-water mark is buffered.
- `_write(chunk, done)`: send `chunk`, then call `done()`, or `done(error)`, at once or later. The
  next `_write` comes after that.
- `_writev(chunks, done)`: send several chunks; called in place of `_write` if several wait. The
  default implementation joins them for `_write`.
- `_final(done)`: `end()` was called and everything is written. Send the end, then call `done()`.
- `_destroy(error, done)`: release the resources of the stream, then call `done(error)`.
- `_before_end()`: `end` is about to be emitted.

It passes on input and reports failures with these methods:

- `push(chunk)`: bytes were received. False if the buffer has reached its high-water mark: stop
  until `_read()` is called.
- `push(None)`: the input has ended. `end` is emitted when everything before it has been read.
- `_end_if_empty()`, after `push(None)`: emits `end` even if nobody reads, if nothing is buffered.
  Sockets do.
- `destroy(error)`: it failed. Emits `error`, then `close`. Buffered data is lost, as in Node.
- `_fire(event, ...)`: emits an event. Exceptions of listeners go to the loop's exception handler.
- `_tick(f, ...)`: calls `f` after the current callback and its listeners.

These class attributes and arguments select the kind of stream:

- `_continuous`: true for a source that pushes without being asked each time, a socket for example.
  `_read()` is then called only after a `push()` that returned false.
- `_emits_close`: false for a stream that emits `close` itself.
- `readable=False` or `writable=False`: the stream has only one half.
- `ended_by_pipes`: false if `pipe()` into it never ends it, as for `process.stdout`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any, Final

from ..spelling import NodeName, node_name
from .encoding import Chunk, chunk_bytes, encode, encoding_name
from .errors import (
    NodeError,
    make_error,
    multiple_callback,
    stream_destroyed,
    write_after_end,
)
from .iteration import chunks
from .lifecycle import Callback, Done, Stream
from .phases import call
from .readable import HIGH_WATER_MARK, Readable

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

__all__ = ["HIGH_WATER_MARK", "Callback", "Done", "Duplex", "Stream"]


class Duplex(Readable):
    """A readable and writable stream. Emits `data`, `readable`, `end`, `drain`, `finish`,
    `error`, `close`, `pause`, `resume`, `pipe` and `unpipe` as Node's do.

    `async for chunk in stream` reads to the end, and destroys the stream when the loop is left.
    """

    __slots__ = (
        "_after_write",
        "_allow_half_open",
        "_buffered",
        "_corked",
        "_default_encoding",
        "_ending",
        "_expects_done",
        "_final_called",
        "_finish_callbacks",
        "_finished",
        "_flushing",
        "_needs_drain",
        "_pending",
        "_prefinished",
        "_unwritable",
        "_write_callback",
        "_write_length",
        "_write_mark",
        "_writing",
        "_writing_synchronously",
        "_written_length",
    )

    def __init__(
        self,
        *,
        readable: bool = True,
        writable: bool = True,
        allow_half_open: bool = True,
        auto_destroy: bool = True,
        readable_high_water_mark: int = HIGH_WATER_MARK,
        writable_high_water_mark: int = HIGH_WATER_MARK,
    ) -> None:
        super().__init__(
            readable=readable,
            auto_destroy=auto_destroy,
            high_water_mark=readable_high_water_mark,
        )
        self._allow_half_open = allow_half_open
        self._unwritable = not writable
        self._written_length = 0
        self._write_mark = writable_high_water_mark
        self._corked = 0
        self._buffered: deque[tuple[bytes, Callback | None]] | None = None
        self._flushing = False
        # True from `_write()` on, until it calls `done`.
        self._writing = self._expects_done = False
        self._writing_synchronously = False
        self._write_length = 0
        self._write_callback: Callback | None = None
        # How often to call a callback in the next tick, and the callback.
        self._after_write: list[Any] | None = None
        self._needs_drain = False
        # The number of operations to complete before `finish`.
        self._pending = 0
        self._ending = self._finished = not writable
        self._final_called = self._prefinished = False
        self._finish_callbacks: list[Callback] | None = None
        self._default_encoding: str | None = None

    @property
    def writable(self) -> bool:
        """False once `end()` was called, or it failed or was destroyed."""
        return not (
            self._unwritable or self._ending or self._destroyed or self._errored is not None
        )

    @property
    def allow_half_open(self) -> bool:
        """False if it ends when the other side has ended."""
        return self._allow_half_open

    @allow_half_open.setter
    def allow_half_open(self, allow: bool) -> None:
        self._allow_half_open = bool(allow)

    @property
    def writable_ended(self) -> bool:
        """True from `end()` on."""
        return self._ending

    @property
    def writable_finished(self) -> bool:
        """True once everything was sent, right before `finish` is emitted."""
        return self._finished

    @property
    def writable_length(self) -> int:
        """The number of bytes that wait to be sent."""
        return self._written_length

    @property
    def writable_high_water_mark(self) -> int:
        """The number of waiting bytes from which on `write()` returns false."""
        return self._write_mark

    @property
    def writable_need_drain(self) -> bool:
        """True if `write()` has returned false and `drain` has not been emitted yet."""
        return self._needs_drain and not (self._destroyed or self._ending)

    @property
    def writable_corked(self) -> int:
        """The number of calls of `uncork()` that are required."""
        return self._corked

    # Writing

    def write(
        self,
        chunk: Chunk,
        encoding: str | Callback | None = None,
        callback: Callback | None = None,
    ) -> bool:
        """Sends bytes, or text in `encoding` (UTF-8). `callback(error)` is called when it is sent.

        False if so much waits to be sent that the caller should wait for `drain`. After `end()`
        there is an error event. Raises `TypeError` for anything that is neither bytes nor text.
        """
        if type(chunk) is bytes and encoding is None:
            data: bytes = chunk
        else:
            if callable(encoding):
                encoding, callback = None, encoding
            data = self._encoded(chunk, encoding)
        if self._ending or self._destroyed:
            self._refuse(self._late_write_error(), callback)
            return False

        self._pending += 1
        length = len(data)
        self._written_length += length
        if self._writing or self._corked or self._errored is not None:
            if self._buffered is None:
                self._buffered = deque()
            self._buffered.append((data, callback))
        else:
            self._write_length = length
            self._write_callback = callback
            self._writing = self._writing_synchronously = self._expects_done = True
            self._write(data, self._wrote)
            self._writing_synchronously = False
        if self._written_length < self._write_mark or not self._written_length:
            return not self._destroyed and self._errored is None
        self._needs_drain = True
        return False

    def _encoded(self, chunk: object, encoding: object) -> bytes:
        if isinstance(chunk, str):
            return encode(chunk, encoding_name(encoding) if encoding else self._default_encoding)
        if encoding and encoding != "buffer":
            encoding_name(encoding)
        if chunk is None:
            raise make_error(
                TypeError, "ERR_STREAM_NULL_VALUES", "May not write null values to stream"
            )
        return chunk_bytes(chunk)

    def _late_write_error(self) -> NodeError:
        """The error of a `write()` after `end()` or `destroy()`."""
        return write_after_end() if self._ending else stream_destroyed("write")

    def _refuse(self, error: NodeError, callback: Callback | None) -> NodeError:
        if callback is not None:
            self._tick(call, callback, error)
        self._fail(error)
        return error

    def end(
        self,
        chunk: Chunk | Callback | None = None,
        encoding: str | Callback | None = None,
        callback: Callback | None = None,
    ) -> Self:
        """Sends `chunk`, if there is one, and then the end. `callback(error)` is called at the end.

        A second call does nothing; with a chunk it is a write after the end.
        """
        if callable(chunk):
            chunk, encoding, callback = None, None, chunk
        elif callable(encoding):
            encoding, callback = None, encoding

        error = self._write_last(chunk, encoding) if chunk is not None else None
        if self._corked:
            self._corked = 1
            self.uncork()
        if error is None:
            error = self._begin_to_end()

        if callback is not None:
            if error is not None or self._errored is not None:
                self._tick(call, callback, error or self._errored)
            else:
                if self._finish_callbacks is None:
                    self._finish_callbacks = []
                self._finish_callbacks.append(callback)
        return self

    def _write_last(self, chunk: Chunk, encoding: str | None) -> NodeError | None:
        """The chunk of `end()`."""
        if not self._ending and not self._destroyed:
            self.write(chunk, encoding)
            return None
        self._encoded(chunk, encoding)
        error = write_after_end() if self._ending else stream_destroyed("write")
        self._fail(error)
        return error

    def _begin_to_end(self) -> NodeError | None:
        """Handles `end()`; returns the error if it is too late."""
        if not self._ending and self._errored is None:
            self._ending = True
            self._finish_if_done()
        elif self._finished:
            return make_error(
                RuntimeError,
                "ERR_STREAM_ALREADY_FINISHED",
                "Cannot call end after a stream was finished",
            )
        elif self._destroyed:
            return stream_destroyed("end")
        return None

    def cork(self) -> None:
        """Buffers writes until `uncork()`, which sends them together."""
        self._corked += 1

    def uncork(self) -> None:
        """Undoes one `cork()`."""
        if self._corked:
            self._corked -= 1
            if not self._writing:
                self._flush()

    def set_default_encoding(self, encoding: str) -> Self:
        """The encoding of text that is written without one."""
        self._default_encoding = encoding_name(encoding)
        return self

    def _write(self, chunk: bytes, done: Done) -> None:
        """Sends `chunk` and calls `done()`, or `done(error)`. For subclasses."""
        raise NotImplementedError

    def _writev(self, chunks: list[bytes], done: Done) -> None:
        """Sends several chunks and calls `done()`, or `done(error)`. For subclasses."""
        self._write(b"".join(chunks), done)

    def _final(self, done: Done) -> None:
        """Sends the end and calls `done()`, or `done(error)`. For subclasses."""
        done()

    # After a write

    def _wrote(self, error: BaseException | None = None) -> None:
        """The `done` of `_write` and `_writev`."""
        if not self._expects_done:
            self._fail(multiple_callback())
            return
        callback, self._write_callback = self._write_callback, None
        self._writing = self._expects_done = False
        self._written_length -= self._write_length
        self._write_length = 0

        if error is not None:
            if self._errored is None:
                self._errored = error
            if self._writing_synchronously:
                self._tick(self._write_failed, error, callback)
            else:
                self._write_failed(error, callback)
            return

        if self._buffered:
            self._flush()
        if self._writing_synchronously:
            self._wrote_at_once(callback)
        else:
            self._after(1, callback)

    def _wrote_at_once(self, callback: Callback | None) -> None:
        """`_write` called `done` at once: callbacks and `drain` follow in the next tick."""
        if callback is None:
            if self._needs_drain and not self._written_length and self._after_write is None:
                self._after_write = [1, None]
                self._tick(self._after_tick, self._after_write)
            else:
                self._pending -= 1
                if self._ending:
                    self._finish_if_done()
        elif self._after_write is not None and self._after_write[1] is callback:
            self._after_write[0] += 1
        else:
            self._after_write = [1, callback]
            self._tick(self._after_tick, self._after_write)

    def _write_failed(self, error: BaseException, callback: Callback | None) -> None:
        self._pending -= 1
        if callback is not None:
            self._call(callback, error)
        self._fail_buffered()
        self._fail(error)

    def _after_tick(self, info: list[Any]) -> None:
        if self._after_write is info:
            self._after_write = None
        self._after(*info)

    def _after(self, number: int, callback: Callback | None) -> None:
        """After a write: `drain`, the callbacks, `finish`."""
        if (
            self._needs_drain
            and not self._written_length
            and not self._ending
            and not self._destroyed
        ):
            self._needs_drain = False
            self._fire("drain")
        for _ in range(number):
            self._pending -= 1
            if callback is not None:
                self._call(callback, None)
        if self._destroyed:
            self._fail_buffered()
        if self._ending:
            self._finish_if_done()

    def _call(self, callback: Callback, error: BaseException | None) -> None:
        try:
            call(callback, error)
        except Exception as raised:
            self._home.report(f"Exception in {callback!r}", raised)

    def _flush(self) -> None:
        """Passes buffered writes to `_write`."""
        buffered = self._buffered
        if not buffered or self._flushing or self._corked or self._destroyed:
            return
        self._flushing = True
        if len(buffered) > 1:
            self._buffered = None
            self._pending -= len(buffered) - 1
            callbacks = [callback for _, callback in buffered if callback is not None]
            chunks = [chunk for chunk, _ in buffered]
            self._write_length = sum(map(len, chunks))
            self._write_callback = _each(self._call, callbacks) if callbacks else None
            self._writing = self._writing_synchronously = self._expects_done = True
            self._writev(chunks, self._wrote)
        else:
            while buffered and not self._writing:
                data, callback = buffered.popleft()
                self._write_length = len(data)
                self._write_callback = callback
                self._writing = self._writing_synchronously = self._expects_done = True
                self._write(data, self._wrote)
        self._writing_synchronously = False
        self._flushing = False

    def _fail_buffered(self) -> None:
        """Calls the callbacks of writes that will not happen with the error."""
        if self._writing:
            return
        buffered, self._buffered = self._buffered, None
        for data, callback in buffered or ():
            self._written_length -= len(data)
            if callback is not None:
                self._call(callback, self._errored or stream_destroyed("write"))
        self._call_finish_callbacks(self._errored or stream_destroyed("end"))

    # Finishing

    @property
    def _may_finish(self) -> bool:
        return (
            self._ending
            and not self._destroyed
            and not self._finished
            and not self._writing
            and not self._error_emitted
            and not self._close_emitted
            and self._errored is None
            and not self._buffered
            and not self._written_length
        )

    def _finish_if_done(self) -> None:
        if not self._may_finish:
            return
        self._prefinish()
        if self._pending == 0:
            self._pending += 1
            self._tick(self._finish_soon)

    def _finish_soon(self) -> None:
        if self._may_finish:
            self._finish()
        else:
            self._pending -= 1

    def _prefinish(self) -> None:
        if self._prefinished or self._final_called:
            return
        self._final_called = True
        if type(self)._final is Duplex._final:  # noqa: SLF001 - whether a subclass has its own
            self._prefinished = True
            self._fire("prefinish")
            return
        self._pending += 1
        self._writing_synchronously = True
        try:
            self._final(self._finalized)
        except Exception as error:
            self._finalized(error)
        self._writing_synchronously = False

    def _finalized(self, error: BaseException | None = None) -> None:
        """The `done` of `_final`."""
        if self._prefinished:
            self._fail(error or multiple_callback())
            return
        self._pending -= 1
        if error is not None:
            self._call_finish_callbacks(error)
            self._fail(error)
        elif self._may_finish:
            self._prefinished = True
            self._fire("prefinish")
            self._pending += 1
            self._tick(self._finish)

    def _finish(self) -> None:
        self._pending -= 1
        self._finished = True
        self._call_finish_callbacks(None)
        self._fire("finish")
        if self._auto_destroy and (self._end_emitted or self._unreadable):
            self.destroy()

    def _call_finish_callbacks(self, error: BaseException | None) -> None:
        callbacks, self._finish_callbacks = self._finish_callbacks, None
        for callback in callbacks or ():
            self._call(callback, error)

    # Both halves

    def __aiter__(self) -> AsyncGenerator[Any, None]:
        return chunks(self)

    def iterator(self, *, destroy_on_return: bool = True) -> AsyncGenerator[Any, None]:
        """The iterator of `async for chunk in stream`. With `destroy_on_return=False`, the stream
        is not destroyed if the loop is left early."""
        return chunks(self, destroys=destroy_on_return)

    # The other half, and the end of both

    def _after_end(self) -> None:
        if self.writable and not self._allow_half_open:
            self._tick(self._end_writing)
        elif self._auto_destroy and (self._unwritable or self._finished):
            self.destroy()

    def _end_writing(self) -> None:
        if self.writable:
            self.end()

    def _before_destroy(self) -> None:
        if self._buffered or self._finish_callbacks:
            self._tick(self._fail_buffered)

    def _reset_state(self) -> None:
        super()._reset_state()
        self._ending = self._finished = self._unwritable
        self._final_called = self._prefinished = False

    allowHalfOpen: NodeName[bool] = NodeName("allow_half_open")
    setDefaultEncoding: Final = node_name(set_default_encoding)
    writableEnded: NodeName[bool] = NodeName("writable_ended")
    writableFinished: NodeName[bool] = NodeName("writable_finished")
    writableLength: NodeName[int] = NodeName("writable_length")
    writableHighWaterMark: NodeName[int] = NodeName("writable_high_water_mark")
    writableNeedDrain: NodeName[bool] = NodeName("writable_need_drain")
    writableCorked: NodeName[int] = NodeName("writable_corked")


def _each(
    call: Callable[[Callback, BaseException | None], None], callbacks: list[Callback]
) -> Callback:
    """One callback for several."""

    def each(error: BaseException | None = None) -> None:
        for callback in callbacks:
            call(callback, error)

    return each
