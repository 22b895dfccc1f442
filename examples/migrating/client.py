"""A client over TLS that sends pings and connects again when the connection is lost."""

import sys

import websocket_driver as websocket
from websocket_driver import CloseEvent, MessageEvent, ProtocolError
from websocket_driver.node import run, timers, tls
from websocket_driver.node.errors import NodeError

port = int(sys.argv[1])
ca = sys.argv[2]
HEARTBEAT = 500
RECONNECT = 100

finished = False


def connect() -> None:
    socket = tls.connect({"port": port, "host": "localhost", "servername": "localhost", "ca": ca})
    driver = websocket.client(f"wss://localhost:{port}/feed")
    heartbeat = None
    alive = True

    def beat() -> None:
        nonlocal alive
        if not alive:
            socket.destroy()
            return
        alive = False
        driver.ping("beat", on_pong)

    def on_pong() -> None:
        nonlocal alive
        alive = True

    @driver.on("open")
    def on_open() -> None:
        nonlocal heartbeat
        print("open", flush=True)
        heartbeat = timers.setInterval(beat, HEARTBEAT)

    @driver.on("message")
    def on_message(event: MessageEvent) -> None:
        global finished
        print("message", event.data, flush=True)
        if event.data == "stop":
            finished = True
            driver.close()

    @driver.on("close")
    def on_close(event: CloseEvent) -> None:
        print("closed", event.code, flush=True)
        socket.end()

    @driver.on("error")
    def on_error(error: ProtocolError) -> None:
        print("error", error.message, flush=True)

    @socket.on("error")
    def on_socket_error(error: NodeError) -> None:
        print("lost", error.code, flush=True)

    @socket.on("close")
    def on_socket_close() -> None:
        timers.clearInterval(heartbeat)
        if not finished:
            timers.setTimeout(connect, RECONNECT)

    socket.on("secureConnect", lambda: driver.start())
    socket.pipe(driver.io).pipe(socket)


connect()

run()
