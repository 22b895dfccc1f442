"""A client on asyncio's streams: sends messages one by one, prints the replies, and closes.

python examples/asyncio_client.py ws://127.0.0.1:4180/ [message ...]
"""

import asyncio
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import websocket_driver as websocket


async def main(url: str, messages: Iterator[str]) -> None:
    address, secure = urlsplit(url), url.startswith("wss:")
    port = address.port or (443 if secure else 80)
    reader, writer = await asyncio.open_connection(address.hostname, port, ssl=secure)

    driver = websocket.client(url)

    def send_next(_: object) -> None:
        message = next(messages, None)
        driver.close() if message is None else driver.text(message)

    driver.on("open", send_next)
    driver.on("error", lambda error: sys.exit(error.message))
    driver.messages.on("data", print)
    driver.messages.on("data", send_next)
    driver.io.on("data", writer.write)
    driver.start()

    while driver.get_state() != "closed" and (chunk := await reader.read(65536)):
        driver.io.write(chunk)
        await writer.drain()
    driver.io.end()
    writer.close()

    if driver.get_state() != "closed":
        sys.exit("The connection is lost")


try:
    asyncio.run(main(sys.argv[1], iter(sys.argv[2:] or ["Hello"])))
except OSError as error:
    sys.exit(f"{sys.argv[1]}: {error}")
except KeyboardInterrupt:
    sys.exit(130)
