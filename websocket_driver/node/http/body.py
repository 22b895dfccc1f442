"""Request bodies (RFC 9112 6 and 7): of a known length, and chunked."""

from __future__ import annotations

import re
from enum import Enum, auto

import httptools

from .llhttp import MAX_PARTIAL_LINE, Fields, ParseError, feed, header_overflow

# Node's limit for the extensions of one chunk, in bytes. Here the size and the CRLF count too.
MAX_CHUNK_EXTENSIONS = 0x4000

# A chunked body has a separate parser, which gets this head instead of the request's, because
# httptools skips the body of an upgrade request.
HEAD = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"

SIZE = re.compile(rb"[0-9A-Fa-f]+")
CRLF_LENGTH = 2


class End:
    """The end of a request; `raw_trailers` has names and values in turn."""

    __slots__ = ("raw_trailers",)

    def __init__(self, raw_trailers: list[str]) -> None:
        self.raw_trailers: list[str] = raw_trailers


class SizedBody:
    """Parses a body of `length` bytes at the front of a buffer."""

    __slots__ = ("_left",)

    def __init__(self, length: int) -> None:
        self._left = length

    def next(self, buffer: bytearray) -> bytes | End | None:
        """Bytes of the body, its `End`, or `None` if neither has arrived."""
        if not self._left:
            return End([])
        if not buffer:
            return None
        data = bytes(buffer[: self._left])
        del buffer[: len(data)]
        self._left -= len(data)
        return data


class Trailers(Fields):
    """The callbacks of httptools for a chunked body."""

    def __init__(self, max_count: int) -> None:
        super().__init__(max_count + 1)  # and the field of HEAD
        self.complete: bool = False

    def on_message_complete(self) -> None:
        """Called by httptools."""
        self.complete = True


class Stage(Enum):
    """The next part of a chunked body."""

    SIZE = auto()
    DATA = auto()
    CRLF = auto()
    TRAILERS = auto()


class ChunkedBody:
    """Parses a chunked body at the front of a buffer.

    llhttp checks all of it, but gets only one line or the data of one chunk at a time, and nothing
    after the end. The trailers may have `max_size` bytes and `max_count` fields.
    """

    def __init__(self, max_size: int, max_count: int) -> None:
        self._fields = Trailers(max_count)
        self._parser = httptools.HttpRequestParser(self._fields)
        feed(self._parser, self._fields, HEAD)
        self._fields.raw.clear()
        self._stage = Stage.SIZE
        self._line = bytearray()
        # The bytes missing from the data of a chunk, and from the CRLF after it.
        self._data_left = 0
        self._crlf_left = 0
        self._trailers_left = max_size
        # How much of an incomplete line was passed to llhttp, and how much of the rest was searched
        # for its end.
        self._line_fed = 0
        self._searched = 0

    def next(self, buffer: bytearray) -> bytes | End | None:
        """Bytes of the body, its `End`, or `None` if neither has arrived. Raises `ParseError`."""
        while buffer:
            if self._stage is Stage.DATA:
                return self._take_data(buffer)
            if self._stage is Stage.TRAILERS:
                line_end = buffer.find(b"\n", self._searched) + 1
                end = self._take_trailer(buffer, line_end)
                if end is not None or not line_end:
                    return end
            elif self._stage is Stage.SIZE:
                self._take_size(buffer)
            else:
                self._take_crlf(buffer)
        return None

    def _feed(self, buffer: bytearray, size: int) -> bytes:
        data = bytes(buffer[:size])
        del buffer[:size]
        feed(self._parser, self._fields, data)
        return data

    def _take_size(self, buffer: bytearray) -> None:
        """The line with the size and the extensions of a chunk, or a part of it."""
        end = buffer.find(b"\n") + 1
        part = self._feed(buffer, end or len(buffer))
        self._line += part
        if len(self._line) > MAX_CHUNK_EXTENSIONS:
            raise ParseError("HPE_CHUNK_EXTENSIONS_OVERFLOW", "Chunk extensions overflow")
        if not end:
            return
        size = SIZE.match(self._line)
        assert size is not None
        self._data_left = int(size[0], 16)
        self._line.clear()
        self._stage = Stage.DATA if self._data_left else Stage.TRAILERS

    def _take_data(self, buffer: bytearray) -> bytes:
        data = self._feed(buffer, self._data_left)
        self._data_left -= len(data)
        if not self._data_left:
            self._crlf_left = CRLF_LENGTH
            self._stage = Stage.CRLF
        return data

    def _take_crlf(self, buffer: bytearray) -> None:
        self._crlf_left -= len(self._feed(buffer, self._crlf_left))
        if not self._crlf_left:
            self._stage = Stage.SIZE

    def _take_trailer(self, buffer: bytearray, line_end: int) -> End | None:
        """One line of the trailers, or its beginning, so that invalid input is refused at once. As
        in a head, more of a long line is passed on only when all of it has arrived."""
        if (line_end or len(buffer)) > self._trailers_left:
            raise header_overflow()
        size = line_end or min(len(buffer), MAX_PARTIAL_LINE - self._line_fed)
        if size:
            self._feed(buffer, size)
        self._trailers_left -= size
        self._line_fed = 0 if line_end else self._line_fed + size
        self._searched = 0 if line_end else len(buffer)
        return End(self._fields.raw) if self._fields.complete else None
