"""Programs from Debian between our drivers or as their peers, and clients and servers to test them.

Each box is a context manager: it starts the program with its own configuration in its own folder,
waits until its port accepts connections, and ends it with the block. If the program is not
installed, the example is skipped, and the reason names the package.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

import pytest

import websocket_driver as websocket
from spec.wires import PATIENCE, free_port
from websocket_driver import permessage_deflate

if TYPE_CHECKING:
    from typing_extensions import Unpack

HOST = "127.0.0.1"
PACKAGES = {
    "curl": "curl",
    "haproxy": "haproxy",
    "mosquitto": "mosquitto",
    "nginx": "nginx-light",
    "redis-server": "redis-server",
    "squid": "squid-openssl",
    "stunnel": "stunnel4",
    "tinyproxy": "tinyproxy",
}
# Debian keeps daemons where only root looks.
SEARCH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])


def need(name: str) -> str:
    """The path of a program; skips the example if it is not installed."""
    path = shutil.which(name, path=SEARCH)
    if path is None:
        pytest.skip(f"{name} is not installed: apt-get install {PACKAGES[name]}")
    return path


@contextmanager
def box(folder: Path, name: str, arguments: list[str], *ports: int) -> Iterator[None]:
    """Runs a program until the block ends; the block begins when it listens on its ports."""
    with running(folder, [need(name), *arguments], *ports):
        yield


@contextmanager
def running(folder: Path, command: Sequence[str], *ports: int) -> Iterator[None]:
    name = Path(command[0]).name
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + PATIENCE
        for port in ports:
            while not accepts(port):
                ended = process.poll() is not None
                if ended or time.monotonic() > deadline:
                    raise AssertionError(f"{name} does not listen:\n{log.read_text()}")
                time.sleep(0.02)
        yield
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def accepts(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def write(folder: Path, name: str, text: str) -> str:
    """Writes a configuration, without the indentation of the source, and returns its path."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text("\n".join(line.strip() for line in text.strip().splitlines()) + "\n")
    return str(path)


@contextmanager
def nginx(folder: Path, backend: int, certificate: Path | None = None) -> Iterator[int]:
    """nginx in front of `backend`, over TLS if there is a certificate; yields its port."""
    port = free_port()
    tls = f"ssl_certificate {certificate}; ssl_certificate_key {certificate};"
    path = write(
        folder,
        "nginx.conf",
        f"""
        daemon off; error_log stderr; pid {folder}/nginx.pid; worker_processes 1;
        {"user root;" if os.geteuid() == 0 else ""}
        events {{ worker_connections 64; }}
        http {{
          access_log off;
          client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
          fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
          scgi_temp_path {folder}/scgi;
          map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
          server {{
            listen {HOST}:{port}{" ssl" if certificate else ""};
            {tls if certificate else ""}
            location / {{
              proxy_pass http://{HOST}:{backend};
              proxy_http_version 1.1;
              proxy_set_header Upgrade $http_upgrade;
              proxy_set_header Connection $connection_upgrade;
              proxy_set_header Host $http_host;
              proxy_set_header X-Forwarded-Proto $scheme;
            }}
            location /default/ {{ proxy_pass http://{HOST}:{backend}; }}
          }}
        }}
        """,
    )
    with box(folder, "nginx", ["-p", str(folder), "-c", path, "-e", "stderr"], port):
        yield port


@contextmanager
def haproxy(
    folder: Path, backend: int, certificate: Path | None = None, options: str = "mode http"
) -> Iterator[int]:
    """HAProxy in front of `backend`, over TLS if there is a certificate; yields its port."""
    port = free_port()
    forwarded = """
        http-request set-header X-Forwarded-Proto https if { ssl_fc }
        http-request set-header X-Forwarded-Proto http unless { ssl_fc }
        """
    path = write(
        folder,
        "haproxy.cfg",
        f"""
        defaults
        timeout connect 5s
        timeout client 30s
        timeout server 30s
        timeout tunnel 1h
        {options}
        frontend front
        bind {HOST}:{port}{f" ssl crt {certificate}" if certificate else ""}
        {forwarded if "mode http" in options else ""}
        default_backend back
        backend back
        server echo {HOST}:{backend}{" check inter 50" if "httpchk" in options else ""}
        """,
    )
    with box(folder, "haproxy", ["-db", "-f", path], port):
        yield port


