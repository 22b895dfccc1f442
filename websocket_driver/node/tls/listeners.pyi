"""The signatures of `on()` and `once()` of `tls`: the arguments of each event."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any, Literal, Protocol, TypeVar, overload

from ..errors import NodeError
from ..listeners import (
    OnAttempt,
    OnClose,
    OnData,
    OnDrop,
    OnError,
    OnFailedAttempt,
    OnLookup,
    OnNothing,
    OnSocket,
    OnStream,
)
from ..net.socket import Socket
from .socket import TLSSocket

Result = TypeVar("Result")

OnSession = TypeVar("OnSession", bound=Callable[[ssl.SSLSession], object] | Callable[[], object])
OnSecure = TypeVar("OnSecure", bound=Callable[[TLSSocket], object] | Callable[[], object])
OnClientError = TypeVar(
    "OnClientError",
    bound=Callable[[NodeError, TLSSocket], object]
    | Callable[[NodeError], object]
    | Callable[[], object],
)

class TLSSocketListeners(Protocol):
    """The events of `tls.TLSSocket`."""
    @overload
    def __call__(
        self, event: Literal["data"], f: Callable[[bytes], Result]
    ) -> Callable[[bytes], Result]: ...
    @overload
    def __call__(
        self, event: Literal["error"], f: Callable[[NodeError], Result]
    ) -> Callable[[NodeError], Result]: ...
    @overload
    def __call__(
        self, event: Literal["pipe", "unpipe"], f: Callable[[Any], Result]
    ) -> Callable[[Any], Result]: ...
    @overload
    def __call__(
        self, event: Literal["close"], f: Callable[[bool], Result]
    ) -> Callable[[bool], Result]: ...
    @overload
    def __call__(
        self,
        event: Literal["lookup"],
        f: Callable[[Exception | None, str | None, int | None, str], Result],
    ) -> Callable[[Exception | None, str | None, int | None, str], Result]: ...
    @overload
    def __call__(
        self,
        event: Literal[
            "connection_attempt",
            "connectionAttempt",
            "connection_attempt_timeout",
            "connectionAttemptTimeout",
        ],
        f: Callable[[str, int | None, int | None], Result],
    ) -> Callable[[str, int | None, int | None], Result]: ...
    @overload
    def __call__(
        self,
        event: Literal["connection_attempt_failed", "connectionAttemptFailed"],
        f: Callable[[str, int | None, int | None, NodeError], Result],
    ) -> Callable[[str, int | None, int | None, NodeError], Result]: ...
    @overload
    def __call__(
        self, event: Literal["session"], f: Callable[[ssl.SSLSession], Result]
    ) -> Callable[[ssl.SSLSession], Result]: ...
    @overload
    def __call__(
        self, event: Literal["data"], f: Callable[[str], Result]
    ) -> Callable[[str], Result]: ...
    @overload
    def __call__(
        self,
        event: Literal[
            "data",
            "error",
            "pipe",
            "unpipe",
            "close",
            "lookup",
            "connection_attempt",
            "connectionAttempt",
            "connection_attempt_failed",
            "connectionAttemptFailed",
            "connection_attempt_timeout",
            "connectionAttemptTimeout",
            "readable",
            "end",
            "drain",
            "finish",
            "prefinish",
            "pause",
            "resume",
            "connect",
            "ready",
            "timeout",
            "secure",
            "secure_connect",
            "secureConnect",
            "session",
        ],
        f: Callable[[], Result],
    ) -> Callable[[], Result]: ...
    @overload
    def __call__(self, event: Literal["data"]) -> Callable[[OnData], OnData]: ...
    @overload
    def __call__(self, event: Literal["error"]) -> Callable[[OnError], OnError]: ...
    @overload
    def __call__(self, event: Literal["pipe", "unpipe"]) -> Callable[[OnStream], OnStream]: ...
    @overload
    def __call__(self, event: Literal["session"]) -> Callable[[OnSession], OnSession]: ...
    @overload
    def __call__(self, event: Literal["close"]) -> Callable[[OnClose], OnClose]: ...
    @overload
    def __call__(self, event: Literal["lookup"]) -> Callable[[OnLookup], OnLookup]: ...
    @overload
    def __call__(
        self,
        event: Literal[
            "connection_attempt",
            "connectionAttempt",
            "connection_attempt_timeout",
            "connectionAttemptTimeout",
        ],
    ) -> Callable[[OnAttempt], OnAttempt]: ...
    @overload
    def __call__(
        self, event: Literal["connection_attempt_failed", "connectionAttemptFailed"]
    ) -> Callable[[OnFailedAttempt], OnFailedAttempt]: ...
    @overload
    def __call__(
        self,
        event: Literal[
            "readable",
            "end",
            "drain",
            "finish",
            "prefinish",
            "pause",
            "resume",
            "connect",
            "ready",
            "timeout",
            "secure",
            "secure_connect",
            "secureConnect",
        ],
    ) -> Callable[[OnNothing], OnNothing]: ...

class TLSServerListeners(Protocol):
    """The events of `tls.Server`."""
    @overload
    def __call__(
        self,
        event: Literal["secure_connection", "secureConnection"],
        f: Callable[[TLSSocket], Result],
    ) -> Callable[[TLSSocket], Result]: ...
    @overload
    def __call__(
        self,
        event: Literal["tls_client_error", "tlsClientError"],
        f: Callable[[NodeError, TLSSocket], Result],
    ) -> Callable[[NodeError, TLSSocket], Result]: ...
    @overload
    def __call__(
        self, event: Literal["connection"], f: Callable[[Socket], Result]
    ) -> Callable[[Socket], Result]: ...
    @overload
    def __call__(
        self, event: Literal["drop"], f: Callable[[dict[str, str | int]], Result]
    ) -> Callable[[dict[str, str | int]], Result]: ...
    @overload
    def __call__(
        self,
        event: Literal["error", "tls_client_error", "tlsClientError"],
        f: Callable[[NodeError], Result],
    ) -> Callable[[NodeError], Result]: ...
    @overload
    def __call__(
        self,
        event: Literal[
            "secure_connection",
            "secureConnection",
            "tls_client_error",
            "tlsClientError",
            "connection",
            "drop",
            "error",
            "listening",
            "close",
        ],
        f: Callable[[], Result],
    ) -> Callable[[], Result]: ...
    @overload
    def __call__(
        self, event: Literal["secure_connection", "secureConnection"]
    ) -> Callable[[OnSecure], OnSecure]: ...
    @overload
    def __call__(
        self, event: Literal["tls_client_error", "tlsClientError"]
    ) -> Callable[[OnClientError], OnClientError]: ...
    @overload
    def __call__(self, event: Literal["connection"]) -> Callable[[OnSocket], OnSocket]: ...
    @overload
    def __call__(self, event: Literal["drop"]) -> Callable[[OnDrop], OnDrop]: ...
    @overload
    def __call__(self, event: Literal["error"]) -> Callable[[OnError], OnError]: ...
    @overload
    def __call__(
        self, event: Literal["listening", "close"]
    ) -> Callable[[OnNothing], OnNothing]: ...
