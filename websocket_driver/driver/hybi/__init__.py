"""RFC 6455, which began as draft-ietf-hybi-thewebsocketprotocol."""

from __future__ import annotations

import hashlib
from binascii import a2b_base64, b2a_base64
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from operator import length_hint
from typing import TYPE_CHECKING, ClassVar, Final, TypeGuard

from ...emitter import Raised
from ...errors import ProtocolError
from ...events import MessageEvent, PingEvent, PongEvent
from ...extensions import NO_EXTENSIONS, ExtensionError, Extensions
from ...grammar import first_listed
from ...http_parser import HttpError
from ...payload import to_bytes, to_optional_payload
from ...permessage_deflate.direct import Direct
from ...speedups import chosen_method
from ...spelling import node_name
from ..connection import Connection
from ..options import DriverOptions, Options
from ..states import CLOSED, CLOSING, CONNECTING, OPEN, State
from . import codec, rules
from .codec import Opcode, make_frame
from .delivery import deliver
from .inflated import Inflated
from .keys import next_key
from .message import Message, failure_of, take_text
from .outgoing import (
    CLOSE_CODE_SIZE,
    DEFAULT_CLOSE_CODE,
    OPCODES,
    prepare,
    prepare_close,
    truncate,
)
from .pings import Pings, check_callback
from .receiver import DONE, NOTHING, Receiver
from .rules import Violation, limits
from .utf8 import decode

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ...extensions.interfaces import Extension
    from ...extensions.interfaces import Message as ExtendedMessage
    from ...payload import Chunk, Data, FrameType
    from .frame import Frame

# The first bytes of frames that are complete messages.
BINARY: Final = "binary"
WHOLE: Final[Mapping[str | None, int]] = {"text": codec.WHOLE_TEXT, BINARY: codec.WHOLE_BINARY}
TYPES: Final = tuple(WHOLE)

# The header lines that are the same in each request and response.
UPGRADE: Final[Mapping[str | int, str]] = {
    "upgrade": "Upgrade: websocket\r\n",
    "connection": "Connection: Upgrade\r\n",
}

KEY_BYTES: Final = 16
KEY_LENGTH: Final = 24


