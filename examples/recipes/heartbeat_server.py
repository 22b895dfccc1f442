"""A server that sends pings, and drops clients that do not answer.

python examples/recipes/heartbeat_server.py [port] [seconds between pings]
"""

import sys

import websocket_driver as websocket
from websocket_driver.node import http, net, run, timers

port = int(sys.argv[1]) if len(sys.argv) > 1 else 4180
interval = float(sys.argv[2]) if len(sys.argv) > 2 else 30.0


class Heartbeat:
    """Pings a peer, and destroys the socket if a ping is not answered before the next is due."""

    def __init__(self, driver: websocket.Base, socket: net.Socket) -> None:
        self.driver = driver
        self.socket = socket
        self.answered = True
        driver.on("open", self.start)

    def start(self) -> None:
        timer = timers.set_interval(self.beat, interval * 1000)
        self.socket.on("close", lambda: timers.clear_interval(timer))

    def beat(self) -> None:
        if self.answered:
            self.answered = False
            self.driver.ping("", self.on_pong)
        else:
            # No close frame, since the peer would not read it.
            print("No answer, dropped", flush=True)
            self.socket.destroy()

    def on_pong(self) -> None:
        self.answered = True


def on_upgrade(request: http.IncomingMessage, socket: net.Socket, head: bytes) -> None:
    driver = websocket.http(request)
    Heartbeat(driver, socket)
    driver.messages.pipe(driver.messages)
    driver.messages.on("end", lambda: socket.end())

    socket.pipe(driver.io).pipe(socket)
    socket.on("error", lambda error: None)
    driver.io.write(head)
    driver.start()


server = http.create_server()
server.on("upgrade", on_upgrade)
server.listen(port, "127.0.0.1")
print(f"ws://127.0.0.1:{port}", flush=True)
run(on_interrupt=server.close)
