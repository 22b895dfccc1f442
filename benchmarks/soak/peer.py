"""A client's connection, with frames that are built here, independently of the port."""

from __future__ import annotations

import asyncio
import socket
import struct
import zlib
from array import array
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, cast

from ..cases import request
from ..frames import BINARY, CLOSE, CONTINUATION, TEXT, write_frame
from .limits import LARGEST

PING, PONG = 9, 10
TAIL = b"\x00\x00\xff\xff"
WORDS = ["the", "quick", "brown", "fox", "jumps", "größer", "∑", "狐狸", "🦊", ""]

# How long a peer waits for what has to come. This is no measure of speed: the load is busy too.
PATIENCE = 120.0


class Failure(Exception):
    """The server has misbehaved."""


@dataclass
class Tally:
    """The counts of all peers together."""

    opened: Counter[str] = field(default_factory=Counter)
    messages: int = 0
    pings: int = 0
    bytes: int = 0
    held_back: int = 0
    seconds: array[float] = field(default_factory=lambda: array("d"))
    failures: list[str] = field(default_factory=list)


class Deflate:
    """permessage-deflate as the server's response agrees to it."""

    def __init__(self, extensions: str) -> None:
        names = [part.strip().partition("=") for part in extensions.split(";")[1:]]
        self._params = {name: value for name, _, value in names}
        self._compressor = self._decompressor = cast("Any", None)

    def compress(self, data: bytes) -> bytes:
        if self._compressor is None or "client_no_context_takeover" in self._params:
            bits = int(self._params.get("client_max_window_bits", 15))
            self._compressor = zlib.compressobj(wbits=-bits)
        start: bytes = self._compressor.compress(data)
        end: bytes = self._compressor.flush(zlib.Z_SYNC_FLUSH)
        return start + end[:-4]

    def decompress(self, data: bytes) -> bytes:
        if self._decompressor is None or "server_no_context_takeover" in self._params:
            bits = int(self._params.get("server_max_window_bits", 15))
            self._decompressor = zlib.decompressobj(wbits=-bits)
        output: bytes = self._decompressor.decompress(data + TAIL)
        return output


class Material:
    """The data that messages are cut from."""

    def __init__(self, random: Random) -> None:
        self.bytes = random.randbytes(2 * LARGEST)
        self.text = " ".join(random.choices(WORDS, k=LARGEST)).encode()[: 2 * LARGEST]

    def cut(self, random: Random, opcode: int) -> bytes:
        """A payload of 0 B to 100 KiB: as many below 320 B as above."""
        size = 0 if random.random() < 0.05 else int(LARGEST ** random.random())
        start = random.randrange(LARGEST)
        if opcode == BINARY:
            return self.bytes[start : start + size]
        text = self.text[start : start + size].decode(errors="ignore")
        return text.encode()


