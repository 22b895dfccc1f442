"""Server-side with TCP: an echo server on `net`, which also tells other HTTP requests apart.

python examples/tcp_server.py [port]
"""

import sys

import websocket_driver as websocket
from websocket_driver import net


def on_connection(connection):
    driver = websocket.server()

    @driver.on("connect")
    def on_connect(event):
        if websocket.is_websocket(driver):
            driver.start()
        else:
            connection.end(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    driver.on("close", lambda event: connection.end())
    connection.on("error", lambda error: None)

    connection.pipe(driver.io).pipe(connection)

    driver.messages.pipe(driver.messages)


server = net.create_server(on_connection)


@server.on("listening")
def on_listening():
    print(f"ws://127.0.0.1:{server.address().port}", flush=True)


server.listen(int(sys.argv[1]) if len(sys.argv) > 1 else 4180, "127.0.0.1")
net.run(on_interrupt=server.close)
