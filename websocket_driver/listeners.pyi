"""What `on()` and `once()` take, for type checkers: which event gives a listener what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol, TypeVar, overload

from .errors import ProtocolError
from .events import CloseEvent, ConnectEvent, MessageEvent, OpenEvent, PingEvent, PongEvent

Result = TypeVar("Result")

# A decorator gives back just what it was given; a lambda learns from the Callable what it gets.
OnNothing = TypeVar("OnNothing", bound=Callable[[], object])
OnConnect = TypeVar("OnConnect", bound=Callable[[ConnectEvent], object])
OnOpen = TypeVar("OnOpen", bound=Callable[[OpenEvent], object])
OnMessage = TypeVar("OnMessage", bound=Callable[[MessageEvent], object])
OnPing = TypeVar("OnPing", bound=Callable[[PingEvent], object])
OnPong = TypeVar("OnPong", bound=Callable[[PongEvent], object])
OnError = TypeVar("OnError", bound=Callable[[ProtocolError], object])
OnClose = TypeVar("OnClose", bound=Callable[[CloseEvent], object])
OnBytes = TypeVar("OnBytes", bound=Callable[[bytes], object])
OnData = TypeVar("OnData", bound=Callable[["str | bytes"], object])

class DriverListeners(Protocol):
    """The events of a driver."""

    @overload
    def __call__(
        self, event: Literal["connect"], f: Callable[[ConnectEvent], Result]
    ) -> Callable[[ConnectEvent], Result]: ...
    @overload
    def __call__(self, event: Literal["connect"]) -> Callable[[OnConnect], OnConnect]: ...
    @overload
    def __call__(
        self, event: Literal["open"], f: Callable[[OpenEvent], Result]
    ) -> Callable[[OpenEvent], Result]: ...
    @overload
    def __call__(self, event: Literal["open"]) -> Callable[[OnOpen], OnOpen]: ...
    @overload
    def __call__(
        self, event: Literal["message"], f: Callable[[MessageEvent], Result]
    ) -> Callable[[MessageEvent], Result]: ...
    @overload
    def __call__(self, event: Literal["message"]) -> Callable[[OnMessage], OnMessage]: ...
    @overload
    def __call__(
        self, event: Literal["ping"], f: Callable[[PingEvent], Result]
    ) -> Callable[[PingEvent], Result]: ...
    @overload
    def __call__(self, event: Literal["ping"]) -> Callable[[OnPing], OnPing]: ...
    @overload
    def __call__(
        self, event: Literal["pong"], f: Callable[[PongEvent], Result]
    ) -> Callable[[PongEvent], Result]: ...
    @overload
    def __call__(self, event: Literal["pong"]) -> Callable[[OnPong], OnPong]: ...
    @overload
    def __call__(
        self, event: Literal["error"], f: Callable[[ProtocolError], Result]
    ) -> Callable[[ProtocolError], Result]: ...
    @overload
    def __call__(self, event: Literal["error"]) -> Callable[[OnError], OnError]: ...
    @overload
    def __call__(
        self, event: Literal["close"], f: Callable[[CloseEvent], Result]
    ) -> Callable[[CloseEvent], Result]: ...
    @overload
    def __call__(self, event: Literal["close"]) -> Callable[[OnClose], OnClose]: ...

class IOListeners(Protocol):
    """The events of `driver.io`."""

    @overload
    def __call__(
        self, event: Literal["data"], f: Callable[[bytes], Result]
    ) -> Callable[[bytes], Result]: ...
    @overload
    def __call__(self, event: Literal["data"]) -> Callable[[OnBytes], OnBytes]: ...
    @overload
    def __call__(
        self, event: Literal["drain"], f: Callable[[], Result]
    ) -> Callable[[], Result]: ...
    @overload
    def __call__(self, event: Literal["drain"]) -> Callable[[OnNothing], OnNothing]: ...

class MessagesListeners(Protocol):
    """The events of `driver.messages`."""

    @overload
    def __call__(
        self, event: Literal["data"], f: Callable[[str | bytes], Result]
    ) -> Callable[[str | bytes], Result]: ...
    @overload
    def __call__(self, event: Literal["data"]) -> Callable[[OnData], OnData]: ...
    @overload
    def __call__(
        self, event: Literal["error"], f: Callable[[ProtocolError], Result]
    ) -> Callable[[ProtocolError], Result]: ...
    @overload
    def __call__(self, event: Literal["error"]) -> Callable[[OnError], OnError]: ...
    @overload
    def __call__(
        self, event: Literal["drain", "end"], f: Callable[[], Result]
    ) -> Callable[[], Result]: ...
    @overload
    def __call__(self, event: Literal["drain", "end"]) -> Callable[[OnNothing], OnNothing]: ...
