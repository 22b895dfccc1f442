"""An echo server on non-blocking sockets and the standard library's `selectors`.

python examples/selectors_server.py [port]

The driver is paused while output waits to be sent. `io.write` then returns `False`, and reading
pauses.
"""

import sys
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector
from socket import create_server, socket

import websocket_driver as websocket


class Connection:
    def __init__(self, sock: socket) -> None:
        self.sock, self.outgoing = sock, bytearray()
        self.driver = driver = websocket.server()

        driver.on("connect", lambda event: driver.start())  # sends 400 for other requests
        driver.io.on("data", self.send)
        driver.io.on("drain", lambda: selector.modify(sock, EVENT_READ, self))
        driver.messages.pipe(driver.messages)

        sock.setblocking(False)
        selector.register(sock, EVENT_READ, self)

    def send(self, chunk: bytes) -> None:
        self.outgoing += chunk
        self.driver.io.pause()

    def read(self) -> None:
        chunk = self.sock.recv(65536)
        if not chunk:
            self.close()
        elif not self.driver.io.write(chunk):
            selector.modify(self.sock, EVENT_WRITE, self)

    def write(self) -> None:
        del self.outgoing[: self.sock.send(self.outgoing)]
        if not self.outgoing and self.driver.get_state() == "closed":
            self.close()
        elif not self.outgoing:
            self.driver.io.resume()

    def close(self) -> None:
        self.driver.io.end()
        selector.unregister(self.sock)
        self.sock.close()


selector = DefaultSelector()
listener = create_server(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 4180))
selector.register(listener, EVENT_READ)
print("ws://{}:{}".format(*listener.getsockname()), flush=True)

try:
    while True:
        for key, events in selector.select():
            if key.fileobj is listener:
                Connection(listener.accept()[0])
                continue
            try:
                key.data.read() if events & EVENT_READ else key.data.write()
            except ConnectionError:
                key.data.close()
except KeyboardInterrupt:
    pass
