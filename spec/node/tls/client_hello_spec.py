"""The first message of a TLS client."""

import ssl
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from websocket_driver.node.tls.client_hello import MAX_LENGTH, ClientHello, ClientHelloReader


def vector(data, width):
    return len(data).to_bytes(width, "big") + data


def extension(kind, content):
    return struct.pack("!H", kind) + vector(content, 2)


def server_name(name):
    return extension(0, vector(b"\0" + vector(name, 2), 2))


def protocols(*names):
    return extension(16, vector(b"".join(vector(name, 1) for name in names), 2))


def body(*extensions):
    fixed = b"\3\3" + bytes(32) + vector(b"", 1) + vector(b"\x13\1", 2) + vector(b"\0", 1)
    return fixed + vector(b"".join(extensions), 2)


def message(content, kind=1):
    return bytes([kind]) + vector(content, 3)


def records(data, size=1 << 14, kind=22):
    return b"".join(
        struct.pack("!BHH", kind, 0x0301, len(data[start : start + size]))
        + data[start : start + size]
        for start in range(0, len(data), size)
    )


def read(data, size=1 << 20):
    """The parts that are known after each piece of `data`, and at the end."""
    reader = ClientHelloReader()
    for start in range(0, len(data), size):
        assert reader.hello is None
        reader.receive(data[start : start + size])
        if reader.hello is not None:
            break
    return reader.hello


def read_both_ways(data):
    whole, bytewise = read(data), read(data, 1)
    assert whole == bytewise
    return whole


class DescribeClientHelloReader:
    def it_reads_the_name_and_the_protocols(self):
        hello = message(body(server_name(b"example.com"), protocols(b"h2", b"http/1.1")))
        expected = ClientHello("example.com", (b"h2", b"http/1.1"))
        assert read_both_ways(records(hello)) == expected
        assert read_both_ways(records(hello, 3)) == expected

    def it_reads_what_openssl_sends(self):
        context = ssl.create_default_context()
        context.set_alpn_protocols(["http/1.1", "h2"])
        output = ssl.MemoryBIO()
        client = context.wrap_bio(ssl.MemoryBIO(), output, server_hostname="example.com")
        with pytest.raises(ssl.SSLWantReadError):
            client.do_handshake()
        expected = ClientHello("example.com", (b"http/1.1", b"h2"))
        assert read_both_ways(output.read()) == expected

    def it_waits_for_the_rest(self):
        hello = records(message(body(server_name(b"example.com"))), 50)
        for length in range(len(hello)):
            assert read(hello[:length]) is None

    def it_does_not_need_extensions(self):
        assert read_both_ways(records(message(body()))) == ClientHello()
        assert read_both_ways(records(message(body()[:-2]))) == ClientHello()

    def it_ignores_other_kinds_of_names_and_extensions(self):
        other_name = extension(0, vector(b"\1" + vector(b"x", 2), 2))
        assert read_both_ways(records(message(body(other_name)))) == ClientHello()
        hello = message(body(extension(43, b"\2\3\4"), protocols(b"h2")))
        assert read_both_ways(records(hello)) == ClientHello(None, (b"h2",))

    @pytest.mark.parametrize(
        "data",
        [
            b"GET / HTTP/1.1\r\n\r\n",
            records(b"\2\x28", kind=21),
            records(message(body(), kind=2)),
            records(message(body()[:20])),
            records(message(body()[:-1] + b"\1")),
            records(message(body(extension(0, b"\0\x09\0\0\x10abc")))),
            records(message(body(server_name(b"ex\xe4mple")))),
            records(b"\1" + (MAX_LENGTH + 1).to_bytes(3, "big")),
        ],
    )
    def it_leaves_a_malformed_message_to_openssl(self, data):
        assert read_both_ways(data) == ClientHello()

    @given(st.binary(), st.integers(1, 9))
    def it_never_raises(self, data, size):
        read(records(message(body()[:60] + data), size))
        read(data, size)
