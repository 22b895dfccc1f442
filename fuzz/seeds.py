"""Writes the seeds: inputs that show a fuzzer what there is, in fuzz/corpus/TARGET/.

python -m fuzz.seeds
"""

from __future__ import annotations

import zlib
from pathlib import Path

from fuzz.drivers import HIXIE_75, HIXIE_76, HIXIE_76_BODY, frame, request, response

CORPUS = Path(__file__).parent / "corpus"
KEY = b"\xa1\x5c\x00\xf7"


def frames() -> dict[str, bytes]:
    """The first byte: 5 * (2 * limit + masked) + role."""
    parts = {
        "text": frame(0x81, b"Hello", KEY),
        "binary": frame(0x82, b"\x00\xff" * 70, KEY),
        "fragments": frame(0x01, b"\xc3", KEY) + frame(0x89, b"", KEY) + frame(0x80, b"\xbc", KEY),
        "bad-utf-8": frame(0x01, b"\xed", KEY) + frame(0x80, b"\xa0\x80", KEY),
        "close": frame(0x88, b"\x03\xe8bye", KEY) + frame(0x81, b"more", KEY),
        "bad-close": frame(0x88, b"\x03", KEY),
        "pong": frame(0x8A, b"pong", KEY),
        "long": frame(0x82, b"", KEY, 8) + frame(0x82, b"", KEY, 2) + b"\x82\xff" + b"\xff" * 8,
        "too-large": frame(0x82, b"x" * 127, KEY),
        "fragments-too-large": frame(0x01, b"x" * 100, KEY) + frame(0x00, b"x" * 100, KEY),
        "reserved": frame(0xC1, b"x", KEY),
        "opcode": frame(0x83, b"", KEY),
    }
    # Of 1000 bytes at most, and of 125.
    seeds = {
        f"server-{name}": (b"\x0f" if "large" in name else b"\x23") + data
        for name, data in parts.items()
    }
    seeds["server-empty-fragments"] = b"\x82" + frame(0x01, b"") + frame(0x00, b"") * 70 + b"\x00"
    seeds["client-text"] = b"\x1f\x81\x05Hello"
    seeds["server-unmasked"] = b"\x23\x81\x05Hello"
    seeds["head"] = b"\x25" + frame(0x81, b"Hello", KEY)
    seeds["hixie-75"] = b"\x26\x00Hello\xff\x83xxx\x80\x00bad\xc3\xff"
    seeds["hixie-76"] = b"\x27\x00Hello\xff\xff\x00\x00more\xff"
    return seeds


def text() -> dict[str, bytes]:
    """The payload. Each kind of character, its least and its greatest, and what is beside them."""
    return {
        "ascii": b"Hello",
        "all-lengths": "aé€🙂".encode(),
        "two": b"\xc2\x80\xdf\xbf",
        "two-too-long": b"a\xc1\xbf",
        "three": b"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf",
        "three-too-long": b"\xe0\x9f\xbf",
        "surrogate": b"\xed\xa0\x80",
        "four": b"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf",
        "four-too-long": b"\xf0\x8f\xbf\xbf",
        "beyond-unicode": b"\xf4\x90\x80\x80",
        "five": b"\xf8\x88\x80\x80\x80",
        "following": b"ab\x80",
        "ends-in-the-middle": b"ab\xf0\x9f\x99",
    }


