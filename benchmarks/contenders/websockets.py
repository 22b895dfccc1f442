"""websockets, its protocol without I/O.

It delivers frames. What its own connections do with them is done here: the frames of a message are
joined, and text is decoded.
"""

from __future__ import annotations

from importlib import metadata
from typing import Any

from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.frames import Opcode
from websockets.http11 import Request
from websockets.protocol import OPEN
from websockets.server import ServerProtocol
from websockets.uri import parse_uri

from ..cases import KEY, URL, request, response
from . import Deliver, Feed, Handshake, Send, Write, ignore

MAX_SIZE = 2**26
CONTINUATION, TEXT, BINARY = Opcode.CONT, Opcode.TEXT, Opcode.BINARY


def versions() -> dict[str, str]:
    return {"websockets": metadata.version("websockets")}


def reader(deliver: Deliver) -> Feed:
    return _feed(_server(request(), ignore), deliver, ignore)


def echoer(write: Write) -> Feed:
    protocol = _server(request(deflate=True), ignore, deflate=True)
    return _feed(protocol, lambda message: protocol.send_text(message.encode()), write)


def sender(write: Write, client: bool) -> Send:
    protocol: Any = _client(response(), ignore) if client else _server(request(), ignore)

    def send(messages: list[Any]) -> None:
        for message in messages:
            if type(message) is str:
                protocol.send_text(message.encode())
            else:
                protocol.send_binary(message)
            for data in protocol.data_to_send():
                write(data)

    return send


def acceptor(write: Write) -> Handshake:
    def accept(request: bytes) -> None:
        _server(request, write)

    return accept


def connector(write: Write) -> Handshake:
    def connect(response: bytes) -> None:
        _client(response, write)

    return connect


def opened(request: bytes, deflate: bool) -> Any:
    return _server(request, ignore, deflate)


def _server(request: bytes, write: Write, deflate: bool = False) -> Any:
    extensions = [ServerPerMessageDeflateFactory()] if deflate else None
    protocol = ServerProtocol(extensions=extensions, max_size=MAX_SIZE)
    protocol.receive_data(request)
    for event in protocol.events_received():
        assert isinstance(event, Request)
        protocol.send_response(protocol.accept(event))
    for data in protocol.data_to_send():
        write(data)
    assert protocol.state is OPEN
    return protocol


def _client(response: bytes, write: Write) -> Any:
    protocol = ClientProtocol(parse_uri(URL), max_size=MAX_SIZE)
    protocol.key = KEY
    protocol.send_request(protocol.connect())
    for data in protocol.data_to_send():
        write(data)
    protocol.receive_data(response)
    protocol.events_received()
    assert protocol.state is OPEN
    return protocol


def _feed(protocol: Any, deliver: Deliver, write: Write) -> Feed:
    parts: list[bytes] = []
    is_text = False

    def feed(chunks: list[bytes]) -> None:
        nonlocal is_text
        for chunk in chunks:
            protocol.receive_data(chunk)
            for frame in protocol.events_received():
                opcode = frame.opcode
                if opcode is TEXT or opcode is BINARY:
                    is_text = opcode is TEXT
                    if frame.fin:
                        deliver(frame.data.decode() if is_text else frame.data)
                    else:
                        parts.append(frame.data)
                elif opcode is CONTINUATION:
                    parts.append(frame.data)
                    if frame.fin:
                        data = b"".join(parts)
                        parts.clear()
                        deliver(data.decode() if is_text else data)
            for data in protocol.data_to_send():
                write(data)

    return feed
