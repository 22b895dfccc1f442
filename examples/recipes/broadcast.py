"""A server that sends the time to all clients, and is not held up by slow ones.

python examples/recipes/broadcast.py [port] [seconds between messages] [bytes to add]

Data that a slow client does not read is buffered in the server. If too much is buffered for a
client, messages to it are skipped, and if too many in a row are skipped, it is dropped.
"""

import sys
import time

import websocket_driver as websocket
from websocket_driver.node import http, net, run, timers

port = int(sys.argv[1]) if len(sys.argv) > 1 else 4180
interval = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
padding = "x" * int(sys.argv[3]) if len(sys.argv) > 3 else ""

MOST_WAITING = 64 * 1024  # bytes
MOST_MISSED = 20  # messages in a row


class Client:
    def __init__(self, driver: websocket.Base, socket: net.Socket) -> None:
        self.driver = driver
        self.socket = socket
        self.missed = 0

    def send(self, message: str) -> None:
        if self.socket.writable_length <= MOST_WAITING:
            self.missed = 0
            self.driver.text(message)
        elif self.missed < MOST_MISSED:
            self.missed += 1
        else:
            # No close frame, which would be queued after all the messages.
            print(f"Dropped with {self.socket.writable_length} bytes waiting", flush=True)
            self.socket.destroy()


clients: set[Client] = set()


def broadcast(message: str) -> None:
    for client in list(clients):  # a copy, because sending may end a connection
        client.send(message)


def on_upgrade(request: http.IncomingMessage, socket: net.Socket, head: bytes) -> None:
    driver = websocket.http(request)
    client = Client(driver, socket)
    driver.on("open", lambda: clients.add(client))
    driver.messages.on("end", lambda: socket.end())
    # The socket always emits `close`, the driver only after a closing handshake.
    socket.on("close", lambda: clients.discard(client))
    socket.on("error", lambda error: None)

    socket.pipe(driver.io).pipe(socket)
    driver.io.write(head)
    driver.start()


server = http.create_server()
server.on("upgrade", on_upgrade)
server.listen(port, "127.0.0.1")
print(f"ws://127.0.0.1:{port}", flush=True)

timers.set_interval(lambda: broadcast(f"{time.time():.3f}{padding}"), interval * 1000)
run(on_interrupt=lambda: sys.exit(130))
