"""The base class of streams: events, the loop, and destruction."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..emitter import EventEmitter
from .loop import Loop, current

if TYPE_CHECKING:
    from typing_extensions import Self

    from .listeners import StreamListeners

Done = Callable[..., None]
Callback = Callable[..., object]


class Stream(EventEmitter):
    """A stream that can be destroyed; `Readable` and `Duplex` add reading and writing."""

    __slots__ = (
        "_auto_destroy",
        "_close_emitted",
        "_closed",
        "_destroyed",
        "_error_emitted",
        "_errored",
        "_loop",
    )

    if TYPE_CHECKING:
        on: StreamListeners  # type: ignore[assignment]
        once: StreamListeners  # type: ignore[assignment]

    _emits_close = True

    # False if `pipe()` into it never ends it.
    ended_by_pipes = True

    def __init__(self, auto_destroy: bool = True) -> None:
        super().__init__()
        self._loop: Loop | None = None
        # Whether it is destroyed when it fails, and when both halves have ended.
        self._auto_destroy = auto_destroy
        self._destroyed = self._closed = self._close_emitted = self._error_emitted = False
        self._errored: BaseException | None = None

    @property
    def destroyed(self) -> bool:
        """True from `destroy()` on."""
        return self._destroyed

    @property
    def closed(self) -> bool:
        """True once its resources are released, right before `close` is emitted."""
        return self._closed

    @property
    def auto_destroy(self) -> bool:
        """True if it destroys itself when it fails, and when both halves have ended."""
        return self._auto_destroy

    @property
    def errored(self) -> BaseException | None:
        """The error with which it failed, or `None`."""
        return self._errored

    # Events

    def _fire(self, event: str, *arguments: object) -> None:
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
        """An `error` event has no listener."""
        name = type(self).__name__
        text = f"Unhandled 'error' event of a {name}: add a listener with .on(\"error\", ...)"
        self._home.report(text, error)

    @property
    def _home(self) -> Loop:
        return self._loop or current()

    def _tick(self, callback: Callback, *arguments: object) -> None:
        """Calls `callback` after the current callback."""
        (self._loop or current()).next_tick(callback, *arguments)

    # Destroying

    def destroy(self, error: BaseException | None = None) -> Self:
        """Ends it at once: emits `error`, if there is one, and `close`. A second call does nothing.

        Data that was written but not yet accepted by the operating system is lost.
        """
        if self._destroyed:
            return self
        self._before_destroy()
        self._note_error(error)
        self._destroyed = True
        try:
            self._destroy(error, self._was_destroyed)
        except Exception as raised:
            self._was_destroyed(raised)
        return self

    def _before_destroy(self) -> None:
        """`destroy()` was called for the first time. For the halves."""

    def _destroy(self, error: BaseException | None, done: Done) -> None:
        """Releases the resources of the stream, and calls `done(error)`. For subclasses."""
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
        if error is not None:
            self._emit_error(error)
        self._close_emitted = True
        if self._emits_close:
            self._fire("close")

    def _fail(self, error: BaseException) -> None:
        """Handles a failure: destroys the stream, or only emits the error if it is not destroyed
        then."""
        if self._destroyed:
            return
        if self._auto_destroy:
            self.destroy(error)
            return
        self._note_error(error)
        self._tick(self._emit_error, error)

    def _emit_error(self, error: BaseException) -> None:
        if self._error_emitted:
            return
        self._error_emitted = True
        traceback = error.__traceback__
        self._fire("error", error)
        # Without a listener the error is raised, and its traceback refers to this stream. If the
        # stream kept the error, only the garbage collector would free the two.
        error.__traceback__ = traceback

    def _reset_state(self) -> None:
        """Makes it usable again after it was destroyed, for a socket that connects again."""
        self._destroyed = self._closed = self._close_emitted = self._error_emitted = False
        self._errored = None
