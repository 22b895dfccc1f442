"""Node's own tests of `net` (test/parallel/test-net-*.js), where they apply to this package.

spec/node/node_tests.py lists them.
"""

from __future__ import annotations

import asyncio
import errno
from typing import Any

import pytest

from spec.node.support import Log, close, handled, listening, node_error, pair
from spec.wires import bound, event, run
from websocket_driver.node import net, process, timers
from websocket_driver.node import run as run_script


class DescribeNet:
    @pytest.mark.parametrize("data", ["a" * 100, "ä€😀" * 50, "\x00\x7f"])
    @pytest.mark.parametrize("encoding", ["utf8", "latin1", "hex", "base64", "ucs2", "ascii"])
    def it_sends_text_in_an_encoding_and_reads_it_back(self, encoding, data):
        async def main():
            server, port = await listening(lambda connection: connection.pipe(connection))
            client = net.connect(port, "127.0.0.1")
            client.set_encoding(encoding)
            sent = {"hex": "00ff10", "base64": "AP8Q"}.get(encoding, data)
            if encoding in ("latin1", "ascii"):
                sent = "".join(c for c in data if ord(c) < (0x80 if encoding == "ascii" else 0x100))
            received: list[Any] = []
            client.on("data", received.append)
            client.end(sent, encoding)
            await event(client, "close")
            assert "".join(received) == sent
            await close(server)

        run(main)

    def it_can_reset_its_timeout(self):
        """test-net-can-reset-timeout.js"""

        async def main():
            server, connection, client = await pair()
            client.set_timeout(5, lambda: connection.write(b"x"))
            client.once("timeout", lambda: client.set_timeout(0))
            await event(client, "data")
            await close(server, connection, client)

        run(main)

    def it_counts_the_bytes_of_what_is_buffered_too(self):
        async def main():
            server, port = await listening()
            client = net.Socket()
            assert (client.connecting, client.pending, client.bytes_written) == (False, True, 0)
            client.connect(port, "127.0.0.1")
            assert (client.connecting, client.pending) == (True, True)
            client.write("bla ", "utf8")
            client.write("hyvää")
            client.write(b"cafe", "hex")
            assert client.bytes_written == 4 + len("hyvää".encode()) + 4
            await event(client, "connect")
            await close(server, client)

        run(main)

    def it_can_end_before_it_learns_that_there_is_nobody(self):
        """test-net-connect-immediate-finish.js"""

        async def main():
            client = net.connect({"host": "nosuch.invalid", "port": 80})
            client.end()
            (error,) = await event(client, "error")
            assert (error.code, error.syscall) == ("ENOTFOUND", "getaddrinfo")
            assert error.message == "getaddrinfo ENOTFOUND nosuch.invalid"

        run(main)

    def it_can_be_read_during_and_after_its_end(self):
        async def main():
            server, connection, client = await pair()
            client.destroy()
            for name in ("remote_address", "remote_family", "remote_port", "local_address"):
                getattr(client, name)
            assert (client.bytes_read, client.bytes_written) == (0, 0)
            await event(client, "close")
            await close(server, connection)

        run(main)

    def it_finishes_without_a_connection_only_when_there_is_one(self):
        async def main():
            socket = net.Socket()
            calls = []
            socket.end("x", lambda error: calls.append(error.code))
            await event(socket, "error")
            assert calls == ["ERR_SOCKET_CLOSED"]

        async def guarded():
            handled()
            await main()

        run(guarded)

    def it_emits_one_error_however_many_things_fail(self):
        async def main():
            server, connection, client = await pair()
            log = Log(connection, "error", "close")
            connection.destroy(ValueError("first"))
            connection.destroy(ValueError("second"))
            connection.write(b"x")
            await event(connection, "close")
            assert [name for name, *_ in log] == ["error", "close"]
            await close(server, client)

        run(main)

    def it_looks_up_nothing_for_an_ip_address(self):
        async def main():
            def lookup(*arguments):
                raise AssertionError("looked up")

            server = net.create_server().listen(0)
            for host in ("127.0.0.1", "::1"):
                port = bound(server).port
                client = net.connect({"port": port, "host": host, "lookup": lookup})
                client.on("lookup", lookup)
                await event(client, "connect")
                client.destroy()
            await close(server)

        run(main)

    def it_lets_another_lookup_find_the_address(self):
        """test-net-dns-custom-lookup.js"""

        async def main():
            server, port = await listening()
            asked = []

            def lookup(host, options, callback):
                asked.append((host, options["all"]))
                process.next_tick(callback, None, [{"address": "127.0.0.1", "family": 4}])

            client = net.connect({"port": port, "host": "example", "lookup": lookup})
            await event(client, "connect")
            assert asked == [("example", True)]
            await close(server, client)

        run(main)

    def it_emits_ready_after_connect(self):
        async def main():
            server, port = await listening()
            client = net.connect(port, "127.0.0.1")
            log = Log(client, "connect", "ready")
            await event(client, "ready")
            assert log == [("connect",), ("ready",)]
            await close(server, client)

        run(main)

    def it_can_connect_without_a_callback(self):
        async def main():
            server, port = await listening()
            client = net.Socket()
            assert client.connect({"port": port, "host": "127.0.0.1"}) is client
            await event(client, "connect")
            await close(server, client)

        run(main)

    def it_calls_end_back_however_it_is_called(self):
        async def main():
            server, port = await listening(lambda connection: connection.resume())
            for arguments in ((), ("data",), ("data", "utf8"), (b"data", None)):
                client = net.connect(port, "127.0.0.1")
                called = asyncio.get_running_loop().create_future()
                client.end(*arguments, lambda error, called=called: called.set_result(error))  # type: ignore[call-arg]
                assert await called is None
                client.destroy()
            await close(server)

        run(main)

    def it_calls_the_writes_back_in_order(self):
        async def main():
            server, port = await listening(lambda connection: connection.resume())
            client, calls = net.connect(port, "127.0.0.1"), []
            for number in range(100):
                client.write(b"x" * 1000, lambda error, number=number: calls.append(number))
            client.end(lambda: calls.append("end"))
            await event(client, "close")
            assert calls == [*range(100), "end"]
            await close(server)

        run(main)

    def it_fails_a_write_to_a_socket_that_was_closed(self):
        async def main():
            server, connection, client = await pair()
            calls = []
            client.destroy()
            client.write(b"x", lambda error: calls.append(error.code))
            await event(client, "close")
            assert calls == ["ERR_STREAM_DESTROYED"]
            await close(server, connection)

        run(main)

    def it_may_be_half_open_if_it_is_told_so(self):
        async def main():
            server, port = await listening(lambda connection: connection.end())
            client = net.connect({"port": port, "host": "127.0.0.1", "allowHalfOpen": True})
            client.resume()
            await event(client, "end")
            await asyncio.sleep(0)
            assert (client.readable, client.writable) == (False, True)
            client.end()
            await event(client, "close")
            await close(server)

        run(main)

    def it_gives_pauses_to_sockets_that_connect(self):
        async def main():
            server, port = await listening(lambda connection: connection.end(b"data"))
            for act, flows in (
                (lambda socket: socket.pause(), False),
                (lambda socket: socket.pause().resume(), True),
                (lambda socket: None, True),
            ):
                client = net.connect(port, "127.0.0.1")
                act(client)
                log = Log(client, "data")
                await event(client, "connect")
                await asyncio.sleep(0.02)
                assert bool(log) is flows
                client.destroy()
            await close(server)

        run(main)

    @pytest.mark.parametrize(
        "value", [None, True, False, 1, 1.0, float("inf"), [], {}, ...], ids=repr
    )
    def it_writes_nothing_but_bytes_and_text(self, value):
        """test-net-write-arguments.js, test-net-socket-write-error.js"""
        socket = net.Socket(high_water_mark=0)
        errors: list[Any] = []
        socket.on("error", errors.append)
        with pytest.raises(TypeError) as raised:
            socket.write(value)
        code = "ERR_STREAM_NULL_VALUES" if value is None else "ERR_INVALID_ARG_TYPE"
        assert (node_error(raised).code, errors) == (code, [])

    @pytest.mark.parametrize(
        "port", ["", " ", "0x", "-0x1", float("nan"), float("inf"), -1, 65536, True, [], {}]
    )
    def it_connects_to_no_port_that_is_out_of_range(self, port):
        """test-net-connect-options-port.js"""
        for connect in (
            lambda: net.connect({"port": port}),
            lambda: net.connect({"port": port, "host": "localhost"}),
            lambda: net.Socket().connect({"port": port}),
        ):
            with pytest.raises((TypeError, ValueError)):
                connect()

    @pytest.mark.parametrize("option", ["objectMode", "readableObjectMode", "writableObjectMode"])
    def it_has_no_objects_for_chunks(self, option):
        """test-net-connect-options-invalid.js"""
        options: Any = {option: True}
        more: Any = {"port": 8080, **options}
        for connect in (
            lambda: net.connect(more),
            lambda: net.create_connection(more),
            lambda: net.Socket(options),
        ):
            with pytest.raises(ValueError, match=option):
                connect()

    def it_keeps_the_order_of_writes_that_were_corked(self):
        """test-net-sync-cork.js"""

        async def main():
            server, port = await listening(lambda connection: connection.pipe(connection))
            client = net.connect(port, "127.0.0.1")
            client.cork()
            received: list[bytes] = []
            client.on("data", received.append)
            for number in range(100):
                client.write(b"%02d" % number)
            client.end()
            client.uncork()
            await event(client, "close")
            assert b"".join(received) == b"".join(b"%02d" % number for number in range(100))
            await close(server)

        run(main)

    def it_can_be_paused_and_resumed_while_it_connects(self):
        """test-net-pause-resume-connecting.js"""

        async def main():
            server, port = await listening(lambda connection: connection.end(b"data"))
            paused, resumed = (net.connect(port, "127.0.0.1") for _ in range(2))
            heard: list[Any] = []
            paused.on("data", lambda chunk: heard.append(("paused", chunk)))
            resumed.on("data", lambda chunk: heard.append(("resumed", chunk)))
            paused.pause()
            resumed.pause().resume()
            await event(resumed, "close")
            assert heard == [("resumed", b"data")]
            paused.resume()
            await event(paused, "close")
            assert heard[1:] == [("paused", b"data")]
            await close(server)

        run(main)

    def it_does_not_connect_after_it_was_destroyed(self):
        """test-net-connect-after-destroy.js, test-net-connect-immediate-destroy.js"""

        async def main():
            def lookup(host, options, callback):
                socket.destroy()
                timers.set_timeout(callback, 1, None, "127.0.0.1", 4)

            socket = net.Socket()
            log = Log(socket)
            socket.connect({"port": 1, "host": "example.com", "lookup": lookup})
            await event(socket, "close")
            await asyncio.sleep(0.01)
            assert log == [("close", False)]

        run(main)

    @pytest.mark.parametrize("half", ["readable", "writable"])
    def it_may_lack_a_half(self, half):
        """The options `readable` and `writable` of test-net-socket-constructor.js."""
        options: Any = {half: False}
        socket = net.Socket(options)
        assert (socket.readable, socket.writable) == (half != "readable", half != "writable")

    def it_is_iterated_over_and_read_in_paused_mode(self):
        """test-stream-readable-async-iterators.js"""

        async def main():
            server, connection, client = await pair()
            client.write(b"abc")
            await event(connection, "readable")
            assert (connection.read(2), connection.read(2), connection.read(1)) == (
                b"ab",
                None,
                b"c",
            )
            client.end(b"rest")
            assert b"".join([chunk async for chunk in connection]) == b"rest"
            await close(server, client)

        run(main)


