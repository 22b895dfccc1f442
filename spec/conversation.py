"""A conversation of one of our drivers with a peer from another library, in either role."""

import asyncio

import pytest

import websocket_driver as websocket
from spec.wires import bound, event, run
from websocket_driver import permessage_deflate
from websocket_driver.node import net

MESSAGES = [
    "Hello",
    "",
    "\u00fc\U0001f600",
    b"\x00\xff",
    b"",
    "text" * 2**18,
    bytes(range(256)) * 2**12,
]


class Peer:
    """The far end. It handles what arrives, pings too, while it waits for something.

    `async with Peer.connect(port, protocols, deflate)` is a client, and
    `async with Peer.listen(protocols, deflate)` a server for one connection, on its `port`.
    """

    NAME = ""
    ROLES: tuple[str, ...] = ("client", "server")
    DEFLATE = True
    # The code and reason with which it answers a close frame, if not the same.
    ANSWER: tuple[int, str] | None = None

    port: int

    async def opened(self):
        """Waits for the connection, and returns the subprotocol."""
        raise NotImplementedError

    async def send(self, message):
        raise NotImplementedError

    async def send_fragments(self, parts):
        raise NotImplementedError

    async def receive(self):
        """Returns the next message."""
        raise NotImplementedError

    async def ping(self, data):
        """Sends a ping, and returns the payload of the pong."""
        raise NotImplementedError

    async def close(self, code, reason):
        """Starts the closing handshake."""
        raise NotImplementedError

    async def closed(self):
        """Waits for a close frame, answers it, and returns its code and reason."""
        raise NotImplementedError


class Wire:
    """One of our drivers on a socket, with its input, its output and its events."""

    def __init__(self, driver, socket):
        self.driver = driver
        self.sent = self.received = b""
        self.inbox: asyncio.Queue[str | bytes] = asyncio.Queue()
        self.pings: list[str] = []
        self.opened, self.closed = event(driver, "open"), event(driver, "close")
        self.ended = event(socket, "close")
        driver.io.on("data", self.on_sent)
        socket.on("data", self.on_received)
        driver.on("message", lambda event: self.inbox.put_nowait(event.data))
        driver.on("ping", lambda event: self.pings.append(event.data))
        driver.on("close", lambda _: socket.end())
        socket.pipe(driver.io).pipe(socket)

    def on_sent(self, chunk):
        self.sent += bytes(chunk)

    def on_received(self, chunk):
        self.received += bytes(chunk)

    async def ponged(self, data):
        """Sends a ping and waits for its pong."""
        future = asyncio.get_running_loop().create_future()
        assert self.driver.ping(data, lambda: future.set_result(True)) is True
        return await future


async def with_our_server(peer_type, protocols, deflate, main):
    wires = []

    def on_connection(connection):
        driver = websocket.server(protocols=["superchat", "chat"])
        if deflate:
            driver.add_extension(permessage_deflate)
        driver.on("connect", lambda _: driver.start())
        wires.append(Wire(driver, connection))

    server = net.create_server(on_connection)
    server.listen(0, "127.0.0.1")
    await event(server, "listening")
    port = bound(server).port
    async with peer_type.connect(port, protocols or [], deflate) as peer:
        protocol = await peer.opened()
        (wire,) = wires
        await main(wire, peer, protocol)
        if wire.driver.ready_state < 2:
            await hang_up(wire, peer)
    await wire.ended
    server.close()
    await event(server, "close")


async def with_our_client(peer_type, protocols, deflate, main):
    async with peer_type.listen(["superchat", "chat"], deflate) as peer:
        driver = websocket.client(f"ws://127.0.0.1:{peer.port}/", protocols=protocols or [])
        if deflate:
            driver.add_extension(permessage_deflate)
        socket = net.connect(peer.port, "127.0.0.1")
        wire = Wire(driver, socket)
        socket.on("connect", driver.start)
        await wire.opened
        await main(wire, peer, await peer.opened())
        if driver.ready_state < 2:
            await hang_up(wire, peer)
    await wire.ended


async def hang_up(wire, peer):
    wire.driver.close()
    await peer.closed()


def pairs(*peer_types):
    """The parameters of a conversation: the peer, the runner of our end, and compression."""
    return [
        pytest.param(
            (peer_type, ours, deflate),
            id=f"{peer_type.NAME}-{role}-{'deflate' if deflate else 'uncompressed'}",
        )
        for peer_type in peer_types
        for role, ours in (("client", with_our_server), ("server", with_our_client))
        for deflate in (False, True)
        if role in peer_type.ROLES and (peer_type.DEFLATE or not deflate)
    ]


class Talk:
    """The fixtures that the groups below share. A subclass provides the fixture `pair`."""

    @pytest.fixture
    def deflate(self, pair):
        return pair[2]

    @pytest.fixture
    def talk(self, pair):
        """Runs `main(wire, peer, protocol)`, with `protocol` as the peer sees it."""
        peer_type, ours, deflate = pair

        def talk(main, protocols=None):
            run(lambda: ours(peer_type, protocols, deflate, main))

        return talk


class Conversation(Talk):
    @pytest.fixture
    def answer(self, pair):
        """The code and reason with which the peer answers a close frame."""
        return pair[0].ANSWER

    def it_carries_messages_both_ways(self, talk, deflate):
        async def main(wire, peer, protocol):
            for message in MESSAGES:
                wire.driver.messages.write(message)
                assert await peer.receive() == message
                await peer.send(message)
                assert await wire.inbox.get() == message

            size = 2**21  # of the two large messages
            for data in (wire.sent, wire.received):
                assert len(data) < size // 10 if deflate else len(data) > size
            assert (b"permessage-deflate" in wire.sent + wire.received) is deflate

        talk(main)

    def it_pings_and_is_pinged(self, talk):
        async def main(wire, peer, protocol):
            assert await peer.ping("mic check") == "mic check"
            assert wire.pings == ["mic check"]

            reading = asyncio.ensure_future(peer.receive())
            assert await wire.ponged("Hi") is True
            wire.driver.text("done")
            assert await reading == "done"

        talk(main)

    def it_agrees_on_a_subprotocol(self, talk):
        async def main(wire, peer, protocol):
            assert (wire.driver.protocol, protocol) == ("chat", "chat")

        talk(main, ["irc", "chat"])

    def it_does_without_a_subprotocol(self, talk):
        async def main(wire, peer, protocol):
            assert (wire.driver.protocol, protocol) == (None, None)

        talk(main)

    def it_is_closed_by_the_peer(self, talk):
        async def main(wire, peer, protocol):
            await peer.close(4000, "bye \u00fc")
            assert await wire.closed == (websocket.CloseEvent(4000, "bye \u00fc"),)

        talk(main)

    def it_closes_the_peer(self, talk, answer):
        async def main(wire, peer, protocol):
            wire.driver.close("going \u00fc", 4001)
            assert await peer.closed() == (4001, "going \u00fc")
            code, reason = answer or (4001, "going \u00fc")
            assert await wire.closed == (websocket.CloseEvent(code, reason),)

        talk(main)


class Fragments(Talk):
    def it_puts_fragments_together(self, talk):
        async def main(wire, peer, protocol):
            await peer.send_fragments(["Hel", "", "lo, ", "world"])
            assert await wire.inbox.get() == "Hello, world"
            await peer.send_fragments([b"\x00", b"\xff"])
            assert await wire.inbox.get() == b"\x00\xff"
            await peer.send("next")
            assert await wire.inbox.get() == "next"

        talk(main)
