"""Node's own tests of `net`, carried over as scripts: everything is set up, and `run()` returns.

They are test/parallel/test-net-*.js and test-pipe-*.js; spec/node/node_tests.py lists them. Each
fails, by the time limit of an example, if `run()` does not return where Node exits.
"""

from __future__ import annotations

from typing import Any

import pytest

from spec.node.support import plain
from spec.wires import bound
from websocket_driver.node import net, process, run, timers


@pytest.fixture
def log():
    """The steps of a script in order."""
    return []


def listening(*arguments, **options):
    """A server that listens on 127.0.0.1, and its port."""
    server: Any = net.create_server(*arguments, **options)
    server.listen(0, "127.0.0.1")
    return server, bound(server).port


def connected(port, *arguments, **options):
    """A socket that connects to 127.0.0.1."""
    given: Any = {"port": port, "host": "127.0.0.1", **options}
    return net.connect(given, *arguments)


def ends(connection):
    """A listener for the only connection of a server."""
    connection.end()
    connection.server.close()


class DescribeTheEnd:
    """Sockets that are not waiting for anything do not keep `run()` running."""

    def it_comes_with_a_paused_socket(self):
        """test-net-connect-paused-connection.js"""
        server, port = listening(lambda connection: connection.unref())
        server.unref()
        client: Any = connected(port)
        client.pause()
        run()
        assert (client.is_paused(), client.closed) == (True, True)

    def it_comes_with_input_that_nobody_reads(self, log):
        """test-net-socket-close-after-end.js"""

        def accepted(connection):
            connection.once("readable", lambda: timers.set_timeout(connection.read, 20))
            connection.on("end", lambda: log.append("end"))
            connection.on("close", lambda: (log.append("close"), server.close()))
            connection.end("foo")

        server, port = listening(accepted)
        client: Any = connected(port, lambda: client.end("foo"))
        run()
        assert log == ["end", "close"]

    def it_comes_with_a_connection_that_the_peer_has_ended(self, log):
        def accepted(connection):
            server.close()
            connection.resume()
            connection.on("end", lambda: log.append(connection.ready_state))

        server, port = listening({"allowHalfOpen": True}, accepted)
        client: Any = connected(port, lambda: client.end())
        client.unref()
        run()
        assert log == ["writeOnly"]

    def it_waits_for_writes(self, log):
        size = 8_000_000

        def accepted(connection):
            server.close()
            connection.pause()
            connection.on("end", lambda: log.append(connection.bytes_read == size))
            timers.set_timeout(connection.resume, 20)

        server, port = listening(accepted)
        client: Any = connected(port)
        client.pause()
        client.end(b"x" * size, lambda: log.append("sent"))
        run()
        assert log == ["sent", True]

    def it_waits_for_a_socket_that_is_resumed(self, log):
        def accepted(connection):
            server.close()
            connection.end("hello")

        server, port = listening(accepted)
        client: Any = connected(port)
        client.pause()
        client.on("data", log.append)
        client.on("close", log.append)
        timers.set_timeout(client.resume, 20)
        run()
        assert log == [b"hello", False]

    def it_comes_although_timeouts_are_set(self, log):
        """test-net-socket-timeout-unref.js"""

        def accepted(connection):
            connection.write("hello")
            connection.unref()

        server, port = listening(accepted)
        server.unref()
        for seconds in (8, 5, 3):
            client: Any = connected(port)
            client.set_timeout(seconds * 1000, lambda: log.append("timeout"))
            client.unref()
        run()
        assert log == []

    def it_comes_although_a_server_at_a_path_is_open(self, tmp_path):
        """test-pipe-unref.js"""
        server = net.create_server()
        server.listen(str(tmp_path / "socket"))
        server.unref()
        run()
        assert server.listening is False


