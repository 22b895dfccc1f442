"""A live dashboard: the server sends measurements of itself as binary messages.

python examples/apps/dashboard.py [port]

A message contains 6 numbers of 8 bytes, big-endian: the time in seconds, the CPU time of this
process in percent, the lag of its event loop in milliseconds, the number of clients, and for this
client the number of unanswered messages and of those that were skipped because it was busy.

The page answers each message. That is necessary because browsers read ahead: TCP's flow control
would start only after megabytes.
"""

from __future__ import annotations

import struct
import sys
import time
from pathlib import Path

import websocket_driver as websocket
from websocket_driver.node import http, net, run, timers

PAGE = Path(__file__).with_suffix(".html").read_bytes()
FRAME = struct.Struct(">6d")
INTERVAL = 100  # ms
MAX_UNDER_WAY = 5
MAX_ANSWER = 16

port = int(sys.argv[1]) if len(sys.argv) > 1 else 4180
clients: set[Client] = set()


class Client:
    """A browser. Measurements are skipped while it is busy."""

    def __init__(self, driver: websocket.Base) -> None:
        self._driver = driver
        self._is_full = False
        self._under_way = self._left_out = 0
        driver.messages.on("data", self._answered)
        driver.messages.on("drain", self._drained)

    def push(self, *values: float) -> None:
        if self._is_full or self._under_way >= MAX_UNDER_WAY:
            self._left_out += 1
            return
        self._under_way += 1
        frame = FRAME.pack(*values, self._under_way, self._left_out)
        self._is_full = not self._driver.messages.write(frame)

    def close(self) -> None:
        self._driver.close("The server is going away", 1001)

    def _answered(self) -> None:
        self._under_way -= 1

    def _drained(self) -> None:
        self._is_full = False


class Meter:
    """Measures the load since the previous measurement."""

    def __init__(self) -> None:
        self._time = time.monotonic()
        self._cpu = time.process_time()

    def read(self) -> tuple[float, float, float, float]:
        now, cpu = time.monotonic(), time.process_time()
        elapsed = now - self._time
        share = (cpu - self._cpu) / elapsed * 100
        lag = max(0.0, elapsed * 1000 - INTERVAL)
        self._time, self._cpu = now, cpu
        return time.time(), share, lag, len(clients)


def measure() -> None:
    values = meter.read()
    for client in clients:
        client.push(*values)


def on_request(request: http.IncomingMessage, response: http.ServerResponse) -> None:
    response.write_head(200, {"Content-Type": "text/html; charset=utf-8"})
    response.end(PAGE)


def on_upgrade(request: http.IncomingMessage, socket: net.Socket, head: bytes) -> None:
    driver = websocket.http(request, max_length=MAX_ANSWER)
    client = Client(driver)
    driver.on("open", lambda: clients.add(client))
    driver.messages.on("end", lambda: socket.destroy_soon())
    driver.messages.on("end", lambda: clients.discard(client))
    socket.on("error", lambda error: None)

    driver.io.write(head)
    socket.pipe(driver.io).pipe(socket)
    driver.start()


def close_all() -> None:
    timers.clear_interval(timer)
    server.close()
    for client in [*clients]:
        client.close()


meter = Meter()
timer = timers.set_interval(measure, INTERVAL)
server = http.create_server(on_request)
server.on("upgrade", on_upgrade)
server.on("error", lambda error: sys.exit(f"Cannot listen: {error}"))
server.listen(port, "127.0.0.1", lambda: print(f"http://127.0.0.1:{port}/", flush=True))
run(on_interrupt=close_all)
