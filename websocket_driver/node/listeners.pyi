"""The signatures of `on()` and `once()` for type checkers: the arguments of each event.

A listener may take fewer arguments than its event has. `data` has `bytes`, or `str` after
`set_encoding()`. `error` has a `NodeError`, unless the program gave `destroy()` another exception.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Protocol, TypeVar, overload

from .errors import NodeError
from .net.socket import Socket

Result = TypeVar("Result")

# A decorator gives back just what it was given; a lambda learns from the Callable what it gets.
OnNothing = TypeVar("OnNothing", bound=Callable[[], object])
OnData = TypeVar(
    "OnData",
    bound=Callable[[bytes], object] | Callable[[str], object] | Callable[[], object],
)
OnError = TypeVar("OnError", bound=Callable[[NodeError], object] | Callable[[], object])
OnClose = TypeVar("OnClose", bound=Callable[[bool], object] | Callable[[], object])
OnStream = TypeVar("OnStream", bound=Callable[[Any], object] | Callable[[], object])
OnLookup = TypeVar("OnLookup", bound=Callable[..., object])
OnAttempt = TypeVar(
    "OnAttempt",
    bound=Callable[[str, int | None, int | None], object]
    | Callable[[str], object]
    | Callable[[], object],
)
OnFailedAttempt = TypeVar(
    "OnFailedAttempt",
    bound=Callable[[str, int | None, int | None, NodeError], object]
    | Callable[[str], object]
    | Callable[[], object],
)
OnSocket = TypeVar("OnSocket", bound=Callable[[Socket], object] | Callable[[], object])
OnDrop = TypeVar("OnDrop", bound=Callable[[dict[str, str | int]], object] | Callable[[], object])

class StreamListeners(Protocol):
    """The events of a stream."""
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
            "readable",
            "end",
            "drain",
            "finish",
            "prefinish",
            "pause",
            "resume",
            "close",
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
            "close",
        ],
    ) -> Callable[[OnNothing], OnNothing]: ...

class SocketListeners(Protocol):
    """The events of `net.Socket`."""
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
        ],
    ) -> Callable[[OnNothing], OnNothing]: ...

class ServerListeners(Protocol):
    """The events of `net.Server`."""
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
        self, event: Literal["error"], f: Callable[[NodeError], Result]
    ) -> Callable[[NodeError], Result]: ...
    @overload
    def __call__(
        self,
        event: Literal["connection", "drop", "error", "listening", "close"],
        f: Callable[[], Result],
    ) -> Callable[[], Result]: ...
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