class DescribeFlags:
    def it_is_open_before_it_connects_and_closed_at_the_end(self, log):
        """test-net-socket-constructor.js"""

        def flags(socket):
            return (socket.readable, socket.writable, socket.ready_state, socket.pending)

        def accepted(connection):
            assert flags(connection) == (True, True, "open", False)
            server.close()

        assert flags(net.Socket()) == (True, True, "open", True)
        server, port = listening(accepted)
        client: Any = connected(port, lambda: (log.append(flags(client)), client.end()))
        client.on("close", lambda: log.append(flags(client)))
        assert flags(client) == (True, True, "opening", True)
        run()
        assert log == [(True, True, "open", False), (False, False, "closed", True)]

    def it_connects_and_is_connecting_no_more(self, log):
        """test-net-socket-connecting.js"""
        _, port = listening(ends)
        client: Any = connected(port, lambda: (log.append(client.connecting), client.end()))
        assert client.connecting is True
        run()
        assert log == [False]

    def it_is_not_destroyed_before_its_end_is_sent(self, log):
        """test-net-allow-half-open.js, test-net-end-destroyed.js"""
        server, port = listening(lambda connection: connection.end(b"x" * 1024))
        client: Any = connected(port)
        assert client.allow_half_open is False
        client.resume()
        client.on("end", lambda: log.append(("end", client.destroyed)))
        client.on("end", lambda: process.next_tick(lambda: log.append(client.destroyed)))
        client.on("finish", lambda: log.append(("finish", client.destroyed)))
        client.on("close", lambda: (log.append("close"), server.close()))
        run()
        assert log == [("end", False), False, ("finish", False), "close"]

    def it_may_be_ended_without_a_connection(self):
        """test-net-end-without-connect.js"""
        socket = net.Socket()
        assert socket.end() is socket
        run()
        assert (socket.writable_ended, socket.writable_finished) == (True, False)

    def it_is_writable_when_the_peer_has_ended(self, log):
        """test-net-writable.js"""

        def accepted(connection):
            server.close()
            connection.on("data", log.append)
            connection.end()

        def ended():
            log.append(client.writable)
            client.write("hello world")

        server, port = listening(accepted)
        client: Any = connected(port)
        client.on("end", ended)
        run()
        assert log == [True, b"hello world"]

    def it_has_its_server(self, log):
        """test-net-pingpong.js"""

        def accepted(connection):
            log.append(connection.server is server)
            connection.on("close", lambda: connection.server.close())
            connection.on("data", log.append)

        server, port = listening(accepted)
        client: Any = connected(port, lambda: client.end("PING"))
        assert client.server is None
        run()
        assert log == [True, b"PING"]

    def it_has_the_size_of_its_buffer(self, log):
        """test-net-buffersize.js"""

        def accepted(connection):
            connection.on("readable", connection.read)
            connection.on("end", server.close)

        server, port = listening(accepted)
        assert net.Socket().buffer_size is None
        client: Any = connected(port)
        client.on("finish", lambda: log.append((client.bufferSize, client.buffer_size)))
        for size in range(1, 10):
            client.write("a")
            assert client.buffer_size == size
        client.end()
        run()
        assert log == [(0, 0)]

    def it_may_be_read_after_the_close(self, log):
        """test-net-after-close.js, test-net-during-close.js"""

        def closed():
            client.set_no_delay()
            client.set_keep_alive()
            client.pause()
            client.resume()
            log.append((client.address(), client.remote_address, client.remote_port))
            log.append((client.remote_family, client.buffer_size))

        _, port = listening(ends)
        client: Any = connected(port)
        assert (client.remote_address, client.remote_family, client.remote_port) == (None,) * 3
        client.on("close", closed)
        run()
        assert log == [(None, None, None), (None, None)]


