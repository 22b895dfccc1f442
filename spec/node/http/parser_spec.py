"""The requests of a connection, as bytes that arrive whole and one by one."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec.support import one_by_one
from websocket_driver.node.http.body import MAX_CHUNK_EXTENSIONS
from websocket_driver.node.http.head import Head, HeadReader
from websocket_driver.node.http.llhttp import MAX_PARTIAL_LINE
from websocket_driver.node.http.parser import End, ParseError, RequestParser

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
GOT = ("GET", "/", "1.1", ["Host", "a"], 0, True, False)
POST = b"POST / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
END: tuple[str, list[str]] = ("end", [])

OVERFLOW = ("HPE_HEADER_OVERFLOW", "Header overflow")
CHUNK_OVERFLOW = ("HPE_CHUNK_EXTENSIONS_OVERFLOW", "Chunk extensions overflow")
BAD_HOST = ("HPE_INVALID_HEADER_TOKEN", "Invalid Host header")
BAD_TOKEN = ("HPE_INVALID_HEADER_TOKEN", "Invalid header token")
BAD_VALUE = ("HPE_INVALID_HEADER_TOKEN", "Invalid header value char")


@pytest.fixture(params=["whole", "bytewise"])
def cut(request):
    return one_by_one if request.param == "bytewise" else lambda data: [data]


def parse(chunks, *limits, finish=False):
    """Everything that a parser finds, with the parts of a body joined. An error is the last
    entry."""
    parser = RequestParser(*limits)
    found: list[Any] = []
    try:
        for chunk in chunks:
            parser.feed(chunk)
            while (part := parser.next()) is not None:
                note(found, part)
        if finish:
            parser.finish()
    except ParseError as error:
        found.append((error.code, error.reason))
    return found


def note(found, part):
    if isinstance(part, Head):
        found.append(
            (
                part.method,
                part.url,
                part.version,
                part.raw_headers,
                part.length,
                part.keep_alive,
                part.upgrade,
            )
        )
    elif isinstance(part, End):
        found.append(("end", part.raw_trailers))
    elif found and isinstance(found[-1], bytes):
        found[-1] += part
    else:
        found.append(part)


def head_of(lines):
    """The result for a head with these lines after the request line and Host."""
    return parse([b"GET / HTTP/1.1\r\nHost: a\r\n" + lines + b"\r\n\r\n"])[0]


class DescribeRequestParser:
    def it_finds_nothing_in_nothing(self):
        parser = RequestParser()
        assert (parser.next(), parser.between_requests, parser.failed) == (None, True, False)
        parser.finish()

    def it_finds_a_head_and_its_end(self, cut):
        assert parse(cut(GET), finish=True) == [GOT, END]

    def it_is_between_requests_before_and_after_one(self):
        parser = RequestParser()
        parser.feed(GET)
        assert parser.between_requests is False
        assert isinstance(parser.next(), Head)
        assert parser.between_requests is False
        assert isinstance(parser.next(), End)
        assert parser.between_requests is True

    def it_finds_requests_one_after_the_other(self, cut):
        assert parse(cut(GET * 3), finish=True) == [GOT, END] * 3

    def it_parses_no_further_than_it_is_asked_to(self):
        parser = RequestParser()
        parser.feed(GET + b"garbage")
        assert isinstance(parser.next(), Head)
        assert isinstance(parser.next(), End)
        with pytest.raises(ParseError):
            parser.next()

    def it_skips_empty_lines_before_a_request(self, cut):
        assert parse(cut(b"\r\n\r\n" + GET + b"\r\n" + GET + b"\r\n"), finish=True) == [
            *(GOT, END),
            *(GOT, END),
        ]

    @given(st.lists(st.integers(0, 400), max_size=20))
    def it_does_not_depend_on_how_requests_are_cut(self, places):
        data = CHUNKED + b"5;a=b\r\nHello\r\n0\r\nA: b\r\n\r\n" + GET
        data += POST + b"Content-Length: 3\r\n\r\nabc\r\n" + GET + b"garb"
        places = sorted([0, *(min(place, len(data)) for place in places), len(data)])
        assert parse([data[a:b] for a, b in pairwise(places)]) == parse([data])

    class DescribeRequestLines:
        @pytest.mark.parametrize(
            ("line", "method", "url"),
            [
                (b"GET /a?b=c HTTP/1.1", "GET", "/a?b=c"),
                (b"OPTIONS * HTTP/1.1", "OPTIONS", "*"),
                (b"GET http://a/b HTTP/1.1", "GET", "http://a/b"),
                (b"M-SEARCH / HTTP/1.1", "M-SEARCH", "/"),
                (b"GET /" + b"x" * 5000 + b" HTTP/1.1", "GET", "/" + "x" * 5000),
            ],
        )
        def it_reads(self, cut, line, method, url):
            found = parse(cut(line + b"\r\nHost: a\r\n\r\n"))
            assert found == [(method, url, "1.1", ["Host", "a"], 0, True, False), END]

        @pytest.mark.parametrize(
            ("line", "code", "reason"),
            [
                (b"garbage", "HPE_INVALID_METHOD", "Invalid method encountered"),
                (b"\x16\x03\x01", "HPE_INVALID_METHOD", "Invalid method encountered"),
                (b"get / HTTP/1.1\r\n", "HPE_INVALID_METHOD", "Invalid method encountered"),
                (b"GET/ ", "HPE_INVALID_METHOD", "Expected space after method"),
                (b"GET /\xe9", "HPE_INVALID_URL", "Invalid char in url path"),
                (b"GET / http", "HPE_INVALID_CONSTANT", "Expected HTTP/, RTSP/ or ICE/"),
                (b"GET / HTTP/1.2\r\n\r\n", "HPE_INVALID_VERSION", "Invalid HTTP version"),
                (b"GET / HTTP/2.0\r\n\r\n", "HPE_INVALID_VERSION", "Invalid HTTP version"),
                (b"GET / RTSP/1.0\r\n\r\n", "HPE_INVALID_VERSION", "Invalid HTTP version"),
                (b"GET /\r\n\r\n", "HPE_INVALID_VERSION", "Invalid HTTP version"),
                (b"GET / HTTP/1.1\n\r\n", "HPE_INVALID_VERSION", "Expected CRLF after version"),
                (b"\rG", "HPE_INVALID_METHOD", "Invalid method encountered"),
                (b"\n", "HPE_INVALID_METHOD", "Invalid method encountered"),
                (b"GET / HTTP/1.1\rA", "HPE_STRICT", "Expected CRLF after version"),
                (b"GET / HTTP/1.1\r\r\n", "HPE_STRICT", "Expected CRLF after version"),
                (b"GET / HTTP/1.1\r\r", "HPE_STRICT", "Expected CRLF after version"),
                (
                    b"GET / HTTP/1.1\r\nA: b\r\r",
                    "HPE_LF_EXPECTED",
                    "Missing expected LF after header value",
                ),
                (b"GET / HTTP/1.1\r\nA: b\r\n\r\r", "HPE_STRICT", "Expected LF after headers"),
                (b"GET / HT\r", "HPE_INVALID_CONSTANT", "Expected HTTP/, RTSP/ or ICE/"),
                (b"GET / HTTP/1.1x\rA", "HPE_INVALID_VERSION", "Expected CRLF after version"),
            ],
        )
        def it_refuses(self, cut, line, code, reason):
            assert parse(cut(line)) == [(code, reason)]

        @pytest.mark.parametrize("before", [b"", b"X: " + b"x" * 2000 + b"\r\n"])
        def it_refuses_at_the_first_byte_that_is_wrong(self, cut, before):
            assert parse(cut(b"GET / HTTP/1.1\r\nHost: a\r\n" + before + b"A b")) == [BAD_TOKEN]

        @pytest.mark.parametrize(
            ("before", "line", "error"),
            [
                (b"", b"GET /", ("HPE_INVALID_URL", "Invalid char in url path")),
                (b"GET / HTTP/1.1\r\n", b"A: ", BAD_VALUE),
                (b"GET / HTTP/1.1\r\nX: " + b"x" * 2000 + b"\r\n", b"A: ", BAD_VALUE),
            ],
        )
        def it_refuses_a_line_behind_its_first_kilobyte_once_it_is_complete(
            self, cut, before, line, error
        ):
            within = before + line.ljust(MAX_PARTIAL_LINE - 1, b"x") + b"\0"
            beyond = before + line.ljust(MAX_PARTIAL_LINE, b"x") + b"\0"
            assert parse(cut(within)) == [error]
            assert parse(cut(beyond)) == []
            assert parse(cut(beyond + b"\r\n")) == [error]

    class DescribeFields:
        @pytest.mark.parametrize(
            ("lines", "raw"),
            [
                (b"A: b", ["A", "b"]),
                (b"A:b", ["A", "b"]),
                (b"A: \t b \t", ["A", "b"]),
                (b"A:", ["A", ""]),
                (b"a: b\r\nA: c", ["a", "b", "A", "c"]),
                (b"A: \xe9\xff", ["A", "\xe9\xff"]),
                (b"A: \xa0b\x85", ["A", "\xa0b\x85"]),
                (b"A: XbX", ["A", "XbX"]),
                (b"A: b: c", ["A", "b: c"]),
                (b"A: " + b"x" * 3000, ["A", "x" * 3000]),
                (b"A: " + b"x" * (MAX_PARTIAL_LINE - 4), ["A", "x" * (MAX_PARTIAL_LINE - 4)]),
                (b"A: " + b"x" * (MAX_PARTIAL_LINE - 3), ["A", "x" * (MAX_PARTIAL_LINE - 3)]),
            ],
        )
        def it_keeps_as_they_came(self, cut, lines, raw):
            head = b"GET / HTTP/1.1\r\nHost: a\r\n" + lines + b"\r\n\r\n"
            assert parse(cut(head)) == [
                ("GET", "/", "1.1", ["Host", "a", *raw], 0, True, False),
                END,
            ]

        @pytest.mark.parametrize(
            ("line", "code"),
            [
                (b"A : b", "HPE_INVALID_HEADER_TOKEN"),
                (b" A: b", "HPE_INVALID_HEADER_TOKEN"),
                (b"A: b\r\n c: d", "HPE_INVALID_HEADER_TOKEN"),
                (b"A: \0", "HPE_INVALID_HEADER_TOKEN"),
                (b"A\xe9: b", "HPE_INVALID_HEADER_TOKEN"),
                (b": b", "HPE_INVALID_HEADER_TOKEN"),
                (b"Ab", "HPE_INVALID_HEADER_TOKEN"),
                (b"A: b\rC: d", "HPE_LF_EXPECTED"),
                (b"A: b\nC: d", "HPE_CR_EXPECTED"),
                (b"Content-Length: 1x", "HPE_INVALID_CONTENT_LENGTH"),
                (b"Content-Length: +1", "HPE_INVALID_CONTENT_LENGTH"),
                (b"Content-Length:", "HPE_INVALID_CONTENT_LENGTH"),
                (b"Content-Length: 99999999999999999999", "HPE_INVALID_CONTENT_LENGTH"),
                (b"Content-Length: 1\r\nContent-Length: 1", "HPE_UNEXPECTED_CONTENT_LENGTH"),
                (
                    b"Content-Length: 1\r\nTransfer-Encoding: chunked",
                    "HPE_INVALID_TRANSFER_ENCODING",
                ),
                (
                    b"Transfer-Encoding: chunked\r\nContent-Length: 1",
                    "HPE_INVALID_CONTENT_LENGTH",
                ),
                (b"Transfer-Encoding: gzip", "HPE_INVALID_TRANSFER_ENCODING"),
                (b"Transfer-Encoding: chunked, gzip", "HPE_INVALID_TRANSFER_ENCODING"),
                (b"Transfer-Encoding:", "HPE_INVALID_TRANSFER_ENCODING"),
                (b"Host: a", "HPE_INVALID_HEADER_TOKEN"),
                (b"Host: b", "HPE_INVALID_HEADER_TOKEN"),
            ],
        )
        def it_refuses(self, cut, line, code):
            found = parse(cut(b"GET / HTTP/1.1\r\nHost: a\r\n" + line + b"\r\n\r\n"))
            assert [entry[0] for entry in found] == [code]

        @pytest.mark.parametrize("coding", [b"gzip", b"chunked\xa0"])
        def it_refuses_a_body_without_an_end_in_an_upgrade_request(self, cut, coding):
            lines = b"Connection: upgrade\r\nUpgrade: x\r\nTransfer-Encoding: " + coding
            found = parse(cut(b"GET / HTTP/1.1\r\nHost: a\r\n" + lines + b"\r\n\r\n"))
            assert found == [
                ("HPE_INVALID_TRANSFER_ENCODING", "Request has invalid `Transfer-Encoding`")
            ]

        @pytest.mark.parametrize("host", [b"a b", b"a/b", b"a?b", b"a, b"])
        def it_refuses_an_invalid_host(self, cut, host):
            assert parse(cut(b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")) == [BAD_HOST]

        @pytest.mark.parametrize(
            ("version", "value", "keep_alive"),
            [
                (b"1.1", None, True),
                (b"1.0", None, False),
                (b"1.1", b"close", False),
                (b"1.1", b"a, Close", False),
                (b"1.1", b"keep-alive, close", False),
                (b"1.1", b"close\r\nConnection: keep-alive", False),
                (b"1.1", b"closed", True),
                (b"1.1", b"upgrade", True),
                (b"1.0", b"Keep-Alive", True),
                (b"1.0", b"close", False),
                (b"1.0", b"x", False),
            ],
        )
        def it_finds_out_whether_the_connection_may_stay_open(self, version, value, keep_alive):
            lines = b"Connection: " + value + b"\r\n" if value else b""
            parser = RequestParser()
            parser.feed(b"GET / HTTP/" + version + b"\r\nHost: a\r\n" + lines + b"\r\n")
            found = parser.next()
            assert isinstance(found, Head)
            assert found.keep_alive is keep_alive

        @pytest.mark.parametrize(
            ("lines", "upgrade"),
            [
                (b"Connection: Upgrade\r\nUpgrade: websocket", True),
                (b"Connection: keep-alive, Upgrade\r\nUpgrade: websocket", True),
                (b"Upgrade: websocket", False),
                (b"Connection: Upgrade", False),
            ],
        )
        def it_finds_out_whether_another_protocol_is_asked_for(self, lines, upgrade):
            assert head_of(lines)[-1] is upgrade

        def it_refuses_a_line_without_cr_even_if_llhttp_does_not(self):
            reader = HeadReader(1000, 10)
            reader._parser.set_dangerous_leniencies(lenient_optional_cr_before_lf=True)
            with pytest.raises(ParseError) as raised:
                reader.next(bytearray(b"GET / HTTP/1.1\r\nA: b\n\r\n"))
            assert raised.value.args == ("HPE_CR_EXPECTED", "Missing expected CR")

    class DescribeBodies:
        def it_reads_one_of_a_length(self, cut):
            found = parse(cut(POST + b"Content-Length: 5\r\n\r\nHello" + GET), finish=True)
            assert found[1:] == [b"Hello", END, GOT, END]

        def it_reads_none_of_length_0(self, cut):
            assert parse(cut(POST + b"Content-Length: 0\r\n\r\n" + GET))[1:] == [END, GOT, END]

        @pytest.mark.parametrize(
            ("body", "data", "trailers"),
            [
                (b"0\r\n\r\n", [], []),
                (b"5\r\nHello\r\n0\r\n\r\n", [b"Hello"], []),
                (b"3\r\nHel\r\n2\r\nlo\r\n0\r\n\r\n", [b"Hello"], []),
                (b"A\r\n0123456789\r\n0\r\n\r\n", [b"0123456789"], []),
                (b"10\r\n0123456789abcdef\r\n0\r\n\r\n", [b"0123456789abcdef"], []),
                (b"0003\r\nHel\r\n000\r\n\r\n", [b"Hel"], []),
                (b'3;a=b;c="d\\"e"\r\nHel\r\n0;x\r\n\r\n', [b"Hel"], []),
                (b"3\r\nHel\r\n0\r\nA: b\r\na:  c \r\n\r\n", [b"Hel"], ["A", "b", "a", "c"]),
            ],
        )
        def it_reads_a_chunked_one(self, cut, body, data, trailers):
            found = parse(cut(CHUNKED + body + GET), finish=True)
            assert found[1:] == [*data, ("end", trailers), GOT, END]

        def it_reads_one_with_other_codings_before_chunked(self, cut):
            head = POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n"
            assert parse(cut(head + b"1\r\nx\r\n0\r\n\r\n"))[1:] == [b"x", END]

        def it_reads_one_of_a_request_that_asks_for_an_upgrade(self, cut):
            upgrade = b"Connection: Upgrade\r\nUpgrade: x\r\n"
            head = POST + upgrade + b"Transfer-Encoding: chunked\r\n\r\n"
            assert parse(cut(head + b"1\r\nx\r\n0\r\n\r\n" + GET))[1:] == [b"x", END, GOT, END]
            head = POST + upgrade + b"Content-Length: 1\r\n\r\n"
            assert parse(cut(head + b"x" + GET))[1:] == [b"x", END, GOT, END]

        @pytest.mark.parametrize(
            ("body", "data", "code"),
            [
                (b"x", [], "HPE_INVALID_CHUNK_SIZE"),
                (b"-1\r\n", [], "HPE_INVALID_CHUNK_SIZE"),
                (b"0x1\r\n", [], "HPE_INVALID_CHUNK_SIZE"),
                (b"3 \r\n", [], "HPE_INVALID_CHUNK_SIZE"),
                (b"fffffffffffffffff\r\n", [], "HPE_INVALID_CHUNK_SIZE"),
                (b"3\n", [], "HPE_CR_EXPECTED"),
                (b"3;a\0", [], "HPE_INVALID_CHUNK_SIZE"),
                (b"3\r\nHello\r\n", [b"Hel"], "HPE_STRICT"),
                (b"3\r\nHel\n0\r\n", [b"Hel"], "HPE_CR_EXPECTED"),
                (b"0\r\n\n", [], "HPE_INVALID_HEADER_TOKEN"),
                (b"0\r\nA b", [], "HPE_INVALID_HEADER_TOKEN"),
                (b"0\r\nA: \0", [], "HPE_INVALID_HEADER_TOKEN"),
                (b"0\r\nA: b\rc", [], "HPE_LF_EXPECTED"),
                (b"0\r\nA: b\n", [], "HPE_CR_EXPECTED"),
                (b"0\r\n\rA", [], "HPE_STRICT"),
                (b"0\r\n\r\r", [], "HPE_STRICT"),
                (b"0\r\nA: b\r\r", [], "HPE_LF_EXPECTED"),
                (b"0\r\nA\r", [], "HPE_INVALID_HEADER_TOKEN"),
                (b"0\r\nContent-Length: 1\r\n", [], "HPE_INVALID_CONTENT_LENGTH"),
                (b"0\r\nTransfer-Encoding: chunked\r\n", [], "HPE_INVALID_TRANSFER_ENCODING"),
            ],
        )
        def it_refuses_a_chunked_one_that_is_not_in_order(self, cut, body, data, code):
            found = parse(cut(CHUNKED + body))
            assert found[1:-1] == data
            assert found[-1][0] == code

        def it_refuses_a_trailer_behind_its_first_kilobyte_once_it_is_complete(self, cut):
            within = CHUNKED + b"0\r\n" + b"A: ".ljust(MAX_PARTIAL_LINE - 1, b"x") + b"\0"
            beyond = CHUNKED + b"0\r\n" + b"A: ".ljust(MAX_PARTIAL_LINE, b"x") + b"\0"
            assert parse(cut(within))[1:] == [BAD_VALUE]
            assert parse(cut(beyond))[1:] == []
            assert parse(cut(beyond + b"\r\n"))[1:] == [BAD_VALUE]
            before = CHUNKED + b"0\r\nA: b\r\n"
            assert parse(cut(before + within[len(CHUNKED) + 3 :]))[1:] == [BAD_VALUE]
            assert parse(cut(before + beyond[len(CHUNKED) + 3 :]))[1:] == []

    class DescribeUpgrades:
        @pytest.mark.parametrize(
            "head",
            [
                b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
                b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n",
            ],
        )
        @pytest.mark.parametrize("rest", [b"", GET, b"\x81\x00"])
        def it_returns_what_came_behind_the_head(self, head, rest):
            parser = RequestParser()
            parser.feed(head + rest)
            found = parser.next()
            assert isinstance(found, Head)
            assert found.upgrade is True
            assert parser.upgrade() == rest

        def it_goes_on_with_the_next_request_if_nobody_upgrades(self, cut):
            head = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"
            assert parse(cut(head + GET))[1:] == [END, GOT, END]

    class DescribeTheEnd:
        @pytest.mark.parametrize(
            "begun",
            [b"G", GET[:-1], POST + b"Content-Length: 2\r\n\r\nx", CHUNKED, CHUNKED + b"0\r\n"],
        )
        def it_is_an_error_in_a_request(self, cut, begun):
            assert parse(cut(begun), finish=True)[-1] == (
                "HPE_INVALID_EOF_STATE",
                "Invalid EOF state",
            )

        def it_is_an_error_again(self):
            parser = RequestParser()
            parser.feed(b"G")
            for _ in range(2):
                with pytest.raises(ParseError, match="HPE_INVALID_EOF_STATE"):
                    parser.finish()
            assert parser.failed is True

        @pytest.mark.parametrize("line", [b"Connection: close\r\n", b""])
        def it_must_come_after_a_request_that_closes(self, cut, line):
            version = b"1.1" if line else b"1.0"
            head = b"GET / HTTP/" + version + b"\r\nHost: a\r\n" + line + b"\r\n"
            assert parse(cut(head + b"\r\n\r\n"), finish=True)[1:] == [END]
            for rest in (GET, b" ", b"X"):
                assert parse(cut(head + b"\r\n" + rest))[1:] == [
                    END,
                    ("HPE_CLOSED_CONNECTION", "Data after `Connection: close`"),
                ]

    class DescribeErrors:
        def it_raises_the_same_each_time_and_keeps_nothing(self):
            parser = RequestParser()
            parser.feed(b"garbage")
            with pytest.raises(ParseError) as first:
                parser.next()
            parser.feed(GET)
            with pytest.raises(ParseError) as second:
                parser.next()
            assert first.value.args == second.value.args
            assert parser.failed is True
            assert parser.waiting == 0

    class DescribeLimits:
        LIMIT = 300

        def head(self, length):
            return b"GET / HTTP/1.1\r\nHost: a\r\nX: ".ljust(length - 4, b"x") + b"\r\n\r\n"

        def it_takes_a_head_of_the_limit_and_no_more(self, cut):
            assert len(parse(cut(self.head(self.LIMIT)), self.LIMIT)) == 2
            assert parse(cut(self.head(self.LIMIT + 1)), self.LIMIT) == [OVERFLOW]

        def it_counts_empty_lines_before_the_head(self, cut):
            assert len(parse(cut(b"\r\n" + self.head(self.LIMIT - 2)), self.LIMIT)) == 2
            assert parse(cut(b"\r\n" + self.head(self.LIMIT - 1)), self.LIMIT) == [OVERFLOW]
            assert parse(cut(b"\r\n" * 150), self.LIMIT) == []
            assert parse(cut(b"\r\n" * 151), self.LIMIT) == [OVERFLOW]

        def it_does_not_wait_for_the_end_of_a_line(self, cut):
            assert parse(cut(b"GET /" + b"x" * self.LIMIT), self.LIMIT) == [OVERFLOW]

        def it_refuses_what_is_wrong_before_the_limit_first(self, cut):
            head = b"GET / HTTP/1.1\r\nA b: c\r\n" + b"x" * self.LIMIT
            assert parse(cut(head), self.LIMIT)[-1][0] == "HPE_INVALID_HEADER_TOKEN"

        def it_does_not_look_beyond_the_limit_for_the_end_of_a_line(self):
            line = b"A: ".ljust(MAX_PARTIAL_LINE, b"x") + b"\0"
            head = b"GET / HTTP/1.1\r\n" + line + b"\r\n"
            assert parse([head + b"\r\n"], len(head)) == [BAD_VALUE]
            assert parse([head + b"\r\n"], len(head) - 1) == [OVERFLOW]

        def it_takes_as_many_fields_and_no_more(self, cut):
            head = b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 5
            assert len(parse(cut(head + b"\r\n"), 1000, 5)) == 2
            assert parse(cut(head + b"A: b\r\n\r\n"), 1000, 5) == [OVERFLOW]

        def it_counts_before_it_looks_at_what_follows(self, cut):
            head = b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 7 + b"A b: c\r\n\r\n"
            assert parse(cut(head), 1000, 5) == [OVERFLOW]

        def it_takes_any_number_of_fields_with_a_limit_of_0(self, cut):
            head = b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 500 + b"\r\n"
            assert len(parse(cut(head), 0x10000, 0)[0][3]) == 1000

        def it_has_the_same_for_trailers(self, cut):
            small, large = b"0\r\nX: ".ljust(3 + 296, b"x"), b"0\r\nX: ".ljust(3 + 297, b"x")
            assert parse(cut(CHUNKED + small + b"\r\n\r\n"), self.LIMIT)[-1][0] == "end"
            assert parse(cut(CHUNKED + large + b"\r\n\r\n"), self.LIMIT)[-1] == OVERFLOW
            assert parse(cut(CHUNKED + large + b"xxxx"), self.LIMIT)[-1] == OVERFLOW
            assert (
                parse(cut(CHUNKED + b"0\r\n" + b"A: b\r\n" * 5 + b"\r\n"), 1000, 5)[-1][0] == "end"
            )
            assert (
                parse(cut(CHUNKED + b"0\r\n" + b"A: b\r\n" * 6 + b"\r\n"), 1000, 5)[-1] == OVERFLOW
            )

        @pytest.mark.parametrize("before", [b"", b"A: b\r\n"])
        def it_refuses_a_line_break_before_a_trailer_first(self, cut, before):
            trailers = b"0\r\n" + before + b"\n" + b"x" * self.LIMIT
            assert parse(cut(CHUNKED + trailers), self.LIMIT)[1:] == [
                ("HPE_INVALID_HEADER_TOKEN", "Invalid header field char")
            ]

        def it_does_not_count_what_comes_behind_trailers(self, cut):
            data = CHUNKED + b"0\r\nA: b\r\n\r\n" + GET * 20
            assert parse(cut(data), 100)[1:] == [("end", ["A", "b"]), *[GOT, END] * 20]

        def it_does_not_count_the_sizes_of_chunks(self, cut):
            chunks = b"1\r\nx\r\n" * MAX_CHUNK_EXTENSIONS
            assert parse([CHUNKED + chunks + b"0\r\n\r\n"])[1:] == [
                b"x" * MAX_CHUNK_EXTENSIONS,
                END,
            ]

        def it_takes_a_line_before_a_chunk_of_the_limit_and_no_more(self, cut):
            line = b"1;a=".ljust(MAX_CHUNK_EXTENSIONS - 2, b"x")
            assert parse(cut(CHUNKED + line + b"\r\nx"))[1:] == [b"x"]
            assert parse(cut(CHUNKED + line + b"x\r\nx"))[1:] == [CHUNK_OVERFLOW]

        def it_has_one_for_the_extensions_of_each_chunk(self, cut):
            """test-http-chunk-extensions-limit.js"""
            largest = b"1;a=".ljust(MAX_CHUNK_EXTENSIONS - 2, b"x")
            chunks = (largest + b"\r\nx\r\n") * 3
            assert parse(cut(CHUNKED + chunks + b"0\r\n\r\n"))[1:] == [b"xxx", END]
            assert parse(cut(CHUNKED + largest + b"x\r\n"))[-1] == (
                "HPE_CHUNK_EXTENSIONS_OVERFLOW",
                "Chunk extensions overflow",
            )
