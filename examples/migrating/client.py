"""A TLS client with a heartbeat, which connects again.

python examples/migrating/client.py PORT CA
"""

import sys

import websocket_driver as websocket
from websocket_driver.node import run, timers, tls

port = int(sys.argv[1])
ca = sys.argv[2]
HEARTBEAT = 500
RECONNECT = 100

finished = False


def connect():
    socket = tls.connect({"port": port, "host": "localhost", "servername": "localhost", "ca": ca})
    driver = websocket.client(f"wss://localhost:{port}/feed")
    heartbeat = None
    alive = True

    def beat():
        nonlocal alive
        if not alive:
            socket.destroy()
            return
        alive = False
        driver.ping("beat", on_pong)

    def on_pong():
        nonlocal alive
        alive = True

    @driver.on("open")
    def on_open():
        nonlocal heartbeat
        print("open", flush=True)
        heartbeat = timers.setInterval(beat, HEARTBEAT)

    @driver.on("message")
    def on_message(event):
        global finished
        print("message", event.data, flush=True)
        if event.data == "stop":
            finished = True
            driver.close()

    @driver.on("close")
    def on_close(event):
        print("closed", event.code, flush=True)
        socket.end()

    @driver.on("error")
    def on_error(error):
        print("error", error.message, flush=True)

    @socket.on("error")
    def on_socket_error(error):
        print("lost", error.code, flush=True)

    @socket.on("close")
    def on_socket_close():
        timers.clearInterval(heartbeat)
        if not finished:
            timers.setTimeout(connect, RECONNECT)

    socket.on("secureConnect", lambda: driver.start())
    socket.pipe(driver.io).pipe(socket)


connect()

run()
