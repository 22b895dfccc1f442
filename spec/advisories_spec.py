"""Vulnerabilities of other WebSocket software, and SECURITY.md, which lists the spec for each.

Many of its rows refer to other specs; these are the remaining ones.
"""

import ast
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

import websocket_driver as websocket
from spec.allocations import allocations
from spec.support import one_by_one, record
from spec.wires import ROOT
from websocket_driver import permessage_deflate
from websocket_driver.driver.client import Client
from websocket_driver.grammar import first_listed
from websocket_driver.header_map import HeaderMap

REQUEST = (
    b"GET / HTTP/1.1\r\n"
    b"Host: a\r\n"
    b"Upgrade: websocket\r\n"
    b"Connection: Upgrade\r\n"
    b"Sec-WebSocket-Key: 2vBVWg4Qyk3ZoM/5d3QD9Q==\r\n"
    b"Sec-WebSocket-Version: 13\r\n"
)
RESPONSE = (
    b"HTTP/1.1 101 Switching Protocols\r\n"
    b"Upgrade: websocket\r\n"
    b"Connection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: QV3I5XUXU2CdhtjixE7QCkCcMZM=\r\n"
)
HIXIE_75 = {"Upgrade": "WebSocket", "Connection": "Upgrade"}
HIXIE_76 = {**HIXIE_75, "Sec-WebSocket-Key1": "1 2", "Sec-WebSocket-Key2": "4 4"}

PLENTY = 2  # seconds: what takes milliseconds here took minutes where it was a fault


@pytest.fixture(params=["whole", "bytewise"])
def cut(request):
    return one_by_one if request.param == "bytewise" else lambda data: [data]


def answer(lines, extensions=(), cut=lambda data: [data]):
    """The events of a server that receives a request with these lines, and the time it took."""
    driver = websocket.server(protocols=["chat"])
    for extension in extensions:
        driver.add_extension(extension)
    events = record(driver)
    driver.on("connect", lambda event: driver.start())
    start = time.perf_counter()
    for chunk in cut(REQUEST + lines + b"\r\n"):
        driver.parse(chunk)
    return events, time.perf_counter() - start


class DescribeLengthsOfTheDrafts:
    """CVE-2026-54466: a length of many bytes grew until it was no longer exact."""

    @pytest.fixture(params=[HIXIE_75, HIXIE_76], ids=["hixie-75", "hixie-76"])
    def driver(self, request):
        driver = websocket.http(websocket.Request("GET", "/", request.param))
        driver.parse(b"12345678" if request.param is HIXIE_76 else b"")
        driver.start()
        assert driver.get_state() == "open"
        return driver

    def it_closes_as_soon_as_one_is_too_large(self, driver, cut):
        events = record(driver)
        for chunk in cut(b"\x80\x9f\xff\xff\xff"):
            driver.parse(chunk)
        assert events == []  # one less than the 64 MiB that are the limit
        for chunk in cut(b"\xff" * 100 + b"\x00Hi\xff"):
            driver.parse(chunk)
        assert events == [("close", None, None)]

    def it_does_not_let_one_of_many_bytes_grow(self, driver, cut):
        events = record(driver)
        for chunk in cut(b"\x80" * 5000 + b"\x02xx" + b"\x00Hi\xff"):
            driver.parse(chunk)
        assert events == [("message", "Hi")]


class DescribeTime:
    """CVE-2020-7662, CVE-2021-32640, CVE-2025-67725: headers that took quadratic time.

    CVE-2023-43669: the whole head was parsed again for each chunk.
    """

    @pytest.mark.parametrize(
        "line",
        [
            b"Sec-WebSocket-Protocol: b" + b" " * 64_000 + b"x\r\n",
            b"Connection: b" + b" " * 64_000 + b"x\r\n",
            b"Sec-WebSocket-Protocol: " + b"b," * 32_000 + b"\r\n",
            b'Sec-WebSocket-Extensions: a; b="' + b"\\a" * 32_000 + b"\r\n",
            b"Sec-WebSocket-Extensions: a" + b"; b" * 20_000 + b"\r\n",
            b"Origin: " + b"\t" * 64_000 + b"x\r\n",
            b"a:b\r\n" * 12_800,
            b"".join(b"%x:\r\n" % number for number in range(9000)),
        ],
        ids=lambda line: line[:30].decode(),
    )
    def it_is_not_long_for_any_header_of_64_kib(self, line, cut):
        events, seconds = answer(line, [permessage_deflate], cut)
        # Some have too many headers, and come to no `connect`.
        assert events[0][0] in ("connect", "error")
        assert len(events) > 1
        assert seconds < PLENTY


class DescribeTheNamesOfProtocols:
    """CVE-2021-32640: `/ *, */`, which the original uses as well."""

    @given(st.text("ab ,\t", max_size=12))
    def it_finds_the_first_of_the_names_that_a_split_would_give(self, header):
        elements = (element.strip(" \t") for element in header.split(","))
        expected = next((element for element in elements if element in ("a", "ab")), None)
        assert first_listed(header, ("a", "ab")) == expected

    @pytest.mark.parametrize("header", ["a" + " " * 60_000 + "b", "a," * 30_000, " ," * 30_000])
    def it_takes_time_that_grows_with_the_length_only(self, header):
        started = time.process_time()
        assert first_listed(header, ("chat", "superchat")) is None
        assert time.process_time() - started < PLENTY


