"""One HTTP request or response head, parsed by httptools (llhttp, which Node runs too)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import httptools

from .driver.headers import is_host
from .errors import ProtocolError

# The largest head that is taken, interim responses before it included. Browsers send less than
# 8 KiB and the usual servers take no more than that; 64 KiB leaves room for large cookies.
MAX_HEAD_LENGTH = 0x10000

# Browsers send about 15 headers, and with a few proxies in between it is 30.
MAX_HEADERS = 128

TOO_LARGE = "431 Request Header Fields Too Large"

# RFC 9110 15.2: a client goes on reading after these. 101 is the final answer to an upgrade.
INTERIM_STATUS_CODES = frozenset(range(100, 200)) - {101}

# What the headers of a handshake are called on the wire: those need not be spelled again each time.
NAMES = {
    spelling.encode(): name.lower()
    for name in (
        *("Accept", "Accept-Encoding", "Accept-Language", "Cache-Control", "Connection", "Cookie"),
        *("Date", "Host", "Origin", "Pragma", "Server", "Upgrade", "User-Agent"),
        *("Sec-WebSocket-Accept", "Sec-WebSocket-Extensions", "Sec-WebSocket-Key"),
        *("Sec-WebSocket-Protocol", "Sec-WebSocket-Version", "X-Forwarded-For"),
    )
    for spelling in (name, name.lower())
}

END_OF_HEAD = b"\r\n\r\n"

PARSERS = {"request": httptools.HttpRequestParser, "response": httptools.HttpResponseParser}


class HttpError(ProtocolError):
    """What the peer sent is refused. `status` and `headers` are what a server answers with."""

    def __init__(
        self,
        message: str,
        status: str = "400 Bad Request",
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers


class HttpParser:
    """Reads one head, a byte or all of it at a time, and keeps what follows it as `body`.

    `type` is `"request"` or `"response"`. The head may have `max_length` bytes, interim responses
    before it included, and `max_headers` headers. Interim responses (RFC 9110 15.2), which are
    those with a 1xx status other than 101, are passed over. Once `is_complete()`, either `error` is
    set or these are: `headers` (lower-case names, the values of repeated ones joined by `, `),
    `body`, and `method` and `url` of a request or `status_code` of a response.

    llhttp is given whole lines, and none after the head: what the head says does not depend on how
    it was cut into chunks, and what follows is never taken for a second head.
    """

    def __init__(
        self, type: str, max_length: int = MAX_HEAD_LENGTH, max_headers: int = MAX_HEADERS
    ) -> None:
        self._type = type
        self._max_length = max_length
        self._max_headers = max_headers
        self._line = bytearray()
        self._length = 0
        self._begin()

        self.error: HttpError | None = None
        self.body = b""

    def _begin(self) -> None:
        self._parser: Any = PARSERS[self._type](self)
        self._complete = False
        self.headers: dict[str, str] = {}
        self._count = 0
        self.method: str | None = None
        self.url: str | None = None
        self.status_code: int | None = None

    def is_complete(self) -> bool:
        """True when the whole head is in, or has turned out not to be one."""
        return self._complete

    def parse(self, chunk: bytes) -> None:
        """Takes the next bytes. Not to be called again once the head is complete."""
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
        self._parser = None  # a connection has no more use for it

    def _end_of_lines(self, chunk: bytes, offset: int) -> int:
        """Where the head ends, if that is in `chunk` and all of the head is in order so far; else
        where the next line does, 0 if not even that is there."""
        if not chunk.startswith(b"\r\n", offset):
            end = chunk.find(END_OF_HEAD, offset, offset + self._max_length - self._length)
            if end >= 0:
                end += len(END_OF_HEAD)
                if chunk.count(b"\n", offset, end) == chunk.count(b"\r\n", offset, end):
                    return end
        return chunk.find(b"\n", offset) + 1

    def _parse_lines(self, lines: bytes) -> None:
        self._length += len(lines)
        # llhttp skips any CR and LF before a head. RFC 9112 2.2 allows for empty lines, no bare CR.
        if lines[0] < 0x20 and lines != b"\r\n":
            return self._fail("Parse Error")
        try:
            self._parser.feed_data(lines)
        except httptools.HttpParserUpgrade:
            pass
        except httptools.HttpParserError:
            # For a 101 that is no proper upgrade llhttp raises after the head: the driver says why.
            if not self._complete:
                self._fail("Parse Error")

        if self.status_code in INTERIM_STATUS_CODES and self.error is None:
            self._begin()

    def _fail(self, message: str, status: str = "400 Bad Request") -> None:
        self.error = HttpError(message, status)
        self._complete = True

    # The callbacks of httptools

    def on_url(self, url: bytes) -> None:
        self.url = url.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count += 1
        if self._count > self._max_headers:
            if self.error is None:
                self._fail("too many headers", TOO_LARGE)
            return
        key = NAMES.get(name) or name.decode("latin-1").lower()
        text = value.decode("latin-1").strip(" \t")
        self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text

    def on_headers_complete(self) -> None:
        if self.error is not None:
            return
        self._complete = True

        if self._type == "response":
            self.status_code = self._parser.get_status_code()
            return

        self.method = self._parser.get_method().decode("latin-1")
        version = self._parser.get_http_version()
        if version != "1.1":
            self._fail(f"Unsupported HTTP version: {version}")
        elif not is_host(self.headers.get("host", "")):
            self._fail("Invalid Host header")
