"""The cost of messages that decompress to far more than their size."""

import random
import time
import zlib
from types import SimpleNamespace

import pytest

import websocket_driver as websocket
from spec.allocations import allocations
from spec.support import record
from websocket_driver import permessage_deflate
from websocket_driver.permessage_deflate.session import TooLargeError

MIB = 2**20
MAX_LENGTH = 4 * MIB

# Besides the message itself: the steps in which it is decompressed, and zlib's state.
CONSTANT = MIB

REQUEST = websocket.Request(
    "GET",
    "/",
    {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Extensions": "permessage-deflate",
    },
)


def frame(payload):
    return b"\xc2\x7f" + len(payload).to_bytes(8, "big") + payload


def zeros(size, flush=zlib.Z_SYNC_FLUSH, every=None):
    """`size` zeros, deflated; with a full flush, which resets the window, after so many."""
    deflate = zlib.compressobj(9, wbits=-15)
    parts = []
    for start in range(0, size, every or size):
        parts.append(deflate.compress(bytes(min(every or size, size - start))))
        if every:
            parts.append(deflate.flush(zlib.Z_FULL_FLUSH))
    parts.append(deflate.flush(flush))
    return b"".join(parts)


# The output of a compressor before it is flushed: its last block has no end.
ENDLESS = zlib.compressobj(9, zlib.DEFLATED, -15, 8, zlib.Z_FIXED).compress(bytes(64 * MIB))

BOMBS = {
    "zeros": zeros(64 * MIB),
    "resets": zeros(64 * MIB, every=32768),
    "many blocks": zeros(64 * MIB, every=1000),
    "a final block, and more": zeros(64 * MIB, zlib.Z_FINISH) + b"\xff" * 1000,
    "a block without end": ENDLESS,
}


class DescribeBombs:
    @pytest.fixture
    def driver(self):
        driver = websocket.http(REQUEST, require_masking=False, max_length=MAX_LENGTH)
        driver.add_extension(permessage_deflate)
        driver.start()
        return driver

    def cost(self, driver, input):
        """The peak of memory while `input` is parsed, in bytes, and the time, in seconds."""
        with allocations() as memory:
            started = time.process_time()
            driver.parse(input)
            seconds = time.process_time() - started
            return memory.peak(), seconds

    @pytest.mark.parametrize("bomb", BOMBS)
    def it_cost_no_more_than_the_limit_and_a_constant(self, driver, bomb):
        events = record(driver)
        input = frame(BOMBS[bomb])
        peak, _ = self.cost(driver, input)
        assert peak <= MAX_LENGTH + len(input) + CONSTANT
        reason = "WebSocket frame length too large"
        assert events == [("error", reason), ("close", 1009, reason)]

    def it_take_no_longer_than_what_is_allowed(self, driver):
        _, allowed = self.cost(driver, frame(zeros(MAX_LENGTH)[:-4]))
        _, bomb = self.cost(driver, frame(BOMBS["zeros"]))
        assert bomb < 5 * allowed + 0.05

    def it_are_let_in_up_to_the_limit(self, driver):
        events = record(driver)
        driver.parse(frame(zeros(MAX_LENGTH)[:-4]) + frame(zeros(MAX_LENGTH + 1)[:-4]))
        assert [event[0] for event in events] == ["message", "error", "close"]
        assert events[0] == ("message", bytes(MAX_LENGTH))

    def it_are_nothing_if_they_are_empty(self, driver):
        events = record(driver)
        empty = b"\x03\x00"  # a final block with nothing in it
        driver.parse(frame(empty) * 3 + frame(empty * 1000))
        assert events == [("message", b"")] * 4

    def it_do_not_hide_behind_a_final_block(self, driver):
        events = record(driver)
        input = frame(b"\x03\x00" + b"\xff" * (3 * MIB))
        peak, seconds = self.cost(driver, input)
        assert events == [("message", b"")]
        assert peak <= 2 * len(input) + CONSTANT
        assert seconds < 1

    @pytest.mark.parametrize("size", [1, 0x3FFF, 0x4000, 0x4001, 0x3FFFF, 0x40000, 0x40001, MIB])
    @pytest.mark.parametrize("level", [0, 6])
    def it_leave_messages_of_any_length_whole(self, driver, size, level):
        events = record(driver)
        deflate = zlib.compressobj(level, wbits=-15)
        data = bytes(i * i % 251 for i in range(size))
        payload = deflate.compress(data) + deflate.flush(zlib.Z_SYNC_FLUSH)
        driver.parse(frame(payload[:-4]) + frame(b"\xaa\x00"))
        assert events[0] == ("message", data)


