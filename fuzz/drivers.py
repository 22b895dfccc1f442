"""Drivers to be fed, what opens their connections, and a record of what comes of it.

Nothing here is random: the same input makes the same record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import websocket_driver as websocket
from websocket_driver import permessage_deflate
from websocket_driver.driver import hybi
from websocket_driver.driver.base import Base
from websocket_driver.driver.client import Client
from websocket_driver.driver.hybi import codec
from websocket_driver.driver.options import DriverOptions
from websocket_driver.driver.server import Server
from websocket_driver.http_parser import HttpParser

KEY = "2vBVWg4Qyk3ZoM/5d3QD9Q=="
EVENTS = ("connect", "open", "message", "ping", "pong", "error", "close")
HEARD = ("message", "ping", "pong")

UPGRADE = "Host: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
HIXIE_75 = f"GET / HTTP/1.1\r\n{UPGRADE}Origin: http://a\r\n\r\n".encode()
HIXIE_76 = (
    f"GET / HTTP/1.1\r\n{UPGRADE}Origin: http://a\r\n"
    "Sec-WebSocket-Key1: 1   38 wZ3f9 23O0 3l 0r\r\n"
    "Sec-WebSocket-Key2: 27   0E 6 2  1665:< ;U 1H\r\n\r\n"
).encode()
HIXIE_76_BODY = b"12345678"

TWINS = {
    name.removesuffix("_in_python"): getattr(codec, name)
    for name in dir(codec)
    if name.endswith("_in_python")
}


class FixedClient(Client):
    """A client whose key is known."""

    @staticmethod
    def generate_key() -> str:
        return KEY


def _extensions(value: str | None) -> str:
    return "" if value is None else f"Sec-WebSocket-Extensions: {value}\r\n"


def request(extensions: str | None = None) -> bytes:
    """A client's handshake."""
    return (
        f"GET / HTTP/1.1\r\n{UPGRADE}Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n"
        f"{_extensions(extensions)}\r\n"
    ).encode()


def response(extensions: str | None = None) -> bytes:
    """A server's handshake, for a `FixedClient`."""
    accept = Client.generate_accept(KEY)
    return (
        f"HTTP/1.1 101 Switching Protocols\r\n{UPGRADE}Sec-WebSocket-Accept: {accept}\r\n"
        f"{_extensions(extensions)}\r\n"
    ).encode()


def request_in(head: bytes) -> websocket.Request:
    """The request whose bytes these are."""
    parser = HttpParser("request")
    parser.parse(bytes(head))
    return websocket.Request(parser.method or "", parser.url or "", parser.headers)


def frame(first: int, payload: bytes, key: bytes | None = None, length_bytes: int = 0) -> bytes:
    """A frame that begins with the byte `first`; its length in 2 or 8 bytes if one wants it so."""
    length, masked = len(payload), 0 if key is None else 0x80
    size = max(length_bytes, 0 if length <= 125 else 2 if length <= 0xFFFF else 8)
    short = {0: length, 2: 126, 8: 127}[size]
    head = bytes([first, masked | short]) + (length.to_bytes(size, "big") if size else b"")
    return head + (payload if key is None else key + codec.mask_in_python(payload, key))


ROLES = ("http", "server", "client", "hixie-75", "hixie-76")


def make(
    role: str, deflate: bool | None = None, max_length: int | None = None, masked: bool = True
) -> tuple[Any, bytes]:
    """A driver that takes part in one of the `ROLES`, and the bytes that open its connection.

    `deflate` is true for permessage-deflate with context takeover, false for it without; `masked`
    says whether frames have to be. What the driver sends is not masked.
    """
    options: DriverOptions = {"max_length": max_length, "require_masking": masked}
    offer = None if deflate is None else "permessage-deflate"
    answer = offer if deflate is not False else "permessage-deflate; server_no_context_takeover"

    driver: Base
    if role == "client":
        driver, head = FixedClient("ws://a/", options), response(answer)
    elif role == "server":
        driver, head = websocket.server(options), request(offer)
    elif role == "http":
        driver, head = websocket.http(request_in(request(offer)), options), b""
    elif role == "hixie-75":
        driver, head = websocket.http(request_in(HIXIE_75), options), b""
    else:
        driver, head = websocket.http(request_in(HIXIE_76), options), HIXIE_76_BODY

    if deflate is not None:
        limited = role != "client" and not deflate
        driver.add_extension(permessage_deflate.configure(request_no_context_takeover=limited))
    return driver, head


def start(driver: Any) -> list[Any]:
    """Has the driver start, a `server()` one when its request is in; a record of what comes."""
    log = record(driver)
    if isinstance(driver, Server):
        driver.on("connect", lambda event: driver.start())
    else:
        driver.start()
    return log


def record(driver: Any, log: list[Any] | None = None) -> list[Any]:
    """A list that grows with all that `driver` emits and writes, in order."""
    log = [] if log is None else log
    driver.io.on("data", lambda chunk: log.append(("data", chunk)))
    for event in EVENTS:
        driver.on(event, _appender(log, event))
    return log


def _appender(log: list[Any], event: str) -> Callable[[Any], None]:
    def append(value: Any) -> None:
        # The payload of a ping or a pong is its data, as bytes.
        fields = [f for f in getattr(value, "__dataclass_fields__", ()) if f != "payload"]
        values = (
            [str(value)] if isinstance(value, Exception) else [getattr(value, f) for f in fields]
        )
        log.append((event, *values))

    return append


@contextmanager
def in_python() -> Iterator[None]:
    """Has drivers use the Python functions where there are compiled ones."""
    with ExitStack() as patches:
        for module in (codec, hybi, hybi.receiver):
            used = {name: twin for name, twin in TWINS.items() if hasattr(module, name)}
            patches.enter_context(patch.multiple(module, **used))
        yield


def check_order(log: list[Any]) -> None:
    """Checks the order of events, which holds for any driver at any time."""
    names = [name for name, *_ in log if name != "data"]
    assert all(names.count(name) <= 1 for name in ("connect", "open", "error", "close")), names

    assert "close" not in names[:-1], names

    if "error" in names:
        after = names[names.index("error") + 1 :]
        assert after in ([], ["close"]), names
    for name in HEARD:
        assert name not in names or "open" in names[: names.index(name)], names


def buffered(driver: Any) -> tuple[int, int]:
    """The bytes that a driver keeps: those not parsed yet, and those of an unfinished message."""
    protocol = getattr(driver, "_target", driver)
    message = getattr(getattr(protocol, "_receiver", None), "_message", None)
    length = len(getattr(protocol, "_buffer", b"")) if message is None else message.length
    return len(getattr(protocol, "_reader", b"")), length
