"""A chat on several machines: a message to one server is sent to the clients of all servers.

python examples/recipes/redis_broadcast.py [port] [redis://host:port]

Each server publishes the messages of its clients to a channel in Redis, and sends all messages from
that channel to its clients, including its own. It needs the package `redis`.
"""

import asyncio
import sys

import redis.asyncio as redis

import websocket_driver as websocket
from websocket_driver.node import http, net

port = int(sys.argv[1]) if len(sys.argv) > 1 else 4180
url = sys.argv[2] if len(sys.argv) > 2 else "redis://127.0.0.1:6379"

CHANNEL = "chat"
SLOW = 1024 * 1024

clients: dict[websocket.Base, net.Socket] = {}
store = redis.from_url(url)


def on_upgrade(request: http.IncomingMessage, socket: net.Socket, head: bytes) -> None:
    driver = websocket.http(request)

    async def on_message(event: websocket.MessageEvent) -> None:
        await store.publish(CHANNEL, event.data)

    driver.on("open", lambda: clients.update({driver: socket}))
    driver.on("message", on_message)
    driver.messages.on("end", lambda: socket.end())
    socket.on("close", lambda: clients.pop(driver, None))
    socket.on("error", lambda error: None)
    socket.pipe(driver.io).pipe(socket)
    driver.io.write(head)
    driver.start()


def send_to_all(text: str) -> None:
    for driver, socket in list(clients.items()):
        if socket.writable_length > SLOW:
            socket.destroy()
        else:
            driver.text(text)


async def main() -> None:
    async with store, store.pubsub() as channel:
        await channel.subscribe(CHANNEL)

        server = http.create_server()
        server.on("upgrade", on_upgrade)
        server.listen(port, "127.0.0.1")
        print(f"ws://127.0.0.1:{port}", flush=True)

        # Raises when Redis is gone, so that the server is restarted. Otherwise its clients would
        # get no messages, and no error.
        async for message in channel.listen():
            if message["type"] == "message":
                send_to_all(message["data"].decode())


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        sys.exit(130)
