"""Compression of messages with DEFLATE (RFC 7692 7.2)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from ..extensions.interfaces import Callback, Message
from ..spelling import node_name
from . import common
from .common import Compressor, Decompressor, DeflateOptions, Zlib
from .window import Window

# The number of bytes that are decompressed at a time. zlib briefly holds its output twice, and
# copies the remaining input; steps limit that for long messages.
INPUT_STEP = 0x4000
OUTPUT_STEP = 0x40000

# The end of each message in a DEFLATE stream, which is omitted from the frame (7.2.1).
TAIL = b"\x00\x00\xff\xff"

TOO_LARGE = "WebSocket frame length too large"


class DeflateError(Exception):
    """zlib could not process a message. `type` is the name of a close code, or `None`."""

    def __init__(self, message: str, type: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.type = type


class TooLargeError(DeflateError):
    """A message has more bytes than the driver allows. The text is the same as the driver's."""

    verbatim = True

    def __init__(self, message: str = TOO_LARGE) -> None:
        super().__init__(message, "too_large")


class Session:
    """The part that client and server sessions share, once the parameters are agreed.

    `options` are those of `configure` in PEP 8's spelling. `max_length` is the largest incoming
    message in bytes, after decompression.
    """

    def __init__(self, options: DeflateOptions, max_length: int | None = None) -> None:
        self._zlib: Zlib = options.get("zlib") or zlib
        self._level = self._constant("Z_DEFAULT_COMPRESSION", options.get("level"))
        self._mem_level = self._constant("DEF_MEM_LEVEL", options.get("mem_level"))
        self._strategy = self._constant("Z_DEFAULT_STRATEGY", options.get("strategy"))

        self._accept_no_context_takeover = options.get("no_context_takeover") or False
        self._accept_max_window_bits = options.get("max_window_bits")
        self._request_no_context_takeover = options.get("request_no_context_takeover") or False
        self._request_max_window_bits = options.get("request_max_window_bits")

        self._max_length = max_length

        self._own_context_takeover = self._peer_context_takeover = True
        self._own_window_bits = self._peer_window_bits = common.MAX_WINDOW_BITS
        self._inflate: Decompressor | None = None
        self._deflate: Compressor | None = None
        # The last bytes from the peer. They belong to the connection, not to one DEFLATE stream.
        self._window: Window | None = None

    def process_incoming_message(self, message: Message, callback: Callback) -> None:
        """Decompresses `message.data` if `rsv1` is set (7.2.2), then runs
        `callback(error, message)`.

        The error is a `DeflateError`; a `TooLargeError` if there are more than `max_length` bytes,
        where decompression stops.
        """
        if not message.rsv1:
            callback(None, message)
            return

        # Only one reference to the compressed data, so that it is freed before the pieces are
        # joined.
        data, message.data = message.data, b""
        try:
            pieces = self._decompress(data)
            del data
            message.data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
            del pieces
            if self._window is not None:
                self._window.push(message.data)
        except DeflateError as raised:
            error = raised.with_traceback(None)  # the traceback would form a cycle with this frame
        else:
            callback(None, message)
            return
        callback(error, None)

    def process_outgoing_message(self, message: Message, callback: Callback) -> None:
        """Compresses `message.data`, sets `rsv1` (7.2.1), then runs `callback(error, message)`."""
        try:
            message.data = self.compress(message.data)
            message.rsv1 = True
        except DeflateError as raised:
            error = raised.with_traceback(None)
        else:
            callback(None, message)
            return
        callback(error, None)

    def decompress(self, data: bytes) -> bytes:
        """Returns the message in the payload `data` (7.2.2). Raises `DeflateError`."""
        pieces = self._decompress(data)
        message = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        if self._window is not None:
            self._window.push(message)
        return message

    def compress(self, data: bytes) -> bytes:
        """Returns the payload for the message `data` (7.2.1). Raises `DeflateError`."""
        deflate = self._deflate or self._make_deflate()
        try:
            payload = deflate.compress(data) + deflate.flush(zlib.Z_SYNC_FLUSH)
        except self._zlib_error() as error:
            text = _words(error)
        else:
            return payload[: -len(TAIL)]
        finally:
            if deflate is not self._deflate:
                _close(deflate)
        raise DeflateError(text)

    def close(self) -> None:
        """Releases the compressor, the decompressor and the window."""
        inflate, self._inflate = self._inflate, None
        deflate, self._deflate = self._deflate, None
        self._window = None
        _close(inflate)
        _close(deflate)

    def _decompress(self, data: bytes) -> list[bytes]:
        inflate = self._inflate or self._make_inflate()
        try:
            pieces = self._read(inflate, data)
        except self._zlib_error() as error:
            text = _words(error)
        else:
            if getattr(inflate, "eof", False):
                # A message may end the stream (7.2.3.4): the next one begins a new one.
                self._inflate = None
            return pieces
        finally:
            if not self._peer_context_takeover:
                _close(inflate)
        raise DeflateError(text)

    def _read(self, inflate: Decompressor, data: bytes) -> list[bytes]:
        if self._max_length is None:
            return [inflate.decompress(data), inflate.decompress(TAIL)]

        # One byte more than allowed is enough to know.
        remaining = self._max_length + 1
        pieces: list[bytes] = []
        if len(data) <= INPUT_STEP:
            # Most messages need one call.
            wanted = min(remaining, OUTPUT_STEP)
            pieces.append(inflate.decompress(data + TAIL, wanted))
            remaining -= len(pieces[0])
            if len(pieces[0]) < wanted:
                return pieces
            data = inflate.unconsumed_tail
            if self._read_step(inflate, data, remaining, pieces) == remaining:
                raise TooLargeError
            return pieces

        for step in _steps(data):
            if getattr(inflate, "eof", False):
                break  # bytes after a final block are ignored
            remaining -= self._read_step(inflate, step, remaining, pieces)
            if remaining == 0:
                raise TooLargeError
        return pieces

    @staticmethod
    def _read_step(inflate: Decompressor, data: bytes, limit: int, pieces: list[bytes]) -> int:
        """Adds the decompressed `data`, at most `limit` bytes, to `pieces`; returns how much."""
        remaining = limit
        while remaining > 0:
            wanted = min(remaining, OUTPUT_STEP)  # never 0, which means no limit to zlib
            piece = inflate.decompress(data, wanted)
            if piece:
                pieces.append(piece)
            remaining -= len(piece)
            if len(piece) < wanted:
                break
            data = inflate.unconsumed_tail
        return limit - remaining

    def _make_inflate(self) -> Decompressor:
        bits = max(self._peer_window_bits, common.MIN_WINDOW_BITS)
        known = self._window.read() if self._window is not None else b""
        # Typed without zdict, which only a stream after another one needs.
        more = {"zdict": known} if known else {}
        inflate: Decompressor = self._zlib.decompressobj(wbits=-bits, **more)
        if self._peer_context_takeover:
            self._inflate = inflate
            if self._window is None:
                self._window = Window(1 << self._peer_window_bits)
        return inflate

    def _make_deflate(self) -> Compressor:
        bits = self._own_window_bits
        deflate: Compressor
        if bits < common.MIN_WINDOW_BITS and hasattr(self._zlib, "ISAL_BEST_SPEED"):
            # With 9 bits, zlib refers to at most 250 bytes before; ISA-L to 512, too many for 8.
            deflate = zlib.compressobj(wbits=-common.MIN_WINDOW_BITS)
        else:
            deflate = self._zlib.compressobj(
                level=self._level,
                wbits=-max(bits, common.MIN_WINDOW_BITS),
                memLevel=self._mem_level,
                strategy=self._strategy,
            )

        if self._own_context_takeover:
            self._deflate = deflate
        return deflate

    def _constant(self, name: str, value: int | None) -> int:
        """Returns an option, or the default of the zlib module; isal has different ones."""
        default: int = getattr(self._zlib, name, getattr(zlib, name))
        return default if value is None else value

    def _zlib_error(self) -> type[Exception]:
        """The exception of the zlib module. The text of others must not be sent to the peer."""
        error: type[Exception] = getattr(self._zlib, "error", zlib.error)
        return error

    processIncomingMessage: Final = node_name(process_incoming_message)
    processOutgoingMessage: Final = node_name(process_outgoing_message)


def _words(error: Exception) -> str:
    """Returns the reason from zlib's text "Error -3 while decompressing data: REASON"."""
    return str(error).rpartition(": ")[2]


def _close(codec: object) -> None:
    # zlib's objects have no close(); those of other modules may.
    close = getattr(codec, "close", None)
    if close is not None:
        with suppress(Exception):
            close()


def _steps(data: bytes) -> Iterator[bytes]:
    last = max(len(data) - 1, 0) // INPUT_STEP * INPUT_STEP
    for start in range(0, last, INPUT_STEP):
        yield data[start : start + INPUT_STEP]
    yield data[last:] + TAIL
