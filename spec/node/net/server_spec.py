"""`net.Server`: listens, accepts, closes."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import resource
import socket
import stat
from typing import Any

import pytest

from spec.node.support import Log, close, handled, listening, node_error, pair
from spec.wires import bound, event, run
from websocket_driver.node import net
from websocket_driver.node.errors import NodeError
from websocket_driver.node.net import server as servers

EVENTS = ("listening", "connection", "drop", "error", "close")


def names(log):
    return [name for name, *_ in log]


class DescribeListen:
    def it_has_bound_when_it_returns(self):
        async def main():
            for arguments in ((), (0,), ("0", "127.0.0.1"), (0, "::1")):
                server = net.create_server()
                assert (server.address(), server.listening) == (None, False)
                assert server.listen(*arguments) is server
                assert bound(server).port > 0
                await event(server, "listening")
                assert server.listening is True
                await close(server)
                assert server.address() is None

        run(main)

    def it_has_bound_before_any_loop_runs(self):
        server = net.create_server().listen(0)
        assert bound(server).port > 0
        server.close()

    def it_emits_its_events_in_order(self):
        async def main():
            log: Log
            server = net.create_server(lambda connection: log.append("listener"))
            log = Log(server, *EVENTS)
            ready = event(server, "listening")
            server.listen(0, "127.0.0.1", lambda: log.append("callback"))
            assert log == []
            await ready
            client = net.connect(bound(server).port, "127.0.0.1")
            (connection,) = await event(server, "connection")
            closed = event(server, "close")
            server.close(lambda: log.append("closed"))
            assert server.listening is False
            client.end()
            await closed
            assert log == [
                ("listening",),
                "callback",
                "listener",
                ("connection", connection),
                ("close",),
                "closed",
            ]

        run(main)

    def it_listens_on_all_addresses_at_one_port(self):
        async def main():
            server = net.create_server(lambda connection: connection.end(b"Hello"))
            server.listen(0)
            assert (bound(server).address, bound(server).family) == ("::", "IPv6")
            for host in ("127.0.0.1", "::1", "localhost"):
                client = net.connect(bound(server).port, host)
                assert await event(client, "data") == (b"Hello",)
                await event(client, "close")
            await close(server)

        run(main)

    def it_listens_on_ipv4_where_there_is_nothing_else(self, monkeypatch):
        async def main():
            monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: False)
            server = net.create_server().listen(0)
            assert (bound(server).address, bound(server).family) == ("0.0.0.0", "IPv4")
            await close(server)

        run(main)

    def it_listens_on_ipv4_if_ipv6_is_switched_off(self, monkeypatch):
        async def main():
            bind = servers.Server._bind_ip

            def without_ipv6(host, options):
                if ":" in host:
                    raise OSError(errno.EAFNOSUPPORT, "no IPv6")
                return bind(host, options)

            monkeypatch.setattr(servers.Server, "_bind_ip", staticmethod(without_ipv6))
            server = net.create_server().listen(0)
            assert bound(server).address == "0.0.0.0"
            await close(server)

        run(main)

    def it_listens_at_a_name(self):
        async def main():
            server = net.create_server()
            server.listen(0, "localhost")
            assert server.address() is None
            await event(server, "listening")
            assert bound(server).address in ("127.0.0.1", "::1")
            await close(server)

        run(main)

    def it_does_not_listen_at_a_name_if_it_is_closed_meanwhile(self):
        async def main():
            server = net.create_server()
            log = Log(server, *EVENTS)
            server.listen(0, "localhost")
            server.close(lambda error: log.append(error.code))
            await event(server, "close")
            server.listen(0, "localhost")
            server.listen(0, "localhost")
            await event(server, "listening")
            assert log == [("close",), "ERR_SERVER_NOT_RUNNING", ("listening",)]
            await close(server)

        run(main)

    def it_may_be_abandoned_while_it_looks_a_name_up(self):
        async def main():
            net.create_server().listen(0, "localhost")
            this = asyncio.current_task()
            asyncio.get_running_loop().call_soon(
                lambda: [task.cancel() for task in asyncio.all_tasks() if task is not this]
            )
            await asyncio.sleep(0.01)

        async def alone():
            await main()

        asyncio.run(alone())

    def it_can_listen_on_ipv6_only(self):
        async def main():
            server = net.create_server().listen({"port": 0, "host": "::", "ipv6Only": True})
            client = net.connect(bound(server).port, "127.0.0.1")
            (error,) = await event(client, "error")
            assert error.code == "ECONNREFUSED"
            await close(server)

        run(main)

    def it_listens_at_a_path(self, tmp_path):
        async def main():
            path = str(tmp_path / "socket")
            server = net.create_server(lambda connection: connection.end(b"Hello"))
            server.listen(path)
            assert server.address() == path
            client = net.connect(path)
            assert await event(client, "data") == (b"Hello",)
            assert (client.remote_address, client.remote_port, client.address()) == (
                None,
                None,
                None,
            )
            await event(client, "close")
            await close(server)
            assert not os.path.exists(path)

        run(main)

    def it_opens_a_path_to_everybody_if_it_is_told_to(self, tmp_path):
        async def main():
            for options, mode in (
                ({"readableAll": True}, stat.S_IRGRP | stat.S_IROTH),
                ({"writable_all": True}, stat.S_IWGRP | stat.S_IWOTH),
            ):
                path = str(tmp_path / "socket")
                given: Any = {"path": path, **options}
                server = net.create_server().listen(given)
                assert os.stat(path).st_mode & mode == mode
                await close(server)

        run(main)

    @pytest.mark.parametrize("host", ["127.0.0.1", None])
    def it_emits_an_error_if_the_address_is_taken_and_no_close(self, host):
        async def main():
            first = net.create_server().listen(0, host)
            second = net.create_server()
            log = Log(second, *EVENTS)
            port = bound(first).port
            second.listen(port, host)
            assert (second.address(), log) == (None, [])
            (error,) = await event(second, "error")
            assert isinstance(error, OSError)
            assert isinstance(error, NodeError)
            address = host or "::"
            assert (error.code, error.syscall, error.address, error.port) == (
                "EADDRINUSE",
                "listen",
                address,
                port,
            )
            assert str(error) == (f"listen EADDRINUSE: address already in use {address}:{port}")
            await asyncio.sleep(0.01)
            assert log == [("error", "EADDRINUSE")]
            await close(first)

        run(main)

    def it_can_listen_again_in_the_listener_for_the_error(self):
        async def main():
            first = net.create_server().listen(0, "127.0.0.1")
            port = bound(first).port
            second = net.create_server()
            log = Log(second, *EVENTS)
            second.on("error", lambda: second.listen(0, "127.0.0.1"))
            second.listen(port, "127.0.0.1")
            await event(second, "listening")
            assert names(log) == ["error", "listening"]
            await close(first)
            await close(second)

        run(main)

    def it_emits_an_error_for_a_name_that_has_no_address(self):
        async def main():
            server = net.create_server().listen(0, "nosuch.invalid")
            (error,) = await event(server, "error")
            assert isinstance(error, socket.gaierror)
            assert isinstance(error, NodeError)
            assert (error.code, error.syscall) == ("ENOTFOUND", "getaddrinfo")
            server.listen(0, "a" * 64 + ".invalid")
            (error,) = await event(server, "error")
            assert error.code == "ENOTFOUND"

        run(main)

    def it_passes_on_other_errors_of_a_lookup(self, monkeypatch):
        async def main():
            async def broken(*arguments):
                raise OSError(errno.EMFILE, "too many")

            monkeypatch.setattr(servers, "lookup", broken)
            server = net.create_server().listen(0, "localhost")
            (error,) = await event(server, "error")
            assert error.errno == errno.EMFILE

        run(main)

    def it_emits_an_error_for_a_path_that_cannot_be(self, tmp_path):
        async def main():
            server = net.create_server().listen(str(tmp_path / "no" / "socket"))
            (error,) = await event(server, "error")
            assert (error.code, error.syscall) == ("EACCES", "listen")

        run(main)

    def it_emits_an_error_if_listening_fails_after_binding(self, monkeypatch):
        async def main():
            class Broken(socket.socket):
                def listen(self, backlog):  # type: ignore[override]
                    raise OSError(errno.EADDRINUSE, "taken meanwhile")

            monkeypatch.setattr(socket, "socket", Broken)
            server = net.create_server().listen(0, "127.0.0.1")
            (error,) = await event(server, "error")
            assert error.code == "EADDRINUSE"

        run(main)

    def it_listens_once_until_it_is_closed(self):
        async def main():
            server, _ = await listening()
            with pytest.raises(RuntimeError, match="without closing") as caught:
                server.listen(0, "127.0.0.1")
            assert node_error(caught).code == "ERR_SERVER_ALREADY_LISTEN"
            await close(server)
            server.listen(0, "127.0.0.1")
            await event(server, "listening")
            await close(server)

        run(main)

    def it_does_not_emit_listening_if_it_is_closed_first(self):
        async def main():
            for host in (None, "127.0.0.1"):
                server = net.create_server()
                log = Log(server, *EVENTS)
                server.listen(0, host)
                closed = event(server, "close")
                server.close()
                await closed
                await asyncio.sleep(0)
                assert log == [("close",)]

        run(main)

    def it_gives_an_unheard_error_to_the_loop(self):
        async def main():
            contexts = handled()
            net.create_server().listen(0, "1.2.3.4")
            await asyncio.sleep(0.01)
            assert [context["message"] for context in contexts] == [
                "Unhandled 'error' event of a server"
            ]

        run(main)


class DescribeConnections:
    def it_counts_them(self):
        async def main():
            server, connection, client = await pair()
            counts: list[Any] = []
            assert (
                server.get_connections(lambda error, count: counts.append((error, count))) is server
            )
            server.getConnections(lambda: counts.append("called"))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert counts == [(None, 1), "called"]
            with pytest.raises(TypeError):
                server.get_connections(5)
            await close(server, connection, client)

        run(main)

    def it_drops_those_beyond_its_limit(self):
        async def main():
            server, connection, client = await pair()
            server.maxConnections = 1
            assert server.max_connections == 1
            second = net.connect(server.address().port, "127.0.0.1")
            (dropped,) = await event(server, "drop")
            assert dropped["localAddress"] == dropped["local_address"] == "127.0.0.1"
            assert dropped["local_port"] == server.address().port
            assert dropped["remote_port"] == dropped["remotePort"] > 0
            assert dropped["remote_family"] == "IPv4"
            await event(second, "close")
            client.destroy()
            await event(connection, "close")
            third = net.connect(server.address().port, "127.0.0.1")
            (connection,) = await event(server, "connection")
            await close(server, connection, third)

        run(main)

    def it_drops_those_at_a_path_too(self, tmp_path):
        async def main():
            server = net.create_server().listen(str(tmp_path / "socket"))
            server.max_connections = 1
            sockets = [net.connect(str(tmp_path / "socket")) for _ in range(2)]
            assert await event(server, "drop") == ({},)
            await close(server, *sockets, *[])
            await asyncio.sleep(0)

        run(main)

    def it_makes_sockets_as_its_options_say(self):
        async def main():
            server, connection, client = await pair(
                allow_half_open=True, no_delay=False, keep_alive=True, high_water_mark=5
            )
            assert connection.allow_half_open is True
            assert connection.writable_high_water_mark == 5
            await close(server, connection, client)

        run(main)

    def it_can_leave_them_paused(self):
        async def main():
            server, connection, client = await pair(pauseOnConnect=True)
            log = Log(connection)
            client.write(b"hello")
            await asyncio.sleep(0.02)
            assert (log, connection.readable_length) == ([], 0)
            connection.resume()
            await event(connection, "data")
            assert log == [("data", b"hello")]
            await close(server, connection, client)

        run(main)

    def it_reports_what_a_listener_raises(self):
        async def main():
            contexts = handled()

            def listener(connection):
                connections.append(connection)
                raise ZeroDivisionError

            connections: list[Any] = []
            server, port = await listening(listener)
            client = net.connect(port, "127.0.0.1")
            await event(client, "connect")
            while not contexts:
                await asyncio.sleep(0)
            assert contexts[0]["message"] == "Exception in a listener for 'connection'"
            await close(server, client, *connections)

        run(main)

    def it_accepts_so_many_in_one_turn_and_the_others_in_the_next(self, monkeypatch):
        async def main():
            monkeypatch.setattr(servers, "ACCEPTS_PER_TURN", 2)
            server, port = await listening()
            clients = [net.connect(port, "127.0.0.1") for _ in range(5)]
            while len(server.accepted) < 5:
                await asyncio.sleep(0)
            await close(server, *clients)

        run(main)


class DescribeClose:
    def it_waits_for_the_last_connection(self):
        async def main():
            server, connection, client = await pair()
            log = Log(server, *EVENTS)
            server.close()
            for _ in range(5):
                await asyncio.sleep(0)
            assert log == []
            closed = event(server, "close")
            client.end()
            await closed
            assert log == [("close",)]
            assert connection.destroyed is True

        run(main)

    def it_ends_though_a_connection_is_paused(self):
        async def main():
            server, connection, client = await pair()
            connection.pause()
            closed = event(server, "close")
            server.close()
            client.end()
            await closed

        run(main)

    def it_calls_back_with_none_if_it_listens(self):
        async def main():
            called = asyncio.get_running_loop().create_future()

            async def callback(error):
                called.set_result(error)

            net.create_server().listen(0).close(callback)
            assert await called is None

        run(main)

    def it_calls_back_with_an_error_if_it_does_not_listen(self):
        async def main():
            calls = []
            server = net.create_server()
            assert server.close(lambda error: calls.append(error.code)) is server
            server.close(lambda: calls.append("called"))
            await event(server, "close")
            assert calls == ["ERR_SERVER_NOT_RUNNING", "called"]

        run(main)

    @pytest.mark.parametrize("callback", [False, 5, "bad argument"])
    def it_takes_nothing_else_for_a_callback(self, callback):
        """test-net-listen-close-server-callback-is-not-function.js"""

        async def main():
            server = net.create_server().listen(0)
            log = Log(server, "listening", "close")
            server.close(callback)
            await event(server, "close")
            assert log == [("close",)]

        run(main)

    @pytest.mark.parametrize("turns", range(6))
    def it_can_happen_at_any_moment(self, turns):
        async def main():
            for host in ("127.0.0.1", "localhost", None):
                server = net.create_server().listen(0, host)
                for _ in range(turns):
                    await asyncio.sleep(0)
                closed = event(server, "close")
                server.close()
                await closed

        run(main)

    def it_may_happen_while_it_accepts(self):
        async def main():
            server, port = await listening()
            server.on("connection", lambda connection: (connection.destroy(), server.close()))
            clients = [net.connect(port, "127.0.0.1") for _ in range(3)]
            for client in clients:
                client.on("error", lambda error: None)
            await event(server, "close")
            for client in clients:
                client.destroy()

        run(main)


class DescribeRef:
    def it_may_be_unreferenced_before_it_listens(self):
        """test-net-server-unref-persistent.js"""

        async def main():
            server = net.create_server().unref().listen(0)
            await close(server)

        run(main)

    def it_returns_the_server(self):
        async def main():
            server, _ = await listening()
            assert server.unref() is server
            assert server.unref() is server
            assert server.ref() is server
            await close(server)
            assert server.ref() is server
            assert server.unref() is server

        run(main)


class DescribeExhaustion:
    """A server that is out of file descriptors."""

    def it_waits_and_recovers(self, monkeypatch, caplog):
        async def main():
            server, connection, client = await pair()
            port = server.address().port
            other = socket.create_connection(("127.0.0.1", port))
            await event(server, "connection")
            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            with caplog.at_level(logging.WARNING, "websocket_driver"):
                waiting = socket.socket()
                waiting.setblocking(False)
                resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
                try:
                    waiting.connect_ex(("127.0.0.1", port))
                    while not caplog.records:
                        await asyncio.sleep(0.001)
                    for _ in range(20):
                        await asyncio.sleep(0)
                finally:
                    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            assert [record.getMessage() for record in caplog.records] == [
                "Cannot accept connections: [Errno 24] Too many open files"
            ]
            # The next connection that closes frees a descriptor.
            accepted = event(server, "connection")
            client.destroy()
            (last,) = await accepted
            assert last.remote_port == waiting.getsockname()[1]
            waiting.close()
            other.close()
            await close(server, connection, last)

        run(main)

    def it_tries_again_once_if_several_connections_close(self, caplog):
        async def main():
            server, port = await listening()
            clients = [net.connect(port, "127.0.0.1") for _ in range(2)]
            while len(server.accepted) < 2:
                await asyncio.sleep(0)
            fail_once(server)
            last = net.connect(port, "127.0.0.1")
            while not caplog.records:
                await asyncio.sleep(0)
            accepted = event(server, "connection")
            for connection in server.accepted[:2]:
                connection.destroy()
            await accepted
            await close(server, *clients, last)

        run(main)

    def it_tries_again_after_a_second(self, monkeypatch, caplog):
        async def main():
            monkeypatch.setattr(servers, "EXHAUSTED_SECONDS", 0.01)
            server, port = await listening()
            fail_once(server)
            client = net.connect(port, "127.0.0.1")
            (connection,) = await event(server, "connection")
            await close(server, connection, client)

        run(main)

    def it_logs_once_a_second_at_most(self, monkeypatch, caplog):
        async def main():
            monkeypatch.setattr(servers, "EXHAUSTED_SECONDS", 0.001)
            server, port = await listening()
            fail_once(server, times=20)
            client = net.connect(port, "127.0.0.1")
            (connection,) = await event(server, "connection")
            assert len(caplog.records) == 1
            await close(server, connection, client)

        run(main)

    def it_can_be_closed_meanwhile(self, monkeypatch, caplog):
        async def main():
            server, port = await listening()
            fail_once(server)
            client = net.connect(port, "127.0.0.1")
            await event(client, "connect")
            while not caplog.records:
                await asyncio.sleep(0)
            client.on("error", lambda error: None)
            await close(server, client)

        run(main)

    def it_emits_other_errors_of_accepting(self):
        async def main():
            server, port = await listening()
            fail_once(server, errno.EPERM)
            client = net.connect(port, "127.0.0.1")
            (error,) = await event(server, "error")
            assert (error.code, error.syscall) == ("EPERM", "accept")
            (connection,) = await event(server, "connection")
            await close(server, connection, client)

        run(main)


def fail_once(server, number=errno.EMFILE, times=1):
    """The server's socket fails to accept the next time."""

    class Failing:
        def __init__(self, wire):
            self.wire = wire
            self.left = times

        def accept(self):
            if self.left:
                self.left -= 1
                raise OSError(number, "no")
            return self.wire.accept()

        def __getattr__(self, name):
            return getattr(self.wire, name)

    server._socket = Failing(server._socket)
