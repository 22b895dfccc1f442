"""Drivers and the sessions of extensions: their results and their exceptions."""

import zlib
from types import SimpleNamespace
from typing import Any

import pytest

import websocket_driver as websocket
from spec.doubles import PassingOn
from spec.support import Collector, record
from websocket_driver import Request, permessage_deflate

HEADERS = {
    "host": "example.com",
    "connection": "Upgrade",
    "upgrade": "websocket",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    "sec-websocket-version": "13",
}


class Echo(PassingOn):
    """An extension that calls back with a given `(error, message)`, or raises."""

    def __init__(self, incoming=None, outgoing=None):
        self.incoming = incoming
        self.outgoing = outgoing

    def process_incoming_message(self, message, callback):
        callback(*(self.incoming or (None, message)))

    def process_outgoing_message(self, message, callback):
        callback(*(self.outgoing or (None, message)))


def open_driver(extension, **options):
    headers = {**HEADERS, "sec-websocket-extensions": extension.name}
    driver = websocket.http(Request("GET", "/", headers), require_masking=False, **options)
    driver.add_extension(extension)
    driver.start()
    return driver, record(driver), driver.io.pipe(Collector())


class DescribeTheOptionsOfAnExtension:
    def it_is_told_the_largest_message(self):
        told = []

        class Limited(Echo):
            def create_server_session(self, offers, options):
                told.append((offers, options))
                return self

        open_driver(Limited(), max_length=10)
        assert told == [([{}], {"max_length": 10})]


class DescribeListenersThatRaise:
    @pytest.mark.parametrize(
        ("name", "frame"),
        [
            ("message", b"\x81\x02Hi"),
            ("pong", b"\x8a\x02Hi"),
            ("message", b"\x82\x7f" + (0x10001).to_bytes(8, "big") + b"x" * 0x10001),
        ],
    )
    @pytest.mark.parametrize("extended", [False, True])
    def it_calls_them_with_all_that_arrives(self, name, frame, extended):
        extension = Echo()
        extension.name = "x" if extended else "unknown"
        headers = {**HEADERS, "sec-websocket-extensions": "x"}
        driver = websocket.http(Request("GET", "/", headers), require_masking=False)
        driver.add_extension(extension)
        driver.start()
        log = record(driver)

        def throw(event):
            raise ValueError("mine")

        driver.on(name, throw)
        with pytest.raises(ValueError, match=r"^mine$"):
            driver.parse(b"\x8a\x00" + frame * 5)
        assert [entry[0] for entry in log] == ["pong", *[name] * 5]


class DescribeAnExtensionWithoutAnAnswer:
    TEXT = "x: The extension failed"

    def it_fails_the_connection_for_a_message_that_arrives(self):
        driver, log, wire = open_driver(Echo(incoming=(None, None)))
        driver.parse(b"\x81\x02Hi\x89\x00")
        assert log == [("error", self.TEXT), ("close", 1010, self.TEXT)]
        assert wire.chunks == [b"\x88\x19\x03\xf2" + self.TEXT.encode()]

    def it_fails_the_connection_for_a_message_to_be_sent(self):
        driver, log, wire = open_driver(Echo(outgoing=(None, None)))
        assert driver.text("Hi") is True
        assert log == [("error", self.TEXT), ("close", 1010, self.TEXT)]
        assert wire.chunks == [b"\x88\x19\x03\xf2" + self.TEXT.encode()]


class DescribeAnExtensionThatChangesMessages:
    @pytest.mark.parametrize("opcode", [1, 2])
    @pytest.mark.parametrize(
        ("bits", "reserved"),
        [
            ((False, False, False), 0x00),
            ((True, False, False), 0x40),
            ((False, True, False), 0x20),
            ((False, False, True), 0x10),
            ((True, True, True), 0x70),
        ],
    )
    def it_decides_on_the_bits_and_the_payload_of_a_frame(self, opcode, bits, reserved):
        rsv1, rsv2, rsv3 = bits
        made = SimpleNamespace(
            rsv1=rsv1, rsv2=rsv2, rsv3=rsv3, opcode=opcode, data=bytearray(b"made")
        )
        driver, log, wire = open_driver(Echo(outgoing=(None, made)))
        assert driver.text("Hi") is True
        assert wire.chunks == [bytes([0x80 | reserved | opcode, 4]) + b"made"]
        assert log == []

    @pytest.mark.parametrize(
        ("method", "message", "frame"),
        [
            ("text", "Hi", b"\x81\x02Hi"),
            ("binary", b"\xff", b"\x82\x01\xff"),
            ("text", "", b"\x81\x00"),
        ],
    )
    def it_may_leave_a_message_as_it_is(self, method, message, frame):
        driver, log, wire = open_driver(Echo())
        assert getattr(driver, method)(message) is True
        assert wire.chunks == [frame]
        driver.parse(frame)
        assert log == [("message", message)]

    @pytest.mark.parametrize(("opcode", "message"), [(1, ""), (2, b"")])
    def it_may_leave_nothing_of_a_message(self, opcode, message):
        made = SimpleNamespace(opcode=opcode, data=b"")
        driver, log, _ = open_driver(Echo(incoming=(None, made)))
        driver.parse(b"\x81\x02Hi")
        assert log == [("message", message)]


class DescribeALongTextThatAnExtensionLeavesAlone:
    @pytest.mark.parametrize("compresses", [False, True])
    def it_passes_through_the_extension_all_the_same(self, compresses):
        echo = Echo()
        echo.rsv1 = True
        driver, log, _ = open_driver(permessage_deflate if compresses else echo)
        driver.parse(b"\x01\x7e\x13\x88" + b"x" * 5000)
        driver.parse(b"\x80\x7e\x13\x88" + b"y" * 5000)
        assert log == [("message", "x" * 5000 + "y" * 5000)]


