"""A server that processes messages in threads, and replies from there.

python examples/recipes/from_a_thread.py [port]

A driver must be used only in the thread of its event loop. `call_soon_threadsafe` is the way to
call it from another thread.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import websocket_driver as websocket
from websocket_driver.node import http, net, run

port = int(sys.argv[1]) if len(sys.argv) > 1 else 4180
pool = ThreadPoolExecutor(4)


def compute(number: int, report: Callable[[str], object]) -> None:
    """Runs in a thread of the pool. `report` may be called from any thread."""
    for step in range(1, number + 1):
        time.sleep(0.01)
        report(f"{step} of {number}")


def on_upgrade(request: http.IncomingMessage, socket: net.Socket, head: bytes) -> None:
    loop = asyncio.get_running_loop()
    driver = websocket.http(request)

    def report(text: str) -> None:
        loop.call_soon_threadsafe(driver.text, text)  # returns `False` once it is closed

    def on_message(event: websocket.MessageEvent) -> None:
        if isinstance(event.data, str) and event.data.isdecimal():
            pool.submit(compute, int(event.data), report)
        else:
            driver.close("A number, please", 1003)

    driver.on("message", on_message)
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
