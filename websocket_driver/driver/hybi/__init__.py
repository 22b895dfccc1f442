"""RFC 6455, which began as draft-ietf-hybi-thewebsocketprotocol."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ... import frames
from ...errors import ProtocolError
from ...events import CloseEvent, MessageEvent, PingEvent, PongEvent
from ...extensions import Extensions
from ...numbers import decimal_text
from ...spelling import NodeName
from ..base import Base
from .frame import OPCODES, Frame, prepare, truncate
from .message import Message
from .utf8 import Utf8Validator, decode

# What the parser waits for.
(
    READ_OPCODE,
    READ_LENGTH,
    READ_EXTENDED_LENGTH,
    READ_MASKING_KEY,
    READ_PAYLOAD,
    READ_NOTHING,
) = range(6)


class Hybi(Base):
    """The server's side of RFC 6455, and what the client's has in common with it."""

    VERSION = "13"
    GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

    # RFC 6455 5.2
    FIN = 0x80
    MASK = 0x80
    RSV1 = 0x40
    RSV2 = 0x20
    RSV3 = 0x10
    OPCODE = 0x0F
    LENGTH = 0x7F

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

    def __init__(
        self,
        request: Any,
        url: str,
        options: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(request, url, options, **more)

        self._extensions = Extensions(max_length=self._max_length)
        self._stage = READ_OPCODE
        self._frame: Frame = Frame()
        self._message: Message | None = None
        self._utf8 = Utf8Validator()
        self._masking = bool(self._options.get("masking"))
        self._require_masking = bool(self._options.get("require_masking"))
        self._ping_callbacks: dict[bytes, Callable[[], object]] = {}

        protocols = self._options.get("protocols") or []
        self._protocols = _split(protocols) if isinstance(protocols, str) else list(protocols)

        offered = self._request.headers.get("sec-websocket-protocol")
        if offered is not None:
            chosen = (name for name in _split(offered) if name in self._protocols)
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
            self._ping_callbacks[payload] = callback
        return self.frame(payload, type)

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
            self.emit("close", CloseEvent(code, reason))
        else:
            self.ready_state = 2
            self._extensions.close(partial(self.frame, reason, "close", code))
        return True

    def frame(self, data: Any, type: str | None = None, code: int | None = None) -> bool:
        if self.ready_state > 2:
            return False

        payload, type = prepare(data, type, code)
        if self.ready_state <= 0:
            self._queue.append((payload, type, code))
            return True

        if code:
            payload = code.to_bytes(2, "big") + payload

        opcode = OPCODES[type]
        if opcode not in self.MESSAGE_OPCODES or self._unhindered():
            self._send(self.FIN | opcode, payload)
        else:
            message = Message(opcode, payload)
            self._extensions.process_outgoing_message(message, self._on_outgoing_message)
        return True

    def _unhindered(self) -> bool:
        """True if a message goes out as it is, and now."""
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

    def _send(self, first: int, payload: bytes) -> None:
        key = os.urandom(4) if self._masking else None
        self._write(frames.make_frame(first, payload, key))

    def _handshake_response(self) -> bytes:
        self._check_request()

        version = self._request.headers.get("sec-websocket-version")
        key = self._request.headers.get("sec-websocket-key")

        if version is None:
            raise ProtocolError("Missing handshake request header: Sec-WebSocket-Version")
        if version != self.VERSION:
            raise ProtocolError(f"Unsupported WebSocket version: {version}")
        if key is None:
            raise ProtocolError("Missing handshake request header: Sec-WebSocket-Key")

        self._headers.set("Upgrade", "websocket")
        self._headers.set("Connection", "Upgrade")
        self._headers.set("Sec-WebSocket-Accept", self.generate_accept(key))

        if self.protocol:
            self._headers.set("Sec-WebSocket-Protocol", self.protocol)

        header = self._request.headers.get("sec-websocket-extensions")
        response = self._extensions.generate_response(header)
        if response:
            self._headers.set("Sec-WebSocket-Extensions", response)

        return f"HTTP/1.1 101 Switching Protocols\r\n{self._headers}\r\n".encode()

    def _shutdown(self, code: int, reason: str, error: bool = False) -> None:
        """Ends the connection: a close frame if none was sent, and the events, when the messages
        that extensions hold are through. Nothing that comes after this is looked at."""
        self._message = None
        self._stage = READ_NOTHING
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
                        self.emit("error", ProtocolError(reason))
                finally:
                    self.emit("close", CloseEvent(code, reason))

        self._extensions.close(finish)

    def _fail(self, type: Any, message: str) -> None:
        if self._stage == READ_NOTHING or self.ready_state == 3:
            return
        code = type if isinstance(type, int) else self.ERRORS[type]
        self._shutdown(code, message, error=True)

    def _fail_extension(self, error: Any) -> None:
        known = isinstance(error.type, int) or error.type in self.ERRORS
        self._fail(error.type if known else "extension_error", error.message)

    def _parse_input(self) -> None:
        if self.ready_state < 1:
            return
        while self._take_step():
            pass

    def _take_step(self) -> bool:
        """Takes what can be taken off the front of the input; false if more has to come first."""
        if self._stage == READ_OPCODE and self._message is None:
            self._take_whole_messages()

        chunk = self._reader.read(self._awaited_length())
        if chunk is None:
            return False

        stage = self._stage
        if stage == READ_OPCODE:
            self._parse_opcode(chunk[0])
        elif stage == READ_LENGTH:
            self._parse_length(chunk[0])
        elif stage == READ_EXTENDED_LENGTH:
            self._parse_extended_length(chunk)
        elif stage == READ_MASKING_KEY:
            self._frame.masking_key = chunk
            self._stage = READ_PAYLOAD
        elif stage == READ_PAYLOAD:
            self._stage = READ_OPCODE
            self._emit_frame(chunk)
        else:
            return False
        return True

    def _take_whole_messages(self) -> None:
        """Takes messages off the front of the input as long as they are ordinary, and whole.

        A short cut for what most input is: whatever is unusual is left to the steps.
        """
        reader = self._reader

        # All of it is looked at each time: a listener can do anything.
        while (
            reader.chunks
            and self.ready_state == 1
            and self._stage == READ_OPCODE
            and self._message is None
            and not self._extensions.sessions
        ):
            found = frames.take_frame(
                reader.chunks[0], reader.offset, self._max_length, self._require_masking
            )
            if found is None:
                return

            first, payload, end = found
            reader.advance(end)
            data = decode(payload) if first == frames.WHOLE_TEXT else payload
            if data is None:
                self._fail_encoding()
                return
            self.emit("message", MessageEvent(data))

    def _awaited_length(self) -> int:
        if self._stage == READ_EXTENDED_LENGTH:
            return self._frame.length_bytes
        if self._stage == READ_MASKING_KEY:
            return 4
        if self._stage == READ_PAYLOAD:
            return self._frame.length
        return 0 if self._stage == READ_NOTHING else 1

    def _parse_opcode(self, octet: int) -> None:
        frame = self._frame = Frame(
            final=bool(octet & self.FIN),
            rsv1=bool(octet & self.RSV1),
            rsv2=bool(octet & self.RSV2),
            rsv3=bool(octet & self.RSV3),
            opcode=octet & self.OPCODE,
        )
        self._stage = READ_LENGTH

        if not self._extensions.valid_frame_rsv(frame):
            self._fail(
                "protocol_error",
                f"One or more reserved bits are on: reserved1 = {frame.rsv1:d}, "
                f"reserved2 = {frame.rsv2:d}, reserved3 = {frame.rsv3:d}",
            )
        elif frame.opcode not in self.OPCODE_CODES:
            self._fail("protocol_error", f"Unrecognized frame opcode: {frame.opcode}")
        elif frame.opcode not in self.MESSAGE_OPCODES and not frame.final:
            self._fail(
                "protocol_error", f"Received fragmented control frame: opcode = {frame.opcode}"
            )
        elif self._message is not None and frame.opcode in self.OPENING_OPCODES:
            self._fail(
                "protocol_error",
                "Received new data frame but previous continuous frame is unfinished",
            )

    def _parse_length(self, octet: int) -> None:
        frame = self._frame
        frame.masked = bool(octet & self.MASK)
        frame.length = octet & self.LENGTH

        if frame.length <= 125:
            self._stage = READ_MASKING_KEY if frame.masked else READ_PAYLOAD
            if not self._check_frame_length():
                return
        else:
            self._stage = READ_EXTENDED_LENGTH
            frame.length_bytes = 2 if frame.length == 126 else 8

        if self._require_masking and not frame.masked:
            self._fail("unacceptable", "Received unmasked frame but masking is required")

    def _parse_extended_length(self, chunk: bytes) -> None:
        frame = self._frame
        frame.length = int.from_bytes(chunk, "big")
        self._stage = READ_MASKING_KEY if frame.masked else READ_PAYLOAD

        if frame.opcode not in self.MESSAGE_OPCODES and frame.length > 125:
            # As the original writes it, for which a length is a double.
            length = decimal_text(float(frame.length))
            self._fail(
                "protocol_error", f"Received control frame having too long payload: {length}"
            )
            return
        self._check_frame_length()

    def _check_frame_length(self) -> bool:
        if self._frame.opcode not in self.MESSAGE_OPCODES:
            return True
        length = self._message.length if self._message is not None else 0
        if length + self._frame.length > self._max_length:
            self._fail("too_large", self.TOO_LARGE)
            return False
        return True

    def _emit_frame(self, chunk: bytes) -> None:
        frame = self._frame
        payload = frame.payload = self.mask(chunk, frame.masking_key)

        if frame.opcode in self.MESSAGE_OPCODES:
            self._take_data_frame(frame)
        elif frame.opcode == OPCODES["close"]:
            self._take_close(payload)
        elif frame.opcode == OPCODES["ping"]:
            self.frame(payload, "pong")
            self.emit("ping", PingEvent(payload.decode("utf-8", "replace")))
        else:
            callback = self._ping_callbacks.pop(payload, None)
            if callback is not None:
                callback()
            self.emit("pong", PongEvent(payload.decode("utf-8", "replace")))

    def _take_data_frame(self, frame: Frame) -> None:
        if frame.opcode != OPCODES["continuation"]:
            self._message = Message()
            self._utf8 = Utf8Validator()
        elif self._message is None:
            self._fail("protocol_error", "Received unexpected continuation frame")
            return

        message = self._message
        message.push_frame(frame)
        plain_text = message.opcode == OPCODES["text"] and self._extensions.leaves_alone(message)

        if not frame.final:
            if plain_text and not self._utf8.accepts(frame.payload):
                self._fail_encoding()
            return

        self._message = None
        message.read()
        if plain_text and message.text() is None:
            self._fail_encoding()
        else:
            self._extensions.process_incoming_message(message, self._on_incoming_message)

    def _on_incoming_message(self, error: Any, message: Any) -> None:
        if error:
            self._fail_extension(error)
            return

        if len(message.data) > self._max_length:
            self._fail("too_large", self.TOO_LARGE)
            return

        if message.opcode != OPCODES["text"]:
            self.emit("message", MessageEvent(bytes(message.data)))
            return

        text = message.text() if isinstance(message, Message) else decode(message.data)
        if text is None:
            self._fail_encoding()
        else:
            self.emit("message", MessageEvent(text))

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

    generateAccept = NodeName("generate_accept")


def _split(header: str) -> list[str]:
    return re.split(" *, *", header)
