"""An echo server on non-blocking sockets and the standard library's `selectors`.

    python examples/selectors_server.py [port]

The driver is paused while anything waits to be sent; while `io.write` says so, nothing is read.
"""

import selectors
import socket
import sys
from contextlib import suppress
from selectors import EVENT_READ, EVENT_WRITE

import websocket_driver as websocket


class Connection:
    def __init__(self, selector, sock):
        self.selector, self.sock = selector, sock
        self.outgoing = bytearray()
        self.reading = True
        self.driver = driver = websocket.server()

        driver.on("connect", lambda event: driver.start())  # answers 400 if it is no WebSocket
        driver.io.on("data", self.send)
        driver.io.on("drain", self.resume_reading)
        driver.messages.pipe(driver.messages)

        sock.setblocking(False)
        selector.register(sock, EVENT_READ, self.handle)

    def send(self, chunk):
        self.outgoing += chunk
        self.driver.io.pause()

    def resume_reading(self):
        self.reading = True

    def handle(self, events):
        try:
            if events & EVENT_READ:
                chunk = self.sock.recv(65536)
                if not chunk:
                    return self.close()
                self.reading = self.driver.io.write(chunk)
            if self.outgoing:
                with suppress(BlockingIOError):
                    del self.outgoing[: self.sock.send(self.outgoing)]
        except ConnectionError:
            return self.close()

        if not self.outgoing:
            if self.driver.get_state() == "closed":
                return self.close()
            self.driver.io.resume()
        wanted = EVENT_READ * self.reading | EVENT_WRITE * bool(self.outgoing)
        self.selector.modify(self.sock, wanted, self.handle)

    def close(self):
        self.driver.io.end()
        self.selector.unregister(self.sock)
        self.sock.close()


def serve(port):
    selector = selectors.DefaultSelector()
    server = socket.create_server(("127.0.0.1", port))
    selector.register(server, EVENT_READ, lambda _: Connection(selector, server.accept()[0]))
    print("Listening on ws://{}:{}".format(*server.getsockname()), flush=True)

    while True:
        for key, events in selector.select():
            key.data(events)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        serve(int(sys.argv[1]) if len(sys.argv) > 1 else 4180)
