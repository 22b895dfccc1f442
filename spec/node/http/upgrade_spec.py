"""Requests for another protocol, and tunnels: the listener receives the socket."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import Any

import pytest

import websocket_driver as websocket
from spec.node.http.support import GET, KEEP_ALIVE, UPGRADE, Client, answer, closed, connected, head
from spec.wires import event, run
from websocket_driver.node import http, net
from websocket_driver.node.http.connection import Connection

SWITCH = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
CONNECT = head("CONNECT b:80 HTTP/1.1", host="Host: b:80")


def hello(request, response):
    response.end("Hello")


def connections():
    """The connections that are in memory, including those of other examples."""
    return [found for found in gc.get_objects() if isinstance(found, Connection)]


class DescribeUpgrade:
    def it_hands_on_the_socket_and_what_came_behind_the_head(self):
        async def main():
            server, client = await connected(hello)
            upgraded = event(server, "upgrade")
            client.send(UPGRADE + b"early")
            request, socket, early = await upgraded
            assert (request.method, request.url, request.upgrade) == ("GET", "/up", True)
            assert (request.complete, request.raw_trailers) == (True, [])
            assert socket is request.socket
            assert isinstance(socket, net.Socket)
            assert early == b"early"
            assert socket.readable_flowing is None
            assert (socket.listener_count("data"), socket.listener_count("close")) == (0, 0)
            socket.write(SWITCH)
            await client.receive(SWITCH)
            data = event(socket, "data")
            client.send(b"late")
            assert await data == (b"late",)
            socket.end("bye")
            assert await client.receive_all() == b"bye"
            await closed(server, client)

        run(main)

    def it_takes_the_head_byte_by_byte(self):
        async def main():
            server, client = await connected()
            server.on("upgrade", lambda request, socket, head: socket.end(head + b"!"))
            await client.trickle(UPGRADE)
            assert await client.receive_all() == b"!"
            await closed(server, client)

        run(main)

    def it_never_parses_what_follows_as_a_request(self):
        async def main():
            server, client = await connected(hello)
            heads = []
            server.on("upgrade", lambda request, socket, head: heads.append((socket, head)))
            client.send(UPGRADE + GET)
            await event(server, "upgrade")
            socket, early = heads[0]
            assert early == GET
            socket.end(early)
            assert await client.receive_all() == GET
            await closed(server, client)

        run(main)

    def it_hands_on_a_body_unparsed(self):
        async def main():
            server, client = await connected()
            server.on("upgrade", lambda request, socket, head: socket.end(head))
            upgrade = ("Connection: Upgrade", "Upgrade: x")
            client.send(head("POST / HTTP/1.1", *upgrade, "Content-Length: 5") + b"Hello")
            assert await client.receive_all() == b"Hello"
            await closed(server, client)

        run(main)

    def it_comes_after_other_requests(self):
        async def main():
            server, client = await connected(hello)
            server.on("upgrade", lambda request, socket, head: socket.end(SWITCH))
            client.send(GET + UPGRADE)
            assert await client.receive_all() == answer(b"Hello") + SWITCH
            await closed(server, client)

        run(main)

    def it_lets_a_response_be_finished(self):
        async def main():
            server, client = await connected()
            responses = []
            server.on("request", lambda request, response: responses.append(response))
            upgraded = event(server, "upgrade")
            client.send(GET + UPGRADE)
            _request, socket, _early = await upgraded
            client.pause()
            assert responses[0].write(b"x" * 2**20) is False
            drained = event(responses[0], "drain")
            client.resume()
            await drained
            responses[0].end()
            await client.receive(
                b"HTTP/1.1 200 OK\r\n"
                + KEEP_ALIVE
                + b"Transfer-Encoding: chunked\r\n\r\n100000\r\n"
                + b"x" * 2**20
                + b"\r\n0\r\n\r\n"
            )
            assert (socket.timeout, socket.listener_count("drain")) == (None, 0)
            socket.end()
            assert await client.receive_all() == b""
            await closed(server, client)

        run(main)

    def it_is_an_ordinary_request_if_nobody_listens(self):
        async def main():
            server, client = await connected(hello)
            await client.exchange(UPGRADE + GET, answer(b"Hello") * 2)
            await closed(server, client)

        run(main)

    def it_has_no_time_limits_any_more(self):
        async def main():
            server, client = await connected(
                headers_timeout=30, request_timeout=30, keep_alive_timeout=30
            )
            upgraded = event(server, "upgrade")
            client.send(UPGRADE)
            _request, socket, _early = await upgraded
            await asyncio.sleep(0.1)
            socket.end("still here")
            assert await client.receive_all() == b"still here"
            await closed(server, client)

        run(main)

    def it_is_not_closed_with_the_other_connections(self):
        async def main():
            server, client = await connected()
            upgraded = event(server, "upgrade")
            client.send(UPGRADE)
            _request, socket, _early = await upgraded
            done = event(server, "close")
            server.close()
            server.close_all_connections()
            socket.write("still here")
            await client.receive(b"still here")
            assert not done.done()
            socket.destroy()
            await done
            client.close()

        run(main)

    @pytest.mark.parametrize(
        "refuse",
        [
            lambda socket: socket.end(b"HTTP/1.1 403 Forbidden\r\n\r\n"),
            lambda socket: (socket.write(b"HTTP/1.1 403 Forbidden\r\n\r\n"), socket.destroy()),
            lambda socket: (socket.write(b"HTTP/1.1 403 Forbidden\r\n\r\n"), socket.destroy_soon()),
        ],
    )
    def it_can_be_refused(self, refuse):
        async def main():
            server, client = await connected()
            server.on("upgrade", lambda request, socket, head: refuse(socket))
            client.send(UPGRADE)
            assert await client.receive_all() == b"HTTP/1.1 403 Forbidden\r\n\r\n"
            await closed(server, client)

        run(main)

    def it_leaves_nothing_of_the_connection_behind(self):
        async def main():
            server, client = await connected()
            upgraded = event(server, "upgrade")
            client.send(UPGRADE)
            _request, socket, _early = await upgraded
            assert connections() == others
            socket.destroy()
            await closed(server, client)

        gc.collect()
        others = connections()
        run(main)


class DescribeConnect:
    def it_hands_on_the_socket(self):
        async def main():
            server, client = await connected(hello)
            tunnel = event(server, "connect")
            client.send(CONNECT + b"early")
            request, socket, early = await tunnel
            assert (request.method, request.url, request.upgrade) == ("CONNECT", "b:80", True)
            assert early == b"early"
            socket.end("HTTP/1.1 200 OK\r\n\r\n")
            assert await client.receive_all() == b"HTTP/1.1 200 OK\r\n\r\n"
            await closed(server, client)

        run(main)

    def it_closes_the_connection_if_nobody_listens(self):
        async def main():
            server, client = await connected(hello)
            client.send(CONNECT)
            assert await client.receive_all() == b""
            await closed(server, client)

        run(main)


class DescribeDrivers:
    """The main purpose of the package: `driver.http(request)` with the requests of this server."""

    def serve(self, server):
        @server.on("upgrade")
        def upgrade(request, socket, head):
            if not websocket.is_websocket(request):
                socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")
                return
            driver = websocket.http(request)
            driver.messages.pipe(driver.messages)
            driver.on("close", lambda event: socket.destroy())
            socket.on("error", lambda error: None)
            socket.pipe(driver.io).pipe(socket)
            driver.start()
            driver.io.write(head)

    def client(self, port):
        driver = websocket.client(f"ws://127.0.0.1:{port}/chat")
        socket = net.connect(port, "127.0.0.1")
        socket.pipe(driver.io).pipe(socket)
        socket.on("connect", driver.start)
        return driver, socket

    def it_echoes_messages_and_answers_close_frames(self):
        async def main():
            server = http.create_server(hello)
            self.serve(server)
            server.listen(0, "127.0.0.1")
            driver, socket = self.client(port_of(server))
            opened, message, gone = (
                event(driver, "open"),
                event(driver, "message"),
                event(driver, "close"),
            )
            await opened
            driver.text("Gr\xfc\xdfe")
            assert (await message)[0].data == "Gr\xfc\xdfe"
            driver.close("bye", 1000)
            (closing,) = await gone
            assert (closing.code, closing.reason) == (1000, "bye")
            ended = event(socket, "close")
            socket.end()
            await ended
            await closed_server(server)

        run(main)

    @pytest.mark.parametrize("trickled", [False, True])
    def it_gives_them_what_came_with_the_handshake(self, trickled):
        key = b"dGhlIHNhbXBsZSBub25jZQ=="
        handshake = (
            b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Key: " + key + b"\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        frame = b"\x81\x82\0\0\0\0Hi"

        async def main():
            server, client = await connected()
            self.serve(server)
            if trickled:
                await client.trickle(handshake + frame)
            else:
                client.send(handshake + frame)
            await client.receive(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x81\x02Hi"
            )
            # The close frame is answered although the driver's listener destroys the socket.
            client.send(b"\x88\x82\0\0\0\0\x03\xe8")
            assert await client.receive_all() == b"\x88\x02\x03\xe8"
            await closed(server, client)

        run(main)

    def it_refuses_other_upgrades(self):
        async def main():
            server, client = await connected()
            self.serve(server)
            client.send(head("GET / HTTP/1.1", "Connection: Upgrade", "Upgrade: other"))
            assert await client.receive_all() == b"HTTP/1.1 400 Bad Request\r\n\r\n"
            await closed(server, client)

        run(main)


def port_of(server: http.Server) -> int:
    address = server.address()
    assert isinstance(address, net.Address)
    return address.port


async def closed_server(server):
    done = event(server, "close")
    server.close()
    await done


class DescribeMemory:
    """Without the garbage collector, all objects of a connection are freed with its socket."""

    @pytest.mark.parametrize("kind", ["answered", "aborted", "refused", "pipelined"])
    def it_keeps_nothing_of_a_closed_connection(self, kind):
        async def main():
            server = http.create_server()
            references: list[Any] = []

            @server.on("request")
            def listener(request, response):
                references.extend((weakref.ref(request), weakref.ref(response)))
                request.on("error", lambda error: None)
                if kind != "aborted":
                    response.end("Hello")

            server.on("connection", lambda socket: references.append(weakref.ref(socket)))
            server.listen(0, "127.0.0.1")
            client = await Client.to(server)
            if kind == "refused":
                client.send(b"garbage")
                await client.receive_all()
            elif kind == "aborted":
                announced = event(server, "request")
                client.send(head("POST / HTTP/1.1", "Content-Length: 5") + b"x")
                await announced
                del announced
            else:
                count = 3 if kind == "pipelined" else 1
                await client.exchange(GET * count, answer(b"Hello") * count)
            client.close()
            await closed_server(server)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert [reference() for reference in references] == [None] * len(references)
            assert references

        gc.collect()
        gc.disable()
        try:
            run(main)
        finally:
            gc.enable()
