"""The readable half of a stream, with the buffer of received data.

It reads ahead to its high-water mark even while it is paused, to detect the end of the input or a
reset.

It is read in one of two modes, as in Node:

- flowing: with a listener for `data`, a pipe, or after `resume()`, everything is emitted as it
  arrives
- paused: a listener for `readable` calls `read()`. As long as there is one, the stream does not
  flow.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ..emitter import Listener
from ..spelling import NodeName, node_name
from .encoding import Chunk, Decoder, chunk_bytes, encode
from .errors import NodeError, invalid_argument, make_error, out_of_range
from .lifecycle import Stream
from .pipe import Destination, Pipe

if TYPE_CHECKING:
    from typing_extensions import Self

# How many bytes a half buffers before its source must wait, as in Node 20.
HIGH_WATER_MARK = 16384

# The most that `read()` may ask for, and so raise the high-water mark to; that of Node.
MAX_HIGH_WATER_MARK = 0x40000000

AnyDestination = TypeVar("AnyDestination", bound=Destination)


class Readable(Stream):
    """The readable half. Emits `data`, `readable`, `end`, `pause` and `resume`."""

    __slots__ = (
        "_awaiting",
        "_buffer",
        "_data_listening",
        "_decoder",
        "_end_emitted",
        "_ended",
        "_flowing",
        "_length",
        "_needs_readable",
        "_paused",
        "_pipes",
        "_read_mark",
        "_read_more_scheduled",
        "_readable_emitted",
        "_readable_listening",
        "_reading",
        "_reading_synchronously",
        "_resume_scheduled",
        "_unreadable",
    )

    _continuous = False

    def __init__(self, *, readable: bool, auto_destroy: bool, high_water_mark: int) -> None:
        super().__init__(auto_destroy)
        self._unreadable = not readable
        # Chunks that were received and not read yet, and their length.
        self._buffer: deque[Any] | None = None
        self._length = 0
        self._read_mark = high_water_mark
        # `None` until the first `resume()`, `pause()`, `pipe()` or `data` listener.
        self._flowing: bool | None = None
        # `None` before the first call of `pause()` or `resume()`.
        self._paused: bool | None = None
        # Whether there are listeners for `readable`; updated a tick after the last one has gone.
        self._readable_listening = False
        # Whether there are listeners for `data`. Removing all listeners leaves it as it is: the
        # stream goes on, and what it emits is dropped.
        self._data_listening = False
        # Somebody wants `readable` for the next chunk; it was emitted, or is going to be.
        self._needs_readable = self._readable_emitted = False
        self._ended = self._end_emitted = not readable
        # True from `_read()` until the next `push()`.
        self._reading = False
        self._reading_synchronously = True
        self._read_more_scheduled = self._resume_scheduled = False
        self._decoder: Decoder | None = None
        self._pipes: list[Pipe] | None = None
        # The pipes whose destinations are full.
        self._awaiting: set[Pipe] | None = None

    @property
    def readable(self) -> bool:
        """False once it has ended, failed or was destroyed."""
        return not (self._unreadable or self._destroyed or self._error_emitted or self._end_emitted)

    @property
    def readable_ended(self) -> bool:
        """True once `end` was emitted."""
        return self._end_emitted

    @property
    def readable_flowing(self) -> bool | None:
        """True if `data` is emitted, False if it was paused, `None` before either."""
        return self._flowing

    @property
    def readable_length(self) -> int:
        """The number of bytes (or characters, with an encoding) that wait to be read."""
        return self._length

    @property
    def readable_high_water_mark(self) -> int:
        """The number of bytes that are read ahead at most."""
        return self._read_mark

    @property
    def readable_encoding(self) -> str | None:
        """The encoding of `set_encoding()`."""
        return self._decoder.encoding if self._decoder is not None else None

    # Listeners

    def _listener_added(self, event: str) -> None:
        if event == "data":
            self._data_listening = True
            self._readable_listening = self._readable_listening or "readable" in self._table
            if self._flowing is not False:
                self.resume()
        elif event == "readable" and not (self._end_emitted or self._readable_listening):
            self._readable_listening = self._needs_readable = True
            self._flowing = self._readable_emitted = False
            if self._length:
                self._emit_readable_soon()
            elif not self._reading:
                self._tick(self.read, 0)

    def remove_listener(self, event: str, f: Listener) -> None:
        """Removes the listener `f` from `event`, if it was added. Without a listener for
        `readable`, the stream flows if there is one for `data`."""
        super().remove_listener(event, f)
        if event == "readable":
            self._tick(self._update_readable_listening)
        elif event == "data" and "data" not in self._table:
            self._data_listening = False

    def remove_all_listeners(self, event: str | None = None) -> None:
        """Removes all listeners of `event`, or of every event."""
        super().remove_all_listeners(event)
        if event is None or event == "readable":
            self._tick(self._update_readable_listening)

    def _update_readable_listening(self) -> None:
        # In a tick, so that a listener of `once()` that adds itself again keeps the mode.
        self._readable_listening = "readable" in self._table
        if self._resume_scheduled and self._paused is False:
            # `resume()` was called while there was still a listener.
            self._flowing = True
        elif self._data_listening:
            self.resume()
        elif not self._readable_listening:
            self._flowing = None

    # Receiving

    def push(self, chunk: bytes | str | None, encoding: str | None = None) -> bool:
        """Adds received bytes, or the end (`None`). For the source of the stream.

        False if so much is buffered that the source should wait for `_read()`. Causes an error
        event if `chunk` is neither bytes nor text.
        """
        if (
            type(chunk) is bytes
            and chunk
            and not (self._ended or self._destroyed)
            and self._errored is None
            and self._decoder is None
        ):
            data: bytes | str | None = chunk
        else:
            data = self._admitted(chunk, encoding)
            if data is None:
                return self._can_push and not self._destroyed and self._errored is None
        if not self._continuous:
            self._reading = False
        if (
            self._flowing
            and not self._length
            and not self._reading_synchronously
            and "data" in self._table
        ):
            if self._awaiting:
                self._awaiting.clear()
            try:
                self.emit("data", data)
            except Exception as error:
                self._report("data", data, error)
        else:
            self._put(data, first=False)  # type: ignore[arg-type]
        if self._continuous:
            if self._length >= self._read_mark:
                self._reading = False
                return False
            return not self._ended
        self._read_more_soon()
        return self._can_push

    def _admitted(self, chunk: bytes | str | None, encoding: str | None) -> bytes | str | None:
        """Converts a chunk that is not `bytes` to the bytes or text to emit; `None` if there is
        nothing to emit now."""
        if chunk is None:
            self._reading = False
            self._take_end()
            return None
        data = self._bytes_of(chunk, encoding)
        if not data:
            if data is not None:
                self._reading = self._reading and self._continuous
                self._read_more_soon()
            return None
        if self._ended:
            self._fail(
                make_error(RuntimeError, "ERR_STREAM_PUSH_AFTER_EOF", "stream.push() after EOF")
            )
            return None
        if self._destroyed or self._errored is not None:
            return None
        if self._decoder is None:
            return data
        text = self._decoder.decode(data)
        if not text:
            self._reading = self._reading and self._continuous
            self._read_more_soon()
        return text or None

    def _bytes_of(self, chunk: object, encoding: str | None) -> bytes | None:
        """`None` if it is neither bytes nor text, with which the stream fails, as in Node."""
        if isinstance(chunk, str):
            return encode(chunk, encoding)
        try:
            return chunk_bytes(chunk)
        except NodeError as error:
            self._fail(error)
            return None

    def unshift(self, chunk: Chunk | None, encoding: str | None = None) -> bool:
        """Puts `chunk` back in front of the buffer.

        Causes an error event if `end` was emitted, or `chunk` is neither bytes nor text. Returns
        the same as `push()`.
        """
        if chunk is None:
            return self.push(None)
        data: Any = self._bytes_of(chunk, encoding)
        if data is None:
            return False
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
        self._read_more_soon()
        return self._can_push

    @property
    def _can_push(self) -> bool:
        return not self._ended and (self._length < self._read_mark or self._length == 0)

    def _put(self, chunk: bytes | str, first: bool) -> None:
        if self._buffer is None:
            self._buffer = deque()
        if first:
            self._buffer.appendleft(chunk)
        else:
            self._buffer.append(chunk)
        self._length += len(chunk)
        if self._needs_readable:
            self._emit_readable_soon()
        if self._continuous and not self._ended and self._length < self._read_mark:
            # Its source goes on without being asked: `read(0)` does this for others.
            self._needs_readable = True

    def _take_end(self) -> None:
        if self._ended:
            return
        if self._decoder is not None:
            rest = self._decoder.decode(b"", True)
            if rest:
                self._put(rest, first=False)
        self._ended = True
        if self._reading_synchronously:
            self._emit_readable_soon()
        else:
            self._needs_readable = False
            self._readable_emitted = True
            self._emit_readable()

    def _end_if_empty(self) -> None:
        """Emits `end` soon, if the source has ended and nothing is buffered."""
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
        self._after_end()

    def _before_end(self) -> None:
        """`end` is about to be emitted. For subclasses."""

    def _after_end(self) -> None:
        """`end` was emitted. For the other half."""

    # Asking for more

    def _read(self) -> None:
        """Called when more data is wanted: `push()` it, now or later. For subclasses."""

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
            self.read(0)
            if length == self._length:
                break
        self._read_more_scheduled = False

    def _call_read(self) -> None:
        if self._reading or self._ended or self._destroyed or self._errored is not None:
            return
        self._reading = self._reading_synchronously = True
        try:
            self._read()
        except Exception as error:
            self._fail(error)
        self._reading_synchronously = False

    # Reading

    def read(self, size: int | None = None) -> Any:  # noqa: ANN401 - `bytes`, or `str`
        """Returns the buffered data: all of it, or `size` bytes (characters, with an encoding).

        Returns `None` if nothing is buffered, or less than `size` bytes before the end. While the
        stream flows, it returns one chunk at most. The result is emitted as `data` too. `read(0)`
        returns nothing, but causes `readable` or `end`.

        Raises `TypeError` if `size` is not an integer, and `ERR_OUT_OF_RANGE` beyond 1 GiB.
        """
        if size is not None:
            self._expect(size)
        if size != 0:
            self._readable_emitted = False
        elif self._needs_readable and (self._ended or self._length >= max(self._read_mark, 1)):
            if self._length:
                self._emit_readable_soon()
            else:
                self._emit_end_soon()
            return None
        count = self._available(size)
        if not count and self._ended:
            self._end_if_empty()
            return None
        if self._needs_readable or not self._length or self._length - count < self._read_mark:
            self._call_read()
            count = self._available(size)
        return self._taken(count, size)

    def _expect(self, size: int) -> None:
        """Raises the high-water mark to `size`, which is then buffered at once."""
        if isinstance(size, bool) or not isinstance(size, int):
            raise invalid_argument("size", "an integer", size)
        if size > MAX_HIGH_WATER_MARK:
            raise out_of_range("size", "<= 1 GiB", size)
        if size > self._read_mark:
            self._read_mark = 1 << (size - 1).bit_length()

    def _available(self, size: int | None) -> int:
        """How much `read(size)` takes."""
        if size is None:
            return len(self._buffer[0]) if self._flowing and self._buffer else self._length
        if size <= self._length:
            return max(size, 0)
        return self._length if self._ended else 0

    def _taken(self, count: int, size: int | None) -> bytes | str | None:
        """Takes `count` from the buffer for `read(size)`, and emits it."""
        chunk = self._from_buffer(count) if count > 0 else None
        if chunk is None:
            self._needs_readable = self._needs_readable or self._length <= self._read_mark
        else:
            self._length -= count
            if self._awaiting:
                self._awaiting.clear()
        if not self._length:
            if not self._ended:
                self._needs_readable = True
            elif size != count:
                self._emit_end_soon()
        if chunk is not None and not self._error_emitted and not self._close_emitted:
            self._fire("data", chunk)
        return chunk

    def _from_buffer(self, count: int) -> bytes | str:
        buffer = self._buffer
        assert buffer  # there are at least `count` bytes in it
        first: bytes | str = buffer.popleft()
        if count == len(first):
            return first
        if count < len(first):
            buffer.appendleft(first[count:])
            return first[:count]
        parts: list[Any] = [first]
        count -= len(first)
        while count:
            part = buffer.popleft()
            if count < len(part):
                buffer.appendleft(part[count:])
                part = part[:count]
            parts.append(part)
            count -= len(part)
        return first[:0].join(parts)

    def _emit_readable_soon(self) -> None:
        self._needs_readable = False
        if not self._readable_emitted:
            self._readable_emitted = True
            self._tick(self._emit_readable)

    def _emit_readable(self) -> None:
        if not self._destroyed and self._errored is None and (self._length or self._ended):
            if "readable" in self._table:
                self._fire("readable")
            self._readable_emitted = False
        if not self._flowing and not self._ended and self._length <= self._read_mark:
            self._needs_readable = True
        self._flow()

    # Flowing

    def _flow(self) -> None:
        while self._flowing and self.read() is not None:
            pass

    def pause(self) -> Self:
        """Asks for no more `data` events. Up to the high-water mark is read ahead nevertheless."""
        if self._flowing is not False:
            self._flowing = False
            self.emit("pause")
        self._paused = True
        return self

    def resume(self) -> Self:
        """Emits `data` (again). Without a listener, data is dropped. Does not do so as long as
        there is a listener for `readable`."""
        if not self._flowing:
            self._flowing = not self._readable_listening
            if not self._resume_scheduled:
                self._resume_scheduled = True
                self._tick(self._resume)
        self._paused = False
        return self

    def _resume(self) -> None:
        if not self._reading:
            self.read(0)
        self._resume_scheduled = False
        self._fire("resume")
        self._flow()
        if self._flowing and not self._reading:
            self.read(0)

    def stop_flowing(self) -> None:
        """Resets it to the state before it was first read or paused, to pass it to another
        reader."""
        self._flowing = self._paused = None

    def is_paused(self) -> bool:
        """True after `pause()`, until `resume()`."""
        return bool(self._paused) or self._flowing is False

    def set_encoding(self, encoding: str) -> Self:
        """From now on, `data` is a `str`, decoded with one of Node's encodings.

        Raises `ERR_UNKNOWN_ENCODING` for another one.
        """
        self._decoder = Decoder(encoding if encoding is not None else "utf8")
        if self._buffer:
            decode = self._decoder.decode
            text = "".join(part if isinstance(part, str) else decode(part) for part in self._buffer)
            self._buffer = deque([text] if text else [])
            self._length = len(text)
        return self

    # Piping

    def pipe(
        self, destination: AnyDestination, end: bool | Mapping[str, bool] = True
    ) -> AnyDestination:
        """Writes everything that is read to `destination`, and returns that.

        `destination` is another stream, or any object with `write`, such as a file or an asyncio
        transport. Waits for the `drain` of each destination that is full, if it is an emitter. Ends
        the destination at the end, by `end()` or `close()` (unless `end` is false or
        `{"end": False}`), but never destroys it. One that is not a stream of `node`, such as that
        of a driver, is also ended if this stream fails, since it has no other way to detect that.

        Raises `TypeError` if it has no `write`.
        """
        if not callable(getattr(destination, "write", None)):
            kind = "the `io` of a driver" if hasattr(destination, "io") else "a stream with `write`"
            raise invalid_argument("destination", kind, destination)
        ends = bool(end.get("end", True)) if isinstance(end, Mapping) else end is not False
        if self._pipes is None or self._awaiting is None:
            self._pipes, self._awaiting = [], set()
        ends = ends and getattr(destination, "ended_by_pipes", True)
        pipe = Pipe(self, destination, ends, self._awaiting)
        self._pipes.append(pipe)
        pipe.start()
        if getattr(destination, "writable_need_drain", False) is True:
            pipe.wait()
        elif not self._flowing:
            self.resume()
        return destination

    def unpipe(self, destination: object = None) -> Self:
        """Undoes `pipe()`, for one destination or all of them."""
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
        """True while it is connected by `pipe`."""
        return pipe in (self._pipes or ())

    def _reset_state(self) -> None:
        super()._reset_state()
        self._reading = False
        self._ended = self._end_emitted = self._unreadable

    isPaused: Final = node_name(is_paused)
    setEncoding: Final = node_name(set_encoding)
    readableEnded: NodeName[bool] = NodeName("readable_ended")
    readableFlowing: NodeName[bool | None] = NodeName("readable_flowing")
    readableLength: NodeName[int] = NodeName("readable_length")
    readableHighWaterMark: NodeName[int] = NodeName("readable_high_water_mark")
    readableEncoding: NodeName[str | None] = NodeName("readable_encoding")
