"""Messages through the real zlib, for which the original has no examples."""

import math
import random
import weakref
import zlib
from itertools import pairwise
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import websocket_driver as websocket
from spec.allocations import allocations
from spec.doubles import Results, ZlibDouble, message
from spec.support import Collector, masked, record
from websocket_driver import ConfigurationError, Request, permessage_deflate
from websocket_driver.extensions import Extensions
from websocket_driver.permessage_deflate.session import DeflateError

# RFC 7692 7.2.3
HELLO = bytes.fromhex("f2 48 cd c9 c9 07 00")
HELLO_AGAIN = bytes.fromhex("f2 00 11 00 00")
HELLO_STORED = bytes.fromhex("00 05 00 fa ff 48 65 6c 6c 6f 00")
HELLO_IN_A_FINAL_BLOCK = bytes.fromhex("f3 48 cd c9 c9 07 00 00")
HELLO_IN_TWO_BLOCKS = bytes.fromhex("f2 48 05 00 00 00 ff ff ca c9 c9 07 00")
EMPTY = bytes.fromhex("00")

TAIL = bytes.fromhex("00 00 ff ff")

NOISE = random.Random(7692).randbytes(40_000)


def negotiate(client_options=None, server_options=None, max_length=None):
    """The sessions of a client and a server that have agreed."""
    client = permessage_deflate.configure(client_options).create_client_session(
        {"max_length": max_length} if max_length else None
    )
    server = permessage_deflate.configure(server_options).create_server_session(
        [client.generate_offer()], {"max_length": max_length} if max_length else None
    )
    assert server is not None
    assert client.activate(server.generate_response()) is True
    return client, server


def deflate(session, data):
    """The payload on the wire for a message."""
    results, sent = Results(), message(data)
    session.process_outgoing_message(sent, results)
    assert results.calls == [(None, sent)]
    assert sent.rsv1 is True
    return sent.data


def inflate(session, data):
    """The message that came over the wire as `data`."""
    results, received = Results(), message(data, rsv1=True)
    session.process_incoming_message(received, results)
    assert results.calls == [(None, received)]
    return received.data


def failure(session, data):
    """The error of an incoming message with the payload `data`."""
    results = Results()
    session.process_incoming_message(message(data, rsv1=True), results)
    [(error, received)] = results.calls
    assert received is None
    return error.message, error.type


def server(extensions="permessage-deflate", extension=permessage_deflate, **options):
    """An open driver, and its events from then on."""
    request = Request(
        "GET",
        "/",
        {
            "Host": "example.com",
            "Connection": "upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Extensions": extensions,
        },
    )
    driver = websocket.http(request, **options)
    driver.add_extension(extension)
    driver.start()
    return driver, record(driver)


def drivers(client_options=None, server_options=None, extensions=None):
    """A client and a server that have shaken hands."""
    client = websocket.client("ws://example.com/")
    server = websocket.server()
    if extensions is None:
        client.add_extension(permessage_deflate.configure(client_options))
        server.add_extension(permessage_deflate.configure(server_options))
    for extension in extensions or []:
        client.add_extension(extension)
        server.add_extension(extension)

    to_client, to_server = Collector(), Collector()
    client.io.pipe(to_server)
    server.io.pipe(to_client)
    server.start()
    client.start()
    server.parse(to_server.bytes)
    client.parse(to_client.bytes)
    assert (client.get_state(), server.get_state()) == ("open", "open")
    return client, server


def frame(first, payload):
    """A masked frame that begins with the byte `first`."""
    if len(payload) < 126:
        return bytes([first, 0x80 | len(payload)]) + masked(payload)
    return bytes([first, 0xFE]) + len(payload).to_bytes(2, "big") + masked(payload)