class DescribeManyMessages:
    """Messages that are short, and those that end the stream: time and memory for each byte."""

    @pytest.fixture
    def driver(self):
        driver = websocket.http(REQUEST, require_masking=False)
        driver.add_extension(permessage_deflate)
        driver.start()
        return driver

    @staticmethod
    def short(payload):
        return bytes((0xC2, len(payload))) + payload

    def one_byte_messages(self, count):
        deflate = zlib.compressobj(9, wbits=-15)
        messages = []
        for i in range(count):
            payload = deflate.compress(bytes([i % 251])) + deflate.flush(zlib.Z_SYNC_FLUSH)
            messages.append(self.short(payload[:-4]))
        return b"".join(messages)

    def seconds(self, driver, input):
        started = time.process_time()
        driver.parse(input)
        return time.process_time() - started

    def it_cost_the_same_when_the_window_is_full_of_them(self, driver):
        events = record(driver)
        final = self.short(b"\x03\x00") * 2000  # a final block with nothing in it
        before = self.seconds(driver, final)
        driver.parse(self.one_byte_messages(32_768))
        after = self.seconds(driver, final)
        assert len(events) == 2000 + 32_768 + 2000
        assert after < 3 * before + 0.2

    def it_keep_no_more_than_the_window(self, driver):
        input = self.one_byte_messages(20_000)
        with allocations() as memory:
            driver.parse(input)
            # zlib's own window and state, and ours.
            assert memory.now() < 120_000

    def it_can_begin_a_new_stream_in_any_message(self, driver):
        events = record(driver)
        window = b""
        for i in range(50):
            data = bytes([i]) * 1000 + b"Hello"
            deflate = (
                zlib.compressobj(9, wbits=-15, zdict=window)
                if window
                else zlib.compressobj(9, wbits=-15)
            )
            payload = deflate.compress(data) + deflate.flush(zlib.Z_FINISH) + b"\x00"
            driver.parse(frame(payload))
            window = (window + data)[-32_768:]
        assert events == [("message", bytes([i]) * 1000 + b"Hello") for i in range(50)]


class DescribeThePeak:
    """RFC 7692 lets a message be as large as it came or larger: memory is twice that at most."""

    SIZE = 4 * MIB

    @pytest.mark.parametrize("level", [0, 6])
    @pytest.mark.parametrize("kind", ["noise", "text", "zeros"])
    def it_is_twice_the_message_and_a_constant(self, level, kind):
        data = {
            "noise": random.Random(1).randbytes(self.SIZE),
            "text": b"Hello, World! " * (self.SIZE // 14),
            "zeros": bytes(self.SIZE),
        }[kind]
        deflate = zlib.compressobj(level, wbits=-15)
        payload = (deflate.compress(data) + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4]
        session = permessage_deflate.create_server_session([{}], {"max_length": self.SIZE})
        assert session is not None
        session.generate_response()

        with allocations() as memory:
            # A copy, so that the compressed message counts.
            message = SimpleNamespace(rsv1=True, data=bytes(bytearray(payload)))
            del payload
            memory.reset_peak()
            answers = []
            session.process_incoming_message(message, lambda *answer: answers.append(answer))
            assert memory.peak() <= 2 * self.SIZE + MIB
        assert answers == [(None, message)]
        assert message.data == data

    @pytest.mark.parametrize("max_length", [0, 1, 4, 5])
    def it_is_0_bytes_if_the_limit_is_0(self, max_length):
        session = permessage_deflate.create_server_session([{}], {"max_length": max_length})
        assert session is not None
        session.generate_response()
        assert session.decompress(b"\x00") == b""
        hello = b"\xf2\x48\xcd\xc9\xc9\x07\x00"
        if max_length < 5:
            with pytest.raises(TooLargeError):
                session.decompress(hello)
        else:
            assert session.decompress(hello) == b"Hello"
