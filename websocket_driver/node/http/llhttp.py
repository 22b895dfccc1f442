"""The common parts of the parsers of heads and bodies: llhttp (in httptools), errors, fields."""

from __future__ import annotations

import httptools

# Node's codes for llhttp's errors. httptools has classes for two of them; the others are recognised
# by the beginning of their text.
INVALID_METHOD = "HPE_INVALID_METHOD"
INVALID_URL = "HPE_INVALID_URL"
INVALID_VERSION = "HPE_INVALID_VERSION"
CODES = {
    "Invalid method for": "HPE_INVALID_CONSTANT",
    "Expected HTTP/": "HPE_INVALID_CONSTANT",
    "Expected SOURCE": "HPE_INVALID_CONSTANT",
    "Invalid HTTP version": INVALID_VERSION,
    "Invalid major version": INVALID_VERSION,
    "Invalid minor version": INVALID_VERSION,
    "Expected dot": INVALID_VERSION,
    "Expected CRLF after version": INVALID_VERSION,
    "Invalid header": "HPE_INVALID_HEADER_TOKEN",
    "Unexpected whitespace after header": "HPE_INVALID_HEADER_TOKEN",
    "Missing expected CR": "HPE_CR_EXPECTED",
    "Missing expected LF": "HPE_LF_EXPECTED",
    "Invalid character in Content-Length": "HPE_INVALID_CONTENT_LENGTH",
    "Empty Content-Length": "HPE_INVALID_CONTENT_LENGTH",
    "Content-Length overflow": "HPE_INVALID_CONTENT_LENGTH",
    "Content-Length can't be present": "HPE_INVALID_CONTENT_LENGTH",
    "Duplicate Content-Length": "HPE_UNEXPECTED_CONTENT_LENGTH",
    "Transfer-Encoding can't be present": "HPE_INVALID_TRANSFER_ENCODING",
    "Invalid `Transfer-Encoding`": "HPE_INVALID_TRANSFER_ENCODING",
    "Request has invalid `Transfer-Encoding`": "HPE_INVALID_TRANSFER_ENCODING",
    "Empty Transfer-Encoding": "HPE_INVALID_TRANSFER_ENCODING",
    "Invalid character in chunk": "HPE_INVALID_CHUNK_SIZE",
    "Chunk size overflow": "HPE_INVALID_CHUNK_SIZE",
}

# For all other errors.
OTHER_CODE = "HPE_STRICT"

# How many bytes of an incomplete line are passed to llhttp, which copies them for each chunk.
MAX_PARTIAL_LINE = 1024


class ParseError(Exception):
    """The client sent invalid HTTP/1.1, or exceeded a limit.

    `code` is Node's (`HPE_INVALID_METHOD`), `reason` the parser's text.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


def header_overflow() -> ParseError:
    """A head, or the trailers, with more bytes or fields than are allowed."""
    return ParseError("HPE_HEADER_OVERFLOW", "Header overflow")


class Fields:
    """Collects header or trailer fields from httptools: names and values in turn, unchanged except
    for white space around the values. Raises `ParseError` beyond `max_count` of them.
    """

    def __init__(self, max_count: int) -> None:
        self._left = max_count
        self.raw: list[str] = []
        self.too_many: bool = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by httptools."""
        if self._left:
            self._left -= 1
            self.raw += (name.decode("latin-1"), value.decode("latin-1").strip(" \t"))
        else:
            self.too_many = True


def feed(parser: httptools.HttpRequestParser, fields: Fields, data: bytes) -> None:
    """Passes `data` to `parser`, which reports to `fields`. Raises `ParseError`."""
    try:
        parser.feed_data(data)
    except httptools.HttpParserUpgrade:
        pass
    except httptools.HttpParserError as error:
        if fields.too_many:
            raise header_overflow() from None
        raise ParseError(code_of(error), str(error)) from None
    if fields.too_many:
        raise header_overflow()


def code_of(error: httptools.HttpParserError) -> str:
    """Node's code for an error of httptools."""
    if isinstance(error, httptools.HttpParserInvalidMethodError):
        return INVALID_METHOD
    if isinstance(error, httptools.HttpParserInvalidURLError):
        return INVALID_URL
    reason = str(error)
    return next((CODES[text] for text in CODES if reason.startswith(text)), OTHER_CODE)