class DescribeTheTypeOfAnError:
    @pytest.mark.parametrize(
        ("type", "code"),
        [
            ("too_large", 1009),
            ("unacceptable", 1003),
            (1008, 1008),
            ("nonsense", 1010),
            (None, 1010),
        ],
    )
    def it_is_the_close_code(self, type, code):
        error = SimpleNamespace(message="no good", type=type)
        driver, log, wire = open_driver(Echo(incoming=(error, None)))
        driver.parse(b"\x81\x02Hi")
        assert log == [("error", "x: no good"), ("close", code, "x: no good")]
        assert wire.chunks == [b"\x88\x0c" + code.to_bytes(2, "big") + b"x: no good"]


class BrokenZlib:
    """A zlib whose codecs raise."""

    Z_DEFAULT_COMPRESSION = zlib.Z_DEFAULT_COMPRESSION
    DEF_MEM_LEVEL = zlib.DEF_MEM_LEVEL
    Z_DEFAULT_STRATEGY = zlib.Z_DEFAULT_STRATEGY
    Z_SYNC_FLUSH = zlib.Z_SYNC_FLUSH
    MAX_WBITS = zlib.MAX_WBITS
    DEFLATED = zlib.DEFLATED
    error = zlib.error

    @staticmethod
    def compressobj(*arguments, **named):
        raise MemoryError("no room")

    decompressobj = compressobj


class DescribeDeflate:
    TEXT = "permessage-deflate: The extension failed"

    @pytest.mark.parametrize(
        ("method", "message", "frame"),
        [
            ("text", "Hello", b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00"),
            ("binary", b"Hello", b"\xc2\x07\xf2\x48\xcd\xc9\xc9\x07\x00"),
            ("binary", "Hello", b"\xc2\x07\xf2\x48\xcd\xc9\xc9\x07\x00"),
        ],
    )
    def it_compresses_messages(self, method, message, frame):
        driver, log, wire = open_driver(permessage_deflate)
        assert getattr(driver, method)(message) is True
        assert wire.chunks == [frame]
        driver.parse(frame)
        assert log == [("message", message if method == "text" else b"Hello")]

    def it_delivers_the_messages_behind_one_whose_listener_raises(self):
        driver, log, _ = open_driver(permessage_deflate)

        def throw(event):
            raise ValueError(f"no. {len(log)}")

        driver.on("message", throw)
        hello = b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00"
        again = b"\xc1\x05\xf2\x00\x11\x00\x00"
        with pytest.raises(ValueError, match=r"^no. 1$"):
            driver.parse(hello + again + again)
        assert log == [("message", "Hello")] * 3

    def it_decompresses_messages_behind_a_control_frame(self):
        driver, log, _ = open_driver(permessage_deflate)
        driver.parse(b"\x8a\x00" + b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00")
        assert log == [("pong", ""), ("message", "Hello")]

    def it_fails_the_connection_if_compressing_raises(self):
        extension = permessage_deflate.configure({"zlib": BrokenZlib})
        driver, log, wire = open_driver(extension)
        errors: list[Any] = []
        driver.on("error", errors.append)
        assert driver.text("Hi") is True
        assert log == [("error", self.TEXT), ("close", 1010, self.TEXT)]
        assert wire.chunks == [b"\x88\x2a\x03\xf2" + self.TEXT.encode()]
        assert isinstance(errors[0].__cause__, MemoryError)

    @pytest.mark.parametrize("first", [0xC1, 0xC2])
    def it_fails_the_connection_if_decompressing_raises(self, first):
        extension = permessage_deflate.configure({"zlib": BrokenZlib})
        driver, log, wire = open_driver(extension)
        driver.parse(bytes([first]) + b"\x01\x00")
        assert log == [("error", self.TEXT), ("close", 1010, self.TEXT)]
        assert wire.chunks == [b"\x88\x2a\x03\xf2" + self.TEXT.encode()]

    @pytest.mark.parametrize("end", ["close", "wire"])
    def it_drops_the_messages_behind_one_whose_listener_ends_the_connection(self, end):
        driver, log, _ = open_driver(permessage_deflate)
        driver.on("message", lambda: driver.close() if end == "close" else driver.io.end())
        hello = b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00"
        driver.parse(hello * 3)
        assert [name for name, *_ in log] == ["message"]

    def it_delivers_a_long_text(self):
        driver, log, _ = open_driver(permessage_deflate)
        codec = zlib.compressobj(wbits=-15)
        text = "\N{GRINNING FACE}" * 100_000
        data = codec.compress(text.encode()) + codec.flush(zlib.Z_SYNC_FLUSH)
        data = data[:-4]
        driver.parse(b"\xc1\x7e" + len(data).to_bytes(2, "big") + data)
        assert log == [("message", text)]


class DescribeErrorsThatAreNoListeners:
    def it_lets_them_leave_parse_once(self, monkeypatch):
        driver, log, _ = open_driver(Echo())
        calls = []

        def broken(reader, length):
            calls.append(length)
            raise RuntimeError("broken")

        monkeypatch.setattr("websocket_driver.driver.stream_reader.StreamReader.peek", broken)
        with pytest.raises(RuntimeError, match="broken"):
            driver.parse(b"\x81\x02Hi")
        assert len(calls) <= 2
        assert log == []
