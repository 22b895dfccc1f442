"""A server that shuts down gracefully. On SIGTERM and Ctrl-C it

1. accepts no more connections,
2. sends a close frame with 1001 to every client,
3. waits for their close frames, and
4. drops those that have not answered within the deadline.

python examples/recipes/graceful_shutdown.py [port] [seconds until the deadline]
"""

import asyncio
import signal
import sys

import websocket_driver as websocket
from websocket_driver.node import events, http, net, timers

port = int(sys.argv[1]) if len(sys.argv) > 1 else 4180
deadline = float(sys.argv[2]) if len(sys.argv) > 2 else 10.0

clients: dict[websocket.Base, net.Socket] = {}
server = http.create_server()


def on_upgrade(request: http.IncomingMessage, socket: net.Socket, head: bytes) -> None:
    driver = websocket.http(request)
    clients[driver] = socket
    socket.on("close", lambda: clients.pop(driver, None))
    socket.on("error", lambda error: None)
    driver.messages.on("end", lambda: socket.end())
    driver.messages.pipe(driver.messages)

    socket.pipe(driver.io).pipe(socket)
    driver.io.write(head)
    driver.start()


def shut_down() -> None:
    print(f"Closing {len(clients)} connections", flush=True)
    server.close()
    for driver in list(clients):
        driver.close("The server restarts", 1001)
    timers.set_timeout(drop, deadline * 1000).unref()


def drop() -> None:
    print(f"Dropping {len(clients)} connections", flush=True)
    for socket in list(clients.values()):
        socket.destroy()


async def main() -> None:
    server.on("upgrade", on_upgrade)
    server.listen(port, "127.0.0.1")
    print(f"ws://127.0.0.1:{port}", flush=True)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, shut_down)
    # The server emits `close` when the last connection has ended.
    await events.once(server, "close")
    print("Ended", flush=True)


asyncio.run(main())
