"""Node's own tests of its HTTP server, where they apply and no other spec covers them.

They are test/parallel/test-http-*.js; spec/node/node_tests.py lists them.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

import pytest

from spec.node.http.support import (
    BAD_REQUEST,
    DATE,
    GET,
    KEEP_ALIVE,
    TOO_LARGE,
    UPGRADE,
    Client,
    answer,
    closed,
    collect,
    connected,
    head,
    serving,
)
from spec.node.support import Pipe, handled
from spec.node.tls import certificates
from spec.wires import client_context, event, run
from websocket_driver.node import http, net, timers, tls
from websocket_driver.node.loop import current

CLOSE = b"Connection: close\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


def exchange(listener, data, expected, **options):
    """The response to the bytes of a client, up to the end of the connection or of the expected
    bytes."""

    async def main():
        server, client = await connected(listener, **options)
        if expected is None:
            client.send(data)
            client.end()
            received = await client.receive_all()
        else:
            await client.exchange(data, expected)
            received = expected
        await closed(server, client)
        return received

    return run(main)


def request_of(data):
    """The request that a client has sent, and its body."""

    async def main():
        server, client = await connected()
        announced = event(server, "request")
        client.send(data)
        request, response = await announced
        body = await collect(request)
        response.end()
        await closed(server, client)
        return request, body

    return run(main)


class DescribeRequests:
    def it_has_the_url_as_it_came(self):
        """test-http-malformed-request.js"""
        request, _ = request_of(head("GET /hello?foo=%99bar HTTP/1.1"))
        assert request.url == "/hello?foo=%99bar"

    def it_has_headers_without_a_value(self):
        """test-http-blank-header.js"""
        request, body = request_of(
            head("POST / HTTP/1.1", "Cookie:", "Origin: http://a", "Content-Length: 2") + b"hi"
        )
        assert (request.headers["cookie"], request.headers["origin"]) == ("", "http://a")
        assert body == b"hi"

    def it_decodes_values_as_latin_1(self):
        """test-http-header-obstext.js"""
        request, _ = request_of(head("GET / HTTP/1.1", "X: \xe9\xff"))
        assert request.headers["x"] == "\xe9\xff"

    def it_trims_values(self):
        """test-http-header-owstext.js"""
        request, _ = request_of(head("GET / HTTP/1.1", "X:  \t a b \t"))
        assert request.headers["x"] == "a b"

    def it_joins_or_drops_repeated_headers(self):
        """test-http-server-multiheaders.js, test-http-server-multiheaders2.js"""
        joined = ["Accept", "Accept-Charset", "Connection", "DAV", "Link", "Via", "Pragma"]
        joined += ["Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol", "X-Forwarded-For", "X"]
        first = ["Content-Type", "User-Agent", "Referer", "Authorization", "If-Modified-Since"]
        first += ["From", "Location", "Max-Forwards", "Proxy-Authorization"]
        lines = [f"{name}: {value}" for value in ("foo", "bar") for name in joined + first]
        request, _ = request_of(head("GET / HTTP/1.1", *lines))
        assert [request.headers[name.lower()] for name in joined] == ["foo, bar"] * len(joined)
        assert [request.headers[name.lower()] for name in first] == ["foo"] * len(first)

    def it_keeps_the_headers_as_they_came_too(self):
        """test-http-raw-headers.js"""
        request, _ = request_of(head("GET / HTTP/1.1", "aCCept: x", "ACCEPT: y"))
        assert request.raw_headers == ["Host", "a", "aCCept", "x", "ACCEPT", "y"]

    def it_may_have_an_empty_body(self):
        """test-http-contentLength0.js"""
        _, body = request_of(head("POST / HTTP/1.1", "Content-Length: 0"))
        assert body == b""

    @pytest.mark.parametrize(
        "lines, body",
        [
            # test-http-transfer-encoding-smuggling.js
            (["Transfer-Encoding: chunkedchunked"], b"1\r\nA\r\n0\r\n\r\n"),
            (["Transfer-Encoding: chunked", "Content-Length: 5"], b"0\r\n\r\n"),
            # test-http-request-smuggling-content-length.js
            (["Content-Length: 1", "Content-Length: 2"], b"AB"),
            (["Content-Length : 5"], b"hello"),
            # test-http-dummy-characters-smuggling.js
            (["Dummy: x\rContent-Length: 23"], b""),
            # test-http-transfer-encoding-repeated-chunked.js
            (["Transfer-Encoding: chunked, chunked"], b"0\r\n\r\n"),
            # test-http-missing-header-separator-lf.js
            (["Dummy: x\rX: y"], b""),
            # test-http-invalidheaderfield.js, for incoming headers
            (["Bad Name: x"], b""),
            # test-http-header-badrequest.js
            (["\x7f: x"], b""),
        ],
    )
    def it_refuses_what_two_servers_could_take_for_different_requests(self, lines, body):
        def listener(request, response):
            response.end("never")

        data = head("POST / HTTP/1.1", *lines) + body
        assert exchange(listener, data, None).endswith(BAD_REQUEST)

    def it_refuses_chunk_extensions_with_an_end_of_line_in_them(self):
        """test-http-chunked-smuggling.js"""
        smuggled = (
            head("GET / HTTP/1.1", "Transfer-Encoding: chunked")
            + b"2 \n;a\r\n00\r\n0\r\n\r\n"
            + head("GET /flag HTTP/1.1")
        )
        urls: list[str] = []

        def listener(request, response):
            urls.append(request.url)
            request.on("error", lambda error: None)

        received = exchange(listener, smuggled, None)
        assert (urls, received) == (["/"], BAD_REQUEST)

    def it_refuses_a_line_that_ends_in_a_carriage_return(self):
        """test-http-server-reject-cr-no-lf.js, test-http-missing-header-separator-cr.js"""
        data = b"GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n"
        assert exchange(None, data, None) == BAD_REQUEST

    def it_has_the_method_query(self):
        """test-http-server-method.query.js"""
        request, _ = request_of(head("QUERY / HTTP/1.1"))
        assert request.method == "QUERY"

    @pytest.mark.parametrize(
        "line, code, message",
        [
            # test-http-double-content-length.js
            (
                "Content-Length: 1\r\nContent-Length: 2",
                "HPE_UNEXPECTED_CONTENT_LENGTH",
                "Parse Error: Duplicate Content-Length",
            ),
            # test-http-server-reject-chunked-with-content-length.js
            (
                "Content-Length: 1\r\nTransfer-Encoding: chunked",
                "HPE_INVALID_TRANSFER_ENCODING",
                "Parse Error: Transfer-Encoding can't be present with Content-Length",
            ),
            # test-http-invalid-te.js
            (
                "Transfer-Encoding: eee, chunked\r\nContent-Length: 10",
                "HPE_INVALID_CONTENT_LENGTH",
                "Parse Error: Content-Length can't be present with Transfer-Encoding",
            ),
        ],
    )
    def it_reports_lengths_that_contradict_each_other(self, line, code, message):
        async def main():
            server, client = await connected(lambda request, response: response.end("never"))
            failed = event(server, "client_error")
            client.send(head("POST / HTTP/1.1", line) + b"HELLOWORLD")
            error, socket = await failed
            assert (error.code, str(error)) == (code, message)
            socket.destroy()
            assert await client.receive_all() == b""
            await closed(server, client)

        run(main)

    def it_joins_repeated_headers_if_told_so(self):
        """test-http-request-join-authorization-headers.js"""
        seen: list[Any] = []

        def listener(request, response):
            seen.append((request.headers["authorization"], request.headers["cookie"]))
            fields = ["authorization", "3", "authorization", "4", "cookie", "foo", "cookie", "bar"]
            response.write_head(200, fields)
            response.end()

        lines = ["authorization: 1", "authorization: 2", "cookie: foo", "cookie: bar"]
        expected = (
            b"HTTP/1.1 200 OK\r\nauthorization: 3\r\nauthorization: 4\r\n"
            b"cookie: foo\r\ncookie: bar\r\n" + KEEP_ALIVE + CHUNKED + b"\r\n0\r\n\r\n"
        )
        data = head("GET / HTTP/1.1", *lines)
        exchange(listener, data, expected, join_duplicate_headers=True)
        exchange(listener, data, expected)
        assert seen == [("1, 2", "foo; bar"), ("1", "foo; bar")]

    @pytest.mark.parametrize("options, code", [({"max_header_size": 0x40000}, None), ({}, 431)])
    def it_may_have_headers_as_large_as_an_option_says(self, options, code):
        """test-http-max-header-size-per-stream.js"""

        def listener(request, response):
            response.end(str(len(request.headers["hello"])))

        data = head("GET / HTTP/1.1", f"Hello: {'A' * 0x30000}")
        expected = answer(b"196608") if code is None else TOO_LARGE
        exchange(listener, data, expected, **options)

    def it_may_have_a_body_whatever_its_method(self):
        """test-http-request-method-delete-payload.js, test-http-client-upload.js"""
        data = b"12\r\nPUT / HTTP/1.1\r\n\r\n\r\n0\r\n\r\n"
        request, body = request_of(head("DELETE / HTTP/1.1", "Transfer-Encoding: chunked") + data)
        assert (request.method, body) == ("DELETE", b"PUT / HTTP/1.1\r\n\r\n")

    def it_is_an_error_if_the_client_ends_in_a_header(self):
        """test-http-parser-finish-error.js"""

        async def main():
            server, client = await connected(lambda request, response: response.end("never"))
            failed = event(server, "client_error")
            client.send(b"GET / HTTP/1.1\r\nContent-Length:")
            client.end()
            error, socket = await failed
            assert (error.code, str(error)) == (
                "HPE_INVALID_EOF_STATE",
                "Parse Error: Invalid EOF state",
            )
            socket.destroy()
            assert await client.receive_all() == b""
            await closed(server, client)

        run(main)

    def it_may_never_come(self):
        """test-http-eof-on-connect.js"""

        async def main():
            requests: list[Any] = []
            server = await serving(lambda request, response: requests.append(request))
            accepted = event(server, "connection")
            client = await Client.to(server)
            (socket,) = await accepted
            gone = event(socket, "close")
            client.close()
            await gone
            assert requests == []
            await closed(server)

        run(main)


class DescribeHttp10:
    @pytest.mark.parametrize(
        "headers, sent, stays",
        [
            ({}, b"Connection: close\r\n\r\nOK", False),
            ({"Connection": "keep-alive"}, b"Connection: close\r\n\r\nOK", False),
            (
                {"Connection": "keep-alive", "Content-Length": "2"},
                b"Connection: keep-alive\r\nContent-Length: 2\r\n\r\nOK",
                True,
            ),
        ],
    )
    def it_stays_open_only_if_the_length_is_known(self, headers, sent, stays):
        """test-http-1.0-keep-alive.js, test-http-1.0.js, test-http-wget.js"""

        async def main():
            def listener(request, response):
                response.write_head(200, headers)
                response.end("OK") if stays else (response.write("O"), response.end("K"))

            server, client = await connected(listener)
            data = b"POST / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
            client.send(data)
            if stays:
                await client.receive(b"HTTP/1.1 200 OK\r\n" + sent)
                await client.exchange(data, b"HTTP/1.1 200 OK\r\n" + sent)
            else:
                assert (await client.receive_all()).endswith(b"\r\n\r\nOK")
            await closed(server, client)

        run(main)


class DescribeResponses:
    def it_may_say_the_length_of_what_was_not_modified(self):
        """test-http-allow-content-length-304.js"""

        def listener(request, response):
            response.status_code = 304
            response.set_header("content-length", 11)
            response.end("not sent")

        expected = b"HTTP/1.1 304 Not Modified\r\ncontent-length: 11\r\n" + KEEP_ALIVE + b"\r\n"
        exchange(listener, GET, expected)

    @pytest.mark.parametrize("status", [204, 304])
    def it_has_no_chunks_without_a_body(self, status):
        """test-http-chunked-304.js"""

        def listener(request, response):
            response.write_head(status, {"Transfer-Encoding": "chunked"})
            response.end()

        message = http.STATUS_CODES[status].encode()
        expected = b"HTTP/1.1 %d %s\r\n" % (status, message) + CHUNKED + CLOSE + b"\r\n"
        assert exchange(listener, GET, None) == expected

    def it_writes_nothing_for_empty_chunks(self):
        """test-http-write-empty-string.js, test-http-zero-length-write.js"""

        def listener(request, response):
            for chunk in ("1", "", b"", "2", ""):
                response.write(chunk)
            response.end("")

        expected = b"HTTP/1.1 200 OK\r\n" + KEEP_ALIVE + CHUNKED
        exchange(listener, GET, expected + b"\r\n1\r\n1\r\n1\r\n2\r\n0\r\n\r\n")

    def it_knows_how_much_waits(self):
        """test-http-outgoing-properties.js"""
        lengths = []

        def listener(request, response):
            assert response.writable_high_water_mark == request.socket.writable_high_water_mark
            lengths.append(response.writable_length)
            response.write("")
            before = response.writable_length
            response.write("asd")
            lengths.append(response.writable_length - before)
            response.end()
            response.on("finish", lambda: lengths.append(response.writable_length))

        expected = b"HTTP/1.1 200 OK\r\n" + KEEP_ALIVE + CHUNKED
        exchange(listener, GET, expected + b"\r\n3\r\nasd\r\n0\r\n\r\n")
        assert lengths == [0, 8, 0]

    def it_is_finished_before_it_is_closed(self):
        """test-http-outgoing-writableFinished.js, test-http-outgoing-finish.js"""
        seen: list[Any] = []

        def listener(request, response):
            response.on("finish", lambda: seen.append(("finish", response.writable_finished)))
            response.on("close", lambda: seen.append(("close", response.writable_finished)))
            response.write("a", lambda: seen.append(("written", response.writable_finished)))
            response.end("b", lambda: seen.append(("ended", response.writable_finished)))
            seen.append((response.writable_ended, response.writable_finished))

        expected = b"HTTP/1.1 200 OK\r\n" + KEEP_ALIVE + CHUNKED
        exchange(listener, GET, expected + b"\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n")
        # The socket has accepted all of it, as in Node.
        assert seen[0] == (True, True)
        assert seen[1:] == [(name, True) for name in ("written", "finish", "ended", "close")]

    def it_cannot_be_changed_once_the_headers_are_sent(self):
        """test-http-response-add-header-after-sent.js,
        test-http-response-remove-header-after-sent.js"""
        codes = []

        def listener(request, response):
            response.flush_headers()
            for change in (
                lambda: response.set_header("header3", "x"),
                lambda: response.remove_header("header1"),
                lambda: response.append_header("header3", "x"),
                lambda: response.write_head(200),
            ):
                with pytest.raises(Exception) as raised:
                    change()
                codes.append(getattr(raised.value, "code", None))
            response.end()

        exchange(listener, GET, b"HTTP/1.1 200 OK\r\n" + KEEP_ALIVE + CHUNKED + b"\r\n0\r\n\r\n")
        assert codes == ["ERR_HTTP_HEADERS_SENT"] * 4

    def it_overrides_set_headers_in_write_head(self):
        """test-http-write-head-after-set-header.js, test-http-response-setheaders.js"""

        def listener(request, response):
            response.set_headers({"foo": "1", "bar": "2"})
            response.write_head(200, ["foo", "3"])
            response.end()

        expected = b"HTTP/1.1 200 OK\r\nfoo: 3\r\nbar: 2\r\n" + KEEP_ALIVE + CHUNKED
        exchange(listener, GET, expected + b"\r\n0\r\n\r\n")

    def it_has_headers_that_were_removed_no_more(self):
        """test-http-remove-header-stays-removed.js"""

        def listener(request, response):
            for name in ("connection", "transfer-encoding", "content-length", "date"):
                response.remove_header(name)
            response.set_header("date", "coffee o clock")
            response.end("beep boop\n")
            response.remove_header("connection") if not response.headers_sent else None

        received = exchange(listener, GET, None)
        assert received == b"HTTP/1.1 200 OK\r\ndate: coffee o clock\r\n\r\nbeep boop\n"

    def it_keeps_the_connection_without_the_header(self):
        """test-http-remove-connection-header-persists-connection.js"""

        def listener(request, response):
            response.remove_header("connection")
            response.write_head(200, {"Content-Length": 1})
            response.end("b")

        one = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb"
        exchange(listener, GET + GET, one * 2)

    @pytest.mark.parametrize("value", [99, 1000, "99", "x", None, True, [], -5])
    def it_refuses_other_status_codes(self, value):
        """test-http-response-statuscode.js"""
        codes = []

        def listener(request, response):
            with pytest.raises(Exception) as raised:
                response.write_head(value)
            codes.append(getattr(raised.value, "code", None))
            response.end()

        exchange(listener, GET, answer())
        assert codes == ["ERR_HTTP_INVALID_STATUS_CODE"]

    @pytest.mark.parametrize("message", ["a\r\nb", "a\nb", "\x7f", "snowmen\u2603", "\x00"])
    def it_refuses_messages_that_cannot_be_sent(self, message):
        """test-http-status-reason-invalid-chars.js"""

        def listener(request, response):
            with pytest.raises(ValueError, match="statusMessage"):
                response.write_head(200, message)
            response.status_message = message
            with pytest.raises(ValueError, match="statusMessage"):
                response.write_head(200)
            response.status_message = "OK"
            response.end()

        exchange(listener, GET, answer())

    def it_sends_no_body_in_answer_to_head_however_it_ends(self):
        """test-http-head-response-has-no-body-end-implicit-headers.js, test-http-head-request.js"""
        for ends in (lambda response: response.end(), lambda response: response.end("FAIL")):

            def listener(request, response, ends=ends):
                response.write_head(200, {"Content-Length": 4})
                ends(response)

            expected = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n" + KEEP_ALIVE + b"\r\n"
            exchange(listener, head("HEAD / HTTP/1.1"), expected)

    def it_calls_the_callbacks_of_writes_in_order(self):
        """test-http-write-callbacks.js, test-http-outgoing-message-write-callback.js"""
        called: list[Any] = []

        def listener(request, response):
            response.write("a", "latin1", lambda: called.append("latin1"))
            response.write(b"b", lambda: called.append("bytes"))
            response.write("c", lambda: called.append("text"))
            response.end("d", "ascii", lambda: called.append("end"))

        expected = b"HTTP/1.1 200 OK\r\n" + KEEP_ALIVE + CHUNKED
        body = b"".join(b"1\r\n%c\r\n" % byte for byte in b"abcd")
        exchange(listener, GET, expected + b"\r\n" + body + b"0\r\n\r\n")
        assert called == ["latin1", "bytes", "text", "end"]

    def it_adds_only_the_headers_that_are_missing(self):
        """test-http-automatic-headers.js, test-http-content-length.js,
        test-http-keep-alive-timeout-custom.js, test-http-date-header.js"""

        async def main():
            def listener(request, response):
                response.set_header("X-Date", "foo")
                response.set_header("X-Connection", "bar")
                response.set_header("X-Content-Length", "baz")
                response.set_header("Keep-Alive", "timeout=50")
                response.end()

            server, client = await connected(listener, keep_alive_timeout=12010)
            client.send(GET)
            received = await client._reader.readuntil(b"\r\n\r\n")
            lines = received.split(b"\r\n")
            assert lines.pop(5).startswith(b"Date: ")
            assert lines == [
                b"HTTP/1.1 200 OK",
                b"X-Date: foo",
                b"X-Connection: bar",
                b"X-Content-Length: baz",
                b"Keep-Alive: timeout=50",
                b"Connection: keep-alive",
                b"Content-Length: 0",
                b"",
                b"",
            ]
            await closed(server, client)

        run(main)

    def it_states_the_time_that_the_connection_is_kept(self):
        """test-http-keep-alive-timeout.js, test-http-server-keep-alive-defaults.js"""

        def listener(request, response):
            response.write_head(200, {"Content-Length": 2})
            response.write("hi")
            response.end()

        connection = b"Connection: keep-alive\r\nKeep-Alive: timeout=12\r\n"
        one = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + connection + b"\r\nhi"
        body = head("POST / HTTP/1.1", "Content-Length: 4") + b"body\r\n\r\n\r\n"
        exchange(listener, body * 4, one * 4, keep_alive_timeout=12000)

    def it_ends_the_connection_if_its_headers_say_so(self):
        """test-http-keep-alive-close-on-header.js"""

        def listener(request, response):
            response.write_head(200, {"Content-Length": 2, "Connection": "close"})
            response.write("hi")
            response.end()

        data = head("GET / HTTP/1.1", "Connection: keep-alive")
        received = exchange(listener, data, None)
        assert received == b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"

    def it_returns_headers_that_were_sent(self):
        """test-http-header-read.js"""
        seen: list[Any] = []

        def listener(request, response):
            response.set_header("A", "b")
            seen.append(response.headers_sent)
            response.write_head(200)
            seen.append(response.headers_sent)
            response.end("x")
            seen.append(response.get_header("A"))

        expected = b"HTTP/1.1 200 OK\r\nA: b\r\n" + KEEP_ALIVE + CHUNKED
        exchange(listener, GET, expected + b"\r\n1\r\nx\r\n0\r\n\r\n")
        assert seen == [False, True, "b"]

    def it_keeps_several_values_of_a_header_and_of_a_trailer(self):
        """test-http-multiple-headers.js, test-http-mutable-headers.js,
        test-http-response-multiheaders.js"""
        seen: list[Any] = []

        def listener(request, response):
            response.set_header("X-A", "A")
            response.append_header("x-a", ["B", "C"])
            response.set_header("X-B", ["D", "E"])
            response.append_header("x-b", ["F", "G"])
            response.set_header("etag", ["A", "B"])
            response.write_head(200, {"Connection": "close", "x-c": ["H", "I"]})
            response.add_trailers({"x-t": ["X", "Y"]})
            response.write("BODY")
            response.end()
            seen.append((response.get_header("x-a"), response.get_header("X-B")))
            seen.append(response.get_header_names())
            seen.append(response.get_raw_header_names())
            seen.append(response.get_headers())

        sent = (
            b"HTTP/1.1 200 OK\r\nX-A: A\r\nX-A: B\r\nX-A: C\r\nX-B: D\r\nX-B: E\r\nX-B: F\r\n"
            b"X-B: G\r\netag: A\r\netag: B\r\nConnection: close\r\nx-c: H\r\nx-c: I\r\n"
        )
        body = b"\r\n4\r\nBODY\r\n0\r\nx-t: X\r\nx-t: Y\r\n\r\n"
        assert exchange(listener, GET, None) == sent + CHUNKED + body
        assert seen == [
            (["A", "B", "C"], ["D", "E", "F", "G"]),
            ["x-a", "x-b", "etag", "connection", "x-c"],
            ["X-A", "X-B", "etag", "Connection", "x-c"],
            {
                "x-a": ["A", "B", "C"],
                "x-b": ["D", "E", "F", "G"],
                "etag": ["A", "B"],
                "connection": "close",
                "x-c": ["H", "I"],
            },
        ]

    def it_sends_content_lengths_as_they_are_given(self):
        """test-http-response-multi-content-length.js"""

        def listener(request, response):
            response.write_head(200, {"content-length": [1, 2]})
            response.end("ok")

        expected = b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n" + KEEP_ALIVE
        exchange(listener, GET, expected + b"\r\nok")

    def it_sends_values_as_latin_1(self):
        """test-http-server-non-utf8-header.js"""
        value = "b\xe5r".encode().decode("latin-1")

        def listener(request, response):
            response.write_head(200, ["Content-Length", "5", "x", value, "y", [value]])
            response.end("hello")

        expected = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nx: b\xc3\xa5r\r\ny: b\xc3\xa5r\r\n"
        exchange(listener, GET, expected + KEEP_ALIVE + b"\r\nhello")

    @pytest.mark.parametrize("value", ["a\r\nb: c", "a\u0d0ab: c", "foo\u280aSet-Cookie: foo=bar"])
    def it_cannot_be_split(self, value):
        """test-http-response-splitting.js, test-http-header-response-splitting.js"""
        codes = []

        def listener(request, response):
            for call in (
                lambda: response.write_head(302, {"Location": value}),
                lambda: response.set_header("a", value),
                lambda: response.set_header("a", [value]),
                lambda: response.add_trailers([["ta", value]]),
            ):
                with pytest.raises(ValueError, match="Invalid character") as raised:
                    call()
                codes.append(getattr(raised.value, "code", None))
            response.end()

        exchange(listener, GET, answer(status=b"302 Found"))
        assert codes == ["ERR_INVALID_CHAR"] * 4

    def it_takes_pairs(self):
        """test-http-set-cookies.js"""

        def listener(request, response):
            response.write_head(200, [["set-cookie", "A"], ["set-cookie", "B"], ["x", "y"]])
            response.end("two")

        expected = b"HTTP/1.1 200 OK\r\nset-cookie: A\r\nset-cookie: B\r\nx: y\r\n" + KEEP_ALIVE
        exchange(listener, GET, expected + CHUNKED + b"\r\n3\r\ntwo\r\n0\r\n\r\n")

    def it_has_one_head(self):
        """test-http-write-head.js, test-http-write-head-2.js"""
        codes = []

        def listener(request, response):
            response.set_header("test", "1")
            with pytest.raises(TypeError) as raised:
                response.write_head(200, ["test", "1", "test2", "2", "asd"])
            codes.append(getattr(raised.value, "code", None))
            response.write_head(200, ["Test", "2", "test2", "2"])
            with pytest.raises(RuntimeError) as sent:
                response.write_head(100, {})
            codes.append(getattr(sent.value, "code", None))
            response.end()

        expected = b"HTTP/1.1 200 OK\r\nTest: 2\r\ntest2: 2\r\n" + KEEP_ALIVE + CHUNKED
        exchange(listener, GET, expected + b"\r\n0\r\n\r\n")
        assert codes == ["ERR_INVALID_ARG_VALUE", "ERR_HTTP_HEADERS_SENT"]

    def it_has_no_body_in_answer_to_head(self):
        """test-http-head-response-has-no-body.js, test-http-head-response-has-no-body-end.js"""

        def listener(request, response):
            response.write_head(200)
            response.end("FAIL" if request.url == "/end" else None)

        expected = b"HTTP/1.1 200 OK\r\n" + KEEP_ALIVE + b"\r\n"
        data = head("HEAD / HTTP/1.1") + head("HEAD /end HTTP/1.1")
        exchange(listener, data, expected * 2)

    @pytest.mark.parametrize(
        "request_head, sent",
        [
            (b"GET / HTTP/1.0\r\n\r\n", CLOSE + b"\r\nstuff"),
            (
                head("GET / HTTP/1.1", "Connection: close"),
                CLOSE + CHUNKED + b"\r\n5\r\nstuff\r\n0\r\nx-foo: bar\r\n\r\n",
            ),
        ],
    )
    def it_has_trailers_only_if_it_is_chunked(self, request_head, sent):
        """test-http-set-trailers.js"""

        def listener(request, response):
            response.write_head(200, [["x", "y"]])
            response.add_trailers({"x-foo": "bar"})
            response.end("stuff")

        received = exchange(listener, request_head, None)
        assert received == b"HTTP/1.1 200 OK\r\nx: y\r\n" + sent

    def it_announces_trailers_only_if_it_is_chunked(self):
        """test-http-server-de-chunked-trailer.js"""
        errors = []

        def listener(request, response):
            response.set_header("Trailer", "baz")
            with pytest.raises(RuntimeError) as raised:
                response.write_head(200, {"Content-Length": "2"})
            errors.append((getattr(raised.value, "code", None), str(raised.value)))
            response.remove_header("Trailer")
            response.end("ok")

        expected = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + KEEP_ALIVE + b"\r\nok"
        exchange(listener, GET, expected)
        text = "Trailers are invalid with this transfer encoding"
        assert errors == [("ERR_HTTP_TRAILER_INVALID", text)]

    @pytest.mark.parametrize("encoding", ["utf8", "UTF-8", "latin1", "ascii", "utf16le", "ucs2"])
    def it_encodes_the_first_chunk_as_it_is_told(self, encoding):
        """test-http-outgoing-first-chunk-singlebyte-encoding.js"""

        def listener(request, response):
            response.write("hi", encoding)
            response.end()

        body = b"h\0i\0" if encoding in ("utf16le", "ucs2") else b"hi"
        received = exchange(listener, b"GET / HTTP/1.0\r\n\r\n", None)
        assert received == b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body

    def it_takes_no_list_as_its_body(self):
        """test-http-res-write-end-dont-take-array.js, test-http-outgoing-write-types.js,
        test-http-outgoing-end-types.js"""
        codes = []

        def listener(request, response):
            for method in (response.write, response.end):
                with pytest.raises(TypeError) as raised:
                    method(["array"])
                codes.append(getattr(raised.value, "code", None))
            response.write("1a2b")
            response.end(b"asdf")

        expected = b"HTTP/1.1 200 OK\r\n" + KEEP_ALIVE + CHUNKED
        exchange(listener, GET, expected + b"\r\n4\r\n1a2b\r\n4\r\nasdf\r\n0\r\n\r\n")
        assert codes == ["ERR_INVALID_ARG_TYPE"] * 2

    def it_corks_its_socket(self):
        """test-http-response-cork.js"""
        seen: list[Any] = []

        def listener(request, response):
            def corked():
                seen.append((response.writable_corked, response.socket.writable_corked))

            response.cork()
            response.cork()
            corked()
            response.write_head(200, {"a": "b"})
            response.uncork()
            corked()
            response.end("asd")
            corked()

        expected = b"HTTP/1.1 200 OK\r\na: b\r\n" + KEEP_ALIVE + CHUNKED
        exchange(listener, GET, expected + b"\r\n3\r\nasd\r\n0\r\n\r\n")
        assert seen == [(2, 2), (1, 1), (0, 0)]

    def it_leaves_the_socket_uncorked_after_a_second_end(self):
        """test-http-outgoing-end-cork.js"""

        async def main():
            calls: list[Any] = []

            def listener(request, response):
                if request.url == "/1":
                    response.end("regular", "utf8", lambda: calls.append("ended"))
                    calls.append(response.writable_corked)
                    response.end()
                    return
                response.set_header("Content-Length", 20000)
                calls.append(response.write(b"x" * 20000))
                response.once("drain", lambda: calls.append("drain"))
                response.once("drain", response.end)

            server, client = await connected(listener)
            await client.exchange(head("GET /1 HTTP/1.1"), answer(b"regular"))
            expected = b"HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n" + KEEP_ALIVE + b"\r\n"
            await client.exchange(head("GET /2 HTTP/1.1"), expected + b"x" * 20000)
            await closed(server, client)
            assert calls == [0, "ended", False, "drain"]

        run(main)

    def it_ends_once(self):
        """test-http-outgoing-end-multiple.js"""
        calls: list[Any] = []

        async def main():
            server, client = await connected()
            done = asyncio.get_running_loop().create_future()

            @server.on("request")
            def listener(request, response):
                def called(number):
                    return lambda error=None: calls.append((number, error and error.code))

                response.end("x", called(1))
                response.end(called(2))
                response.end("end", called(3))
                response.on("error", lambda error: calls.append(("error", error.code)))

                @response.on("close")
                def close():
                    response.end(called(4))
                    done.set_result(None)

            await client.exchange(GET, answer(b"x"))
            await done
            await closed(server, client)

        run(main)
        assert calls == [
            (2, "ERR_STREAM_ALREADY_FINISHED"),
            (1, None),
            (3, "ERR_STREAM_WRITE_AFTER_END"),
            ("error", "ERR_STREAM_WRITE_AFTER_END"),
            (4, "ERR_STREAM_ALREADY_FINISHED"),
        ]

    def it_is_writable_to_the_end(self):
        """test-http-outgoing-finish-writable.js, test-http-writable-true-after-close.js"""
        seen: list[Any] = []

        def listener(request, response):
            def look():
                seen.append((response.writable, response.finished, response.writable_ended))

            look()
            response.end()
            look()
            response.on("finish", look)
            response.on("close", look)

        exchange(listener, GET, answer())
        assert seen == [(True, False, False)] + [(True, True, True)] * 3

    def it_can_only_be_written_to(self):
        """test-outgoing-message-pipe.js"""
        errors = []

        def listener(request, response):
            with pytest.raises(RuntimeError, match="Cannot pipe, not readable"):
                response.pipe(response)
            response.on("error", lambda error: errors.append((error.code, str(error))))
            response.pipe(response)
            response.end()

        exchange(listener, GET, answer())
        assert errors == [("ERR_STREAM_CANNOT_PIPE", "Cannot pipe, not readable")]

    def it_counts_its_bytes_before_they_are_sent(self):
        """test-http-byteswritten.js"""
        seen: list[Any] = []

        def listener(request, response):
            response.write_head(200, {"Content-Length": 0x3000})
            response.write("7" * 0x1000)
            response.write(b"7" * 0x1000)
            seen.append(response.socket.bytes_written > 0x2000)
            response.end("37" * 0x1000, "hex")
            response.on("finish", lambda: seen.append(request.socket.bytes_written > 0x3000))

        expected = b"HTTP/1.1 200 OK\r\nContent-Length: 12288\r\n" + KEEP_ALIVE + b"\r\n"
        exchange(listener, GET, expected + b"7" * 0x3000)
        assert seen == [True, True]

    @pytest.mark.parametrize("length, body", [(110, "hello"), (5, "too long")])
    def it_refuses_a_body_of_another_length_if_told_so(self, length, body):
        """test-http-content-length-mismatch.js"""
        errors = []

        def listener(request, response):
            response.strict_content_length = True
            response.set_header("content-length", length)
            with pytest.raises(RuntimeError) as raised:
                response.end(body)
            errors.append((getattr(raised.value, "code", None), str(raised.value)))
            request.socket.destroy()

        assert exchange(listener, GET, None) == b""
        text = (
            f"Response body's content-length of {len(body)} byte(s) does not match the "
            f"content-length of {length} byte(s) set in header"
        )
        assert errors == [("ERR_HTTP_CONTENT_LENGTH_MISMATCH", text)]

    def it_sends_nothing_if_it_is_destroyed_at_once(self):
        """test-http-abort-client.js, test-http-outgoing-destroy.js"""

        async def main():
            calls: list[Any] = []

            def listener(request, response):
                response.write_head(200)
                response.write("Part of my response.")
                response.destroy()
                response.on("error", lambda error: calls.append("never"))
                calls.append(response.destroyed)
                calls.append(response.write("x", lambda error: calls.append(error.code)))

            server, client = await connected(listener)
            client.send(GET)
            assert await client.receive_all() == b""
            assert calls == [True, False, "ERR_STREAM_DESTROYED"]
            await closed(server, client)

        run(main)

    def it_keeps_the_error_that_it_is_destroyed_with(self):
        """test-http-outgoing-destroyed.js"""

        async def main():
            error = ValueError("Destroy test")
            seen: list[Any] = []
            server, client = await connected()
            announced = event(server, "request")
            client.send(head("PUT / HTTP/1.1", "Content-Length: 5") + b"asd")
            request, response = await announced
            request.pipe(response)
            response.on("error", lambda error: seen.append("never"))
            request.socket.on("error", lambda error: None)
            gone = event(response, "close")
            seen.append((response.closed, response.errored))
            response.destroy(error)
            seen.append((response.closed, response.errored))
            await gone
            seen.append((response.closed, response.errored))
            assert seen == [(False, None), (False, error), (True, error)]
            await closed(server, client)

        run(main)

    def it_is_closed_before_its_request(self):
        """test-http-req-res-close.js"""

        async def main():
            seen: list[Any] = []
            server, client = await connected()
            announced = event(server, "request")
            client.send(GET)
            request, response = await announced
            response.end()
            response.on("finish", lambda: seen.append("finish"))
            response.on("close", lambda: seen.append(("response", response.closed)))
            gone = event(request, "close")
            request.on("close", lambda: seen.append((request.closed, request.readable_ended)))
            await gone
            assert seen == ["finish", ("response", True), (True, True)]
            await client.receive(answer())
            await closed(server, client)

        run(main)

    def it_announces_that_it_takes_time(self):
        """test-http-information-processing.js"""

        def listener(request, response):
            response.write_processing()
            response.write_processing()
            response.end("other stuff")

        exchange(listener, GET, b"HTTP/1.1 102 Processing\r\n\r\n" * 2 + answer(b"other stuff"))


class DescribeEarlyHints:
    @pytest.mark.parametrize(
        "hints, sent",
        [
            ({"link": "</styles.css>; rel=preload; as=style"}, True),
            ({"link": "</styles.css>"}, True),
            ({"link": '</s>;rel="preload"; crossorigin'}, True),
            ({}, False),
            ({"link": None}, False),
            ({"link": []}, False),
            ({"links": "bad argument object"}, False),
        ],
    )
    def it_sends_links(self, hints, sent):
        """test-http-early-hints.js, test-http-early-hints-invalid-argument-type.js"""

        def listener(request, response):
            response.write_early_hints(hints)
            response.end()

        link = f"HTTP/1.1 103 Early Hints\r\nLink: {hints.get('link')}\r\n\r\n".encode()
        exchange(listener, GET, (link if sent else b"") + answer())

    @pytest.mark.parametrize(
        "link, shown",
        [
            ("</>; ", "</>; "),
            ("rel=preload; </scripts.js>", "rel=preload; </scripts.js>"),
            ("invalid string", "invalid string"),
            ("</a>; rel=x, </b>; rel=y", "</a>; rel=x, </b>; rel=y"),
            (["</a>; rel=x", "bad"], "bad"),
        ],
    )
    def it_refuses_other_links(self, link, shown):
        """test-http-early-hints-invalid-argument.js,
        test-http-early-hints-invalid-argument-value.js"""
        errors = []

        def listener(request, response):
            with pytest.raises(TypeError) as raised:
                response.write_early_hints({"link": link})
            errors.append((getattr(raised.value, "code", None), str(raised.value)))
            response.end()

        exchange(listener, GET, answer())
        text = (
            "The argument 'hints' must be an array or string of format "
            f"\"</styles.css>; rel=preload; as=style\". Received '{shown}'"
        )
        assert errors == [("ERR_INVALID_ARG_VALUE", text)]


class DescribePipelines:
    def it_answers_many_in_order(self):
        """test-http-many-ended-pipelines.js, test-http-get-pipeline-problem.js"""
        waiting: list[Any] = []

        def listener(request, response):
            waiting.append((request.url, response))
            if len(waiting) == 10:
                for url, earlier in reversed(waiting):
                    earlier.end(url)

        requests = b"".join(head(f"GET /{number} HTTP/1.1") for number in range(10))
        expected = b"".join(answer(b"/%d" % number) for number in range(10))
        exchange(listener, requests, expected)

    def it_survives_a_listener_that_takes_the_requests_listeners_away(self):
        """test-http-req-close-robust-from-tampering.js"""

        def listener(request, response):
            request.remove_all_listeners()
            response.remove_all_listeners()
            response.end("x")

        exchange(listener, GET + GET, answer(b"x") * 2)


class DescribeSockets:
    @pytest.mark.parametrize("event_name, data", [("upgrade", UPGRADE), ("connect", None)])
    def it_can_be_given_back_to_the_server(self, event_name, data):
        """test-http-upgrade-reconsume-stream.js, test-http-server-unconsume-consume.js"""

        async def main():
            server, client = await connected(lambda request, response: response.end("again"))

            def handed_over(request, socket, rest):
                socket.write("HTTP/1.1 200 OK\r\n\r\n")
                server.emit("connection", socket)

            server.on(event_name, handed_over)
            connect = head("CONNECT a:1 HTTP/1.1")
            await client.exchange(data or connect, b"HTTP/1.1 200 OK\r\n\r\n")
            await client.exchange(GET, answer(b"again"))
            await closed(server, client)

        run(main)

    def it_reports_what_a_listener_for_request_raises_and_goes_on(self):
        """test-http-uncaught-from-request-callback.js, test-http-end-throw-socket-handling.js"""

        async def main():
            contexts = handled()

            def listener(request, response):
                response.end("x")
                raise ValueError("mine")

            server, client = await connected(listener)
            await client.exchange(GET + GET, answer(b"x") * 2)
            assert [str(context["exception"]) for context in contexts] == ["mine"] * 2
            await closed(server, client)

        run(main)

    def it_is_read_in_paused_mode_too(self):
        """test-http-readable-data-event.js, test-http-response-readable.js, for requests"""

        async def main():
            server, client = await connected()
            announced = event(server, "request")
            client.send(head("POST / HTTP/1.1", "Content-Length: 6") + b"abc")
            request, response = await announced
            log: list[Any] = []
            request.on("data", lambda chunk: log.append(chunk))

            @request.on("readable")
            def readable():
                while (chunk := request.read(2)) is not None:
                    log.append(("read", chunk))

            request.on("end", lambda: log.append("end"))
            await asyncio.sleep(0)
            client.send(b"def")
            await event(request, "end")
            pieces = [entry for entry in log if isinstance(entry, bytes)]
            assert b"".join(pieces) == b"abcdef"
            assert [("read", piece) for piece in pieces] == [
                entry for entry in log if isinstance(entry, tuple)
            ]
            response.end()
            await client.receive(answer())
            await closed(server, client)

        run(main)

    def it_is_iterated_over(self):
        """test-http-incoming-message-destroy.js and test-stream-readable-async-iterators.js"""

        async def main():
            bodies: list[bytes] = []

            async def listener(request, response):
                bodies.append(b"".join([chunk async for chunk in request]))
                response.end("x")

            server, client = await connected(listener)
            data = head("POST / HTTP/1.1", "Content-Length: 3") + b"abc"
            await client.exchange(data + data, answer(b"x") * 2)
            assert bodies == [b"abc", b"abc"]
            await closed(server, client)

        run(main)

    def it_fails_an_iteration_when_the_client_is_gone(self):
        """test-http-aborted.js"""

        async def main():
            errors = asyncio.get_running_loop().create_future()

            async def listener(request, response):
                try:
                    async for _ in request:
                        pass
                except ConnectionResetError as error:
                    errors.set_result(error)

            server, client = await connected(listener)
            client.send(head("POST / HTTP/1.1", "Content-Length: 3") + b"a")
            await event(server, "request")
            client.close()
            assert (await errors).code == "ECONNRESET"
            await closed(server, client)

        run(main)

    def it_has_no_encoding_while_it_is_http(self):
        """test-http-socket-encoding-error.js"""
        errors = []

        async def main():
            def refused(socket):
                for method in (socket.set_encoding, socket.setEncoding):
                    with pytest.raises(RuntimeError) as raised:
                        method("utf8")
                    errors.append((getattr(raised.value, "code", None), str(raised.value)))

            server = await serving(lambda request, response: response.end("x"))
            server.on("connection", refused)
            client = await Client.to(server)
            await client.exchange(GET, answer(b"x"))
            upgraded = event(server, "upgrade")
            client.send(UPGRADE)
            _request, socket, _head = await upgraded
            assert socket.set_encoding("utf8") is socket
            text = event(socket, "data")
            client.send(b"\xc3\xa9")
            assert await text == ("\xe9",)
            socket.destroy()
            await closed(server, client)

        run(main)
        text = "Changing the socket encoding is not allowed per RFC7230 Section 3."
        assert errors == [("ERR_HTTP_SOCKET_ENCODING", text)] * 2

    @pytest.mark.parametrize("method", ["on", "add_listener", "prepend_listener"])
    def it_may_be_read_by_the_program_too(self, method):
        """test-http-server-unconsume.js"""

        async def main():
            received: list[bytes] = []

            def listener(request, response):
                response.end()
                getattr(request.socket, method)("data", received.append)

            server, client = await connected(listener)
            await client.exchange(head("PUT / HTTP/1.1"), answer())
            client.send(b"hello world")
            client.end()
            assert await client.receive_all() == BAD_REQUEST
            assert received == [b"hello world"]
            await closed(server, client)

        run(main)

    def it_emits_no_error_if_the_last_listener_is_removed(self):
        """test-http-socket-error-listeners.js"""

        async def main():
            contexts = handled()
            seen = []

            def listener(request, response):
                def remove():
                    seen.append("end")
                    request.socket.remove_listener("error", remove)

                request.on("end", remove)
                request.socket.on("error", remove)
                response.write_head(204)
                response.end()

            server, client = await connected(listener)
            client.send(head("GET / HTTP/1.1", "Content-Length: 1") + b"1\r\nINVALID")
            expected = b"HTTP/1.1 204 No Content\r\n" + KEEP_ALIVE + b"\r\n" + BAD_REQUEST
            assert await client.receive_all() == expected
            assert (seen, contexts) == (["end"], [])
            await closed(server, client)

        run(main)

    def it_emits_the_error_of_a_client_that_nobody_else_handles(self):
        """test-http-server-destroy-socket-on-client-error.js, test-http-header-overflow.js"""

        async def main():
            errors: list[Any] = []

            def connection(socket):
                socket.on("error", lambda error: errors.append((error.code, error.raw_packet)))

            server = await serving()
            server.on("connection", connection)
            client = await Client.to(server)
            client.send(b"FOO /\r\n")
            assert await client.receive_all() == BAD_REQUEST
            assert errors == [("HPE_INVALID_METHOD", b"FOO /\r\n")]
            large = await Client.to(server)
            large.send(b"GET / HTTP/1.1\r\nCookie: " + b"a" * 0x10000)
            assert await large.receive_all() == TOO_LARGE
            assert errors[1][0] == "HPE_HEADER_OVERFLOW"
            await closed(server, client, large)

        run(main)

    def it_may_have_been_read_before_it_is_announced(self):
        """test-http-server-multiple-client-error.js"""

        async def main():
            errors: list[Any] = []
            server = http.create_server(lambda request, response: response.end(request.method))

            def client_error(error, socket):
                errors.append((error.code, error.raw_packet))
                socket.destroy()

            server.on("client_error", client_error)

            def serve(socket):
                first = socket.read(1)
                if first is None:
                    socket.once("readable", lambda: serve(socket))
                    return
                socket.unshift(first)
                server.emit("connection", socket)

            outer = net.create_server(serve)
            outer.listen(0, "127.0.0.1")
            client = await Client.to(outer)
            await client.exchange(GET + GET, answer(b"GET") * 2)
            other = await Client.to(outer)
            other.send(b"QWE http://example.com HTTP/1.1\r\n\r\n")
            assert await other.receive_all() == b""
            assert errors == [("HPE_INVALID_METHOD", b"WE http://example.com HTTP/1.1\r\n\r\n")]
            for one in (client, other):
                one.close()
            done = event(outer, "close")
            outer.close()
            await done

        run(main)


class DescribeUpgrades:
    def it_needs_both_headers(self):
        """test-http-upgrade-advertise.js"""

        def listener(request, response):
            response.write_head(200, {"Connection": "upgrade, keep-alive", "Upgrade": "h2c"})
            response.end("regular")

        async def main():
            server, client = await connected(listener)
            server.on("upgrade", lambda request, socket: socket.end("upgrade"))
            regular = (
                b"HTTP/1.1 200 OK\r\nConnection: upgrade, keep-alive\r\nUpgrade: h2c\r\n"
                + CHUNKED
                + b"\r\n7\r\nregular\r\n0\r\n\r\n"
            )
            for lines in ((), ("Upgrade: h2c",), ("Connection: upgrade",)):
                await client.exchange(head("GET / HTTP/1.1", *lines), regular)
            client.send(head("GET / HTTP/1.1", "Connection: upgrade", "Upgrade: h2c"))
            assert await client.receive_all() == b"upgrade"
            await closed(server, client)

        run(main)

    def it_is_a_request_once_the_listener_is_removed(self):
        """test-http-upgrade-server.js"""

        async def main():
            server, client = await connected(lambda request, response: response.end("okay"))
            heads: list[bytes] = []

            @server.on("upgrade")
            def upgrade(request, socket, early):
                heads.append(early)
                socket.write("HTTP/1.1 101 Switching Protocols\r\n\r\n")
                socket.on("data", lambda data: socket.end() if data == b"kill" else None)
                socket.on("data", lambda data: socket.write(data) if data != b"kill" else None)

            switched = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
            await client.exchange(UPGRADE + b"WjN}|M(6", switched)
            await client.exchange(b"test", b"test")
            client.send(b"kill")
            assert await client.receive_all() == b""
            assert heads == [b"WjN}|M(6"]
            server.remove_all_listeners("upgrade")
            other = await Client.to(server)
            await other.exchange(UPGRADE + GET, answer(b"okay") * 2)
            await closed(server, client, other)

        run(main)

    def it_reports_what_its_listener_raises(self):
        """test-http-upgrade-server2.js"""

        async def main():
            contexts = handled()
            server, client = await connected()

            @server.on("upgrade")
            def upgrade(request, socket, early):
                socket.end(early)
                raise ValueError("upgrade error")

            client.send(UPGRADE + b"hello world")
            assert await client.receive_all() == b"hello world"
            assert [str(context["exception"]) for context in contexts] == ["upgrade error"]
            await closed(server, client)

        run(main)

    def it_waits_for_earlier_responses(self):
        """test-http-pipeline-socket-parser-typeerror.js"""

        async def main():
            server, client = await connected()
            responses: list[Any] = []
            server.on("request", lambda request, response: responses.append(response))
            heads: list[bytes] = []

            @server.on("upgrade")
            def upgrade(request, socket, early):
                heads.append(early)
                responses[1].end("second", lambda: socket.end())
                responses[0].end("first")

            client.send(GET + GET + UPGRADE + b"aaa")
            assert await client.receive_all() == answer(b"first") + answer(b"second")
            assert heads == [b"aaa"]
            await closed(server, client)

        run(main)

    def it_makes_a_tunnel(self):
        """test-http-connect.js, test-http-connect-req-res.js, test-http-after-connect.js"""

        async def main():
            server, client = await connected(lambda request, response: response.end(request.url))
            requests: list[Any] = []

            @server.on("connect")
            def connect(request, socket, early):
                requests.append((request.method, request.url, early))
                socket.write("HTTP/1.1 200 Connection established\r\n\r\nHead")
                data = [early]
                socket.on("data", data.append)
                socket.on("end", lambda: socket.end(b"".join(data)))

            client.send(head("CONNECT google.com:443 HTTP/1.1") + b"Request")
            await client.receive(b"HTTP/1.1 200 Connection established\r\n\r\nHead")
            client.send(b"End")
            client.end()
            assert await client.receive_all() == b"RequestEnd"
            assert requests == [("CONNECT", "google.com:443", b"Request")]
            other = await Client.to(server)
            await other.exchange(head("GET /after HTTP/1.1"), answer(b"/after"))
            await closed(server, client, other)

        run(main)


class DescribeServers:
    @pytest.mark.parametrize(
        "options, headers_timeout, request_timeout",
        [
            ({}, 60_000, 300_000),
            ({"headers_timeout": 10_000, "request_timeout": 20_000}, 10_000, 20_000),
            ({"headers_timeout": 10_000, "request_timeout": 10_000}, 10_000, 10_000),
            ({"headers_timeout": 10_000}, 10_000, 300_000),
            ({"request_timeout": 20_000}, 20_000, 20_000),
            ({"request_timeout": 100_000}, 60_000, 100_000),
            ({"requestTimeout": 20_000}, 20_000, 20_000),
            ({"headersTimeout": 5, "requestTimeout": 0}, 5, 0),
            ({"request_timeout": 0}, 0, 0),
        ],
    )
    def it_has_time_limits_that_fit_together(self, options, headers_timeout, request_timeout):
        """test-http-server-timeouts-validation.js"""
        server = http.create_server(options)
        assert (server.headers_timeout, server.request_timeout) == (
            headers_timeout,
            request_timeout,
        )

    def it_refuses_time_limits_that_do_not(self):
        """test-http-server-timeouts-validation.js"""
        with pytest.raises(ValueError, match="headers_timeout") as raised:
            http.create_server(headers_timeout=10_000, request_timeout=1_000)
        assert getattr(raised.value, "code", None) == "ERR_OUT_OF_RANGE"
        text = "`options.headers_timeout` must be at most `request_timeout`, not 10000"
        assert str(raised.value) == text

    def it_gives_its_streams_a_high_water_mark(self):
        """test-http-server-options-highwatermark.js"""
        marks = []

        def listener(request, response):
            marks.append((request.readable_high_water_mark, response.writable_high_water_mark))
            response.end()

        exchange(listener, GET, answer(), high_water_mark=14000)
        assert marks == [(14000, 14000)]

    def it_knows_the_methods_in_order(self):
        """test-http-methods.js"""
        assert sorted(http.METHODS) == http.METHODS
        assert {"GET", "HEAD", "POST", "QUERY"} < {*http.METHODS}

    def it_is_listening_until_it_is_closed(self):
        """test-http-listening.js"""

        async def main():
            server = http.create_server()
            assert server.listening is False
            ready = event(server, "listening")
            server.listen(0, "127.0.0.1")
            await ready
            assert server.listening is True
            states = []
            done = event(server, "close")
            server.close(lambda: states.append(server.listening))
            await done
            assert states == [False]

        run(main)

    def it_fails_to_listen_where_another_listens(self):
        """test-http-bind-twice.js"""

        async def main():
            server = await serving()
            other = http.create_server()
            failed = event(other, "error")
            other.listen(server.address().port, "127.0.0.1")
            (error,) = await failed
            assert error.code == "EADDRINUSE"
            await closed(server)

        run(main)

    def it_serves_unix_sockets(self, tmp_path):
        """test-http-unix-socket.js, test-http-unix-socket-keep-alive.js"""

        async def main():
            path = str(tmp_path / "http.sock")
            server = http.create_server(lambda request, response: response.end("hello"))
            ready = event(server, "listening")
            server.listen(path)
            await ready
            client = Client(*await asyncio.open_unix_connection(path))
            for _ in range(3):
                await client.exchange(GET, answer(b"hello"))
            counted = asyncio.get_running_loop().create_future()
            server.get_connections(lambda *found: counted.set_result(found))
            assert await counted == (None, 1)
            errors: list[Any] = []
            server.close(lambda error=None: errors.append(error))
            assert await client.receive_all() == b""
            client.close()
            again = asyncio.get_running_loop().create_future()
            server.close(again.set_result)
            assert (await again).code == "ERR_SERVER_NOT_RUNNING"
            assert errors == [None]

        run(main)

    def it_serves_any_stream(self):
        """test-http-generic-streams.js"""
        server = http.create_server()
        bodies: list[bytes] = []

        def listener(request, response):
            request.on("data", bodies.append)
            request.once("end", lambda: response.write("Hello"))
            request.once("end", lambda: response.end())

        server.on("request", listener)
        stream, garbage = Pipe(), Pipe()
        ends: list[str] = []
        stream.on("end", lambda: ends.append("end"))
        current().run(server.emit, "connection", stream)
        data = head("PUT / HTTP/1.1", "Connection: close", "Content-Length: 3") + b"abc"
        current().run(stream.push, data)
        current().run(stream.push, None)
        sent = DATE.sub(b"", b"".join(stream.written))
        chunk = b"\r\n5\r\nHello\r\n0\r\n\r\n"
        assert sent == b"HTTP/1.1 200 OK\r\n" + CLOSE + CHUNKED + chunk
        assert (bodies, ends, stream.finals) == ([b"abc"], ["end"], 1)

        errors: list[Any] = []
        server.on("client_error", lambda error, socket: errors.append(error.code))
        current().run(server.emit, "connection", garbage)
        current().run(garbage.push, "I\u2019m reading a book about anti-gravity.".encode())
        assert errors == ["HPE_INVALID_METHOD"]
        current().run(garbage.destroy)
        assert (stream.destroyed, garbage.closed) == (True, True)

    def it_answers_a_client_that_has_ended_its_side_if_told_so(self):
        """test-http-server.js"""

        async def main():
            seen: list[Any] = []

            def listener(request, response):
                seen.append((request.method, request.url, request.headers.get("x-x")))
                if request.headers.get("x-x") == "bar":
                    server.close()
                timers.set_timeout(lambda: response.end(request.url), 1)

            server, client = await connected(listener)
            server.http_allow_half_open = True
            done = event(server, "close")
            await client.exchange(
                head("GET /hello?hello=world&foo=b==ar HTTP/1.1"),
                answer(b"/hello?hello=world&foo=b==ar"),
            )
            await client.exchange(head("POST /quit HTTP/1.1"), answer(b"/quit"))
            client.send(head("GET / HTTP/1.1", "X-X: foo") + head("GET / HTTP/1.1", "X-X: bar"))
            client.end()
            assert await client.receive_all() == answer(b"/") * 2
            assert seen == [
                ("GET", "/hello?hello=world&foo=b==ar", None),
                ("POST", "/quit", None),
                ("GET", "/", "foo"),
                ("GET", "/", "bar"),
            ]
            client.close()
            await done

        run(main)

    @pytest.mark.parametrize("value", [None, 0])
    def it_answers_any_number_of_requests_without_a_limit(self, value):
        """test-http-server-keep-alive-max-requests-null.js"""

        async def main():
            server = await serving(lambda request, response: response.end("x"))
            server.max_requests_per_socket = value
            client = await Client.to(server)
            await client.exchange(GET * 4, answer(b"x") * 4)
            await closed(server, client)

        run(main)

    def it_has_no_time_limits_if_they_are_none(self):
        """Node compares them as numbers."""

        async def main():
            contexts = handled()
            server = await serving(lambda request, response: response.end("x"))
            server.headersTimeout = server.requestTimeout = server.keepAliveTimeout = None
            server.timeout = server.maxHeadersCount = None
            client = await Client.to(server)
            connection = b"Connection: keep-alive\r\n"
            await client.trickle(GET)
            await client.receive(answer(b"x", connection=connection))
            assert contexts == []
            await closed(server, client)

        run(main)

    def it_answers_a_number_of_requests_on_each_connection(self):
        """test-http-keep-alive-max-requests.js, test-http-keep-alive-pipeline-max-requests.js,
        test-http-keep-alive-drop-requests.js"""

        async def main():
            dropped: list[Any] = []
            server = await serving(lambda request, response: response.end("x"))
            server.maxRequestsPerSocket = 3
            server.on("drop_request", lambda *arguments: dropped.append(arguments))
            first, second = await Client.to(server), await Client.to(server)
            open_ = b"Connection: keep-alive\r\nKeep-Alive: timeout=5, max=3\r\n"
            one = answer(b"x", connection=open_)
            await first.exchange(GET * 2, one * 2)
            await second.exchange(GET * 2, one * 2)
            refused = b"HTTP/1.1 503 Service Unavailable\r\n" + CLOSE + CHUNKED + b"\r\n0\r\n\r\n"
            await first.exchange(GET * 2, answer(b"x", connection=CLOSE) + refused)
            ((request, socket),) = dropped
            assert isinstance(request, http.IncomingMessage)
            assert socket is request.socket
            await closed(server, first, second)

        run(main)

    def it_reads_a_request_whose_client_has_ended_its_side(self):
        """test-http-server-keepalive-end.js"""

        async def main():
            ended = asyncio.get_running_loop().create_future()

            def listener(request, response):
                request.on("end", lambda: ended.set_result(None))
                response.end("x")

            server, client = await connected(listener)
            client.send(head("POST / HTTP/1.1", "Content-Length: 11") + b"hello world\r\n")
            client.end()
            assert await client.receive_all() == answer(b"x")
            await ended
            await closed(server, client)

        run(main)

    def it_ends_a_response_whose_client_is_gone(self):
        """test-http-server-stale-close.js"""

        async def main():
            ended = asyncio.get_running_loop().create_future()

            def listener(request, response):
                def close():
                    response.end()
                    ended.set_result(response.writable_ended)

                response.write_head(200, {"Content-Length": "42"})
                request.pipe(response)
                request.on("close", close)

            server, client = await connected(listener)
            client.send(head("POST / HTTP/1.1", "Content-Length: 42") + b"BAM")
            client.end()
            assert await ended is True
            await closed(server, client)

        run(main)

    def it_discards_a_body_that_nobody_has_read(self):
        """test-http-dump-req-when-res-ends.js"""

        async def main():
            seen: list[Any] = []

            def listener(request, response):
                def resume():
                    seen.append(request.listener_count("data"))
                    request.on("data", seen.append)

                request.socket.once("data", lambda data: response.end("hello"))
                request.on("resume", resume)
                request.pause()
                request.on("data", lambda data: seen.append("never"))
                response.flush_headers()

            server, client = await connected(listener)
            begun = b"HTTP/1.1 200 OK\r\n" + KEEP_ALIVE + CHUNKED + b"\r\n"
            await client.exchange(head("POST / HTTP/1.1", "Content-Length: 5"), begun)
            await client.exchange(b"abcde", b"5\r\nhello\r\n0\r\n\r\n")
            assert seen == [0, b"abcde"]
            await closed(server, client)

        run(main)

    def it_discards_nothing_of_a_body_that_is_being_read(self):
        """test-http-pause-no-dump.js"""

        async def main():
            seen: list[Any] = []

            def listener(request, response):
                def data(chunk):
                    request.pause()
                    response.end()
                    response.on("finish", lambda: seen.append(request.is_paused()))

                request.once("data", data)

            server, client = await connected(listener)
            data = head("POST / HTTP/1.1", "Content-Length: 5") + b"abcde"
            await client.exchange(data, answer())
            assert seen == [True]
            await closed(server, client)

        run(main)

    @pytest.mark.parametrize(
        "who, told",
        [
            ("request", ["response", "server"]),
            ("response", ["response", "server"]),
            ("socket", ["response", "server"]),
            ("server", ["response", "server"]),
        ],
    )
    def it_reports_a_quiet_connection(self, who, told):
        """test-http-set-timeout-server.js, test-http-set-timeout.js"""

        async def main():
            seen: list[str] = []

            def listener(request, response):
                request.on("timeout", lambda: seen.append("request"))
                response.on("timeout", lambda: seen.append("response"))
                if who != "server":
                    subject = {"response": response, "socket": request.connection}
                    subject.get(who, request).set_timeout(30)

            server = await serving(listener)
            if who == "server":
                assert server.set_timeout(30) is server
            server.on("timeout", lambda socket: seen.append("server"))
            server.on("timeout", lambda socket: socket.destroy())
            client = await Client.to(server)
            client.send(GET)
            # The request has arrived, so it does not receive the event.
            assert await client.receive_all() == b""
            assert seen == told
            await closed(server, client)

        run(main)

    def it_reports_a_quiet_connection_to_the_first_of_several_responses(self):
        """test-http-set-timeout-server.js, test-http-server-keep-alive-timeout.js"""

        async def main():
            seen: list[str] = []

            def listener(request, response):
                response.set_timeout(30, lambda: seen.append(request.url))
                if request.url == "/1":
                    response.end()

            server, client = await connected(listener)
            server.on("timeout", lambda socket: seen.append("server"))
            server.on("timeout", lambda socket: socket.destroy())
            client.send(b"".join(head(f"GET /{number} HTTP/1.1") for number in (1, 2, 3)))
            assert await client.receive_all() == answer()
            assert seen == ["/2", "server"]
            await closed(server, client)

        run(main)


class DescribeHttps:
    def it_answers_over_tls(self, certificate):
        """test-https-simple.js, test-https-byteswritten.js, test-https-truncate.js,
        test-https-drain.js"""

        async def main():
            written: list[bool] = []
            body = b"x" * (32 * 1024 + 1)

            def listener(request, response):
                response.on("finish", lambda: written.append(request.connection.bytes_written > 0))
                if request.method == "POST":
                    request.pipe(response)
                else:
                    response.end(body)

            server = await serving(listener, key=str(certificate), cert=str(certificate))
            client = await secure(server, certificate)
            await client.exchange(GET, answer(body))
            echo = b"HTTP/1.1 200 OK\r\n" + CLOSE + CHUNKED + b"\r\n"
            data = b"y" * 2**20
            client.send(
                head("POST / HTTP/1.1", f"Content-Length: {len(data)}", "Connection: close") + data
            )
            received = await client.receive_all()
            assert received.startswith(echo) and received.endswith(b"\r\n0\r\n\r\n")
            assert received.count(b"y") == len(data)
            assert written == [True, True]
            await closed(server, client)

        run(main)

    def it_emits_connection_with_the_socket_under_tls(self, certificate):
        """test-https-close.js"""

        async def main():
            sockets: list[Any] = []
            server = await serving(
                lambda request, response: response.write("data"),
                key=str(certificate),
                cert=str(certificate),
            )
            server.on("connection", sockets.append)
            client = await secure(server, certificate)
            await client.exchange(
                GET, b"HTTP/1.1 200 OK\r\n" + KEEP_ALIVE + CHUNKED + b"\r\n4\r\ndata\r\n"
            )
            done = event(server, "close")
            server.close()
            for socket in sockets:
                assert not isinstance(socket, tls.TLSSocket)
                socket.destroy()
            await done
            client.close()

        run(main)

    @pytest.mark.parametrize("how", ["close", "close_all_connections"])
    def it_closes_idle_connections_or_all(self, certificate, how):
        """test-https-server-close-idle.js, test-https-server-close-all.js"""

        async def main():
            server = await serving(
                lambda request, response: response.end("x"),
                key=str(certificate),
                cert=str(certificate),
            )
            idle, begun = await secure(server, certificate), await secure(server, certificate)
            begun.send(GET[:5])
            await idle.exchange(GET, answer(b"x"))
            getattr(server, how)()
            assert await idle.receive_all() == b""
            if how == "close":
                client_error = event(server, "client_error")
                begun.close()
                _error, socket = await client_error
                socket.destroy()
            else:
                assert await begun.receive_all() == b""
            await closed(server, idle, begun)

        run(main)

    def it_answers_a_number_of_requests(self, certificate):
        """test-https-keep-alive-drop-requests.js"""

        async def main():
            dropped: list[Any] = []
            server = await serving(
                lambda request, response: response.end("ok"),
                key=str(certificate),
                cert=str(certificate),
            )
            server.maxRequestsPerSocket = 1
            server.on("dropRequest", lambda *arguments: dropped.append(arguments))
            client = await secure(server, certificate)
            refused = b"HTTP/1.1 503 Service Unavailable\r\n" + CLOSE + CHUNKED + b"\r\n0\r\n\r\n"
            await client.exchange(GET * 2, answer(b"ok", connection=CLOSE) + refused)
            ((request, socket),) = dropped
            assert isinstance(request, http.IncomingMessage)
            assert isinstance(socket, tls.TLSSocket)
            await closed(server, client)

        run(main)

    def it_has_the_same_time_limits(self, certificate):
        """test-https-server-headers-timeout.js, test-https-server-request-timeout.js,
        test-https-set-timeout-server.js, test-https-timeout-server-2.js"""

        async def main():
            server = await serving(
                lambda request, response: None, key=str(certificate), cert=str(certificate)
            )
            assert (server.headers_timeout, server.request_timeout) == (60_000, 300_000)
            quiet: list[Any] = []
            secured = event(server, "secure_connection")
            server.set_timeout(0)
            client = await secure(server, certificate)
            (socket,) = await secured
            assert socket.set_timeout(30, lambda: quiet.append("socket")) is socket
            server.on("timeout", lambda socket: quiet.append(socket))
            server.on("timeout", lambda socket: socket.destroy())
            client.send(GET)
            assert await client.receive_all() == b""
            assert quiet == [socket, "socket"]
            await closed(server, client)

        run(main)

    def it_has_a_time_limit_for_the_handshake(self, certificate):
        """test-https-timeout-server.js"""

        async def main():
            server = await serving(
                key=str(certificate), cert=str(certificate), handshake_timeout=30
            )
            failed = event(server, "client_error")
            client = await Client.to(server)
            error, _socket = await failed
            assert error.code == "ERR_TLS_HANDSHAKE_TIMEOUT"
            assert await client.receive_all() == b""
            await closed(server, client)

        run(main)

    def it_serves_unix_sockets(self, certificate, tmp_path):
        """test-https-unix-socket-self-signed.js"""

        async def main():
            path = str(tmp_path / "https.sock")
            server = http.create_server(
                lambda request, response: response.end("bye"),
                key=str(certificate),
                cert=str(certificate),
            )
            ready = event(server, "listening")
            server.listen(path)
            await ready
            streams = await asyncio.open_unix_connection(
                path, ssl=client_context(certificate), server_hostname="localhost"
            )
            client = Client(*streams)
            await client.exchange(GET, answer(b"bye"))
            await closed(server, client)

        run(main)

    def it_refuses_a_client_that_speaks_tls_to_a_server_without(self, certificate):
        """test-https-connecting-to-http.js"""

        async def main():
            requests: list[Any] = []
            server = await serving(lambda request, response: requests.append(request))
            with pytest.raises(ssl.SSLError):
                await secure(server, certificate)
            assert requests == []
            await closed(server)

        run(main)

    def it_has_the_certificate_of_its_client(self):
        """test-https-foafssl.js"""

        async def main():
            seen: list[Any] = []

            def listener(request, response):
                cert = request.connection.get_peer_certificate()
                seen.append((cert["subject"], request.socket.authorized))
                response.end("hello")

            local, mine = certificates.localhost(), certificates.client()
            ca = certificates.authority().cert
            server = await serving(
                listener, key=local.key, cert=local.cert, ca=ca, request_cert=True
            )
            options: Any = {"servername": "localhost", "ca": ca, "key": mine.key, "cert": mine.cert}
            client = tls.connect(server.address().port, "127.0.0.1", options)
            data = event(client, "data")
            client.write(GET)
            assert (await data)[0].endswith(b"hello")
            client.destroy()
            assert seen == [({"CN": "a client"}, True)]
            await closed(server)

        run(main)

    def it_leaves_the_options_as_they_are(self, certificate):
        """test-https-argument-of-creating.js"""
        options: Any = {"cert": str(certificate), "key": str(certificate), "ALPNProtocols": ["x"]}
        before = {**options, "ALPNProtocols": [*options["ALPNProtocols"]]}
        server = http.create_server(options)
        assert options == before
        assert isinstance(server, http.SecureServer)
        assert server.listeners("request") == []

    def it_survives_a_client_that_leaves_with_its_first_answer(self, certificate):
        """test-tls-use-after-free-regression.js"""

        async def main():
            server = await serving(
                lambda request, response: response.write_head(200).end("boom"),
                key=str(certificate),
                cert=str(certificate),
            )
            options: Any = {"servername": "localhost", "ca": str(certificate)}
            client = tls.connect(server.address().port, "127.0.0.1", options)
            gone = event(client, "close")
            client.on("data", lambda data: client.destroy())
            for _ in range(3):
                client.write(GET)
            await gone
            await closed(server)

        run(main)


async def secure(server, certificate):
    """A client over TLS."""
    return await Client.to(server, ssl=client_context(certificate), server_hostname="localhost")
