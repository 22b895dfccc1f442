"""The queues of Node's event loop: ticks, timers, immediates and closings, and their order.

After each callback, the ticks that it queued run. A turn of the loop runs the timers that are due,
the input, the immediates, and last the closings. This module has no clock and no event loop;
`loop.py` runs it on asyncio.
"""

from __future__ import annotations

import heapq
import inspect
import warnings
from collections import OrderedDict, deque
from collections.abc import Callable
from itertools import count
from typing import cast

from ..emitter import capacity, generator_error, start_task
from .errors import invalid_argument

Callback = Callable[..., object]

# The longest time that a timer can wait, in milliseconds. Longer ones become 1, as in Node.
TIMEOUT_MAX = 2**31 - 1


class Timeout:
    """A handle of `set_timeout()` and `set_interval()`."""

    __slots__ = (
        "_arguments",
        "_callback",
        "_expiring",
        "_held",
        "_owner",
        "_referenced",
        "_repeat",
        "milliseconds",
        "start",
    )

    def __init__(
        self,
        owner: Phases,
        callback: Callback,
        milliseconds: float = 1,
        arguments: tuple[object, ...] = (),
        *,
        repeat: bool = False,
        referenced: bool = True,
    ) -> None:
        if not callable(callback):
            raise invalid_argument("callback", "callable", callback)
        self._owner = owner
        self._callback: Callback | None = callback
        self._arguments = arguments
        self._repeat = repeat
        self._referenced = referenced
        self._expiring = self._held = False
        self.milliseconds: int = duration(milliseconds)
        self.start: int = 0
        owner.start_timer(self)
        self._update_hold()

    def ref(self) -> Timeout:
        """The timer keeps `run()` running again."""
        self._referenced = True
        self._update_hold()
        return self

    def unref(self) -> Timeout:
        """The timer no longer keeps `run()` running."""
        self._referenced = False
        self._update_hold()
        return self

    def has_ref(self) -> bool:
        """True if the timer keeps `run()` running."""
        return self._referenced

    def refresh(self) -> Timeout:
        """Restarts the time, even if it has expired, but not if the timer was cleared."""
        if self._callback is not None:
            self._owner.restart_timer(self)
            self._update_hold()
        return self

    def close(self) -> Timeout:
        """Clears the timer."""
        self._callback = None
        self._owner.stop_timer(self)
        self._update_hold()
        return self

    def expire(self) -> None:
        """Runs the callback; for the owner."""
        owner, callback = self._owner, self._callback
        assert callback is not None  # closed timers are not scheduled
        start = owner.now()
        self._expiring = True
        try:
            result = callback(*self._arguments)
            if result is not None:
                run_coroutine(callback, result)
        finally:
            self._expiring = False
            if self._repeat and self._callback is not None:
                owner.restart_timer(self, start)
            self._update_hold()

    def _update_hold(self) -> None:
        held = self._referenced and (self._expiring or self._owner.is_scheduled(self))
        if held and not self._held:
            self._owner.hold()
        elif self._held and not held:
            self._owner.release()
        self._held = held

    hasRef = has_ref


class Immediate:
    """A handle of `set_immediate()`."""

    __slots__ = ("_arguments", "_callback", "_owner", "_referenced")

    def __init__(self, owner: Phases, callback: Callback, arguments: tuple[object, ...]) -> None:
        if not callable(callback):
            raise invalid_argument("callback", "callable", callback)
        self._owner = owner
        self._callback: Callback | None = callback
        self._arguments = arguments
        self._referenced = True
        owner.hold()

    def ref(self) -> Immediate:
        """The immediate keeps `run()` running again."""
        if not self._referenced and self._callback is not None:
            self._referenced = True
            self._owner.hold()
        return self

    def unref(self) -> Immediate:
        """The immediate no longer keeps `run()` running."""
        if self._referenced:
            self._referenced = False
            self._owner.release()
        return self

    def has_ref(self) -> bool:
        """True if the immediate keeps `run()` running."""
        return self._referenced

    def close(self) -> None:
        """Clears the immediate."""
        self._callback = None
        self.unref()

    def expire(self) -> bool:
        """Runs the callback, unless it was cleared; for the owner."""
        callback = self._callback
        if callback is None:
            return False
        self.close()
        self._owner.guard(callback, *self._arguments)
        return True

    hasRef = has_ref


def run_coroutine(callback: Callback, result: object) -> None:
    """Runs the result of a callback as a task, if it is a coroutine, like that of a listener.

    Raises `TypeError` for a generator function.
    """
    if inspect.iscoroutine(result):
        start_task(callback, result)
    elif inspect.isgeneratorfunction(callback) or inspect.isasyncgenfunction(callback):
        raise generator_error("callback", callback)


def call(callback: Callback, *arguments: object) -> None:
    """Calls the callback of a method with as many arguments as it takes, like a listener."""
    result = callback(*arguments[: capacity(callback)])
    if result is not None:
        run_coroutine(callback, result)


