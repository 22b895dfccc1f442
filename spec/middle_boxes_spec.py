"""Real programs between our drivers and at their other end: proxies, a broker, a server, curl.

They come from Debian (`.ci/run` installs them); an example whose program is missing is skipped.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import ssl
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import websocket_driver as websocket
from spec import boxes
from spec.boxes import HOST, EchoServer, End, connect, opened, with_server
from spec.wires import PATIENCE, client_context, run

Main = Callable[[EchoServer, int], Awaitable[None]]

MESSAGES: list[str | bytes] = [
    "Hello",
    "",
    "\u00fc\U0001f600",
    b"\x00\xff",
    b"",
    "text" * 2**18,
    bytes(2**20),
]


@pytest.fixture(params=["nginx", "haproxy"])
def front(request: pytest.FixtureRequest) -> Callable[..., Iterator[int]]:
    """A reverse proxy."""
    boxes.need(request.param)
    box: Callable[..., Iterator[int]] = getattr(boxes, request.param)
    return box


@pytest.fixture(params=["ws", "wss"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class DescribeReverseProxies:
    @pytest.fixture
    def behind(self, front, scheme, certificate, tmp_path):
        """Runs `main(server, connect)`: `connect()` is a client of ours through the proxy."""
        secure = scheme == "wss"

        def behind(main, **options):
            async def with_front(server, port):
                with front(tmp_path / "box", port, certificate if secure else None) as front_port:
                    context = client_context(certificate) if secure else None
                    url = f"{scheme}://localhost:{front_port}/chat?room=1"
                    await main(server, functools.partial(connect, url, front_port, context))

            run(lambda: with_server(with_front))

        return behind

    @pytest.mark.parametrize("deflate", [False, True])
    def it_carries_messages(self, behind, deflate):
        async def main(server, connect):
            client = await connect(deflate=deflate)
            for message in MESSAGES:
                if isinstance(message, str):
                    client.driver.text(message)
                else:
                    client.driver.binary(message)
                assert await client.receive() == message
            assert client.errors == []
            extensions = client.driver.headers.get("sec-websocket-extensions")
            assert extensions == ("permessage-deflate" if deflate else None)

        behind(main)

    def it_carries_messages_in_a_burst(self, behind):
        async def main(server, connect):
            client = await connect()
            for number in range(500):
                client.driver.text(str(number))
            assert [await client.receive() for _ in range(500)] == [str(n) for n in range(500)]

        behind(main)

    def it_tells_the_server_the_url_that_the_client_asked_for(self, behind, scheme):
        async def main(server, connect):
            client = await connect(protocols=["chat"])
            assert client.driver.protocol == "chat"
            (end,) = server.ends
            request = websocket.Request(end.driver.method, end.driver.url, end.driver.headers)
            assert websocket.is_secure_request(request) is (scheme == "wss")
            assert websocket.http(request).url == client.driver.url

        behind(main)

    def it_carries_the_close_code_of_the_client(self, behind):
        async def main(server, connect):
            client = await connect()
            client.driver.close("b\u00fce", 4001)
            assert await client.receive() == (4001, "b\u00fce")
            (end,) = server.ends
            assert await end.receive() == (4001, "b\u00fce")

        behind(main)

    def it_carries_the_close_code_of_the_server(self, behind):
        async def main(server, connect):
            client = await connect()
            client.driver.text("close 4002 away")
            assert await client.receive() == (4002, "away")
            assert await server.ends[0].receive() == "close 4002 away"
            assert await server.ends[0].receive() == (4002, "away")

        behind(main)

    def it_carries_pings(self, behind):
        async def main(server, connect):
            client = await connect()
            ponged = asyncio.Event()
            assert client.driver.ping("Hi", ponged.set) is True
            await ponged.wait()

        behind(main)

    def it_tells_the_client_that_the_server_is_gone(self, behind):
        async def main(server, connect):
            client = await connect()
            server.ends[0].transport.abort()
            await client.ended.wait()

        behind(main)


class DescribePlainRequests:
    """The requests of health checks, and of proxies with old defaults."""

    def it_answers_nginx_which_speaks_http_1_0_by_default(self, tmp_path):
        async def main(server, port):
            with boxes.nginx(tmp_path / "box", port) as front:
                answer = await exchange(front, "GET /default/ HTTP/1.1\r\nHost: a\r\n\r\n")
                assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
                assert server.pages == 1

        run(lambda: with_server(main))

    @pytest.mark.parametrize(
        "check",
        [
            "option httpchk",  # OPTIONS / HTTP/1.0
            "option httpchk\nhttp-check send meth GET uri / ver HTTP/1.1 hdr Host localhost",
        ],
    )
    def it_passes_the_health_checks_of_haproxy(self, tmp_path, check):
        async def main(server, port):
            options = f"mode http\n{check}"
            with boxes.haproxy(tmp_path / "box", port, options=options) as front:
                while server.pages < 3:
                    server.connected.clear()
                    await server.connected.wait()
                client = await connect(f"ws://localhost:{front}/", front)
                client.driver.text("Hello")
                assert await client.receive() == "Hello"

        run(lambda: with_server(main))


class DescribeDraft76:
    """Its request has a body that some proxies deliver only after the response has begun."""

    HEAD = (
        "GET /chat HTTP/1.1\r\nHost: localhost\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"
        "Origin: http://localhost\r\n"
        "Sec-WebSocket-Key1: 1   38 wZ3f9 23O0 3l 0r\r\n"
        "Sec-WebSocket-Key2: 27   0E 6 2  1665:< ;U 1H\r\n\r\n"
    )
    BODY = b"\x01\x02\x03\x04\x05\x06\x07\x08"
    SIGNATURE = b"\x83\x8c\x0c\xed\x8e\x90\x92\xad\xc7\x89\xa1N\x88\x90\xe1\x99"

    @pytest.mark.parametrize("name", ["nginx", "haproxy"])
    def it_completes_the_handshake_when_the_body_comes_late(self, name, tmp_path):
        # HAProxy's mode http refuses a handshake without a Sec-WebSocket-Key.
        options = {"options": "mode tcp"} if name == "haproxy" else {}

        async def main(server, port):
            with getattr(boxes, name)(tmp_path / "box", port, **options) as front:
                reader, writer = await asyncio.open_connection(HOST, front)
                writer.write(self.HEAD.encode())
                head = await reader.readuntil(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 101 ")
                assert b"\r\nSec-WebSocket-Location: ws://localhost/chat\r\n" in head

                writer.write(self.BODY)
                assert await reader.readexactly(16) == self.SIGNATURE
                writer.write(b"\x00Hello\xff")
                assert await reader.readexactly(7) == b"\x00Hello\xff"
                writer.write(b"\xff\x00")
                assert await reader.read() == b"\xff\x00"
                writer.close()

        run(lambda: with_server(main))


@contextmanager
def plain_proxy(name: str, folder: Path, login: str | None) -> Iterator[int]:
    with getattr(boxes, name)(folder, login) as port:
        yield port


class DescribeForwardProxies:
    LOGIN = "user:secret"

    @pytest.fixture(params=["squid", "tinyproxy"])
    def proxy_name(self, request):
        return request.param

    @pytest.mark.parametrize("login", [None, LOGIN])
    @pytest.mark.parametrize("secure", [False, True])
    def it_connects_through_them(self, proxy_name, login, secure, certificate, tmp_path):
        async def main(server, port):
            with plain_proxy(proxy_name, tmp_path / "box", login) as proxy_port:
                scheme = "wss" if secure else "ws"
                end = await through(
                    f"http://{login + '@' if login else ''}{HOST}:{proxy_port}",
                    f"{scheme}://localhost:{port}/",
                    tls=client_context(certificate) if secure else None,
                )
                for message in MESSAGES[:3] + MESSAGES[5:6]:
                    end.driver.text(message)
                    assert await end.receive() == message
                end.driver.close()
                assert await end.receive() == (1000, "")

        run(lambda: with_server(main, certificate if secure else None))

    def it_reports_a_refusal(self, proxy_name, tmp_path):
        # tinyproxy answers a wrong password with 401, squid with 407.
        expected = {"squid": 407, "tinyproxy": 401}[proxy_name]

        async def main(server, port):
            with plain_proxy(proxy_name, tmp_path / "box", self.LOGIN) as proxy_port:
                origin = f"http://user:wrong@{HOST}:{proxy_port}"
                tunnel = await open_tunnel(origin, f"ws://localhost:{port}/")
                assert tunnel.proxy.status_code == expected
                url = f"ws://localhost:{port}/"
                assert tunnel.errors == [f"Can't establish a connection to the server at {url}"]
                assert server.ends == []

        run(lambda: with_server(main))


class DescribeAnHttpsProxy:
    def it_is_spoken_to_over_tls(self, certificate, tmp_path):
        async def main(server, port):
            with (
                boxes.tinyproxy(tmp_path / "inner") as inner,
                boxes.stunnel(tmp_path / "outer", inner, certificate) as outer,
            ):
                end = await through(
                    f"https://localhost:{outer}",
                    f"ws://localhost:{port}/",
                    proxy_tls=client_context(certificate),
                )
                end.driver.text("Hello")
                assert await end.receive() == "Hello"
                end.driver.close()
                assert await end.receive() == (1000, "")

        run(lambda: with_server(main))


class Tunnel(asyncio.Protocol):
    """The stream to a proxy: CONNECT first, and then whatever takes over."""

    def __init__(self, end: End[websocket.Client], origin: str) -> None:
        self.end = end
        self.proxy = end.driver.proxy(origin)
        self.errors: list[str] = []
        self.done = asyncio.Event()
        self.next: asyncio.Protocol | None = None
        self.proxy.on("error", lambda error: self.errors.append(error.message))
        self.proxy.on("connect", self.done.set)
        self.proxy.on("close", self.done.set)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.proxy.on("data", transport.write)
        self.proxy.start()

    def data_received(self, data: bytes) -> None:
        self.proxy.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.done.set()


async def open_tunnel(origin: str, url: str, tls: ssl.SSLContext | None = None) -> Tunnel:
    """Sends CONNECT to the proxy at `origin`, and waits for its answer."""
    port = int(origin.rpartition(":")[2])
    end = End(websocket.client(url))
    _, tunnel = await asyncio.get_running_loop().create_connection(
        lambda: Tunnel(end, origin),
        HOST,
        port,
        ssl=tls,
        server_hostname="localhost" if tls else None,
    )
    await tunnel.done.wait()
    return tunnel


async def through(
    origin: str,
    url: str,
    tls: ssl.SSLContext | None = None,
    proxy_tls: ssl.SSLContext | None = None,
) -> End[websocket.Client]:
    """An open client for `url` through the proxy at `origin`."""
    tunnel = await open_tunnel(origin, url, proxy_tls)
    assert tunnel.errors == []
    end, transport = tunnel.end, tunnel.transport
    transport.set_protocol(end)
    if tls is not None:
        secured = await asyncio.get_running_loop().start_tls(
            transport, end, tls, server_hostname="localhost"
        )
        assert isinstance(secured, asyncio.Transport)
        transport = secured
    end.connection_made(transport)
    await opened(end, end.driver.start)
    assert end.driver.get_state() == "open", end.errors
    return end


class DescribeCurl:
    """curl as it is used to look at a WebSocket server by hand."""

    OPTIONS = ("--silent", "--include", "--no-buffer", "--max-time", "10")
    KEY = base64.b64encode(bytes(16)).decode()

    def curl(self, port: int, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [boxes.need("curl"), *self.OPTIONS, *arguments, f"http://{HOST}:{port}/"],
            stdout=subprocess.PIPE,
        )

    async def output(self, process: subprocess.Popen[bytes]) -> tuple[bytes, int]:
        output, _ = await asyncio.to_thread(process.communicate, timeout=PATIENCE)
        return output, process.returncode

    def it_sees_the_handshake_and_the_frames(self):
        async def main(server, port):
            headers = [
                "Connection: Upgrade",
                "Upgrade: websocket",
                "Sec-WebSocket-Version: 13",
                f"Sec-WebSocket-Key: {self.KEY}",
            ]
            process = self.curl(port, *(word for line in headers for word in ("--header", line)))
            await server.connected.wait()
            (end,) = server.ends
            end.driver.text("Hello")
            end.driver.close("bye", 1000)
            end.transport.close()
            output, status = await self.output(process)
            head, _, frames = output.partition(b"\r\n\r\n")
            assert head.splitlines() == [
                b"HTTP/1.1 101 Switching Protocols",
                b"Upgrade: websocket",
                b"Connection: Upgrade",
                b"Sec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=",
            ]
            assert frames == b"\x81\x05Hello\x88\x05\x03\xe8bye"
            assert status == 0

        run(lambda: with_server(main))

    def it_gets_a_page_without_an_upgrade(self):
        async def main(server, port):
            output, status = await self.output(self.curl(port))
            assert (output, status) == (EchoServer.PAGE, 0)

        run(lambda: with_server(main))

    @pytest.mark.parametrize(
        ("header", "reason"),
        [
            ("Sec-WebSocket-Version: 12", b"Unsupported WebSocket version: 12"),
            ("Sec-WebSocket-Key: short", b"Invalid handshake request header: Sec-WebSocket-Key"),
        ],
    )
    def it_gets_the_reason_why_a_handshake_is_refused(self, header, reason):
        lines = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": self.KEY,
        }
        name, _, value = header.partition(": ")
        lines[name] = value

        async def main(server, port):
            words = [word for k, v in lines.items() for word in ("--header", f"{k}: {v}")]
            output, _ = await self.output(self.curl(port, *words))
            head, _, body = output.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
            assert body == reason

        run(lambda: with_server(main))


class DescribeMosquitto:
    """An MQTT broker: the subprotocol `mqtt`, and packets in binary messages."""

    CONNECT = b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04spec"
    CONNACK = b"\x20\x02\x00\x00"
    SUBSCRIBE = b"\x82\x08\x00\x01\x00\x03a/b\x00"
    SUBACK = b"\x90\x03\x00\x01\x00"
    PUBLISH = b"\x30\x0a\x00\x03a/bHello"

    def it_speaks_mqtt_with_a_client(self, tmp_path):
        async def main():
            with boxes.mosquitto(tmp_path / "box") as port:
                client = await connect(f"ws://localhost:{port}/mqtt", port, protocols=["mqtt"])
                assert client.errors == []
                assert client.driver.protocol == "mqtt"
                client.driver.binary(self.CONNECT)
                assert await client.receive() == self.CONNACK
                client.driver.binary(self.SUBSCRIBE)
                assert await client.receive() == self.SUBACK
                client.driver.binary(self.PUBLISH)
                assert await client.receive() == self.PUBLISH
                client.transport.close()

        run(main)

    def it_hangs_up_if_it_is_asked_for_another_subprotocol(self, tmp_path):
        async def main():
            with boxes.mosquitto(tmp_path / "box") as port:
                client = await connect(f"ws://localhost:{port}/mqtt", port, protocols=["chat"])
                assert client.ended.is_set()
                assert client.driver.status_code is None

        run(main)


class DescribeUvicorn:
    """An ASGI server, which speaks WebSocket by itself."""

    APPLICATION = """
