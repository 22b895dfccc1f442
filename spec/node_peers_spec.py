"""Real peers: our drivers, and npm's ws, faye-websocket and the original websocket-driver."""

import asyncio
import base64
import hashlib
import json
import re
import shutil
import socket
import subprocess
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest

import websocket_driver as websocket
from spec.conversation import Conversation, Fragments, Peer, pairs
from spec.wires import PATIENCE, ROOT, bound, event, port_of, run
from websocket_driver.node import net

NODE = shutil.which("node") or ""
PEERS = ROOT / "spec" / "peers"
WHY_NOT = (
    "there is no Node.js"
    if not NODE
    else "the npm packages are not there: npm ci --prefix spec/peers"
    if not (PEERS / "node_modules").is_dir()
    else ""
)

pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)


def encode(message):
    if isinstance(message, str):
        return {"text": message}
    return {"binary": base64.b64encode(message).decode()}


class NodePeer(Peer):
    """A connection in a process of spec/peers/conversation.js."""

    # asyncio.subprocess.Process, whose streams are pipes and not `None`.
    process: Any

    @classmethod
    @asynccontextmanager
    async def start(cls, role, protocols, deflate, *port):
        self = cls()
        self.process = await asyncio.create_subprocess_exec(
            NODE,
            str(PEERS / "conversation.js"),
            cls.NAME,
            role,
            "deflate" if deflate else "",
            ",".join(protocols),
            *map(str, port),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=2**24,
        )
        try:
            yield self
        except BaseException:
            self.process.kill()
            raise
        finally:
            self.process.stdin.close()
            output, errors = await self.process.communicate()
        assert (output, errors, self.process.returncode) == (b"", b"", 0)

    @classmethod
    def connect(cls, port, protocols, deflate):
        return cls.start("client", protocols, deflate, port)

    @classmethod
    @asynccontextmanager
    async def listen(cls, protocols, deflate):
        async with cls.start("server", protocols, deflate) as self:
            self.port = (await self.next("listening"))["port"]
            yield self

    async def next(self, kind):
        line = await self.process.stdout.readline()
        assert line, (await self.process.stderr.read()).decode()
        event = json.loads(line)
        assert event["event"] == kind
        return event

    def write(self, action, **fields):
        line = json.dumps({"action": action, **fields}) + "\n"
        self.process.stdin.write(line.encode())

    async def opened(self):
        return (await self.next("open"))["protocol"]

    async def send(self, message):
        self.write("send", parts=[encode(message)])

    async def send_fragments(self, parts):
        self.write("fragments", parts=[encode(part) for part in parts])

    async def receive(self):
        event = await self.next("message")
        return base64.b64decode(event["binary"]) if "binary" in event else event["text"]

    async def ping(self, data):
        self.write("ping", data=data)
        return (await self.next("pong"))["data"]

    async def close(self, code, reason):
        self.write("close", code=code, reason=reason)
        assert await self.closed() == (code, reason)

    async def closed(self):
        event = await self.next("close")
        return event["code"], event["reason"]


class WsPeer(NodePeer):
    NAME = "ws"


class FayePeer(NodePeer):
    NAME = "faye-websocket"


class OriginalPeer(NodePeer):
    NAME = "websocket-driver"


class DescribeConversation(Conversation):
    @pytest.fixture(params=pairs(WsPeer, FayePeer, OriginalPeer))
    def pair(self, request):
        return request.param


class DescribeFragments(Fragments):
    """Of the three, only ws sends fragments."""

    @pytest.fixture(params=pairs(WsPeer))
    def pair(self, request):
        return request.param


@contextmanager
def original():
    """The original's own server, of spec/peers/echo.js, on the port that this gives."""
    process = subprocess.Popen([NODE, str(PEERS / "echo.js")], stdout=subprocess.PIPE, text=True)
    try:
        yield port_of(process)
    finally:
        process.kill()
        process.communicate()


