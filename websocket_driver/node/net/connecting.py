"""Connecting to one of the addresses of a name, as Node 20 does (happy eyeballs, RFC 8305).

The addresses are tried in turn, with alternating families. An attempt without an answer after 250
ms is cancelled for the next one; the last one has no such limit. The socket emits an event for
each attempt, and for each that fails or is cancelled.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from typing import NamedTuple

from ..errors import NodeError, combined_error, make_error, number_of, system_error
from ..loop import Loop
from ..phases import TIMEOUT_MAX, Timeout
from .address import Address, family_of, is_ip, is_ipv6, system_address
from .transport import Transport

# The time for each address but the last, in milliseconds, and the minimum of that option.
ATTEMPT_TIMEOUT = 250
MIN_ATTEMPT_TIMEOUT = 10

Connected = Callable[["NodeError | None"], None]

# The events of attempts, by Node's names.
EVENTS = {
    "connectionAttempt": "connection_attempt",
    "connectionAttemptFailed": "connection_attempt_failed",
    "connectionAttemptTimeout": "connection_attempt_timeout",
}


def alternating(addresses: list[tuple[int, str]]) -> list[str]:
    """The addresses, each once, the family of the first and the other one in turn."""
    first = [text for family, text in addresses if family == addresses[0][0]]
    other = [text for family, text in addresses if family != addresses[0][0]]
    ordered: list[str] = []
    for index in range(max(len(first), len(other))):
        ordered += first[index : index + 1] + other[index : index + 1]
    return list(dict.fromkeys(ordered))


def connect_error(number: int, address: str, port: int, local: Address | None = None) -> NodeError:
    """The error of an attempt to connect."""
    text = f"{local.address}:{local.port}" if local is not None else None
    return system_error(number, "connect", address, port, local=text)


class Target(NamedTuple):
    """The addresses to connect to, the local address, if there is one, and the time for each."""

    addresses: list[str]
    port: int
    local_address: str | None = None
    local_port: int | None = None
    timeout: float = ATTEMPT_TIMEOUT


class Attempts:
    """The attempts to connect `transport` to one of the addresses; then calls `done(error)`.

    Events are emitted with `emit(event, *arguments)`. Their listeners may call `cancel()`.
    """

    __slots__ = (
        "_addresses",
        "_cancelled",
        "_current",
        "_done",
        "_emit",
        "_errors",
        "_local",
        "_loop",
        "_port",
        "_timeout",
        "_timer",
        "_transport",
        "attempted",
    )

    def __init__(
        self,
        loop: Loop,
        transport: Transport,
        target: Target,
        emit: Callable[..., object],
        done: Connected,
    ) -> None:
        self._loop = loop
        self._transport = transport
        self._addresses = target.addresses
        self._port = target.port
        self._emit = emit
        self._done = done
        self._local = (target.local_address, target.local_port)
        self._timeout = max(MIN_ATTEMPT_TIMEOUT, target.timeout)
        self._timer: Timeout | None = None
        self._errors: list[NodeError] = []
        self._current = -1
        self._cancelled = False
        # `address:port` of each attempt, for `auto_select_family_attempted_addresses`.
        self.attempted: list[str] = []

    def start(self) -> None:
        """Tries the first address."""
        self._next()

    def cancel(self) -> None:
        """Stops without another event; the owner of the transport closes it."""
        self._cancelled = True
        self._stop_timer()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.close()
            self._timer = None

    def _next(self) -> None:
        if self._cancelled:
            return
        self._current += 1
        if self._current == len(self._addresses):
            self._finish(combined_error(self._errors))
            return
        address = self._addresses[self._current]
        transport = self._transport
        try:
            transport.open(family_of(address))
            if not self._bind(address):
                return
            self._announce("connection_attempt")
            if self._cancelled:
                return
            self.attempted.append(f"{address}:{self._port}")
            transport.connect(system_address(address, self._port), self._attempted)
        except OSError as error:
            number = number_of(error)
            failure = connect_error(number, address, self._port, transport.local_address)
            if len(self._addresses) > 1:
                self._announce("connection_attempt_failed", failure)
            self._failed(failure)
            return
        if self._current < len(self._addresses) - 1:
            self._timer = Timeout(self._loop, self._timed_out, min(self._timeout, TIMEOUT_MAX))

    def _bind(self, address: str) -> bool:
        local_address, local_port = self._local
        if local_address is None and not local_port:
            return True
        host = local_address or ("::" if is_ipv6(address) else "0.0.0.0")
        try:
            self._transport.bind(system_address(host, local_port or 0))
        except OSError as error:
            self._failed(system_error(number_of(error), "bind", host, local_port))
            return False
        return True

    def _attempted(self, number: int) -> None:
        self._stop_timer()
        if number:
            error = connect_error(number, self._addresses[self._current], self._port)
            self._announce("connection_attempt_failed", error)
            self._failed(error)
        else:
            self._finish(None)

    def _timed_out(self) -> None:
        self._timer = None
        self._announce("connection_attempt_timeout")
        self._failed(connect_error(errno.ETIMEDOUT, self._addresses[self._current], self._port))

    def _announce(self, event: str, *error: NodeError) -> None:
        """Emits an event of the current attempt."""
        address = self._addresses[self._current]
        self._emit(event, address, self._port, is_ip(address), *error)

    def _failed(self, error: NodeError) -> None:
        self._errors.append(error)
        self._next()

    def _finish(self, error: NodeError | None) -> None:
        self._done(error)


def invalid_ip(address: object) -> NodeError:
    """`ERR_INVALID_IP_ADDRESS`, a `TypeError`."""
    return make_error(TypeError, "ERR_INVALID_IP_ADDRESS", f"Invalid IP address: {address}")


def socket_family(family: object) -> int:
    """The option `family` as the system has it: 4, 6, `"IPv4"`, `"IPv6"`, or any."""
    if family in (4, "IPv4"):
        return socket.AF_INET
    if family in (6, "IPv6"):
        return socket.AF_INET6
    return socket.AF_UNSPEC
