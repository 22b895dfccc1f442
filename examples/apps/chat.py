"""A chat with rooms in the browser, with a list of the members.

python examples/apps/chat.py [port]

The path of the URL is the room. Messages are JSON, one object each:

    client: {"say": TEXT}
    server: {"people": [NAME, ...]}, {"name": NAME, "said": TEXT}
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import websocket_driver as websocket
from websocket_driver import permessage_deflate
from websocket_driver.node import http, net, run, timers

PAGE = Path(__file__).with_suffix(".html").read_bytes()

MAX_NAME = 30
MAX_MESSAGE = 4096
# A member with so many waiting bytes has stopped reading.
MAX_UNSENT = 1 << 20
HEARTBEAT = 20_000  # ms

port = int(sys.argv[1]) if len(sys.argv) > 1 else 4180
rooms: dict[str, set[Member]] = {}


class Member:
    """A member of a room."""

    def __init__(self, name: str, driver: websocket.Base, socket: net.Socket) -> None:
        self.name = name
        self.driver = driver
        self.socket = socket
        self.is_alive = True

    def tell(self, text: str) -> None:
        if self.socket.writable_length > MAX_UNSENT:
            self.socket.destroy()
        else:
            self.driver.text(text)

    def check(self) -> None:
        """Drops the member if the last ping was not answered."""
        if not self.is_alive:
            self.socket.destroy()
        self.is_alive = False
        self.driver.ping("", self.answered)

    def answered(self) -> None:
        self.is_alive = True


def broadcast(room: str, message: object) -> None:
    text = json.dumps(message)
    for member in [*rooms[room]]:
        member.tell(text)


def people(room: str) -> None:
    broadcast(room, {"people": sorted(member.name for member in rooms[room])})


def on_request(request: http.IncomingMessage, response: http.ServerResponse) -> None:
    response.write_head(200, {"Content-Type": "text/html; charset=utf-8"})
    response.end(PAGE)


def on_upgrade(request: http.IncomingMessage, socket: net.Socket, head: bytes) -> None:
    url = urlsplit(request.url)
    name = parse_qs(url.query).get("name", ["somebody"])[0].strip()[:MAX_NAME] or "somebody"
    room = url.path

    driver = websocket.http(request, max_length=MAX_MESSAGE)
    driver.add_extension(permessage_deflate)
    member = Member(name, driver, socket)

    def on_open() -> None:
        rooms.setdefault(room, set()).add(member)
        people(room)

    def on_data(data: str | bytes) -> None:
        try:
            text = json.loads(data)["say"]
        except (ValueError, TypeError, KeyError):
            driver.close("Messages are objects with `say`", 1008)
        else:
            broadcast(room, {"name": name, "said": str(text)})

    def on_end() -> None:
        timers.clear_interval(heartbeat)
        if member in rooms.get(room, ()):
            rooms[room].discard(member)
            people(room)
            if not rooms[room]:
                del rooms[room]

    driver.on("open", on_open)
    driver.messages.on("data", on_data)
    # However the connection ends.
    driver.messages.on("end", on_end)
    driver.messages.on("end", lambda: socket.destroy_soon())
    socket.on("error", lambda error: None)
    heartbeat = timers.set_interval(member.check, HEARTBEAT)

    driver.io.write(head)
    socket.pipe(driver.io).pipe(socket)
    driver.start()


def close_all() -> None:
    server.close()
    for members in rooms.values():
        for member in members:
            member.driver.close("The server is going away", 1001)


server = http.create_server(on_request)
server.on("upgrade", on_upgrade)
server.on("error", lambda error: sys.exit(f"Cannot listen: {error}"))
server.listen(port, "127.0.0.1", lambda: print(f"http://127.0.0.1:{port}/lobby", flush=True))
run(on_interrupt=close_all)