@asynccontextmanager
async def ours():
    """Our server, which does what spec/peers/echo.js does."""

    def on_connection(connection):
        driver = websocket.server(protocols=["superchat", "chat"])

        @driver.on("message")
        def on_message(event):
            if event.data == "close":
                driver.close()
            else:
                driver.text(event.data)

        driver.on("connect", lambda _: driver.start())
        driver.on("close", lambda _: connection.end())
        connection.on("error", lambda _: None)
        connection.pipe(driver.io).pipe(connection)

    server = net.create_server(on_connection)
    server.listen(0, "127.0.0.1")
    await event(server, "listening")
    yield bound(server).port
    server.close()
    await event(server, "close")


class HixieClient:
    """A client of the drafts hixie-75 and hixie-76, which keeps what the server says."""

    bytewise: bool
    said: list[bytes]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    @asynccontextmanager
    async def connect(cls, port, bytewise):
        self = cls()
        self.bytewise = bytewise
        self.said = []
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield self
        self.writer.close()
        await self.writer.wait_closed()

    async def send(self, data):
        step = 1 if self.bytewise else max(len(data), 1)
        for start in range(0, len(data), step):
            self.writer.write(data[start : start + step])
            # Lets the other side run, so that it reads what there is.
            await asyncio.wait_for(self.writer.drain(), PATIENCE)
            await asyncio.sleep(0)

    async def handshake(self, *lines, body=b"", answer=0):
        head = "\r\n".join(
            ("GET /chat?a=b HTTP/1.1", "Host: localhost:8000", "Connection: Upgrade", *lines)
        )
        await self.send(head.encode() + b"\r\n\r\n" + body)
        self.said.append(await self.reader.readuntil(b"\r\n\r\n"))
        self.said.append(await self.reader.readexactly(answer))

    async def ask(self, data, answers=1):
        """Sends bytes, and waits for as many frames."""
        await self.send(data)
        for _ in range(answers):
            self.said.append(await self.reader.readuntil(b"\xff"))

    async def rest(self, data=b""):
        """Sends bytes, and waits for the end."""
        await self.send(data)
        self.said.append(await self.reader.read())


