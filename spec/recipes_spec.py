"""Each program in examples/recipes, as a user runs it, with a peer from another library."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
import websockets.sync.server
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.sync.server import ServerConnection

from spec import boxes
from spec.wires import PATIENCE, ROOT, finish, free_port, port_of, program

RECIPES = ROOT / "examples" / "recipes"
# As in another project, without the settings of this one.
PYTEST = ("-m", "pytest", "-q", "-c", "/dev/null", "-p", "no:cacheprovider")


@contextmanager
def recipe(name: str, *arguments: object) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server from the recipes, and its URL; a port of 0 is replaced by one that is free."""
    words = [free_port() if word == 0 else word for word in arguments]
    with program(RECIPES / f"{name}.py", *words) as process:
        yield process, f"ws://127.0.0.1:{port_of(process)}"


@contextmanager
def ended(process: subprocess.Popen[str]) -> Iterator[None]:
    """Asks a program to end, whatever has happened, so that it can end its own processes."""
    try:
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE)


@contextmanager
def silent(url: str) -> Iterator[socket.socket]:
    """A client that opens a WebSocket and then does nothing, not even read."""
    port = int(url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as peer:
        # Small buffers, so that the server notices soon.
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.sendall(
            b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: 2vBVWg4Qyk3ZoM/5d3QD9Q==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += peer.recv(1)
        assert head.startswith(b"HTTP/1.1 101 ")
        yield peer


def refusal(url: str) -> bytes:
    """The response to a client that never closes its side, once the server has closed."""
    port = int(url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as peer:
        peer.sendall(
            b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: 2vBVWg4Qyk3ZoM/5d3QD9Q==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        response = b""
        while chunk := peer.recv(4096):
            response += chunk
        # Once the server's socket is closed, its system answers with a reset.
        deadline = time.monotonic() + PATIENCE
        with suppress(ConnectionError):
            while time.monotonic() < deadline:
                peer.sendall(b"x")
                time.sleep(0.01)
            pytest.fail("The server keeps the connection")
    return response


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")


def receive(client: ClientConnection) -> str | bytes:
    return client.recv(PATIENCE)


def close_of(client: ClientConnection) -> tuple[int, str]:
    """The code and the reason with which the server closes."""
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            client.recv(PATIENCE)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, closed.value.rcvd.reason


@contextmanager
def foreign_server(handler: object, port: int = 0) -> Iterator[int]:
    with websockets.sync.server.serve(handler, "127.0.0.1", port) as server:  # type: ignore[arg-type]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield int(server.socket.getsockname()[1])
        finally:
            server.shutdown()
            thread.join(PATIENCE)


class DescribeHeartbeat:
    def it_keeps_clients_that_answer(self) -> None:
        with recipe("heartbeat_server", 0, 0.05) as (_, url), connect(url) as client:
            end = time.monotonic() + 0.3
            while time.monotonic() < end:
                client.send("Hello")
                assert receive(client) == "Hello"

    def it_drops_clients_that_do_not(self) -> None:
        with recipe("heartbeat_server", 0, 0.05) as (process, url), silent(url) as peer:
            assert line(process) == "No answer, dropped"
            while peer.recv(65536):
                pass

    def it_has_a_client_that_gives_up_a_silent_server(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            url = f"ws://127.0.0.1:{listener.getsockname()[1]}/"
            with program(RECIPES / "heartbeat_client.py", url, 0.1) as process:
                assert finish(process) == "The server is silent, giving up\n"

    def it_has_a_client_that_keeps_a_server_that_answers(self) -> None:
        def handler(connection: ServerConnection) -> None:
            deadline = time.monotonic() + 1.0
            while time.monotonic() < deadline:
                with pytest.raises(TimeoutError):
                    connection.recv(0.05)
            connection.send("bye")
            connection.close(1000, "done")

        with (
            foreign_server(handler) as port,
            program(RECIPES / "heartbeat_client.py", f"ws://127.0.0.1:{port}/", 0.4) as process,
        ):
            assert finish(process) == "Open\nbye\nClosed 1000 done\n"


class DescribeBroadcast:
    def it_reaches_everyone(self) -> None:
        with recipe("broadcast", 0, 0.05) as (_, url), connect(url) as one, connect(url) as two:
            for client in (one, two):
                assert re.fullmatch(r"\d+\.\d{3}", str(receive(client)))

    def it_drops_who_does_not_read_and_serves_the_others(self) -> None:
        # 200 kB every 10 ms: soon more than the system keeps for the one that does not read.
        with (
            recipe("broadcast", 0, 0.01, 200_000) as (process, url),
            silent(url),
            connect(url, max_size=None) as client,
        ):
            stop = threading.Event()

            def read() -> None:
                while not stop.is_set():
                    receive(client)

            reader = threading.Thread(target=read)
            reader.start()
            try:
                assert re.fullmatch(r"Dropped with \d{5,} bytes waiting", line(process))
            finally:
                stop.set()
                reader.join(PATIENCE)
            assert len(receive(client)) > 0


class DescribeAuthentication:
    @pytest.mark.parametrize(
        "headers",
        [
            {"Cookie": "theme=dark; session=ada-secret"},
            {"Authorization": "Bearer ada-secret"},
            {"Authorization": "bearer  ada-secret"},
        ],
    )
    def it_takes_a_cookie_or_a_bearer_token(self, headers: dict[str, str]) -> None:
        with (
            recipe("authentication", 0) as (_, url),
            connect(url, additional_headers=headers) as client,
        ):
            assert receive(client) == "Hello, Ada"
            client.send("Hi")
            assert receive(client) == "Hi"

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Cookie": "session=wrong"},
            {"Cookie": "session"},
            {"Authorization": "Bearer wrong"},
            {"Authorization": "Basic ada-secret"},
        ],
    )
    def it_refuses_others_with_a_page(self, headers: dict[str, str]) -> None:
        with (
            recipe("authentication", 0) as (_, url),
            pytest.raises(InvalidStatus) as refused,
            connect(url, additional_headers=headers),
        ):
            pass
        response = refused.value.response
        assert (response.status_code, response.body) == (401, b"Log in first\n")
        assert response.headers["WWW-Authenticate"] == "Bearer"

    def it_takes_a_token_in_the_first_message(self) -> None:
        with recipe("authentication", 0) as (_, url):
            with connect(f"{url}/login-by-message") as client:
                client.send("bob-secret")
                assert receive(client) == "Hello, Bob"
            with connect(f"{url}/login-by-message") as client:
                client.send("wrong")
                assert close_of(client) == (3000, "Wrong token")

    def it_waits_for_the_first_message_only_so_long(self) -> None:
        with (
            recipe("authentication", 0, 0.1) as (_, url),
            connect(f"{url}/login-by-message") as client,
        ):
            assert close_of(client) == (3008, "No token")


class DescribeReconnect:
    def it_comes_back_until_the_server_is_done_with_it(self) -> None:
        port = free_port()
        visits: list[int] = []

        def handler(connection: ServerConnection) -> None:
            visits.append(len(visits))
            connection.send(f"visit {len(visits)}")
            connection.close(1001 if len(visits) < 3 else 1000)

        with program(RECIPES / "reconnect.py", f"ws://127.0.0.1:{port}/", 0.05) as process:
            lines = [line(process) for _ in range(3)]
            with foreign_server(handler, port):
                output = finish(process)
        delays = [float(re.fullmatch(r"Again in ([\d.]+) s", text)[1]) for text in lines]  # type: ignore[index]
        for delay, longest in zip(delays, (0.05, 0.1, 0.2), strict=True):
            assert longest / 2 - 0.01 <= delay <= longest + 0.01
        text = re.sub(r"Again in [\d.]+ s\n", "", output)
        assert text == "Open\nvisit 1\nOpen\nvisit 2\nOpen\nvisit 3\nClosed with 1000\n"


class DescribeGracefulShutdown:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def it_says_goodbye_to_everyone(self, number: signal.Signals) -> None:
        with recipe("graceful_shutdown", 0) as (process, url), connect(url) as client:
            client.send("Hello")
            assert receive(client) == "Hello"
            process.send_signal(number)
            assert close_of(client) == (1001, "The server restarts")
            assert finish(process) == "Closing 1 connections\nEnded\n"

    def it_drops_who_does_not_answer(self) -> None:
        with recipe("graceful_shutdown", 0, 0.2) as (process, url), silent(url):
            process.send_signal(signal.SIGTERM)
            assert finish(process) == "Closing 1 connections\nDropping 1 connections\nEnded\n"


class DescribeThreads:
    def it_answers_from_a_thread(self) -> None:
        with recipe("from_a_thread", 0) as (_, url), connect(url) as client:
            client.send("3")
            assert [receive(client) for _ in range(3)] == ["1 of 3", "2 of 3", "3 of 3"]
            client.send("many")
            assert close_of(client) == (1003, "A number, please")

    def it_goes_on_when_a_client_has_left(self) -> None:
        with recipe("from_a_thread", 0) as (_, url):
            with connect(url) as client:
                client.send("20")
                assert receive(client) == "1 of 20"
            with connect(url) as client:
                client.send("1")
                assert receive(client) == "1 of 1"


class DescribeRooms:
    def it_says_to_a_room_what_is_said_there(self) -> None:
        with recipe("rooms", 0) as (_, url), ExitStack() as stack:
            cook, guest, gardener = (
                stack.enter_context(connect(f"{url}/{room}"))
                for room in ("kitchen", "kitchen", "garden%20west")
            )
            guest.send("Hungry")
            assert (receive(cook), receive(guest)) == ("Hungry", "Hungry")
            gardener.send("who")
            assert receive(gardener) == "1 in garden west, 2 rooms"

    def it_forgets_empty_rooms(self) -> None:
        with recipe("rooms", 0) as (_, url):
            with connect(f"{url}/cellar") as client:
                client.send("who")
                assert receive(client) == "1 in cellar, 1 rooms"
            with silent(url) as peer:
                # Without a closing handshake, by a reset.
                linger = b"\x01\0\0\0\0\0\0\0"
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            with connect(f"{url}/attic") as client:
                deadline = time.monotonic() + PATIENCE
                answer: str | bytes = ""
                while answer != "1 in attic, 1 rooms" and time.monotonic() < deadline:
                    client.send("who")
                    answer = receive(client)
                assert answer == "1 in attic, 1 rooms"


class DescribeRequestsAndResponses:
    def it_answers_in_any_order(self) -> None:
        with recipe("request_response", "serve", 0) as (_, url), connect(url) as client:
            client.send(json.dumps({"id": 1, "method": "sleep", "params": [0.2]}))
            client.send(json.dumps({"id": 2, "method": "add", "params": [1, 2]}))
            client.send(json.dumps({"id": 3, "method": "steal", "params": []}))
            client.send("nonsense")
            answers = [json.loads(receive(client)) for _ in range(4)]
            assert answers[:2] == [
                {"id": 2, "result": 3},
                {"id": 3, "error": "KeyError: 'steal'"},
            ]
            assert answers[2]["id"] is None
            assert answers[3] == {"id": 1, "result": "slept 0.2 s"}

    def it_has_a_client(self) -> None:
        with (
            recipe("request_response", "serve", 0) as (_, url),
            program(RECIPES / "request_response.py", "call", url) as process,
        ):
            first, second = finish(process).splitlines()
            assert first == "['slept 0.2 s', 6]"
            assert second.startswith("TypeError: ")

    def it_has_a_client_that_does_not_wait_for_a_server_that_is_gone(self) -> None:
        def handler(connection: ServerConnection) -> None:
            connection.recv(PATIENCE)

        with (
            foreign_server(handler) as port,
            program(RECIPES / "request_response.py", "call", f"ws://127.0.0.1:{port}/") as process,
        ):
            _, errors = process.communicate(timeout=PATIENCE)
            assert process.returncode == 1
            assert "ConnectionError: the connection is lost" in errors

    def it_has_a_client_that_reports_that_it_cannot_connect(self) -> None:
        url = f"ws://127.0.0.1:{free_port()}/"
        with program(RECIPES / "request_response.py", "call", url) as process:
            _, errors = process.communicate(timeout=PATIENCE)
            assert process.returncode == 1
            assert "ConnectionRefusedError: connect ECONNREFUSED 127.0.0.1:" in errors


class DescribeSubprotocols:
    @pytest.mark.parametrize(
        ("offer", "protocol", "answer"),
        [
            (["notes.v2", "notes.v1"], "notes.v2", '{"note": "Hi"}'),
            (["other", "notes.v1"], "notes.v1", "note: Hi"),
        ],
    )
    def it_speaks_the_best_that_both_know(
        self, offer: list[str], protocol: str, answer: str
    ) -> None:
        with (
            recipe("subprotocols", 0) as (_, url),
            connect(url, subprotocols=offer) as client,  # type: ignore[arg-type]
        ):
            assert client.subprotocol == protocol
            client.send("Hi")
            assert receive(client) == answer

    @pytest.mark.parametrize("offer", [None, ["other"]])
    def it_refuses_clients_that_know_none(self, offer: list[str] | None) -> None:
        with (
            recipe("subprotocols", 0) as (_, url),
            pytest.raises(InvalidStatus) as refused,
            connect(url, subprotocols=offer),  # type: ignore[arg-type]
        ):
            pass
        assert refused.value.response.status_code == 400

    def it_keeps_no_connection_that_it_has_refused(self) -> None:
        with recipe("subprotocols", 0) as (_, url):
            assert refusal(url).startswith(b"HTTP/1.1 400 ")


class DescribeLimitsPerUser:
    def it_limits_connections(self) -> None:
        with recipe("limits_per_user", 0) as (_, url), ExitStack() as stack:
            first = stack.enter_context(connect(url))
            for _ in range(2):
                stack.enter_context(connect(url))
            with pytest.raises(InvalidStatus) as refused, connect(url):
                pass
            assert refused.value.response.status_code == 429
            assert refused.value.response.headers["Retry-After"] == "10"

            first.close()
            with connect(url) as client:
                client.send("Hi")
                assert receive(client) == "Hi"

    def it_keeps_no_connection_that_it_has_refused(self) -> None:
        with recipe("limits_per_user", 0) as (_, url), ExitStack() as stack:
            for _ in range(3):
                stack.enter_context(connect(url))
            assert refusal(url).startswith(b"HTTP/1.1 429 ")

    def it_limits_messages(self) -> None:
        with recipe("limits_per_user", 0) as (_, url), connect(url) as client:
            # The server may close the connection before all of them are sent.
            with suppress(ConnectionClosed):
                for number in range(30):
                    client.send(str(number))
            assert [receive(client) for _ in range(10)] == [str(number) for number in range(10)]
            assert close_of(client) == (1008, "Too many messages")

    def it_limits_the_length_of_a_message(self) -> None:
        with recipe("limits_per_user", 0) as (_, url), connect(url) as client:
            client.send("x" * 1001)
            assert close_of(client)[0] == 1009


class DescribeRedis:
    def it_carries_messages_from_one_server_to_the_clients_of_another(self, tmp_path: Path) -> None:
        pytest.importorskip("redis")
        with boxes.redis_server(tmp_path) as redis_port, ExitStack() as stack:
            store = f"redis://127.0.0.1:{redis_port}"
            _, here = stack.enter_context(recipe("redis_broadcast", 0, store))
            _, there = stack.enter_context(recipe("redis_broadcast", 0, store))
            one, two = (stack.enter_context(connect(url)) for url in (here, there))
            # Both are in the list of their server once it has sent them something.
            one.send("Hello")
            assert receive(one) == "Hello"
            two.send("Anybody?")
            assert receive(two) in ("Hello", "Anybody?")
            one.send("Yes")
            while receive(two) != "Yes":
                pass


@pytest.mark.skipif(not hasattr(socket, "SO_REUSEPORT"), reason="there is no SO_REUSEPORT")
class DescribeSeveralProcesses:
    def it_serves_one_port_from_all_of_them(self) -> None:
        with recipe("several_processes", 0, 2) as (process, url), ended(process):
            assert f"{url} in " in line(process)
            served: set[str] = set()
            deadline = time.monotonic() + PATIENCE
            while len(served) < 2 and time.monotonic() < deadline:
                with connect(url) as client:
                    client.send("Hello")
                    pid, _, text = str(receive(client)).partition(": ")
                    assert text == "Hello"
                    served.add(pid)
            assert len(served) == 2


class DescribeTestsOfAnApplication:
    def it_runs_under_pytest(self) -> None:
        result = subprocess.run(
            [sys.executable, *PYTEST, str(RECIPES / "test_application.py")],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=PATIENCE * 2,
        )
        assert result.returncode == 0, result.stdout
        assert result.stdout.splitlines()[-1].startswith("3 passed")


class DescribeTheFolder:
    def it_has_no_recipe_without_a_spec_and_a_place_in_the_docs(self) -> None:
        spec = Path(__file__).read_text(encoding="utf-8")
        page = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
        for path in RECIPES.glob("*.py"):
            assert f'"{path.stem}"' in spec or f'"{path.name}"' in spec
            assert f"```{{literalinclude}} ../examples/recipes/{path.name}\n" in page
