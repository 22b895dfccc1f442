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
import ssl as tls
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple, cast

from .driver.payload import to_bytes
from .emitter import EventEmitter
from .spelling import NodeName
from .streams import Stream

Listener = Callable[..., object]

# How long run() waits for connections to close after it was interrupted. A peer that takes longer
# to answer a close frame is not going to.
GRACE_SECONDS = 2.0

# How many bytes may wait for the connection, or for the end of an incoming chunk, before write()
# asks the caller to wait; that of asyncio's transports.
HIGH_WATER_MARK = 0x10000


class Address(NamedTuple):
    """Where a server listens."""

    address: str
    port: int
    family: str


class Socket(Stream):
    """A TCP or TLS connection. `connect()` makes them, and a server, for its `connection` event.

    Emits `connect` and, if it is TLS, `secure_connect` (also as `secureConnect`), neither of them
    on a server; `data` with `bytes`; `drain`; `end` when the other side has ended; `error`; and
    last `close`, with true if it was because of an error. When the other side ends, so does this
    one, after what was written is sent.
    """

    def __init__(self, context: tls.SSLContext | None = None, server: Server | None = None) -> None:
        super().__init__()
        self._loop = _current_loop()
        self._context = context
        self._server = server
        self._protocol = _Protocol(self)
        self._transport: Any = None
        self._task: asyncio.Task[None] | None = None
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
        return None if self._context is None else self._context.verify_mode != tls.CERT_NONE

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
        self.writable = False
        self._unsent.clear()
        if self._task is not None:
            self._task.cancel()
        if self._transport is not None:
            self._transport.abort()
        # Not now: listeners that the caller is about to add are to see it too, as in Node.
        self._loop.call_soon(self._close, None)

    def pause(self) -> None:
        """Asks for no more `data` events for now."""
        self._paused = True
        if self._transport is not None:
            self._transport.pause_reading()

    def resume(self) -> None:
        """Takes `pause()` back."""
        self._paused = False
        if self._transport is not None:
            self._transport.resume_reading()

    # Connecting

    def start_tls(
        self,
        context: tls.SSLContext,
        server_hostname: str | None = None,
        callback: Listener | None = None,
    ) -> None:
        """Goes on with TLS, as its client, on the connection there is: behind a proxy, say.

        Emits `secure_connect` when that is done; `callback` is one listener for it. What is written
        meanwhile is sent then. Raises `RuntimeError` if there is no connection.
        """
        if self._transport is None:
            raise RuntimeError("start_tls() needs a connection: call it once `connect` was emitted")
        if callback is not None:
            self.once("secure_connect", callback)
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

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        self._task = self._loop.create_task(work)
        self._task.add_done_callback(self._ran)

    def _ran(self, task: asyncio.Task[None]) -> None:
        if task is not self._task:  # start_tls() was called as soon as there was a connection
            return
        self._task = None
        if task.cancelled():
            return
        if task.exception() is not None:
            self.destroy(task.exception())
            return
        if self._context is not None:
            _emit(self, "secure_connect")
            _emit(self, "secureConnect")
        self._opened()

    # What the protocol reports

    def _connected(self, transport: asyncio.BaseTransport) -> None:
        _remember(self)
        self._transport = transport
        self._loop.call_soon(self._keep_paused)
        if self._server is not None:
            self._server._connected(self)
            self._opened()
        else:
            _emit(self, "connect")

    def _opened(self) -> None:
        """The connection can be written to: TLS is done, where it was asked for."""
        self._keep_paused()
        self._uncork()
        if not self.writable:
            self._finish_writing()

    def _keep_paused(self) -> None:
        if self._paused:
            self._transport.pause_reading()

    def _received(self, chunk: bytes) -> None:
        # What listeners write while they take this chunk leaves in one piece.
        self._corked = True
        _emit(self, "data", chunk)
        self._uncork()

    def _ended(self) -> None:
        self.readable = False
        _emit(self, "end")
        self.end()

    def _set_full(self, full: bool) -> None:
        self._full = full
        self._drain()

    def _close(self, error: BaseException | None) -> None:
        if self._closed:
            return
        self._closed = True
        self.readable = self.writable = False
        _forget(self)
        if self._transport is not None:
            self._transport.close()
        error = self._error or error
        if error is not None:
            _emit_error(self, error)
        _emit(self, "close", error is not None)
        if self._server is not None:
            self._server._disconnected(self)

    # Inside

    def _finish_writing(self) -> None:
        self._uncork()
        try:
            if self._transport.can_write_eof():
                self._transport.write_eof()
                return
        except OSError:  # the other side is gone
            pass
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

    remoteAddress = NodeName("remote_address")
    remotePort = NodeName("remote_port")
    localAddress = NodeName("local_address")
    localPort = NodeName("local_port")
    startTls = NodeName("start_tls")


