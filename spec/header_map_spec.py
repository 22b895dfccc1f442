"""Headers as they were received: folded, one by one, and as bytes."""

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec.support import one_by_one
from websocket_driver import Request
from websocket_driver.header_map import HeaderMap
from websocket_driver.http_parser import HttpParser

HEAD = (
    b"HTTP/1.1 401 Unauthorized\r\n"
    b"Set-Cookie: a=1; Expires=Thu, 01 Jan 2026\r\n"
    b'WWW-Authenticate: Basic realm="a, b"\r\n'
    b"X-Name: gr\xc3\xbcn\xff\r\n"
    b"set-cookie:b=2 \t\r\n"
    b"X-Empty:\r\n"
    b"WWW-AUTHENTICATE: Digest nonce=x\r\n"
    b"\r\n"
)
RAW = [
    *("Set-Cookie", "a=1; Expires=Thu, 01 Jan 2026"),
    *("WWW-Authenticate", 'Basic realm="a, b"'),
    *("X-Name", "gr\u00c3\u00bcn\u00ff"),
    *("set-cookie", "b=2"),
    *("X-Empty", ""),
    *("WWW-AUTHENTICATE", "Digest nonce=x"),
]


def received(head=HEAD, cut=lambda head: [head], type="response"):
    parser = HttpParser(type)
    for chunk in cut(head):
        parser.parse(chunk)
    assert parser.is_complete()
    return parser.headers


@pytest.fixture(params=[lambda head: [head], one_by_one, lambda head: [head[:50], head[50:]]])
def headers(request):
    return received(cut=request.param)


class DescribeHeaderMap:
    def it_is_a_dictionary_of_folded_values(self, headers):
        assert isinstance(headers, dict)
        assert headers == {
            "set-cookie": "a=1; Expires=Thu, 01 Jan 2026, b=2",
            "www-authenticate": 'Basic realm="a, b", Digest nonce=x',
            "x-name": "gr\u00c3\u00bcn\u00ff",
            "x-empty": "",
        }

    def it_keeps_repeated_headers_apart(self, headers):
        assert headers.get_all("set-cookie") == ["a=1; Expires=Thu, 01 Jan 2026", "b=2"]
        assert headers.get_all("WWW-Authenticate") == ['Basic realm="a, b"', "Digest nonce=x"]
        assert headers.get_all("x-empty") == [""]
        assert headers.get_all("x-other") == []

    def it_has_all_lines_as_they_came(self, headers):
        assert headers.raw_headers == RAW

    def it_has_nodes_names(self, headers):
        assert headers.rawHeaders == RAW
        assert headers.getAll("Set-Cookie") == headers.get_all("set-cookie")

    def it_gives_every_byte_back(self, headers):
        assert headers["x-name"].encode("latin-1") == b"gr\xc3\xbcn\xff"

    @given(st.binary(max_size=50).map(lambda b: b.translate(None, bytes([*range(32), 127]))))
    def it_can_be_decoded_again_without_loss(self, value):
        headers = received(b"HTTP/1.1 200 OK\r\nX: |" + value + b"|\r\n\r\n")
        assert headers["x"].encode("latin-1") == b"|" + value + b"|"
        assert headers.raw_headers[1].encode("latin-1") == b"|" + value + b"|"

    @pytest.mark.parametrize("value", ["\u00a0a\u00a0", "\u0085", "X\u00a0X", "a:b:c", "X"])
    @pytest.mark.parametrize("after", [b"", b" \t"])
    def it_strips_spaces_and_tabs_alone(self, value, after):
        head = b"HTTP/1.1 200 OK\r\nX: \t" + value.encode("latin-1") + after + b"\r\n\r\n"
        for cut in (lambda head: [head], one_by_one):
            headers = received(head, cut)
            assert headers == {"x": value}
            assert headers.raw_headers == ["X", value]

    def it_is_the_text_of_a_peer_that_sends_utf_8(self):
        headers = received(b"HTTP/1.1 200 OK\r\nX: " + "gr\u00fcn".encode() + b"\r\n\r\n")
        assert headers["x"].encode("latin-1").decode("utf-8") == "gr\u00fcn"

    def it_skips_the_empty_lines_before_a_request(self):
        head = b"\r\n\r\nGET / HTTP/1.1\r\nA: b\r\n\r\n"
        for cut in (lambda head: [head], one_by_one):
            assert received(head, cut, "request").raw_headers == ["A", "b"]

    def it_is_that_of_the_final_response(self):
        head = b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + HEAD
        for cut in (lambda head: [head], one_by_one):
            assert received(head, cut).raw_headers == RAW

    def it_has_those_of_a_head_that_is_refused(self):
        # Two lengths, or a line without a colon.
        for bad in (b"Content-Length: 1\r\nContent-Length: 2\r\n", b"No colon\r\n"):
            head = HEAD.removesuffix(b"\r\n") + bad + b"\r\n"
            for cut in (lambda head: [head], one_by_one):
                headers = received(head, cut)
                assert headers.get_all("set-cookie") == ["a=1; Expires=Thu, 01 Jan 2026", "b=2"]
                assert headers.raw_headers[: len(RAW)] == RAW

    def it_has_no_lines_if_it_was_filled_by_hand(self):
        headers = HeaderMap({"a": "b"})
        assert (headers.raw_headers, headers.get_all("a")) == ([], [])

    class DescribeCopies:
        @pytest.mark.parametrize(
            "duplicate",
            [
                copy.copy,
                copy.deepcopy,
                HeaderMap.copy,
                *(
                    lambda headers, p=p: pickle.loads(pickle.dumps(headers, p))
                    for p in range(pickle.HIGHEST_PROTOCOL + 1)
                ),
            ],
        )
        def it_is_the_same(self, duplicate):
            for headers in (received(), HeaderMap({"a": "b"}), HeaderMap.of({"A": ["b", "c"]})):
                result = duplicate(headers)
                assert type(result) is HeaderMap
                assert result is not headers
                assert result == headers
                assert result.raw_headers == headers.raw_headers

        def it_does_not_change_with_the_original(self):
            headers = received()
            copied = headers.copy()
            headers["x-empty"] = "changed"
            assert copied["x-empty"] == ""


class DescribeHeadersByHand:
    def it_keeps_names_and_values_as_they_are(self):
        headers = Request(
            "GET", "/", {"Set-Cookie": ["a=1", "b=2"], "X": None, "set-cookie": "c=3"}
        ).headers
        assert headers == {"set-cookie": "a=1, b=2, c=3"}
        assert headers.get_all("SET-COOKIE") == ["a=1", "b=2", "c=3"]
        assert headers.raw_headers == [
            *("Set-Cookie", "a=1"),
            *("Set-Cookie", "b=2"),
            *("set-cookie", "c=3"),
        ]

    @pytest.mark.parametrize(
        ("name", "value"), [("X-Color", 5), ("X-Color", ["red", b"blue"]), (b"X-Color", "red")]
    )
    def it_refuses_names_and_values_that_are_not_text(self, name, value):
        with pytest.raises(TypeError) as error:
            HeaderMap.of({name: value})
        assert str(error.value) == f"Request headers must be text: {name!r}: {value!r}"
