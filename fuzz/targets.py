"""The fuzz targets: functions of bytes that raise `AssertionError` for wrong behaviour.

Each receives the input of a peer, and passes it to drivers in several ways.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from contextlib import nullcontext
from itertools import cycle
from typing import Any

from fuzz.drivers import (
    FixedClient,
    buffered,
    check_order,
    frame,
    in_python,
    make,
    request,
    response,
    start,
)
from websocket_driver import ProtocolError, permessage_deflate, server
from websocket_driver.driver.hybi.codec import MAX_HEAD_LENGTH
from websocket_driver.driver.server import Server
from websocket_driver.extensions import Extensions, Parser

MAX_LENGTHS = (1, 125, 126, 1000)
CONTROL_LIMIT = 125
HEAD_LIMIT = 0x10000
TEXT_LIMIT = 40
KEY = b"\xa1\x5c\x00\xf7"

# RFC 3629 4: characters, and what a character may begin with.
FOLLOWS = rb"[\x80-\xbf]"
CHARACTERS = (
    rb"(?:[\x00-\x7f]|[\xc2-\xdf]%b|\xe0[\xa0-\xbf]%b|[\xe1-\xec\xee\xef]%b{2}|\xed[\x80-\x9f]%b"
    rb"|\xf0[\x90-\xbf]%b{2}|[\xf1-\xf3]%b{3}|\xf4[\x80-\x8f]%b{2})*"
) % ((FOLLOWS,) * 7)
FIRST_BYTES = (
    rb"(?:[\xc2-\xf4]|\xe0[\xa0-\xbf]|[\xe1-\xec\xee\xef]%b|\xed[\x80-\x9f]"
    rb"|\xf0[\x90-\xbf]%b?|[\xf1-\xf3]%b{1,2}|\xf4[\x80-\x8f]%b?)?"
) % ((FOLLOWS,) * 4)
VALID = re.compile(CHARACTERS)
BEGINNING = re.compile(CHARACTERS + FIRST_BYTES)

WRITABLE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f\\]+")


def feed(driver: Any, data: bytes, sizes: list[int]) -> list[Any]:
    """All that comes of `data`, given to `driver` in chunks of these sizes, over and over."""
    log = start(driver)
    lengths = cycle(sizes)
    position = 0
    while position < len(data):
        size = next(lengths)
        driver.parse(data[position : position + size])
        position += size
        check_memory(driver)
    check_order(log)
    return log


def check_memory(driver: Any) -> None:
    unread, message = buffered(driver)
    limit = driver.options.max_length
    limit = driver.MAX_LENGTH if limit is None else limit
    assert unread <= max(limit + MAX_HEAD_LENGTH, CONTROL_LIMIT)
    assert message <= limit + 1
    assert unread == 0 or driver.ready_state < 3


def compare(make_driver: Callable[[], tuple[Any, bytes]], data: bytes) -> list[Any]:
    """Feeds `data` whole, a byte at a time, and to the Python twins of the compiled functions."""
    driver, head = make_driver()
    data = head + data
    whole = feed(driver, data, [max(len(data), 1)])
    assert feed(make_driver()[0], data, [1]) == whole
    assert feed(make_driver()[0], data, [len(head) or 1, 3, 50, 2]) == whole
    with in_python():
        assert feed(make_driver()[0], data, [max(len(data), 1)]) == whole
    return whole


def frames(data: bytes) -> None:
    """The first byte says which driver reads the rest: its role, its limit, if it wants a mask."""
    role = ("http", "client", "server", "hixie-75", "hixie-76")[data[0] % 5] if data else "http"
    options = data[0] // 5 if data else 0
    masked, max_length = bool(options % 2), MAX_LENGTHS[options // 2 % 4]
    log = compare(lambda: make(role, None, max_length, masked), data[1:])

    for name, *values in log:
        if name == "message":
            text = values[0].encode() if isinstance(values[0], str) else values[0]
            # A hixie driver replaces what is not UTF-8: a byte by three.
            assert len(text) <= max_length * (3 if role.startswith("hixie") else 1)


def text(data: bytes) -> None:
    """A text, cut after each of its bytes: it fails at the first that no valid UTF-8 has there."""
    payload = data[:TEXT_LIMIT]
    complete = frame(0x81, payload, KEY)
    start_of_payload = len(complete) - len(payload)

    for twins in (nullcontext(), in_python()):
        with twins:
            for end in range(len(payload) + 1):
                driver, head = make("http", None, TEXT_LIMIT, True)
                chunk = head + complete[: start_of_payload + end]
                closed = [
                    codes for name, *codes in feed(driver, chunk, [len(chunk)]) if name == "close"
                ]
                valid = VALID if end == len(payload) else BEGINNING
                if valid.fullmatch(payload, 0, end):
                    assert closed == []
                else:
                    assert [code for code, *_ in closed] == [1007]
    compare(lambda: make("http", None, TEXT_LIMIT, True), complete)


def heads(data: bytes) -> None:
    """All of it is a request if the first byte is even, or else a response."""
    if data[:1] and data[0] % 2:
        _check_head(lambda: FixedClient("ws://a/", {"protocols": ["a"]}), data[1:])
    else:
        _check_head(lambda: server(protocols=["a"], max_length=1000), data[1:])


def _check_head(make_driver: Callable[[], Any], data: bytes) -> None:
    drivers, logs = [], []
    for size in (max(len(data), 1), 1, 7):
        driver = make_driver()
        logs.append(feed(driver, data, [size]))
        drivers.append(driver)
        assert driver._http is None or driver._http._length <= HEAD_LIMIT
    assert logs[0] == logs[1] == logs[2]

    seen = [
        [getattr(driver, name, None) for name in ("method", "url", "headers", "status_code")]
        for driver in drivers
    ]
    assert seen[0] == seen[1] == seen[2]

    # A driver writes headers, and then frames or a body: the peer controls none of the lines.
    written = b"".join(entry[1] for entry in logs[0] if entry[0] == "data")
    head, _, body = written.partition(b"\r\n\r\n")
    assert not any(octet in head.replace(b"\r\n", b"") for octet in b"\r\n\0")
    assert isinstance(drivers[0], Server) or head.startswith(b"GET / HTTP/1.1\r\nHost: a\r\n")
    if head.startswith(b"HTTP/1.1 4"):
        assert f"Content-Length: {len(body)}".encode() in head.split(b"\r\n")


def extensions(data: bytes) -> None:
    """A Sec-WebSocket-Extensions header: its grammar, and what either side makes of it."""
    header = data.decode("latin-1")

    try:
        found = Parser.parse_header(header, ignore_empty=True).to_array()
    except ProtocolError:
        offers = None
    else:
        offers = found
        again = ", ".join(Parser.serialize_params(**offer) for offer in found)
        if all(_can_be_written(value) for offer in found for value in offer["params"].values()):
            assert Parser.parse_header(again).to_array() == found

    try:
        strict = Parser.parse_header(header).to_array()
    except ProtocolError:
        assert offers is None or "," in header
    else:
        assert strict == offers

    sides = Extensions(max_length=1000), Extensions(max_length=1000)
    for side in sides:
        side.add(permessage_deflate)
    try:
        answer = sides[0].generate_response(header)
    except ProtocolError:
        assert offers is None
    else:
        assert offers is not None
        assert answer is None or answer.startswith("permessage-deflate")

    sides[1].generate_offer()
    try:
        sides[1].activate(header)
    except ProtocolError:
        pass
    else:
        assert {offer["name"] for offer in offers or ()} <= {"permessage-deflate"}

    # The same in a handshake, which nothing of it must get out of.
    if "\r" not in header and "\n" not in header:
        for driver, head in (
            (server(), request(header)),
            (FixedClient("ws://a/"), response(header)),
        ):
            driver.add_extension(permessage_deflate)
            check_order(feed(driver, head.decode().encode("latin-1"), [len(head)]))


def _can_be_written(value: Any) -> bool:
    """False for a parameter that the original, too, does not write so that it can be read."""
    if isinstance(value, list):
        return all(map(_can_be_written, value))
    if isinstance(value, str):
        return WRITABLE.fullmatch(value) is not None
    return bool(value == 0 or 1e-6 <= abs(value) < 1e21)  # the others have an exponent


def inflate(data: bytes) -> None:
    """The first byte says who reads, how much and with which window; the rest are messages.

    Each begins with its length in a byte. Those whose length is odd are in two fragments.
    """
    options = data[0] if data else 0
    role, deflate = ("http", "client")[options % 2], bool(options // 2 % 2)
    max_length = MAX_LENGTHS[options // 4 % 4]

    messages, position = [], 1
    while position < len(data):
        end = position + 1 + data[position]
        messages.append(data[position + 1 : end])
        position = end

    stream = b"".join(
        frame(0x42, message[:3], KEY) + frame(0x80, message[3:], KEY)
        if len(message) % 2
        else frame(0xC2, message, KEY)
        for message in messages
    )
    log = compare(lambda: make(role, deflate, max_length), stream)

    heard = [values[0] for name, *values in log if name == "message"]
    assert heard == _inflated(messages, deflate, max_length)
    if len(heard) < len(messages):
        assert log[-1][0] == "close"
        assert log[-1][1] in (1009, 1010)


def _inflated(messages: list[bytes], takeover: bool, max_length: int) -> list[bytes]:
    """Each message decompressed by zlib alone, up to the first that fails."""
    results: list[bytes] = []
    window = b""
    codec: Any = None

    for message in messages:
        if len(message) > max_length:
            break
        if codec is None or codec.eof or not takeover:
            known = {"zdict": window[-32768:]} if takeover and window else {}
            codec = zlib.decompressobj(wbits=-15, **known)
        try:
            result = codec.decompress(message + b"\x00\x00\xff\xff", max_length + 1)
        except zlib.error:
            break
        if len(result) > max_length:
            break
        results.append(result)
        window += result
    return results


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target for target in (frames, text, heads, extensions, inflate)
}
