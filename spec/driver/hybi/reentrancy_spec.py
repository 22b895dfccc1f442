"""Listeners that raise, close, parse, send, come and go while they are called: the functions in C
and those in Python do the same, whatever happens in between."""

from __future__ import annotations

import gc
import sys
import zlib
from contextlib import contextmanager
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import websocket_driver as websocket
from spec.allocations import cpython_only, least_growth
from websocket_driver import permessage_deflate
from websocket_driver.driver import hybi
from websocket_driver.driver.hybi import Hybi, codec, delivery, receiver
from websocket_driver.emitter import EventEmitter, emit_in_python

HEADERS = {
    "Host": "example.com",
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Extensions": "permessage-deflate",
}
KEY = b"\x01\x02\x03\x04"

ACTIONS = [
    "nothing",
    "raise",
    "close",
    "parse",
    "parse half",
    "send",
    "remove",
    "remove all",
    "add",
    "once",
    "drop",
    "end",
    "pause",
    "fail",
]
PLACES = ["message", "data", "wire", "ping", "error", "close"]


@contextmanager
def in_python():
    """The Python versions of all functions that are compiled."""
    with (
        mock.patch.object(EventEmitter, "emit", emit_in_python),
        mock.patch.object(Hybi, "binary", hybi.binary_in_python),
        mock.patch.object(Hybi, "frame", hybi.frame_in_python),
        mock.patch.object(Hybi, "text", hybi.text_in_python),
        mock.patch.object(hybi, "deliver", delivery.deliver_in_python),
        mock.patch.object(hybi, "make_frame", codec.make_frame_in_python),
        mock.patch.object(receiver, "missing", codec.missing_in_python),
        mock.patch.object(receiver, "take_fragments", codec.take_fragments_in_python),
        mock.patch.object(receiver, "take_messages", codec.take_messages_in_python),
    ):
        yield


def frame(first, payload):
    assert len(payload) < 126
    masked = bytes(byte ^ KEY[i % 4] for i, byte in enumerate(payload))
    return bytes((first, 0x80 | len(payload))) + KEY + masked


class Conversation:
    """A driver, and listeners that take the next action of a list each time."""

    def __init__(self, script, deflates, streams):
        self.log = []
        self.script = {place: list(actions) for place, actions in script.items()}
        self.codec = zlib.compressobj(wbits=-15)
        self.deflates = deflates
        self.more = 0

        driver = websocket.http(websocket.Request("GET", "/", HEADERS), max_length=1000)
        if deflates:
            driver.add_extension(permessage_deflate)
        driver.start()
        # The only reference, but for those of the calls that are running.
        self.holder = [driver]
        driver.on("message", self.listener("message"))
        driver.on("ping", self.listener("ping"))
        driver.on("error", self.listener("error"))
        driver.on("close", self.listener("close"))
        driver.io.on("data", self.listener("wire"))
        if streams:
            driver.messages.on("data", self.listener("data"))

    def listener(self, place):
        def listener(event):
            self.log.append((place, str(event)))
            actions = self.script.get(place)
            if actions:
                self.act(actions.pop(0), place, listener)

        return listener

    def act(self, action, place, listener):
        self.log.append(action)
        if action == "raise":
            raise RuntimeError(f"{place} {len(self.log)}")
        if not self.holder:
            return
        # Interned, because CPython's cache of methods keeps each name that it is asked for.
        method = getattr(self, sys.intern(action.replace(" ", "_")))
        method(self.holder[0], place, listener)

    def emitter(self, driver, place):
        return {"data": driver.messages, "wire": driver.io}.get(place, driver)

    def event(self, place):
        return "data" if place in ("data", "wire") else place

    def nothing(self, driver, place, listener):
        pass

    def close(self, driver, place, listener):
        self.log.append(driver.close())

    def parse(self, driver, place, listener):
        self.more += 1
        driver.parse(self.message(f"more {self.more}") + frame(0x89, b"?"))

    def parse_half(self, driver, place, listener):
        self.more += 1
        driver.parse(self.message(f"half {self.more}")[:-2])

    def send(self, driver, place, listener):
        self.log.append(driver.text("sent"))

    def remove(self, driver, place, listener):
        self.emitter(driver, place).remove_listener(self.event(place), listener)

    def remove_all(self, driver, place, listener):
        self.emitter(driver, place).remove_all_listeners(self.event(place))

    def add(self, driver, place, listener):
        self.emitter(driver, place).on(self.event(place), lambda event: self.log.append("added"))

    def once(self, driver, place, listener):
        self.emitter(driver, place).once(self.event(place), lambda: self.log.append("once"))

    def drop(self, driver, place, listener):
        del driver
        self.holder.clear()
        gc.collect(0)

    def end(self, driver, place, listener):
        driver.io.end()

    def pause(self, driver, place, listener):
        driver.io.pause()

    def fail(self, driver, place, listener):
        driver.parse(frame(0x83, b""))

    def message(self, text):
        data = text.encode()
        if not self.deflates:
            return frame(0x81, data)
        data = self.codec.compress(data) + self.codec.flush(zlib.Z_SYNC_FLUSH)
        return frame(0xC1, data[:-4])

    def write(self, chunk):
        try:
            self.log.append(self.holder[0].io.write(chunk))
        except RuntimeError as raised:
            error: BaseException = raised
            chain = [str(error)]
            while error.__context__ is not None and len(chain) < 20:
                error = error.__context__
                chain.append(str(error))
            self.log.append(chain)


