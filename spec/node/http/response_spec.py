"""`http.ServerResponse`: valid calls, and mistakes of callers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from spec.node.http.support import (
    GET,
    KEEP_ALIVE,
    answer,
    closed,
    connected,
    head,
    log,
    refused,
)
from spec.node.support import handled
from spec.wires import event, run
from websocket_driver.node import http
from websocket_driver.node.stream import HIGH_WATER_MARK

CHUNKED = KEEP_ALIVE + b"Transfer-Encoding: chunked\r\n\r\n"
SENT = "Cannot {} headers after they are sent to the client"
BAD_NAME = (
    ValueError,
    "ERR_INVALID_HTTP_TOKEN",
    'Header name must be a valid HTTP token ["a b"]',
)
BAD_CHARACTER = (ValueError, "ERR_INVALID_CHAR", 'Invalid character in header content ["X"]')
BAD_HINTS = (
    "The argument 'hints' must be an array or string of format "
    '"</styles.css>; rel=preload; as=style". Received'
)


def serve(listener, *expected, request=GET, **options):
    """Sends a request, has `listener` called, and expects these bytes."""
    found = []

    async def main():
        def call(request, response):
            found.append(listener(request, response))

        server, client = await connected(call, **options)
        await client.exchange(request, b"".join(expected))
        await closed(server, client)

    run(main)
    return found[0]


class DescribeHeaders:
    def it_sends_those_that_are_set(self):
        def listener(request, response):
            assert response.set_header("X-A", "b") is response
            assert response.setHeader("Set-Cookie", ["a=1", "b=2"]) is response
            assert response.append_header("x-a", 3) is response
            assert response.appendHeader("X-B", 4) is response
            response.remove_header("none")
            response.end("Hello")

        lines = (b"X-A: b", b"X-A: 3", b"Set-Cookie: a=1", b"Set-Cookie: b=2", b"X-B: 4")
        serve(listener, answer(b"Hello", *lines))

    def it_takes_several_at_once(self):
        def listener(request, response):
            assert response.set_headers({"X-A": "b", "x-c": 5}) is response
            assert response.setHeaders({"X-C": 6}) is response
            assert refused(response.set_headers, [("X", "y")]) == (
                TypeError,
                "ERR_INVALID_ARG_TYPE",
                "`headers` must be a mapping, not list ([('X', 'y')])",
            )
            response.end()

        serve(listener, answer(b"", b"X-A: b", b"X-C: 6"))

    def it_can_be_asked_for_them(self):
        def listener(request, response):
            response.set_header("X-A", 5)
            assert (response.get_header("x-a"), response.getHeader("X-A")) == (5, 5)
            assert response.get_header("none") is None
            assert (response.has_header("x-A"), response.hasHeader("none")) == (True, False)
            assert response.get_headers() == response.getHeaders() == {"x-a": 5}
            assert response.get_header_names() == response.getHeaderNames() == ["x-a"]
            assert response.get_raw_header_names() == response.getRawHeaderNames() == ["X-A"]
            for method in (response.get_header, response.has_header, response.remove_header):
                assert refused(method, 5) == (
                    TypeError,
                    "ERR_INVALID_ARG_TYPE",
                    "`name` must be a string, not int (5)",
                )
            response.removeHeader("x-a")
            assert response.get_headers() == {}
            response.end()

        serve(listener, answer())

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("Connection", answer(b"Hello", connection=b"")),
            ("content-length", b"HTTP/1.1 200 OK\r\n" + CHUNKED + b"5\r\nHello\r\n0\r\n\r\n"),
            ("Date", answer(b"Hello")),
        ],
    )
    def it_does_not_add_those_that_are_removed(self, name, expected):
        def listener(request, response):
            response.remove_header(name)
            assert response.send_date is (name != "Date")
            response.end("Hello")

        serve(listener, expected)

    def it_sends_no_date_if_told_so(self):
        async def main():
            def listener(request, response):
                assert (response.send_date, response.sendDate) == (True, True)
                response.sendDate = False
                response.end()

            server, client = await connected(listener)
            client.send(head("GET / HTTP/1.1", "Connection: close"))
            # Nothing else is sent: receive_all() and receive() omit only the dates.
            assert b"Date" not in await client._reader.read(-1)
            await closed(server, client)

        run(main)

    def it_settles_them_with_the_first_of_the_body(self):
        def listener(request, response):
            assert (response.headers_sent, response.headersSent) == (False, False)
            assert response.chunked_encoding is False
            response.set_header("X", "0")
            response.write("a")
            assert (response.headers_sent, response.headersSent) == (True, True)
            assert response.chunkedEncoding is True
            for call, verb in (
                (lambda: response.set_header("X", "1"), "set"),
                (lambda: response.set_headers({"X": "1"}), "set"),
                (lambda: response.append_header("X", "1"), "append"),
                (lambda: response.remove_header("X"), "remove"),
                (lambda: response.write_head(200), "write"),
                (response.write_continue, "write"),
                (response.write_processing, "write"),
                (lambda: response.write_early_hints({"link": "</a>; rel=x"}), "write"),
            ):
                assert refused(call) == (
                    RuntimeError,
                    "ERR_HTTP_HEADERS_SENT",
                    SENT.format(verb),
                )
            assert response.get_headers() == {"x": "0"}
            response.flush_headers()
            response.end()

        serve(listener, b"HTTP/1.1 200 OK\r\nX: 0\r\n", CHUNKED, b"1\r\na\r\n0\r\n\r\n")

    def it_can_send_them_ahead(self):
        async def main():
            server, client = await connected()
            announced = event(server, "request")
            client.send(GET)
            _request, response = await announced
            response.set_header("X", "1")
            response.flushHeaders()
            await client.receive(b"HTTP/1.1 200 OK\r\nX: 1\r\n" + CHUNKED)
            response.flush_headers()
            response.end("Hello")
            await client.receive(b"5\r\nHello\r\n0\r\n\r\n")
            await closed(server, client)

        run(main)

    @pytest.mark.parametrize("method", ["set_header", "append_header", "setHeader"])
    @pytest.mark.parametrize(
        ("name", "value", "error"),
        [
            ("a b", "x", BAD_NAME),
            ("X", "a\r\nb", BAD_CHARACTER),
            (
                "X",
                None,
                (
                    TypeError,
                    "ERR_HTTP_INVALID_HEADER_VALUE",
                    'Invalid value "undefined" for header "X"',
                ),
            ),
        ],
    )
    def it_refuses_what_cannot_be_sent(self, method, name, value, error):
        def listener(request, response):
            assert refused(getattr(response, method), name, value) == error
            response.end()

        serve(listener, answer())


class DescribeWriteHead:
    @pytest.mark.parametrize(
        ("arguments", "first"),
        [
            ((200,), b"HTTP/1.1 200 OK\r\n"),
            ((404,), b"HTTP/1.1 404 Not Found\r\n"),
            ((299,), b"HTTP/1.1 299 unknown\r\n"),
            ((999,), b"HTTP/1.1 999 unknown\r\n"),
            (("201",), b"HTTP/1.1 201 Created\r\n"),
            ((202.7,), b"HTTP/1.1 202 Accepted\r\n"),
            ((200, "Fine"), b"HTTP/1.1 200 Fine\r\n"),
            ((200, ""), b"HTTP/1.1 200 \r\n"),
            ((200, {"X": 1}), b"HTTP/1.1 200 OK\r\nX: 1\r\n"),
            ((200, None, {"X": 1}), b"HTTP/1.1 200 OK\r\nX: 1\r\n"),
            ((200, "A", {"X": ["1", 2]}), b"HTTP/1.1 200 A\r\nX: 1\r\nX: 2\r\n"),
            ((200, ["X", "1", "x", "2"]), b"HTTP/1.1 200 OK\r\nX: 1\r\nx: 2\r\n"),
            ((200, [("X", "1")]), b"HTTP/1.1 200 OK\r\nX: 1\r\n"),
        ],
    )
    def it_takes_a_status_a_message_and_headers(self, arguments, first):
        def listener(request, response):
            assert response.write_head(*arguments) is response
            response.end("Hello")

        serve(listener, first, CHUNKED, b"5\r\nHello\r\n0\r\n\r\n")

    def it_adds_to_the_headers_that_are_set(self):
        def listener(request, response):
            response.set_header("X-A", "1")
            response.set_header("X-B", "2")
            response.writeHead(200, {"x-a": "3", "X-C": "4"})
            assert response.get_headers() == {"x-a": "3", "x-b": "2", "x-c": "4"}
            response.end()

        serve(listener, b"HTTP/1.1 200 OK\r\nx-a: 3\r\nX-B: 2\r\nX-C: 4\r\n", CHUNKED, b"0\r\n\r\n")

    def it_knows_the_length_if_it_is_given(self):
        def listener(request, response):
            response.write_head(200, {"Content-Length": 5}).end("Hello")

        serve(listener, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", KEEP_ALIVE, b"\r\nHello")

    @pytest.mark.parametrize("status", [99, 1000, 0, -1, "abc", None, True, 2**31 + 200])
    def it_refuses_other_status_codes(self, status):
        expected = (ValueError, "ERR_HTTP_INVALID_STATUS_CODE", f"Invalid status code: {status}")

        def listener(request, response):
            assert refused(response.write_head, status) == expected
            assert response.status_code == 200
            response.end()

        serve(listener, answer())

    @pytest.mark.parametrize("message", ["a\r\nb", "\0", "\u0100"])
    def it_refuses_messages_that_are_not_one_line(self, message):
        expected = (ValueError, "ERR_INVALID_CHAR", "Invalid character in statusMessage")

        def listener(request, response):
            assert refused(response.write_head, 200, message) == expected
            response.status_message = message
            assert refused(response.end) == expected
            response.statusMessage = 5
            assert refused(response.end) == (
                TypeError,
                "ERR_INVALID_ARG_TYPE",
                "`status_message` must be a string, not int (5)",
            )
            response.status_message = None
            response.end()

        serve(listener, answer())

    @pytest.mark.parametrize(
        ("headers", "error"),
        [
            ({"a b": "x"}, BAD_NAME),
            ({"X": "\n"}, BAD_CHARACTER),
            (
                ["X"],
                (
                    TypeError,
                    "ERR_INVALID_ARG_VALUE",
                    "The argument 'headers' is invalid. Received ['X']",
                ),
            ),
            (
                5,
                (
                    TypeError,
                    "ERR_INVALID_ARG_TYPE",
                    "`headers` must be a mapping or a list, not int (5)",
                ),
            ),
        ],
    )
    @pytest.mark.parametrize("more", [False, True])
    def it_refuses_headers_that_cannot_be_sent(self, headers, error, more):
        def listener(request, response):
            if more:
                response.set_header("Y", "y")
            assert refused(response.write_head, 200, headers) == error
            assert response.headers_sent is False
            response.end()

        serve(listener, answer(b"", *([b"Y: y"] if more else [])))

    def it_sends_status_code_and_status_message(self):
        def listener(request, response):
            assert (response.status_code, response.statusCode) == (200, 200)
            assert (response.status_message, response.statusMessage) == (None, None)
            response.statusCode = 404
            response.status_message = "Gone Fishing"
            response.end()

        serve(listener, answer(status=b"404 Gone Fishing"))

    @pytest.mark.parametrize("status", [204, 304, 100, 101, 199])
    def it_has_no_body_with_some(self, status):
        def listener(request, response):
            response.status_code = status
            response.write("dropped")
            response.end("dropped")

        reason = http.STATUS_CODES.get(status, "unknown").encode()
        serve(listener, b"HTTP/1.1 %d " % status, reason, b"\r\n", KEEP_ALIVE, b"\r\n")

    def it_has_no_body_in_answer_to_head(self):
        calls: list[Any] = []

        def listener(request, response):
            response.set_header("Content-Length", 5)
            assert response.write("Hel", calls.append) is True
            response.end("lo")

        expected = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n" + KEEP_ALIVE + b"\r\n"
        serve(listener, expected, request=head("HEAD / HTTP/1.1"))
        assert calls == [None]

    def it_calls_back_in_answer_to_head_without_the_error_if_it_is_not_asked_for(self):
        calls: list[Any] = []

        def listener(request, response):
            response.write("Hello", lambda: calls.append("written"))
            response.end()

        expected = b"HTTP/1.1 200 OK\r\n" + KEEP_ALIVE + b"\r\n"
        serve(listener, expected, request=head("HEAD / HTTP/1.1"))
        assert calls == ["written"]


class DescribeInterimResponses:
    def it_sends_them_before_the_headers(self):
        calls: list[Any] = []

        def listener(request, response):
            response.write_continue(lambda error: calls.append("continue"))
            response.writeProcessing(lambda error: calls.append("processing"))
            response.write_early_hints(
                {"link": ["</a>; rel=preload", "</b>; rel=preload"], "X-A": ["1", 2]},
                lambda error: calls.append("hints"),
            )
            response.writeEarlyHints({"X-A": "none without a link"})
            response.writeContinue()
            response.end()

        serve(
            listener,
            b"HTTP/1.1 100 Continue\r\n\r\n",
            b"HTTP/1.1 102 Processing\r\n\r\n",
            b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload, </b>; rel=preload\r\n",
            b"X-A: 1\r\nX-A: 2\r\n\r\n",
            b"HTTP/1.1 100 Continue\r\n\r\n",
            answer(),
        )
        assert calls == ["continue", "processing", "hints"]

    @pytest.mark.parametrize(
        ("hints", "error"),
        [
            (None, (TypeError, "ERR_INVALID_ARG_TYPE", "`hints` must be a mapping, not None")),
            (
                5,
                (TypeError, "ERR_INVALID_ARG_TYPE", "`hints` must be a mapping, not int (5)"),
            ),
            ({"link": "bad"}, (TypeError, "ERR_INVALID_ARG_VALUE", f"{BAD_HINTS} 'bad'")),
            ({"link": 5}, (TypeError, "ERR_INVALID_ARG_VALUE", f"{BAD_HINTS} 5")),
            (
                {"link": "</a>; rel=\n"},
                (TypeError, "ERR_INVALID_ARG_VALUE", f"{BAD_HINTS} '</a>; rel=\\n'"),
            ),
            (
                {"link": "</\n>; rel=x"},
                (ValueError, "ERR_INVALID_CHAR", 'Invalid character in header content ["Link"]'),
            ),
            ({"link": "</a>; rel=x", "a b": "x"}, BAD_NAME),
            ({"link": "</a>; rel=x", "X": "\n"}, BAD_CHARACTER),
        ],
    )
    def it_refuses_hints_that_cannot_be_sent(self, hints, error):
        def listener(request, response):
            assert refused(response.write_early_hints, hints) == error
            response.end()

        serve(listener, answer())


class DescribeBody:
    def it_has_a_state(self):
        def listener(request, response):
            assert (response.finished, response.writable_ended) == (False, False)
            assert response.writable_need_drain is False
            response.end()
            assert (response.finished, response.writable_ended) == (True, True)

        serve(listener, answer())

    @pytest.mark.parametrize(
        ("arguments", "body"),
        [
            (("Hello",), b"Hello"),
            (("\xe9",), b"\xc3\xa9"),
            (("\xe9", "latin1"), b"\xe9"),
            (("68e9", "hex"), b"h\xe9"),
            (("aGk=", "base64"), b"hi"),
            ((b"\x00\xff",), b"\x00\xff"),
            ((bytearray(b"a"),), b"a"),
            ((memoryview(b"ab")[1:],), b"b"),
            (("",), b""),
            ((), b""),
            ((None,), b""),
        ],
    )
    def it_takes_text_in_an_encoding_and_bytes(self, arguments, body):
        serve(lambda request, response: response.end(*arguments), answer(body))

    def it_is_sent_in_chunks_if_it_comes_in_parts(self):
        def listener(request, response):
            assert response.write("He") is True
            assert response.write("l", "latin1") is True
            assert response.write(b"") is True
            response.end("lo")

        chunks = b"2\r\nHe\r\n1\r\nl\r\n2\r\nlo\r\n0\r\n\r\n"
        serve(listener, b"HTTP/1.1 200 OK\r\n", CHUNKED, chunks)

    def it_is_sent_as_it_is_if_its_length_is_set(self):
        def listener(request, response):
            response.set_header("Content-Length", "5")
            response.write("He")
            response.end("llo")

        serve(listener, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", KEEP_ALIVE, b"\r\nHello")

    def it_does_not_have_the_length_of_an_end_that_failed(self):
        def listener(request, response):
            response.status_message = "\n"
            assert refused(response.end, "none")[1] == "ERR_INVALID_CHAR"
            response.status_message = None
            response.write("Hello")
            response.end()

        serve(listener, b"HTTP/1.1 200 OK\r\n", CHUNKED, b"5\r\nHello\r\n0\r\n\r\n")

    def it_has_trailers(self):
        def listener(request, response):
            response.set_header("Trailer", "X-A")
            response.add_trailers({"X-A": ["b", 1]})
            response.addTrailers([("X-A", "b"), ("X-B", 2)])
            response.end("Hello")

        serve(
            listener,
            b"HTTP/1.1 200 OK\r\nTrailer: X-A\r\n",
            CHUNKED,
            b"5\r\nHello\r\n0\r\nX-A: b\r\nX-B: 2\r\n\r\n",
        )

    def it_refuses_trailers_that_cannot_be_sent(self):
        def listener(request, response):
            assert refused(response.add_trailers, {"a b": "x"}) == (
                ValueError,
                "ERR_INVALID_HTTP_TOKEN",
                'Trailer name must be a valid HTTP token ["a b"]',
            )
            for value in ("\n", ["a", "\n"]):
                assert refused(response.add_trailers, {"X": value}) == (
                    ValueError,
                    "ERR_INVALID_CHAR",
                    'Invalid character in trailer content ["X"]',
                )
            assert refused(response.add_trailers, {"X": None}) == (
                TypeError,
                "ERR_HTTP_INVALID_HEADER_VALUE",
                'Invalid value "undefined" for header "X"',
            )
            response.end()

        serve(listener, answer())

    @pytest.mark.parametrize(("chunk", "shown"), [(5, "int (5)"), ({}, "dict ({})")])
    def it_refuses_other_chunks(self, chunk, shown):
        expected = (
            TypeError,
            "ERR_INVALID_ARG_TYPE",
            f"`chunk` must be bytes or str, not {shown}",
        )

        def listener(request, response):
            assert refused(response.write, chunk) == expected
            assert refused(response.end, chunk) == expected
            assert refused(response.write, None) == (
                TypeError,
                "ERR_STREAM_NULL_VALUES",
                "May not write null values to stream",
            )
            assert refused(response.write, "x", "none")[1:] == (
                "ERR_UNKNOWN_ENCODING",
                "Unknown encoding: none",
            )
            response.end()

        serve(listener, answer())

    def it_calls_back_and_finishes_in_order(self):
        async def main():
            server, client = await connected()
            calls: list[Any] = []

            @server.on("request")
            def listener(request, response):
                log(response, "finish", "close", into=calls)
                log(request, "end", "close", into=calls)
                response.write("a", lambda error: calls.append(("a", error)))
                response.write("b", "latin1", lambda error: calls.append(("b", error)))
                response.end("c", lambda: calls.append("ended"))
                assert (response.writable_ended, response.writableEnded) == (True, True)
                assert (response.finished, response.writable) == (True, True)

            client.send(GET)
            expected = b"1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n"
            await client.receive(b"HTTP/1.1 200 OK\r\n" + CHUNKED + expected)
            while ("close",) not in calls[-1:]:
                await asyncio.sleep(0)
            assert calls == [
                ("a", None),
                ("b", None),
                ("finish",),
                "ended",
                ("close",),
                ("end",),
                ("close",),
            ]
            await closed(server, client)

        run(main)

    @pytest.mark.parametrize("arguments", [(), ("latin1",)])
    def it_takes_the_callback_of_end_in_any_place(self, arguments):
        calls: list[Any] = []

        def listener(request, response):
            response.end("a", *arguments, lambda: calls.append("ended"))

        serve(listener, answer(b"a"))
        assert calls == ["ended"]

    def it_calls_back_with_as_many_arguments_as_are_taken(self):
        calls: list[Any] = []

        def listener(request, response):
            response.on("error", lambda error: None)
            response.write("a", lambda: calls.append("a"))
            response.end("b", lambda: calls.append("b"))
            response.write("c", lambda: calls.append("c"))
            response.end("d", lambda: calls.append("d"))
            response.end(lambda: calls.append("e"))
            response.destroy()
            response.write("f", lambda: calls.append("f"))

        async def main():
            contexts = handled()
            server, client = await connected(listener)
            client.send(GET)
            await client.receive_all()
            await closed(server, client)
            assert contexts == []

        run(main)
        assert set("cdef") <= set(calls)

    def it_does_nothing_at_a_second_end(self):
        calls: list[Any] = []

        def listener(request, response):
            response.end(lambda: calls.append("first"))
            assert response.end() is response
            assert response.end("") is response
            response.end(lambda error: calls.append((error.code, str(error))))

        serve(listener, answer())
        assert calls == [
            ("ERR_STREAM_ALREADY_FINISHED", "Cannot call end after a stream was finished"),
            "first",
        ]

    def it_calls_back_at_a_second_end_while_it_is_sent(self):
        async def main():
            server, client = await connected()
            responses = []
            server.on("request", lambda request, response: responses.append(response))
            client.send(GET * 2)
            while len(responses) < 2:
                await event(server, "request")
            calls: list[Any] = []
            responses[1].end("second")
            responses[1].end(lambda: calls.append("again"))
            responses[0].end()
            await event(responses[1], "close")
            assert calls == ["again"]
            await closed(server, client)

        run(main)

    @pytest.mark.parametrize("method", ["write", "end"])
    def it_is_an_error_to_write_after_the_end(self, method):
        async def main():
            server, client = await connected()
            calls: list[Any] = []

            @server.on("request")
            def listener(request, response):
                log(response, "finish", "error", "close", into=calls)
                response.end("a")
                getattr(response, method)("b", lambda error: calls.append(("called", error.code)))

            await client.exchange(GET, answer(b"a"))
            while calls[-1:] != [("close",)]:
                await asyncio.sleep(0)
            assert calls == [
                ("finish",),
                ("called", "ERR_STREAM_WRITE_AFTER_END"),
                ("error", "ERR_STREAM_WRITE_AFTER_END"),
                ("close",),
            ]
            await closed(server, client)

        run(main)

    def it_reports_an_error_that_nobody_listens_to(self):
        async def main():
            errors = handled()

            def listener(request, response):
                response.end("a")
                assert response.write("b") is False

            server, client = await connected(listener)
            await client.exchange(GET, answer(b"a"))
            while not errors:
                await asyncio.sleep(0)
            assert errors[0]["exception"].code == "ERR_STREAM_WRITE_AFTER_END"
            assert errors[0]["message"].startswith("Unhandled 'error' event of a ServerResponse")
            await closed(server, client)

        run(main)

    def it_is_no_error_once_it_is_closed(self):
        async def main():
            server, client = await connected()
            announced = event(server, "request")
            client.send(GET)
            _request, response = await announced
            gone = event(response, "close")
            response.end()
            await gone
            calls: list[Any] = []
            log(response, "error", "finish", into=calls)
            assert (response.closed, response.destroyed, response.socket) == (True, True, None)
            assert (response.writable_finished, response.writableFinished) == (True, True)
            assert response.write("x", lambda error: calls.append(error.code)) is False
            assert response.write("x") is False
            response.end("x")
            while not calls:
                await asyncio.sleep(0)
            assert calls == ["ERR_STREAM_WRITE_AFTER_END"]
            await closed(server, client)

        run(main)

    def it_checks_the_length_if_told_so(self):
        def listener(request, response):
            assert response.strict_content_length is False
            response.strictContentLength = True
            response.set_header("Content-Length", 3)
            response.write("ab")
            assert refused(response.write, "cd") == (
                RuntimeError,
                "ERR_HTTP_CONTENT_LENGTH_MISMATCH",
                "Response body's content-length of 4 byte(s) does not match the "
                "content-length of 3 byte(s) set in header",
            )
            assert refused(response.end)[1] == "ERR_HTTP_CONTENT_LENGTH_MISMATCH"
            response.strict_content_length = False
            response.end("c")

        serve(listener, b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n", KEEP_ALIVE, b"\r\nabc")

    def it_is_content_with_the_right_length(self):
        def listener(request, response):
            response.strict_content_length = True
            response.end("abc")

        serve(listener, answer(b"abc"))

    def it_does_not_check_the_length_without_one(self):
        def listener(request, response):
            response.strict_content_length = True
            response.set_header("X", 5)
            response.write("ab")
            response.end("c")

        chunks = b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
        serve(listener, b"HTTP/1.1 200 OK\r\nX: 5\r\n", CHUNKED, chunks)

    @pytest.mark.parametrize("parts", [["abc", ""], ["ab", "c"], ["a", "bc", ""]])
    def it_is_content_with_the_right_length_in_parts(self, parts):
        def listener(request, response):
            response.strict_content_length = True
            response.set_header("Content-Length", 3)
            for part in parts[:-1]:
                response.write(part)
            response.end(parts[-1])

        serve(listener, b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n", KEEP_ALIVE, b"\r\nabc")

    def it_can_be_corked(self):
        def listener(request, response):
            response.cork()
            assert (response.writable_corked, response.writableCorked) == (1, 1)
            response.cork()
            assert response.writable_corked == 2
            response.write("a")
            response.write("b")
            response.uncork()
            response.uncork()
            response.uncork()
            assert response.writable_corked == 0
            response.cork()
            response.end("c")
            assert response.writable_corked == 0

        chunks = b"1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n"
        serve(listener, b"HTTP/1.1 200 OK\r\n", CHUNKED, chunks)

    def it_can_be_corked_before_it_is_its_turn(self):
        async def main():
            server, client = await connected()
            responses = []
            server.on("request", lambda request, response: responses.append(response))
            client.send(GET * 2)
            while len(responses) < 2:
                await event(server, "request")
            responses[1].cork()
            responses[1].write("a")
            responses[1].uncork()
            responses[1].cork()
            responses[0].end()
            await client.receive(answer())
            responses[1].end("b")
            await client.receive(
                b"HTTP/1.1 200 OK\r\n" + CHUNKED + b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n"
            )
            await closed(server, client)

        run(main)

    def it_asks_to_wait_and_drains(self):
        async def main():
            server, client = await connected()
            client.pause()
            announced = event(server, "request")
            client.send(GET)
            _request, response = await announced
            assert (response.writable_high_water_mark, response.writableHighWaterMark) == (
                HIGH_WATER_MARK,
                HIGH_WATER_MARK,
            )
            body = b"x" * (8 * 2**20)
            response.set_header("Content-Length", len(body))
            assert response.write(body) is False
            assert (response.writable_need_drain, response.writableNeedDrain) == (True, True)
            assert (response.writable_length > 0, response.writableLength > 0) == (True, True)
            drained = event(response, "drain")
            client.resume()
            expected = (
                b"HTTP/1.1 200 OK\r\nContent-Length: 8388608\r\n" + KEEP_ALIVE + b"\r\n" + body
            )
            received = asyncio.ensure_future(client.receive(expected))
            await drained
            assert (response.writable_need_drain, response.writable_length) == (False, 0)
            response.end()
            await received
            await closed(server, client)

        run(main)

    def it_does_not_drain_after_the_end(self):
        async def main():
            server, client = await connected()
            client.pause()
            announced = event(server, "request")
            client.send(GET)
            _request, response = await announced
            events = log(response, "drain", "finish", "close")
            body = b"x" * (8 * 2**20)
            response.write(body)
            done = event(response, "close")
            response.end()
            client.resume()
            received = asyncio.ensure_future(client.receive_all())
            await done
            assert events == [("finish",), ("close",)]
            server.close()
            await received
            await closed(server, client)

        run(main)


class DescribeKeepAliveOfAResponse:
    def it_is_on_at_first(self):
        def listener(request, response):
            assert http.ServerResponse(request).should_keep_alive is True
            response.end()

        serve(listener, answer())

    def it_can_be_switched_off(self):
        async def main():
            def listener(request, response):
                assert (response.should_keep_alive, response.shouldKeepAlive) == (True, True)
                response.should_keep_alive = False
                response.end()

            server, client = await connected(listener)
            client.send(GET)
            assert await client.receive_all() == answer(connection=b"Connection: close\r\n")
            await closed(server, client)

        run(main)


class DescribeDestroy:
    @pytest.mark.parametrize("error", [None, RuntimeError("boom")])
    def it_ends_the_connection(self, error):
        async def main():
            server, client = await connected()
            announced = event(server, "request")
            client.send(GET)
            request, response = await announced
            events = log(response, "finish", "error", "close")
            errors = log(request.socket, "error")
            gone = event(response, "close")
            assert response.destroy(error) is response
            assert response.destroy() is response
            assert (response.destroyed, response.errored) == (True, error)
            await gone
            assert events == [("close",)]
            assert errors == ([("error", error)] if error else [])
            assert await client.receive_all() == b""
            await closed(server, client)

        run(main)

    def it_takes_no_more_data(self):
        calls: list[Any] = []

        async def main():
            server, client = await connected()
            announced = event(server, "request")
            client.send(GET)
            _request, response = await announced
            gone = event(response, "close")
            response.destroy()
            assert (
                response.write("x", lambda error: calls.append((error.code, str(error)))) is False
            )
            await gone
            await closed(server, client)

        run(main)
        assert calls == [
            ("ERR_STREAM_DESTROYED", "Cannot call write after a stream was destroyed"),
        ]

    @pytest.mark.parametrize(
        ("chunk", "made"), [(None, True), ("", True), (b"", False), ("x", False)]
    )
    def it_makes_headers_at_the_end_only_without_a_chunk(self, chunk, made):
        async def main():
            server, client = await connected()
            announced = event(server, "request")
            client.send(GET)
            _request, response = await announced
            events = log(response, "finish", "error", "close")
            gone = event(response, "close")
            response.destroy()
            assert response.end(chunk) is response
            assert (response.headers_sent, response.finished) == (made, True)
            assert response.end("x") is response
            await gone
            assert events == [("close",)]
            assert await client.receive_all() == b""
            await closed(server, client)

        run(main)

    def it_does_not_finish_with_a_chunk_though_the_headers_are_sent(self):
        async def main():
            server, client = await connected()
            announced = event(server, "request")
            client.send(GET)
            _request, response = await announced
            events = log(response, "finish", "error", "close")
            response.write("x")
            response.cork()
            response.destroy()
            await event(response, "close")
            response.end("y", lambda: events.append("called"))
            assert (response.finished, response.writable_corked) == (True, 0)
            await asyncio.sleep(0.01)
            assert events == [("close",)]
            await closed(server, client)

        run(main)

    def it_checks_the_length_at_the_end_though_it_was_destroyed(self):
        async def main():
            server, client = await connected()
            announced = event(server, "request")
            client.send(GET)
            _request, response = await announced
            response.strict_content_length = True
            response.write_head(200, {"Content-Length": 2}).write("x")
            response.destroy()
            with pytest.raises(RuntimeError, match=r"of 1 byte\(s\) does not match"):
                response.end("y")
            assert response.finished is False
            await closed(server, client)

        run(main)

    def it_takes_no_more_data_once_the_socket_is_destroyed(self):
        async def main():
            server, client = await connected()
            announced = event(server, "request")
            client.send(GET)
            request, response = await announced
            request.socket.destroy()
            assert response.write("x") is False
            await event(response, "close")
            await closed(server, client)

        run(main)

    def it_does_not_finish_if_it_cannot_be_sent(self):
        async def main():
            server, client = await connected()
            server.on("client_error", lambda error, socket: socket.destroy())
            announced = event(server, "request")
            client.send(GET)
            _request, response = await announced
            events = log(response, "finish", "close")
            gone = event(response, "close")
            client.reset()
            await asyncio.sleep(0)
            response.end("x" * 100)
            await gone
            assert events == [("close",)]
            await closed(server)

        run(main)

    def it_finishes_no_more(self):
        async def main():
            server, client = await connected()
            announced = event(server, "request")
            client.pause()
            client.send(GET)
            request, response = await announced
            events = log(response, "finish", "close")
            request.socket.on("error", lambda error: None)
            response.write(b"x" * (8 * 2**20))
            response.end("y")
            gone = event(response, "close")
            client.reset()
            await gone
            assert events == [("close",)]
            await closed(server)

        run(main)

    def it_may_finish_after_the_client_is_gone_if_nothing_was_left(self):
        async def main():
            server, client = await connected()
            announced = event(server, "request")
            client.send(GET)
            request, response = await announced
            response.write_head(204)
            response.flush_headers()
            gone = event(response, "close")
            request.socket.destroy()
            await gone
            finished = event(response, "finish")
            response.end()
            await finished
            await closed(server, client)

        run(main)

    def it_reports_no_write_after_the_end_any_more(self):
        async def main():
            server, client = await connected()
            calls: list[Any] = []

            @server.on("request")
            def listener(request, response):
                log(response, "error", "close", into=calls)
                response.end("a")
                response.write("b")
                response.destroy()

            client.send(GET)
            await client.receive_all()
            assert calls == [("close",)]
            await closed(server, client)

        run(main)


async def pipelined(server, client, count):
    """The responses to requests that a client sends together, before any of them has begun."""
    responses: list[Any] = []
    server.on("request", lambda request, response: responses.append(response))
    client.send(GET * count)
    while len(responses) < count:
        await event(server, "request")
    return responses


class DescribeItsTurn:
    def it_is_announced_by_the_event_socket(self):
        async def main():
            server, client = await connected()
            responses = await pipelined(server, client, 2)
            first, second = responses
            assert first.connection is first.socket
            events = log(second, "socket", "drain")
            second.write("a")
            second.on("socket", lambda socket: second.write("b"))
            second.on("socket", lambda socket: second.end("c"))
            socket = first.socket
            first.end()
            chunks = b"1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n"
            await client.receive(answer() + b"HTTP/1.1 200 OK\r\n" + CHUNKED + chunks)
            assert events == [("socket", socket)]
            await closed(server, client)

        run(main)

    def it_drains_only_if_it_had_to_wait(self):
        async def main():
            server, client = await connected()
            responses = await pipelined(server, client, 3)
            first, second, third = responses
            events: list[Any] = []
            log(second, "drain", into=events)
            log(third, "drain", into=events)
            second.write("a")
            third.end("c")
            first.end()
            chunked = b"HTTP/1.1 200 OK\r\n" + CHUNKED + b"1\r\na\r\n"
            await client.receive(answer() + chunked)
            second.end()
            await client.receive(b"0\r\n\r\n" + answer(b"c"))
            assert events == []
            await closed(server, client)

        run(main)

    def it_drains_at_once_if_the_socket_takes_it_all(self):
        async def main():
            server, client = await connected(high_water_mark=0x10000)
            responses = await pipelined(server, client, 2)
            first, second = responses
            second.set_header("Content-Length", 20000)
            assert second.write(b"x" * 20000) is False
            drained = event(second, "drain")
            first.end()
            await drained
            assert (second.writable_length, second.writable_need_drain) == (0, False)
            second.end()
            lengths = b"HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n" + KEEP_ALIVE + b"\r\n"
            await client.receive(answer() + lengths + b"x" * 20000)
            await closed(server, client)

        run(main)

    def it_asks_to_wait_from_the_high_water_mark_on(self):
        async def main():
            server, client = await connected()
            responses = await pipelined(server, client, 3)
            for response, less in ((responses[1], 1), (responses[2], 0)):
                response.set_header("Content-Length", HIGH_WATER_MARK)
                response.flush_headers()
                waiting = response.writable_length
                assert response.write(b"x") is True
                assert response.writable_length == waiting + 1
                missing = HIGH_WATER_MARK - waiting - 1 - less
                assert response.write(b"x" * missing) is (less == 1)
                assert response.writable_length == HIGH_WATER_MARK - less
            await closed(server, client)

        run(main)

    def it_sends_nothing_once_the_socket_was_ended(self):
        async def main():
            server, client = await connected()
            announced = event(server, "request")
            client.send(GET)
            request, response = await announced
            errors = log(request.socket, "error")
            request.socket.end()
            assert response.write("lost") is True
            assert await client.receive_all() == b""
            assert errors == []
            await closed(server, client)

        run(main)

    def it_never_comes_if_the_socket_was_ended(self):
        async def main():
            server, client = await connected()
            responses = await pipelined(server, client, 2)
            first, second = responses
            socket = first.socket
            second.end("lost")
            first.end("first")
            socket.end()
            assert await client.receive_all() == answer(b"first")
            await closed(server, client)

        run(main)
