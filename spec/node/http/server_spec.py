"""`http.Server`: requests and responses on real connections."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest

from spec.node.http.support import (
    BAD_REQUEST,
    DATE,
    GET,
    KEEP_ALIVE,
    TOO_LARGE,
    Client,
    answer,
    closed,
    collect,
    connected,
    head,
    log,
    refused,
    serving,
)
from spec.node.support import Pipe, handled
from spec.wires import event, run
from websocket_driver import ConfigurationError
from websocket_driver.node import http, net, process
from websocket_driver.node.http.connection import MAX_PIPELINED
from websocket_driver.node.http.options import SPELLINGS, SecureServerOptions, split
from websocket_driver.node.loop import current
from websocket_driver.node.stream import HIGH_WATER_MARK

CLOSE = b"Connection: close\r\n"


def hello(request, response):
    response.end("Hello")


class DescribeCreateServer:
    def it_takes_a_listener_for_request(self):
        assert http.create_server(hello).listeners("request") == [hello]
        assert http.createServer({}, hello).listeners("request") == [hello]
        assert http.Server().listeners("request") == []

    def it_makes_a_server_of_net(self):
        server = http.create_server()
        assert isinstance(server, net.Server)
        assert isinstance(server, http.Server)
        assert not isinstance(server, http.SecureServer)

    def it_has_limits(self):
        server = http.create_server()
        assert (server.headers_timeout, server.headersTimeout) == (60_000, 60_000)
        assert (server.request_timeout, server.requestTimeout) == (300_000, 300_000)
        assert (server.keep_alive_timeout, server.keepAliveTimeout) == (5_000, 5_000)
        assert (server.max_header_size, server.maxHeaderSize) == (0x10000, 0x10000)
        assert (server.max_headers_count, server.maxHeadersCount) == (128, 128)
        assert (server.max_requests_per_socket, server.maxRequestsPerSocket) == (0, 0)
        assert server.connections_checking_interval == 30_000
        assert (server.require_host_header, server.requireHostHeader) == (True, True)
        assert (server.join_duplicate_headers, server.joinDuplicateHeaders) == (False, False)
        assert (server.timeout, server.http_allow_half_open) == (0, False)

    @pytest.mark.parametrize(
        "options",
        [
            {"headers_timeout": 1, "max_headers_count": 2, "require_host_header": False},
            {"headersTimeout": 1, "maxHeadersCount": 2, "requireHostHeader": False},
        ],
    )
    def it_takes_them_as_options_in_both_spellings(self, options):
        for server in (http.create_server(options), http.create_server(**options)):
            assert server.headers_timeout == 1
            assert server.max_headers_count == 2
            assert server.require_host_header is False

    def it_takes_the_checking_interval_of_node(self):
        server = http.create_server({"connectionsCheckingInterval": 10})
        assert server.connections_checking_interval == server.connectionsCheckingInterval == 10

    def it_takes_none_for_the_default(self):
        options: Any = {"headers_timeout": None}
        assert http.create_server(options).headers_timeout == 60_000

    @pytest.mark.parametrize(
        ("options", "error"),
        [
            ({"headers_timeout": "5"}, "`options.headers_timeout` must be a number, not str ('5')"),
            (
                {"headersTimeout": True},
                "`options.headers_timeout` must be a number, not bool (True)",
            ),
            (
                {"require_host_header": 1},
                "`options.require_host_header` must be True or False, not int (1)",
            ),
            ({"no_delay": "yes"}, "`options.no_delay` must be True or False, not str ('yes')"),
        ],
    )
    def it_refuses_options_of_other_types(self, options, error):
        expected = (TypeError, "ERR_INVALID_ARG_TYPE", error)
        assert refused(http.create_server, options) == expected

    def it_refuses_other_options_that_cannot_be_used(self):
        assert refused(http.create_server, {"max_header_size": -1}) == (
            ValueError,
            "ERR_OUT_OF_RANGE",
            "`options.max_header_size` must be 0 or more, and finite, not -1",
        )
        infinite: list[Any] = [
            {"request_timeout": math.inf},
            {"keep_alive_timeout": math.inf},
            {"max_header_size": math.nan},
        ]
        for options in infinite:
            error, code, _ = refused(http.create_server, options)
            assert (error, code) == (ValueError, "ERR_OUT_OF_RANGE")
        assert refused(http.create_server, {"headers_timeout": 2, "request_timeout": 1}) == (
            ValueError,
            "ERR_OUT_OF_RANGE",
            "`options.headers_timeout` must be at most `request_timeout`, not 2",
        )

    @pytest.mark.parametrize(
        ("name", "other"),
        [("header_timeout", "headers_timeout"), ("keepAliveTimout", "keepAliveTimeout")],
    )
    def it_suggests_the_name_of_an_option(self, name, other):
        options: Any = {name: 5}
        with pytest.raises(ConfigurationError) as raised:
            http.create_server(options)
        assert str(raised.value) == f"Unrecognized option: {name} (did you mean {other}?)"

    def it_passes_on_all_options_of_the_underlying_server(self):
        names = SecureServerOptions.__annotations__.keys() - SPELLINGS.keys()
        assert {"allow_half_open", "allowHalfOpen", "cert"} <= names
        assert split(dict.fromkeys(names, 1))[1] == dict.fromkeys(names, 1)

    @pytest.mark.parametrize(
        ("arguments", "error"),
        [
            ((1.5,), "`options` must be a mapping, not float (1.5)"),
            (("x", hello), "`options` must be a mapping, not str ('x')"),
            (
                (print, hello),
                f"`options` must be a mapping, not {type(print).__name__} ({print!r})",
            ),
            (({}, 5), "`listener` must be callable, not int (5)"),
        ],
    )
    def it_refuses_other_arguments(self, arguments, error):
        expected = (TypeError, "ERR_INVALID_ARG_TYPE", error)
        assert refused(http.create_server, *arguments) == expected

    def it_knows_status_codes_and_methods(self):
        assert http.STATUS_CODES[404] == "Not Found"
        assert http.STATUS_CODES[431] == "Request Header Fields Too Large"
        assert "M-SEARCH" in http.METHODS


class DescribeRequests:
    def it_announces_them_with_a_response(self):
        async def main():
            server, client = await connected()
            announced = event(server, "request")
            client.send(head("GET /a?b=c HTTP/1.1", "X-A: b", "x-a: c"))
            request, response = await announced
            assert isinstance(request, http.IncomingMessage)
            assert isinstance(response, http.ServerResponse)
            assert (request.method, request.url) == ("GET", "/a?b=c")
            assert request.headers == {"host": "a", "x-a": "b, c"}
            assert request.raw_headers == ["Host", "a", "X-A", "b", "x-a", "c"]
            assert request.headers_distinct == {"host": ["a"], "x-a": ["b", "c"]}
            assert (request.http_version, request.httpVersion) == ("1.1", "1.1")
            assert (request.http_version_major, request.http_version_minor) == (1, 1)
            assert (request.aborted, request.upgrade) == (False, False)
            assert (request.status_code, request.status_message) == (None, None)
            assert request.socket is request.connection is response.socket
            assert isinstance(request.socket, net.Socket)
            assert response.req is request
            response.end()
            await client.receive(answer())
            await closed(server, client)

        run(main)

    def it_keeps_the_connection_open_for_the_next(self):
        async def main():
            server, client = await connected(hello)
            for _ in range(3):
                await client.exchange(GET, answer(b"Hello"))
            await closed(server, client)

        run(main)

    def it_takes_them_byte_by_byte(self):
        async def main():
            server, client = await connected(hello)
            await client.trickle(GET + GET)
            await client.receive(answer(b"Hello") * 2)
            await closed(server, client)

        run(main)

    @pytest.mark.parametrize(
        ("request_head", "expected"),
        [
            (head("GET / HTTP/1.1", "Connection: close"), answer(b"Hello", connection=CLOSE)),
            (head("GET / HTTP/1.0"), b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nHello"),
            (
                head("GET / HTTP/1.0", "Connection: keep-alive"),
                b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nHello",
            ),
        ],
    )
    def it_closes_the_connection_if_the_client_wants_no_more(self, request_head, expected):
        async def main():
            server = await serving(hello)
            announced = event(server, "connection")
            client = await Client.to(server)
            (socket,) = await announced
            gone = event(socket, "close")
            client.send(request_head)
            assert await client.receive_all() == expected
            # It does not wait for the client, which is still connected.
            await gone
            await closed(server, client)

        run(main)

    def it_keeps_an_http_1_0_connection_open_if_the_length_is_set(self):
        def listener(request, response):
            response.set_header("Content-Length", 5)
            response.end("Hello")

        async def main():
            server, client = await connected(listener)
            for _ in range(2):
                await client.exchange(
                    head("GET / HTTP/1.0", "Connection: keep-alive"),
                    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n" + KEEP_ALIVE + b"\r\nHello",
                )
            await closed(server, client)

        run(main)

    @pytest.mark.parametrize("host", [None, "Host:", "Host: b:1"])
    def it_answers_400_if_there_is_no_host(self, host):
        async def main():
            server, client = await connected(hello)
            errors = log(server, "client_error")
            client.send(head(host=host))
            if host is None:
                assert await client.receive_all() == (
                    b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"
                    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
                )
            else:
                await client.receive(answer(b"Hello"))
            assert errors == []
            await closed(server, client)

        run(main)

    def it_takes_many_headers(self):
        async def main():
            server, client = await connected()
            announced = event(server, "request")
            client.send(head("GET / HTTP/1.1", *[f"X-{n}: {n}" for n in range(127)]) + GET)
            request, response = await announced
            assert len(request.headers) == 128
            assert request.headers["x-126"] == "126"
            response.end()
            await client.receive(answer())
            await closed(server, client)

        run(main)

    @pytest.mark.parametrize("count", [0, None])
    def it_takes_any_number_of_headers_if_told_so(self, count):
        async def main():
            server = await serving(hello)
            server.max_headers_count = count
            client = await Client.to(server)
            await client.exchange(head("GET / HTTP/1.1", *["A: b"] * 500), answer(b"Hello"))
            await closed(server, client)

        run(main)

    def it_takes_no_more_headers_than_it_is_told(self):
        async def main():
            server, client = await connected(hello, max_headers_count=3)
            await client.exchange(head("GET / HTTP/1.1", *["A: b"] * 2), answer(b"Hello"))
            client.send(head("GET / HTTP/1.1", *["A: b"] * 3))
            assert await client.receive_all() == TOO_LARGE
            await closed(server, client)

        run(main)

    def it_needs_no_host_for_http_1_0_or_if_told_so(self):
        async def main():
            server, client = await connected(hello, require_host_header=False)
            await client.exchange(head(host=None), answer(b"Hello"))
            await closed(server, client)

            server, client = await connected(hello)
            client.send(head("GET / HTTP/1.0", host=None))
            assert (await client.receive_all()).endswith(b"Hello")
            await closed(server, client)

        run(main)

    def it_joins_repeated_headers_if_told_so(self):
        async def main():
            server, client = await connected(join_duplicate_headers=True)
            announced = event(server, "request")
            client.send(head("GET / HTTP/1.1", "Age: 1", "Age: 2"))
            request, _response = await announced
            assert request.headers["age"] == "1, 2"
            await closed(server, client)

        run(main)

    class DescribeBodies:
        @pytest.mark.parametrize(
            ("headers", "sent", "body"),
            [
                (["Content-Length: 5"], b"Hello", b"Hello"),
                (["Content-Length: 0"], b"", b""),
                ([], b"", b""),
                (["Transfer-Encoding: chunked"], b"3\r\nHel\r\n2\r\nlo\r\n0\r\n\r\n", b"Hello"),
            ],
        )
        @pytest.mark.parametrize("trickled", [False, True])
        def it_streams(self, headers, sent, body, trickled):
            async def main():
                server, client = await connected()
                bodies = []

                @server.on("request")
                def listener(request, response):
                    chunks: list[bytes] = []
                    request.on("data", chunks.append)
                    request.on("end", lambda: bodies.append(b"".join(chunks)))
                    request.on("end", lambda: response.end())

                message = head("POST / HTTP/1.1", *headers) + sent
                if trickled:
                    await client.trickle(message + GET)
                else:
                    client.send(message + GET)
                await client.receive(answer() * 2)
                assert bodies == [body, b""]
                await closed(server, client)

            run(main)

        def it_streams_many_chunks_of_one_packet(self):
            stream = Pipe()
            bodies: list[bytes] = []

            def listener(request, response):
                request.on("data", bodies.append)
                request.on("end", response.end)

            server = http.create_server(listener)
            current().run(server.emit, "connection", stream)
            message = head("POST / HTTP/1.1", "Transfer-Encoding: chunked", "Connection: close")
            current().run(stream.push, message + b"1\r\nx\r\n" * 5000 + b"0\r\n\r\n")
            assert bodies == [b"x"] * 5000
            assert DATE.sub(b"", b"".join(stream.written)) == answer(connection=CLOSE)

        def it_knows_the_trailers_at_the_end(self):
            async def main():
                server, client = await connected()
                announced = event(server, "request")
                client.send(head("POST / HTTP/1.1", "Transfer-Encoding: chunked") + b"1\r\nx\r\n")
                request, _response = await announced
                body = collect(request)
                assert (request.complete, request.trailers, request.raw_trailers) == (False, {}, [])
                client.send(b"0\r\nX-A: b\r\nx-a: c\r\n\r\n")
                assert await body == b"x"
                assert request.complete is True
                assert request.raw_trailers == ["X-A", "b", "x-a", "c"]
                assert request.trailers == {"x-a": "b, c"}
                assert request.trailers_distinct == {"x-a": ["b", "c"]}
                await closed(server, client)

            run(main)

        def it_decodes_on_request(self):
            async def main():
                server, client = await connected()
                announced = event(server, "request")
                client.send(head("POST / HTTP/1.1", "Content-Length: 2") + b"\xc3")
                request, _response = await announced
                request.set_encoding("utf8")
                text = event(request, "data")
                client.send(b"\xa9")
                assert await text == ("\xe9",)
                await closed(server, client)

            run(main)

        def it_pipes_them_into_the_response(self):
            async def main():
                server, client = await connected(lambda request, response: request.pipe(response))
                client.send(head("POST / HTTP/1.1", "Content-Length: 5") + b"Hello")
                expected = (
                    b"HTTP/1.1 200 OK\r\n" + KEEP_ALIVE + b"Transfer-Encoding: chunked\r\n\r\n"
                )
                await client.receive(expected + b"5\r\nHello\r\n0\r\n\r\n")
                await closed(server, client)

            run(main)

        def it_drops_what_nobody_reads_once_the_response_has_ended(self):
            async def main():
                server, client = await connected(hello)
                body = b"x" * (20 * HIGH_WATER_MARK)
                client.send(head("POST / HTTP/1.1", f"Content-Length: {len(body)}") + body + GET)
                await client.receive(answer(b"Hello") * 2)
                await closed(server, client)

            run(main)

        def it_drops_what_a_paused_reader_has_not_read_once_the_response_has_ended(self):
            async def main():
                server, client = await connected()
                announced = event(server, "request")
                body = b"x" * (20 * HIGH_WATER_MARK)
                client.send(head("POST / HTTP/1.1", f"Content-Length: {len(body)}") + body[:9])
                request, response = await announced
                request.pause()
                data = log(request, "data")
                await asyncio.sleep(0)
                response.end("Hello")
                await client.receive(answer(b"Hello"))
                request.pause()
                announced = event(server, "request")
                client.send(body[9:] + GET)
                _request, response = await announced
                assert data == []
                response.end()
                await client.receive(answer())
                await closed(server, client)

            run(main)

        def it_goes_on_with_what_somebody_reads_when_the_response_has_ended(self):
            async def main():
                server, client = await connected()
                announced = event(server, "request")
                client.send(head("POST / HTTP/1.1", "Content-Length: 5") + b"He")
                request, response = await announced
                body = collect(request)
                await event(request, "data")
                response.end()
                await client.receive(answer())
                client.send(b"llo")
                assert await body == b"Hello"
                await closed(server, client)

            run(main)

        def it_reads_as_much_ahead_as_the_socket(self):
            async def main():
                server, client = await connected(high_water_mark=5)
                announced = event(server, "request")
                client.send(GET)
                request, _response = await announced
                assert request.readable_high_water_mark == 5
                await closed(server, client)

            run(main)

        def it_stops_reading_while_they_are_paused(self):
            async def main():
                server, client = await connected()
                announced = event(server, "request")
                size = 64 * HIGH_WATER_MARK
                client.send(head("POST / HTTP/1.1", f"Content-Length: {size}"))
                request, response = await announced
                request.pause()
                socket = request.socket
                client.send(b"x" * size)
                paused = event(socket, "pause")
                await paused
                # The buffers of the request and of the socket are full.
                assert request.readable_length <= 65536 + HIGH_WATER_MARK
                body = collect(request)
                request.resume()
                assert await body == b"x" * size
                response.end()
                await client.receive(answer())
                await closed(server, client)

            run(main)

    class DescribeAborts:
        @pytest.mark.parametrize("how", ["end", "reset", "close"])
        @pytest.mark.parametrize("body", [b"", b"x"])
        def it_tells_the_request_that_the_client_is_gone(self, how, body):
            async def main():
                server, client = await connected()
                announced = event(server, "request")
                length = len(body) * 2
                client.send(head("POST / HTTP/1.1", f"Content-Length: {length}") + body)
                request, response = await announced
                events = log(request, "aborted", "error", "close")
                ends = log(response, "finish", "error", "close")
                failed, gone = event(request, "error"), event(request, "close")
                getattr(client, how)()
                await gone
                (error,) = await failed
                assert str(error) == error.message == "aborted"
                assert isinstance(error, ConnectionResetError)
                assert events == [("aborted",), ("error", "ECONNRESET"), ("close",)]
                assert ends == [("close",)]
                assert (request.aborted, request.destroyed, response.destroyed) == (
                    True,
                    True,
                    True,
                )
                assert response.write("x") is False
                response.end()
                await closed(server, client)

            run(main)

        def it_is_no_error_if_nobody_listens(self):
            async def main():
                errors = handled()
                server, client = await connected()
                announced = event(server, "request")
                client.send(GET)
                request, _response = await announced
                gone = event(request, "close")
                client.reset()
                await gone
                assert errors == []
                await closed(server)

            run(main)

        def it_is_none_after_the_end(self):
            async def main():
                events: list[Any] = []

                def listener(request, response):
                    log(request, "aborted", "error", "end", "close", into=events)
                    response.end("Hello")

                server, client = await connected(listener)
                await client.exchange(GET, answer(b"Hello"))
                client.reset()
                await closed(server)
                assert events == [("end",), ("close",)]

            run(main)

        @pytest.mark.parametrize("error", [None, RuntimeError("boom")])
        def it_can_destroy_the_connection(self, error):
            async def main():
                server, client = await connected()
                announced = event(server, "request")
                client.send(head("POST / HTTP/1.1", "Content-Length: 5"))
                request, response = await announced
                events = log(request, "aborted", "error", "close")
                errors = log(request.socket, "error")
                gone = event(response, "close")
                assert request.destroy(error) is request
                request.destroy()
                await gone
                assert errors == ([("error", error)] if error else [])
                assert events == [("aborted",), *([("error", error)] if error else []), ("close",)]
                assert await client.receive_all() == b""
                await closed(server, client)

            run(main)

    def it_lets_a_listener_destroy_the_connection(self):
        async def main():
            server, client = await connected()
            urls = []

            @server.on("request")
            def listener(request, response):
                urls.append(request.url)
                response.end("Hello")
                response.destroy()

            # As in Node, the requests that have been received are announced nevertheless.
            client.send(head("GET /1 HTTP/1.1") + head("GET /2 HTTP/1.1"))
            await client.receive_all()
            assert urls == ["/1", "/2"]
            await closed(server, client)

        run(main)

    def it_waits_for_a_reader_when_the_client_has_ended(self):
        async def main():
            server, client = await connected()
            announced = event(server, "request")
            body = b"x" * (3 * HIGH_WATER_MARK)
            client.send(head("POST / HTTP/1.1", f"Content-Length: {len(body)}") + body)
            client.end()
            request, _response = await announced
            ended = event(request.socket, "end")
            await ended
            assert await collect(request) == body
            assert await client.receive_all() == b""
            await closed(server, client)

        run(main)

    def it_goes_on_when_the_socket_has_drained(self):
        async def main():
            server, client = await connected(hello)
            announced = event(server, "request")
            await client.exchange(GET, answer(b"Hello"))
            request, _response = await announced
            drained = event(request.socket, "drain")
            assert request.socket.write(b"x" * 2**22) is False
            client.send(GET)
            received = asyncio.ensure_future(client.receive(b"x" * 2**22 + answer(b"Hello")))
            await drained
            await received
            await closed(server, client)

        run(main)


class DescribeKeepAlive:
    def it_ends_the_connection_when_the_time_is_over(self):
        async def main():
            server, client = await connected(hello, keep_alive_timeout=30)
            client.send(GET)
            assert await client.receive_all() == answer(
                b"Hello", connection=b"Connection: keep-alive\r\nKeep-Alive: timeout=0\r\n"
            )
            await closed(server, client)

        run(main)

    def it_starts_when_the_body_has_arrived_too(self):
        async def main():
            server, client = await connected(hello, keep_alive_timeout=30)
            client.send(head("POST / HTTP/1.1", "Content-Length: 2") + b"x")
            connection = b"Connection: keep-alive\r\nKeep-Alive: timeout=0\r\n"
            await client.receive(answer(b"Hello", connection=connection))
            client.send(b"x")
            assert await client.receive_all() == b""
            await closed(server, client)

        run(main)

    def it_does_not_run_while_a_request_arrives_or_is_answered(self):
        async def main():
            server, client = await connected(keep_alive_timeout=20)
            answered = asyncio.Event()

            @server.on("request")
            async def listener(request, response):
                await asyncio.sleep(0.1)
                response.end()
                answered.set()

            client.send(GET)
            connection = b"Connection: keep-alive\r\nKeep-Alive: timeout=0\r\n"
            await client.receive(answer(connection=connection))
            client.send(GET[:5])
            await asyncio.sleep(0.1)
            client.send(GET[5:])
            assert await client.receive_all() == answer(connection=connection)
            await closed(server, client)

        run(main)

    def it_is_unlimited_with_0(self):
        async def main():
            server, client = await connected(hello, keep_alive_timeout=0)
            connection = b"Connection: keep-alive\r\n"
            await client.exchange(GET, answer(b"Hello", connection=connection))
            await asyncio.sleep(0.05)
            await client.exchange(GET, answer(b"Hello", connection=connection))
            await closed(server, client)

        run(main)

    def it_leaves_the_limit_of_quiet_connections_if_it_has_none(self):
        async def main():
            server = (await serving(hello, keep_alive_timeout=0)).set_timeout(30)
            client = await Client.to(server)
            await client.exchange(GET, answer(b"Hello", connection=b"Connection: keep-alive\r\n"))
            assert await client.receive_all() == b""
            await closed(server, client)

        run(main)

    def it_does_not_replace_the_limit_that_the_next_request_sets(self):
        async def main():
            server, client = await connected()
            announced = event(server, "request")
            client.send(GET)
            _request, response = await announced
            response.end()
            await client.receive(answer())
            announced = event(server, "request")
            client.send(head("POST / HTTP/1.1", "Content-Length: 2"))
            request, _response = await announced
            quiet = asyncio.get_running_loop().create_future()
            request.set_timeout(30, quiet.set_result)
            client.send(b"x")
            await event(request, "data")
            assert await quiet is request.socket
            await closed(server, client)

        run(main)

    @pytest.mark.parametrize("most", [1, 2, 3])
    def it_ends_after_a_number_of_requests_if_told_so(self, most):
        async def main():
            server, client = await connected(hello, max_requests_per_socket=most)
            (dropped, first) = (event(server, "dropRequest"), event(server, "request"))
            opening = b"Connection: keep-alive\r\nKeep-Alive: timeout=5, max=%d\r\n" % most
            for _ in range(most - 1):
                await client.exchange(GET, answer(b"Hello", connection=opening))
            await client.exchange(GET, answer(b"Hello", connection=CLOSE))
            assert dropped.done() is False
            await client.exchange(
                GET,
                b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            )
            (request, socket), (other, _response) = await dropped, await first
            assert isinstance(request, http.IncomingMessage)
            assert request is not other
            assert socket is other.socket
            await closed(server, client)

        run(main)


class DescribePipelining:
    def it_answers_in_order(self):
        async def main():
            server, client = await connected()
            responses = []
            server.on("request", lambda request, response: responses.append(response))
            client.send(head("GET /1 HTTP/1.1") + head("GET /2 HTTP/1.1") + head("GET /3 HTTP/1.1"))
            while len(responses) < 3:
                await event(server, "request")
            first, second, third = responses
            assert first.socket is not None
            assert (second.socket, third.socket) == (None, None)
            third.end("third")
            assert second.write("sec") is True
            assert (second.writable_length > 0, third.writable_finished) == (True, False)
            finished = event(second, "finish")
            first.end("first")
            second.end("ond")
            await finished
            chunked = b"HTTP/1.1 200 OK\r\n" + KEEP_ALIVE + b"Transfer-Encoding: chunked\r\n\r\n"
            await client.receive(
                answer(b"first") + chunked + b"3\r\nsec\r\n3\r\nond\r\n0\r\n\r\n" + answer(b"third")
            )
            await closed(server, client)

        run(main)

    def it_reads_no_more_than_a_number_of_requests(self):
        async def main():
            server, client = await connected()
            responses = []
            server.on("request", lambda request, response: responses.append(response))
            client.send(GET * (3 * MAX_PIPELINED))
            while len(responses) < MAX_PIPELINED:
                await event(server, "request")
            assert len(responses) == MAX_PIPELINED
            for number in range(3 * MAX_PIPELINED):
                while len(responses) <= number:
                    await event(server, "request")
                assert len(responses) <= number + MAX_PIPELINED
                responses[number].end(str(number))
            await client.receive(b"".join(answer(b"%d" % n) for n in range(3 * MAX_PIPELINED)))
            await closed(server, client)

        run(main)

    def it_reads_no_more_while_too_much_waits(self):
        async def main():
            server, client = await connected()
            responses = []
            server.on("request", lambda request, response: responses.append(response))
            client.send(GET * 3)
            while len(responses) < 3:
                await event(server, "request")
            assert responses[1].write(b"x" * HIGH_WATER_MARK) is False
            assert responses[1].writable_need_drain is True
            client.send(GET)
            drained = event(responses[1], "drain")
            responses[0].end()
            await drained
            assert responses[1].writable_need_drain is False
            responses[1].end()
            responses[2].end()
            while len(responses) < 4:
                await event(server, "request")
            responses[3].end("last")
            await client.receive(
                answer()
                + b"HTTP/1.1 200 OK\r\n"
                + KEEP_ALIVE
                + b"Transfer-Encoding: chunked\r\n\r\n4000\r\n"
                + b"x" * HIGH_WATER_MARK
                + b"\r\n0\r\n\r\n"
                + answer()
                + answer(b"last")
            )
            await closed(server, client)

        run(main)

    def it_goes_on_even_if_a_listener_has_resumed_the_socket(self):
        stream = Pipe()
        server = http.create_server()
        responses: list[Any] = []
        server.on("request", lambda request, response: responses.append(response))
        current().run(server.emit, "connection", stream)
        current().run(stream.push, GET * (MAX_PIPELINED + 1))
        assert len(responses) == MAX_PIPELINED
        current().run(stream.resume)
        current().run(responses[0].end)
        assert len(responses) == MAX_PIPELINED + 1
        current().run(stream.destroy)

    def it_counts_what_waits_in_all_responses(self):
        stream = Pipe()
        server = http.create_server()
        responses: list[Any] = []
        server.on("request", lambda request, response: responses.append(response))
        current().run(server.emit, "connection", stream)
        current().run(stream.push, GET * 3)
        first, second, third = responses
        for response in (second, third):
            response.set_header("Content-Length", HIGH_WATER_MARK)
            current().run(response.flush_headers)
        current().run(second.write, b"x" * (HIGH_WATER_MARK // 2))
        left = HIGH_WATER_MARK - second.writable_length - third.writable_length
        current().run(third.write, b"x" * (left - 1))
        current().run(stream.push, GET)
        assert len(responses) == 4
        current().run(third.write, b"x")
        current().run(stream.push, GET)
        assert len(responses) == 4
        current().run(first.end)
        assert len(responses) == 5
        current().run(stream.destroy)

    def it_reads_on_when_a_slow_client_has_taken_its_answers(self):
        async def main():
            body = b"x" * (4 * 2**20)
            server, client = await connected(lambda request, response: response.end(body))
            client.pause()
            requests = log(server, "request")
            client.send(GET * 8)
            await event(server, "request")
            client.resume()
            await client.receive(answer(body) * 8)
            assert len(requests) == 8
            await closed(server, client)

        run(main)

    @pytest.mark.parametrize("kind", ["destroy", "close"])
    def it_ends_them_all_with_the_connection(self, kind):
        async def main():
            server, client = await connected()
            pairs = []
            server.on("request", lambda request, response: pairs.append((request, response)))
            client.send(GET * 2)
            while len(pairs) < 2:
                await event(server, "request")
            events = [log(request, "aborted", "close") for request, _ in pairs]
            gone = event(pairs[1][0], "close")
            if kind == "destroy":
                pairs[0][1].destroy()
            else:
                client.close()
            await gone
            assert events == [[("aborted",), ("close",)]] * 2
            await closed(server, client)

        run(main)

    def it_reads_no_more_of_a_connection_that_a_listener_destroys(self):
        async def main():
            server, client = await connected()
            responses: list[Any] = []
            server.on("request", lambda request, response: responses.append(response))
            client.send(GET * (MAX_PIPELINED + 3))
            while len(responses) < MAX_PIPELINED:
                await event(server, "request")
            responses[0].on("finish", lambda: responses[1].destroy())
            responses[0].end()
            await client.receive_all()
            assert len(responses) == MAX_PIPELINED
            await closed(server, client)

        run(main)

    @pytest.mark.parametrize("error", [None, RuntimeError("boom")])
    def it_destroys_the_connection_when_it_is_the_turn_of_a_response_that_was_destroyed(
        self, error
    ):
        async def main():
            server, client = await connected()
            responses = []
            server.on("request", lambda request, response: responses.append(response))
            client.send(GET * 2)
            while len(responses) < 2:
                await event(server, "request")
            errors = log(responses[0].socket, "error")
            responses[1].destroy(error)
            responses[0].end("first")
            assert await client.receive_all() == answer(b"first")
            assert errors == ([("error", error)] if error else [])
            await closed(server, client)

        run(main)


class DescribeTicks:
    """Node's parser passes more than 32 fields, or trailers, in parts."""

    def order(self, *messages):
        """The order of requests, and of the ticks that each of them schedules."""
        order = []

        def listener(request, response):
            order.append(request.url)
            current().next_tick(order.append, "tick")

        stream = Pipe()
        server = http.create_server(listener)
        current().run(server.emit, "connection", stream)
        current().run(stream.push, b"".join(messages))
        current().run(stream.destroy)
        return order

    def fields(self, count):
        return [f"X: {n}" for n in range(count - 1)]

    def it_runs_them_after_the_requests_of_a_packet(self):
        requests = (head("GET /1 HTTP/1.1"), head("GET /2 HTTP/1.1", *self.fields(32)))
        assert self.order(*requests) == ["/1", "/2", "tick", "tick"]

    def it_runs_them_before_a_request_with_more_than_32_fields(self):
        requests = (head("GET /1 HTTP/1.1"), head("GET /2 HTTP/1.1", *self.fields(33)))
        assert self.order(*requests) == ["/1", "tick", "/2", "tick"]

    def it_runs_them_before_each_request_that_follows(self):
        first = head("GET /1 HTTP/1.1", *self.fields(33))
        requests = (first, head("GET /2 HTTP/1.1"), head("GET /3 HTTP/1.1"))
        assert self.order(*requests) == ["/1", "tick", "/2", "tick", "/3", "tick"]

    def it_runs_them_before_the_end_of_a_body_with_trailers_and_each_request_that_follows(self):
        first = head("POST /1 HTTP/1.1", "Transfer-Encoding: chunked") + b"0\r\nA: b\r\n\r\n"
        requests = (first, head("GET /2 HTTP/1.1"), head("GET /3 HTTP/1.1"))
        assert self.order(*requests) == ["/1", "tick", "/2", "tick", "/3", "tick"]

    def it_runs_them_after_the_end_of_a_body_without_trailers(self):
        first = head("POST /1 HTTP/1.1", "Transfer-Encoding: chunked") + b"0\r\n\r\n"
        requests = (first, head("GET /2 HTTP/1.1"), head("GET /3 HTTP/1.1"))
        assert self.order(*requests) == ["/1", "/2", "/3", "tick", "tick", "tick"]


