"""The options of `net`, for type checkers, in both spellings."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypedDict

# lookup(host, options, callback)
Lookup = Callable[..., object]


class SocketOptions(TypedDict, total=False):
    """Options of `net.Socket`."""

    # do not end when the other side has ended
    allow_half_open: bool
    allowHalfOpen: bool
    # false: never read
    readable: bool
    # false: never write
    writable: bool
    # send small writes at once (the default)
    no_delay: bool
    noDelay: bool
    # as `set_keep_alive()`
    keep_alive: bool
    keepAlive: bool
    # in milliseconds
    keep_alive_initial_delay: float
    keepAliveInitialDelay: float
    # bytes that each half buffers
    high_water_mark: int
    highWaterMark: int


class ConnectOptions(SocketOptions, total=False):
    """Options of `net.connect()` and `Socket.connect()`."""

    port: int | str
    # a name or an IP address; `localhost` if there is none
    host: str
    # of a Unix socket
    path: str
    # the IP address of this side
    local_address: str
    localAddress: str
    # the port of this side
    local_port: int | str
    localPort: int | str
    # 4 or 6 (`"IPv4"`, `"IPv6"`); 0 for both
    family: int | str
    # flags of `getaddrinfo`
    hints: int
    # in place of the loop's `getaddrinfo`
    lookup: Lookup
    # as `set_timeout()`
    timeout: float
    # try the addresses of a name in turn (the default)
    auto_select_family: bool
    autoSelectFamily: bool
    # how long each address has, in milliseconds
    auto_select_family_attempt_timeout: float
    autoSelectFamilyAttemptTimeout: float


class ServerOptions(TypedDict, total=False):
    """Options of `net.create_server()`."""

    # of its sockets
    allow_half_open: bool
    allowHalfOpen: bool
    # its sockets read nothing before `resume()`
    pause_on_connect: bool
    pauseOnConnect: bool
    # of its sockets
    no_delay: bool
    noDelay: bool
    # of its sockets
    keep_alive: bool
    keepAlive: bool
    # in milliseconds
    keep_alive_initial_delay: float
    keepAliveInitialDelay: float
    # of its sockets
    high_water_mark: int
    highWaterMark: int


class ListenOptions(TypedDict, total=False):
    """Options of `Server.listen()`."""

    # 0 or `None` for any that is free
    port: int | str | None
    # a name or an IP address; all addresses if there is none
    host: str
    # of a Unix socket
    path: str
    # how many connections may wait to be accepted
    backlog: int
    # without effect: there is no cluster
    exclusive: bool
    # not IPv4 too, with the host `::`
    ipv6_only: bool
    ipv6Only: bool
    # everybody may read from the Unix socket
    readable_all: bool
    readableAll: bool
    # everybody may write to the Unix socket
    writable_all: bool
    writableAll: bool
