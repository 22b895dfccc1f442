"""A client on Trio: sends messages one by one, prints the replies, and closes.

python examples/trio_client.py ws://127.0.0.1:4180/ [message ...]
"""

import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import trio

import websocket_driver as websocket


async def main(url: str, messages: Iterator[str]) -> None:
    address, secure = urlsplit(url), url.startswith("wss:")
    connect = trio.open_ssl_over_tcp_stream if secure else trio.open_tcp_stream
    stream = await connect(address.hostname or "", address.port or (443 if secure else 80))

    driver = websocket.client(url)
    outgoing = bytearray()

    def send_next(_: object) -> None:
        message = next(messages, None)
        driver.close() if message is None else driver.text(message)

    driver.on("open", send_next)
    driver.on("error", lambda error: sys.exit(error.message))
    driver.messages.on("data", print)
    driver.messages.on("data", send_next)
    driver.io.on("data", outgoing.extend)
    driver.start()

    async with stream:
        await stream.send_all(outgoing)
        while driver.get_state() != "closed" and (chunk := await stream.receive_some()):
            outgoing.clear()
            driver.io.write(chunk)
            await stream.send_all(outgoing)
    driver.io.end()

    if driver.get_state() != "closed":
        sys.exit("The connection is lost")


try:
    trio.run(main, sys.argv[1], iter(sys.argv[2:] or ["Hello"]))
except (OSError, trio.BrokenResourceError) as error:
    sys.exit(f"{sys.argv[1]}: {error}")
except KeyboardInterrupt:
    sys.exit(130)
