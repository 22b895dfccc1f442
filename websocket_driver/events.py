"""What the listeners of a driver's events are given."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class ConnectEvent:
    """An HTTP request is in (a `server()` driver), or the proxy has connected."""

    __slots__ = ()


@dataclass
class OpenEvent:
    """The handshake is done: messages can come and go."""

    __slots__ = ()


@dataclass
class MessageEvent:
    """A message: `data` is `str` for text, `bytes` for binary."""

    __slots__ = ("data",)
    data: str | bytes


@dataclass
class PingEvent:
    """A ping, which has been answered already. `data` is its payload, decoded as UTF-8."""

    __slots__ = ("data", "payload")
    data: str
    payload: bytes


@dataclass
class PongEvent:
    """A pong. `data` is its payload, decoded as UTF-8."""

    __slots__ = ("data", "payload")
    data: str
    payload: bytes


@dataclass
class CloseEvent:
    """The connection is closed: RFC 6455 7.1.5 and 7.1.6. Both are `None` for a hixie driver."""

    __slots__ = ("code", "reason")
    code: int | None
    reason: str | None
