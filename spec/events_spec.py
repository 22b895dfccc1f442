"""Events and errors, which programs keep, compare, log and send to other processes."""

import copy
import pickle

import pytest

from websocket_driver import (
    CloseEvent,
    ConfigurationError,
    ConnectEvent,
    MessageEvent,
    OpenEvent,
    PingEvent,
    PongEvent,
    ProtocolError,
)
from websocket_driver.domain import InvalidHost
from websocket_driver.extensions import ExtensionError
from websocket_driver.http_parser import HttpError
from websocket_driver.permessage_deflate.session import DeflateError, TooLargeError

EVENTS = [
    ConnectEvent(),
    OpenEvent(),
    MessageEvent("Hi"),
    MessageEvent(b"\xff"),
    PingEvent("Hi", b"Hi"),
    PongEvent("\ufffd", b"\xff"),
    CloseEvent(1000, "bye"),
    CloseEvent(None, None),
]

ERRORS = [
    ProtocolError("no"),
    ConfigurationError("no"),
    HttpError("no"),
    HttpError("no", "431 Too Large", {"Sec-WebSocket-Version": "13"}),
    ExtensionError("x: no"),
    ExtensionError("no", "too_large", verbatim=True),
    ExtensionError("no", 4000),
    DeflateError("no"),
    DeflateError("no", "too_large"),
    TooLargeError(),
    InvalidHost(),
    InvalidHost("it is too long"),
]

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


class DescribeEvents:
    @pytest.mark.parametrize("event", EVENTS, ids=repr)
    def it_is_the_same_when_it_is_copied(self, event):
        for copied in (copy.copy(event), copy.deepcopy(event)):
            assert copied == event
            assert type(copied) is type(event)

    @pytest.mark.parametrize("protocol", PROTOCOLS)
    @pytest.mark.parametrize("event", EVENTS, ids=repr)
    def it_is_the_same_when_it_is_pickled(self, event, protocol):
        assert pickle.loads(pickle.dumps(event, protocol)) == event

    @pytest.mark.parametrize("event", EVENTS, ids=repr)
    def it_has_no_dictionary(self, event):
        assert not hasattr(event, "__dict__")

    def it_differs_from_others(self):
        for i, event in enumerate(EVENTS):
            assert [other == event for other in EVENTS] == [j == i for j in range(len(EVENTS))]

    def it_is_shown_with_its_values(self):
        assert repr(MessageEvent("Hi")) == "MessageEvent(data='Hi')"
        assert repr(PongEvent("\ufffd", b"\xff")) == "PongEvent(data='\ufffd', payload=b'\\xff')"
        assert repr(CloseEvent(1000, "bye")) == "CloseEvent(code=1000, reason='bye')"

    def it_is_shown_without_the_control_characters_of_a_peer(self):
        text = "\x1b[2J\u202e\u2028"
        for event in (MessageEvent(text), PingEvent(text), CloseEvent(1000, text)):
            assert repr(event).isprintable()

    @pytest.mark.parametrize("kind", [PingEvent, PongEvent])
    def it_has_the_bytes_of_a_ping_that_is_made_of_text(self, kind):
        event = kind("\u00fc")
        assert (event.data, event.payload) == ("\u00fc", b"\xc3\xbc")


class DescribeErrors:
    @pytest.mark.parametrize("error", ERRORS, ids=repr)
    @pytest.mark.parametrize(
        "duplicate",
        [
            copy.copy,
            copy.deepcopy,
            *(lambda error, p=p: pickle.loads(pickle.dumps(error, p)) for p in PROTOCOLS),
        ],
    )
    def it_has_its_text_and_fields_when_it_is_duplicated(self, error, duplicate):
        result = duplicate(error)
        assert type(result) is type(error)
        assert (result.args, vars(result)) == (error.args, vars(error))
        assert str(result) == str(error)

    def it_keeps_headers_of_its_own(self):
        headers = {"A": "b"}
        error = HttpError("no", headers=headers)
        headers["A"] = "c"
        assert error.headers == {"A": "b"}