class DescribeServer:
    @pytest.mark.parametrize(
        "port", [-1, 123.456, 65536, float("nan"), float("inf"), True, False, []]
    )
    def it_listens_at_no_port_that_is_out_of_range(self, port):
        """test-net-server-listen-options.js, test-net-listen-invalid-port.js"""
        server: Any = net.create_server()
        for listen in (
            lambda: server.listen({"port": port}),
            lambda: server.listen({"port": port, "path": "/nowhere"}),
        ):
            with pytest.raises((TypeError, ValueError)):
                listen()
        assert server.listening is False

    @pytest.mark.parametrize("options", [{}, {"host": "localhost"}, {"exclusive": True}])
    def it_listens_nowhere_without_port_and_path(self, options):
        """test-net-server-listen-options.js"""
        with pytest.raises((TypeError, ValueError)):
            net.create_server().listen(options)

    def it_can_try_one_port_after_the_other(self):
        async def main():
            taken = net.create_server().listen(0, "127.0.0.1")
            server = net.create_server()
            server.once("error", lambda error: server.listen(0, "127.0.0.1"))
            server.listen(bound(taken).port, "127.0.0.1")
            await event(server, "listening")
            assert bound(server).port != bound(taken).port
            await close(taken)
            await close(server)

        run(main)

    def it_cannot_listen_twice(self):
        async def main():
            server, _ = await listening()
            for _ in range(2):
                with pytest.raises(RuntimeError) as caught:
                    server.listen(0)
                assert node_error(caught).code == "ERR_SERVER_ALREADY_LISTEN"
            await close(server)

        run(main)

    def it_leaves_no_listeners_behind(self):
        async def main():
            server = net.create_server()
            for _ in range(3):
                server.listen(0, "127.0.0.1", lambda: None)
                await event(server, "listening")
                await close(server)
            assert (server.listener_count("listening"), server.listener_count("close")) == (0, 0)

        run(main)

    def it_counts_connections_down_again(self):
        async def main():
            server, port = await listening()
            clients = [net.connect(port, "127.0.0.1") for _ in range(3)]
            while len(server.accepted) < 3:
                await asyncio.sleep(0)
            counts = []
            server.get_connections(lambda error, count: counts.append(count))
            clients[0].destroy()
            await event(server.accepted[0], "close")
            server.get_connections(lambda error, count: counts.append(count))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert counts[0] == 3
            assert counts[-1] == 2
            await close(server, *clients)

        run(main)

    def it_accepts_again_once_there_are_fewer_connections(self):
        """test-net-server-max-connections-close-makes-more-available.js"""

        async def main():
            server, port = await listening()
            server.max_connections = 1
            received: list[Any] = []
            for _ in range(3):
                client = net.connect(port, "127.0.0.1")
                await event(server, "connection")
                server.accepted[-1].end(b"hello")
                client.on("data", received.append)
                await event(client, "close")
            assert received == [b"hello"] * 3
            await close(server)

        run(main)

    def it_does_not_keep_a_script_running_once_unreferenced(self):
        """test-net-server-unref.js"""
        server = net.create_server()
        server.listen(0)
        server.unref()
        run_script()
        assert server.listening is False

    def it_stays_unreferenced_when_it_listens_again(self):
        server = net.create_server().unref()
        server.listen(0, lambda: server.close())
        server.on("close", lambda: server.listen(0) if server.listener_count("x") == 0 else None)
        timers.set_timeout(lambda: server.on("x", print), 20)  # type: ignore[call-overload]
        run_script()
        assert server.listening is False

    def it_explains_why_it_cannot_listen(self):
        async def main():
            taken = net.create_server().listen(0)
            port = bound(taken).port
            server = net.create_server()
            server.listen({"port": port})
            (error,) = await event(server, "error")
            assert error.message == f"listen EADDRINUSE: address already in use :::{port}"
            assert (error.errno, error.address, error.port) == (errno.EADDRINUSE, "::", port)
            await close(taken)

        run(main)
