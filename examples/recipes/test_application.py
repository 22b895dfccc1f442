"""Tests of an application without a network: a server and a client driver, connected in memory.

python -m pytest examples/recipes/test_application.py

The tests need no port and no waiting: when a call returns, the other driver has parsed the output.
"""

import websocket_driver as websocket


def application(driver: websocket.Base) -> None:
    """The application under test: it replies in capitals, and closes the connection on "bye"."""

    def on_message(event: websocket.MessageEvent) -> None:
        if event.data == "bye":
            driver.close("See you", 1000)
        elif isinstance(event.data, str):
            driver.text(event.data.upper())
        else:
            driver.close("Text only", 1003)

    driver.on("message", on_message)


class Client:
    """A client that is connected to the application, with all that it has received."""

    def __init__(self, path: str = "/") -> None:
        self.received: list[str | bytes] = []
        self.closed: list[tuple[int | None, str | None]] = []

        server = websocket.server()
        self.driver = client = websocket.client(f"ws://localhost{path}")
        server.io.pipe(client.io)
        client.io.pipe(server.io)

        server.on("connect", lambda: server.start())
        application(server)

        client.on("message", lambda event: self.received.append(event.data))
        client.on("close", lambda event: self.closed.append((event.code, event.reason)))
        client.start()


def test_it_shouts_back() -> None:
    client = Client()
    assert client.driver.get_state() == "open"
    client.driver.text("hello")
    assert client.received == ["HELLO"]


def test_it_says_goodbye() -> None:
    client = Client()
    client.driver.text("bye")
    assert client.closed == [(1000, "See you")]


def test_it_takes_no_binary() -> None:
    client = Client()
    client.driver.binary(b"\x00")
    assert client.closed == [(1003, "Text only")]
    assert client.received == []
