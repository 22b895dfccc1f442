"""Node's streams: one class with both halves, reading and writing.

A subclass of `Duplex` says what its source and its sink are, by these hooks:

- `_read()`: more is wanted. `push()` it, now or later. Called again once a `push()` has answered,
  and only while less than the high-water mark is buffered.
- `_write(chunk, done)`: send `chunk`, then call `done()`, or `done(error)`, at once or later. The
  next `_write` comes after that.
- `_writev(chunks, done)`: send several chunks; called in place of `_write` where several wait. The
  one here joins them for `_write`.
- `_final(done)`: `end()` was called and everything is written. Send the end, then call `done()`.
- `_destroy(error, done)`: give up what the stream holds, then call `done(error)`.
- `_before_end()`: `end` is about to be emitted.

It hands in what comes, and reports what happens, by these methods:

- `push(chunk)`: bytes came. False if the buffer has reached its high-water mark: stop until
  `_read()` is called.
- `push(None)`: the end came. `end` is emitted when everything before it has been read.
- `_end_if_empty()`, after `push(None)`: emits `end` even if nobody reads, if nothing is buffered.
  Sockets do.
- `destroy(error)`: it failed. Emits `error`, then `close`. What is buffered is lost, as in Node.
- `_fire(event, ...)`: emits an event. Exceptions of listeners go to the loop's exception handler.
- `_tick(f, ...)`: calls `f` when the callback that runs now and its listeners are done.

and says what kind of stream it is by these class attributes and arguments:

- `_continuous`: true for a source that pushes without being asked each time, a socket for example.
  `_read()` is then called only after a `push()` that returned false.
- `_emits_close`: false for a stream that emits `close` itself.
- `readable=False` or `writable=False`: one half is left out.

`read()` and the event `readable` of Node's streams are not here: listen for `data`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from ..emitter import EventEmitter, capacity
from ..spelling import NodeName, node_name
from .encoding import Decoder, encode, encoding_name
from .errors import (
    NodeError,
    invalid_argument,
    invalid_value,
    make_error,
    multiple_callback,
    stream_destroyed,
    write_after_end,
)
from .loop import Loop, current

if TYPE_CHECKING:
    from typing_extensions import Self

# How many bytes a half buffers before it asks its source to wait; that of Node 20.
HIGH_WATER_MARK = 16384

Done = Callable[..., None]
Callback = Callable[..., object]

# Events that Node's streams have and these have not.
_UNSUPPORTED = {"readable": 'the event "readable" is not supported: listen for "data"'}


AnyDestination = TypeVar("AnyDestination")


class Duplex(EventEmitter):
    """A stream that is read and written. Emits `data`, `end`, `drain`, `finish`, `error`, `close`,
    `pause`, `resume`, `pipe` and `unpipe` as Node's do."""

    __slots__ = (
        "_after_write",
        "_allow_half_open",
        "_auto_destroy",
        "_awaiting",
        "_buffer",
        "_buffered",
        "_close_emitted",
        "_closed",
        "_corked",
        "_decoder",
        "_default_encoding",
        "_destroyed",
        "_end_emitted",
        "_ended",
        "_ending",
        "_error_emitted",
        "_errored",
        "_expects_done",
        "_final_called",
        "_finish_callbacks",
        "_finished",
        "_flow_scheduled",
        "_flowing",
        "_flushing",
        "_length",
        "_loop",
        "_needs_drain",
        "_paused",
        "_pending",
        "_pipes",
        "_prefinished",
        "_read_mark",
        "_read_more_scheduled",
        "_reading",
        "_reading_synchronously",
        "_resume_scheduled",
        "_unreadable",
        "_unwritable",
        "_write_callback",
        "_write_length",
        "_write_mark",
        "_writing",
        "_writing_synchronously",
        "_written_length",
    )

    _continuous = False
    _emits_close = True

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
        super().__init__()
        self._loop: Loop | None = None
        self._allow_half_open = allow_half_open
        self._auto_destroy = auto_destroy
        self._destroyed = self._closed = self._close_emitted = self._error_emitted = False
        self._errored: BaseException | None = None

        # The readable half: what has come and was not taken yet.
        self._unreadable = not readable
        self._buffer: deque[Any] | None = None
        self._length = 0
        self._read_mark = readable_high_water_mark
        self._flowing: bool | None = None
        self._paused = False
        self._ended = self._end_emitted = not readable
        # True from `_read()` on, until it is answered by `push()`.
        self._reading = False
        self._reading_synchronously = True
        self._read_more_scheduled = self._resume_scheduled = self._flow_scheduled = False
        self._decoder: Decoder | None = None
        self._pipes: list[_Pipe] | None = None
        # The destinations that have asked this stream to wait.
        self._awaiting: set[_Pipe] | None = None

        # The writable half: what was written and is not sent yet.
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
        self._after_write: list[Any] | None = None
        self._needs_drain = False
        # How many writes and other things have to be done before `finish`.
        self._pending = 0
        self._ending = self._finished = not writable
        self._final_called = self._prefinished = False
        self._finish_callbacks: list[Callback] | None = None
        self._default_encoding: str | None = None

    # What it is in

    @property
    def readable(self) -> bool:
        """False once it has ended, failed or was destroyed."""
        return not (self._unreadable or self._destroyed or self._error_emitted or self._end_emitted)

    @property
    def writable(self) -> bool:
        """False once `end()` was called, or it failed or was destroyed."""
        return not (
            self._unwritable or self._ending or self._destroyed or self._errored is not None
        )

    @property
    def destroyed(self) -> bool:
        """True from `destroy()` on."""
        return self._destroyed

    @property
    def closed(self) -> bool:
        """True once it has given up what it held, right before `close` is emitted."""
        return self._closed

    @property
    def errored(self) -> BaseException | None:
        """The error that it failed with."""
        return self._errored

    @property
    def allow_half_open(self) -> bool:
        """False if it ends when the other side has ended."""
        return self._allow_half_open

    @allow_half_open.setter
    def allow_half_open(self, allow: bool) -> None:
        self._allow_half_open = bool(allow)

    @property
    def readable_ended(self) -> bool:
        """True once `end` was emitted."""
        return self._end_emitted

    @property
    def readable_flowing(self) -> bool | None:
        """True if `data` is emitted, False if it was paused, `None` before anybody reads."""
        return self._flowing

    @property
    def readable_length(self) -> int:
        """How many bytes (or characters, with an encoding) wait to be read."""
        return self._length

    @property
    def readable_high_water_mark(self) -> int:
        """How many bytes are read ahead."""
        return self._read_mark

    @property
    def readable_encoding(self) -> str | None:
        """The encoding of `set_encoding()`."""
        return self._decoder.encoding if self._decoder is not None else None

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
        """How many bytes wait to be sent."""
        return self._written_length

    @property
    def writable_high_water_mark(self) -> int:
        """From how many waiting bytes on `write()` returns false."""
        return self._write_mark

    @property
    def writable_need_drain(self) -> bool:
        """True if `write()` has returned false and `drain` is to come."""
        return self._needs_drain and not (self._destroyed or self._ending)

    @property
    def writable_corked(self) -> int:
        """How many calls of `uncork()` are missing."""
        return self._corked

    # Events

    def _fire(self, event: str, *arguments: Any) -> None:
        """Emits an event; exceptions of listeners go to the loop's exception handler."""
        try:
            self.emit(event, *arguments)
        except Exception as error:
            self._report(event, arguments[0] if arguments else None, error)

    def _report(self, event: str, argument: object, error: Exception) -> None:
        if event == "error" and error is argument:
            self._unheard(error)
        else:
            self._home.report(f"Exception in a listener for {event!r}", error)

    def _unheard(self, error: Exception) -> None:
        """Nobody listens for `error`."""
        name = type(self).__name__
        text = f"Unhandled 'error' event of a {name}: add a listener with .on(\"error\", ...)"
        self._home.report(text, error)

    @property
    def _home(self) -> Loop:
        return self._loop or current()

    def _tick(self, callback: Callback, *arguments: object) -> None:
        """Calls `callback` when the callback that runs now is done."""
        (self._loop or current()).next_tick(callback, *arguments)

    def _listener_added(self, event: str) -> None:
        if event == "data":
            if self._flowing is not False:
                self.resume()
        elif event in _UNSUPPORTED:
            raise invalid_value("event", _UNSUPPORTED[event], event)

    # Reading

    def push(self, chunk: bytes | str | None, encoding: str | None = None) -> bool:
        """Hands in bytes that came, or `None` for the end. For the source of the stream.

        False if so much is buffered that the source should wait for `_read()`.
        """
        if chunk is None:
            self._reading = False
            self._take_end()
            return False
        if chunk.__class__ is str:
            chunk = encode(chunk, encoding)
        if not chunk:
            self._reading = self._continuous
            self._read_more_soon()
            return self._can_push
        if self._ended:
            self._fail(
                make_error(RuntimeError, "ERR_STREAM_PUSH_AFTER_EOF", "stream.push() after EOF")
            )
            return False
        if self._destroyed or self._errored is not None:
            return False

        if not self._continuous:
            self._reading = False
        if self._decoder is not None:
            chunk = self._decoder.decode(chunk)  # type: ignore[arg-type]
            if not chunk:
                self._read_more_soon()
                return self._can_push

        if (
            self._flowing
            and not self._length
            and not self._reading_synchronously
            and "data" in self._table
        ):
            if self._awaiting:
                self._awaiting.clear()
            try:
                self.emit("data", chunk)
            except Exception as error:
                self._report("data", chunk, error)
        else:
            self._put(chunk, first=False)
        if self._continuous:
            self._reading = self._length < self._read_mark
            return self._reading and not self._ended
        self._read_more_soon()
        return self._can_push

    def unshift(self, chunk: Any, encoding: str | None = None) -> bool:
        """Puts `chunk` back in front of what is to be read.

        An error event if `end` was emitted; false where `push()` is.
        """
        if chunk is None:
            return self.push(None)
        if isinstance(chunk, str):
            data: Any = encode(chunk, encoding)
        else:
            data = _to_bytes(chunk)
        if data and self._decoder is not None:
            data = Decoder(self._decoder.encoding).decode(data, True)
        if not data:
            return self._can_push
        if self._end_emitted:
            self._fail(
                make_error(
                    RuntimeError,
                    "ERR_STREAM_UNSHIFT_AFTER_END_EVENT",
                    "stream.unshift() after end event",
                )
            )
        elif self._destroyed or self._errored is not None:
            return False
        elif (
            self._flowing
            and not self._length
            and not self._reading_synchronously
            and "data" in self._table
        ):
            self._fire("data", data)
        else:
            self._put(data, first=True)
        return self._can_push

    @property
    def _can_push(self) -> bool:
        return not self._ended and (self._length < self._read_mark or self._length == 0)

    def _put(self, chunk: Any, first: bool) -> None:
        if self._buffer is None:
            self._buffer = deque()
        if first:
            self._buffer.appendleft(chunk)
        else:
            self._buffer.append(chunk)
        self._length += len(chunk)
        if self._flowing:
            self._flow_soon()

    def _take_end(self) -> None:
        if self._ended:
            return
        if self._decoder is not None:
            rest = self._decoder.decode(b"", True)
            if rest:
                self._put(rest, first=False)
        self._ended = True
        if self._reading_synchronously:
            self._flow_soon()
        else:
            self._flow()

    def _end_if_empty(self) -> None:
        """Emits `end` soon, if it has come and nothing is buffered before it."""
        if self._ended and not self._length:
            self._emit_end_soon()

    def _emit_end_soon(self) -> None:
        if not self._end_emitted:
            self._tick(self._emit_end)

    def _emit_end(self) -> None:
        if self._errored is not None or self._close_emitted or self._end_emitted or self._length:
            return
        self._end_emitted = True
        self._before_end()
        self._fire("end")
        if self.writable and not self._allow_half_open:
            self._tick(self._end_writing)
        elif self._auto_destroy and (self._unwritable or self._finished):
            self.destroy()

    def _before_end(self) -> None:
        """`end` is about to be emitted. For subclasses."""

    def _end_writing(self) -> None:
        if self.writable:
            self.end()

    def _read(self) -> None:
        """More is wanted: `push()` it, now or later. For subclasses."""

    def _read_more_soon(self) -> None:
        if not self._read_more_scheduled and not self._continuous:
            self._read_more_scheduled = True
            self._tick(self._read_more)

    def _read_more(self) -> None:
        while (
            not self._reading
            and not self._ended
            and (self._length < self._read_mark or (self._flowing and not self._length))
        ):
            length = self._length
            self._ask()
            if length == self._length:
                break
        self._read_more_scheduled = False

    def _ask(self) -> None:
        """Asks the source for more, if less than the high-water mark is buffered."""
        if self._ended:
            if self._length:
                self._flow_soon()
            else:
                self._emit_end_soon()
        elif self._length < self._read_mark or not self._length:
            self._call_read()

    def _call_read(self) -> None:
        if self._reading or self._ended or self._destroyed or self._errored is not None:
            return
        self._reading = self._reading_synchronously = True
        try:
            self._read()
        except Exception as error:
            self._fail(error)
        self._reading_synchronously = False

    def _flow_soon(self) -> None:
        if not self._flow_scheduled:
            self._flow_scheduled = True
            self._tick(self._flow_now)

    def _flow_now(self) -> None:
        self._flow_scheduled = False
        if not self._destroyed and self._errored is None:
            self._flow()

    def _flow(self) -> None:
        while self._flowing:
            buffer = self._buffer
            if not buffer:
                if self._ended:
                    self._emit_end_soon()
                    return
                self._call_read()
                if not self._buffer:
                    return
                buffer = self._buffer
            elif not self._reading and self._length - len(buffer[0]) < self._read_mark:
                self._call_read()
            chunk = buffer.popleft()
            self._length -= len(chunk)
            if self._awaiting:
                self._awaiting.clear()
            if not self._length and self._ended:
                self._emit_end_soon()
            if not self._error_emitted and not self._close_emitted:
                self._fire("data", chunk)

    def pause(self) -> Self:
        """Asks for no more `data` events. Up to the high-water mark is read ahead nevertheless."""
        if self._flowing is not False:
            self._flowing = False
            self.emit("pause")
        self._paused = True
        return self

    def resume(self) -> Self:
        """Has `data` emitted (again). What nobody listens to is dropped."""
        if not self._flowing:
            self._flowing = True
            if not self._resume_scheduled:
                self._resume_scheduled = True
                self._tick(self._resume)
        self._paused = False
        return self

    def _resume(self) -> None:
        if not self._reading:
            self._ask()
        self._resume_scheduled = False
        self._fire("resume")
        self._flow()
        if self._flowing and not self._reading:
            self._ask()

    def stop_flowing(self) -> None:
        """Nobody reads any more, and nobody has paused it either: for whoever hands it on."""
        self._flowing = None
        self._paused = False

    def is_paused(self) -> bool:
        """True after `pause()`, until `resume()`."""
        return self._paused or self._flowing is False

    def set_encoding(self, encoding: str) -> Self:
        """From now on `data` has `str`, decoded with one of Node's encodings.

        Raises `ERR_UNKNOWN_ENCODING` for another one.
        """
        self._decoder = Decoder(encoding if encoding is not None else "utf8")
        if self._buffer:
            text = "".join(map(self._decoder.decode, self._buffer))
            self._buffer = deque([text] if text else [])
            self._length = len(text)
        return self

    # Piping

    def pipe(
        self, destination: AnyDestination, end: bool | Mapping[str, bool] = True
    ) -> AnyDestination:
        """Writes everything that is read to `destination`, and returns that.

        Waits for the `drain` of each destination that asks for it. Ends the destination at the end
        (unless `end` is false or `{"end": False}`), but never destroys it. A stream of a driver is
        ended too if this stream fails, so that it is told.

        Raises `TypeError` if it has no `write`.
        """
        if not callable(getattr(destination, "write", None)):
            raise invalid_argument("destination", "a stream with `write`", destination)
        ends = bool(end.get("end", True)) if isinstance(end, Mapping) else end is not False
        if self._pipes is None or self._awaiting is None:
            self._pipes, self._awaiting = [], set()
        pipe = _Pipe(self, destination, ends, self._awaiting)
        self._pipes.append(pipe)
        pipe.start()
        if getattr(destination, "writable_need_drain", False) is True:
            pipe.wait()
        elif not self._flowing:
            self.resume()
        return destination

    def unpipe(self, destination: object = None) -> Self:
        """Takes `pipe()` back, for one destination or all of them."""
        pipes = self._pipes or []
        if destination is None:
            found = list(pipes)
        else:
            found = [pipe for pipe in pipes if pipe.destination is destination][:1]
        if found:
            for pipe in found:
                pipes.remove(pipe)
            if not pipes:
                self.pause()
            for pipe in found:
                pipe.stop()
        return self

    def pipes_into(self, pipe: object) -> bool:
        """True while it is joined by `pipe`."""
        return pipe in (self._pipes or ())

    # Writing

    def write(
        self, chunk: Any, encoding: str | Callback | None = None, callback: Callback | None = None
    ) -> bool:
        """Sends bytes, or text in `encoding` (UTF-8). `callback(error)` is called when it is sent.

        False if so much waits to be sent that the caller should wait for `drain`. After `end()`
        there is an error event. Raises `TypeError` for anything that is neither bytes nor text.
        """
        if chunk.__class__ is bytes and encoding is None:
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

    def _encoded(self, chunk: Any, encoding: object) -> bytes:
        if isinstance(chunk, str):
            return encode(chunk, encoding_name(encoding) if encoding else self._default_encoding)
        if encoding and encoding != "buffer":
            encoding_name(encoding)
        if chunk is None:
            raise make_error(
                TypeError, "ERR_STREAM_NULL_VALUES", "May not write null values to stream"
            )
        return _to_bytes(chunk)

    def _late_write_error(self) -> NodeError:
        """The error of a `write()` after `end()` or `destroy()`."""
        return write_after_end() if self._ending else stream_destroyed("write")

    def _refuse(self, error: NodeError, callback: Callback | None) -> NodeError:
        if callback is not None:
            self._tick(callback, error)
        self._fail(error)
        return error

    def end(
        self,
        chunk: Any = None,
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

        error: BaseException | None = None
        if chunk is not None:
            if self._ending or self._destroyed:
                self._encoded(chunk, encoding)
                error = write_after_end() if self._ending else stream_destroyed("write")
                self._fail(error)
            else:
                self.write(chunk, encoding)
        if self._corked:
            self._corked = 1
            self.uncork()

        if error is not None:
            pass
        elif not self._ending and self._errored is None:
            self._ending = True
            self._finish_if_done(synchronously=True)
        elif self._finished:
            error = make_error(
                RuntimeError,
                "ERR_STREAM_ALREADY_FINISHED",
                "Cannot call end after a stream was finished",
            )
        elif self._destroyed:
            error = stream_destroyed("end")

        if callback is not None:
            if error is not None or self._errored is not None:
                self._tick(callback, error or self._errored)
            elif self._finished:
                self._tick(callback, None)
            else:
                if self._finish_callbacks is None:
                    self._finish_callbacks = []
                self._finish_callbacks.append(callback)
        return self

    def cork(self) -> None:
        """Writes wait from now on, until `uncork()`, and leave together."""
        self._corked += 1

    def uncork(self) -> None:
        """Takes one `cork()` back."""
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
        if not self._writing_synchronously:
            self._after(1, callback)
        elif callback is None:
            if self._needs_drain and not self._written_length and self._after_write is None:
                self._after_write = [1, None]
                self._tick(self._after_tick, self._after_write)
            else:
                self._pending -= 1
                if self._ending:
                    self._finish_if_done(synchronously=True)
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
            self._finish_if_done(synchronously=True)

    def _call(self, callback: Callback, error: BaseException | None) -> None:
        try:
            callback(*(error,)[: capacity(callback)])
        except Exception as raised:
            self._home.report(f"Exception in {callback!r}", raised)

    def _flush(self) -> None:
        """Gives what was buffered to `_write`."""
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
        """Tells the callbacks of what will not be written any more."""
        if self._writing:
            return
        buffered, self._buffered = self._buffered, None
        for data, callback in buffered or ():
            self._written_length -= len(data)
            if callback is not None:
                self._call(callback, self._errored or stream_destroyed("write"))
        self._call_finish_callbacks(self._errored or stream_destroyed("end"))

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

    def _finish_if_done(self, synchronously: bool = False) -> None:
        if not self._may_finish:
            return
        self._prefinish()
        if self._pending == 0:
            if synchronously:
                self._pending += 1
                self._tick(self._finish_soon)
            elif self._may_finish:
                self._pending += 1
                self._finish()

    def _finish_soon(self) -> None:
        if self._may_finish:
            self._finish()
        else:
            self._pending -= 1

    def _prefinish(self) -> None:
        if self._prefinished or self._final_called:
            return
        self._final_called = True
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

    # Destroying

    def destroy(self, error: BaseException | None = None) -> Self:
        """Ends it at once: emits `error`, if there is one, and `close`. A second call does nothing.

        What was written and not been taken by the system is lost.
        """
        if self._destroyed:
            return self
        if self._buffered or self._finish_callbacks:
            self._tick(self._fail_buffered)
        self._note_error(error)
        self._destroyed = True
        try:
            self._destroy(error, self._was_destroyed)
        except Exception as raised:
            self._was_destroyed(raised)
        return self

    def _destroy(self, error: BaseException | None, done: Done) -> None:
        """Gives up what the stream holds, and calls `done(error)`. For subclasses."""
        done(error)

    def _was_destroyed(self, error: BaseException | None = None) -> None:
        """The `done` of `_destroy`."""
        if self._closed:
            return
        self._note_error(error)
        self._closed = True
        self._tick(self._emit_close, error)

    def _note_error(self, error: BaseException | None) -> None:
        if error is not None and self._errored is None:
            self._errored = error

    def _emit_close(self, error: BaseException | None) -> None:
        if error is not None and not self._error_emitted:
            self._error_emitted = True
            self._fire("error", error)
        self._close_emitted = True
        if self._emits_close:
            self._fire("close")

    def _fail(self, error: BaseException) -> None:
        """It failed: destroys it, or emits the error where it does not destroy itself."""
        if self._destroyed:
            return
        if self._auto_destroy:
            self.destroy(error)
            return
        self._note_error(error)
        self._tick(self._emit_error, error)

    def _emit_error(self, error: BaseException) -> None:
        if not self._error_emitted:
            self._error_emitted = True
            self._fire("error", error)

    def _reset_state(self) -> None:
        """Makes it usable again after it was destroyed, for a socket that connects anew."""
        self._destroyed = self._closed = self._close_emitted = self._error_emitted = False
        self._errored = None
        self._reading = False
        self._ended = self._end_emitted = self._unreadable
        self._ending = self._finished = self._unwritable
        self._final_called = self._prefinished = False

    isPaused = node_name(is_paused)
    setEncoding = node_name(set_encoding)
    setDefaultEncoding = node_name(set_default_encoding)
    allowHalfOpen = NodeName[bool]("allow_half_open")
    readableEnded = NodeName[bool]("readable_ended")
    readableFlowing = NodeName["bool | None"]("readable_flowing")
    readableLength = NodeName[int]("readable_length")
    readableHighWaterMark = NodeName[int]("readable_high_water_mark")
    readableEncoding = NodeName["str | None"]("readable_encoding")
    writableEnded = NodeName[bool]("writable_ended")
    writableFinished = NodeName[bool]("writable_finished")
    writableLength = NodeName[int]("writable_length")
    writableHighWaterMark = NodeName[int]("writable_high_water_mark")
    writableNeedDrain = NodeName[bool]("writable_need_drain")
    writableCorked = NodeName[int]("writable_corked")


class _Pipe:
    """One destination of a stream, and the listeners that join the two."""

    __slots__ = ("_awaiting", "_drains", "_ends", "_source", "destination")

    def __init__(self, source: Duplex, destination: Any, ends: bool, awaiting: set[_Pipe]) -> None:
        self._source = source
        self.destination = destination
        self._ends = ends
        self._awaiting = awaiting
        self._drains = False

    def start(self) -> None:
        """Joins the two."""
        source, destination = self._source, self.destination
        if source.readable_ended:
            current().next_tick(self._at_end)
        else:
            source.once("end", self._at_end)
        destination.on("unpipe", self._unpiped)
        source.on("data", self._write)
        prepend: Callable[..., object] = getattr(destination, "prepend_listener", destination.on)
        prepend("error", self._failed)
        destination.once("close", self._closed)
        destination.once("finish", self._finished)
        if self._ends and not isinstance(destination, Duplex):
            source.once("close", self._source_closed)
        destination.emit("pipe", source)

    def _at_end(self) -> None:
        if self._ends:
            self.destination.end()
        else:
            self._source.unpipe(self.destination)

    def _source_closed(self) -> None:
        # A driver has no other way to learn that the connection was reset.
        if not self._source.readable_ended:
            self.destination.end()

    def _write(self, chunk: Any) -> None:
        if self.destination.write(chunk) is False:
            self.wait()

    def wait(self) -> None:
        """Stops the source until the destination has drained."""
        if self._source.pipes_into(self):
            self._awaiting.add(self)
            self._source.pause()
        if not self._drains:
            self._drains = True
            self.destination.on("drain", self._drained)

    def _drained(self) -> None:
        self._awaiting.discard(self)
        if not self._awaiting and self._source.listener_count("data"):
            self._source.resume()

    def _failed(self, error: Any) -> None:
        destination = self.destination
        self._source.unpipe(destination)
        destination.remove_listener("error", self._failed)
        if not destination.listener_count("error"):
            destination.emit("error", error)

    def _closed(self) -> None:
        self.destination.remove_listener("finish", self._finished)
        self._source.unpipe(self.destination)

    def _finished(self) -> None:
        self.destination.remove_listener("close", self._closed)
        self._source.unpipe(self.destination)

    def stop(self) -> None:
        """Says that the two are no longer joined."""
        self.destination.emit("unpipe", self._source, self)

    def _unpiped(self, source: Duplex, pipe: object = None) -> None:
        if pipe is not self:
            return
        source, destination = self._source, self.destination
        destination.remove_listener("close", self._closed)
        destination.remove_listener("finish", self._finished)
        destination.remove_listener("drain", self._drained)
        destination.remove_listener("error", self._failed)
        destination.remove_listener("unpipe", self._unpiped)
        source.remove_listener("end", self._at_end)
        source.remove_listener("data", self._write)
        source.remove_listener("close", self._source_closed)
        if self in self._awaiting:
            self._drained()


def _each(
    call: Callable[[Callback, BaseException | None], None], callbacks: list[Callback]
) -> Callback:
    """One callback for several."""

    def each(error: BaseException | None = None) -> None:
        for callback in callbacks:
            call(callback, error)

    return each


def _to_bytes(chunk: Any) -> bytes:
    if isinstance(chunk, bytes):
        return chunk
    try:
        return memoryview(chunk).tobytes()
    except TypeError:
        raise invalid_argument("chunk", "bytes or str", chunk) from None