@contextmanager
def stunnel(folder: Path, backend: int, certificate: Path) -> Iterator[int]:
    """stunnel, which terminates TLS for `backend`; yields its port."""
    port = free_port()
    path = write(
        folder,
        "stunnel.conf",
        f"""
        foreground = yes
        pid =
        [front]
        accept = {HOST}:{port}
        connect = {HOST}:{backend}
        cert = {certificate}
        """,
    )
    with box(folder, "stunnel", [path], port):
        yield port


@contextmanager
def tinyproxy(folder: Path, login: str | None = None) -> Iterator[int]:
    """tinyproxy, which requires `login`, a name and a password, if it is given; yields its port."""
    port = free_port()
    path = write(
        folder,
        "tinyproxy.conf",
        f"""
        Port {port}
        Listen {HOST}
        Timeout 30
        Allow {HOST}
        {"BasicAuth " + login.replace(":", " ") if login else ""}
        """,
    )
    with box(folder, "tinyproxy", ["-d", "-c", path], port):
        yield port


@contextmanager
def squid(_: Path, login: str | None = None) -> Iterator[int]:
    """squid, which requires `login`, a name and a password, if it is given; yields its port."""
    need("squid")
    port = free_port()
    # Started by root it becomes another user, who may not look into pytest's folders.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        # A helper reads lines "name password", and answers each with OK or ERR.
        name_and_password = (login or "").replace(":", " ")
        helper = write(
            folder,
            "helper",
            f"""
            #!/bin/sh
            while read -r line; do
            [ "$line" = "{name_and_password}" ] && echo OK || echo ERR
            done
            """,
        )
        os.chmod(helper, 0o755)
        auth = f"""
            auth_param basic program {helper}
            acl known proxy_auth REQUIRED
            http_access allow known
            """
        path = write(
            folder,
            "squid.conf",
            f"""
            http_port {HOST}:{port}
            pid_filename none
            memory_cache_shared off
            access_log none
            cache_log {folder}/cache.log
            cache deny all
            coredump_dir {folder}
            shutdown_lifetime 0 seconds
            {auth if login else "http_access allow all"}
            http_access deny all
            """,
        )
        with box(folder, "squid", ["-N", "-n", f"spec{port}", "-f", path], port):
            yield port


@contextmanager
def mosquitto(folder: Path) -> Iterator[int]:
    """The MQTT broker; yields the port of its WebSocket listener."""
    port, plain = free_port(), free_port()
    path = write(
        folder,
        "mosquitto.conf",
        f"""
        allow_anonymous true
        {"user root" if os.geteuid() == 0 else ""}
        listener {plain} {HOST}
        listener {port} {HOST}
        protocol websockets
        """,
    )
    with box(folder, "mosquitto", ["-c", path], port):
        yield port


@contextmanager
def redis_server(folder: Path) -> Iterator[int]:
    """Redis, which keeps nothing; yields its port."""
    port = free_port()
    arguments = ["--port", str(port), "--bind", HOST, "--save", "", "--dir", str(folder)]
    with box(folder, "redis-server", arguments, port):
        yield port


@contextmanager
def uvicorn(folder: Path, application: str, *options: str) -> Iterator[int]:
    """uvicorn with the ASGI application `echo` of that source; yields its port."""
    port = free_port()
    (folder / "application.py").write_text(application, encoding="utf-8")
    command = [sys.executable, "-m", "uvicorn", "application:echo", "--port", str(port), *options]
    with running(folder, command, port):
        yield port


