"""The programs in examples/, each run as a user would run it, with a foreign peer."""

import base64
import http.client
import signal
import socket
import ssl
import threading
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.sync.server import serve

from spec.wires import PATIENCE, finish, free_port, port_of, program


@contextmanager
def echo(certificate=None):
    """An echo server of another library."""

    def handler(connection):
        for message in connection:
            connection.send(message)

    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)

    with serve(handler, "127.0.0.1", 0, ssl=context) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.socket.getsockname()[1]
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def proxy(status="200 Connection established"):
    """An HTTP proxy for one connection, and the head of the request that it got."""
    heads: list[Any] = []

    def pump(source, target):
        try:
            while chunk := source.recv(65536):
                target.sendall(chunk)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def work():
        client, _ = listener.accept()
        with client:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += client.recv(1)
            heads.append(head)
            client.sendall(f"HTTP/1.1 {status}\r\n\r\n".encode())
            if not status.startswith("200"):
                return
            host, port = head.split()[1].decode().split(":")
            with socket.create_connection((host, int(port))) as target:
                back = threading.Thread(target=pump, args=(target, client))
                back.start()
                pump(client, target)
                back.join()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=work)
        thread.start()
        yield listener.getsockname()[1], heads
        thread.join()


def get(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request("GET", path)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, body


class DescribeEchoServer:
    @pytest.fixture
    def server(self):
        with program("examples/echo_server.py", free_port()) as process:
            process.port = port_of(process)
            yield process

    @pytest.mark.parametrize("compression", [None, "deflate"])
    def it_sends_messages_back(self, server, compression):
        url = f"ws://127.0.0.1:{server.port}/"
        with connect(url, compression=compression) as client:
            extensions = [extension.name for extension in client.protocol.extensions]
            assert extensions == (["permessage-deflate"] if compression else [])
            for message in ("Hello", "", "\u00fc\U0001f600", b"\x00\xff", b"", "x" * 2**20):
                client.send(message)
                assert client.recv(PATIENCE) == message

    def it_serves_a_page_that_needs_nothing_else(self, server):
        status, body = get(server.port, "/?")
        assert status == 200
        assert body.startswith(b"<!doctype html>")
        assert b"http" not in body.replace(b"/^http/", b"")

    def it_has_nothing_at_other_paths(self, server):
        assert get(server.port, "/other") == (404, b"There is only / here.\n")

    def it_closes_open_sockets_with_1001_on_ctrl_c(self, server):
        with connect(f"ws://127.0.0.1:{server.port}/") as client:
            server.send_signal(signal.SIGINT)
            with pytest.raises(ConnectionClosed):
                client.recv(PATIENCE)
            assert (client.close_code, client.close_reason) == (1001, "The server is going away")
        finish(server)

    def it_does_not_wait_for_peers_that_do_not_answer(self, server):
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(
                b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Key: 2vBVWg4Qyk3ZoM/5d3QD9Q==\r\nSec-WebSocket-Version: 13\r\n\r\n"
            )
            assert client.recv(65536).startswith(b"HTTP/1.1 101 ")
            server.send_signal(signal.SIGINT)
            assert client.recv(65536).startswith(b"\x88\x1a\x03\xe9")
            server.send_signal(signal.SIGINT)
            finish(server)

    def it_survives_bad_peers(self, server):
        for request in (
            b"\x16\x03\x01\x02",
            b"GET / HTTP/1.1\r\n",
            b"\r\n" * 40000,
            b"GET /x\r\n\r\n",
        ):
            with socket.create_connection(("127.0.0.1", server.port)) as client:
                client.sendall(request)
        with connect(f"ws://127.0.0.1:{server.port}/") as client:
            client.send("Hello")
            assert client.recv(PATIENCE) == "Hello"
        server.send_signal(signal.SIGINT)
        finish(server)

    def it_says_when_it_cannot_listen(self, server):
        with program("examples/echo_server.py", server.port) as second:
            _, errors = second.communicate(timeout=PATIENCE)
        assert second.returncode == 1
        assert errors.startswith("Cannot listen: listen EADDRINUSE: ")
        assert len(errors.splitlines()) == 1


class DescribeTcpServer:
    def it_echoes_and_tells_other_requests_apart(self):
        with program("examples/tcp_server.py", free_port()) as server:
            port = port_of(server)
            with connect(f"ws://127.0.0.1:{port}/") as client:
                client.send("Hello")
                assert client.recv(PATIENCE) == "Hello"
            assert get(port, "/") == (404, b"")
            server.send_signal(signal.SIGINT)
            finish(server)


class DescribeOriginCheck:
    ORIGIN = "http://localhost:8000"

    @pytest.fixture
    def port(self):
        with program(
            "examples/origin_check.py", free_port(), self.ORIGIN, "https://b.example"
        ) as server:
            yield port_of(server)
            server.send_signal(signal.SIGINT)
            finish(server)

    @pytest.mark.parametrize("origin", [ORIGIN, "https://b.example"])
    def it_lets_its_own_pages_in(self, port, origin):
        with connect(f"ws://127.0.0.1:{port}/", origin=origin) as client:
            client.send("Hello")
            assert client.recv(PATIENCE) == "Hello"

    @pytest.mark.parametrize(
        "origin",
        [None, "null", "http://localhost", "https://localhost:8000", ORIGIN + "/", ORIGIN + "0"],
    )
    def it_answers_403_to_others(self, port, origin):
        with (
            pytest.raises(InvalidStatus) as refusal,
            connect(f"ws://127.0.0.1:{port}/", origin=origin),
        ):
            pass
        assert refusal.value.response.status_code == 403

    def it_answers_404_to_what_is_no_websocket(self, port):
        assert get(port, "/") == (404, b"")


class DescribeHttpServer:
    def it_echoes_and_answers_other_requests(self):
        with program("examples/http_server.py", 0) as server:
            port = port_of(server)
            with connect(f"ws://127.0.0.1:{port}/") as client:
                client.send("Hello")
                assert client.recv(PATIENCE) == "Hello"
                client.send(b"\x00\xff")
                assert client.recv(PATIENCE) == b"\x00\xff"
            status, body = get(port, "/page")
            assert (status, body) == (200, b"You asked for /page. Connect with a WebSocket.\n")
            assert server.stdout.readline() == "Got a message Hello\n"
            assert server.stdout.readline() == "Got a message b'\\x00\\xff'\n"
            server.send_signal(signal.SIGINT)
            finish(server)


class DescribeStandardLibraryHttpServer:
    def it_echoes_beside_its_pages(self):
        with program("examples/stdlib_http_server.py", 0) as server:
            port = port_of(server)
            with connect(f"ws://127.0.0.1:{port}/") as client:
                client.send("Hello")
                assert client.recv(PATIENCE) == "Hello"
            status, body = get(port, "/LICENSE")
            assert (status, body.strip()[:14]) == (200, b"Apache License")
            assert server.stdout.readline() == "Got a message Hello\n"


class DescribeClient:
    OUTPUT = "Got a message Gr\u00fc\u00df Gott\nClosed 1000 Thank you\n"

    def it_sends_a_message_and_prints_the_answer(self):
        with echo() as port:
            url = f"ws://127.0.0.1:{port}/"
            with program("examples/client.py", url, "Gr\u00fc\u00df Gott") as client:
                assert finish(client) == self.OUTPUT

    def it_goes_through_tls(self, certificate):
        with echo(certificate) as port:
            arguments = ("examples/client.py", f"wss://localhost:{port}/", "Gr\u00fc\u00df Gott")
            with program(*arguments, SSL_CERT_FILE=str(certificate)) as client:
                assert finish(client) == self.OUTPUT

    def it_says_when_it_cannot_connect(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        with program("examples/client.py", f"ws://127.0.0.1:{port}/") as client:
            output, errors = client.communicate(timeout=PATIENCE)
        assert (client.returncode, output) == (1, "")
        assert errors.startswith("Could not connect: ")

    def it_says_that_a_certificate_is_not_good(self, certificate):
        with (
            echo(certificate) as port,
            program("examples/client.py", f"wss://localhost:{port}/") as client,
        ):
            output, errors = client.communicate(timeout=PATIENCE)
        assert (client.returncode, output) == (1, "")
        assert errors == "Could not connect: self-signed certificate\n"


class DescribeProxyClient:
    OUTPUT = "Got a message Hello\nClosed 1000 Thank you\n"

    def it_connects_through_a_proxy(self):
        with echo() as port, proxy() as (proxy_port, heads):
            origin, url = f"http://u:p@127.0.0.1:{proxy_port}", f"ws://127.0.0.1:{port}/"
            with program("examples/proxy_client.py", origin, url) as client:
                assert finish(client) == self.OUTPUT
        credentials = base64.b64encode(b"u:p").decode()
        assert heads == [
            f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n"
            f"Host: 127.0.0.1:{port}\r\n"
            "Connection: keep-alive\r\n"
            "Proxy-Connection: keep-alive\r\n"
            f"Proxy-Authorization: Basic {credentials}\r\n"
            "\r\n".encode()
        ]

    def it_goes_on_with_tls_behind_it(self, certificate):
        with echo(certificate) as port, proxy() as (proxy_port, _):
            origin, url = f"http://127.0.0.1:{proxy_port}", f"wss://localhost:{port}/"
            arguments = ("examples/proxy_client.py", origin, url)
            with program(*arguments, SSL_CERT_FILE=str(certificate)) as client:
                assert finish(client) == self.OUTPUT

    def it_says_that_the_proxy_refuses(self):
        with proxy("407 Proxy Authentication Required") as (proxy_port, _):
            origin, url = f"http://127.0.0.1:{proxy_port}", "ws://www.example.com/"
            with program("examples/proxy_client.py", origin, url) as client:
                output, errors = client.communicate(timeout=PATIENCE)
        assert (client.returncode, output) == (1, "")
        assert errors == (
            "Can't establish a connection to the server at ws://www.example.com/ (407)\n"
        )