class DescribeHalfOpenClients:
    def it_aborts_what_is_not_answered_when_the_client_ends(self):
        async def main():
            server, client = await connected()
            announced = event(server, "request")
            client.send(GET)
            client.end()
            _request, _response = await announced
            assert await client.receive_all() == b""
            await closed(server, client)

        run(main)

    def it_answers_first_if_told_so(self):
        async def main():
            server, client = await connected()
            server.http_allow_half_open = True
            responses = []
            server.on("request", lambda request, response: responses.append(response))
            client.send(GET * 2)
            while len(responses) < 2:
                await event(server, "request")
            ended = event(responses[0].socket, "end")
            client.end()
            await ended
            responses[0].end("first")
            responses[1].end("second")
            assert await client.receive_all() == answer(b"first") + answer(b"second")
            await closed(server, client)

        run(main)

    def it_closes_an_idle_connection_even_then(self):
        async def main():
            server, client = await connected(hello)
            server.http_allow_half_open = True
            await client.exchange(GET, answer(b"Hello"))
            client.end()
            assert await client.receive_all() == b""
            await closed(server, client)

        run(main)

    def it_answers_a_single_request_first_too(self):
        async def main():
            server, client = await connected()
            server.httpAllowHalfOpen = True
            announced = event(server, "request")
            client.send(GET)
            request, response = await announced
            ended = event(request.socket, "end")
            client.end()
            await ended
            response.end()
            assert await client.receive_all() == answer()
            await closed(server, client)

        run(main)

    def it_parses_what_came_before_the_end(self):
        async def main():
            server, client = await connected()
            server.http_allow_half_open = True
            responses = []
            server.on("request", lambda request, response: responses.append(response))
            count = MAX_PIPELINED + 3
            client.send(GET * count)
            client.end()
            for number in range(count):
                while len(responses) <= number:
                    await event(server, "request")
                responses[number].end()
            assert await client.receive_all() == answer() * count
            await closed(server, client)

        run(main)

    @pytest.mark.parametrize("count", [1, 2])
    def it_answers_first_if_told_so_and_what_followed_is_not_a_request(self, count):
        async def main():
            server, client = await connected()
            server.http_allow_half_open = True
            responses: list[Any] = []
            server.on("request", lambda request, response: responses.append(response))
            failed = event(server, "client_error")
            client.send(GET * count + b"garbage")
            client.end()
            await failed
            await event(responses[0].socket, "end")
            for response in responses:
                response.end("late")
            assert await client.receive_all() == answer(b"late") * count
            await closed(server, client)

        run(main)


