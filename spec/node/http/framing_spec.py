"""Response heads and bodies as bytes, without a connection."""

from __future__ import annotations

import re

import pytest

from spec.node.http.support import refused
from websocket_driver.node.http import framing
from websocket_driver.node.http.framing import Framing

DATE = re.compile(rb"Date: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\r\n")


def framed(*, keep_alive=True, chunks=True, has_body=True, **more):
    made = Framing(keep_alive=keep_alive, chunks=chunks, has_body=has_body)
    made.timeout = 5000
    made.send_date = False
    for name, value in more.items():
        setattr(made, name, value)
    return made


def head(made, *fields, status=200, message="OK"):
    return made.head(status, message, fields)


class DescribeFraming:
    def it_begins_with_the_status_line(self):
        assert head(framed(length=0), status=404, message="Not Found") == (
            b"HTTP/1.1 404 Not Found\r\n"
            b"Connection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 0\r\n\r\n"
        )

    def it_has_the_headers_in_order_before_its_own(self):
        fields = [("X-A", "b"), ("x-c", 5), ("X-L", ["1", 2.5])]
        assert head(framed(length=1), *fields) == (
            b"HTTP/1.1 200 OK\r\nX-A: b\r\nx-c: 5\r\nX-L: 1\r\nX-L: 2.5\r\n"
            b"Connection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 1\r\n\r\n"
        )

    def it_joins_cookies(self):
        made = framed(length=0, removed={"connection"})
        assert head(made, ("Cookie", ["a=1", "b=2"]), ("Set-Cookie", ["a", "b"])) == (
            b"HTTP/1.1 200 OK\r\nCookie: a=1; b=2\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n"
            b"Content-Length: 0\r\n\r\n"
        )

    def it_sends_latin_1(self):
        made = framed(length=0, removed={"connection"})
        assert (
            head(made, ("X", "\xe9")) == b"HTTP/1.1 200 OK\r\nX: \xe9\r\nContent-Length: 0\r\n\r\n"
        )

    def it_refuses_values_that_were_changed_after_they_were_set(self):
        assert refused(head, framed(), ("X", ["a", "\n"])) == (
            ValueError,
            "ERR_INVALID_CHAR",
            'Invalid character in header content ["X"]',
        )

    def it_adds_the_date_once_a_second(self, monkeypatch):
        monkeypatch.setattr(framing, "_date", (0, ""))
        times = iter([784111777.1, 784111777.9, 784111778.0])
        monkeypatch.setattr("time.time", lambda: next(times))
        heads = [head(framed(length=0, send_date=True, removed={"connection"})) for _ in range(3)]
        assert heads == [
            b"HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:3%d GMT\r\nContent-Length: 0\r\n\r\n"
            % n
            for n in (7, 7, 8)
        ]

    def it_does_not_add_a_date_to_one_that_is_set(self):
        made = framed(length=0, send_date=True, removed={"connection"})
        assert (
            head(made, ("date", "x")) == b"HTTP/1.1 200 OK\r\ndate: x\r\nContent-Length: 0\r\n\r\n"
        )

    class DescribeLength:
        @pytest.mark.parametrize(
            ("options", "fields", "line", "chunked", "last"),
            [
                ({"length": 5}, [], b"Content-Length: 5\r\n", False, False),
                ({}, [], b"Transfer-Encoding: chunked\r\n", True, False),
                (
                    {"length": 5, "removed": {"content-length"}},
                    [],
                    b"Transfer-Encoding: chunked\r\n",
                    True,
                    False,
                ),
                ({"removed": {"transfer-encoding"}}, [], b"", False, True),
                (
                    {"length": 5, "removed": {"content-length", "transfer-encoding"}},
                    [],
                    b"",
                    False,
                    True,
                ),
                ({"length": 5}, [("Trailer", "A")], b"Transfer-Encoding: chunked\r\n", True, False),
                ({"chunks": False}, [], b"", False, True),
                ({"chunks": False, "length": 5}, [], b"", False, True),
                ({"has_body": False}, [], b"", False, False),
                ({}, [("Content-Length", 5)], b"", False, False),
                ({}, [("Transfer-Encoding", "chunked")], b"", True, False),
                ({}, [("Transfer-Encoding", "gzip")], b"", False, False),
                ({}, [("Transfer-Encoding", "gzip, Chunked")], b"", True, False),
            ],
        )
        def it_is_given_by(self, options, fields, line, chunked, last):
            made = framed(**options)
            sent = head(made, *fields)
            own = sent.partition(b"timeout=5\r\n" if b"timeout" in sent else b"close\r\n")[2]
            assert own == line + b"\r\n"
            assert (made.chunked, made.last) == (chunked, last)

        @pytest.mark.parametrize("status", [204, 304])
        def it_is_never_chunked_without_content(self, status):
            made = framed(has_body=False)
            assert head(made, ("Transfer-Encoding", "chunked"), status=status).endswith(
                b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
            )
            assert (made.chunked, made.last) == (False, True)

        @pytest.mark.parametrize("options", [{"chunks": False}, {"has_body": False}])
        def it_refuses_trailers_that_cannot_be_sent(self, options):
            assert refused(head, framed(**options), ("Trailer", "A")) == (
                RuntimeError,
                "ERR_HTTP_TRAILER_INVALID",
                "Trailers are invalid with this transfer encoding",
            )

    class DescribeKeepAlive:
        @pytest.mark.parametrize(
            ("options", "fields", "lines", "last"),
            [
                ({}, [], b"Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n", False),
                (
                    {"timeout": 1999},
                    [],
                    b"Connection: keep-alive\r\nKeep-Alive: timeout=1\r\n",
                    False,
                ),
                ({"timeout": 0}, [], b"Connection: keep-alive\r\n", False),
                (
                    {"max_requests": 7},
                    [],
                    b"Connection: keep-alive\r\nKeep-Alive: timeout=5, max=7\r\n",
                    False,
                ),
                (
                    {"max_requests": 1},
                    [],
                    b"Connection: keep-alive\r\nKeep-Alive: timeout=5, max=1\r\n",
                    False,
                ),
                ({"limit_reached": True}, [], b"Connection: close\r\n", False),
                ({"keep_alive": False}, [], b"Connection: close\r\n", True),
                ({"chunks": False}, [], b"Connection: close\r\n", True),
                ({}, [("Connection", "close")], b"", True),
                ({}, [("connection", "x, Close")], b"", True),
                ({}, [("Connection", "closed")], b"", False),
                ({"keep_alive": False}, [("Connection", "keep-alive")], b"", False),
                ({}, [("Keep-Alive", "timeout=9")], b"Connection: keep-alive\r\n", False),
                ({"removed": {"connection"}}, [], b"", False),
                ({"removed": {"connection"}, "keep_alive": False}, [], b"", True),
            ],
        )
        def it_is_agreed_on_by(self, options, fields, lines, last):
            made = framed(**{"length": 0, **options})
            sent = head(made, *fields)
            given = b"".join(b"%s: %s\r\n" % (n.encode(), v.encode()) for n, v in fields)
            length = b"" if options.get("chunks") is False else b"Content-Length: 0\r\n"
            assert sent == b"HTTP/1.1 200 OK\r\n" + given + lines + length + b"\r\n"
            assert made.last is last

        def it_has_no_time_limit_at_first(self):
            made = Framing(keep_alive=True, chunks=True, has_body=False)
            made.send_date = False
            assert head(made) == b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n"

        def it_is_on_if_the_connection_header_does_not_say_close(self):
            made = framed(keep_alive=False)
            head(made, ("Connection", "x"))
            assert made.keep_alive is True
            head(made, ("Connection", "close"))
            assert (made.keep_alive, made.last) == (True, True)

        def it_keeps_an_http_1_0_connection_open_if_the_length_is_set(self):
            made = framed(chunks=False)
            assert head(made, ("Content-Length", 2)) == (
                b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
                b"Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n"
            )
            assert made.last is False

    class DescribeBodies:
        def it_sends_as_they_are(self):
            made = framed(length=5)
            head(made)
            assert (made.body(b"Hello"), made.body(b""), made.end("")) == (b"Hello", b"", b"")

        def it_sends_in_chunks(self):
            made = framed()
            head(made)
            assert made.body(b"x" * 26) == b"1a\r\n" + b"x" * 26 + b"\r\n"
            assert made.body(b"") == b""
            assert made.end("") == b"0\r\n\r\n"
            assert made.end("A: b\r\n") == b"0\r\nA: b\r\n\r\n"

        def it_has_no_end_without_a_body(self):
            made = framed(has_body=False)
            head(made, ("Transfer-Encoding", "chunked"))
            assert (made.chunked, made.end("")) == (True, b"")


class DescribeDate:
    def it_is_that_of_rfc_9110(self):
        assert DATE.fullmatch(framing.date_line().encode())
