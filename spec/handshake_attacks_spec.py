"""Manipulated handshakes: those that are refused, those that are not, and the output.

Ambiguous requests and responses are refused. RFC 9112 lists the points that servers, proxies and
clients may interpret differently, which request smuggling exploits; RFC 6455 4 defines handshakes.
"""

import re

import pytest

import websocket_driver as websocket
from spec.support import Collector, one_by_one, record
from websocket_driver import ConfigurationError
from websocket_driver.driver.client import Client

KEY = b"2vBVWg4Qyk3ZoM/5d3QD9Q=="

REQUEST_LINE = b"GET /chat HTTP/1.1\r\n"
HEADERS = (
    b"Host: www.example.com\r\n"
    b"Upgrade: websocket\r\n"
    b"Connection: Upgrade\r\n"
    b"Sec-WebSocket-Key: 2vBVWg4Qyk3ZoM/5d3QD9Q==\r\n"
    b"Sec-WebSocket-Version: 13\r\n"
)
REQUEST = REQUEST_LINE + HEADERS
ANSWER = (
    b"HTTP/1.1 101 Switching Protocols\r\n"
    b"Upgrade: websocket\r\n"
    b"Connection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: QV3I5XUXU2CdhtjixE7QCkCcMZM=\r\n"
)
HELLO = b"\x81\x82\x00\x00\x00\x00Hi"  # what a client that got through would say

# Header lines that no head may have, of a request or a response.
BROKEN_LINES = {
    "two lengths": b"Content-Length: 1\r\nContent-Length: 2\r\n",
    "one length twice": b"Content-Length: 0\r\nContent-Length: 0\r\n",
    "a list of lengths": b"Content-Length: 5, 5\r\n",
    "a length with a sign": b"Content-Length: +5\r\n",
    "a negative length": b"Content-Length: -5\r\n",
    "a hexadecimal length": b"Content-Length: 0x5\r\n",
    "a length with an underscore": b"Content-Length: 1_0\r\n",
    "a length that overflows": b"Content-Length: 18446744073709551621\r\n",
    "an empty length": b"Content-Length:\r\n",
    "a length and chunks": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    "chunks and a length": b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    "white space before the colon": b"Transfer-Encoding : chunked\r\n",
    "a tab before the colon": b"Transfer-Encoding\t: chunked\r\n",
    "a vertical tab": b"Transfer-Encoding:\x0bchunked\r\n",
    "a folded line": b"X: a\r\n Transfer-Encoding: chunked\r\n",
    "a line folded by a tab": b"X: a\r\n\tb\r\n",
    "a bare LF": b"X: a\nTransfer-Encoding: chunked\r\n",
    "a bare LF after an empty value": b"X:\nY: b\r\n",
    "a bare CR": b"X: a\rTransfer-Encoding: chunked\r\n",
    "CR CR LF": b"X: a\r\r\n",
    "NUL in a value": b"X: a\0b\r\n",
    "NUL in a name": b"X\0: b\r\n",
    "a control character": b"X: a\x01b\r\n",
    "DEL": b"X: a\x7fb\r\n",
    "no name": b": b\r\n",
    "no colon": b"X\r\n",
    "a name that is no token": b"X(Y): b\r\n",
    "a name beyond ASCII": b"X\xff: b\r\n",
}
BROKEN_STARTS = {
    "a tab in the request line": b"GET\t/chat HTTP/1.1\r\n",
    "white space at its end": b"GET /chat HTTP/1.1 \r\n",
    "white space at its start": b" GET /chat HTTP/1.1\r\n",
    "a method in lower case": b"get /chat HTTP/1.1\r\n",
    "NUL in the target": b"GET /ch\0at HTTP/1.1\r\n",
    "a control character in the target": b"GET /ch\x01at HTTP/1.1\r\n",
    "DEL in the target": b"GET /ch\x7fat HTTP/1.1\r\n",
    "a byte beyond ASCII in the target": b"GET /ch\xe4t HTTP/1.1\r\n",
    "line breaks without their high bit": b"GET /\x8d\x8aX:1 HTTP/1.1\r\n",
    "a bare CR in the target": b"GET /ch\rat HTTP/1.1\r\n",
    "a bare LF in the target": b"GET /ch\nat HTTP/1.1\r\n",
    "a bare LF at its end": b"GET /chat HTTP/1.1\n",
    "a bare CR before it": b"\rGET /chat HTTP/1.1\r\n",
    "a bare LF before it": b"\nGET /chat HTTP/1.1\r\n",
    "CR CR LF before it": b"\r\r\nGET /chat HTTP/1.1\r\n",
    "a first line that is folded": b"GET /chat HTTP/1.1\r\n X: 1\r\n",
    "a version that is not there": b"GET /chat HTTP/1.2\r\n",
}
HOSTS = {
    "a path": b"Host: www.example.com/admin?\r\n",
    "a query": b"Host: www.example.com?\r\n",
    "a fragment": b"Host: www.example.com#\r\n",
    "a user": b"Host: www.example.com@evil.example\r\n",
    "a backslash": b"Host: www.example.com\\\r\n",
    "a space": b"Host: www.example.com evil.example\r\n",
    "a port that is no number": b"Host: www.example.com:80a\r\n",
    "two ports": b"Host: www.example.com:80:80\r\n",
    "a bracket": b"Host: [www.example.com\r\n",
    "an address that goes on": b"Host: [::1].example.com\r\n",
    "bytes beyond ASCII": b"Host: www.ex\xe4mple.com\r\n",
    "two of them": b"Host: www.example.com\r\nHost: evil.example\r\n",
    "the same twice": b"Host: www.example.com\r\nHost: www.example.com\r\n",
    "an empty one first": b"Host:\r\nHost: www.example.com\r\n",
}


