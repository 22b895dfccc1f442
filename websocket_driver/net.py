"""Node's `net` and `tls` on asyncio, as far as drivers need them.

    server = net.create_server(lambda connection: connection.pipe(connection))
    server.listen(4180)
    net.run()

Sockets are streams like a driver's, so that one pipes into the other. A script that is laid out as
in Node ends in `run()`; inside a running asyncio loop everything works at once, on that loop.

What a listener raises goes to the loop's exception handler, as does an `error` that nobody listens
to: neither ends the connection, nor touches another one.
"""

from __future__ import annotations

import asyncio
import signal
import socket as bsd
import ssl as tls
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple, cast

from .emitter import EventEmitter
from .payload import to_bytes
from .spelling import NodeName, node_name
from .streams import Stream

Listener = Callable[..., object]

# How long run() waits for connections to close after it was interrupted. A peer that takes longer
# to answer a close frame is not going to.
GRACE_SECONDS = 2.0

# How many bytes may wait for the connection, or for the end of an incoming chunk, before write()
# asks the caller to wait; that of asyncio's transports.
HIGH_WATER_MARK = 0x10000

# How many connections may wait to be taken: as many as in Node.
BACKLOG = 511


class Address(NamedTuple):
    """Where a server listens."""

    address: str
    port: int
    family: str


