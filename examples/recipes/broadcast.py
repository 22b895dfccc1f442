"""A server that sends the time to everyone, whatever the slowest of them does.

python examples/recipes/broadcast.py [port] [seconds between messages] [bytes to add]

A slow client costs memory: whatever it does not read waits in the server. So there are two marks.
Above the first a client misses messages, above the second it is dropped.
"""

import sys
import time

import websocket_driver as websocket
from websocket_driver.node import http, net, run, timers

port = int(sys.argv[1]) if len(sys.argv) > 1 else 4180
interval = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
padding = "x" * int(sys.argv[3]) if len(sys.argv) > 3 else ""

SKIP = 64 * 1024
DROP = 1024 * 1024

clients: dict[websocket.Base, net.Socket] = {}


def broadcast(message: str, urgent: bool = False) -> None:
    """Sends a message to all clients that keep up; an urgent one to all that are not dropped."""
    for driver, socket in list(clients.items()):
        waiting = socket.writable_length
        if waiting > DROP:
            print(f"Dropped, {waiting} bytes behind", flush=True)
            socket.destroy()
        elif waiting <= SKIP or urgent:
            driver.text(message)


def on_upgrade(request: http.IncomingMessage, socket: net.Socket, head: bytes) -> None:
    driver = websocket.http(request)
    driver.on("open", lambda: clients.update({driver: socket}))
    driver.on("close", lambda: socket.end())
    # The socket's `close` comes in every case, the driver's only after a closing handshake.
    socket.on("close", lambda: clients.pop(driver, None))
    socket.on("error", lambda error: None)

    socket.pipe(driver.io).pipe(socket)
    driver.io.write(head)
    driver.start()


server = http.create_server()
server.on("upgrade", on_upgrade)
server.listen(port, "127.0.0.1")
print(f"ws://127.0.0.1:{server.address().port}", flush=True)

timers.set_interval(lambda: broadcast(f"{time.time():.3f}{padding}"), interval * 1000)
timers.set_interval(lambda: broadcast("Still here", urgent=True), interval * 5000)
run(on_interrupt=lambda: sys.exit(130))