def values(table):
    return [pytest.param(value, id=name) for name, value in table.items()]


def refusal(message, more=b""):
    """The bytes of a response that refuses, and the events."""
    head = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n%b\r\n"
    return [
        ("data", head % (len(message), more) + message.encode("utf-8")),
        ("error", message),
        ("close", 1002, message),
    ]


@pytest.fixture(params=["whole", "bytewise"])
def cut(request):
    return one_by_one if request.param == "bytewise" else lambda data: [data]


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setattr(Client, "generate_key", staticmethod(KEY.decode))


def log_of(driver):
    log = record(driver)
    driver.io.on("data", lambda chunk: log.append(("data", chunk)))
    return log


class DescribeServer:
    """A `server()` driver that starts whatever connects."""

    @pytest.fixture
    def driver(self):
        return websocket.server(protocols=["chat"])

    @pytest.fixture
    def serve(self, driver, cut):
        def serve(request):
            log = log_of(driver)
            driver.on("connect", lambda event: driver.start())
            for chunk in cut(request):
                driver.parse(chunk)
            return log

        return serve

    def it_lets_a_right_request_through(self, serve):
        assert serve(REQUEST + b"\r\n" + HELLO) == [
            ("connect",),
            ("data", ANSWER + b"\r\n"),
            ("open",),
            ("message", "Hi"),
        ]

    @pytest.mark.parametrize("lines", values(BROKEN_LINES))
    def it_refuses_a_broken_line_and_never_connects(self, serve, lines):
        assert serve(REQUEST + lines + b"\r\n" + HELLO) == refusal("Parse Error")

    @pytest.mark.parametrize("lines", values(BROKEN_LINES))
    def it_refuses_one_before_the_others(self, serve, lines):
        assert serve(REQUEST_LINE + lines + HEADERS + b"\r\n" + HELLO) == refusal("Parse Error")

    @pytest.mark.parametrize("start", values(BROKEN_STARTS))
    def it_refuses_a_broken_start(self, serve, start):
        assert serve(start + HEADERS + b"\r\n" + HELLO) == refusal("Parse Error")

    def it_refuses_a_bare_lf_at_the_end(self, serve):
        assert serve(REQUEST + b"\n" + HELLO + b"\r\n") == refusal("Parse Error")

    @pytest.mark.parametrize("version", ["0.9", "2.0"])
    def it_refuses_other_versions_of_http(self, serve, version):
        head = b"GET /chat HTTP/" + version.encode() + b"\r\n" + HEADERS
        expected = refusal(f"Unsupported HTTP version: {version}")
        assert serve(head + b"\r\n" + HELLO) == expected

    def it_refuses_the_handshake_of_http_1_0_only(self, serve):
        # RFC 6455 4.2.1; health checks and old proxies ask with HTTP/1.0.
        expected = [("connect",), *refusal("Unsupported HTTP version: 1.0")]
        assert serve(b"GET /chat HTTP/1.0\r\n" + HEADERS + b"\r\n" + HELLO) == expected

    @pytest.mark.parametrize("host", values(HOSTS))
    def it_refuses_a_host_that_is_none_or_two(self, serve, host):
        request = REQUEST.replace(b"Host: www.example.com\r\n", host)
        assert serve(request + b"\r\n" + HELLO) == refusal("Invalid Host header")

    @pytest.mark.parametrize(
        "host",
        [
            b"",
            b"localhost",
            b"localhost:8080",
            b"www.example.com:",
            b"my_host-1.example.com.:80",
            b"xn--bcher-kva.example",
            b"127.0.0.1:65535",
            b"[::1]",
            b"[2001:db8::1]:443",
            b"[fe80::1%25eth0]",
            b"a%20b!$&'()*+,;=~",
        ],
    )
    def it_takes_any_host_that_is_one(self, serve, host):
        request = REQUEST.replace(b"www.example.com", host)
        assert serve(request + b"\r\n")[1:] == [("data", ANSWER + b"\r\n"), ("open",)]

    @pytest.mark.parametrize(
        "lines",
        [
            b"Content-Length: 5\r\n",
            b"Content-Length: 00\r\n",
            b"Content-Length: 8\r\n",
            b"Transfer-Encoding: chunked\r\n",
            b"Transfer-Encoding: xchunked\r\n",
            b"Transfer-Encoding: gzip, chunked\r\n",
            b"Transfer-Encoding: identity\r\n",
        ],
    )
    def it_refuses_a_body_which_would_be_where_the_frames_are(self, serve, lines):
        assert serve(REQUEST + lines + b"\r\n" + HELLO) == [
            ("connect",),
            *refusal("A WebSocket request has no body"),
        ]

    def it_takes_a_length_of_nothing(self, serve):
        assert serve(REQUEST + b"Content-Length: 0\r\n\r\n" + HELLO)[-1] == ("message", "Hi")

    @pytest.mark.parametrize(
        ("more", "refused"),
        [
            (b"Content-Length: 5\r\n", True),
            (b"Transfer-Encoding: chunked\r\n", True),
            (b"Content-Length: 0\r\n", False),
        ],
    )
    def it_refuses_a_body_of_a_draft_too(self, serve, more, refused):
        head = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"
        log = serve(head + more + b"\r\n\x00Hi\xff")
        assert log[-1] == (("close", None, None) if refused else ("message", "Hi"))
        assert (("error", "A WebSocket request has no body") in log) is refused

    @pytest.mark.parametrize(
        ("more", "refused"),
        [
            (b"", False),
            (b"Content-Length: 0\r\n", False),
            (b"Content-Length: 8\r\n", False),
            (b"Content-Length: 9\r\n", True),
            (b"Transfer-Encoding: chunked\r\n", True),
        ],
    )
    def it_takes_the_body_that_hixie_76_has(self, serve, more, refused):
        head = (
            b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key1: 1   38 wZ3f9 23O0 3l 0r\r\n"
            b"Sec-WebSocket-Key2: 27   0E 6 2  1665:< ;U 1H\r\n"
        )
        log = serve(head + more + b"\r\n\x91\x25\x3e\xd3\xa9\xe7\x6a\x88\x00Hi\xff")
        assert log[-1] == (("close", None, None) if refused else ("message", "Hi"))

    def it_leaves_the_body_of_another_request_to_the_application(self, driver, cut):
        log = record(driver)
        for chunk in cut(b"POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n"):
            driver.parse(chunk)
        assert log == [("connect",)]
        assert driver.headers == {"host": "a", "content-length": "3"}

    @pytest.mark.parametrize(
        "line",
        [
            b"Sec-WebSocket-Key: 2vBVWg4Qyk3ZoM/5d3QD9Q==\r\n",
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
            b"sec-websocket-key:\r\n",
        ],
    )
    def it_refuses_two_keys(self, serve, line):
        assert serve(REQUEST + line + b"\r\n" + HELLO) == [
            ("connect",),
            *refusal("Invalid handshake request header: Sec-WebSocket-Key"),
        ]

    @pytest.mark.parametrize(
        "bad",
        [
            b"",
            b"x",
            b"2vBVWg4Qyk3ZoM/5d3QD9Q",
            b"2vBVWg4Qyk3ZoM/5d3QD9Q=",
            b"2vBVWg4Qyk3ZoM/5d3QD9QAA",
            b"2vBVWg4Qyk3ZoM/5d3QD9QA=",
            b"2vBVWg4Qyk3ZoM_5d3QD9Q==",
            b"2vBVWg4Qyk3ZoM 5d3QD9Q==",
            b"2vBVWg4Qyk3ZoM\xff5d3QD9Q==",
            b"2vBVWg4Qyk3ZoM/5d3==QD9Q",
            b"2vBVWg4Qyk3ZoM/5d3QD9Q==2vBVWg4Qyk3ZoM/5d3QD9Q==",
        ],
    )
    def it_refuses_a_key_that_is_not_16_bytes(self, serve, bad):
        assert serve(REQUEST.replace(KEY, bad) + b"\r\n" + HELLO) == [
            ("connect",),
            *refusal("Invalid handshake request header: Sec-WebSocket-Key"),
        ]

    @pytest.mark.parametrize(
        ("lines", "version"),
        [
            (b"Sec-WebSocket-Version: 8\r\n", "8"),
            (b"Sec-WebSocket-Version: 013\r\n", "013"),
            (b"Sec-WebSocket-Version: 13.0\r\n", "13.0"),
            (b"Sec-WebSocket-Version: 13, 8\r\n", "13, 8"),
            (b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 13\r\n", "13, 13"),
            (b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version:\r\n", "13, "),
            (b"Sec-WebSocket-Version:\r\n", ""),
            (b"Sec-WebSocket-Version: <b>\xe4\r\n", "<b>\u00e4"),
        ],
    )
    def it_names_the_version_that_there_is(self, serve, lines, version):
        # RFC 6455 4.2.2, 4: an error code, and the versions. 4.4 has an example with a 400.
        request = REQUEST.replace(b"Sec-WebSocket-Version: 13\r\n", lines)
        message = f"Unsupported WebSocket version: {version}"
        body = message.encode("utf-8")
        assert serve(request + b"\r\n" + HELLO) == [
            ("connect",),
            (
                "data",
                b"HTTP/1.1 400 Bad Request\r\n"
                b"Content-Type: text/plain\r\n"
                b"Content-Length: %d\r\n"
                b"Sec-WebSocket-Version: 13\r\n"
                b"\r\n"
                b"%b" % (len(body), body),
            ),
            ("error", message),
            ("close", 1002, message),
        ]

    def it_names_it_where_there_is_none(self, serve):
        request = REQUEST.replace(b"Sec-WebSocket-Version: 13\r\n", b"")
        assert serve(request + b"\r\n" + HELLO) == [
            ("connect",),
            *refusal(
                "Missing handshake request header: Sec-WebSocket-Version",
                b"Sec-WebSocket-Version: 13\r\n",
            ),
        ]

    @pytest.mark.parametrize(
        "request_",
        [
            REQUEST.replace(b"GET", b"POST"),
            REQUEST + b"Upgrade: websocket\r\n",
            REQUEST + b"Upgrade: h2c\r\n",
            REQUEST.replace(b": websocket", b": websocket, h2c"),
            REQUEST.replace(b"Upgrade: websocket\r\n", b""),
            REQUEST.replace(b"Connection: Upgrade\r\n", b"Connection: close\r\n"),
        ],
    )
    def it_refuses_what_asks_for_something_else_too(self, serve, request_):
        assert serve(request_ + b"\r\n" + HELLO) == [
            ("connect",),
            *refusal("Not a WebSocket request"),
        ]

    @pytest.mark.parametrize(
        "request_",
        [
            REQUEST + b"Connection: keep-alive\r\n",
            REQUEST + b"X: a\tb \t\r\n",
            REQUEST + b"Sec_WebSocket_Key: x\r\n",
            REQUEST + b"__proto__: x\r\nconstructor: y\r\n",
            b"\r\n\r\n" + REQUEST,
            # RFC 9112 3 leaves it to the recipient to see words in the line that has these.
            b"GET  /chat  HTTP/1.1\r\n" + HEADERS,
        ],
    )
    def it_takes_what_can_mean_one_thing_only(self, serve, driver, request_):
        assert serve(request_ + b"\r\n" + HELLO) == [
            ("connect",),
            ("data", ANSWER + b"\r\n"),
            ("open",),
            ("message", "Hi"),
        ]
        assert driver.url == "/chat"

    def it_never_reads_a_second_request(self, serve, driver):
        smuggled = b"GET /admin HTTP/1.1\r\nHost: internal\r\n\r\n"
        log = serve(REQUEST + b"\r\n" + smuggled)
        assert log[:3] == [("connect",), ("data", ANSWER + b"\r\n"), ("open",)]
        # They are the bytes of a frame, and a bad one.
        reason = "One or more reserved bits are on: reserved1 = 1, reserved2 = 0, reserved3 = 0"
        assert log[4:] == [("error", reason), ("close", 1002, reason)]
        assert driver.url == "/chat"

    def it_repeats_no_protocol_of_the_client_that_the_server_does_not_speak(self, serve, driver):
        lines = b"Sec-WebSocket-Protocol: evil, chat\tx\r\nSec-WebSocket-Protocol: chat\r\n"
        assert serve(REQUEST + lines + b"\r\n") == [
            ("connect",),
            ("data", ANSWER + b"Sec-WebSocket-Protocol: chat\r\n\r\n"),
            ("open",),
        ]


GOOD = {
    "Host": "www.example.com",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": KEY.decode(),
    "Sec-WebSocket-Version": "13",
}
DRAFTS = [{}, {"Sec-WebSocket-Key1": "1 2", "Sec-WebSocket-Key2": "1 2"}]
BREAKS = ["a\r\nX: 1", "a\nX: 1", "a\rX: 1", "a\0", "\r\n\r\n<html>"]


class DescribeHttp:
    """A driver for a request that another server has read, and perhaps let too much through."""

    def start(self, method="GET", url="/chat", headers=GOOD, **options):
        driver = websocket.http(websocket.Request(method, url, headers), **options)
        log = log_of(driver)
        driver.start()
        return log

    def it_lets_a_right_request_through(self):
        assert self.start() == [("data", ANSWER + b"\r\n"), ("open",)]

    @pytest.mark.parametrize("text", BREAKS)
    @pytest.mark.parametrize("name", [*GOOD, "Origin", "Cookie"])
    def it_refuses_line_breaks_in_any_header(self, name, text):
        log = self.start(headers={**GOOD, name: text})
        assert log == refusal("Invalid character in request header")

    @pytest.mark.parametrize("text", BREAKS)
    def it_refuses_them_in_the_url(self, text):
        log = self.start(url="/" + text)
        assert log == refusal("Invalid character in request header")

    @pytest.mark.parametrize("method", ["POST", "get", "GET\r\nX: 1", "", "GET "])
    def it_refuses_other_methods_and_repeats_none(self, method):
        assert self.start(method=method) == refusal("Not a WebSocket request")

    @pytest.mark.parametrize("host", values(HOSTS))
    def it_refuses_a_host_that_is_none_or_two(self, host):
        lines = re.findall(r"Host: ?(.*)\r\n", host.decode("latin-1"))
        log = self.start(headers={**GOOD, "Host": lines})
        assert log == refusal("Invalid character in request header")

    def it_does_not_mind_white_space_around_a_host(self):
        log = self.start(headers={**GOOD, "Host": " www.example.com:80\t"})
        assert log == [("data", ANSWER + b"\r\n"), ("open",)]

    @pytest.mark.parametrize("draft", DRAFTS)
    @pytest.mark.parametrize("text", BREAKS)
    @pytest.mark.parametrize("where", ["Host", "Origin", "url"])
    def it_writes_none_into_the_location_and_origin_of_a_draft(self, draft, text, where):
        headers = {"Host": "a", "Upgrade": "websocket", "Connection": "Upgrade", **draft}
        if where == "url":
            log = self.start(url=text, headers=headers)
        else:
            log = self.start(headers={**headers, where: text})
        expected = refusal("Invalid character in request header")
        assert log == [*expected[:2], ("close", None, None)]

    @pytest.mark.parametrize(
        "more", [{"Content-Length": "5"}, {"Transfer-Encoding": "chunked"}, {"Content-Length": "x"}]
    )
    def it_refuses_a_body(self, more):
        log = self.start(headers={**GOOD, **more})
        assert log == refusal("A WebSocket request has no body")

    def it_refuses_two_keys(self):
        log = self.start(headers={**GOOD, "Sec-WebSocket-Key": [KEY.decode()] * 2})
        assert log == refusal("Invalid handshake request header: Sec-WebSocket-Key")

    def it_names_the_version_that_there_is(self):
        log = self.start(headers={**GOOD, "Sec-WebSocket-Version": "8"})
        assert log == refusal("Unsupported WebSocket version: 8", b"Sec-WebSocket-Version: 13\r\n")

    def it_chooses_no_protocol_that_would_break_a_line(self):
        headers = {**GOOD, "Sec-WebSocket-Protocol": "chat"}
        with pytest.raises(ConfigurationError, match=r"^Option protocols must be tokens"):
            self.start(headers=headers, protocols=["chat\r\nX: 1"])


class DescribeClient:
    @pytest.fixture
    def driver(self):
        return websocket.client("ws://www.example.com/chat", protocols=["chat"])

    @pytest.fixture
    def connect(self, driver, cut):
        def connect(response):
            driver.start()
            log = log_of(driver)
            for chunk in cut(response):
                driver.parse(chunk)
            return log

        return connect

    def failure(self, message):
        reason = f"Error during WebSocket handshake: {message}"
        return [("error", reason), ("close", 1002, reason)]

    def it_takes_a_right_response(self, connect):
        assert connect(ANSWER + b"\r\n\x81\x02Hi") == [("open",), ("message", "Hi")]

    @pytest.mark.parametrize("lines", values(BROKEN_LINES))
    def it_refuses_a_broken_line(self, connect, lines):
        assert connect(ANSWER + lines + b"\r\n\x81\x02Hi") == self.failure("Parse Error")

    @pytest.mark.parametrize(
        "start",
        [
            b"HTTP/1.1  101 Switching Protocols\r\n",
            b" HTTP/1.1 101 Switching Protocols\r\n",
            b"\rHTTP/1.1 101 Switching Protocols\r\n",
            b"\nHTTP/1.1 101 Switching Protocols\r\n",
            b"HTTP/1.1 0101 Switching Protocols\r\n",
            b"HTTP/1.1 101 Switching\rProtocols\r\n",
            b"HTTP/1.1 101 Switching Protocols\n",
            b"HTTP/1.1\t101 Switching Protocols\r\n",
        ],
    )
    def it_refuses_a_broken_start(self, connect, start):
        response = start + ANSWER.partition(b"\r\n")[2] + b"\r\n"
        assert connect(response) == self.failure("Parse Error")

    @pytest.mark.parametrize(
        ("lines", "message"),
        [
            (
                b"Sec-WebSocket-Accept: QV3I5XUXU2CdhtjixE7QCkCcMZM=\r\n",
                "Sec-WebSocket-Accept mismatch",
            ),
            (b"Sec-WebSocket-Accept: x\r\n", "Sec-WebSocket-Accept mismatch"),
            (b"Sec-WebSocket-Accept:\r\n", "Sec-WebSocket-Accept mismatch"),
            (b"Upgrade: websocket\r\n", "'Upgrade' header value is not 'WebSocket'"),
            (b"Upgrade: h2c\r\n", "'Upgrade' header value is not 'WebSocket'"),
            (b"Sec-WebSocket-Protocol: evil\r\n", "Sec-WebSocket-Protocol mismatch"),
            (b"Sec-WebSocket-Protocol: chat, chat\r\n", "Sec-WebSocket-Protocol mismatch"),
            (
                b"Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: chat\r\n",
                "Sec-WebSocket-Protocol mismatch",
            ),
            (
                b"Sec-WebSocket-Extensions: permessage-deflate\r\n",
                'Server sent an extension response for unknown extension "permessage-deflate"',
            ),
        ],
    )
    def it_refuses_what_it_did_not_ask_for_or_comes_twice(self, connect, lines, message):
        assert connect(ANSWER + lines + b"\r\n\x81\x02Hi") == self.failure(message)

    @pytest.mark.parametrize(
        "accept",
        [b"", b"qv3i5xuxu2cdhtjixe7qckccmzm=", b"QV3I5XUXU2CdhtjixE7QCkCcMZM", KEY, b"\xff" * 28],
    )
    def it_refuses_another_accept(self, connect, accept):
        response = ANSWER.replace(b"QV3I5XUXU2CdhtjixE7QCkCcMZM=", accept)
        assert connect(response + b"\r\n") == self.failure("Sec-WebSocket-Accept mismatch")

    @pytest.mark.parametrize("status", [200, 204, 301, 302, 401, 403, 426, 500])
    def it_refuses_another_status_and_goes_nowhere(self, connect, driver, status):
        line = b"Location: ws://evil.example/\r\n"
        response = ANSWER.replace(b"101", b"%d" % status) + line + b"\r\n"
        assert connect(response) == self.failure(f"Unexpected response code: {status}")
        assert driver.url == "ws://www.example.com/chat"

    @pytest.mark.parametrize(
        "lines", [b"Content-Length: 5\r\n", b"Content-Length: 0\r\n", b"Transfer-Encoding: x\r\n"]
    )
    def it_knows_that_a_101_has_no_body(self, connect, lines):
        # RFC 9112 6.3, 1: whatever its headers say.
        assert connect(ANSWER + lines + b"\r\n\x81\x02Hi") == [("open",), ("message", "Hi")]


REFUSED = [
    ("error", "Can't establish a connection to the server at ws://www.example.com/"),
    ("close",),
    ("end",),
]


class DescribeProxy:
    """The peer that answers the CONNECT request of a client."""

    @pytest.fixture
    def answer(self, cut):
        def answer(response):
            proxy = websocket.client("ws://www.example.com/").proxy("http://proxy.example.com")
            proxy.start()
            log = record(proxy, "data", "connect", "error", "close", "end")
            for chunk in cut(response):
                proxy.write(chunk)
            return log

        return answer

    @pytest.mark.parametrize("lines", values(BROKEN_LINES))
    def it_refuses_a_broken_line(self, answer, lines):
        assert answer(b"HTTP/1.1 200 OK\r\n" + lines + b"\r\n\x81\x02Hi") == REFUSED

    @pytest.mark.parametrize(
        "start",
        [
            b"HTTP/1.1 200 OK\n",
            b"\rHTTP/1.1 200 OK\r\n",
            b"HTTP/1.1 2000 OK\r\n",
            b"HTTP/1.1 101 Switching Protocols\r\n",
            b"HTTP/1.1 301 Moved Permanently\r\nLocation: http://evil.example/\r\n",
        ],
    )
    def it_refuses_another_start(self, answer, start):
        assert answer(start + b"\r\n\r\n") == REFUSED

    def it_ignores_a_body_which_no_such_answer_has(self, answer):
        # RFC 9110 9.3.6
        response = b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n"
        assert answer(response) == [("connect",), ("close",), ("end",)]


LINES = [
    b"Upgrade: websocket",
    b"Connection: Upgrade",
    b"Sec-WebSocket-Key: 2vBVWg4Qyk3ZoM/5d3QD9Q==",
    b"Sec-WebSocket-Version: 13",
]


def request_of(url, **options):
    """The lines of the request that a client for `url` sends."""
    driver = websocket.client(url, **options)
    wire = driver.io.pipe(Collector())
    driver.start()
    assert wire.bytes.endswith(b"\r\n\r\n")
    return wire.bytes[:-4].split(b"\r\n")


class DescribeWhatCallersPass:
    """No argument of a caller ends a header line, even if it comes from a third party."""

    @pytest.mark.parametrize("text", BREAKS)
    def it_raises_for_protocols(self, text):
        with pytest.raises(ConfigurationError):
            websocket.client("ws://www.example.com/", protocols=["chat", text])

    @pytest.mark.parametrize("text", BREAKS)
    @pytest.mark.parametrize("name", ["X", "Host", "Sec-WebSocket-Key", "Set-Cookie"])
    def it_raises_for_headers(self, name, text):
        client = websocket.client("ws://www.example.com/")
        server = websocket.server()
        proxy = client.proxy("http://proxy.example.com/")
        for driver in (client, server, proxy):
            with pytest.raises(ConfigurationError):
                driver.set_header(name, text)
            with pytest.raises(ConfigurationError):
                driver.set_header(text, "value")

    def it_keeps_the_headers_of_the_handshake(self):
        driver = websocket.client("ws://www.example.com/")
        wire = driver.io.pipe(Collector())
        for name in ("UPGRADE", "Connection", "Sec-WebSocket-Key", "sec-websocket-version"):
            assert driver.set_header(name, "evil") is False
        driver.start()
        lines = wire.bytes.split(b"\r\n")
        assert lines == [
            b"GET / HTTP/1.1",
            b"Host: www.example.com",
            *LINES,
            b"",
            b"",
        ]

    @pytest.mark.parametrize(
        ("url", "target", "host"),
        [
            ("ws://a/\r\nX: 1", b"/X:%201", b"a"),
            ("ws://a/?\r\n\r\nx", b"/?x", b"a"),
            ("ws://a/ HTTP/1.1\r\nX: 1", b"/%20HTTP/1.1X:%201", b"a"),
            ("ws://a\r\nX/", b"/", b"ax"),
            ("ws://a/\0\x01\x1f\x7f\x85\u2028", b"/%00%01%1F%7F%C2%85%E2%80%A8", b"a"),
            ("ws://a/?\0\x01\x1f\x7f\x85\u2028", b"/?%00%01%1F%7F%C2%85%E2%80%A8", b"a"),
            ("\0\x1f ws://a/\x00 ", b"/", b"a"),
            ("ws://a/\ud800", b"/%EF%BF%BD", b"a"),
            ("ws://a\\b\\..\\c", b"/c", b"a"),
            ("ws://a/%0d%0aX:1", b"/%0d%0aX:1", b"a"),
            ("ws://a:065535/", b"/", b"a:65535"),
            ("ws://a:0/", b"/", b"a:0"),
            ("ws://a:00000000000000000080/", b"/", b"a"),
            ("ws://[::FFFF:1.2.3.4]:8080/", b"/", b"[::ffff:102:304]:8080"),
            ("ws://[0:0:0:0:0:0:0:1]/", b"/", b"[::1]"),
            ("ws://0x7f.1/", b"/", b"127.0.0.1"),
            ("ws://b\u00fccher.example/", b"/", b"xn--bcher-kva.example"),
            ("ws://fa\u00df.example/", b"/", b"xn--fa-hia.example"),
            ("ws://\u00df\uff0ecom/", b"/", b"xn--zca.com"),
            ("ws://\u00df\u3002com/", b"/", b"xn--zca.com"),
            ("ws://a\uff61com/", b"/", b"a.com"),
            ("ws://\uff45xample.com/", b"/", b"example.com"),
        ],
    )
    def it_encodes_or_drops_what_is_not_of_a_url(self, url, target, host):
        assert request_of(url) == [b"GET " + target + b" HTTP/1.1", b"Host: " + host, *LINES]

    @pytest.mark.parametrize(
        "url",
        [
            "ws://a:65536/",
            "ws://a:99999999999999999999/",
            "ws://a:-1/",
            "ws://a:80x/",
            "ws://a:\u0661/",
            "ws://a:80:80/",
            "ws://a b/",
            "ws://a\0/",
            "ws://a\x7f/",
            "ws://a%00b/",
            "ws://a%0d%0ab/",
            "ws://a%2fb/",
            "ws://a\u2100b/",
            "ws://\u00df\u2100/",
            "ws://a<b>/",
            "ws://[::1/",
            "ws://[::1]x/",
            "ws://[::1%25eth0]/",
            "ws://[1.2.3.4]/",
            "ws://[]/",
            "ws://1.2.3.4.5/",
            "ws://256.256.256.256/",
            "ws://:80/",
            "ws://",
            "http://a/",
            "javascript:alert(1)",
            "",
        ],
    )
    def it_raises_for_a_url_that_is_none(self, url):
        with pytest.raises(ConfigurationError, match="is not a valid WebSocket URL"):
            websocket.client(url)

    def it_encodes_credentials(self):
        lines = request_of("ws://user:pass%0d%0aX:1@a/")
        assert lines[-1] == b"Authorization: Basic dXNlcjpwYXNzDQpYOjE="

    @pytest.mark.parametrize(
        ("url", "target"),
        [
            ("ws://a\r\nX/", b"ax:80"),
            ("ws://[::1]:99/", b"[::1]:99"),
            ("wss://\u00df\uff0ecom/", b"xn--zca.com:443"),
        ],
    )
    @pytest.mark.parametrize("origin", ["http://p\r\nX: 1", "http://p/\r\nX: 1", "https://p:0"])
    def it_asks_a_proxy_in_one_line(self, url, target, origin):
        try:
            proxy = websocket.client(url).proxy(origin)
        except ConfigurationError:
            assert origin == "http://p\r\nX: 1"  # there is a space in that host
            return
        wire = proxy.pipe(Collector())
        proxy.start()
        assert wire.bytes.split(b"\r\n") == [
            b"CONNECT " + target + b" HTTP/1.1",
            b"Host: " + target,
            b"Connection: keep-alive",
            b"Proxy-Connection: keep-alive",
            b"",
            b"",
        ]

    @pytest.mark.parametrize(
        "origin", ["http://p:65536", "http://p q", "http://[::1", "ws://p", ""]
    )
    def it_raises_for_a_proxy_that_is_none(self, origin):
        with pytest.raises(ConfigurationError, match="is not a valid proxy URL"):
            websocket.client("ws://a/").proxy(origin)
