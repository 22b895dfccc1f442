"""Random sessions, good and broken, as JSON.

A session is a dictionary:

* `kind`: `"driver"`, or what is replayed without one: `"extensions"`, `"deflate"`, `"parser"`,
  `"headers"`, `"functions"`
* `extensions`: what `add_extension` takes by its index, the options of permessage-deflate or what a
  test extension does
* `hooks`: what listeners do: the operations to perform when an event comes for the nth time
* `ops`: the operations: `do`, the driver `d` and `args`
* `spelling`: whether the Python side uses PEP 8's names or Node's
* `zlib`: `"sync"`, or `"real"` for Node's own asynchronous zlib on the other side

Bytes are `{"b": HEX}`, lists of integers `{"l": LIST}`, long strings and bytes `{"srep": TEXT, "n": N}`
and `{"rep": HEX, "n": N}`.
"""

# ruff: noqa: E501
from __future__ import annotations

import base64
import hashlib
import random
import zlib
from typing import Any

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

Json = dict[str, Any]

TEXTS = [
    "",
    "a",
    "Hello",
    "Hello, world",
    "äöü",
    "€",
    "𝄞",
    "日本語",
    "x" * 124,
    "y" * 125,
    "\0",
    "a\nb",
]
GOOD_UTF8 = [text.encode() for text in TEXTS] + [
    b"\xef\xbb\xbfbom",
    "\ud7ff\ue000\U0010ffff".encode(),
]
BAD_UTF8 = [
    b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xed\xa0", b"\xe2\x82", b"abc\x80", b"\xf4\x90\x80\x80",
    b"\xf0\x9d\x84", b"ok \xf5", b"\xc3", b"\xe0\x80\x80", b"ab\xc3(cd",
]  # fmt: skip
CLOSE_CODES = [
    0, 1, 999, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013,
    1014, 1015, 1016, 1100, 2000, 2999, 3000, 3001, 3999, 4000, 4999, 5000, 65535,
]  # fmt: skip
VALID_CLOSE_CODES = [
    code for code in CLOSE_CODES[3:-2] if code not in (1004, 1005, 1006) and not 1015 <= code < 3000
]
LENGTHS = [0, 0, 1, 2, 3, 5, 16, 100, 124, 125, 126, 127, 128, 200]
MASK = b"\x37\xfa\x21\x3d"


def accept(key: str) -> str:
    """The Sec-WebSocket-Accept header for a key."""
    return base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()


def b(data: bytes) -> Json:
    """Bytes for JSON."""
    return {"b": data.hex()}


