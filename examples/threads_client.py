"""A client on a blocking socket: sends messages one by one, prints the replies, and closes.

python examples/threads_client.py ws://127.0.0.1:4180/ [message ...]

The thread that reads the socket also calls the driver. It can be any thread.
"""

import socket
import ssl
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import websocket_driver as websocket


def main(url: str, messages: Iterator[str]) -> None:
    address, secure = urlsplit(url), url.startswith("wss:")
    sock = socket.create_connection((address.hostname, address.port or (443 if secure else 80)))
    if secure:
        sock = ssl.create_default_context().wrap_socket(sock, server_hostname=address.hostname)

    driver = websocket.client(url)

    def send_next(_: object) -> None:
        message = next(messages, None)
        driver.close() if message is None else driver.text(message)

    driver.on("open", send_next)
    driver.on("error", lambda error: sys.exit(error.message))
    driver.messages.on("data", print)
    driver.messages.on("data", send_next)
    driver.io.on("data", sock.sendall)
    driver.start()

    with sock:
        while driver.get_state() != "closed" and (chunk := sock.recv(65536)):
            driver.io.write(chunk)
    driver.io.end()

    if driver.get_state() != "closed":
        sys.exit("The connection is lost")


try:
    main(sys.argv[1], iter(sys.argv[2:] or ["Hello"]))
except OSError as error:
    sys.exit(f"{sys.argv[1]}: {error}")
except KeyboardInterrupt:
    sys.exit(130)
