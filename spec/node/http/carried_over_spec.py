"""What Node's own tests of its HTTP server check, as far as it is here and not in other specs.

They are test/parallel/test-http-*.js; spec/node/node_tests.py lists them.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from spec.node.http.support import (
    BAD_REQUEST,
    GET,
    KEEP_ALIVE,
    UPGRADE,
    answer,
    closed,
    collect,
    connected,
    head,
)
from spec.node.support import handled
from spec.wires import event, run
from websocket_driver.node import http

CLOSE = b"Connection: close\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


def exchange(listener, data, expected, **options):
    """The answer to what a client sends, up to the end of the connection or of what is expected."""

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
            # test-http-invalidheaderfield.js, for what arrives
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
        """test-http-1.0-keep-alive.js, test-http-1.0.js"""

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
        # The socket has taken all of it, as in Node.
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