class Hybi(Connection):
    """The server's side of RFC 6455, and the base class of the client's."""

    VERSION = "13"
    GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

    # RFC 6455 5.2
    FIN = codec.FIN
    MASK = codec.MASK
    RSV1 = codec.RSV1
    RSV2 = codec.RSV2
    RSV3 = codec.RSV3
    OPCODE = codec.OPCODE
    LENGTH = codec.LENGTH

    OPCODES: ClassVar[Mapping[str, int]] = OPCODES
    OPCODE_CODES = tuple(sorted(rules.OPCODES))
    MESSAGE_OPCODES = (Opcode.CONTINUATION.value, *sorted(rules.OPENING_OPCODES))
    OPENING_OPCODES = tuple(sorted(rules.OPENING_OPCODES))

    # RFC 6455 7.4
    ERRORS: ClassVar[Mapping[str, int]] = {
        "normal_closure": 1000,
        "going_away": 1001,
        "protocol_error": 1002,
        "unacceptable": 1003,
        "encoding_error": 1007,
        "policy_violation": 1008,
        "too_large": 1009,
        "extension_error": 1010,
        "unexpected_condition": 1011,
    }
    ERROR_CODES = tuple(sorted(rules.REGISTERED_CLOSE_CODES))
    DEFAULT_ERROR_CODE = DEFAULT_CLOSE_CODE
    MIN_RESERVED_ERROR = rules.MIN_RESERVED_CLOSE_CODE
    MAX_RESERVED_ERROR = rules.MAX_RESERVED_CLOSE_CODE

    version: str | None = f"hybi-{VERSION}"

    # Whether frames are masked, if the connection is open and has no extensions; otherwise `None`.
    _direct: bool | None = None

    # The session of permessage-deflate, if it is the only extension.
    _deflate: Direct | None = None

    # Makes a masking key.
    _next_key = staticmethod(next_key)

    # The pings with a callback that wait for their pong.
    _pings: Pings | None = None

    # The payload of the last ping that arrived while the wire was full, to be answered later.
    _owed_pong: bytes | None = None

    # Messages that have passed the extensions and have not been emitted.
    _processed: deque[tuple[ExtensionError | None, ExtendedMessage | None]] | None = None

    # The number of items taken from the input or from the extensions.
    _handled = 0

    # True while a message of the peer is passed to the extensions.
    _is_processing = False

    def __init__(
        self,
        request: object,
        url: str | None,
        options: Options | DriverOptions | None = None,
        **more: Unpack[DriverOptions],
    ) -> None:
        super().__init__(request, url, options, **more)

        max_length = self._max_length
        self._extensions = Extensions()
        self._extensions.limit(max_length, self._options.max_extension_params)
        self._receiver = Receiver(
            self._reader, self._extensions, limits(max_length, self._expects_masking())
        )

        offered = self._request.headers.get("sec-websocket-protocol")
        if offered is not None:
            self.protocol: str | None = first_listed(offered, self._options.protocols)

    def _expects_masking(self) -> bool | None:
        """Whether frames of the peer must be masked (RFC 6455 5.1); `None` if both are accepted."""
        return True if self._options.require_masking else None

    def _enter(self, state: State) -> bool:
        entered = super()._enter(state)
        direct = deflate = None
        if self.ready_state == OPEN:
            sessions = self._extensions.sessions
            if sessions:
                deflate = Direct.of(sessions)
            else:
                direct = self._options.masking
                self._extensions = self._receiver.extensions = NO_EXTENSIONS
        self._direct = direct
        if deflate is not self._deflate:
            self._deflate = deflate
        self._receiver.fast = None if direct is None and deflate is None else deflate is not None
        return entered

    @staticmethod
    def mask(payload: bytes, mask: bytes | None, offset: int = 0) -> bytes:
        """`payload`, masked or unmasked by `mask` from `offset` on (RFC 6455 5.3)."""
        if not mask:
            return payload

        return payload[:offset] + codec.mask(payload[offset:], bytes(mask))

    @staticmethod
    def generate_accept(key: str) -> str:
        """The Sec-WebSocket-Accept header for a Sec-WebSocket-Key (RFC 6455 4.2.2)."""
        digest = hashlib.sha1((key + Hybi.GUID).encode(), usedforsecurity=False).digest()
        return b2a_base64(digest, newline=False).decode()

    def add_extension(self, extension: Extension) -> bool:
        if self._started or self.has_ended():
            return False
        self._extensions.add(extension)
        return True

    # Sending

    def text(self, message: Data) -> bool:
        if self.ready_state > OPEN:
            return False
        return self.frame(message, "text")

    def binary(self, message: Data) -> bool:
        if self.ready_state > OPEN:
            return False
        return self.frame(message, "binary")

    # The compiled versions call these unless there is exactly one argument, passed by position.
    _text_otherwise: Final = text
    _binary_otherwise: Final = binary

    def ping(self, message: Data = "", callback: Callable[[], object] | None = None) -> bool:
        check_callback(callback)
        if self.ready_state > OPEN or self._wire_has_ended:
            return False
        payload, _ = prepare(to_optional_payload(message), "ping")
        if callback is not None:
            if self._pings is None:
                self._pings = Pings(self._options.max_pings)
            self._pings.add(payload, callback)
        return self.frame(payload, "ping")

    def pong(self, message: Data = "") -> bool:
        if self.ready_state > OPEN:
            return False
        return self.frame(to_optional_payload(message), "pong")

    def close(self, reason: Data = "", code: int | None = 1000) -> bool:
        payload, code = prepare_close(reason, code)

        if self.ready_state > OPEN:
            return False
        if self.ready_state == OPEN:
            self._enter(CLOSING)
            self._extensions.close(partial(self.frame, payload, "close", code))
        else:
            self._enter(CLOSED)
            self._emit_close(code, payload.decode("utf-8", "replace"))
        return True

    def frame(self, data: Data, type: FrameType | None = None, code: int | None = None) -> bool:
        masks = self._direct
        if masks is not None and is_whole(data, type):
            self._write(make_frame(WHOLE[type], data, self._next_key() if masks else None))
            return True
        return self._frame_otherwise(data, type, code)

    def _frame_otherwise(
        self, data: Data, type: FrameType | None = None, code: int | None = None
    ) -> bool:
        """Sends or queues a frame that is more than a message to be sent as it is."""
        if self.has_ended():
            return False
        if self._deflate is not None and is_whole(data, type):
            self._send_deflated(self._deflate, WHOLE[type], data)
            return True

        payload, type = prepare(data, type, code)
        if self.ready_state <= CONNECTING:
            self._enqueue(len(payload), payload, type, code)
            return True

        if code is not None:
            payload = code.to_bytes(2, "big") + payload

        opcode = OPCODES[type]
        if opcode >= Opcode.CLOSE or self._direct is not None:
            self._send_frame(self.FIN | opcode, payload)
        else:
            self._extensions.process_outgoing_message(
                Message(opcode, payload), self._on_outgoing_message
            )
        return True

    def _send_deflated(self, deflate: Direct, first: int, data: str | bytes) -> None:
        """Sends a whole message through permessage-deflate alone."""
        try:
            payload = deflate.compress(data.encode() if isinstance(data, str) else data)
        except ExtensionError as error:
            # Without the traceback, which refers to this frame: a reference cycle.
            failure = error.with_traceback(None)
        else:
            self._send_frame(first | self.RSV1, payload)
            return
        self._fail_extension(failure)

    def _on_outgoing_message(
        self, error: ExtensionError | None, message: ExtendedMessage | None
    ) -> None:
        error = error or failure_of(message)
        if error is not None:
            self._fail_extension(error)
        else:
            assert message is not None
            self._send_frame(
                self.FIN
                | (self.RSV1 if message.rsv1 else 0)
                | (self.RSV2 if message.rsv2 else 0)
                | (self.RSV3 if message.rsv3 else 0)
                | message.opcode,
                bytes(message.data),
            )

    def _send_frame(self, first: int, payload: str | bytes) -> None:
        self._write(make_frame(first, payload, self._next_key() if self._options.masking else None))

    # The handshake

    def _handshake_response(self) -> bytes:
        self._check_request()

        version = self._request.headers.get("sec-websocket-version")
        key = self._request.headers.get("sec-websocket-key")

        if version is None:
            raise self._version_error("Missing handshake request header: Sec-WebSocket-Version")
        if version != self.VERSION:
            raise self._version_error(f"Unsupported WebSocket version: {version}")
        if key is None:
            raise ProtocolError("Missing handshake request header: Sec-WebSocket-Key")
        if not is_key(key):
            raise ProtocolError("Invalid handshake request header: Sec-WebSocket-Key")

        accept = self.generate_accept(key)
        self._headers.set_known(
            {**UPGRADE, "sec-websocket-accept": f"Sec-WebSocket-Accept: {accept}\r\n"}
        )

        if self.protocol:
            self._headers.set("Sec-WebSocket-Protocol", self.protocol)

        header = self._request.headers.get("sec-websocket-extensions")
        response = self._extensions.generate_response(header)
        if response:
            self._headers.set("Sec-WebSocket-Extensions", response)

        return b"HTTP/1.1 101 Switching Protocols\r\n%b\r\n" % self._headers.encode()

    def _version_error(self, message: str) -> HttpError:
        """An error that names the supported version (RFC 6455 4.2.2)."""
        return HttpError(message, headers={"Sec-WebSocket-Version": self.VERSION})

    # Receiving

    def parse(self, chunk: Chunk) -> None:
        data = chunk if chunk.__class__ is bytes else to_bytes(chunk)
        receiver = self._receiver
        if not receiver.take_chunk(data):  # pyright: ignore[reportArgumentType]  # it is `bytes`
            super().parse(data)
            return
        if receiver.taken is NOTHING:
            return
        if self._deflate is not None:
            self._inflate_taken()
            self._parse_input()
            return
        raised = None
        try:
            # The same as _emit_taken(), without a call.
            stream = self.messages if self._forwards_messages else None
            deliver(receiver.taken, self, stream, MessageEvent)  # type: ignore[arg-type]
            receiver.taken = NOTHING
        except Exception as error:
            raised = Raised(error)
        if raised is not None or (self._reader.chunk and not receiver.is_waiting()):
            self._finish_step(self._receive_input, raised)

    def _receive(self, chunk: bytes) -> None:
        self._receiver.stop_waiting()
        super()._receive(chunk)

    def _parse_input(self) -> None:
        """Handles all input that has arrived."""
        self._finish_step(self._receive_input)

    def _finish_step(self, step: Callable[[], None], raised: Raised | None = None) -> None:
        """Calls `step`, which emits events, until it has nothing left to do.

        A violation fails the connection outside of the `except`, so that exceptions from listeners
        do not get it as their context. The first exception from a listener propagates at the end;
        `raised` contains those raised so far.
        """
        handled: tuple[int, int] | None = None
        while True:
            violation = None
            try:
                step()
            except Violation as error:
                violation = error
            except Exception as error:
                raised = raised or Raised()
                raised.add(error)
                before, handled = handled, (self._handled, length_hint(self._receiver.taken))
                if handled != before:
                    continue
                # Not from a listener, which would be called only after something was taken.
            if violation is None:
                break
            raised = raised or Raised()
            with raised:
                self._fail(violation.type, ProtocolError(violation.message))
        if raised is not None:
            raised.reraise()

    def _receive_input(self) -> None:
        """Emits what the input holds. It can be called again after a listener has raised."""
        receiver = self._receiver
        self._emit_processed()
        self._emit_taken()
        while self.ready_state >= OPEN and receiver.stage != DONE and self._reader.chunk:
            if receiver.is_waiting():
                break
            if receiver.take_messages():
                self._handled += 1
                if self._deflate is not None:
                    self._inflate_taken()
                self._emit_taken()
                continue
            received = receiver.receive()
            if received is None:
                break
            self._handled += 1
            if isinstance(received, Message):
                self._emit_message(received)
            else:
                self._emit_frame(received)
        if receiver.stage == DONE:
            self._reader.clear()

    def _emit_taken(self) -> None:
        """Emits the messages of the fast path. A listener may parse() more: they are emitted
        there."""
        stream = self.messages if self._forwards_messages else None
        # Compressed messages are decompressed by now: see _inflate_taken().
        messages: Iterator[str | bytes] = self._receiver.taken  # type: ignore[assignment]
        deliver(messages, self, stream, MessageEvent)
        self._receiver.taken = NOTHING

    def _inflate_taken(self) -> None:
        self._receiver.taken = Inflated(self._receiver.taken, self._inflate)

    def _inflate(self, is_text: bool, payload: bytes) -> str | bytes | None:
        """Decompresses a message that was taken; `None` if the connection has failed or closes."""
        if self._deflate is None:
            return None
        try:
            data = self._deflate.decompress(payload)
        except ExtensionError as error:
            failure = error.with_traceback(None)  # as in _send_deflated
        else:
            rules.check_message_length(len(data), self._receiver.limits)
            if not is_text:
                return data
            message = Message(codec.TEXT, data)
            del data  # the last reference, so that it is freed while it is decoded
            return self._encode(message)
        self._fail_extension(failure)
        return None

    def _emit_message(self, message: Message) -> None:
        """Emits a message that is complete, or passes it through the extensions first."""
        if self._extensions.sessions:
            message.read()
            self._is_processing = True
            try:
                self._extensions.process_incoming_message(message, self._on_incoming_message)
            finally:
                self._is_processing = False
            self._emit_processed()
        elif self.ready_state != OPEN:
            return
        elif message.opcode == Opcode.TEXT:
            # The receiver has checked it.
            self._deliver(message.read_text() or "")
        else:
            self._deliver(message.read())

    def _on_incoming_message(
        self, error: ExtensionError | None, message: ExtendedMessage | None
    ) -> None:
        if self._processed is None:
            self._processed = deque()
        self._processed.append((error, message))
        # An extension that calls back at once must not catch exceptions from listeners.
        if not self._is_processing:
            self._finish_step(self._emit_processed)

    def _emit_processed(self) -> None:
        """Emits the messages that have passed the extensions."""
        while self._processed:
            error, message = self._processed.popleft()
            self._handled += 1
            error = error or failure_of(message)
            if error is not None:
                self._fail_extension(error)
            else:
                assert message is not None
                rules.check_message_length(len(message.data), self._receiver.limits)
                self._deliver(self._encode(message))

    def _encode(self, message: ExtendedMessage) -> str | bytes:
        """The data of a message as its listeners receive it."""
        if message.opcode != Opcode.TEXT:
            return bytes(message.data)
        text = take_text(message)
        rules.check_text(text is not None)
        return text or ""

    def _emit_frame(self, frame: Frame) -> None:
        """Handles a control frame (RFC 6455 5.5)."""
        if frame.opcode == Opcode.CLOSE:
            self._receive_close(frame.payload)
        elif frame.opcode == Opcode.PING:
            self._receive_ping(frame.payload)
        else:
            self._receive_pong(frame.payload)

    def _receive_close(self, payload: bytes) -> None:
        """Answers a close frame and ends the connection (RFC 6455 5.5.1 and 7.1.5)."""
        reason = decode(payload[CLOSE_CODE_SIZE:])
        code = self.DEFAULT_ERROR_CODE
        if payload:
            code = int.from_bytes(payload[:CLOSE_CODE_SIZE], "big")
            if len(payload) < CLOSE_CODE_SIZE or not rules.is_close_code(code) or reason is None:
                code = self.ERRORS["protocol_error"]
        self._shutdown(code, reason or "")

    def _receive_ping(self, payload: bytes) -> None:
        """Answers a ping, at once or when the wire takes bytes again (RFC 6455 5.5.2)."""
        raised = Raised()
        with raised:
            if self.flow.wire_is_full:
                self._owed_pong = payload
            else:
                self.frame(payload, "pong")
        with raised:
            self.emit("ping", PingEvent(payload.decode("utf-8", "replace"), payload))
        raised.reraise()

    def _receive_pong(self, payload: bytes) -> None:
        """Runs the callbacks of the answered ping and of those before it (RFC 6455 5.5.3)."""
        raised = Raised()
        for callback in self._pings.settle(payload) if self._pings else ():
            with raised:
                result = callback()
                if result is not None:
                    self._returned(callback, result)
        with raised:
            self.emit("pong", PongEvent(payload.decode("utf-8", "replace"), payload))
        raised.reraise()

    def wire_freed(self) -> None:
        payload, self._owed_pong = self._owed_pong, None
        if payload is not None:
            self.frame(payload, "pong")

    # The end

    def _shutdown(self, code: int, reason: str, error: ProtocolError | None = None) -> None:
        """Ends the connection (RFC 6455 7.1.5 to 7.1.7): sends a close frame unless one was sent,
        and emits the events after the messages that are still in the extensions."""
        self._receiver.finish()
        send_close_frame = self.ready_state == OPEN
        self._enter(CLOSING)

        def finish() -> None:
            raised = Raised()
            if send_close_frame:
                with raised:
                    self.frame(truncate(reason), "close", code)
            self._enter(CLOSED)
            if error is not None:
                with raised:
                    self._emit_error(error)
            with raised:
                self._emit_close(code, reason)
            raised.reraise()

        self._extensions.close(finish)

    def _fail(self, type: str | int, error: ProtocolError) -> None:
        if self._receiver.stage == DONE or self.ready_state == CLOSED:
            return
        code = type if isinstance(type, int) else self.ERRORS[type]
        self._shutdown(code, str(error), error)

    def _fail_extension(self, error: ExtensionError) -> None:
        type = error.type
        if type is None or (isinstance(type, str) and type not in self.ERRORS):
            type = "extension_error"
        self._fail(type, error)

    def _release(self) -> None:
        super()._release()
        self._pings = self._owed_pong = None

    def wire_ended(self) -> None:
        self._direct = self._receiver.fast = None
        super().wire_ended()

    def _close_sessions(self, callback: Callable[[], None]) -> None:
        self._extensions.close(callback)

    generateAccept: Final = node_name(generate_accept)


frame_in_python: Final = Hybi.frame
text_in_python: Final = Hybi.text
binary_in_python: Final = Hybi.binary
Hybi.frame = chosen_method("frame", Hybi, frame_in_python)  # type: ignore[method-assign]
Hybi.text = chosen_method("text", Hybi, text_in_python)  # type: ignore[method-assign]
Hybi.binary = chosen_method("binary", Hybi, binary_in_python)  # type: ignore[method-assign]


def is_whole(data: Data, type: str | None) -> TypeGuard[str | bytes]:
    """True for a message that needs no conversion. Bytes may not be valid text."""
    return (isinstance(data, str) and type in TYPES) or (isinstance(data, bytes) and type == BINARY)


def is_key(key: str) -> bool:
    """True for 16 bytes in Base64 (RFC 6455 4.2.1). Two keys, joined by `, `, are too long
    (11.3.1)."""
    try:
        # The decoder skips invalid characters, which are missing then.
        return len(key) == KEY_LENGTH and len(a2b_base64(key)) == KEY_BYTES
    except ValueError:
        return False
