"""A client that reconnects, with exponential backoff and jitter.

python examples/recipes/reconnect.py [url] [seconds for the first wait]

When a server restarts, all of its clients lose their connections at the same time. The delay
doubles after each failure, so that a dead server is not overloaded. It is random, so that the
clients do not reconnect at the same time.
"""

import random
import sys
from urllib.parse import urlsplit

import websocket_driver as websocket
from websocket_driver.node import net, run, timers

url = sys.argv[1] if len(sys.argv) > 1 else "ws://127.0.0.1:4180/"
first = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0

LONGEST = 60.0
# After these codes, reconnecting would fail in the same way.
FINAL = {1000, 1002, 1003, 1007, 1008, 1009, 1010, 3000, 3003}

failures = 0


def connect() -> None:
    parts = urlsplit(url)
    driver = websocket.client(url)
    socket = net.connect(parts.port or 80, parts.hostname or "")
    code: int | None = None

    def on_open() -> None:
        global failures
        failures = 0
        print("Open", flush=True)

    def on_close(event: websocket.CloseEvent) -> None:
        nonlocal code
        code = event.code
        socket.end()

    def on_end() -> None:
        # The socket always emits `close`, however the connection ended.
        if code in FINAL and driver.status_code in (None, 101):
            print(f"Closed with {code}", flush=True)
        else:
            connect_later()

    driver.on("open", on_open)
    driver.on("message", lambda event: print(event.data, flush=True))
    driver.on("close", on_close)
    socket.on("connect", driver.start)
    socket.on("error", lambda error: None)
    socket.on("close", on_end)
    socket.pipe(driver.io).pipe(socket)


def connect_later() -> None:
    global failures
    longest = min(LONGEST, first * 2**failures)
    failures += 1
    delay = random.uniform(longest / 2, longest)
    print(f"Again in {delay:.2f} s", flush=True)
    timers.set_timeout(connect, delay * 1000)


connect()
run(on_interrupt=lambda: sys.exit(130))
