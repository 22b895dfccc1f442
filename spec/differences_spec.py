"""Where the port goes further than the original: a class for each entry of docs/differences.md."""

import zlib
from types import SimpleNamespace
from typing import Any

import pytest

import websocket_driver as websocket
from spec.allocations import allocations
from spec.doubles import PassingOn
from websocket_driver import ProtocolError, permessage_deflate
from websocket_driver.driver.client import Client
from websocket_driver.driver.server import Server
from websocket_driver.streams import Stream

KEY = "2vBVWg4Qyk3ZoM/5d3QD9Q=="
ACCEPT = "QV3I5XUXU2CdhtjixE7QCkCcMZM="

REQUEST = (
    b"GET /chat HTTP/1.1\r\n"
    b"Host: www.example.com\r\n"
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

EVENTS = ("connect", "open", "message", "ping", "pong", "error", "close")


class Log(list[Any]):
    """The events of a driver or a proxy, and its output on the wire."""

    def __init__(self, driver, wire=None):
        for event in EVENTS:
            driver.on(event, lambda value=None, event=event: self.append(self._entry(event, value)))
        (wire or driver).on("data", lambda chunk: self.append(("data", chunk)))

    @staticmethod
    def _entry(event, value):
        if isinstance(value, websocket.ProtocolError):
            return (event, value.message)
        if isinstance(value, websocket.CloseEvent):
            return (event, value.code, value.reason)
        return (event, value.data) if hasattr(value, "data") else (event,)

    def take(self):
        entries = list(self)
        self.clear()
        return entries


def headers(**more):
    return {
        "Host": "www.example.com",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": KEY,
        "Sec-WebSocket-Version": "13",
        **{name.replace("_", "-"): value for name, value in more.items()},
    }


def hybi(extensions=(), **options):
    """An open driver for RFC 6455, and its log from then on."""
    offer = {"Sec-WebSocket-Extensions": ", ".join(e.name for e in extensions)}
    request = websocket.Request("GET", "/chat", {**headers(), **(offer if extensions else {})})
    driver = websocket.http(request, require_masking=False, **options)
    for extension in extensions:
        driver.add_extension(extension)
    log = Log(driver, driver.io)
    driver.start()
    log.clear()
    return driver, log


def feed(driver, data, bytewise):
    for chunk in [data[i : i + 1] for i in range(len(data))] if bytewise else [data]:
        driver.parse(chunk)


@pytest.fixture(params=[False, True], ids=["whole", "bytewise"])
def bytewise(request):
    return request.param


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setattr(Client, "generate_key", staticmethod(lambda: KEY))


class Describe1Drafts:
    REQUEST = websocket.Request("GET", "/", {"Host": "a", "Origin": "b"})

    def it_speaks_them_unless_they_are_switched_off(self):
        assert websocket.http(self.REQUEST).version == "hixie-75"
        assert websocket.http(self.REQUEST, allow_drafts=None).version == "hixie-75"
        assert websocket.http(self.REQUEST, allow_drafts=False).version == "hybi-13"


class Describe2Responses:
    def it_accepts_upgrade_among_other_connection_tokens(self, bytewise):
        driver = websocket.client("ws://www.example.com/")
        log = Log(driver)
        driver.start()
        feed(driver, RESPONSE.replace(b": Upgrade", b": keep-alive,\tUPGRADE ") + b"\r\n", bytewise)
        assert log == [("open",)]

    def it_refuses_a_connection_header_without_it(self, bytewise):
        driver = websocket.client("ws://www.example.com/")
        log = Log(driver)
        driver.start()
        feed(driver, RESPONSE.replace(b": Upgrade", b": upgrades") + b"\r\n", bytewise)
        reason = "Error during WebSocket handshake: 'Connection' header value is not 'Upgrade'"
        assert log == [("error", reason), ("close", 1002, reason)]

    def it_skips_interim_responses(self, bytewise):
        driver = websocket.client("ws://www.example.com/")
        log = Log(driver)
        driver.start()
        interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
        feed(driver, interim + RESPONSE + b"\r\n\x81\x02Hi", bytewise)
        assert log == [("open",), ("message", "Hi")]
        assert driver.status_code == 101
        assert driver.headers == {
            "upgrade": "websocket",
            "connection": "Upgrade",
            "sec-websocket-accept": ACCEPT,
        }

    def it_skips_interim_responses_of_a_proxy(self, bytewise):
        proxy = websocket.client("ws://www.example.com/").proxy("http://proxy.example.com")
        log = Log(proxy)
        response = b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"
        for chunk in (
            [response[i : i + 1] for i in range(len(response))] if bytewise else [response]
        ):
            proxy.write(chunk)
        assert log == [("connect",), ("close",)]
        assert proxy.status_code == 200

    def it_refuses_a_response_in_http_1_0(self, bytewise):
        driver = websocket.client("ws://www.example.com/")
        log = Log(driver)
        driver.start()
        feed(driver, RESPONSE.replace(b"HTTP/1.1", b"HTTP/1.0") + b"\r\n", bytewise)
        text = "Error during WebSocket handshake: Unsupported HTTP version: 1.0"
        assert log == [("error", text), ("close", 1002, text)]


class Describe3HeaderInjection:
    @pytest.mark.parametrize(
        "make",
        [
            lambda: websocket.http(websocket.Request("GET", "/", headers())),
            lambda: websocket.http(websocket.Request("GET", "/", {})),
            lambda: websocket.http(websocket.Request("GET", "/", {"sec-websocket-key1": "1"})),
            lambda: websocket.client("ws://a/"),
            lambda: websocket.server(),
            lambda: websocket.client("ws://a/").proxy("http://proxy"),
        ],
        ids=["hybi", "draft75", "draft76", "client", "server", "proxy"],
    )
    def it_raises_at_the_call(self, make):
        driver = make()
        for name, value in [
            ("X", "a\r\nY: b"),
            ("X", "a\nY: b"),
            ("X", "a\rY: b"),
            ("X", "a\0"),
            ("X\r\nY", "b"),
            ("X:", "b"),
            ("X Y", "b"),
            ("", "b"),
            ("X\0", "b"),
            ("Ü", "b"),
        ]:
            with pytest.raises(websocket.ConfigurationError):
                driver.set_header(name, value)
        assert driver.set_header(" X ", " b ") is True

    @pytest.mark.parametrize("bad", ["a\r\nX: 1", "a\nX: 1", "a\rX: 1", "a\0"])
    @pytest.mark.parametrize("more", [{}, {"sec-websocket-key1": "1 2"}, headers()])
    def it_answers_400_to_a_request_that_carries_one(self, bad, more):
        request = {"Upgrade": "websocket", "Connection": "upgrade", **more, "Origin": bad}
        driver = websocket.http(websocket.Request("GET", "/", request))
        log = Log(driver, driver.io)
        assert driver.start() is False
        reason = "Invalid character in request header"
        hixie = driver.version != "hybi-13"
        assert log == [
            (
                "data",
                b"HTTP/1.1 400 Bad Request\r\n"
                b"Content-Type: text/plain\r\n"
                b"Content-Length: 35\r\n"
                b"\r\n"
                b"Invalid character in request header",
            ),
            ("error", reason),
            ("close", None, None) if hixie else ("close", 1002, reason),
        ]

    def it_lets_no_byte_of_a_peer_become_a_line_break(self, bytewise):
        driver = websocket.server()
        log = Log(driver, driver.io)
        driver.on("connect", lambda event: driver.start())
        feed(
            driver,
            b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"
            b"Origin: \x8d\x8aX: 1\r\n\r\n",
            bytewise,
        )
        assert log == [
            ("connect",),
            (
                "data",
                b"HTTP/1.1 101 Web Socket Protocol Handshake\r\n"
                b"Upgrade: WebSocket\r\n"
                b"Connection: Upgrade\r\n"
                b"WebSocket-Origin: \x8d\x8aX: 1\r\n"
                b"WebSocket-Location: ws://a/\r\n"
                b"\r\n",
            ),
            ("open",),
        ]

    def it_takes_no_such_byte_in_a_url(self, bytewise):
        driver = websocket.server()
        log = Log(driver, driver.io)
        feed(driver, b"GET /\x8d\x8aX:1 HTTP/1.1\r\nHost: a\r\n\r\n", bytewise)
        assert log[1:] == [("error", "Parse Error"), ("close", 1002, "Parse Error")]


class Describe4NotHttp:
    @pytest.mark.parametrize(
        "input, reason",
        [
            (b"GET /chat\r\n\r\n", "Unsupported HTTP version: 0.9"),
            (b"GET /chat HTTP/2.0\r\n\r\n", "Unsupported HTTP version: 2.0"),
            (b"\x16\x03\x01\x02\x00\x01\x00\x01\n", "Parse Error"),
            (b"GET /chat HTTP/1.1\r\nNo colon\r\n\r\n", "Parse Error"),
            (b"GET /chat HTTP/1.1\r\nX : 1\r\n\r\n", "Parse Error"),
            (b"GET /chat HTTP/1.1\nX: 1\n\n", "Parse Error"),
        ],
    )
    def it_is_answered_400_and_never_connects(self, input, reason, bytewise):
        driver = websocket.server()
        log = Log(driver, driver.io)
        assert driver.text("queued") is True
        feed(driver, input, bytewise)
        head = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n"
        assert log == [
            ("data", head % len(reason) + reason.encode()),
            ("error", reason),
            ("close", 1002, reason),
        ]
        assert driver.get_state() == "closed"
        assert driver.start() is False
        assert driver.text("too late") is False


class Describe5LongHeads:
    REASON = "max header size exceeded"

    def it_is_answered_431_by_a_server(self, bytewise):
        driver = websocket.server()
        log = Log(driver, driver.io)
        feed(driver, (REQUEST + b"X: ").ljust(65536, b"x"), bytewise)
        assert log == []
        feed(driver, b"x", bytewise)
        assert log == [
            (
                "data",
                b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
                b"Content-Type: text/plain\r\n"
                b"Content-Length: 24\r\n"
                b"\r\n"
                b"max header size exceeded",
            ),
            ("error", self.REASON),
            ("close", 1002, self.REASON),
        ]

    def it_takes_64_kib(self, bytewise):
        driver = websocket.server()
        log = Log(driver, driver.io)
        feed(driver, (REQUEST + b"X: ").ljust(65532, b"x") + b"\r\n\r\n" + b"x" * 9, bytewise)
        assert log == [("connect",)]

    def it_fails_a_client(self, bytewise):
        driver = websocket.client("ws://a/")
        log = Log(driver)
        driver.start()
        feed(driver, (RESPONSE + b"X: ").ljust(65537, b"x"), bytewise)
        reason = f"Error during WebSocket handshake: {self.REASON}"
        assert log == [("error", reason), ("close", 1002, reason)]

    def it_fails_a_proxy(self):
        proxy = websocket.client("ws://a/").proxy("http://proxy.example.com")
        log = Log(proxy)
        proxy.write(b"HTTP/1.1 200 OK\r\nX: ".ljust(65537, b"x"))
        assert log == [
            ("error", "Can't establish a connection to the server at ws://a/"),
            ("close",),
        ]

    def it_never_reads_what_follows_as_a_second_head(self):
        driver = websocket.server()
        driver.parse(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nPOST /admin HTTP/1.1\r\n\r\n")
        assert (driver.method, driver.url) == ("GET", "/")
        assert driver.headers == {"host": "a"}
        assert driver.body == b"POST /admin HTTP/1.1\r\n\r\n"


class Describe6Decompression:
    def _deflate(self, data, flush=zlib.Z_SYNC_FLUSH):
        deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
        output = deflate.compress(data) + deflate.flush(flush)
        return output[:-4] if flush == zlib.Z_SYNC_FLUSH else output

    def _frame(self, payload):
        return b"\xc2\x7f" + len(payload).to_bytes(8, "big") + payload

    def it_takes_a_message_of_max_length(self, bytewise):
        driver, log = hybi([permessage_deflate], max_length=1000)
        feed(driver, self._frame(self._deflate(b"x" * 1000)), bytewise)
        assert log == [("message", b"x" * 1000)]

    def it_ends_in_1009_one_byte_beyond(self, bytewise):
        driver, log = hybi([permessage_deflate], max_length=1000)
        feed(driver, self._frame(self._deflate(b"x" * 1001)), bytewise)
        reason = "WebSocket frame length too large"
        assert log == [
            ("data", b"\x88\x22\x03\xf1WebSocket frame length too large"),
            ("error", reason),
            ("close", 1009, reason),
        ]

    def it_costs_max_length_at_most(self):
        bomb = self._frame(self._deflate(bytes(100_000_000)))
        driver, log = hybi([permessage_deflate], max_length=1_000_000)
        with allocations() as memory:
            driver.parse(bomb)
            # zlib puts its output together at the end, and has it twice for that moment.
            assert memory.peak() < 2_500_000
        assert log[-1] == ("close", 1009, "WebSocket frame length too large")

    def it_goes_on_after_a_final_block(self, bytewise):
        driver, log = hybi([permessage_deflate])
        hello = b"\xf3\x48\xcd\xc9\xc9\x07\x00"
        for payload in (hello, hello + b"\x00", self._deflate(b"Hello"), hello):
            feed(driver, b"\xc1" + bytes([len(payload)]) + payload, bytewise)
        assert log == [("message", "Hello")] * 4


class Describe7InvalidUtf8:
    REASON = "Could not decode a text frame as UTF-8"

    @pytest.mark.parametrize(
        "fragment",
        [
            b"\xff",
            b"\xc0\x80",
            b"\xed\xa0",
            b"\xf4\x90",
            b"\xe2\x28",
            b"abc\xed\xbf",
            b"\xf5",
        ],
    )
    def it_fails_at_the_first_bad_fragment(self, fragment, bytewise):
        driver, log = hybi()
        feed(driver, b"\x01\x03abc", bytewise)
        assert log == []
        feed(driver, b"\x00" + bytes([len(fragment)]) + fragment, bytewise)
        assert log == [
            ("data", b"\x88\x28\x03\xef" + self.REASON.encode()),
            ("error", self.REASON),
            ("close", 1007, self.REASON),
        ]

    def it_waits_for_the_rest_of_a_character(self, bytewise):
        driver, log = hybi()
        feed(driver, b"\x01\x02\xf0\x9f\x00\x01\x98\x89\x00\x80\x01\x80", bytewise)
        assert log == [("data", b"\x8a\x00"), ("ping", ""), ("message", "\U0001f600")]

    def it_fails_when_the_last_character_is_cut(self, bytewise):
        driver, log = hybi()
        feed(driver, b"\x01\x01a\x80\x02\xe2\x82", bytewise)
        assert log[1:] == [("error", self.REASON), ("close", 1007, self.REASON)]

    def it_fails_a_message_of_more_than_4_mib(self):
        driver, log = hybi()
        driver.parse(b"\x81\x7f" + (2**22 + 1).to_bytes(8, "big") + b"x" * 2**22 + b"\xff")
        assert log[1:] == [("error", self.REASON), ("close", 1007, self.REASON)]

    def it_fails_an_uncompressed_message_early_where_compression_is_agreed(self, bytewise):
        driver, log = hybi([permessage_deflate])
        feed(driver, b"\x01\x01\xff", bytewise)
        assert log[1:] == [("error", self.REASON), ("close", 1007, self.REASON)]

    def it_fails_a_compressed_message_when_it_is_complete(self, bytewise):
        driver, log = hybi([permessage_deflate])
        feed(driver, b"\x41\x04\xfa\x0f\x00\x00", bytewise)
        assert log == []
        feed(driver, b"\x80\x00", bytewise)
        assert log[-1][0] == "close"


class Describe8ServerDriver:
    def it_is_what_the_driver_it_chose_is(self):
        driver = websocket.server(protocols=["a"])
        driver.parse(REQUEST + b"Sec-WebSocket-Protocol: a\r\n\r\n")
        assert (driver.version, driver.protocol) == ("hybi-13", "a")
        assert (driver.ready_state, driver.get_state()) == (0, "connecting")
        driver.start()
        assert (driver.ready_state, driver.get_state()) == (1, "open")
        driver.close()
        assert (driver.ready_state, driver.get_state()) == (2, "closing")
        driver.parse(b"\x88\x80\0\0\0\0")
        assert (driver.ready_state, driver.get_state()) == (3, "closed")

    def it_sends_pongs(self):
        driver = websocket.server()
        log = Log(driver, driver.io)
        assert driver.pong("a") is True
        driver.start()
        driver.parse(REQUEST + b"\r\n")
        assert driver.pong("b") is True
        assert [entry for entry in log if entry[0] == "data"][1:] == [
            ("data", b"\x8a\x01a"),
            ("data", b"\x8a\x01b"),
        ]

    def it_loses_no_event_of_a_start_before_the_request(self, bytewise):
        driver = websocket.server()
        log = Log(driver)
        assert driver.start() is True
        feed(driver, REQUEST + b"\r\n", bytewise)
        assert log == [("open",), ("connect",)]

    def it_ends_at_once_if_it_is_closed_before_the_request(self, bytewise):
        driver = websocket.server()
        log = Log(driver)
        assert driver.close("bye", 1001) is True
        assert log == [("close", 1001, "bye")]
        feed(driver, REQUEST + b"\r\n", bytewise)
        assert log == [("close", 1001, "bye")]


class Describe9EmptyFragmentsAndControlFrames:
    def it_keeps_no_empty_fragments(self):
        driver, log = hybi()
        driver.parse(b"\x01\x00")
        with allocations() as memory:
            driver.parse(b"\x00\x00" * 100_000)
            assert memory.now() < 10_000
        driver.parse(b"\x80\x01a")
        assert log == [("message", "a")]

    def it_does_not_count_control_frames_against_max_length(self, bytewise):
        driver, log = hybi(max_length=3)
        feed(driver, b"\x01\x03abc\x89\x04ping\x80\x00", bytewise)
        assert log == [("data", b"\x8a\x04ping"), ("ping", "ping"), ("message", "abc")]


class Describe10Urls:
    def it_decodes_credentials(self):
        driver = websocket.client("ws://us%40er:p%3Ass%20w%C3%B6rd@www.example.com/")
        log = Log(driver, driver.io)
        driver.start()
        assert b"\r\nAuthorization: Basic dXNAZXI6cDpzcyB3w7ZyZA==\r\n" in log[0][1]

    def it_decodes_credentials_for_a_proxy(self):
        proxy = websocket.client("ws://a/").proxy("http://us%40er:p%3Ass@proxy.example.com")
        log = Log(proxy)
        proxy.start()
        assert b"\r\nProxy-Authorization: Basic dXNAZXI6cDpzcw==\r\n" in log[0][1]

    @pytest.mark.parametrize("url", ["proxy.example.com", "proxy.example.com:3128", "ws://a/", ""])
    def it_raises_for_a_proxy_url_that_is_none(self, url):
        with pytest.raises(websocket.ConfigurationError, match="is not a valid proxy URL"):
            websocket.client("ws://a/").proxy(url)


class Describe12InputBeforeStart:
    FRAMES = b"\x81\x82\0\0\0\0Hi\x89\x80\0\0\0\0"

    def it_waits_for_start(self, bytewise):
        driver = websocket.http(websocket.Request("GET", "/", headers()))
        log = Log(driver, driver.io)
        feed(driver, self.FRAMES, bytewise)
        assert log == []
        driver.start()
        assert log[1:] == [("open",), ("message", "Hi"), ("data", b"\x8a\x00"), ("ping", "")]

    def it_waits_for_start_of_a_server_driver(self, bytewise):
        driver = websocket.server()
        log = Log(driver)
        feed(driver, REQUEST + b"\r\n" + self.FRAMES, bytewise)
        assert log == [("connect",)]
        driver.start()
        assert log[1:] == [("open",), ("message", "Hi"), ("ping", "")]

    def it_waits_for_start_of_a_hixie_driver(self, bytewise):
        request = {"Upgrade": "websocket", "Connection": "Upgrade"}
        driver = websocket.http(websocket.Request("GET", "/", request))
        log = Log(driver)
        feed(driver, b"\x00Hi\xff", bytewise)
        assert log == []
        driver.start()
        assert log == [("open",), ("message", "Hi")]

    def it_waits_for_start_of_a_client(self, bytewise):
        driver = websocket.client("ws://a/")
        log = Log(driver)
        feed(driver, RESPONSE + b"\r\n\x81\x02Hi", bytewise)
        assert log == []
        driver.start()
        assert log == [("open",), ("message", "Hi")]

    def it_is_bounded(self):
        driver = websocket.http(websocket.Request("GET", "/", headers()), high_water_mark=5)
        log, drains = Log(driver, driver.io), []
        driver.io.on("drain", lambda: drains.append(len(log)))
        assert driver.io.write(b"") is True
        assert driver.io.write(b"\x81") is False
        assert driver.io.write(b"\x85\0\0\0") is False
        driver.start()
        assert log[1:] == [("open",)]
        assert drains == [2]

        driver = websocket.http(websocket.Request("GET", "/", headers()), high_water_mark=5)
        log = Log(driver, driver.io)
        assert driver.io.write(b"\x81\x85\0\0\0\0") is True
        text = "Too much input before the handshake"
        assert log == [("error", text), ("close", 1002, text)]

    def it_is_dropped_when_the_driver_is_closed_first(self, bytewise):
        driver = websocket.http(websocket.Request("GET", "/", headers()))
        log = Log(driver, driver.io)
        feed(driver, self.FRAMES, bytewise)
        driver.close()
        feed(driver, self.FRAMES, bytewise)
        assert driver.start() is False
        assert log == [("close", 1000, "")]


class LateExtension:
    """An extension whose sessions call back when a spec decides."""

    name = "late"
    type = "permessage"
    rsv1, rsv2, rsv3 = False, True, False

    def __init__(self):
        self.waiting = []

    def create_server_session(self, offers, options):
        return self

    def generate_response(self):
        return {}

    def process_incoming_message(self, message, callback):
        self.waiting.append((message, callback))

    def process_outgoing_message(self, message, callback):
        callback(None, message)

    def close(self):
        self.waiting.append("closed")


class Describe13LimitsUntilTheEnd:
    REASON = "Unrecognized frame opcode: 3"

    def it_ends_on_a_bad_frame_after_a_local_close(self, bytewise):
        driver, log = hybi()
        driver.close("bye", 1001)
        assert log.take() == [("data", b"\x88\x05\x03\xe9bye")]
        feed(driver, b"\x83\x00\x81\x02Hi\x88\x00", bytewise)
        assert log == [("error", self.REASON), ("close", 1002, self.REASON)]
        assert driver.get_state() == "closed"

    def it_ends_on_a_text_that_is_none_after_a_local_close(self, bytewise):
        driver, log = hybi()
        driver.close()
        log.clear()
        feed(driver, b"\x81\x01\xff", bytewise)
        reason = "Could not decode a text frame as UTF-8"
        assert log == [("error", reason), ("close", 1007, reason)]

    def it_ends_on_a_long_message_after_a_local_close(self, bytewise):
        driver, log = hybi(max_length=3)
        driver.close()
        log.clear()
        feed(driver, b"\x01\x03abc\x80\x01d", bytewise)
        reason = "WebSocket frame length too large"
        assert log == [("error", reason), ("close", 1009, reason)]

    def it_ends_on_a_message_that_an_extension_finds_bad_after_a_local_close(self):
        extension = LateExtension()
        driver, log = hybi([extension])
        driver.parse(b"\xa1\x02Hi")
        driver.close()
        assert log == []
        _, callback = extension.waiting.pop()
        callback(ValueError("no good"), None)
        reason = "late: no good"
        assert log == [
            ("data", b"\x88\x02\x03\xe8"),
            ("error", reason),
            ("close", 1010, reason),
        ]
        assert extension.waiting == ["closed"]

    def it_delivers_what_an_extension_held_before_it_closes(self):
        extension = LateExtension()
        driver, log = hybi([extension])
        driver.parse(b"\xa1\x02Hi")
        driver.close()
        driver.parse(b"\x88\x00")
        assert log == []
        message, callback = extension.waiting.pop()
        callback(None, message)
        assert log == [("message", "Hi"), ("data", b"\x88\x02\x03\xe8"), ("close", 1000, "")]

    def it_drops_what_comes_after_a_failure(self):
        driver, log = hybi()
        driver.parse(b"\x83\x00")
        log.clear()
        with allocations() as memory:
            for _ in range(100):
                driver.parse(bytes(10_000))
            assert memory.now() < 10_000
        assert log == []

    def it_drops_what_comes_while_an_extension_holds_the_close(self):
        extension = LateExtension()
        driver, log = hybi([extension])
        driver.parse(b"\xa1\x02Hi\x88\x00")
        driver.parse(b"\x81\x02Hi\x83\x00")
        assert log == []

    @pytest.mark.parametrize(
        "more", [{}, {"sec-websocket-key1": "1 2", "sec-websocket-key2": "4 4"}]
    )
    def it_emits_no_message_after_the_close_of_a_hixie_driver(self, more, bytewise):
        request = {"Upgrade": "websocket", "Connection": "Upgrade", **more}
        driver = websocket.http(websocket.Request("GET", "/", request), max_length=3)
        if more:
            driver.parse(b"12345678")
        driver.start()
        log = Log(driver)
        feed(driver, b"\x00abcd\xff\x00Hi\xff", bytewise)
        assert log == [("close", None, None)]


class Describe14Listeners:
    def it_lets_what_a_listener_raises_through_an_extension(self):
        driver, log = hybi([permessage_deflate])
        driver.once("message", lambda event: 1 / 0)
        frame = b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00"
        with pytest.raises(ZeroDivisionError):
            driver.parse(frame + b"\xc1\x05\xf2\x00\x11\x00\x00")
        assert log == [("message", "Hello"), ("message", "Hello")]

    @pytest.mark.parametrize("extensions", [[], [permessage_deflate]])
    def it_answers_the_close_frame_behind_a_message_whose_listener_raises(self, extensions):
        driver, log = hybi(extensions)
        driver.on("message", lambda event: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            driver.parse(b"\x81\x011\x89\x00\x88\x02\x03\xe8")
        assert log == [
            ("message", "1"),
            ("data", b"\x8a\x00"),
            ("ping", ""),
            ("data", b"\x88\x02\x03\xe8"),
            ("close", 1000, ""),
        ]

    def it_raises_the_first_exception_with_the_others_in_its_traceback(self):
        driver, _ = hybi()
        errors = [ValueError("a"), KeyError("b")]

        @driver.on("message")
        def on_message(event):
            raise errors[int(event.data)]

        with pytest.raises(ValueError, match="a") as raised:
            driver.parse(b"\x81\x010\x81\x011")
        assert (raised.value, raised.value.__context__) == tuple(errors)

    def it_does_not_write_into_the_buffer_it_is_given(self):
        driver, log = hybi()
        chunk = bytearray(b"\x81\x85\x01\x02\x03\x04Igohn")
        driver.parse(chunk)
        assert chunk == b"\x81\x85\x01\x02\x03\x04Igohn"
        assert log == [("message", "Hello")]

    def it_does_not_keep_the_buffer_it_is_given(self):
        driver, log = hybi()
        chunk = bytearray(b"\x81\x05Hel")
        driver.parse(memoryview(chunk))
        chunk[:] = b"xxxxx"
        driver.parse(b"lo")
        assert log == [("message", "Hello")]


class Describe15ControlFrames:
    @pytest.mark.parametrize("make", [lambda: hybi()[0], websocket.server], ids=["open", "queued"])
    def it_raises_for_one_that_the_caller_makes_too_long(self, make):
        driver = make()
        for call in (
            lambda: driver.ping("x" * 126),
            lambda: driver.pong("x" * 126),
            lambda: driver.ping("\u00fc" * 63),
            lambda: driver.close("x" * 124, 1000),
            lambda: driver.frame("x" * 126, "ping"),
            lambda: driver.frame("x" * 124, "close", 1000),
        ):
            with pytest.raises(ValueError, match="bytes at most, not 12"):
                call()
        assert driver.ready_state < 2
        assert driver.ping("x" * 125) is True
        assert driver.close("x" * 123, 1000) is True

    def it_raises_before_the_handshake(self):
        driver = websocket.client("ws://a/")
        with pytest.raises(ValueError):
            driver.ping("x" * 126)
        with pytest.raises(ValueError):
            driver.close("x" * 124)
        assert driver.ready_state == -1

    def it_cuts_a_reason_that_the_driver_makes(self):
        extension = LateExtension()
        driver, log = hybi([extension])
        driver.parse(b"\xa1\x02Hi")
        _, callback = extension.waiting.pop()
        callback(ValueError("x" * 116 + "\u00fc\u00fc"), None)
        reason = "late: " + "x" * 116 + "\u00fc\u00fc"
        assert log == [
            ("data", b"\x88\x7c\x03\xf2late: " + b"x" * 116),
            ("error", reason),
            ("close", 1010, reason),
        ]


class Describe16Handshakes:
    def it_does_not_start_a_hixie_76_driver_twice(self):
        request = {
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key1": "1 2",
            "Sec-WebSocket-Key2": "4 4",
        }
        driver = websocket.http(websocket.Request("GET", "/", request))
        log = Log(driver, driver.io)
        assert driver.start() is True
        log.clear()
        assert driver.start() is False
        assert log == []

    @pytest.mark.parametrize(
        "missing, reason",
        [
            ("Sec-WebSocket-Version", "Missing handshake request header: Sec-WebSocket-Version"),
            ("Sec-WebSocket-Key", "Missing handshake request header: Sec-WebSocket-Key"),
        ],
    )
    def it_reports_a_missing_header_as_missing(self, missing, reason):
        request = headers()
        del request[missing]
        driver = websocket.http(websocket.Request("GET", "/", request))
        log = Log(driver)
        assert driver.start() is False
        assert log == [("error", reason), ("close", 1002, reason)]

    def it_has_a_url_without_a_host(self):
        assert websocket.http(websocket.Request("GET", "/chat", {})).url == "ws:///chat"
        assert Server.determine_url(websocket.Request("GET", "/chat", {})) == "ws:///chat"


class Describe17WindowBits:
    @pytest.mark.parametrize(
        "offer, response",
        [
            (b"; server_max_window_bits=15", b"; server_max_window_bits=15"),
            (b"; server_max_window_bits=14", b"; server_max_window_bits=14"),
            (b"", b""),  # who did not ask need not understand it
        ],
    )
    def it_includes_what_the_client_asks_for_in_the_response(self, offer, response):
        driver = websocket.server()
        driver.add_extension(permessage_deflate)
        driver.on("connect", lambda event: driver.start())
        log = Log(driver, driver.io)
        name = b"Sec-WebSocket-Extensions: permessage-deflate"
        driver.parse(REQUEST + name + offer + b"\r\n\r\n")
        assert log == [
            ("data", RESPONSE + name + response + b"\r\n\r\n"),
            ("open",),
            ("connect",),
        ]

    def it_opens_a_client_that_asks_for_15(self):
        client, server = websocket.client("ws://www.example.com/chat"), websocket.server()
        client.add_extension(permessage_deflate.configure(request_max_window_bits=15))
        server.add_extension(permessage_deflate)
        server.on("connect", lambda event: server.start())
        client_log, server_log = Log(client), Log(server)
        client.io.pipe(server.io).pipe(client.io)
        client.start()
        client.text("Hello")
        server.text("Hi")
        assert client_log == [("open",), ("message", "Hi")]
        assert server_log == [("open",), ("connect",), ("message", "Hello")]


class Describe18OneMeaning:
    """All of it is in spec/handshake_attacks_spec.py."""

    def refusal(self, request, bytewise):
        driver = websocket.server()
        log = Log(driver, driver.io)
        driver.on("connect", lambda event: driver.start())
        feed(driver, request + b"\r\n\x81\x82\0\0\0\0Hi", bytewise)
        (answer,) = [entry[1] for entry in log if entry[0] == "data"]
        return answer, log[-2:]

    @pytest.mark.parametrize(
        "lines, reason",
        [
            (b"Content-Length: 5\r\n", "A WebSocket request has no body"),
            (b"Transfer-Encoding: chunked\r\n", "A WebSocket request has no body"),
            (
                b"Sec-WebSocket-Key: 2vBVWg4Qyk3ZoM/5d3QD9Q==\r\n",
                "Invalid handshake request header: Sec-WebSocket-Key",
            ),
            (b"Host: evil.example\r\n", "Invalid Host header"),
        ],
    )
    def it_refuses_what_could_be_read_in_two_ways(self, lines, reason, bytewise):
        answer, log = self.refusal(REQUEST + lines, bytewise)
        assert answer == (
            b"HTTP/1.1 400 Bad Request\r\n"
            b"Content-Type: text/plain\r\n"
            b"Content-Length: %d\r\n"
            b"\r\n"
            b"%b" % (len(reason), reason.encode())
        )
        assert log == [("error", reason), ("close", 1002, reason)]

    def it_lets_no_host_change_the_path_of_the_url(self):
        request = websocket.Request("GET", "/public", {**headers(), "Host": "a/admin?"})
        driver = websocket.http(request)
        log = Log(driver)
        assert driver.start() is False
        reason = "Invalid character in request header"
        assert log == [("error", reason), ("close", 1002, reason)]

    def it_refuses_bare_line_breaks_before_the_head(self, bytewise):
        for start in (b"\r", b"\n"):
            answer, log = self.refusal(start + REQUEST, bytewise)
            assert answer.endswith(b"\r\n\r\nParse Error")
            assert log == [("error", "Parse Error"), ("close", 1002, "Parse Error")]

    def it_answers_a_wrong_version_with_the_right_one(self, bytewise):
        answer, log = self.refusal(REQUEST.replace(b"13\r\n", b"8\r\n"), bytewise)
        reason = "Unsupported WebSocket version: 8"
        assert answer == (
            b"HTTP/1.1 400 Bad Request\r\n"
            b"Content-Type: text/plain\r\n"
            b"Content-Length: 32\r\n"
            b"Sec-WebSocket-Version: 13\r\n"
            b"\r\n"
            b"Unsupported WebSocket version: 8"
        )
        assert log == [("error", reason), ("close", 1002, reason)]


class Describe21ClosedDrivers:
    def it_does_not_open_after_a_close_while_the_handshake_is_written(self):
        driver = websocket.http(websocket.Request("GET", "/", headers()))
        log = Log(driver, driver.io)
        driver.io.on("data", lambda data: driver.close())
        driver.start()
        driver.parse(b"\x81\x80\0\0\0\0")
        assert log[0][1].startswith(b"HTTP/1.1 101 ")
        assert log[1:] == [("close", 1000, "")]
        assert driver.get_state() == "closed"

    def it_does_not_connect_after_a_close(self, bytewise):
        driver = websocket.server()
        log = Log(driver, driver.io)
        driver.start()
        assert driver.close("bye", 1001) is True
        feed(driver, REQUEST + b"\r\n\x81\x80\0\0\0\0", bytewise)
        assert log == [("close", 1001, "bye")]


class Describe22CloseCodes:
    VALID = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999)
    INVALID = (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535)

    @pytest.mark.parametrize("code", VALID)
    def it_accepts_and_sends_those_of_the_registry(self, code, bytewise):
        frame = b"\x88\x02" + code.to_bytes(2, "big")
        driver, log = hybi()
        feed(driver, frame, bytewise)
        assert log == [("data", frame), ("close", code, "")]

        driver, log = hybi()
        assert driver.close("", code) is True
        assert log == [("data", frame)]

    @pytest.mark.parametrize("code", INVALID)
    def it_accepts_and_sends_no_other(self, code, bytewise):
        driver, log = hybi()
        feed(driver, b"\x88\x02" + code.to_bytes(2, "big"), bytewise)
        assert log == [("data", b"\x88\x02\x03\xea"), ("close", 1002, "")]

        driver, log = hybi()
        with pytest.raises(ValueError, match=f"Close code must be one of .*, not {code}"):
            driver.close("", code)
        assert (log, driver.get_state()) == ([], "open")

    @pytest.mark.parametrize("version", ["http", "server"])
    def it_refuses_a_number_in_place_of_the_reason(self, version):
        driver = websocket.server() if version == "server" else hybi()[0]
        with pytest.raises(ValueError, match="reason first, then the code: 1000 is not text"):
            driver.close(1000)
        assert driver.close("bye", None) is True

    @pytest.mark.parametrize("keys", [{}, {"Sec-WebSocket-Key1": "1 2"}], ids=["75", "76"])
    def it_refuses_the_same_of_a_hixie_driver_which_sends_none(self, keys):
        headers = {"Upgrade": "WebSocket", "Connection": "Upgrade", **keys}
        driver = websocket.http(websocket.Request("GET", "/", headers))
        log = Log(driver)
        with pytest.raises(ValueError, match="reason first, then the code: 1000 is not text"):
            driver.close(1000)
        with pytest.raises(ValueError, match=r"Close code must be one of .*, not 1005"):
            driver.close("bye", 1005)
        assert (log, driver.get_state()) == ([], "connecting")
        assert driver.close("bye", 1001) is True
        assert log == [("close", None, None)]


class Describe23SettableHeaders:
    def it_replaces_those_made_from_the_url(self):
        driver = websocket.client("ws://user:pass@www.example.com/")
        log = Log(driver)
        log_of_wire: list[Any] = []
        driver.io.on("data", log_of_wire.append)
        assert driver.set_header("host", "other.example.com") is True
        assert driver.set_header("Authorization", "Bearer token") is True
        assert driver.set_header("Host", "third") is False
        assert driver.set_header("Upgrade", "x") is False
        driver.start()
        [request] = log_of_wire
        lines = request.split(b"\r\n")
        assert lines[1] == b"host: other.example.com"
        assert [line for line in lines if line.lower().startswith(b"host:")] == lines[1:2]
        assert lines.count(b"Authorization: Bearer token") == 1
        assert b"Basic" not in request
        assert log == []

    @pytest.mark.parametrize("kind", ["client", "proxy"])
    def it_sets_no_header_without_a_value(self, kind):
        client: Any = websocket.client("ws://user:pass@www.example.com/")
        target: Any = client if kind == "client" else client.proxy("http://u:p@proxy/")
        for name in ("Host", "Authorization", "Proxy-Authorization", "X-A"):
            assert target.set_header(name, None) is False
        sent: list[Any] = []
        (client.io if kind == "client" else target).add_listener("data", sent.append)
        target.start()
        assert b"\r\nHost: www.example.com" in sent[0]
        assert b"uthorization: Basic " in sent[0]

    def it_replaces_them_on_a_proxy(self):
        proxy = websocket.client("ws://www.example.com/").proxy("http://u:p@proxy/")
        sent: list[Any] = []
        proxy.on("data", sent.append)
        assert proxy.set_header("Host", "other") is True
        assert proxy.set_header("Proxy-Authorization", "Bearer token") is True
        assert proxy.set_header("Connection", "close") is False
        proxy.start()
        assert sent == [
            b"CONNECT www.example.com:80 HTTP/1.1\r\nHost: other\r\nConnection: keep-alive\r\n"
            b"Proxy-Connection: keep-alive\r\nProxy-Authorization: Bearer token\r\n\r\n"
        ]
        assert proxy.set_header("X-Late", "1") is False

    @pytest.mark.parametrize("kind", ["client", "http", "server"])
    def it_tells_that_it_is_too_late(self, kind):
        driver = {  # type: ignore[operator]
            "client": lambda: websocket.client("ws://a/"),
            "http": lambda: websocket.http(websocket.Request("GET", "/", headers())),
            "server": websocket.server,
        }[kind]()
        if kind == "server":
            driver.parse(REQUEST + b"\r\n")
        assert driver.set_header("X-A", "1") is True
        assert driver.set_header("x-a", "2") is False
        assert driver.set_header("Set-Cookie", "a=1") is True
        assert driver.set_header("Set-Cookie", "b=2") is True
        driver.start()
        assert driver.set_header("X-B", "1") is False
        assert driver.add_extension(permessage_deflate) is False


class Describe27Proxies:
    @pytest.mark.parametrize("status", [200, 201, 204, 299])
    def it_connects_by_any_2xx_response(self, status, bytewise):
        proxy = websocket.client("ws://a/").proxy("http://proxy/")
        log = []
        for event in ("connect", "error", "close", "end"):
            proxy.on(event, lambda value=None, event=event: log.append(event))
        proxy.start()
        answer = f"HTTP/1.1 {status} OK\r\n\r\n".encode()
        for chunk in [answer[i : i + 1] for i in range(len(answer))] if bytewise else [answer]:
            proxy.write(chunk)
        assert log == ["connect", "close", "end"]
        assert proxy.status_code == status

    @pytest.mark.parametrize("status", [300, 302, 407, 500])
    def it_connects_by_no_other(self, status):
        proxy = websocket.client("ws://a/").proxy("http://proxy/")
        log = []
        for event in ("connect", "error", "close", "end"):
            proxy.on(event, lambda value=None, event=event: log.append(event))
        proxy.write(f"HTTP/1.1 {status} No\r\n\r\n".encode())
        assert log == ["error", "close", "end"]

    @pytest.mark.parametrize(
        ("url", "target"),
        [("ws://a/", b"a:80"), ("wss://A/b", b"a:443"), ("ws://[::1]:81/", b"[::1]:81")],
    )
    def it_names_the_port_in_the_host(self, url, target):
        proxy = websocket.client(url).proxy("http://proxy/")
        sent: list[Any] = []
        proxy.on("data", sent.append)
        proxy.start()
        head = b"CONNECT " + target + b" HTTP/1.1\r\nHost: " + target + b"\r\n"
        assert sent[0].startswith(head)


class Describe28MaskedFrames:
    TEXT = "Received masked frame from a server"

    @pytest.mark.parametrize("first", [0x81, 0x82, 0x89, 0x8A, 0x88, 0x01])
    def it_fails_a_client(self, first, bytewise):
        driver = websocket.client("ws://a/", masking=False)
        log = Log(driver, driver.io)
        driver.start()
        driver.parse(RESPONSE + b"\r\n")
        log.clear()
        feed(driver, bytes([first, 0x80]) + b"\0\0\0\0", bytewise)
        close = b"\x88\x25\x03\xea" + self.TEXT.encode()
        assert log == [("data", close), ("error", self.TEXT), ("close", 1002, self.TEXT)]

    def it_is_left_to_the_option(self, bytewise):
        driver = websocket.client("ws://a/", require_masking=True)
        log = Log(driver)
        driver.start()
        feed(driver, RESPONSE + b"\r\n\x81\x82\0\0\0\0Hi", bytewise)
        assert log == [("open",), ("message", "Hi")]


class Describe31TwoFacts:
    def it_does_not_take_back_the_pause_of_the_application(self):
        driver, _ = hybi()
        drains = []
        driver.io.on("drain", lambda: drains.append("io"))
        driver.messages.on("drain", lambda: drains.append("messages"))
        driver.messages.pause()
        driver.io.pause()
        assert driver.messages.write("Hi") is False
        driver.io.resume()
        assert driver.io.write(b"\x81\x00") is False
        assert driver.messages.write("Hi") is True
        assert drains == ["messages"]
        driver.messages.resume()
        assert driver.io.write(b"\x81\x00") is True
        assert drains == ["messages", "io"]

    def it_does_not_take_back_the_pause_of_the_wire(self):
        driver, _ = hybi()
        drains = []
        driver.io.on("drain", lambda: drains.append("io"))
        driver.io.pause()
        driver.messages.pause()
        driver.messages.resume()
        assert driver.io.write(b"\x81\x00") is False
        assert drains == []
        driver.io.resume()
        assert drains == ["io"]

    def it_drains_when_the_connection_closes(self):
        driver, _ = hybi()
        drains = []
        driver.io.on("drain", lambda: drains.append("io"))
        driver.messages.pause()
        assert driver.io.write(b"\x81\x00") is False
        assert driver.io.write(b"\x88\x00") is True
        assert drains == ["io"]


class Describe32Pongs:
    @pytest.mark.parametrize(
        ("pings", "pongs", "settled"),
        [
            ("ab", "b", ["a1b2"]),
            ("abc", "bc", ["a1b2", "c3"]),
            ("aa", "a", ["a1a2"]),
            ("aba", "ba", ["a1b2", "a3"]),
            ("ab", "xba", ["", "a1b2", ""]),
            ("ab", "abb", ["a1", "b2", ""]),
        ],
    )
    def it_settles_all_pings_up_to_the_one_it_answers(self, pings, pongs, settled, bytewise):
        driver, _ = hybi()
        called = []
        for number, payload in enumerate(pings, 1):
            name = f"{payload}{number}"
            driver.ping(payload, lambda name=name: called.append(name))
        results = []
        for payload in pongs:
            feed(driver, b"\x8a\x01" + payload.encode(), bytewise)
            results.append("".join(called))
            called.clear()
        assert results == settled


class Describe34FailedPipes:
    def it_ends_the_destination(self):
        driver, _ = hybi()
        ends = []
        driver.messages.on("end", lambda: ends.append("end"))
        socket = Stream()
        socket.pipe(driver.io)
        heard: list[Any] = []
        socket.on("error", heard.append)
        reset = ConnectionResetError(104, "Connection reset by peer")
        socket.emit("error", reset)
        socket.emit("close")
        assert (ends, heard) == (["end"], [reset])
        assert driver.io.writable is False

    def it_leaves_one_that_is_not_to_be_ended(self):
        driver, _ = hybi()
        socket = Stream()
        socket.pipe(driver.io, end=False)
        with pytest.raises(ConnectionResetError):
            socket.emit("error", ConnectionResetError())
        assert driver.io.writable is True


class Describe36EventsOnce:
    def it_is_so_when_an_end_completes_the_response_of_a_proxy(self):
        proxy = websocket.client("ws://a/").proxy("http://proxy/")
        log = []
        for event in ("connect", "error", "close", "end"):
            proxy.on(event, lambda value=None, event=event: log.append(event))
        proxy.end(b"HTTP/1.1 200 OK\r\n\r\n")
        proxy.end()
        proxy.destroy()
        assert log == ["connect", "close", "end"]

    def it_is_so_when_a_listener_writes_more_to_a_proxy(self):
        proxy = websocket.client("ws://a/").proxy("http://proxy/")
        log = []
        for event in ("connect", "error", "close", "end"):
            proxy.on(event, lambda value=None, event=event: log.append(event))
        proxy.on("connect", lambda: proxy.write(b"more"))
        proxy.write(b"HTTP/1.1 200 OK\r\n\r\n")
        assert log == ["connect", "close", "end"]

    def it_calls_a_once_listener_that_is_removed_meanwhile(self):
        driver, _ = hybi()
        called = []

        def second(event):
            called.append("second")

        driver.once("message", lambda event: driver.remove_listener("message", second))
        driver.once("message", second)
        driver.parse(b"\x81\x00\x81\x00")
        assert called == ["second"]


class Describe24EmptyElements:
    @pytest.mark.parametrize("header", [",", "x-none,", ", x-none", "x-none,,\t, x-other ,"])
    @pytest.mark.parametrize("extensions", [[], [permessage_deflate]])
    def it_ignores_them_in_a_request(self, header, extensions, bytewise):
        driver = websocket.server()
        for extension in extensions:
            driver.add_extension(extension)
        log = Log(driver)
        driver.on("connect", lambda event: driver.start())
        lines = {**headers(), "Sec-WebSocket-Extensions": header}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        feed(driver, b"GET / HTTP/1.1\r\n" + head.encode() + b"\r\n", bytewise)
        assert log == [("connect",), ("open",)]

    def it_ignores_them_in_a_response(self, bytewise):
        driver = websocket.client("ws://a/")
        driver.add_extension(permessage_deflate)
        log = Log(driver)
        driver.start()
        feed(
            driver,
            RESPONSE + b"Sec-WebSocket-Extensions: ,permessage-deflate,\r\n\r\n",
            bytewise,
        )
        assert log == [("open",)]


class Describe25Secure:
    @pytest.mark.parametrize(
        "more",
        [
            {"X_Forwarded_Proto": "HTTPS"},
            {"X_Forwarded_Proto": "wss"},
            {"X_Forwarded_Proto": "https, http"},
            {"X_Forwarded_Scheme": "wss,ws"},
            {"Forwarded": 'for=1.2.3.4;proto="https", for=10.0.0.1;proto=http'},
        ],
    )
    def it_is_a_request_that_a_proxy_received_over_tls(self, more):
        request = websocket.Request("GET", "/chat", headers(**more))
        assert websocket.is_secure_request(request) is True
        assert websocket.http(request).url == "wss://www.example.com/chat"


class Describe26Credentials:
    @pytest.mark.parametrize(
        ("userinfo", "basic"), [("token", b"dG9rZW46"), ("token:", b"dG9rZW46"), (":p", b"OnA=")]
    )
    def it_sends_them_without_a_password_or_a_name(self, userinfo, basic):
        driver = websocket.client(f"ws://{userinfo}@www.example.com/")
        proxy = driver.proxy(f"http://{userinfo}@proxy.example.com/")
        log, proxy_log = Log(driver, driver.io), Log(proxy)
        driver.start()
        proxy.start()
        assert b"\r\nAuthorization: Basic " + basic + b"\r\n" in log[0][1]
        assert b"\r\nProxy-Authorization: Basic " + basic + b"\r\n" in proxy_log[0][1]

    @pytest.mark.parametrize(
        "url", ["http://user:secret@a/", "ws://user:secret@a:x/", "user:secret"]
    )
    def it_shows_none(self, url):
        for make in (websocket.client, websocket.client("ws://a/").proxy):
            try:
                make(url)
            except websocket.ConfigurationError as error:
                assert "secret" not in str(error) or "@" not in url

    def it_shows_none_in_the_error_of_a_proxy(self, bytewise):
        proxy = websocket.client("ws://user:secret@a/").proxy("http://user:secret@p/")
        log = Log(proxy)
        proxy.start()
        log.clear()
        for octet in b"HTTP/1.1 403 Forbidden\r\n\r\n":
            proxy.write(bytes([octet]))
        assert log[0] == ("error", "Can't establish a connection to the server at ws://a/")


class Describe29AbsoluteTargets:
    def serve(self, target, bytewise):
        driver = websocket.server()
        log = Log(driver)
        driver.on("connect", lambda event: driver.start())
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers().items()).encode()
        head = b"GET " + target + b" HTTP/1.1\r\n" + lines + b"\r\n"
        feed(driver, head, bytewise)
        return driver, log

    @pytest.mark.parametrize(
        "target",
        [b"/chat?a=b", b"http://www.example.com/chat?a=b", b"ws://WWW.example.com:80/chat?a=b"],
    )
    def it_is_reduced_to_its_path_and_query(self, target, bytewise):
        driver, log = self.serve(target, bytewise)
        assert log == [("connect",), ("open",)]
        assert driver.url == "/chat?a=b"

    def it_is_that_of_a_request_of_another_server_too(self):
        for url in ("http://www.example.com/chat", "https://www.example.com:443/chat"):
            request = websocket.Request("GET", url, headers())
            assert websocket.http(request).url == "ws://www.example.com/chat"

    def it_is_refused_if_it_is_of_another_host(self, bytewise):
        reason = "Request target does not match the Host header"
        for target in (b"http://evil.example/", b"http://www.example.com@evil.example/"):
            _, log = self.serve(target, bytewise)
            assert log == [("connect",), ("error", reason), ("close", 1002, reason)]


class Describe30WindowOf15Bits:
    def it_is_agreed_to_by_a_response_without_the_parameter(self, bytewise):
        driver = websocket.client("ws://a/")
        driver.add_extension(permessage_deflate.configure(request_max_window_bits=15))
        log = Log(driver)
        driver.start()
        feed(
            driver,
            RESPONSE + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
            bytewise,
        )
        assert log == [("open",)]


class Describe33Http10:
    def it_connects(self, bytewise):
        driver = websocket.server()
        log = Log(driver)
        feed(driver, b"GET /health HTTP/1.0\r\n\r\n", bytewise)
        assert log == [("connect",)]
        assert (driver.method, driver.url, driver.headers) == ("GET", "/health", {})
        assert websocket.is_websocket(driver) is False

    def it_is_refused_a_websocket(self, bytewise):
        driver = websocket.server()
        log = Log(driver)
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers().items()).encode()
        feed(driver, b"GET / HTTP/1.0\r\n" + lines + b"\r\n", bytewise)
        assert websocket.is_websocket(driver) is True
        assert driver.start() is False
        reason = "Unsupported HTTP version: 1.0"
        assert log == [("connect",), ("error", reason), ("close", 1002, reason)]