def duration(delay: object) -> int:
    """`delay` in whole milliseconds; 1 if it is less, too large or not a number, as in Node."""
    try:
        milliseconds = float(cast("float", delay))
    except (TypeError, ValueError):
        return 1
    if milliseconds > TIMEOUT_MAX:
        warnings.warn(
            f"{delay} does not fit into a 32-bit signed integer: the timer waits 1 ms",
            RuntimeWarning,
            stacklevel=4,
        )
    return int(milliseconds) if 1 <= milliseconds <= TIMEOUT_MAX else 1


class _TimerList:
    """The timers of one duration, in the order in which they were started."""

    __slots__ = ("expiry", "serial", "timers")

    def __init__(self, expiry: int, serial: int) -> None:
        self.expiry = expiry
        self.serial = serial
        self.timers: OrderedDict[Timeout, None] = OrderedDict()


class Hold:
    """Keeps `run()` running while its owner is open and active, unless `unref()` was called."""

    __slots__ = ("_active", "_held", "_phases", "_referenced")

    def __init__(self) -> None:
        self._phases: Phases | None = None
        self._referenced = self._active = True
        self._held = False

    def open(self, phases: Phases) -> None:
        """The owner is open and active from now on."""
        if self._phases is None:
            self._phases = phases
        self.set_active(True)

    def close(self) -> None:
        """The owner is closed."""
        self.set_active(False)
        self._phases = None

    def set_active(self, active: bool) -> None:
        """Sets whether anything can still happen to the owner without the program's help."""
        self._active = active
        self._update()

    def ref(self) -> None:
        """The owner keeps `run()` running again."""
        self._referenced = True
        self._update()

    def unref(self) -> None:
        """The owner no longer keeps `run()` running."""
        self._referenced = False
        self._update()

    def _update(self) -> None:
        phases = self._phases
        held = self._referenced and self._active
        if phases is not None and held is not self._held:
            self._held = held
            if held:
                phases.hold()
            else:
                phases.release()


