"""The command line, in this process and, where that makes a difference, in one of its own."""

import asyncio
import http.client
import io
import os
import pty
import re
import runpy
import select
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from importlib import resources

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.sync.server import serve

import websocket_driver
from spec.examples_spec import echo, get, proxy
from spec.wires import (
    PATIENCE,
    ROOT,
    client_context,
    event,
    finish,
    port_of,
    program,
    run,
    server_context,
)
from websocket_driver import cli, net
from websocket_driver.cli.arguments import HAS_TLS_IN_TLS
from websocket_driver.cli.lines import Lines
from websocket_driver.cli.screen import Screen, escape, wrap
from websocket_driver.driver.hybi import Hybi
from websocket_driver.url import parse_url

PROGRAM = [sys.executable, "-W", "always", "-m", "websocket_driver"]


@pytest.fixture
def stdin(monkeypatch):
    """Standard input as a pipe; a function that writes into it."""
    reader, writer = os.pipe()
    with open(reader) as file, open(writer, "wb", buffering=0) as pipe:
        monkeypatch.setattr(sys, "stdin", file)
        yield pipe


@contextmanager
def on_terminal(monkeypatch):
    """Standard input and output as a terminal; the file descriptor of whoever sits there.

    Not a fixture, as pytest puts files of its own in their place when an example begins.
    """
    person, device = pty.openpty()
    with open(device, closefd=False) as input, open(device, "w") as output:
        for name, file in (("stdin", input), ("stdout", output), ("stderr", output)):
            monkeypatch.setattr(sys, name, file)
        monkeypatch.setenv("COLUMNS", "40")
        yield person
    os.close(person)


def shown_on(terminal):
    """All that was written to the terminal. The system takes its time to hand that over."""
    end = "(that is all)"
    print(end=end, flush=True)
    shown = ""
    while not shown.endswith(end):
        assert select.select([terminal], [], [], PATIENCE)[0], shown
        shown += os.read(terminal, 65536).decode()
    return shown.removesuffix(end)


def command(*arguments):
    try:
        return cli.main(list(map(str, arguments)))
    except SystemExit as exit:
        return exit.code


@contextmanager
def foreign(handler, **options):
    """A server that somebody else wrote, and the URL of it."""
    with serve(handler, "127.0.0.1", 0, **options) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}/"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def raw(handler):
    """A server of bytes, for one connection."""

    def work():
        client, _ = listener.accept()
        with client:
            client.settimeout(PATIENCE)
            handler(client)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=work)
        thread.start()
        yield f"ws://127.0.0.1:{listener.getsockname()[1]}/"
        thread.join()


@contextmanager
def secure_proxy(certificate):
    """An HTTP proxy that is reached by TLS, and the first lines of the requests that it got."""
    requests = []

    async def pump(reader, writer):
        with suppress(OSError):
            while chunk := await reader.read(65536):
                writer.write(chunk)
        writer.close()

    async def handler(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        requests.append(head.decode().splitlines()[0])
        host, port = head.split()[1].decode().split(":")
        beyond, back = await asyncio.open_connection(host, port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            await asyncio.gather(pump(reader, back), pump(beyond, writer))
        finally:
            back.transport.abort()
            writer.transport.abort()

    async def listen():
        context = server_context(certificate)
        return await asyncio.start_server(handler, "127.0.0.1", 0, ssl=context)

    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(listen())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1], requests
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        # What was under way ends, or it would complain later.
        for task in asyncio.all_tasks(loop):
            task.cancel()
            with suppress(asyncio.CancelledError):
                loop.run_until_complete(task)
        loop.run_until_complete(asyncio.sleep(0.01))
        loop.close()


def shake_hands(client):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += client.recv(1)
    key = re.search(rb"Sec-WebSocket-Key: (\S+)", head)[1].decode()
    client.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + Hybi.generate_accept(key).encode() + b"\r\n\r\n"
    )


def read_to_end(client):
    while client.recv(65536):
        pass


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