class Socket(Stream):
    """A TCP or TLS connection. `connect()` makes them, and a server, for its `connection` event.

    Emits `connect` and, if it is TLS, `secure_connect` (also as `secureConnect`), neither of them
    on a server; `data` with `bytes`; `drain`; `end` when the other side has ended; `error`; and
    last `close`, with true if it was because of an error. What arrives waits for the first listener
    for `data`. When the other side ends, so does this one, after what was written is sent.
    """

    def __init__(self, context: tls.SSLContext | None = None, server: Server | None = None) -> None:
        super().__init__()
        self._loop = _current_loop()
        if context is not None:
            _check_context(context)
        self._context = context
        self._server = server
        self._protocol = _Protocol(self)
        self._transport: Any = None
        self._task: asyncio.Task[None] | None = None
        self._incoming: deque[bytes] = deque()
        self._flowing = False
        self._at_end = False
        self._lost = False
        self._unsent: list[bytes] = []
        self._unsent_length = 0
        self._corked = True
        self._full = False
        self._awaited = False
        self._closed = False
        self._error: BaseException | None = None

    # Where it goes

    @property
    def remote_address(self) -> str | None:
        """The IP address of the other side; `None` before the connection."""
        address: str | None = self._name("peername", 0)
        return address

    @property
    def remote_port(self) -> int | None:
        """The port of the other side; `None` before the connection."""
        port: int | None = self._name("peername", 1)
        return port

    @property
    def local_address(self) -> str | None:
        """The IP address of this side; `None` before the connection."""
        address: str | None = self._name("sockname", 0)
        return address

    @property
    def local_port(self) -> int | None:
        """The port of this side; `None` before the connection."""
        port: int | None = self._name("sockname", 1)
        return port

    @property
    def encrypted(self) -> bool:
        """True if it is TLS."""
        return self._context is not None

    @property
    def authorized(self) -> bool | None:
        """True if the other side's certificate was verified; `None` if it is not TLS."""
        if self._context is None:
            return None
        # asyncio has an empty certificate if it was not asked to verify it.
        return self._transport is not None and bool(self._transport.get_extra_info("peercert"))

    def _name(self, key: str, index: int) -> Any:
        names = self._transport.get_extra_info(key) if self._transport is not None else None
        return names[index] if names else None

    # The stream

    def write(self, chunk: Any) -> bool:
        """Sends bytes, or a `str` as UTF-8; before the connection, once it is there.

        False if it is not writable, or if so much waits to be sent that the caller should wait for
        `drain`.
        """
        if not self.writable:
            return False
        data = chunk.encode() if isinstance(chunk, str) else to_bytes(chunk)
        self._unsent.append(data)
        self._unsent_length += len(data)
        self._flush()
        self._awaited = self._full or self._unsent_length > HIGH_WATER_MARK
        return not self._awaited

    def end(self, chunk: Any = None) -> None:
        """Sends `chunk`, if there is one, and that nothing will follow."""
        if chunk is not None:
            self.write(chunk)
        if not self.writable:
            return
        self.writable = False
        if self._transport is not None and self._task is None:
            self._finish_writing()

    def destroy(self, error: BaseException | None = None) -> None:
        """Closes the connection at once; what was not sent yet is lost."""
        if self._error is None:
            self._error = error
        self.readable = self.writable = False
        self._unsent.clear()
        self._incoming.clear()
        if self._task is not None:
            self._task.cancel()
        if self._transport is not None:
            self._transport.abort()
        # Not now: listeners that the caller is about to add are to see it too, as in Node.
        self._loop.call_soon(self._close, None)

    def pause(self) -> None:
        """Asks for no more `data` events for now."""
        self._is_paused = True
        self._control_reading()

    def resume(self) -> None:
        """Takes `pause()` back. What nobody listens to is dropped from now on."""
        self._is_paused = False
        self._flow()

    def _listener_added(self, event: str) -> None:
        if event == "data":
            self._flow()

    # Options

    def set_no_delay(self, no_delay: bool = True) -> Socket:
        """Sends small writes at once, as asyncio does unless this switches it off."""
        return self._set_option(bsd.IPPROTO_TCP, bsd.TCP_NODELAY, no_delay)

    def set_keep_alive(self, enable: bool = False) -> Socket:
        """Has the system ask from time to time whether a silent peer is still there."""
        return self._set_option(bsd.SOL_SOCKET, bsd.SO_KEEPALIVE, enable)

    def _set_option(self, level: int, name: int, value: bool) -> Socket:
        if self._transport is None:
            self.once("connect", partial(self._set_option, level, name, value))
        elif not self._closed:
            self._transport.get_extra_info("socket").setsockopt(level, name, int(value))
        return self

    # Connecting

    def start_tls(
        self,
        context: tls.SSLContext,
        server_hostname: str | None = None,
        callback: Listener | None = None,
    ) -> None:
        """Goes on with TLS, as its client, on the connection there is: behind a proxy, say.

        Emits `secure_connect` when that is done; `callback` is one listener for it. What is written
        meanwhile is sent then. Raises `RuntimeError` if there is no connection, and `TypeError` for
        a `context` that is none.
        """
        if self._transport is None:
            raise RuntimeError("start_tls() needs a connection: call it once `connect` was emitted")
        _check_context(context)
        if callback is not None:
            self.once("secure_connect", callback)
        # What comes from now on is for TLS.
        self._transport.pause_reading()
        self._run(self._upgrade(context, server_hostname))

    def _connect(self, host: str, port: int, server_hostname: str | None) -> None:
        _remember(self)
        hostname = None if self._context is None else server_hostname or host
        self._run(self._make_connection(host, port, hostname))

    async def _make_connection(self, host: str, port: int, hostname: str | None) -> None:
        await self._loop.create_connection(
            lambda: self._protocol, host, port, ssl=self._context, server_hostname=hostname
        )

    async def _upgrade(self, context: tls.SSLContext, hostname: str | None) -> None:
        self._transport = await self._loop.start_tls(
            self._transport, self._protocol, context, server_hostname=hostname
        )
        self._context = context
        self._full = False

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        self._task = self._loop.create_task(work)
        self._task.add_done_callback(self._ran)

    def _ran(self, task: asyncio.Task[None]) -> None:
        if task is not self._task:  # start_tls() was called as soon as there was a connection
            return
        self._task = None
        if task.cancelled():
            return
        error = task.exception()  # in any case: asyncio complains of one that nobody takes
        if self._closed:
            return
        if error is not None:
            self.destroy(error)
            return
        if self._context is not None:
            _emit(self, "secure_connect")
            _emit(self, "secureConnect")
        self._opened()

    # What the protocol reports

    def _connected(self, transport: asyncio.BaseTransport) -> None:
        _remember(self)
        self._transport = transport
        if self._server is not None:
            self._server._connected(self)
            self._opened()
        else:
            _emit(self, "connect")

    def _opened(self) -> None:
        """The connection can be written to: TLS is done, where it was asked for."""
        self._uncork()
        self._drain()
        if not self.writable:
            self._finish_writing()
        self._deliver()

    def _received(self, chunk: bytes) -> None:
        if self._incoming or not self._takes_data():
            self._incoming.append(chunk)
            self._control_reading()
        else:
            self._give(chunk)

    def _flow(self) -> None:
        self._flowing = True
        # Not now: the caller goes first.
        if self._incoming:
            self._loop.call_soon(self._deliver)
        else:
            self._control_reading()

    def _deliver(self) -> None:
        """Emits what has arrived and is wanted now."""
        while self._incoming and self._takes_data():
            self._give(self._incoming.popleft())

        self._control_reading()
        if self._incoming or self._task is not None:
            return
        if self._at_end and self.readable:
            self._ended()
        if self._lost:
            self._close(None)

    def _takes_data(self) -> bool:
        return self._flowing and not self._is_paused and self._task is None

    def _give(self, chunk: bytes) -> None:
        # What listeners write while they take a chunk leaves in one piece.
        self._corked = True
        _emit(self, "data", chunk)
        self._uncork()

    def _control_reading(self) -> None:
        # While a task is at work it is the task that reads.
        if self._transport is None or self._task is not None or self._lost or self._closed:
            return
        if self._is_paused or self._incoming:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def _ended(self) -> None:
        self.readable = False
        _emit(self, "end")
        self.writable = False
        self._finish_writing()

    def _received_end(self) -> bool:
        """The other side has ended; true if the transport is to be left open for now."""
        self._at_end = True
        self._deliver()
        return self._context is None  # TLS has to end both sides at once

    def _lost_connection(self, error: Exception | None) -> None:
        # Nobody is to hear of what the other side still sent when this one had ended TLS.
        ended = isinstance(error, tls.SSLError) and not self.writable
        self.writable = False
        self._at_end = self._lost = True
        if error is not None and not ended:
            self._close(error)
        else:
            self._deliver()

    def _set_full(self, full: bool) -> None:
        self._full = full
        self._drain()

    def _close(self, error: BaseException | None) -> None:
        if self._closed:
            return
        self._closed = True
        self.readable = self.writable = False
        self._incoming.clear()
        if self._transport is not None:
            self._transport.close()  # it is, but Python 3.10 does not take note of it with TLS
        _forget(self)
        error = self._error or error
        if error is not None:
            _emit_error(self, error)
        _emit(self, "close", error is not None)
        if self._server is not None:
            self._server._disconnected(self)

    # Inside

    def _finish_writing(self) -> None:
        self._uncork()
        half_open = not self._at_end and self._transport.can_write_eof()
        try:
            if self._transport.can_write_eof():
                self._transport.write_eof()
        except OSError:  # the other side is gone
            half_open = False
        if not half_open:
            self._transport.close()

    def _uncork(self) -> None:
        self._corked = False
        self._flush()

    def _flush(self) -> None:
        # While a task is at work there is no connection yet, or it is becoming another one.
        if self._corked or self._task is not None or not self._unsent:
            return
        chunks, self._unsent = self._unsent, []
        self._unsent_length = 0
        self._transport.write(chunks[0] if len(chunks) == 1 else b"".join(chunks))
        self._drain()

    def _drain(self) -> None:
        if self._awaited and not self._full:
            self._awaited = False
            _emit(self, "drain")

    remoteAddress = NodeName["str | None"]("remote_address")
    remotePort = NodeName["int | None"]("remote_port")
    localAddress = NodeName["str | None"]("local_address")
    localPort = NodeName["int | None"]("local_port")
    startTls = node_name(start_tls)
    setNoDelay = node_name(set_no_delay)
    setKeepAlive = node_name(set_keep_alive)


