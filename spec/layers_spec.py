"""The programs in examples/ for each I/O layer, each run as a user would, with a foreign peer."""

import http.client
import http.server
import importlib.util
import os
import queue
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.client import ClientProtocol
from websockets.sync.client import connect
from websockets.sync.server import serve
from websockets.uri import parse_uri

from spec.wires import PATIENCE, ROOT, server_context

GUNICORN = ("--chdir", "examples", "-b", "127.0.0.1:0", "--threads", "100")

# The arguments for Python, and the package that a layer needs.
SERVERS = {
    "asyncio_protocol": (["examples/asyncio_protocol.py", "0"], None),
    "asyncio_protocol_on_uvloop": (["examples/asyncio_protocol.py", "0", "--uvloop"], "uvloop"),
    "asyncio_streams": (["examples/asyncio_streams.py", "0"], None),
    "threads": (["examples/threads.py", "0"], None),
    "selectors": (["examples/selectors_server.py", "0"], None),
    "twisted": (["examples/twisted_server.py", "0"], "twisted"),
    "trio": (["examples/trio_server.py", "0"], "trio"),
    "tornado": (["examples/tornado_server.py", "0"], "tornado"),
    "gevent": (["examples/gevent_server.py", "0"], "gevent"),
    "wsgi_gevent": (["examples/wsgi_gevent.py", "0"], "gevent"),
    "wsgi_gunicorn": (
        ["-m", "gunicorn", *GUNICORN, "--graceful-timeout", "1", "wsgi_gunicorn:app"],
        "gunicorn",
    ),
}
CLIENTS = {
    "asyncio": ("examples/asyncio_client.py", None),
    "threads": ("examples/threads_client.py", None),
    "trio": ("examples/trio_client.py", "trio"),
}

MEBIBYTE = 2**20
COMPLAINT = re.compile(r"Traceback|Exception|Error|Warning")


def need(package):
    if package and not importlib.util.find_spec(package):
        pytest.skip(f"{package} is not installed: make spec")


class Server:
    """A server in its own process, or in several."""

    def __init__(self, arguments):
        self.lines = []
        self._ports: queue.Queue[int | None] = queue.Queue()
        self._process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self.port = self._ports.get(timeout=PATIENCE)
        assert self.port, self.log

    @property
    def url(self):
        return f"ws://127.0.0.1:{self.port}/chat?room=1"

    @property
    def log(self):
        return "".join(self.lines)

    def _read(self):
        assert self._process.stdout
        for line in self._process.stdout:
            self.lines.append(line)
            if match := re.search(r"(?:ws|http)://127\.0\.0\.1:(\d+)", line):
                self._ports.put(int(match[1]))
        self._ports.put(None)

    def memory(self):
        """Its resident memory in bytes, including child processes."""
        pid = self._process.pid
        if not Path(f"/proc/{pid}/status").exists():
            return 0
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        states = [Path(f"/proc/{each}/status").read_text() for each in (pid, *children)]
        sizes = [re.search(r"VmRSS:\s+(\d+) kB", state) for state in states]
        return sum(int(size[1]) * 1024 for size in sizes if size)

    def interrupt(self):
        """Presses Ctrl-C, and returns the exit status."""
        self._process.send_signal(signal.SIGINT)
        status = self._process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return status

    def stop(self):
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join()
        assert self._process.stdout
        self._process.stdout.close()