async def echo(scope, receive, send):
    if scope["type"] != "websocket":
        return
    await receive()
    await send({"type": "websocket.accept", "subprotocol": "chat"})
    while (event := await receive())["type"] == "websocket.receive":
        if event.get("text") == "close":
            await send({"type": "websocket.close", "code": 4002, "reason": "away"})
            return
        await send({**event, "type": "websocket.send"})
"""

    @pytest.mark.parametrize("deflate", [False, True])
    @pytest.mark.parametrize("implementation", ["websockets", "wsproto"])
    def it_talks_with_a_client(self, tmp_path, deflate, implementation):
        pytest.importorskip("uvicorn")

        async def main(port):
            client = await connect(
                f"ws://localhost:{port}/", port, protocols=["chat"], deflate=deflate
            )
            assert client.driver.protocol == "chat"
            assert client.driver.headers is not None
            assert ("sec-websocket-extensions" in client.driver.headers) is deflate
            for message in MESSAGES:
                client.driver.frame(message)
                assert await client.receive() == message
            client.driver.text("close")
            assert await client.receive() == (4002, "away")

        options = ["--ws", implementation, "--ws-max-size", str(2**21)]
        with boxes.uvicorn(tmp_path, self.APPLICATION, *options) as port:
            run(lambda: main(port))


async def exchange(port: int, request: str) -> bytes:
    """The answer to a request, up to the end of the connection or of its body."""
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(request.encode())
    head = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    return head
