"""Messages through DEFLATE (RFC 7692 section 7.2)."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from ..spelling import node_name
from . import common
from .window import Window

Callback = Callable[[Any, Any], object]

# How much is inflated at a time. zlib has its output twice for a moment, and copies the input that
# it has not come to: of a step only, whatever the message.
INPUT_STEP = 0x4000
OUTPUT_STEP = 0x40000

# What ends each message on the wire of a DEFLATE stream, and is left out in a frame (7.2.1).
TAIL = b"\x00\x00\xff\xff"


class DeflateError(Exception):
    """A message that zlib could not take. `type` names the close code that fits, if one does."""

    def __init__(self, message: str, type: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.type = type

    @classmethod
    def of(cls, error: Exception) -> DeflateError:
        """What went wrong in zlib's own words: "Error -3 while decompressing data: WORDS"."""
        return error if isinstance(error, cls) else cls(str(error).rpartition(": ")[2])


class TooLargeError(DeflateError):
    """A message has more bytes than the driver allows: that is for the driver to say, verbatim."""

    verbatim = True

    def __init__(self) -> None:
        super().__init__("WebSocket frame length too large", "too_large")


class Session:
    """What a client and a server session do once the parameters are agreed."""

    def __init__(self, options: Mapping[str, Any], max_length: int | None = None) -> None:
        self._level = options.get("level", zlib.Z_DEFAULT_COMPRESSION)
        self._mem_level = options.get("mem_level", zlib.DEF_MEM_LEVEL)
        self._strategy = options.get("strategy", zlib.Z_DEFAULT_STRATEGY)

        self._accept_no_context_takeover = options.get("no_context_takeover", False)
        self._accept_max_window_bits = options.get("max_window_bits")
        self._request_no_context_takeover = options.get("request_no_context_takeover", False)
        self._request_max_window_bits = options.get("request_max_window_bits")

        self._zlib = options.get("zlib", zlib)
        self._max_length = max_length

        self._own_context_takeover = self._peer_context_takeover = True
        self._own_window_bits = self._peer_window_bits = common.MAX_WINDOW_BITS
        self._inflate: Any = None
        self._deflate: Any = None

    def process_incoming_message(self, message: Any, callback: Callback) -> None:
        """Inflates `message.data` if `rsv1` says that it is deflated.

        Then runs `callback(error, message)`.
        The error is a `DeflateError`, a `TooLargeError` if there are more than `max_length` bytes:
        inflating stops there.
        """
        if not message.rsv1:
            callback(None, message)
            return

        inflate = self._get_inflate()
        error = None
        try:
            message.data = self._read(inflate, message.data)
        except Exception as exception:
            error = DeflateError.of(exception)

        if inflate is not self._inflate:
            self._close(inflate)
        elif not error:
            self._window.push(message.data)
            if getattr(inflate, "eof", False):
                # A message may end the stream (7.2.3.4): the one after it begins a new one.
                self._inflate = self._make_inflate(zdict=self._window.read())

        callback(error, None if error else message)

    def process_outgoing_message(self, message: Any, callback: Callback) -> None:
        """Deflates `message.data` and sets `rsv1`, then runs `callback(error, message)`."""
        deflate = self._get_deflate()
        error = None
        try:
            data = deflate.compress(message.data) + deflate.flush(zlib.Z_SYNC_FLUSH)
            message.data = data[: -len(TAIL)]
            message.rsv1 = True
        except Exception as exception:
            error = DeflateError.of(exception)

        if deflate is not self._deflate:
            self._close(deflate)

        callback(error, None if error else message)

    def close(self) -> None:
        """Lets go of the compressor and the decompressor."""
        self._close(self._inflate)
        self._inflate = None

        self._close(self._deflate)
        self._deflate = None

    def _read(self, inflate: Any, data: bytes) -> bytes:
        if self._max_length is None:
            return b"".join([inflate.decompress(data), inflate.decompress(TAIL)])

        # One byte more than allowed is enough to know.
        limit = self._max_length + 1
        pieces: list[bytes] = []
        for step in _steps(data):
            if getattr(inflate, "eof", False):
                break  # what follows a final block is nothing
            limit -= self._read_step(inflate, step, limit, pieces)
            if limit == 0:
                raise TooLargeError
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    @staticmethod
    def _read_step(inflate: Any, data: bytes, limit: int, pieces: list[bytes]) -> int:
        """Adds what `data` inflates to, `limit` bytes at most, to `pieces`; how much that is."""
        left = limit
        while left > 0:
            wanted = min(left, OUTPUT_STEP)  # never 0: zlib takes that for no limit
            piece = inflate.decompress(data, wanted)
            if piece:
                pieces.append(piece)
            left -= len(piece)
            if len(piece) < wanted:
                break
            data = inflate.unconsumed_tail
        return limit - left

    def _get_inflate(self) -> Any:
        if self._inflate is not None:
            return self._inflate

        inflate = self._make_inflate()
        if self._peer_context_takeover:
            self._inflate = inflate
            self._window = Window(1 << self._peer_window_bits)
        return inflate

    def _make_inflate(self, **more: Any) -> Any:
        bits = max(self._peer_window_bits, common.MIN_WINDOW_BITS)
        return self._zlib.decompressobj(wbits=-bits, **more)

    def _get_deflate(self) -> Any:
        if self._deflate is not None:
            return self._deflate

        deflate = self._zlib.compressobj(
            level=self._level,
            method=zlib.DEFLATED,
            wbits=-max(self._own_window_bits, common.MIN_WINDOW_BITS),
            memLevel=self._mem_level,
            strategy=self._strategy,
        )

        if self._own_context_takeover:
            self._deflate = deflate
        return deflate

    @staticmethod
    def _close(codec: Any) -> None:
        # zlib's objects have nothing to close; those of another module may.
        close = getattr(codec, "close", None)
        if close is not None:
            with suppress(Exception):
                close()

    processIncomingMessage = node_name(process_incoming_message)
    processOutgoingMessage = node_name(process_outgoing_message)


def _steps(data: bytes) -> Iterator[bytes]:
    last = max(len(data) - 1, 0) // INPUT_STEP * INPUT_STEP
    for start in range(0, last, INPUT_STEP):
        yield data[start : start + INPUT_STEP]
    yield data[last:] + TAIL