class DescribeTheCommandLine:
    @pytest.mark.parametrize("arguments", [["--help"], ["connect", "--help"], ["echo", "--help"]])
    def it_helps(self, capsys, arguments):
        assert command(*arguments) == 0
        output = capsys.readouterr().out
        assert output.startswith("usage: websocket-driver")
        assert "exit status" in output

    def it_runs_as_a_module(self, capsys, monkeypatch):
        monkeypatch.setattr(sys, "argv", ["__main__.py", "--version"])
        with pytest.raises(SystemExit) as exit:
            runpy.run_module("websocket_driver", run_name="__main__")
        assert exit.value.code == 0
        assert capsys.readouterr().out == f"websocket-driver {websocket_driver.__version__}\n"

    def it_is_installed(self):
        metadata = (ROOT / "setup.cfg").read_text()
        assert "    websocket-driver = websocket_driver.cli:main\n" in metadata
        assert "websocket_driver.cli = echo.html\n" in metadata

    def it_ends_quietly_where_ctrl_c_cannot_be_handled(self, monkeypatch):
        def raise_interrupt(*arguments):
            raise KeyboardInterrupt

        monkeypatch.setattr(cli, "run_connect", raise_interrupt)
        assert command("connect", "ws://localhost/") == 130

    @pytest.mark.parametrize(
        ("arguments", "complaint"),
        [
            ([], "the following arguments are required: COMMAND"),
            (["connect"], "the following arguments are required: URL"),
            (
                ["connect", "localhost:80"],
                "argument URL: 'localhost:80' is not a WebSocket URL, such as "
                "ws://127.0.0.1:4180/ or wss://example.com/",
            ),
            (["connect", "http://a/"], "argument URL: 'http://a/' is not a WebSocket URL, such as"),
            (
                ["connect", "ws://a/", "--proxy", "socks://b"],
                "argument --proxy: 'socks://b' is not the URL of a proxy, such as "
                "http://127.0.0.1:3128",
            ),
            (
                ["connect", "ws://a/", "--proxy", "ws://b"],
                "argument --proxy: 'ws://b' is not the URL of a proxy",
            ),
            (
                ["connect", "ws://a/", "--subprotocol", "a, b"],
                "argument --subprotocol: 'a, b' is not the name of a subprotocol: letters",
            ),
            (
                ["connect", "ws://a/", "--header", "Origin"],
                "argument --header: 'Origin' is not a header, such as 'Origin: ",
            ),
            (
                ["connect", "ws://a/", "--header", "a b: c"],
                "argument --header: Header name must be a token, not 'a b'",
            ),
            (
                ["connect", "ws://a/", "--header", "a: b\r\nc: d"],
                "argument --header: Header value must be one line without NUL, not 'b\\r\\nc: d'",
            ),
            (
                ["connect", "ws://a/", "--header", "host: b"],
                "argument --header: host is a header that the handshake sets itself",
            ),
            (
                ["connect", "ws://a/", "--header", "Sec-WebSocket-Key: b"],
                "argument --header: Sec-WebSocket-Key is a header that the handshake sets itself",
            ),
            (
                ["connect", "ws://a/", "--header", "Sec-WebSocket-Protocol: b"],
                "argument --header: Sec-WebSocket-Protocol is what --subprotocol is for",
            ),
            (
                ["connect", "ws://a/", "--wait", "long"],
                "argument --wait: 'long' is not a number of seconds, such as 2.5",
            ),
            (
                ["connect", "ws://a/", "--timeout", "nan"],
                "argument --timeout: 'nan' is not a number of seconds, such as 2.5",
            ),
            (
                ["connect", "ws://a/", "--ping", "0"],
                "argument --ping: it takes more than 0 seconds",
            ),
            (
                ["echo", "--port", "65536"],
                "argument --port: '65536' is not a port, a number from 0 to 65535",
            ),
            (["echo", "--port", "http"], "argument --port: 'http' is not a port, a number from"),
            (
                ["echo", "--tls-cert", "/nowhere"],
                "argument --tls-cert: '/nowhere' is not a file that can be read: No such file",
            ),
            (
                ["echo", "--tls-cert", "a\0b"],
                "argument --tls-cert: 'a\\x00b' is not a file that can be read: embedded null",
            ),
            (
                ["echo", "--tls-key", str(ROOT / "LICENSE")],
                "--tls-key goes with --tls-cert, the file of the certificate",
            ),
            (
                ["echo", "--tls-cert", str(ROOT / "LICENSE")],
                f"--tls-cert {ROOT}/LICENSE has to hold a certificate and its key, or the key is "
                "in --tls-key, all PEM",
            ),
        ],
    )
    def it_says_what_would_do(self, capsys, arguments, complaint):
        assert command(*arguments) == 2
        output, errors = capsys.readouterr()
        assert output == ""
        assert f"error: {complaint}" in errors

    def it_says_that_a_key_is_for_another_certificate(self, capsys, certificate, tmp_path):
        key = tmp_path / "key.pem"
        key.write_bytes(
            ec.generate_private_key(ec.SECP256R1()).private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        assert command("echo", "--tls-cert", certificate, "--tls-key", key) == 2
        assert f"and --tls-key {key} the key that belongs to it" in capsys.readouterr().err


class DescribeConnect:
    def it_sends_lines_and_shows_the_answers(self, stdin, capsys):
        stdin.write("Hello\n\nGr\u00fc\u00df Gott\r\nno end".encode() + b"\xff")
        stdin.close()
        with echo() as port:
            assert command("connect", f"ws://127.0.0.1:{port}/", "--wait", 0.05) == 0
        assert capsys.readouterr() == (
            "Hello\n\nGr\u00fc\u00df Gott\nno end\ufffd\n",
            f"Connected to ws://127.0.0.1:{port}/\nPong end of input\nClosed with 1000\n",
        )

    def it_closes_at_once_if_it_is_not_to_wait(self, stdin, capsys):
        stdin.close()
        with echo() as port:
            assert command("connect", f"ws://127.0.0.1:{port}/", "--wait", 0) == 0
        errors = capsys.readouterr().err
        assert errors == f"Connected to ws://127.0.0.1:{port}/\nClosed with 1000\n"

    def it_needs_no_input_at_all(self, monkeypatch, capsys):
        monkeypatch.setattr(sys, "stdin", None)
        with echo() as port:
            assert command("connect", f"ws://127.0.0.1:{port}/", "--wait", 0) == 0
        assert capsys.readouterr().err.endswith("Closed with 1000\n")

    def it_waits_until_nothing_comes_any_more(self, stdin, capsys):
        def handler(client):
            shake_hands(client)
            ping = client.recv(20)
            assert ping[:2] == b"\x89\x8c"
            client.sendall(b"\x8a\x0cend of input" + b"\x81\x04late")
            assert client.recv(8)[:2] == b"\x88\x82"
            client.sendall(b"\x88\x02\x03\xe8")
            read_to_end(client)

        stdin.close()
        with raw(handler) as url:
            assert command("connect", url, "--wait", 0.05) == 0
        assert capsys.readouterr().out == "late\n"

    def it_shows_all_that_happens(self, stdin, capsys):
        def handler(client):
            client.send(b"\x00\xff\x10")
            client.send("text \x1b[31m")
            client.ping("there?").wait(PATIENCE)
            client.ping("").wait(PATIENCE)
            client.pong("yes")
            client.close(1001, "going\naway")

        with foreign(handler) as url:
            assert command("connect", url) == 0
        assert capsys.readouterr() == (
            "00ff10\ntext \x1b[31m\n",
            f"Connected to {url}\nPing there?\nPing\nPong yes\nClosed with 1001 going\\naway\n",
        )

    def it_offers_what_it_is_told_to(self, stdin, capsys):
        seen = []

        def handler(client):
            seen.append((client.request.path, client.request.headers))
            client.close()

        arguments = ["--subprotocol", "b", "--subprotocol", "a", "--deflate"]
        arguments += ["--header", "Origin: http://example.com", "--header", "X-A: b:c"]
        with foreign(handler, subprotocols=["a"]) as url:
            secret = url.replace("//", "//user:secret@")
            assert command("connect", secret + "chat?q", *arguments) == 0
        path, headers = seen[0]
        assert path == "/chat?q"
        assert headers["Sec-WebSocket-Protocol"] == "b, a"
        assert headers["Sec-WebSocket-Extensions"].startswith("permessage-deflate")
        assert headers["Origin"] == "http://example.com"
        assert headers["X-A"] == "b:c"
        assert headers["Authorization"] == "Basic dXNlcjpzZWNyZXQ="
        assert capsys.readouterr().err == (
            f"Connected to {url}chat?q, subprotocol a, compressed\nClosed with 1000\n"
        )

    def it_sends_pings(self, stdin, capsys, monkeypatch):
        def handler(client):
            shake_hands(client)
            for _ in range(2):
                assert client.recv(6)[:2] == b"\x89\x80"
                client.sendall(b"\x8a\x00")
            client.sendall(b"\x88\x02\x03\xe8")
            read_to_end(client)
            done.wait(PATIENCE)

        done = threading.Event()
        monkeypatch.setattr(net, "GRACE_SECONDS", 0.1)
        with raw(handler) as url:
            assert command("connect", url, "--ping", 0.01) == 0
            done.set()
        assert capsys.readouterr().err == f"Connected to {url}\nPong\nPong\nClosed with 1000\n"

    class DescribeHowItEnds:
        def it_is_3_for_another_code(self, stdin, capsys):
            with foreign(lambda client: client.close(4000, "Enough")) as url:
                assert command("connect", url) == 3
            assert capsys.readouterr().err.endswith("Closed with 4000 Enough\n")

        def it_is_3_without_a_closing_handshake(self, stdin, capsys):
            with raw(shake_hands) as url:
                assert command("connect", url) == 3
            last = capsys.readouterr().err.splitlines()[-1]
            assert last == "The connection ended without a closing handshake"

        def it_is_3_for_a_peer_that_does_not_answer_the_close(self, stdin, capsys, monkeypatch):
            def handler(client):
                shake_hands(client)
                done.wait(PATIENCE)

            done = threading.Event()
            stdin.close()
            monkeypatch.setattr(net, "GRACE_SECONDS", 1.1)
            with raw(handler) as url:
                # The handshake is done long before its time is over.
                assert command("connect", url, "--wait", 0, "--timeout", 1) == 3
                done.set()
            last = capsys.readouterr().err.splitlines()[-1]
            assert last == "The connection ended without a closing handshake"

        def it_is_3_if_the_connection_breaks(self, stdin, capsys):
            def handler(client):
                shake_hands(client)
                client.sendall(b"\x81\x05Hello")
                client.recv(1)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

            stdin.write(b"x\n")
            with raw(handler) as url:
                assert command("connect", url) == 3
            last = capsys.readouterr().err.splitlines()[-1]
            assert last.startswith("The connection is broken: [Errno ")

        def it_is_3_if_the_server_breaks_the_protocol(self, stdin, capsys):
            def handler(client):
                shake_hands(client)
                client.sendall(b"\xf1\x00")
                read_to_end(client)

            with raw(handler) as url:
                assert command("connect", url) == 3
            error = "One or more reserved bits are on: reserved1 = 1, reserved2 = 1, reserved3 = 1"
            lines = capsys.readouterr().err.splitlines()
            assert lines[1:] == [error, f"Closed with 1002 {error}"]

        def it_is_1_if_it_cannot_connect(self, stdin, capsys):
            with socket.create_server(("127.0.0.1", 0)) as listener:
                port = listener.getsockname()[1]
            assert command("connect", f"ws://127.0.0.1:{port}/") == 1
            assert capsys.readouterr().err.startswith("Could not connect: [Errno ")

        def it_is_1_if_the_handshake_fails(self, stdin, capsys):
            def refuse(connection, request):
                return connection.respond(404, "Nothing here\n")

            with foreign(lambda client: None, process_request=refuse) as url:
                assert command("connect", url) == 1
            assert capsys.readouterr().err == (
                "Error during WebSocket handshake: Unexpected response code: 404\n"
            )

        def it_is_1_if_the_handshake_is_not_answered(self, stdin, capsys):
            with raw(lambda client: client.recv(65536)) as url:
                assert command("connect", url) == 1
            assert capsys.readouterr().err == (
                "The connection ended without an answer to the handshake\n"
            )

        def it_is_1_if_the_answer_takes_too_long(self, stdin, capsys):
            with raw(read_to_end) as url:
                assert command("connect", url, "--timeout", 0.05) == 1
            assert capsys.readouterr().err == "Not connected after 0.05 seconds\n"

        def it_is_1_if_it_is_interrupted_before(self, stdin, capsys):
            def handler(client):
                client.recv(1)
                interrupt()
                read_to_end(client)

            with raw(handler) as url:
                assert command("connect", url) == 1
            assert capsys.readouterr().err == "Interrupted\n"

        def it_is_0_if_it_is_interrupted_after(self, stdin, capsys):
            def handler(client):
                interrupt()
                with pytest.raises(ConnectionClosed):
                    client.recv(PATIENCE)
                codes.append(client.close_code)

            codes = []
            with foreign(handler) as url:
                assert command("connect", url) == 0
            assert codes == [1000]
            assert capsys.readouterr().err.endswith("Closed with 1000\n")

    class DescribeOutput:
        def it_stops_when_nobody_reads_it(self, stdin, capsys, monkeypatch):
            reader, writer = os.pipe()
            os.close(reader)
            stdin.write(b"x\n")
            with echo() as port, open(writer, "w") as output:
                monkeypatch.setattr(sys, "stdout", output)
                assert command("connect", f"ws://127.0.0.1:{port}/") == 0
            assert capsys.readouterr().err.splitlines()[1:] == [
                "Cannot write the output: Broken pipe",
                "Closed with 1000",
            ]

        @pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
        def it_is_3_when_it_cannot_be_written(self, stdin, capsys, monkeypatch):
            stdin.write(b"x\n")
            with echo() as port, open("/dev/full", "w") as output:
                monkeypatch.setattr(sys, "stdout", output)
                assert command("connect", f"ws://127.0.0.1:{port}/") == 3
            assert "Cannot write the output: No space left" in capsys.readouterr().err

        def it_may_be_closed_or_know_few_characters(self, monkeypatch):
            monkeypatch.setattr(sys, "stdout", None)
            Screen().message("dropped")
            file = io.BytesIO()
            monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(file, "latin-1"))
            Screen().message("\u00fc\u20ac")
            assert file.getvalue() == b"\xfc\\u20ac\n"

    class DescribeTls:
        def it_checks_the_certificate(self, stdin, capsys, certificate):
            stdin.close()
            with echo(certificate) as port:
                assert command("connect", f"wss://localhost:{port}/") == 1
            assert "certificate verify failed" in capsys.readouterr().err

        def it_takes_one_that_the_environment_names(self, stdin, capsys, certificate, monkeypatch):
            monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
            stdin.close()
            with echo(certificate) as port:
                assert command("connect", f"wss://localhost:{port}/", "--wait", 0) == 0

        def it_takes_any_if_it_is_told_to(self, stdin, capsys, certificate):
            stdin.write(b"Hello\n")
            stdin.close()
            with echo(certificate) as port:
                url = f"wss://127.0.0.1:{port}/"
                assert command("connect", url, "--insecure", "--wait", 0.05) == 0
            assert capsys.readouterr().out == "Hello\n"

    class DescribeProxy:
        @pytest.mark.parametrize("secure", [False, True])
        def it_goes_through_it(self, stdin, capsys, certificate, secure):
            stdin.write(b"Hello\n")
            stdin.close()
            with echo(certificate if secure else None) as port, proxy() as (proxy_port, heads):
                url = f"ws{'s' * secure}://localhost:{port}/"
                arguments = ["--proxy", f"http://u:p@127.0.0.1:{proxy_port}"]
                arguments += ["--insecure", "--wait", 0.05]
                assert command("connect", url, *arguments) == 0
            assert heads[0].startswith(f"CONNECT localhost:{port} HTTP/1.1\r\n".encode())
            assert b"\r\nProxy-Authorization: Basic dTpw\r\n" in heads[0]
            assert capsys.readouterr().out == "Hello\n"

        @pytest.mark.skipif(not HAS_TLS_IN_TLS, reason="TLS inside of TLS takes Python 3.11")
        def it_goes_through_it_with_tls_inside_of_tls(self, stdin, capsys, certificate):
            stdin.write(b"Hello\n")
            stdin.close()
            with echo(certificate) as port, secure_proxy(certificate) as (proxy_port, requests):
                arguments = ["--proxy", f"https://localhost:{proxy_port}", "--insecure"]
                url = f"wss://localhost:{port}/"
                assert command("connect", url, *arguments, "--wait", 0.05) == 0
            assert requests == [f"CONNECT localhost:{port} HTTP/1.1"]
            assert capsys.readouterr().out == "Hello\n"

        def it_says_that_tls_inside_of_tls_takes_a_newer_python(self, capsys, monkeypatch):
            monkeypatch.setattr(cli.types, "HAS_TLS_IN_TLS", False)
            for url, origin in (("ws://a/", "https://b"), ("wss://a/", "http://b")):
                assert cli.types.can_connect(parse_url(url), parse_url(origin))
            assert command("connect", "wss://a/", "--proxy", "https://b") == 2
            assert capsys.readouterr().err.endswith(
                "error: a wss: URL through an https: proxy takes Python 3.11 or newer\n"
            )

        def it_tells_what_the_proxy_answered(self, stdin, capsys):
            with proxy("407 Proxy Authentication Required") as (proxy_port, _):
                arguments = ["--proxy", f"http://127.0.0.1:{proxy_port}"]
                assert command("connect", "ws://www.example.com/", *arguments) == 1
            assert capsys.readouterr().err == (
                "Can't establish a connection to the server at ws://www.example.com/: "
                "the proxy answered 407\n"
            )

        def it_may_be_reached_by_tls(self, stdin, capsys, certificate):
            def handler(client):
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(certificate)
                with context.wrap_socket(client, server_side=True) as tls:
                    head = b""
                    while not head.endswith(b"\r\n\r\n"):
                        head += tls.recv(1)
                    heads.append(head)
                    tls.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                    shake_hands(tls)
                    tls.sendall(b"\x81\x05Hello\x88\x02\x03\xe8")
                    read_to_end(tls)

            heads = []
            with raw(handler) as url:
                arguments = ["--proxy", url.replace("ws:", "https:"), "--insecure"]
                assert command("connect", "ws://example.com/", *arguments) == 0
            assert heads[0].startswith(b"CONNECT example.com:80 HTTP/1.1\r\n")
            assert capsys.readouterr().out == "Hello\n"

    class DescribeATerminal:
        ABOVE = "\x1b7\r\n\x1b[A\x1b[L{}\r\n\x1b8\x1b[B"
        CLEAR = "\r\x1b[K"

        def it_shows_messages_above_the_line_that_is_typed(self, monkeypatch):
            def handler(client):
                client.send("a\x1b\tb\r\nc")
                client.send(b"\x00\xff")
                client.send("x" * 50)
                client.ping("there?").wait(PATIENCE)
                os.write(terminal, b"Hello\n")
                assert client.recv(PATIENCE) == "Hello"
                os.write(terminal, b"\x04")
                with pytest.raises(ConnectionClosed):
                    client.recv(PATIENCE)

            with on_terminal(monkeypatch) as terminal, foreign(handler) as url:
                assert command("connect", url) == 0
                shown = shown_on(terminal)
            rows = ["< a\\x1b      b", "  c", "< (binary, 2 bytes) 00 ff"]
            rows += ["< " + "x" * 38, "x" * 12, "Ping there?"]
            assert shown == (
                f"Connected to {url}\r\n> "
                + "".join(map(self.ABOVE.format, rows))
                + f"Hello\r\n> {self.CLEAR}Closed with 1000\r\n"
            )

        def it_closes_on_ctrl_c(self, monkeypatch):
            def handler(client):
                interrupt()
                with pytest.raises(ConnectionClosed):
                    client.recv(PATIENCE)

            with on_terminal(monkeypatch) as terminal, foreign(handler) as url:
                assert command("connect", url) == 0
                shown = shown_on(terminal)
            assert shown == (f"Connected to {url}\r\n> {self.CLEAR}Closed with 1000\r\n")

        def it_obeys_no_stranger(self):
            assert escape("a\x00\x7f\x9b\u202e\u2066\u00fc") == (
                "a\\x00\\x7f\\x9b\\u202e\\u2066\u00fc"
            )

        def it_knows_how_wide_characters_are(self):
            assert list(wrap("", 4)) == [""]
            assert list(wrap("abcd", 4)) == ["abcd"]
            assert list(wrap("\u65e5\u672c\u8a9e!", 4)) == ["\u65e5\u672c", "\u8a9e!"]
            assert list(wrap("\u65e5\u672c", 1)) == ["\u65e5", "\u672c"]


