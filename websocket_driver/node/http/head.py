"""One request head (RFC 9112 2 to 5)."""

from __future__ import annotations

import re
from dataclasses import dataclass

import httptools

from ...grammar import has_token, is_host
from .llhttp import (
    INVALID_VERSION,
    MAX_PARTIAL_LINE,
    OTHER_CODE,
    Fields,
    ParseError,
    feed,
    header_overflow,
)

# The end of a request line. llhttp also accepts HTTP/0.9, HTTP/2.0 and RTSP/1.0, which this server
# does not support.
VERSIONS = {b" HTTP/1.1\r\n": "1.1", b" HTTP/1.0\r\n": "1.0"}
VERSION_LENGTH = len(b" HTTP/1.1\r\n")

END_OF_HEAD = b"\r\n\r\n"
BARE_LF = re.compile(rb"(?<!\r)\n")

# Node's parser has a code of its own for a request line that ends in CR without LF.
BARE_CR = re.compile(rb"[^\r\n]*HTTP/\d\.\d\r(?!\n)")


@dataclass(slots=True)
class Head:
    """A request head.

    `raw_headers` has names and values in turn. `length` is that of the body in bytes, `None` for a
    chunked one. `keep_alive` is true if the client lets the connection stay open (RFC 9112 9.3).
    `upgrade` is true if it asks for another protocol (RFC 9110 7.8) or a tunnel (CONNECT).
    """

    method: str
    url: str
    version: str
    raw_headers: list[str]
    length: int | None = 0
    keep_alive: bool = True
    upgrade: bool = False


class HeadFields(Fields):
    """The callbacks of httptools for a head."""

    def __init__(self, max_count: int) -> None:
        super().__init__(max_count)
        self.url: bytes = b""

    def on_url(self, part: bytes) -> None:
        """Called by httptools, for each part of the request target."""
        self.url += part


class HeadReader:
    """Parses one head at the front of a buffer.

    llhttp gets the head as it arrives, so that invalid input is refused at its first byte, but long
    lines only when they are complete, so that a line in many chunks is not copied for each. It gets
    nothing after the head.
    """

    def __init__(self, max_size: int, max_count: int) -> None:
        self._fields = HeadFields(max_count)
        self._parser = httptools.HttpRequestParser(self._fields)
        self._left = max_size
        # How much of the buffer was passed to llhttp, how much was searched for lines, and where
        # the incomplete line begins.
        self._fed = 0
        self._searched = 0
        self._line = 0

    def next(self, buffer: bytearray) -> Head | None:
        """The head, or `None` if not all of it has arrived. Raises `ParseError`."""
        self._skip_empty_lines(buffer)
        if not buffer or buffer == b"\r":
            return None
        if buffer[0] in b"\r\n":
            raise ParseError("HPE_INVALID_METHOD", "Invalid method encountered")

        end = buffer.find(END_OF_HEAD, max(0, self._searched - len(END_OF_HEAD) + 1))
        whole = end >= 0
        if whole:
            end += len(END_OF_HEAD)
        overflow = (end if whole else len(buffer)) > self._left
        if overflow or not whole:
            end = self._end_of_part(buffer)
        if end > self._fed:
            try:
                self._feed(buffer, end)
            except ParseError as error:
                if error.code == INVALID_VERSION and BARE_CR.match(buffer):
                    raise ParseError(OTHER_CODE, error.reason) from None
                raise
            self._fed = end
        if overflow:
            raise header_overflow()
        return self._complete(buffer) if whole else None

    def _skip_empty_lines(self, buffer: bytearray) -> None:
        """Removes CRLF before the request line (RFC 9112 2.2)."""
        size = 0
        while buffer.startswith(b"\r\n", size):
            size += 2
        del buffer[:size]
        self._left -= size
        if self._left < 0:
            raise header_overflow()

    def _end_of_part(self, buffer: bytearray) -> int:
        """The end of the part that is passed to llhttp before the head is complete."""
        size = min(len(buffer), self._left)
        self._line = buffer.rfind(b"\n", self._searched, size) + 1 or self._line
        self._searched = size
        return min(size, self._line + MAX_PARTIAL_LINE)

    def _feed(self, buffer: bytearray, end: int) -> None:
        """Passes a part of the head to llhttp, up to the first line that does not end in CRLF."""
        start = self._fed
        if buffer.count(b"\n", start, end) == buffer.count(b"\r\n", max(0, start - 1), end):
            feed(self._parser, self._fields, bytes(buffer[start:end]))
            return
        bare = BARE_LF.search(buffer, start)
        assert bare is not None
        feed(self._parser, self._fields, bytes(buffer[start : bare.end()]))
        raise ParseError("HPE_CR_EXPECTED", "Missing expected CR")

    def _complete(self, buffer: bytearray) -> Head:
        line_end = buffer.find(b"\n") + 1
        version = VERSIONS.get(bytes(buffer[line_end - VERSION_LENGTH : line_end]))
        if version is None:
            raise ParseError(INVALID_VERSION, "Invalid HTTP version")
        del buffer[: self._fed]

        head = Head(
            self._parser.get_method().decode("latin-1"),
            self._fields.url.decode("latin-1"),
            version,
            self._fields.raw,
            keep_alive=version == "1.1",
            upgrade=self._parser.should_upgrade(),
        )
        frame(head)
        return head


def frame(head: Head) -> None:
    """Determines the length of the body (RFC 9112 6.3), and whether the connection may stay open
    after it (9.3). Raises `ParseError`.

    llhttp has checked the fields separately. It does not check the last coding of Transfer-Encoding
    in an upgrade request, and never checks Host.
    """
    hosts = 0
    options = ""
    fields = iter(head.raw_headers)
    for name, value in zip(fields, fields, strict=True):
        key = name.lower()
        if key == "content-length":
            head.length = int(value)
        elif key == "transfer-encoding":
            if value.lower().rpartition(",")[2].strip(" \t") != "chunked":
                reason = "Request has invalid `Transfer-Encoding`"
                raise ParseError("HPE_INVALID_TRANSFER_ENCODING", reason)
            head.length = None
        elif key == "connection":
            options = f"{options},{value}" if options else value
        elif key == "host":
            # RFC 9112 3.2: 400 if there is more than one, or an invalid one.
            hosts += 1
            if hosts > 1 or not is_host(value):
                raise ParseError("HPE_INVALID_HEADER_TOKEN", "Invalid Host header")
    if options:
        keeps = head.keep_alive or has_token(options, "keep-alive")
        head.keep_alive = keeps and not has_token(options, "close")
