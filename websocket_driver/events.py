"""The arguments of a driver's listeners. Events can be compared, copied and pickled."""

from __future__ import annotations

from dataclasses import dataclass


class Event:
    """The base class of all events."""

    __slots__: tuple[str, ...] = ()

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        # Objects with slots have no other way to be pickled with the protocols 0 and 1.
        return self.__class__, tuple(getattr(self, name) for name in self.__slots__)


@dataclass(init=False)  # there are no fields: the __init__() of object is enough, and faster
class ConnectEvent(Event):
    """A `server()` driver has received an HTTP request, or a proxy has connected."""

    __slots__ = ()


@dataclass(init=False)
class OpenEvent(Event):
    """The handshake is complete: messages can be sent and received."""

    __slots__ = ()


@dataclass
class MessageEvent(Event):
    """A message: `data` is `str` for text, `bytes` for binary (RFC 6455 5.6)."""

    __slots__ = ("data",)
    data: str | bytes


@dataclass(init=False)
class PingEvent(Event):
    """A ping, which has been answered (RFC 6455 5.5.2).

    `payload` is its payload; `data` is the same decoded as UTF-8, with U+FFFD for invalid bytes.
    """

    __slots__ = ("data", "payload")
    data: str
    payload: bytes

    def __init__(self, data: str, payload: bytes | None = None) -> None:
        self.data = data
        self.payload = data.encode() if payload is None else payload


@dataclass(init=False)
class PongEvent(Event):
    """A pong (RFC 6455 5.5.3). `payload` and `data` are as in `PingEvent`."""

    __slots__ = ("data", "payload")
    data: str
    payload: bytes

    def __init__(self, data: str, payload: bytes | None = None) -> None:
        self.data = data
        self.payload = data.encode() if payload is None else payload


@dataclass
class CloseEvent(Event):
    """The connection is closed: its code and reason (RFC 6455 7.1.5, 7.1.6).

    Both are `None` for a hixie driver.
    """

    __slots__ = ("code", "reason")
    code: int | None
    reason: str | None
