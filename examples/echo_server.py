"""An echo server with a web page to try it in a browser.

python examples/echo_server.py [port]
"""

import sys
from importlib import resources

import websocket_driver as websocket
from websocket_driver import permessage_deflate
from websocket_driver.node import http, net, run

PAGE = (resources.files("websocket_driver.cli") / "echo.html").read_bytes()

port = int(sys.argv[1]) if len(sys.argv) > 1 else 4180
drivers: set[websocket.Base] = set()


def on_request(request: http.IncomingMessage, response: http.ServerResponse) -> None:
    if request.method == "GET" and request.url.partition("?")[0] == "/":
        response.write_head(200, {"Content-Type": "text/html; charset=utf-8"})
        response.end(PAGE)
    else:
        response.write_head(404, {"Content-Type": "text/plain"})
        response.end("There is only / here.\n")


def on_upgrade(request: http.IncomingMessage, socket: net.Socket, head: bytes) -> None:
    driver = websocket.http(request)
    driver.add_extension(permessage_deflate)
    driver.messages.pipe(driver.messages)

    drivers.add(driver)
    driver.messages.on("end", lambda: socket.end())
    socket.on("close", lambda: drivers.discard(driver))
    socket.on("error", lambda error: None)

    socket.pipe(driver.io).pipe(socket)
    driver.io.write(head)
    driver.start()


def close_all() -> None:
    server.close()
    for driver in list(drivers):
        driver.close("The server is going away", 1001)


server = http.create_server(on_request)
server.on("upgrade", on_upgrade)
server.on("error", lambda error: sys.exit(f"Cannot listen: {error}"))
server.listen(
    port,
    "127.0.0.1",
    lambda: print(f"Echoing on http://127.0.0.1:{port}, Ctrl-C to stop", flush=True),
)
run(on_interrupt=close_all)
