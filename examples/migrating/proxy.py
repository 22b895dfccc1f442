"""A proxy from WebSocket to TCP."""

import sys

import websocket_driver as websocket
from websocket_driver import CloseEvent
from websocket_driver.node import net, run
from websocket_driver.node.errors import NodeError

target = int(sys.argv[2])


def on_connection(socket: net.Socket) -> None:
    driver = websocket.server({"protocols": ["binary"]})
    backend: net.Socket | None = None

    @driver.on("connect")
    def on_connect() -> None:
        nonlocal backend
        if not websocket.isWebSocket(driver):
            socket.end("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n")
            return

        backend = tcp = net.connect(target, "127.0.0.1")

        @tcp.on("connect")
        def on_backend() -> None:
            driver.start()
            driver.messages.pipe(tcp)
            tcp.pipe(driver.messages)

        @tcp.on("error")
        def on_error(error: NodeError) -> None:
            print("backend", error.code, flush=True)
            socket.destroy()

    @driver.on("close")
    def on_close(event: CloseEvent) -> None:
        print("closed", event.code, flush=True)
        socket.end()

    socket.on("error", lambda error: None)
    socket.on("close", lambda: backend and backend.destroy())

    socket.pipe(driver.io).pipe(socket)


server = net.createServer(on_connection)


def on_listening() -> None:
    address = server.address()
    assert isinstance(address, net.Address)
    print(f"ws://127.0.0.1:{address.port}", flush=True)


server.listen(int(sys.argv[1]), "127.0.0.1", on_listening)

run()
