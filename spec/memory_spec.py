"""Memory of connections: little while they are open, nothing once they have ended."""

import os
import platform
import subprocess
import sys
import weakref
import zlib
from typing import Any, ClassVar

import pytest

import websocket_driver as websocket
from spec.allocations import allocations
from spec.support import Collector
from websocket_driver import Request, permessage_deflate
from websocket_driver.driver.hybi import Hybi
from websocket_driver.streams import Stream

MEBIBYTE = 2**20
SIZE = 8 * MEBIBYTE
CHUNK = 65536

HYBI = {
    "host": "example.com",
    "connection": "Upgrade",
    "upgrade": "websocket",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    "sec-websocket-version": "13",
    "sec-websocket-extensions": "permessage-deflate",
}
HIXIE_75 = {"host": "example.com", "connection": "Upgrade", "upgrade": "WebSocket", "origin": "x"}
HIXIE_76 = {
    **HIXIE_75,
    "sec-websocket-key1": "1   38 wZ3f9 23O0 3l 0r",
    "sec-websocket-key2": "27   0E 6 2  1665:< ;U 1H",
}
MASK = b"\0\0\0\0"


def frame(first, payload):
    """A masked frame, with a key that changes nothing."""
    length = len(payload)
    if length < 126:
        return bytes([first, 0x80 | length]) + MASK + payload
    if length < 65536:
        return bytes([first, 0x80 | 126]) + length.to_bytes(2, "big") + MASK + payload
    return bytes([first, 0x80 | 127]) + length.to_bytes(8, "big") + MASK + payload


def chunks(data, size=CHUNK):
    return [data[start : start + size] for start in range(0, len(data), size)]


def in_one_chunk(first, payload):
    return [frame(0x80 | first, payload)]


def in_one_frame(first, payload):
    return chunks(frame(0x80 | first, payload))


def in_fragments(size):
    def cut(first, payload):
        pieces = chunks(payload, size)
        opcodes = [first] + [0] * (len(pieces) - 1)
        opcodes[-1] |= 0x80
        return [frame(opcode, piece) for opcode, piece in zip(opcodes, pieces, strict=True)]

    return cut


def deflate(data):
    codec = zlib.compressobj(1, zlib.DEFLATED, -15)
    return (codec.compress(data) + codec.flush(zlib.Z_SYNC_FLUSH))[:-4]


def open_server(deflates, max_length):
    driver = websocket.http(Request("GET", "/", HYBI), max_length=max_length)
    if deflates:
        driver.add_extension(permessage_deflate)
    driver.start()
    return driver