class Server(EventEmitter):
    """What `create_server()` makes. Emits `listening`, `connection` with a `Socket`, `error`, and
    `close` when it listens no more and the last of its connections is closed."""

    def __init__(self, context: tls.SSLContext | None = None) -> None:
        super().__init__()
        self._loop = _current_loop()
        if context is not None:
            _check_context(context)
        self._context = context
        self._server: asyncio.Server | None = None
        self._task: asyncio.Task[None] | None = None
        self._connections: set[Socket] = set()
        self._closed = True
        self._closing = False

    def listen(
        self, port: int, host: str | None = None, callback: Listener | None = None
    ) -> Server:
        """Listens on a port, 0 for any that is free; on all addresses if `host` is `None`.

        Raises `RuntimeError` if it has been told to already and is not closed yet.
        """
        if not self._closed:
            raise RuntimeError("listen() was called before: close() comes first")
        if callback is not None:
            self.once("listening", callback)
        _remember(self)
        self._closed = self._closing = False
        self._task = self._loop.create_task(self._bind(port, host))
        self._task.add_done_callback(self._listened)
        return self

    def address(self) -> Address | None:
        """Where it listens; `None` while it does not."""
        if self._server is None:
            return None
        host, port = self._server.sockets[0].getsockname()[:2]
        return Address(host, port, "IPv6" if ":" in host else "IPv4")

    def close(self, callback: Listener | None = None) -> Server:
        """Takes no more connections. Those that are open stay so.

        `callback` is one listener for `close`, or called at once if there is nothing to close.
        """
        if callback is not None and self._closed:
            self._loop.call_soon(callback)
        elif callback is not None:
            self.once("close", callback)
        if self._server is not None:
            self._server.close()
        self._server = None
        self._closing = True
        self._loop.call_soon(self._close_when_idle)
        return self

    async def _bind(self, port: int, host: str | None) -> None:
        if host is None:
            listener = _bind_everywhere(port)
        else:
            found = await self._loop.getaddrinfo(
                host, port, type=bsd.SOCK_STREAM, flags=bsd.AI_PASSIVE
            )
            family, _, _, _, address = found[0]
            listener = bsd.create_server(address, family=family, backlog=BACKLOG)

        server = await self._loop.create_server(
            self._make_protocol,
            sock=listener,
            ssl=self._context,
            backlog=BACKLOG,
            start_serving=False,
        )
        if self._closing:
            server.close()
            return
        self._server = server
        await server.start_serving()

    def _listened(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if not task.cancelled() and task.exception() is not None:
            self._closing = True
            _emit_error(self, cast("BaseException", task.exception()))
        if self._server is not None:
            _emit(self, "listening")
        else:
            self._close_when_idle()

    def _make_protocol(self) -> asyncio.Protocol:
        return Socket(self._context, self)._protocol

    def _connected(self, connection: Socket) -> None:
        self._connections.add(connection)
        _emit(self, "connection", connection)

    def _disconnected(self, connection: Socket) -> None:
        self._connections.discard(connection)
        self._close_when_idle()

    def _close_when_idle(self) -> None:
        if self._closed or not self._closing or self._task is not None or self._connections:
            return
        self._closed = True
        _forget(self)
        _emit(self, "close")


class _Protocol(asyncio.Protocol):
    """Tells a socket what asyncio tells a protocol."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._socket._connected(transport)

    def data_received(self, data: bytes) -> None:
        self._socket._received(data)

    def eof_received(self) -> bool:
        return self._socket._received_end()

    def pause_writing(self) -> None:
        self._socket._set_full(True)

    def resume_writing(self) -> None:
        self._socket._set_full(False)

    def connection_lost(self, error: Exception | None) -> None:
        self._socket._lost_connection(error)


def create_server(listener: Listener | None = None, *, ssl: tls.SSLContext | None = None) -> Server:
    """A server that calls `listener(socket)` for each connection; with `ssl`, by TLS.

    Raises `TypeError` if `ssl` is no `ssl.SSLContext`.
    """
    server = Server(ssl)
    if listener is not None:
        server.on("connection", listener)
    return server


def connect(
    port: int,
    host: str = "localhost",
    callback: Listener | None = None,
    *,
    ssl: tls.SSLContext | None = None,
    server_hostname: str | None = None,
) -> Socket:
    """A socket that connects, with `ssl` by TLS; `callback` is one listener for `connect`.

    The certificate has to be for `server_hostname`, which is `host` if it is not given. Raises
    `TypeError` if `ssl` is no `ssl.SSLContext`.
    """
    socket = Socket(ssl)
    if callback is not None:
        socket.once("connect", callback)
    socket._connect(host, port, server_hostname)
    return socket


def run(on_interrupt: Listener | None = None) -> None:
    """Runs until no server, no socket and no task is left open, as Node does by itself.

    Ctrl-C, and SIGTERM, call `on_interrupt()`, which is to close what is open; what is left two
    seconds later, or at the next Ctrl-C, is cut off. Without it, Ctrl-C raises `KeyboardInterrupt`.
    Raises `RuntimeError` inside a running asyncio loop, where there is nothing to run.
    """
    global _script
    if _running_loop() is not None:
        raise RuntimeError("net.run() cannot be called inside a running loop, and need not be")

    _script = script = _script or Script()
    try:
        if on_interrupt is not None:
            script.handle_signals(on_interrupt)
        script.run()
    finally:
        script.loop.run_until_complete(script.cut_off())
        script.loop.close()
        _script = None


class Script:
    """A loop that `run()` runs, and the servers and sockets on it that keep it running."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.handles: set[Socket | Server] = set()
        self._changed = asyncio.Event()
        self._main = self.loop.create_task(self._until_idle())

    def remember(self, handle: Socket | Server) -> None:
        self.handles.add(handle)

    def forget(self, handle: Socket | Server) -> None:
        self.handles.discard(handle)
        self._changed.set()

    def run(self) -> None:
        """Runs until there are no handles and no tasks."""
        with suppress(asyncio.CancelledError):
            self.loop.run_until_complete(self._main)

    async def _until_idle(self) -> None:
        while True:
            tasks = self._tasks()
            if self.handles:
                self._changed.clear()
                await self._changed.wait()
            elif tasks:
                await asyncio.wait(tasks)
            else:
                return

    async def cut_off(self) -> None:
        """Ends whatever is left."""
        tasks = self._tasks()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        told: set[Socket | Server] = set()
        while self.handles:
            for handle in self.handles - told:
                if told:  # opened by a listener, which would go on for ever
                    handle.remove_all_listeners()
                handle.destroy() if isinstance(handle, Socket) else handle.close()
            told |= self.handles
            await asyncio.sleep(0)
        await asyncio.sleep(0)  # for the transports, which are told after the sockets
        await self.loop.shutdown_asyncgens()

    def handle_signals(self, on_interrupt: Listener) -> None:
        """Calls `on_interrupt` at the first SIGINT or SIGTERM, and ends everything at the next."""
        numbers = (signal.SIGINT, signal.SIGTERM)

        def interrupt() -> None:
            for number in numbers:
                self.loop.add_signal_handler(number, self._main.cancel)
            self.loop.call_later(GRACE_SECONDS, self._main.cancel)
            _guarded(self.loop, on_interrupt, "Exception in on_interrupt")

        # Where a loop handles no signals (on Windows, outside the main thread), Ctrl-C raises.
        with suppress(NotImplementedError, RuntimeError, ValueError):
            for number in numbers:
                self.loop.add_signal_handler(number, interrupt)

    def _tasks(self) -> set[asyncio.Task[Any]]:
        return asyncio.all_tasks() - {cast("asyncio.Task[Any]", asyncio.current_task())}


_script: Script | None = None


def _running_loop() -> asyncio.AbstractEventLoop | None:
    with suppress(RuntimeError):
        return asyncio.get_running_loop()
    return None


def _current_loop() -> asyncio.AbstractEventLoop:
    """The running loop, or the one that `run()` is going to run."""
    global _script
    running = _running_loop()
    if running is not None:
        return running
    if _script is None:
        _script = Script()
    return _script.loop


def _check_context(context: Any) -> None:
    if not isinstance(context, tls.SSLContext):
        raise TypeError(f"TLS takes an ssl.SSLContext, not {context!r}")


def _bind_everywhere(port: int) -> bsd.socket:
    """A socket that listens to IPv6 and IPv4 if it can, as Node's does, or else to IPv4."""
    if bsd.has_dualstack_ipv6():
        with suppress(OSError):
            return bsd.create_server(
                ("", port), family=bsd.AF_INET6, backlog=BACKLOG, dualstack_ipv6=True
            )
    return bsd.create_server(("", port), backlog=BACKLOG)


def _remember(handle: Socket | Server) -> None:
    if _script is not None and handle._loop is _script.loop:
        _script.remember(handle)


def _forget(handle: Socket | Server) -> None:
    if _script is not None and handle._loop is _script.loop:
        _script.forget(handle)


def _emit(emitter: Socket | Server, event: str, *args: Any) -> None:
    emit = partial(emitter.emit, event, *args)
    _guarded(emitter._loop, emit, f"Exception in a listener for {event!r}")


def _emit_error(emitter: Socket | Server, error: BaseException) -> None:
    if emitter.listener_count("error"):
        _emit(emitter, "error", error)
    else:
        _report(emitter._loop, f"Nobody listens to the error of a {type(emitter).__name__}", error)


def _guarded(loop: asyncio.AbstractEventLoop, function: Listener, message: str) -> None:
    try:
        function()
    except Exception as error:
        _report(loop, message, error)


def _report(loop: asyncio.AbstractEventLoop, message: str, error: BaseException) -> None:
    loop.call_exception_handler({"message": message, "exception": error})


createServer = create_server
createConnection = create_connection = connect