class DescribeBytes:
    def it_counts_writes_that_wait_for_the_connection_once(self, log):
        """test-net-connect-buffer.js, test-net-connect-buffer2.js"""
        first, second = "L'État, c'est ", "moi"
        size = len((first + second).encode())

        def accepted(connection):
            server.close()
            connection.set_encoding("utf8")
            connection.on("data", log.append)

        def written():
            log.append((client.bytes_written, client.pending, client.connecting))

        server, port = listening(accepted)
        client = net.Stream({"highWaterMark": 0})
        client.connect(port, "127.0.0.1", lambda: log.append("connect"))
        assert client.write(first, written) is False
        assert client.bytes_written == len(first.encode())
        client.end(second)
        assert (client.bytes_written, client.ready_state) == (size, "opening")
        client.on("close", lambda: log.append(client.pending))
        run()
        assert (log[:2], log[-1]) == (["connect", (size, False, False)], True)
        assert "".join(log[2:-1]) == first + second

    def it_counts_corked_writes(self, log):
        """test-net-socket-byteswritten.js"""
        _, port = listening(ends)
        client: Any = connected(port)
        client.cork()
        client.write("one")
        client.write("twø".encode())
        client.uncork()
        assert client.bytes_written == 7
        client.on("connect", lambda: log.append(client.bytes_written))
        client.on("end", lambda: log.append(client.bytes_written))
        run()
        assert log == [7, 7]

    @pytest.mark.parametrize("chunk", [b"\x00" * 5_000_000, "a" * 5_000_000])
    def it_counts_all_of_a_large_write(self, log, chunk):
        """test-net-bytes-written-large.js"""

        def accepted(connection):
            server.close()
            connection.end(chunk, lambda: log.append(connection.bytes_written))
            log.append(connection.bytes_written)

        server, port = listening(accepted)
        client: Any = connected(port)
        client.resume()
        client.on("close", lambda: log.append(client.bytes_read))
        run()
        assert log == [len(chunk)] * 3

    def it_counts_anew_for_each_connection(self, log):
        """test-net-bytes-stats.js"""

        def accepted(connection):
            connection.resume()
            connection.on("end", lambda: log.append(("read", connection.bytes_read)))

        def closed():
            if len(log) < 4:
                client.connect(port, "127.0.0.1")
            else:
                server.close()

        server, port = listening(accepted)
        client: Any = connected(port)
        client.on("connect", lambda: client.write("foo", lambda: client.end("bar")))
        client.on("finish", lambda: log.append(("written", client.bytes_written)))
        client.on("close", closed)
        run()
        assert sorted(log) == [("read", 6), ("read", 6), ("written", 6), ("written", 6)]

    def it_answers_after_the_peer_has_ended(self, log):
        """test-socket-write-after-fin.js"""

        def accepted(connection):
            received: list[str] = []
            connection.set_encoding("utf8")
            connection.on("data", received.append)
            connection.on("end", lambda: (connection.end("".join(received)), server.close()))

        server, port = listening({"allowHalfOpen": True}, accepted)
        client: Any = connected(port)
        client.set_encoding("utf8")
        client.on("data", log.append)
        for text in ("hello1", "hello2", "hello3\n"):
            client.write(text)
        client.end("THUNDERMUSCLE!")
        run()
        assert "".join(log) == "hello1hello2hello3\nTHUNDERMUSCLE!"

    def it_echoes_every_character_of_latin_1(self, log):
        """test-net-binary.js"""
        text = "".join(map(chr, range(255, -1, -1)))

        def accepted(connection):
            connection.set_encoding("latin1")
            connection.on("data", lambda chunk: connection.write(chunk, "latin1"))

        server, port = listening(accepted)
        client: Any = connected(port, lambda: client.end(text, "binary"))
        client.set_encoding("latin1")
        client.on("data", log.append)
        client.on("close", server.close)
        run()
        assert "".join(log) == text

    def it_decodes_a_long_text(self, log):
        """test-net-large-string.js"""

        def accepted(connection):
            connection.set_encoding("UTF-8")
            connection.on("data", log.append)
            connection.on("end", server.close)

        server, port = listening(accepted)
        client: Any = connected(port)
        client.write("あ" * 40960, "UTF-8")
        client.end()
        run()
        assert "".join(log) == "あ" * 40960

    def it_writes_before_and_after_it_is_connected(self, log):
        """test-net-write-connect-write.js"""
        server, port = listening(lambda connection: connection.pipe(connection))
        client: Any = connected(port)
        client.write("before")
        client.on("connect", lambda: client.write("after"))
        client.on("data", lambda chunk: (log.append(chunk), client.end()))
        client.on("end", server.close)
        run()
        assert b"".join(log) == b"beforeafter"

    def it_answers_a_thousand_times(self, log):
        """test-net-pingpong.js"""

        def accepted(connection):
            connection.set_encoding("utf8")
            connection.on("data", lambda text: connection.write("PONG", "ascii"))
            connection.on("end", lambda: (log.append(connection.writable), connection.end()))
            connection.on("close", server.close)

        def answered(text):
            log.append(text)
            if len(log) < 1000:
                client.write("PING")
            else:
                client.end()

        server, port = listening({"allowHalfOpen": True}, accepted)
        client: Any = connected(port, lambda: client.write("PING"))
        client.set_encoding("ascii")
        client.on("data", answered)
        run()
        assert log == ["PONG"] * 1000 + [True]

    def it_delivers_everything_to_a_slow_reader(self, log):
        """test-net-write-slow.js, test-net-throttle.js"""
        chunk = b"a" * 200_000

        def accepted(connection):
            server.close()
            connection.set_timeout(10_000, lambda: log.append("timeout"))
            for _ in range(10):
                connection.write(chunk, lambda: log.append("written"))
            connection.end()

        def received(data):
            sizes.append(len(data))
            client.pause()
            timers.set_timeout(client.resume, 1)

        sizes: list[int] = []
        server, port = listening(accepted)
        client: Any = connected(port)
        client.on("data", received)
        run()
        assert (sum(sizes), log) == (10 * len(chunk), ["written"] * 10)