class DescribeExpect:
    BODY = head("POST / HTTP/1.1", "Expect: 100-continue", "Content-Length: 2")

    def it_sends_100_continue_and_announces_the_request(self):
        async def main():
            server, client = await connected()
            announced = event(server, "request")
            await client.exchange(self.BODY, b"HTTP/1.1 100 Continue\r\n\r\n")
            request, response = await announced
            body = collect(request)
            client.send(b"Hi")
            assert await body == b"Hi"
            response.end()
            await client.receive(answer())
            await closed(server, client)

        run(main)

    @pytest.mark.parametrize("name", ["check_continue", "checkContinue"])
    def it_asks_the_listener_for_check_continue(self, name):
        async def main():
            server, client = await connected(hello)

            @server.on(name)
            def listener(request, response):
                response.write_continue()
                request.pipe(response)

            await client.exchange(self.BODY, b"HTTP/1.1 100 Continue\r\n\r\n")
            chunked = b"HTTP/1.1 200 OK\r\n" + KEEP_ALIVE + b"Transfer-Encoding: chunked\r\n\r\n"
            await client.exchange(b"Hi", chunked + b"2\r\nHi\r\n0\r\n\r\n")
            await closed(server, client)

        run(main)

    def it_ends_the_connection_if_the_body_may_or_may_not_come(self):
        async def main():
            server, client = await connected()
            announced = event(server, "check_continue")
            client.send(self.BODY)
            _request, response = await announced
            response.write_head(413)
            assert response.should_keep_alive is False
            response.end("no")
            assert await client.receive_all() == (
                b"HTTP/1.1 413 Payload Too Large\r\nConnection: close\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n"
            )
            await closed(server, client)

        run(main)

    def it_answers_417_to_other_expectations(self):
        async def main():
            server, client = await connected(hello)
            await client.exchange(
                head("GET / HTTP/1.1", "Expect: more"),
                b"HTTP/1.1 417 Expectation Failed\r\n"
                + KEEP_ALIVE
                + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            )
            await closed(server, client)

        run(main)

    def it_asks_the_listener_for_check_expectation(self):
        async def main():
            server, client = await connected()

            @server.on("checkExpectation")
            def listener(request, response):
                response.end(request.headers["expect"])

            await client.exchange(head("GET / HTTP/1.1", "Expect: more"), answer(b"more"))
            await closed(server, client)

        run(main)

    def it_is_nothing_in_http_1_0(self):
        async def main():
            server, client = await connected(hello)
            client.send(head("GET / HTTP/1.0", "Expect: 100-continue"))
            assert (await client.receive_all()).startswith(b"HTTP/1.1 200 OK\r\n")
            await closed(server, client)

        run(main)


