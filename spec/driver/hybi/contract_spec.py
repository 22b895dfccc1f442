"""The fast paths and the slow path keep the same rules: every rule and every limit, however input
is cut, whichever codec is in use, on both sides, wherever in the traffic it is broken.

To add a rule, add a function to `rules.py` and a case here. To add a limit, add a field to
`rules.Limits` and a case at the limit and one past it. The spec fails until the cases are there,
and until the fast paths keep the rule too.
"""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import websocket_driver as websocket
from spec.doubles import PassingOn
from spec.support import examples, record
from websocket_driver import Request
from websocket_driver.driver.hybi import Hybi, codec, delivery, receiver, rules
from websocket_driver.driver.hybi.rules import Limits

compiled = pytest.importorskip("websocket_driver._speedups")

MAX_LENGTH = 300
MASKING_KEY = b"\x37\xfa\x21\x3d"

FINAL, RSV1, RSV2 = 0x80, 0x40, 0x20
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
OPEN, CLOSED = 1, 3

TOO_LARGE = (1009, "WebSocket frame length too large")
BAD_TEXT = (1007, "Could not decode a text frame as UTF-8")


@dataclass
class Piece:
    """A frame. `masked` is as the side that receives it expects it, unless it is given."""

    first: int
    payload: bytes = b""
    masked: bool | None = None


@dataclass
class Case:
    """Traffic that keeps a rule, or breaks it: `fails` is the close code and the text then.

    `emits` is what a listener hears of it, `sends` are the frames that answer it. `alone` is the
    traffic as frames of its own, `in_fragments` where it comes in the middle of a message.
    """

    name: str
    alone: list[Piece]
    in_fragments: list[Piece]
    fails: tuple[int, str] | None = None
    emits: list[tuple[Any, ...]] = field(default_factory=list)
    emits_in_fragments: list[tuple[Any, ...]] | None = None
    sends: list[tuple[int, bytes]] = field(default_factory=list)
    side: str | None = None
    extension: bool | str = False
    closes: tuple[int, str] | None = None

    def __str__(self):
        return self.name


def whole(opcode, payload):
    return Piece(FINAL | opcode, payload)


