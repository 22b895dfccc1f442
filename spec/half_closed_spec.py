"""Servers on `node.http` end a connection when the client ends it without a close frame.

Sockets of an HTTP server are half-open: a program that waits for `close` of the driver alone keeps
the socket, and its file descriptor, forever.
"""

import re
import socket

import pytest

from spec.readme_spec import HTTP_SERVER, server
from spec.wires import PATIENCE, ROOT, free_port, program

GETTING_STARTED = (ROOT / "docs" / "getting-started.md").read_text()

PROGRAMS = [
    "echo_server",
    "http_server",
    "apps/chat",
    "apps/dashboard",
    "recipes/authentication",
    "recipes/broadcast",
    "recipes/from_a_thread",
    "recipes/graceful_shutdown",
    "recipes/heartbeat_server",
    "recipes/limits_per_user",
    "recipes/rooms",
    "recipes/subprotocols",
]


def expect_end(port, path="/"):
    """Opens a WebSocket, ends this side of the connection, and waits for the end of the other."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as peer:
        peer.sendall(
            f"GET {path} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: 2vBVWg4Qyk3ZoM/5d3QD9Q==\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: notes.v2\r\nAuthorization: Bearer ada-secret\r\n\r\n".encode()
        )
        assert peer.recv(12) == b"HTTP/1.1 101"
        peer.shutdown(socket.SHUT_WR)
        while peer.recv(65536):
            pass


class DescribeAHalfClosedConnection:
    @pytest.mark.parametrize("name", PROGRAMS)
    def it_is_ended_by_the_example(self, name):
        with program(ROOT / "examples" / f"{name}.py", free_port()) as process:
            line = process.stdout.readline()
            match = re.search(r"127\.0\.0\.1:(\d+)", line)
            assert match, (line, process.stderr.read())
            expect_end(int(match[1]), "/lobby?user=ann")

    def it_is_ended_by_the_command_line(self):
        with program("-m", "websocket_driver", "echo", "--port", 0) as process:
            match = re.search(r"127\.0\.0\.1:(\d+)", process.stdout.readline())
            assert match
            expect_end(int(match[1]))

    @pytest.mark.parametrize(
        "block",
        [
            pytest.param(HTTP_SERVER, id="README"),
            pytest.param(re.findall(r"```python\n(.*?)```", GETTING_STARTED, re.DOTALL)[0]),
        ],
    )
    def it_is_ended_by_the_server_of(self, tmp_path, block):
        with server(tmp_path, block) as process:
            expect_end(process.port)
