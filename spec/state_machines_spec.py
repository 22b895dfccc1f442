"""Random conversations between two drivers, and random input for one.

Hypothesis generates the steps. With `EXAMPLES=10000` in the environment it generates as many, new
ones each time; without it, the same few.
"""

import os
import weakref
import zlib
from functools import partial
from itertools import cycle

from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from fuzz.drivers import HEARD, ROLES, buffered, check_order, frame, make, request_in, start
from spec.allocations import IS_CPYTHON
from spec.ends import End, Holding, make_client, make_server

EXAMPLES = int(os.environ.get("EXAMPLES", 0))

CONTROL_LIMIT = 125

DEFLATE = st.fixed_dictionaries(
    {},
    optional={
        "level": st.integers(-1, 9),
        "mem_level": st.integers(1, 9),
        "strategy": st.integers(zlib.Z_DEFAULT_STRATEGY, zlib.Z_FIXED),
        "no_context_takeover": st.booleans(),
        "max_window_bits": st.integers(8, 15),
        "request_no_context_takeover": st.booleans(),
        "request_max_window_bits": st.integers(8, 15),
    },
)
MAX_LENGTHS = st.none() | st.sampled_from([1, 60, 125, 126, 1000, 65536])

TEXTS = st.text(max_size=40) | st.builds(
    lambda text, times: text * times, st.text(min_size=1, max_size=3), st.integers(1, 1000)
)
BYTES = st.binary(max_size=40) | st.builds(
    lambda data, times: data * times, st.binary(min_size=1, max_size=40), st.integers(1, 1700)
)
CONTROLS = st.binary(max_size=CONTROL_LIMIT) | st.text(max_size=30) | st.just("number 0")
CODES = st.sampled_from([None, 1, 999, 1000, 1001, 1005, 1011, 2999, 3000, 4999, 5000, 65535])
SENT_CODES = st.sampled_from([None, 1000, 1001, 1011, 1012, 3000, 4999])
SIDES = st.sampled_from(["client", "server"])
SIZES = st.lists(st.integers(1, 200), min_size=1, max_size=5) | st.just([1])
EQUAL_CUTS = st.integers(30, 130).map(lambda size: [size, 2 * size, 3 * size])
FORMS = st.sampled_from([bytes, bytearray, list, lambda data: memoryview(bytes(data))])


def run(machine, examples, steps):
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES or examples,
            stateful_step_count=steps,
            derandomize=not EXAMPLES,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


