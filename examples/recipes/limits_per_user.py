"""A server that limits the connections, messages and bytes of each user.

python examples/recipes/limits_per_user.py [port]

Here a user is an IP address. Behind a proxy, all clients have the address of the proxy. Use the
user's name from the login then, or the address from a header that the proxy sets and that clients
cannot set.
"""

import sys
import time
from collections import Counter

import websocket_driver as websocket
from websocket_driver.node import http, net, run

port = int(sys.argv[1]) if len(sys.argv) > 1 else 4180

MOST_CONNECTIONS = 3
MESSAGES_PER_SECOND = 5
MOST_AT_ONCE = 10
MOST_BYTES = 1000

connections: Counter[str] = Counter()


class Allowance:
    """A token bucket: it fills at a constant rate, and each message takes one token."""

    def __init__(self) -> None:
        self.left = float(MOST_AT_ONCE)
        self.since = time.monotonic()

    def take(self) -> bool:
        now = time.monotonic()
        self.left += (now - self.since) * MESSAGES_PER_SECOND
        self.left = min(self.left, MOST_AT_ONCE)
        self.since = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


def on_upgrade(request: http.IncomingMessage, socket: net.Socket, head: bytes) -> None:
    socket.on("error", lambda error: None)
    user = socket.remote_address or ""
    if connections[user] >= MOST_CONNECTIONS:
        socket.write(
            "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 10\r\n"
            "Connection: close\r\nContent-Length: 0\r\n\r\n"
        )
        # Not end(), which waits until the peer closes its side too.
        socket.destroy_soon()
        return

    connections[user] += 1
    socket.on("close", lambda: leave(user))

    # A longer message closes the connection with 1009 as soon as its length is known.
    driver = websocket.http(request, max_length=MOST_BYTES)
    allowance = Allowance()

    def on_message(event: websocket.MessageEvent) -> None:
        if allowance.take():
            driver.frame(event.data)
        else:
            driver.close("Too many messages", 1008)

    driver.on("message", on_message)
    driver.messages.on("end", lambda: socket.end())
    socket.pipe(driver.io).pipe(socket)
    driver.io.write(head)
    driver.start()


def leave(user: str) -> None:
    connections[user] -= 1
    if not connections[user]:
        del connections[user]


server = http.create_server()
server.on("upgrade", on_upgrade)
server.listen(port, "127.0.0.1")
print(f"ws://127.0.0.1:{port}", flush=True)
run(on_interrupt=lambda: sys.exit(130))
