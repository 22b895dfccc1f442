"""`net.Server`: listens and accepts connections."""

from __future__ import annotations

import asyncio
import errno
import os
import socket as bsd
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, cast, overload

from ...emitter import EventEmitter
from ...spelling import NodeName, node_name
from ..errors import invalid_argument, lookup_error, make_error, number_of, system_error
from ..loop import Loop, current, lookup
from ..phases import Hold, call
from .address import Address, family_of, is_ip, readable_address, system_address
from .arguments import SERVER_OPTIONS, checked_options, expect_mapping, listen_arguments
from .socket import Socket

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

    from ..errors import NodeError
    from ..listeners import ServerListeners
    from .options import ListenOptions, ServerOptions, SocketOptions

Callback = Callable[..., object]

# The backlog, as in Node.
BACKLOG = 511

# How many connections are accepted in one turn of the loop.
ACCEPTS_PER_TURN = 32

# How long a server that is out of file descriptors waits before it tries again, in seconds, unless
# one of its connections closes before that.
EXHAUSTED_SECONDS = 1.0

_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


class Server(EventEmitter):
    """Emits `listening`, `connection` with a `Socket`, `drop` for a connection beyond
    `max_connections`, `error`, and `close` when it has stopped listening and its last connection is
    closed."""

    if TYPE_CHECKING:
        on: ServerListeners  # type: ignore[assignment]
        once: ServerListeners  # type: ignore[assignment]

    # The class of the sockets of `connection` events.
    _socket_class: type[Socket] = Socket

    # The event that the listener of `create_server()` is for.
    _listener_event = "connection"

    def __init__(
        self,
        options: ServerOptions | Callable[[Socket], object] | None = None,
        listener: Callable[[Socket], object] | None = None,
        **more: Unpack[ServerOptions],
    ) -> None:
        super().__init__()
        if callable(options) and not isinstance(options, Mapping):
            if listener is not None:
                raise invalid_argument("options", "a mapping", options)
            options, listener = None, options
        expect_mapping(options)
        chosen = self._checked_options(options, more)
        self.max_connections: int | None = None
        self.allow_half_open: bool = chosen.get("allow_half_open", False)
        self.pause_on_connect: bool = chosen.get("pause_on_connect", False)
        self._socket_options: dict[str, Any] = {
            name: chosen[name]
            for name in (
                "allow_half_open",
                "no_delay",
                "keep_alive",
                "keep_alive_initial_delay",
                "high_water_mark",
            )
            if name in chosen
        }
        self._loop: Loop | None = None
        # The socket of the system, which is bound and not served before `_serving`.
        self._socket: bsd.socket | None = None
        self._serving = False
        self._accepting = False
        self._path: str | None = None
        self._connections = 0
        self._hold = Hold()
        # Which call of `listen()` or `close()` was the last.
        self._call = 0
        self._retry: asyncio.TimerHandle | None = None
        if listener is not None:
            if not callable(listener):
                raise invalid_argument("listener", "callable", listener)
            self.add_listener(self._listener_event, listener)

    def _checked_options(
        self, options: Mapping[str, Any] | None, more: Mapping[str, Any]
    ) -> dict[str, Any]:
        return checked_options(options, SERVER_OPTIONS, **more)

    # Listening

    @property
    def listening(self) -> bool:
        """True while it listens."""
        return self._serving

    def address(self) -> Address | str | None:
        """Its address: an `Address`, the path of a Unix socket (even after it is closed, as in
        Node), or `None`."""
        if self._path is not None:
            return self._path
        if self._socket is None:
            return None
        return readable_address(self._socket.getsockname())

    @overload
    def listen(
        self,
        port_or_path: int | str | None = None,
        host: str | None = None,
        backlog: int | None = None,
        callback: Callback | None = None,
        /,
    ) -> Self: ...
    @overload
    def listen(self, port_or_path: int | str | None, callback: Callback, /) -> Self: ...
    @overload
    def listen(
        self, port_or_path: int | str | None, host: str | None, callback: Callback, /
    ) -> Self: ...
    @overload
    def listen(
        self, port_or_path: int | str | None, backlog: int, callback: Callback | None = None, /
    ) -> Self: ...
    @overload
    def listen(
        self,
        options: ListenOptions,
        callback: Callback | None = None,
        /,
        **more: Unpack[ListenOptions],
    ) -> Self: ...
    @overload
    def listen(
        self, callback: Callback | None = None, /, **more: Unpack[ListenOptions]
    ) -> Self: ...
    def listen(self, *arguments: object, **more: object) -> Self:
        """Starts to listen; `callback` is a listener for one `listening` event.

        Takes `([port][, host][, backlog][, callback])`, `(path[, backlog][, callback])` for a Unix
        socket or `(options[, callback])`. Without a host it listens on all addresses, without a
        port on any that is free. It is bound at once, if the host is not a name that has to be
        looked up.

        Raises `TypeError` for anything else, `ValueError` for a port that is out of range, and
        `RuntimeError` (`ERR_SERVER_ALREADY_LISTEN`) if it listens.
        """
        options, callback = listen_arguments(arguments, more)
        if self._serving:
            raise make_error(
                RuntimeError,
                "ERR_SERVER_ALREADY_LISTEN",
                "Listen method has been called more than once without closing.",
            )
        if callback is not None:
            self.once("listening", callback)
        self._drop_socket()
        self._path = options["path"] if "port" not in options else None
        self._call += 1
        self._loop = current()
        host = options.get("host")
        if "port" not in options:
            self._listen_at(lambda: self._bind_path(options), options["path"], None, options)
        elif not host:
            self._listen_at(
                lambda: self._bind_everywhere(options["port"], options),
                "::" if bsd.has_dualstack_ipv6() else "0.0.0.0",
                options["port"],
                options,
            )
        elif is_ip(host):
            self._listen_at_ip(host, options)
        else:
            call, loop = self._call, self._loop
            loop.hold()
            loop.when_running(lambda: self._look_up(loop, call, host, options))
        return self

    def _listen_at(
        self,
        bind: Callable[[], bsd.socket],
        address: str | None,
        port: int | None,
        options: dict[str, Any],
    ) -> None:
        error = self._bind(bind, address, port, options)
        if error is None:
            self._serve()
        else:
            self._tick(self._emit_error, error)

    def _listen_at_ip(self, host: str, options: dict[str, Any]) -> None:
        # Bound now, for address(); everything else comes one tick later, as in Node.
        call = self._call
        error = self._bind(lambda: self._bind_ip(host, options), host, options["port"], options)

        def later() -> None:
            if call != self._call:
                return
            if error is None:
                self._serve()
            else:
                self._tick(self._emit_error, error)

        self._tick(later)

    def _bind(
        self,
        bind: Callable[[], bsd.socket],
        address: str | None,
        port: int | None,
        options: dict[str, Any],
    ) -> NodeError | None:
        try:
            bound = bind()
            try:
                bound.setblocking(False)
                bound.listen(int(options.get("backlog") or BACKLOG))
            except OSError:
                bound.close()
                raise
        except OSError as error:
            number = number_of(error)
            if port is None:
                # As libuv has it, and with the port -1, as Node has it.
                number = errno.EACCES if number == errno.ENOENT else number
                return system_error(number, "listen", address, -1)
            return system_error(number, "listen", address, port)
        self._socket = bound
        return None

    @staticmethod
    def _bind_ip(host: str, options: dict[str, Any]) -> bsd.socket:
        family = family_of(host)
        bound = bsd.socket(family, bsd.SOCK_STREAM)
        try:
            bound.setsockopt(bsd.SOL_SOCKET, bsd.SO_REUSEADDR, 1)
            if family == bsd.AF_INET6:
                bound.setsockopt(
                    bsd.IPPROTO_IPV6, bsd.IPV6_V6ONLY, int(options.get("ipv6_only", False))
                )
            bound.bind(system_address(host, options["port"]))
        except OSError:
            bound.close()
            raise
        return bound

    def _bind_everywhere(self, port: int, options: dict[str, Any]) -> bsd.socket:
        """On IPv6 and IPv4 if the system can, as in Node, or else on IPv4."""
        if bsd.has_dualstack_ipv6():
            try:
                return self._bind_ip("::", options)
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    raise
        return self._bind_ip("0.0.0.0", options)

    @staticmethod
    def _bind_path(options: dict[str, Any]) -> bsd.socket:
        path = options["path"]
        bound = bsd.socket(bsd.AF_UNIX, bsd.SOCK_STREAM)
        try:
            bound.bind(path)
            mode = 0
            if options.get("readable_all"):
                mode |= stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH
            if options.get("writable_all"):
                mode |= stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
            if mode:
                os.chmod(path, os.stat(path).st_mode | mode)
        except OSError:
            bound.close()
            raise
        return bound

    def _look_up(self, loop: Loop, call: int, host: str, options: dict[str, Any]) -> None:
        task = loop.asyncio_loop.create_task(lookup(host, options["port"], bsd.AF_UNSPEC, 0))

        def found(task: asyncio.Task[list[tuple[int, str]]]) -> None:
            loop.release()
            if task.cancelled():
                return
            error = task.exception()
            if call != self._call:
                return
            if error is not None:
                if isinstance(error, (bsd.gaierror, UnicodeError)):
                    number = getattr(error, "errno", None) or bsd.EAI_NONAME
                    error = lookup_error(number, host)
                loop.run(self._emit_error, error)
                return
            address = task.result()[0][1]
            loop.run(
                self._listen_at,
                lambda: self._bind_ip(address, options),
                address,
                options["port"],
                options,
            )

        task.add_done_callback(found)

    def _serve(self) -> None:
        loop = self._home
        self._serving = True
        self._hold.open(loop)
        loop.opened(self)
        loop.when_running(self._start_accepting)
        self._tick(self._emit_listening, self._call)

    def _emit_listening(self, call: int) -> None:
        if self._serving:
            self._fire("listening")

    # Accepting

    def _start_accepting(self) -> None:
        if self._socket is not None and self._serving and not self._accepting:
            self._accepting = True
            loop = self._home
            loop.asyncio_loop.add_reader(self._socket.fileno(), self._acceptable)

    def _stop_accepting(self) -> None:
        if self._accepting and self._socket is not None:
            self._accepting = False
            self._home.asyncio_loop.remove_reader(self._socket.fileno())

    def _acceptable(self) -> None:
        loop = self._home
        for _ in range(ACCEPTS_PER_TURN):
            if self._socket is None or not self._accepting:
                return
            try:
                accepted, _ = self._socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                failure = error
                break
            loop.run(self._accepted, accepted)
        else:
            return
        if failure.errno in _EXHAUSTED:
            self._wait_for_descriptors(failure)
        else:
            number = failure.errno or errno.EIO
            loop.run(self._emit_error, system_error(number, "accept"))

    def _wait_for_descriptors(self, error: OSError) -> None:
        """Out of file descriptors: connections wait in the kernel's queue."""
        self._stop_accepting()
        loop = self._home
        loop.warn_exhausted(error)
        self._retry = loop.asyncio_loop.call_later(EXHAUSTED_SECONDS, self._accept_again)

    def _accept_again(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
            self._start_accepting()

    def _accepted(self, accepted: bsd.socket) -> None:
        limit = self.max_connections
        if limit and self._connections >= limit:
            local, remote = readable_address(accepted.getsockname()), None
            with suppress(OSError):
                remote = readable_address(accepted.getpeername())
            accepted.close()
            self._fire("drop", _dropped(local, remote))
            return
        self._connections += 1
        self._welcome(accepted)

    def _welcome(self, accepted: bsd.socket) -> None:
        """Makes a connection of a socket of the system. For subclasses."""
        socket = self._socket_class(cast("SocketOptions", self._options_of_sockets()))
        socket.accept(self._home, accepted, self, self.pause_on_connect)
        self._fire("connection", socket)

    def _options_of_sockets(self) -> dict[str, Any]:
        return {**self._socket_options, "allow_half_open": bool(self.allow_half_open)}

    def connection_destroyed(self) -> None:
        """One of its connections was destroyed. For sockets."""
        self._connections -= 1
        if self._retry is not None:
            self._tick(self._accept_again)
        self._close_if_drained()

    def get_connections(self, callback: Callback) -> Self:
        """Calls `callback(error, number)` with the number of connections."""
        if not callable(callback):
            raise invalid_argument("callback", "callable", callback)
        self._tick(call, callback, None, self._connections)
        return self

    # Closing

    def close(self, callback: Callback | None = None) -> Self:
        """Accepts no more connections. Those that are open stay open.

        `callback(error)` is called once it is closed; the error is `None`, or, if it did not
        listen, `ERR_SERVER_NOT_RUNNING`. As in Node, anything that cannot be called is ignored, so
        that this method can be a listener: `socket.on("close", server.close)`.
        """
        self._call += 1
        if callable(callback):
            self.once("close", _closed(callback, self._serving))
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        self._drop_socket()
        self._close_if_drained()
        return self

    def cut_off(self) -> None:
        """Closes it. For `run()`."""
        self.close()

    def _drop_socket(self) -> None:
        if self._socket is not None:
            self._stop_accepting()
            self._socket.close()
            if self._path is not None:
                with suppress(OSError):
                    os.unlink(self._path)
        self._socket = None
        self._serving = False
        if self._loop is not None:
            self._loop.closed(self)
        self._hold.close()

    def _close_if_drained(self) -> None:
        if not self._serving and not self._connections:
            self._tick(self._fire, "close")

    # Whether it keeps run() running

    def ref(self) -> Self:
        """The server keeps `run()` running, which it does unless `unref()` was called."""
        self._hold.ref()
        return self

    def unref(self) -> Self:
        """The server does not keep `run()` running."""
        self._hold.unref()
        return self

    # Inside

    @property
    def _home(self) -> Loop:
        return self._loop or current()

    def _tick(self, callback: Callback, *arguments: object) -> None:
        self._home.next_tick(callback, *arguments)

    def _fire(self, event: str, *arguments: object) -> None:
        """Emits an event; exceptions of listeners go to the loop's exception handler."""
        try:
            self.emit(event, *arguments)
        except Exception as error:
            self._home.report(f"Exception in a listener for {event!r}", error)

    def _emit_error(self, error: BaseException) -> None:
        if self.listener_count("error"):
            self._fire("error", error)
        else:
            self._home.fail("Unhandled 'error' event of a server", error)

    maxConnections: NodeName[int | None] = NodeName("max_connections")
    allowHalfOpen: NodeName[bool] = NodeName("allow_half_open")
    pauseOnConnect: NodeName[bool] = NodeName("pause_on_connect")
    getConnections: Final = node_name(get_connections)


def _closed(callback: Callback, was_listening: bool) -> Callback:
    """A listener for `close` that calls `callback(error)`."""

    def closed() -> None:
        error = None
        if not was_listening:
            error = make_error(RuntimeError, "ERR_SERVER_NOT_RUNNING", "Server is not running.")
        call(callback, error)

    return closed


def _dropped(local: Address | None, remote: Address | None) -> dict[str, Any]:
    """The argument of a `drop` event, with Node's names and Python's."""
    data: dict[str, Any] = {}
    for side, address in (("local", local), ("remote", remote)):
        if address is not None:
            data[f"{side}_address"] = data[f"{side}Address"] = address.address
            data[f"{side}_port"] = data[f"{side}Port"] = address.port
            data[f"{side}_family"] = data[f"{side}Family"] = address.family
    return data
