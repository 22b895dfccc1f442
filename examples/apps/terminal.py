"""A terminal in the browser: a shell in a pty, over binary frames.

python examples/apps/terminal.py [port] [command ...]

It prints a URL with a token. Anybody who has the URL can run commands as you. Binary messages
contain the input and the output of the terminal; text messages contain its size, `ROWSxCOLUMNS`.
"""

from __future__ import annotations

import fcntl
import hmac
import os
import pty
import re
import secrets
import signal
import struct
import subprocess
import sys
import termios
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import websocket_driver as websocket
from websocket_driver.node import http, net, process, run, timers

PAGE = Path(__file__).with_suffix(".html").read_bytes()
TOKEN = secrets.token_urlsafe()
GRACE = 1000  # ms until a shell must have ended after its browser is gone
SIZE = re.compile(r"(\d{1,3})x(\d{1,3})")

port = int(sys.argv[1]) if len(sys.argv) > 1 else 4180
command = sys.argv[2:] or [os.environ.get("SHELL", "/bin/sh")]
drivers: set[websocket.Base] = set()


class Shell:
    """A process with its own terminal; `output` is the stream of its output."""

    def __init__(self) -> None:
        self._terminal, device = pty.openpty()
        self._process = subprocess.Popen(
            command,
            stdin=device,
            stdout=device,
            stderr=device,
            start_new_session=True,
            # The controlling terminal of the new session, for job control and Ctrl-C.
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            env={**os.environ, "TERM": "dumb"},
        )
        os.close(device)
        self.output = process.Input(self._terminal)
        self.output.on("close", self._close)

    def type(self, data: bytes) -> None:
        os.write(self._terminal, data)

    def resize(self, rows: int, columns: int) -> None:
        size = struct.pack("4H", rows, columns, 0, 0)
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, size)

    def end(self) -> None:
        self.output.destroy()

    def _close(self) -> None:
        os.close(self._terminal)
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGHUP)
            timers.set_timeout(self._kill, GRACE)

    def _kill(self) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def is_allowed(request: http.IncomingMessage) -> bool:
    """True if it has the token, which pages of other sites do not have."""
    token = parse_qs(urlsplit(request.url).query).get("token", [""])[0]
    return hmac.compare_digest(token.encode(), TOKEN.encode())


def on_request(request: http.IncomingMessage, response: http.ServerResponse) -> None:
    if is_allowed(request):
        headers = {"Content-Type": "text/html; charset=utf-8", "Referrer-Policy": "no-referrer"}
        response.write_head(200, headers)
        response.end(PAGE)
    else:
        response.write_head(403, {"Content-Type": "text/plain"})
        response.end("The URL that the program printed has a token.\n")


def on_upgrade(request: http.IncomingMessage, socket: net.Socket, head: bytes) -> None:
    socket.on("error", lambda error: None)
    if not is_allowed(request):
        socket.write(b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n")
        socket.destroy_soon()
        return

    driver = websocket.http(request, max_length=65536)
    drivers.add(driver)
    shell = Shell()

    def on_data(data: str | bytes) -> None:
        if isinstance(data, bytes):
            shell.type(data)
        elif match := SIZE.fullmatch(data):
            shell.resize(int(match[1]), int(match[2]))
        else:
            driver.close("Texts are sizes, such as 24x80", 1008)

    def on_end() -> None:
        drivers.discard(driver)
        shell.end()

    driver.messages.on("data", on_data)
    driver.messages.on("end", on_end)
    driver.messages.on("end", lambda: socket.destroy_soon())
    # A slow browser pauses the pty, and so the program in it.
    shell.output.pipe(driver.messages, end=False)
    shell.output.on("end", lambda: driver.close("The shell has ended", 1000))

    driver.io.write(head)
    socket.pipe(driver.io).pipe(socket)
    driver.start()


def close_all() -> None:
    server.close()
    for driver in [*drivers]:
        driver.close("The server is going away", 1001)


server = http.create_server(on_request)
server.on("upgrade", on_upgrade)
server.on("error", lambda error: sys.exit(f"Cannot listen: {error}"))
server.listen(
    port, "127.0.0.1", lambda: print(f"http://127.0.0.1:{port}/?token={TOKEN}", flush=True)
)
run(on_interrupt=close_all)