class DescribeErrors:
    def it_reports_a_path_that_is_too_long(self, log, tmp_path):
        """test-net-pipe-with-long-path.js"""
        path = str(tmp_path / ("x" * 10_000))

        def failed(error):
            log.append((error.code, error.syscall, error.address, error.message))

        net.create_server().listen(path).on("error", failed)
        net.connect(path).on("error", failed)
        run()
        assert sorted(log) == [
            ("EINVAL", "connect", path, f"connect EINVAL {path}"),
            ("EINVAL", "listen", path, f"listen EINVAL: invalid argument {path}"),
        ]

    def it_reports_why_it_cannot_connect_to_a_path(self, log, tmp_path):
        """test-net-better-error-messages-path.js, test-net-pipe-connect-errors.js"""
        plain_file = tmp_path / "file"
        plain_file.write_text("")
        for path in (tmp_path / "nothing", plain_file):
            net.connect(str(path)).on("error", lambda error: log.append(error.message))
        run()
        assert log == [
            f"connect ENOENT {tmp_path / 'nothing'}",
            f"connect ECONNREFUSED {plain_file}",
        ]

    def it_names_the_host_that_has_no_address(self, log):
        """test-net-dns-error.js, test-net-better-error-messages-port-hostname.js"""
        client = net.connect(42, "nosuch.invalid")
        client.on("lookup", lambda error, *rest: log.append((error.code, error.hostname, *rest)))
        client.on("error", lambda error: log.append((error.code, error.hostname, error.port)))
        run()
        assert log == [
            ("ENOTFOUND", "nosuch.invalid", None, None, "nosuch.invalid"),
            ("ENOTFOUND", "nosuch.invalid", None),
        ]

    def it_reports_why_it_cannot_listen(self, log):
        """test-net-better-error-messages-listen.js, test-net-better-error-messages-listen-path.js,
        test-net-listen-error.js"""

        def failed(error):
            log.append((error.syscall, error.address, error.port))

        net.create_server().listen(1, "192.0.2.1").on("error", failed)
        net.create_server().listen("/no/such/place").on("error", failed)
        run()
        assert sorted(log) == [
            ("listen", "/no/such/place", -1),
            ("listen", "192.0.2.1", 1),
        ]

    def it_does_not_connect_from_a_port_that_is_taken(self, log):
        """test-net-client-bind-twice.js"""

        def failed(error):
            log.append((error.code, error.syscall, error.message))
            server.close()
            other.close()

        server, port = listening()
        other, taken = listening()
        connected(port, localAddress="127.0.0.1", localPort=taken).on("error", failed)
        run()
        assert log == [("EADDRINUSE", "bind", f"bind EADDRINUSE 127.0.0.1:{taken}")]

    def it_does_not_listen_at_a_port_that_is_taken(self, log):
        """test-net-bind-twice.js, test-net-eaddrinuse.js"""
        server, port = listening()
        other = net.create_server()
        other.on("error", lambda error: (log.append(error.message), server.close()))
        other.listen(port, "127.0.0.1")
        run()
        assert log == [f"listen EADDRINUSE: address already in use 127.0.0.1:{port}"]

    def it_fails_once_though_writes_and_reads_fail(self, log):
        """test-net-error-twice.js"""

        def accepted(connection):
            server.close()
            connection.on("error", lambda error: log.append(error.code))
            connection.on("close", log.append)
            client.reset_and_destroy()
            connection.write(b"b" * 10_000_000)
            connection.write(b"b")

        server, port = listening(accepted)
        client: Any = connected(port)
        client.on("error", lambda error: None)
        run()
        assert (log[0] in ("EPIPE", "ECONNRESET"), log[1:]) == (True, [True])

    def it_may_be_destroyed_in_the_listener_for_its_error(self, log):
        """test-net-socket-destroy-twice.js"""
        client = net.Socket()
        server, port = listening()
        server.close(lambda: client.connect(port, "127.0.0.1"))
        client.on("error", lambda error: (log.append(error.code), client.destroy()))
        client.on("close", log.append)
        run()
        assert log == ["ECONNREFUSED", True]

    def it_writes_nothing_once_it_is_destroyed(self, log):
        """test-net-socket-destroy-send.js, test-net-socket-reset-send.js,
        test-net-connect-reset-after-destroy.js"""

        def accepted(connection):
            server.close()
            connection.on("error", lambda error: log.append(("server", error.message)))

        def go():
            assert client.reset_and_destroy().destroy() is client
            client.on("error", lambda error: log.append("error"))
            client.write(b"kaboom", lambda error: log.append((error.code, error.message)))

        server, port = listening(accepted)
        client: Any = connected(port, go)
        run()
        assert log == [
            ("ERR_STREAM_DESTROYED", "Cannot call write after a stream was destroyed"),
            ("server", "read ECONNRESET"),
        ]

    def it_is_destroyed_before_it_is_connected(self, log):
        """test-net-write-cb-on-destroy-before-connect.js, test-net-connect-destroy.js"""
        server, port = listening()
        client: Any = connected(port, lambda: log.append("connect"))
        client.write("foo", lambda error: log.append((error.code, error.message)))
        client.on("close", log.append)
        client.destroy()
        server.close()
        run()
        assert log == [
            (
                "ERR_SOCKET_CLOSED_BEFORE_CONNECTION",
                "Socket closed before the connection was established",
            ),
            False,
        ]

    def it_is_reset_before_it_is_connected(self, log):
        """test-net-connect-reset-before-connected.js"""
        server, port = listening()
        client: Any = connected(port, lambda: log.append("connect"))
        for name in ("error", "close"):
            client.on(name, log.append)
        server.close()
        client.reset_and_destroy()
        client.destroy()
        run()
        assert log == [False]

    def it_fails_to_reset_without_a_connection(self, log):
        """test-net-connect-reset.js"""
        socket = net.Socket()
        socket.on("error", lambda error: log.append((error.code, error.message)))
        socket.on("close", log.append)
        assert socket.reset_and_destroy() is socket
        run()
        assert log == [("ERR_SOCKET_CLOSED", "Socket is closed"), True]

    def it_emits_the_error_of_a_late_write_in_the_next_tick(self, log):
        """test-net-write-after-end-nt.js, test-net-write-after-close.js"""

        def ended():
            log.append(client.write("hello", lambda error: log.append(("callback", error.code))))

        def go():
            client.on("error", lambda error: log.append(("error", error.code, error.message)))
            client.on("end", ended)
            client.end()

        _, port = listening(ends)
        client: Any = connected(port, go)
        run()
        assert log == [
            False,
            ("callback", "EPIPE"),
            ("error", "EPIPE", "This socket has been ended by the other party"),
        ]


