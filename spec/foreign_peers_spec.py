"""Real peers: our drivers, and wsproto, aiohttp and websocket-client at the other end."""

import asyncio
from contextlib import asynccontextmanager

import aiohttp
import pytest
import websocket as websocket_client
import wsproto
from aiohttp import web
from wsproto import events, extensions

from spec.conversation import Conversation, Fragments, Peer, pairs
from spec.wires import PATIENCE


class WsprotoPeer(Peer):
    """wsproto, which does no I/O, on the streams of asyncio."""

    NAME = "wsproto"

    accepted: asyncio.Future[asyncio.Future[str | None]]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def __init__(self, role, protocols, deflate):
        self.protocols = protocols
        self.extensions: list[extensions.Extension] = (
            [extensions.PerMessageDeflate()] if deflate else []
        )
        self.connection = wsproto.WSConnection(role)
        self.events = self.read_events()

    @classmethod
    @asynccontextmanager
    async def connect(cls, port, protocols, deflate):
        self = cls(wsproto.ConnectionType.CLIENT, protocols, deflate)
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        self.write(
            events.Request(
                host=f"127.0.0.1:{port}",
                target="/",
                extensions=self.extensions,
                subprotocols=protocols,
            )
        )
        yield self
        await self.finish()

    @classmethod
    @asynccontextmanager
    async def listen(cls, protocols, deflate):
        self = cls(wsproto.ConnectionType.SERVER, protocols, deflate)
        accepted = asyncio.get_running_loop().create_future()

        def on_connection(reader, writer):
            self.reader, self.writer = reader, writer
            accepted.set_result(asyncio.ensure_future(self.accept()))

        server = await asyncio.start_server(on_connection, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self.accepted = accepted
        yield self
        await self.finish()
        server.close()
        await server.wait_closed()

    async def finish(self):
        async for event in self.events:
            raise AssertionError(f"there is a {event} after the end")
        self.writer.close()
        await self.writer.wait_closed()

    def write(self, event):
        self.writer.write(self.connection.send(event))

    async def read_events(self):
        while chunk := await self.reader.read(65536):
            self.connection.receive_data(chunk)
            for event in self.connection.events():
                if isinstance(event, events.Ping):
                    self.write(event.response())
                else:
                    yield event

    async def accept(self):
        request = await anext(self.events)
        protocol = next((p for p in self.protocols if p in request.subprotocols), None)
        self.write(events.AcceptConnection(subprotocol=protocol, extensions=self.extensions))
        return protocol

    async def opened(self):
        if self.connection.client:
            return (await anext(self.events)).subprotocol
        return await (await self.accepted)

    def write_message(self, data, finished=True):
        kind = events.TextMessage if isinstance(data, str) else events.BytesMessage
        self.write(kind(data=data, message_finished=finished))

    async def send(self, message):
        self.write_message(message)
        await self.writer.drain()

    async def send_fragments(self, parts):
        for i, part in enumerate(parts, 1):
            self.write_message(part, i == len(parts))

    async def receive(self):
        parts = []
        async for event in self.events:
            parts.append(event.data)
            if event.message_finished:
                return type(parts[0])().join(parts)
        raise EOFError

    async def ping(self, data):
        self.write(events.Ping(payload=data.encode()))
        pong = await anext(self.events)
        assert isinstance(pong, events.Pong)
        return bytes(pong.payload).decode()

    async def close(self, code, reason):
        self.write(events.CloseConnection(code=code, reason=reason))
        assert await anext(self.events) == events.CloseConnection(code=code, reason=reason)
        self.writer.write_eof()

    async def closed(self):
        event = await anext(self.events)
        self.write(event.response())
        self.writer.write_eof()
        return event.code, event.reason


class AiohttpPeer(Peer):
    """aiohttp's client, and its server. Neither sends fragments."""

    NAME = "aiohttp"
    ANSWER = (1000, "")

    prepared: asyncio.Future[None]
    socket: aiohttp.ClientWebSocketResponse | web.WebSocketResponse

    @classmethod
    @asynccontextmanager
    async def connect(cls, port, protocols, deflate):
        self = cls()
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(
                f"ws://127.0.0.1:{port}/",
                protocols=protocols,
                compress=15 if deflate else 0,
                autoping=False,
            ) as self.socket,
        ):
            yield self

    @classmethod
    @asynccontextmanager
    async def listen(cls, protocols, deflate):
        self = cls()
        self.prepared = asyncio.get_running_loop().create_future()
        done = asyncio.Event()

        async def handler(request):
            self.socket = web.WebSocketResponse(
                protocols=protocols, compress=deflate, autoping=False
            )
            await self.socket.prepare(request)
            self.prepared.set_result(None)
            await done.wait()
            return self.socket

        application = web.Application()
        application.router.add_get("/", handler)
        runner = web.AppRunner(application)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = runner.addresses[0][1]
        yield self
        done.set()
        await runner.cleanup()

    async def opened(self):
        if isinstance(self.socket, web.WebSocketResponse):
            await self.prepared
            return self.socket.ws_protocol
        return self.socket.protocol

    async def send(self, message):
        if isinstance(message, str):
            await self.socket.send_str(message)
        else:
            await self.socket.send_bytes(message)

    async def next(self):
        while (message := await self.socket.receive()).type is aiohttp.WSMsgType.PING:
            await self.socket.pong(message.data)
        return message

    async def receive(self):
        message = await self.next()
        assert message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY)
        return message.data

    async def ping(self, data):
        await self.socket.ping(data.encode())
        message = await self.next()
        assert message.type is aiohttp.WSMsgType.PONG
        return bytes(message.data).decode()

    async def close(self, code, reason):
        await self.socket.close(code=code, message=reason.encode())
        assert self.socket.close_code == code

    async def closed(self):
        message = await self.next()
        assert message.type is aiohttp.WSMsgType.CLOSE
        return message.data, message.extra


