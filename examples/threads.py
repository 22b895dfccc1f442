"""An echo server on blocking sockets, with a thread for each connection.

python examples/threads.py [port]

Blocking provides the flow control: nothing is read while `sendall` waits for a slow peer, or while
a listener runs. Only one thread may use a driver at a time. If other threads send too, use a lock.
"""

import socketserver
import sys
from contextlib import suppress

import websocket_driver as websocket


class Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        driver = websocket.server()

        driver.on("connect", lambda event: driver.start())  # sends 400 for other requests
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
