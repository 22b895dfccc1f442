"""TLS without the I/O."""

import ssl
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec.node.tls import certificates
from spec.node.tls.actors import CHANGED_RECORD
from websocket_driver.node.tls.contexts import Settings, context_for
from websocket_driver.node.tls.identities import Key
from websocket_driver.node.tls.pem import Pem
from websocket_driver.node.tls.records import RECORD_LENGTH, RecordLayer

SIZES = pytest.mark.parametrize("size", [1, 7, 1 << 20], ids=["bytewise", "in-sevens", "whole"])


def server_context(pair=None, **more):
    pair = pair or certificates.localhost()
    mode = more.pop("verify_mode", ssl.CERT_NONE)
    return context_for(Settings(True, mode, (Key(Pem(pair.key)),), (Pem(pair.cert),), **more))


def client_context(**more):
    more.setdefault("ca", (Pem(certificates.authority().cert),))
    mode = more.pop("verify_mode", ssl.CERT_REQUIRED)
    return context_for(Settings(False, mode, **more))


class Ends:
    """A client and a server, connected only by `carry()`."""

    def __init__(self, client=None, server=None, *, size=1 << 20, name="localhost", protocols=()):
        self.size = size
        # The errors are not `None` where a spec reads them.
        self.client: Any = RecordLayer(client or client_context(), server_hostname=name)
        self.server: Any = RecordLayer(
            server or server_context(), server_side=True, protocols=protocols
        )
        self.to_client = []
        self.to_server = []

    def carry(self):
        """Passes on all waiting bytes until none are left, and returns their number."""
        total = 0
        while True:
            sent = self._carry(self.client, self.server, self.to_server)
            sent += self._carry(self.server, self.client, self.to_client)
            if not sent:
                return total
            total += sent

    def _carry(self, sender, receiver, received):
        data = sender.output()
        for start in range(0, len(data), self.size):
            received += receiver.receive(data[start : start + self.size])
            received += receiver.receive(b"") if receiver.established else []
        return len(data)

    def open(self):
        self.client.shake_hands()
        self.carry()
        assert (self.client.established, self.server.established) == (True, True)
        return self


