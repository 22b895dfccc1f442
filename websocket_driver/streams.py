"""The two streams of a WebSocket connection, and how streams are piped.

                          +--------+        +---------+        +----------+
    [1] io.write()    --->|        |------->| parse() |------->|          |---> messages 'data' [2]
                          |        |        +----+----+        |          |
                          |   IO   |             | [5]         | Messages |
                          |        |             v             |          |
                          |        |        +---------+        |          |
    [4] io 'data'     <---|        |<-------| frame() |<-------|          |<--- messages.write() [3]
                          +--------+        +---------+        +----------+

`IO` carries bytes between the driver and the connection, `Messages` carries `str` and `bytes`
between the driver and the application. Bytes from the wire [1] are parsed into messages [2];
messages from the application [3] are framed and sent on the wire [4]. Some input also requires a
reply, a pong or a close frame [5]. So [4] has two sources, [1] and [3], and [2] has one, [1].

Back-pressure follows from that. When the wire is full (`IO.pause`), both sources of [4] must slow
down: `write` returns `False` at [1] and at [3]. When the application is slow (`Messages.pause`),
the source of [2] must: `write` returns `False` at [1]. `Flow` has the state. `drain` on a stream
means that writing to it may continue.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import pyee

from .emitter import EventEmitter, Listener, Raised
from .flow import Flow

if TYPE_CHECKING:
    import asyncio

    from .listeners import IOListeners, MessagesListeners
    from .payload import Chunk

Destination = TypeVar("Destination")


class Driver(Protocol):
    """The members of a driver that its streams use."""

    flow: Flow

    @property
    def io(self) -> IO:
        """Its stream of bytes."""
        ...

    def parse(self, chunk: Chunk) -> None:
        """Takes bytes from the peer."""

    def text(self, message: str) -> bool:
        """Sends a text message; `False` once the connection is closing."""
        ...

    def binary(self, message: bytes) -> bool:
        """Sends a binary message; `False` once the connection is closing."""
        ...

    def has_ended(self) -> bool:
        """True if no more messages will be sent or received."""
        ...

    def messages_wanted(self) -> None:
        """`messages` has a listener for `data`."""

    def wire_freed(self) -> None:
        """The wire takes bytes again."""

    def drain_messages(self) -> None:
        """Writing to `messages` may continue."""

    def wire_ended(self) -> None:
        """The wire has closed: no more bytes will be sent or received."""


class Stream(EventEmitter):
    """The base class of duplex streams. Subclasses add `write()`, `end()` and `destroy()`.

    `readable` is true while it can emit `data`, `writable` while it accepts `write()`.
    """

    readable = True
    writable = True

    # True between pause() and resume().
    _is_paused = False

    def pause(self) -> None:
        """Asks for no more `data` events for now."""
        self._is_paused = True

    def resume(self) -> None:
        """Undoes `pause()`, and emits `drain`."""
        self._is_paused = False
        self.emit("drain")

    def pipe(
        self, destination: Destination, end: bool | Mapping[str, bool] | None = True
    ) -> Destination:
        """Writes everything that this stream emits to `destination`, and returns `destination`.

        `destination` is another stream, or any object with `write`: an asyncio transport or
        writer, a file. If its `write` returns `False` this stream is paused until it emits `drain`.
        When this stream ends or fails, the destination is ended (by `end()`, or `close()` if it has
        no `end`), unless `end` is `False` or it is standard output; Node's `{"end": False}` is
        accepted too. Raises `TypeError` for a destination without `write`, and for another `end`.
        """
        if isinstance(destination, type):
            raise TypeError(
                "The destination of a pipe must be an instance, "
                f"not the class {destination.__name__}"
            )
        if not callable(getattr(destination, "write", None)):
            hint = "; did you mean its io or messages?" if hasattr(destination, "io") else ""
            raise TypeError(
                f"The destination of a pipe must have write(), unlike {destination!r}{hint}"
            )
        if isinstance(end, Mapping):
            end = end.get("end", True)
        if end is not None and not isinstance(end, bool):
            raise TypeError(
                f"Whether a pipe ends its destination must be True or False, not {end!r}"
            )
        Pipe(self, destination, end is not False)
        return destination


class Pipe:
    """Joins a stream to a destination until one of them closes or fails."""

    def __init__(self, source: Stream, destination: object, end: bool) -> None:
        self._source = source
        # It has `write`, and any of the other methods of streams, transports and files.
        self._destination: Any = destination
        self._ends = end and not is_standard_output(destination)
        self._ended = False
        self._is_bound = True

        on_data: Callable[..., object] = self._on_data
        pipe_listener: Any = getattr(type(destination), "pipe_listener", None)
        if pipe_listener is not None and isinstance(source, IO):
            # A socket of `node`, which has a faster way to write bytes.
            on_data = pipe_listener(destination, on_data)
        # The listener, unless it is a method of this object: no reference cycle.
        self._writer: Listener | None = None if on_data == self._on_data else on_data
        source.on("data", on_data)

        for emitter, event, listener in self._bindings():
            emitter.on(event, listener)
        for emitter, listener in self._error_bindings():
            # Added in front, to be called before a `once` listener is removed. pyee's own emitters
            # have no public method for that; there it is added behind the others.
            add = getattr(emitter, "prepend_listener", emitter.on)
            add("error", listener)

        if isinstance(destination, pyee.EventEmitter):
            destination.emit("pipe", source)

    def _bindings(self) -> Iterator[tuple[pyee.EventEmitter, str, Listener]]:
        """The listeners that are methods of this object, except those for `error` and `data`."""
        source, destination = self._source, self._destination
        if self._ends:
            yield source, "end", self._on_end
            yield source, "close", self._on_close
        yield source, "end", self._unbind
        yield source, "close", self._unbind
        if isinstance(destination, pyee.EventEmitter):
            yield destination, "drain", self._on_drain
            yield destination, "close", self._unbind

    def _error_bindings(self) -> Iterator[tuple[pyee.EventEmitter, Listener]]:
        yield self._source, self._on_source_error
        if isinstance(self._destination, pyee.EventEmitter):
            yield self._destination, self._on_destination_error

    def _on_data(self, chunk: object) -> None:
        # A file has a method of that name, which is true; its write() raises the error.
        if not getattr(self._destination, "writable", True):
            return
        if self._destination.write(chunk) is False:
            self._source.pause()

    def _on_drain(self, *_: object) -> None:
        if self._source.readable:
            self._source.resume()

    def _on_end(self, *_: object) -> None:
        self._finish("end", "close")

    def _on_close(self, *_: object) -> None:
        self._finish("destroy", "end", "close")

    def _finish(self, *names: str) -> None:
        if self._ended:
            return
        self._ended = True
        for name in names:
            if hasattr(self._destination, name):
                getattr(self._destination, name)()
                return

    def _on_source_error(self, error: object) -> None:
        try:
            self._on_error(self._source, error)
        finally:
            # The pipe is removed before `end` and `close`, so the destination must be ended here.
            if self._ends:
                self._finish("end", "close")

    def _on_destination_error(self, error: object) -> None:
        self._on_error(self._destination, error)

    def _on_error(self, emitter: pyee.EventEmitter, error: object) -> None:
        if not self._is_bound:
            return
        # The listener of the pipe must not hide an error that has no other listener.
        self._unbind()
        if not emitter.listeners("error"):
            emitter.emit("error", error)

    def _unbind(self, *_: object) -> None:
        if not self._is_bound:
            return
        self._is_bound = False
        on_data, self._writer = self._writer or self._on_data, None
        errors = [(emitter, "error", listener) for emitter, listener in self._error_bindings()]
        for emitter, event, listener in [
            (self._source, "data", on_data),
            *self._bindings(),
            *errors,
        ]:
            if listener in emitter.listeners(event):
                emitter.remove_listener(event, listener)


def is_standard_output(destination: object) -> bool:
    """True for Python's standard output and error, which a pipe never ends."""
    files = (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)
    return any(destination in (file, getattr(file, "buffer", file)) for file in files if file)


