"""`websocket-driver echo`."""

import http.client
import os
import re
import signal
import socket
import struct
import sys
import threading
from contextlib import contextmanager
from importlib import resources

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from spec.cli.support import command, interrupt
from spec.wires import PATIENCE, client_context, finish, port_of, program

PAGE = (resources.files("websocket_driver.cli") / "echo.html").read_bytes()


def fetch(port, path, method="GET", context=None, host="127.0.0.1"):
    """The status, the headers and the body of an answer."""
    if context is None:
        connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
    else:
        connection = http.client.HTTPSConnection(host, port, timeout=PATIENCE, context=context)
    connection.request(method, path)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, response.headers, body


def port_in(line):
    """The port in the first line of the server."""
    match = re.search(r":(\d+), Ctrl-C", line)
    assert match, line
    return int(match[1])


@contextmanager
def echoing(monkeypatch, client, *arguments):
    """Runs the server while `client(line, stop)` runs; its exit status.

    `line` is what the server says first, `stop()` interrupts it, and is called in any case.
    """
    failures: list[BaseException] = []
    stopped: list[bool] = []

    def stop():
        # Once: when the server is gone, an interrupt would end the specs.
        if not stopped:
            stopped.append(True)
            interrupt()

    def work():
        try:
            client(output.readline(), stop)
        except BaseException as error:
            failures.append(error)
        finally:
            stop()

    reader, writer = os.pipe()
    thread = threading.Thread(target=work)
    with open(reader) as output, open(writer, "w") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        thread.start()
        yield command("echo", "--port", 0, *arguments)
        thread.join()
    assert failures == []