class DescribeNames:
    """GHSA-5v72-xg48-5rpm: names that are those of an object's own parts."""

    @pytest.mark.parametrize(
        "header",
        [
            b"constructor",
            b"__proto__",
            b"__class__; __init__=1",
            b"permessage-deflate; constructor",
            b"permessage-deflate; __class__=1",
        ],
    )
    def it_finds_none_in_extensions(self, header):
        line = b"Sec-WebSocket-Extensions: " + header + b"\r\n"
        events, _ = answer(line, [permessage_deflate])
        assert events == [("connect",), ("open",)]

    def it_finds_none_in_headers(self):
        events, _ = answer(b"__proto__: x\r\nget: y\r\nitems: z\r\n")
        assert events == [("connect",), ("open",)]


class DescribeFragments:
    """CVE-2026-48779: each of very many tiny fragments cost far more memory than its size.

    CVE-2026-65623: each took time that grew with the message.
    """

    def it_costs_little_more_than_their_payload(self, cut):
        request = websocket.Request.parsed("GET", "/", HeaderMap(LOWER))
        driver = websocket.http(request, max_length=1_000_000, require_masking=False)
        driver.start()
        driver.parse(b"\x02\x01a")
        frames = b"\x00\x01a" * 50_000
        chunks = cut(frames)
        with allocations() as memory:
            for chunk in chunks:
                driver.parse(chunk)
            assert memory.now() < 500_000

        events = record(driver)
        driver.parse(b"\x80\x01a")
        assert events == [("message", b"a" * 50_002)]

    @pytest.mark.parametrize("between", [b"", b"\x89\x00"], ids=["fragments", "with pings"])
    def it_takes_time_that_grows_with_their_number_only(self, cut, between):
        request = websocket.Request.parsed("GET", "/", HeaderMap(LOWER))
        driver = websocket.http(request, require_masking=False)
        driver.start()
        events = record(driver, "message")
        started = time.process_time()
        for chunk in cut(b"\x01\x01a" + (b"\x00\x01a" + between) * 10_000 + b"\x80\x00"):
            driver.parse(chunk)
        assert time.process_time() - started < PLENTY
        assert events == [("message", "a" * 10_001)]


class DescribeLengths:
    """CVE-2026-1528: a length of 64 bits was too large for the parser of a client."""

    @pytest.mark.parametrize(
        "length", [b"\x00\x20" + bytes(6), b"\x7f" + b"\xff" * 7, b"\x80" + bytes(7), b"\xff" * 8]
    )
    @pytest.mark.parametrize("first", [b"\x82", b"\x01", b"\x81"])
    def it_refuses_one_of_64_bits(self, monkeypatch, cut, first, length):
        monkeypatch.setattr(Client, "generate_key", lambda: "2vBVWg4Qyk3ZoM/5d3QD9Q==")
        driver = websocket.client("ws://a/")
        driver.start()
        events = record(driver)
        for chunk in cut(RESPONSE + b"\r\n" + first + b"\x7f" + length + b"x"):
            driver.parse(chunk)
        reason = "WebSocket frame length too large"
        assert events == [("open",), ("error", reason), ("close", 1009, reason)]


class DescribeCompressedFrames:
    """CVE-2026-59881: a client decompressed frames although no extension was negotiated."""

    @pytest.fixture(autouse=True)
    def key(self, monkeypatch):
        monkeypatch.setattr(Client, "generate_key", lambda: "2vBVWg4Qyk3ZoM/5d3QD9Q==")

    @pytest.mark.parametrize("offered", [False, True])
    def it_refuses_them_unless_they_were_agreed_on(self, offered, cut):
        driver = websocket.client("ws://a/")
        if offered:
            driver.add_extension(permessage_deflate)
        driver.start()
        events = record(driver)
        for chunk in cut(RESPONSE + b"\r\n\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00"):
            driver.parse(chunk)
        reason = "One or more reserved bits are on: reserved1 = 1, reserved2 = 0, reserved3 = 0"
        assert events == [("open",), ("error", reason), ("close", 1002, reason)]


LOWER = {
    "upgrade": "websocket",
    "connection": "Upgrade",
    "sec-websocket-key": "2vBVWg4Qyk3ZoM/5d3QD9Q==",
    "sec-websocket-version": "13",
}


class DescribeSecurityMd:
    TEXT = (ROOT / "SECURITY.md").read_text()
    SPEC = re.compile(r"`(spec/[\w/]+_spec\.py)::([\w:]+)`")

    def names_in(self, path):
        """The classes and functions of a file, each as `Class::Class::function`."""

        def walk(node, prefix):
            for child in ast.iter_child_nodes(node):
                if isinstance(child, (ast.ClassDef, ast.FunctionDef)):
                    name = f"{prefix}::{child.name}"
                    yield name
                    yield from walk(child, name)

        return set(walk(ast.parse((ROOT / path).read_text()), ""))

    def it_names_specs_that_exist(self):
        found = self.SPEC.findall(self.TEXT)
        assert len(found) == self.TEXT.count("`spec/")
        missing = [
            f"{path}::{name}"
            for path, name in found
            if not any(each.endswith(f"::{name}") for each in self.names_in(path))
        ]
        assert missing == []

    def it_has_a_spec_or_a_reason_in_every_row(self):
        rows = re.findall(r"^\| (?!advisory|difference \||---)(.*) \|$", self.TEXT, re.MULTILINE)
        assert len(rows) > 40
        for row in rows:
            cells = row.split(" | ")
            assert len(cells) == 3, row
            assert self.SPEC.search(cells[2]) or cells[2].startswith("does not apply: "), row

    def it_has_every_difference(self):
        numbers = re.findall(r"^\*\*(\d+)\. ", (ROOT / "docs/differences.md").read_text(), re.M)
        assert len(set(numbers)) == len(numbers) >= 30
        for number in numbers:
            assert f"| difference {number} |" in self.TEXT