class Server(EventEmitter):
    """What `create_server()` makes. Emits `listening`, `connection` with a `Socket`, `error`, and
    `close` when it listens no more and the last of its connections is closed."""

    def __init__(self, context: tls.SSLContext | None = None) -> None:
        super().__init__()
        self._loop = _current_loop()
        self._context = context
        self._server: asyncio.Server | None = None
        self._task: asyncio.Task[asyncio.Server] | None = None
        self._connections: set[Socket] = set()
        self._closed = True

    def listen(
        self, port: int, host: str | None = None, callback: Listener | None = None
    ) -> Server:
        """Listens on a port, 0 for any that is free; on all addresses if `host` is `None`."""
        if callback is not None:
            self.once("listening", callback)
        _remember(self)
        self._closed = False
        self._task = self._loop.create_task(
            self._loop.create_server(self._make_protocol, host, port, ssl=self._context)
        )
        self._task.add_done_callback(self._listened)
        return self

    def address(self) -> Address | None:
        """Where it listens; `None` while it does not."""
        if self._server is None:
            return None
        host, port = self._server.sockets[0].getsockname()[:2]
        return Address(host, port, "IPv6" if ":" in host else "IPv4")

    def close(self, callback: Listener | None = None) -> Server:
        """Takes no more connections. Those that are open stay so."""
        if callback is not None:
            self.once("close", callback)
        if self._task is not None:
            self._task.cancel()
        if self._server is not None:
            self._server.close()
        self._server = None
        self._loop.call_soon(self._close_when_idle)
        return self

    def _listened(self, task: asyncio.Task[asyncio.Server]) -> None:
        self._task = None
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            self._server = task.result()
            _emit(self, "listening")
        else:
            _emit_error(self, error)
            self._close()

    def _make_protocol(self) -> asyncio.Protocol:
        return Socket(self._context, self)._protocol

    def _connected(self, connection: Socket) -> None:
        self._connections.add(connection)
        _emit(self, "connection", connection)

    def _disconnected(self, connection: Socket) -> None:
        self._connections.discard(connection)
        self._close_when_idle()

    def _close_when_idle(self) -> None:
        if self._server is None and not self._connections:
            self._close()

    def _close(self) -> None:
        if self._closed:
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

    def eof_received(self) -> None:
        self._socket._ended()

    def pause_writing(self) -> None:
        self._socket._set_full(True)

    def resume_writing(self) -> None:
        self._socket._set_full(False)

    def connection_lost(self, error: Exception | None) -> None:
        self._socket._close(error)


def create_server(listener: Listener | None = None, *, ssl: tls.SSLContext | None = None) -> Server:
    """A server that calls `listener(socket)` for each connection; with `ssl`, by TLS."""
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

    The certificate has to be for `server_hostname`, which is `host` if it is not given.
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
        script.loop.run_until_complete(script.until_idle())
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

    def remember(self, handle: Socket | Server) -> None:
        self.handles.add(handle)

    def forget(self, handle: Socket | Server) -> None:
        self.handles.discard(handle)
        self._changed.set()

    async def until_idle(self) -> None:
        """Waits until there are no handles and no tasks."""
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
        self._destroy_handles()
        tasks = self._tasks()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for _ in range(2):  # the sockets are closed soon, and their transports after them
            await asyncio.sleep(0)
        await self.loop.shutdown_asyncgens()

    def handle_signals(self, on_interrupt: Listener) -> None:
        """Calls `on_interrupt` at the first SIGINT or SIGTERM, and ends everything at the next."""
        numbers = (signal.SIGINT, signal.SIGTERM)

        def interrupt() -> None:
            for number in numbers:
                self.loop.add_signal_handler(number, self._destroy_handles)
            self.loop.call_later(GRACE_SECONDS, self._destroy_handles)
            _guarded(self.loop, on_interrupt, "Exception in on_interrupt")

        # Where a loop handles no signals (on Windows, outside the main thread), Ctrl-C raises.
        with suppress(NotImplementedError, RuntimeError, ValueError):
            for number in numbers:
                self.loop.add_signal_handler(number, interrupt)

    def _tasks(self) -> set[asyncio.Task[Any]]:
        return asyncio.all_tasks() - {cast("asyncio.Task[Any]", asyncio.current_task())}

    def _destroy_handles(self) -> None:
        for handle in list(self.handles):
            if isinstance(handle, Socket):
                handle.destroy()
            else:
                handle.close()


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