class DescribeHixie:
    KEYS = (
        "Sec-WebSocket-Key1: 1   38 wZ3f9 23O0 3l 0r",
        "Sec-WebSocket-Key2: 27   0E 6 2  1665:< ;U 1H",
    )
    BODY = bytes([8, 161, 231, 224, 180, 48, 246, 244])

    @pytest.fixture(params=["whole", "bytewise"])
    def compare(self, request):
        """What both servers say to a client that does `main(client)`; it must be the same."""

        def compare(main):
            async def said_by(port):
                async with HixieClient.connect(port, request.param == "bytewise") as client:
                    await main(client)
                    return client.said

            async def both():
                with original() as port:
                    theirs = await said_by(port)
                async with ours() as port:
                    assert await said_by(port) == theirs
                return theirs

            return run(both)

        return compare

    def it_speaks_hixie_75(self, compare):
        async def main(client):
            await client.handshake("Upgrade: WebSocket", "Origin: http://www.example.com")
            await client.ask(b"\x00Hello\xff")
            await client.ask(b"\x00\xff")
            await client.ask("\0\u00fc\U0001f600\u00ff".encode() + b"\xff")
            await client.ask(b"\x80\x03abc\x00after binary\xff")
            await client.ask(b"\x81\x81\x00" + b"x" * 128 + b"\x00after more\xff")
            await client.ask(b"\xff\x00\x00not closed\xff")
            await client.ask(b"\x00one\xff\x00two\xff", 2)
            await client.ask(b"\x00" + b"text" * 2**8 + b"\xff")
            client.writer.write(b"\x00close\xff")
            client.writer.write_eof()
            await client.rest()

        assert compare(main) == [
            b"HTTP/1.1 101 Web Socket Protocol Handshake\r\n"
            b"Upgrade: WebSocket\r\n"
            b"Connection: Upgrade\r\n"
            b"WebSocket-Origin: http://www.example.com\r\n"
            b"WebSocket-Location: ws://localhost:8000/chat?a=b\r\n"
            b"\r\n",
            b"",
            b"\x00Hello\xff",
            b"\x00\xff",
            "\0\u00fc\U0001f600\u00ff".encode() + b"\xff",
            b"\x00after binary\xff",
            b"\x00after more\xff",
            b"\x00not closed\xff",
            b"\x00one\xff",
            b"\x00two\xff",
            b"\x00" + b"text" * 2**8 + b"\xff",
            b"",
        ]

    def it_speaks_hixie_76(self, compare):
        async def main(client):
            lines = ("Upgrade: WebSocket", "Origin: http://www.example.com", *self.KEYS)
            await client.handshake(*lines, body=self.BODY, answer=16)
            await client.ask(b"\x00Hello\xff")
            await client.ask("\0\u00fc\U0001f600\u00ff".encode() + b"\xff")
            await client.ask(b"\x80\x03abc\x00after binary\xff")
            await client.ask(b"\x00one\xff\x00two\xff", 2)
            await client.rest(b"\xff\x00")

        said = compare(main)
        assert said[0] == (
            b"HTTP/1.1 101 WebSocket Protocol Handshake\r\n"
            b"Upgrade: WebSocket\r\n"
            b"Connection: Upgrade\r\n"
            b"Sec-WebSocket-Origin: http://www.example.com\r\n"
            b"Sec-WebSocket-Location: ws://localhost:8000/chat?a=b\r\n"
            b"\r\n"
        )
        numbers = [
            int(re.sub(r"\D", "", key)) // key.count(" ")
            for key in (line.partition(": ")[2] for line in self.KEYS)
        ]
        challenge = b"".join(number.to_bytes(4, "big") for number in numbers) + self.BODY
        assert said[1] == hashlib.md5(challenge).digest()
        assert said[2:] == [
            b"\x00Hello\xff",
            "\0\u00fc\U0001f600\u00ff".encode() + b"\xff",
            b"\x00after binary\xff",
            b"\x00one\xff",
            b"\x00two\xff",
            b"\xff\x00",
        ]

    def it_closes_with_hixie_76(self, compare):
        async def main(client):
            lines = ("Upgrade: WebSocket", "Origin: http://www.example.com", *self.KEYS)
            await client.handshake(*lines, body=self.BODY, answer=16)
            await client.ask(b"\x00Hello\xff")
            await client.rest(b"\x00close\xff")

        assert compare(main)[2:] == [b"\x00Hello\xff", b"\xff\x00"]

    def it_has_no_subprotocols_with_hixie_76(self, compare):
        async def main(client):
            lines = ("Upgrade: WebSocket", "Sec-WebSocket-Protocol: irc, chat", *self.KEYS)
            await client.handshake(*lines, body=self.BODY, answer=16)
            await client.rest(b"\xff\x00")

        assert compare(main)[0] == (
            b"HTTP/1.1 101 WebSocket Protocol Handshake\r\n"
            b"Upgrade: WebSocket\r\n"
            b"Connection: Upgrade\r\n"
            b"Sec-WebSocket-Location: ws://localhost:8000/chat?a=b\r\n"
            b"\r\n"
        )

    @pytest.mark.parametrize(
        "key",
        ["1", "1  2345", "no digits", "99999999999999 1"],
        ids=lambda key: key.replace(" ", "_"),
    )
    def it_refuses_a_bad_key_of_hixie_76(self, compare, key):
        async def main(client):
            await client.send(
                b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
                b"Upgrade: WebSocket\r\nSec-WebSocket-Key1: " + key.encode() + b"\r\n"
                b"Sec-WebSocket-Key2: 27   0E 6 2  1665:< ;U 1H\r\n\r\n" + self.BODY
            )
            await client.rest()

        assert compare(main) == [
            b"HTTP/1.1 400 Bad Request\r\n"
            b"Content-Type: text/plain\r\n"
            b"Content-Length: 45\r\n"
            b"\r\n"
            b"Client sent invalid Sec-WebSocket-Key headers"
        ]