class DescribeLines:
    @pytest.fixture
    def pipe(self):
        reader, writer = os.pipe()
        with open(reader) as file, open(writer, "wb", buffering=0) as pipe:
            yield file, pipe

    @pytest.fixture
    def regular(self, tmp_path):
        path = tmp_path / "lines"
        path.write_text("".join(f"{number}\n" for number in range(50000)))
        with open(path) as file:
            yield file

    def it_puts_lines_together(self, pipe):
        file, writer = pipe

        async def main():
            lines = Lines(file)
            lines.resume()
            for chunk, line in ((b"a\nb", "a"), (b"c\r\n", "bc"), (b"\n", "")):
                data = event(lines, "data")
                writer.write(chunk)
                assert await data == (line,)
            rest = event(lines, "data")
            end = event(lines, "end")
            writer.write(b"rest")
            writer.close()
            assert (await rest, await end) == (("rest",), ())

        run(main)

    @pytest.mark.parametrize("kind", ["pipe", "regular"])
    def it_stops_while_it_is_paused(self, kind, pipe, regular):
        file = regular
        if kind == "pipe":
            file, writer = pipe
            text = regular.read().encode()
            thread = threading.Thread(target=lambda: (writer.write(text), writer.close()))
            thread.start()

        async def main():
            lines = Lines(file)
            seen = []
            lines.on("data", seen.append)
            end = event(lines, "end")
            for _ in range(3):
                lines.once("data", lambda line: lines.pause())
                before = len(seen)
                data = event(lines, "data")
                lines.resume()
                lines.resume()
                await data
                after = len(seen)
                for _ in range(20):
                    await asyncio.sleep(0)
                assert before < after == len(seen) < 50000
            lines.resume()
            await end
            assert seen == list(map(str, range(50000)))

        run(main)
        if kind == "pipe":
            thread.join()

    def it_emits_nothing_once_it_is_destroyed(self, regular):
        async def main():
            lines = Lines(regular)
            seen = []
            lines.on("data", seen.append)
            took, lines._took, done = lines._took, None, asyncio.Event()
            lines._took = lambda chunk: (took(chunk), done.set())
            lines.resume()
            lines.destroy()
            await done.wait()
            assert seen == []

        run(main)

    def it_waits_on_if_somebody_else_was_faster(self, pipe):
        file, writer = pipe
        os.set_blocking(file.fileno(), False)

        async def main():
            with open(os.dup(file.fileno())) as other:
                both = [Lines(file), Lines(other)]
                seen = []
                for lines in both:
                    lines.on("data", seen.append)
                    lines.resume()
                writer.write(b"a\n")
                while not seen:
                    await asyncio.sleep(0)
                for _ in range(3):
                    await asyncio.sleep(0)
                assert seen == ["a"]
                for lines in both:
                    lines.destroy()

        run(main)

    def it_ends_when_the_terminal_is_gone(self):
        person, device = pty.openpty()

        async def main():
            with open(person, "rb", buffering=0) as raw_file, io.TextIOWrapper(raw_file) as file:
                lines = Lines(file)
                end = event(lines, "end")
                lines.resume()
                os.close(device)
                await end

        run(main)


