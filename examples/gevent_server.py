"""An echo server on gevent's sockets, with a greenlet for each connection.

    python examples/gevent_server.py [port]

Flow control comes with blocking, as it does with threads: a greenlet that waits in `sendall` reads
nothing. If other greenlets are to send too, they need a lock: `sendall` is not done in one go.
"""

import signal
import sys
from contextlib import suppress

import gevent
from gevent.server import StreamServer

import websocket_driver as websocket


def echo(sock, address):
    driver = websocket.server()

    driver.on("connect", lambda event: driver.start())  # answers 400 if it is no WebSocket
    driver.io.on("data", sock.sendall)
    driver.messages.pipe(driver.messages)

    with suppress(ConnectionError):
        while driver.get_state() != "closed" and (chunk := sock.recv(65536)):
            driver.io.write(chunk)
    driver.io.end()


if __name__ == "__main__":
    server = StreamServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 4180), echo)
    server.start()
    gevent.signal_handler(signal.SIGINT, server.stop)

    print(f"Listening on ws://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
