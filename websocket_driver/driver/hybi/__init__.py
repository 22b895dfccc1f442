"""RFC 6455, which began as draft-ietf-hybi-thewebsocketprotocol."""

from __future__ import annotations

import base64
import hashlib
from binascii import a2b_base64
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from ... import frames
from ...errors import ProtocolError
from ...events import MessageEvent, PingEvent, PongEvent
from ...extensions import Extensions
from ...frames import make_frame, take_fragments, take_messages
from ...http_parser import HttpError
from ...payload import decimal_text
from ...spelling import node_name
from ..base import Base
from ..options import Options, split
from .frame import OPCODES, Frame, prepare, truncate
from .masking import next_key
from .message import Message
from .utf8 import decode

# The first bytes of frames that are a whole message.
WHOLE = {type: Frame.FIN | OPCODES[type] for type in ("text", "binary")}


class Hybi(Base):
    """The server's side of RFC 6455, and what the client's has in common with it."""

    VERSION = "13"
    GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

    # RFC 6455 5.2
    FIN = Frame.FIN
    MASK = Frame.MASK
    RSV1 = Frame.RSV1
    RSV2 = Frame.RSV2
    RSV3 = Frame.RSV3
    OPCODE = Frame.OPCODE
    LENGTH = Frame.LENGTH

    OPCODES = OPCODES
    OPCODE_CODES = (0, 1, 2, 8, 9, 10)
    MESSAGE_OPCODES = (0, 1, 2)
    OPENING_OPCODES = (1, 2)

    # RFC 6455 7.4
    ERRORS: Mapping[str, int] = {
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
    ERROR_CODES = tuple(ERRORS.values())
    DEFAULT_ERROR_CODE = 1000
    MIN_RESERVED_ERROR = 3000
    MAX_RESERVED_ERROR = 4999

    TOO_LARGE = "WebSocket frame length too large"

    version = f"hybi-{VERSION}"

    # What is being read: the frame whose head is in, and the message that it belongs to.
    _frame: Frame | None = None
    _message: Message | None = None

    # Messages that have been taken from the input, and are emitted one after the other.
    _taken: Iterator[str | bytes] = iter(())

    # True if nothing that comes is looked at any more.
    _deaf = False

    _ping_callbacks: dict[bytes, Callable[[], object]] | None = None

    # What a peer has pinged with while the wire was full: a pong that is to be sent.
    _owed_pong: bytes | None = None

    def __init__(
        self,
        request: Any,
        url: str,
        options: Options | Mapping[str, Any] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(request, url, options, **more)

        self._extensions = Extensions(
            {"max_length": self._max_length, "max_params": self._options.max_extension_params}
        )
        self._masking = self._options.masking
        self._require_masking = self._options.require_masking
        self._protocols = self._options.protocols

        offered = self._request.headers.get("sec-websocket-protocol")
        if offered is not None:
            chosen = (name for name in split(offered) if name in self._protocols)
            self.protocol = next(chosen, None)

    @staticmethod
    def mask(payload: bytes, mask: bytes | None, offset: int = 0) -> bytes:
        """`payload`, masked or unmasked by `mask` from `offset` on (RFC 6455 5.3)."""
        if not mask:
            return payload

        return payload[:offset] + frames.mask(payload[offset:], bytes(mask))

    @staticmethod
    def generate_accept(key: str) -> str:
        """The Sec-WebSocket-Accept header for a Sec-WebSocket-Key (RFC 6455 4.2.2)."""
        digest = hashlib.sha1((key + Hybi.GUID).encode(), usedforsecurity=False).digest()
        return base64.b64encode(digest).decode()

    def add_extension(self, extension: Any) -> bool:
        self._extensions.add(extension)
        return True

    def text(self, message: Any) -> bool:
        if self.ready_state > 1:
            return False
        return self.frame(message, "text")

    def binary(self, message: Any) -> bool:
        if self.ready_state > 1:
            return False
        return self.frame(message, "binary")

    def ping(self, message: Any = "", callback: Callable[[], object] | None = None) -> bool:
        if self.ready_state > 1:
            return False
        payload, type = prepare(message or "", "ping")
        if callback is not None:
            self._await_pong(payload, callback)
        return self.frame(payload, type)

    def _await_pong(self, payload: bytes, callback: Callable[[], object]) -> None:
        if self._ping_callbacks is None:
            self._ping_callbacks = {}
        callbacks = self._ping_callbacks
        if len(callbacks) >= self._options.max_pings and payload not in callbacks:
            del callbacks[next(iter(callbacks))]
        callbacks[payload] = callback

    def pong(self, message: Any = "") -> bool:
        if self.ready_state > 1:
            return False
        return self.frame(message or "", "pong")

    def close(self, reason: Any = "", code: int | None = 1000) -> bool:
        reason = reason or ""
        code = code or self.DEFAULT_ERROR_CODE

        if self.ready_state > 1:
            return False
        prepare(reason, "close", code)

        if self.ready_state <= 0:
            self.ready_state = 3
            self._reader.clear()
            self._emit_close(code, reason)
        else:
            self.ready_state = 2
            self._extensions.close(partial(self.frame, reason, "close", code))
        return True

    def frame(self, data: Any, type: str | None = None, code: int | None = None) -> bool:
        if self.ready_state > 2:
            return False

        if self._is_direct() and type in WHOLE and data.__class__ in (str, bytes):
            # The usual message needs none of what follows.
            self._send(WHOLE[type], data)
            return True

        payload, type = prepare(data, type, code)
        if self.ready_state <= 0:
            self._enqueue(len(payload), payload, type, code)
            return True

        if code:
            payload = code.to_bytes(2, "big") + payload

        opcode = OPCODES[type]
        if opcode not in self.MESSAGE_OPCODES or self._is_direct():
            self._send(self.FIN | opcode, payload)
        else:
            message = Message(opcode, payload)
            self._extensions.process_outgoing_message(message, self._on_outgoing_message)
        return True

    def _is_direct(self) -> bool:
        """True if there is nothing that messages pass through between the wire and the user."""
        return self.ready_state == 1 and not self._extensions.sessions

    def _on_outgoing_message(self, error: Any, message: Any) -> None:
        if error:
            self._fail_extension(error)
        else:
            self._send(
                self.FIN
                | (self.RSV1 if message.rsv1 else 0)
                | (self.RSV2 if message.rsv2 else 0)
                | (self.RSV3 if message.rsv3 else 0)
                | message.opcode,
                bytes(message.data),
            )

    def _send(self, first: int, payload: str | bytes) -> None:
        self._write(make_frame(first, payload, next_key() if self._masking else None))

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
        self._headers.set_known("upgrade", "Upgrade: websocket\r\n")
        self._headers.set_known("connection", "Connection: Upgrade\r\n")
        self._headers.set_known("sec-websocket-accept", f"Sec-WebSocket-Accept: {accept}\r\n")

        if self.protocol:
            self._headers.set("Sec-WebSocket-Protocol", self.protocol)

        header = self._request.headers.get("sec-websocket-extensions")
        response = self._extensions.generate_response(header)
        if response:
            self._headers.set("Sec-WebSocket-Extensions", response)

        return f"HTTP/1.1 101 Switching Protocols\r\n{self._headers}\r\n".encode()

    def _version_error(self, message: str) -> HttpError:
        """With what RFC 6455 4.2.2 asks for: the version that there is."""
        return HttpError(message, headers={"Sec-WebSocket-Version": self.VERSION})

    def _shutdown(self, code: int, reason: str, error: bool = False) -> None:
        """Ends the connection: a close frame if none was sent, and the events, when the messages
        that extensions hold are through. Nothing that comes after this is looked at."""
        self._deaf = True
        self._frame = self._message = None
        self._taken = iter(())
        self._reader.clear()

        send_close_frame = self.ready_state == 1
        self.ready_state = 2

        def finish() -> None:
            try:
                if send_close_frame:
                    self.frame(truncate(reason), "close", code)
            finally:
                self.ready_state = 3
                try:
                    if error:
                        self._emit_error(ProtocolError(reason))
                finally:
                    self._emit_close(code, reason)

        self._extensions.close(finish)

    def _fail(self, type: Any, message: str) -> None:
        if self._deaf or self.ready_state == 3:
            return
        code = type if isinstance(type, int) else self.ERRORS[type]
        self._shutdown(code, message, error=True)

    def _fail_extension(self, error: Any) -> None:
        known = isinstance(error.type, int) or error.type in self.ERRORS
        self._fail(error.type if known else "extension_error", error.message)

    def _parse_input(self) -> None:
        if self.ready_state < 1:
            return
        if self._deaf:
            self._reader.clear()
            return
        self._emit_taken()
        while self._reader.chunk and not self._deaf and self._take_step():
            pass

    def _take_step(self) -> bool:
        """Takes what can be taken off the front of the input; false if more has to come first."""
        if self._frame is not None:
            return self._take_payload(self._frame)
        if self._message is not None:
            return self._take_fragments(self._message) or self._take_head()
        return self._take_messages() or self._take_head()

    def _take_messages(self) -> bool:
        """Takes ordinary messages. What is unusual in any way is left to the other steps."""
        if not self._is_direct():
            return False

        reader = self._reader
        messages, end = take_messages(
            reader.chunk, reader.offset, self._max_length, self._require_masking
        )
        if not messages:
            return False

        reader.advance(end)
        self._taken = iter(messages)
        self._emit_taken()
        return True

    def _emit_taken(self) -> None:
        # A listener may raise: the others wait. One may parse() more: then they are emitted there.
        for data in self._taken:
            if self.ready_state != 1:
                self._taken = iter(())
                return
            self.emit("message", MessageEvent(data))

    def _take_fragments(self, message: Message) -> bool:
        """Takes ordinary fragments out of the middle of a message."""
        reader = self._reader
        payload, end = take_fragments(
            reader.chunk, reader.offset, self._max_length - message.length, self._require_masking
        )
        if end == reader.offset:
            return False

        reader.advance(end)
        message.length += len(payload)
        self._push(message, payload, False)
        return True

    def _take_head(self) -> bool:
        """Takes the head of a frame if all of it is there, and looks at it as soon as it can."""
        head = self._reader.peek(Frame.MAX_HEAD_LENGTH)
        frame = Frame(head[0])
        self._check_opcode(frame)
        if self._deaf or len(head) < 2:
            return False

        frame.masked = head[1] & self.MASK != 0
        frame.length = head[1] & self.LENGTH
        if frame.length > 125:
            frame.length_bytes = 2 if frame.length == 126 else 8
        else:
            self._check_length(frame)
        if self._require_masking and not frame.masked:
            self._fail("unacceptable", "Received unmasked frame but masking is required")

        key = 2 + frame.length_bytes
        if self._deaf or len(head) < key:
            return False
        if frame.length_bytes:
            frame.length = int.from_bytes(head[2:key], "big")
            self._check_length(frame)

        end = key + 4 if frame.masked else key
        if self._deaf or len(head) < end:
            return False

        frame.masking_key = head[key:end]
        frame.missing = frame.length
        self._reader.advance(self._reader.offset + end)
        self._frame = frame
        if not frame.is_control:
            self._begin_data_frame(frame)
        return self._take_payload(frame)

    def _check_opcode(self, frame: Frame) -> None:
        if frame.has_rsv and not self._extensions.valid_frame_rsv(frame):
            self._fail(
                "protocol_error",
                f"One or more reserved bits are on: reserved1 = {frame.rsv1:d}, "
                f"reserved2 = {frame.rsv2:d}, reserved3 = {frame.rsv3:d}",
            )
        elif frame.opcode not in self.OPCODE_CODES:
            self._fail("protocol_error", f"Unrecognized frame opcode: {frame.opcode}")
        elif frame.is_control and not frame.final:
            self._fail(
                "protocol_error", f"Received fragmented control frame: opcode = {frame.opcode}"
            )
        elif self._message is not None and frame.opcode in self.OPENING_OPCODES:
            self._fail(
                "protocol_error",
                "Received new data frame but previous continuous frame is unfinished",
            )

    def _check_length(self, frame: Frame) -> None:
        if frame.is_control:
            if frame.length > 125:
                # As the original writes it, for which a length is a double.
                length = decimal_text(float(frame.length))
                self._fail(
                    "protocol_error", f"Received control frame having too long payload: {length}"
                )
        else:
            before = self._message.length if self._message is not None else 0
            if before + frame.length > self._max_length:
                self._fail("too_large", self.TOO_LARGE)

    def _take_payload(self, frame: Frame) -> bool:
        """Takes what has come of the payload of a data frame, or all of a control frame."""
        if frame.is_control:
            payload = self._reader.read(frame.length)
            if payload is None:
                return False
            self._frame = None
            self._take_control_frame(frame, frame.unmask(payload))
            return True

        piece = frame.unmask(self._reader.take(frame.missing))
        if frame.missing == 0:
            self._frame = None
        elif not piece:
            return False
        self._take_piece(frame, piece)
        return True

    def _take_control_frame(self, frame: Frame, payload: bytes) -> None:
        if frame.opcode == OPCODES["close"]:
            self._take_close(payload)
        elif frame.opcode == OPCODES["ping"]:
            if self.io._is_full:
                self._owed_pong = payload
            else:
                self.frame(payload, "pong")
            self.emit("ping", PingEvent(payload.decode("utf-8", "replace")))
        else:
            callback = self._ping_callbacks.pop(payload, None) if self._ping_callbacks else None
            if callback is not None:
                callback()
            self.emit("pong", PongEvent(payload.decode("utf-8", "replace")))

    def _on_wire_free(self) -> None:
        payload, self._owed_pong = self._owed_pong, None
        if payload is not None:
            self.frame(payload, "pong")

    def _begin_data_frame(self, frame: Frame) -> None:
        if frame.opcode != OPCODES["continuation"]:
            self._message = Message()
        if self._message is not None:
            self._message.push_frame(frame)

    def _take_piece(self, frame: Frame, piece: bytes) -> None:
        message = self._message
        if message is None:
            # There is nothing that it continues. It is failed when it is in, as in the original.
            if frame.missing == 0:
                self._fail("protocol_error", "Received unexpected continuation frame")
            return

        final = frame.final and frame.missing == 0
        self._push(message, piece, final)
        if final and not self._deaf:
            self._finish_message(message)

    def _push(self, message: Message, piece: bytes, final: bool) -> None:
        """Adds a piece to a message, unless it shows that the message is no text."""
        if message.opcode != OPCODES["text"]:
            message.push(piece)
        elif not self._extensions.sessions:
            if not message.push_text(piece, final):
                self._fail_encoding()
        elif self._extensions.leaves_alone(message) and message.decode(piece, final) is None:
            self._fail_encoding()
        else:
            message.push(piece)

    def _finish_message(self, message: Message) -> None:
        self._message = None
        if self._extensions.sessions:
            message.read()
            self._extensions.process_incoming_message(message, self._on_incoming_message)
        elif self.ready_state == 1:
            text = message.opcode == OPCODES["text"]
            self._emit_message(message.text() if text else message.read())

    def _on_incoming_message(self, error: Any, message: Any) -> None:
        if error:
            self._fail_extension(error)
            return

        if len(message.data) > self._max_length:
            self._fail("too_large", self.TOO_LARGE)
            return

        data = bytes(message.data)
        text = decode(data) if message.opcode == OPCODES["text"] else data
        if text is None:
            self._fail_encoding()
        else:
            self._emit_message(text)

    def _fail_encoding(self) -> None:
        self._fail("encoding_error", "Could not decode a text frame as UTF-8")

    def _take_close(self, payload: bytes) -> None:
        code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else None
        reason = decode(payload[2:])

        if (payload and not self._valid_close_code(code)) or reason is None:
            code = self.ERRORS["protocol_error"]

        self._shutdown(code or self.DEFAULT_ERROR_CODE, reason or "")

    def _valid_close_code(self, code: int | None) -> bool:
        return code is not None and (
            code in self.ERROR_CODES or self.MIN_RESERVED_ERROR <= code <= self.MAX_RESERVED_ERROR
        )

    generateAccept = node_name(generate_accept)


def is_key(key: str) -> bool:
    """True for 16 bytes in Base64 (RFC 6455 4.2.1). Two keys, joined by `, `, are none (11.3.1)."""
    try:
        # What is no digit of Base64 is left out, and missing then.
        return len(key) == 24 and len(a2b_base64(key)) == 16
    except ValueError:
        return False
