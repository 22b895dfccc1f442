"""`net.Socket`: a TCP or Unix connection that is a stream."""

from __future__ import annotations

import asyncio
import errno
import socket as bsd
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, cast, overload

from ...emitter import LISTENER_EVENTS
from ...spelling import NodeName, node_name
from ..encoding import Chunk
from ..errors import (
    NodeError,
    invalid_argument,
    invalid_value,
    lookup_error,
    make_error,
    number_of,
    out_of_range,
    system_error,
)
from ..loop import Loop, current, lookup
from ..phases import TIMEOUT_MAX, Hold, Timeout
from ..stream import HIGH_WATER_MARK, Callback, Done, Duplex
from .address import Address, is_ip
from .arguments import SOCKET_OPTIONS, checked_options, connect_arguments
from .connecting import (
    ATTEMPT_TIMEOUT,
    EVENTS,
    Attempts,
    Target,
    alternating,
    invalid_ip,
    socket_family,
)
from .transport import Carrier, Transport

if TYPE_CHECKING:
    from typing import Protocol

    from typing_extensions import Self, Unpack

    from ..listeners import SocketListeners
    from .options import ConnectOptions, SocketOptions

    class Owner(Protocol):
        """The server of a socket."""

        @property
        def listening(self) -> bool:
            """True while it listens."""
            ...

        def address(self) -> Address | str | None:
            """Its address."""
            ...

        def get_connections(self, callback: Callback) -> Self:
            """Calls `callback(error, number)` with the number of connections."""
            ...

        def close(self, callback: Callback | None = None) -> Self:
            """Accepts no more connections."""
            ...

        def connection_destroyed(self) -> None:
            """One of its connections was destroyed."""


# The seconds between two probes of keep-alive, and how many are sent, as in libuv.
_PROBES = [
    (getattr(bsd, name), value)
    for name, value in (("TCP_KEEPINTVL", 1), ("TCP_KEEPCNT", 10))
    if hasattr(bsd, name)
]