def message_of(length: int) -> tuple[list[Piece], list[Piece]]:
    """A binary message of so many bytes: in one frame, and in fragments that end at the limit."""
    data = b"\xff" * length
    first, rest = data[:100], data[100:]
    halves = [rest[: len(rest) // 2], rest[len(rest) // 2 :]]
    return [whole(BINARY, data)], [
        Piece(BINARY, first),
        Piece(CONTINUATION, b""),
        *(Piece(CONTINUATION, half[:-1]) for half in halves),
        whole(CONTINUATION, b"\xff" * 2),
    ]


# The frames before and after a frame that breaks a rule within a message.
BEGUN = [Piece(TEXT, b"be"), Piece(CONTINUATION, b"gu"), Piece(CONTINUATION, b"n, ")]
ENDED = [Piece(CONTINUATION, b"en"), whole(CONTINUATION, b"ded")]
MESSAGE = ("message", "begun, ended")


def control(name, piece, emits=(), sends=(), fails=None, closes=None, **more):
    """A control frame, alone and within a message. It never ends the message."""
    ends = fails or closes
    return Case(
        name,
        [piece],
        [*BEGUN, piece, *ENDED],
        fails,
        list(emits),
        [*emits, *([] if ends else [MESSAGE])],
        list(sends),
        closes=closes,
        **more,
    )


def fails_at_once(name, piece, fails, **more):
    return Case(name, [piece], [*BEGUN, piece], fails, **more)


def fragmented(
    name: str,
    alone: list[Piece],
    in_fragments: list[Piece],
    fails: tuple[int, str] | None = None,
    emits: Sequence[tuple[Any, ...]] = (),
    extension: bool | str = False,
) -> Case:
    return Case(name, alone, in_fragments, fails, list(emits), list(emits), extension=extension)


def reserved(*bits):
    values = ", ".join(f"reserved{i} = {bit}" for i, bit in enumerate(bits, 1))
    return (1002, f"One or more reserved bits are on: {values}")


# The cases of each function in rules.py, by its name.
RULES = {
    "check_reserved_bits": [
        fails_at_once("rsv1", Piece(FINAL | RSV1 | BINARY, b"x"), reserved(1, 0, 0)),
        fails_at_once("rsv2 on a ping", Piece(FINAL | RSV2 | PING, b"x"), reserved(0, 1, 0)),
        fragmented(
            "rsv1 of an extension",
            [Piece(FINAL | RSV1 | BINARY, b"x")],
            [Piece(RSV1 | BINARY, b""), Piece(CONTINUATION, b"x"), whole(CONTINUATION, b"")],
            emits=[("message", b"x")],
            extension=True,
        ),
        fragmented(
            "rsv1 on a continuation",
            [Piece(FINAL | RSV1 | PONG, b"")],
            [Piece(RSV1 | BINARY, b"x"), Piece(RSV1 | CONTINUATION, b"x")],
            reserved(1, 0, 0),
            extension=True,
        ),
    ],
    "check_opcode": [
        fails_at_once("opcode 3", whole(0x3, b"x"), (1002, "Unrecognized frame opcode: 3")),
        fails_at_once("opcode 15", whole(0xF, b""), (1002, "Unrecognized frame opcode: 15")),
    ],
    "check_fragmentation": [
        fails_at_once(
            "fragmented ping",
            Piece(PING, b"x"),
            (1002, "Received fragmented control frame: opcode = 9"),
        ),
        Case(
            "new message in a message",
            [Piece(TEXT, b"x"), whole(BINARY, b"y")],
            [*BEGUN, whole(TEXT, b"x")],
            (1002, "Received new data frame but previous continuous frame is unfinished"),
        ),
        control("whole pong in a message", whole(PONG, b"x"), [("pong", "x")]),
    ],
    "check_continuation": [
        Case(
            "continuation of nothing",
            [whole(CONTINUATION, b"x")],
            [*BEGUN, *ENDED, Piece(CONTINUATION, b"x")],
            (1002, "Received unexpected continuation frame"),
            emits_in_fragments=[MESSAGE],
        ),
    ],
    "check_frame": [
        fragmented(
            "a message at max_length",
            *message_of(MAX_LENGTH),
            emits=[("message", b"\xff" * MAX_LENGTH)],
        ),
        fragmented("a message past max_length", *message_of(MAX_LENGTH + 1), TOO_LARGE),
    ],
    "check_message_length": [
        fragmented(
            "extended at max_length",
            *message_of(MAX_LENGTH - 1),
            emits=[("message", b"\xff" * (MAX_LENGTH - 1) + b"+")],
            extension="grows",
        ),
        fragmented(
            "extended past max_length", *message_of(MAX_LENGTH), TOO_LARGE, extension="grows"
        ),
    ],
    "check_masking": [
        fails_at_once(
            f"{kind} without a mask",
            Piece(FINAL | opcode, payload, masked=False),
            (1003, "Received unmasked frame but masking is required"),
            side="server",
        )
        for kind, opcode, payload in [
            ("empty ping", PING, b""),
            ("continuation", CONTINUATION, b"x"),
            ("long continuation", CONTINUATION, b"x" * 126),
        ]
    ]
    + [
        fails_at_once(
            "ping with a mask",
            Piece(FINAL | PING, b"x", masked=True),
            (1002, "Received masked frame from a server"),
            side="client",
        ),
        Case(
            "text without a mask",
            [Piece(FINAL | TEXT, b"x", masked=False)],
            [Piece(TEXT, b"x"), Piece(CONTINUATION, b"x"), Piece(CONTINUATION, b"x", masked=False)],
            (1003, "Received unmasked frame but masking is required"),
            side="server",
        ),
        Case(
            "text with a mask",
            [Piece(FINAL | TEXT, b"x", masked=True)],
            [Piece(TEXT, b"x"), Piece(CONTINUATION, b"x"), Piece(CONTINUATION, b"x", masked=True)],
            (1002, "Received masked frame from a server"),
            side="client",
        ),
    ],
    "check_control_length": [
        control(
            "a ping of 125 bytes",
            whole(PING, b"x" * 125),
            [("ping", "x" * 125)],
            [(FINAL | PONG, b"x" * 125)],
        ),
        fails_at_once(
            "a ping of 126 bytes",
            whole(PING, b"x" * 126),
            (1002, "Received control frame having too long payload: 126"),
        ),
    ],
    "check_text": [
        fragmented(
            "text",
            [whole(TEXT, "a€𝄞".encode())],
            [
                Piece(TEXT, b"a\xe2"),
                Piece(CONTINUATION, b"\x82\xac\xf0\x9d"),
                whole(CONTINUATION, b"\x84\x9e"),
            ],
            emits=[("message", "a€𝄞")],
        ),
        fragmented(
            "text with a surrogate",
            [whole(TEXT, b"a\xed\xa0\x80")],
            [Piece(TEXT, b"a\xed"), Piece(CONTINUATION, b"\xa0")],
            BAD_TEXT,
        ),
        fragmented(
            "text with half a character",
            [whole(TEXT, b"a\xe2\x82")],
            [Piece(TEXT, b"a\xe2"), whole(CONTINUATION, b"\x82")],
            BAD_TEXT,
        ),
        fragmented(
            "text in the middle of a message",
            [whole(TEXT, b"\xff")],
            [Piece(TEXT, b"a"), Piece(CONTINUATION, b"b"), Piece(CONTINUATION, b"\xff")],
            BAD_TEXT,
        ),
    ],
    "is_close_code": [
        control(
            f"close {code}",
            whole(CLOSE, code.to_bytes(2, "big") + b"bye"),
            closes=(answer, "bye"),
        )
        for code, answer in [
            (1000, 1000),
            (1014, 1014),
            (4999, 4999),
            (1005, 1002),
            (1015, 1002),
            (2999, 1002),
            (5000, 1002),
        ]
    ],
}

# The cases at the limit and past it, for each field of Limits.
LIMITS = {
    "max_length": ["a message at max_length", "a message past max_length"],
    "masked": ["text with a mask", "text without a mask"],
}

CASES = [case for cases in RULES.values() for case in cases]
PLACES = ["alone", "behind 100 messages", "in fragments"]
SIDES = ["server", "client"]


class Extension(PassingOn):
    """It uses RSV1, and does nothing to messages, or adds a byte to long ones that arrive."""

    rsv1 = True

    def __init__(self, suffix=b""):
        self.suffix = suffix

    def process_incoming_message(self, message, callback):
        if len(message.data) > MAX_LENGTH // 2:
            message.data = bytes(message.data) + self.suffix
        callback(None, message)


def open_driver(side, extension, max_length=MAX_LENGTH):
    """An open driver, and its events and output since then."""
    if side == "server":
        headers = {
            "host": "example.com",
            "connection": "Upgrade",
            "upgrade": "websocket",
            "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
            "sec-websocket-version": "13",
        }
        if extension:
            headers["sec-websocket-extensions"] = "x"
        driver = websocket.http(Request("GET", "/", headers), max_length=max_length)
    else:
        driver = websocket.client("ws://example.com/", max_length=max_length)
    if extension:
        driver.add_extension(Extension(b"+" if extension == "grows" else b""))

    sent: list[Any] = []
    driver.io.on("data", sent.append)
    driver.start()
    if side == "client":
        key = dict(line.split(": ") for line in sent[0].decode().split("\r\n")[1:-2])
        accept = Hybi.generate_accept(key["Sec-WebSocket-Key"])
        driver.parse(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + (b"Sec-WebSocket-Extensions: x\r\n" if extension else b"")
            + f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
        )
    assert driver.ready_state == OPEN

    log = record(driver)
    record(driver.messages, "data", "end", into=log)
    sent.clear()
    return driver, log, sent


def encode(piece, masked):
    """The bytes of a frame, by hand."""
    masked = masked if piece.masked is None else piece.masked
    length = len(piece.payload)
    mask_bit = 0x80 if masked else 0
    if length < 126:
        head = bytes([piece.first, mask_bit | length])
    else:
        head = bytes([piece.first, mask_bit | 126]) + length.to_bytes(2, "big")
    if not masked:
        return head + piece.payload
    payload = bytes(octet ^ MASKING_KEY[i % 4] for i, octet in enumerate(piece.payload))
    return head + MASKING_KEY + payload


def traffic(case, place, side):
    """The bytes of a case in its place."""
    pieces = case.in_fragments if place == "in fragments" else case.alone
    if place == "behind 100 messages":
        ordinary = [whole(TEXT, b"ordinary"), whole(BINARY, b""), whole(TEXT, "ä".encode() * 70)]
        pieces = [*(ordinary[i % 3] for i in range(100)), *pieces]
    return b"".join(encode(piece, side == "server") for piece in pieces)


def expected(case, place, side):
    """The events of a driver, the bytes that it sends, and its state afterwards."""
    emits = case.emits
    if place == "in fragments" and case.emits_in_fragments is not None:
        emits = case.emits_in_fragments
    if place == "behind 100 messages":
        ordinary = [("message", "ordinary"), ("message", b""), ("message", "ä" * 70)]
        emits = [*(ordinary[i % 3] for i in range(100)), *emits]

    events: list[tuple[Any, ...]] = []
    for event in emits:
        if event[0] == "message":
            events.append(("data", event[1]))
        events.append(event)

    sends = [encode(Piece(first, data), side == "client") for first, data in case.sends]
    ended = case.fails or case.closes
    if ended:
        code, reason = ended
        answer = code.to_bytes(2, "big") + reason.encode()
        sends.append(encode(whole(CLOSE, answer), side == "client"))
        if case.fails:
            events.append(("error", reason))
        events += [("end",), ("close", code, reason)]
    return events, sends, CLOSED if ended else OPEN


@pytest.fixture(autouse=True)
def a_known_masking_key(monkeypatch):
    monkeypatch.setattr(Hybi, "_next_key", staticmethod(lambda: MASKING_KEY))


@pytest.fixture(params=["compiled", "pure"])
def implementation(request, monkeypatch):
    pure = request.param == "pure"
    for name in ("take_messages", "take_fragments", "missing", "mask"):
        function = getattr(codec, f"{name}_in_python") if pure else getattr(compiled, name)
        for module in (receiver, codec):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, function)
    delivery_of = delivery.deliver_in_python if pure else compiled.deliver
    monkeypatch.setattr("websocket_driver.driver.hybi.deliver", delivery_of)
    return request.param


def received(case, side, chunks):
    """The events, bytes and state that a driver has after these chunks."""
    driver, log, sent = open_driver(side, case.extension)
    for chunk in chunks:
        driver.parse(chunk)
    return log, sent, driver.ready_state


def cut(data, places):
    ends = sorted({*(place % (len(data) + 1) for place in places), len(data)})
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]


