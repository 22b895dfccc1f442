"""A bridge from WebSockets to a TCP service, with the subprotocol `binary`, as VNC clients use it.

python examples/apps/bridge.py HOST:PORT [port]

Data from the service is sent as binary messages, and binary messages are sent to the service. The
streams are piped, so a slow side slows the other one down.
"""

from __future__ import annotations

import sys
from pathlib import Path

import websocket_driver as websocket
from websocket_driver.node import http, net, run

PAGE = Path(__file__).with_suffix(".html").read_bytes()
PROTOCOL = "binary"
CONNECT_TIMEOUT = 10_000  # ms

host, _, service = sys.argv[1].rpartition(":")
port = int(sys.argv[2]) if len(sys.argv) > 2 else 4180
drivers: set[websocket.Base] = set()


def on_request(request: http.IncomingMessage, response: http.ServerResponse) -> None:
    response.write_head(200, {"Content-Type": "text/html; charset=utf-8"})
    response.end(PAGE)


def on_upgrade(request: http.IncomingMessage, socket: net.Socket, head: bytes) -> None:
    driver = websocket.http(request, protocols=[PROTOCOL])
    drivers.add(driver)

    # Connects before the handshake, which is refused if the service cannot be reached.
    tcp = net.connect(int(service), host.strip("[]"))
    tcp.set_timeout(CONNECT_TIMEOUT, lambda: tcp.destroy())

    def on_connect() -> None:
        tcp.set_timeout(0)
        tcp.pipe(driver.messages, end=False)
        driver.io.write(head)
        socket.pipe(driver.io).pipe(socket)
        driver.start()

    def on_data(data: str | bytes) -> None:
        if isinstance(data, str):
            driver.close("Only binary messages here", 1003)
        elif not tcp.write(data):
            driver.messages.pause()

    def on_open() -> None:
        if driver.protocol != PROTOCOL:
            driver.close(f"The subprotocol is {PROTOCOL}", 1002)

    def on_tcp_close(had_error: bool) -> None:
        if driver.get_state() == "connecting":
            socket.write(b"HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n\r\n")
            socket.destroy_soon()
        else:
            driver.close("", 1011 if had_error else 1000)

    def on_close() -> None:
        tcp.destroy_soon()
        drivers.discard(driver)

    driver.on("open", on_open)
    driver.messages.on("data", on_data)
    driver.messages.on("end", lambda: tcp.end())
    driver.messages.on("end", lambda: socket.destroy_soon())
    tcp.on("connect", on_connect)
    tcp.on("drain", lambda: driver.messages.resume())
    tcp.on("error", lambda error: print(f"{sys.argv[1]}: {error}", flush=True))
    tcp.on("close", on_tcp_close)
    socket.on("error", lambda error: None)
    socket.on("close", on_close)


def close_all() -> None:
    server.close()
    for driver in [*drivers]:
        driver.close("The server is going away", 1001)


server = http.create_server(on_request)
server.on("upgrade", on_upgrade)
server.on("error", lambda error: sys.exit(f"Cannot listen: {error}"))
server.listen(port, "127.0.0.1", lambda: print(f"http://127.0.0.1:{port}/", flush=True))
run(on_interrupt=close_all)