class DescribeEcho:
    @contextmanager
    def echoing(self, monkeypatch, client, *arguments):
        """Runs the server while `client(line, stop)` runs.

        `line` is what the server says first, `stop()` interrupts it, and is called in any case.
        """
        failures = []
        stopped = []

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

    def it_echoes_and_has_a_page(self, monkeypatch):
        def client(line, stop):
            match = re.fullmatch(r"Echoing on http://127.0.0.1:(\d+), Ctrl-C to stop\n", line)
            port = int(match[1])
            page = (resources.files("websocket_driver.cli") / "echo.html").read_bytes()
            assert get(port, "/?a") == (200, page)
            assert get(port, "/other") == (404, b"There is only / here.\n")
            with socket.create_connection(("127.0.0.1", port)) as bad:
                bad.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            with connect(f"ws://127.0.0.1:{port}/") as peer:
                assert [e.name for e in peer.protocol.extensions] == ["permessage-deflate"]
                for message in ("Hello", b"\x00\xff"):
                    peer.send(message)
                    assert peer.recv(PATIENCE) == message
                stop()
                with pytest.raises(ConnectionClosed):
                    peer.recv(PATIENCE)
                assert (peer.close_code, peer.close_reason) == (1001, "The server is going away")

        with self.echoing(monkeypatch, client) as status:
            assert status == 0

    @pytest.mark.parametrize("host", ["localhost", "::1"])
    def it_speaks_tls(self, monkeypatch, certificate, host):
        def client(line, stop):
            port = int(re.search(r"https://(?:127\.0\.0\.1|\[::1\]):(\d+),", line)[1])
            context = client_context(certificate)
            context.check_hostname = False
            with connect(
                f"wss://{host if host != '::1' else '[::1]'}:{port}/", ssl=context
            ) as peer:
                peer.send("Hello")
                assert peer.recv(PATIENCE) == "Hello"
            page = http.client.HTTPSConnection(host, port, timeout=PATIENCE, context=context)
            page.request("GET", "/")
            assert page.getresponse().read().startswith(b"<!doctype html>")
            page.close()

        arguments = ["--host", host, "--tls-cert", certificate, "--tls-key", certificate]
        with self.echoing(monkeypatch, client, *arguments) as status:
            assert status == 0

    def it_says_when_it_cannot_listen(self, capsys):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            assert command("echo", "--port", port) == 1
        errors = capsys.readouterr().err
        assert errors.startswith(f"Cannot listen on 127.0.0.1, port {port}: [Errno ")
        assert len(errors.splitlines()) == 1


