"""`http.ServerResponse`: the response to a request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from ...spelling import NodeName, node_name
from ..errors import invalid_argument, make_error
from ..stream import Callback
from .codes import STATUS_CODES
from .framing import Framing
from .headers import (
    NOT_FIELD_CONTENT,
    HeaderValue,
    field_lines,
    given_fields,
    invalid_character,
    validate_header_name,
)
from .incoming import IncomingMessage
from .outgoing import GivenHeaders, OutgoingMessage

if TYPE_CHECKING:
    from typing_extensions import Self

    from .listeners import ResponseListeners

# RFC 9110 15: the range of status codes, and those without a body.
MIN_STATUS, MAX_STATUS = 100, 999
NO_CONTENT, NOT_MODIFIED = 204, 304
FIRST_FINAL = 200

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
PROCESSING = b"HTTP/1.1 102 Processing\r\n\r\n"
EARLY_HINTS = "HTTP/1.1 103 Early Hints\r\n"

# RFC 8288 3, as Node checks it: a target in angle brackets, and parameters.
LINK = re.compile(r'<[^>]*>(?:\s*;\s*[^;"\s]+(?:=(?:"[^;"\s]*"|[^;"\s]*))?)*')
LINK_EXAMPLE = '"</styles.css>; rel=preload; as=style"'


class ServerResponse(OutgoingMessage):
    """The response to a request: `status_code`, `status_message`, headers, and a body.

    `req` is the request. Everything else is as in `OutgoingMessage`.
    """

    if TYPE_CHECKING:
        on: ResponseListeners  # type: ignore[assignment]
        once: ResponseListeners  # type: ignore[assignment]

    def __init__(self, request: IncomingMessage, *, keep_alive: bool = True) -> None:
        super().__init__(
            Framing(
                keep_alive=keep_alive,
                chunks=request.http_version == "1.1",
                has_body=request.method != "HEAD",
            )
        )
        self.req = request
        self.status_code: int = 200
        self.status_message: str | None = None
        # True between `Expect: 100-continue` and `write_continue()`.
        self._awaits_continue = False

    def write_head(
        self,
        status_code: int,
        status_message: str | GivenHeaders | None = None,
        headers: GivenHeaders | None = None,
    ) -> Self:
        """Sets the status and the headers; `headers` are added to those that are set.

        `headers` is a mapping, whose values are as in `set_header`, or a flat list of names and
        values in turn. Raises `ERR_HTTP_HEADERS_SENT`, `ERR_HTTP_INVALID_STATUS_CODE`, and what
        `set_header` raises.
        """
        self._check_unsent("write")
        status = status_number(status_code)
        if isinstance(status_message, str):
            self.status_message = status_message
        else:
            self.status_message = self.status_message or reason(status)
            if headers is None:
                headers = status_message
        self.status_code = status
        fields = self._fields_with(headers)
        message = self.status_message
        if not isinstance(message, str):
            raise invalid_argument("status_message", "a string", message)
        if NOT_FIELD_CONTENT.search(message):
            raise invalid_character("statusMessage")
        if status in (NO_CONTENT, NOT_MODIFIED) or status < FIRST_FINAL:
            self._framing.has_body = False
        if self._awaits_continue:
            # The client may still send its body or not, so a next request could not be
            # distinguished from it (RFC 9110 10.1.1).
            self._framing.keep_alive = False
        self._settle(status, message, fields)
        return self

    def _fields_with(self, headers: GivenHeaders | None) -> Iterable[tuple[str, HeaderValue]]:
        """The headers that are set, and those that are given in addition."""
        if headers is None:
            return self._headers
        given = given_fields(headers)
        if not self._headers:
            # As they were passed: a name can occur several times.
            for name, value in given:
                validate_header_name(name)
                field_lines(name, value)
            return given
        for name, value in given:
            self._headers.set(name, value)
        return self._headers

    def _make_head(self) -> None:
        self.write_head(self.status_code)

    def _check_not_begun(self) -> None:
        """An interim response in the middle of another would be taken for a part of its body."""
        if self._head_sent:
            raise make_error(
                RuntimeError,
                "ERR_HTTP_HEADERS_SENT",
                "Cannot write headers after they are sent to the client",
            )

    def write_continue(self, callback: Callback | None = None) -> None:
        """Sends `100 Continue`: the client may send the body (RFC 9110 10.1.1)."""
        self._check_not_begun()
        self._awaits_continue = False
        self._write_raw(CONTINUE, callback)

    def write_processing(self, callback: Callback | None = None) -> None:
        """Sends `102 Processing` (RFC 2518 10.1)."""
        self._check_not_begun()
        self._write_raw(PROCESSING, callback)

    def write_early_hints(
        self, hints: Mapping[str, HeaderValue], callback: Callback | None = None
    ) -> None:
        """Sends `103 Early Hints` with the `link` of `hints` and its other fields (RFC 8297).

        Without a `link`, and with an empty list, nothing is sent.
        """
        self._check_not_begun()
        if not isinstance(hints, Mapping):
            raise invalid_argument("hints", "a mapping", hints)
        link = hints.get("link")
        links = link_value(link) if link is not None else ""
        if not links:
            return
        lines = [EARLY_HINTS, f"Link: {links}\r\n"]
        for name, value in hints.items():
            validate_header_name(name)
            if name != "link":
                lines += [f"{name}: {line}\r\n" for line in field_lines(name, value)]
        self._write_raw("".join([*lines, "\r\n"]).encode("latin-1"), callback)

    def await_continue(self) -> None:
        """The request has `Expect: 100-continue`."""
        self._awaits_continue = True

    statusCode: NodeName[int] = NodeName("status_code")
    statusMessage: NodeName[str | None] = NodeName("status_message")
    writeHead: Final = node_name(write_head)
    writeContinue: Final = node_name(write_continue)
    writeProcessing: Final = node_name(write_processing)
    writeEarlyHints: Final = node_name(write_early_hints)


def status_number(status_code: object) -> int:
    """A status code as a number. Raises `ERR_HTTP_INVALID_STATUS_CODE`."""
    number = status_code
    if isinstance(number, str) and number.isascii() and number.isdecimal():
        number = int(number)
    if (
        isinstance(number, bool)
        or not isinstance(number, (int, float))
        or not MIN_STATUS <= number <= MAX_STATUS
    ):
        raise make_error(
            ValueError,
            "ERR_HTTP_INVALID_STATUS_CODE",
            f"Invalid status code: {status_code}",
        )
    return int(number)


def reason(status: int) -> str:
    """The reason phrase of a status code."""
    return STATUS_CODES.get(status, "unknown")


def link_value(link: object) -> str:
    """The value of a Link header (RFC 8288 3). Raises `ERR_INVALID_ARG_VALUE`."""
    links = link if isinstance(link, (list, tuple)) else [link]
    for one in links:
        if not isinstance(one, str) or not LINK.fullmatch(one):
            raise make_error(
                TypeError,
                "ERR_INVALID_ARG_VALUE",
                f"The argument 'hints' must be an array or string of format {LINK_EXAMPLE}. "
                f"Received {one!r:.64}",
            )
    return ", ".join(line for one in links for line in field_lines("Link", one))
