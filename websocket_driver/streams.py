"""The two streams of a WebSocket connection, and how streams are joined.

                         +--------+       +---------+       +----------+
    wire in   write() -->|        |------>| parse() |------>|          |--> 'data'  messages in
                         |   IO   |       +----+----+       | Messages |
                         |        |   replies  |            |          |
    wire out   'data' <--|        |<-----------+            |          |
                         |        |<------| frame() |<------|          |<-- write()  messages out
                         +--------+       +---------+       +----------+

`IO` carries bytes between the driver and whatever the user has for a wire; `Messages` carries
`str` and `bytes` between the driver and the application. What a peer sends can call for a reply (a
pong, a close frame), so bytes go out of `IO` because messages were written and because bytes came
in.

Back-pressure follows from that. When the wire is full (`IO.pause`), both things that produce bytes
must slow down, so `write` on either stream returns `False`. When the application is slow
(`Messages.pause`), it is the bytes coming in that must slow down. `drain` ends the wait.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import pyee

from .emitter import EventEmitter

if TYPE_CHECKING:
    from .events import MessageEvent
    from .listeners import IOListeners, MessagesListeners

Destination = TypeVar("Destination")


class Driver(Protocol):
    """What a stream needs of the driver it belongs to."""

    io: IO
    messages: Messages

    def parse(self, chunk: Any) -> None: ...

    def text(self, message: Any) -> bool: ...

    def binary(self, message: Any) -> bool: ...

    def _forward_messages(self) -> None: ...

    def _on_wire_free(self) -> None: ...


class Stream(EventEmitter):
    """What all duplex streams have in common. Each adds `write()`, `end()` and `destroy()`.

    `readable` and `writable` say whether it still gives and takes. What it gives are `data` events.
    """

    def __init__(self) -> None:
        super().__init__()
        self.readable = True
        self.writable = True
        self._paused = False

    def pause(self) -> None:
        """Asks for no more `data` events for now."""
        self._paused = True

    def resume(self) -> None:
        """Takes `pause()` back."""
        self._paused = False
        self.emit("drain")

    def pipe(
        self, destination: Destination, end: bool | Mapping[str, bool] | None = True
    ) -> Destination:
        """Writes everything that this stream gives into `destination`, and returns `destination`.

        `destination` is another stream, or any object with `write`: an asyncio transport or
        writer, a file. If its `write` returns `False` this stream is paused until it emits `drain`.
        When this stream ends, so does the destination (by `end()`, or `close()` if it has no
        `end`), unless `end` is `False` or it is standard output; Node's `{"end": False}` is
        understood too.
        """
        if isinstance(end, Mapping):
            end = end.get("end", True)
        Pipe(self, destination, end is not False)
        return destination


class Pipe:
    """What joins a stream to a destination until one of them closes or fails."""

    def __init__(self, source: Stream, destination: Any, end: bool) -> None:
        self._source = source
        self._destination = destination
        self._ended = False

        self._bindings: list[tuple[pyee.EventEmitter, str, Any]] = [
            (source, "data", self._on_data),
        ]
        if end and not _is_standard_output(destination):
            self._bindings += [(source, "end", self._on_end), (source, "close", self._on_close)]

        self._bindings += [(source, "end", self._unbind), (source, "close", self._unbind)]

        if isinstance(destination, pyee.EventEmitter):
            self._bindings += [
                (destination, "drain", self._on_drain),
                (destination, "close", self._unbind),
            ]

        for emitter, event, listener in self._bindings:
            emitter.on(event, listener)

        self._bind_error(source, self._on_source_error)
        if isinstance(destination, pyee.EventEmitter):
            self._bind_error(destination, self._on_destination_error)

        if isinstance(destination, pyee.EventEmitter):
            destination.emit("pipe", source)

    def _bind_error(self, emitter: pyee.EventEmitter, listener: Any) -> None:
        # In front, to see the others before one that is called once has gone. pyee's own emitters
        # have no public way to do that: there the listener stands behind them.
        add = getattr(emitter, "prepend_listener", emitter.on)
        add("error", listener)
        self._bindings.append((emitter, "error", listener))

    def _on_data(self, chunk: Any) -> None:
        # A file has a method of that name, which counts as yes: its write() says what is wrong.
        if not getattr(self._destination, "writable", True):
            return
        if self._destination.write(chunk) is False:
            self._source.pause()

    def _on_drain(self, *_: Any) -> None:
        if self._source.readable:
            self._source.resume()

    def _on_end(self, *_: Any) -> None:
        self._finish("end", "close")

    def _on_close(self, *_: Any) -> None:
        self._finish("destroy", "end", "close")

    def _finish(self, *names: str) -> None:
        if self._ended:
            return
        self._ended = True
        for name in names:
            if hasattr(self._destination, name):
                getattr(self._destination, name)()
                return

    def _on_source_error(self, error: Any) -> None:
        self._on_error(self._source, error)

    def _on_destination_error(self, error: Any) -> None:
        self._on_error(self._destination, error)

    def _on_error(self, emitter: pyee.EventEmitter, error: Any) -> None:
        if not self._bindings:
            return
        # The pipe's own listener must not make an error look handled that nobody listens to.
        self._unbind()
        if not emitter.listeners("error"):
            emitter.emit("error", error)

    def _unbind(self, *_: Any) -> None:
        bindings, self._bindings = self._bindings, []
        for emitter, event, listener in bindings:
            if listener in emitter.listeners(event):
                emitter.remove_listener(event, listener)


def _is_standard_output(destination: Any) -> bool:
    files = (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)
    return any(destination in (file, getattr(file, "buffer", file)) for file in files if file)


class IO(Stream):
    """The wire: bytes from the peer are written in, bytes for the peer come out as `data`."""

    if TYPE_CHECKING:
        on: IOListeners  # type: ignore[assignment]
        once: IOListeners  # type: ignore[assignment]

    def __init__(self, driver: Driver) -> None:
        super().__init__()
        self._driver = driver
        self._is_full = False

    def pause(self) -> None:
        """The wire is full: `write()` on this stream and on `messages` returns `False`.

        Of the pings that come until `resume()` only the last is answered, then (RFC 6455 5.5.3).
        """
        self._paused = self._is_full = True
        self._driver.messages._paused = True

    def resume(self) -> None:
        """The wire takes bytes again: both streams emit `drain`."""
        messages = self._driver.messages
        self._paused = self._is_full = messages._paused = False
        self._driver._on_wire_free()
        self.emit("drain")
        messages.emit("drain")

    def write(self, chunk: Any) -> bool:
        """Parses `chunk`, bytes from the peer; `False` if no more should come for now."""
        if not self.writable:
            return False
        self._driver.parse(chunk)
        return not self._paused

    def end(self, chunk: Any = None) -> None:
        """Says that the wire is closed, so that no message will come: `messages` emits `end`."""
        if not self.writable:
            return
        if chunk is not None:
            self.write(chunk)
        self.writable = False
        self._driver.messages._finish()

    def destroy(self) -> None:
        """The same as `end()`."""
        self.end()


class Messages(Stream):
    """The messages: what is written in is sent, what the peer sent comes out as `data`."""

    if TYPE_CHECKING:
        on: MessagesListeners  # type: ignore[assignment]
        once: MessagesListeners  # type: ignore[assignment]

    def __init__(self, driver: Driver) -> None:
        super().__init__()
        self._driver = driver

    def pause(self) -> None:
        """The application is slow: `write()` on `io` returns `False`."""
        self._driver.io._paused = True

    def resume(self) -> None:
        """The application takes messages again: `io` emits `drain`."""
        self._driver.io._paused = False
        self._driver.io.emit("drain")

    def write(self, message: Any) -> bool:
        """Sends `message`, a `str` as text and `bytes` as binary.

        `False` if the wire is full, or if more waits for the connection to open than the option
        `high_water_mark` allows: `drain` says when to go on.
        """
        if not self.writable:
            return False
        if isinstance(message, str):
            self._driver.text(message)
        else:
            self._driver.binary(message)
        return not self._paused

    def end(self, message: Any = None) -> None:
        """Sends `message`, if there is one. The connection stays open: other streams may write."""
        if message is not None:
            self.write(message)

    def destroy(self) -> None:
        """Does nothing: one stream that is piped into the messages does not own the connection."""

    def _forward(self, event: MessageEvent) -> None:
        """A listener for the messages of the driver."""
        if self.readable:
            self.emit("data", event.data)

    def _drain(self) -> None:
        """What was written before the connection was open has been sent."""
        if not self._driver.io._is_full:
            self._paused = False
            self.emit("drain")

    _unheard_errors_raise = False

    def _listener_added(self, event: str) -> None:
        if event == "data":
            self._driver._forward_messages()

    def _finish(self) -> None:
        """The connection is over: `end`, once."""
        if not self.readable:
            return
        self.readable = self.writable = False
        self.emit("end")
