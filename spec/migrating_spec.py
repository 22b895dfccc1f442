"""The programs of docs/migrating-from-node.md, in both languages, give the same results."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.sync.server import serve
from websockets.typing import Subprotocol

from spec.examples_spec import get
from spec.wires import PATIENCE, ROOT, port_of

MODULES = ROOT / "spec" / "parity" / "node_modules"
PROGRAMS = ROOT / "examples" / "migrating"


def command(name, language):
    """The command that runs a program."""
    if language == "python":
        return [sys.executable, "-W", "error", str(PROGRAMS / f"{name}.py")]
    return ["node", str(PROGRAMS / f"{name}.js")]


@contextmanager
def running(name, language, *arguments):
    environment = {"NODE_PATH": str(MODULES), **os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [*command(name, language), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    watch = threading.Timer(PATIENCE, process.kill)
    watch.start()
    try:
        yield process
        process.terminate()
        _, errors = process.communicate()
        assert errors == ""
    finally:
        watch.cancel()
        process.kill()
        process.communicate()


@pytest.fixture(params=["node", "python"])
def language(request):
    """The language of the program. Skips before an example has started a server or a thread."""
    if request.param == "node":
        if shutil.which("node") is None:
            pytest.skip("there is no Node.js")
        if not MODULES.is_dir() and "NODE_PATH" not in os.environ:
            pytest.skip("the npm packages are not installed: npm ci --prefix spec/parity")
    return request.param


class DescribeChat:
    """An http server with `upgrade`, which sends each message to all."""

    def it_sends_messages_to_everybody_who_is_there(self, language):
        with running("chat", language, 0) as process:
            port = port_of(process)
            url = f"ws://127.0.0.1:{port}/chat"
            assert get(port, "/") == (200, b"0 in the room\n")
            with connect(url, subprotocols=[Subprotocol("chat")]) as ann:
                assert ann.subprotocol == "chat"
                ann.send("I am Ann")
                assert ann.recv(PATIENCE) == "I am Ann"
                with connect(url) as bob:
                    bob.send("Gr\u00fc\u00df Gott")
                    assert bob.recv(PATIENCE) == "Gr\u00fc\u00df Gott"
                    assert ann.recv(PATIENCE) == "Gr\u00fc\u00df Gott"
                    assert get(port, "/") == (200, b"2 in the room\n")
                    bob.close(3000, "bye")
                assert process.stdout.readline() == "left 3000 bye\n"
                assert get(port, "/") == (200, b"1 in the room\n")
                # Reset: no event reports it, but the program detects it.
                ann.socket.shutdown(socket.SHUT_RDWR)
            while get(port, "/") != (200, b"0 in the room\n"):
                pass

    def it_closes_a_message_that_is_too_long_with_1009(self, language):
        with running("chat", language, 0) as process:
            with connect(f"ws://127.0.0.1:{port_of(process)}/chat", compression=None) as client:
                client.send("x" * 65537)
                with pytest.raises(ConnectionClosed):
                    client.recv(PATIENCE)
                assert client.close_code == 1009
            assert process.stdout.readline().startswith("left 1009 ")

    def it_has_nothing_elsewhere(self, language):
        with running("chat", language, 0) as process:
            url = f"ws://127.0.0.1:{port_of(process)}/other"
            with pytest.raises(InvalidStatus) as refusal, connect(url):
                pass
            assert refusal.value.response.status_code == 404


class DescribeClient:
    """A TLS client with a heartbeat, which connects again."""

    def it_connects_again_until_it_is_told_to_stop(self, language, certificate):
        connections = []

        def handler(connection):
            connections.append(connection.request.path)
            if len(connections) == 1:
                connection.send("first")
                connection.close(1001)
            elif len(connections) == 2:
                connection.socket.unwrap().shutdown(socket.SHUT_RDWR)
            else:
                connection.send("stop")
                with pytest.raises(ConnectionClosed):
                    connection.recv(PATIENCE)

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        with serve(handler, "127.0.0.1", 0, ssl=context) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                port = server.socket.getsockname()[1]
                with running("client", language, port, certificate) as process:
                    output, errors = process.communicate()
                    assert (process.returncode, errors) == (0, "")
            finally:
                server.shutdown()
                thread.join()
        assert connections == ["/feed"] * 3
        lines = output.splitlines()
        assert lines[:3] == ["open", "message first", "closed 1001"]
        assert lines[-3:] == ["open", "message stop", "closed 1000"]

    def it_ends_a_connection_whose_peer_is_silent(self, language, certificate):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        accepted: list[ssl.SSLSocket] = []

        def work():
            for _ in range(2):
                raw, _ = listener.accept()
                accepted.append(context.wrap_socket(raw, server_side=True))
                silent(accepted[-1])

        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=work)
            thread.start()
            port = listener.getsockname()[1]
            with running("client", language, port, certificate) as process:
                assert process.stdout.readline() == "open\n"
                # No pong comes: the program destroys the connection, and opens another.
                assert process.stdout.readline() == "open\n"
                process.kill()
                thread.join(PATIENCE)
                for connection in accepted:
                    connection.close()


def silent(connection):
    """Answers a handshake with 101 and then nothing, until the other side ends."""
    import base64
    import hashlib

    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += connection.recv(1)
    key = head.partition(b"Sec-WebSocket-Key: ")[2].partition(b"\r\n")[0]
    accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    connection.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )
    try:
        while connection.recv(65536):
            pass
    except OSError:
        pass


class DescribeProxy:
    """A bridge from WebSockets to a TCP service."""

    @contextmanager
    def backend(self):
        """A TCP service that sends everything back in capitals."""

        def work():
            connection, _ = listener.accept()
            with connection:
                while chunk := connection.recv(65536):
                    connection.sendall(chunk.upper())

        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=work, daemon=True)
            thread.start()
            yield listener.getsockname()[1]
            thread.join(PATIENCE)
            assert not thread.is_alive()

    def it_joins_the_two(self, language):
        with self.backend() as target, running("proxy", language, 0, target) as process:
            url = f"ws://127.0.0.1:{port_of(process)}/"
            with connect(url, subprotocols=[Subprotocol("binary")], max_size=None) as client:
                assert client.subprotocol == "binary"
                client.send(b"hello")
                assert client.recv(PATIENCE) == b"HELLO"
                data = b"abcdefgh" * 2**17
                thread = threading.Thread(target=client.send, args=(data,))
                thread.start()
                received = b""
                while len(received) < len(data):
                    chunk = client.recv(PATIENCE)
                    assert isinstance(chunk, bytes)
                    received += chunk
                thread.join()
                assert received == data.upper()
            assert process.stdout.readline() == "closed 1000\n"

    def it_ends_the_connection_if_there_is_no_service(self, language):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            target = listener.getsockname()[1]
        with running("proxy", language, 0, target) as process:
            with (
                pytest.raises((ConnectionClosed, EOFError, OSError, Exception)),
                connect(f"ws://127.0.0.1:{port_of(process)}/"),
            ):
                pass
            assert process.stdout.readline() == "backend ECONNREFUSED\n"

    def it_answers_426_to_other_requests(self, language):
        with running("proxy", language, 0, 1) as process:
            assert get(port_of(process), "/") == (426, b"")


class DescribePage:
    def it_shows_every_program(self):
        page = (ROOT / "docs" / "migrating-from-node.md").read_text()
        for path in sorted(PROGRAMS.iterdir()):
            assert f"../examples/migrating/{path.name}\n" in page
