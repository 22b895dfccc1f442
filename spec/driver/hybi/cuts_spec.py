"""Events do not depend on how the input is cut; each comes as soon as its last byte has arrived."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import websocket_driver as websocket
from spec.support import record

REQUEST = websocket.Request(
    "GET",
    "/",
    {
        "Host": "example.com",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
    },
)
KEY = b"\x01\x02\x03\x04"
MAX_LENGTH = 200

TEXTS = ["", "a", "Hello", "\u00fc\u20ac\U0001f600", "x" * 124, "x" * 126, "\u20ac" * 66]
WRONG = [b"\xff", b"\xed\xa0\x80", b"ok\xf4\x90\x80\x80", b"\xe0\x9f\x80", b"\xc3", b"a" * 201]


# The kinds of long messages, each by the first byte of its frame, without FIN.
LONG = {
    "binary": (0x02, b"\x00\x01\x02\xff" * 80_000),
    "ASCII": (0x01, b"text" * 80_000),
    "ASCII, then not": (0x01, b"text" * 40_000 + "\u00fc\u20ac\U0001f600".encode() * 15_000),
    "not ASCII, then ASCII": (0x01, "\u20ac".encode() * 40_000 + b"text" * 40_000),
    "emoji in between": (0x01, (b"text" * 20_000 + "\U0001f600".encode()) * 4),
    "wrong": (0x01, b"text" * 40_000 + b"\xff" + b"text" * 40_000),
}


def frame(first: int, payload: bytes, masked: bool = True) -> bytes:
    length = len(payload)
    kind = length if length < 126 else 126 if length < 65536 else 127
    extended = length.to_bytes(2 if kind == 126 else 8, "big") if kind >= 126 else b""
    head = bytes((first, (0x80 if masked else 0) | kind)) + extended
    if not masked:
        return head + payload
    keys = KEY * (length // 4 + 1)
    return head + KEY + bytes(a ^ b for a, b in zip(payload, keys, strict=False))


payloads = st.one_of(
    st.sampled_from([text.encode() for text in TEXTS]),
    st.sampled_from(WRONG),
    st.binary(max_size=6),
)


@st.composite
def fragmented(draw: st.DrawFn) -> bytes:
    """A message in fragments, a ping between them now and then."""
    payload = draw(payloads)
    places = sorted(draw(st.lists(st.integers(0, len(payload)), max_size=4)))
    pieces = [payload[i:j] for i, j in zip([0, *places], [*places, len(payload)], strict=True)]
    firsts = [draw(st.sampled_from([0x01, 0x02])), *[0x00] * (len(pieces) - 1)]
    firsts[-1] |= 0x80
    data = b""
    for first, piece in zip(firsts, pieces, strict=True):
        data += frame(first, piece) + draw(st.sampled_from([b"", b"", frame(0x89, b"p")]))
    return data


whole = st.builds(frame, st.sampled_from([0x81, 0x82]), payloads)
control = st.builds(frame, st.sampled_from([0x89, 0x8A]), st.sampled_from([b"", b"ping"]))
odd = st.one_of(
    st.builds(
        frame, st.sampled_from([0x00, 0x01, 0x80, 0x83, 0x88, 0xC1, 0x09]), payloads, st.booleans()
    ),
    st.binary(max_size=4),
    st.just(b"\x81\xff\x00\x00\x00\x00\x00\x00\x00\xc9\x01\x02\x03\x04"),
    st.just(b"\x82\xfe\x00\xc9"),
)
streams = st.lists(st.one_of(whole, whole, fragmented(), control, odd), max_size=7).map(b"".join)


def opened() -> tuple[websocket.Hybi, list[object]]:
    driver = websocket.http(REQUEST, max_length=MAX_LENGTH)
    assert isinstance(driver, websocket.Hybi)
    log: list[object] = []
    driver.start()
    for event in ("message", "ping", "pong", "error", "close"):
        driver.on(event, lambda event: log.append(event))
    driver.io.on("data", log.append)
    return driver, log


def in_one_way(log: list[object]) -> list[str]:
    return [str(entry) for entry in log]


class DescribeCuts:
    @settings(deadline=None)
    @given(streams, st.lists(st.integers(1, 300), max_size=8))
    def it_makes_no_difference_where_the_input_is_cut(self, data, sizes):
        by_chunk, chunk_log = opened()
        by_byte, byte_log = opened()
        start = 0
        for size in [*sizes, len(data) + 1]:
            chunk = data[start : start + size]
            start += size
            by_chunk.parse(chunk)
            for i in range(len(chunk)):
                by_byte.parse(chunk[i : i + 1])
            assert in_one_way(chunk_log) == in_one_way(byte_log)
            assert by_chunk.ready_state == by_byte.ready_state

    @pytest.mark.parametrize("wrong", WRONG)
    @pytest.mark.parametrize("first", [0x81, 0x01])
    def it_fails_at_the_first_wrong_byte(self, first, wrong):
        data = frame(0x81, b"first") + frame(first, wrong + b"a" * 10)
        ends = set()
        for cut in range(len(data) + 1):
            driver, log = opened()
            driver.parse(data[:cut])
            for i in range(cut, len(data)):
                if driver.ready_state != 1:
                    break
                driver.parse(data[i : i + 1])
                cut = i + 1
            if driver.ready_state != 1:
                ends.add((cut, *in_one_way(log)[-3:]))
        earliest = min(ends)
        assert all(end[1:] == earliest[1:] for end in ends)
        # Whoever had not sent the wrong byte yet fails when it comes, not before and not later.
        assert {end for end in ends if end[0] == earliest[0]} == {earliest}

    @pytest.mark.parametrize("masked", [False, True])
    @pytest.mark.parametrize("fragments", [1, 2])
    @pytest.mark.parametrize("size", [1000, 5000, 65536, 100_000])
    @pytest.mark.parametrize("kind", LONG)
    def it_takes_long_messages_in_chunks(self, kind, size, fragments, masked):
        first, payload = LONG[kind]
        half = len(payload) // fragments
        data = frame(first | (0x80 if fragments == 1 else 0), payload[:half], masked)
        if fragments > 1:
            data += frame(0x80, payload[half:], masked)
        driver = websocket.http(REQUEST, require_masking=False)
        driver.start()
        received: list[object] = []
        errors: list[str] = []
        driver.on("message", lambda event: received.append(event.data))
        driver.on("error", lambda error: errors.append(error.message))
        for start in range(0, len(data), size):
            driver.parse(data[start : start + size])

        if kind == "wrong":
            assert (received, errors) == ([], ["Could not decode a text frame as UTF-8"])
        else:
            assert received == [payload if first == 0x02 else payload.decode()]
            assert errors == []

    def it_takes_what_waits_together_with_what_follows(self):
        driver, log = opened()
        data = frame(0x81, b"one") + frame(0x81, b"two") + frame(0x81, b"three")
        driver.parse(data[:12])
        assert in_one_way(log) == ["MessageEvent(data='one')"]
        driver.parse(data[12:])
        assert in_one_way(log)[1:] == ["MessageEvent(data='two')", "MessageEvent(data='three')"]

    def it_drops_what_waits_when_the_wire_ends(self):
        driver, log = opened()
        driver.parse(frame(0x81, b"Hello")[:-1])
        driver.io.end()
        driver.parse(frame(0x81, b"Hello")[-1:])
        assert log == []

    def it_reads_on_in_what_waits_while_closing(self):
        driver, log = opened()
        data = frame(0x81, b"Hello") + frame(0x88, b"\x03\xe8")
        driver.parse(data[:5])
        driver.close()
        del log[:]
        driver.parse(data[5:])
        assert in_one_way(log) == ["CloseEvent(code=1000, reason='')"]

    def it_is_read_in_order_when_a_listener_parses_the_rest(self):
        driver, log = opened()
        data = frame(0x81, b"one") + frame(0x81, b"two") + frame(0x81, b"three")
        rest = [data[12:]]

        def parse_the_rest(_):
            if rest:
                driver.parse(rest.pop())

        driver.on("message", parse_the_rest)
        driver.parse(data[:12])
        assert in_one_way(log) == [
            f"MessageEvent(data={text!r})" for text in ("one", "two", "three")
        ]
        driver.parse(frame(0x81, b"four"))
        assert in_one_way(log)[-1] == "MessageEvent(data='four')"

    def it_goes_on_when_a_listener_raises(self):
        driver, log = opened()
        data = frame(0x81, b"one") + frame(0x81, b"two") + frame(0x81, b"three")

        @driver.on("message")
        def listener(event):
            raise RuntimeError(event.data)

        with pytest.raises(RuntimeError, match="one"):
            driver.parse(data[:12])
        with pytest.raises(RuntimeError, match="two"):
            driver.parse(data[12:])
        assert len(log) == 3
        assert record(driver, "close") == []
