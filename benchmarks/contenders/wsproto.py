"""wsproto. It delivers messages in parts, which are joined here."""

from __future__ import annotations

from importlib import metadata
from typing import Any

from wsproto import ConnectionType, WSConnection, handshake
from wsproto.connection import ConnectionState
from wsproto.events import AcceptConnection, BytesMessage, Request, TextMessage
from wsproto.extensions import PerMessageDeflate

from ..cases import KEY, request, response
from . import Deliver, Feed, Handshake, Send, Write, ignore


def versions() -> dict[str, str]:
    return {"wsproto": metadata.version("wsproto"), "h11": metadata.version("h11")}


def reader(deliver: Deliver) -> Feed:
    return _feed(_server(request(), ignore), deliver)


def echoer(write: Write) -> Feed:
    connection = _server(request(deflate=True), ignore, deflate=True)
    return _feed(connection, lambda message: write(connection.send(TextMessage(data=message))))


def sender(write: Write, client: bool) -> Send:
    connection = _client(response(), ignore) if client else _server(request(), ignore)

    def send(messages: list[Any]) -> None:
        for message in messages:
            if type(message) is str:
                write(connection.send(TextMessage(data=message)))
            else:
                write(connection.send(BytesMessage(data=message)))

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


def _server(request: bytes, write: Write, deflate: bool = False) -> WSConnection:
    connection = WSConnection(ConnectionType.SERVER)
    connection.receive_data(request)
    for _ in connection.events():
        extensions: list[Any] = [PerMessageDeflate()] if deflate else []
        write(connection.send(AcceptConnection(extensions=extensions)))
    assert connection.state is ConnectionState.OPEN
    return connection


def _client(response: bytes, write: Write) -> WSConnection:
    # Not among the names that the module exports.
    handshake.__dict__["generate_nonce"] = KEY.encode
    connection = WSConnection(ConnectionType.CLIENT)
    write(connection.send(Request(host="www.example.com", target="/chat?room=1")))
    connection.receive_data(response)
    for _ in connection.events():
        pass
    assert connection.state is ConnectionState.OPEN
    return connection


def _feed(connection: WSConnection, deliver: Deliver) -> Feed:
    texts: list[str] = []
    blobs: list[bytes | bytearray] = []

    def feed(chunks: list[bytes]) -> None:
        for chunk in chunks:
            connection.receive_data(chunk)
            for event in connection.events():
                if isinstance(event, TextMessage):
                    if event.message_finished and not texts:
                        deliver(event.data)
                        continue
                    texts.append(event.data)
                    if event.message_finished:
                        text = "".join(texts)
                        texts.clear()
                        deliver(text)
                elif isinstance(event, BytesMessage):
                    # Some parts are a bytearray.
                    blobs.append(event.data)
                    if event.message_finished:
                        blob = b"".join(blobs)
                        blobs.clear()
                        deliver(blob)

    return feed
