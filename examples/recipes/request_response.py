"""Requests and responses over one WebSocket, in both directions and in any order.

python examples/recipes/request_response.py serve [port]
python examples/recipes/request_response.py call [url]

Each request contains a number, and its response the same number.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import websocket_driver as websocket
from websocket_driver.node import events, http, net, run


class Calls:
    """The requests that wait for a response on one driver."""

    def __init__(self, driver: websocket.Base, timeout: float = 10.0) -> None:
        self.driver = driver
        self.timeout = timeout
        self.waiting: dict[int, asyncio.Future[object]] = {}
        self.last = 0
        driver.on("message", self.on_message)
        driver.messages.on("end", self.on_end)

    async def call(self, method: str, *params: object) -> object:
        """The result; raises `TimeoutError`, `ConnectionError`, or `RuntimeError` for an error."""
        self.last = number = self.last + 1
        self.waiting[number] = asyncio.get_running_loop().create_future()
        try:
            request = {"id": number, "method": method, "params": params}
            if not self.driver.text(json.dumps(request)):
                raise ConnectionError("the connection is closed")
            return await asyncio.wait_for(self.waiting[number], self.timeout)
        finally:
            del self.waiting[number]

    def on_message(self, event: websocket.MessageEvent) -> None:
        response = json.loads(event.data)
        future = self.waiting.get(response["id"])  # missing if the response is too late
        if future is None or future.done():
            return
        if "error" in response:
            future.set_exception(RuntimeError(response["error"]))
        else:
            future.set_result(response["result"])

    def on_end(self) -> None:
        for future in self.waiting.values():
            if not future.done():
                future.set_exception(ConnectionError("the connection is lost"))


async def add(*numbers: float) -> float:
    return sum(numbers)


async def sleep(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return f"slept {seconds} s"


METHODS: dict[str, Callable[..., Awaitable[object]]] = {"add": add, "sleep": sleep}


def on_upgrade(request: http.IncomingMessage, socket: net.Socket, head: bytes) -> None:
    driver = websocket.http(request)

    async def on_message(event: websocket.MessageEvent) -> None:
        # A coroutine listener runs as a task, so that a slow request does not delay others.
        answer: dict[str, object] = {"id": None}
        try:
            call = json.loads(event.data)
            answer["id"] = call["id"]
            answer["result"] = await METHODS[call["method"]](*call["params"])
        except (KeyError, TypeError, ValueError) as error:
            answer["error"] = f"{type(error).__name__}: {error}"
        driver.text(json.dumps(answer))

    driver.on("message", on_message)
    driver.messages.on("end", lambda: socket.end())
    socket.on("error", lambda error: None)
    socket.pipe(driver.io).pipe(socket)
    driver.io.write(head)
    driver.start()


def serve(port: int) -> None:
    server = http.create_server()
    server.on("upgrade", on_upgrade)
    server.listen(port, "127.0.0.1")
    print(f"ws://127.0.0.1:{port}", flush=True)
    run(on_interrupt=lambda: sys.exit(130))


async def call(url: str) -> None:
    parts = urlsplit(url)
    driver = websocket.client(url)
    socket = net.connect(parts.port or 80, parts.hostname or "")
    socket.pipe(driver.io).pipe(socket)
    driver.on("close", lambda: socket.end())
    await events.once(socket, "connect")  # raises if it cannot connect
    driver.start()
    await events.once(driver, "open")  # raises if the server refuses the handshake

    calls = Calls(driver)
    slow, fast = calls.call("sleep", 0.2), calls.call("add", 1, 2, 3)
    print(await asyncio.gather(slow, fast))
    try:
        await calls.call("add", "1", 2)
    except RuntimeError as error:
        print(error)
    driver.close()
    await events.once(socket, "close")


if __name__ == "__main__":
    if sys.argv[1:2] == ["call"]:
        asyncio.run(call(sys.argv[2] if len(sys.argv) > 2 else "ws://127.0.0.1:4180/"))
    else:
        serve(int(sys.argv[2]) if len(sys.argv) > 2 else 4180)