class Peer(asyncio.Protocol):
    """Sends messages, and compares each echo with its message as soon as it arrives."""

    def __init__(
        self, random: Random, material: Material, tally: Tally, start: asyncio.Event
    ) -> None:
        self.random = random
        self.material = material
        self.tally = tally
        self.start = start
        self.loop = asyncio.get_running_loop()
        self.expected: deque[tuple[int, bytes, float]] = deque()
        self.pings: deque[bytes] = deque()
        self.head = b""
        self.code: int | None = None
        self.ended = self.lost = False
        self.answers = True
        self.stays = False
        self._deflate: Deflate | None = None
        # While a part of a frame is sent: those that have to wait for the rest.
        self._pongs: list[bytes] | None = None
        self._input = bytearray()
        self._failure: str | None = None
        self._changed: asyncio.Future[None] | None = None

    # Output

    def write(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(data)

    def frame(self, opcode: int, payload: bytes, **more: bool) -> bytes:
        """A frame as a client has to send it."""
        return write_frame(opcode, payload, self.random.randbytes(4), **more)

    async def open(self, offer: str = "") -> None:
        """The handshake. `offer` is for an extension."""
        self.write(opening(offer))
        await self.until(lambda: self.head, "the handshake")
        if not self.head.startswith(b"HTTP/1.1 101 "):
            raise Failure(f"the handshake was answered {self.head[:40]!r}")
        for line in self.head.decode().split("\r\n"):
            name, _, value = line.partition(": ")
            if name.lower() == "sec-websocket-extensions":
                self._deflate = Deflate(value)

    async def send_message(self) -> None:
        """Any message, in any number of frames, maybe with a ping between them."""
        random = self.random
        opcode = random.choice((TEXT, BINARY))
        payload = self.material.cut(random, opcode)
        data, rsv1 = payload, False
        if self._deflate is not None and random.random() < 0.8:
            data, rsv1 = self._deflate.compress(payload), True

        pieces = [data]
        if random.random() < 0.25:
            cuts = sorted(random.randint(0, len(data)) for _ in range(random.randint(1, 4)))
            pieces = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
        for number, piece in enumerate(pieces):
            final = number == len(pieces) - 1
            if number > 0 and random.random() < 0.3:
                self.write(self.ping())
            if final:
                self.expect(opcode, payload)
            code = CONTINUATION if number else opcode
            frame = self.frame(code, piece, final=final, rsv1=rsv1 and number == 0)
            if random.random() < 0.1:  # in two pieces, with whatever happens meanwhile between them
                half = random.randint(0, len(frame))
                await self._write_apart([frame[:half], frame[half:]], random.random() * 0.1)
            else:
                self.write(frame)

    async def dribble(self, data: bytes, seconds: float) -> None:
        """Writes one byte after the other, the last of them when so much time has passed."""
        await self._write_apart([bytes((byte,)) for byte in data], seconds)

    async def _write_apart(self, pieces: list[bytes], seconds: float) -> None:
        self._pongs = []
        end = self.loop.time() + seconds
        for piece in pieces[:-1]:
            self.write(piece)
            if self.loop.time() < end:
                await asyncio.sleep(seconds / len(pieces))
        self.write(b"".join([pieces[-1], *self._pongs]))
        self._pongs = None

    def ping(self) -> bytes:
        """A ping to be sent next."""
        payload = self.random.randbytes(self.random.randint(1, 125))
        self.pings.append(payload)
        return self.frame(PING, payload)

    def reset(self) -> None:
        """Ends the connection without a word: RST."""
        if self.transport.is_closing():
            return
        connection = self.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    # Expectations

    async def all_back(self) -> None:
        await self.until(lambda: not self.expected and not self.pings, "echoes")

    async def close(self) -> None:
        """The closing handshake, to its end. Nothing may be missing then."""
        self.write(self.frame(CLOSE, b"\x03\xe8"))
        await self.closed(1000)
        missing = len(self.expected) + len(self.pings)
        if missing:
            raise Failure(f"{missing} echoes did not come before the close frame")

    async def closed(self, code: int | None) -> None:
        """The server ends the connection, with this code in a close frame."""
        await self.until(lambda: self.ended, "the end")
        if self.code != code:
            raise Failure(f"the connection was closed with {self.code}, not {code}")

    async def until(self, condition: Callable[[], object], what: str) -> None:
        deadline = self.loop.time() + PATIENCE
        while not condition():
            self.check()
            if self.ended and (self.lost or not self.stays):
                raise Failure(f"the connection has ended ({self.code}) before {what}")
            self._changed = self.loop.create_future()
            timer = self.loop.call_at(deadline, self._wake)
            await self._changed
            timer.cancel()
            if self.loop.time() >= deadline and not condition():
                raise Failure(f"waited {PATIENCE:.0f} s for {what}")
        self.check()

    def check(self) -> None:
        """Raises the error of any invalid input."""
        if self._failure is not None:
            raise Failure(self._failure)

    def expect(self, opcode: int, payload: bytes) -> None:
        """This comes back, after all that was expected before."""
        self.expected.append((opcode, payload, self.loop.time()))

    # Input

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.tally.bytes += len(data)
        self._input += data
        if not self.head:
            end = self._input.find(b"\r\n\r\n") + 4
            if end < 4:
                return
            self.head = bytes(self._input[:end])
            del self._input[:end]
        if self.head.startswith(b"HTTP/1.1 101 ") and self._failure is None:
            try:
                self._take_frames()
            except Failure as failure:
                self._failure = str(failure)
        self._wake()

    def eof_received(self) -> bool:
        self.ended = True
        self._wake()
        return self.stays

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended = self.lost = True
        self._wake()

    def _take_frames(self) -> None:
        data, at = self._input, 0
        while len(data) - at >= 2:
            length, begin = data[at + 1], at + 2
            if length & 0x80:
                raise Failure("a frame of the server was masked")
            if length > 125:
                begin += 2 if length == 126 else 8
                length = int.from_bytes(data[at + 2 : begin], "big")
            if len(data) < begin + length:
                break
            first, payload = data[at], bytes(data[begin : begin + length])
            at = begin + length
            self._take_frame(first, payload)
        del data[:at]

    def _take_frame(self, first: int, payload: bytes) -> None:
        opcode = first & 0x0F
        if first & 0x40:
            if self._deflate is None:
                raise Failure("a message was compressed that may not be")
            payload = self._deflate.decompress(payload)
        if first & 0xB0 != 0x80:
            raise Failure(f"a frame of the server began with {first:#x}")

        if opcode == PING:
            pong = self.frame(PONG, payload)
            if self._pongs is not None:
                self._pongs.append(pong)
            elif self.answers:
                self.write(pong)
        elif opcode == CLOSE:
            self.code = int.from_bytes(payload[:2], "big")
        elif opcode == PONG:
            self._take_pong(payload)
        else:
            self._take_answer(opcode, payload)

    def _take_pong(self, payload: bytes) -> None:
        # While the server cannot write, it must answer only the last ping.
        while self.pings:
            self.tally.pings += 1
            if self.pings.popleft() == payload:
                return
        raise Failure("a pong came that no ping had asked for")

    def _take_answer(self, opcode: int, payload: bytes) -> None:
        if not self.expected:
            raise Failure("something came that was not sent")
        sent_opcode, sent, at = self.expected.popleft()
        if (opcode, payload) != (sent_opcode, sent):
            raise Failure(
                f"opcode {opcode} with {len(payload)} bytes came back, "
                f"not {sent_opcode} with {len(sent)}, or they are not those that were sent"
            )
        self.tally.messages += 1
        self.tally.seconds.append(self.loop.time() - at)

    def _wake(self) -> None:
        if self._changed is not None and not self._changed.done():
            self._changed.set_result(None)


def opening(offer: str = "") -> bytes:
    """A client's request."""
    data = request()
    if offer:
        data = data[:-2] + f"Sec-WebSocket-Extensions: {offer}\r\n\r\n".encode()
    return data
