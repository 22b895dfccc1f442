"""The echo server of `make echo`, for any WebSocket client and for a browser.

python examples/echo_server.py [port]
"""

import sys
from importlib import resources

import websocket_driver as websocket
from websocket_driver import net, permessage_deflate

PAGE = (resources.files("websocket_driver.cli") / "echo.html").read_bytes()
HEAD = "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n"

drivers = set()


def on_connection(connection):
    driver = websocket.server()
    driver.add_extension(permessage_deflate)

    @driver.on("connect")
    def on_connect(event):
        if websocket.is_websocket(driver):
            drivers.add(driver)
            driver.start()
        elif driver.method == "GET" and driver.url.partition("?")[0] == "/":
            respond("200 OK", "text/html; charset=utf-8", PAGE)
        else:
            respond("404 Not Found", "text/plain", b"There is only / here.\n")

    def respond(status, type, body):
        connection.end(HEAD.format(status, type, len(body)).encode() + body)

    driver.on("close", lambda event: connection.end())
    connection.on("close", lambda had_error: drivers.discard(driver))
    connection.on("error", lambda error: None)

    connection.pipe(driver.io).pipe(connection)

    driver.messages.pipe(driver.messages)


def close_all():
    server.close()
    for driver in drivers:
        driver.close("The server is going away", 1001)


server = net.create_server(on_connection)


@server.on("listening")
def on_listening():
    print(f"Echoing on http://127.0.0.1:{server.address().port}, Ctrl-C to stop", flush=True)


server.on("error", lambda error: sys.exit(f"Cannot listen: {error}"))
server.listen(int(sys.argv[1]) if len(sys.argv) > 1 else 4180, "127.0.0.1")
net.run(on_interrupt=close_all)
