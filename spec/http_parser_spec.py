from __future__ import annotations

import gc
import weakref
from itertools import pairwise
from typing import Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spec.allocations import cpython_only, least_growth
from spec.support import one_by_one
from websocket_driver import ProtocolError
from websocket_driver.http_parser import (
    KNOWN_NAMES,
    MAX_HEAD_LENGTH,
    MAX_HEADERS,
    Head,
    HttpError,
    HttpParser,
    on_header_in_python,
)

REQUEST = (
    b"GET /chat?room=1 HTTP/1.1\r\n"
    b"Host: example.com\r\n"
    b"Sec-WebSocket-Protocol: a\r\n"
    b"UPGRADE:websocket\r\n"
    b"Connection:  keep-alive, Upgrade \t \r\n"
    b"sec-websocket-protocol: b, c\r\n"
    b"\r\n"
)

REQUEST_HEADERS = {
    "host": "example.com",
    "sec-websocket-protocol": "a, b, c",
    "upgrade": "websocket",
    "connection": "keep-alive, Upgrade",
}

RESPONSE = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"

START: dict[Literal["request", "response"], bytes] = {
    "request": b"GET / HTTP/1.1\r\n",
    "response": b"HTTP/1.1 200 OK\r\n",
}

BAD_REQUEST = "400 Bad Request"
TOO_LARGE = "431 Request Header Fields Too Large"


def parse(type, chunks):
    """A parser that has received `chunks` until it was complete, as in drivers; and the rest."""
    parser, chunks = HttpParser(type), iter(chunks)
    for chunk in chunks:
        parser.parse(chunk)
        if parser.is_complete():
            break
    return parser, b"".join(chunks)


def result(type, chunks):
    """All attributes of a parsed head."""
    parser, rest = parse(type, chunks)
    error = parser.error and (parser.error.message, parser.error.status)
    head = (parser.method, parser.url, parser.status_code, parser.headers)
    return parser.is_complete(), error, None if error else (*head, parser.body + rest)


def all_of(type, chunks):
    """The result, and the parts of a refused request or response that are kept."""
    parser, _ = parse(type, chunks)
    kept = (parser.status_code, parser.headers, parser.headers.raw_headers)
    return *result(type, chunks), kept


def cuts(data):
    """Some of the ways to cut `data` into chunks."""
    return st.lists(st.integers(0, len(data)), max_size=12).map(
        lambda places: [data[a:b] for a, b in pairwise(sorted([0, *places, len(data)]))]
    )


def head_of(length, start):
    """A head of `length` bytes."""
    return (start + b"X: ").ljust(length - 4, b"x") + b"\r\n\r\n"


@pytest.fixture(params=["whole", "bytewise"])
def cut(request):
    return one_by_one if request.param == "bytewise" else lambda data: [data]


