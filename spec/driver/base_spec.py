"""Shared by all drivers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

import websocket_driver as websocket
from spec.support import Collector, WholeAndBytewise, masked, record
from websocket_driver import ConfigurationError, Request
from websocket_driver.driver.base import Base
from websocket_driver.driver.client import Client
from websocket_driver.driver.draft75 import Draft75
from websocket_driver.driver.draft76 import Draft76
from websocket_driver.driver.hybi import Hybi
from websocket_driver.driver.server import Server

URL = "ws://www.example.com/chat"
HEADERS = {
    "Host": "www.example.com",
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Key": "JFBCWHksyIpXV+6Wlq/9pw==",
    "Sec-WebSocket-Version": "13",
}
DRAFT = {"Connection": "Upgrade", "Upgrade": "WebSocket"}
REQUEST = Request("GET", "/chat", HEADERS)

# Everything that takes the options of a driver.
MAKERS = {
    "client()": lambda *options, **more: websocket.client(URL, *options, **more),
    "server()": websocket.server,
    "http()": lambda *options, **more: websocket.http(REQUEST, *options, **more),
    "Base": lambda *options, **more: Base(REQUEST, URL, *options, **more),
    "Client": lambda *options, **more: Client(URL, *options, **more),
    "Server": Server,
    "Hybi": lambda *options, **more: Hybi(REQUEST, URL, *options, **more),
    "Draft75": lambda *options, **more: Draft75(REQUEST, URL, *options, **more),
    "Draft76": lambda *options, **more: Draft76(REQUEST, URL, *options, **more),
}


def request(headers, method="GET", url="/chat", **more):
    """A request as another HTTP server might represent it."""
    return SimpleNamespace(method=method, url=url, headers=headers, **more)


class DescribeIsWebsocket:
    @pytest.mark.parametrize(
        "headers",
        [
            {"connection": "Upgrade", "upgrade": "websocket"},
            {"Connection": "upgrade", "Upgrade": "WebSocket"},
            {"CONNECTION": "keep-alive, Upgrade", "UPGRADE": "WEBSOCKET"},
            {"connection": "keep-alive ,\tUPGRADE , te", "upgrade": "websocket"},
            {"connection": ["keep-alive", "Upgrade"], "upgrade": "websocket"},
        ],
    )
    def it_is_true_for_a_request_to_upgrade(self, headers):
        assert websocket.is_websocket(request(headers)) is True

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            None,
            {"connection": "Upgrade"},
            {"upgrade": "websocket"},
            {"connection": "keep-alive", "upgrade": "websocket"},
            {"connection": "no-upgrade", "upgrade": "websocket"},
            {"connection": "Upgrade", "upgrade": "h2c"},
            {"connection": "Upgrade", "upgrade": "websocket2"},
        ],
    )
    def it_is_false_for_any_other(self, headers):
        assert websocket.is_websocket(request(headers)) is False

    @pytest.mark.parametrize("method", ["POST", "HEAD", "CONNECT", "get", "", None])
    def it_is_false_if_the_method_is_not_get(self, method):
        assert websocket.is_websocket(request(HEADERS, method=method)) is False

    def it_takes_a_request_of_this_package(self):
        assert websocket.is_websocket(REQUEST) is True

    def it_takes_a_server_driver(self):
        driver = websocket.server()
        assert websocket.is_websocket(driver) is False
        driver.parse(b"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        assert websocket.is_websocket(driver) is True


class DescribeIsSecureRequest:
    @pytest.mark.parametrize(
        "headers",
        [
            {"https": "on"},
            {"X-Forwarded-SSL": "on"},
            {"X-Forwarded-Scheme": "https"},
            {"X-Forwarded-Proto": "https"},
        ],
    )
    def it_is_true_if_a_proxy_says_so(self, headers):
        assert websocket.is_secure_request(request(headers)) is True

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            None,
            {"https": "off"},
            {"x-forwarded-ssl": "off"},
            {"x-forwarded-scheme": "http"},
            {"x-forwarded-proto": "http"},
            {"x-forwarded-proto": "on"},
        ],
    )
    def it_is_false_if_nothing_says_so(self, headers):
        assert websocket.is_secure_request(request(headers)) is False

    @pytest.mark.parametrize("authorized", [True, False])
    def it_is_true_if_the_connection_has_looked_for_a_certificate(self, authorized):
        connection = SimpleNamespace(authorized=authorized)
        assert websocket.is_secure_request(request({}, connection=connection)) is True

    def it_is_true_if_the_socket_is_secure(self):
        assert websocket.is_secure_request(request({}, socket=SimpleNamespace(secure=True))) is True

    def it_is_true_if_the_socket_is_one_of_the_ssl_module(self):
        class Secured:
            def getpeercert(self):
                return None

        assert websocket.is_secure_request(request({}, socket=Secured())) is True

    def it_is_false_if_the_socket_is_not(self):
        assert (
            websocket.is_secure_request(
                request({}, connection=SimpleNamespace(), socket=SimpleNamespace(secure=False))
            )
            is False
        )

    def it_is_true_for_a_request_that_says_so(self):
        assert websocket.is_secure_request(Request("GET", "/", {}, secure=True)) is True


class DescribeDetermineUrl:
    def it_is_made_of_the_host_and_the_path(self):
        assert Server.determine_url(REQUEST) == "ws://www.example.com/chat"

    def it_keeps_the_port_and_the_query(self):
        headers = {"Host": "www.example.com:8080"}
        assert Server.determine_url(request(headers, url="/chat?room=1")) == (
            "ws://www.example.com:8080/chat?room=1"
        )

    def it_is_secure_for_a_secure_request(self):
        headers = {"Host": "www.example.com", "X-Forwarded-Proto": "https"}
        assert Server.determine_url(request(headers)) == "wss://www.example.com/chat"

    def it_has_no_host_if_the_request_has_none(self):
        assert Server.determine_url(request({})) == "ws:///chat"

    def it_is_the_url_of_the_driver(self):
        assert websocket.http(request(HEADERS)).url == "ws://www.example.com/chat"


class DescribeValidateOptions:
    def it_returns_a_copy(self):
        options = {"color": "red"}
        result = websocket.validate_options(options, ["color", "max_length"])
        assert result == {"color": "red"}
        assert result is not options

    def it_spells_names_as_they_are_spelled_in_the_valid_ones(self):
        assert websocket.validate_options({"maxLength": 4}, ["max_length"]) == {"max_length": 4}
        assert websocket.validate_options({"max_length": 4}, ["maxLength"]) == {"maxLength": 4}

    def it_takes_no_options(self):
        assert websocket.validate_options(None, ["color"]) == {}
        assert websocket.validate_options({}, ["color"]) == {}

    def it_refuses_any_other_name(self):
        with pytest.raises(ConfigurationError) as error:
            websocket.validate_options({"color": "red", "size": 4}, ["color"])
        assert str(error.value) == "Unrecognized option: size"


OPTIONS = {
    "max_length": 4,
    "masking": True,
    "require_masking": False,
    "allow_drafts": True,
    "protocols": ["irc"],
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
class DescribeOptions:
    def it_takes_none(self, make):
        make()
        make(None)
        make({})

    def it_takes_a_mapping(self, make):
        make(OPTIONS)

    def it_takes_keywords(self, make):
        make(**OPTIONS)

    def it_takes_both(self, make):
        make({"max_length": 4, "masking": True}, protocols="irc, xmpp")

    def it_leaves_the_mapping_as_it_is(self, make):
        options = {"protocols": ["irc"], "maxLength": 4}
        make(options)
        assert options == {"protocols": ["irc"], "maxLength": 4}

    def it_takes_an_option_that_is_none_for_one_that_is_not_given(self, make):
        make(dict.fromkeys(OPTIONS))

    @pytest.mark.parametrize("name", ["size", "most", "LONGEST", "color", ""])
    def it_refuses_any_other_option(self, make, name):
        with pytest.raises(ConfigurationError) as error:
            make({name: 4})
        assert str(error.value) == f"Unrecognized option: {name}"
        assert isinstance(error.value, ValueError)

    def it_refuses_any_other_keyword(self, make):
        with pytest.raises(ConfigurationError) as error:
            make(color="red")
        assert str(error.value) == "Unrecognized option: color"

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (
                {"max_length": "4"},
                "Option max_length must be a number of bytes, 0 or more, not '4'",
            ),
            ({"maxLength": -1}, "Option max_length must be a number of bytes, 0 or more, not -1"),
            ({"maxPings": -1}, "Option max_pings must be a number, 0 or more, not -1"),
            (
                {"max_length": 4.5},
                "Option max_length must be a number of bytes, 0 or more, not 4.5",
            ),
            (
                {"protocols": 13},
                "Option protocols must be a list of strings, or one string, not 13",
            ),
            (
                {"protocols": ["irc", None]},
                "Option protocols must be a list of strings, or one string, not ['irc', None]",
            ),
        ],
    )
    def it_refuses_a_value_that_cannot_be(self, make, options, message):
        with pytest.raises(ConfigurationError) as error:
            make(options)
        assert str(error.value) == message

    def it_refuses_what_is_no_mapping(self, make):
        with pytest.raises(TypeError) as error:
            make([("max_length", 4)])
        assert (
            str(error.value)
            == "Options must be a mapping, such as {'protocols': ['chat']}, not list"
        )


class DescribeDefaultsOfOptions(WholeAndBytewise):
    @pytest.fixture
    def options(self):
        return {}

    @pytest.fixture
    def driver(self, options):
        driver = websocket.http(REQUEST, options)
        driver.start()
        return driver

    @pytest.fixture(autouse=True)
    def events(self, driver):
        return record(driver)

    @pytest.fixture(autouse=True)
    def wire(self, driver):
        return driver.io.pipe(Collector())

    class DescribeMaxLength:
        HEAD = b"\x82\xff\x00\x00\x00\x00"

        def it_is_64_mib_less_a_byte(self, feed, events):
            feed(self.HEAD + b"\x03\xff\xff\xff")
            assert events == []

        def it_is_exceeded_by_64_mib(self, feed, events):
            feed(self.HEAD + b"\x04\x00\x00\x00")
            assert events == [
                ("error", "WebSocket frame length too large"),
                ("close", 1009, "WebSocket frame length too large"),
            ]

        class DescribeGiven:
            @pytest.fixture
            def options(self):
                return {"max_length": 4}

            def it_is_as_much_as_may_come(self, feed, events):
                feed(b"\x82\x84" + masked(b"four"))
                assert events == [("message", b"four")]

            def it_is_exceeded_by_a_byte_more(self, feed, events):
                feed(b"\x82\x85" + masked(b"fives"))
                assert events == [
                    ("error", "WebSocket frame length too large"),
                    ("close", 1009, "WebSocket frame length too large"),
                ]

    class DescribeRequireMasking:
        REASON = "Received unmasked frame but masking is required"

        def it_is_on_for_http(self, feed, events):
            feed(b"\x81\x02Hi")
            assert events == [("error", self.REASON), ("close", 1003, self.REASON)]

        class DescribeSwitchedOff:
            @pytest.fixture
            def options(self):
                return {"require_masking": False}

            def it_lets_unmasked_frames_through(self, feed, events):
                feed(b"\x81\x02Hi")
                assert events == [("message", "Hi")]

    class DescribeMasking:
        def it_is_off_for_http(self, driver, wire):
            driver.text("Hi")
            assert wire.bytes == b"\x81\x02Hi"

        class DescribeSwitchedOn:
            @pytest.fixture
            def options(self):
                return {"masking": True}

            def it_masks_what_is_sent(self, driver, wire):
                driver.text("Hi")
                frame = wire.bytes
                assert frame[:2] == b"\x81\x82"
                assert frame[2:] == masked(b"Hi", frame[2:6])

    class DescribeProtocols:
        @pytest.mark.parametrize("protocols", [["irc", "xmpp"], ("irc", "xmpp"), "irc, xmpp"])
        def it_is_a_list_or_one_string(self, protocols):
            asked = {**HEADERS, "Sec-WebSocket-Protocol": "foo, xmpp"}
            driver = websocket.http(request(asked), protocols=protocols)
            assert driver.protocol == "xmpp"

    class DescribeAllowDrafts:
        def it_is_on(self):
            assert websocket.http(request(DRAFT)).version == "hixie-75"

        def it_can_be_switched_off(self):
            driver = websocket.http(request(DRAFT), allow_drafts=False)
            assert driver.version == "hybi-13"


class DescribeRequests:
    def it_may_have_any_mapping_of_headers(self):
        class Multi:
            """Like the mappings of many HTTP servers: a name may come more than once."""

            def items(self):
                yield from HEADERS.items()
                yield "Sec-WebSocket-Protocol", "foo"
                yield "sec-websocket-protocol", "irc"

        driver = websocket.http(request(Multi()), protocols=["irc"])
        assert driver.protocol == "irc"
        assert driver.start() is True

    @pytest.mark.parametrize("headers", [{"Host": 4}, {b"Host": b"a.b"}, {4: "a"}])
    def it_may_not_have_headers_that_are_no_text(self, headers):
        with pytest.raises(TypeError, match=r"^Request headers must be text: "):
            websocket.http(request(headers))

    def it_may_not_have_headers_that_are_no_mapping(self):
        with pytest.raises(TypeError) as error:
            websocket.http(request([("Host", "a.b")]))
        assert str(error.value) == "Request headers must be a mapping, not list"

    @pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\0b"])
    @pytest.mark.parametrize(
        "draft", [{}, {"Sec-WebSocket-Version": "13"}, {"Sec-WebSocket-Key1": "1 2"}]
    )
    def it_is_refused_if_a_header_has_a_line_break(self, draft, value):
        headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Origin": value, **draft}
        driver = websocket.http(request(headers))
        wire = driver.io.pipe(Collector())
        assert driver.start() is False
        assert wire.chunks == [
            b"HTTP/1.1 400 Bad Request\r\n"
            b"Content-Type: text/plain\r\n"
            b"Content-Length: 35\r\n"
            b"\r\n"
            b"Invalid character in request header"
        ]


class DescribeBase:
    """The base class implements no protocol: these are the methods that a subclass inherits."""

    @pytest.fixture
    def driver(self):
        return Base(REQUEST, URL)

    def it_starts_in_the_connecting_state(self, driver):
        assert driver.ready_state == 0
        assert driver.get_state() == "connecting"
        assert driver.url == URL
        assert driver.version is None
        assert driver.protocol is None

    @pytest.mark.parametrize(
        ("ready_state", "state"),
        [(-1, None), (0, "connecting"), (1, "open"), (2, "closing"), (3, "closed")],
    )
    def it_names_its_state(self, driver, ready_state, state):
        driver.ready_state = ready_state
        assert driver.get_state() == state

    def it_knows_no_extensions_and_no_frames(self, driver):
        assert driver.add_extension(object()) is False
        assert driver.frame("Hi") is False
        assert driver.text("Hi") is False
        assert driver.binary(b"Hi") is False
        assert driver.ping("Hi") is False
        assert driver.pong("Hi") is False

    def it_takes_headers_until_it_starts(self):
        driver = websocket.http(REQUEST)
        assert driver.set_header("X-Color", "red") is True
        assert driver.set_header("X-Color", "blue") is False
        driver.start()
        assert driver.set_header("X-Size", "1") is False

    @pytest.mark.parametrize("starts", [False, True], ids=["new", "started"])
    @pytest.mark.parametrize("make", [lambda: websocket.http(REQUEST), websocket.server])
    def it_sends_no_header_without_a_value(self, make, starts):
        driver = make()
        if starts:
            driver.start()
        assert driver.set_header("X-Color", None) is False
        with pytest.raises(websocket.ConfigurationError):
            driver.set_header("X Color", None)

    def it_forwards_messages_errors_and_the_end_to_its_stream(self):
        driver = websocket.http(REQUEST, require_masking=False)
        driver.start()
        messages = record(driver.messages, "data", "error", "end")
        driver.parse(b"\x81\x02Hi\x83\x00")
        assert messages == [("data", "Hi"), ("error", "Unrecognized frame opcode: 3"), ("end",)]
        assert driver.messages.readable is False
        assert driver.messages.writable is False

    def it_takes_the_limit_of_its_class_if_it_is_given_none(self, monkeypatch):
        monkeypatch.setattr(Base, "MAX_LENGTH", 1)
        driver = websocket.http(REQUEST, require_masking=False)
        driver.start()
        events = record(driver)
        driver.parse(b"\x81\x01H\x81\x02Hi")
        reason = "WebSocket frame length too large"
        assert events == [("message", "H"), ("error", reason), ("close", 1009, reason)]

    def it_discards_input_once_its_wire_has_ended(self):
        driver = websocket.http(REQUEST, require_masking=False)
        driver.start()
        events = record(driver)
        messages = record(driver.messages, "data", "end")
        driver.io.end()
        driver.parse(b"\x81\x02Hi\x83\x00")
        assert (events, messages) == ([], [("end",)])
        assert driver.get_state() == "open"

    def it_gives_a_message_to_its_stream_first(self):
        driver = websocket.http(REQUEST, require_masking=False)
        driver.start()
        events = record(driver, "message")
        driver.messages.on("data", lambda data: events.append(("data", data)))
        driver.messages.on("data", lambda data: events.append(("again", data)))
        driver.parse(b"\x81\x02Hi")
        assert events == [("data", "Hi"), ("again", "Hi"), ("message", "Hi")]

    def it_writes_nothing_to_a_wire_that_is_not_readable(self):
        driver = websocket.http(REQUEST)
        wire = driver.io.pipe(Collector())
        driver.io.readable = False
        assert driver.start() is True
        assert driver.text("Hi") is True
        assert wire.chunks == []

    def it_has_events_that_are_values(self):
        assert Base.MessageEvent("Hi") == websocket.MessageEvent("Hi")
        assert Base.CloseEvent(1000, "").code == 1000
        assert repr(Base.PingEvent("Hi", b"Hi")) == "PingEvent(data='Hi', payload=b'Hi')"
        assert Base.PongEvent("Hi", b"Hi").data == "Hi"
        assert Base.OpenEvent() == websocket.OpenEvent()
        assert Base.ConnectEvent() == websocket.ConnectEvent()


class DescribeListeners:
    """`on` works as a call and as a decorator."""

    @pytest.fixture
    def driver(self):
        return Base(REQUEST, URL)

    def it_takes_a_function(self, driver):
        seen: list[Any] = []
        driver.on("open", seen.append)
        driver.emit("open", Base.OpenEvent())
        assert seen == [Base.OpenEvent()]

    def it_decorates_a_function(self, driver):
        seen = []

        @driver.on("open")
        def see(event):
            seen.append(event)

        driver.emit("open", Base.OpenEvent())
        assert seen == [Base.OpenEvent()]

    def it_takes_them_off_again(self, driver):
        seen: list[Any] = []
        listener = driver.on("open", seen.append)
        driver.remove_listener("open", listener)
        driver.remove_listener("open", listener)
        driver.emit("open", Base.OpenEvent())
        assert seen == []