def heads() -> dict[str, bytes]:
    """The first byte is 0 for a request and 1 for a response."""
    key_1_less = HIXIE_76.replace(b"Key2", b"Other")
    return {
        "request": b"\x00" + request("permessage-deflate") + frame(0x81, b"Hello", KEY),
        "hixie-75": b"\x00" + HIXIE_75 + b"\x00Hello\xff",
        "hixie-76": b"\x00" + HIXIE_76 + HIXIE_76_BODY,
        "hixie-76-without-key": b"\x00" + key_1_less,
        "http-1.0": b"\x00GET / HTTP/1.0\r\n\r\n",
        "http-1.0-upgrade": b"\x00" + request("").replace(b"HTTP/1.1", b"HTTP/1.0"),
        "http-0.9": b"\x00GET /\r\n",
        "absolute": b"\x00GET http://a:80/b?c HTTP/1.1\r\nHost: A\r\n\r\n",
        "absolute-of-another": b"\x00" + request("").replace(b"GET /", b"GET ws://b@c/"),
        "forwarded": b'\x00GET / HTTP/1.1\r\nForwarded: for="[::1]:1";proto="https", a=b\r\n\r\n',
        "two-lengths": b"\x01HTTP/1.1 407 No\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "post": b"\x00POST /a?b#c HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
        "high-bytes": b"\x00GET /\x8d\x8a HTTP/1.1\r\nOrigin: \x8d\x8aX: 1\r\n\r\n",
        "repeated": b"\x00GET / HTTP/1.1\r\nA: 1\r\na:2 \r\nB:\r\n\r\n",
        "response": b"\x01" + response() + b"\x81\x05Hello",
        "response-in-two": b"\x01HTTP/1.1 100 Continue\r\n\r\n" + response(),
        "refusal": b"\x01HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno",
        "no-upgrade": b"\x01HTTP/1.1 101 \r\nConnection: upgrade\r\n\r\n",
        "folded": b"\x01HTTP/1.1 200 OK\r\nA: 1\r\n 2\r\nContent-Length: 0\r\n\r\n",
    }


def extensions() -> dict[str, bytes]:
    return {
        "empty": b"",
        "one": b"permessage-deflate",
        "params": b"permessage-deflate; client_max_window_bits; server_max_window_bits=10",
        "two": b'permessage-deflate; a="b\\"c", permessage-deflate;client_no_context_takeover',
        "numbers": b"a; b=1; b=-2.5; b=10.0; c=1e3; d=00; e=99999999999999999999",
        "quoted": b'permessage-deflate; client_max_window_bits="9"; x=""',
        "spaces": b"a ;\tb = c , d",
        "broken": b"a;;b=,",
        "empty-elements": b", permessage-deflate,,\t, a;b ,",
        "many-elements": b"a," * 65,
        "names": b"__proto__; constructor; x, hasOwnProperty",
    }


def inflate() -> dict[str, bytes]:
    """The first byte: 4 * limit + 2 * takeover + role. A message is its length and its bytes."""

    def deflated(*messages: bytes, flush: int = zlib.Z_SYNC_FLUSH, bits: int = -9) -> bytes:
        codec, parts = zlib.compressobj(wbits=bits), b""
        for message in messages:
            data = (codec.compress(message) + codec.flush(flush)).removesuffix(b"\x00\x00\xff\xff")
            parts += bytes([len(data)]) + data
            if flush == zlib.Z_FINISH:
                codec = zlib.compressobj(wbits=bits)
        return parts

    return {
        "takeover": b"\x0e" + deflated(b"Hello", b"Hello", b""),
        "no-takeover": b"\x0d" + deflated(b"Hello") * 2,
        "client": b"\x0f" + deflated(b"Hello", b"Hello"),
        "final": b"\x0e" + deflated(b"Hello", b"Hello Hello", flush=zlib.Z_FINISH),
        "final-then-window": b"\x0e"
        + deflated(b"Hello", flush=zlib.Z_FINISH)
        + b"\x05\xf2\x00\x11\x00\x00",
        "bomb": b"\x0e" + deflated(bytes(30000)),
        "at-the-limit": b"\x0e" + deflated(bytes(1000)) + deflated(bytes(1001)),
        "stored": b"\x0e\x0a\x00\x05\x00\xfa\xffHello",
        "too-far-back": b"\x0e\x05\xf2\x00\x11\x00\x00",
        "garbage": b"\x0e\x03\xff\xff\xff",
        "empty": b"\x0e\x00\x01\x00",
    }


def write() -> None:
    for target in (frames, text, heads, extensions, inflate):
        folder = CORPUS / target.__name__
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in target().items():
            (folder / name).write_bytes(data)


if __name__ == "__main__":
    write()