class DescribeAProcess:
    def it_talks_to_another(self, tmp_path):
        with program("-m", "websocket_driver", "echo", "--port", 0) as server:
            arguments = ["connect", f"ws://127.0.0.1:{port_of(server)}/", "--wait", "0.2"]
            text = "".join(f"{number}\n" for number in range(3000))
            options = {"cwd": ROOT, "capture_output": True, "text": True, "timeout": PATIENCE}

            from_pipe = subprocess.run([*PROGRAM, *arguments], input=text, **options)
            assert (from_pipe.returncode, from_pipe.stdout) == (0, text)

            path = tmp_path / "lines"
            path.write_text(text)
            with open(path) as file:
                from_file = subprocess.run([*PROGRAM, *arguments], stdin=file, **options)
            assert (from_file.returncode, from_file.stdout) == (0, text)

            nothing = subprocess.run([*PROGRAM, *arguments], stdin=subprocess.DEVNULL, **options)
            assert (nothing.returncode, nothing.stdout) == (0, "")

            server.send_signal(signal.SIGINT)
            finish(server)

    def it_has_no_more_to_say_when_its_reader_is_gone(self):
        with echo() as port:
            process = subprocess.Popen(
                [*PROGRAM, "connect", f"ws://127.0.0.1:{port}/"],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            with process:
                process.stdout.close()
                process.stdin.write("x\n")
                process.stdin.flush()
                assert process.wait(PATIENCE) == 0
                assert process.stderr.read().splitlines()[1:] == [
                    "Cannot write the output: Broken pipe",
                    "Closed with 1000",
                ]
