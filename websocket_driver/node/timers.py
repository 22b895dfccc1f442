"""Node's `timers`: callbacks after some time, at intervals, or after the current input.

Times are in milliseconds. A pending timer keeps `run()` running, unless `unref()` is called on its
handle.
"""

from __future__ import annotations

from .loop import current
from .phases import Callback, Immediate, Timeout

__all__ = [
    "Immediate",
    "Timeout",
    "clearImmediate",
    "clearInterval",
    "clearTimeout",
    "clear_immediate",
    "clear_interval",
    "clear_timeout",
    "setImmediate",
    "setInterval",
    "setTimeout",
    "set_immediate",
    "set_interval",
    "set_timeout",
]


def set_timeout(callback: Callback, delay: float = 1, *arguments: object) -> Timeout:
    """Calls `callback(*arguments)` once, after `delay` milliseconds (at least 1).

    A delay that is not a number from 1 to 2**31 - 1 counts as 1, as in Node. Raises `TypeError` if
    the callback cannot be called.
    """
    return Timeout(current(), callback, delay, arguments)


def set_interval(callback: Callback, delay: float = 1, *arguments: object) -> Timeout:
    """Calls `callback(*arguments)` every `delay` milliseconds, until the handle is cleared."""
    return Timeout(current(), callback, delay, arguments, repeat=True)


def set_immediate(callback: Callback, *arguments: object) -> Immediate:
    """Calls `callback(*arguments)` once the current input is handled, before timers."""
    return current().set_immediate(callback, *arguments)


def clear_timeout(handle: Timeout | None = None) -> None:
    """Cancels a timer. Anything but the handle of a pending timer is ignored, as in Node."""
    if isinstance(handle, Timeout):
        handle.close()


def clear_interval(handle: Timeout | None = None) -> None:
    """The same as `clear_timeout`."""
    clear_timeout(handle)


def clear_immediate(handle: Immediate | None = None) -> None:
    """Cancels an immediate. Anything but the handle of an immediate is ignored, as in Node."""
    if isinstance(handle, Immediate):
        handle.close()


setTimeout = set_timeout
setInterval = set_interval
setImmediate = set_immediate
clearTimeout = clear_timeout
clearInterval = clear_interval
clearImmediate = clear_immediate