Driver = TypeVar("Driver", websocket.Client, websocket.Server)


class End(asyncio.Protocol, Generic[Driver]):
    """A driver on a transport of asyncio, with its events in a queue."""

    def __init__(self, driver: Driver) -> None:
        self.driver: Driver = driver
        self.inbox: asyncio.Queue[str | bytes | tuple[int | None, str | None]] = asyncio.Queue()
        self.errors: list[str] = []
        self.ended = asyncio.Event()
        driver.messages.on("end", self.ended.set)
        driver.on("message", lambda event: self.inbox.put_nowait(event.data))
        driver.on("error", lambda error: self.errors.append(error.message))
        driver.on("close", lambda event: self.inbox.put_nowait((event.code, event.reason)))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.driver.io.on("data", transport.write)
        self.driver.on("close", lambda _: transport.close())

    def data_received(self, data: bytes) -> None:
        self.driver.io.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.driver.io.end()

    async def receive(self) -> str | bytes | tuple[int | None, str | None]:
        """The next message, or the code and the reason at the end."""
        return await self.inbox.get()


class EchoServer:
    """The server behind the boxes: `url`s and ends of its connections, in their order.

    It sends messages back; "close 4002 reason" closes with that code. A request that is not for a
    WebSocket gets a page.
    """

    PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nHello"

    def __init__(self) -> None:
        self.ends: list[End[websocket.Server]] = []
        self.connected: asyncio.Event = asyncio.Event()
        self.pages = 0

    async def start(self, certificate: Path | None = None) -> int:
        context = None
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(self._make_end, HOST, 0, ssl=context)
        return int(self.server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        self.server.close()
        for end in self.ends:
            end.transport.abort()

    @property
    def urls(self) -> list[str | None]:
        return [end.driver.url for end in self.ends if end.driver.ready_state > 0]

    def _make_end(self) -> End[websocket.Server]:
        driver = websocket.server(protocols=["chat"])
        driver.add_extension(permessage_deflate)
        end = End(driver)

        def on_connect(_: websocket.ConnectEvent) -> None:
            self.ends.append(end)
            if websocket.is_websocket(driver):
                driver.start()
            else:
                self.pages += 1
                end.transport.write(self.PAGE)
                end.transport.close()
            self.connected.set()

        def on_message(event: websocket.MessageEvent) -> None:
            if isinstance(event.data, str) and event.data.startswith("close "):
                _, code, reason = event.data.split()
                driver.close(reason, int(code))
            elif isinstance(event.data, str):
                driver.text(event.data)
            else:
                driver.binary(event.data)

        driver.on("connect", on_connect)
        driver.on("message", on_message)
        return end


async def connect(
    url: str,
    port: int,
    context: ssl.SSLContext | None = None,
    *,
    deflate: bool = False,
    **options: Unpack[websocket.DriverOptions],
) -> End[websocket.Client]:
    """A client of ours for `url`, on a connection to `port`; it is open, or it has failed."""
    driver = websocket.client(url, **options)
    if deflate:
        driver.add_extension(permessage_deflate)
    loop = asyncio.get_running_loop()
    name = "localhost" if context else None
    end = End(driver)
    await loop.create_connection(lambda: end, HOST, port, ssl=context, server_hostname=name)
    await opened(end, driver.start)
    return end


async def opened(end: End[Driver], start: Callable[[], object]) -> None:
    """Calls `start` and waits until the driver is open, closed, or without a connection."""
    done = asyncio.Event()
    end.driver.on("open", lambda _: done.set())
    end.driver.on("close", lambda _: done.set())
    end.driver.messages.on("end", done.set)
    start()
    await done.wait()


async def with_server(
    main: Callable[[EchoServer, int], Awaitable[None]], certificate: Path | None = None
) -> None:
    """Runs `main(server, port)` beside an echo server."""
    server = EchoServer()
    port = await server.start(certificate)
    try:
        await main(server, port)
    finally:
        await server.stop()
