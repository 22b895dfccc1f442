"""Real peers: our drivers, and npm's ws, faye-websocket and the original websocket-driver."""

import asyncio
import base64
import json
import shutil
import subprocess
from contextlib import asynccontextmanager, contextmanager

import pytest

import websocket_driver as websocket
from spec.conversation import Conversation, Fragments, Peer, pairs
from spec.wires import ROOT, event, port_of
from websocket_driver import net

NODE = shutil.which("node")
PEERS = ROOT / "spec" / "peers"
WHY_NOT = (
    "there is no Node.js"
    if NODE is None
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
    yield server.address().port
    server.close()
    await event(server, "close")