class WebsocketClientPeer(Peer):
    """websocket-client, which blocks, on threads."""

    NAME = "websocket-client"
    ROLES = ("client",)
    DEFLATE = False
    ANSWER = (1000, "")

    socket: websocket_client.WebSocket

    @classmethod
    @asynccontextmanager
    async def connect(cls, port, protocols, deflate):
        self = cls()
        self.socket = websocket_client.WebSocket()
        self.socket.settimeout(PATIENCE)
        url = f"ws://127.0.0.1:{port}/"
        await asyncio.to_thread(self.socket.connect, url, subprotocols=protocols)
        yield self
        self.socket.shutdown()

    async def opened(self):
        return self.socket.getsubprotocol()

    async def send(self, message):
        send = self.socket.send if isinstance(message, str) else self.socket.send_binary
        await asyncio.to_thread(send, message)

    async def send_fragments(self, parts):
        opcode = self.TEXT if isinstance(parts[0], str) else self.BINARY
        for i, part in enumerate(parts, 1):
            frame = websocket_client.ABNF.create_frame(part, opcode, int(i == len(parts)))
            await asyncio.to_thread(self.socket.send_frame, frame)
            opcode = websocket_client.ABNF.OPCODE_CONT

    TEXT = websocket_client.ABNF.OPCODE_TEXT
    BINARY = websocket_client.ABNF.OPCODE_BINARY

    async def next(self):
        """The opcode and data of the next frame but pings, which it answers."""
        while True:
            opcode, frame = await asyncio.to_thread(self.socket.recv_data_frame, True)
            if opcode != websocket_client.ABNF.OPCODE_PING:
                return opcode, frame.data

    async def receive(self):
        opcode, data = await self.next()
        assert opcode in (self.TEXT, self.BINARY)
        return data.decode() if opcode == self.TEXT else data

    async def ping(self, data):
        await asyncio.to_thread(self.socket.ping, data)
        opcode, data = await self.next()
        assert opcode == websocket_client.ABNF.OPCODE_PONG
        return data.decode()

    async def close(self, code, reason):
        await asyncio.to_thread(self.socket.close, code, reason.encode())

    async def closed(self):
        opcode, data = await self.next()
        assert opcode == websocket_client.ABNF.OPCODE_CLOSE
        return int.from_bytes(data[:2], "big"), data[2:].decode()


class DescribeConversation(Conversation):
    @pytest.fixture(params=pairs(WsprotoPeer, AiohttpPeer, WebsocketClientPeer))
    def pair(self, request):
        return request.param


class DescribeFragments(Fragments):
    @pytest.fixture(params=pairs(WsprotoPeer, WebsocketClientPeer))
    def pair(self, request):
        return request.param
