"""A server that accepts connections from its own sites only, and answers others with 403.

python examples/origin_check.py [port [origin ...]]

A browser lets any page open a WebSocket to any server, and sends the cookies. The Origin header
names the site of the page. Compare whole origins, including scheme and port.
"""

import sys

import websocket_driver as websocket
from websocket_driver.node import net, run

port = int(sys.argv[1]) if len(sys.argv) > 1 else 4180
origins = frozenset(sys.argv[2:] or ["https://www.example.com", "https://chat.example.com"])


def refuse(connection: net.Socket, status: str) -> None:
    connection.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    # Not end(), which waits until the peer closes its side too.
    connection.destroy_soon()


def on_connection(connection: net.Socket) -> None:
    driver = websocket.server()

    @driver.on("connect")
    def on_connect() -> None:
        origin = driver.headers.get("origin") if driver.headers else None
        if not websocket.is_websocket(driver):
            refuse(connection, "404 Not Found")
        elif origin not in origins:
            refuse(connection, "403 Forbidden")
        else:
            driver.start()

    driver.on("close", lambda: connection.end())
    connection.on("error", lambda error: None)

    connection.pipe(driver.io).pipe(connection)

    driver.messages.pipe(driver.messages)


server = net.create_server(on_connection)

server.listen(port, "127.0.0.1", lambda: print(f"ws://127.0.0.1:{port}", flush=True))
run(on_interrupt=server.close)
