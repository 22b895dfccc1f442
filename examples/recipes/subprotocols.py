"""A server that supports two versions of a subprotocol, and refuses clients that support neither.

python examples/recipes/subprotocols.py [port]

The client lists the subprotocols that it supports, the preferred one first. The driver selects the
first that the server supports too. `driver.protocol` is set once the handshake has been sent.
"""

import json
import sys

import websocket_driver as websocket
from websocket_driver.node import http, net, run

port = int(sys.argv[1]) if len(sys.argv) > 1 else 4180

SPOKEN = ["notes.v1", "notes.v2"]


def offered_by(request: http.IncomingMessage) -> list[str]:
    header = str(request.headers.get("sec-websocket-protocol", ""))
    return [name.strip() for name in header.split(",")]


def on_upgrade(request: http.IncomingMessage, socket: net.Socket, head: bytes) -> None:
    socket.on("error", lambda error: None)
    if not set(offered_by(request)) & set(SPOKEN):
        # Without this, the connection would be opened without a subprotocol.
        socket.write("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        # Not end(), which waits until the peer closes its side too.
        socket.destroy_soon()
        return

    driver = websocket.http(request, protocols=SPOKEN)

    def on_message(event: websocket.MessageEvent) -> None:
        if driver.protocol == "notes.v2":
            driver.text(json.dumps({"note": event.data}))
        else:
            driver.text(f"note: {event.data!s}")

    driver.on("message", on_message)
    driver.messages.on("end", lambda: socket.end())
    socket.pipe(driver.io).pipe(socket)
    driver.io.write(head)
    driver.start()


server = http.create_server()
server.on("upgrade", on_upgrade)
server.listen(port, "127.0.0.1")
print(f"ws://127.0.0.1:{port}", flush=True)
run(on_interrupt=lambda: sys.exit(130))
