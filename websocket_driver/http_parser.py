"""One HTTP request or response head, parsed by httptools (llhttp, which Node runs too)."""

from __future__ import annotations

from typing import Any

import httptools

from .errors import ProtocolError

# The largest head that is taken, interim responses before it included. Browsers send less than
# 8 KiB and the usual servers take no more than that; 64 KiB leaves room for large cookies.
MAX_HEAD_LENGTH = 0x10000

# RFC 9110 15.2: a client goes on reading after these. 101 is the final answer to an upgrade.
INTERIM_STATUS_CODES = frozenset(range(100, 200)) - {101}

PARSERS = {"request": httptools.HttpRequestParser, "response": httptools.HttpResponseParser}


class HttpError(ProtocolError):
    """The peer sent a head that is none. `status` is what a server answers."""

    def __init__(self, message: str, status: str = "400 Bad Request") -> None:
        super().__init__(message)
        self.status = status


class HttpParser:
    """Reads one head, a byte or all of it at a time, and keeps what follows it as `body`.

    `type` is `"request"` or `"response"`. Interim responses (RFC 9110 15.2), which are those with a
    1xx status other than 101, are passed over. Once `is_complete()`, either `error` is set or these
    are: `headers` (lower-case names, the values of repeated ones joined by `, `), `body`, and
    `method` and `url` of a request or `status_code` of a response.

    llhttp is given whole lines, and none after the head: what the head says does not depend on how
    it was cut into chunks, and what follows is never taken for a second head.
    """

    def __init__(self, type: str) -> None:
        self._type = type
        self._line = bytearray()
        self._length = 0
        self._begin()

        self.error: HttpError | None = None
        self.body = b""

    def _begin(self) -> None:
        self._parser: Any = PARSERS[self._type](self)
        self._complete = False
        self.headers: dict[str, str] = {}
        self.method: str | None = None
        self.url: str | None = None
        self.status_code: int | None = None

    def is_complete(self) -> bool:
        """True when the whole head is in, or has turned out not to be one."""
        return self._complete

    def parse(self, chunk: bytes) -> None:
        """Takes the next bytes. Not to be called again once the head is complete."""
        offset = 0

        while not self._complete:
            end = chunk.find(b"\n", offset) + 1
            self._line += chunk[offset : end or len(chunk)]

            if self._length + len(self._line) > MAX_HEAD_LENGTH:
                return self._fail("max header size exceeded", "431 Request Header Fields Too Large")
            if end == 0:
                return

            self._parse_line()
            offset = end

        self.body = chunk[offset:]
        self._parser = None  # a connection has no more use for it

    def _parse_line(self) -> None:
        line, self._line = bytes(self._line), bytearray()
        self._length += len(line)
        try:
            self._parser.feed_data(line)
        except httptools.HttpParserUpgrade:
            pass
        except httptools.HttpParserError:
            # For a 101 that is no proper upgrade llhttp raises after the head: the driver says why.
            if not self._complete:
                self._fail("Parse Error")

        if self.status_code in INTERIM_STATUS_CODES:
            self._begin()

    def _fail(self, message: str, status: str = "400 Bad Request") -> None:
        self.error = HttpError(message, status)
        self._complete = True

    # The callbacks of httptools

    def on_url(self, url: bytes) -> None:
        self.url = url.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        key = name.decode("latin-1").lower()
        text = value.decode("latin-1").strip(" \t")
        self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text

    def on_headers_complete(self) -> None:
        self._complete = True

        if self._type == "response":
            self.status_code = self._parser.get_status_code()
            return

        self.method = self._parser.get_method().decode("latin-1")
        version = self._parser.get_http_version()
        if version != "1.1":
            self._fail(f"Unsupported HTTP version: {version}")
