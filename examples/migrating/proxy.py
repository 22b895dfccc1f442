"""A bridge from WebSockets to a TCP service.

python examples/migrating/proxy.py PORT TARGET
"""

import sys

import websocket_driver as websocket
from websocket_driver.node import net, run

target = int(sys.argv[2])


def on_connection(socket):
    driver = websocket.server({"protocols": ["binary"]})
    backend = None

    @driver.on("connect")
    def on_connect():
        nonlocal backend
        if not websocket.isWebSocket(driver):
            socket.end("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n")
            return

        def on_backend():
            driver.start()
            driver.messages.pipe(backend)
            backend.pipe(driver.messages)

        backend = net.connect(target, "127.0.0.1", on_backend)

        @backend.on("error")
        def on_error(error):
            print("backend", error.code, flush=True)
            socket.destroy()

    @driver.on("close")
    def on_close(event):
        print("closed", event.code, flush=True)
        socket.end()

    socket.on("error", lambda error: None)
    socket.on("close", lambda: backend and backend.destroy())

    socket.pipe(driver.io).pipe(socket)


server = net.createServer(on_connection)
server.listen(
    int(sys.argv[1]),
    "127.0.0.1",
    lambda: print(f"ws://127.0.0.1:{server.address().port}", flush=True),
)

run()
