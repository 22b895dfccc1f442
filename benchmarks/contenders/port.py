"""`websocket_driver` itself.

Parsing and sending are measured on the driver of `http()`, as of a server that has read the
request; the handshake and the memory on that of `server()`, which reads it as the peers do.
"""

from __future__ import annotations

from importlib import metadata, util
from importlib.machinery import EXTENSION_SUFFIXES
from os import environ
from typing import Any

import websocket_driver as websocket
from websocket_driver import permessage_deflate
from websocket_driver.driver.client import Client

from ..cases import DEFLATE, KEY, URL, response
from . import Deliver, Feed, Handshake, Send, Write, ignore

HEADERS = {
    "Host": "www.example.com",
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": KEY,
}


def versions() -> dict[str, str]:
    return {
        "websocket_driver": websocket.__version__,
        "httptools": metadata.version("httptools"),
        "pyee": metadata.version("pyee"),
    }


def is_compiled() -> bool:
    """True if the compiled part is there and not switched off."""
    if environ.get("WEBSOCKET_DRIVER_PURE_PYTHON"):
        return False
    found = util.find_spec("websocket_driver._speedups")
    return found is not None and (found.origin or "").endswith(tuple(EXTENSION_SUFFIXES))


def reader(deliver: Deliver) -> Feed:
    driver = _http()
    driver.on("message", lambda event: deliver(event.data))
    return _feed(driver)


def echoer(write: Write, zlib: Any = None) -> Feed:
    driver = _http(deflate=True, zlib=zlib)
    driver.io.on("data", write)
    driver.on("message", lambda event: driver.text(event.data))
    return _feed(driver)


def sender(write: Write, client: bool) -> Send:
    driver = _open_client() if client else _http()
    driver.io.on("data", write)

    def send(messages: list[Any]) -> None:
        for message in messages:
            if type(message) is str:
                driver.text(message)
            else:
                driver.binary(message)

    return send


def acceptor(write: Write) -> Handshake:
    def accept(request: bytes) -> None:
        driver = _server(request, write)
        assert driver.ready_state == 1

    return accept


def connector(write: Write) -> Handshake:
    _fix_key()

    def connect(response: bytes) -> None:
        driver = websocket.client(URL)
        driver.io.on("data", write)
        driver.on("message", ignore)
        driver.start()
        driver.parse(response)
        assert driver.ready_state == 1

    return connect


def opened(request: bytes, deflate: bool) -> Any:
    return _server(request, ignore, deflate)


def opened_by_http(request: bytes, deflate: bool) -> Any:
    driver = _http(deflate)
    driver.io.on("data", ignore)
    driver.on("message", ignore)
    return driver


def _server(request: bytes, write: Write, deflate: bool = False) -> Any:
    driver = websocket.server()
    if deflate:
        driver.add_extension(permessage_deflate)
    driver.io.on("data", write)
    driver.on("message", ignore)
    driver.on("connect", lambda event: driver.start())
    driver.parse(request)
    return driver


def _http(deflate: bool = False, zlib: Any = None) -> Any:
    # New text each time, as if it was read from a socket.
    headers = {name: value.encode().decode() for name, value in HEADERS.items()}
    if deflate:
        headers["Sec-WebSocket-Extensions"] = DEFLATE.encode().decode()

    driver = websocket.http(websocket.Request("GET", "/chat?room=1", headers))
    if deflate:
        driver.add_extension(permessage_deflate.configure(zlib=zlib))
    driver.start()
    return driver


def _open_client() -> Any:
    _fix_key()
    driver = websocket.client(URL)
    driver.start()
    driver.parse(response())
    assert driver.ready_state == 1
    return driver


def _fix_key() -> None:
    Client.generate_key = staticmethod(lambda: KEY)  # type: ignore[method-assign]


def _feed(driver: Any) -> Feed:
    def feed(chunks: list[bytes]) -> None:
        for chunk in chunks:
            driver.parse(chunk)

    return feed
