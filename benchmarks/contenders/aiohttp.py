"""aiohttp's reader, compiled, and its writer; its handshake is part of its server and client.

The reader's queue is one that hands each message on at once: going through `queue.read()` would
only add to its time.
"""

from __future__ import annotations

from collections.abc import Coroutine
from importlib import metadata
from typing import Any

from aiohttp._websocket.reader import WebSocketDataQueue
from aiohttp.compression_utils import ZLibCompressor
from aiohttp.http_websocket import WebSocketReader, WebSocketWriter, WSMsgType

from . import Deliver, Feed, Send, Write, ignore

MAX_SIZE = 2**26


def versions() -> dict[str, str]:
    kind = "compiled" if WebSocketReader.__module__.endswith("_c") else "not compiled"
    return {"aiohttp": f"{metadata.version('aiohttp')} ({kind})"}


def reader(deliver: Deliver) -> Feed:
    websocket = WebSocketReader(Queue(deliver), MAX_SIZE, compress=False, decode_text=True)

    def feed(chunks: list[bytes]) -> None:
        for chunk in chunks:
            websocket.feed_data(chunk)

    return feed


# It compresses them in a thread, and needs an event loop for that.
ECHOES_LONG_MESSAGES = False


def echoer(write: Write) -> Feed:
    received: list[str] = []
    websocket = WebSocketReader(Queue(received.append), MAX_SIZE, compress=True, decode_text=True)
    writer = WebSocketWriter(Protocol(), Transport(write), compress=15)  # type: ignore[arg-type]
    # At the level of all the others; its own is the fastest.
    writer._compressobj = ZLibCompressor(level=-1, wbits=-15)

    async def feed(chunks: list[bytes]) -> None:
        for chunk in chunks:
            websocket.feed_data(chunk)
            for message in received:
                await writer.send_frame(message.encode(), WSMsgType.TEXT)
            received.clear()

    return lambda chunks: _run(feed(chunks))


def sender(write: Write, client: bool) -> Send:
    writer = WebSocketWriter(Protocol(), Transport(write), use_mask=client)  # type: ignore[arg-type]

    async def send(messages: list[Any]) -> None:
        for message in messages:
            if type(message) is str:
                await writer.send_frame(message.encode(), WSMsgType.TEXT)
            else:
                await writer.send_frame(message, WSMsgType.BINARY)

    return lambda messages: _run(send(messages))


def opened(request: bytes, deflate: bool) -> Any:
    protocol = Protocol()
    queue = WebSocketDataQueue(protocol, 2**16, loop=None)  # type: ignore[arg-type]
    return (
        WebSocketReader(queue, MAX_SIZE, compress=deflate, decode_text=True),
        WebSocketWriter(protocol, Transport(ignore), compress=15 if deflate else 0),  # type: ignore[arg-type]
    )


class Protocol:
    """The part of aiohttp's protocol that reader and writer look at."""

    __slots__ = ()
    _paused = False
    _reading_paused = False


class Transport:
    """The part of asyncio's transport that the writer looks at."""

    __slots__ = ("write",)

    def __init__(self, write: Write) -> None:
        self.write = write

    def is_closing(self) -> bool:
        return False


class Queue(WebSocketDataQueue):
    """Delivers what it should keep."""

    def __init__(self, deliver: Deliver) -> None:
        super().__init__(Protocol(), MAX_SIZE, loop=None)  # type: ignore[arg-type]
        self.deliver = deliver

    def feed_data(self, data: Any, size: int) -> None:
        self.deliver(data[1])


def _run(coroutine: Coroutine[Any, Any, None]) -> None:
    # Nothing in it waits, so that it needs no event loop.
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise AssertionError("The writer waits for its transport")
