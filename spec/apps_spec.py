"""The applications in examples/apps/, run as by a user, with clients from other libraries."""

import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from contextlib import suppress

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from spec.examples_spec import get
from spec.wires import PATIENCE, ROOT, finish, free_port, program

MAX_LINES = 150

BINARY = [Subprotocol("binary")]


def url_in(process):
    """The URL that a program prints when it serves."""
    line = process.stdout.readline()
    assert line.startswith("http://127.0.0.1:"), (line, process.stderr.read())
    return line.strip()


def websocket_url(url):
    return url.replace("http:", "ws:")


def port_in(url):
    return int(url.partition("127.0.0.1:")[2].partition("/")[0])


def read_bytes(client):
    data = client.recv(PATIENCE)
    assert isinstance(data, bytes)
    return data


def going_away(process, client):
    """Interrupts the program, which closes its connections with 1001 and ends without an error."""
    process.send_signal(signal.SIGINT)
    with pytest.raises(ConnectionClosed):
        while True:
            client.recv(PATIENCE)
    assert (client.close_code, client.close_reason) == (1001, "The server is going away")
    finish(process)


@pytest.mark.parametrize("name", ["chat", "dashboard", "terminal", "bridge"])
def it_is_short(name):
    lines = (ROOT / "examples" / "apps" / f"{name}.py").read_text().splitlines()
    assert len(lines) < MAX_LINES


class DescribeChat:
    def it_has_rooms_and_presence(self):
        with program("examples/apps/chat.py", free_port()) as process:
            url = websocket_url(url_in(process))
            assert url.endswith("/lobby")
            with connect(f"{url}?name=Ann") as ann:
                assert json.loads(ann.recv(PATIENCE)) == {"people": ["Ann"]}
                with (
                    connect(f"{url}?name=Bob%20%3Cb%3E") as bob,
                    connect(url.replace("lobby", "other")) as other,
                ):
                    both = {"people": ["Ann", "Bob <b>"]}
                    assert [json.loads(peer.recv(PATIENCE)) for peer in (ann, bob)] == [both, both]
                    assert json.loads(other.recv(PATIENCE)) == {"people": ["somebody"]}
                    bob.send('{"say": "Gr\u00fc\u00df Gott"}')
                    said = {"name": "Bob <b>", "said": "Gr\u00fc\u00df Gott"}
                    assert [json.loads(peer.recv(PATIENCE)) for peer in (ann, bob)] == [said, said]
                    with pytest.raises(TimeoutError):
                        other.recv(0)
                assert json.loads(ann.recv(PATIENCE)) == {"people": ["Ann"]}
                going_away(process, ann)

    @pytest.mark.parametrize("message", ["no json", "[]", "{}", b"\xff"])
    def it_refuses_other_messages(self, message):
        with (
            program("examples/apps/chat.py", free_port()) as process,
            connect(websocket_url(url_in(process))) as client,
        ):
            client.recv(PATIENCE)
            client.send(message)
            with pytest.raises(ConnectionClosed):
                client.recv(PATIENCE)
            assert client.close_code == 1008

    def it_forgets_those_whose_connection_breaks(self):
        with program("examples/apps/chat.py", free_port()) as process:
            url = websocket_url(url_in(process))
            with connect(f"{url}?name=Ann") as ann, connect(f"{url}?name=Bob") as bob:
                for people in (["Ann"], ["Ann", "Bob"]):
                    assert json.loads(ann.recv(PATIENCE)) == {"people": people}
                reset = struct.pack("ii", 1, 0)
                bob.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
                bob.socket.shutdown(socket.SHUT_RD)
                bob.socket.close()
                assert json.loads(ann.recv(PATIENCE)) == {"people": ["Ann"]}

    def it_has_a_page(self):
        with program("examples/apps/chat.py", free_port()) as process:
            status, body = get(port_in(url_in(process)), "/lobby")
        assert (status, body) == (200, (ROOT / "examples/apps/chat.html").read_bytes())