class Phases:
    """Node's queues. A subclass schedules them: `_wake_ticks`, `_wake_turn`, `_set_alarm`."""

    def __init__(self) -> None:
        self._ticks: deque[tuple[Callback, tuple[object, ...]]] = deque()
        self._running = False
        self._immediates: list[Immediate] = []
        self._closings: list[Callback] = []
        self._turn_awaited = False
        self._checking = False
        self._timers_first = False
        self._now: int | None = None
        # Timers of one duration expire in the order in which they start, so a list for each
        # duration needs no sorting. The heap contains the lists, by the time of their first timer.
        self._lists: dict[int, _TimerList] = {}
        self._heap: list[tuple[int, int, int]] = []
        self._serial = count()
        self._alarm: int | None = None
        self._holds = 0

    # For subclasses

    def clock(self) -> int:
        """The time in whole milliseconds."""
        raise NotImplementedError

    def report(self, message: str, error: BaseException) -> None:
        """Called with an exception that a callback raised."""
        raise NotImplementedError

    def _wake_ticks(self) -> None:
        """A tick was queued outside of `run`: schedules `run_ticks()`."""
        raise NotImplementedError

    def _wake_turn(self) -> None:
        """Schedules `turn()`."""
        raise NotImplementedError

    def _set_alarm(self, expiry: int) -> None:
        """Schedules `expire_timers()` at the time `expiry` of `clock`, in place of the time that
        was set before."""
        raise NotImplementedError

    def _idle(self) -> None:
        """Nothing keeps the loop running any more."""

    # Whether the loop keeps running

    def hold(self) -> None:
        """Keeps the loop running, until `release()`."""
        self._holds += 1

    def release(self) -> None:
        """Undoes one `hold()`."""
        self._holds -= 1
        if not self._holds:
            self._idle()

    @property
    def busy(self) -> bool:
        """True while something keeps the loop running."""
        return self._holds > 0 or bool(self._ticks or self._closings)

    # Running

    def run(self, callback: Callback, *arguments: object) -> None:
        """Runs a callback of the asyncio loop, and then the ticks."""
        if self._running:
            self.guard(callback, *arguments)
            return
        self._running = True
        try:
            if self._ticks:
                self._run_ticks()
            try:
                callback(*arguments)
            except Exception as error:
                self.report(f"Exception in {callback!r}", error)
            if self._ticks:
                self._run_ticks()
        finally:
            self._running = False
            self._now = None

    def guard(self, callback: Callback, *arguments: object) -> None:
        """Calls `callback`; an exception is reported, and does not propagate."""
        try:
            result = callback(*arguments)
            if result is not None:
                run_coroutine(callback, result)
        except Exception as error:
            self.report(f"Exception in {callback!r}", error)

    def now(self) -> int:
        """The time in whole milliseconds, constant during a callback, as in Node."""
        if not self._running:
            return self.clock()
        if self._now is None:
            self._now = self.clock()
        return self._now

    # Ticks

    def next_tick(self, callback: Callback, *arguments: object) -> None:
        """Calls `callback` after the current callback, before anything else."""
        self._ticks.append((callback, arguments))
        if not self._running:
            self._wake_ticks()

    def drop_ticks(self) -> list[tuple[Callback, tuple[object, ...]]]:
        """Removes and returns all waiting ticks."""
        ticks = list(self._ticks)
        self._ticks.clear()
        return ticks

    def run_ticks(self) -> None:
        """Runs all ticks, and those that they queue."""
        self.run(_nothing)

    def drain_ticks(self) -> None:
        """Runs all ticks within a callback, as Node does between the parts of a body."""
        self._run_ticks()

    def _run_ticks(self) -> None:
        ticks = self._ticks
        while ticks:
            callback, arguments = ticks.popleft()
            try:
                result = callback(*arguments)
                if result is not None:
                    run_coroutine(callback, result)
            except Exception as error:
                self.report(f"Exception in {callback!r}", error)
        if not self._holds:
            self._idle()

    # Immediates and closings

    def set_immediate(self, callback: Callback, *arguments: object) -> Immediate:
        """Calls `callback` after the input of this turn."""
        immediate = Immediate(self, callback, arguments)
        self._immediates.append(immediate)
        self._await_turn()
        return immediate

    def at_close(self, callback: Callback) -> None:
        """Calls `callback` at the end of this turn, after the immediates."""
        self._closings.append(callback)
        self._await_turn()

    def _await_turn(self) -> None:
        if not self._turn_awaited:
            self._turn_awaited = True
            # The timers of the next turn come before the immediates that an immediate sets.
            self._timers_first = self._checking
            self._wake_turn()

    def turn(self) -> None:
        """Runs the immediates that are set, then the closings; those that they add come later."""
        self._turn_awaited = False
        if self._timers_first:
            self.expire_timers()
        self._checking = True
        try:
            immediates, self._immediates = self._immediates, []
            for immediate in immediates:
                self.run(immediate.expire)
            # In reverse order, as in libuv.
            closings, self._closings = self._closings, []
            for closing in reversed(closings):
                self.run(closing)
        finally:
            self._checking = False
        if not self._holds:
            self._idle()

    # Timers

    def start_timer(self, timer: Timeout, start: int | None = None) -> None:
        """Schedules `timer`; for `Timeout`."""
        timer.start = start = self.now() if start is None else start
        milliseconds = timer.milliseconds
        timers = self._lists.get(milliseconds)
        if timers is None:
            timers = _TimerList(start + milliseconds, next(self._serial))
            self._lists[milliseconds] = timers
            heapq.heappush(self._heap, (timers.expiry, timers.serial, milliseconds))
            self._alarm_at(self._heap[0][0])
        timers.timers[timer] = None

    def stop_timer(self, timer: Timeout) -> None:
        """Removes `timer`, if it is scheduled; for `Timeout`."""
        timers = self._lists.get(timer.milliseconds)
        if timers is None or timer not in timers.timers:
            return
        del timers.timers[timer]
        if not timers.timers:
            del self._lists[timer.milliseconds]
            self._forget_stale_lists()

    def restart_timer(self, timer: Timeout, start: int | None = None) -> None:
        """Schedules `timer` again; for `Timeout`."""
        timers = self._lists.get(timer.milliseconds)
        if timers is None or timer not in timers.timers:
            self.start_timer(timer, start)
            return
        timer.start = self.now() if start is None else start
        timers.timers.move_to_end(timer)

    def is_scheduled(self, timer: Timeout) -> bool:
        """True if `timer` is going to expire."""
        timers = self._lists.get(timer.milliseconds)
        return timers is not None and timer in timers.timers

    def _forget_stale_lists(self) -> None:
        """Removes empty lists from the heap, once there are more of them than of others."""
        if len(self._heap) > 2 * len(self._lists) + 8:
            self._heap = [
                (timers.expiry, timers.serial, milliseconds)
                for milliseconds, timers in self._lists.items()
            ]
            heapq.heapify(self._heap)

    def _alarm_at(self, expiry: int) -> None:
        if self._alarm is None or expiry < self._alarm:
            self._alarm = expiry
            self._set_alarm(expiry)

    def expire_timers(self) -> None:
        """Runs the timers that are due, and sets the alarm for the next."""
        self._alarm = None
        now = self.clock()
        while self._heap and self._heap[0][0] <= now:
            _, serial, milliseconds = heapq.heappop(self._heap)
            timers = self._lists.get(milliseconds)
            if timers is not None and timers.serial == serial:
                self._expire_list(milliseconds, timers, now)
        if self._heap:
            self._alarm_at(self._heap[0][0])

    def _expire_list(self, milliseconds: int, timers: _TimerList, now: int) -> None:
        while timers.timers:
            timer = next(iter(timers.timers))
            if now - timer.start < milliseconds:
                timers.expiry = max(timer.start + milliseconds, now + 1)
                timers.serial = next(self._serial)
                heapq.heappush(self._heap, (timers.expiry, timers.serial, milliseconds))
                return
            del timers.timers[timer]
            self.run(timer.expire)
        if self._lists.get(milliseconds) is timers:
            del self._lists[milliseconds]


def _nothing() -> None:
    pass
