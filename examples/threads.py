"""An echo server on blocking sockets, with a thread for each connection.

python examples/threads.py [port]

Blocking is the flow control: while `sendall` waits for a slow peer, or a listener is at work on a
message, nothing is read. A driver is for one thread at a time: if others are to send as well, give
them a lock.
"""

import socketserver
import sys
from contextlib import suppress

import websocket_driver as websocket


class Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        driver = websocket.server()

        driver.on("connect", lambda event: driver.start())  # sends 400 if it is no WebSocket
        driver.io.on("data", self.request.sendall)
        driver.messages.pipe(driver.messages)

        with suppress(ConnectionError):
            while driver.get_state() != "closed" and (chunk := self.request.recv(65536)):
                driver.io.write(chunk)
        driver.io.end()


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


port = int(sys.argv[1]) if len(sys.argv) > 1 else 4180

with Server(("127.0.0.1", port), Echo) as server, suppress(KeyboardInterrupt):
    print("ws://{}:{}".format(*server.server_address), flush=True)
    server.serve_forever()
