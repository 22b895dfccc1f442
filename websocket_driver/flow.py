"""The back-pressure of a connection: whether to read from the wire, and whether to send.

Bytes are sent because messages are written and because bytes arrive, so a full wire stops both. A
slow application stops only the bytes that arrive. Buffered data (messages before the connection is
open, input before `start()`, the tasks of coroutine listeners) stops its source once there is too
much of it.

    fact                         set by                       may_read   may_send
    the wire is full             io.pause()                   no         no
    the application is slow      messages.pause()             no
    input waits                  parse() before start()       no
    more than max_tasks tasks    coroutine listeners          no
    too much output waits        text() before open                      no

A connection that has ended discards its input, so only a full wire stops it then.

`io.write()` returns `may_read` and `messages.write()` returns `may_send`. The methods that undo a
fact return true if `drain` must be emitted on that stream, because writing was stopped before.
"""

from __future__ import annotations


class Flow:
    """The state of one connection.

    `high_water_mark` is the number of bytes of output that may wait before `may_send` is false.
    `max_tasks` is the number of tasks of coroutine listeners that may run before `may_read` is
    false.
    """

    __slots__ = (
        "_application_is_slow",
        "_ended",
        "_much_output_waits",
        "_queued",
        "_tasks",
        "_waiting",
        "high_water_mark",
        "max_tasks",
        "may_read",
        "may_send",
        "wire_is_full",
    )

    def __init__(self, high_water_mark: int, max_tasks: int) -> None:
        self.high_water_mark: int = high_water_mark
        self.max_tasks: int = max_tasks
        self.may_read: bool = True
        self.may_send: bool = True
        self.wire_is_full: bool = False
        self._application_is_slow = False
        self._ended = False
        self._queued = 0
        # Set when too much output waits, until it has been sent, even if some is removed.
        self._much_output_waits = False
        self._waiting = 0
        self._tasks = 0

    def wire_full(self) -> None:
        """The wire takes no more bytes for now."""
        self.wire_is_full = True
        self._update()

    def wire_free(self) -> None:
        """The wire takes bytes again."""
        self.wire_is_full = False
        self._update()

    def application_slow(self) -> None:
        """The application takes no more messages for now."""
        self._application_is_slow = True
        self._update()

    def application_ready(self) -> None:
        """The application takes messages again."""
        self._application_is_slow = False
        self._update()

    def output_queued(self, size: int) -> None:
        """`size` more bytes wait for the connection to open."""
        self._queued += size
        if self._queued > self.high_water_mark:
            self._much_output_waits = True
            self._update()

    def nothing_waits(self) -> bool:
        """True if no input waits, and not too much output."""
        return not self._waiting and not self._much_output_waits

    def requeue(self) -> None:
        """The waiting output is about to be queued again, by the driver that was selected."""
        self._queued = 0

    def output_sent(self) -> bool:
        """All waiting output has been sent. Returns true if `messages` must emit `drain`."""
        if not self._queued and not self._much_output_waits:
            return False
        could_send = self.may_send
        self._queued, self._much_output_waits = 0, False
        self._update()
        return self.may_send and not could_send

    def input_waiting(self, size: int) -> bool:
        """`size` bytes (or 0) wait to be parsed. Returns true if `io` must emit `drain`."""
        if size == self._waiting:
            return False
        could_read, self._waiting = self.may_read, size
        self._update()
        return self.may_read and not could_read

    def task_started(self) -> None:
        """A coroutine listener has begun to run."""
        self._tasks += 1
        self._update()

    def task_ended(self) -> bool:
        """A coroutine listener has ended. Returns true if `io` must emit `drain`."""
        could_read = self.may_read
        self._tasks -= 1
        self._update()
        return self.may_read and not could_read

    def end(self) -> bool:
        """The connection has ended, and input is discarded. Returns true if `io` must emit
        `drain`."""
        could_read, self._ended = self.may_read, True
        self._update()
        return self.may_read and not could_read

    def _update(self) -> None:
        self.may_send = not self.wire_is_full and not self._much_output_waits
        self.may_read = not self.wire_is_full and (
            self._ended
            or not (self._application_is_slow or self._waiting or self._tasks > self.max_tasks)
        )
