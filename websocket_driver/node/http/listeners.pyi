"""The signatures of `on()` and `once()` for type checkers: the arguments of each event.

A listener may take fewer arguments than its event has.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Protocol, TypeVar, overload

from ..errors import NodeError
from ..listeners import OnData, OnDrop, OnError, OnNothing, OnSocket, OnStream
from ..net.socket import Socket
from ..tls.socket import TLSSocket
from .incoming import IncomingMessage
from .response import ServerResponse

Result = TypeVar("Result")

# A decorator gives back just what it was given.
OnRequest = TypeVar(
    "OnRequest",
    bound=Callable[[IncomingMessage, ServerResponse], object]
    | Callable[[IncomingMessage], object]
    | Callable[[], object],
)
OnUpgrade = TypeVar(
    "OnUpgrade",
    bound=Callable[[IncomingMessage, Socket, bytes], object]
    | Callable[[IncomingMessage, Socket], object]
    | Callable[[IncomingMessage], object]
    | Callable[[], object],
)
OnClientError = TypeVar(
    "OnClientError",
    bound=Callable[[NodeError, Socket], object]
    | Callable[[NodeError], object]
    | Callable[[], object],
)

class RequestListeners(Protocol):
    """The events of `IncomingMessage`."""
    @overload
    def __call__(
        self, event: Literal["data"], f: Callable[[bytes], Result]
    ) -> Callable[[bytes], Result]: ...
    @overload
    def __call__(
        self, event: Literal["error"], f: Callable[[Exception], Result]
    ) -> Callable[[Exception], Result]: ...
    @overload
    def __call__(
        self, event: Literal["timeout"], f: Callable[[Socket], Result]
    ) -> Callable[[Socket], Result]: ...
    @overload
    def __call__(
        self, event: Literal["data"], f: Callable[[str], Result]
    ) -> Callable[[str], Result]: ...
    @overload
    def __call__(
        self,
        event: Literal[
            "data", "error", "timeout", "readable", "end", "aborted", "pause", "resume", "close"
        ],
        f: Callable[[], Result],
    ) -> Callable[[], Result]: ...
    @overload
    def __call__(self, event: Literal["data"]) -> Callable[[OnData], OnData]: ...
    @overload
    def __call__(self, event: Literal["error"]) -> Callable[[OnError], OnError]: ...
    @overload
    def __call__(self, event: Literal["timeout"]) -> Callable[[OnSocket], OnSocket]: ...
    @overload
    def __call__(
        self, event: Literal["readable", "end", "aborted", "pause", "resume", "close"]
    ) -> Callable[[OnNothing], OnNothing]: ...

class ResponseListeners(Protocol):
    """The events of `ServerResponse`."""
    @overload
    def __call__(
        self, event: Literal["error"], f: Callable[[Exception], Result]
    ) -> Callable[[Exception], Result]: ...
    @overload
    def __call__(
        self, event: Literal["pipe", "unpipe"], f: Callable[[Any], Result]
    ) -> Callable[[Any], Result]: ...
    @overload
    def __call__(
        self, event: Literal["timeout", "socket"], f: Callable[[Socket], Result]
    ) -> Callable[[Socket], Result]: ...
    @overload
    def __call__(
        self,
        event: Literal["error", "pipe", "unpipe", "timeout", "socket", "finish", "drain", "close"],
        f: Callable[[], Result],
    ) -> Callable[[], Result]: ...
    @overload
    def __call__(self, event: Literal["error"]) -> Callable[[OnError], OnError]: ...
    @overload
    def __call__(self, event: Literal["pipe", "unpipe"]) -> Callable[[OnStream], OnStream]: ...
    @overload
    def __call__(self, event: Literal["timeout", "socket"]) -> Callable[[OnSocket], OnSocket]: ...
    @overload
    def __call__(
        self, event: Literal["finish", "drain", "close"]
    ) -> Callable[[OnNothing], OnNothing]: ...

class ServerListeners(Protocol):
    """The events of `http.Server`."""
    @overload
    def __call__(
        self,
        event: Literal[
            "request",
            "check_continue",
            "checkContinue",
            "check_expectation",
            "checkExpectation",
        ],
        f: Callable[[IncomingMessage, ServerResponse], Result],
    ) -> Callable[[IncomingMessage, ServerResponse], Result]: ...
    @overload
    def __call__(
        self,
        event: Literal["upgrade", "connect"],
        f: Callable[[IncomingMessage, Socket, bytes], Result],
    ) -> Callable[[IncomingMessage, Socket, bytes], Result]: ...
    @overload
    def __call__(
        self,
        event: Literal["upgrade", "connect", "drop_request", "dropRequest"],
        f: Callable[[IncomingMessage, Socket], Result],
    ) -> Callable[[IncomingMessage, Socket], Result]: ...
    @overload
    def __call__(
        self,
        event: Literal["client_error", "clientError"],
        f: Callable[[NodeError, Socket], Result],
    ) -> Callable[[NodeError, Socket], Result]: ...
    @overload
    def __call__(
        self,
        event: Literal[
            "request",
            "check_continue",
            "checkContinue",
            "check_expectation",
            "checkExpectation",
            "upgrade",
            "connect",
            "drop_request",
            "dropRequest",
        ],
        f: Callable[[IncomingMessage], Result],
    ) -> Callable[[IncomingMessage], Result]: ...
    @overload
    def __call__(
        self, event: Literal["connection", "timeout"], f: Callable[[Socket], Result]
    ) -> Callable[[Socket], Result]: ...
    @overload
    def __call__(
        self, event: Literal["drop"], f: Callable[[dict[str, str | int]], Result]
    ) -> Callable[[dict[str, str | int]], Result]: ...
    @overload
    def __call__(
        self,
        event: Literal["error", "client_error", "clientError"],
        f: Callable[[NodeError], Result],
    ) -> Callable[[NodeError], Result]: ...
    @overload
    def __call__(
        self,
        event: Literal[
            "request",
            "check_continue",
            "checkContinue",
            "check_expectation",
            "checkExpectation",
            "upgrade",
            "connect",
            "drop_request",
            "dropRequest",
            "client_error",
            "clientError",
            "connection",
            "timeout",
            "drop",
            "error",
            "listening",
            "close",
        ],
        f: Callable[[], Result],
    ) -> Callable[[], Result]: ...
    @overload
    def __call__(
        self,
        event: Literal[
            "request",
            "check_continue",
            "checkContinue",
            "check_expectation",
            "checkExpectation",
        ],
    ) -> Callable[[OnRequest], OnRequest]: ...
    @overload
    def __call__(
        self, event: Literal["upgrade", "connect", "drop_request", "dropRequest"]
    ) -> Callable[[OnUpgrade], OnUpgrade]: ...
    @overload
    def __call__(
        self, event: Literal["client_error", "clientError"]
    ) -> Callable[[OnClientError], OnClientError]: ...
    @overload
    def __call__(
        self, event: Literal["connection", "timeout"]
    ) -> Callable[[OnSocket], OnSocket]: ...
    @overload
    def __call__(self, event: Literal["drop"]) -> Callable[[OnDrop], OnDrop]: ...
    @overload
    def __call__(self, event: Literal["error"]) -> Callable[[OnError], OnError]: ...
    @overload
    def __call__(
        self, event: Literal["listening", "close"]
    ) -> Callable[[OnNothing], OnNothing]: ...

class SecureServerListeners(Protocol):
    """The events of `http.SecureServer`."""
    @overload
    def __call__(
        self,
        event: Literal[
            "request",
            "check_continue",
            "checkContinue",
            "check_expectation",
            "checkExpectation",
        ],
        f: Callable[[IncomingMessage, ServerResponse], Result],
    ) -> Callable[[IncomingMessage, ServerResponse], Result]: ...
    @overload
    def __call__(
        self,
        event: Literal["upgrade", "connect"],
        f: Callable[[IncomingMessage, Socket, bytes], Result],
    ) -> Callable[[IncomingMessage, Socket, bytes], Result]: ...
    @overload
    def __call__(
        self,
        event: Literal["upgrade", "connect", "drop_request", "dropRequest"],
        f: Callable[[IncomingMessage, Socket], Result],
    ) -> Callable[[IncomingMessage, Socket], Result]: ...
    @overload
    def __call__(
        self,
        event: Literal["client_error", "clientError", "tls_client_error", "tlsClientError"],
        f: Callable[[NodeError, Socket], Result],
    ) -> Callable[[NodeError, Socket], Result]: ...
    @overload
    def __call__(
        self,
        event: Literal[
            "request",
            "check_continue",
            "checkContinue",
            "check_expectation",
            "checkExpectation",
            "upgrade",
            "connect",
            "drop_request",
            "dropRequest",
        ],
        f: Callable[[IncomingMessage], Result],
    ) -> Callable[[IncomingMessage], Result]: ...
    @overload
    def __call__(
        self,
        event: Literal["secure_connection", "secureConnection"],
        f: Callable[[TLSSocket], Result],
    ) -> Callable[[TLSSocket], Result]: ...
    @overload
    def __call__(
        self, event: Literal["connection", "timeout"], f: Callable[[Socket], Result]
    ) -> Callable[[Socket], Result]: ...
    @overload
    def __call__(
        self, event: Literal["drop"], f: Callable[[dict[str, str | int]], Result]
    ) -> Callable[[dict[str, str | int]], Result]: ...
    @overload
    def __call__(
        self,
        event: Literal[
            "error", "client_error", "clientError", "tls_client_error", "tlsClientError"
        ],
        f: Callable[[NodeError], Result],
    ) -> Callable[[NodeError], Result]: ...
    @overload
    def __call__(
        self,
        event: Literal[
            "request",
            "check_continue",
            "checkContinue",
            "check_expectation",
            "checkExpectation",
            "upgrade",
            "connect",
            "drop_request",
            "dropRequest",
            "client_error",
            "clientError",
            "tls_client_error",
            "tlsClientError",
            "secure_connection",
            "secureConnection",
            "connection",
            "timeout",
            "drop",
            "error",
            "listening",
            "close",
        ],
        f: Callable[[], Result],
    ) -> Callable[[], Result]: ...
    @overload
    def __call__(
        self,
        event: Literal[
            "request",
            "check_continue",
            "checkContinue",
            "check_expectation",
            "checkExpectation",
        ],
    ) -> Callable[[OnRequest], OnRequest]: ...
    @overload
    def __call__(
        self, event: Literal["upgrade", "connect", "drop_request", "dropRequest"]
    ) -> Callable[[OnUpgrade], OnUpgrade]: ...
    @overload
    def __call__(
        self,
        event: Literal["client_error", "clientError", "tls_client_error", "tlsClientError"],
    ) -> Callable[[OnClientError], OnClientError]: ...
    @overload
    def __call__(
        self,
        event: Literal["connection", "timeout", "secure_connection", "secureConnection"],
    ) -> Callable[[OnSocket], OnSocket]: ...
    @overload
    def __call__(self, event: Literal["drop"]) -> Callable[[OnDrop], OnDrop]: ...
    @overload
    def __call__(self, event: Literal["error"]) -> Callable[[OnError], OnError]: ...
    @overload
    def __call__(
        self, event: Literal["listening", "close"]
    ) -> Callable[[OnNothing], OnNothing]: ...
