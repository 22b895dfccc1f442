"""The public interface of all drivers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

from .. import debug, events
from ..emitter import EventEmitter, Raised
from ..errors import ProtocolError
from ..escape import escaped
from ..flow import Flow
from ..grammar import has_token
from ..payload import to_bytes
from ..request import Request
from ..spelling import NodeName, node_name, spelled_options
from ..streams import IO, Messages, count_task
from ..url import shown_url
from .options import DriverOptions, Options
from .states import CLOSED, CONNECTING, MOVES, NAMES, State, StateName

if TYPE_CHECKING:
    import asyncio

    from typing_extensions import Unpack

    from ..extensions.interfaces import Extension
    from ..listeners import DriverListeners
    from ..payload import Chunk, Data, FrameType


# The events of a driver, in the order in which a connection emits them.
EVENTS = ("connect", "open", "message", "ping", "pong", "error", "close")


class Base(EventEmitter):
    """A driver: bytes in and out of `io`, messages in and out of `messages`, events in between.

    `request` is the client's handshake request, for a driver that is a server; `url` is the URL of
    the WebSocket. `options`, or keyword arguments, are those of `websocket_driver.http()`; any
    other raises `ConfigurationError`, and so does a value of the wrong type.
    """

    # This is 64 MiB, small enough for an average server to handle without running out of memory.
    MAX_LENGTH: ClassVar[int] = 0x3FFFFFF

    STATES: ClassVar[tuple[StateName, ...]] = tuple(NAMES.values())

    ConnectEvent = events.ConnectEvent
    OpenEvent = events.OpenEvent
    MessageEvent = events.MessageEvent
    PingEvent = events.PingEvent
    PongEvent = events.PongEvent
    CloseEvent = events.CloseEvent

    version: str | None = None
    protocol: str | None = None
    ready_state: State = CONNECTING

    # True if the input begins with a request or response head, for the log.
    receives_head: bool = False

    # Listening for errors of the peer is optional.
    _unheard_errors_raise = False

    # The streams, created when they are first used; most programs use only one.
    _io: IO | None = None
    _messages: Messages | None = None

    # True if `messages` has a listener for `data`.
    _forwards_messages = False

    # Logs all that the driver sends and receives, if that is on.
    _watch: debug.Watch | None = None

    # True once io.end() was called.
    _wire_has_ended = False

    # True once the driver emits nothing more and its streams do not refer to it any more.
    _is_released = False

    if TYPE_CHECKING:
        on: DriverListeners  # type: ignore[assignment]
        once: DriverListeners  # type: ignore[assignment]

    def __init__(
        self,
        request: object,
        url: str | None,
        options: Options | DriverOptions | None = None,
        **more: Unpack[DriverOptions],
    ) -> None:
        super().__init__()
        self._options = options if isinstance(options, Options) else Options.of(options, more)
        self.url = url
        self.flow: Flow = Flow(self._options.high_water_mark, self._options.max_tasks)
        if debug.is_on():
            self._watch = debug.Watch(self)

    @property
    def io(self) -> IO:
        """The wire: `write()` takes bytes from the peer, `data` events are bytes for the peer."""
        if self._io is None:
            self._io = IO(self)
            if self._is_released:
                self._release_streams()
        return self._io

    @property
    def messages(self) -> Messages:
        """The messages: `write()` sends one, `data` events are those of the peer."""
        if self._messages is None:
            self._messages = Messages(self)
            if self._is_released:
                self._messages.finish()
                self._release_streams()
        return self._messages

    @staticmethod
    def is_websocket(request: object) -> bool:
        """True if `request` asks for a WebSocket (RFC 6455 4.2.1, without the version)."""
        request = Request.of(request)
        return (
            request.method == "GET"
            and has_token(request.headers.get("connection", ""), "upgrade")
            and request.headers.get("upgrade", "").lower() == "websocket"
        )

    @staticmethod
    def validate_options(
        options: Mapping[str, object] | None, valid_names: Iterable[str]
    ) -> dict[str, object]:
        """A copy of `options`, each name spelled as it is in `valid_names`.

        Raises `ConfigurationError` for an option that is not in `valid_names` in either spelling.
        """
        return spelled_options(options, valid_names)

    @property
    def options(self) -> Options:
        """The options of this driver, checked."""
        return self._options

    # State

    def get_state(self) -> StateName | None:
        """`"connecting"`, `"open"`, `"closing"`, `"closed"`; `None` for a client not started."""
        return NAMES.get(self.ready_state)

    def _enter(self, state: State) -> bool:
        """Moves to `state`, if it may follow the present one; true if it did."""
        if state not in MOVES[self.ready_state]:
            return False
        self.ready_state = state
        return True

    # The handshake

    def add_extension(self, extension: Extension) -> bool:
        """Registers an extension to be negotiated; `False` once it is too late, and if the protocol
        has no extensions.

        Raises `TypeError` if it is not an extension, or its name is already registered.
        """
        return False

    def set_header(self, name: str, value: str) -> bool:
        """Adds a header to the handshake that `start()` sends; true if it will be sent.

        `False` once the handshake has been sent, and for a name that is set already and may come
        only once. Raises `ConfigurationError` for a name that is not a token (RFC 9110 5.6.2) and a
        value with CR, LF or NUL, `TypeError` if either is not text (or, a value, a number).
        """
        return False

    def start(self) -> bool:
        """Sends the handshake; returns true if it was sent.

        A `server()` driver without a request also returns true, and sends the handshake later. An
        unacceptable request is answered with 400, and `error` and `close` follow.
        """
        return False

    # Input

    def parse(self, chunk: Chunk) -> None:
        """Parses bytes from the peer: `bytes`, `bytearray`, `memoryview`, or a list of 0-255.

        Emits events, and `data` on `io` for replies. Exceptions from listeners propagate once all
        of `chunk` has been handled: the first is raised, the others are in its traceback. Raises
        `TypeError` or `ValueError` for a chunk that is not bytes. Bytes that arrive before
        `start()` wait for it, up to `high_water_mark`; those that arrive after the end are
        discarded.
        """
        data = chunk if chunk.__class__ is bytes else to_bytes(chunk)
        if self.ready_state != CLOSED and not self._wire_has_ended:
            self._receive(data)  # pyright: ignore[reportArgumentType]  # it is `bytes`

    def _receive(self, chunk: bytes) -> None:
        """Parses bytes from the peer. For subclasses."""

    # Output

    def frame(self, data: Data, type: FrameType | None = None, code: int | None = None) -> bool:
        """Sends `data` as one frame, or queues it until the connection is open.

        `data` is `str`, bytes, a list of integers 0-255, or a number, which is sent as its decimal
        text. `type` is the name of an opcode; `code` is the close code of a close frame. False if
        the connection is closed. Raises `TypeError` for data of another type, `ValueError` for text
        that is not UTF-8, for a control frame that is too long (RFC 6455 5.5), and for a code in
        another frame than a close frame.
        """
        return False

    def text(self, message: Data) -> bool:
        """Sends a text message, or queues it until the connection is open; false once closing.

        Raises what `frame` raises.
        """
        return self.frame(message, "text")

    def binary(self, message: Data) -> bool:
        """Sends a binary message, or queues it until the connection is open; false once closing.

        Raises what `frame` raises.
        """
        return False

    def ping(self, message: Data = "", callback: Callable[[], object] | None = None) -> bool:
        """Sends a ping (RFC 6455 5.5.2). False once closing.

        `callback()` runs when the pong to this ping or to a later one arrives. Raises what `frame`
        raises, and `TypeError` if the callback cannot be called.
        """
        return False

    def pong(self, message: Data = "") -> bool:
        """Sends an unsolicited pong (RFC 6455 5.5.3). False once closing."""
        return False

    def close(self, reason: Data = "", code: int | None = 1000) -> bool:
        """Starts the closing handshake (RFC 6455 7.1.2); true if this call changed the state.

        Raises `ValueError` for a code that an endpoint must not send (RFC 6455 7.4 and the IANA
        registry), a number in place of the reason, and a reason of more than 123 bytes.
        """
        return False

    # For the streams, and for a driver that this one forwards to

    def take_over(
        self, flow: Flow, io: IO, messages: Messages | None, watch: debug.Watch | None
    ) -> None:
        """From now on, this driver uses the streams of another, which forwards to it."""
        self._stop_watching()
        if watch is not None:
            self._watch = watch
            watch.move(self)
        self.flow, self._io, self._messages = flow, io, messages
        io.serve(self)
        if messages is not None:
            messages.serve(self)

    def has_ended(self) -> bool:
        """True if no more messages will be sent or received."""
        return self._wire_has_ended or self.ready_state == CLOSED

    def messages_wanted(self) -> None:
        """`messages` has a listener for `data`."""
        self._forwards_messages = True

    def wire_freed(self) -> None:
        """The wire takes bytes again."""

    def drain_messages(self) -> None:
        """Writing to `messages` may continue."""
        if self._messages is not None:
            self._messages.emit("drain")

    def wire_ended(self) -> None:
        """The wire has closed: no more bytes will be sent or received."""
        self._wire_has_ended = True
        raised = Raised()
        with raised:
            self._finish_messages()
        with raised:
            self._after_wire_ended()
        raised.reraise()

    def _after_wire_ended(self) -> None:
        """Nothing can follow the `end` of the messages."""
        self._release()

    # Emitting

    def _deliver(self, data: str | bytes) -> None:
        """Emits a message, on the stream first."""
        if self._forwards_messages and self.messages.readable:
            self.messages.emit("data", data)
        self.emit("message", events.MessageEvent(data))

    def _emit_error(self, error: ProtocolError) -> None:
        if self._messages is not None and self._messages.readable:
            self._messages.emit("error", error)
        self.emit("error", error)

    def _emit_close(self, code: int | None, reason: str | None) -> None:
        """Emits `close`, and drops all references."""
        raised = Raised()
        if self.flow.end():
            with raised:
                self.io.emit("drain")
        with raised:
            self._finish_messages()
        with raised:
            self.emit("close", events.CloseEvent(code, reason))
        debug.closed(self, code, reason)
        self._release()
        raised.reraise()

    def _release(self) -> None:
        """Cuts the cycles between the driver, its streams and the listeners that know it."""
        self._is_released = True
        for event in self.event_names().intersection(EVENTS):
            self.remove_all_listeners(event)
        self._stop_watching()
        self._release_streams()

    def _stop_watching(self) -> None:
        if self._watch is not None:
            self._watch.end()
            self._watch = None

    def _release_streams(self) -> None:
        if self._io is not None:
            self._io.detach()
        if self._messages is not None:
            self._messages.detach()

    def _finish_messages(self) -> None:
        if self._messages is not None:
            self._messages.finish()

    def _write(self, chunk: bytes) -> None:
        """Emits bytes for the peer."""
        io = self._io or self.io
        if io.readable:
            io.emit("data", chunk)

    def _task_started(self, task: asyncio.Future[Any]) -> None:
        count_task(task, self.io)

    def __repr__(self) -> str:
        url = "" if self.url is None else escaped(shown_url(self.url))
        return f"<{type(self).__name__} {self.get_state()} {self.version} {url}>"

    isWebSocket: Final = node_name(is_websocket)
    validateOptions: Final = node_name(validate_options)
    readyState: NodeName[State] = NodeName("ready_state")
    getState: Final = node_name(get_state)
    addExtension: Final = node_name(add_extension)
    setHeader: Final = node_name(set_header)
