"""The kinds of peers: one that behaves well, and those that do not.

Each is called with a connection that was just opened, and with its lifetime in seconds. It raises
`Failure` if the server misbehaves.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable

from ..frames import BINARY, CLOSE, CONTINUATION, TEXT, write_frame
from .limits import LARGEST, MAX_LENGTH, Plan
from .peer import PATIENCE, Failure, Peer, opening

Kind = Callable[[Peer, float, Plan], Awaitable[None]]

OFFERS = [
    "permessage-deflate",
    "permessage-deflate; client_max_window_bits",
    "permessage-deflate; server_max_window_bits=10; client_max_window_bits=9",
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
]
COMPRESSED = 0.1

REFUSED = [
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n", b"HTTP/1.1 400 "),
    (b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 400 "),
    (b"GET / HTTP/1.1\r\nHost: a\r\nNo header\r\n\r\n", b"HTTP/1.1 400 "),
    (b"GET / HTTP/1.1\r\nHost: a\r\nSec-WebSocket-Version: 13\r\n\r\n", b"HTTP/1.1 400 "),
    (b"GET / HTTP/1.1\r\nCookie: " + b"a" * 0x10000, b"HTTP/1.1 431 "),
]

SHORT_OPENING = (
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)

# 64 MiB of zeros in as many KiB.
_compressor = zlib.compressobj(wbits=-15)
BOMB = _compressor.compress(bytes(0x4000000)) + _compressor.flush(zlib.Z_SYNC_FLUSH)[:-4]

MOST_AT_ONCE = 3


async def well_behaved(peer: Peer, life: float, plan: Plan) -> None:
    compressed = peer.random.random() < COMPRESSED
    await peer.open(peer.random.choice(OFFERS) if compressed else "")
    # A connection keeps the memory that it takes for its first message, such as zlib's.
    await peer.send_message()
    await peer.all_back()
    await peer.start.wait()
    end = peer.loop.time() + life
    while True:
        left, pause = end - peer.loop.time(), peer.random.random() * 2 * plan.pause
        await asyncio.sleep(min(left, pause))
        if left <= pause:
            break
        for _ in range(peer.random.randint(1, MOST_AT_ONCE)):
            await peer.send_message()
        if peer.random.random() < 0.1:
            peer.write(peer.ping())
        await peer.all_back()
    await peer.close()


# Before there is a WebSocket


async def no_handshake(peer: Peer, life: float, plan: Plan) -> None:
    data, answer = peer.random.choice(REFUSED)
    peer.write(data)
    await peer.until(lambda: peer.ended, "the refusal")
    if not peer.head.startswith(answer):
        raise Failure(f"{data[:20]!r} was answered {peer.head[:20]!r}")


async def half_a_head(peer: Peer, life: float, plan: Plan) -> None:
    peer.write(opening()[: peer.random.randrange(len(opening()) - 1)])
    await peer.until(lambda: peer.ended, "the end of the server's patience")


async def reset_after_handshake(peer: Peer, life: float, plan: Plan) -> None:
    await peer.open()
    peer.reset()


# Frames that are not allowed


async def no_utf8(peer: Peer, life: float, plan: Plan) -> None:
    await peer.open()
    text = peer.material.cut(peer.random, TEXT)
    peer.write(peer.frame(TEXT, text + peer.random.choice((b"\xff", b"\xed\xa0\x80", b"\xc3"))))
    await peer.closed(1007)


async def no_mask(peer: Peer, life: float, plan: Plan) -> None:
    await peer.open()
    peer.write(write_frame(BINARY, peer.material.cut(peer.random, BINARY)))
    await peer.closed(1003)


async def reserved_bits(peer: Peer, life: float, plan: Plan) -> None:
    await peer.open()
    frame = bytearray(peer.frame(BINARY, peer.material.cut(peer.random, BINARY)))
    frame[0] |= peer.random.choice((0x10, 0x20, 0x40, 0x01))  # the last makes it opcode 3
    peer.write(bytes(frame))
    await peer.closed(1002)


async def giant_length(peer: Peer, life: float, plan: Plan) -> None:
    await peer.open()
    length = peer.random.choice((MAX_LENGTH + 1, 1 << 32, (1 << 63) - 1))
    peer.write(b"\x82\xff" + length.to_bytes(8, "big") + bytes(4) + bytes(1000))
    await peer.closed(1009)


async def endless_message(peer: Peer, life: float, plan: Plan) -> None:
    await peer.open()
    piece = peer.material.bytes[:LARGEST]
    for number in range(MAX_LENGTH // LARGEST + 1):
        peer.write(peer.frame(CONTINUATION if number else BINARY, piece, final=False))
    await peer.closed(1009)


async def bomb(peer: Peer, life: float, plan: Plan) -> None:
    await peer.open(OFFERS[0])
    peer.write(peer.frame(BINARY, BOMB, rsv1=True))
    await peer.closed(1009)


# Ends


async def reset_in_mid_frame(peer: Peer, life: float, plan: Plan) -> None:
    await peer.open(peer.random.choice(["", *OFFERS]))
    await peer.send_message()
    frame = peer.frame(BINARY, peer.material.cut(peer.random, BINARY))
    peer.write(frame[: peer.random.randrange(len(frame))])
    await asyncio.sleep(min(life, peer.random.random()))
    peer.reset()


async def no_close_frame(peer: Peer, life: float, plan: Plan) -> None:
    await peer.open(peer.random.choice(["", *OFFERS]))
    for _ in range(MOST_AT_ONCE):
        await peer.send_message()
    if peer.random.random() < 0.5:
        await peer.all_back()
    peer.transport.close()


async def close_frame_only(peer: Peer, life: float, plan: Plan) -> None:
    """Never ends its side of the connection: the server has to lose patience."""
    peer.stays = True
    await peer.open()
    peer.write(peer.frame(CLOSE, b"\x03\xe8"))
    await peer.closed(1000)
    await asyncio.sleep(plan.patience)
    end = peer.loop.time() + PATIENCE
    while not peer.lost:
        if peer.loop.time() > end:
            raise Failure("the server never lost patience")
        peer.write(b"\0")
        await asyncio.sleep(plan.patience / 10)


# Time


async def silent(peer: Peer, life: float, plan: Plan) -> None:
    peer.answers = False
    await peer.open()
    await peer.until(lambda: peer.ended, "the end of the server's patience")


async def never_reading(peer: Peer, life: float, plan: Plan) -> None:
    await peer.open()
    peer.transport.pause_reading()
    frame = peer.frame(BINARY, peer.material.bytes[:LARGEST])
    end = peer.loop.time() + life
    stuck = 0
    while peer.loop.time() < end and not peer.transport.is_closing():
        if peer.transport.get_write_buffer_size() == 0:
            peer.write(frame)
            stuck = 0
        else:
            stuck += 1
        await asyncio.sleep(0.05)
    # The buffers of both systems are full, and the server takes no more.
    peer.tally.held_back += stuck >= 20
    peer.reset()


async def byte_by_byte(peer: Peer, life: float, plan: Plan) -> None:
    text = b"byte by byte"
    seconds = plan.patience / 10
    await peer.dribble(SHORT_OPENING, seconds)
    peer.expect(TEXT, text)
    await peer.dribble(peer.frame(TEXT, text), seconds)
    await peer.all_back()
    await peer.close()


async def ping_flood(peer: Peer, life: float, plan: Plan) -> None:
    await peer.open()
    peer.write(b"".join([peer.ping() for _ in range(300)]))
    await peer.all_back()
    await peer.close()


WELL_BEHAVED = "well-behaved"

MISBEHAVIOUR: dict[str, Kind] = {
    "no handshake, but something else": no_handshake,
    "half a head, then silence": half_a_head,
    "reset right after the handshake": reset_after_handshake,
    "text that is not UTF-8": no_utf8,
    "a frame without a mask": no_mask,
    "reserved bits and opcodes": reserved_bits,
    "a giant length": giant_length,
    "a message that does not end": endless_message,
    "64 MiB, compressed into 64 KiB": bomb,
    "reset in the middle of a frame": reset_in_mid_frame,
    "an end without a close frame": no_close_frame,
    "a close frame, but no end": close_frame_only,
    "silence after the handshake": silent,
    "writes, and never reads": never_reading,
    "byte by byte": byte_by_byte,
    "300 pings at once": ping_flood,
}
KINDS: dict[str, Kind] = {WELL_BEHAVED: well_behaved, **MISBEHAVIOUR}
