"""The event loop under `websocket_driver.node`, and `run()`.

`current()` is the `Loop` of the running asyncio loop. Without one, it is the loop that `run()` of
the same thread will run; callbacks wait there for `run()`.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import ClassVar, Protocol

from .errors import invalid_argument
from .phases import Callback, Phases

# How long run() waits for connections to close after an interrupt, in seconds: enough for a peer to
# answer a close frame.
GRACE_SECONDS = 2.0

# How long run() has to end before it reports a failure that it is going to raise, in seconds.
REPORT_SECONDS = 0.1

_log = logging.getLogger("websocket_driver")

LoopFactory = Callable[[], asyncio.AbstractEventLoop]


class Handle(Protocol):
    """A server or a socket: `run()` closes it at the end."""

    def cut_off(self) -> None:
        """Closes it at once."""

    def remove_all_listeners(self, event: str | None = None) -> None:
        """Removes its listeners."""


class Loop(Phases):
    """Node's event loop, on an asyncio loop."""

    # True once one of this process has had an asyncio loop.
    any_has_run: ClassVar[bool] = False

    def __init__(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Raises `RuntimeError` for an asyncio loop that cannot watch sockets."""
        super().__init__()
        if loop is not None and type(loop).add_reader is asyncio.AbstractEventLoop.add_reader:
            raise RuntimeError(
                f"{type(loop).__name__} cannot watch sockets: use asyncio.SelectorEventLoop"
            )
        self.loop = loop
        # libuv stops watching a socket that was reset, after it has called the reader once.
        self.reports_once: bool = loop is not None and not isinstance(
            loop, asyncio.SelectorEventLoop
        )
        if loop is not None:
            Loop.any_has_run = True
        self._ticks_awaited = False
        self._alarm_handle: asyncio.TimerHandle | None = None
        self._alarm_expiry: int | None = None
        self._waiting: list[Callable[[], object]] = []
        self._changed: asyncio.Event | None = None
        self._handles: dict[Handle, None] = {}
        self._failure: BaseException | None = None
        self._raises_failures = False
        self._warned = float("-inf")
        # While a chunk of input is handled: functions that send the writes made meanwhile.
        self.corked: list[Callable[[], None]] | None = None

    # The asyncio loop, and callbacks that wait for it

    def when_running(self, callback: Callable[[], object]) -> None:
        """Calls `callback` at once if there is an asyncio loop, or when `run()` has made one.

        Does nothing once that loop is closed.
        """
        if self.loop is None:
            self._waiting.append(callback)
        elif not self.loop.is_closed():
            callback()

    @property
    def asyncio_loop(self) -> asyncio.AbstractEventLoop:
        """The asyncio loop. Only for callbacks of `when_running`."""
        assert self.loop is not None
        return self.loop

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Runs on `loop` from now on, and calls the callbacks that have waited for it."""
        self.loop = loop
        Loop.any_has_run = True
        self.reports_once = not isinstance(loop, asyncio.SelectorEventLoop)
        waiting, self._waiting = self._waiting, []
        for callback in waiting:
            callback()

    def clock(self) -> int:
        """The time of the system's monotonic clock, in milliseconds."""
        return time.monotonic_ns() // 1_000_000

    def _wake_ticks(self) -> None:
        if not self._ticks_awaited:
            self._ticks_awaited = True
            self.when_running(lambda: self.asyncio_loop.call_soon(self._woken))

    def _woken(self) -> None:
        self._ticks_awaited = False
        self.run_ticks()

    def take_ticks(self, other: Phases) -> None:
        """Takes over the ticks of streams that were made before any loop ran."""
        for callback, arguments in other.drop_ticks():
            self.next_tick(callback, *arguments)

    def _wake_turn(self) -> None:
        if self.loop is None:
            # Node's loop begins with the timers, which may be due by then.
            self._timers_first = True
        self.when_running(lambda: self.asyncio_loop.call_soon(self.turn))

    def _set_alarm(self, expiry: int) -> None:
        first = self._alarm_expiry is None
        self._alarm_expiry = expiry
        if self.loop is not None or first:
            self.when_running(self._start_alarm)

    def _start_alarm(self) -> None:
        if self._alarm_handle is not None:
            self._alarm_handle.cancel()
        delay = (self._alarm_expiry or 0) / 1000 - time.monotonic()
        self._alarm_handle = self.asyncio_loop.call_later(max(0.0, delay), self.expire_timers)

    def report(self, message: str, error: BaseException) -> None:
        """Passes an exception from a listener to the exception handler of the asyncio loop."""
        context = {"message": message, "exception": error}
        self.when_running(lambda: self.asyncio_loop.call_exception_handler(context))

    def fail(self, message: str, error: BaseException) -> None:
        """Makes `run()` raise `error` when it ends, and reports it if that is not at once; without
        `run()`, reports it."""
        if self._raises_failures and self._failure is None:
            self._failure = error
            # Later, because run() usually ends at once and raises it.
            self.when_running(
                lambda: self.asyncio_loop.call_later(
                    REPORT_SECONDS, lambda: self.report(message, error)
                )
            )
        else:
            self.report(message, error)

    def warn_exhausted(self, error: OSError) -> None:
        """Logs that there are no file descriptors left, at most once a second."""
        now = time.monotonic()
        if now - self._warned >= 1.0:
            self._warned = now
            _log.warning("Cannot accept connections: %s", error)

    # Open handles

    def opened(self, handle: Handle) -> None:
        """Registers a server or socket that `run()` closes when it ends."""
        self._handles[handle] = None

    def closed(self, handle: Handle) -> None:
        """Unregisters it."""
        self._handles.pop(handle, None)

    def _idle(self) -> None:
        if self._changed is not None:
            self._changed.set()

    # run()

    def run_until_idle(self, on_interrupt: Callback | None, loop_factory: LoopFactory) -> None:
        """Implements `run()`, on a new asyncio loop."""
        loop = loop_factory()
        self._raises_failures = True
        try:
            main = loop.create_task(self._main())
            if on_interrupt is not None:
                self._handle_signals(loop, main, on_interrupt)
            try:
                with suppress(asyncio.CancelledError):
                    loop.run_until_complete(main)
            finally:
                loop.run_until_complete(self._cut_off())
        finally:
            loop.close()
        if self._failure is not None:
            raise self._failure

    async def _main(self) -> None:
        self._changed = asyncio.Event()
        self.attach(asyncio.get_running_loop())
        while True:
            tasks = _other_tasks()
            if self.busy:
                self._changed.clear()
                await self._changed.wait()
            elif tasks:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            else:
                # The immediates that are left are unreferenced and do not run, as in Node.
                self._immediates.clear()
                return

    async def _cut_off(self) -> None:
        """Closes all servers and sockets that are left."""
        tasks = _other_tasks()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        told: set[Handle] = set()
        while set(self._handles) - told:
            again = bool(told)
            for handle in set(self._handles) - told:
                told.add(handle)
                if again:  # opened by a listener, which could repeat that endlessly
                    handle.remove_all_listeners()
                handle.cut_off()
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.get_running_loop().shutdown_asyncgens()
        await asyncio.get_running_loop().shutdown_default_executor()

    def _handle_signals(
        self, loop: asyncio.AbstractEventLoop, main: asyncio.Task[None], on_interrupt: Callback
    ) -> None:
        """Calls `on_interrupt` at the first SIGINT or SIGTERM, and ends everything at the next."""
        numbers = (signal.SIGINT, signal.SIGTERM)

        def interrupt() -> None:
            for number in numbers:
                loop.add_signal_handler(number, main.cancel)
            loop.call_later(GRACE_SECONDS, main.cancel)
            self.run(on_interrupt)

        # If the loop cannot handle signals (on Windows, outside the main thread), Ctrl-C raises.
        with suppress(NotImplementedError, RuntimeError, ValueError):
            for number in numbers:
                loop.add_signal_handler(number, interrupt)


def _other_tasks() -> set[asyncio.Task[object]]:
    return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}


