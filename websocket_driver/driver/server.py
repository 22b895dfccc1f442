"""A server that reads the HTTP request itself, and then chooses the protocol."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from ..emitter import EventEmitter
from ..events import ConnectEvent
from ..extensions import Extensions
from ..http_parser import HttpError, HttpParser
from ..request import Request
from ..spelling import node_name
from ..streams import IO, Messages
from .base import Base, error_response
from .draft75 import Draft75
from .draft76 import Draft76
from .headers import Headers
from .hybi import Hybi
from .hybi.frame import prepare
from .options import Options
from ..payload import to_bytes, to_payload


class Server(Base):
    """A driver that emits `connect` when a request is in, and speaks whatever the client does.

    From `connect` on, `method`, `url`, `headers` (lower-case names) and `body` (what has come in
    behind the head) are those of the request. What is called before is done then, and raises at
    once what it would raise then.
    """

    method: str | None = None
    headers: dict[str, str] | None = None
    body: bytes | None = None

    # Only until the request is in: the extensions, and the methods to be called with what.
    _extensions: Extensions | None = None
    _calls: list[tuple[str, tuple[Any, ...]]] | None = None

    def __init__(self, options: Options | Mapping[str, Any] | None = None, **more: Any) -> None:
        # Not Base's: what a driver parses and sends with, the one that is chosen has.
        EventEmitter.__init__(self)
        self._options = Options.of(options, more)
        self._delegate: Base | None = None
        self._http: HttpParser | None = HttpParser(
            "request", self._options.max_head_length, self._options.max_headers
        )
        self.ready_state = 0
        self.url = None
        self.io, self.messages = IO(self), Messages(self)

    @staticmethod
    def http(
        request: Any,
        options: Options | Mapping[str, Any] | None = None,
        *,
        _streams: tuple[IO, Messages] | None = None,
        **more: Any,
    ) -> Hybi | Draft75 | Draft76:
        """The driver for the protocol that `request` asks for."""
        options = Options.of(options, more, require_masking=True)
        url = Server.determine_url(request)
        request = Request.of(request)

        driver = _driver_for(request.headers, options.allow_drafts)
        return driver(request, url, options, _streams=_streams)

    @staticmethod
    def is_secure_request(request: Any) -> bool:
        """True if `request` came over TLS, as far as it or a proxy in front of the server says."""
        if isinstance(request, Request) and request.is_parsed:
            return _is_forwarded_secure(request.headers)
        if getattr(request, "secure", False):
            return True
        for name in ("connection", "socket"):
            # Ours have `authorized` or `secure` when they are TLS; the ssl module's, a certificate.
            wire = getattr(request, name, None)
            if getattr(wire, "authorized", None) is not None or getattr(wire, "secure", False):
                return True
            if hasattr(wire, "getpeercert"):
                return True

        return _is_forwarded_secure(Request.of(request).headers)

    @staticmethod
    def determine_url(request: Any) -> str:
        """The WebSocket URL that `request` asks for; without a host if it names none."""
        scheme = "wss" if Server.is_secure_request(request) else "ws"
        request = Request.of(request)
        return f"{scheme}://{request.headers.get('host', '')}{request.url}"

    @property
    def ready_state(self) -> int:
        """The state of the chosen driver; 0 while there is none."""
        return self._ready_state if self._delegate is None else self._delegate.ready_state

    @ready_state.setter
    def ready_state(self, state: int) -> None:
        self._ready_state = state

    def parse(self, chunk: Any) -> None:
        if self._delegate is not None:
            self._delegate.parse(chunk)
            return
        if self._http is None or self.ready_state == 3:
            return

        self._http.parse(to_bytes(chunk))
        if not self._http.is_complete():
            return

        http, self._http = self._http, None
        if http.error is not None:
            self._reject(http.error)
        else:
            self._choose(http)

    def _choose(self, http: HttpParser) -> None:
        self.method = http.method
        self.url = http.url
        self.headers = http.headers
        self.body = http.body

        request = Request.parsed(http.method or "", http.url or "", http.headers)
        delegate = self.http(request, self._options, _streams=(self.io, self.messages))
        # What it emits is emitted here.
        delegate.emit_through(self)
        self.io._driver = self.messages._driver = delegate

        self._delegate = delegate
        self.protocol = delegate.protocol
        self.version = delegate.version

        # What has been called already comes first, then what came in behind the head.
        calls = self._calls or []
        if self.body:
            calls.append(("parse", (self.body,)))
        self._calls = self._extensions = None

        try:
            if calls:
                self._catch_up(calls, delegate)
        finally:
            self.emit("connect", ConnectEvent())

    def _catch_up(self, calls: list[tuple[str, tuple[Any, ...]]], delegate: Base) -> None:
        # Last in, first out; and all of them, whatever a listener raises in one.
        with ExitStack() as steps:
            for name, arguments in reversed(calls):
                steps.callback(getattr(delegate, name), *arguments)

    def _reject(self, error: HttpError) -> None:
        self.ready_state = 3
        self._calls = None
        with ExitStack() as steps:
            steps.callback(self._emit_close, 1002, error.message)
            steps.callback(self._emit_error, error)
            steps.callback(self._write, error_response(error))

    def _call_later(self, name: str, *arguments: Any) -> bool:
        if self.ready_state == 3:
            return False
        if self._calls is None:
            self._calls = []
        self._calls.append((name, arguments))
        return True

    def add_extension(self, extension: Any) -> bool:
        if self._delegate is not None:
            return self._delegate.add_extension(extension)
        if self._extensions is None:
            self._extensions = Extensions()
        self._extensions.add(extension)
        return self._call_later("add_extension", extension)

    def set_header(self, name: str, value: Any) -> bool:
        if self._delegate is not None:
            return self._delegate.set_header(name, value)
        Headers().set(name, value)
        return self._call_later("set_header", name, value)

    def start(self) -> bool:
        if self._delegate is not None:
            return self._delegate.start()
        return self._call_later("start")

    def frame(self, data: Any, type: str | None = None, code: int | None = None) -> bool:
        if self._delegate is not None:
            return self._delegate.frame(data, type, code)
        prepare(data, type, code)
        return self._call_later("frame", to_payload(data), type, code)

    def text(self, message: Any) -> bool:
        if self._delegate is not None:
            return self._delegate.text(message)
        self._count_queued(len(prepare(message)[0]))
        return self._call_later("text", to_payload(message))

    def binary(self, message: Any) -> bool:
        if self._delegate is not None:
            return self._delegate.binary(message)
        self._count_queued(len(prepare(message)[0]))
        return self._call_later("binary", to_payload(message))

    def ping(self, message: Any = "", callback: Any = None) -> bool:
        if self._delegate is not None:
            return self._delegate.ping(message, callback)
        message, _ = prepare(message or "", "ping")
        return self._call_later("ping", message, callback)

    def pong(self, message: Any = "") -> bool:
        if self._delegate is not None:
            return self._delegate.pong(message)
        message, _ = prepare(message or "", "pong")
        return self._call_later("pong", message)

    def close(self, reason: Any = "", code: int | None = 1000) -> bool:
        if self._delegate is not None:
            return self._delegate.close(reason, code)
        prepare(reason or "", "close", code)
        return self._call_later("close", reason, code)

    isSecureRequest = node_name(is_secure_request)
    determineUrl = node_name(determine_url)


def _is_forwarded_secure(headers: Mapping[str, str]) -> bool:
    return (
        headers.get("https") == "on"
        or headers.get("x-forwarded-ssl") == "on"
        or headers.get("x-forwarded-scheme") == "https"
        or headers.get("x-forwarded-proto") == "https"
    )


def _driver_for(headers: dict[str, str], drafts: bool) -> type[Hybi | Draft75 | Draft76]:
    if not drafts or headers.get("sec-websocket-version") or headers.get("sec-websocket-key"):
        return Hybi
    if headers.get("sec-websocket-key1") or headers.get("sec-websocket-key2"):
        return Draft76
    return Draft75
