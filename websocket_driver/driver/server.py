"""A server that parses the HTTP request itself, and then selects the protocol version."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from ..emitter import Raised
from ..events import ConnectEvent
from ..http_parser import HttpError, HttpParser
from ..request import Request, is_secure
from ..spelling import node_name
from ..streams import Messages
from .base import Base
from .connection import Connection, error_response
from .draft75 import Draft75
from .draft76 import Draft76
from .hybi import Hybi
from .hybi.outgoing import prepare_close
from .options import DriverOptions, Options
from .states import CLOSED, CONNECTING, State
from .waiting import Waiting

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..extensions.interfaces import Extension
    from ..header_map import HeaderMap
    from ..payload import Chunk, Data, FrameType


class Server(Base):
    """A driver that emits `connect` once it has received a request, and then uses the protocol
    version of the client.

    From `connect` on, `method`, `url`, `headers` (lower-case names) and `body` (the part that
    arrived together with the headers, up to `max_head_length` bytes) are those of the request.
    Methods that are called earlier take effect then; their arguments are checked at once.
    """

    method: str | None = None
    headers: HeaderMap | None = None
    body: bytes | None = None

    receives_head: bool = True

    _own_state: State = CONNECTING

    def __init__(
        self, options: Options | DriverOptions | None = None, **more: Unpack[DriverOptions]
    ) -> None:
        super().__init__(None, None, options, **more)
        self._target: Waiting | Hybi | Draft75 | Draft76 = Waiting(self.flow)
        self._http: HttpParser | None = HttpParser(
            "request", self._options.max_head_length, self._options.max_headers
        )

    @staticmethod
    def http(
        request: object,
        options: Options | DriverOptions | None = None,
        **more: Unpack[DriverOptions],
    ) -> Hybi | Draft75 | Draft76:
        """Returns the driver for the protocol version of `request`."""
        options = Options.of(options, more, require_masking=True)
        url = Server.determine_url(request)
        request = Request.of(request)
        return _driver_for(request.headers, options.allow_drafts)(request, url, options)

    @staticmethod
    def is_secure_request(request: object) -> bool:
        """True if `request` arrived over TLS, according to the request or to headers of a proxy."""
        return is_secure(request)

    @staticmethod
    def determine_url(request: object) -> str:
        """The WebSocket URL of `request`; without a host if the request has none."""
        scheme = "wss" if is_secure(request) else "ws"
        request = Request.of(request)
        return f"{scheme}://{request.headers.get('host', '')}{request.url}"

    @property
    def ready_state(self) -> State:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The state of the selected driver; 0 before there is one."""
        target = self._target
        return self._own_state if isinstance(target, Waiting) else target.ready_state

    @ready_state.setter
    def ready_state(  # pyright: ignore[reportIncompatibleVariableOverride]
        self, state: State
    ) -> None:
        self._own_state = state

    @property
    def messages(self) -> Messages:
        """The messages: `write()` sends one, `data` events are those of the peer."""
        if self._messages is None and not isinstance(self._target, Waiting):
            self._messages = self._target.messages
        return self._messages or super().messages

    def parse(self, chunk: Chunk) -> None:
        if isinstance(self._target, Waiting):
            super().parse(chunk)
        else:
            self._target.parse(chunk)

    def _receive(self, chunk: bytes) -> None:
        http, waiting = self._http, self._target
        assert http is not None and isinstance(waiting, Waiting)
        http.parse(chunk)
        if not http.is_complete():
            return
        self._http = None
        if http.error is not None:
            self._reject(http.error)
        else:
            self._choose(http, waiting)

    def _choose(self, http: HttpParser, waiting: Waiting) -> None:
        """Selects the driver for the request, forwards earlier calls to it, and emits `connect`."""
        self.method = http.method
        self.headers = http.headers
        self.body = http.body[: self._options.max_head_length]

        request = Request.parsed(
            http.method or "", http.url or "", http.headers, http.http_version or ""
        )
        self.url: str | None = request.url
        driver = self.http(request, self._options)
        driver.emit_through(self)
        driver.take_over(self.flow, self.io, self._messages, self._watch)
        self._watch = None

        self._target = driver
        self.protocol: str | None = driver.protocol
        self.version: str | None = driver.version

        if http.body or waiting.has_calls():
            self._catch_up(driver, waiting, http.body)
        else:
            waiting.end()
            self.emit("connect", ConnectEvent())

    def _catch_up(self, driver: Hybi | Draft75 | Draft76, waiting: Waiting, body: bytes) -> None:
        """Has `driver` do what was called already, and passes on what came with the headers."""
        raised = Raised()
        with raised:
            waiting.call(driver)
        if body:
            with raised:
                driver.receive_early(body)
        if not self.has_ended():
            with raised:
                self.emit("connect", ConnectEvent())
        with raised:
            driver.limit_early_input()
        raised.reraise()

    def _reject(self, error: HttpError) -> None:
        self._enter(CLOSED)
        raised = Raised()
        with raised:
            self._write(error_response(error))
        with raised:
            self._emit_error(error)
        with raised:
            self._emit_close(Hybi.ERRORS["protocol_error"], error.message)
        raised.reraise()

    def close(self, reason: Data = "", code: int | None = 1000) -> bool:
        if isinstance(self._target, Connection):
            return self._target.close(reason, code)
        payload, code = prepare_close(reason, code)
        if not self._enter(CLOSED):
            return False
        self._emit_close(code, payload.decode("utf-8", "replace"))
        return True

    # The other methods of a driver, which wait for the request.

    def add_extension(self, extension: Extension) -> bool:
        return self._target.add_extension(extension)

    def set_header(self, name: str, value: str) -> bool:
        return self._target.set_header(name, value)

    def start(self) -> bool:
        return self._target.start()

    def frame(self, data: Data, type: FrameType | None = None, code: int | None = None) -> bool:
        return self._target.frame(data, type, code)

    def text(self, message: Data) -> bool:
        return self._target.text(message)

    def binary(self, message: Data) -> bool:
        return self._target.binary(message)

    def ping(self, message: Data = "", callback: Callable[[], object] | None = None) -> bool:
        return self._target.ping(message, callback)

    def pong(self, message: Data = "") -> bool:
        return self._target.pong(message)

    def _release(self) -> None:
        super()._release()
        self._http = None
        assert isinstance(self._target, Waiting)  # a chosen driver releases itself
        self._target.end()

    isSecureRequest: Final = node_name(is_secure_request)
    determineUrl: Final = node_name(determine_url)


def _driver_for(headers: Mapping[str, str], drafts: bool) -> type[Hybi | Draft75 | Draft76]:
    if not drafts or headers.get("sec-websocket-version") or headers.get("sec-websocket-key"):
        return Hybi
    if headers.get("sec-websocket-key1") or headers.get("sec-websocket-key2"):
        return Draft76
    return Draft75
