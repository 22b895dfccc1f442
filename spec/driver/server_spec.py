"""The driver that reads the HTTP request itself, which has no specs in the original."""

from __future__ import annotations

import pytest

import websocket_driver as websocket
from spec.support import Collector, WholeAndBytewise, masked, one_by_one, record
from websocket_driver import ConfigurationError, permessage_deflate
from websocket_driver.driver.server import Server

HEAD = (
    b"GET /chat?room=1 HTTP/1.1\r\n"
    b"Host: www.example.com\r\n"
    b"Connection: keep-alive, Upgrade\r\n"
    b"Upgrade: websocket\r\n"
    b"Origin: http://www.example.com\r\n"
)
REQUEST = HEAD + b"Sec-WebSocket-Key: JFBCWHksyIpXV+6Wlq/9pw==\r\nSec-WebSocket-Version: 13\r\n\r\n"
HANDSHAKE = (
    b"HTTP/1.1 101 Switching Protocols\r\n"
    b"Upgrade: websocket\r\n"
    b"Connection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: JdiiuafpBKRqD7eol0y4vJDTsTs=\r\n"
    b"\r\n"
)

REQUEST_75 = HEAD + b"\r\n"
HANDSHAKE_75 = (
    b"HTTP/1.1 101 Web Socket Protocol Handshake\r\n"
    b"Upgrade: WebSocket\r\n"
    b"Connection: Upgrade\r\n"
    b"WebSocket-Origin: http://www.example.com\r\n"
    b"WebSocket-Location: ws://www.example.com/chat?room=1\r\n"
    b"\r\n"
)

REQUEST_76 = (
    HEAD + b"Sec-WebSocket-Key1: 1   38 wZ3f9 23O0 3l 0r\r\n"
    b"Sec-WebSocket-Key2: 27   0E 6 2  1665:< ;U 1H\r\n"
    b"\r\n"
    b"\x91\x25\x3e\xd3\xa9\xe7\x6a\x88"
)
HANDSHAKE_76 = (
    b"HTTP/1.1 101 WebSocket Protocol Handshake\r\n"
    b"Upgrade: WebSocket\r\n"
    b"Connection: Upgrade\r\n"
    b"Sec-WebSocket-Origin: http://www.example.com\r\n"
    b"Sec-WebSocket-Location: ws://www.example.com/chat?room=1\r\n"
    b"\r\n"
)
SIGNATURE_76 = b"\xb4\x9c\x6e\x40\x53\x04\x04\x26\xe5\x1b\xbf\x6c\xb7\x9f\x1d\xf9"


def error_response(status: bytes, message: bytes, more: bytes = b"") -> bytes:
    return b"HTTP/1.1 %b\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n%b\r\n%b" % (
        status,
        len(message),
        more,
        message,
    )


class ListenerError(Exception):
    """An exception that the listeners of these examples raise."""


