"""Real peers: our drivers on `net`, and PyPI's `websockets` at the other end of the wire."""

import asyncio
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

import websocket_driver as websocket
from spec.wires import bound, client_context, event, run, server_context
from websocket_driver import permessage_deflate
from websocket_driver.node import net, tls

MESSAGES = [
    "Hello",
    "",
    "\u00fc\U0001f600",
    b"\x00\xff",
    b"",
    "text" * 2**18,
    bytes(range(256)) * 2**12,
]


@pytest.fixture(params=[False, True], ids=["plain", "tls"])
def secure(request):
    return request.param


@pytest.fixture(params=[None, "deflate"], ids=["uncompressed", "deflate"])
def compression(request):
    return request.param


def extend(driver, compression):
    if compression:
        driver.add_extension(permessage_deflate)


class DescribeOurServer:
    @pytest.fixture
    def talk(self, certificate, secure, compression):
        """Runs `main(client, driver)` with a client of websockets and our end of its connection."""

        def talk(main, **options):
            async def serve_and_connect():
                drivers: list[Any] = []

                def on_connection(connection):
                    driver: Any = websocket.server(protocols=["superchat", "chat"])
                    extend(driver, compression)
                    drivers.append(driver)
                    driver.closed = event(driver, "close")
                    driver.on("connect", lambda _: driver.start())
                    driver.on("close", lambda _: connection.end())
                    connection.pipe(driver.io).pipe(connection)
                    driver.messages.pipe(driver.messages)

                if secure:
                    server: net.Server = tls.create_server(
                        {"key": certificate, "cert": certificate}, on_connection
                    )
                else:
                    server = net.create_server(on_connection)
                server.listen(0, "127.0.0.1")
                await event(server, "listening")
                port = bound(server).port
                async with connect(
                    f"wss://localhost:{port}/" if secure else f"ws://127.0.0.1:{port}/",
                    ssl=client_context(certificate) if secure else None,
                    compression=compression,
                    **options,
                ) as client:
                    await main(client, drivers[0])
                server.close()
                await event(server, "close")

            run(serve_and_connect)

        return talk

    def it_echoes_messages(self, talk, compression):
        async def main(client, driver):
            extensions = [extension.name for extension in client.protocol.extensions]
            assert extensions == (["permessage-deflate"] if compression else [])
            for message in MESSAGES:
                await client.send(message)
                assert await client.recv() == message

        talk(main)

    def it_puts_fragments_together(self, talk):
        async def main(client, driver):
            await client.send(["Hel", "", "lo, ", "world"])
            assert await client.recv() == "Hello, world"
            await client.send([b"\x00", b"\xff"])
            assert await client.recv() == b"\x00\xff"

        talk(main)

    def it_pings_and_is_pinged(self, talk):
        async def main(client, driver):
            await (await client.ping(b"mic check"))
            ponged = asyncio.get_running_loop().create_future()
            assert driver.ping("Hi", lambda: ponged.set_result(True)) is True
            assert await ponged is True

        talk(main)

    def it_agrees_on_a_subprotocol(self, talk):
        async def main(client, driver):
            assert (client.subprotocol, driver.protocol) == ("chat", "chat")

        talk(main, subprotocols=["irc", "chat"])

    def it_is_closed_by_the_client(self, talk):
        async def main(client, driver):
            await client.close(4000, "bye \u00fc")
            (close,) = await driver.closed
            assert close == websocket.CloseEvent(4000, "bye \u00fc")
            assert (client.close_code, client.close_reason) == (4000, "bye \u00fc")

        talk(main)

    def it_closes_the_client(self, talk):
        async def main(client, driver):
            driver.close("going \u00fc", 1001)
            with pytest.raises(ConnectionClosed):
                await client.recv()
            assert (client.close_code, client.close_reason) == (1001, "going \u00fc")
            (close,) = await driver.closed
            assert close == websocket.CloseEvent(1001, "going \u00fc")

        talk(main)


class DescribeOurClient:
    @pytest.fixture
    def talk(self, certificate, secure, compression):
        """Runs `main(driver, handle)` with our client; `handle` sets the handler of the server."""

        def talk(main, handler, **options):
            async def serve_and_connect():
                async with serve(
                    handler,
                    "127.0.0.1",
                    0,
                    ssl=server_context(certificate) if secure else None,
                    compression=compression,
                    subprotocols=[Subprotocol("chat")] if options else None,
                ) as server:
                    port = server.sockets[0].getsockname()[1]
                    scheme = "wss" if secure else "ws"
                    driver = websocket.client(f"{scheme}://localhost:{port}/", **options)
                    extend(driver, compression)
                    tcp: Any
                    if secure:
                        tcp = tls.connect(port, "127.0.0.1", ca=certificate)
                    else:
                        tcp = net.connect(port, "127.0.0.1")
                    closed = event(tcp, "close")
                    tcp.pipe(driver.io).pipe(tcp)
                    tcp.on("secure_connect" if secure else "connect", driver.start)
                    driver.on("close", lambda _: tcp.end())
                    await event(driver, "open")
                    await main(driver)
                    driver.close()
                    await closed

            run(serve_and_connect)

        return talk

    @staticmethod
    async def echo(connection):
        async for message in connection:
            await connection.send(message)

    def it_gets_its_messages_back(self, talk):
        async def main(driver):
            for message in MESSAGES:
                driver.messages.write(message)
                assert await event(driver.messages, "data") == (message,)

        talk(main, self.echo)

    def it_puts_fragments_together(self, talk):
        async def handler(connection):
            await connection.recv()
            await connection.send(["Hel", "", "lo, ", "world"])
            await connection.wait_closed()

        async def main(driver):
            message = event(driver, "message")
            driver.text("go")
            assert await message == (websocket.MessageEvent("Hello, world"),)

        talk(main, handler)

    def it_pings_and_is_pinged(self, talk):
        ponged = []

        async def handler(connection):
            await connection.recv()
            await (await connection.ping(b"mic check"))
            ponged.append(True)
            await connection.wait_closed()

        async def main(driver):
            pinged = event(driver, "ping")
            driver.text("go")
            done = asyncio.get_running_loop().create_future()
            driver.ping("Hi", lambda: done.set_result(True))
            assert await done is True
            assert await pinged == (websocket.PingEvent("mic check"),)

        talk(main, handler)
        assert ponged == [True]

    def it_agrees_on_a_subprotocol(self, talk):
        async def main(driver):
            assert driver.protocol == "chat"

        talk(main, self.echo, protocols="irc, chat")

    def it_closes_the_server(self, talk):
        closes = []

        async def handler(connection):
            await connection.wait_closed()
            closes.append((connection.close_code, connection.close_reason))

        async def main(driver):
            closed = event(driver, "close")
            driver.close("bye \u00fc", 4000)
            assert await closed == (websocket.CloseEvent(4000, "bye \u00fc"),)

        talk(main, handler)
        assert closes == [(4000, "bye \u00fc")]

    def it_is_closed_by_the_server(self, talk):
        async def handler(connection):
            await connection.recv()
            await connection.close(1001, "going \u00fc")

        async def main(driver):
            closed = event(driver, "close")
            driver.text("go")
            (close,) = await closed
            assert close == websocket.CloseEvent(1001, "going \u00fc")

        talk(main, handler)
