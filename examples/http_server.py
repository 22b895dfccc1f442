"""Server-side with HTTP: an echo server on Node's `http`, which also answers other requests.

python examples/http_server.py [port]
"""

import sys

import websocket_driver as websocket
from websocket_driver.node import http, net, run

port = int(sys.argv[1]) if len(sys.argv) > 1 else 4180


def on_request(request: http.IncomingMessage, response: http.ServerResponse) -> None:
    response.write_head(200, {"Content-Type": "text/plain"})
    response.end(f"You asked for {request.url}. Connect with a WebSocket.\n")


server = http.create_server(on_request)


@server.on("upgrade")
def on_upgrade(request: http.IncomingMessage, socket: net.Socket, head: bytes) -> None:
    socket.on("error", lambda error: None)
    if not websocket.is_websocket(request):
        socket.write("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
        # Not end(), which waits until the peer closes its side too.
        socket.destroy_soon()
        return

    driver = websocket.http(request)

    driver.messages.on("data", lambda message: print("Got a message", message, flush=True))
    driver.messages.pipe(driver.messages)

    driver.messages.on("end", lambda: socket.end())

    socket.pipe(driver.io).pipe(socket)
    driver.io.write(head)
    driver.start()


def on_listening() -> None:
    address = server.address()
    assert isinstance(address, net.Address)
    print(f"http://127.0.0.1:{address.port}", flush=True)


server.listen(port, "127.0.0.1", on_listening)
run(on_interrupt=server.close)