class Socket(Duplex):
    """A connection, made by `connect()`, or by a server for its `connection` event.

    Emits `lookup`, `connect` and `ready` while it connects (not on a server), and for each address
    `connection_attempt`, `connection_attempt_failed` and `connection_attempt_timeout`; `data`, with
    `bytes` or, after `set_encoding()`, `str`; `drain`; `end` when the other side has ended;
    `timeout`; `error`; and last `close`, with true if it was because of an error. When the other
    side ends, so does this one, after all writes are sent, unless `allow_half_open`.
    """

    __slots__ = (
        "_attempted",
        "_attempts",
        "_bytes_read",
        "_bytes_written",
        "_connecting",
        "_hold",
        "_idle_timer",
        "_keep_alive",
        "_keep_alive_delay",
        "_last_queue_size",
        "_local",
        "_no_delay",
        "_owner",
        "_peer_ended",
        "_remote",
        "_resetting",
        "_timeout",
        "_transport",
        "_unsent",
        "server",
    )

    if TYPE_CHECKING:
        on: SocketListeners  # type: ignore[assignment]
        once: SocketListeners  # type: ignore[assignment]

    _EVENT_NAMES: Mapping[str, str] = {**LISTENER_EVENTS, **EVENTS}

    _continuous = True
    _emits_close = False

    def __init__(self, options: SocketOptions | None = None, **more: Unpack[SocketOptions]) -> None:
        chosen = checked_options(options, SOCKET_OPTIONS, **more)
        mark = int(chosen.get("high_water_mark", HIGH_WATER_MARK))
        super().__init__(
            readable=chosen.get("readable", True),
            writable=chosen.get("writable", True),
            allow_half_open=chosen.get("allow_half_open", False),
            readable_high_water_mark=mark,
            writable_high_water_mark=mark,
        )
        self._connecting = False
        self._transport: Carrier | None = None
        self._attempts: Attempts | None = None
        # The addresses that were tried, if there were several.
        self._attempted: list[str] | None = None
        # The server that made it, also after it is closed; `_owner` until it is destroyed.
        self.server: Owner | None = None
        self._owner: Owner | None = None
        self._peer_ended = self._resetting = False
        self._hold = Hold()
        self._idle_timer: Timeout | None = None
        self._timeout: float | None = None
        self._last_queue_size = 0
        self._no_delay: bool | None = chosen.get("no_delay")
        self._keep_alive: bool = chosen.get("keep_alive", False)
        self._keep_alive_delay = _seconds(chosen.get("keep_alive_initial_delay", 0))
        self._local: Address | None = None
        self._remote: Address | None = None
        self._bytes_read = self._bytes_written = 0
        # How many bytes of a write wait for the connection.
        self._unsent = 0

    # Where it goes

    @property
    def remote_address(self) -> str | None:
        """The IP address of the other side, while connected; after that if it was read before."""
        remote = self._peer
        return remote.address if remote is not None else None

    @property
    def remote_port(self) -> int | None:
        """The port of the other side."""
        remote = self._peer
        return remote.port if remote is not None else None

    @property
    def remote_family(self) -> str | None:
        """`"IPv4"` or `"IPv6"`."""
        remote = self._peer
        return remote.family if remote is not None else None

    @property
    def local_address(self) -> str | None:
        """The IP address of this side, while there is a connection."""
        local = self.address()
        return local.address if local is not None else None

    @property
    def local_port(self) -> int | None:
        """The port of this side."""
        local = self.address()
        return local.port if local is not None else None

    @property
    def local_family(self) -> str | None:
        """`"IPv4"` or `"IPv6"`."""
        local = self.address()
        return local.family if local is not None else None

    def address(self) -> Address | None:
        """The address of this side; `None` without a connection, or for a Unix socket."""
        if self._transport is None:
            return None
        if self._local is None:
            self._local = self._transport.local_address
        return self._local

    @property
    def _peer(self) -> Address | None:
        if self._remote is None and self._transport is not None and not self._connecting:
            self._remote = self._transport.remote_address
        return self._remote

    # States

    @property
    def connecting(self) -> bool:
        """True from `connect()` until there is a connection."""
        return self._connecting

    @property
    def pending(self) -> bool:
        """True while there is no connection (yet)."""
        return self._transport is None or self._connecting

    @property
    def ready_state(self) -> str:
        """`"opening"`, `"open"`, `"readOnly"`, `"writeOnly"` or `"closed"`."""
        if self._connecting:
            return "opening"
        if self.readable:
            return "open" if self.writable else "readOnly"
        return "writeOnly" if self.writable else "closed"

    @property
    def timeout(self) -> float | None:
        """The argument of `set_timeout()`, in milliseconds."""
        return self._timeout

    @property
    def bytes_read(self) -> int:
        """The number of bytes received."""
        return self._transport.bytes_read if self._transport is not None else self._bytes_read

    @property
    def buffer_size(self) -> int | None:
        """The older name of `writable_length`; `None` without a connection."""
        return self._written_length if self._transport is not None else None

    @property
    def auto_select_family_attempted_addresses(self) -> list[str] | None:
        """The addresses that were tried so far (`"127.0.0.1:80"`), if the name has several."""
        return list(self._attempted) if self._attempted is not None else None

    @property
    def bytes_written(self) -> int:
        """The number of bytes written, including those that wait to be sent."""
        sent = self._bytes_written
        if self._transport is not None:
            sent = self._transport.bytes_written
        return sent + self._unsent + sum(len(data) for data, _ in self._buffered or ())

    # Connecting

    @overload
    def connect(
        self,
        port_or_path: int | str,
        host: str | None = None,
        callback: Callback | None = None,
        /,
    ) -> Self: ...
    @overload
    def connect(self, port_or_path: int | str, callback: Callback, /) -> Self: ...
    @overload
    def connect(
        self,
        options: ConnectOptions | Address,
        callback: Callback | None = None,
        /,
        **more: Unpack[ConnectOptions],
    ) -> Self: ...
    @overload
    def connect(
        self, callback: Callback | None = None, /, **more: Unpack[ConnectOptions]
    ) -> Self: ...
    def connect(self, *arguments: object, **more: object) -> Self:
        """Connects; `callback` is a listener for `connect`.

        Takes `(port[, host][, callback])`, `(path[, callback])` for a Unix socket or
        `(options[, callback])`. The result of `address()` of a server is accepted as options: its
        port and family are used. Raises `TypeError` for anything else, `ValueError` for a port that
        is out of range.
        """
        options, callback = connect_arguments(arguments, more)
        return self._connect(options, callback)

    @classmethod
    def connected_by(cls, arguments: tuple[object, ...], more: Mapping[str, object]) -> Self:
        """A new socket that connects, for `net.connect(*arguments, **more)`."""
        options, callback = connect_arguments(arguments, more)
        chosen: Any = {name: options[name] for name in SOCKET_OPTIONS if name in options}
        socket = cls(chosen)
        if options.get("timeout"):
            socket.set_timeout(options["timeout"])
        return socket._connect(options, callback)

    def _connect(self, options: dict[str, Any], callback: Callback | None) -> Self:
        local_address = options.get("local_address")
        if local_address is not None and not is_ip(local_address):
            raise invalid_ip(local_address)
        if callback is not None:
            self.once("connect", callback)
        loop = self._loop = current()
        again = 0
        if self._transport is not None:
            again = errno.EALREADY if self._connecting else errno.EISCONN
        else:
            self._reset_state()
            self._local = self._remote = None
            self._transport = self._new_transport(loop)
        self._peer_ended = False
        self._connecting = True
        self._hold.open(loop)
        loop.opened(self)
        self._active()
        if again:
            where = options.get("path") or options.get("host") or "localhost"
            error = system_error(again, "connect", where, options.get("port"))
            loop.next_tick(self.destroy, error)
            return self
        if "path" in options:
            self._fire("connection_attempt", options["path"], None, None)
            loop.when_running(lambda: loop.next_tick(self._connect_path, options["path"]))
            return self
        host = options.get("host") or "localhost"
        if is_ip(host):
            loop.when_running(lambda: loop.next_tick(self._connect_address, [host], options))
        else:
            loop.when_running(lambda: self._look_up(host, options))
        return self

    def _connect_path(self, path: str) -> None:
        transport = self._transport
        if not self._connecting or transport is None:
            return

        def connected(number: int) -> None:
            error = system_error(number, "connect", path) if number else None
            if error is not None:
                self._fire("connection_attempt_failed", path, None, None, error)
            self._connected(error)

        try:
            transport.system.open(bsd.AF_UNIX)
            transport.system.connect(path, connected)
        except OSError as error:
            self.destroy(system_error(number_of(error), "connect", path))

    def _connect_address(self, addresses: list[str], options: dict[str, Any]) -> None:
        if not self._connecting or self._transport is None or self._loop is None:
            return
        self._active()
        self._attempts = Attempts(
            self._loop,
            self._transport.system,
            Target(
                addresses,
                options.get("port", 0),
                options.get("local_address"),
                options.get("local_port"),
                options.get("auto_select_family_attempt_timeout", ATTEMPT_TIMEOUT),
            ),
            self._fire,
            self._connected,
        )
        if len(addresses) > 1:
            self._attempted = self._attempts.attempted
        self._attempts.start()

    def _look_up(self, host: str, options: dict[str, Any]) -> None:
        loop = self._loop
        assert loop is not None
        several = (
            socket_family(options.get("family")) == bsd.AF_UNSPEC
            and "local_address" not in options
            and options.get("auto_select_family", True)
        )

        def found(error: BaseException | None, addresses: list[tuple[int, str]]) -> None:
            self._looked_up(host, options, several, error, addresses)

        if "lookup" in options:
            _custom_lookup(options, host, several, found)
            return
        task = loop.asyncio_loop.create_task(
            lookup(
                host,
                options.get("port", 0),
                socket_family(options.get("family")),
                int(options.get("hints") or bsd.AI_ADDRCONFIG),
            )
        )

        def looked_up(task: asyncio.Task[list[tuple[int, str]]]) -> None:
            if task.cancelled():
                return
            error = task.exception()
            if isinstance(error, bsd.gaierror):
                error = lookup_error(error.errno or 0, host)
            elif isinstance(error, UnicodeError):
                error = lookup_error(bsd.EAI_NONAME, host)
            loop.run(found, error, [] if error is not None else task.result())

        task.add_done_callback(looked_up)

    def _looked_up(
        self,
        host: str,
        options: dict[str, Any],
        several: bool,
        error: BaseException | None,
        addresses: list[tuple[int, str]],
    ) -> None:
        if not self._connecting:
            return
        if error is not None:
            self._fire("lookup", error, None, None, host)
            self._tick(self.destroy, error)
            return
        if not several:
            addresses = addresses[:1]
        for family, address in addresses:
            self._fire("lookup", None, address, family, host)
            if not self._connecting:
                return
        valid = [(family, text) for family, text in addresses if is_ip(text) and family in (4, 6)]
        if not valid:
            self._tick(self.destroy, invalid_ip(addresses[0][1] if addresses else None))
            return
        self._connect_address(alternating(valid), options)

    def _connected(self, error: NodeError | None) -> None:
        self._attempts = None
        self._connecting = False
        self._local = None
        if error is not None:
            self.destroy(error)
            return
        self._active()
        self._apply_options()
        self._fire("connect")
        self._fire("ready")
        if not self.is_paused():
            self._read_first()
        if self._transport is not None:
            self._transport.system.keep(self._hold)

    def _apply_options(self) -> None:
        transport = self._transport
        if transport is not None and transport.is_tcp:
            # Small writes leave at once, as on asyncio, unless that is switched off.
            if self._no_delay is not False:
                transport.set_option(bsd.IPPROTO_TCP, bsd.TCP_NODELAY, 1)
            if self._keep_alive:
                self._apply_keep_alive(transport)

    def _new_transport(self, loop: Loop) -> Carrier:
        """A transport for its bytes. For subclasses."""
        return Transport(loop, self._received, self._input_ended)

    # Accepted connections

    def accept(
        self, loop: Loop, system_socket: bsd.socket, owner: Owner | None, paused: bool = False
    ) -> None:
        """Takes over a socket of the system that is connected. For servers."""
        self._loop = loop
        self._owner = owner
        self.server = owner
        self._transport = self._new_transport(loop)
        self._transport.system.adopt(system_socket)
        self._hold.open(loop)
        loop.opened(self)
        self._apply_options()
        if paused:
            self._flowing = False
        else:
            self._read_first()
        self._transport.system.keep(self._hold)

    # Reading

    def _read_first(self) -> None:
        if not self._unreadable and not self._reading:
            self.read(0)

    def _read(self) -> None:
        if self._connecting or self._transport is None:
            self.once("connect", self._read)
        else:
            self._transport.start_reading()

    def _received(self, chunk: bytes) -> bool:
        if self._idle_timer is not None:
            self._idle_timer.refresh()
        return self.push(chunk)

    def _input_ended(self, error: NodeError | None) -> None:
        self._active()
        if error is not None:
            self.destroy(error)
        else:
            self.push(None)
            self._end_if_empty()

    def _before_end(self) -> None:
        if not self._allow_half_open:
            self._peer_ended = True

    # Writing

    def write(
        self,
        chunk: Chunk,
        encoding: str | Callback | None = None,
        callback: Callback | None = None,
    ) -> bool:
        """See `Duplex.write`."""
        if (
            encoding is None
            and callback is None
            and type(chunk) is bytes
            and self._add_to_batch(chunk)
        ):
            return True
        return super().write(chunk, encoding, callback)

    def _add_to_batch(self, chunk: bytes) -> bool:
        """Adds `chunk` to what leaves together when the present chunk of input is handled, which
        takes a third of the time of a write. False if it cannot, for example because something
        waits."""
        transport = self._transport
        return (
            transport is not None
            and not (
                self._ending
                or self._destroyed
                or self._writing
                or self._corked
                or self._needs_drain
                or self._connecting
            )
            and self._idle_timer is None
            and self._errored is None
            and transport.take(chunk)
        )

    def pipe_listener(self, otherwise: Callable[[bytes], object]) -> Callable[[bytes], object]:
        """A listener with which a pipe writes bytes to this socket, or calls `otherwise` to do so.

        In the usual case, a reply to input, one call of it does what `write()` does. A `write()` of
        a subclass, or one that the program has put in its place, is called by `otherwise`.
        """
        if self._transport is None:
            return otherwise
        batch = self._transport.batch

        def write_first(chunk: bytes) -> None:
            if getattr(self.write, "__func__", None) is not Socket.write:
                otherwise(chunk)
                batch.hold()
            elif not self._add_to_batch(chunk):
                otherwise(chunk)

        return batch.listener(write_first)

    def cork(self) -> None:
        """See `Duplex.cork`."""
        super().cork()
        if self._transport is not None:
            self._transport.batch.hold()

    def _late_write_error(self) -> NodeError:
        if self._peer_ended and self._ending:
            return make_error(
                BrokenPipeError, "EPIPE", "This socket has been ended by the other party"
            )
        return super()._late_write_error()

    def _write(self, chunk: bytes, done: Done) -> None:
        transport = self._transport
        if self._connecting:
            self._write_when_connected(chunk, done)
        elif transport is None:
            done(make_error(RuntimeError, "ERR_SOCKET_CLOSED", "Socket is closed"))
        else:
            if self._idle_timer is not None:
                self._idle_timer.refresh()
                self._last_queue_size = len(chunk)
            transport.write(chunk, done)

    def _write_when_connected(self, chunk: bytes, done: Done) -> None:
        self._unsent = len(chunk)

        def connected() -> None:
            self._unsent = 0
            self.remove_listener("close", closed)
            self._write(chunk, done)

        def closed() -> None:
            self._unsent = 0
            done(
                make_error(
                    RuntimeError,
                    "ERR_SOCKET_CLOSED_BEFORE_CONNECTION",
                    "Socket closed before the connection was established",
                )
            )

        self.once("connect", connected)
        self.once("close", closed)

    def _final(self, done: Done) -> None:
        if self._transport is None or self._connecting:
            self.once("connect", lambda: self._final(done))
        else:
            self._transport.shut_down(done)

    # Ending

    def destroy_soon(self) -> None:
        """Ends the socket, and destroys it once everything has been sent."""
        if self.writable:
            self.end()
        if self._finished:
            self.destroy()
        else:
            self.once("finish", self.destroy)

    def reset_and_destroy(self) -> Self:
        """Destroys it so that the other side sees a reset (TCP RST).

        Raises `TypeError` on a Unix socket. Without a connection, emits `ERR_SOCKET_CLOSED`.
        """
        if self._transport is None:
            self.destroy(make_error(RuntimeError, "ERR_SOCKET_CLOSED", "Socket is closed"))
            return self
        if not self._transport.is_tcp:
            raise make_error(
                TypeError, "ERR_INVALID_HANDLE_TYPE", "This handle type cannot be reset"
            )
        if self._connecting:
            self.once("connect", self._reset)
        else:
            self._reset()
        return self

    def _reset(self) -> None:
        self._resetting = True
        self.destroy()

    def cut_off(self) -> None:
        """Closes it at once. For `run()`."""
        self.destroy()

    def _destroy(self, error: BaseException | None, done: Done) -> None:
        self._connecting = False
        if self._attempts is not None:
            self._attempts.cancel()
            self._attempts = None
        if self._idle_timer is not None:
            self._idle_timer.close()
            self._idle_timer = None
        transport, self._transport = self._transport, None
        had_error = error is not None
        if transport is not None:
            self._bytes_read = transport.bytes_read
            self._bytes_written = transport.bytes_written
            self._local = None
            close = transport.system.reset if self._resetting else transport.close
            self._resetting = False
            # First, so that `error` comes before a `close` that a transport reports at once.
            done(error)
            close(lambda: self._closed_at_last(had_error))
        else:
            done(error)
            self._tick(self._closed_at_last, had_error)
        owner, self._owner = self._owner, None
        if owner is not None:
            owner.connection_destroyed()

    def _closed_at_last(self, had_error: bool) -> None:
        if self._loop is not None:
            self._loop.closed(self)
        self._hold.close()
        self._fire("close", had_error)

    def _unheard(self, error: Exception) -> None:
        if getattr(error, "syscall", None) in ("connect", "getaddrinfo", "bind"):
            self._home.fail("Unhandled 'error' event of a socket that cannot connect", error)
        else:
            super()._unheard(error)

    # Whether it keeps run() running

    def ref(self) -> Self:
        """The socket keeps `run()` running, which it does unless `unref()` was called."""
        self._hold.ref()
        return self

    def unref(self) -> Self:
        """The socket does not keep `run()` running."""
        self._hold.unref()
        return self

    # Options

    def set_timeout(self, milliseconds: float, callback: Callback | None = None) -> Self:
        """Emits `timeout` when nothing was sent or received for this time; 0 switches that off.

        `callback` is a listener for one `timeout`. Ending the connection is up to the listener.
        """
        if self._destroyed:
            return self
        if isinstance(milliseconds, bool) or not isinstance(milliseconds, (int, float)):
            raise invalid_argument("milliseconds", "a number", milliseconds)
        if not 0 <= milliseconds < float("inf"):
            raise out_of_range("milliseconds", "a non-negative finite number", milliseconds)
        if callback is not None and not callable(callback):
            raise invalid_argument("callback", "callable", callback)
        self._timeout = milliseconds
        if self._idle_timer is not None:
            self._idle_timer.close()
            self._idle_timer = None
        if milliseconds == 0:
            if callback is not None:
                self.remove_listener("timeout", callback)
            return self
        self._idle_timer = Timeout(
            self._home, self._timed_out, min(milliseconds, TIMEOUT_MAX), referenced=False
        )
        if callback is not None:
            self.once("timeout", callback)
        return self

    def _timed_out(self) -> None:
        transport = self._transport
        if self._last_queue_size and transport is not None:
            size = transport.write_queue_size
            if size and size != self._last_queue_size:
                # Something was sent meanwhile.
                self._last_queue_size = size
                self._active()
                return
        self._fire("timeout")

    def _active(self) -> None:
        if self._idle_timer is not None:
            self._idle_timer.refresh()

    def set_no_delay(self, no_delay: bool = True) -> Self:
        """Sends small writes at once, which is the default, or with Nagle's algorithm."""
        self._no_delay = bool(no_delay)
        if self._transport is not None and self._transport.is_tcp:
            self._transport.set_option(bsd.IPPROTO_TCP, bsd.TCP_NODELAY, int(self._no_delay))
        return self

    def set_keep_alive(self, enable: bool = False, initial_delay: float = 0) -> Self:
        """Switches TCP keep-alive on or off.

        The first probe is sent after `initial_delay` milliseconds of silence, then one a second;
        after ten without an answer the connection fails. With 0, the system has its own times.
        """
        if isinstance(initial_delay, bool) or not isinstance(initial_delay, (int, float)):
            raise invalid_argument("initial_delay", "a number of milliseconds", initial_delay)
        self._keep_alive = bool(enable)
        self._keep_alive_delay = _seconds(initial_delay)
        if self._transport is not None and self._transport.is_tcp:
            self._apply_keep_alive(self._transport)
        return self

    def _apply_keep_alive(self, transport: Carrier) -> None:
        transport.set_option(bsd.SOL_SOCKET, bsd.SO_KEEPALIVE, int(self._keep_alive))
        if self._keep_alive and self._keep_alive_delay and hasattr(bsd, "TCP_KEEPIDLE"):
            transport.set_option(bsd.IPPROTO_TCP, bsd.TCP_KEEPIDLE, self._keep_alive_delay)
            for option, value in _PROBES:
                transport.set_option(bsd.IPPROTO_TCP, option, value)

    remoteAddress: NodeName[str | None] = NodeName("remote_address")
    remotePort: NodeName[int | None] = NodeName("remote_port")
    remoteFamily: NodeName[str | None] = NodeName("remote_family")
    localAddress: NodeName[str | None] = NodeName("local_address")
    localPort: NodeName[int | None] = NodeName("local_port")
    localFamily: NodeName[str | None] = NodeName("local_family")
    bufferSize: NodeName[int | None] = NodeName("buffer_size")
    autoSelectFamilyAttemptedAddresses: NodeName[list[str] | None] = NodeName(
        "auto_select_family_attempted_addresses"
    )
    readyState: NodeName[str] = NodeName("ready_state")
    bytesRead: NodeName[int] = NodeName("bytes_read")
    bytesWritten: NodeName[int] = NodeName("bytes_written")
    destroySoon: Final = node_name(destroy_soon)
    resetAndDestroy: Final = node_name(reset_and_destroy)
    setTimeout: Final = node_name(set_timeout)
    setNoDelay: Final = node_name(set_no_delay)
    setKeepAlive: Final = node_name(set_keep_alive)


