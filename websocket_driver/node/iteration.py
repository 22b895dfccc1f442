"""`async for chunk in stream`: Node's `for await`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any, Protocol

from .errors import aborted, premature_close
from .loop import current

if TYPE_CHECKING:
    from ..emitter import Listener


class Source(Protocol):
    """A stream that can be iterated over."""

    @property
    def closed(self) -> bool:
        """True once its resources are released."""
        ...

    @property
    def destroyed(self) -> bool:
        """True from `destroy()` on."""
        ...

    @property
    def auto_destroy(self) -> bool:
        """True if it destroys itself at the end, and when it fails."""
        ...

    @property
    def errored(self) -> BaseException | None:
        """The error that it failed with."""
        ...

    @property
    def readable(self) -> bool:
        """False once it has ended, failed or was destroyed."""
        ...

    @property
    def writable(self) -> bool:
        """False once it was ended, failed or was destroyed."""
        ...

    @property
    def readable_ended(self) -> bool:
        """True once `end` was emitted."""
        ...

    def on(self, event: Any, f: Any, /) -> object:  # noqa: ANN401 - each event has its own type
        """Adds a listener."""
        ...

    def remove_listener(self, event: str, f: Listener, /) -> None:
        """Removes a listener."""
        ...

    def read(self) -> Any:  # noqa: ANN401 - `bytes`, or `str`
        """Takes out what is buffered."""
        ...

    def destroy(self, error: BaseException | None = None, /) -> object:
        """Ends it at once."""
        ...


async def chunks(source: Source, *, destroys: bool = True) -> AsyncGenerator[Any, None]:
    """The chunks that arrive at `source`, until it ends.

    Raises the error that it fails with, and `ERR_STREAM_PREMATURE_CLOSE` if it is closed before its
    end. Destroys it when the loop is left: with `ABORT_ERR` before both sides have ended, and not
    if the loop is left early and `destroys` is false.
    """
    reader = Reader(source)
    left_early = True
    try:
        while True:
            chunk = None if source.destroyed else source.read()
            if chunk is not None:
                yield chunk
            elif reader.done:
                left_early = False
                reader.raise_error()
                return
            else:
                await reader.changed()
    finally:
        if (destroys or reader.failed) and (left_early or source.auto_destroy):
            reader.destroy()
        else:
            reader.stop()


class Reader:
    """Listens to a stream: whether there may be something to read, and how it ends."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._waiter: asyncio.Future[None] | None = None
        # True once the stream has ended, failed or was closed; and its error, if there is one.
        self.done = False
        self._error: BaseException | None = None
        self._listeners: dict[str, Listener] = {
            "readable": self._wake,
            "end": self._finish,
            "error": self._finish,
            "close": self._closed,
        }
        for event, listener in self._listeners.items():
            source.on(event, listener)
        if source.closed:
            current().next_tick(self._closed)
        elif source.destroyed or source.errored is not None or source.readable_ended:
            current().next_tick(self._finish, source.errored)

    @property
    def failed(self) -> bool:
        """True if it ended with an error."""
        return self._error is not None

    def raise_error(self) -> None:
        """Raises the error that it ended with, if there is one."""
        error, self._error = self._error, None
        if error is not None:
            raise error

    async def changed(self) -> None:
        """Waits until there may be something to read, or an end."""
        self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _finish(self, error: BaseException | None = None) -> None:
        if not self.done:
            self.done = True
            self._error = error
            self._wake()

    def _closed(self) -> None:
        source = self._source
        if source.errored is not None:
            self._finish(source.errored)
        else:
            self._finish(None if source.readable_ended else premature_close())

    def destroy(self) -> None:
        """Destroys the stream; an error that comes of it is nobody's."""
        source = self._source
        if not source.destroyed:
            source.destroy(aborted() if source.readable or source.writable else None)

    def stop(self) -> None:
        """Removes the listeners."""
        for event, listener in self._listeners.items():
            self._source.remove_listener(event, listener)
