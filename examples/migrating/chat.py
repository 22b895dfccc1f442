"""A chat: an http server with `upgrade` and broadcast.

python examples/migrating/chat.py [port]
"""

import sys

import websocket_driver as websocket
from websocket_driver.node import http, run

clients: set[websocket.Base] = set()


def on_request(request, response):
    response.writeHead(200, {"Content-Type": "text/plain"})
    response.end(f"{len(clients)} in the room\n")


server = http.createServer(on_request)


@server.on("upgrade")
def on_upgrade(request, socket, head):
    if not websocket.isWebSocket(request) or request.url != "/chat":
        socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n")
        return

    driver = websocket.http(request, {"maxLength": 65536, "protocols": ["chat"]})

    def leave():
        clients.discard(driver)
        socket.end()

    @driver.on("open")
    def on_open():
        clients.add(driver)

    @driver.on("message")
    def on_message(event):
        for client in clients:
            client.text(event.data)

    @driver.on("close")
    def on_close(event):
        print("left", event.code, event.reason, flush=True)
        clients.discard(driver)
        socket.destroy()

    socket.on("error", lambda error: None)
    socket.on("end", leave)
    socket.on("close", leave)

    socket.pipe(driver.io).pipe(socket)
    driver.io.write(head)
    driver.start()


port = int(sys.argv[1]) if len(sys.argv) > 1 else 4180
server.listen(
    port, "127.0.0.1", lambda: print(f"http://127.0.0.1:{server.address().port}", flush=True)
)

run()