def _seconds(milliseconds: float) -> int:
    return max(0, int(milliseconds / 1000))


def _custom_lookup(
    options: dict[str, Any],
    host: str,
    several: bool,
    found: Callable[[BaseException | None, list[tuple[int, str]]], None],
) -> None:
    """Calls the option `lookup(host, options, callback)`, which calls `callback(error, addresses)`,
    or `callback(error, address, family)`, as Node's does."""
    wanted: dict[str, Any] = {
        "family": {"IPv4": 4, "IPv6": 6}.get(options.get("family", 0), options.get("family", 0)),
        "hints": options.get("hints", 0),
        "all": several,
    }

    def answered(
        error: BaseException | None = None, addresses: object = None, family: int | None = None
    ) -> None:
        if error is not None:
            found(error, [])
        elif isinstance(addresses, str):
            found(None, [(family or is_ip(addresses), addresses)])
        else:
            entries = cast("Iterable[object]", addresses or ())
            found(None, [_address_of(entry) for entry in entries])

    options["lookup"](host, wanted, answered)


def _address_of(entry: object) -> tuple[int, str]:
    """An answer of a `lookup`: a mapping with `address` and `family`, or the two as a pair."""
    if isinstance(entry, Mapping):
        address = entry.get("address")
        return (entry.get("family") or is_ip(address), str(address))
    if isinstance(entry, str):
        return (is_ip(entry), entry)
    raise invalid_value("lookup", "called back with addresses", entry)
