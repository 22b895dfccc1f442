"""Shared by the specs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import pyee
import pytest

EVENTS = ("connect", "open", "message", "ping", "pong", "error", "close")


class Collector:
    """The far end of a wire, to be piped into: it keeps the chunks that are written to it."""

    def __init__(self) -> None:
        self.chunks: list[Any] = []
        self.writable = True

    @property
    def bytes(self) -> bytes:
        """All chunks, joined."""
        return b"".join(self.chunks)

    def write(self, chunk: object) -> bool:
        self.chunks.append(chunk)
        return True

    def clear(self) -> None:
        self.chunks.clear()


def examples(usual: int) -> int:
    """The number of inputs that hypothesis tries: `usual`, or EXAMPLES in the environment."""
    return int(os.environ.get("EXAMPLES", usual))


def record(emitter: pyee.EventEmitter, *events: str, into: list[Any] | None = None) -> list[Any]:
    """A list that grows with what `emitter` emits, each event a tuple of its name and its values.

    An event object is taken apart: `("message", "Hi")`, `("close", 1000, "")`; of an error there
    is the text. With `into` the tuples go into that list, to see the order between emitters.
    """
    log: list[Any] = [] if into is None else into
    for event in events or EVENTS:
        emitter.on(event, _appender(log, event))
    return log


def _appender(log: list[Any], event: str) -> Callable[..., None]:
    return lambda *arguments: log.append((event, *_values(arguments)))


def _values(arguments: Iterable[Any]) -> Iterable[Any]:
    for argument in arguments:
        if isinstance(argument, Exception):
            yield argument.message if hasattr(argument, "message") else str(argument)
        elif hasattr(argument, "__dataclass_fields__"):
            # The payload of a ping or a pong is its data, as bytes.
            fields = [name for name in argument.__dataclass_fields__ if name != "payload"]
            yield from (getattr(argument, name) for name in fields)
        else:
            yield argument


def one_by_one(data: bytes) -> list[bytes]:
    """The bytes of `data`, each in a chunk of its own."""
    return [data[i : i + 1] for i in range(len(data))]


class Parser(Protocol):
    """An object that parses bytes from a peer."""

    def parse(self, chunk: bytes, /) -> object: ...


class WholeAndBytewise:
    """A base class for a group whose examples run twice, for two ways to cut the same input.

    Wants a `driver` fixture. Whatever a peer sends must come to the same, however it arrives.
    """

    @pytest.fixture(params=["whole", "bytewise"])
    def cut(self, request: pytest.FixtureRequest) -> Callable[[bytes], list[bytes]]:
        """Cuts input into the chunks in which it arrives."""
        return one_by_one if request.param == "bytewise" else lambda data: [data]

    @pytest.fixture
    def feed(self, driver: Parser, cut: Callable[[bytes], list[bytes]]) -> Callable[..., None]:
        """Makes the driver parse its arguments, each cut into chunks."""

        def feed(*inputs: bytes) -> None:
            for data in inputs:
                for chunk in cut(data):
                    driver.parse(chunk)

        return feed


def masked(payload: bytes, mask: bytes = b"\xa1\x5c\x00\xf7") -> bytes:
    """The masking key and the payload masked by it, as they stand in a frame."""
    return mask + bytes(octet ^ mask[i % 4] for i, octet in enumerate(payload))
