"""Parses the requests of one connection, without I/O: bytes to heads and bodies."""

from __future__ import annotations

from ...http_parser import MAX_HEAD_LENGTH, MAX_HEADERS
from .body import ChunkedBody, End, SizedBody
from .head import Head, HeadReader
from .llhttp import ParseError

__all__ = ["End", "Head", "ParseError", "RequestParser"]


class Closed:
    """After a request that says `Connection: close`: nothing but empty lines may follow."""

    def next(self, buffer: bytearray) -> None:
        """Raises `ParseError` for anything else."""
        if buffer.strip(b"\r\n"):
            raise ParseError("HPE_CLOSED_CONNECTION", "Data after `Connection: close`")
        buffer.clear()


class RequestParser:
    """Parses the requests of a connection, one byte or all of them at a time.

    `feed(data)` adds received bytes. `next()` returns a `Head`, `bytes` of its body, or its `End`,
    one after the other, or `None` if more input is needed. Only `next()` parses.

    A head may have `max_header_size` bytes and `max_headers_count` fields, and so may trailers;
    a count of 0 means no limit but the size.
    """

    def __init__(
        self, max_header_size: int = MAX_HEAD_LENGTH, max_headers_count: int = MAX_HEADERS
    ) -> None:
        self._limits = (max_header_size, max_headers_count or max_header_size)
        self._buffer = bytearray()
        self._head: Head | None = None
        self._part: HeadReader | SizedBody | ChunkedBody | Closed | None = None
        # The code and the reason of the error that ended it. The error itself refers to stack
        # frames, and these to the connection.
        self._failure: tuple[str, str] | None = None

    @property
    def failed(self) -> bool:
        """True once `next()` or `finish()` has raised."""
        return self._failure is not None

    @property
    def closed(self) -> bool:
        """True after a request that says `Connection: close`."""
        return isinstance(self._part, Closed)

    def feed(self, data: bytes) -> None:
        """Adds bytes from the connection."""
        if self._failure is None:
            self._buffer += data

    @property
    def waiting(self) -> int:
        """The number of bytes that are not parsed yet."""
        return len(self._buffer)

    @property
    def between_requests(self) -> bool:
        """True if there is no incomplete request."""
        return self._head is None and not self._buffer.strip(b"\r\n")

    def next(self) -> Head | bytes | End | None:
        """The next part of a request, or `None` if that has not arrived.

        Raises `ParseError`, and the same again whenever it is called afterwards.
        """
        if self._failure is not None:
            raise ParseError(*self._failure)
        try:
            return self._next()
        except ParseError as error:
            self._failure = (error.code, error.reason)
            self._buffer.clear()
            raise

    def _next(self) -> Head | bytes | End | None:
        if self._part is None:
            if not self._buffer:
                return None
            self._part = HeadReader(*self._limits)
        part = self._part.next(self._buffer)
        if isinstance(part, Head):
            self._head = part
            self._part = (
                ChunkedBody(*self._limits) if part.length is None else SizedBody(part.length)
            )
        elif isinstance(part, End):
            closed = self._head is not None and not self._head.keep_alive
            self._head = None
            self._part = Closed() if closed else None
        return part

    def finish(self) -> None:
        """Reports the end of the connection. Raises `ParseError` if a request is incomplete."""
        if self._failure is None and not self.between_requests:
            self._failure = ("HPE_INVALID_EOF_STATE", "Invalid EOF state")
        if self._failure is not None:
            raise ParseError(*self._failure)

    def upgrade(self) -> bytes:
        """Ends parsing after a head, and returns the bytes that arrived after it."""
        rest = bytes(self._buffer)
        self._buffer.clear()
        return rest