@pytest.mark.usefixtures("implementation")
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("case", "side"),
    [(case, side) for case in CASES for side in SIDES if case.side in (None, side)],
    ids=str,
)
class DescribeTheContract:
    def it_holds_for_input_that_arrives_whole(self, case, place, side):
        data = traffic(case, place, side)
        assert received(case, side, [data]) == expected(case, place, side)

    def it_holds_for_input_that_arrives_byte_by_byte(self, case, place, side):
        data = traffic(case, place, side)
        chunks = [data[i : i + 1] for i in range(len(data))]
        assert received(case, side, chunks) == expected(case, place, side)

    def it_holds_for_input_that_is_cut_anywhere(self, case, place, side):
        data = traffic(case, place, side)

        @settings(max_examples=examples(10), deadline=None, derandomize=True, database=None)
        @given(st.lists(st.integers(0, 10000), max_size=6))
        def holds(places):
            assert received(case, side, cut(data, places)) == expected(case, place, side)

        holds()


@pytest.mark.usefixtures("implementation")
@pytest.mark.parametrize("side", SIDES)
class DescribeALimitOnFrames:
    """There is no such rule, but one can be added where all data frames pass."""

    PIECES = (
        Piece(BINARY, b"x" * 150),
        *[Piece(CONTINUATION, b"x" * 150)] * 6,
        whole(CONTINUATION, b"x" * 150),
        whole(BINARY, b"x" * 200),
        whole(BINARY, b"x" * 201),
    )

    @pytest.fixture(autouse=True)
    def a_limit(self, monkeypatch):
        check_frame = rules.check_frame

        def check(length, before, masked, limits):
            check_frame(length, before, masked, limits)
            if length > 200:
                raise rules.Violation("too_large", "too long for a frame")

        monkeypatch.setattr(rules, "check_frame", check)
        # Results of checks are cached with the limits, which connections share.
        rules.limits.cache_clear()
        yield
        rules.limits.cache_clear()

    @pytest.mark.parametrize("size", [1, 7, 156, 100_000])
    def it_holds_for_both_paths(self, side, size):
        frames = [encode(piece, side == "server") for piece in self.PIECES]
        data = b"".join(frames)
        answer = encode(whole(CLOSE, b"\x03\xf1too long for a frame"), side == "client")
        chunks = [data[start : start + size] for start in range(0, len(data), size)]
        for cuts in (chunks, frames):
            driver, log, sent = open_driver(side, False, max_length=1200)
            for chunk in cuts:
                driver.parse(chunk)
            assert (log, sent) == (
                [
                    ("data", b"x" * 1200),
                    ("message", b"x" * 1200),
                    ("data", b"x" * 200),
                    ("message", b"x" * 200),
                    ("error", "too long for a frame"),
                    ("end",),
                    ("close", 1009, "too long for a frame"),
                ],
                [answer],
            )


