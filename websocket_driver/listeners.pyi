"""The types of `on()` and `once()`: the argument that each event gives a listener.

A listener may leave the argument out. An emitter with events of its own declares them in a subclass
in the same way; `EventEmitter.on` takes any event.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol, TypeVar, overload

from .errors import ProtocolError
from .events import CloseEvent, ConnectEvent, MessageEvent, OpenEvent, PingEvent, PongEvent

Result = TypeVar("Result")

# A decorator returns just what it was given; a lambda learns from the Callable what it receives.
OnNothing = TypeVar("OnNothing", bound=Callable[[], object])
OnConnect = TypeVar("OnConnect", bound="Callable[[ConnectEvent], object] | Callable[[], object]")
OnOpen = TypeVar("OnOpen", bound="Callable[[OpenEvent], object] | Callable[[], object]")
OnMessage = TypeVar("OnMessage", bound="Callable[[MessageEvent], object] | Callable[[], object]")
OnPing = TypeVar("OnPing", bound="Callable[[PingEvent], object] | Callable[[], object]")
OnPong = TypeVar("OnPong", bound="Callable[[PongEvent], object] | Callable[[], object]")
OnError = TypeVar("OnError", bound="Callable[[ProtocolError], object] | Callable[[], object]")
OnClose = TypeVar("OnClose", bound="Callable[[CloseEvent], object] | Callable[[], object]")
OnBytes = TypeVar("OnBytes", bound="Callable[[bytes], object] | Callable[[], object]")
OnData = TypeVar("OnData", bound="Callable[[str | bytes], object] | Callable[[], object]")

class DriverListeners(Protocol):
    """The events of a driver."""
    @overload
    def __call__(
        self, event: Literal["connect"], f: Callable[[ConnectEvent], Result]
    ) -> Callable[[ConnectEvent], Result]: ...
    @overload
    def __call__(
        self, event: Literal["open"], f: Callable[[OpenEvent], Result]
    ) -> Callable[[OpenEvent], Result]: ...
    @overload
    def __call__(
        self, event: Literal["message"], f: Callable[[MessageEvent], Result]
    ) -> Callable[[MessageEvent], Result]: ...
    @overload
    def __call__(
        self, event: Literal["ping"], f: Callable[[PingEvent], Result]
    ) -> Callable[[PingEvent], Result]: ...
    @overload
    def __call__(
        self, event: Literal["pong"], f: Callable[[PongEvent], Result]
    ) -> Callable[[PongEvent], Result]: ...
    @overload
    def __call__(
        self, event: Literal["error"], f: Callable[[ProtocolError], Result]
    ) -> Callable[[ProtocolError], Result]: ...
    @overload
    def __call__(
        self, event: Literal["close"], f: Callable[[CloseEvent], Result]
    ) -> Callable[[CloseEvent], Result]: ...
    @overload
    def __call__(
        self,
        event: Literal["connect", "open", "message", "ping", "pong", "error", "close"],
        f: Callable[[], Result],
    ) -> Callable[[], Result]: ...
    @overload
    def __call__(self, event: Literal["connect"]) -> Callable[[OnConnect], OnConnect]: ...
    @overload
    def __call__(self, event: Literal["open"]) -> Callable[[OnOpen], OnOpen]: ...
    @overload
    def __call__(self, event: Literal["message"]) -> Callable[[OnMessage], OnMessage]: ...
    @overload
    def __call__(self, event: Literal["ping"]) -> Callable[[OnPing], OnPing]: ...
    @overload
    def __call__(self, event: Literal["pong"]) -> Callable[[OnPong], OnPong]: ...
    @overload
    def __call__(self, event: Literal["error"]) -> Callable[[OnError], OnError]: ...
    @overload
    def __call__(self, event: Literal["close"]) -> Callable[[OnClose], OnClose]: ...

class IOListeners(Protocol):
    """The events of `driver.io`."""
    @overload
    def __call__(
        self, event: Literal["data"], f: Callable[[bytes], Result]
    ) -> Callable[[bytes], Result]: ...
    @overload
    def __call__(
        self, event: Literal["data", "drain"], f: Callable[[], Result]
    ) -> Callable[[], Result]: ...
    @overload
    def __call__(self, event: Literal["data"]) -> Callable[[OnBytes], OnBytes]: ...
    @overload
    def __call__(self, event: Literal["drain"]) -> Callable[[OnNothing], OnNothing]: ...

class MessagesListeners(Protocol):
    """The events of `driver.messages`."""
    @overload
    def __call__(
        self, event: Literal["data"], f: Callable[[str | bytes], Result]
    ) -> Callable[[str | bytes], Result]: ...
    @overload
    def __call__(
        self, event: Literal["error"], f: Callable[[ProtocolError], Result]
    ) -> Callable[[ProtocolError], Result]: ...
    @overload
    def __call__(
        self, event: Literal["data", "error", "drain", "end"], f: Callable[[], Result]
    ) -> Callable[[], Result]: ...
    @overload
    def __call__(self, event: Literal["data"]) -> Callable[[OnData], OnData]: ...
    @overload
    def __call__(self, event: Literal["error"]) -> Callable[[OnError], OnError]: ...
    @overload
    def __call__(self, event: Literal["drain", "end"]) -> Callable[[OnNothing], OnNothing]: ...

class ProxyListeners(Protocol):
    """The events of a proxy stream."""
    @overload
    def __call__(
        self, event: Literal["connect"], f: Callable[[ConnectEvent], Result]
    ) -> Callable[[ConnectEvent], Result]: ...
    @overload
    def __call__(
        self, event: Literal["data"], f: Callable[[bytes], Result]
    ) -> Callable[[bytes], Result]: ...
    @overload
    def __call__(
        self, event: Literal["error"], f: Callable[[ProtocolError], Result]
    ) -> Callable[[ProtocolError], Result]: ...
    @overload
    def __call__(
        self,
        event: Literal["connect", "data", "error", "drain", "close", "end"],
        f: Callable[[], Result],
    ) -> Callable[[], Result]: ...
    @overload
    def __call__(self, event: Literal["connect"]) -> Callable[[OnConnect], OnConnect]: ...
    @overload
    def __call__(self, event: Literal["data"]) -> Callable[[OnBytes], OnBytes]: ...
    @overload
    def __call__(self, event: Literal["error"]) -> Callable[[OnError], OnError]: ...
    @overload
    def __call__(
        self, event: Literal["drain", "close", "end"]
    ) -> Callable[[OnNothing], OnNothing]: ...
