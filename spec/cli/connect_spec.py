"""`websocket-driver connect` with input from a pipe or the arguments."""

import io
import os
import re
import socket
import struct
import subprocess
import sys
import threading

import pytest
from websockets.exceptions import ConnectionClosed

from spec.cli.support import (
    answering,
    command,
    echoes,
    foreign,
    interrupt,
    raw,
    read_to_end,
    shake_hands,
    tls_context,
    tunnel,
)
from spec.wires import PATIENCE, ROOT
from websocket_driver.cli.connect import GRACE_SECONDS

PROGRAM = [sys.executable, "-W", "always", "-m", "websocket_driver"]

# Where the server is the one to close.
PATIENT = ("--wait", "inf")

# Where no answer has to arrive.
SHORT = ("--wait", 0.01)


def last_line(capsys):
    return capsys.readouterr().err.splitlines()[-1]


class DescribeConnect:
    def it_sends_lines_and_shows_the_answers(self, stdin, capsys):
        stdin.write("Hello\n\nGr\u00fc\u00df Gott\r\nno end".encode() + b"\xff")
        stdin.close()
        with foreign(echoes(4)) as url:
            assert command("connect", url, *PATIENT) == 0
        assert capsys.readouterr() == (
            "Hello\n\nGr\u00fc\u00df Gott\nno end\ufffd\n",
            f"Connected to {url}\nClosed with 1000\n",
        )

    def it_sends_texts_that_are_arguments(self, capsys):
        with foreign(echoes(2)) as url:
            assert command("connect", url, "--send", "a", "--send", "/ping", *PATIENT) == 0
        assert capsys.readouterr().out == "a\n/ping\n"

    def it_takes_texts_as_utf_8_in_any_locale(self):
        with foreign(echoes(1)) as url:
            output = subprocess.run(
                [*PROGRAM, "connect", url, "--send", "\u20ac", *PATIENT],
                env={**os.environ, "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=PATIENCE,
                check=True,
            ).stdout
        # A locale without the character shows it as an escape.
        assert output in (b"\\u20ac\n", "\u20ac\n".encode())

    @pytest.mark.parametrize("size", [100, 2_000_000])
    def it_sends_no_faster_than_the_server_reads(self, stdin, capsys, size):
        text = "x" * (size // 20)

        def write():
            for _ in range(20):
                stdin.write(text.encode() + b"\n")
            stdin.close()

        threading.Thread(target=write).start()
        with foreign(echoes(20)) as url:
            assert command("connect", url, *PATIENT) == 0
        assert capsys.readouterr().out == 20 * f"{text}\n"

    def it_closes_at_once_if_it_is_not_to_wait(self, stdin, capsys):
        def handler(client):
            shake_hands(client)
            assert client.recv(8)[:2] == b"\x88\x82"
            client.sendall(b"\x88\x02\x03\xe8")
            read_to_end(client)

        stdin.close()
        with raw(handler) as url:
            assert command("connect", url, "--wait", 0) == 0
        assert capsys.readouterr().err == f"Connected to {url}\nClosed with 1000\n"

    def it_needs_no_input_at_all(self, monkeypatch, capsys):
        monkeypatch.setattr(sys, "stdin", None)
        with foreign() as url:
            assert command("connect", url, "--wait", 0) == 0
        assert last_line(capsys) == "Closed with 1000"

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
            assert command("connect", url, *SHORT) == 0
        assert capsys.readouterr() == ("late\n", f"Connected to {url}\nClosed with 1000\n")

    def it_may_wait_for_ever(self, stdin, capsys):
        def handler(client):
            client.ping().wait(PATIENCE)
            client.send("late")
            client.close(1001)

        stdin.close()
        with foreign(handler) as url:
            assert command("connect", url, "--wait", "inf", "--timeout", "inf") == 0
        assert capsys.readouterr().out == "late\n"

    def it_shows_all_that_happens(self, stdin, capsys):
        def handler(client):
            client.send(b"\x00\xff\x10")
            client.send(b"")
            client.send("text")
            client.ping("there?").wait(PATIENCE)
            client.ping("").wait(PATIENCE)
            client.pong("yes")
            client.pong()
            client.close(1001, "going\naway")

        with foreign(handler) as url:
            assert command("connect", url) == 0
        assert capsys.readouterr() == (
            "00ff10\n\ntext\n",
            f"Connected to {url}\nPing there?\nPing\nPong yes\nPong\n"
            "Closed with 1001 going\\naway\n",
        )

    def it_escapes_what_could_act_on_a_terminal(self, stdin, capsys):
        text = "a\x00\t\n\r\x1b]52;c;x\x07\x7f\x9b\u200b\u202e\u2028\u2029\ue000\U000e0001\u00fc"

        def handler(client):
            client.send(text)
            client.ping("\x1b[31m\u2066").wait(PATIENCE)
            client.close(1000, "\x1b[32m\u202e")

        shown = (
            r"a\x00\t\n\r\x1b]52;c;x\x07\x7f\x9b\u200b\u202e\u2028\u2029\ue000\U000e0001"
            "\u00fc"
        )
        with foreign(handler) as url:
            assert command("connect", url) == 0
        assert capsys.readouterr() == (
            f"{shown}\n",
            f"Connected to {url}\nPing \\x1b[31m\\u2066\nClosed with 1000 \\x1b[32m\\u202e\n",
        )

    def it_indents_json_if_it_is_told_to(self, capsys):
        texts = ("--send", '{"a":["\u202e"]}', "--send", "text", "--send", "[1]")
        with foreign(echoes(3)) as url:
            assert command("connect", url, "--json", *texts, *PATIENT) == 0
        assert capsys.readouterr().out == ('{\n  "a": [\n    "\\u202e"\n  ]\n}\ntext\n[\n  1\n]\n')

    def it_offers_what_it_is_told_to(self, stdin, capsys):
        seen = []

        def handler(client):
            seen.append((client.request.path, client.request.headers))
            client.close()

        arguments = ["--subprotocol", "b", "--subprotocol", "a", "--deflate"]
        arguments += ["--header", "Origin: http://example.com", "--header", "X-A: b:c"]
        arguments += ["--header", "Cookie: a=1", "--header", "Cookie: b=2"]
        arguments += ["--header", "Host: example.com"]
        with foreign(handler, subprotocols=["a"]) as url:
            secret = url.replace("//", "//user:secret@")
            assert command("connect", secret + "chat?q", *arguments) == 0
        path, headers = seen[0]
        assert path == "/chat?q"
        assert headers["Sec-WebSocket-Protocol"] == "b, a"
        assert headers["Sec-WebSocket-Extensions"].startswith("permessage-deflate")
        assert headers["Origin"] == "http://example.com"
        assert headers["Host"] == "example.com"
        assert headers["X-A"] == "b:c"
        assert headers.get_all("Cookie") == ["a=1; b=2"]
        assert headers["Authorization"] == "Basic dXNlcjpzZWNyZXQ="
        assert capsys.readouterr().err == (
            f"Connected to {url}chat?q, subprotocol a, compressed\nClosed with 1000\n"
        )

    def it_says_that_the_server_ignored_the_subprotocols(self, capsys):
        arguments = ["--subprotocol", "a", "--subprotocol", "b", "--send", "x", *SHORT]
        with foreign() as url:
            assert command("connect", url, *arguments) == 0
        assert capsys.readouterr().err == (
            f"Connected to {url}\nThe server accepted no subprotocol of a, b\nClosed with 1000\n"
        )

    def it_sends_pings_and_shows_the_round_trip_times(self, stdin, capsys):
        def handler(client):
            shake_hands(client)
            for _ in range(2):
                assert client.recv(6)[:2] == b"\x89\x80"
                client.sendall(b"\x8a\x00")
            client.sendall(b"\x88\x02\x03\xe8")
            read_to_end(client)

        with raw(handler) as url:
            assert command("connect", url, "--ping", 0.01) == 0
        connected, *pongs, closed = capsys.readouterr().err.splitlines()
        assert (connected, closed) == (f"Connected to {url}", "Closed with 1000")
        assert len(pongs) == 2
        assert all(re.fullmatch(r"Pong after \d+\.\d ms", pong) for pong in pongs)

    @pytest.mark.parametrize("seconds", [2147484, 1e12, "inf"])
    def it_sends_no_pings_at_an_interval_too_long_for_a_timer(self, seconds, capsys):
        arguments = ["--send", "Hello", "--wait", 0.1, "--ping", seconds]
        with foreign() as url:
            assert command("connect", url, *arguments) == 0
        assert capsys.readouterr() == ("Hello\n", f"Connected to {url}\nClosed with 1000\n")

    def it_shows_handshakes_and_frames_if_it_is_told_to(self, capsys):
        arguments = ["--verbose", "--send", "\u202eHello", *SHORT]
        with foreign() as url:
            secret = url.replace("//", "//user:secret@")
            assert command("connect", secret, *arguments) == 0
            errors = capsys.readouterr().err
            assert command("connect", url, "--send", "Hello", *SHORT) == 0
        assert f"{url} -> GET / HTTP/1.1; " in errors
        assert f"{url} -> text, 8 bytes, \\u202eHello\n" in errors
        assert f"{url} <- close, 2 bytes, code 1000\n" in errors
        assert "secret" not in errors
        assert capsys.readouterr().err == f"Connected to {url}\nClosed with 1000\n"


class DescribeHowItEnds:
    def it_is_0_with_the_code_that_it_is_told_to_close_with(self, capsys):
        with foreign() as url:
            assert command("connect", url, "--send", "x", "--close-code", 4001, *SHORT) == 0
        assert last_line(capsys) == "Closed with 4001"

    def it_is_3_for_another_code(self, stdin, capsys):
        with foreign(lambda client: client.close(4000, "Enough")) as url:
            assert command("connect", url) == 3
        assert last_line(capsys) == "Closed with 4000 Enough"

    def it_is_3_without_a_closing_handshake(self, stdin, capsys):
        with raw(shake_hands) as url:
            assert command("connect", url) == 3
        assert last_line(capsys) == "The connection ended without a closing handshake"

    def it_is_3_for_a_peer_that_does_not_answer_the_close(self, stdin, capsys, monkeypatch):
        def handler(client):
            shake_hands(client)
            read_to_end(client)

        stdin.close()
        monkeypatch.setattr("websocket_driver.cli.connect.GRACE_SECONDS", 0.02)
        with raw(handler) as url:
            assert command("connect", url, "--wait", 0) == 3
        assert last_line(capsys) == "The connection ended without a closing handshake"
        assert GRACE_SECONDS == 2.0

    def it_gives_a_slow_peer_the_time_to_take_what_is_sent(self, stdin, capsys, monkeypatch):
        size = 4_000_000
        taken: list[int] = []

        def handler(client):
            shake_hands(client)
            while sum(taken) < size:
                taken.append(len(client.recv(65536)))
                reading.set()
            client.sendall(b"\x88\x02\x03\xe8")
            read_to_end(client)

        def write():
            stdin.write(b"x" * size + b"\n")
            stdin.close()

        reading = threading.Event()
        threading.Thread(target=write).start()
        monkeypatch.setattr("websocket_driver.cli.connect.GRACE_SECONDS", 0.05)
        with raw(handler) as url:
            assert command("connect", url, "--wait", 0) == 0
        assert sum(taken) >= size
        assert last_line(capsys) == "Closed with 1000"

    def it_is_3_if_the_connection_breaks(self, stdin, capsys):
        def handler(client):
            shake_hands(client)
            client.sendall(b"\x81\x05Hello")
            client.recv(1)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        stdin.write(b"x\n")
        with raw(handler) as url:
            assert command("connect", url) == 3
        assert last_line(capsys) == ("The connection is broken: connection reset by the other side")

    def it_reports_nothing_more_after_a_clean_close(self, stdin, capsys):
        def handler(client):
            shake_hands(client)
            client.sendall(b"\x88\x02\x03\xe8")
            client.recv(8)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        with raw(handler) as url:
            assert command("connect", url) == 0
        assert capsys.readouterr().err == f"Connected to {url}\nClosed with 1000\n"

    def it_is_3_if_the_server_breaks_the_protocol(self, stdin, capsys):
        def handler(client):
            shake_hands(client)
            client.sendall(b"\xf1\x00")
            read_to_end(client)

        with raw(handler) as url:
            assert command("connect", url) == 3
        error = "One or more reserved bits are on: reserved1 = 1, reserved2 = 1, reserved3 = 1"
        assert capsys.readouterr().err.splitlines()[1:] == [error, "Closed with 1002"]

    def it_is_1_if_it_cannot_connect(self, stdin, capsys):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        assert command("connect", f"ws://user:secret@127.0.0.1:{port}/") == 1
        assert capsys.readouterr().err == (
            f"Could not connect to ws://127.0.0.1:{port}/: connection refused\n"
            f"Nothing accepts connections on port {port}: is the server running, and is the port "
            "right?\n"
        )

    def it_is_1_if_the_handshake_is_refused(self, stdin, capsys):
        def refuse(connection, request):
            return connection.respond(404, "Nothing here\n")

        with foreign(process_request=refuse) as url:
            assert command("connect", url) == 1
        assert capsys.readouterr().err == (
            f"{url} refused the WebSocket: 404 Not Found\n  Nothing here\nIs the path right?\n"
        )

    @pytest.mark.parametrize("answer", [b"HTTP/1.1 101 Switching Protocols\r\n", b""])
    def it_is_1_if_the_handshake_is_not_answered(self, stdin, capsys, answer):
        with raw(answering(answer)) as url:
            assert command("connect", url) == 1
        assert capsys.readouterr().err == (
            f"{url} closed the connection without an answer\n"
            f"If that port speaks TLS: did you mean {url.replace('ws:', 'wss:')}?\n"
        )

    def it_is_1_if_the_answer_takes_too_long(self, stdin, capsys):
        with raw(read_to_end) as url:
            assert command("connect", url, "--timeout", 0.02) == 1
        assert capsys.readouterr().err == f"No answer from {url} in 0.02 seconds\n"

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

        codes: list[int | None] = []
        with foreign(handler) as url:
            assert command("connect", url) == 0
        assert codes == [1000]
        assert last_line(capsys) == "Closed with 1000"


class DescribeOutput:
    def it_stops_when_nobody_reads_it(self, stdin, capsys, monkeypatch):
        reader, writer = os.pipe()
        os.close(reader)
        stdin.write(b"x\ny\n")
        with foreign() as url, open(writer, "w") as output:
            monkeypatch.setattr(sys, "stdout", output)
            assert command("connect", url) == 0
        assert capsys.readouterr().err.splitlines()[1:] == [
            "Cannot write the output: Broken pipe",
            "Closed with 1000",
        ]

    @pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
    def it_is_3_when_it_cannot_be_written(self, stdin, capsys, monkeypatch):
        stdin.write(b"x\n")
        with foreign() as url, open("/dev/full", "w") as output:
            monkeypatch.setattr(sys, "stdout", output)
            assert command("connect", url) == 3
        assert "Cannot write the output: No space left" in capsys.readouterr().err

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes")
    def it_waits_for_an_output_that_does_not_block(self, monkeypatch):
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        received = bytearray()

        def read():
            while chunk := os.read(reader, 1000):
                received.extend(chunk)

        thread = threading.Thread(target=read)
        text = "x" * 200_000
        with foreign(lambda client: client.send(text)) as url, open(writer, "w") as output:
            monkeypatch.setattr(sys, "stdout", output)
            thread.start()
            assert command("connect", url, "--send", "x", *PATIENT) == 0
            output.close()
            thread.join(PATIENCE)
        os.close(reader)
        assert received == text.encode() + b"\n"

    def it_goes_on_when_nobody_reads_the_notes(self, capsys, monkeypatch):
        reader, writer = os.pipe()
        os.close(reader)
        with foreign(echoes(1)) as url, open(writer, "w") as errors:
            monkeypatch.setattr(sys, "stderr", errors)
            assert command("connect", url, "--send", "x", *PATIENT) == 0
        assert capsys.readouterr().out == "x\n"

    def it_may_be_closed_or_know_few_characters(self, monkeypatch):
        monkeypatch.setattr(sys, "stderr", None)
        file = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(file, "latin-1"))
        with foreign(echoes(1)) as url:
            assert command("connect", url, "--send", "\u00fc\u20ac", *PATIENT) == 0
        assert file.getvalue() == b"\xfc\\u20ac\n"


class DescribeTls:
    def it_checks_the_certificate(self, stdin, capsys, certificate):
        with foreign(certificate=certificate) as url:
            assert command("connect", url) == 1
        assert capsys.readouterr().err == (
            f"Could not connect to {url}: self-signed certificate\n"
            "Trust it, or who signed it, with --ca FILE, or accept any certificate with "
            "--insecure\n"
        )

    def it_trusts_what_it_is_told_to(self, capsys, certificate):
        with foreign(echoes(1), certificate) as url:
            options = ("--send", "a", *PATIENT)
            assert command("connect", url, "--ca", certificate, *options) == 0
            assert command("connect", url, "--insecure", *options) == 0
        assert capsys.readouterr().out == "a\na\n"

    def it_says_that_a_port_does_not_speak_tls(self, stdin, capsys):
        with raw(lambda client: client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as url:
            secure = url.replace("ws:", "wss:")
            assert command("connect", secure) == 1
        first, second = capsys.readouterr().err.splitlines()
        assert first.startswith(f"Could not connect to {secure}: ")
        assert second == f"If that port does not speak TLS: did you mean {url}?"

    def it_says_that_a_port_answers_with_tls(self, stdin, capsys):
        with raw(answering(b"\x15\x03\x01\x00\x02\x02\x46")) as url:
            assert command("connect", url) == 1
        assert capsys.readouterr().err == (
            f"{url} answers with TLS instead of HTTP\nDid you mean {url.replace('ws:', 'wss:')}?\n"
        )


class DescribeProxy:
    @pytest.mark.parametrize("is_secure", [False, True])
    @pytest.mark.parametrize("named_by", ["argument", "environment"])
    def it_goes_through_it(self, capsys, certificate, is_secure, named_by, monkeypatch):
        heads: list[bytes] = []
        with (
            foreign(echoes(1), certificate if is_secure else None) as url,
            raw(lambda client: tunnel(client, heads)) as proxy,
        ):
            arguments = ["--insecure", "--send", "Hello", *PATIENT]
            origin = proxy.replace("ws://", "http://u:p@")
            if named_by == "argument":
                arguments += ["--proxy", origin]
            else:
                monkeypatch.setenv("HTTPS_PROXY" if is_secure else "HTTP_PROXY", origin)
            assert command("connect", url, *arguments) == 0
        target = url.partition("//")[2].rstrip("/")
        assert heads[0].startswith(f"CONNECT {target} HTTP/1.1\r\n".encode())
        assert b"\r\nProxy-Authorization: Basic dTpw\r\n" in heads[0]
        assert capsys.readouterr() == ("Hello\n", f"Connected to {url}\nClosed with 1000\n")

    @pytest.mark.parametrize("is_secure", [False, True])
    def it_may_be_reached_by_tls(self, capsys, certificate, is_secure):
        heads: list[bytes] = []

        def handler(client):
            with tls_context(certificate).wrap_socket(client, server_side=True) as secure:
                tunnel(secure, heads)

        with (
            foreign(echoes(1), certificate if is_secure else None) as url,
            raw(handler) as proxy,
        ):
            arguments = ["--proxy", proxy.replace("ws:", "https:"), "--ca", certificate]
            assert command("connect", url, *arguments, "--send", "Hello", *PATIENT) == 0
        assert len(heads) == 1
        assert capsys.readouterr() == ("Hello\n", f"Connected to {url}\nClosed with 1000\n")

    def it_tells_what_the_proxy_answered(self, stdin, capsys):
        answer = (
            b"HTTP/1.1 407 Proxy Authentication Required\r\n"
            b'Proxy-Authenticate: Basic realm="a"\r\nContent-Length: 0\r\n\r\n'
        )
        with raw(answering(answer)) as proxy:
            origin = proxy.replace("ws:", "http:")
            secret = origin.replace("//", "//u:secret@")
            assert command("connect", "ws://u:p@example.com/", "--proxy", secret) == 1
        assert capsys.readouterr().err == (
            f"The proxy {origin} does not connect to ws://example.com/: "
            "407 Proxy Authentication Required\n"
            '  Proxy-Authenticate: Basic realm="a"\n'
            "Give the proxy a user name and password: --proxy http://USER:PASSWORD@HOST:PORT\n"
        )

    def it_tells_that_the_proxy_is_not_there(self, stdin, capsys):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            origin = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        assert command("connect", "ws://example.com/", "--proxy", origin) == 1
        assert capsys.readouterr().err.startswith(
            f"Could not connect to {origin}: connection refused\n"
        )

    def it_tells_whose_certificate_it_does_not_trust(self, stdin, capsys, certificate):
        heads: list[bytes] = []
        with (
            foreign(certificate=certificate) as url,
            raw(lambda client: tunnel(client, heads)) as proxy,
        ):
            origin = proxy.replace("ws:", "http:")
            assert command("connect", url, "--proxy", origin) == 1
        assert capsys.readouterr().err.startswith(
            f"Could not connect to {url}: self-signed certificate\n"
        )


class DescribeAProcess:
    def run(self, url, **options):
        environment = {**os.environ, **options.pop("env", {})}
        return subprocess.run(
            [*PROGRAM, "connect", url, *PATIENT],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            **options,
        )

    def it_reads_pipes_and_files(self, tmp_path):
        text = "".join(f"{number}\n" for number in range(3000))
        path = tmp_path / "lines"
        path.write_text(text)
        with foreign(echoes(3000)) as url:
            done = self.run(url, input=text)
            assert (done.returncode, done.stdout) == (0, text)
            with open(path) as file:
                done = self.run(url, stdin=file)
            assert (done.returncode, done.stdout) == (0, text)
        with foreign(lambda client: client.ping().wait(PATIENCE)) as url:
            done = self.run(url, stdin=subprocess.DEVNULL)
            assert (done.returncode, done.stdout) == (0, "")

    def it_trusts_certificates_that_the_environment_names(self, certificate):
        with foreign(echoes(1), certificate) as url:
            done = self.run(url, input="a\n", env={"SSL_CERT_FILE": str(certificate)})
        assert (done.returncode, done.stdout) == (0, "a\n")

    def it_has_no_more_to_say_when_its_reader_is_gone(self):
        with foreign() as url:
            process = subprocess.Popen(
                [*PROGRAM, "connect", url],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            with process:
                assert process.stdin and process.stdout and process.stderr
                process.stdout.close()
                process.stdin.write("x\n")
                process.stdin.flush()
                assert process.wait(PATIENCE) == 0
                assert process.stderr.read().splitlines()[1:] == [
                    "Cannot write the output: Broken pipe",
                    "Closed with 1000",
                ]
