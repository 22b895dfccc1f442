"""The option `zlib`: other implementations of the same two functions, against zlib itself."""

import importlib
import random
import zlib
from types import SimpleNamespace

import pytest

from websocket_driver import permessage_deflate
from websocket_driver.permessage_deflate.session import DeflateError, TooLargeError

NOISE = random.Random(7692).randbytes(100_000)
MESSAGES = [
    b"Hello",
    b"",
    b"Hello" * 1000,
    bytes(300_000),
    NOISE,
    b"Hello",
    NOISE[:40_000],
    b"\xff",
]
MAX_LENGTH = 300_000


@pytest.fixture(params=["zlib", "zlib_ng.zlib_ng", "isal.isal_zlib"])
def module(request):
    return pytest.importorskip(request.param)


def agree(client_options, server_options):
    """A client and a server session that have agreed."""
    client = permessage_deflate.configure(client_options).create_client_session(
        {"max_length": MAX_LENGTH}
    )
    server = permessage_deflate.configure(server_options).create_server_session(
        [client.generate_offer()], {"max_length": MAX_LENGTH}
    )
    assert server is not None
    assert client.activate(server.generate_response()) is True
    return client, server


class DescribeOtherZlibs:
    @pytest.mark.parametrize("other", [True, False], ids=["receives", "sends"])
    @pytest.mark.parametrize("takeover", [True, False])
    @pytest.mark.parametrize("bits", range(8, 16))
    def it_understands_zlib_and_is_understood(self, module, other, takeover, bits):
        options = {
            "no_context_takeover": not takeover,
            "max_window_bits": bits,
            "request_max_window_bits": bits,
        }
        theirs = {"zlib": module, **options}
        client, server = agree(options, theirs) if other else agree(theirs, options)
        for message in MESSAGES:
            assert server.decompress(client.compress(message)) == message
            assert client.decompress(server.compress(message)) == message

    @pytest.mark.parametrize("takeover", [True, False])
    @pytest.mark.parametrize("bits", range(8, 16))
    def it_refers_to_no_bytes_beyond_the_window(self, module, takeover, bits):
        options = {"zlib": module, "no_context_takeover": not takeover, "max_window_bits": bits}
        client, _ = agree(options, {})
        choose = random.Random(bits).choices
        words = [bytes(choose(b"abcdefgh", k=5)) for _ in range(40)]
        inflate = zlib.decompressobj(wbits=-bits)
        for length in (5, 50, 500, 5000) * 5:
            message = b" ".join(choose(words, k=length))
            payload = client.compress(message) + b"\x00\x00\xff\xff"
            assert inflate.decompress(payload) == message

    @pytest.mark.parametrize("level", [0, 1, 2, 3])
    @pytest.mark.parametrize("mem_level", [1, 9])
    def it_takes_options_that_all_have(self, module, level, mem_level):
        options = {"zlib": module, "level": level, "mem_level": mem_level}
        client, server = agree(options, {})
        for message in MESSAGES:
            assert server.decompress(client.compress(message)) == message

    def it_goes_on_after_a_message_that_ends_the_stream(self, module):
        _, server = agree({}, {"zlib": module})
        window = b""
        for message in MESSAGES:
            deflate = zlib.compressobj(9, wbits=-15, zdict=window[-32768:])
            payload = deflate.compress(message) + deflate.flush(zlib.Z_FINISH) + b"\0"
            assert server.decompress(payload) == message
            window += message

    def it_stops_at_the_limit(self, module):
        _, server = agree({}, {"zlib": module})
        deflate = zlib.compressobj(9, wbits=-15)
        with pytest.raises(TooLargeError):
            server.decompress(deflate.compress(bytes(10**7)) + deflate.flush(zlib.Z_SYNC_FLUSH))

    @pytest.mark.parametrize("payload", [b"\xff\xff\xff", b"\x07", b"\x00\x01\x00\x00\x00"])
    def it_reports_what_is_not_compressed_in_its_own_words(self, module, payload):
        _, server = agree({}, {"zlib": module})
        with pytest.raises(DeflateError) as raised:
            server.decompress(payload)
        assert raised.value.message != ""


class DescribeTheDefaults:
    def it_has_those_of_the_module(self, module):
        # isal has the levels 0 to 3, and no -1.
        assert importlib.import_module(module.__name__) is module
        client, _ = agree({"zlib": module}, {})
        expected = module.compressobj(module.Z_DEFAULT_COMPRESSION, zlib.DEFLATED, -15)
        payload = expected.compress(NOISE) + expected.flush(module.Z_SYNC_FLUSH)
        assert client.compress(NOISE) == payload[:-4]

    @pytest.mark.parametrize("bits", [9, 15])
    def it_compresses_by_the_module_in_each_window_that_it_keeps_to(self, module, bits):
        client, _ = agree({"zlib": module, "max_window_bits": bits}, {})
        level = module.Z_DEFAULT_COMPRESSION
        expected = module.compressobj(level, zlib.DEFLATED, -bits)
        payload = expected.compress(MESSAGES[2]) + expected.flush(module.Z_SYNC_FLUSH)
        assert client.compress(MESSAGES[2]) == payload[:-4]


class DescribeAZlibWithoutAnEnd:
    """Its decompressors do not tell whether a message has ended the stream."""

    class Decompressor:
        def __init__(self, wbits):
            self._inflate = zlib.decompressobj(wbits)
            self.decompress = self._inflate.decompress

        @property
        def unconsumed_tail(self):
            return self._inflate.unconsumed_tail

    def it_keeps_its_decompressor(self):
        made = []

        def decompressobj(wbits):
            made.append(wbits)
            return self.Decompressor(wbits)

        module = SimpleNamespace(compressobj=zlib.compressobj, decompressobj=decompressobj)
        client, server = agree({}, {"zlib": module})
        for message in MESSAGES:
            assert server.decompress(client.compress(message)) == message
        assert made == [-15]


class DescribeAZlibWithoutAnError:
    def it_may_raise_that_of_zlib(self):
        module = SimpleNamespace(compressobj=zlib.compressobj, decompressobj=zlib.decompressobj)
        extension = permessage_deflate.configure({"zlib": module})
        session = extension.create_client_session({"max_length": 5})
        with pytest.raises(DeflateError) as error:
            session.decompress(b"\xff\xff")
        assert error.value.message == "invalid block type"
        assert error.value.type is None
