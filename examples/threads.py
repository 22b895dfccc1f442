"""An echo server on blocking sockets, with a thread for each connection.

    python examples/threads.py [port]

Flow control comes with blocking: while `sendall` waits for a slow peer nothing is read from it, and
nothing is read while a listener works on a message. A driver belongs to the thread that made it: if
other threads are to send, give them a lock or a queue, as in threads_client.py.
"""

import socketserver
import sys
from contextlib import suppress

import websocket_driver as websocket


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        driver = websocket.server()

        driver.on("connect", lambda event: driver.start())  # answers 400 if it is no WebSocket
        driver.io.on("data", self.request.sendall)
        driver.messages.pipe(driver.messages)

        with suppress(ConnectionError):
            while driver.get_state() != "closed" and (chunk := self.request.recv(65536)):
                driver.io.write(chunk)
        driver.io.end()


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 4180

    with Server(("127.0.0.1", port), Echo) as server, suppress(KeyboardInterrupt):
        print("Listening on ws://{}:{}".format(*server.server_address), flush=True)
        server.serve_forever()
