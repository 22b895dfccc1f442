"""The log of drivers: API.md, "Seeing what happens"."""

import gc
import logging
import threading
import weakref

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import websocket_driver as websocket
from spec.support import WholeAndBytewise, masked, one_by_one
from websocket_driver import permessage_deflate

URL = "ws://user:secret@example.com/chat"
REQUEST = {
    "Host": "example.com",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}
HEAD = "GET /chat HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in REQUEST.items()) + "\r\n"
ANSWER = (
    "HTTP/1.1 101 Switching Protocols; Upgrade: websocket; Connection: Upgrade; "
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
)
NAME = "ws://example.com/chat"
# Parts of requests, and ends of the names of their headers, that are not all valid.
PIECES = (
    HEAD[:-4].encode(),
    b"POST / HTTP/1.1",
    b"GET",
    b"\r\n",
    b"\n",
    b"\r",
    b"X: y",
    b"\x16\x03",
)
ENDS_OF_NAMES = (b":", b" ", b"\t", b"\x00", b"=", b"\r\n ", b"\n\t")

REFUSED = "HTTP/1.1 400 Bad Request; Content-Type: text/plain; Content-Length: 11"


@pytest.fixture
def log(caplog):
    """The lines that are logged from now on, at the level DEBUG."""
    caplog.set_level(logging.DEBUG, "websocket_driver")
    return Lines(caplog)


def in_another_thread(call):
    thread = threading.Thread(target=call)
    thread.start()
    thread.join()


def discard(chunk):
    """A stand-in for a connection."""


def end_of_wire(driver):
    driver.io.end()


class Lines:
    def __init__(self, caplog):
        self._caplog = caplog

    def take(self):
        """The lines since the last call, each with its level."""
        lines = [(each.levelname, each.getMessage()) for each in self._caplog.records]
        self._caplog.clear()
        return lines


@pytest.fixture
def open_driver(log):
    driver = websocket.http(websocket.Request("GET", "/chat", REQUEST))
    driver.io.on("data", discard)
    driver.start()
    log.take()
    return driver