class DescribeHttpParser:
    def it_is_incomplete_at_first(self):
        parser = HttpParser("request")
        assert parser.is_complete() is False
        assert (parser.error, parser.body, parser.headers) == (None, b"", {})
        assert (parser.method, parser.url, parser.status_code) == (None, None, None)

    class DescribeRequests:
        def it_reads_one(self, cut):
            parser, _ = parse("request", cut(REQUEST))
            assert parser.is_complete() is True
            assert parser.error is None
            assert (parser.method, parser.url) == ("GET", "/chat?room=1")
            assert parser.headers == REQUEST_HEADERS
            assert list(parser.headers) == list(REQUEST_HEADERS)
            assert parser.headers.raw_headers == [
                *("Host", "example.com"),
                *("Sec-WebSocket-Protocol", "a"),
                *("UPGRADE", "websocket"),
                *("Connection", "keep-alive, Upgrade"),
                *("sec-websocket-protocol", "b, c"),
            ]
            assert (parser.status_code, parser.body) == (None, b"")

        def it_is_not_complete_a_byte_before_the_end(self, cut):
            parser, _ = parse("request", cut(REQUEST[:-1]))
            assert (parser.is_complete(), parser.error) == (False, None)
            parser.parse(b"\n")
            assert (parser.is_complete(), parser.error) == (True, None)

        @pytest.mark.parametrize(
            ("line", "method", "url"),
            [
                (b"GET / HTTP/1.1", "GET", "/"),
                (b"GET * HTTP/1.1", "GET", "*"),
                (b"GET /#f HTTP/1.1", "GET", "/#f"),
                (b"GET /a//b/../%zz?q?q HTTP/1.1", "GET", "/a//b/../%zz?q?q"),
                (b"GET http://a:1/b HTTP/1.1", "GET", "http://a:1/b"),
                (b"POST /a HTTP/1.1", "POST", "/a"),
                (b"CONNECT a:1 HTTP/1.1", "CONNECT", "a:1"),
                (b"\r\nGET / HTTP/1.1", "GET", "/"),
            ],
        )
        def it_reads_the_request_line(self, cut, line, method, url):
            parser, _ = parse("request", cut(line + b"\r\nA: b\r\n\r\n"))
            assert (parser.error, parser.method, parser.url) == (None, method, url)
            assert parser.headers == {"a": "b"}

        @pytest.mark.parametrize("version", ["1.0", "1.1"])
        @pytest.mark.parametrize("lines", [b"", b"Upgrade: a\r\nConnection: Upgrade\r\n"])
        def it_reads_the_version(self, cut, version, lines):
            # HTTP/1.0 is that of health checks: the driver refuses the handshake on it.
            head = b"GET /chat HTTP/" + version.encode() + b"\r\n" + lines + b"\r\nrest"
            parser, rest = parse("request", cut(head))
            assert (parser.error, parser.http_version) == (None, version)
            assert (parser.method, parser.url) == ("GET", "/chat")
            assert parser.body + rest == b"rest"

        @given(cuts(REQUEST + b"body\r\n\r\n"))
        def it_does_not_care_how_it_is_cut(self, chunks):
            assert result("request", chunks) == (
                True,
                None,
                ("GET", "/chat?room=1", None, REQUEST_HEADERS, b"body\r\n\r\n"),
            )

    class DescribeResponses:
        def it_reads_one(self, cut):
            parser, _ = parse("response", cut(RESPONSE))
            assert (parser.is_complete(), parser.error) == (True, None)
            assert parser.status_code == 101
            assert parser.headers == {"upgrade": "websocket", "connection": "Upgrade"}
            assert parser.headers.raw_headers == [
                *("Upgrade", "websocket"),
                *("Connection", "Upgrade"),
            ]
            assert (parser.method, parser.url, parser.body) == (None, None, b"")

        @pytest.mark.parametrize(
            ("line", "status_code"),
            [
                (b"HTTP/1.1 200 OK", 200),
                (b"HTTP/1.1 200 ", 200),
                (b"HTTP/1.1 200", 200),
                (b"HTTP/1.0 200 Connection established", 200),
                (b"HTTP/2.0 200 OK", 200),
                (b"HTTP/1.1 204 No Content", 204),
                (b"HTTP/1.1 304 Not Modified", 304),
                (b"HTTP/1.1 407 Proxy Authentication Required", 407),
                (b"HTTP/1.1 999 \xff", 999),
            ],
        )
        def it_reads_the_status_line(self, cut, line, status_code):
            assert result("response", cut(line + b"\r\nA: b\r\n\r\nrest")) == (
                True,
                None,
                (None, None, status_code, {"a": "b"}, b"rest"),
            )

        @pytest.mark.parametrize("version", ["0.9", "1.0", "1.1", "2.0"])
        def it_reads_the_version(self, cut, version):
            # RFC 6455 4.1: the driver refuses what is not HTTP/1.1 or higher.
            parser, _ = parse("response", cut(b"HTTP/" + version.encode() + b" 200 OK\r\n\r\n"))
            assert (parser.error, parser.http_version) == (None, version)

        def it_leaves_a_101_that_is_no_upgrade_to_the_driver(self, cut):
            assert result("response", cut(b"HTTP/1.1 101 Switching\r\n\r\n\x81\x00")) == (
                True,
                None,
                (None, None, 101, {}, b"\x81\x00"),
            )

        @pytest.mark.parametrize("code", [100, 102, 103, 199])
        def it_passes_over_interim_ones(self, cut, code):
            interim = b"HTTP/1.1 %d Wait\r\nLink: </a>\r\nUpgrade: x\r\n\r\n" % code
            assert result("response", cut(interim * 3 + RESPONSE + b"\x81\x00")) == (
                True,
                None,
                (None, None, 101, {"upgrade": "websocket", "connection": "Upgrade"}, b"\x81\x00"),
            )

        def it_skips_an_empty_line_after_an_interim_one(self, cut):
            chunks = cut(b"HTTP/1.1 100 Continue\r\n\r\n\r\n" + RESPONSE)
            assert result("response", chunks)[1:] == (
                None,
                (None, None, 101, {"upgrade": "websocket", "connection": "Upgrade"}, b""),
            )

        def it_waits_after_an_interim_one(self, cut):
            parser, _ = parse("response", cut(b"HTTP/1.1 100 Continue\r\nA: b\r\n\r\n"))
            assert (parser.is_complete(), parser.status_code, parser.headers) == (False, None, {})

        def it_fails_on_what_is_none_after_an_interim_one(self, cut):
            chunks = cut(b"HTTP/1.1 100 Continue\r\n\r\n\x81\x02Hi\r\n")
            assert result("response", chunks) == (True, ("Parse Error", BAD_REQUEST), None)

        @given(cuts(b"HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n" + RESPONSE + b"\x81\x00\r\n"))
        def it_does_not_care_how_it_is_cut(self, chunks):
            assert result("response", chunks) == (
                True,
                None,
                (
                    None,
                    None,
                    101,
                    {"upgrade": "websocket", "connection": "Upgrade"},
                    b"\x81\x00\r\n",
                ),
            )

    class DescribeHeaders:
        def headers(self, cut, lines):
            parser, _ = parse("request", cut(b"GET / HTTP/1.1\r\n" + lines + b"\r\n\r\n"))
            assert parser.error is None
            return parser.headers

        @pytest.mark.parametrize(
            ("line", "headers"),
            [
                (b"A: b", {"a": "b"}),
                (b"A:b", {"a": "b"}),
                (b"A: \t b\t c \t ", {"a": "b\t c"}),
                (b"A:", {"a": ""}),
                (b"A: \t ", {"a": ""}),
                (b"A: b: c", {"a": "b: c"}),
                (b"X-#$%&'*+.^_`|~9: b", {"x-#$%&'*+.^_`|~9": "b"}),
                (b"A: \xe9\xff", {"a": "éÿ"}),
                (b"A: \x8d\x8aB: c", {"a": "\x8d\x8aB: c"}),
                (b"A: \xa0b\x85", {"a": "\xa0b\x85"}),
            ],
        )
        def it_strips_spaces_and_tabs_and_nothing_else(self, cut, line, headers):
            assert self.headers(cut, line) == headers

        @pytest.mark.parametrize(
            ("lines", "headers"),
            [
                (b"A: b\r\na: c", {"a": "b, c"}),
                (b"A: b\r\nX: y\r\nA: c \r\nA: c", {"a": "b, c, c", "x": "y"}),
                (b"A: b\r\nA:", {"a": "b, "}),
                (b"A:\r\nA: b", {"a": ", b"}),
            ],
        )
        def it_joins_those_that_are_repeated(self, cut, lines, headers):
            assert self.headers(cut, lines) == headers

        def it_takes_many(self, cut):
            lines = [b"X-%d: %d" % (i, i) for i in range(128)]
            assert self.headers(cut, b"\r\n".join(lines)) == {f"x-{i}": str(i) for i in range(128)}

        @given(
            st.text("abcXYZ019-_", min_size=1),
            st.binary(max_size=50).map(lambda b: b.translate(None, bytes([*range(32), 127]))),
        )
        def it_reads_any_value_that_may_be_sent(self, name, value):
            parser = HttpParser("request")
            parser.parse(b"GET / HTTP/1.1\r\nX%s: %s\r\n\r\n" % (name.encode(), value))
            assert parser.error is None
            assert parser.headers == {
                "x" + name.lower(): value.decode("latin-1").strip(" "),
            }

    class DescribeTheBody:
        @pytest.mark.parametrize(
            "lines",
            [
                b"",
                b"Content-Length: 3\r\n",
                b"Content-Length: 300\r\n",
                b"Transfer-Encoding: chunked\r\n",
                b"Connection: Upgrade\r\nUpgrade: websocket\r\n",
                b"Connection: close\r\n",
            ],
        )
        @pytest.mark.parametrize("body", [b"^n:ds[4U", b"\r\n\r\n", b"POST / HTTP/1.1\r\n\r\n"])
        def it_is_what_follows_as_it_is(self, lines, body):
            for type, start in START.items():
                head = start + lines + b"\r\n"
                for at in range(len(head)):
                    parser = HttpParser(type)
                    parser.parse(head[:at])
                    parser.parse(head[at:] + body)
                    assert (parser.error, parser.body) == (None, body)

    class DescribeBadHeads:
        @pytest.mark.parametrize(
            ("head", "message"),
            [
                (b"GET /chat\r\n\r\n", "Unsupported HTTP version: 0.9"),
                (b"GET /chat HTTP/0.9\r\n\r\n", "Unsupported HTTP version: 0.9"),
                (b"GET /chat HTTP/2.0\r\n\r\n", "Unsupported HTTP version: 2.0"),
                (b"GET / HTTP/1.2\r\n\r\n", "Parse Error"),
                (b"GET / HTTP/3.0\r\n\r\n", "Parse Error"),
                (b"GET / HTTP/1.10\r\n\r\n", "Parse Error"),
                (b"GET / http/1.1\r\n\r\n", "Parse Error"),
                (b"GET / RTSP/1.1\r\n\r\n", "Parse Error"),
                (b"GET / RTSP/1.0\r\nA: HTTP/1.1\r\n\r\n", "Parse Error"),
                (b"OPTIONS / RTSP/1.0\r\n\r\n", "Parse Error"),
                (b"\r\nGET / RTSP/1.1\r\n\r\n", "Parse Error"),
                (b"SOURCE / ICE/1.0\r\n\r\n", "Parse Error"),
                (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "Parse Error"),
                (b"get / HTTP/1.1\r\n\r\n", "Parse Error"),
                (b"WHAT / HTTP/1.1\r\n\r\n", "Parse Error"),
                (b" GET / HTTP/1.1\r\n\r\n", "Parse Error"),
                (b"GET  HTTP/1.1\r\n\r\n", "Parse Error"),
                (b"GET /a b HTTP/1.1\r\n\r\n", "Parse Error"),
                (b"GET / HTTP/1.1 \r\n\r\n", "Parse Error"),
                (b"GET /\x8d\x8aX:1 HTTP/1.1\r\n\r\n", "Parse Error"),
                (b"GET / HTTP/1.1\n\n", "Parse Error"),
                (b"GET / HTTP/1.1\r\nNo colon\r\n\r\n", "Parse Error"),
                (b"GET / HTTP/1.1\r\nA : b\r\n\r\n", "Parse Error"),
                (b"GET / HTTP/1.1\r\n: b\r\n\r\n", "Parse Error"),
                (b"GET / HTTP/1.1\r\nA\x00: b\r\n\r\n", "Parse Error"),
                (b"GET / HTTP/1.1\r\nA: b\x00\r\n\r\n", "Parse Error"),
                (b"GET / HTTP/1.1\r\nA: b\rC: d\r\n\r\n", "Parse Error"),
                (b"GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n", "Parse Error"),
                (b"GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n", "Parse Error"),
                (b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", "Parse Error"),
                (
                    b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                    "Parse Error",
                ),
                (
                    b"GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                    "Parse Error",
                ),
                (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "Invalid Host header"),
                (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "Invalid Host header"),
                (b"GET / HTTP/1.1\r\nA: b\r\n\nX: y\r\n\r\n", "Parse Error"),
                (b"GET / HTTP/1.1\r\nA: b\r\n\n\r\n\r\n", "Parse Error"),
                (b"\x16\x03\x01\x02\x00\x01\x00\x01\n", "Parse Error"),
                (b"HTTP/1.1 200 OK\r\n\r\n", "Parse Error"),
            ],
        )
        def it_fails_on_a_request(self, cut, head, message):
            assert result("request", cut(head)) == (True, (message, BAD_REQUEST), None)

        @pytest.mark.parametrize(
            "head",
            [
                b"HTTP/1.1 4 OK\r\n\r\n",
                b"HTTP/1.1 20 OK\r\n\r\n",
                b"HTTP/1.1 1000 OK\r\n\r\n",
                b"HTTP/1.1 OK\r\n\r\n",
                b"HTTP/1.1  200 OK\r\n\r\n",
                b"HTTP/3.0 200 OK\r\n\r\n",
                b"ICY 200 OK\r\n\r\n",
                b"GET / HTTP/1.1\r\n\r\n",
                b"\x81\x02Hi\n",
                b"HTTP/1.1 101 Switching Protocols\r\nNo colon\r\n\r\n",
                b"HTTP/1.1 101 Switching Protocols\r\nA : b\r\n\r\n",
                b"HTTP/1.1 101 Switching Protocols\r\nA: b\r\n c\r\n\r\n",
            ],
        )
        def it_fails_on_a_response(self, cut, head):
            assert result("response", cut(head)) == (True, ("Parse Error", BAD_REQUEST), None)

        @pytest.mark.parametrize(
            ("head", "status_code", "headers"),
            [
                (
                    b"HTTP/1.1 407 No\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                    407,
                    {"content-length": "1"},
                ),
                (b"HTTP/1.1 407 No\r\nA: b\r\nNo colon\r\n\r\n", 407, None),
                (b"HTTP/1.1 407\r\nNo colon\r\n\r\n", 407, {}),
                (b"HTTP/1.1 407\r\n\x01\x00 a: b\r\n\r\n", 407, {}),
                (b"HTTP/1.1 407 No\r\n" + b"A: b\r\n" * 129 + b"\r\n", 407, None),
                (b"HTTP/1.1 1000 No\r\n\r\n", None, {}),
                (b"HTTP/1.1 40 No\r\n\r\n", None, {}),
                (b"HTTP/1.1 No\r\n\r\n", None, {}),
                (b"ICY 200 OK\r\n\r\n", None, {}),
            ],
        )
        def it_knows_the_status_of_a_response_that_is_refused(
            self, cut, head, status_code, headers
        ):
            parser, _ = parse("response", cut(head))
            assert parser.error is not None
            assert parser.status_code == status_code
            if headers is not None:
                assert parser.headers == headers

        @pytest.mark.parametrize(
            ("head", "raw_headers"),
            [
                (b"GET / HTTP/2.0\r\nA: b\r\na: c\r\n\r\n", ["A", "b", "a", "c"]),
                (b"GET / RTSP/1.0\r\nA: b\r\na: c\r\n\r\n", ["A", "b", "a", "c"]),
                (
                    b"GET / HTTP/1.1\r\nA: b\r\nHost: /\r\nC: d\r\n\r\n",
                    ["A", "b", "Host", "/", "C", "d"],
                ),
                (b"GET / HTTP/1.1\r\nA: b\r\nNo colon\r\nC: d\r\n\r\n", ["A", "b"]),
                (b"GET / HTTP/1.1\r\nA: b\r\nC: d\nE: f\r\n\r\n", ["A", "b"]),
                (b"\r\nGET / HTTP/1.1\r\nA: b\r\n: c\r\nC: d\r\n\r\n", ["A", "b"]),
                (b"GET / HTTP/1.1\r\nA: b\r\n\tc: d\r\nC: d\r\n\r\n", ["A", "b"]),
                (b"HTTP/1.1 407 No\r\nA: b\r\nNo colon\r\nC: d\r\n\r\n", ["A", "b"]),
                (
                    b"HTTP/1.1 100 Go\r\nA: b\r\n\r\nHTTP/1.1 407 No\r\nC: d\r\nE\r\n\r\n",
                    ["C", "d"],
                ),
                (b"HTTP/1.1 1000 No\r\nA: b\r\n\r\n", []),
            ],
        )
        def it_has_the_headers_before_the_line_that_is_refused(self, cut, head, raw_headers):
            type: Literal["request", "response"] = "response" if head[:1] == b"H" else "request"
            for chunks in (cut(head), [head[:20], head[20:]]):
                parser, _ = parse(type, chunks)
                assert parser.error is not None
                assert parser.headers.raw_headers == raw_headers

        @pytest.mark.parametrize("type", ["request", "response"])
        @pytest.mark.parametrize("last", [b"\r\n", b"No colon\r\n\r\n", b"Y: 1\r\n" * 99 + b"\r\n"])
        def it_has_too_many_headers_before_it_has_an_invalid_one(self, cut, type, last):
            parser, _ = parse(type, cut(START[type] + b"X: 1\r\n" * (MAX_HEADERS + 2) + last))
            assert parser.error is not None
            assert (parser.error.message, parser.error.status) == ("too many headers", TOO_LARGE)
            assert parser.status_code == (200 if type == "response" else None)
            assert parser.headers == {"x": ", ".join("1" * MAX_HEADERS)}
            assert parser.headers.raw_headers == ["X", "1"] * (MAX_HEADERS + 1)

        @pytest.mark.parametrize("type", ["request", "response"])
        def it_has_too_many_headers_if_the_last_is_one_more(self, cut, type):
            start = {
                "request": b"GET / HTTP/1.1\r\n",
                "response": b"HTTP/1.1 101 Switching Protocols\r\n",
            }[type]
            lines = b"Upgrade: x\r\nConnection: Upgrade\r\n" + b"X: 1\r\n" * (MAX_HEADERS - 1)
            parser, _ = parse(type, cut(start + lines + b"\r\n"))
            assert parser.error is not None
            assert (parser.error.message, parser.error.status) == ("too many headers", TOO_LARGE)
            assert parser.headers.raw_headers == [
                *("Upgrade", "x"),
                *("Connection", "Upgrade"),
                *("X", "1") * (MAX_HEADERS - 1),
            ]

        def it_has_no_headers_if_a_control_character_begins_it(self, cut):
            parser, _ = parse("request", cut(b"\x16\x03\x01\n"))
            assert (parser.headers, parser.headers.raw_headers) == ({}, [])

        def it_has_an_error_with_the_headers_of_the_answer(self):
            assert HttpError("no").headers == {}
            headers = {"Sec-WebSocket-Version": "13"}
            error = HttpError("no", TOO_LARGE, headers)
            assert (error.message, error.status) == ("no", TOO_LARGE)
            assert error.headers == headers
            assert error.headers is not headers

        def it_has_an_error_that_is_one_of_the_peer(self):
            parser, _ = parse("request", [b"\n", b"hello\r\n"])
            assert isinstance(parser.error, HttpError)
            assert isinstance(parser.error, ProtocolError)
            assert str(parser.error) == parser.error.message == "Parse Error"

        @given(st.sampled_from(["request", "response"]), st.binary(max_size=60), st.data())
        @example("request", b"\r\n\r\n", None)
        def it_comes_to_the_same_on_anything_however_it_is_cut(self, type, junk, data):
            junk = (REQUEST if type == "request" else RESPONSE)[:20] + junk + b"\r\n\r\n"
            whole = all_of(type, [junk])
            assert all_of(type, one_by_one(junk)) == whole
            if data is not None:
                assert all_of(type, data.draw(cuts(junk))) == whole

    class DescribeTheLimit:
        @pytest.fixture(params=["request", "response"])
        def type(self, request):
            return request.param

        def it_is_64_kib(self):
            assert MAX_HEAD_LENGTH == 65536

        def it_takes_a_head_of_64_kib(self, type, cut):
            head = head_of(65536, START[type])
            assert len(head) == 65536
            parser, rest = parse(type, cut(head + b"rest"))
            assert (parser.is_complete(), parser.error) == (True, None)
            assert len(parser.headers["x"]) == 65536 - len(START[type]) - 7
            assert parser.body + rest == b"rest"

        def it_fails_on_one_byte_more(self, type, cut):
            assert result(type, cut(head_of(65537, START[type]))) == (
                True,
                ("max header size exceeded", TOO_LARGE),
                None,
            )

        def it_fails_as_soon_as_that_has_come(self, type, cut):
            data = START[type].ljust(65536, b"x")
            parser, _ = parse(type, cut(data))
            assert parser.is_complete() is False
            parser.parse(b"x")
            assert parser.error.message == "max header size exceeded"

        def it_counts_all_lines(self, type, cut):
            line = b"X: " + b"x" * 1019 + b"\r\n"
            head = START[type] + line * 64
            assert result(type, cut(head + b"\r\n"))[1] == ("max header size exceeded", TOO_LARGE)

        def it_counts_interim_responses(self, cut):
            interim = b"HTTP/1.1 100 Continue\r\n\r\n"
            head = interim * (65536 // 25 + 1)
            assert result("response", cut(head))[1] == ("max header size exceeded", TOO_LARGE)

        def it_counts_empty_lines_before_a_request(self, cut):
            assert result("request", cut(b"\r\n" * 32769))[1] == (
                "max header size exceeded",
                TOO_LARGE,
            )

        def it_can_be_another(self, type):
            head = START[type] + b"X: 1\r\n\r\n"
            for length, message in [(len(head), None), (len(head) - 1, "max header size exceeded")]:
                parser = HttpParser(type, max_length=length)
                parser.parse(head)
                assert (parser.is_complete(), parser.error and parser.error.message) == (
                    True,
                    message,
                )

        def it_is_128_headers(self, type, cut):
            head = START[type] + b"X: 1\r\n" * MAX_HEADERS
            assert MAX_HEADERS == 128
            assert result(type, cut(head + b"\r\n"))[1] is None
            assert result(type, cut(head + b"Y: 1\r\nZ: 1\r\n\r\n"))[1] == (
                "too many headers",
                TOO_LARGE,
            )

        @pytest.mark.parametrize(
            ("type", "before"),
            [("request", b"\r\n\r\n"), ("response", b"HTTP/1.1 100 Continue\r\n\r\n")],
        )
        def it_counts_each_line_once(self, type, before, cut):
            head = before + START[type] + b"X: 1\r\n\r\n"
            for length, message in [(len(head), None), (len(head) - 1, "max header size exceeded")]:
                parser = HttpParser(type, max_length=length)
                for chunk in cut(head):
                    if not parser.is_complete():
                        parser.parse(chunk)
                assert (parser.is_complete(), parser.error and parser.error.message) == (
                    True,
                    message,
                )

        def it_can_be_another_number_of_headers(self, type):
            for most, message in [(2, None), (1, "too many headers")]:
                parser = HttpParser(type, max_headers=most)
                parser.parse(START[type] + b"X: 1\r\nY: 1\r\n\r\n")
                assert (parser.error and parser.error.message) == message

        def it_counts_the_headers_of_each_interim_response(self, cut):
            interim = b"HTTP/1.1 103 Early Hints\r\n" + b"Link: 1\r\n" * 100 + b"\r\n"
            head = interim * 2 + START["response"] + b"X: 1\r\n" * 100 + b"\r\n"
            assert result("response", cut(head))[1] is None
            too_many = b"HTTP/1.1 103 Early Hints\r\n" + b"Link: 1\r\n" * 129 + b"\r\n"
            assert result("response", cut(too_many + head))[1] == ("too many headers", TOO_LARGE)

        def it_does_not_count_what_follows(self, type):
            parser, _ = parse(type, [START[type] + b"\r\n" + b"x" * 100_000])
            assert (parser.error, parser.body) == (None, b"x" * 100_000)


def head_with(on_header, headers, max_headers=100):
    head = Head(max_headers)
    for name, value in headers:
        on_header(head, name, value)
    return head


@pytest.mark.parametrize(
    "on_header", [on_header_in_python, Head.on_header], ids=["python", "in use"]
)
class DescribeHead:
    def it_adds_a_header(self, on_header):
        head = head_with(on_header, [(b"Host", b"example.com"), (b"X-\xc9tat", b"caf\xe9")])
        assert head.headers == {"host": "example.com", "x-\xe9tat": "caf\xe9"}
        assert type(head.headers["host"]) is str
        assert head.remaining == 98

    def it_strips_spaces_and_tabs_and_nothing_else(self, on_header):
        values = [b" \t\x00 a\xa0 ", b"", b" ", b"\t \t", b"\x0ba\x0c", b"a  b"]
        assert [head_with(on_header, [(b"Host", value)]).headers["host"] for value in values] == [
            "\x00 a\xa0",
            "",
            "",
            "",
            "\x0ba\x0c",
            "a  b",
        ]

    def it_joins_those_that_are_repeated(self, on_header):
        head = head_with(on_header, [(b"Cookie", b""), (b"cookie", b"b"), (b"COOKIE", b"c")])
        assert head.headers == {"cookie": ", b, c"}
        assert head.remaining == 97

    def it_keeps_as_many_as_there_may_be(self, on_header):
        headers = [(b"Host", b"a"), (b"Origin", b"b"), (b"Pragma", b"c"), (b"x", b"d")]
        head = head_with(on_header, headers, 2)
        assert head.headers == {"host": "a", "origin": "b"}
        assert head.remaining == -2

    def it_counts_down_from_any_number(self, on_header):
        for number in (2**31, 2**63 - 1, 2**63, 10**30):
            head = head_with(on_header, [(b"Host", b"a")], number)
            assert (head.headers, head.remaining) == ({"host": "a"}, number - 1)

    def it_raises_for_what_is_no_header(self, on_header):
        with pytest.raises(TypeError):
            on_header(Head(1), b"Host")
        with pytest.raises((TypeError, AttributeError)):
            on_header(Head(1), b"Host", "example.com")
        with pytest.raises(TypeError):
            on_header(Head(1), [], b"example.com")

    @cpython_only
    def it_leaves_nothing_in_memory(self, on_header):
        headers = [(b"Host", b" example.com "), (b"Host", b"again"), (b"x", b""), (b"Via", b"1")]

        assert least_growth(lambda: head_with(on_header, headers, 3), 200) < 100


class DescribeTheCompiledHead:
    @given(
        st.lists(
            st.tuples(
                st.sampled_from([*KNOWN_NAMES, b"X-Custom", b"x-custom"]) | st.binary(),
                st.binary() | st.sampled_from([b" a ", b"\t", b"a, b"]),
            )
        ),
        st.integers(-1, 12),
    )
    def it_is_the_same_in_python(self, headers, max_headers):
        compiled = head_with(Head.on_header, headers, max_headers)
        in_python = head_with(on_header_in_python, headers, max_headers)
        assert list(compiled.headers.items()) == list(in_python.headers.items())
        assert compiled.remaining == in_python.remaining


class DescribeTheEnd:
    @cpython_only
    def it_is_freed_without_the_garbage_collector(self):
        # A request that is never finished, and one that is.
        gc.collect()
        gc.disable()
        try:
            for chunk in (REQUEST[:30], REQUEST, b"x\n"):
                parser = HttpParser("request")
                parser.parse(chunk)
                freed = weakref.ref(parser)
                del parser
                assert freed() is None
        finally:
            gc.enable()
