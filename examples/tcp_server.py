"""Server-side with TCP: an echo server on Node's `net`, which also answers other HTTP requests.

python examples/tcp_server.py [port]
"""

import sys

import websocket_driver as websocket
from websocket_driver.node import net, run

port = int(sys.argv[1]) if len(sys.argv) > 1 else 4180


def on_connection(connection: net.Socket) -> None:
    driver = websocket.server()

    @driver.on("connect")
    def on_connect() -> None:
        if websocket.is_websocket(driver):
            driver.start()
        else:
            # Not end(), which waits until the peer closes its side too.
            connection.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            connection.destroy_soon()

    driver.on("close", lambda: connection.end())
    connection.on("error", lambda error: None)

    connection.pipe(driver.io).pipe(connection)

    driver.messages.pipe(driver.messages)


server = net.create_server(on_connection)

server.listen(port, "127.0.0.1", lambda: print(f"ws://127.0.0.1:{port}", flush=True))
run(on_interrupt=server.close)
