"""An echo server on gevent's sockets, with a greenlet for each connection.

python examples/gevent_server.py [port]

Blocking provides the flow control, as with threads: a greenlet that waits in `sendall` reads
nothing. If several greenlets send, they need a lock, since other greenlets run during `sendall`.
"""

import signal
import sys
from contextlib import suppress

import gevent
from gevent.server import StreamServer
from gevent.socket import socket

import websocket_driver as websocket


def echo(sock: socket, address: object) -> None:
    driver = websocket.server()

    driver.on("connect", lambda event: driver.start())  # sends 400 for other requests
    driver.io.on("data", sock.sendall)
    driver.messages.pipe(driver.messages)

    with suppress(ConnectionError):
        while driver.get_state() != "closed" and (chunk := sock.recv(65536)):
            driver.io.write(chunk)
    driver.io.end()


server = StreamServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 4180), echo)
server.start()

gevent.signal_handler(signal.SIGINT, server.stop)
print(f"ws://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
