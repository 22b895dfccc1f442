"""Code moved over from Node: every name of its API works in its own spelling too."""

from __future__ import annotations

import zlib
from types import SimpleNamespace
from typing import Any

import pytest

import websocket_driver as websocket
from spec.support import Collector, masked, record
from websocket_driver import ConfigurationError, Request, permessage_deflate
from websocket_driver.driver.base import Base
from websocket_driver.driver.client import Client
from websocket_driver.driver.draft75 import Draft75
from websocket_driver.driver.draft76 import Draft76
from websocket_driver.driver.hybi import Hybi
from websocket_driver.driver.proxy import Proxy
from websocket_driver.driver.server import Server
from websocket_driver.extensions import Extensions, Offers, Parser
from websocket_driver.permessage_deflate import ClientSession, PermessageDeflate, ServerSession
from websocket_driver.streams import IO, Messages

URL = "ws://www.example.com/chat"
REQUEST = Request(
    "GET",
    "/chat",
    {
        "Host": "www.example.com",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": "JFBCWHksyIpXV+6Wlq/9pw==",
        "Sec-WebSocket-Version": "13",
    },
)
HEAD = (
    b"GET /chat HTTP/1.1\r\nHost: www.example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
)
HANDSHAKE_REQUEST = (
    HEAD + b"Sec-WebSocket-Key: JFBCWHksyIpXV+6Wlq/9pw==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)

# How to make an object of each class.
MAKERS = {
    Base: lambda cls: cls(REQUEST, URL),
    Hybi: lambda cls: cls(REQUEST, URL),
    Draft75: lambda cls: cls(REQUEST, URL),
    Draft76: lambda cls: cls(REQUEST, URL),
    Client: lambda cls: cls(URL),
    Server: lambda cls: cls(),
    Proxy: lambda cls: cls(Client(URL), "http://proxy.example.com"),
    IO: lambda cls: cls(Base(REQUEST, URL)),
    Messages: lambda cls: cls(Base(REQUEST, URL)),
    Extensions: lambda cls: cls(),
    Offers: lambda cls: cls(),
    Parser: lambda cls: cls(),
    PermessageDeflate: lambda cls: cls(),
    ClientSession: lambda cls: cls({}),
    ServerSession: lambda cls: cls({}, {}),
}

DRIVERS = [Base, Hybi, Client, Server, Draft75, Draft76]
EMITTERS = [*DRIVERS, Proxy, IO, Messages]
SESSIONS = [ClientSession, ServerSession]

METHODS = [
    *[
        (cls, name, name_in_python)
        for cls in EMITTERS
        for name, name_in_python in [
            ("addListener", "add_listener"),
            ("removeListener", "remove_listener"),
            ("off", "off"),
            ("removeAllListeners", "remove_all_listeners"),
            ("listenerCount", "listener_count"),
            ("eventNames", "event_names"),
        ]
    ],
    *[
        (cls, name, name_in_python)
        for cls in DRIVERS
        for name, name_in_python in [
            ("addExtension", "add_extension"),
            ("setHeader", "set_header"),
            ("getState", "get_state"),
            ("isWebSocket", "is_websocket"),
            ("validateOptions", "validate_options"),
        ]
    ],
    (Server, "isSecureRequest", "is_secure_request"),
    (Server, "determineUrl", "determine_url"),
    (Hybi, "generateAccept", "generate_accept"),
    (Hybi, "mask", "mask"),
    (Client, "generateAccept", "generate_accept"),
    (Client, "generateKey", "generate_key"),
    (Client, "mask", "mask"),
    (Proxy, "setHeader", "set_header"),
    (Proxy, "parseUrl", "parse_url"),
    (Proxy, "urlAuthorization", "url_authorization"),
    (Extensions, "validateOptions", "validate_options"),
    (Extensions, "generateOffer", "generate_offer"),
    (Extensions, "activate", "activate"),
    (Extensions, "generateResponse", "generate_response"),
    (Extensions, "validFrameRsv", "valid_frame_rsv"),
    (Extensions, "processIncomingMessage", "process_incoming_message"),
    (Extensions, "processOutgoingMessage", "process_outgoing_message"),
    (Extensions, "close", "close"),
    (Parser, "parseHeader", "parse_header"),
    (Parser, "serializeParams", "serialize_params"),
    (Offers, "eachOffer", "each_offer"),
    (Offers, "byName", "by_name"),
    (Offers, "toArray", "to_array"),
    (PermessageDeflate, "configure", "configure"),
    (PermessageDeflate, "createClientSession", "create_client_session"),
    (PermessageDeflate, "createServerSession", "create_server_session"),
    (ClientSession, "generateOffer", "generate_offer"),
    (ClientSession, "activate", "activate"),
    (ServerSession, "generateResponse", "generate_response"),
    *[
        (cls, name, name_in_python)
        for cls in SESSIONS
        for name, name_in_python in [
            ("validParams", "valid_params"),
            ("processIncomingMessage", "process_incoming_message"),
            ("processOutgoingMessage", "process_outgoing_message"),
            ("close", "close"),
        ]
    ],
]

ATTRIBUTES = [
    *[(cls, "readyState", "ready_state") for cls in DRIVERS],
    (Client, "statusCode", "status_code"),
    (Proxy, "statusCode", "status_code"),
]

STATIC = [
    *[(cls, "isWebSocket", "is_websocket") for cls in DRIVERS],
    *[(cls, "validateOptions", "validate_options") for cls in DRIVERS],
    (Server, "isSecureRequest", "is_secure_request"),
    (Server, "determineUrl", "determine_url"),
    (Hybi, "generateAccept", "generate_accept"),
    (Hybi, "mask", "mask"),
    (Client, "generateAccept", "generate_accept"),
    (Client, "generateKey", "generate_key"),
    (Client, "mask", "mask"),
    (Proxy, "parseUrl", "parse_url"),
    (Proxy, "urlAuthorization", "url_authorization"),
    (Extensions, "validateOptions", "validate_options"),
    (Parser, "parseHeader", "parse_header"),
    (Parser, "serializeParams", "serialize_params"),
    *[(cls, "validParams", "valid_params") for cls in SESSIONS],
]


def named(rows):
    return [pytest.param(*row, id=f"{row[0].__name__}.{row[1]}") for row in rows]


def make(cls, original=None):
    return MAKERS[original or cls](cls)


class DescribeMethods:
    @pytest.mark.parametrize(("cls", "node", "python"), named(METHODS))
    def it_is_one_method_with_two_names(self, cls, node, python):
        target = make(cls)
        assert callable(getattr(target, node))
        assert getattr(target, node) == getattr(target, python)

    @pytest.mark.parametrize(("cls", "node", "python"), named(METHODS))
    def it_follows_an_override_in_a_subclass(self, cls, node, python):
        def override(self, *arguments, **more):
            return "mine", arguments

        mine: Any = type("Mine", (cls,), {python: override})
        target = mine.__new__(mine)
        assert getattr(target, node)("a", 1) == ("mine", ("a", 1))

        # and in a subclass of that
        yours: Any = type("Yours", (mine,), {python: lambda self: "yours"})
        assert getattr(yours.__new__(yours), node)() == "yours"

    @pytest.mark.parametrize(("cls", "node", "python"), named(STATIC))
    def it_works_on_the_class_if_it_does_there(self, cls, node, python):
        assert getattr(cls, node) is getattr(cls, python)

        mine = type("Mine", (cls,), {python: staticmethod(lambda: "mine")})
        assert getattr(mine, node)() == "mine"

    @pytest.mark.parametrize(
        ("node", "python"),
        [
            ("isWebSocket", "is_websocket"),
            ("isSecureRequest", "is_secure_request"),
            ("validateOptions", "validate_options"),
        ],
    )
    def it_is_one_function_of_the_package_with_two_names(self, node, python):
        assert getattr(websocket, node) is getattr(websocket, python)

    @pytest.mark.parametrize(
        ("node", "python"),
        [
            ("createClientSession", "create_client_session"),
            ("createServerSession", "create_server_session"),
        ],
    )
    def it_is_one_function_of_permessage_deflate_with_two_names(self, node, python):
        assert getattr(permessage_deflate, node) == getattr(permessage_deflate, python)

    def it_can_be_replaced_on_an_object(self):
        driver = make(Hybi)
        driver.setHeader = lambda name, value: "mine"
        assert driver.set_header("X-Color", "red") == "mine"
        assert driver.setHeader("X-Color", "red") == "mine"
        del driver.setHeader
        assert driver.set_header("X-Color", "red") is True


class DescribeAttributes:
    @pytest.mark.parametrize(("cls", "node", "python"), named(ATTRIBUTES))
    def it_is_one_attribute_with_two_names(self, cls, node, python):
        target = make(cls)
        assert getattr(target, node) == getattr(target, python)

        setattr(target, node, 2)
        assert getattr(target, python) == 2

        setattr(target, python, 3)
        assert getattr(target, node) == 3

    @pytest.mark.parametrize(("cls", "node", "python"), named(ATTRIBUTES))
    def it_follows_an_override_in_a_subclass(self, cls, node, python):
        overridden = property(lambda self: "mine", lambda self, value: None)
        mine = type("Mine", (cls,), {python: overridden})
        assert getattr(make(mine, cls), node) == "mine"

    def it_is_the_state_of_the_driver_that_a_server_has_chosen(self):
        driver: Any = websocket.server()
        assert driver.readyState == 0
        driver.parse(HANDSHAKE_REQUEST)
        driver.start()
        assert driver.readyState == 1
        driver.close()
        assert driver.readyState == 2

    def it_is_the_status_of_the_response(self):
        driver = websocket.client(URL)
        driver.start()
        driver.parse(b"HTTP/1.1 404 Not Found\r\n\r\n")
        assert driver.statusCode == 404

        proxy = websocket.client(URL).proxy("http://proxy.example.com")
        proxy.start()
        proxy.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
        assert proxy.statusCode == 407


class DescribeEmitters:
    @pytest.mark.parametrize("cls", EMITTERS)
    def it_is_used_as_in_node(self, cls):
        target = make(cls)
        target.removeAllListeners()
        assert target.eventNames() == set()

        seen: list[Any] = []
        target.addListener("open", seen.append)
        target.addListener("message", seen.append)
        assert target.listenerCount("open") == 1
        assert target.listenerCount("close") == 0
        assert target.eventNames() == {"open", "message"}

        target.emit("open", 1)
        target.off("open", seen.append)
        target.emit("open", 2)
        target.emit("message", 3)
        target.removeAllListeners("message")
        target.emit("message", 4)
        assert seen == [1, 3]
        assert target.listenerCount("message") == 0
        assert target.eventNames() == set()


class DescribeOptionsOfDrivers:
    @pytest.mark.parametrize(
        "options",
        [
            {"maxLength": 4},
            {"max_length": 4},
            {"requireMasking": True},
            {"require_masking": True},
            {"allowDrafts": False},
            {"allow_drafts": False},
            {"protocols": ["irc"]},
            {"masking": False},
        ],
        ids=lambda options: next(iter(options)),
    )
    def it_is_taken_in_either_spelling_by_all(self, options):
        for maker in (
            lambda *given, **more: websocket.client(URL, *given, **more),
            lambda *given, **more: websocket.http(REQUEST, *given, **more),
            websocket.server,
            lambda *given, **more: Base(REQUEST, URL, *given, **more),
            lambda *given, **more: Client(URL, *given, **more),
            lambda *given, **more: Hybi(REQUEST, URL, *given, **more),
            lambda *given, **more: Draft75(REQUEST, URL, *given, **more),
            lambda *given, **more: Draft76(REQUEST, URL, *given, **more),
            Server,
        ):
            maker(options)
            maker(**options)

    @pytest.fixture(
        params=["http", "server", "http, keywords", "server, keywords"],
    )
    def start(self, request):
        """Makes a driver of a server with the given options, and starts it."""

        def start(options, head=HANDSHAKE_REQUEST):
            driver: Any
            name, _, keywords = request.param.partition(", ")
            given, more = (None, options) if keywords else (options, {})
            if name == "server":
                driver = websocket.server(given, **more)
                driver.parse(head)
            else:
                reader: Any = websocket.server()
                reader.parse(head)
                driver = websocket.http(reader, given, **more)
            events = record(driver)
            driver.start()
            return driver, events

        return start

    @pytest.mark.parametrize("name", ["maxLength", "max_length"])
    def it_limits_the_length(self, start, name):
        driver, events = start({name: 4})
        driver.parse(b"\x81\x85" + masked(b"Hello"))
        assert events == [
            ("open",),
            ("error", "WebSocket frame length too large"),
            ("close", 1009, "WebSocket frame length too large"),
        ]

    @pytest.mark.parametrize("name", ["requireMasking", "require_masking"])
    def it_does_not_lose_to_the_default(self, start, name):
        driver, events = start({name: False})
        driver.parse(b"\x81\x05Hello")
        assert events == [("open",), ("message", "Hello")]

    @pytest.mark.parametrize("name", ["allowDrafts", "allow_drafts"])
    def it_switches_drafts_off(self, start, name):
        driver, _ = start({name: False}, HEAD + b"\r\n")
        assert driver.version == "hybi-13"

        driver, _ = start({name: True}, HEAD + b"\r\n")
        assert driver.version == "hixie-75"

    def it_is_shown_as_given_if_it_is_unknown(self):
        wrong: Any = {"speedLimit": 4}
        with pytest.raises(ConfigurationError) as error:
            websocket.server(wrong)
        assert str(error.value) == "Unrecognized option: speedLimit"


class DescribeOptionsOfPermessageDeflate:
    NODE: Any = (
        ("noContextTakeover", True),
        ("maxWindowBits", 10),
        ("requestNoContextTakeover", True),
        ("requestMaxWindowBits", 9),
    )
    PYTHON: Any = (
        ("no_context_takeover", True),
        ("max_window_bits", 10),
        ("request_no_context_takeover", True),
        ("request_max_window_bits", 9),
    )

    @pytest.mark.parametrize("options", [NODE, PYTHON], ids=["node", "python"])
    def it_is_what_a_client_offers(self, options):
        options = dict(options)
        for extension in (
            permessage_deflate.configure(options),
            permessage_deflate.configure(**options),
        ):
            assert extension.createClientSession({}).generateOffer() == {
                "client_no_context_takeover": True,
                "client_max_window_bits": 10,
                "server_no_context_takeover": True,
                "server_max_window_bits": 9,
            }

    @pytest.mark.parametrize("options", [NODE, PYTHON], ids=["node", "python"])
    def it_is_what_a_server_answers(self, options):
        extension: Any = permessage_deflate.configure(**dict(options))
        offer = {"server_max_window_bits": 12, "client_max_window_bits": True}
        assert extension.createServerSession([offer], {}).generateResponse() == {
            "server_no_context_takeover": True,
            "client_no_context_takeover": True,
            "server_max_window_bits": 10,
            "client_max_window_bits": 9,
        }

    @pytest.mark.parametrize("name", ["memLevel", "mem_level"])
    def it_is_what_zlib_is_given(self, name):
        seen = []

        def compressobj(**options):
            seen.append(options)
            return zlib.compressobj(**options)

        module = SimpleNamespace(compressobj=compressobj, decompressobj=zlib.decompressobj)
        options: Any = {name: 3, "zlib": module}
        session: Any = permessage_deflate.configure(options).createClientSession({})
        message = SimpleNamespace(data=b"Hi", rsv1=False)
        session.processOutgoingMessage(message, lambda error, message: None)
        assert seen[0]["memLevel"] == 3

    @pytest.mark.parametrize("name", ["maxLength", "max_length"])
    def it_is_the_limit_of_a_session(self, name):
        answers: list[Any] = []
        sessions: Any
        offered = permessage_deflate.createClientSession({name: 4})
        answered = permessage_deflate.createServerSession([{}], {name: 4})
        sessions = (offered, answered)
        for session in sessions:
            # the example of RFC 7692 7.2.3.1: "Hello"
            message = SimpleNamespace(data=b"\xf2\x48\xcd\xc9\xc9\x07\x00", rsv1=True)
            session.processIncomingMessage(message, lambda *answer: answers.append(answer))
        assert [(error and error.type, message) for error, message in answers] == [
            ("too_large", None),
            ("too_large", None),
        ]


class NodeSession:
    """A session as it would be in Node: it turns the case of messages around."""

    def __init__(self, log):
        self.log = log

    def generateOffer(self):
        return {"turn": True}

    def activate(self, params):
        self.log.append(params)
        return True

    def generateResponse(self):
        return {"turn": True}

    def processIncomingMessage(self, message, callback):
        message.data = message.data.swapcase()
        callback(None, message)

    def processOutgoingMessage(self, message, callback):
        message.data = message.data.swapcase()
        callback(None, message)

    def close(self):
        self.log.append("closed")


class NodeExtension:
    """An extension that has its methods under their Node names only."""

    name = "x-turn"
    type = "permessage"
    rsv1 = rsv2 = rsv3 = False

    def __init__(self):
        self.log = []

    def createClientSession(self, options):
        self.log.append(options["max_length"])
        return NodeSession(self.log)

    def createServerSession(self, offers, options):
        self.log += [offers, options["max_length"]]
        return NodeSession(self.log)


class DescribeExtensionsInNodeSpelling:
    @pytest.fixture
    def extension(self):
        return NodeExtension()

    def it_works_on_a_server(self, extension):
        driver = Hybi(
            Request("GET", "/", {**REQUEST.headers, "Sec-WebSocket-Extensions": "x-turn; turn"}),
            URL,
            maxLength=50,
        )
        driver.addExtension(extension)
        events = record(driver)
        wire = driver.io.pipe(Collector())
        driver.start()
        assert b"\r\nSec-WebSocket-Extensions: x-turn; turn\r\n" in wire.bytes

        wire.clear()
        driver.parse(b"\x81\x05Hello")
        driver.text("Goodbye")
        driver.close()
        driver.parse(b"\x88\x02\x03\xe8")
        assert events == [("open",), ("message", "hELLO"), ("close", 1000, "")]
        assert wire.chunks == [b"\x81\x07gOODBYE", b"\x88\x02\x03\xe8"]
        assert extension.log == [[{"turn": True}], 50, "closed"]

    def it_works_on_a_client(self, extension, monkeypatch):
        monkeypatch.setattr(Client, "generateKey", lambda: "2vBVWg4Qyk3ZoM/5d3QD9Q==")
        driver = Client(URL, maxLength=50)
        driver.addExtension(extension)
        events = record(driver)
        wire = driver.io.pipe(Collector())
        driver.start()
        assert b"\r\nSec-WebSocket-Extensions: x-turn; turn\r\n" in wire.bytes

        driver.parse(
            b"HTTP/1.1 101 Switching Protocols\r\n"
            b"Upgrade: websocket\r\n"
            b"Connection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: QV3I5XUXU2CdhtjixE7QCkCcMZM=\r\n"
            b"Sec-WebSocket-Extensions: x-turn; turn\r\n"
            b"\r\n"
            b"\x81\x05Hello"
        )
        assert events == [("open",), ("message", "hELLO")]
        assert extension.log == [50, {"turn": True}]


class DescribeGenerateKey:
    """Tests put their own there, in either spelling, on the class itself or in a subclass."""

    KEY = "2vBVWg4Qyk3ZoM/5d3QD9Q=="
    LINE = b"\r\nSec-WebSocket-Key: 2vBVWg4Qyk3ZoM/5d3QD9Q==\r\n"

    @staticmethod
    def handshake(driver):
        wire = driver.io.pipe(Collector())
        driver.start()
        return wire.bytes

    @pytest.mark.parametrize("name", ["generate_key", "generateKey"])
    @pytest.mark.parametrize("wrap", [staticmethod, lambda function: function])
    def it_can_be_replaced_on_the_class(self, monkeypatch, name, wrap):
        monkeypatch.setattr(Client, name, wrap(lambda: self.KEY))
        assert self.LINE in self.handshake(websocket.client(URL))

        monkeypatch.undo()
        assert self.LINE not in self.handshake(websocket.client(URL))

    @pytest.mark.parametrize("name", ["generate_key", "generateKey"])
    def it_can_be_replaced_in_a_subclass(self, name):
        mine = type("Mine", (Client,), {name: staticmethod(lambda: self.KEY)})
        assert self.LINE in self.handshake(mine(URL))
        assert self.LINE not in self.handshake(Client(URL))

    @pytest.mark.parametrize("name", ["generate_key", "generateKey"])
    def it_is_new_each_time(self, name):
        first, second = getattr(Client, name)(), getattr(Client, name)()
        assert len(first) == len(second) == 24
        assert first != second