class DescribeDebug:
    def it_logs_the_handshake_of_a_server_and_that_it_is_open(self, log):
        driver = websocket.server()
        driver.io.on("data", discard)
        driver.on("connect", lambda: driver.start())
        driver.io.write(HEAD.encode())
        request = "; ".join(HEAD.strip().split("\r\n"))
        assert log.take() == [
            ("DEBUG", f"Server <- {request}"),
            ("DEBUG", f"{NAME} -> {ANSWER}"),
            ("INFO", f"{NAME} open, hybi-13"),
        ]

    @pytest.mark.parametrize("way", ["io.write()", "parse()"])
    @pytest.mark.parametrize("cut", ["one chunk", "two chunks", "bytes"])
    def it_logs_what_a_server_receives_after_its_handshake(self, log, way, cut):
        driver = websocket.server()
        driver.io.on("data", lambda chunk: None)
        driver.on("connect", lambda: driver.start())
        driver.on("message", lambda event: driver.text(event.data))
        head, frame = HEAD.encode(), b"\x81\x82" + masked(b"Hi")
        chunks = {
            "one chunk": [head + frame],
            "two chunks": [head, frame],
            "bytes": one_by_one(head + frame),
        }[cut]
        for chunk in chunks:
            (driver.io.write if way == "io.write()" else driver.parse)(chunk)
        lines = log.take()
        assert sorted(lines[1:]) == sorted(
            [
                ("DEBUG", f"{NAME} -> {ANSWER}"),
                ("DEBUG", f"{NAME} -> text, 2 bytes, Hi"),
                ("DEBUG", f"{NAME} <- text, 2 bytes, Hi"),
                ("INFO", f"{NAME} open, hybi-13"),
            ]
        )

    def it_keeps_no_server_in_memory_that_has_closed(self, log):
        def closed():
            driver = websocket.server()
            driver.on("connect", lambda: driver.start())
            driver.io.write(HEAD.encode())
            driver.io.write(b"\x88\x80" + masked(b""))
            return weakref.ref(driver), weakref.ref(driver.io)

        gc.disable()
        try:
            assert [reference() for reference in closed()] == [None, None]
        finally:
            gc.enable()

    def it_leaves_credentials_and_cookies_out(self, log):
        client = websocket.client(URL)
        client.set_header("Cookie", "session=1")
        client.io.on("data", discard)
        client.start()
        [(_, line)] = log.take()
        assert line.endswith("; Sec-WebSocket-Version: 13; Authorization: ...; Cookie: ...")
        assert "secret" not in line
        client.parse(b"HTTP/1.1 401 Unauthorized\r\nSet-Cookie: a=b\r\n\r\n")
        (_, answer), (_, closed) = log.take()
        assert answer == f"{NAME} <- HTTP/1.1 401 Unauthorized; Set-Cookie: ..."
        assert closed == (
            f"{NAME} closed, 1002 Error during WebSocket handshake: Unexpected response code: 401"
        )

    class DescribeHeads(WholeAndBytewise):
        @pytest.fixture
        def driver(self, log):
            driver = websocket.server()
            driver.io.on("data", discard)
            driver.on("connect", lambda: driver.start())
            return driver

        @pytest.mark.parametrize("before", [b"", b"\r\n", b"\r\n\r\n"])
        def it_finds_one_after_nothing_and_after_empty_lines(self, driver, feed, log, before):
            driver.parse(b"")
            feed(before + HEAD[:-2].encode() + b"Cookie: secret\r\n\r\n\x81\x82" + masked(b"Hi"))
            lines = log.take()
            request = "; ".join(HEAD.strip().split("\r\n"))
            assert lines[0] == ("DEBUG", f"Server <- {request}; Cookie: ...")
            assert sorted(lines[1:]) == [
                ("DEBUG", f"{NAME} -> {ANSWER}"),
                ("DEBUG", f"{NAME} <- text, 2 bytes, Hi"),
                ("INFO", f"{NAME} open, hybi-13"),
            ]

        @pytest.mark.parametrize(
            ("lines", "shown"),
            [
                (b"Cookie:\r\n secret\r\n\tsecret\r\nX: y", "Cookie: ...; X: y"),
                (b"X: y\nCookie: secret", "X: y; Cookie: ..."),
                (b"X: y\rCookie: secret", "X: y; Cookie: ..."),
                (b"Cookie : secret", "Cookie: ..."),
                (b"Authorization\x00: secret", "Authorization: ..."),
                (b"\x01Proxy-Authorization: secret", "Proxy-Authorization: ..."),
                (b"Authorization secret", "Authorization: ..."),
                (b"X: y\r\n folded", "X: y;  folded"),
                (b"Cookie-Policy: none\x00", "Cookie-Policy: none\\x00"),
            ],
        )
        def it_shows_no_secrets_of_one_that_is_refused(self, driver, log, lines, shown):
            driver.parse(b"GET / HTTP/1.1\r\nHost: a\r\n" + lines + b"\r\n\r\n")
            assert log.take() == [
                ("DEBUG", f"Server <- GET / HTTP/1.1; Host: a; {shown}"),
                ("DEBUG", f"Server -> {REFUSED}"),
                ("INFO", "Server closed, 1002 Parse Error"),
            ]

        @given(
            before=st.lists(st.sampled_from(PIECES), max_size=4).map(b"".join),
            name=st.sampled_from(
                [b"Cookie", b"authorization", b"PROXY-AUTHORIZATION", b"Set-Cookie"]
            ),
            after=st.lists(st.sampled_from(ENDS_OF_NAMES), min_size=1, max_size=3).map(b"".join),
            cut=st.integers(1, 60),
        )
        @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
        def it_shows_no_secrets_whatever_precedes_or_follows_their_names(
            self, log, before, name, after, cut
        ):
            driver = websocket.server()
            driver.io.on("data", discard)
            data = before + b"\r\n" + name + after + b"secret\r\n\r\n"
            for start in range(0, len(data), cut):
                driver.parse(data[start : start + cut])
            driver.io.end()
            lines = " ".join(line for _, line in log.take())
            assert "secret" not in lines
            assert b"secret".hex(" ") not in lines

        def it_shows_no_credentials_of_urls(self, driver, feed, log):
            feed(b"GET ws://user:secret@b/ HTTP/1.1\r\nHost: a\r\nReferer: http://u:p@c/@\r\n\r\n")
            [(_, line), *_] = log.take()
            assert line == "Server <- GET ws://b/ HTTP/1.1; Host: a; Referer: http://c/@"

        def it_takes_nothing_for_frames_before_the_connection_is_open(self, driver, feed, log):
            driver.remove_all_listeners("connect")
            feed(b"POST / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nCookie: secret\r\n\r\n")
            assert log.take() == [("DEBUG", "Server <- POST / HTTP/1.1; Host: a")]
            driver.close()
            assert log.take() == [("INFO", "ws://a/ closed, None")]

    def it_logs_input_that_is_not_http(self, log):
        driver = websocket.server()
        driver.io.on("data", discard)
        driver.parse(b"\x16\x03\x01\x02\x00\x01")
        driver.io.end()
        assert log.take() == [("DEBUG", "Server <- \\x16\\x03\\x01\\x02\\x00\\x01")]

    def it_logs_a_response_that_is_not_http(self, log):
        client = websocket.client(URL)
        client.io.on("data", discard)
        client.start()
        log.take()
        client.parse(b"SSH-2.0-OpenSSH\r\n")
        assert sorted(log.take()) == [
            ("DEBUG", f"{NAME} <- SSH-2.0-OpenSSH"),
            ("INFO", f"{NAME} closed, 1002 Error during WebSocket handshake: Parse Error"),
        ]

    @pytest.mark.parametrize("cut", [1000, 70_000])
    def it_goes_on_after_a_head_of_which_it_shows_the_beginning(self, log, cut):
        driver = websocket.server(max_head_length=200_000)
        driver.io.on("data", discard)
        driver.on("connect", lambda: driver.start())
        head = HEAD[:-2].encode() + b"X: " + b"x" * 100_000 + b"\r\nCookie: secret\r\n\r\n"
        data = head + b"\x81\x82" + masked(b"Hi")
        for start in range(0, len(data), cut):
            driver.parse(data[start : start + cut])
        (_, line), *others = log.take()
        assert line.startswith("Server <- GET /chat HTTP/1.1; Host: example.com; ")
        assert sorted(others) == [
            ("DEBUG", f"{NAME} -> {ANSWER}"),
            ("DEBUG", f"{NAME} <- text, 2 bytes, Hi"),
            ("INFO", f"{NAME} open, hybi-13"),
        ]

    @pytest.mark.parametrize(
        ("response", "shown"),
        [
            (
                b"HTTP/1.1 407 No\r\nSet-Cookie: secret\r\nX: y\r\n\r\n<p>",
                "HTTP/1.1 407 No; Set-Cookie: ...; X: y",
            ),
            (b"SSH-2.0-OpenSSH\r\n", "SSH-2.0-OpenSSH"),
        ],
    )
    def it_logs_the_response_of_a_proxy(self, log, response, shown):
        proxy = websocket.client(URL).proxy("http://user:secret@proxy.example.com/")
        proxy.start()
        log.take()
        proxy.write(response)
        assert log.take() == [("DEBUG", f"proxy to example.com:80 <- {shown}")]

    def it_logs_the_request_to_a_proxy(self, log):
        proxy = websocket.client(URL).proxy("http://user:secret@proxy.example.com/")
        proxy.start()
        assert log.take() == [
            (
                "DEBUG",
                "proxy to example.com:80 -> CONNECT example.com:80 HTTP/1.1; "
                "Host: example.com:80; Connection: keep-alive; Proxy-Connection: keep-alive; "
                "Proxy-Authorization: ...",
            )
        ]

    class DescribeFrames(WholeAndBytewise):
        @pytest.fixture
        def driver(self, open_driver):
            return open_driver

        @pytest.mark.parametrize(
            ("frame", "line"),
            [
                (b"\x81\x82" + masked(b"Hi"), "text, 2 bytes, Hi"),
                (b"\x81\x80" + masked(b""), "text, 0 bytes"),
                (b"\x82\x82" + masked(b"\x00\xff"), "binary, 2 bytes, 00 ff"),
                (b"\x01\x82" + masked(b"Hi"), "text, fragment, 2 bytes, Hi"),
                (b"\x89\x81" + masked(b"?"), "ping, 1 bytes, ?"),
                (b"\x8a\x81" + masked(b"!"), "pong, 1 bytes, !"),
                (b"\x88\x85" + masked(b"\x03\xe9bye"), "close, 5 bytes, code 1001, bye"),
                (b"\x88\x80" + masked(b""), "close, 0 bytes"),
                (b"\x81\xfe\x00\x7e" + masked(b"x" * 126), f"text, 126 bytes, {'x' * 126}"),
                (
                    b"\x81\xff\x00\x00\x00\x00\x00\x00\x01\x2c" + masked(b"x" * 300),
                    f"text, 300 bytes, {'x' * 200}",
                ),
                (
                    b"\x81\x88" + masked(b"\x1b[2J\xe2\x80\xae\n"),
                    r"text, 8 bytes, \x1b[2J\u202e\n",
                ),
            ],
        )
        def it_is_one_line_for_each(self, driver, feed, log, frame, line):
            feed(frame)
            assert log.take()[0] == ("DEBUG", f"{NAME} <- {line}")

    @pytest.mark.parametrize(
        ("frame", "line"),
        [
            (b"\x83\x80" + masked(b""), "opcode 3, 0 bytes"),
            (b"\xa1\x81" + masked(b"x"), "text, reserved bits, 1 bytes, 78"),
        ],
    )
    def it_shows_frames_that_break_the_rules(self, open_driver, log, frame, line):
        open_driver.parse(frame)
        assert log.take()[0] == ("DEBUG", f"{NAME} <- {line}")

    def it_logs_what_is_sent(self, open_driver, log):
        open_driver.text("Hi")
        open_driver.binary(b"\x01")
        open_driver.close("bye", 1001)
        assert log.take() == [
            ("DEBUG", f"{NAME} -> text, 2 bytes, Hi"),
            ("DEBUG", f"{NAME} -> binary, 1 bytes, 01"),
            ("DEBUG", f"{NAME} -> close, 5 bytes, code 1001, bye"),
        ]

    def it_says_that_a_frame_is_compressed(self, log):
        request = {**REQUEST, "Sec-WebSocket-Extensions": "permessage-deflate"}
        driver = websocket.http(websocket.Request("GET", "/chat", request))
        driver.add_extension(permessage_deflate)
        driver.io.on("data", discard)
        driver.start()
        log.take()
        driver.text("Hi")
        assert log.take() == [("DEBUG", f"{NAME} -> text, compressed, 4 bytes, f2 c8 04 00")]

    def it_logs_a_hixie_driver_by_its_bytes(self, log):
        request = {"Host": "example.com", "Upgrade": "WebSocket", "Connection": "Upgrade"}
        driver = websocket.http(websocket.Request("GET", "/chat", request))
        driver.io.on("data", discard)
        driver.start()
        log.take()
        driver.text("Hi")
        driver.parse(b"\x00Ho\xff")
        driver.close()
        assert log.take() == [
            ("DEBUG", f"{NAME} -> 4 bytes, 00 48 69 ff"),
            ("DEBUG", f"{NAME} <- 4 bytes, 00 48 6f ff"),
            ("INFO", f"{NAME} closed, None"),
        ]

    def it_has_lines_of_1000_characters_at_most(self, log):
        driver = websocket.server()
        driver.io.write(HEAD[:-2].encode() + b"X: " + b"x" * 2000 + b"\r\n\r\n")
        [(_, line)] = log.take()
        assert len(line) == 1000
        assert line.endswith("xxx...")

    def it_logs_a_head_that_does_not_end(self, log):
        client = websocket.client(URL)
        client.start()
        log.take()
        for chunk in [b"HTTP/1.1 200 OK\r\n", *[b"X: " + b"x" * 997 + b"\r\n"] * 70]:
            client.parse(chunk)
        (_, head), (_, closed) = log.take()
        assert head.startswith(f"{NAME} <- HTTP/1.1 200 OK; X: xxx")
        assert closed.endswith("max header size exceeded")

    def it_logs_the_end_of_the_wire(self, open_driver, log):
        open_driver.io.end()
        assert log.take() == [("INFO", f"{NAME} lost, the wire ended without a close frame")]

    def it_logs_no_frames_at_the_level_info(self, caplog):
        caplog.set_level(logging.INFO, "websocket_driver")
        driver = websocket.http(websocket.Request("GET", "/chat", REQUEST))
        driver.start()
        driver.text("Hi")
        for byte in one_by_one(b"\x88\x80" + masked(b"")):
            driver.parse(byte)
        assert [each.getMessage() for each in caplog.records] == [
            f"{NAME} open, hybi-13",
            f"{NAME} closed, 1000",
        ]

    def it_logs_warnings_only_if_that_is_the_level(self, caplog):
        caplog.set_level(logging.WARNING, "websocket_driver")
        for last in (lambda driver: driver.parse(b"\x88\x80" + masked(b"")), end_of_wire):
            driver = websocket.http(websocket.Request("GET", "/chat", REQUEST))
            driver.start()
            last(driver)
        assert caplog.records == []

    def it_changes_nothing_when_it_is_off(self):
        driver = websocket.http(websocket.Request("GET", "/chat", REQUEST))
        assert driver.io.listener_count("data") == 0
        assert "parse" not in vars(driver)

    def it_warns_once_of_two_threads(self, open_driver, log):
        in_another_thread(lambda: open_driver.text("Hi"))
        in_another_thread(lambda: open_driver.parse(b"\x8a\x80" + masked(b"")))
        open_driver.text("Ho")
        assert [line for line in log.take() if line[0] == "WARNING"] == [
            (
                "WARNING",
                f"{NAME} is used by two threads: call it from one only, with "
                "loop.call_soon_threadsafe(), or hold a lock",
            )
        ]

    def it_warns_of_bytes_that_are_lost(self, log):
        client = websocket.client(URL)
        client.start()
        _, warning = log.take()
        assert warning == (
            "WARNING",
            f'{NAME}: 193 bytes are lost, because driver.io has no listener for "data": '
            "connect it before start()",
        )

    def it_takes_what_parse_takes(self, open_driver, log):
        open_driver.parse(list(b"\x81\x82" + masked(b"Hi")))
        assert log.take() == [("DEBUG", f"{NAME} <- text, 2 bytes, Hi")]
        with pytest.raises(TypeError, match="Input must be bytes"):
            open_driver.parse("Hi")

    def it_lets_go_of_a_driver_that_has_closed(self, open_driver):
        open_driver.parse(b"\x88\x80" + masked(b""))
        assert "parse" not in vars(open_driver)