class DescribeErrorsOfClients:
    @pytest.mark.parametrize(
        ("sent", "refusal"),
        [
            (b"garbage", BAD_REQUEST),
            (b"GET / HTTP/1.1\r\nA b", BAD_REQUEST),
            (head("GET / HTTP/1.1", "Host: a"), BAD_REQUEST),
            (b"GET /" + b"x" * 70000, TOO_LARGE),
            (head("GET / HTTP/1.1", *["A: b"] * 128), TOO_LARGE),
            (
                head("POST / HTTP/1.1", "Transfer-Encoding: chunked") + b"1;" + b"a" * 20000,
                b"HTTP/1.1 413 Payload Too Large\r\nConnection: close\r\n\r\n",
            ),
        ],
    )
    def it_answers_and_closes_the_connection(self, sent, refusal):
        async def main():
            server, client = await connected()
            client.send(sent)
            assert await client.receive_all() == refusal
            await closed(server, client)

        run(main)

    def it_answers_400_to_an_error_without_a_code(self):
        async def main():
            server = await serving()
            announced = event(server, "connection")
            client = await Client.to(server)
            (socket,) = await announced
            socket.emit("error", ValueError("mine"))
            assert await client.receive_all() == BAD_REQUEST
            await closed(server, client)

        run(main)

    def it_destroys_the_socket_with_the_error(self):
        async def main():
            server = await serving()
            announced = event(server, "connection")
            client = await Client.to(server)
            (socket,) = await announced
            errors = log(socket, "error", "close")
            client.send(b"garbage")
            assert await client.receive_all() == BAD_REQUEST
            assert errors == [("error", "HPE_INVALID_METHOD"), ("close", True)]
            await closed(server, client)

        run(main)

    def it_answers_behind_a_finished_response(self):
        async def main():
            server, client = await connected(hello)
            await client.exchange(GET, answer(b"Hello"))
            client.send(b"garbage")
            assert await client.receive_all() == BAD_REQUEST
            await closed(server, client)

        run(main)

    def it_only_closes_the_connection_if_a_response_has_begun(self):
        async def main():
            server, client = await connected(lambda request, response: response.write("x"))
            begun = b"HTTP/1.1 200 OK\r\n" + KEEP_ALIVE + b"Transfer-Encoding: chunked\r\n\r\n"
            await client.exchange(GET, begun + b"1\r\nx\r\n")
            client.send(b"garbage")
            assert await client.receive_all() == b""
            await closed(server, client)

        run(main)

    @pytest.mark.parametrize("name", ["client_error", "clientError"])
    def it_leaves_the_answer_to_a_listener(self, name):
        async def main():
            server, client = await connected()
            errors = []

            @server.on(name)
            def listener(error, socket):
                errors.append(error)
                socket.end("HTTP/1.1 400 Mine\r\n\r\n")

            client.send(b"garbage")
            assert await client.receive_all() == b"HTTP/1.1 400 Mine\r\n\r\n"
            (error,) = errors
            assert (error.code, error.reason) == (
                "HPE_INVALID_METHOD",
                "Invalid method encountered",
            )
            assert str(error) == error.message == "Parse Error: Invalid method encountered"
            assert (error.raw_packet, error.rawPacket) == (b"garbage", b"garbage")
            await closed(server, client)

        run(main)

    def it_tells_a_listener_that_does_nothing_again_and_again(self):
        async def main():
            server, client = await connected()
            for sent in (b"garbage", b"more"):
                told = event(server, "client_error")
                client.send(sent)
                error, socket = await told
                assert (error.code, error.raw_packet) == ("HPE_INVALID_METHOD", sent)
                assert socket.listener_count("error") == 1
            client.end()
            assert await client.receive_all() == b""
            await closed(server, client)

        run(main)

    def it_is_no_error_of_the_client_if_the_listener_answers_twice(self):
        async def main():
            server, client = await connected()
            server.on("client_error", lambda error, socket: socket.end("no") and socket.write("x"))
            errors = log(server, "client_error")
            client.send(b"garbage")
            await client.receive_all()
            assert len(errors) == 1
            await closed(server, client)

        run(main)

    def it_reports_a_reset(self):
        async def main():
            server, client = await connected(hello)
            await client.exchange(GET, answer(b"Hello"))
            failed = event(server, "client_error")
            client.reset()
            error, socket = await failed
            assert (error.code, isinstance(error, ConnectionResetError)) == ("ECONNRESET", True)
            socket.destroy()
            await closed(server)

        run(main)

    def it_reports_the_end_in_the_middle_of_a_request(self):
        async def main():
            server, client = await connected()
            client.send(GET[:5])
            client.end()
            assert await client.receive_all() == BAD_REQUEST
            await closed(server, client)

        run(main)

    def it_tells_a_listener_of_the_end_in_the_middle_of_a_request(self):
        async def main():
            server, client = await connected()
            failed = event(server, "client_error")
            client.send(GET[:5])
            client.end()
            error, socket = await failed
            assert (error.code, error.raw_packet) == ("HPE_INVALID_EOF_STATE", b"")
            assert str(error) == "Parse Error: Invalid EOF state"
            socket.end("bye")
            assert await client.receive_all() == b"bye"
            await closed(server, client)

        run(main)

    def it_has_no_packet_of_an_error_behind_a_paused_body(self):
        stream = Pipe()
        server = http.create_server()
        requests = log(server, "request")
        errors: list[Any] = []
        server.on("client_error", lambda error, socket: errors.append(error))
        size = 2 * HIGH_WATER_MARK
        current().run(server.emit, "connection", stream)
        message = head("POST / HTTP/1.1", f"Content-Length: {size}") + b"x" * size
        current().run(stream.push, message + b"garbage")
        assert errors == []
        current().run(requests[0][1].resume)
        assert [(error.code, error.raw_packet) for error in errors] == [("HPE_INVALID_METHOD", b"")]
        current().run(stream.destroy)

    def it_aborts_the_request_whose_body_is_not_in_order(self):
        async def main():
            server, client = await connected()
            announced = event(server, "request")
            client.send(head("POST / HTTP/1.1", "Transfer-Encoding: chunked"))
            request, _response = await announced
            events = log(request, "aborted", "error", "close")
            gone = event(request, "close")
            client.send(b"x\r\n")
            await gone
            assert events == [("aborted",), ("error", "ECONNRESET"), ("close",)]
            assert await client.receive_all() == BAD_REQUEST
            await closed(server, client)

        run(main)

    def it_reports_exceptions_of_listeners_to_the_loop(self):
        async def main():
            errors = handled()
            server, client = await connected()

            @server.on("request")
            def listener(request, response):
                response.end("Hello")
                raise ValueError("mine")

            await client.exchange(GET, answer(b"Hello"))
            assert [context["exception"].args for context in errors] == [("mine",)]
            await closed(server, client)

        run(main)


