"""TLS between a socket and another transport, both of which are replaced."""

import ssl
from collections import deque
from typing import Any

import pytest

from spec.node.tls import certificates
from spec.node.tls.actors import CHANGED_RECORD
from websocket_driver.batch import BATCH_SIZE
from websocket_driver.node.errors import make_error
from websocket_driver.node.loop import Loop
from websocket_driver.node.tls.contexts import Settings, context_for
from websocket_driver.node.tls.identities import Key
from websocket_driver.node.tls.pem import Pem
from websocket_driver.node.tls.records import RECORD_LENGTH, RecordLayer
from websocket_driver.node.tls.transport import TLSTransport


class Lower:
    """The transport below. Writes wait in `writes` until `finish()`, unless it is `ready`."""

    write_queue_size = 17

    def __init__(self):
        self.ready = True
        self.writes = []
        self.calls = list[Any]()
        self._dones: deque[Any] = deque()

    def start_reading(self):
        self.calls.append("start reading")

    def write(self, chunk, done):
        self.writes.append(chunk)
        if self.ready:
            done()
        else:
            assert not self._dones
            self._dones.append(done)

    def finish(self, *error):
        self._dones.popleft()(*error)

    def shut_down(self, done):
        self.calls.append("shut down")
        done()

    def close(self, closed):
        self.calls.append("close")
        closed()


class End:
    """A `TLSTransport`, the transport below it, and its reports to the socket."""

    def __init__(self, records):
        self.loop = Loop(None)
        self.log: list[Any] = []
        self.wants_more = True
        self.secured = self.read = lambda: None
        self.transport = TLSTransport(
            self.loop,
            records,
            on_data=self._data,
            on_end=lambda error: self.log.append(("end", error and error.code)),
            on_secure=self._on_secure,
            on_failure=lambda error: self.log.append(("failure", error.reason)),
        )
        self.lower = self.transport.lower = Lower()  # type: ignore[assignment]

    def _on_secure(self, records):
        self.log.append("secure")
        self.secured()

    def _data(self, chunk):
        self.log.append(chunk)
        self.read()
        return self.wants_more

    def done(self, name):
        return lambda *error: self.log.append((name, *(e.code for e in error)))

    def output(self):
        writes, self.lower.writes = self.lower.writes, []
        return b"".join(writes)


def ends(*, selects=False, **options):
    """A client and a server before the handshake."""
    pair = certificates.localhost()
    server = context_for(
        Settings(True, ssl.CERT_NONE, (Key(Pem(pair.key)),), (Pem(pair.cert),), **options)
    )
    client = context_for(
        Settings(False, ssl.CERT_REQUIRED, ca=(Pem(certificates.authority().cert),))
    )
    return (
        End(RecordLayer(client, server_hostname="localhost")),
        End(RecordLayer(server, server_side=True, selects=selects)),
    )


def carry(client, server):
    """Passes on the bytes that both have written, until none are left."""
    while True:
        to_server, to_client = client.output(), server.output()
        if not to_server and not to_client:
            return
        server.transport.received(to_server) if to_server else None
        client.transport.received(to_client) if to_client else None


def opened(**options):
    client, server = ends(**options)
    server.transport.begin()
    client.transport.begin()
    carry(client, server)
    assert (client.log, server.log) == (["secure"], ["secure"])
    client.log.clear()
    server.log.clear()
    return client, server


