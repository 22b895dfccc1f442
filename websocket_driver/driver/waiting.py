"""A placeholder for the driver of a server until the request has arrived."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..emitter import Raised
from ..extensions import Extensions
from ..flow import Flow
from ..payload import to_optional_payload, to_payload
from .connection import Connection
from .headers import Headers
from .hybi.outgoing import prepare
from .hybi.pings import check_callback

if TYPE_CHECKING:
    from ..extensions.interfaces import Extension
    from ..payload import Data, FrameType


class Waiting:
    """Records calls of methods for the driver that will be selected.

    Each call is checked at once, as the driver would check it. Headers and extensions are also
    stored here, to check for repeated ones.
    """

    __slots__ = ("_calls", "_ended", "_extensions", "_flow", "_headers")

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._ended = False
        self._calls: list[Callable[[Connection], object]] = []
        # Made when the first header or extension is added.
        self._headers: Headers | None = None
        self._extensions: Extensions | None = None

    def has_calls(self) -> bool:
        """Returns true if a method was called that has an effect on the driver."""
        return bool(self._calls)

    def call(self, driver: Connection) -> None:
        """Forwards the recorded calls to `driver`, all of them even if listeners raise."""
        self._flow.requeue()
        raised = Raised()
        for call in self._calls:
            with raised:
                call(driver)
        self.end()
        raised.reraise()

    def end(self) -> None:
        """No driver will be selected."""
        self._ended = True
        self._calls = []
        self._headers = self._extensions = None

    def _keep(self, call: Callable[[Connection], object], size: int = 0) -> bool:
        if self._ended:
            return False
        self._calls.append(call)
        if size:
            self._flow.output_queued(size)
        return True

    def add_extension(self, extension: Extension) -> bool:
        if self._extensions is None:
            self._extensions = Extensions()
        self._extensions.add(extension)
        return self._keep(lambda driver: driver.add_extension(extension))

    def set_header(self, name: str, value: str) -> bool:
        Headers.validate(name, "" if value is None else value)
        if self._headers is None:
            self._headers = Headers()
        if self._ended or not self._headers.set(name, value):
            return False
        return self._keep(lambda driver: driver.set_header(name, value))

    def start(self) -> bool:
        return self._keep(lambda driver: driver.start())

    def frame(self, data: Data, type: FrameType | None = None, code: int | None = None) -> bool:
        payload, size = self._copy(data, type, code)
        return self._keep(lambda driver: driver.frame(payload, type, code), size)

    def text(self, message: Data) -> bool:
        payload, size = self._copy(message, "text")
        return self._keep(lambda driver: driver.text(payload), size)

    def binary(self, message: Data) -> bool:
        payload, size = self._copy(message, "binary")
        return self._keep(lambda driver: driver.binary(payload), size)

    def ping(self, message: Data = "", callback: Callable[[], object] | None = None) -> bool:
        check_callback(callback)
        payload, size = self._copy(to_optional_payload(message), "ping")
        return self._keep(lambda driver: driver.ping(payload, callback), size)

    def pong(self, message: Data = "") -> bool:
        payload, size = self._copy(to_optional_payload(message), "pong")
        return self._keep(lambda driver: driver.pong(payload), size)

    @staticmethod
    def _copy(
        data: Data, type: FrameType | None = None, code: int | None = None
    ) -> tuple[str | bytes, int]:
        """Returns an immutable copy of the data, and its size in bytes."""
        payload = to_payload(data)
        return payload, len(prepare(payload, type, code)[0])