def run(script, deflates, streams, chunks):
    conversation = Conversation(script, deflates, streams)
    for kinds in chunks:
        if not conversation.holder:
            break
        data = b""
        for i, kind in enumerate(kinds):
            if kind == "message":
                data += conversation.message(f"message {i}")
            elif kind == "ping":
                data += frame(0x89, b"ping")
            elif kind == "fragments":
                data += frame(0x01, b"frag") + frame(0x00, b"") + frame(0x80, b"ments")
            elif kind == "wrong":
                data += frame(0x81, b"\xff")
            else:
                data += conversation.message("two halves")[: -int(kind)]
        conversation.write(data)
    return conversation.log


chunk = st.lists(
    st.sampled_from(["message", "message", "message", "ping", "fragments", "3", "wrong"]),
    min_size=1,
    max_size=5,
)
scripts = st.dictionaries(
    st.sampled_from(PLACES), st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=6), max_size=4
)


class DescribeReentrancy:
    @settings(deadline=None)
    @given(scripts, st.booleans(), st.booleans(), st.lists(chunk, min_size=1, max_size=4))
    def it_is_the_same_in_c_and_in_python(self, script, deflates, streams, chunks):
        compiled = run(script, deflates, streams, chunks)
        with in_python():
            assert run(script, deflates, streams, chunks) == compiled

    @pytest.mark.parametrize("deflates", [False, True])
    @pytest.mark.parametrize("action", ACTIONS)
    @pytest.mark.parametrize("place", PLACES)
    def it_is_the_same_for_each_action_in_each_place(self, place, action, deflates):
        script = {place: ["nothing", action, action, "nothing", action]}
        chunks = [["message"] * 4, ["message", "ping", "message"], ["message", "3"], ["message"]]
        chunks += [["ping", "fragments", "wrong"], ["message"]]
        compiled = run(script, deflates, True, chunks)
        assert compiled[0][0] in ("data", "message")
        with in_python():
            assert run(script, deflates, True, chunks) == compiled

    def it_lets_the_driver_go_when_the_last_call_has_ended(self):
        for _ in range(3):
            run({"message": ["drop"]}, False, False, [["message", "message", "message"]])
        gc.collect()
        before = sum(isinstance(found, Hybi) for found in gc.get_objects())
        for _ in range(10):
            run({"message": ["drop"]}, False, False, [["message", "message", "message"]])
        gc.collect()
        assert sum(isinstance(found, Hybi) for found in gc.get_objects()) <= before

    @cpython_only
    @pytest.mark.parametrize("deflates", [False, True])
    @pytest.mark.parametrize("action", ACTIONS)
    def it_leaves_nothing_in_memory(self, action, deflates):
        script = {place: ["nothing", action, action, "nothing", action] for place in PLACES}
        chunks = [["message"] * 4, ["message", "ping", "3"], ["message"], ["fragments", "wrong"]]

        assert least_growth(lambda: run(script, deflates, True, chunks), 40) < 20