class Generator:
    """Makes one session from its own random numbers."""

    def __init__(self, seed: int, number: int) -> None:
        self.r = random.Random(f"{seed}/{number}")
        self.number = number

    def maybe(self, probability: float) -> bool:
        return self.r.random() < probability

    def session(self) -> Json:
        makers = [
            (30, self.http_session),
            (24, self.client_session),
            (16, self.server_session),
            (12, self.hixie_session),
            (10, self.pair_session),
            (6, self.proxy_session),
            (6, self.extensions_session),
            (4, self.deflate_session),
            (4, self.parser_session),
            (2, self.headers_session),
            (4, self.url_session),
            (3, self.functions_session),
        ]
        maker = self.r.choices([m for _, m in makers], [w for w, _ in makers])[0]
        session = maker()
        session["id"] = self.number
        session["maker"] = maker.__name__
        session["spelling"] = self.r.choice(["pep8", "pep8", "node"])
        return session

    # Bytes

    def text_bytes(self, bad: float = 0.1) -> bytes:
        if self.maybe(bad):
            return self.r.choice(GOOD_UTF8) + self.r.choice(BAD_UTF8) + self.r.choice(GOOD_UTF8)
        return self.r.choice(GOOD_UTF8) + (self.r.choice(GOOD_UTF8) if self.maybe(0.3) else b"")

    def some_bytes(self) -> bytes:
        length = self.r.choice(LENGTHS)
        if self.maybe(0.01):
            length = self.r.choice([65534, 65535, 65536, 70000])
        if self.maybe(0.5):
            return bytes([self.r.randrange(256)]) * length
        return self.r.randbytes(length)

    def cut(self, data: bytes) -> list[bytes]:
        """`data` in chunks."""
        way = self.r.random()
        if way < 0.4 or not data:
            return [data]
        if way < 0.6 and len(data) < 300:
            return [data[i : i + 1] for i in range(len(data))]
        cuts = sorted(self.r.randrange(len(data) + 1) for _ in range(self.r.randint(1, 5)))
        return [data[i:j] for i, j in zip([0, *cuts], [*cuts, len(data)], strict=False)]

    def frame(
        self,
        opcode: int,
        payload: bytes,
        masked: bool,
        fin: bool = True,
        rsv: int = 0,
        length: int | None = None,
        size: int | None = None,
    ) -> bytes:
        length = len(payload) if length is None else length
        if size is None:
            size = 1 if length <= 125 else 3 if length <= 65535 else 9
        head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
        mask_bit = 0x80 if masked else 0
        if size == 1:
            head += bytes([mask_bit | min(length, 125)])
        elif size == 3:
            head += bytes([mask_bit | 126]) + (length & 0xFFFF).to_bytes(2, "big")
        else:
            head += bytes([mask_bit | 127]) + length.to_bytes(8, "big")
        if masked:
            key = self.r.choice([MASK, b"\0\0\0\0", self.r.randbytes(4)])
            payload = bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))
            head += key
        return head + payload

    def control(self, masked: bool) -> bytes:
        return self.frame(
            self.r.choice([9, 10]),
            self.r.choice([b"", b"Hi", b"1", b"2", "äö".encode(), b"\xff", b"z" * 125]),
            masked,
        )

    def close_frame(self, masked: bool) -> bytes:
        code = self.r.choice(CLOSE_CODES) if self.maybe(0.4) else 1000
        payload = code.to_bytes(2, "big")
        if self.maybe(0.6):
            payload += self.text_bytes(0.2)
        if self.maybe(0.1):
            payload = payload[: self.r.randint(0, 2)]
        if self.maybe(0.02):
            payload += b"q" * 125
        return self.frame(8, payload, masked)

    def message(self, masked: bool, deflater: Any, bad: float) -> bytes:
        """The frames of a message, control frames between them."""
        opcode = self.r.choice([1, 1, 2])
        payload = self.text_bytes(bad) if opcode == 1 else self.some_bytes()
        rsv = 0
        if deflater is not None and self.maybe(0.75):
            rsv = 4
            payload = deflater(payload)
            if self.maybe(bad / 2):
                payload = self.r.choice(
                    [self.r.randbytes(8), payload[:-1], b"\x07" + payload, payload + b"\xff", b""]
                )
        parts = self.cut(payload) if self.maybe(0.4) else [payload]
        if len(parts) > 8:
            parts = [*parts[:7], b"".join(parts[7:])]
        data = b""
        for i, part in enumerate(parts):
            data += self.frame(
                opcode if i == 0 else 0,
                part,
                masked,
                fin=i == len(parts) - 1,
                rsv=rsv if i == 0 else 0,
            )
            if self.maybe(0.15):
                data += self.control(masked)
        return data

    def broken(self, masked: bool) -> bytes:
        """Frames that break a rule, as a rule."""
        way = self.r.randrange(13)
        payload = self.text_bytes()[:100]
        if way == 0:
            return self.frame(self.r.choice([3, 4, 5, 6, 7, 11, 12, 13, 14, 15]), payload, masked)
        if way == 1:
            return self.frame(
                self.r.choice([1, 2, 0, 8, 9, 10]), payload, masked, rsv=self.r.randint(1, 7)
            )
        if way == 2:
            return self.frame(self.r.choice([1, 2, 9]), payload, not masked)
        if way == 3:
            return self.frame(0, payload, masked, fin=self.maybe(0.5))
        if way == 4:
            return self.frame(1, payload, masked, fin=False) + self.frame(1, payload, masked)
        if way == 5:
            return self.frame(self.r.choice([8, 9, 10]), payload, masked, fin=False)
        if way == 6:
            return self.frame(
                self.r.choice([8, 9, 10]), b"c" * self.r.choice([126, 127, 300]), masked
            )
        if way == 7:
            return self.frame(
                self.r.choice([1, 2, 9]),
                payload,
                masked,
                length=self.r.choice(
                    [2**26 - 1, 2**26, 2**31, 2**32, 2**53, 2**63, 2**64 - 1, 1000]
                ),
                size=9,
            )
        if way == 8:
            return self.frame(1, payload, masked, size=self.r.choice([3, 9]))
        if way == 9:
            return self.frame(2, b"l" * 3000, masked)
        if way == 10:
            return self.frame(1, self.text_bytes(1), masked, fin=self.maybe(0.7))
        if way == 11:
            return self.r.randbytes(self.r.randint(1, 30))
        whole = self.frame(2, payload + b"x", masked)
        return whole[: self.r.randrange(len(whole))]

    def stream(self, masked: bool, deflate: Any = None, bad: float = 0.05) -> bytes:
        """A few frames."""
        data = b""
        for _ in range(self.r.randint(1, 5)):
            way = self.r.random()
            if way < 0.60:
                data += self.message(masked, deflate, bad)
            elif way < 0.84:
                data += self.control(masked)
            elif way < 0.90:
                data += self.close_frame(masked)
            elif self.maybe(bad * 8):
                data += self.broken(masked)
        return data

    def deflater(self) -> Any:
        """A function that compresses messages, with context takeover or without."""
        bits = self.r.choice([15, 15, 15, 9, 10])
        takeover = self.maybe(0.5)
        end = self.maybe(0.04)
        compressor = zlib.compressobj(wbits=-bits)

        def deflate(data: bytes) -> bytes:
            nonlocal compressor
            if not takeover:
                compressor = zlib.compressobj(wbits=-bits)
            if end:
                data = zlib.compressobj(wbits=-bits).compress(data)
                return data + zlib.compressobj(wbits=-bits).flush()
            data = compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)
            return data[:-4]

        return deflate

    # Values

    def message_value(self, binary: bool = True) -> Any:
        """A message to send. Bytes that are sent as text are UTF-8, but for a few."""
        binary = binary or self.maybe(0.05)
        way = self.r.random()
        if way < 0.5:
            return self.r.choice(TEXTS)
        if way < 0.75:
            return b(self.some_bytes() if binary else self.r.choice(GOOD_UTF8))
        if way < 0.85:
            values = 256 if binary else 128
            return {"l": [self.r.randrange(values) for _ in range(self.r.randint(0, 5))]}
        if way < 0.92:
            return self.r.choice([0, 1, -1, 1.5, 10.0, 12345678901, 1e21, 1e-7, 0.1])
        if way < 0.96:
            return {"srep": "long ", "n": self.r.choice([25, 26, 13108])}
        return {"rep": "00ff" if binary else "0061", "n": self.r.choice([125, 126, 65535, 65536])}

    def control_value(self) -> Any:
        return self.r.choice(
            ["", "Hi", "1", "2", "äö", b(b"bin"), b(b"\xff\xfe"), {"l": [1, 2, 3]}, 7, 0, "z" * 125]
            + (["z" * 126, b(b"q" * 200)] if self.maybe(0.05) else [])
        )

    def options(self, side: str) -> Json | None:
        options: Json = {}
        if side != "client" and self.maybe(0.9):
            options["allow_drafts"] = False
        elif side != "client":
            options["allow_drafts"] = True
        if self.maybe(0.3):
            options["max_length"] = (
                self.r.choice([0 if self.maybe(0.1) else 126, 126, 1000, 70000])
                if self.maybe(0.6)
                else self.r.choice([1, 5, 20, 100, 125])
            )
        if self.maybe(0.35):
            options["protocols"] = self.r.choice(
                [
                    "chat",
                    "chat, superchat",
                    "a ,b",
                    ["chat"],
                    ["chat", "echo"],
                    [],
                    ["b"] if self.maybe(0.9) else ["a,b"],
                    "chat,x" if self.maybe(0.9) else "chat,,x",
                ]
            )
        if self.maybe(0.15):
            options["masking"] = self.maybe(0.5)
        if self.maybe(0.15):
            options["require_masking"] = self.maybe(0.5)
        if self.maybe(0.02):
            options["bogus"] = 1
        if not options and self.maybe(0.5):
            return None
        return options

    # Extensions

    def deflate_options(self) -> Json | None:
        options: Json = {}
        choices: dict[str, list[int | bool]] = {
            "level": [0, 1, 6, 9, -1],
            "mem_level": [1, 5, 8, 9],
            "strategy": [0, 1, 2, 3, 4],
            "no_context_takeover": [True, False],
            "max_window_bits": [8, 9, 10, 12, 15],
            "request_no_context_takeover": [True, False],
            "request_max_window_bits": [8, 9, 11, 15],
        }
        for name, values in choices.items():
            if self.maybe(0.15):
                options[name] = self.r.choice(values)
        if self.maybe(0.01):
            options[self.r.choice(["max_window_bits", "request_max_window_bits"])] = self.r.choice(
                [7, 16, 0]
            )
        if not options:
            return None
        return options

    def params(self) -> Any:
        result: Json = {}
        for _ in range(self.r.randint(0, 3)):
            value: Any = self.r.choice(
                [True, 1, 10, 1.5, "x", "a b", 'q"t', "tok-en", [True, 2], ["a", "b"], ""]
            )
            result[self.r.choice(["a", "bb", "foo", "max", "x-y"])] = value
        return result

    def test_extension(self, index: int, allow_bad: bool = True) -> Json:
        bad = 0.03 if allow_bad else 0

        def mode() -> Json:
            return {
                "late": self.maybe(0.3),
                "tag": self.r.choice(["", "+", "#" + str(index)]),
                "fail": self.r.choice(["error", "throw", "twice"]),
                "at": self.r.randint(1, 4) if self.maybe(0.15) else 0,
                "type": self.r.choice([None, None, "policy_violation", "too_large", "bogus", 1008]),
            }

        spec: Json = {
            "name": self.r.choice(["x-a", "x-b", "tar", f"x-{index}", f"x-{index}"]),
            "rsv1": self.maybe(0.15),
            "rsv2": self.maybe(0.3),
            "rsv3": self.maybe(0.3),
            "offer": self.params()
            if self.maybe(0.9)
            else self.r.choice([None, [], [{}, {"a": 1}]]),
            "activate": True,
            "response": self.params(),
            "in": mode(),
            "out": mode(),
        }
        if self.maybe(bad):
            spec["type"] = self.r.choice(["perframe", None])
        if self.maybe(bad):
            spec[self.r.choice(["rsv1", "rsv2", "rsv3"])] = self.r.choice([None, 1, "yes"])
        if self.maybe(bad):
            spec["name"] = self.r.choice([None, 5])
        if self.maybe(bad):
            spec["client"] = self.r.choice(["null", "throw"])
        if self.maybe(bad):
            spec["server"] = self.r.choice(["null", "throw"])
        if self.maybe(bad):
            spec["offer"] = "throw"
        if self.maybe(bad):
            spec["response"] = "throw"
        if self.maybe(bad):
            spec["activate"] = self.r.choice([False, None, 1, "throw"])
        return spec

    def extensions(self) -> list[Json]:
        way = self.r.random()
        if way < 0.45:
            return []
        if way < 0.7:
            return [{"deflate": self.deflate_options()}]
        result = [self.test_extension(i) for i in range(self.r.randint(1, 3))]
        if self.maybe(0.3):
            for spec in result:
                spec["out"]["tag"] = ""  # so that what is sent can be inflated
            result.insert(self.r.randint(0, len(result)), {"deflate": self.deflate_options()})
        return result

    def header_value(self, value: Any) -> str:
        if value is True:
            return ""
        if isinstance(value, str) and not value.replace("-", "").isalnum():
            return '="{}"'.format(value.replace('"', '\\"'))
        return f"={value}"

    def extension_element(self, name: str, params: Json) -> str:
        result = name
        for key, value in params.items():
            for item in value if isinstance(value, list) else [value]:
                result += self.r.choice(["; ", ";", " ; "]) + key + self.header_value(item)
        return result

    def deflate_params(self, response: bool) -> Json:
        params: Json = {}
        for name in ("server_no_context_takeover", "client_no_context_takeover"):
            if self.maybe(0.2):
                params[name] = (
                    True if self.maybe(0.97) else self.r.choice([1, "true", [True, True]])
                )
        for name in ("server_max_window_bits", "client_max_window_bits"):
            if self.maybe(0.25):
                params[name] = (
                    self.r.choice([8, 9, 10, 12, 15])
                    if self.maybe(0.95)
                    else self.r.choice([7, 16, 0, "15x", True, [10, 10]])
                )
        if not response and self.maybe(0.4):
            params["client_max_window_bits"] = True
        if self.maybe(0.01):
            params["bogus"] = True
        return params

    def extension_header(self, specs: list[Json], response: bool) -> str | None:
        elements = []
        for spec in specs:
            if self.maybe(0.1):
                continue
            if "deflate" in spec:
                for _ in range(1 if self.maybe(0.8) or response else 2):
                    elements.append(
                        self.extension_element("permessage-deflate", self.deflate_params(response))
                    )
            else:
                elements.append(self.extension_element(str(spec["name"]), self.params()))
        if self.maybe(0.04):
            elements.append(
                self.r.choice(["bogus", "x-a", "permessage-deflate", "permessage-deflate; a=1"])
            )
        if self.maybe(0.03):
            elements.append(
                self.r.choice(["a=b", "; x", "a; b=", 'a; b="c', "a b", "a;;b", "", "é"])
            )
        if not elements:
            return None if self.maybe(0.8) else ""
        return self.r.choice([", ", ",", " , "]).join(elements)

    # Handshakes

    def request_headers(self, specs: list[Json], good: float = 0.9) -> Json:
        headers: Json = {
            "host": "www.example.com",
            "connection": self.r.choice(
                ["Upgrade", "upgrade", "keep-alive, Upgrade", "Upgrade ,foo"]
            ),
            "upgrade": self.r.choice(["websocket", "WebSocket"]),
            "sec-websocket-key": KEY,
            "sec-websocket-version": "13",
        }
        if self.maybe(0.4):
            headers["sec-websocket-protocol"] = self.r.choice(
                ["chat", "echo, chat", "superchat", "b , a", "", "chat,,", "a,b"]
            )
        extensions = self.extension_header(specs, False)
        if extensions is not None:
            headers["sec-websocket-extensions"] = extensions
        if self.maybe(0.3):
            headers["origin"] = "http://www.example.com"
        if self.maybe(0.05):
            headers[self.r.choice(["x-forwarded-proto", "x-forwarded-scheme"])] = "https"
        if not self.maybe(good):
            for _ in range(self.r.randint(1, 2)):
                name = self.r.choice(list(headers))
                if self.maybe(0.5):
                    del headers[name]
                else:
                    headers[name] = self.r.choice(
                        ["", "bogus", "8", "13 ", "12", "websocket", "a, b", "Upgrade"]
                    )
        return headers

    def method(self) -> str:
        return "GET" if self.maybe(0.97) else self.r.choice(["POST", "get", "HEAD"])

    def http_response(self, specs: list[Json], protocols: Any, good: float = 0.88) -> bytes:
        lines = [
            ("Upgrade", self.r.choice(["websocket", "WebSocket"])),
            ("Connection", self.r.choice(["Upgrade", "upgrade", "UPGRADE"])),
            ("Sec-WebSocket-Accept", accept(KEY)),
        ]
        if protocols and self.maybe(0.7):
            names = (
                [p.strip() for p in protocols.split(",")]
                if isinstance(protocols, str)
                else protocols
            )
            lines.append(
                ("Sec-WebSocket-Protocol", self.r.choice(names) if self.maybe(0.9) else "bogus")
            )
        extensions = self.extension_header(specs, True)
        if extensions is not None:
            lines.append(("Sec-WebSocket-Extensions", extensions))
        if self.maybe(0.3):
            lines.append(("Set-Cookie", "a=b"))
            lines.append(("set-cookie", "c=d"))
        if self.maybe(0.2):
            lines.append(("X-Space", "  padded\t "))
        self.r.shuffle(lines)
        status = "HTTP/1.1 101 Switching Protocols"
        if not self.maybe(good):
            way = self.r.randrange(6)
            if way == 0:
                status = self.r.choice(
                    ["HTTP/1.1 200 OK", "HTTP/1.1 404 Not Found", "HTTP/1.1 302 Found", "HTTP/1.1 500 Oh",
                     "HTTP/1.1 400 Bad Request", "HTTP/1.1 101", "HTTP/1.0 101 Yes", "HTTP/1.1 503 "]
                )  # fmt: skip
            elif way in (1, 2):
                del lines[self.r.randrange(len(lines))]
            elif way in (3, 4):
                i = self.r.randrange(len(lines))
                lines[i] = (
                    lines[i][0],
                    self.r.choice(["", "bogus", "a, b", "chat", "keep-alive, Upgrade"]),
                )
            else:
                return self.r.choice(
                    [b"garbage\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\r\n\r\n", b"HTTP/2 101 X\r\n\r\n",
                     b"HTTP/1.1 101 OK\r\nno colon\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"]
                )  # fmt: skip
        return (status + "\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines) + "\r\n").encode(
            "latin-1"
        )

    # Operations

    def api_op(self, d: int = 0, hixie: bool = False) -> Json:
        way = self.r.random()
        op: Json = {"d": d}
        if way < 0.22:
            op.update(do="text", args=[self.message_value(False)])
        elif way < 0.36:
            op.update(do="binary", args=[self.message_value()])
        elif way < 0.44:
            args = [self.message_value(False)]
            if self.maybe(0.5):
                args.append(self.r.choice(["text", "binary", "ping", "pong", "continuation"]))
            op.update(do="frame", args=args)
        elif way < 0.56:
            op.update(do="ping", args=[self.control_value()] if self.maybe(0.9) else [])
            if op["args"] and self.maybe(0.7):
                op["callback"] = self.r.choice(["c1", "c2", "c3"])
                if self.maybe(0.03):
                    op["boom"] = True
        elif way < 0.62:
            op.update(do="pong", args=[self.control_value()] if self.maybe(0.9) else [])
        elif way < 0.70:
            args = []
            if self.maybe(0.6):
                args.append(self.r.choice(["", "bye", "äöü", "r" * 123]))
                if self.maybe(0.6):
                    args.append(
                        self.r.choice(
                            CLOSE_CODES if self.maybe(0.1) else [*VALID_CLOSE_CODES, None]
                        )
                    )
            op.update(do="close", args=args)
        elif way < 0.76:
            op.update(do="start")
        elif way < 0.79:
            op.update(do="set_header", args=["X-Late", "1"])
        elif way < 0.91:
            op["do"] = self.r.choice(
                ["io.pause", "io.resume", "messages.pause", "messages.resume", "messages.destroy",
                 "io.end", "io.destroy", "io.pause", "io.resume", "messages.pause", "messages.resume"]
            )  # fmt: skip
            if op["do"] in ("io.end", "io.destroy") and self.maybe(0.7):
                op["do"] = "io.pause"
        elif way < 0.96:
            op.update(do="messages.write", args=[self.r.choice([*TEXTS, b(b"\x01\x02")])])
        else:
            op["do"] = "messages.end"
            if self.maybe(0.5):
                op["args"] = [self.r.choice(TEXTS)]
        return op

    def setup_ops(self, d: int, specs: list[Json]) -> list[Json]:
        ops: list[Json] = [{"do": "add_extension", "d": d, "args": [i]} for i in range(len(specs))]
        if self.maybe(0.2):
            ops.append(
                {
                    "do": "set_header",
                    "d": d,
                    "args": self.r.choice(
                        [
                            ["Set-Cookie", "a=1"],
                            ["X-Test", " padded "],
                            [" X-Name ", 5],
                            ["Host", "evil"],
                            ["set-cookie", "b=2"],
                            ["Upgrade", "x"],
                            ["X-Num", 1.5],
                            ["X-Empty", ""],
                            ["Authorization", "Bearer x"],
                            ["Sec-WebSocket-Extensions", "zzz"],
                        ]
                    ),
                }
            )
        return ops

    def flush_ops(self, d: int, specs: list[Json]) -> list[Json]:
        late = [
            (i, way)
            for i, spec in enumerate(specs)
            for way in ("in", "out")
            if "deflate" not in spec and spec[way]["late"]
        ]
        if not late or self.maybe(0.4):
            return []
        i, way = self.r.choice(late)
        order = self.r.choice(["fifo", "lifo", "one"])
        return [{"do": "flush", "d": d, "extension": i, "direction": way, "order": order}]

    def parse_ops(self, d: int, data: bytes, lists: float = 0) -> list[Json]:
        do = self.r.choice(["parse", "parse", "io.write"])
        chunks = self.cut(data)
        if self.maybe(lists):
            return [{"do": do, "d": d, "args": [{"l": list(chunk)}]} for chunk in chunks]
        return [{"do": do, "d": d, "args": [b(chunk)]} for chunk in chunks]

    def traffic(self, d: int, masked: bool, specs: list[Json], bad: float) -> list[Json]:
        ops: list[Json] = []
        deflate = self.deflater() if any("deflate" in spec for spec in specs) else None
        for _ in range(self.r.randint(1, 6)):
            if self.maybe(0.55):
                ops += self.parse_ops(d, self.stream(masked, deflate, bad), 0.05)
            else:
                ops.append(self.api_op(d))
            ops += self.flush_ops(d, specs)
        if self.maybe(0.3):
            ops += self.parse_ops(d, self.close_frame(masked))
            if self.maybe(0.5):
                ops += self.parse_ops(d, self.stream(masked, deflate, bad))
        for i, spec in enumerate(specs):
            if "deflate" not in spec:
                for way in ("in", "out"):
                    if spec[way]["late"]:
                        ops.append(
                            {
                                "do": "flush",
                                "d": d,
                                "extension": i,
                                "direction": way,
                                "order": "fifo",
                            }
                        )
        return ops

    def hooks(self, d: int = 0, throw: float = 0.06) -> list[Json]:
        if not self.maybe(0.2):
            return []
        names = ["driver.open", "driver.message", "driver.message", "driver.ping", "driver.pong",
                 "driver.close", "driver.error", "io.data", "messages.data", "messages.end", "io.drain"]  # fmt: skip
        source, name = self.r.choice(names).split(".")
        nth = self.r.choice([1, 1, 2, 3])
        if self.maybe(throw * 5):
            ops: list[Json] = [{"do": "throw"}]
        else:
            ops = [self.api_op(d) for _ in range(self.r.randint(1, 2))]
        return [{"on": f"{source}{d}.{name}", "nth": nth, "ops": ops}]

    # Sessions

    def driver_session(self, specs: list[Json], hooks: list[Json], ops: list[Json]) -> Json:
        session: Json = {"kind": "driver", "ops": ops}
        if specs:
            session["extensions"] = specs
        if hooks:
            session["hooks"] = hooks
        if any("deflate" in spec for spec in specs):
            # Where the order of events is compared, Node's zlib must answer at once.
            alone = all("deflate" in spec for spec in specs)
            session["zlib"] = "real" if self.maybe(0.25) and not hooks and alone else "sync"
        return session

    def badness(self) -> float:
        return self.r.choice([0, 0.02, 0.05, 0.15])

    def http_session(self) -> Json:
        specs = self.extensions()
        options = self.options("http")
        if options is None:
            options = {"allow_drafts": False}
        request = {
            "method": self.method(),
            "url": self.r.choice(["/", "/chat?a=b", "/%20x"]),
            "headers": self.request_headers(specs),
        }
        spec = {"type": "http", "request": request, "options": options}
        ops: list[Json] = [{"do": "create", "spec": spec}, *self.setup_ops(0, specs)]
        bad = self.badness()
        if self.maybe(0.2):
            ops += [self.api_op() for _ in range(self.r.randint(1, 3))]
        if self.maybe(0.03):
            ops += self.parse_ops(0, self.stream(True, None, bad))
        ops.append({"do": "start"})
        ops += self.traffic(0, options.get("require_masking", True), specs, bad)
        return self.driver_session(specs, self.hooks(), ops)

    def client_session(self) -> Json:
        specs = self.extensions()
        options = self.options("client")
        url = self.r.choice(
            ["ws://www.example.com/socket", "wss://user:pw@host:8443/a?b=c", "ws://h"]
        )
        ops: list[Json] = [
            {"do": "create", "spec": {"type": "client", "url": url, "options": options}},
            *self.setup_ops(0, specs),
        ]
        bad = self.badness()
        if self.maybe(0.2):
            ops += [self.api_op() for _ in range(self.r.randint(1, 3))]
        ops.append({"do": "start"})
        if self.maybe(0.1):
            ops.append(self.api_op())
        masked = bool((options or {}).get("require_masking"))
        response = self.http_response(specs, (options or {}).get("protocols"))
        if self.maybe(0.3):
            response += self.stream(masked, None, bad)
        ops += self.parse_ops(0, response)
        ops += self.traffic(0, masked, specs, bad)
        return self.driver_session(specs, self.hooks(), ops)

    def http_request(self, headers: Json, method: str | None = None) -> bytes:
        lines = [(self.r.choice([k, k.title(), k.upper()]), v) for k, v in headers.items()]
        if self.maybe(0.2):
            lines.append(("X-Twice", "a"))
            lines.append(("x-twice", "b\t "))
        if self.maybe(0.1):
            lines.append(("Cookie", "k=v; k2=v2"))
        start = (
            f"{method or self.method()} {self.r.choice(['/', '/chat?x=y', '/a%20b'])} HTTP/1.1\r\n"
        )
        return (start + "".join(f"{k}: {v}\r\n" for k, v in lines) + "\r\n").encode(
            "latin-1", "replace"
        )

    def broken_request(self) -> bytes:
        return self.r.choice(
            [b"garbage\r\n\r\n", b"GET / HTTP/1.0\r\nHost: x\r\n\r\n", b"GET /\r\n\r\n",
             b"GET / HTTP/2.0\r\n\r\n", b"FOO / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nbad line\r\n\r\n",
             b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"\r\n\r\nGET / HTTP/1.1\r\n\r\n",
             b"GET / HTTP/1.1\r\n Folded: x\r\n\r\n", b"GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
             b"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
             b"GET / HTTP/1.1\nHost: lf\nUpgrade: websocket\nConnection: Upgrade\n\n",
             b"GET / HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\n\r\n", self.r.randbytes(20) + b"\n"]
        )  # fmt: skip

    def server_session(self) -> Json:
        specs = self.extensions()
        options = self.options("server") or {"allow_drafts": False}
        spec = {"type": "server", "options": options}
        ops: list[Json] = [{"do": "create", "spec": spec}]
        hooks = self.hooks(throw=0.02)
        bad = self.badness()
        start: list[Json] = [*self.setup_ops(0, specs), {"do": "start"}]
        if self.maybe(0.2):
            early = [self.api_op() for _ in range(2)]
            ops += [
                op for op in early if op["do"] not in ("start", "close", "pong") or self.maybe(0.05)
            ]
        way = self.r.random()
        if way < 0.5:
            hooks.append({"on": "driver0.connect", "nth": 1, "ops": start})
            late: list[Json] = []
        elif way < 0.54:
            ops += start
            late = []
        else:
            late = start
        masked = options.get("require_masking", True)
        broken = self.maybe(0.07)
        request = (
            self.broken_request() if broken else self.http_request(self.request_headers(specs))
        )
        if self.maybe(0.05) and not late:
            request += self.stream(masked, None, bad)
        ops += self.parse_ops(0, request)
        ops += late
        ops += self.traffic(0, masked, specs, bad)
        session = self.driver_session(specs, hooks, ops)
        if broken:
            session["broken"] = True
        return session

    def hixie_key(self) -> str:
        if self.maybe(0.08):
            return self.r.choice(
                ["", "abc", "1 2", "123", " ", "99999999999 ", "1 1 1 1", "4294967296 "]
            )
        spaces = self.r.randint(1, 6)
        number = self.r.randrange(2**32) if self.maybe(0.8) else self.r.randrange(100)
        digits = str(number * spaces)
        chars = list(digits)
        for _ in range(self.r.randint(0, 5)):
            chars.insert(self.r.randint(0, len(chars)), self.r.choice("abcXYZ!/"))
        for _ in range(spaces):
            chars.insert(self.r.randint(1, max(1, len(chars) - 1)), " ")
        return "".join(chars)

    def hixie_data(self) -> bytes:
        way = self.r.random()
        if way < 0.6:
            text = self.text_bytes(0.15).replace(b"\xff", b"\xfe")
            return b"\x00" + text + b"\xff"
        if way < 0.75:
            length = self.r.choice([0, 1, 5, 127, 128, 300])
            encoded = bytes([length & 0x7F])
            while length > 127:
                length >>= 7
                encoded = bytes([0x80 | length & 0x7F]) + encoded
            body = length if length < 128 else 0
            return (
                bytes([self.r.choice([0x80, 0x81, 0xFE])])
                + encoded
                + b"s" * self.r.choice([body, body, 300])
            )
        if way < 0.82:
            return b"\xff\x00"
        if way < 0.9:
            return bytes([self.r.randrange(128)]) + b"any\xff"
        return self.r.randbytes(self.r.randint(1, 12))

    def hixie_session(self) -> Json:
        v76 = self.maybe(0.6)
        headers: Json = {
            "host": "example.com",
            "connection": self.r.choice(["Upgrade", "upgrade"]),
            "upgrade": "WebSocket",
            "origin": "http://example.com",
        }
        if v76:
            headers["sec-websocket-key1"] = self.hixie_key()
            headers["sec-websocket-key2"] = self.hixie_key()
        if self.maybe(0.1):
            headers.pop(self.r.choice(list(headers)))
        options: Json = {"allow_drafts": True}
        if self.maybe(0.3):
            options["max_length"] = self.r.choice([0 if self.maybe(0.1) else 2, 1, 5, 100, 128])
        if self.maybe(0.2):
            options["protocols"] = ["chat"]
        body = self.r.randbytes(8) if v76 else b""
        if v76 and self.maybe(0.1):
            body = body[: self.r.randint(0, 7)]
        specs: list[Json] = [self.test_extension(0, False)] if self.maybe(0.1) else []
        setup = self.setup_ops(0, specs)
        ops: list[Json] = []
        hooks = self.hooks()
        if self.maybe(0.4):
            ops.append({"do": "create", "spec": {"type": "server", "options": options}})
            start: list[Json] = [*setup, {"do": "start"}]
            if self.maybe(0.6):
                hooks.append({"on": "driver0.connect", "nth": 1, "ops": start})
                start = []
            request = self.http_request(headers)
            if self.maybe(0.5):
                ops += self.parse_ops(0, request + body)
                ops += start
            else:
                ops += self.parse_ops(0, request) + start + self.parse_ops(0, body)
        else:
            request_json = {"method": self.method(), "url": "/chat", "headers": headers}
            ops.append(
                {
                    "do": "create",
                    "spec": {"type": "http", "request": request_json, "options": options},
                }
            )
            ops += setup
            if self.maybe(0.2):
                ops.append(self.api_op())
            if self.maybe(0.3):
                ops += self.parse_ops(0, body)
                ops.append({"do": "start"})
            else:
                ops.append({"do": "start"})
                ops += self.parse_ops(0, body)
        for _ in range(self.r.randint(1, 6)):
            if self.maybe(0.6):
                data = b"".join(self.hixie_data() for _ in range(self.r.randint(1, 4)))
                ops += self.parse_ops(0, data)
            else:
                ops.append(self.api_op())
        return self.driver_session(specs, hooks, ops)

    def pair_session(self) -> Json:
        specs = [{"deflate": self.deflate_options()}, {"deflate": self.deflate_options()}]
        if self.maybe(0.3):
            specs = []
        options = self.options("client")
        client: Json = {"type": "client", "url": "ws://example.com/", "options": options}
        server_options = self.options("http") or {"allow_drafts": False}
        # A client fails on masked frames: it seldom gets some.
        if not (options or {}).get("require_masking") and not self.maybe(0.05):
            server_options.pop("masking", None)
        server: Json = {"type": "server", "options": server_options}
        ops: list[Json] = [
            {"do": "create", "d": 0, "spec": client},
            {"do": "create", "d": 1, "spec": server},
        ]
        if specs:
            ops += [
                {"do": "add_extension", "d": 0, "args": [0]},
                {"do": "add_extension", "d": 1, "args": [1]},
            ]
        hooks: list[Json] = [{"on": "driver1.connect", "nth": 1, "ops": [{"do": "start", "d": 1}]}]
        ops.append({"do": "start", "d": 0})
        ops += [{"do": "pump", "d": 0, "cuts": []}, {"do": "pump", "d": 1, "cuts": []}]
        for _ in range(self.r.randint(2, 8)):
            d = self.r.randrange(2)
            for _ in range(self.r.randint(1, 3)):
                op = self.api_op(d)
                if op["do"] not in ("io.end", "io.destroy"):
                    ops.append(op)
            cuts = sorted(self.r.randrange(300) for _ in range(self.r.randint(0, 4)))
            ops += [{"do": "pump", "d": d, "cuts": cuts}, {"do": "pump", "d": 1 - d, "cuts": []}]
        return self.driver_session(specs, hooks, ops)

    def url(self, schemes: list[str]) -> str:
        scheme = self.r.choice(schemes)
        host = self.r.choice(
            ["example.com", "EXAMPLE.com", "localhost", "127.0.0.1", "[::1]", "[2001:db8::0:1]", "a-b.c",
             "bücher.de", "h", "0x7f.1", "xn--bcher-kva.de", "1.2.3", "a_b", "example.com."]
        )  # fmt: skip
        user = self.r.choice(
            ["", "", "", "user:pass@", "user@", "us%40er:p%3Aw@", ":pw@", "u:@", "ü:ö@", "a:b:c@"]
        )
        port = self.r.choice(["", "", ":80", ":443", ":8080", ":0", ":65535", ":", ":0080"])
        path = self.r.choice(
            ["", "/", "/chat", "/a b", "/ä", "/a/../b", "/./x", "/%2e%2e/x", "/a//b", "/<>", "/a;b=c", "/a'b",
             "/{x}", "/a|b", "/^", "/a\\b", "/a%zz", "/`"]
        )  # fmt: skip
        query = self.r.choice(
            ["", "", "?", "?a=b", "?a b", "?ä=ö", "?'\"<>", "?a=b?c", "?a=%20", "?{}|^`"]
        )
        fragment = self.r.choice(["", "", "#", "#frag", "#a b", "#`"])
        text = f"{scheme}{user}{host}{port}{path}{query}{fragment}"
        if self.maybe(0.1):
            text = self.r.choice(
                ["", "nonsense", "ws:", "ws://", "ws:///", "ws:/host/x", "ws:host", "ws:\\\\host\\x", "//host",
                 "ws://host:99999", "ws://host:abc", "ws://a b", "ws://[::1", "ws://%zz/", "http:", " ws://h/ ",
                 "ws://h\n/x", "ws://user:pw@", "ws://a%41b/", "ws://h/\tx", "mailto:x", "ws://%00", "ws://a@b@c/",
                 "ws://1.2.3.4.5", "ws://256.1.1.1", "ws://h:", "ws://☃.net/", "ws://\uff27\uff2f.com", "ws://a..b",
                 "WS://H/", "ws://[::ffff:1.2.3.4]/", "ws://09.1.1.1/", "ws://1e3/", "ws://h?x", "ws://h#x"]
            )  # fmt: skip
        return text

    def url_session(self) -> Json:
        url = self.url(["ws://", "wss://", "ws://", "wss://", "http://", "ftp://", "WSS://"])
        ops: list[Json] = [
            {"do": "create", "spec": {"type": "client", "url": url, "options": None}},
            {"do": "start"},
        ]
        if self.maybe(0.6):
            ops += [
                {
                    "do": "proxy",
                    "args": [self.url(["http://", "https://", "http://", "ws://", "ftp://"])],
                },
                {"do": "proxy.start"},
            ]
        return self.driver_session([], [], ops)

    def proxy_session(self) -> Json:
        url = self.r.choice(
            ["ws://example.com/x", "wss://user:pw@example.com:9000", "wss://example.com"]
        )
        proxy = self.r.choice(
            ["http://proxy:3128", "https://user:secret@proxy", "http://u@proxy/path"]
        )
        ops: list[Json] = [
            {"do": "create", "spec": {"type": "client", "url": url, "options": None}},
            {"do": "proxy", "args": [proxy]},
        ]
        if self.maybe(0.4):
            ops.append({"do": "proxy.set_header", "args": self.r.choice(
                [["User-Agent", "x"], ["Host", "y"], ["Proxy-Authorization", "z"], ["X-N", 4]])})  # fmt: skip
        ops.append({"do": "proxy.start"})
        if self.maybe(0.1):
            ops.append({"do": "proxy.start"})
            ops.append({"do": "proxy.set_header", "args": ["X", "late"]})
        response = self.r.choice(
            [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 Connection established\r\nX: y\r\n\r\n",
             b"HTTP/1.0 200 OK\r\n\r\n", b"HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic\r\n\r\n",
             b"HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nno", b"HTTP/1.1 200 OK\r\n\r\nrest",
             b"HTTP/1.1 201 Created\r\n\r\n", b"HTTP/1.1 204 None\r\n\r\n",
             b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", b"garbage\r\n\r\n", b"HTTP/1.1 200\r\n\r\n",
             b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody", b"HTTP/1.1 200 OK\r\nUpgrade: x\r\n\r\n",
             b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
             b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"]
        )  # fmt: skip
        extra: list[Json] = []
        for _ in range(self.r.randint(0, 3)):
            extra.append(
                {
                    "do": self.r.choice(
                        ["proxy.pause", "proxy.resume", "proxy.end", "proxy.destroy", "proxy.write"]
                    )
                }
            )
            if extra[-1]["do"] == "proxy.write":
                extra[-1]["args"] = [b(self.r.choice([b"HTTP/1.1", b"\r\n", response]))]
        ops += [op for op in extra if self.maybe(0.5) and op["do"] not in ("proxy.write",)]
        ops += [{"do": "proxy.write", "args": [b(chunk)]} for chunk in self.cut(response)]
        ops += extra
        hooks = []
        if self.maybe(0.15):
            name = self.r.choice(["connect", "error", "close", "end", "drain", "data"])
            what = (
                [{"do": "throw"}]
                if self.maybe(0.3)
                else [{"do": self.r.choice(["start", "proxy.end", "proxy.start"])}]
            )
            hooks = [{"on": f"proxy0.{name}", "nth": 1, "ops": what}]
        return self.driver_session([], hooks, ops)

    def extension_message(self) -> Json:
        rsv = [self.maybe(0.3) for _ in range(3)]
        return {
            "opcode": self.r.choice([1, 2]),
            "rsv1": rsv[0], "rsv2": rsv[1], "rsv3": rsv[2],
            "data": b(self.r.choice(GOOD_UTF8)),
        }  # fmt: skip

    def extensions_session(self) -> Json:
        specs = [self.test_extension(i) for i in range(self.r.randint(1, 4))]
        for spec in specs:
            if self.maybe(0.6):
                spec["rsv1"] = spec["rsv2"] = spec["rsv3"] = False
        if self.maybe(0.2):
            specs.append({"deflate": self.deflate_options()})
        options = (
            None if self.maybe(0.7) else {"max_length": 1000} if self.maybe(0.9) else {"bogus": 1}
        )
        ops: list[Json] = [{"do": "create", "args": [options]}]
        ops += [{"do": "add", "args": [i]} for i in range(len(specs))]
        if self.maybe(0.5):
            ops.append({"do": "generate_offer"})
            ops.append({"do": "activate", "args": [self.extension_header(specs, True) or ""]})
        else:
            ops.append(
                {"do": "generate_response", "args": [self.extension_header(specs, False) or ""]}
            )
        for _ in range(self.r.randint(1, 10)):
            way = self.r.random()
            if way < 0.6:
                op: Json = {
                    "do": self.r.choice(["process_incoming_message", "process_outgoing_message"])
                }
                op["args"] = [self.extension_message()]
                if self.maybe(0.02):
                    op["boom"] = True
                ops.append(op)
            elif way < 0.75:
                ops += self.flush_ops(0, specs)
            elif way < 0.83:
                ops.append({"do": "close"})
            else:
                frame: Json = {f"rsv{i}": self.maybe(0.4) for i in (1, 2, 3)}
                frame["opcode"] = self.r.choice([0, 1, 2, 8, 9, 10])
                ops.append({"do": "valid_frame_rsv", "args": [frame]})
        for i in range(len(specs)):
            for way_ in ("in", "out"):
                ops.append(
                    {
                        "do": "flush",
                        "extension": i,
                        "direction": way_,
                        "order": self.r.choice(["fifo", "lifo"]),
                    }
                )
        return {"kind": "extensions", "extensions": specs, "ops": ops}

    def deflate_session(self) -> Json:
        ops: list[Json] = []
        options = self.deflate_options()
        if options is not None:
            ops.append({"do": "configure", "args": [options]})
        if self.maybe(0.05):
            ops.append({"do": "configure", "args": [self.deflate_options() or {"bogus": 1}]})
        max_length = self.r.choice([2**26, 2**26, 2**26, 100])
        if self.maybe(0.5):
            ops += [
                {"do": "client", "args": [max_length]},
                {"do": "generate_offer"},
                {"do": "activate", "args": [self.deflate_params(True)]},
            ]
        else:
            offers = [self.deflate_params(False) for _ in range(self.r.randint(1, 3))]
            ops += [{"do": "server", "args": [offers, max_length]}, {"do": "generate_response"}]
        deflate = self.deflater()
        for _ in range(self.r.randint(1, 6)):
            data = (
                self.r.choice(GOOD_UTF8) * self.r.choice([1, 1, 3, 100])
                if self.maybe(0.7)
                else self.some_bytes()
            )
            if self.maybe(0.5):
                ops.append({"do": "out", "args": [b(data), False]})
            else:
                payload = deflate(data)
                if self.maybe(0.1):
                    payload = self.r.choice([self.r.randbytes(10), payload[:-1], b"", b"\x00"])
                ops.append({"do": "in", "args": [b(payload), self.maybe(0.9)]})
        if self.maybe(0.5):
            ops.append({"do": "close"})
        return {"kind": "deflate", "ops": ops, "zlib": "real" if self.maybe(0.2) else "sync"}

    def parser_session(self) -> Json:
        ops: list[Json] = []
        tokens = [
            "a",
            "b",
            "foo",
            "x-webkit-deflate-frame",
            "permessage-deflate",
            "max",
            "!#$%&'*+-.^_`|~9",
        ]
        values = ["", "=1", "=-1", "=1.5", "=10.0", "=007", "=1e5", "=tok", '="q"', '="a b"', '="a\\"b"', '="a\\\\b"',
                  '="12"', '=""', "=-0", "=0.10", "=99999999999999999999", '="a,b;c"', '="ä"', "=0", "=+1", '="\\a"',
                  "=1.", "=.5", "=12345678901234567", "=0.1e1", "=-1.50"]  # fmt: skip
        for _ in range(self.r.randint(1, 4)):
            elements = []
            for _ in range(self.r.randint(1, 3)):
                element = self.r.choice(tokens)
                for _ in range(self.r.randint(0, 4)):
                    space = self.r.choice(["", " ", "\t", "  ", "\r\n "])
                    value = self.r.choice(values)
                    if self.maybe(0.2):
                        value = value.replace("=", " = ", 1)
                    element += (
                        space + ";" + self.r.choice(["", " "]) + self.r.choice(tokens) + value
                    )
                elements.append(element)
            header = self.r.choice([",", ", ", " ,\t"]).join(elements)
            if self.maybe(0.2):
                i = self.r.randint(0, len(header))
                header = (
                    header[:i]
                    + self.r.choice(['"', ",", ";", "=", " ", "\x7f", "é", "\n", "/"])
                    + header[i:]
                )
            if self.maybe(0.03):
                header = self.r.choice(["", " ", ",", ";", "a,", ",a", "a;", "a "])
            ops.append({"do": "parse_header", "args": [header]})
        for _ in range(self.r.randint(0, 2)):
            ops.append({"do": "serialize_params", "args": [self.r.choice(tokens), self.params()]})
        return {"kind": "parser", "ops": ops}

    def headers_session(self) -> Json:
        ops: list[Json] = []
        for _ in range(self.r.randint(1, 8)):
            if self.maybe(0.04):
                ops.append({"do": "clear"})
                continue
            name = self.r.choice(
                [
                    "A",
                    "a",
                    "Set-Cookie",
                    "set-cookie",
                    "Warning",
                    "WWW-Authenticate",
                    " B ",
                    "C",
                    "Set-Cookie2",
                    "hasOwnProperty",
                ]
            )
            value = self.r.choice(
                ["v", " padded ", "", 1, 1.5, 10.0, "a, b", "ä", "\ttab\t", 1e21, 0, -1]
            )
            if self.maybe(0.03):
                name = self.r.choice(["", "a b", "a:b", "é", "a\r\nb"])
            if self.maybe(0.03):
                value = self.r.choice(["a\r\nb", "a\0b", "\n", True, None, ["a"]])
            ops.append({"do": "set", "args": [name, value]})
        return {"kind": "headers", "ops": ops}

    def functions_session(self) -> Json:
        ops: list[Json] = []
        for _ in range(self.r.randint(1, 4)):
            headers = self.request_headers([], 0.5)
            if self.maybe(0.3):
                name = self.r.choice(
                    ["https", "x-forwarded-ssl", "x-forwarded-scheme", "x-forwarded-proto"]
                )
                headers[name] = self.r.choice(["on", "https", "off", "http", "ON"])
            request: Json = {"method": self.method(), "url": "/", "headers": headers}
            if self.maybe(0.1):
                request["socket"] = {}
            ops.append(
                {"do": self.r.choice(["is_websocket", "is_secure_request"]), "args": [request]}
            )
        if self.maybe(0.3):
            options = self.r.choice([{}, {"foo": 1}, {"bar": 2, "foo": 1}, {"baz": 1}, None])
            ops.append({"do": "validate_options", "args": [options, ["foo", "bar"]]})
        return {"kind": "functions", "ops": ops}


def session(seed: int, number: int) -> Json:
    """Session `number` of those that belong to `seed`."""
    return Generator(seed, number).session()