class DescribeSession:
    class DescribeTheExamplesOfTheRfc:
        def it_deflates_as_they_do(self):
            client, _ = negotiate()
            assert deflate(client, b"Hello") == HELLO
            assert deflate(client, b"Hello") == HELLO_AGAIN

        def it_deflates_without_context_takeover_as_they_do(self):
            client, _ = negotiate({"no_context_takeover": True})
            assert deflate(client, b"Hello") == HELLO
            assert deflate(client, b"Hello") == HELLO

        @pytest.mark.parametrize(
            "data", [HELLO, HELLO_STORED, HELLO_IN_A_FINAL_BLOCK, HELLO_IN_TWO_BLOCKS]
        )
        def it_inflates_them(self, data):
            _, server = negotiate()
            assert inflate(server, data) == b"Hello"
            assert inflate(server, HELLO) == b"Hello"

        def it_inflates_what_refers_to_the_message_before(self):
            _, server = negotiate()
            assert inflate(server, HELLO) == b"Hello"
            assert inflate(server, HELLO_AGAIN) == b"Hello"

        def it_inflates_an_empty_message(self):
            _, server = negotiate()
            assert inflate(server, EMPTY) == b""

    class DescribeEmptyMessages:
        @pytest.mark.parametrize("options", [{}, {"no_context_takeover": True}])
        def it_deflates_them_too_however_many(self, options):
            client, server = negotiate(options)
            wire = [deflate(client, data) for data in (b"", b"", b"Hello", b"", b"", b"Hello")]

            assert [wire[i] for i in (0, 1, 3, 4)] == [EMPTY] * 4
            assert [inflate(server, data) for data in wire] == [
                b"",
                b"",
                b"Hello",
                b"",
                b"",
                b"Hello",
            ]

    class DescribeMessagesThatAreNotDeflated:
        def it_leaves_them_alone(self):
            _, server = negotiate()
            results, plain = Results(), message(HELLO)
            server.process_incoming_message(plain, results)
            assert results.calls == [(None, message(HELLO))]
            assert results.messages[0] is plain

        def it_takes_them_between_deflated_ones(self):
            client, server = negotiate()
            assert inflate(server, deflate(client, b"Hello")) == b"Hello"
            server.process_incoming_message(message(b"plain"), Results())
            assert inflate(server, deflate(client, b"Hello")) == b"Hello"

    class DescribeRoundTrips:
        bits = st.none() | st.integers(8, 15)
        options = st.fixed_dictionaries(
            {},
            optional={
                "level": st.integers(-1, 9),
                "mem_level": st.integers(1, 9),
                "strategy": st.integers(0, 4),
                "no_context_takeover": st.booleans(),
                "max_window_bits": bits,
                "request_no_context_takeover": st.booleans(),
            },
        )
        messages = st.lists(
            st.binary(max_size=200)
            | st.builds(lambda unit, n: unit * n, st.binary(max_size=9), st.integers(0, 900)),
            max_size=8,
        )

        @settings(deadline=None)
        @given(options, options, messages, messages)
        def it_keeps_every_message_in_both_directions(
            self, client_options, server_options, outgoing, incoming
        ):
            client, server = negotiate(client_options, server_options)
            assert [inflate(server, deflate(client, data)) for data in outgoing] == outgoing
            assert [inflate(client, deflate(server, data)) for data in incoming] == incoming

        @settings(deadline=None)
        @given(options, options, messages, messages, st.data())
        def it_keeps_every_message_through_drivers_however_the_wire_is_cut(
            self, client_options, server_options, outgoing, incoming, data
        ):
            client, server = drivers(client_options, server_options)
            for sender, receiver, messages in [
                (client, server, outgoing),
                (server, client, incoming),
            ]:
                wire, events = Collector(), record(receiver)
                sender.io.pipe(wire)
                for item in messages:
                    sender.binary(item)

                stream = wire.bytes
                cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=20))
                for start, end in pairwise(sorted({0, *cuts, len(stream)})):
                    receiver.parse(stream[start:end])
                assert events == [("message", item) for item in messages]

    class DescribeContextTakeover:
        REPEATED = NOISE[:200]

        def lengths(self, session):
            return [len(deflate(session, self.REPEATED)) for _ in range(3)]

        def it_is_kept_in_both_directions_unless_agreed_otherwise(self):
            client, server = negotiate()
            first, *more = self.lengths(client)
            assert first > 200
            assert max(more) < 20
            first, *more = self.lengths(server)
            assert first > 200
            assert max(more) < 20

        @pytest.mark.parametrize(
            ("client_options", "server_options"),
            [({"no_context_takeover": True}, {}), ({}, {"request_no_context_takeover": True})],
        )
        def it_is_dropped_from_client_to_server(self, client_options, server_options):
            client, server = negotiate(client_options, server_options)
            wire = [deflate(client, self.REPEATED) for _ in range(3)]
            assert wire == [wire[0]] * 3
            # Each is compressed independently.
            assert inflate(server, wire[2]) == self.REPEATED
            assert max(self.lengths(server)[1:]) < 20

        @pytest.mark.parametrize(
            ("client_options", "server_options"),
            [({"request_no_context_takeover": True}, {}), ({}, {"no_context_takeover": True})],
        )
        def it_is_dropped_from_server_to_client(self, client_options, server_options):
            client, server = negotiate(client_options, server_options)
            wire = [deflate(server, self.REPEATED) for _ in range(3)]
            assert wire == [wire[0]] * 3
            assert inflate(client, wire[2]) == self.REPEATED
            assert max(self.lengths(client)[1:]) < 20

        def it_is_dropped_on_the_receiving_side_too(self):
            _, server = negotiate({"no_context_takeover": True})
            assert inflate(server, HELLO) == b"Hello"
            assert failure(server, HELLO_AGAIN) == ("invalid distance too far back", None)

    class DescribeTheAgreedWindow:
        def repeats_seen(self, session, distance):
            """True if a message repeats data from `distance` bytes before in few bytes."""
            unit = NOISE[:distance]
            return len(deflate(session, unit + unit)) < distance * 3 // 2

        @pytest.mark.parametrize("bits", [9, 10, 11, 12, 13, 14])
        @pytest.mark.parametrize("asking", ["client", "server"])
        def it_is_used_from_client_to_server(self, bits, asking):
            options: Any = ({"max_window_bits": bits}, {})
            if asking == "server":
                options = ({}, {"request_max_window_bits": bits})

            # zlib looks back as far as its window, less the longest match and a bit.
            assert self.repeats_seen(negotiate(*options)[0], 2**bits - 262) is True
            assert self.repeats_seen(negotiate(*options)[0], 2**bits + 1) is False

        @pytest.mark.parametrize("bits", [9, 10, 11, 12, 13, 14])
        def it_is_used_from_server_to_client(self, bits):
            options: Any = ({"request_max_window_bits": bits}, {})
            assert self.repeats_seen(negotiate(*options)[1], 2**bits - 262) is True
            assert self.repeats_seen(negotiate(*options)[1], 2**bits + 1) is False

        def it_is_the_smallest_that_zlib_has_if_8_bits_are_agreed(self):
            options = {"max_window_bits": 8, "request_max_window_bits": 8}
            assert self.repeats_seen(negotiate(options)[0], 2**9 - 262) is True
            assert self.repeats_seen(negotiate(options)[0], 2**9 + 1) is False

            client, server = negotiate(options)
            data = NOISE[:3000] * 2
            assert inflate(server, deflate(client, data)) == data
            assert inflate(client, deflate(server, data)) == data

        def it_is_all_that_is_kept_of_the_messages_before(self):
            _, server = negotiate({"max_window_bits": 9})
            wide = zlib.compressobj(wbits=-15)
            first, second = (
                wide.compress(NOISE[:600]) + wide.flush(zlib.Z_SYNC_FLUSH) for _ in range(2)
            )
            assert inflate(server, first[:-4]) == NOISE[:600]
            assert failure(server, second[:-4]) == ("invalid distance too far back", None)

    class DescribeMaxLength:
        def wire(self, data):
            return deflate(negotiate()[0], data)

        @pytest.mark.parametrize("limit", [1, 5, 1000, 70_000])
        def it_takes_a_message_of_just_that_length(self, limit):
            _, server = negotiate(max_length=limit)
            assert inflate(server, self.wire(b"x" * limit)) == b"x" * limit
            assert inflate(server, self.wire(NOISE[:limit])) == NOISE[:limit]

        @pytest.mark.parametrize("limit", [1, 5, 1000, 39_999])
        def it_refuses_a_message_of_one_byte_more(self, limit):
            for data in (b"x" * (limit + 1), NOISE[: limit + 1]):
                _, server = negotiate(max_length=limit)
                assert failure(server, self.wire(data)) == (
                    "WebSocket frame length too large",
                    "too_large",
                )

        @pytest.mark.parametrize("takeover", [True, False])
        def it_is_a_limit_for_each_message(self, takeover):
            client, server = negotiate({"no_context_takeover": not takeover}, max_length=1000)
            for i in range(5):
                data = NOISE[i * 1000 : (i + 1) * 1000]
                assert inflate(server, deflate(client, data)) == data

        def it_takes_a_message_of_just_that_length_in_a_final_block(self):
            _, server = negotiate(max_length=5)
            for _ in range(3):
                assert inflate(server, HELLO_IN_A_FINAL_BLOCK) == b"Hello"
                assert inflate(server, HELLO) == b"Hello"
                assert inflate(server, HELLO_AGAIN) == b"Hello"

        def it_refuses_a_message_of_one_byte_more_in_a_final_block(self):
            _, server = negotiate(max_length=4)
            assert failure(server, HELLO_IN_A_FINAL_BLOCK) == (
                "WebSocket frame length too large",
                "too_large",
            )

        def it_is_not_reached_by_empty_blocks(self):
            _, server = negotiate(max_length=5)
            data = HELLO + (TAIL + b"\x00") * 1000
            assert inflate(server, data) == b"Hello"
            assert inflate(server, HELLO_AGAIN) == b"Hello"

        def it_costs_no_more_than_that_to_refuse_a_zip_bomb(self):
            bomb = zlib.compressobj(9, wbits=-15)
            wire = b"".join(bomb.compress(bytes(1_000_000)) for _ in range(100)) + bomb.flush()
            assert len(wire) < 100_000
            _, server = negotiate(max_length=10_000)

            with allocations() as memory:
                result = failure(server, wire)
                assert memory.peak() < 1_000_000
            assert result == ("WebSocket frame length too large", "too_large")

    class DescribeAMessageThatEndsInAFinalBlock:
        @pytest.mark.parametrize("options", [{}, {"no_context_takeover": True}])
        @pytest.mark.parametrize("max_length", [None, 5, 100])
        def it_is_whole_and_so_are_those_after_it(self, options, max_length):
            _, server = negotiate(options, max_length=max_length)
            for _ in range(3):
                assert inflate(server, HELLO_IN_A_FINAL_BLOCK) == b"Hello"
            assert inflate(server, HELLO) == b"Hello"
            assert inflate(server, HELLO_IN_TWO_BLOCKS) == b"Hello"
            assert inflate(server, HELLO_STORED) == b"Hello"

        @pytest.mark.parametrize("max_length", [None, 1000])
        def it_may_be_referred_to_by_the_one_after_it(self, max_length):
            # The sliding window is that of the connection (7.1.1), not of the DEFLATE stream.
            _, server = negotiate(max_length=max_length)
            assert inflate(server, HELLO_IN_A_FINAL_BLOCK) == b"Hello"
            assert inflate(server, HELLO_AGAIN) == b"Hello"
            assert inflate(server, HELLO_IN_A_FINAL_BLOCK) == b"Hello"
            assert inflate(server, HELLO_AGAIN) == b"Hello"

        def it_leaves_all_messages_before_it_to_refer_to(self):
            _, server = negotiate()
            sender = zlib.compressobj(wbits=-15)
            for i in range(4):
                part = NOISE[i * 5000 : (i + 1) * 5000]
                wire = sender.compress(part) + sender.flush(zlib.Z_SYNC_FLUSH)
                assert inflate(server, wire[:-4]) == part
            assert inflate(server, EMPTY) == b""
            assert inflate(server, HELLO_IN_A_FINAL_BLOCK) == b"Hello"

            # Data from 20,005 bytes before, to which a sender that kept its window may refer.
            again = zlib.compressobj(wbits=-15, zdict=NOISE[:20_000] + b"Hello")
            wire = again.compress(NOISE[:20_000]) + again.flush(zlib.Z_SYNC_FLUSH)
            assert len(wire) < 1000
            assert inflate(server, wire[:-4]) == NOISE[:20_000]

        def it_may_not_be_referred_to_without_context_takeover(self):
            _, server = negotiate({"no_context_takeover": True})
            assert inflate(server, HELLO_IN_A_FINAL_BLOCK) == b"Hello"
            assert failure(server, HELLO_AGAIN) == ("invalid distance too far back", None)

    class DescribeTheMemoryOfTheWindow:
        @pytest.mark.parametrize(
            ("first", "wire"),
            [
                pytest.param(b"Hello", EMPTY, id="empty messages"),
                pytest.param(b"x" * 100_000, HELLO, id="short messages"),
            ],
        )
        def it_does_not_grow_with_the_number_of_messages(self, first, wire):
            client, server = negotiate()
            inflate(server, deflate(client, first))
            received = message(wire, rsv1=True)

            def receive(count):
                for _ in range(count):
                    received.data = wire
                    server.process_incoming_message(received, lambda error, message: None)

            with allocations() as memory:
                receive(40_000)
                before = memory.now()
                receive(40_000)
                assert memory.now() - before < 50_000

    class DescribeBadData:
        @pytest.mark.parametrize(
            ("data", "words"),
            [
                ("ff ff ff", "invalid block type"),
                ("00 05 00 00 00", "invalid stored block lengths"),
                ("4b 0c 00 ff 00 ff", "invalid distance code"),
                ("f2 00 11 00 00", "invalid distance too far back"),
                ("fd ff ff", "too many length or distance symbols"),
            ],
        )
        def it_is_an_error_in_the_words_of_zlib(self, data, words):
            for max_length in (None, 1000):
                _, server = negotiate(max_length=max_length)
                assert failure(server, bytes.fromhex(data)) == (words, None)

        @pytest.mark.parametrize(
            ("data", "words"),
            [
                ("ff ff ff", "invalid block type"),
                ("4b 0c 00 ff 00 ff", "invalid distance code"),
            ],
        )
        def it_ends_the_connection(self, data, words):
            driver, events = server()
            wire = Collector()
            driver.io.pipe(wire)
            driver.parse(frame(0xC1, bytes.fromhex(data)))

            text = f"permessage-deflate: {words}"
            assert events == [("error", text), ("close", 1010, text)]
            assert wire.bytes == bytes([0x88, len(text) + 2, 0x03, 0xF2]) + text.encode()
            assert driver.get_state() == "closed"

        def it_is_delivered_as_far_as_it_came_if_it_is_cut_off(self):
            # As in the original. The next message continues the block that was cut off.
            driver, events = server()
            driver.parse(frame(0xC1, bytes.fromhex("f2 48 cd")))
            assert events == [("message", "Heh")]

    class DescribeADriver:
        def it_ends_the_connection_when_a_message_inflates_to_too_much(self):
            driver, events = server(max_length=4)
            wire = Collector()
            driver.io.pipe(wire)
            driver.parse(frame(0xC1, HELLO))

            text = "WebSocket frame length too large"
            assert events == [("error", text), ("close", 1009, text)]
            assert wire.bytes == b"\x88\x22\x03\xf1WebSocket frame length too large"

        def it_takes_a_message_that_inflates_to_just_enough(self):
            driver, events = server(max_length=7)
            driver.parse(frame(0xC1, HELLO) + frame(0xC1, HELLO_AGAIN))
            assert events == [("message", "Hello"), ("message", "Hello")]

        def it_inflates_a_message_in_fragments(self):
            driver, events = server()
            driver.parse(frame(0x41, HELLO[:3]) + frame(0x00, b"") + frame(0x80, HELLO[3:]))
            assert events == [("message", "Hello")]

        def it_takes_rsv1_from_the_first_fragment_only(self):
            driver, events = server()
            driver.parse(frame(0x41, HELLO[:3]) + frame(0xC0, HELLO[3:]))
            text = "One or more reserved bits are on: reserved1 = 1, reserved2 = 0, reserved3 = 0"
            assert events == [("error", text), ("close", 1002, text)]

        def it_takes_messages_that_are_not_deflated(self):
            driver, events = server()
            driver.parse(frame(0x81, b"plain") + frame(0xC1, HELLO) + frame(0x82, b"\xff"))
            assert events == [("message", "plain"), ("message", "Hello"), ("message", b"\xff")]

        def it_checks_the_text_that_a_message_inflates_to(self):
            driver, events = server()
            driver.parse(frame(0xC1, deflate(negotiate()[0], b"\xff")))
            text = "Could not decode a text frame as UTF-8"
            assert events == [("error", text), ("close", 1007, text)]

        def it_deflates_what_it_sends(self):
            driver, _ = server()
            wire = Collector()
            driver.io.pipe(wire)
            driver.text("Hello")
            driver.text("Hello")
            driver.text("")
            driver.ping("Hello")
            assert wire.chunks == [
                b"\xc1\x07" + HELLO,
                b"\xc1\x05" + HELLO_AGAIN,
                b"\xc1\x01\x00",
                b"\x89\x05Hello",
            ]

        @pytest.mark.parametrize(
            ("offer", "response"),
            [
                ("permessage-deflate", "permessage-deflate"),
                (
                    "permessage-deflate; client_max_window_bits; server_max_window_bits=10",
                    "permessage-deflate; server_max_window_bits=10",
                ),
                (
                    'permessage-deflate; server_max_window_bits="10"',
                    "permessage-deflate; server_max_window_bits=10",
                ),
                (
                    "permessage-deflate; server_max_window_bits=10.0",
                    "permessage-deflate; server_max_window_bits=10",
                ),
                (
                    "permessage-deflate; server_max_window_bits=7, permessage-deflate",
                    "permessage-deflate",
                ),
                ("permessage-deflate; server_max_window_bits=7", None),
                ("permessage-deflate; server_max_window_bits=010", None),
                ("x-webkit-deflate-frame", None),
            ],
        )
        def it_answers_an_offer(self, offer, response):
            extensions = Extensions()
            extensions.add(permessage_deflate)
            assert extensions.generate_response(offer) == response

        def it_offers(self):
            extensions = Extensions()
            extensions.add(permessage_deflate.configure(max_window_bits=10))
            assert extensions.generate_offer() == "permessage-deflate; client_max_window_bits=10"

    class DescribeCodecs:
        def it_makes_none_before_it_needs_one(self):
            double = ZlibDouble()
            client, server = negotiate({"zlib": double}, {"zlib": double})
            server.process_incoming_message(message(b"plain"), Results())
            client.close()
            assert double.made == []

        def it_makes_only_the_one_it_needs(self):
            double = ZlibDouble()
            client, server = negotiate({"zlib": double}, {"zlib": double})

            deflate(client, b"Hello")
            assert (len(double.compressors), len(double.decompressors)) == (1, 0)

            inflate(server, HELLO)
            assert (len(double.compressors), len(double.decompressors)) == (1, 1)

        def it_closes_what_can_be_closed(self):
            double = ZlibDouble()
            client, _ = negotiate({"zlib": double})
            deflate(client, b"Hello")
            inflate(client, HELLO)
            client.close()
            assert double.closed == [1, 1]
            client.close()
            assert double.closed == [1, 1]

        def it_survives_what_cannot_be_closed(self):
            double = ZlibDouble()
            double.close_error = RuntimeError("unexpected close()")
            client, _ = negotiate({"zlib": double})
            deflate(client, b"Hello")
            client.close()
            assert double.closed == [1]

        def it_closes_the_real_ones_by_forgetting_them(self):
            client, server = negotiate()
            assert inflate(server, deflate(client, b"Hello")) == b"Hello"
            client.close()
            server.close()
            assert deflate(client, b"Hello") == HELLO
            assert failure(server, HELLO_AGAIN) == ("invalid distance too far back", None)

        def failing(self, **methods):
            """A module of zlib's functions whose objects fail in one method."""

            class Failing(ZlibDouble):
                error = zlib.error

                def _make(self):
                    codec = super()._make()
                    for name, method in methods.items():
                        setattr(codec, name, method)
                    return codec

            return Failing()

        def process(self, double, direction, **options):
            extensions, results = Extensions(), Results()
            extensions.add(permessage_deflate.configure(zlib=double, **options))
            extensions.generate_response("permessage-deflate")
            process = getattr(extensions, f"process_{direction}_message")
            process(message(HELLO, rsv1=direction == "incoming"), results)
            return results

        @pytest.mark.parametrize("takeover", [True, False])
        @pytest.mark.parametrize(
            ("direction", "method"),
            [("incoming", "decompress"), ("outgoing", "compress"), ("outgoing", "flush")],
        )
        def it_reports_the_errors_of_zlib_in_its_words(self, direction, method, takeover):
            error = zlib.error("Error -3 while decompressing data: invalid code: 5")
            double = self.failing(**{method: Mock(side_effect=error)})
            results = self.process(
                double,
                direction,
                no_context_takeover=not takeover,
                request_no_context_takeover=not takeover,
            )
            assert results.errors == ["permessage-deflate: 5"]
            assert results.messages == [None]
            assert double.closed == [0 if takeover else 1]
            cause = results.calls[0][0].__cause__
            assert (type(cause), cause.__traceback__, cause.__context__) == (
                DeflateError,
                None,
                None,
            )

        @pytest.mark.parametrize("takeover", [True, False])
        @pytest.mark.parametrize(
            ("direction", "method"), [("incoming", "decompress"), ("outgoing", "compress")]
        )
        def it_tells_the_peer_nothing_of_other_exceptions(self, direction, method, takeover):
            error = RuntimeError("/etc/secret")
            double = self.failing(**{method: Mock(side_effect=error)})
            results = self.process(
                double,
                direction,
                no_context_takeover=not takeover,
                request_no_context_takeover=not takeover,
            )
            assert results.errors == ["permessage-deflate: The extension failed"]
            assert results.messages == [None]
            assert results.calls[0][0].__cause__ is error
            assert double.closed == [0 if takeover else 1]

        @pytest.mark.parametrize(
            ("direction", "method"), [("incoming", "decompress"), ("outgoing", "compress")]
        )
        def it_calls_back_with_an_error_and_no_message(self, direction, method):
            double = self.failing(**{method: Mock(side_effect=zlib.error("no"))})
            session, results = negotiate({"zlib": double})[0], Results()
            process = getattr(session, f"process_{direction}_message")
            process(message(HELLO, rsv1=direction == "incoming"), results)
            assert (results.errors, results.messages) == (["no"], [None])

        @pytest.mark.parametrize(
            ("direction", "function"), [("incoming", "decompressobj"), ("outgoing", "compressobj")]
        )
        def it_makes_nothing_of_a_codec_that_cannot_be_made(self, direction, function):
            error = MemoryError("no memory")
            double = ZlibDouble()
            setattr(double, function, Mock(side_effect=error))
            results = self.process(double, direction)
            assert results.errors == ["permessage-deflate: The extension failed"]
            assert results.calls[0][0].__cause__ is error

        def it_compresses_and_decompresses_without_a_callback_too(self):
            client, server = negotiate()
            assert client.compress(b"Hello") == HELLO
            assert server.decompress(HELLO) == b"Hello"
            assert server.decompress(client.compress(b"Hello")) == b"Hello"
            with pytest.raises(DeflateError, match=r"^invalid distance too far back$"):
                negotiate()[1].decompress(HELLO_AGAIN)

        def it_does_so_without_context_takeover(self):
            client, server = negotiate({"no_context_takeover": True})
            for _ in range(2):
                assert client.compress(b"Hello") == HELLO
                assert server.decompress(HELLO) == b"Hello"

        def it_does_not_change_bytes_that_are_somebody_elses(self):
            client, _ = negotiate()
            data = bytearray(b"Hello")
            assert deflate(client, data) == HELLO
            assert data == b"Hello"