class DescribeDashboard:
    FRAME = struct.Struct(">6d")

    def it_pushes_measurements(self):
        with (
            program("examples/apps/dashboard.py", free_port()) as process,
            connect(websocket_url(url_in(process))) as client,
        ):
            frames = []
            for _ in range(3):
                frames.append(self.frame(client))
                client.send("ok")
            assert abs(frames[-1][0] - time.time()) < PATIENCE
            assert frames[0][0] < frames[1][0] < frames[2][0]
            assert all(cpu >= 0 and lag >= 0 for _, cpu, lag, *_ in frames)
            assert [frame[3:] for frame in frames] == [(1.0, 1.0, 0.0)] * 3
            going_away(process, client)

    def frame(self, client):
        return self.FRAME.unpack(read_bytes(client))

    def it_leaves_out_frames_while_the_page_is_busy(self):
        with program("examples/apps/dashboard.py", free_port()) as process:
            url = websocket_url(url_in(process))
            with connect(url) as busy, connect(url) as other:
                under_way = [self.frame(busy)[4] for _ in range(5)]
                assert under_way == [1.0, 2.0, 3.0, 4.0, 5.0]
                # Three measurements later, the busy page has none of them.
                for _ in range(8):
                    self.frame(other)
                    other.send("ok")
                with pytest.raises(TimeoutError):
                    busy.recv(0)
                busy.send("ok")
                *_, under, left_out = self.frame(busy)
                assert under == 5.0
                assert left_out >= 2.0

    def it_takes_no_long_messages(self):
        with (
            program("examples/apps/dashboard.py", free_port()) as process,
            connect(websocket_url(url_in(process))) as client,
        ):
            client.send("x" * 17)
            with pytest.raises(ConnectionClosed):
                while True:
                    client.recv(PATIENCE)
            assert client.close_code == 1009

    def it_has_a_page(self):
        with program("examples/apps/dashboard.py", free_port()) as process:
            status, body = get(port_in(url_in(process)), "/")
        assert (status, body) == (200, (ROOT / "examples/apps/dashboard.html").read_bytes())


@pytest.mark.skipif(sys.platform == "win32", reason="there are no ptys")
class DescribeTerminal:
    def read_until(self, client, text):
        shown = bytearray()
        while text not in shown[-1000:]:
            shown += read_bytes(client)
        return shown

    def it_runs_a_shell(self):
        with program("examples/apps/terminal.py", free_port(), "/bin/sh") as process:
            url = url_in(process)
            with connect(websocket_url(url)) as client:
                client.send("30x100")
                client.send(b"stty size; echo $((6 * 7))\n")
                shown = self.read_until(client, b"\r\n42\r\n")
                # After a prompt, if the input was echoed before the shell had started.
                assert b"30 100\r\n" in shown
                client.send(b"exit\n")
                with pytest.raises(ConnectionClosed):
                    while True:
                        client.recv(PATIENCE)
                assert (client.close_code, client.close_reason) == (1000, "The shell has ended")

    def it_stops_programs_that_write_faster_than_the_browser_reads(self):
        command = [sys.executable, "-c", "print('y' * 2_000_000, flush=True); print('done')"]
        with (
            program("examples/apps/terminal.py", free_port(), *command) as process,
            connect(websocket_url(url_in(process)), max_queue=1) as client,
        ):
            shown = self.read_until(client, b"done")
        assert shown.count(b"y") == 2_000_000

    def it_ends_the_shell_when_the_browser_goes(self):
        with program("examples/apps/terminal.py", free_port(), "/bin/sh") as process:
            with connect(websocket_url(url_in(process))) as client:
                shown = bytearray()
                client.send(b"echo pid=$$\n")
                # The terminal echoes the command too, without the number.
                while not (match := re.search(rb"pid=(\d+)\r\n", shown)):
                    shown += self.read_until(client, b"\n")
            deadline = time.monotonic() + PATIENCE
            with pytest.raises(ProcessLookupError):
                while time.monotonic() < deadline:
                    os.kill(int(match[1]), 0)

    def it_lets_nobody_in_without_the_token(self):
        with program("examples/apps/terminal.py", free_port(), "/bin/sh") as process:
            url = url_in(process)
            port = port_in(url)
            assert get(port, "/")[0] == get(port, "/?token=x")[0] == 403
            path = url.partition(f":{port}")[2]
            status, body = get(port, path)
            assert (status, body) == (200, (ROOT / "examples/apps/terminal.html").read_bytes())
            for query in ("", "?token=x"):
                with pytest.raises(InvalidStatus) as error:
                    connect(f"ws://127.0.0.1:{port}/{query}")
                assert error.value.response.status_code == 403


