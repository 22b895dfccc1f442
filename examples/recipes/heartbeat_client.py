"""A client that notices when the server is gone, or the network is interrupted.

python examples/recipes/heartbeat_client.py [url] [seconds]

A connection can be dead for hours before the operating system reports it. So the client sends a
ping when nothing has arrived for a while, and gives up if nothing arrives then either.
"""

import sys
from urllib.parse import urlsplit

import websocket_driver as websocket
from websocket_driver.node import net, run, timers

url = sys.argv[1] if len(sys.argv) > 1 else "ws://127.0.0.1:4180/"
patience = float(sys.argv[2]) if len(sys.argv) > 2 else 20.0

parts = urlsplit(url)
driver = websocket.client(url)
socket = net.connect(parts.port or 80, parts.hostname or "")
silent_for = 0  # periods without a byte from the server


def on_data() -> None:
    global silent_for
    silent_for = 0


def beat() -> None:
    global silent_for
    silent_for += 1
    if silent_for == 1:
        driver.ping()
    elif silent_for == 2:
        print("The server is silent, giving up", flush=True)
        socket.destroy()


socket.on("data", on_data)
socket.on("connect", driver.start)
socket.on("error", lambda error: print(f"{url}: {error}", flush=True))
socket.pipe(driver.io).pipe(socket)

timer = timers.set_interval(beat, patience * 1000)
socket.on("close", lambda: timers.clear_interval(timer))

driver.on("open", lambda: print("Open", flush=True))
driver.on("message", lambda event: print(event.data, flush=True))
driver.on("close", lambda event: print(f"Closed {event.code} {event.reason}", flush=True))
driver.on("close", lambda: socket.end())

run(on_interrupt=lambda: driver.close())