class DescribeConnecting:
    def it_takes_the_address_of_a_server(self, log):
        """test-net-socket-connect-without-cb.js, test-net-socket-ready-without-cb.js"""
        server, _ = listening(ends)
        client = net.Socket()
        client.on("connect", lambda: log.append("connect"))
        client.on("ready", lambda: (log.append("ready"), client.end()))
        assert client.connect(server.address()) is client
        run()
        assert log == ["connect", "ready"]

    def it_lists_the_addresses_that_it_has_tried(self, log):
        """test-net-autoselectfamily.js"""

        def lookup(host, options, callback):
            addresses = [{"address": "::1", "family": 6}, {"address": "127.0.0.1", "family": 4}]
            callback(None, addresses if host == "two.test" else addresses[1:])

        server, port = listening(lambda connection: connection.end())
        for host in ("two.test", "one.test"):
            client: Any = net.connect({"host": host, "port": port, "lookup": lookup})
            client.on(
                "ready",
                lambda client=client: log.append(client.auto_select_family_attempted_addresses),
            )
            client.on("close", lambda: len(log) == 2 and server.close())
        run()
        assert log == [None, [f"::1:{port}", f"127.0.0.1:{port}"]]

    def it_calls_the_lookup_with_the_family_of_the_options(self, log):
        """test-net-connect-options-ipv6.js"""

        def lookup(host, options, callback):
            log.append((host, options["family"]))
            callback(None, "::1", options["family"])

        server = net.create_server(ends)
        server.listen(0, "::1")
        client: Any = net.connect(
            {"host": "dummy", "port": bound(server).port, "family": 6, "lookup": lookup}
        )
        client.on("end", lambda: log.append(client.remote_address))
        run()
        assert log == [("dummy", 6), "::1"]

    def it_connects_again_and_again(self, log):
        """test-net-reconnect.js"""

        def accepted(connection):
            connection.resume()
            connection.write("hello\r\n")

        def closed(had_error):
            log.append(("close", had_error))
            if len(log) < 150:
                client.connect(port, "127.0.0.1")
            else:
                server.close()

        server, port = listening(accepted)
        client: Any = connected(port)
        client.set_encoding("UTF8")
        client.on("data", lambda text: (log.append(text), client.end()))
        client.on("end", lambda: log.append("end"))
        client.on("close", closed)
        run()
        assert log == ["hello\r\n", "end", ("close", False)] * 50

    def it_agrees_with_the_server_about_its_port(self):
        """test-net-socket-local-address.js, test-net-local-address-port.js,
        test-net-remote-address.js"""
        there: list[Any] = []
        here: list[Any] = []

        def accepted(connection):
            there.append((connection.remote_port, connection.local_port))
            connection.end()

        def go():
            if len(here) == 2:
                server.close()
                return
            client.once("close", go)
            client.connect(
                port,
                "127.0.0.1",
                lambda: here.append((client.local_port, client.remote_port)),
            )

        server, port = listening(accepted)
        client = net.Socket()
        go()
        run()
        assert (here, [ports[1] for ports in here]) == (there, [port, port])