class DescribeBridge:
    @pytest.fixture
    def service(self):
        """A TCP service that sends lines back in capital letters, and ends at an empty one."""
        code = (
            "import socketserver\n"
            "class Handler(socketserver.StreamRequestHandler):\n"
            "    def handle(self):\n"
            "        while (line := self.rfile.readline()).strip():\n"
            "            self.wfile.write(line.upper())\n"
            "server = socketserver.ThreadingTCPServer(('127.0.0.1', 0), Handler)\n"
            "print(server.server_address[1], flush=True)\n"
            "server.serve_forever()\n"
        )
        with program("-c", code) as process:
            yield f"127.0.0.1:{process.stdout.readline().strip()}"

    def it_carries_bytes_both_ways(self, service):
        with program("examples/apps/bridge.py", service, free_port()) as process:
            url = url_in(process)
            assert get(port_in(url), "/")[1] == (ROOT / "examples/apps/bridge.html").read_bytes()
            with connect(websocket_url(url), subprotocols=BINARY) as client:
                assert client.subprotocol == "binary"
                client.send(b"hello\n")
                assert client.recv(PATIENCE) == b"HELLO\n"
                line = b"x" * 1_000_000 + b"\n"
                client.send(line)
                received = bytearray()
                while len(received) < len(line):
                    received += read_bytes(client)
                assert received == line.upper()
                going_away(process, client)

    def it_closes_when_the_service_ends(self, service):
        with (
            program("examples/apps/bridge.py", service, free_port()) as process,
            connect(websocket_url(url_in(process)), subprotocols=BINARY) as client,
        ):
            client.send(b"\n")
            with pytest.raises(ConnectionClosed):
                client.recv(PATIENCE)
            assert client.close_code == 1000

    @pytest.mark.parametrize(
        ("protocols", "message", "code"), [(None, b"", 1002), (BINARY, "text", 1003)]
    )
    def it_refuses_what_is_not_binary(self, service, protocols, message, code):
        with (
            program("examples/apps/bridge.py", service, free_port()) as process,
            connect(websocket_url(url_in(process)), subprotocols=protocols) as client,
        ):
            with suppress(ConnectionClosed):
                client.send(message)
            with pytest.raises(ConnectionClosed):
                client.recv(PATIENCE)
            assert client.close_code == code

    def it_answers_502_if_the_service_is_not_there(self):
        with program("examples/apps/bridge.py", "127.0.0.1:1", free_port()) as process:
            with pytest.raises(InvalidStatus) as error:
                connect(websocket_url(url_in(process)), subprotocols=BINARY)
            assert error.value.response.status_code == 502

    @pytest.mark.skipif(shutil.which("redis-server") is None, reason="there is no redis-server")
    def it_carries_a_real_service(self):
        port = free_port()
        redis = subprocess.Popen(
            ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""],
            stdout=subprocess.PIPE,
            text=True,
        )
        with redis, program("examples/apps/bridge.py", f"127.0.0.1:{port}", free_port()) as process:
            try:
                assert redis.stdout
                assert any("eady to accept connections" in line for line in redis.stdout)
                with connect(websocket_url(url_in(process)), subprotocols=BINARY) as client:
                    client.send(b"SET a 1\r\nINCR a\r\n")
                    received = bytearray()
                    while received.count(b"\r\n") < 2:
                        received += read_bytes(client)
                    assert received == b"+OK\r\n:2\r\n"
            finally:
                redis.kill()