class Peer:
    """A client whose socket the spec reads and writes itself; the protocol is websockets'."""

    def __init__(self, server):
        self.socket = socket.socket()
        # Small, so that what is not read here is soon the server's business.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(("127.0.0.1", server.port))

        self.protocol = ClientProtocol(parse_uri(server.url), max_size=None)
        self.protocol.send_request(self.protocol.connect())
        self.socket.sendall(self.output())
        while self.protocol.state.name == "CONNECTING":
            self.read()
        assert self.protocol.state.name == "OPEN"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def output(self):
        return b"".join(self.protocol.data_to_send())

    def read(self):
        """The next frames, or `None` at the end."""
        chunk = self.socket.recv(MEBIBYTE)
        if not chunk:
            return None
        self.protocol.receive_data(chunk)
        return self.protocol.events_received()

    def fill(self, data):
        """Writes until the server accepts no more, and returns the rest of `data`."""
        data = memoryview(data)
        while data and select.select([], [self.socket], [], 0.2)[1]:
            data = data[self._write(data) :]
        return data

    def exchange(self, data, count):
        """Writes `data` and reads at the same time, until there are `count` frames."""
        frames: list[Any] = []
        while len(frames) < count:
            writers = [self.socket] if data else []
            readable, writable, _ = select.select([self.socket], writers, [], PATIENCE)
            assert readable or writable, f"stuck after {len(frames)} frames"
            if writable:
                data = data[self._write(data) :]
            if readable:
                frames += self.read()
        return frames

    def _write(self, data):
        return self.socket.send(data[:65536], socket.MSG_DONTWAIT)

    def reset(self):
        """Resets the connection: the server's next read or write fails."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


@contextmanager
def running(name):
    arguments, package = SERVERS[name]
    need(package)
    server = Server(arguments)
    try:
        yield server
    finally:
        server.stop()


def binary(peer, payload, count):
    for _ in range(count):
        peer.protocol.send_binary(payload)
    return peer.output()


@pytest.fixture(scope="module", params=SERVERS)
def server(request):
    with running(request.param) as server:
        yield server
        assert not COMPLAINT.search(server.log), server.log


class DescribeServers:
    @pytest.fixture
    def client(self, server):
        with connect(server.url, max_size=None) as client:
            yield client

    def it_sends_messages_back(self, client):
        for message in ("Hello", "", "\u00fc\U0001f600", b"\x00\xff", b"", "x" * 70000):
            client.send(message)
            assert client.recv(PATIENCE) == message

    def it_sends_a_mebibyte_back(self, client):
        for message in (os.urandom(MEBIBYTE), "\u00fc" * (MEBIBYTE // 2)):
            client.send(message)
            assert client.recv(PATIENCE) == message

    def it_sends_many_messages_back_in_order(self, client):
        messages = [str(number) for number in range(500)]
        for message in messages:
            client.send(message)
        assert [client.recv(PATIENCE) for _ in messages] == messages

    def it_puts_fragments_together(self, client):
        client.send(["Hel", "", "lo"])
        assert client.recv(PATIENCE) == "Hello"
        client.send([b"\x00", b"\xff"])
        assert client.recv(PATIENCE) == b"\x00\xff"

    def it_answers_pings(self, client):
        assert client.ping("Anybody?").wait(PATIENCE)

    def it_talks_to_websocket_client(self, server):
        websocket_client = pytest.importorskip("websocket", reason="websocket-client is missing")
        client = websocket_client.create_connection(server.url, timeout=PATIENCE)
        client.send("Hello")
        assert client.recv() == "Hello"
        client.send_binary(b"\x00\xff")
        assert client.recv() == b"\x00\xff"
        client.close(timeout=PATIENCE)

    def it_answers_a_close_and_then_closes_the_connection(self, server):
        with Peer(server) as peer:
            peer.protocol.send_close(3001, "Thank you")
            peer.socket.sendall(peer.output())
            while peer.read() is not None:
                pass
            received = peer.protocol.close_rcvd
            assert (received.code, received.reason) == (3001, "Thank you")

    def it_sends_all_messages_before_it_answers_a_close(self, server):
        payload = os.urandom(MEBIBYTE)
        with Peer(server) as peer:
            data = binary(peer, payload, 4)
            peer.protocol.send_close(1000)
            frames = peer.exchange(memoryview(data + peer.output()), 5)
            assert [len(frame.data) for frame in frames[:4]] == [MEBIBYTE] * 4
            assert peer.protocol.close_rcvd.code == 1000
            while peer.read() is not None:
                pass

    def it_fails_a_connection_that_breaks_the_protocol(self, server):
        with Peer(server) as peer:
            peer.socket.sendall(b"\x83\x80\x00\x00\x00\x00")
            while peer.read() is not None:
                pass
            received = peer.protocol.close_rcvd
            assert (received.code, received.reason) == (1002, "Unrecognized frame opcode: 3")

    def it_answers_http_requests_that_are_for_no_websocket(self, server):
        client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
        client.request("GET", "/")
        response = client.getresponse()
        assert response.status in (400, 426)
        assert response.read()
        client.close()

    def it_reads_no_more_than_the_peer_does(self, server):
        payload = os.urandom(65536)
        with Peer(server) as peer:
            before = server.memory()
            rest = peer.fill(binary(peer, payload, 512))
            assert server.memory() - before < 8 * MEBIBYTE

            # The others do not have to wait for this one.
            with connect(server.url) as client:
                client.send("Hello")
                assert client.recv(PATIENCE) == "Hello"

            frames = peer.exchange(rest, 512)
            assert all(frame.data == payload for frame in frames)

    def it_survives_peers_that_vanish(self, server):
        # Between messages, in one, and with so much to read that the server is writing.
        Peer(server).reset()
        with Peer(server) as peer:
            peer.socket.sendall(binary(peer, b"Hello", 1)[:-1])
        with Peer(server) as peer:
            peer.fill(binary(peer, bytes(65536), 512))
            peer.reset()
        # Before there is a WebSocket.
        for request in (b"", b"GET / HT", b"\x16\x03\x01\x02\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", server.port)) as client:
                client.sendall(request)

        with connect(server.url) as client:
            client.send("Hello")
            assert client.recv(PATIENCE) == "Hello"


class DescribeWsgi:
    @pytest.mark.parametrize("name", ["wsgi_gevent", "wsgi_gunicorn"])
    def it_closes_with_1011_when_a_listener_raises(self, name):
        with running(name) as server:
            with Peer(server) as peer:
                # All that comes: the close frame, and no HTTP 500 of the server's behind it.
                peer.protocol.send_text(b"fail")
                for data in peer.protocol.data_to_send():
                    peer.socket.sendall(data)
                received = b""
                while chunk := peer.socket.recv(65536):
                    received += chunk
                assert received == b"\x88\x10\x03\xf3Internal error"
            with connect(server.url) as client:
                client.send("Hello")
                assert client.recv(PATIENCE) == "Hello"
        assert "RuntimeError: as it was asked to" in server.log
        assert "500" not in server.log


class DescribeCtrlC:
    @pytest.mark.parametrize("name", SERVERS)
    def it_ends_a_server_without_a_traceback(self, name):
        with running(name) as server, Peer(server) as peer:
            peer.socket.sendall(binary(peer, b"Hello", 1))
            peer.exchange(b"", 1)
            assert server.interrupt() in (0, 130, -signal.SIGINT)
            assert not COMPLAINT.search(server.log), server.log

    @pytest.mark.parametrize("name", CLIENTS)
    def it_ends_a_client_without_a_traceback(self, name):
        with waiting_client(name) as (process, _):
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=PATIENCE)
        assert (process.returncode, output, errors) == (130, "", "")


@contextmanager
def start_client(name, *arguments, **environment):
    path, package = CLIENTS[name]
    need(package)
    process = subprocess.Popen(
        [sys.executable, path, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONUTF8": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def run_client(name, *arguments, **environment):
    """The status of a client that has ended by itself, its output, and its errors."""
    with start_client(name, *arguments, **environment) as process:
        output, errors = process.communicate(timeout=PATIENCE)
        return process.returncode, output, errors


@contextmanager
def waiting_client(name):
    """A client that waits for a response, and the connection on which it does."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        start_client(name, f"ws://127.0.0.1:{listener.getsockname()[1]}/") as process,
    ):
        listener.settimeout(PATIENCE)
        connection, _ = listener.accept()
        with connection:
            assert connection.recv(65536).startswith(b"GET / HTTP/1.1\r\n")
            yield process, connection