class DescribeServer:
    def it_listens_again_after_an_error_and_after_a_close(self, log):
        """test-net-server-call-listen-multiple-times.js"""

        def again():
            log.append("listening")
            taken.close()
            server.close()
            server.listen(0, lambda: (log.append("listening again"), server.close()))

        taken = net.create_server().listen(0)
        server = net.create_server()
        server.on("error", lambda error: server.listen(0, again))
        server.listen(bound(taken).port)
        with pytest.raises(RuntimeError, match="Listen method has been called more than once"):
            taken.listen()
        run()
        assert log == ["listening", "listening again"]

    def it_calls_the_callback_of_listen_once(self, log):
        """test-net-server-listen-remove-callback.js, test-net-listening.js"""
        server = net.create_server()
        server.on("close", lambda: log.append(server.listeners("listening")))
        server.listen(0, lambda: (log.append(server.listening), server.close()))
        server.once("close", lambda: server.listen(0, server.close))
        assert net.create_server().listening is False
        run()
        assert log == [True, [], []]

    def it_is_closed_before_it_listens(self, log):
        """test-net-listen-close-server.js,
        test-net-server-close-before-calling-lookup-callback.js"""
        for host in ("127.0.0.1", "localhost"):
            server = net.create_server()
            server.on("error", log.append)
            server.on("close", lambda: log.append("close"))
            server.listen(0, host, lambda: log.append("listening"))
            server.close()
        run()
        assert log == ["close", "close"]

    def it_closes_after_its_connections(self, log):
        """test-net-server-close.js, test-net-server-reset.js"""
        connections: list[Any] = []

        def accepted(connection):
            connection.on("close", lambda: log.append("connection"))
            connections.append(connection)
            if len(connections) == 2:
                assert server.close() is server
                connections[0].destroy()
                connections[1].reset_and_destroy()

        server, port = listening(accepted)
        server.on("close", lambda: log.append("server"))
        for _ in range(2):
            connected(port).on("error", lambda error: log.append(error.code))
        run()
        assert sorted(log) == ["ECONNRESET", "connection", "connection", "server"]

    def it_drops_connections_beyond_its_limit(self, log):
        """test-net-server-drop-connections.js, test-net-server-max-connections.js"""

        def dropped(data):
            log.append({name: data[name] for name in ("localPort", "localFamily", "remoteAddress")})
            first.destroy()
            server.close()

        server, port = listening(lambda connection: log.append("connection"))
        server.max_connections = 1
        server.on("drop", dropped)
        first: Any = connected(port, lambda: connected(port))
        run()
        assert log == [
            "connection",
            {"localPort": port, "localFamily": "IPv4", "remoteAddress": "127.0.0.1"},
        ]

    def it_reads_nothing_from_connections_that_are_paused(self, log):
        """test-net-server-pause-on-connect.js"""

        def accepted(connection):
            log.append(connection.is_paused())
            connection.on("data", lambda chunk: (log.append(chunk), connection.end()))
            timers.set_timeout(
                lambda: (log.append(connection.bytes_read), connection.resume(), server.close()), 20
            )

        server, port = listening({"pauseOnConnect": True}, accepted)
        connected(port).write("test")
        run()
        assert log == [True, 0, b"test"]

    def it_serves_at_a_path(self, log, tmp_path):
        """test-pipe-stream.js, test-pipe-writev.js, test-pipe-address.js,
        test-net-server-listen-path.js"""
        path = tmp_path / "socket"

        def accepted(connection):
            connection.on("data", log.append)
            connection.on("close", server.close)
            connection.cork()
            connection.write("PO")
            connection.write("NG")
            connection.uncork()

        server = net.create_server(accepted)
        server.listen({"path": str(path)}, lambda: log.append(server.address()))
        client = net.Socket()
        client.on("data", lambda data: (log.append(data), client.destroy()))
        client.connect(str(path), lambda: client.write("PING", "utf-8"))
        server.on("close", lambda: log.append(path.exists()))
        run()
        assert log == [str(path), b"PING", b"PONG", False]

    def it_can_be_closed_before_the_loop_begins(self, log):
        server = net.create_server().listen(0)
        server.on("listening", lambda: log.append("listening"))
        server.close(lambda error: log.append(("close", error)))
        run()
        assert (log, server.listening) == ([("close", None)], False)