class DescribeTLSTransport:
    class DescribeWriting:
        def it_is_done_when_the_lower_transport_has_written(self):
            client, server = opened()
            client.lower.ready = False
            client.transport.write(b"one", client.done("one"))
            assert client.log == []
            client.lower.finish()
            assert client.log == [("one",)]
            carry(client, server)
            assert server.log == [b"one"]

        def it_passes_an_error_on(self):
            client, _ = opened()
            client.lower.ready = False
            client.transport.write(b"one", client.done("one"))
            client.lower.finish(make_error(BrokenPipeError, "EPIPE", "write EPIPE"))
            assert client.log == [("one", "EPIPE")]

        def it_waits_for_the_handshake(self):
            client, server = ends()
            client.transport.write(b"early", client.done("early"))
            client.transport.shut_down(client.done("end"))
            server.transport.begin()
            client.transport.begin()
            carry(client, server)
            assert client.log == ["secure", ("early",), ("end",)]
            assert client.lower.calls == ["start reading", "shut down"]
            assert server.log == ["secure", b"early", ("end", None)]

        def it_gives_the_lower_transport_one_write_at_a_time(self):
            """After the write of the socket, OpenSSL may have something to send."""
            client, server = opened()
            client.lower.ready = False
            client.transport.write(b"one", client.done("one"))
            client.transport.shut_down(client.done("end"))
            client.transport.shut_down(client.done("again"))
            assert len(client.lower.writes) == 1
            client.lower.finish()
            assert len(client.lower.writes) == 2
            assert client.log == [("one",)]
            client.lower.finish()
            client.lower.finish()
            assert client.log == [("one",), ("end",), ("again",)]
            carry(client, server)
            assert server.log == [b"one", ("end", None)]

        def it_forgets_what_was_on_its_way_when_it_closes(self):
            client, _ = opened()
            client.lower.ready = False
            client.transport.write(b"one", client.done("one"))
            client.transport.close(client.done("closed"))
            client.lower.finish()
            assert client.log == [("closed",)]

        def it_makes_one_record_of_what_listeners_write_while_a_chunk_is_handled(self):
            client, server = opened()
            client.loop.corked = corked = list[Any]()
            for chunk in (b"one", b"two", b"three"):
                client.transport.write(chunk, client.done("done"))
            assert (client.log, client.lower.writes) == ([("done",)] * 3, [])
            client.loop.corked = None
            for send in corked:
                send()
            assert len(client.lower.writes) == 1
            carry(client, server)
            assert server.log == [b"onetwothree"]
            assert client.transport.bytes_written == 11

        def it_makes_it_no_longer_than_that(self):
            client, server = opened()
            client.loop.corked = corked = list[Any]()
            client.transport.write(b"one", client.done("one"))
            client.transport.write(bytes(BATCH_SIZE), client.done("two"))
            client.loop.corked = None
            assert client.log == [("one",), ("two",)]
            for send in corked:
                send()
            carry(client, server)
            assert b"".join(server.log) == b"one" + bytes(BATCH_SIZE)

        def it_sends_it_before_it_ends_or_closes(self):
            for act in ("shut_down", "close"):
                client, server = opened()
                client.loop.corked = []
                client.transport.write(b"one", client.done("one"))
                getattr(client.transport, act)(client.done(act))
                carry(client, server)
                assert server.log[0] == b"one"

        def it_fails_after_an_error_of_openssl(self):
            client, server = opened()
            server.transport.received(b"\x17\x03\x03\x00\x14" + b"x" * 20)
            assert server.log == [("failure", CHANGED_RECORD)]
            server.transport.write(b"late", server.done("late"))
            assert server.log[1][0] == "late"
            server.transport.shut_down(server.done("end"))
            assert server.log[2:] == [("end",)]
            assert server.lower.calls == ["start reading", "shut down"]
            assert server.transport.received(b"more") is False
            assert client.log == []

        def it_reports_an_error_of_a_write_that_was_done(self):
            client, _ = opened()
            client.loop.corked = corked = list[Any]()
            client.transport.write(b"one", client.done("one"))
            client.transport.records.close()
            client.loop.corked = None
            corked[0]()
            assert client.log == [("one",), ("end", "ERR_SSL_PROTOCOL_IS_SHUTDOWN")]

    class DescribeRenegotiation:
        """A peer with TLS 1.2 begins a new handshake: writes wait until it is complete."""

        class Busy:
            """Records that take `room` bytes."""

            def __init__(self, records):
                self._records = records
                self.room = 2

            def __getattr__(self, name):
                return getattr(self._records, name)

            def write(self, data):
                taken = self._records.write(data[: self.room])
                self.room -= taken
                return taken

        def it_makes_them_wait(self):
            client, server = opened()
            busy = client.transport.records = self.Busy(client.transport.records)
            client.transport.write(b"hello", client.done("hello"))
            assert client.log == []
            client.transport.shut_down(client.done("end"))
            busy.room = 100
            server.transport.write(b"go on", server.done("go on"))
            carry(client, server)
            assert client.log == [b"go on", ("hello",), ("end",)]
            assert server.log[0] == ("go on",)
            assert b"".join(server.log[1:-1]) == b"hello"
            assert server.log[-1] == ("end", None)

        def it_makes_those_behind_them_wait(self):
            client, server = opened()
            busy = client.transport.records = self.Busy(client.transport.records)
            client.loop.corked = corked = list[Any]()
            client.transport.write(b"hello", client.done("hello"))
            client.loop.corked = None
            corked[0]()
            client.transport.write(b" world", client.done("world"))
            assert client.log == [("hello",)]
            busy.room = 100
            server.transport.write(b"go on", server.done("go on"))
            carry(client, server)
            assert client.log == [("hello",), b"go on", ("world",)]
            assert b"".join(server.log[1:]) == b"hello world"

    class DescribeSelection:
        def it_asks_once_and_reads_little_before_the_answer(self):
            client, server = ends(selects=True)
            names: list[str] = []
            server.transport.on_name = names.append
            server.transport.begin()
            client.transport.begin()
            hello = client.output()
            assert server.transport.received(hello) is True
            assert server.transport.received(b"") is True
            assert (names, server.output()) == (["localhost"], b"")
            server.lower.calls.clear()
            server.transport.select(None)
            assert server.lower.calls == ["start reading"]
            carry(client, server)
            assert (client.log, server.log) == (["secure"], ["secure"])

        def it_reads_no_more_than_a_record_before_the_answer(self):
            client, server = ends(selects=True)
            server.transport.on_name = lambda name: None
            server.transport.begin()
            client.transport.begin()
            server.transport.received(client.output())
            assert server.transport.received(b"x" * (RECORD_LENGTH - 1)) is True
            assert server.transport.received(b"x") is False
            assert (server.log, server.output()) == ([], b"")

        def it_notices_the_end_of_the_client_before_the_answer(self):
            """test-tls-sni-option.js, for a client that does not wait"""
            client, server = ends(selects=True)
            server.transport.on_name = lambda name: None
            server.transport.begin()
            client.transport.begin()
            server.transport.received(client.output())
            server.transport.lower_ended(None)
            assert server.log == [("end", None)]
            server.transport.select(None)
            assert (server.log, server.output()) == ([("end", None)], b"")

        def it_goes_on_at_once_if_the_answer_comes_at_once(self):
            client, server = ends(selects=True)
            server.transport.on_name = lambda name: server.transport.select(None)
            server.transport.begin()
            client.transport.begin()
            carry(client, server)
            assert (client.log, server.log) == (["secure"], ["secure"])

        def it_does_nothing_with_an_answer_that_comes_too_late(self):
            client, server = ends(selects=True)
            server.transport.on_name = lambda name: None
            server.transport.begin()
            client.transport.begin()
            server.transport.received(client.output())
            server.transport.close(lambda: None)
            server.transport.select(None)
            assert (server.log, server.lower.writes) == ([], [])

    class DescribeReading:
        def it_stops_if_the_socket_has_enough(self):
            client, server = opened()
            client.wants_more = False
            server.transport.write(b"hello", server.done("hello"))
            assert client.transport.received(server.output()) is False
            client.transport.start_reading()
            assert client.lower.calls == ["start reading", "start reading"]
            assert client.transport.received(b"") is True

        def it_hands_on_what_arrived_in_one_piece(self):
            client, server = opened()
            for chunk in (b"one", b"two"):
                server.transport.write(chunk, server.done("done"))
            client.transport.received(server.output())
            assert client.log == [b"onetwo"]
            assert client.transport.bytes_read == 6

        def it_stops_if_the_socket_closes_it(self):
            client, server = opened()
            server.transport.write(b"hello", server.done("hello"))
            server.transport.shut_down(server.done("end"))
            client.read = lambda: client.transport.close(client.done("close"))
            assert client.transport.received(server.output()) is False
            assert client.log == [b"hello", ("close",)]
            assert client.transport.received(b"more") is False
            client.transport.lower_ended(None)
            assert client.log == [b"hello", ("close",)]

        def it_stops_if_the_socket_closes_it_when_it_is_secure(self):
            client, server = ends()
            client.secured = lambda: client.transport.close(client.done("close"))
            server.transport.begin()
            client.transport.begin()
            carry(client, server)
            assert client.log == ["secure", ("close",)]
            assert client.lower.calls == ["start reading", "close"]
            assert server.log == []

    class DescribeTheEnd:
        def it_comes_once(self):
            client, server = opened()
            server.transport.shut_down(server.done("end"))
            carry(client, server)
            client.transport.lower_ended(None)
            assert client.log == [("end", None)]
            assert client.transport.received(b"more") is False

        def it_may_come_from_below(self):
            client, _ = opened()
            client.transport.lower_ended(None)
            assert client.log == [("end", None)]

        @pytest.mark.parametrize("code", ["ECONNRESET", "EPIPE", "ETIMEDOUT"])
        def it_may_be_an_error_until_this_side_has_ended(self, code):
            error = make_error(OSError, code, code)
            client, _ = opened()
            client.transport.lower_ended(error)
            assert client.log == [("end", code)]

            client, _ = opened()
            client.transport.shut_down(lambda: None)
            client.transport.lower_ended(error)
            assert client.log == [("end", "ETIMEDOUT" if code == "ETIMEDOUT" else None)]

    def it_has_what_the_lower_transport_has(self):
        client, _ = ends()
        assert client.transport.write_queue_size == 17
