"""Node's `events`: waiting for one event, and iterating over all events of a name.

(socket,) = await events.once(server, "connection")
async for (chunk,) in events.on(socket, "data"):
    ...
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING, Any

from ..emitter import EventEmitter, Listener
from .errors import invalid_argument, out_of_range
from .loop import running_loop

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["EventEmitter", "Events", "on", "once"]

Arguments = tuple[Any, ...]


def once(emitter: EventEmitter, name: str) -> asyncio.Future[Arguments]:
    """Waits for the next event `name`: an awaitable of its arguments.

    Listens from the call on. Awaiting it raises the argument of an `error` event that comes first,
    unless that is the event waited for. Raises `RuntimeError` where no asyncio loop runs, and
    `TypeError` if `emitter` is not an `EventEmitter`.
    """
    _expect_emitter(emitter)
    loop = running_loop()
    if loop is None:
        raise RuntimeError("once() needs a running asyncio loop: await it in a coroutine function")
    future: asyncio.Future[Arguments] = loop.create_future()

    def happened(*arguments: object) -> None:
        stop(future)
        if not future.done():
            future.set_result(arguments)

    def failed(error: BaseException) -> None:
        stop(future)
        if not future.done():
            future.set_exception(error)

    def stop(_: object) -> None:
        emitter.remove_listener(name, happened)
        emitter.remove_listener("error", failed)

    EventEmitter.once(emitter, name, happened)
    if name != "error":
        EventEmitter.once(emitter, "error", failed)
        future.add_done_callback(stop)
    return future


def on(
    emitter: EventEmitter,
    name: str,
    *,
    close: Iterable[str] = (),
    high_water_mark: int = sys.maxsize,
    low_water_mark: int = 1,
) -> Events:
    """An asynchronous iterator of the arguments of all events `name`, from the call on.

    It ends with an event of `close`, and raises the argument of an `error` event. While more than
    `high_water_mark` events are queued, the emitter is paused, until fewer than `low_water_mark`
    are queued. After leaving the loop early, call `aclose()` to remove the listeners. Raises
    `TypeError` if `emitter` is not an `EventEmitter`.
    """
    return Events(emitter, name, close, high_water_mark, low_water_mark)


class Events(AsyncIterator[Arguments]):
    """The iterator that `on()` returns."""

    def __init__(
        self, emitter: EventEmitter, name: str, close: Iterable[str], high: int, low: int
    ) -> None:
        _expect_emitter(emitter)
        for option, mark in (("high_water_mark", high), ("low_water_mark", low)):
            if not isinstance(mark, int) or isinstance(mark, bool):
                raise invalid_argument(option, "an integer", mark)
            if mark < 1:
                raise out_of_range(option, ">= 1", mark)
        self._emitter: Any = emitter
        self._high = high
        self._low = low
        self._waiting: deque[Arguments] = deque()
        self._futures: deque[asyncio.Future[Arguments]] = deque()
        self._error: BaseException | None = None
        self._finished = False
        self._paused = False
        self._listeners: list[tuple[str, Listener]] = []
        self._listen(name, self._happened)
        if name != "error":
            self._listen("error", self._failed)
        for event in close:
            self._listen(event, self._closed)

    def _listen(self, name: str, listener: Listener) -> None:
        EventEmitter.on(self._emitter, name, listener)
        self._listeners.append((name, listener))

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Arguments:
        if self._waiting:
            arguments = self._waiting.popleft()
            if self._paused and len(self._waiting) < self._low:
                self._paused = False
                self._emitter.resume()
            return arguments
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        if self._finished:
            raise StopAsyncIteration
        future: asyncio.Future[Arguments] = asyncio.get_running_loop().create_future()
        self._futures.append(future)
        return await future

    async def aclose(self) -> None:
        """Removes the listeners, and ends all iterations that wait for an event."""
        self._finish()

    def _happened(self, *arguments: object) -> None:
        future = self._next_future()
        if future is not None:
            future.set_result(arguments)
            return
        self._waiting.append(arguments)
        if not self._paused and len(self._waiting) > self._high:
            self._paused = True
            self._emitter.pause()

    def _failed(self, error: BaseException) -> None:
        future = self._next_future()
        if future is not None:
            future.set_exception(error)
        else:
            self._error = error
        self._finish()

    def _closed(self) -> None:
        self._finish()

    def _next_future(self) -> asyncio.Future[Arguments] | None:
        while self._futures:
            future = self._futures.popleft()
            if not future.done():
                return future
        return None

    def _finish(self) -> None:
        self._finished = True
        for name, listener in self._listeners:
            self._emitter.remove_listener(name, listener)
        self._listeners.clear()
        while (future := self._next_future()) is not None:
            future.set_exception(StopAsyncIteration())


def _expect_emitter(emitter: object) -> None:
    if not isinstance(emitter, EventEmitter):
        raise invalid_argument("emitter", "an EventEmitter of websocket_driver", emitter)