class Failing(PassingOn):
    """An extension that raises in one of its methods, and the sessions that it has closed."""

    name = "x-failing"

    def __init__(self, method):
        self._method = method
        self.closed = 0

    def activate(self, params):
        return self._step("activate") or True

    def generate_response(self):
        return self._step("generate_response") or {}

    def process_incoming_message(self, message, callback):
        self._step("process_incoming_message")
        callback(None, message)

    def process_outgoing_message(self, message, callback):
        self._step("process_outgoing_message")
        callback(None, message)

    def close(self):
        self.closed += 1

    def _step(self, method):
        if method == self._method:
            raise OSError("/etc/secret")


class Describe37ExceptionsOfExtensions:
    TEXT = "x-failing: The extension failed"

    def it_is_not_told_in_a_handshake(self):
        extension = Failing("generate_response")
        lines = {**headers(), "Sec-WebSocket-Extensions": "x-failing"}
        driver = websocket.http(websocket.Request("GET", "/", lines))
        driver.add_extension(extension)
        errors: list[ProtocolError] = []
        wire: list[bytes] = []
        driver.on("error", errors.append)
        driver.io.on("data", wire.append)
        assert driver.start() is False
        assert wire == [
            b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 31\r\n\r\n"
            + self.TEXT.encode()
        ]
        assert [(error.message, str(error.__cause__)) for error in errors] == [
            (self.TEXT, "/etc/secret")
        ]
        assert extension.closed == 1

    def it_is_not_told_to_a_listener_as_the_words_of_a_server(self, bytewise):
        extension = Failing("activate")
        driver = websocket.client("ws://a/")
        driver.add_extension(extension)
        errors: list[ProtocolError] = []
        driver.on("error", errors.append)
        driver.start()
        feed(
            driver,
            RESPONSE + b"Sec-WebSocket-Extensions: x-failing\r\n\r\n",
            bytewise,
        )
        assert [(error.message, str(error.__cause__)) for error in errors] == [
            (f"Error during WebSocket handshake: {self.TEXT}", "/etc/secret")
        ]
        assert extension.closed == 1

    @pytest.mark.parametrize(
        ("method", "use"),
        [
            ("process_incoming_message", lambda driver: driver.parse(b"\x81\x02Hi")),
            ("process_outgoing_message", lambda driver: driver.text("Hi")),
        ],
    )
    def it_is_not_told_in_a_close_frame(self, method, use):
        extension = Failing(method)
        driver, log = hybi([extension])
        causes = []
        driver.on("error", lambda error: causes.append(str(error.__cause__)))
        use(driver)
        assert log == [
            ("data", b"\x88\x21\x03\xf2" + self.TEXT.encode()),
            ("error", self.TEXT),
            ("close", 1010, self.TEXT),
        ]
        assert causes == ["/etc/secret"]
        assert extension.closed == 1


class Describe38SessionsAreClosed:
    def it_closes_those_that_are_not_accepted(self, bytewise):
        extension = Failing(None)
        driver = websocket.client("ws://a/")
        driver.add_extension(extension)
        driver.start()
        feed(driver, RESPONSE + b"\r\n", bytewise)
        assert driver.get_state() == "open"
        assert extension.closed == 1

    def it_closes_them_when_the_wire_ends(self):
        extension: Any = Failing(None)
        callbacks: list[Any] = []
        extension.process_incoming_message = lambda message, callback: callbacks.append(callback)
        driver, _ = hybi([extension])
        driver.parse(b"\x81\x02Hi")
        driver.io.end()
        assert extension.closed == 0
        callbacks[0](None, SimpleNamespace(opcode=1, data=b"Hi"))
        assert extension.closed == 1