class DescribeTimeout:
    def it_comes_without_a_connection(self, log):
        """test-net-timeout-no-handle.js"""
        socket = net.Socket()
        socket.set_timeout(5)
        socket.on("timeout", lambda: log.append("timeout"))
        timers.set_timeout(lambda: None, 30)
        run()
        assert log[:1] == ["timeout"]

    def it_is_switched_off_before_it_comes(self, log):
        """test-net-settimeout.js"""
        server, port = listening(lambda connection: connection.write("hello"))
        client: Any = connected(port)
        assert client.set_timeout(10, lambda: log.append("timeout")) is client
        client.set_timeout(0)
        timers.set_timeout(lambda: (client.destroy(), server.close()), 30)
        run()
        assert log == []

    def it_is_switched_off_by_that_of_another_socket(self, log):
        """test-timers-socket-timeout-removes-other-socket-unref-timer.js"""
        connections: list[Any] = []

        def accepted(connection):
            connections.append(connection)
            if len(connections) == 2:
                first, second = connections
                second.set_timeout(60_000, lambda: log.append("second"))
                first.set_timeout(
                    1,
                    lambda: (
                        log.append("first"),
                        second.set_timeout(0),
                        first.end(),
                        second.end(),
                        server.close(),
                    ),
                )

        server, port = listening(accepted)
        for _ in range(2):
            connected(port)
        run()
        assert log == ["first"]

    @pytest.mark.parametrize(
        "value", ["100", True, None, "", {}, [], print, -0.001, float("-inf"), float("nan")]
    )
    def it_has_to_be_a_number_that_is_not_negative(self, value):
        """test-net-socket-timeout.js"""
        socket = net.Socket()
        with pytest.raises((TypeError, ValueError)) as caught:
            socket.set_timeout(value, print)
        expected = "ERR_OUT_OF_RANGE" if type(value) is float else "ERR_INVALID_ARG_TYPE"
        assert plain(caught.value) == expected
        with pytest.raises(TypeError):
            socket.set_timeout(1, "no function")  # type: ignore[arg-type]

    def it_is_not_set_on_a_socket_that_is_destroyed(self, log):
        """test-net-socket-timeout.js"""

        def timed_out():
            client.destroy()
            log.append(client.set_timeout(1, lambda: log.append("never")) is client)
            server.close()

        server, port = listening()
        client: Any = connected(port)
        assert client.set_timeout(1, timed_out) is client
        run()
        assert log == [True]