def count_task(task: asyncio.Future[Any], io: IO) -> None:
    """Counts `task`, a running coroutine listener, as one of the connection."""
    io.flow.task_started()

    def ended(_: object) -> None:
        if io.flow.task_ended():
            io.emit("drain")

    task.add_done_callback(ended)


class IO(Stream):
    """The wire: bytes from the peer are written in, bytes for the peer come out as `data`.

    Emits `data` with `bytes`, and `drain` when `write` may go on.
    """

    if TYPE_CHECKING:
        on: IOListeners  # type: ignore[assignment]
        once: IOListeners  # type: ignore[assignment]

    _unheard_errors_raise = False

    def __init__(self, driver: Driver) -> None:
        super().__init__()
        self.flow: Flow = driver.flow
        self._driver: Driver | None = driver

    def pause(self) -> None:
        """The wire is full: until `resume()`, `write()` returns `False` here and on `messages`.

        Of the pings that arrive until `resume()` only the last is answered, by `resume()`
        (RFC 6455 5.5.3). Does nothing once the driver has closed: input is discarded then.
        """
        if self._driver is not None:
            self.flow.wire_full()

    def resume(self) -> None:
        """The wire takes bytes again: this stream and `messages` emit `drain`, each if it may be
        written to."""
        self.flow.wire_free()
        raised = Raised()
        if self._driver is not None:
            with raised:
                self._driver.wire_freed()
        if self.flow.may_read:
            with raised:
                self.emit("drain")
        if self._driver is None:
            self.remove_all_listeners()
        elif self.flow.may_send:
            with raised:
                self._driver.drain_messages()
        raised.reraise()

    def write(self, chunk: Chunk) -> bool:
        """Parses `chunk`, bytes from the peer; `False` if no more should be written for now.

        Raises what a driver's `parse` raises. Bytes that arrive after the end are discarded.
        """
        if not self.writable:
            return False
        if self._driver is not None:
            self._driver.parse(chunk)
        return self.flow.may_read

    def end(self, chunk: Chunk | None = None) -> None:
        """Reports that the wire has closed, after `chunk` if there is one: `messages` emits `end`.

        A pipe calls this when the socket that is piped in ends or closes.
        """
        if not self.writable:
            return
        raised = Raised()
        if chunk is not None:
            with raised:
                self.write(chunk)
        self.writable = False
        if self._driver is not None:
            with raised:
                self._driver.wire_ended()
        raised.reraise()

    def destroy(self) -> None:
        """The same as `end()`."""
        self.end()

    def serve(self, driver: Driver) -> None:
        """From now on this is the stream of `driver`."""
        self._driver = driver

    def detach(self) -> None:
        """Lets go of the driver, and of listeners that may know it: no cycle keeps it in memory.

        It sends nothing more. If the wire is full, one more `drain` is emitted.
        """
        self._driver = None
        self.remove_all_listeners("data")
        if not self.flow.wire_is_full:
            self.remove_all_listeners()

    def _task_started(self, task: asyncio.Future[Any]) -> None:
        count_task(task, self)