TEXTS = {
    "ASCII": b"x" * SIZE,
    "Latin-1": "é".encode() * (SIZE // 2),
    "the BMP": "€".encode() * (SIZE // 3),
    "emoji": "\N{GRINNING FACE}".encode() * (SIZE // 4),
    "one emoji in 2 KiB": ("\N{GRINNING FACE}".encode() + b"x" * 2044) * (SIZE // 2048),
}
CUTS = {
    "in one chunk": in_one_chunk,
    "in one frame": in_one_frame,
    "in fragments of 2 KiB": in_fragments(2048),
    "in fragments of 64 KiB": in_fragments(CHUNK),
}


def peak_of(deflates, first, payload, cut):
    """The peak of the memory in use while a message arrives, and the message."""
    driver = open_server(deflates, 2 * SIZE)
    received = []
    driver.on("message", lambda event: received.append(event.data))
    input = cut(first | 0x40 if deflates else first, deflate(payload) if deflates else payload)

    with allocations() as memory:
        for chunk in input:
            driver.parse(chunk)
        peak = memory.peak()
    [message] = received
    return peak, message


@pytest.mark.parametrize("deflates", [False, True], ids=["plain", "compressed"])
@pytest.mark.parametrize("cut", CUTS)
class DescribeALongMessage:
    @pytest.mark.parametrize("kind", TEXTS)
    def it_takes_twice_its_size_as_text(self, deflates, cut, kind):
        peak, message = peak_of(deflates, 1, TEXTS[kind], CUTS[cut])
        assert message == TEXTS[kind].decode()
        # A str takes up to four times its UTF-8 (PEP 393).
        in_memory = max(SIZE, message.__sizeof__())
        assert peak <= 2 * in_memory + MEBIBYTE

    @pytest.mark.parametrize("kind", ["zeros", "random"])
    def it_takes_twice_its_size_as_bytes(self, deflates, cut, kind):
        data = bytes(SIZE) if kind == "zeros" else os.urandom(SIZE)
        peak, message = peak_of(deflates, 2, data, CUTS[cut])
        assert message == data
        assert peak <= 2 * SIZE + MEBIBYTE


class DescribeAMessageThatIsStillArriving:
    @pytest.mark.parametrize("piece", [1, 100, 2048, CHUNK])
    @pytest.mark.parametrize("kind", TEXTS)
    def it_takes_its_size(self, kind, piece):
        payload = TEXTS[kind][: MEBIBYTE // (16 if piece == 1 else 1)]
        driver = open_server(False, SIZE)
        input = in_fragments(piece)(1, payload)[:-1]

        with allocations() as memory:
            for chunk in input:
                driver.parse(chunk)
            assert memory.now() <= 1.1 * len(payload) + 100_000


class Socket(Stream):
    """The wire of a driver, to be piped."""

    def __init__(self):
        super().__init__()
        self.sent = []

    def write(self, chunk):
        self.sent.append(chunk)
        return True

    def end(self, chunk=None):
        pass

    def destroy(self):
        pass


class Connection:
    """A driver, a wire that is connected to it, and the objects left once it is released."""

    def __init__(self, kind, joined, listens):
        self.kind = kind
        self.socket: Any = Socket()
        self.driver = driver = self.make()
        if kind in ("http", "server", "client"):
            driver.add_extension(permessage_deflate)
        if joined == "pipes":
            self.socket.pipe(driver.io)
            driver.io.pipe(self.socket)
            driver.messages.pipe(driver.messages)
        else:
            driver.io.on("data", self.socket.sent.append)
            self.socket.on("data", driver.io.write)
            self.socket.on("close", driver.io.end)
        if listens:
            for event in ("connect", "open", "message", "ping", "pong", "error", "close"):
                driver.on(event, lambda: driver.ready_state)
            for stream in (driver.io, driver.messages):
                for event in ("data", "drain", "end", "error"):
                    stream.on(event, lambda: driver.ready_state)

    def make(self):
        if self.kind == "server":
            return websocket.server()
        if self.kind == "client":
            return websocket.client("ws://example.com/")
        headers = {"http": HYBI, "hixie-75": HIXIE_75, "hixie-76": HIXIE_76}[self.kind]
        return websocket.http(Request("GET", "/", headers))

    def open(self):
        driver = self.driver
        if self.kind == "server":
            lines = "".join(f"{name}: {value}\r\n" for name, value in HYBI.items())
            self.receive(f"GET / HTTP/1.1\r\n{lines}\r\n".encode())
        assert driver.start() is True
        if self.kind == "client":
            lines = self.socket.sent[0].decode().split("\r\n")[1:-2]
            key = dict(line.split(": ") for line in lines)["Sec-WebSocket-Key"]
            self.receive(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                b"Connection: Upgrade\r\nSec-WebSocket-Extensions: permessage-deflate\r\n"
                + f"Sec-WebSocket-Accept: {Hybi.generate_accept(key)}\r\n\r\n".encode()
            )
        if self.kind == "hixie-76":
            self.receive(b"Tm[K T2u")
        assert driver.get_state() == "open"

        driver.text("Hi")
        driver.ping("Hi", lambda: driver.ready_state)
        if self.kind.startswith("hixie"):
            self.receive(b"\x00Hi\xff\x00unfinished")
        elif self.kind == "client":
            self.receive(b"\x81\x02Hi\x01\x0aunfinished")
        else:
            self.receive(frame(0x81, b"Hi") + frame(0x01, b"unfinished"))

    def receive(self, data):
        self.socket.emit("data", data)

    def close(self):
        is_open = self.driver.get_state() == "open"
        self.driver.close()
        if is_open and not self.kind.startswith("hixie"):
            self.receive(b"\x88\x00" if self.kind == "client" else frame(0x88, b""))
        assert self.driver.get_state() == "closed"

    def fail(self):
        if self.driver.get_state() == "open" and self.kind.startswith("hixie"):
            self.receive(b"\xff\xff\xff\xff\xff\xff")  # a length past max_length
        elif self.driver.get_state() == "open":
            self.receive(b"\xf3\x80")
        else:
            self.receive(b"x" * 70000)  # too much before the handshake
        assert self.driver.get_state() == "closed"

    def lose(self):
        self.socket.emit("close")


@pytest.mark.usefixtures("without_collector")
@pytest.mark.parametrize("kind", ["http", "server", "client", "hixie-75", "hixie-76"])
@pytest.mark.parametrize("opens", [False, True], ids=["new", "open"])
@pytest.mark.parametrize("joined", ["listeners", "pipes"])
@pytest.mark.parametrize("listens", [False, True], ids=["", "listened to"])
class DescribeAConnectionThatHasEnded:
    @pytest.mark.parametrize("end", ["close", "fail"])
    def it_is_freed_when_it_is_let_go(self, kind, opens, joined, listens, end):
        connection = Connection(kind, joined, listens)
        if opens:
            connection.open()
        getattr(connection, end)()

        driver = weakref.ref(connection.driver)
        messages = weakref.ref(connection.driver.messages)
        io = weakref.ref(connection.driver.io)
        connection.driver = None
        assert (driver(), messages()) == (None, None)

        # The wire knows its end until it ends too.
        connection.lose()
        connection.socket = None
        assert io() is None

    def it_is_freed_when_its_wire_has_ended(self, kind, opens, joined, listens):
        connection = Connection(kind, joined, listens)
        if opens:
            connection.open()
        connection.lose()

        refs = [weakref.ref(connection.driver)]
        refs += [weakref.ref(connection.driver.messages), weakref.ref(connection.driver.io)]
        connection.driver = None
        connection.socket = None
        assert [ref() for ref in refs] == [None, None, None]


@pytest.mark.usefixtures("without_collector")
class DescribeStreamsThatAreFirstUsedAfterTheEnd:
    @pytest.mark.parametrize("end", ["close", "lose"])
    def it_has_ended_and_keeps_nothing(self, end):
        driver = websocket.http(Request("GET", "/", HYBI))
        wire = driver.io.pipe(Collector())
        driver.start()
        driver.parse(frame(0x88, b"")) if end == "close" else driver.io.end()
        wire.clear()

        messages = driver.messages
        assert (messages.readable, messages.writable) == (False, False)
        assert messages.write("Hi") is False
        assert wire.chunks == []

        ref = weakref.ref(driver)
        del driver
        assert ref() is None

    def it_lets_a_wire_go_that_is_first_asked_for_then(self):
        driver = websocket.http(Request("GET", "/", HYBI))
        driver.close()
        assert driver.io.write(b"\x81\x80") is True

        ref = weakref.ref(driver)
        del driver
        assert ref() is None


class Broken:
    """An extension that raises in one of its methods."""

    name, type = "broken", "permessage"
    rsv1 = rsv2 = rsv3 = False

    def __init__(self, method=None):
        self.method = method

    def create_server_session(self, offers, options):
        if self.method is None:
            raise OSError("/etc/secret")
        return self

    def generate_response(self):
        return {}

    def process_incoming_message(self, message, callback):
        raise OSError("/etc/secret")

    process_outgoing_message = process_incoming_message

    def close(self):
        pass


def no_websocket():
    return websocket.http(Request("GET", "/", {"host": "example.com"}))


def broken_extension(method=None):
    driver: Any = websocket.http(
        Request("GET", "/", {**HYBI, "sec-websocket-extensions": "broken"})
    )
    driver.add_extension(Broken(method))
    return driver


@pytest.mark.usefixtures("without_collector")
class DescribeAConnectionThatHasFailed:
    """An error has a traceback, with frames, whose variables must not refer to the error."""

    # How each driver is made, whether it starts, and the input with which it fails.
    FAILURES: ClassVar = {
        "a request that asks for no WebSocket": (no_websocket, b""),
        "a hixie-76 request without keys": (
            lambda: websocket.http(Request("GET", "/", {**HIXIE_76, "sec-websocket-key1": "1"})),
            b"",
        ),
        "a hixie-75 request with an invalid origin": (
            lambda: websocket.http(Request("GET", "/", {**HIXIE_75, "origin": "\u20ac"})),
            b"",
        ),
        "a response of 404": (
            lambda: websocket.client("ws://example.com/"),
            b"HTTP/1.1 404 Not Found\r\n\r\n",
        ),
        "a response that is not HTTP": (lambda: websocket.client("ws://example.com/"), b"Hi\r\n"),
        "an invalid compressed message": (
            lambda: open_server(deflates=True, max_length=10),
            frame(0xC1, b"\xff\xff"),
        ),
        "a message that decompresses to too much": (
            lambda: open_server(deflates=True, max_length=10),
            frame(0xC1, deflate(bytes(100))),
        ),
        "an extension that fails in the handshake": (broken_extension, b""),
        "an extension that fails later": (lambda: broken_extension("later"), frame(0x81, b"Hi")),
    }

    @pytest.mark.parametrize("name", FAILURES)
    def it_is_freed_when_it_is_let_go(self, name):
        make, received = self.FAILURES[name]
        driver = make()
        socket = driver.io.pipe(Collector())
        driver.start()
        driver.parse(received)
        assert driver.get_state() == "closed"

        refs = [weakref.ref(driver), weakref.ref(driver.io), weakref.ref(socket)]
        del driver, socket
        assert [ref() for ref in refs] == [None, None, None]

    @pytest.mark.parametrize("name", ["a request that asks for no WebSocket", "a response of 404"])
    def it_is_freed_although_the_program_keeps_the_error(self, name):
        make, received = self.FAILURES[name]
        driver = make()
        errors: list[websocket.ProtocolError] = []
        driver.on("error", errors.append)
        driver.start()
        driver.parse(received)

        ref = weakref.ref(driver)
        del driver
        assert (len(errors), ref()) == (1, None)


@pytest.mark.usefixtures("without_collector")
class DescribeAConnectionWhoseListenersHaveRaised:
    def it_is_freed_when_it_has_closed(self):
        driver = open_server(deflates=True, max_length=10)

        def fail():
            raise KeyError

        for event in ("message", "error", "close"):
            driver.on(event, fail)
        with pytest.raises(KeyError) as failure:
            driver.parse(frame(0x81, b"Hi") + frame(0x81, b"Hi") + frame(0xC1, b"\xff\xff"))
        assert driver.get_state() == "closed"

        ref = weakref.ref(driver)
        del driver, failure
        assert ref() is None

    def it_is_freed_when_its_wire_could_not_be_written_to(self):
        driver = websocket.http(Request("GET", "/", HYBI))

        def fail(chunk):
            raise BrokenPipeError

        driver.io.on("data", fail)
        with pytest.raises(BrokenPipeError) as failure:
            driver.start()
        driver.io.end()

        ref = weakref.ref(driver)
        del driver, failure
        assert ref() is None


class DescribeTheHeap:
    @pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc needs it")
    def it_keeps_blocks_of_the_size_that_asyncio_reads(self):
        program = """
import resource, socket
import websocket_driver

def read(count):
    for _ in range(count):
        one.send(b"x")
        other.recv(262144)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

one, other = socket.socketpair()
before = read(10)
print(read(100) - before < 50)
"""
        output = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
        assert output.stdout == b"True\n"