class _EndOfThread:
    """Deleted with the local variables of a thread: logs that it has ended without `run()`."""

    def __init__(self, script: Loop) -> None:
        self._script = script
        # Made while the thread has a name: a record takes it from the running thread.
        self._warning = _log.makeRecord(
            *(_log.name, logging.WARNING, __file__, 0),
            "run() was not called in the thread %s, which has an event loop of its own: "
            "its servers, sockets and timers have not run",
            (threading.current_thread().name,),
            None,
        )

    def __del__(self) -> None:
        script = self._script
        if script.loop is None and script.busy and _log.isEnabledFor(logging.WARNING):
            _log.handle(self._warning)


class _Thread(threading.local):
    """The loops of a thread: the one that its `run()` will run, and those on asyncio loops."""

    def __init__(self) -> None:
        self.script: Loop | None = None
        self.end: _EndOfThread | None = None
        self.latest: Loop | None = None
        self.loops: dict[asyncio.AbstractEventLoop, Loop] = {}


_thread = _Thread()


def running_loop() -> asyncio.AbstractEventLoop | None:
    """The asyncio loop that runs in this thread."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def current() -> Loop:
    """The loop of the running asyncio loop, or the one that `run()` is going to run."""
    running = running_loop()
    thread = _thread
    latest = thread.latest
    if running is not None and latest is not None and latest.loop is running:
        return latest

    script = thread.script
    if running is None:
        thread.latest = None
        if script is None:
            script = thread.script = Loop(None)
            if threading.current_thread() is not threading.main_thread():
                thread.end = _EndOfThread(script)
        return script

    if script is not None and script.loop is running:
        thread.latest = script
        return script

    found = thread.loops.get(running)
    if found is None:
        thread.loops = {loop: kept for loop, kept in thread.loops.items() if not loop.is_closed()}
        found = thread.loops[running] = Loop(running)
    if script is not None:
        found.take_ticks(script)
    thread.latest = found
    return found


def run(*, on_interrupt: Callback | None = None, loop_factory: LoopFactory | None = None) -> None:
    """Runs the event loop until no listening server, open socket, timer, tick, immediate or task of
    a coroutine listener is left, as Node does. As there, a socket counts while it connects, reads
    or has something to send: one that is paused before it reads, or that the peer has ended, does
    not keep it running.

    Ctrl-C and SIGTERM call `on_interrupt()`, which should close servers and sockets. Those still
    open two seconds later, or at the next Ctrl-C, are closed. Without `on_interrupt`, Ctrl-C raises
    `KeyboardInterrupt`. `loop_factory` creates the asyncio loop, for example
    `uvloop.new_event_loop`.

    Raises `RuntimeError` inside a running asyncio loop, where it is not needed. At its end, raises
    the `error` of a server that could not listen or a socket that could not connect, if that event
    had no listener. If other things keep it running, that error is logged first.
    """
    if running_loop() is not None:
        raise RuntimeError(
            "run() cannot be called inside a running asyncio loop, where servers and sockets work "
            "without it"
        )
    script = current()
    try:
        script.run_until_idle(on_interrupt, loop_factory or new_asyncio_loop)
    finally:
        _thread.script = _thread.latest = None


@atexit.register
def warn_of_missing_run() -> None:
    """Logs that a script has ended without `run()`, unless it has failed or is interactive."""
    script = _thread.script
    if script is None or not script.busy or Loop.any_has_run:
        return
    if not hasattr(sys, "last_value") and not hasattr(sys, "ps1"):
        _log.warning(
            "run() was not called: the servers, sockets and timers of this script have not run"
        )


def new_asyncio_loop() -> asyncio.AbstractEventLoop:
    """An asyncio loop that can watch sockets, unlike the default loop of Windows."""
    return asyncio.SelectorEventLoop()


async def lookup(host: str, port: int, family: int, flags: int) -> list[tuple[int, str]]:
    """The addresses of `host`, each with 4 or 6 as its family, in the order of the system."""
    found = await asyncio.get_running_loop().getaddrinfo(
        host, port, family=family, type=socket.SOCK_STREAM, flags=flags
    )
    addresses: dict[tuple[int, str], None] = {}
    for family_, _, _, _, address in found:
        addresses[(6 if family_ == socket.AF_INET6 else 4, str(address[0]))] = None
    return list(addresses)


def next_tick(callback: Callback, *arguments: object) -> None:
    """Calls `callback(*arguments)` after the current callback, before anything else.

    Raises `TypeError` if the callback cannot be called.
    """
    if not callable(callback):
        raise invalid_argument("callback", "callable", callback)
    current().next_tick(callback, *arguments)


nextTick = next_tick