class Conversation(RuleBasedStateMachine):
    """A client and a server: each receives everything that the other sends."""

    @initialize(
        kind=st.sampled_from(["server", "http"]),
        deflate=st.none() | st.tuples(DEFLATE, DEFLATE),
        holding=st.booleans(),
        client_length=MAX_LENGTHS,
        server_length=MAX_LENGTHS,
        at_once=st.sampled_from([True, True, False]),
        how=st.sampled_from(["not yet", "open", "open", "raising", "sending"]),
        perils=st.sampled_from([(), (), ("close",), ("close",), ("lose",), ("close", "lose")]),
    )
    def connect(self, kind, deflate, holding, client_length, server_length, at_once, how, perils):
        client_deflate, server_deflate = deflate or (None, None)
        self.deflates = deflate is not None
        self.holds = holding

        hold = Holding() if holding else None
        self.client = End(make_client(client_deflate, hold, client_length), hold)
        request = None
        if kind == "http":
            self.client.driver.start()
            request = request_in(bytes(self.client.wire))
            self.client.wire.clear()

        hold = Holding() if holding else None
        self.server = End(make_server(server_deflate, hold, server_length, request), hold)
        if kind == "server" and at_once:
            self.server.reactions["connect"] = self.server.driver.start

        self.ends = {"client": self.client, "server": self.server}
        self.client.other, self.server.other = self.server, self.client
        self.perils = perils

        if how in ("raising", "sending"):
            for side in self.ends:
                self.send(side, "method", "queued")
                self.react(side, "open", "raise" if how == "raising" else "send")
        if how != "not yet":
            self.start("client")
            self.read_all("server", bytes)
            self.start("server")
            self.read_all("client", bytes)

    @rule(side=SIDES)
    def start(self, side):
        self.ends[side].do(self.ends[side].driver.start)

    @rule(side=SIDES, how=st.sampled_from(["method", "frame", "stream"]), data=TEXTS | BYTES)
    def send(self, side, how, data):
        self.ends[side].do(self.ends[side].send, how, data)

    @rule(
        side=SIDES,
        how=st.sampled_from(["method", "frame"]),
        kind=st.sampled_from(["ping", "pong"]),
        data=CONTROLS,
    )
    def control(self, side, how, kind, data):
        # A frame overtakes a close frame that waits for messages that an extension holds.
        assume(self.ends[side].driver.ready_state != 2 or not self.holds)
        self.ends[side].do(self.ends[side].control, how, kind, data)

    @rule(side=SIDES)
    def ping(self, side):
        self.ends[side].do(self.ends[side].ping)

    @precondition(lambda self: "close" in self.perils)
    @rule(side=SIDES, reason=st.text(max_size=30), code=SENT_CODES)
    def close(self, side, reason, code):
        self.ends[side].do(self.ends[side].close, reason, code)

    @rule(side=SIDES, stream=st.sampled_from(["io", "messages"]))
    def pause(self, side, stream):
        self.ends[side].pause(stream)

    @rule(side=SIDES, stream=st.sampled_from(["io", "messages"]))
    def resume(self, side, stream):
        self.ends[side].resume(stream)

    @rule(
        side=SIDES,
        event=st.sampled_from(["message", "message", "ping", "pong", "open", "error", "close"]),
        action=st.sampled_from(["raise", "raise", "send", "ping", "close", "lose"]),
    )
    def react(self, side, event, action):
        """The next `event` has a listener that does something."""
        end = self.ends[side]

        def reaction():
            # Earlier actions come first, and have not been done yet.
            if action == "raise" or end.is_choosing:
                end.boom()
            elif action == "ping":
                end.ping()
            elif action == "close" and "close" in self.perils:
                end.close("reaction", 1001)
            elif action == "lose" and "lose" in self.perils:
                end.end()
            else:
                end.send("method", "reaction")

        end.reactions[event] = reaction

    @rule(side=SIDES, size=st.integers(1, 2000), form=FORMS)
    def read(self, side, size, form):
        self.ends[side].read(self.ends[side].other, size, form)

    @rule(side=SIDES, form=FORMS)
    def read_all(self, side, form):
        self.ends[side].read(self.ends[side].other, None, form)

    @rule(side=SIDES, index=st.integers(0, 10))
    def release(self, side, index):
        self.ends[side].release(index)

    @precondition(lambda self: "lose" in self.perils)
    @rule(side=SIDES)
    def lose_one_way(self, side):
        self.ends[side].end()

    @precondition(lambda self: "lose" in self.perils)
    @rule(lost=st.integers(0, 2000))
    def lose_connection(self, lost):
        for end in self.ends.values():
            del end.wire[-lost:]
            end.end()

    @invariant()
    def nothing_is_out_of_order(self):
        for end in self.ends.values():
            check_order(end.log)
            assert end.states == sorted(end.states)
            assert end.ends == bool(end.events("close") or not end.driver.io.writable)
            end.check_drains()

    @invariant()
    def no_message_is_reordered_or_invented(self):
        for end in self.ends.values():
            heard = end.events(*HEARD)
            # Pings are heard when messages no more are, or not yet.
            kinds = [[kind] for kind in HEARD] if self.holds or end.said_close else [HEARD]
            for names in kinds:
                there = [entry for entry in heard if entry[0] in names]
                due = [entry for entry in end.other.sent if entry[0] in names]
                assert there == due[: len(there)]

            messages = [data for _, data in end.events("message")]
            assert end.data == messages[: len(end.data)]
            assert end.lost or end.data == messages
            assert all(length(data) <= end.max_length for data in messages)
            assert self.holds or not end.said_close or len(messages) == end.deaf_from
            # A pong settles the ping that it answers and all before it (RFC 6455 5.5.3).
            assert end.answered == end.pinged[: len(end.answered)]

    @invariant()
    def nothing_is_kept_that_need_not_be(self):
        for end in self.ends.values():
            unread, message = buffered(end.driver)
            assert message <= end.max_length
            if end.driver.ready_state > 0:
                assert unread <= max(end.max_length, CONTROL_LIMIT)
            if end.driver.ready_state == 3:
                assert unread == 0

    def teardown(self):
        if not hasattr(self, "ends"):
            return
        ends = self.ends.values()
        for end in ends:
            end.reactions.clear()

        busy = True
        while busy:
            before = [len(end.log) for end in ends]
            for end in ends:
                end.read(end.other, None, bytes)
                end.release()
            held = [end for end in ends if end.holding and end.holding.held]
            busy = bool(held) or before != [len(end.log) for end in ends]

        self.nothing_is_out_of_order()
        self.no_message_is_reordered_or_invented()
        self.nothing_is_kept_that_need_not_be()

        for end in ends:
            self.check_what_was_heard(end)
        if all(end.events("open") and not end.lost and not end.events("error") for end in ends):
            self.check_how_it_ended()

    def check_what_was_heard(self, end):
        sent = [data for kind, data in end.other.sent if kind == "message"]
        for _, text in end.events("error"):
            assert text == "WebSocket frame length too large"
            assert any(self.may_be_too_large(data, end) for data in sent)

        opened = end.events("open") and end.other.events("open")
        if not opened or end.lost or end.said_close:
            return
        if any(length(data) > end.max_length for data in sent):
            # The peer's close frame ends it, whatever is wrong with a message that is held.
            assert end.events("error") or (self.holds and end.events("close"))
        elif not end.events("error"):
            names = ["message"] if self.holds else HEARD
            due = [entry for entry in end.other.sent if entry[0] in names]
            assert end.events(*names) == due
            if not end.other.said_close and not end.other.lost and not end.other.events("error"):
                assert end.other.unanswered or end.answered == end.pinged

    def may_be_too_large(self, data, end):
        # Data that does not compress grows, and the frame is checked first.
        return length(data) + (12 + length(data) // 20 if self.deflates else 0) > end.max_length

    def check_how_it_ended(self):
        said = [end for end in self.ends.values() if end.closed_with]
        for end in self.ends.values():
            if not said:
                assert end.events("close") == []
                continue
            closer = end.other if end.other in said else end
            assert closer.closed_with
            code, reason = closer.closed_with
            assert end.events("close") == [("close", code or 1000, reason)]


def length(data):
    return len(data.encode() if isinstance(data, str) else data)


class Input(RuleBasedStateMachine):
    """A driver and possible input: the result does not depend on how the input is cut."""

    @initialize(
        role=st.sampled_from(ROLES),
        deflate=st.none() | st.booleans(),
        max_length=MAX_LENGTHS,
        masked=st.booleans(),
    )
    def begin(self, role, deflate, max_length, masked):
        self.masked, self.deflated = masked, deflate is not None
        self.max_length = 2**26 - 1 if max_length is None else max_length
        self.make = partial(make, role, deflate, max_length, masked)
        self.driver, head = self.make()
        self.log = start(self.driver)
        self.states = [self.driver.ready_state]
        self.input = []
        self.put(head, [1, 100, 7, 1000])

    def put(self, data, sizes):
        """Passes `data` to the driver in chunks of these sizes, repeatedly."""
        self.input.append(data)
        position = 0
        for size in cycle(sizes):
            self.driver.parse(data[position : position + size])
            self.check_memory()
            position += size
            if position >= len(data):
                break
        self.states.append(self.driver.ready_state)

    def frame(self, first, payload, sizes, length_bytes=0, key=b"\xa1\x5c\x00\xf7"):
        self.put(frame(first, payload, key if self.masked else None, length_bytes), sizes)

    @rule(data=TEXTS | BYTES, binary=st.booleans(), sizes=SIZES)
    def message(self, data, binary, sizes):
        payload = data.encode() if isinstance(data, str) else data
        self.frame(0x82 if binary else 0x81, payload, sizes)

    @rule(
        text=TEXTS,
        cuts=st.lists(st.integers(0, 60), max_size=5) | EQUAL_CUTS,
        ping=st.booleans(),
        sizes=SIZES,
    )
    def fragments(self, text, cuts, ping, sizes):
        cuts = sorted(cuts)
        pieces = [text.encode()[a:b] for a, b in zip([0, *cuts], [*cuts, None], strict=True)]
        for number, piece in enumerate(pieces):
            final = 0x80 if number == len(cuts) else 0
            self.frame(final | (0x00 if number else 0x01), piece, sizes)
            if ping and not final:
                self.frame(0x89, b"between", sizes)

    @precondition(lambda self: self.deflated)
    @rule(data=BYTES, flush=st.sampled_from([zlib.Z_SYNC_FLUSH, zlib.Z_FINISH]), sizes=SIZES)
    def deflated_message(self, data, flush, sizes):
        deflate = zlib.compressobj(wbits=-9)
        payload = deflate.compress(data) + deflate.flush(flush)
        self.frame(0xC2, payload.removesuffix(b"\x00\x00\xff\xff"), sizes)

    @rule(kind=st.sampled_from([0x89, 0x8A]), data=st.binary(max_size=126), sizes=SIZES)
    def control(self, kind, data, sizes):
        self.frame(kind, data, sizes)

    @rule(code=CODES, reason=st.binary(max_size=124), sizes=SIZES)
    def close(self, code, reason, sizes):
        self.frame(0x88, code.to_bytes(2, "big") + reason if code else reason[:1], sizes)

    @rule(
        first=st.integers(0, 255),
        payload=BYTES,
        length_bytes=st.sampled_from([0, 0, 2, 8]),
        key=st.none() | st.binary(min_size=4, max_size=4),
        sizes=SIZES,
    )
    def any_frame(self, first, payload, length_bytes, key, sizes):
        self.put(frame(first, payload, key, length_bytes), sizes)

    @rule(first=st.integers(0, 255), length=st.integers(0, 2**64 - 1), sizes=SIZES)
    def long_frame(self, first, length, sizes):
        self.put(bytes([first, 0xFF]) + length.to_bytes(8, "big"), sizes)

    @rule(text=BYTES, sizes=SIZES)
    def hixie_frame(self, text, sizes):
        self.put(b"\x00" + text + b"\xff", sizes)

    @rule(data=st.binary(max_size=30), sizes=SIZES)
    def garbage(self, data, sizes):
        self.put(data, sizes)

    @invariant()
    def events_are_in_order(self):
        check_order(self.log)
        assert self.states == sorted(self.states)

    def check_memory(self):
        unread, message = buffered(self.driver)
        assert unread <= max(self.max_length, CONTROL_LIMIT)
        assert message <= self.max_length + 1
        assert unread == 0 or self.driver.ready_state < 3

    def teardown(self):
        if not hasattr(self, "driver"):
            return
        driver, _ = self.make()
        log = start(driver)
        driver.parse(b"".join(self.input))
        assert (log, driver.ready_state) == (self.log, self.driver.ready_state)
        driver.io.end()
        reference = weakref.ref(driver)
        del driver
        assert reference() is None or not IS_CPYTHON  # only CPython counts references


class DescribeAClientAndAServer:
    def it_loses_reorders_and_invents_nothing(self):
        run(Conversation, examples=200, steps=50)


class DescribeADriver:
    def it_makes_the_same_of_input_however_it_is_cut(self):
        run(Input, examples=400, steps=15)
