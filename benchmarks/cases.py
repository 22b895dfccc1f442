"""The cases that are measured: the bytes that all contenders get, and the messages in them."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from .frames import BINARY, CONTINUATION, TEXT, read_frames, write_frame

KIB = 1024
MIB = 1024 * KIB

# As much as a socket gives at once.
CHUNK = 64 * KIB

# The end of a message in a DEFLATE stream, which a frame omits (RFC 7692 7.2.1).
TAIL = b"\x00\x00\xff\xff"

URL = "ws://www.example.com/chat?room=1"
KEY = base64.b64encode(b"sixteen bytes ok").decode()
ACCEPT = base64.b64encode(
    hashlib.sha1((KEY + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
).decode()

DEFLATE = "permessage-deflate; client_max_window_bits"

Message = str | bytes


@dataclass(frozen=True)
class Case:
    """One thing to be measured.

    `kind` says what a contender does in one turn: `parse` takes `chunks` and delivers `messages`,
    `send` takes `messages` and writes frames, `echo` takes `chunks` and writes each message back
    deflated, `accept` and `connect` take the other side's half of a handshake, `chunks`, and write
    their own. `count` is how many messages, or handshakes, a turn is. If it is `alone`, each
    contender has a process of its own for it: the state of the allocator decides how long large
    messages take, and that depends on what the process has done before.
    """

    name: str
    title: str
    kind: str
    messages: tuple[Message, ...] = ()
    chunks: tuple[bytes, ...] = ()
    client: bool = False
    alone: bool = False

    @property
    def count(self) -> int:
        return len(self.messages) or 1

    def to_json(self) -> dict[str, Any]:
        """The case as a worker receives it."""
        return {
            "name": self.name,
            "kind": self.kind,
            "client": self.client,
            "messages": [_encode(message) for message in self.messages]
            if self.kind == "send"
            else len(self.messages),
            "chunks": [base64.b64encode(chunk).decode() for chunk in self.chunks],
        }

    def check(self, output: dict[str, Any]) -> None:
        """Raises `ValueError` if `output`, of one turn of a worker, is not the expected one."""
        if self.kind == "parse":
            wrong = output["delivered"] != [digest(message) for message in self.messages]
        elif self.kind == "accept":
            wrong = (
                f"sec-websocket-accept: {ACCEPT}".lower() not in _written(output).decode().lower()
            )
        elif self.kind == "connect":
            wrong = f"sec-websocket-key: {KEY}".lower() not in _written(output).decode().lower()
        else:
            wrong = not self._sent(_written(output))
        if wrong:
            raise ValueError(f"{self.name}: the result is not what all should come to")

    def _sent(self, data: bytes) -> bool:
        frames = list(read_frames(data))
        opcodes = [TEXT if isinstance(message, str) else BINARY for message in self.messages]
        deflated = self.kind == "echo"

        inflate = zlib.decompressobj(wbits=-15)
        payloads = [
            inflate.decompress(frame.payload + TAIL) if deflated else frame.payload
            for frame in frames
        ]
        return (
            payloads == [to_bytes(message) for message in self.messages]
            and [frame.opcode for frame in frames] == opcodes
            and all(frame.rsv1 == deflated and frame.masked == self.client for frame in frames)
        )


def digest(message: Message) -> str:
    """The kind of a message, and a hash of its content."""
    kind = "text" if isinstance(message, str) else "binary"
    return f"{kind} {hashlib.sha256(to_bytes(message)).hexdigest()}"


def to_bytes(message: Message) -> bytes:
    return message.encode() if isinstance(message, str) else message


def request(deflate: bool = False) -> bytes:
    """The handshake of a client, with the headers that browsers send."""
    lines = [
        "GET /chat?room=1 HTTP/1.1",
        "Host: www.example.com",
        "Connection: Upgrade",
        "Pragma: no-cache",
        "Cache-Control: no-cache",
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        "Upgrade: websocket",
        "Origin: http://www.example.com",
        "Sec-WebSocket-Version: 13",
        "Accept-Encoding: gzip, deflate, br",
        "Accept-Language: en-GB,en;q=0.9",
        f"Sec-WebSocket-Key: {KEY}",
    ]
    if deflate:
        lines.append(f"Sec-WebSocket-Extensions: {DEFLATE}")
    return "\r\n".join([*lines, "", ""]).encode()


def response() -> bytes:
    """The handshake of a server."""
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Date: Mon, 01 Jan 2024 00:00:00 GMT",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {ACCEPT}",
        "Server: example",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def cases() -> list[Case]:
    """All of them, the same at every call."""
    return [
        _parse("parse-16", "16 B", [_ascii(16, i) for i in range(4096)]),
        _parse("parse-125", "125 B", [_ascii(125, i) for i in range(2048)]),
        _parse("parse-125-utf8", "125 B, not ASCII", [_accented(125, i) for i in range(2048)]),
        _parse("parse-4k-text", "4 KiB text", [_ascii(4 * KIB, i) for i in range(128)]),
        _parse("parse-4k-binary", "4 KiB binary", [_binary(4 * KIB, i) for i in range(128)]),
        _parse("parse-1m-text", "1 MiB text", [_ascii(MIB, i) for i in range(2)]),
        _parse("parse-1m-binary", "1 MiB binary", [_binary(MIB, i) for i in range(2)]),
        *(
            replace(case, name=f"{case.name}-alone", title=f"{case.title}, alone", alone=True)
            for case in (
                _parse("parse-1m-text", "1 MiB text", [_ascii(MIB, i) for i in range(2)]),
                _parse("parse-1m-binary", "1 MiB binary", [_binary(MIB, i) for i in range(2)]),
            )
        ),
        _parse(
            "parse-fragments", "16 fragments of 256 B", [_ascii(4 * KIB, i) for i in range(64)], 16
        ),
        _echo("echo-deflated", "1 KiB, deflated, echoed", [_json(KIB, i) for i in range(128)]),
        *_sends("send-125", "125 B text", [_ascii(125, i) for i in range(1024)]),
        *_sends("send-4k", "4 KiB binary", [_binary(4 * KIB, i) for i in range(128)]),
        *_sends("send-1m", "1 MiB binary", [_binary(MIB, i) for i in range(2)])[1:],
        Case("handshake-server", "as server", "accept", chunks=(request(),)),
        Case("handshake-client", "as client", "connect", chunks=(response(),)),
    ]


def _parse(name: str, title: str, messages: list[Message], fragments: int = 1) -> Case:
    random_keys = random.Random(name)
    stream = bytearray()
    for message in messages:
        payload = to_bytes(message)
        size = len(payload) // fragments
        for i in range(fragments):
            opcode = TEXT if isinstance(message, str) else BINARY
            stream += write_frame(
                opcode if i == 0 else CONTINUATION,
                payload[i * size : (i + 1) * size if i < fragments - 1 else None],
                random_keys.randbytes(4),
                final=i == fragments - 1,
            )
    return Case(name, title, "parse", tuple(messages), _cut(stream))


def _echo(name: str, title: str, messages: list[Message]) -> Case:
    random_keys = random.Random(name)
    deflate = zlib.compressobj(wbits=-15)
    stream = bytearray()
    for message in messages:
        payload = deflate.compress(to_bytes(message)) + deflate.flush(zlib.Z_SYNC_FLUSH)
        stream += write_frame(TEXT, payload.removesuffix(TAIL), random_keys.randbytes(4), rsv1=True)
    return Case(name, title, "echo", tuple(messages), _cut(stream))


@lru_cache
def deflated(size: int) -> tuple[bytes, ...]:
    """One message of so many bytes, deflated and masked, in chunks."""
    deflate = zlib.compressobj(wbits=-15)
    payload = deflate.compress(_json(size, 0).encode()) + deflate.flush(zlib.Z_SYNC_FLUSH)
    return _cut(write_frame(TEXT, payload.removesuffix(TAIL), b"\x37\xfa\x21\x3d", rsv1=True))


def _sends(name: str, title: str, messages: list[Message]) -> list[Case]:
    return [
        Case(f"{name}-server", f"{title} as server", "send", tuple(messages)),
        Case(f"{name}-client", f"{title} as client", "send", tuple(messages), client=True),
    ]


def _cut(stream: bytes | bytearray) -> tuple[bytes, ...]:
    return tuple(bytes(stream[at : at + CHUNK]) for at in range(0, len(stream), CHUNK))


def _ascii(size: int, seed: int) -> str:
    letters = random.Random(seed).choices("abcdefghijklmnopqrstuvwxyz    ", k=min(size, 4 * KIB))
    return ("".join(letters) * (size // len(letters) + 1))[:size]


def _accented(size: int, seed: int) -> str:
    # Characters of one, two, three and four bytes, `size` bytes in all.
    characters = random.Random(seed).choices("abcdefgåßçéîñøü€…—語字界🙂", k=size)
    text = ""
    while len((text + characters[-1]).encode()) <= size:
        text += characters.pop()
    return text + "." * (size - len(text.encode()))


def _binary(size: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(size)


def _json(size: int, seed: int) -> str:
    # Much like the ones before, as messages on a connection are.
    values: Iterable[int] = random.Random(seed).choices(range(100_000), k=size)
    records = [
        {"id": value, "name": f"user {value % 97}", "active": value % 2 == 0} for value in values
    ]
    text = ""
    for record in records:
        text += json.dumps(record)
        if len(text) >= size:
            break
    return text[:size]


def _encode(message: Message) -> dict[str, str]:
    if isinstance(message, str):
        return {"text": message}
    return {"binary": base64.b64encode(message).decode()}


def _written(output: dict[str, Any]) -> bytes:
    return base64.b64decode(output["written"])