class Messages(Stream):
    """The messages: written messages are sent, received messages come out as `data`.

    Emits `data` with `str` or `bytes`, `drain` when `write` may go on, `error`, and `end` once when
    the connection has closed in any way.
    """

    if TYPE_CHECKING:
        on: MessagesListeners  # type: ignore[assignment]
        once: MessagesListeners  # type: ignore[assignment]

    # Listening for errors of the peer is optional.
    _unheard_errors_raise = False

    def __init__(self, driver: Driver) -> None:
        super().__init__()
        self.flow: Flow = driver.flow
        self._driver: Driver | None = driver
        if driver.has_ended():
            self.readable: bool = False
            self.writable: bool = False

    def pause(self) -> None:
        """The application is slow: until `resume()`, `write()` on `io` returns `False`."""
        self.flow.application_slow()

    def resume(self) -> None:
        """The application takes messages again: `io` emits `drain` if it may be written to."""
        self.flow.application_ready()
        if self._driver is not None and self.flow.may_read:
            self._driver.io.emit("drain")

    def write(self, message: str | bytes) -> bool:
        """Sends `message`, a `str` as text and `bytes` as binary.

        Returns `False` if the wire is full, or if more than `high_water_mark` bytes wait for the
        connection to open; `drain` follows. Raises what a driver's `text` and `binary` raise.
        """
        if not self.writable or self._driver is None:
            return False
        if isinstance(message, str):
            self._driver.text(message)
        else:
            self._driver.binary(message)
        return self.flow.may_send

    def end(self, message: str | bytes | None = None) -> None:
        """Sends `message`, if there is one. The connection stays open: other streams may write."""
        if message is not None:
            self.write(message)

    def destroy(self) -> None:
        """Does nothing: a stream that is piped into the messages does not own the connection."""

    def finish(self) -> None:
        """The connection has closed: `end`, once."""
        if not self.readable:
            return
        self.readable = self.writable = False
        self.emit("end")

    def serve(self, driver: Driver) -> None:
        """From now on this is the stream of `driver`."""
        self._driver = driver
        if self.listener_count("data"):
            driver.messages_wanted()

    def detach(self) -> None:
        """Lets go of the driver, and of listeners that may know it: no cycle keeps it in memory."""
        self._driver = None
        self.remove_all_listeners()

    def _listener_added(self, event: str) -> None:
        if event == "data" and self._driver is not None:
            self._driver.messages_wanted()

    def _task_started(self, task: asyncio.Future[Any]) -> None:
        if self._driver is not None:
            count_task(task, self._driver.io)
