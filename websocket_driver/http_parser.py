"""One HTTP request or response head, parsed by httptools (llhttp, which Node runs too).

A head is the start line and the header lines, up to and including the empty line (RFC 9112 2.1).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import ClassVar, Final, Literal

import httptools

from .errors import ProtocolError
from .grammar import is_host
from .header_map import OWS, HeaderMap
from .speedups import chosen_method

# The largest accepted head, including interim responses before it. Browsers send less than 8 KiB,
# which is also the limit of common servers; 64 KiB leaves room for large cookies.
MAX_HEAD_LENGTH = 0x10000

# Browsers send about 15 headers, and 30 with a few proxies in between.
MAX_HEADERS = 128

BAD_REQUEST = "400 Bad Request"
TOO_LARGE = "431 Request Header Fields Too Large"  # RFC 6585 5

# RFC 9110 15.2: a final response follows these. 101 is the final response to an upgrade.
INTERIM_STATUS_CODES = frozenset(range(100, 200)) - {101}

# Requests of other versions are refused. Health checks and old proxies use HTTP/1.0.
REQUEST_VERSIONS = ("1.1", "1.0")

# llhttp also accepts requests of RTSP and ICE.
REQUEST_OF_HTTP = re.compile(rb"(?:\r\n)*[^\r]* HTTP/1\.[01]\r\n")

# Header names on the wire in a handshake: these need not be decoded and lower-cased each time.
KNOWN_NAMES = {
    spelling.encode(): name.lower()
    for name in (
        *("Accept", "Accept-Encoding", "Accept-Language", "Cache-Control", "Connection", "Cookie"),
        *("Date", "Host", "Origin", "Pragma", "Server", "Upgrade", "User-Agent"),
        *("Sec-WebSocket-Accept", "Sec-WebSocket-Extensions", "Sec-WebSocket-Key"),
        *("Sec-WebSocket-Protocol", "Sec-WebSocket-Version", "X-Forwarded-For"),
    )
    for spelling in (name, name.lower())
}

known_name: Final = KNOWN_NAMES.get

NO_HEADERS = HeaderMap()

Parser = httptools.HttpRequestParser | httptools.HttpResponseParser

END_OF_HEAD = b"\r\n\r\n"
SPACE = 0x20


class HttpError(ProtocolError):
    """A head was refused. A server responds with `status` and `headers`."""

    def __init__(
        self,
        message: str,
        status: str = BAD_REQUEST,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers: dict[str, str] = dict(headers or {})


class HttpParser:
    """Reads one head, in chunks of any size, and keeps the bytes that follow it as `body`.

    `type` is `"request"` or `"response"`. The head may have `max_length` bytes, interim responses
    before it included, and `max_headers` headers. Interim responses (RFC 9110 15.2), those with a
    1xx status other than 101, are skipped.

    Once `is_complete()`, these are set:

    * `error`, an `HttpError`, if the head is refused; or `None`
    * `body`, the bytes after the head
    * `headers`, as far as they were read
    * `http_version`, `"1.1"` or `"1.0"`, and of a response any other version that llhttp reads
    * `method` and `url` of a request; `status_code` of a response, of a refused one too if its
      status line is valid

    llhttp gets whole lines, and none after the head. So the result does not depend on how the head
    was divided into chunks, and the bytes after it are never parsed as a second head.
    """

    error: HttpError | None = None
    body: bytes = b""
    headers: HeaderMap = NO_HEADERS
    http_version: str | None = None
    method: str | None = None
    url: str | None = None
    status_code: int | None = None

    _complete = False

    # The lines that have been parsed, if the head did not arrive at once.
    _lines: list[bytes] | None = None

    def __init__(
        self,
        type: Literal["request", "response"],
        max_length: int = MAX_HEAD_LENGTH,
        max_headers: int = MAX_HEADERS,
    ) -> None:
        self._type = type
        self._max_length = max_length
        self._max_headers = max_headers
        self._line = bytearray()
        self._length = 0
        self._begin()

    def _begin(self) -> None:
        self._lines = None
        self._head = Head(self._max_headers)
        self._parser: Parser | None = self._new_parser(self._head)

    def _new_parser(self, head: Head) -> Parser:
        if self._type == "request":
            return httptools.HttpRequestParser(head)
        return httptools.HttpResponseParser(head)

    def is_complete(self) -> bool:
        """Returns true once the whole head has been received, or it is refused."""
        return self._complete

    def parse(self, chunk: bytes) -> None:
        """Parses the next bytes. Must not be called again once the head is complete."""
        if self._line and b"\n" in chunk:
            chunk = bytes(self._line + chunk)
            self._line.clear()
        offset = 0

        while not self._complete:
            end = self._end_of_lines(chunk, offset)
            if end == 0:
                self._line += chunk[offset:]

            size = end - offset if end else len(self._line)
            if self._length + size > self._max_length:
                return self._fail("max header size exceeded", TOO_LARGE)
            if end == 0:
                return

            self._parse_lines(chunk[offset:end])
            offset = end

        self.body = chunk[offset:]
        self._lines = None
        self._parser = None  # not needed by an open connection

    def _end_of_lines(self, chunk: bytes, offset: int) -> int:
        """Returns the end of the head if `chunk` has it and all line ends are CR LF; else the end
        of the next line, or 0 if `chunk` has no line end."""
        if not chunk.startswith(b"\r\n", offset):
            end = chunk.find(END_OF_HEAD, offset, offset + self._max_length - self._length)
            if end >= 0:
                end += len(END_OF_HEAD)
                if chunk.count(b"\n", offset, end) == chunk.count(b"\r\n", offset, end):
                    return end
        return chunk.find(b"\n", offset) + 1

    def _parse_lines(self, lines: bytes) -> None:
        self._length += len(lines)
        # llhttp skips any CR and LF before a head. RFC 9112 2.2 allows empty lines, no bare CR.
        parser, head = self._parser, self._head
        assert parser is not None
        if lines[0] < SPACE and lines != b"\r\n":
            self._read_status(parser)
            return self._fail("Parse Error")

        if self._lines is not None:
            self._lines.append(lines)
        refused = False
        try:
            parser.feed_data(lines)
        except httptools.HttpParserUpgrade:
            pass
        except httptools.HttpParserError as error:
            # llhttp also raises after the head of a 101 without an upgrade: the driver reports it.
            refused = not head.is_complete
            if refused and not isinstance(error, httptools.HttpParserInvalidStatusError):
                self._read_status(parser)

        if head.remaining < 0:
            self._read_status(parser)
            self._refuse("too many headers", TOO_LARGE, lines)
        elif refused:
            self._refuse("Parse Error", BAD_REQUEST, lines)
        elif not head.is_complete:
            self._lines = self._lines or [lines]
        elif isinstance(parser, httptools.HttpRequestParser):
            self._finish_request(parser, head, lines)
        else:
            self._finish_response(parser, lines)

    def _finish_request(
        self, parser: httptools.HttpRequestParser, head: Head, lines: bytes
    ) -> None:
        self._complete = True
        self.http_version = version = parser.get_http_version()
        self.method = parser.get_method().decode("latin-1")
        self.url = head.url.decode("latin-1")
        self.headers = headers = head.headers
        headers.source = source = lines if self._lines is None else b"".join(self._lines)
        if version not in REQUEST_VERSIONS:
            self._fail(f"Unsupported HTTP version: {version}", lines=lines)
        elif not REQUEST_OF_HTTP.match(source):
            self._fail("Parse Error", lines=lines)
        elif not is_host(headers.get("host", "")):
            self._fail("Invalid Host header", lines=lines)

    def _finish_response(self, parser: httptools.HttpResponseParser, lines: bytes) -> None:
        code = parser.get_status_code()
        if code in INTERIM_STATUS_CODES:
            self._begin()
            return
        self._complete = True
        self.http_version = parser.get_http_version()
        self.status_code = code
        self._keep_headers(lines)

    def _read_status(self, parser: Parser) -> None:
        """Sets `status_code` of a refused response, if it has one (RFC 9112 4)."""
        if isinstance(parser, httptools.HttpResponseParser):
            self.status_code = parser.get_status_code() or None

    def _refuse(self, message: str, status: str, lines: bytes) -> None:
        """Fails at one of `lines`: `raw_headers` are those before it, also if it arrived in the
        same chunk as other lines."""
        source = lines if self._lines is None else b"".join(self._lines)
        head = Head(self._max_headers)
        parser = self._new_parser(head)
        start = end = 0
        with suppress(httptools.HttpParserError, httptools.HttpParserUpgrade):
            while head.remaining >= 0:
                start, end = end, source.index(b"\n", end) + 1
                parser.feed_data(source[start:end])
        self._lines = None
        self._fail(message, status, source[:start])

    def _fail(self, message: str, status: str = BAD_REQUEST, lines: bytes = b"") -> None:
        self.error = HttpError(message, status)
        self._keep_headers(lines)
        self._complete = True

    def _keep_headers(self, lines: bytes) -> None:
        """Sets `headers` to those that were parsed; the last ones are in `lines`."""
        self.headers = self._head.headers
        self.headers.source = lines if self._lines is None else b"".join(self._lines)


class Head:
    """Receives the callbacks of httptools. It has no reference to the parser, so that neither
    needs the garbage collector."""

    KNOWN_NAMES: ClassVar[Mapping[bytes, str]] = KNOWN_NAMES

    __slots__ = ("headers", "is_complete", "remaining", "url")

    def __init__(self, max_headers: int) -> None:
        self.url: bytes = b""
        self.headers: HeaderMap = HeaderMap()
        self.remaining: int = max_headers  # negative if there are too many
        self.is_complete: bool = False

    def on_url(self, url: bytes) -> None:
        """The URL of the request line."""
        self.url = url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header line."""
        self.remaining = remaining = self.remaining - 1
        if remaining < 0:
            return
        key = known_name(name) or name.decode("latin-1").lower()
        text = value.decode("latin-1").strip(OWS)
        headers = self.headers
        headers[key] = text if key not in headers else f"{headers[key]}, {text}"

    # The compiled version calls this for unknown names, repeated ones, and if there are too many.
    _header_otherwise: Final = on_header

    def on_headers_complete(self) -> None:
        """The empty line."""
        self.is_complete = True


on_header_in_python: Final = Head.on_header
Head.on_header = chosen_method("on_header", Head, on_header_in_python)  # type: ignore[method-assign]