class DescribeTheCases:
    def it_has_some_for_each_function_of_the_rules(self):
        functions = {
            name
            for name, function in inspect.getmembers(rules, inspect.isfunction)
            if function.__module__ == rules.__name__
        }
        assert functions == {*RULES}

    def it_has_some_for_each_limit(self):
        names = {case.name for case in CASES}
        assert {*LIMITS} == {*Limits.__slots__} - {"accepted"}
        assert {name for cases in LIMITS.values() for name in cases} <= names

    @pytest.mark.parametrize("rule", RULES)
    def it_has_some_that_reach_each_function(self, rule, monkeypatch):
        calls = []
        original = getattr(rules, rule)

        def called(*arguments):
            calls.append(arguments)
            return original(*arguments)

        monkeypatch.setattr(rules, rule, called)
        for case in RULES[rule]:
            received(case, case.side or "server", [traffic(case, "alone", case.side or "server")])
        # A fast path may keep a rule by leaving what breaks it to the slow path.
        assert len(calls) >= max(1, sum(case.fails is not None for case in RULES[rule]))


PAYLOADS = st.binary(max_size=MAX_LENGTH) | st.text(max_size=MAX_LENGTH // 4).map(str.encode)
FIRSTS = st.sampled_from(
    [FINAL | TEXT, FINAL | BINARY, TEXT, BINARY, CONTINUATION, FINAL | CONTINUATION, FINAL | PING]
)
PIECES = st.builds(Piece, FIRSTS, PAYLOADS, st.sampled_from([None] * 9 + [True, False]))


@pytest.mark.usefixtures("implementation")
@pytest.mark.parametrize("side", SIDES)
class DescribeAnyTraffic:
    def it_comes_to_the_same_whole_and_cut_anywhere(self, side):
        """A limit of one path must apply to the others too."""

        @settings(max_examples=examples(300), deadline=None, derandomize=True, database=None)
        @given(st.lists(PIECES, max_size=20), st.lists(st.integers(0, 10000), max_size=6))
        def comes_to_the_same(pieces, places):
            case = Case("", pieces, [])
            data = b"".join(encode(piece, side == "server") for piece in pieces)
            assert received(case, side, [data]) == received(case, side, cut(data, places))
            octets = [data[i : i + 1] for i in range(len(data))]
            assert received(case, side, [data]) == received(case, side, octets)

        comes_to_the_same()

    @pytest.mark.parametrize("length", [0, 1, 2, 7, 124, 125, 126, 127, 200, MAX_LENGTH])
    def it_comes_to_the_same_for_ordinary_messages_of_any_length(self, side, length):
        pieces = [whole(TEXT, b"x" * length), whole(BINARY, b"x" * length), *BEGUN, *ENDED] * 3
        case = Case("", pieces, [])
        data = b"".join(encode(piece, side == "server") for piece in pieces)
        octets = [data[i : i + 1] for i in range(len(data))]
        whole_log = received(case, side, [data])
        assert len(whole_log[0]) == 2 * 9
        assert received(case, side, octets) == whole_log