class DescribePermessageDeflate:
    def it_is_an_extension_as_it_stands(self):
        assert permessage_deflate.name == "permessage-deflate"
        assert permessage_deflate.type == "permessage"
        assert (permessage_deflate.rsv1, permessage_deflate.rsv2, permessage_deflate.rsv3) == (
            True,
            False,
            False,
        )
        Extensions().add(permessage_deflate)

    def it_stays_an_extension_when_it_is_configured(self):
        extension = permessage_deflate.configure(level=9)
        assert extension.name == "permessage-deflate"
        assert extension.type == "permessage"
        assert (extension.rsv1, extension.rsv2, extension.rsv3) == (True, False, False)
        Extensions().add(extension)

    class DescribeConfigure:
        def it_takes_a_mapping_or_keyword_arguments_or_both_in_either_spelling(self):
            for extension in (
                permessage_deflate.configure({"max_window_bits": 9, "no_context_takeover": True}),
                permessage_deflate.configure({"maxWindowBits": 9, "noContextTakeover": True}),
                permessage_deflate.configure(max_window_bits=9, no_context_takeover=True),
                permessage_deflate.configure(maxWindowBits=9, noContextTakeover=True),
                permessage_deflate.configure({"maxWindowBits": 9}, no_context_takeover=True),
            ):
                assert extension.create_client_session().generate_offer() == {
                    "client_no_context_takeover": True,
                    "client_max_window_bits": 9,
                }

        def it_leaves_the_module_as_it_was(self):
            permessage_deflate.configure(max_window_bits=9)
            assert permessage_deflate.create_client_session().generate_offer() == {
                "client_max_window_bits": True
            }

        def it_leaves_the_options_as_they_were(self):
            options: Any = {"maxWindowBits": 9}
            permessage_deflate.configure(options).configure(level=1)
            assert options == {"maxWindowBits": 9}

        def it_can_be_called_again_and_what_was_said_first_stands(self):
            # As in the original.
            extension = permessage_deflate.configure(max_window_bits=9).configure(
                max_window_bits=10, request_max_window_bits=11
            )
            assert extension.create_client_session().generate_offer() == {
                "client_max_window_bits": 9,
                "server_max_window_bits": 11,
            }

        @pytest.mark.parametrize("name", ["windows", "windowBit", "max_length", "LEVEL", ""])
        def it_throws_on_an_unknown_option(self, name):
            wrong: Any = {name: 9}
            with pytest.raises(ConfigurationError) as raised:
                permessage_deflate.configure(wrong)
            assert str(raised.value) == f"Unrecognized option: {name}"

        @pytest.mark.parametrize(
            ("option", "value", "text"),
            [
                ("level", 10, "Option level must be -1 to 9, not 10"),
                ("level", -2, "Option level must be -1 to 9, not -2"),
                ("level", "9", "Option level must be -1 to 9, not '9'"),
                ("mem_level", 0, "Option mem_level must be 1 to 9, not 0"),
                ("memLevel", 10, "Option mem_level must be 1 to 9, not 10"),
                ("strategy", 5, "Option strategy must be 0 to 4, not 5"),
                ("strategy", -1, "Option strategy must be 0 to 4, not -1"),
                ("level", True, "Option level must be -1 to 9, not True"),
                ("mem_level", 8.0, "Option mem_level must be 1 to 9, not 8.0"),
                (
                    "max_window_bits",
                    "9",
                    "Option max_window_bits must be a number of bits, not '9'",
                ),
                (
                    "maxWindowBits",
                    True,
                    "Option max_window_bits must be a number of bits, not True",
                ),
                (
                    "request_max_window_bits",
                    9.0,
                    "Option request_max_window_bits must be a number of bits, not 9.0",
                ),
                (
                    "no_context_takeover",
                    "no",
                    "Option no_context_takeover must be True or False, not 'no'",
                ),
                (
                    "requestNoContextTakeover",
                    1,
                    "Option request_no_context_takeover must be True or False, not 1",
                ),
                ("zlib", "zlib", "Option zlib must have compressobj and decompressobj, not 'zlib'"),
                (
                    "zlib",
                    math,
                    f"Option zlib must have compressobj and decompressobj, not {math!r}",
                ),
            ],
        )
        def it_throws_on_a_value_that_zlib_would_refuse(self, option, value, text):
            wrong: Any = {option: value}
            with pytest.raises(ConfigurationError) as raised:
                permessage_deflate.configure(wrong)
            assert str(raised.value) == text

        @pytest.mark.parametrize("value", [["level"], "level", 9])
        def it_throws_on_what_is_no_mapping(self, value):
            with pytest.raises(TypeError):
                permessage_deflate.configure(value)

        @pytest.mark.parametrize(
            "options",
            [{"level": level} for level in range(-1, 10)]
            + [{"mem_level": level} for level in range(1, 10)]
            + [{"strategy": strategy} for strategy in range(5)],
        )
        def it_takes_every_value_that_zlib_takes(self, options):
            client, server = negotiate(options, options)
            assert inflate(server, deflate(client, NOISE)) == NOISE

        def it_takes_none_for_not_given(self):
            extension = permessage_deflate.configure(level=None, max_window_bits=None)
            assert extension.create_client_session().generate_offer() == {
                "client_max_window_bits": True
            }

        @pytest.mark.parametrize("name", ["window_bits", "levle", "mem_levl", "noContextTakeOver"])
        def it_suggests_the_option_that_was_meant(self, name):
            suggestion = {
                "window_bits": "max_window_bits",
                "levle": "level",
                "mem_levl": "mem_level",
                "noContextTakeOver": "noContextTakeover",
            }[name]
            wrong: Any = {name: 9}
            with pytest.raises(ConfigurationError) as raised:
                permessage_deflate.configure(wrong)
            assert str(raised.value) == f"Unrecognized option: {name} (did you mean {suggestion}?)"

        @pytest.mark.parametrize("options", [{"max_len": 5}, {"level": 5}, 5, "max_length"])
        def it_refuses_other_options_of_a_session(self, options):
            for create in (
                permessage_deflate.create_client_session,
                lambda options: permessage_deflate.create_server_session([{}], options),
            ):
                with pytest.raises((ConfigurationError, TypeError)):
                    create(options)

    @pytest.mark.usefixtures("without_collector")
    class DescribeMemory:
        """Nothing waits for the garbage collector, which is off here."""

        @pytest.mark.parametrize("fails", [False, True])
        @pytest.mark.parametrize("closes", [False, True])
        def it_is_freed_with_its_codecs(self, fails, closes):
            class Codec(SimpleNamespace):
                pass

            made = []

            def codec(make):
                def wrapped(**options):
                    real = make(**options)
                    names = [name for name in dir(real) if not name.startswith("_")]
                    double = Codec(
                        **{n: getattr(real, n) for n in names if callable(getattr(real, n))}
                    )
                    double.unconsumed_tail = b""
                    made.append(weakref.ref(double))
                    return double

                return wrapped

            module = SimpleNamespace(
                compressobj=codec(zlib.compressobj),
                decompressobj=codec(zlib.decompressobj),
                error=zlib.error,
            )
            client, server = negotiate({"zlib": module}, {"zlib": module}, max_length=10)
            deflate(client, b"Hello")
            results = Results()
            server.process_incoming_message(
                message(HELLO_AGAIN if fails else HELLO, rsv1=True), results
            )
            assert bool(results.errors[0]) is fails
            assert len(made) == 2
            if closes:
                client.close()
                server.close()
                assert [reference() for reference in made] == [None, None]
            freed = weakref.ref(client), weakref.ref(server)
            del client, server, results
            assert [reference() for reference in (*freed, *made)] == [None] * 4

        def it_keeps_nothing_of_a_message_that_is_too_large(self):
            server = negotiate(max_length=4)[1]
            results = Results()
            server.process_incoming_message(message(HELLO, rsv1=True), results)
            error = results.calls[0][0]
            assert (error.type, error.__traceback__) == ("too_large", None)
            freed = weakref.ref(error)
            del error, results
            assert freed() is None

    class DescribeASubclass:
        def it_stays_one_when_it_is_configured(self):
            class Named(permessage_deflate.PermessageDeflate):
                name = "named-deflate"

            extension = Named().configure(level=1).configure(mem_level=1)
            assert type(extension) is Named
            extensions = Extensions()
            extensions.add(extension)
            assert extensions.generate_offer() == "named-deflate; client_max_window_bits"