class DescribeTimeLimits:
    @pytest.mark.parametrize(
        ("sent", "options"),
        [
            (b"", {"headers_timeout": 30}),
            (GET[:5], {"headers_timeout": 30}),
            (GET[:-2], {"headers_timeout": 30}),
            (GET[:-2], {"headers_timeout": 0, "request_timeout": 30}),
            (GET[:-2], {"request_timeout": 30}),
            # What it sends might be unread at the end, which resets the connection.
            (b"", {"headers_timeout": 1, "request_timeout": 0}),
            (head("POST / HTTP/1.1", "Content-Length: 2") + b"x", {"request_timeout": 30}),
        ],
    )
    def it_answers_408_to_requests_that_do_not_arrive_in_time(self, sent, options):
        async def main():
            server, client = await connected(**options)
            client.send(sent)
            assert await client.receive_all() == TIMEOUT_ANSWER
            await closed(server, client)

        run(main)

    @pytest.mark.filterwarnings("default")  # a timer of 1 ms comes with a warning
    @pytest.mark.parametrize("limit", [2**31, 1e12])
    @pytest.mark.parametrize("name", ["headers_timeout", "request_timeout", "keep_alive_timeout"])
    def it_may_be_longer_than_a_timer_can_wait(self, name, limit):
        async def main():
            options = {"headers_timeout": 0, "request_timeout": 0, name: limit}
            server, client = await connected(hello, **options)
            client.send(GET[:5])
            await asyncio.sleep(0.05)
            client.send(GET[5:], head("GET / HTTP/1.1", "Connection: close"))
            received = await client.receive_all()
            assert received.count(b"HTTP/1.1 200 OK\r\n") == 2
            await closed(server, client)

        run(main)

    def it_counts_from_the_first_byte_of_the_next_request(self):
        async def main():
            server, client = await connected(hello, headers_timeout=60)
            await client.exchange(GET, answer(b"Hello"))
            await asyncio.sleep(0.1)
            client.send(GET[:5])
            loop = asyncio.get_running_loop()
            start = loop.time()
            assert await client.receive_all() == TIMEOUT_ANSWER
            assert loop.time() - start > 0.05
            await closed(server, client)

        run(main)

    def it_counts_from_the_first_byte_of_the_first_request(self):
        async def main():
            server, client = await connected(headers_timeout=60)
            await asyncio.sleep(0.03)
            client.send(GET[:5])
            loop = asyncio.get_running_loop()
            start = loop.time()
            assert await client.receive_all() == TIMEOUT_ANSWER
            assert loop.time() - start > 0.05
            await closed(server, client)

        run(main)

    def it_is_none_with_0(self):
        async def main():
            server, client = await connected(hello, headers_timeout=0, request_timeout=0)
            client.send(GET[:5])
            await asyncio.sleep(0.03)
            await client.exchange(GET[5:], answer(b"Hello"))
            await closed(server, client)

        run(main)

    def it_keeps_no_script_running(self):
        stream = Pipe()
        server = http.create_server()
        current().run(server.emit, "connection", stream)
        assert current().busy is False
        current().run(stream.destroy)

    def it_gives_a_client_that_trickles_no_more_time(self):
        async def main():
            server, client = await connected(headers_timeout=60)
            received = asyncio.ensure_future(client.receive_all())
            for byte in (GET * 20)[:40]:
                client.send(bytes([byte]) if byte not in b"\r\n" else b"x")
                await asyncio.sleep(0.01)
                if received.done():
                    break
            assert await received in (TIMEOUT_ANSWER, BAD_REQUEST)
            await closed(server, client)

        run(main)

    def it_does_not_run_once_the_request_has_arrived(self):
        async def main():
            server, client = await connected(headers_timeout=20, request_timeout=30)
            announced = event(server, "request")
            client.send(GET)
            _request, response = await announced
            await asyncio.sleep(0.1)
            response.end()
            await client.receive(answer())
            await closed(server, client)

        run(main)

    def it_does_not_run_while_other_requests_are_answered(self):
        async def main():
            server, client = await connected(headers_timeout=40)
            count = MAX_PIPELINED + 2
            responses = []
            server.on("request", lambda request, response: responses.append(response))
            client.send(GET * count + GET[:5])
            while len(responses) < MAX_PIPELINED:
                await event(server, "request")
            await asyncio.sleep(0.1)
            for number in range(count):
                while len(responses) <= number:
                    await event(server, "request")
                responses[number].end()
            # Half a request is left, which has a time limit of its own.
            assert await client.receive_all() == answer() * count + TIMEOUT_ANSWER
            await closed(server, client)

        run(main)

    def it_only_closes_the_connection_if_a_response_has_begun(self):
        async def main():
            server, client = await connected(
                lambda request, response: response.write("x"), request_timeout=60
            )
            client.send(head("POST / HTTP/1.1", "Content-Length: 2") + b"x")
            begun = b"HTTP/1.1 200 OK\r\n" + KEEP_ALIVE + b"Transfer-Encoding: chunked\r\n\r\n"
            assert await client.receive_all() == begun + b"1\r\nx\r\n"
            await closed(server, client)

        run(main)

    def it_tells_the_listener_for_client_error(self):
        async def main():
            server, client = await connected(headers_timeout=30)
            failed = event(server, "client_error")
            error, socket = await failed
            assert (error.code, error.message) == ("ERR_HTTP_REQUEST_TIMEOUT", "Request timeout")
            assert isinstance(error, TimeoutError)
            socket.end("late")
            assert await client.receive_all() == b"late"
            await closed(server, client)

        run(main)

    class DescribeOfQuietConnections:
        def it_is_off_by_default(self):
            server = http.create_server()
            assert server.timeout == 0
            assert server.set_timeout(30).timeout == 30
            assert server.set_timeout().timeout == 0

        def it_destroys_them(self):
            async def main():
                server = await serving()
                assert server.set_timeout(30) is server
                client = await Client.to(server)
                client.send(GET)
                assert await client.receive_all() == b""
                await closed(server, client)

            run(main)

        def it_tells_a_listener_instead(self):
            async def main():
                server = await serving()
                quiet = asyncio.get_running_loop().create_future()
                server.setTimeout(30, quiet.set_result)
                client = await Client.to(server)
                socket = await quiet
                socket.end("quiet")
                assert await client.receive_all() == b"quiet"
                await closed(server, client)

            run(main)

        @pytest.mark.parametrize("whose", ["request", "response"])
        def it_tells_a_listener_of_the_request_or_the_response(self, whose):
            async def main():
                server, client = await connected()
                announced = event(server, "request")
                client.send(head("POST / HTTP/1.1", "Content-Length: 1"))
                request, response = await announced
                quiet = asyncio.get_running_loop().create_future()
                message = request if whose == "request" else response
                assert message.set_timeout(30, quiet.set_result) is message
                assert await quiet is request.socket
                assert message.set_timeout(0) is message
                response.end("late")
                await client.receive(answer(b"late"))
                await closed(server, client)

            run(main)

        def it_is_set_when_it_is_the_turn_of_a_response(self):
            async def main():
                server, client = await connected()
                responses = []
                server.on("request", lambda request, response: responses.append(response))
                client.send(GET * 2)
                while len(responses) < 2:
                    await event(server, "request")
                quiet = asyncio.get_running_loop().create_future()
                responses[1].setTimeout(30, quiet.set_result)
                responses[0].end()
                assert await quiet is responses[1].socket
                await closed(server, client)

            run(main)