class DescribeServer:
    @pytest.fixture
    def options(self):
        return {}

    @pytest.fixture
    def driver(self, options):
        return websocket.server(options)

    @pytest.fixture(autouse=True)
    def log(self, driver):
        """The events and the output of the driver, in order."""
        log = record(driver)
        return record(driver.io, "data", into=log)

    @pytest.fixture(autouse=True)
    def messages(self, driver):
        return record(driver.messages, "data", "error", "end")

    @pytest.fixture
    def start_on_connect(self, driver):
        driver.on("connect", lambda event: driver.start())

    class DescribeBeforeTheRequest:
        def it_is_connecting(self, driver):
            assert driver.ready_state == 0
            assert driver.get_state() == "connecting"

        def it_knows_nothing_of_the_request(self, driver):
            assert driver.method is None
            assert driver.url is None
            assert driver.headers is None
            assert driver.body is None

        def it_has_no_version_and_no_protocol(self, driver):
            assert driver.version is None
            assert driver.protocol is None

        def it_emits_nothing_for_part_of_a_request(self, driver, log):
            driver.parse(REQUEST[:-1])
            assert log == []
            assert driver.get_state() == "connecting"

    class DescribeMessages(WholeAndBytewise):
        def it_gives_each_once_to_listeners_from_before_and_after_the_request(
            self, driver, feed, messages, start_on_connect
        ):
            feed(REQUEST)
            later = record(driver.messages, "data")
            feed(b"\x81\x82\x00\x00\x00\x00Hi")
            assert messages == [("data", "Hi")]
            assert later == [("data", "Hi")]

    class DescribeConnect(WholeAndBytewise):
        def it_is_emitted_once_when_the_head_is_in(self, feed, log):
            feed(REQUEST)
            assert log == [("connect",)]

        def it_comes_with_the_parts_of_the_request(self, driver, feed):
            seen = []
            driver.on(
                "connect",
                lambda event: seen.append((driver.method, driver.url, driver.headers, driver.body)),
            )
            feed(REQUEST)
            assert seen == [
                (
                    "GET",
                    "/chat?room=1",
                    {
                        "host": "www.example.com",
                        "connection": "keep-alive, Upgrade",
                        "upgrade": "websocket",
                        "origin": "http://www.example.com",
                        "sec-websocket-key": "JFBCWHksyIpXV+6Wlq/9pw==",
                        "sec-websocket-version": "13",
                    },
                    b"",
                )
            ]

        def it_joins_the_values_of_a_repeated_header(self, driver, feed):
            feed(b"GET / HTTP/1.1\r\nX-Color: red\r\nHost: a.b\r\nx-color:blue \t\r\n\r\n")
            assert driver.headers == {"x-color": "red, blue", "host": "a.b"}

        def it_leaves_the_connection_connecting(self, driver, feed):
            feed(REQUEST)
            assert driver.get_state() == "connecting"

        def it_says_whether_the_request_asks_for_a_websocket(self, driver, feed):
            feed(REQUEST)
            assert websocket.is_websocket(driver) is True
            assert websocket.is_secure_request(driver) is False

        def it_comes_for_any_other_request_too(self, driver, feed, log):
            feed(b"POST /form HTTP/1.1\r\nHost: www.example.com\r\n\r\n")
            assert log == [("connect",)]
            assert (driver.method, driver.url) == ("POST", "/form")
            assert websocket.is_websocket(driver) is False

    class DescribeBody:
        def it_is_what_follows_the_head_in_the_same_chunk(self, driver):
            driver.parse(b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello")
            assert driver.body == b"hello"

        def it_is_never_read_as_a_second_head(self, driver, log):
            driver.parse(REQUEST + b"GET /other HTTP/1.1\r\nHost: www.example.org\r\n\r\n")
            assert driver.url == "/chat?room=1"
            assert driver.body == b"GET /other HTTP/1.1\r\nHost: www.example.org\r\n\r\n"
            assert log == [("connect",)]

    class DescribeStart(WholeAndBytewise):
        def it_sends_the_handshake(self, driver, feed, log):
            feed(REQUEST)
            assert driver.start() is True
            assert log == [("connect",), ("data", HANDSHAKE), ("open",)]
            assert driver.get_state() == "open"

        def it_works_from_a_listener_of_connect(self, feed, log, start_on_connect):
            feed(REQUEST)
            assert log == [("connect",), ("data", HANDSHAKE), ("open",)]

        def it_sends_what_was_set_since_connect(self, driver, feed, log):
            feed(REQUEST)
            assert driver.set_header("X-Color", "red") is True
            assert driver.add_extension(permessage_deflate) is True
            driver.start()
            assert log[1] == ("data", HANDSHAKE.replace(b"\r\n", b"\r\nX-Color: red\r\n", 1))

        def it_returns_false_the_second_time(self, driver, feed, log):
            feed(REQUEST)
            driver.start()
            log.clear()
            assert driver.start() is False
            assert log == []

        def it_refuses_a_request_that_is_not_for_a_websocket(self, driver, feed, log, messages):
            feed(b"GET / HTTP/1.1\r\nHost: www.example.com\r\nSec-WebSocket-Version: 13\r\n\r\n")
            assert driver.start() is False
            assert log == [
                ("connect",),
                ("data", error_response(b"400 Bad Request", b"Not a WebSocket request")),
                ("error", "Not a WebSocket request"),
                ("close", 1002, "Not a WebSocket request"),
            ]
            assert messages == [("error", "Not a WebSocket request"), ("end",)]
            assert driver.get_state() == "closed"

        def it_refuses_a_request_whose_method_is_not_get(self, driver, feed, log):
            feed(b"POST" + REQUEST[3:])
            assert driver.start() is False
            assert log == [
                ("connect",),
                ("data", error_response(b"400 Bad Request", b"Not a WebSocket request")),
                ("error", "Not a WebSocket request"),
                ("close", 1002, "Not a WebSocket request"),
            ]

    class DescribeChoosingTheProtocol(WholeAndBytewise):
        def it_speaks_rfc_6455(self, driver, feed, log, start_on_connect):
            feed(REQUEST)
            assert driver.version == "hybi-13"
            assert log == [("connect",), ("data", HANDSHAKE), ("open",)]

        def it_speaks_hixie_75(self, driver, feed, log, start_on_connect):
            feed(REQUEST_75 + b"\x00Hi\xff")
            assert driver.version == "hixie-75"
            assert log == [("connect",), ("data", HANDSHAKE_75), ("open",), ("message", "Hi")]

        def it_speaks_hixie_76(self, driver, feed, log, start_on_connect):
            feed(REQUEST_76 + b"\x00Hi\xff")
            assert driver.version == "hixie-76"
            assert log == [
                ("connect",),
                ("data", HANDSHAKE_76),
                ("data", SIGNATURE_76),
                ("open",),
                ("message", "Hi"),
            ]

        def it_takes_one_key_of_hixie_76_for_hixie_76(self, driver, feed, log, start_on_connect):
            feed(HEAD + b"Sec-WebSocket-Key2: 27   0E 6 2  1665:< ;U 1H\r\n\r\n")
            assert driver.version == "hixie-76"
            assert log[1:] == [
                (
                    "data",
                    error_response(
                        b"400 Bad Request", b"Missing required header: Sec-WebSocket-Key1"
                    ),
                ),
                ("error", "Missing required header: Sec-WebSocket-Key1"),
                ("close", None, None),
            ]

        @pytest.mark.parametrize(
            "header",
            [b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: JFBCWHksyIpXV+6Wlq/9pw=="],
        )
        def it_takes_a_version_or_a_key_for_rfc_6455(self, driver, feed, header):
            feed(HEAD + header + b"\r\nSec-WebSocket-Key1: 1   38 wZ3f9 23O0 3l 0r\r\n\r\n")
            assert driver.version == "hybi-13"

        class DescribeWithoutDrafts:
            @pytest.fixture
            def options(self):
                return {"allow_drafts": False}

            @pytest.mark.parametrize("request_", [REQUEST_75, REQUEST_76])
            def it_speaks_rfc_6455_only(self, driver, feed, log, start_on_connect, request_):
                feed(request_)
                message = "Missing handshake request header: Sec-WebSocket-Version"
                assert driver.version == "hybi-13"
                assert log == [
                    ("connect",),
                    (
                        "data",
                        error_response(
                            b"400 Bad Request", message.encode(), b"Sec-WebSocket-Version: 13\r\n"
                        ),
                    ),
                    ("error", message),
                    ("close", 1002, message),
                ]

        class DescribeTheSubprotocol:
            @pytest.fixture
            def options(self):
                return {"protocols": ["xmpp", "irc"]}

            @pytest.mark.parametrize(
                "lines",
                [
                    b"Sec-WebSocket-Protocol: foo, irc, xmpp\r\n",
                    b"Sec-WebSocket-Protocol: foo\r\nSec-WebSocket-Protocol: irc\r\n",
                ],
                ids=["one line", "several lines"],
            )
            def it_is_the_first_the_client_names(self, driver, feed, lines):
                feed(REQUEST[:-2] + lines + b"\r\n")
                assert driver.protocol == "irc"

            def it_is_none_if_none_fits(self, driver, feed):
                feed(REQUEST[:-2] + b"Sec-WebSocket-Protocol: foo\r\n\r\n")
                assert driver.protocol is None

    class DescribeFramesBehindTheHead(WholeAndBytewise):
        FRAMES = b"\x81\x82" + masked(b"Hi") + b"\x89\x82" + masked(b"yo")

        def it_takes_them_in_when_it_starts(self, driver, feed, log):
            feed(REQUEST + self.FRAMES)
            assert log == [("connect",)]
            driver.start()
            assert log[1:] == [
                ("data", HANDSHAKE),
                ("open",),
                ("message", "Hi"),
                ("data", b"\x8a\x02yo"),
                ("ping", "yo"),
            ]

        def it_takes_them_in_if_a_listener_of_connect_starts(self, feed, log, start_on_connect):
            feed(REQUEST + self.FRAMES)
            assert log == [
                ("connect",),
                ("data", HANDSHAKE),
                ("open",),
                ("message", "Hi"),
                ("data", b"\x8a\x02yo"),
                ("ping", "yo"),
            ]

        def it_drops_them_if_the_request_is_refused(self, driver, feed, log):
            feed(b"PUT" + REQUEST[3:] + self.FRAMES)
            driver.start()
            assert [event[0] for event in log] == ["connect", "data", "error", "close"]

    class DescribeCallsBeforeTheRequest(WholeAndBytewise):
        def it_starts_when_the_request_is_in(self, driver, feed, log):
            assert driver.start() is True
            assert log == []
            feed(REQUEST)
            assert log == [("data", HANDSHAKE), ("open",), ("connect",)]

        def it_emits_messages_that_come_with_the_request(self, driver, log):
            driver.start()
            driver.parse(REQUEST + b"\x81\x82" + masked(b"Hi"))
            assert log == [("data", HANDSHAKE), ("open",), ("message", "Hi"), ("connect",)]

        def it_makes_them_in_their_order(self, driver, feed, log):
            calls = [
                driver.set_header("X-Color", "red"),
                driver.text("one"),
                driver.start(),
                driver.binary(b"two"),
                driver.frame(3),
                driver.ping("four"),
                driver.pong("five"),
            ]
            assert calls == [True] * 7
            assert log == []

            feed(REQUEST)
            assert log == [
                (
                    "data",
                    b"HTTP/1.1 101 Switching Protocols\r\n"
                    b"X-Color: red\r\n"
                    b"Upgrade: websocket\r\n"
                    b"Connection: Upgrade\r\n"
                    b"Sec-WebSocket-Accept: JdiiuafpBKRqD7eol0y4vJDTsTs=\r\n"
                    b"\r\n",
                ),
                ("data", b"\x81\x03one"),
                ("open",),
                ("data", b"\x82\x03two"),
                ("data", b"\x81\x013"),
                ("data", b"\x89\x04four"),
                ("data", b"\x8a\x04five"),
                ("connect",),
            ]
            assert driver.get_state() == "open"

        def it_keeps_the_callback_of_a_ping(self, driver, feed):
            replies = []
            driver.ping("Hi", lambda: replies.append(True))
            driver.start()
            feed(REQUEST, b"\x8a\x82" + masked(b"Hi"))
            assert replies == [True]

        def it_negotiates_extensions(self, driver, feed, log):
            assert driver.add_extension(permessage_deflate) is True
            driver.start()
            feed(REQUEST[:-2] + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n")
            assert log == [
                (
                    "data",
                    HANDSHAKE[:-2] + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
                ),
                ("open",),
                ("connect",),
            ]

        def it_closes_for_good(self, driver, feed, log, messages):
            driver.text("Hi")
            assert driver.close("bye", 1001) is True
            assert log == [("close", 1001, "bye")]
            assert messages == [("end",)]
            assert driver.get_state() == "closed"

            assert driver.close("bye", 1001) is False
            calls = [
                driver.set_header("X-Color", "red"),
                driver.add_extension(permessage_deflate),
                driver.start(),
                driver.text("Hi"),
            ]
            assert calls == [False] * 4
            feed(REQUEST)
            assert log == [("close", 1001, "bye")]

        def it_refuses_with_the_events_of_the_driver_it_chooses(self, driver, feed, log):
            driver.start()
            feed(b"GET / HTTP/1.1\r\nSec-WebSocket-Version: 13\r\n\r\n")
            assert log == [
                ("data", error_response(b"400 Bad Request", b"Not a WebSocket request")),
                ("error", "Not a WebSocket request"),
                ("close", 1002, "Not a WebSocket request"),
            ]

        def it_sends_what_it_was_given_then(self, driver, feed, log):
            message = bytearray(b"one")
            driver.binary(message)
            driver.text(message)
            driver.frame(message)
            driver.ping(message)
            message[:] = b"two"
            driver.start()
            feed(REQUEST)
            assert log == [
                ("data", HANDSHAKE),
                ("data", b"\x82\x03one"),
                ("data", b"\x81\x03one"),
                ("data", b"\x82\x03one"),
                ("data", b"\x89\x03one"),
                ("open",),
                ("connect",),
            ]

        def it_makes_them_on_a_hixie_driver_too(self, driver, feed, log):
            assert driver.text("one") is True
            assert driver.ping("two") is True
            assert driver.start() is True
            feed(REQUEST_75)
            assert log == [
                ("data", HANDSHAKE_75),
                ("data", b"\x00one\xff"),
                ("open",),
                ("connect",),
            ]

        @pytest.mark.parametrize(
            ("call", "error", "message"),
            [
                (
                    lambda driver: driver.set_header("X Color", "red"),
                    ConfigurationError,
                    "Header name must be a token, not 'X Color'",
                ),
                (
                    lambda driver: driver.set_header("X-Color", "red\r\nX-Evil: 1"),
                    ConfigurationError,
                    "Header value must be one line without NUL, not 'red\\r\\nX-Evil: 1'",
                ),
                (
                    lambda driver: driver.add_extension(object()),
                    TypeError,
                    "extension.name must be a string",
                ),
                (
                    lambda driver: driver.text(None),
                    TypeError,
                    "A message must be text, bytes, a list of integers 0-255 or a number, "
                    "not NoneType",
                ),
                (
                    lambda driver: driver.binary({}),
                    TypeError,
                    "A message must be text, bytes, a list of integers 0-255 or a number, not dict",
                ),
                (
                    lambda driver: driver.frame("a" * 126, "ping"),
                    ValueError,
                    "Payload of a ping frame must be 125 bytes at most, not 126",
                ),
                (
                    lambda driver: driver.ping("a" * 126),
                    ValueError,
                    "Payload of a ping frame must be 125 bytes at most, not 126",
                ),
                (
                    lambda driver: driver.pong("a" * 126),
                    ValueError,
                    "Payload of a pong frame must be 125 bytes at most, not 126",
                ),
                (
                    lambda driver: driver.close("a" * 124),
                    ValueError,
                    "Payload of a close frame must be 123 bytes at most, not 124",
                ),
            ],
            ids=[
                "set_header: name",
                "set_header: value",
                "add_extension",
                "text",
                "binary",
                "frame",
                "ping",
                "pong",
                "close",
            ],
        )
        def it_raises_at_once_what_they_would_raise_then(
            self, driver, feed, log, call, error, message
        ):
            with pytest.raises(error) as raised:
                call(driver)
            assert str(raised.value) == message

            # and that was all: the call that failed is not made again
            driver.start()
            feed(REQUEST)
            assert log == [("data", HANDSHAKE), ("open",), ("connect",)]

        def it_raises_at_once_for_an_extension_that_is_there_already(self, driver):
            driver.add_extension(permessage_deflate)
            with pytest.raises(TypeError) as raised:
                driver.add_extension(permessage_deflate)
            assert str(raised.value) == (
                'An extension with name "permessage-deflate" is already registered'
            )

        @pytest.mark.parametrize("event", ["open", "connect"])
        def it_loses_nothing_to_a_listener_that_raises(self, driver, log, event):
            @driver.on(event)
            def throw(_):
                raise ListenerError("an error")

            driver.text("one")
            driver.start()
            driver.text("two")
            with pytest.raises(ListenerError, match="an error"):
                driver.parse(REQUEST + b"\x81\x82" + masked(b"Hi"))

            assert log == [
                ("data", HANDSHAKE),
                ("data", b"\x81\x03one"),
                ("open",),
                ("data", b"\x81\x03two"),
                ("message", "Hi"),
                ("connect",),
            ]

    class DescribeTheBodyOfARequest:
        def it_is_discarded_if_the_wire_ends_with_the_handshake(self, driver, log):
            driver.io.once("data", lambda chunk: driver.io.end())
            driver.start()
            driver.parse(REQUEST + b"\x81\x82" + masked(b"Hi"))
            assert [name for name, *_ in log] == ["data"]

        def it_holds_the_wire_up_until_the_driver_starts(self, driver):
            drains = []
            driver.io.on("drain", lambda: drains.append(driver.get_state()))
            head = HEAD + b"Sec-WebSocket-Key1: 1 0\r\nSec-WebSocket-Key2: 2 0\r\n\r\n"
            assert driver.io.write(head + b"12345678") is False
            assert driver.start() is True
            assert driver.io.write(b"\x00Hi\xff") is True
            assert drains == ["open"]

    class DescribeABadRequest(WholeAndBytewise):
        @pytest.mark.parametrize(
            ("bad", "message"),
            [
                (b"GET /chat\r\n\r\n", "Unsupported HTTP version: 0.9"),
                (b"GET /chat HTTP/2.0\r\n\r\n", "Unsupported HTTP version: 2.0"),
                (b"no such thing\r\n\r\n", "Parse Error"),
                (b"\x16\x03\x01\x00\xee\x01\x00\x00\xea\x03\x03\r\n", "Parse Error"),
                (b"GET / HTTP/1.1\r\nX-Color: red\0blue\r\n\r\n", "Parse Error"),
                (b"GET / HTTP/1.1\r\nX-Color: red\rblue\r\n\r\n", "Parse Error"),
                (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", "Parse Error"),
            ],
        )
        def it_is_answered_400(self, driver, feed, log, messages, bad, message):
            feed(bad)
            assert log == [
                ("data", error_response(b"400 Bad Request", message.encode())),
                ("error", message),
                ("close", 1002, message),
            ]
            assert messages == [("error", message), ("end",)]
            assert driver.ready_state == 3
            assert driver.get_state() == "closed"

        def it_is_answered_400_after_connect_if_it_is_of_http_1_0(self, driver, feed, log):
            feed(REQUEST.replace(b"HTTP/1.1", b"HTTP/1.0"))
            assert log == [("connect",)]
            assert driver.start() is False
            message = "Unsupported HTTP version: 1.0"
            assert log[1:] == [
                ("data", error_response(b"400 Bad Request", message.encode())),
                ("error", message),
                ("close", 1002, message),
            ]

        def it_is_answered_431_if_it_is_longer_than_64_kib(self, driver, feed, log, messages):
            feed(b"GET / HTTP/1.1\r\nCookie: " + b"a" * 0x10000)
            message = "max header size exceeded"
            assert log == [
                (
                    "data",
                    error_response(b"431 Request Header Fields Too Large", message.encode()),
                ),
                ("error", message),
                ("close", 1002, message),
            ]
            assert messages == [("error", message), ("end",)]
            assert driver.get_state() == "closed"

        def it_is_not_too_long_at_64_kib(self, driver, feed, log):
            start = b"GET / HTTP/1.1\r\nCookie: "
            cookie = b"a" * (0x10000 - len(start) - 4)
            feed(start + cookie + b"\r\n\r\n")
            assert driver.headers == {"cookie": cookie.decode()}
            assert log == [("connect",)]

        def it_needs_no_listener_of_error(self):
            driver = Server()
            wire = driver.io.pipe(Collector())
            driver.parse(b"no such thing\r\n\r\n")
            assert wire.bytes == error_response(b"400 Bad Request", b"Parse Error")

        def it_drops_the_calls_made_before(self, driver, feed, log):
            driver.start()
            driver.text("one")
            feed(b"no such thing\r\n\r\n")
            assert [event[0] for event in log] == ["data", "error", "close"]

        def it_is_the_end(self, driver, feed, log):
            feed(b"no such thing\r\n\r\n")
            log.clear()
            driver.parse(REQUEST)
            calls = [
                driver.set_header("X-Color", "red"),
                driver.add_extension(permessage_deflate),
                driver.start(),
                driver.text("one"),
                driver.binary(b"two"),
                driver.frame("three"),
                driver.ping("four"),
                driver.pong("five"),
                driver.close(),
            ]
            assert calls == [False] * 9
            assert log == []

        def it_ends_all_the_same_if_a_listener_raises(self, driver, log):
            @driver.on("error")
            def throw(error):
                raise ListenerError("an error")

            with pytest.raises(ListenerError, match="an error"):
                driver.parse(b"no such thing\r\n\r\n")
            assert [event[0] for event in log] == ["data", "error", "close"]
            assert driver.get_state() == "closed"

    class DescribeWhatTheResponseRepeats(WholeAndBytewise):
        def it_has_no_line_breaks_of_the_request(self, driver, feed, log):
            # Without their high bits the two bytes are CR and LF.
            feed(
                b"GET / HTTP/1.1\r\n"
                b"Host: www.example.com\r\n"
                b"Connection: Upgrade\r\n"
                b"Upgrade: websocket\r\n"
                b"Origin: a\x8d\x8aX:1\r\n"
                b"\r\n"
            )
            driver.start()
            response = b"".join(event[1] for event in log if event[0] == "data")
            assert [line.split(b":")[0] for line in response.split(b"\r\n")] == [
                b"HTTP/1.1 101 Web Socket Protocol Handshake",
                b"Upgrade",
                b"Connection",
                b"WebSocket-Origin",
                b"WebSocket-Location",
                b"",
                b"",
            ]

    class DescribeOnceOpen(WholeAndBytewise):
        @pytest.fixture(autouse=True)
        def open(self, driver, log, messages):
            driver.parse(REQUEST)
            driver.start()
            log.clear()

        def it_parses_frames(self, feed, log, messages):
            feed(b"\x81\x85" + masked(b"Hello"), b"\x82\x82" + masked(b"\x00\xff"))
            assert log == [("message", "Hello"), ("message", b"\x00\xff")]
            assert messages == [("data", "Hello"), ("data", b"\x00\xff")]

        def it_sends_frames(self, driver, log):
            calls = [
                driver.text("one"),
                driver.binary(b"two"),
                driver.frame(3),
                driver.ping("four"),
                driver.pong("five"),
            ]
            assert calls == [True] * 5
            assert log == [
                ("data", b"\x81\x03one"),
                ("data", b"\x82\x03two"),
                ("data", b"\x81\x013"),
                ("data", b"\x89\x04four"),
                ("data", b"\x8a\x04five"),
            ]

        def it_sends_what_is_written_to_messages(self, driver, log):
            assert driver.messages.write("one") is True
            assert driver.messages.write(b"two") is True
            assert log == [("data", b"\x81\x03one"), ("data", b"\x82\x03two")]

        def it_parses_what_is_written_to_io(self, driver, log):
            assert driver.io.write(b"\x81\x85" + masked(b"Hello")) is True
            assert log == [("message", "Hello")]

        def it_emits_pings_and_pongs(self, driver, feed, log):
            feed(b"\x89\x82" + masked(b"Hi"), b"\x8a\x82" + masked(b"yo"))
            assert log == [("data", b"\x8a\x02Hi"), ("ping", "Hi"), ("pong", "yo")]

        def it_requires_masking(self, driver, feed, log, messages):
            feed(b"\x81\x05Hello")
            reason = "Received unmasked frame but masking is required"
            assert log == [
                ("data", b"\x88\x31\x03\xeb" + reason.encode()),
                ("error", reason),
                ("close", 1003, reason),
            ]
            assert messages == [("error", reason), ("end",)]
            assert driver.get_state() == "closed"

        def it_refuses_headers(self, driver):
            assert driver.set_header("X-Color", "red") is False

        def it_closes(self, driver, feed, log, messages):
            assert driver.close("bye", 1001) is True
            assert (driver.ready_state, driver.get_state()) == (2, "closing")
            assert driver.close() is False
            assert driver.text("late") is False
            feed(b"\x88\x82" + masked(b"\x03\xe9"))
            assert log == [("data", b"\x88\x05\x03\xe9bye"), ("close", 1001, "")]
            assert messages == [("end",)]
            assert (driver.ready_state, driver.get_state()) == (3, "closed")

        class DescribeWithoutMasking:
            @pytest.fixture(params=["require_masking", "requireMasking"])
            def options(self, request):
                return {request.param: False}

            def it_takes_frames_as_they_are(self, feed, log):
                feed(b"\x81\x05Hello")
                assert log == [("message", "Hello")]

    class DescribeInput:
        @pytest.mark.parametrize("type", [bytes, bytearray, memoryview, list])
        def it_is_anything_that_holds_bytes(self, driver, log, type):
            driver.parse(type(REQUEST))
            assert log == [("connect",)]

        @pytest.mark.parametrize("type", [bytes, bytearray, memoryview, list])
        def it_is_anything_that_holds_bytes_once_open(self, driver, log, type):
            driver.start()
            driver.parse(REQUEST)
            del log[:]
            frame = b"\x81\x85" + masked(b"Hello")
            # A message that is cut waits for the rest, whatever the caller does with the chunk.
            chunk = bytearray(frame + frame[:8])
            driver.parse(chunk if type is bytearray else type(bytes(chunk)))
            chunk[:] = bytes(len(chunk))
            driver.parse(type(frame[8:]))
            assert log == [("message", "Hello"), ("message", "Hello")]

        def it_may_be_reused_by_the_caller(self, driver, log):
            driver.start()
            chunk = bytearray(1)
            for octet in one_by_one(REQUEST + b"\x81\x85" + masked(b"Hello")):
                chunk[:] = octet
                driver.parse(chunk)
            assert log == [("data", HANDSHAKE), ("open",), ("connect",), ("message", "Hello")]

        def it_is_no_text(self, driver):
            with pytest.raises(TypeError) as raised:
                driver.parse("GET / HTTP/1.1\r\n\r\n")
            assert str(raised.value) == ("Input must be bytes or a list of integers 0-255, not str")

        def it_is_no_text_once_open_and_once_closed(self, driver):
            driver.start()
            driver.parse(REQUEST)
            for end in (lambda: None, driver.io.end):
                end()
                with pytest.raises(TypeError, match="Input must be bytes or a list of integers"):
                    driver.parse("Hello")