class DescribeRecordLayer:
    class DescribeHandshake:
        @SIZES
        def it_is_established_on_both_sides(self, size):
            ends = Ends(size=size)
            assert (ends.client.established, ends.server.established) == (False, False)
            assert (ends.client.version, ends.client.cipher) == (None, None)
            assert ends.client.certificate() is None

            ends.open()

            assert (ends.client.version, ends.server.version) == ("TLSv1.3", "TLSv1.3")
            assert ends.client.cipher == ("TLS_AES_256_GCM_SHA384", "TLSv1.3", 256)
            assert ssl.DER_cert_to_PEM_cert(ends.client.certificate()) == (
                certificates.localhost().cert
            )
            assert ends.server.certificate() is None
            assert (ends.client.error, ends.server.error) == (None, None)

        @SIZES
        def it_tells_the_server_the_name_that_the_client_asks_for(self, size):
            assert Ends(size=size).open().server.server_name == "localhost"
            assert Ends(size=size, name="127.0.0.1").open().server.server_name is None

        def it_reads_a_first_message_in_several_records(self):
            """RFC 8446 5.1: a message may be fragmented."""
            ends = Ends(client_context(protocols=("other",)), protocols=["h2"])
            ends.client.shake_hands()
            message = ends.client.output()[5:]
            first, second = message[:100], message[100:]
            ends.server.receive(b"\x16\x03\x01\x00\x64" + first)
            assert (ends.server.error, ends.server.output()) == (None, b"")
            ends.server.receive(b"\x16\x03\x01" + len(second).to_bytes(2, "big") + second)
            assert ends.server.error.reason == "NO_APPLICATION_PROTOCOL"
            assert ends.server.output() == b"\x15\x03\x03\x00\x02\x02\x78"

        def it_waits_for_the_context_that_the_server_selects(self):
            ends = Ends()
            ends.server = RecordLayer(server_context(), server_side=True, selects=True)
            ends.client.shake_hands()
            hello = ends.client.output()
            assert ends.server.receive(hello[:-1]) == []
            assert not ends.server.selecting
            assert ends.server.receive(hello[-1:]) == []
            assert (ends.server.selecting, ends.server.server_name) == (True, "localhost")
            assert ends.server.receive(b"") == []
            assert ends.server.output() == b""
            ends.server.select(None)
            ends.carry()
            assert (ends.server.established, ends.client.established) == (True, True)

        def it_keeps_what_comes_while_it_waits(self):
            server = RecordLayer(server_context(), server_side=True, selects=True)
            client = RecordLayer(client_context(), server_hostname="localhost")
            client.shake_hands()
            server.receive(client.output())
            assert server.receive(b"\x17\x03") == server.receive(b"\x03\x00\x01x") == []
            server.select(server_context(certificates.elsewhere()))
            assert server.receive(b"") == []
            assert (server.established, server.error is None) == (False, False)

        @SIZES
        def it_selects_the_protocol_that_the_server_prefers(self, size):
            ends = Ends(
                client_context(protocols=("http/1.1", "h2")),
                server_context(protocols=("h2", "http/1.1")),
                protocols=["h2", "http/1.1"],
                size=size,
            ).open()
            assert (ends.client.protocol, ends.server.protocol) == ("h2", "h2")

        @SIZES
        def it_refuses_a_client_without_a_common_protocol(self, size):
            ends = Ends(
                client_context(protocols=("spdy/1",)),
                server_context(protocols=("h2",)),
                protocols=["h2"],
                size=size,
            )
            ends.client.shake_hands()
            ends.carry()
            assert ends.server.error.args == (1, "no application protocol")
            assert "tlsv1 alert no application protocol" in str(ends.client.error)
            assert (ends.client.established, ends.server.established) == (False, False)

        def it_accepts_a_client_that_offers_no_protocol(self):
            server = server_context(protocols=("h2",))
            ends = Ends(server=server, protocols=["h2"]).open()
            assert (ends.client.protocol, ends.server.protocol) == (None, None)

        @SIZES
        def it_fails_on_both_sides_without_a_common_version(self, size):
            ends = Ends(
                client_context(max_version="TLSv1.2"),
                server_context(min_version="TLSv1.3"),
                size=size,
            )
            ends.client.shake_hands()
            ends.carry()
            assert ends.server.error.reason == "UNSUPPORTED_PROTOCOL"
            assert ends.client.error.reason == "TLSV1_ALERT_PROTOCOL_VERSION"

        @pytest.mark.parametrize(
            "pair, code",
            [
                (certificates.self_signed, 18),
                (certificates.expired, 10),
                (certificates.not_yet_valid, 9),
                (certificates.elsewhere, 62),
                (certificates.behind_intermediate, 20),
            ],
        )
        def it_refuses_a_certificate_without_a_word_to_the_server(self, pair, code):
            ends = Ends(server=server_context(pair()))
            ends.client.shake_hands()
            ends.carry()
            assert ends.client.error.verify_code == code
            assert (ends.client.established, ends.server.established) == (False, False)
            assert (ends.client.output(), ends.server.error) == (b"", None)

        def it_verifies_an_ip_address(self):
            Ends(name="127.0.0.1").open()
            ends = Ends(name="127.0.0.2")
            ends.client.shake_hands()
            ends.carry()
            assert ends.client.error.verify_code == 64

        def it_raises_for_a_context_of_the_other_side(self):
            with pytest.raises(ssl.SSLError):
                RecordLayer(server_context(), server_hostname="localhost")

        @SIZES
        @pytest.mark.parametrize(
            "garbage, reason",
            [(b"GET / HTTP/1.1\r\n\r\n", "HTTP_REQUEST"), (b"\7" * 40, "WRONG_VERSION_NUMBER")],
        )
        def it_fails_on_input_that_is_not_tls(self, size, garbage, reason):
            server = RecordLayer(server_context(), server_side=True)
            for start in range(0, len(garbage), size):
                assert server.receive(garbage[start : start + size]) == []
                if server.error is not None:
                    break
            assert server.error is not None
            assert server.error is not None
            assert server.error.reason == reason

    class DescribeData:
        @SIZES
        @pytest.mark.parametrize("length", [0, 1, RECORD_LENGTH, RECORD_LENGTH + 1, 100_000])
        def it_arrives_as_it_was_written(self, size, length):
            ends = Ends(size=size).open()
            data = bytes(range(256)) * (length // 256 + 1)
            assert ends.client.write(data[:length]) == length
            ends.carry()
            assert b"".join(ends.to_server) == data[:length]

            assert ends.server.write(data[:length]) == length
            ends.carry()
            assert b"".join(ends.to_client) == data[:length]

        @pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
        def it_waits_behind_the_handshake_that_it_came_with(self, version):
            ends = Ends(server=server_context(max_version=version))
            ends.client.shake_hands()
            ends.server.receive(ends.client.output())
            ends.client.receive(ends.server.output())
            ends.client.write(b"early") if ends.client.established else None
            assert ends.server.receive(ends.client.output()) == []
            if version == "TLSv1.2":
                assert ends.server.established
                ends.server.write(b"first")
                assert ends.client.receive(ends.server.output()) == []
                assert ends.client.receive(b"") == [b"first"]
            else:
                assert ends.server.receive(b"") == [b"early"]

        @SIZES
        def it_is_returned_before_the_error_behind_it(self, size):
            ends = Ends(size=size).open()
            ends.client.write(b"one")
            ends.client.write(b"two")
            broken = bytearray(ends.client.output())
            broken[-1] ^= 1
            received = []
            for start in range(0, len(broken), size):
                received += ends.server.receive(bytes(broken[start : start + size]))
            assert received == [b"one"]
            assert ends.server.error.reason == CHANGED_RECORD

        def it_cannot_be_written_after_an_error(self):
            ends = Ends().open()
            ends.client.close()
            assert ends.client.write(b"late") == 0
            assert ends.client.error.reason == "PROTOCOL_IS_SHUTDOWN"

        def it_takes_a_long_write_no_further_than_an_error(self):
            ends = Ends().open()
            ends.client.close()
            assert ends.client.write(bytes(100_000)) == 0

        def it_gives_its_output_once(self):
            ends = Ends().open()
            ends.client.write(bytes(1 << 20))
            assert len(ends.client.output()) > 1 << 20
            assert ends.client.output() == b""

        @given(
            st.lists(st.tuples(st.booleans(), st.binary(max_size=40_000)), max_size=8),
            st.integers(1, 40_000),
        )
        def it_arrives_in_order_however_it_is_cut(self, writes, size):
            ends = Ends(size=size).open()
            written = {True: b"", False: b""}
            for by_client, data in writes:
                sender = ends.client if by_client else ends.server
                assert sender.write(data) == len(data)
                written[by_client] += data
                if len(data) % 2:
                    ends.carry()
            ends.client.close()
            ends.carry()
            ends.server.close()
            ends.carry()
            assert b"".join(ends.to_server) == written[True]
            assert b"".join(ends.to_client) == written[False]
            assert (ends.client.ended, ends.server.ended) == (True, True)
            assert (ends.client.error, ends.server.error) == (None, None)

    class DescribeRenegotiation:
        """Only TLS 1.2 has it, and Python's `ssl` cannot begin one."""

        def it_makes_a_write_wait(self):
            class Busy:
                def wrap_bio(self, incoming, outgoing, **options):
                    return self

                def write(self, data):
                    raise ssl.SSLWantReadError

            records = RecordLayer(Busy())  # type: ignore[arg-type]
            assert records.write(b"later") == 0
            assert records.write(bytes(100_000)) == 0
            assert (records.error, records.output()) == (None, b"")

    class DescribeClose:
        @SIZES
        def it_leaves_the_other_direction_open(self, size):
            ends = Ends(size=size).open()
            ends.client.close()
            ends.carry()
            assert (ends.server.ended, ends.server.closed) == (True, False)
            assert (ends.client.ended, ends.client.closed) == (False, True)

            ends.server.write(b"answer")
            ends.server.close()
            ends.carry()
            assert ends.to_client == [b"answer"]
            assert (ends.client.ended, ends.client.error, ends.server.error) == (True, None, None)

        def it_keeps_data_that_had_arrived_with_the_handshake(self):
            ends = Ends(server=server_context(max_version="TLSv1.2"))
            ends.client.shake_hands()
            ends.server.receive(ends.client.output())
            ends.client.receive(ends.server.output())
            ends.server.receive(ends.client.output())
            ends.server.write(b"first")
            ends.client.receive(ends.server.output())
            ends.client.close()
            ends.server.write(b"second")
            assert ends.client.receive(ends.server.output()) == [b"first", b"second"]

        def it_may_come_in_the_middle_of_a_record(self):
            ends = Ends().open()
            ends.server.write(b"answer")
            record = ends.server.output()
            assert ends.client.receive(record[:9]) == []
            ends.client.close()
            assert ends.client.receive(record[9:]) == [b"answer"]

        def it_ignores_what_comes_after_the_end_of_the_peer(self):
            ends = Ends().open()
            ends.client.close()
            goodbye = ends.client.output()
            assert ends.server.receive(goodbye + b"\x17\x03\x03\x00\x01 more") == []
            assert (ends.server.ended, ends.server.error) == (True, None)