@contextmanager
def serving(server):
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()


@contextmanager
def echo(context=None, scheme="ws", host="127.0.0.1"):
    """The URL of an echo server of another library, and the codes of its close frames."""
    codes: queue.Queue[Any] = queue.Queue()

    def handler(connection):
        connection.ping("Anybody?")
        for message in connection:
            # In fragments, and with a frame of no length at the end.
            connection.send([message[:1], message[1:], message[:0]] if message else message)
        codes.put(connection.close_code)

    with serving(serve(handler, "127.0.0.1", 0, ssl=context)) as server:
        yield f"{scheme}://{host}:{server.socket.getsockname()[1]}/", codes


@pytest.mark.parametrize("name", CLIENTS)
class DescribeClients:
    def it_sends_what_it_is_given_and_prints_what_comes_back(self, name):
        messages = ["Gr\u00fc\u00df Gott", "", "x" * 100000]
        with echo() as (url, codes):
            status, output, errors = run_client(name, url, *messages)
            assert codes.get(timeout=PATIENCE) == 1000
        assert (status, errors) == (0, "")
        assert output.split("\n") == [*messages, ""]

    def it_has_something_to_say_of_its_own(self, name):
        with echo() as (url, _):
            assert run_client(name, url) == (0, "Hello\n", "")

    def it_uses_tls_for_a_wss_url(self, name, certificate):
        with echo(server_context(certificate), "wss", "localhost") as (url, _):
            assert run_client(name, url, SSL_CERT_FILE=str(certificate)) == (0, "Hello\n", "")

    def it_says_when_it_cannot_connect(self, name):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            url = f"ws://127.0.0.1:{listener.getsockname()[1]}/"
        status, output, errors = run_client(name, url)
        assert (status, output) == (1, "")
        assert errors.startswith(f"{url}: ")
        assert len(errors.splitlines()) == 1

    def it_says_when_the_server_speaks_no_websocket(self, name):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_error(404)

            def log_message(self, *_):
                pass

        with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server, serving(server):
            assert run_client(name, f"ws://127.0.0.1:{server.server_port}/") == (
                1,
                "",
                "Error during WebSocket handshake: Unexpected response code: 404\n",
            )

    def it_says_when_the_connection_is_lost(self, name):
        with waiting_client(name) as (process, connection):
            connection.close()
            output, errors = process.communicate(timeout=PATIENCE)
        assert (process.returncode, output, errors) == (1, "", "The connection is lost\n")