TIMEOUT_ANSWER = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"


class DescribeClosing:
    def it_ends_idle_connections_at_once(self):
        async def main():
            server, client = await connected(hello)
            await client.exchange(GET, answer(b"Hello"))
            done = asyncio.get_running_loop().create_future()
            assert server.close(lambda: done.set_result("called")) is server
            assert server.listening is False
            assert await client.receive_all() == b""
            assert await done == "called"
            client.close()

        run(main)

    def it_lets_requests_be_answered(self):
        async def main():
            server, client = await connected()
            announced = event(server, "request")
            client.send(GET)
            _request, response = await announced
            done = event(server, "close")
            server.close()
            response.end("late")
            await client.receive(answer(b"late"))
            client.close()
            await done

        run(main)

    def it_can_close_idle_connections_only(self):
        async def main():
            server = await serving(hello)
            connections = log(server, "connection")
            idle, new, begun = [await Client.to(server) for _ in range(3)]
            while len(connections) < 3:
                await event(server, "connection")
            begun.send(GET[:5])
            await idle.exchange(GET, answer(b"Hello"))
            server.closeIdleConnections()
            assert await idle.receive_all() == b""
            assert server.listening is True
            await begun.exchange(GET[5:], answer(b"Hello"))
            await new.exchange(GET, answer(b"Hello"))
            await closed(server, idle, new, begun)

        run(main)

    @pytest.mark.parametrize(
        ("sent", "ends", "idle"),
        [
            (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /", True, True),
            (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /", False, False),
            (b"GET / HTTP/1.1\r\nHost: a\r\n\r\nx", True, False),
            (b"x", True, False),
        ],
    )
    def it_ends_a_refused_connection_only_if_its_last_request_was_complete(self, sent, ends, idle):
        async def main():
            def listener(request, response):
                if ends:
                    process.next_tick(response.end, "too late")

            server, client = await connected(listener)
            server.on("client_error", lambda error, socket: socket.end("refused"))
            refused = event(server, "client_error")
            client.send(sent)
            _error, socket = await refused
            await client.receive(b"refused")
            server.close_idle_connections()
            assert socket.destroyed is idle
            await closed(server, client)

        run(main)

    def it_does_not_cut_off_a_response_that_has_ended(self):
        async def main():
            body = b"x" * 5_000_000
            server, client = await connected(lambda request, response: response.end(body))
            client.pause()
            announced = event(server, "request")
            client.send(GET)
            await announced
            server.close()
            client.resume()
            await client.receive(answer(body))
            await closed(server, client)

        run(main)

    def it_can_close_all_connections(self):
        async def main():
            server, client = await connected()
            announced = event(server, "request")
            client.send(GET)
            _request, _response = await announced
            server.closeAllConnections()
            assert await client.receive_all() == b""
            assert server.listening is True
            await closed(server, client)

        run(main)


class DescribeOtherStreams:
    def it_serves_streams_that_are_no_sockets(self):
        stream = Pipe()
        server = http.create_server(hello)
        current().run(server.emit, "connection", stream)
        current().run(stream.push, GET)
        current().run(stream.push, head("GET / HTTP/1.1", "Connection: close"))
        written = DATE.sub(b"", b"".join(stream.written))
        assert written == answer(b"Hello") + answer(b"Hello", connection=CLOSE)
        assert (stream.finals, stream.writable_ended) == (1, True)

    def it_ignores_time_limits_of_streams_that_have_none(self):
        def listener(request, response):
            request.set_timeout(5)
            response.set_timeout(5)
            response.end("Hello")

        stream = Pipe()
        server = http.create_server(listener).set_timeout(5)
        current().run(server.emit, "connection", stream)
        current().run(stream.push, GET)
        assert DATE.sub(b"", b"".join(stream.written)) == answer(b"Hello")
        current().run(stream.destroy)

    def it_waits_for_streams_that_take_time_to_close(self):
        class Slow(Pipe):
            def _destroy(self, error, done):
                self.done = done

        stream = Slow()
        server = http.create_server()
        requests = []
        server.on("request", lambda request, response: requests.append(request))
        current().run(server.emit, "connection", stream)
        current().run(stream.push, GET)
        events = log(requests[0], "aborted", "close")
        current().run(requests[0].destroy)
        assert events == [("aborted",)]
        current().run(stream.done)
        assert events == [("aborted",), ("close",)]

    def it_serves_any_stream_that_is_announced_as_a_connection(self):
        async def main():
            inner = http.create_server(hello)
            outer = net.create_server(lambda socket: inner.emit("connection", socket))
            ready = event(outer, "listening")
            outer.listen(0, "127.0.0.1")
            await ready
            client = await Client.to(outer)
            await client.exchange(GET, answer(b"Hello"))
            client.close()
            done = event(outer, "close")
            outer.close()
            await done

        run(main)
