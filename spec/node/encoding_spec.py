"""Node's encodings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec.node.support import node_error
from websocket_driver.node.encoding import Decoder, chunk_bytes, encode, encoding_name

TEXTS = [
    ("utf8", "hä€😀", bytes.fromhex("68c3a4e282acf09f9880")),
    ("latin1", "hä", b"h\xe4"),
    ("utf16le", "h€😀", bytes.fromhex("6800ac203dd800de")),
    ("hex", "00ff10", b"\x00\xff\x10"),
    ("base64", "AP8Q+/8=", b"\x00\xff\x10\xfb\xff"),
    ("base64url", "AP8Q-_8", b"\x00\xff\x10\xfb\xff"),
    ("ascii", "hello", b"hello"),
]


class DescribeEncode:
    @pytest.mark.parametrize(("encoding", "text", "data"), TEXTS)
    def it_encodes(self, encoding, text, data):
        assert encode(text, encoding) == data

    def it_encodes_utf_8_if_it_is_not_told_otherwise(self):
        assert encode("ä") == b"\xc3\xa4"

    @pytest.mark.parametrize(
        ("text", "encoding", "data"),
        [
            ("a\ud800b", "utf8", b"a\xef\xbf\xbdb"),
            ("\u20ac", "latin1", b"\xac"),
            ("\u20acx", "ascii", b"\xacx"),
            ("61zz62", "hex", b"a"),
            ("616", "hex", b"a"),
            ("", "hex", b""),
            ("a b=", "base64", b"i"),
            ("YW Jj\n", "base64", b"abc"),
            ("YWJj\u00e9", "base64", b"abc"),
            ("YWJjZ", "base64", b"abc"),
            ("YQ==YQ", "base64", b"a"),
        ],
    )
    def it_replaces_or_leaves_out_what_it_cannot_express_as_node_does(self, text, encoding, data):
        assert encode(text, encoding) == data


class DescribeEncodingName:
    @pytest.mark.parametrize(
        ("name", "one"),
        [("UTF-8", "utf8"), ("binary", "latin1"), ("UCS-2", "utf16le"), ("utf-16le", "utf16le")],
    )
    def it_knows_nodes_names_in_any_case(self, name, one):
        assert encoding_name(name) == one

    @pytest.mark.parametrize("name", ["nosuch", "", 5, None, b"utf8"])
    def it_refuses_others(self, name):
        with pytest.raises(LookupError, match="Unknown encoding") as caught:
            encoding_name(name)
        assert isinstance(caught.value, TypeError)
        assert node_error(caught).code == "ERR_UNKNOWN_ENCODING"


class DescribeDecoder:
    @pytest.mark.parametrize(("encoding", "text", "data"), TEXTS)
    def it_decodes(self, encoding, text, data):
        decoder = Decoder(encoding)
        assert decoder.encoding == encoding
        assert decoder.decode(data) + decoder.decode(b"", True) == text

    @pytest.mark.parametrize(("encoding", "text", "data"), TEXTS)
    def it_decodes_one_byte_at_a_time(self, encoding, text, data):
        decoder = Decoder(encoding)
        pieces = [decoder.decode(data[index : index + 1]) for index in range(len(data))]
        assert "".join(pieces) + decoder.decode(b"", True) == text

    @given(st.text(), st.lists(st.integers(0, 50)))
    def it_decodes_text_that_is_cut_anywhere(self, text, cuts):
        data, decoder, decoded = text.encode("utf-8", "replace"), Decoder("utf8"), ""
        for cut in cuts:
            decoded += decoder.decode(data[:cut])
            data = data[cut:]
        assert decoded + decoder.decode(data, True) == text.encode("utf-8", "replace").decode()

    def it_replaces_what_is_no_text(self):
        decoder = Decoder("utf8")
        assert decoder.decode(b"a\xffb\xe2\x82") == "a\ufffdb"
        assert decoder.decode(b"", True) == "\ufffd"

    def it_takes_seven_bits_of_ascii(self):
        assert Decoder("ascii").decode(b"h\xe4") == "hd"


class DescribeChunkBytes:
    def it_copies_what_can_change(self):
        chunk = bytearray(b"abc")
        data = chunk_bytes(memoryview(chunk)[1:])
        chunk[:] = b"xyz"
        assert data == b"bc"

    @pytest.mark.parametrize("chunk", [5, [1, 2], {}, object()])
    def it_refuses_what_has_no_bytes(self, chunk):
        with pytest.raises(TypeError, match="`chunk` must be bytes or str"):
            chunk_bytes(chunk)
