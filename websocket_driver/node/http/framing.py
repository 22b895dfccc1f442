"""The encoding of responses: the head, the delimiters of the body, and whether the connection stays
open (RFC 9112 6.3, 9.3). This module does no I/O."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from email.utils import formatdate

from ..errors import make_error
from .headers import HeaderValue, field_lines

CLOSE = re.compile(r"(?:^|\W)close(?:$|\W)", re.IGNORECASE)
CHUNKED = re.compile(r"(?:^|\W)chunked(?:$|\W)", re.IGNORECASE)

LAST_CHUNK = "0\r\n"


class Framing:
    """The properties of a response that determine its encoding.

    Before: `keep_alive` if the request lets the connection stay open, `chunks` if the client
    understands chunked bodies (HTTP/1.1), `has_body` unless it is an answer to HEAD or its status
    code rules it out, `length` in bytes if all of the body is known, `removed` the names of the
    headers that the caller has removed, `timeout` for Keep-Alive in milliseconds.

    After `head()`: `chunked`, and `last` if the connection ends after this response.
    """

    __slots__ = (
        "chunked",
        "chunks",
        "has_body",
        "keep_alive",
        "last",
        "length",
        "limit_reached",
        "max_requests",
        "removed",
        "send_date",
        "timeout",
    )

    def __init__(self, *, keep_alive: bool, chunks: bool, has_body: bool) -> None:
        self.keep_alive: bool = keep_alive
        self.chunks: bool = chunks
        self.has_body: bool = has_body
        self.length: int | None = None
        self.removed: set[str] = set()
        self.send_date: bool = True
        self.timeout: float = 0.0
        self.max_requests: int = 0
        self.limit_reached: bool = False
        self.chunked: bool = False
        self.last: bool = False

    def head(self, status: int, message: str, fields: Iterable[tuple[str, HeaderValue]]) -> bytes:
        """The head as bytes. Raises what `field_lines` raises, and `ERR_HTTP_TRAILER_INVALID` if
        there is a Trailer but no chunked body."""
        lines = [f"HTTP/1.1 {status} {message}\r\n"]
        set_names = set()
        standard_keep_alive = True
        for name, value in fields:
            key = name.lower()
            values = field_lines(name, value)
            if key == "cookie" and len(values) > 1:
                values = ["; ".join(values)]
            for line in values:
                lines.append(f"{name}: {line}\r\n")
                set_names.add(key)
                if key == "connection":
                    self._note_connection(line)
                elif key == "transfer-encoding" and CHUNKED.search(line):
                    self.chunked = True
                elif key == "keep-alive":
                    standard_keep_alive = False

        if self.send_date and "date" not in set_names:
            lines.append(date_line())
        if self.chunked and status in (204, 304):
            # RFC 9112 6.1: these have no Transfer-Encoding, but the caller has set one. So the
            # client may expect a body, and the connection ends.
            self.chunked = self.keep_alive = False
        self._add_connection(lines, set_names, standard_keep_alive)
        self._add_length(lines, set_names)
        if "trailer" in set_names and not self.chunked:
            raise make_error(
                RuntimeError,
                "ERR_HTTP_TRAILER_INVALID",
                "Trailers are invalid with this transfer encoding",
            )
        lines.append("\r\n")
        return "".join(lines).encode("latin-1")

    def _note_connection(self, value: str) -> None:
        if CLOSE.search(value):
            self.last = True
        else:
            self.keep_alive = True

    def _add_connection(
        self, lines: list[str], set_names: set[str], standard_keep_alive: bool
    ) -> None:
        if "connection" in set_names:
            return
        if "connection" in self.removed:
            self.last = not self.keep_alive
        elif not self.keep_alive or not (self.chunks or "content-length" in set_names):
            self.last = True
            lines.append("Connection: close\r\n")
        elif self.limit_reached:
            lines.append("Connection: close\r\n")
        else:
            lines.append("Connection: keep-alive\r\n")
            if self.timeout and standard_keep_alive:
                most = f", max={self.max_requests}" if self.max_requests > 0 else ""
                lines.append(f"Keep-Alive: timeout={int(self.timeout / 1000)}{most}\r\n")

    def _add_length(self, lines: list[str], set_names: set[str]) -> None:
        if "content-length" in set_names or "transfer-encoding" in set_names:
            return
        if not self.has_body:
            self.chunked = False
        elif not self.chunks:
            self.last = True
        elif (
            self.length is not None
            and "trailer" not in set_names
            and "content-length" not in self.removed
        ):
            lines.append(f"Content-Length: {self.length}\r\n")
        elif "transfer-encoding" not in self.removed:
            lines.append("Transfer-Encoding: chunked\r\n")
            self.chunked = True
        else:
            self.last = True

    def body(self, data: bytes) -> bytes:
        """A part of the body as it is sent (RFC 9112 7.1)."""
        if not self.chunked or not data:
            return data
        return b"%x\r\n%b\r\n" % (len(data), data)

    def end(self, trailers: str) -> bytes:
        """The end of the body."""
        if not self.chunked or not self.has_body:
            return b""
        return f"{LAST_CHUNK}{trailers}\r\n".encode("latin-1")


_date = (0, "")


def date_line() -> str:
    """The Date header (RFC 9110 6.6.1), made once a second."""
    global _date
    now = int(time.time())
    if _date[0] != now:
        _date = (now, f"Date: {formatdate(now, usegmt=True)}\r\n")
    return _date[1]
