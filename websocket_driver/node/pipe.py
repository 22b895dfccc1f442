"""A pipe from a stream to one of its destinations."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from ..emitter import EventEmitter, Listener
from ..streams import is_standard_output
from .lifecycle import Stream
from .loop import current


class Source(Protocol):
    """The methods of the source that a pipe calls."""

    @property
    def readable_ended(self) -> bool:
        """True once `end` was emitted."""
        ...

    def on(self, event: Any, f: Any, /) -> object:  # noqa: ANN401 - each event has its own type
        """Adds a listener."""
        ...

    def once(self, event: Any, f: Any, /) -> object:  # noqa: ANN401 - each event has its own type
        """Adds a listener for one event."""
        ...

    def remove_listener(self, event: str, f: Listener, /) -> None:
        """Removes a listener."""
        ...

    def listener_count(self, event: str, /) -> int:
        """How many listeners there are."""
        ...

    def pause(self) -> object:
        """Emits no `data` for now."""
        ...

    def resume(self) -> object:
        """Emits `data` again."""
        ...

    def unpipe(self, destination: object, /) -> object:
        """Ends the pipe to `destination`."""
        ...

    def pipes_into(self, pipe: object, /) -> bool:
        """True while it is connected by `pipe`."""
        ...


class Destination(Protocol):
    """The destination of a pipe: a stream of `node` or of a driver, or any object with `write`."""

    def write(self, chunk: bytes, /) -> object:
        """Accepts a chunk; false if `drain` should be awaited before the next one."""
        ...


class Pipe:
    """One destination of a stream, and the listeners that connect the two."""

    __slots__ = ("_awaiting", "_drains", "_ends", "_source", "_stream", "destination")

    def __init__(
        self, source: Source, destination: Destination, ends: bool, awaiting: set[Pipe]
    ) -> None:
        self._source = source
        self.destination = destination
        # An emitter, of any library. Any other object always takes more.
        self._stream: Any = destination if hasattr(destination, "on") else EventEmitter()
        self._ends = ends and not is_standard_output(destination)
        self._awaiting = awaiting
        self._drains = False

    def start(self) -> None:
        """Connects the two."""
        source, stream = self._source, self._stream
        if source.readable_ended:
            current().next_tick(self._at_end)
        else:
            source.once("end", self._at_end)
        source.on("data", self._write)
        prepend: Callable[..., object] = getattr(stream, "prepend_listener", stream.on)
        prepend("error", self._failed)
        stream.once("close", self._closed)
        stream.once("finish", self._finished)
        if not isinstance(stream, Stream):
            source.once("close", self._source_closed)
        stream.emit("pipe", source)

    def _at_end(self) -> None:
        if self._ends:
            self._end()
        else:
            self._source.unpipe(self.destination)

    def _end(self) -> None:
        # A transport or a file has `close` instead.
        for name in ("end", "close"):
            end = getattr(self.destination, name, None)
            if end is not None:
                end()
                return

    def _source_closed(self) -> None:
        # A driver cannot detect a reset of the connection in another way. Without listeners on
        # each other, reference counting frees the two.
        if self._ends and not self._source.readable_ended:
            self._end()
        self._source.unpipe(self.destination)

    def _write(self, chunk: bytes) -> None:
        if self.destination.write(chunk) is False and self._stream is self.destination:
            self.wait()

    def wait(self) -> None:
        """Stops the source until the destination has drained."""
        if self._source.pipes_into(self):
            self._awaiting.add(self)
            self._source.pause()
        if not self._drains:
            self._drains = True
            self._stream.on("drain", self._drained)

    def _drained(self) -> None:
        self._awaiting.discard(self)
        if not self._awaiting and self._source.listener_count("data"):
            self._source.resume()

    def _failed(self, error: Exception) -> None:
        self._source.unpipe(self.destination)
        self._forget("error", self._failed)
        if not self._stream.listeners("error"):
            self._stream.emit("error", error)

    def _closed(self) -> None:
        self._forget("finish", self._finished)
        self._source.unpipe(self.destination)

    def _finished(self) -> None:
        self._forget("close", self._closed)
        self._source.unpipe(self.destination)

    def stop(self) -> None:
        """Separates the two, and emits `unpipe`."""
        source = self._source
        self._forget("close", self._closed)
        self._forget("finish", self._finished)
        self._forget("drain", self._drained)
        self._forget("error", self._failed)
        source.remove_listener("end", self._at_end)
        source.remove_listener("data", self._write)
        source.remove_listener("close", self._source_closed)
        self._stream.emit("unpipe", source)
        if self in self._awaiting:
            self._drained()

    def _forget(self, event: str, listener: Listener) -> None:
        with suppress(KeyError):  # pyee's own emitters raise it for a listener they do not have
            self._stream.remove_listener(event, listener)
