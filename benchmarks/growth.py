"""The growth of the cost with the bytes of a message, its fragments, and the connections.

Time is processor time. Memory is measured in a separate run, because counting it takes time. Input
is made before, so that neither counts it.
"""

from __future__ import annotations

import gc
import math
import random
import tracemalloc
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from time import process_time
from typing import Any

from .cases import CHUNK, KIB, MIB, TAIL, request
from .frames import BINARY, CONTINUATION, TEXT, write_frame

MASK = b"\x37\xfa\x21\x3d"
FRAGMENT = 16

# The fastest of so many runs counts, of more if they are short: the smallest sizes are noise.
FEWEST_RUNS, MOST_RUNS = 3, 200
ENOUGH_SECONDS = 0.05

# Up to this power of the size a cost counts as linear: what is larger misses the caches more often.
LINEAR = 1.15


@dataclass(frozen=True)
class Series:
    """Sizes at which something is done, in `unit`s; from `start` on they say how it grows."""

    name: str
    title: str
    unit: str
    sizes: tuple[int, ...]
    quick_sizes: tuple[int, ...]
    start: int


SERIES = [
    Series(
        "growth-bytewise",
        "a message in chunks of 1 byte",
        "byte",
        (16 * KIB, 64 * KIB, 256 * KIB, MIB),
        (4 * KIB, 16 * KIB, 64 * KIB),
        16 * KIB,
    ),
    Series(
        "growth-1k",
        "a message in chunks of 1 KiB",
        "byte",
        (64 * KIB, 256 * KIB, MIB, 4 * MIB, 16 * MIB),
        (64 * KIB, 256 * KIB, MIB, 4 * MIB),
        MIB,
    ),
    Series(
        "growth-64k",
        "a message in chunks of 64 KiB",
        "byte",
        (256 * KIB, MIB, 4 * MIB, 16 * MIB, 63 * MIB),
        (256 * KIB, MIB, 4 * MIB),
        MIB,
    ),
    Series(
        "growth-fragments",
        f"a message in fragments of {FRAGMENT} bytes",
        "fragment",
        (1, 10, 100, 1_000, 10_000, 100_000),
        (1, 10, 100, 1_000, 10_000),
        1_000,
    ),
    *(
        Series(
            f"growth-bytewise-{kind}",
            f"{title} in chunks of 1 byte",
            "byte",
            (4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB),
            (4 * KIB, 16 * KIB),
            4 * KIB,
        )
        for kind, title in (
            ("text", "a text"),
            ("fragments", f"fragments of {FRAGMENT} bytes"),
            ("deflated", "a deflated message, counted as it is sent,"),
        )
    ),
    Series(
        "growth-connections",
        "connections, a handshake and a message each",
        "connection",
        (1, 10, 100, 1_000, 10_000),
        (1, 10, 100, 1_000),
        100,
    ),
]


@dataclass(frozen=True)
class Point:
    """The cost of one size."""

    size: int
    seconds: float
    memory: float


def slope(points: list[Point], start: int, cost: Callable[[Point], float]) -> float:
    """The power of the size with which a cost grows, from `start` on: 1 is linear."""
    counted = [point for point in points if point.size >= start]
    first, last = counted[0], counted[-1]
    return math.log(cost(last) / max(cost(first), 1e-12)) / math.log(last.size / first.size)


def measure(series: str, size: int) -> dict[str, float]:
    """Seconds, and bytes at the peak, of one size of the series of that name."""
    prepare: Callable[[], Callable[[], object]] = {
        "growth-bytewise": lambda: _message(size, 1),
        "growth-1k": lambda: _message(size, KIB),
        "growth-64k": lambda: _message(size, CHUNK),
        "growth-fragments": lambda: _fragments(size, CHUNK),
        "growth-bytewise-text": lambda: _message(size, 1, TEXT),
        "growth-bytewise-fragments": lambda: _fragments(size // FRAGMENT, 1),
        "growth-bytewise-deflated": lambda: _deflated(size),
        "growth-connections": lambda: _connections(size),
    }[series]

    seconds = total = 0.0
    for run in range(MOST_RUNS):
        run_once = prepare()
        gc.collect()
        start = process_time()
        kept = run_once()
        took = process_time() - start
        del kept
        total += took
        seconds = took if run == 0 else min(seconds, took)
        if run + 1 >= FEWEST_RUNS and total >= ENOUGH_SECONDS:
            break

    run_once = prepare()
    gc.collect()
    tracemalloc.start()
    try:
        kept = run_once()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    del kept
    return {"seconds": seconds, "memory": peak}


def _message(size: int, chunk: int, opcode: int = BINARY) -> Callable[[], object]:
    # Two bytes a character, which is cut more often than not.
    payload = bytes(size) if opcode == BINARY else "\u00e9".encode() * (size // 2)
    length = size if opcode == BINARY else size // 2
    return _feed(write_frame(opcode, payload, MASK), chunk, length)


def _deflated(size: int) -> Callable[[], object]:
    """A message that is so many bytes long when it is deflated: random, so that it is no shorter
    than it will be."""
    deflate = zlib.compressobj(wbits=-15)
    data = random.Random(size).randbytes(size)
    payload = deflate.compress(data) + deflate.flush(zlib.Z_SYNC_FLUSH)
    frame = write_frame(BINARY, payload.removesuffix(TAIL), MASK, rsv1=True)
    return _feed(frame, 1, size, deflate=True)


def _fragments(count: int, chunk: int) -> Callable[[], object]:
    payload = bytes(FRAGMENT)
    frames = [
        write_frame(CONTINUATION if i else BINARY, payload, MASK, final=i == count - 1)
        for i in range(count)
    ]
    return _feed(b"".join(frames), chunk, count * FRAGMENT)


def _feed(data: bytes, chunk: int, size: int, deflate: bool = False) -> Callable[[], object]:
    driver = _open(deflate=deflate)
    lengths: list[int] = []
    driver.on("message", lambda event: lengths.append(len(event.data)))
    chunks = [data[at : at + chunk] for at in range(0, len(data), chunk)]

    def run() -> None:
        parse = driver.parse
        for part in chunks:
            parse(part)
        assert lengths == [size]

    return run


def _connections(count: int) -> Callable[[], object]:
    data = request()
    frame = write_frame(BINARY, bytes(FRAGMENT), MASK)

    def run() -> object:
        received: list[bytes] = []
        drivers = []
        for _ in range(count):
            driver = _open(data)
            driver.on("message", lambda event: received.append(event.data))
            drivers.append(driver)
        for driver in drivers:
            driver.parse(frame)
        assert len(received) == count
        return drivers

    return run


def _open(data: bytes | None = None, deflate: bool = False) -> Any:
    # Here: the other contenders' workers have no use for it.
    import websocket_driver
    from websocket_driver import permessage_deflate

    driver = websocket_driver.server()
    if deflate:
        driver.add_extension(permessage_deflate)
    driver.on("connect", lambda event: driver.start())
    driver.parse(data or request(deflate))
    return driver