class ReversingSession:
    """A session written in the style of Node."""

    def __init__(self):
        self.closed = 0
        self.pending = []

    def generateOffer(self):
        return {"word": "please"}

    def activate(self, params):
        return params == {"word": "thanks"}

    def generateResponse(self):
        return {"word": "thanks"}

    def processIncomingMessage(self, message, callback):
        message.data = message.data[::-1]
        self.pending.append(lambda: callback(None, message))

    def processOutgoingMessage(self, message, callback):
        message.rsv2 = True
        message.data = message.data[::-1]
        self.pending.append(lambda: callback(None, message))

    def close(self):
        self.closed += 1


class DescribeAThirdPartyExtensionInNodeSpelling:
    @pytest.fixture
    def session(self):
        return ReversingSession()

    @pytest.fixture
    def extension(self, session):
        return SimpleNamespace(
            name="reverse",
            type="permessage",
            rsv1=False,
            rsv2=True,
            rsv3=False,
            createClientSession=lambda options: session,
            createServerSession=lambda offers, options: session,
        )

    def it_is_negotiated_by_a_client_and_a_server(self, extension):
        client, server = drivers(extensions=[extension])
        assert client.headers["sec-websocket-extensions"] == "reverse; word=thanks"
        assert (client.get_state(), server.get_state()) == ("open", "open")

    def it_passes_messages_with_deflate_beside_it(self, extension, session):
        client, server = drivers(extensions=[permessage_deflate, extension])
        assert client.headers["sec-websocket-extensions"] == (
            "permessage-deflate, reverse; word=thanks"
        )
        wire, events = Collector(), record(client)
        server.io.pipe(wire)

        server.text("Hello")
        assert wire.chunks == []
        session.pending.pop()()
        assert wire.chunks == [b"\xe1\x07" + HELLO[::-1]]

        client.parse(wire.bytes)
        assert events == []
        session.pending.pop()()
        assert events == [("message", "Hello")]

    def it_holds_up_the_close(self, extension, session):
        client, _ = drivers(extensions=[extension])
        wire, events = Collector(), record(client)
        client.io.pipe(wire)
        client.text("Hello")

        assert client.close() is True
        assert (wire.chunks, session.closed) == ([], 0)

        session.pending.pop()()
        assert [chunk[:2] for chunk in wire.chunks] == [b"\xa1\x85", b"\x88\x82"]
        assert session.closed == 1
        assert events == []


class DescribeTheStepsOfALongMessage:
    """It is decompressed in steps of 256 KiB, whose number changes nothing."""

    STEP = 0x40000

    @pytest.mark.parametrize("size", [STEP - 1, STEP, STEP + 1, 2 * STEP - 1, 2 * STEP, 3 * STEP])
    @pytest.mark.parametrize("is_longest", [True, False])
    def it_is_joined(self, size, is_longest):
        client, server = negotiate(max_length=size if is_longest else 4 * self.STEP)
        data = (b"0123456789abcdef" * (size // 16 + 1))[:size]
        assert inflate(server, deflate(client, data)) == data
        assert server.decompress(deflate(client, data)) == data