class DescribeEcho:
    def it_echoes_and_has_a_page(self, monkeypatch, capsys):
        def client(line, stop):
            assert re.fullmatch(r"Echoing on http://127.0.0.1:\d+, Ctrl-C to stop\n", line)
            port = port_in(line)
            for path in ("/", "/?a"):
                status, headers, body = fetch(port, path)
                assert (status, body) == (200, PAGE)
                assert headers["Content-Type"] == "text/html; charset=utf-8"
            assert fetch(port, "/other")[::2] == (404, b"There is only / here.\n")
            status, headers, body = fetch(port, "/", "HEAD")
            assert (status, headers["Content-Length"], body) == (200, str(len(PAGE)), b"")
            status, headers, body = fetch(port, "/", "POST")
            assert (status, headers["Allow"]) == (405, "GET, HEAD")
            assert body == b"There is only GET here, and WebSockets.\n"

            with connect(f"ws://127.0.0.1:{port}/any/path?x") as peer:
                assert [e.name for e in peer.protocol.extensions] == ["permessage-deflate"]
                for message in ("Hello", b"\x00\xff", "", "x" * 2**20):
                    peer.send(message)
                    assert peer.recv(PATIENCE) == message
                stop()
                with pytest.raises(ConnectionClosed):
                    peer.recv(PATIENCE)
                assert (peer.close_code, peer.close_reason) == (1001, "The server is going away")

        with echoing(monkeypatch, client) as status:
            assert status == 0
        assert capsys.readouterr().err == ""

    def it_survives_bad_peers(self, monkeypatch, capsys):
        def client(line, stop):
            port = port_in(line)
            handshake = (
                b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: %b\r\n"
                b"Sec-WebSocket-Key: 2vBVWg4Qyk3ZoM/5d3QD9Q==\r\nSec-WebSocket-Version: 13\r\n\r\n"
            )
            for request, answer in (
                (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"HTTP/1.1 400 Bad Request\r\n"),
                (handshake % b"h2c", b"HTTP/1.1 400 Bad Request\r\n"),
                (handshake % b"websocket" + b"\xff\xff", b"HTTP/1.1 101 Switching Protocols\r\n"),
            ):
                with socket.create_connection(("127.0.0.1", port)) as bad:
                    bad.sendall(request)
                    received = b""
                    while chunk := bad.recv(65536):
                        received += chunk
                    assert received.startswith(answer)
            with socket.create_connection(("127.0.0.1", port)) as bad:
                bad.sendall(handshake % b"websocket")
                assert bad.recv(65536).startswith(b"HTTP/1.1 101 ")
                bad.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            with connect(f"ws://127.0.0.1:{port}/") as peer:
                peer.send("Hello")
                assert peer.recv(PATIENCE) == "Hello"

        with echoing(monkeypatch, client) as status:
            assert status == 0
        assert capsys.readouterr().err == ""

    @pytest.mark.parametrize("host", ["localhost", "::1"])
    def it_speaks_tls(self, monkeypatch, certificate, host):
        def client(line, stop):
            address = line.partition("https://")[2].rpartition(":")[0]
            assert address in ("127.0.0.1", "[::1]")
            port = port_in(line)
            context = client_context(certificate)
            context.check_hostname = False
            with connect(f"wss://{address}:{port}/", ssl=context) as peer:
                peer.send("Hello")
                assert peer.recv(PATIENCE) == "Hello"
            assert fetch(port, "/", context=context, host=address.strip("[]"))[2] == PAGE

        arguments = ["--host", host, "--tls-cert", certificate, "--tls-key", certificate]
        with echoing(monkeypatch, client, *arguments) as status:
            assert status == 0

    def it_takes_the_key_from_the_file_of_the_certificate(self, monkeypatch, certificate):
        def client(line, stop):
            assert line.startswith("Echoing on https://127.0.0.1:")

        with echoing(monkeypatch, client, "--tls-cert", certificate) as status:
            assert status == 0

    def it_shows_handshakes_and_frames_if_it_is_told_to(self, monkeypatch, capsys):
        def client(line, stop):
            port = port_in(line)
            with connect(f"ws://127.0.0.1:{port}/", compression=None) as peer:
                peer.send("\x1bHello")
                assert peer.recv(PATIENCE) == "\x1bHello"

        with echoing(monkeypatch, client, "--verbose") as status:
            assert status == 0
        errors = capsys.readouterr().err
        assert " <- text, 6 bytes, \\x1bHello\n" in errors
        assert " -> text, 6 bytes, \\x1bHello\n" in errors

    def it_says_when_it_cannot_listen(self, capsys):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            assert command("echo", "--port", port) == 1
        assert capsys.readouterr() == (
            "",
            f"Cannot listen on 127.0.0.1, port {port}: listen EADDRINUSE: address already in use "
            f"127.0.0.1:{port}\n"
            "Another program listens there. --port 0 takes any port that is free\n",
        )

    def it_says_nothing_more_about_what_it_does_not_know(self, capsys, monkeypatch):
        monkeypatch.setattr("websocket_driver.cli.echo.SUGGESTIONS", {})
        with socket.create_server(("127.0.0.1", 0)) as listener:
            assert command("echo", "--port", listener.getsockname()[1]) == 1
        assert len(capsys.readouterr().err.splitlines()) == 1

    def it_does_not_mind_that_nobody_reads_what_it_says(self, monkeypatch):
        reader, writer = os.pipe()
        os.close(reader)
        with open(writer, "w") as output:
            monkeypatch.setattr(sys, "stdout", output)
            thread = threading.Thread(target=self.stop_later)
            thread.start()
            assert command("echo", "--port", 0, "--verbose") == 0
            thread.join()

    def stop_later(self):
        # Once the handler is there, which is when the loop runs.
        while signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            threading.Event().wait(0.001)
        interrupt()

    def it_is_a_program(self):
        with program("-m", "websocket_driver", "echo", "--port", 0) as server:
            with connect(f"ws://127.0.0.1:{port_of(server)}/") as peer:
                peer.send("Hello")
                assert peer.recv(PATIENCE) == "Hello"
                server.send_signal(signal.SIGTERM)
                with pytest.raises(ConnectionClosed):
                    peer.recv(PATIENCE)
            finish(server)
