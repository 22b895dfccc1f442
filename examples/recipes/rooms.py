"""A server with rooms: clients that connect to /kitchen get the messages sent to the kitchen.

python examples/recipes/rooms.py [port]
"""

import sys
from urllib.parse import unquote, urlsplit

import websocket_driver as websocket
from websocket_driver.node import http, net, run

port = int(sys.argv[1]) if len(sys.argv) > 1 else 4180

rooms: dict[str, set[websocket.Base]] = {}


def join(room: str, driver: websocket.Base) -> None:
    rooms.setdefault(room, set()).add(driver)


def leave(room: str, driver: websocket.Base) -> None:
    rooms[room].discard(driver)
    if not rooms[room]:
        del rooms[room]  # otherwise empty rooms could fill the memory


def say(room: str, text: str) -> None:
    for driver in list(rooms.get(room, ())):  # a copy, because sending may end a connection
        driver.text(text)


def on_upgrade(request: http.IncomingMessage, socket: net.Socket, head: bytes) -> None:
    room = unquote(urlsplit(request.url).path.strip("/")) or "lobby"
    driver = websocket.http(request)

    def on_message(event: websocket.MessageEvent) -> None:
        if event.data == "who":
            driver.text(f"{len(rooms[room])} in {room}, {len(rooms)} rooms")
        elif isinstance(event.data, str):
            say(room, event.data)

    def on_end() -> None:
        # `end` is emitted once, after a closing handshake or a lost connection.
        leave(room, driver)

    driver.on("open", lambda: join(room, driver))
    driver.on("message", on_message)
    driver.on("open", lambda: driver.messages.on("end", on_end))
    driver.messages.on("end", lambda: socket.end())
    socket.on("error", lambda error: None)

    socket.pipe(driver.io).pipe(socket)
    driver.io.write(head)
    driver.start()


server = http.create_server()
server.on("upgrade", on_upgrade)
server.listen(port, "127.0.0.1")
print(f"ws://127.0.0.1:{port}", flush=True)
run(on_interrupt=lambda: sys.exit(130))
