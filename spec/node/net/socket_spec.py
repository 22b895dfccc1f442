"""`net.Socket`: a connection from its beginning to its end, as in Node."""

from __future__ import annotations

import asyncio
import errno
import gc
import socket
import struct
import weakref
from contextlib import contextmanager
from typing import Any

import pytest

import websocket_driver as websocket
from spec.node.support import Log, close, handled, listening, pair
from spec.wires import bound, event, run
from websocket_driver import permessage_deflate
from websocket_driver.batch import BATCH_SIZE
from websocket_driver.node import net, process, timers
from websocket_driver.node.errors import NodeError
from websocket_driver.node.loop import current
from websocket_driver.node.net import transport as transports
from websocket_driver.node.net.connecting import ATTEMPT_TIMEOUT
from websocket_driver.node.net.transport import Transport

MIDDLE = ("connect", "data", "end", "error", "close")


async def raw_pair(**options):
    """A server's connection, and a bare socket at its other end."""
    server, port = await listening(**options)
    wire = socket.create_connection(("127.0.0.1", port))
    (connection,) = await event(server, "connection")
    return server, connection, wire


def wire(driver, socket, references):
    """Joins a driver and a socket, and keeps weak references to both."""
    driver.on("connect", lambda: driver.start())
    driver.on("close", lambda: socket.end())
    driver.add_extension(permessage_deflate)
    socket.pipe(driver.io).pipe(socket)
    references.extend(map(weakref.ref, (driver, socket, driver.io)))


def reset(wire):
    """Closes a bare socket so that the other side sees a reset."""
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wire.close()


def everything(wire):
    """The bytes that a bare socket still receives, and how the connection ends."""
    received = bytearray()
    wire.settimeout(5)
    try:
        while chunk := wire.recv(65536):
            received += chunk
    except ConnectionResetError:
        return bytes(received), "reset"
    return bytes(received), "end"


def system_writes(monkeypatch):
    """A list of the data passed to the system from now on."""
    chunks = []
    send = Transport._send

    def record(transport, chunk):
        chunks.append(chunk)
        return send(transport, chunk)

    monkeypatch.setattr(Transport, "_send", record)
    return chunks


async def in_thread(function, *arguments):
    return await asyncio.get_running_loop().run_in_executor(None, function, *arguments)


class DescribeConnecting:
    def it_emits_its_events_in_order(self):
        async def main():
            def on_connection(connection):
                connection.on("data", lambda chunk: connection.end(b"you said " + chunk))

            server, port = await listening(on_connection)
            called = []
            client = net.connect(port, "127.0.0.1", lambda: called.append(True))
            log = Log(client)
            assert (client.connecting, client.pending, client.ready_state) == (
                True,
                True,
                "opening",
            )
            assert client.write(b"Hello") is True
            await event(client, "close")
            assert log == [
                ("connect",),
                ("ready",),
                ("data", b"you said Hello"),
                ("end",),
                ("finish",),
                ("close", False),
            ]
            assert called == [True]
            assert (client.connecting, client.pending, client.readyState) == (False, True, "closed")
            await close(server)

        run(main)

    def it_looks_a_name_up(self):
        async def main():
            server = net.create_server().listen(0)
            client = net.connect(bound(server).port, "localhost")
            log = Log(client, "lookup", "connect")
            await event(client, "connect")
            assert log[0] in [
                ("lookup", None, "127.0.0.1", 4, "localhost"),
                ("lookup", None, "::1", 6, "localhost"),
            ]
            await close(server, client)

        run(main)

    def it_has_localhost_as_its_host_if_it_is_not_told_otherwise(self):
        async def main():
            server = net.create_server().listen(0)
            client = net.connect(bound(server).port)
            await event(client, "connect")
            await close(server, client)

        run(main)

    @pytest.mark.parametrize(("family", "address"), [(4, "127.0.0.1"), ("IPv6", "::1")])
    def it_can_be_told_the_family(self, family, address):
        async def main():
            server = net.create_server().listen(0)
            port = bound(server).port
            client = net.connect({"port": port, "host": "localhost", "family": family, "hints": 0})
            client.on("error", lambda error: None)
            await event(client, "close" if family == "IPv6" and no_ipv6_name() else "connect")
            if not client.destroyed:
                assert client.remote_address == address
            await close(server, client)

        run(main)

    def it_emits_error_and_close_when_it_is_refused(self):
        async def main():
            server, port = await listening()
            await close(server)
            client = net.connect(port, "127.0.0.1")
            log, failed = Log(client), event(client, "error")
            await event(client, "close")
            (error,) = await failed
            assert log == [("error", "ECONNREFUSED"), ("close", True)]
            assert isinstance(error, ConnectionRefusedError)
            assert isinstance(error, NodeError)
            assert (error.syscall, error.address, error.port) == ("connect", "127.0.0.1", port)
            assert str(error) == f"connect ECONNREFUSED 127.0.0.1:{port}"

        run(main)

    def it_emits_error_and_close_for_a_name_without_address(self):
        async def main():
            for host in ("nosuch.invalid", "a" * 64 + ".invalid"):
                client = net.connect(80, host)
                log = Log(client)
                await event(client, "close")
                assert log == [
                    ("lookup", "ENOTFOUND", None, None, host),
                    ("error", "ENOTFOUND"),
                    ("close", True),
                ]

        run(main)

    def it_emits_error_and_close_for_a_path_where_nobody_listens(self, tmp_path):
        async def main():
            client = net.connect(str(tmp_path / "none"))
            (error,) = await event(client, "error")
            assert isinstance(error, FileNotFoundError)
            assert isinstance(error, NodeError)
            assert (error.code, error.syscall, error.address) == (
                "ENOENT",
                "connect",
                str(tmp_path / "none"),
            )
            client = net.connect("x" * 200)
            (error,) = await event(client, "error")
            assert isinstance(error, OSError)

        run(main)

    def it_can_be_destroyed_on_its_way_to_a_path(self, tmp_path):
        async def main():
            for turns in range(3):
                client = net.connect(str(tmp_path / "none"))
                log = Log(client)
                for _ in range(turns):
                    await asyncio.sleep(0)
                closed = event(client, "close")
                log.clear()
                client.destroy()
                if not client.closed or not log:
                    await closed
                assert log[-1][0] == "close"

        run(main)

    def it_is_refused_by_a_path_whose_queue_is_full(self, tmp_path):
        async def main():
            path = str(tmp_path / "socket")
            with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as other:
                listener.bind(path)
                listener.listen(0)
                other.connect(path)
                client = net.connect(path)
                (error,) = await event(client, "error")
            assert (error.code, error.syscall) == ("EAGAIN", "connect")

        run(main)

    def it_can_have_an_address_of_its_own(self):
        async def main():
            server, port = await listening()
            client = net.connect({"port": port, "host": "127.0.0.1", "localAddress": "127.0.0.2"})
            await event(client, "connect")
            assert client.local_address == "127.0.0.2"
            client.destroy()
            await event(client, "close")
            free = socket.socket()
            free.bind(("127.0.0.1", 0))
            own = free.getsockname()[1]
            free.close()
            client = net.connect({"port": port, "host": "127.0.0.1", "localPort": own})
            await event(client, "connect")
            assert client.local_port == own
            await close(server, client)
            client = net.connect({"port": port, "host": "127.0.0.1", "localAddress": "1.2.3.4"})
            (error,) = await event(client, "error")
            assert (error.code, error.syscall) == ("EADDRNOTAVAIL", "bind")
            client = net.connect(
                {"port": port, "host": "::1", "localPort": 1, "local_address": "::2"}
            )
            (error,) = await event(client, "error")
            assert (error.syscall, error.address) == ("bind", "::2")

        run(main)

    def it_can_be_destroyed_meanwhile(self):
        async def main():
            server, port = await listening()
            for host in ("127.0.0.1", "localhost"):
                for turns in range(4):
                    client = net.connect(port, host)
                    log = Log(client, *MIDDLE)
                    for _ in range(turns):
                        await asyncio.sleep(0)
                    log.clear()
                    client.destroy()
                    await event(client, "close")
                    assert log == [("close", False)]
            await close(server)

        run(main)

    def it_can_be_destroyed_when_it_is_told_its_address(self):
        async def main():
            client = net.connect(80, "localhost")
            log = Log(client, *MIDDLE)
            client.on("lookup", lambda: client.destroy())
            await event(client, "close")
            assert log == [("close", False)]

        run(main)

    def it_can_be_abandoned_while_it_looks_a_name_up(self):
        async def main():
            client = net.connect(80, "localhost")
            this = asyncio.current_task()
            for task in asyncio.all_tasks():
                if task is not this:
                    task.cancel()
            await asyncio.sleep(0.01)
            assert client.connecting is True
            client.destroy()
            await event(client, "close")

        asyncio.run(main())

    def it_connects_once_at_a_time(self):
        async def main():
            server, port = await listening()
            client = net.connect(port, "127.0.0.1")
            log = Log(client, *MIDDLE)
            client.connect(port, "127.0.0.1")
            await event(client, "close")
            assert log == [("error", "EALREADY"), ("close", True)]
            client.connect(port, "127.0.0.1")
            await event(client, "connect")
            client.connect(port, "127.0.0.1")
            (error,) = await event(client, "error")
            assert error.code == "EISCONN"
            await close(server, client)

        run(main)

    def it_can_connect_again_once_it_is_closed(self):
        async def main():
            server, port = await listening(lambda connection: connection.pipe(connection))
            client = net.Socket()
            log = Log(client, *MIDDLE)
            for _ in range(2):
                client.connect({"port": port, "host": "127.0.0.1"})
                client.end(b"x")
                await event(client, "close")
            assert log == [("connect",), ("data", b"x"), ("end",), ("close", False)] * 2
            await close(server)

        run(main)

    def it_gives_an_unheard_error_to_the_loop(self):
        async def main():
            contexts = handled()
            client = net.connect(1, "127.0.0.1")
            await event(client, "close")
            assert [context["message"] for context in contexts] == [
                "Unhandled 'error' event of a socket that cannot connect"
            ]

        run(main)


def no_ipv6_name():
    return not any(entry[0] == socket.AF_INET6 for entry in socket.getaddrinfo("localhost", 80))


class DescribeHappyEyeballs:
    """A name with several addresses."""

    @staticmethod
    def lookup(*addresses):
        def lookup(host, options, callback):
            assert options["all"] is True
            found = [{"address": text, "family": net.is_ip(text)} for text in addresses]
            process.next_tick(callback, None, found)

        return lookup

    def it_tries_the_next_address_if_one_is_refused(self):
        async def main():
            server, port = await listening()
            client = net.connect(
                {"port": port, "host": "name", "lookup": self.lookup("127.0.0.2", "127.0.0.1")}
            )
            log = Log(client, "lookup", "connect")
            await event(client, "connect")
            assert log == [
                ("lookup", None, "127.0.0.2", 4, "name"),
                ("lookup", None, "127.0.0.1", 4, "name"),
                ("connect",),
            ]
            assert client.remote_address == "127.0.0.1"
            await close(server, client)

        run(main)

    def it_tries_the_next_address_if_one_does_not_answer(self):
        async def main():
            server, port = await listening()
            with silent(port) as address:
                client = net.connect(
                    {
                        "port": port,
                        "host": "name",
                        "lookup": self.lookup(address, "127.0.0.1"),
                        "autoSelectFamilyAttemptTimeout": 20,
                    }
                )
                await event(client, "connect")
            assert client.remote_address == "127.0.0.1"
            await close(server, client)

        run(main)

    @pytest.mark.filterwarnings("default")  # a timer of 1 ms comes with a warning
    def it_may_wait_longer_than_a_timer_can(self):
        async def main():
            server, port = await listening()
            with silent(port) as address:
                client = net.connect(
                    {
                        "port": port,
                        "host": "name",
                        "lookup": self.lookup(address, "127.0.0.1"),
                        "autoSelectFamilyAttemptTimeout": 1e12,
                    }
                )
                await asyncio.sleep(0.05)
                assert client.connecting is True
            client.destroy()
            await close(server)

        run(main)

    def it_emits_one_error_of_all(self):
        async def main():
            server, port = await listening()
            await close(server)
            client = net.connect(
                {"port": port, "host": "name", "lookup": self.lookup("127.0.0.2", "::1")}
            )
            (error,) = await event(client, "error")
            assert isinstance(error, ConnectionRefusedError)
            assert isinstance(error, NodeError)
            assert (error.code, error.errno) == ("ECONNREFUSED", errno.ECONNREFUSED)
            assert [part.address for part in error.errors] == ["127.0.0.2", "::1"]

        run(main)

    def it_can_be_told_to_try_the_first_only(self):
        async def main():
            def lookup(host, options, callback):
                assert options == {"family": 4, "hints": 0, "all": False}
                process.next_tick(callback, None, "127.0.0.2", 4)

            client = net.connect({"port": 1, "host": "name", "family": 4, "lookup": lookup})
            log = Log(client, "lookup", "error")
            await event(client, "close")
            assert log == [("lookup", None, "127.0.0.2", 4, "name"), ("error", "ECONNREFUSED")]
            client = net.connect({"port": 1, "autoSelectFamily": False, "host": "localhost"})
            log = Log(client, "lookup")
            client.on("error", lambda error: None)
            await event(client, "close")
            assert len(log) == 1

        run(main)

    def it_takes_the_answers_of_a_lookup_in_several_forms(self):
        async def main():
            server, port = await listening()
            for answer in (["127.0.0.1"], [{"address": "127.0.0.1"}]):
                client = net.connect(
                    {
                        "port": port,
                        "host": "name",
                        "lookup": lambda host, options, callback, answer=answer: callback(
                            None, answer
                        ),
                    }
                )
                await event(client, "connect")
                client.destroy()
                await event(client, "close")
            await close(server)

        run(main)

    def it_fails_with_the_error_of_a_lookup(self):
        async def main():
            error = ValueError("no")
            client = net.connect(
                {
                    "port": 80,
                    "host": "name",
                    "lookup": lambda h, o, cb: process.next_tick(cb, error),
                }
            )
            log = Log(client, "lookup", "error", "close")
            await event(client, "close")
            assert log == [
                ("lookup", error, None, None, "name"),
                ("error", error),
                ("close", True),
            ]

        run(main)

    @pytest.mark.parametrize("answer", [["nonsense"], [], None])
    def it_fails_if_a_lookup_finds_no_address(self, answer):
        async def main():
            client = net.connect(
                {"port": 80, "host": "name", "lookup": lambda host, options, cb: cb(None, answer)}
            )
            (error,) = await event(client, "error")
            assert error.code == "ERR_INVALID_IP_ADDRESS"

        run(main)

    def it_raises_if_a_lookup_answers_with_something_else(self):
        async def main():
            with pytest.raises(TypeError, match="called back with addresses"):
                net.connect({"port": 80, "host": "name", "lookup": lambda h, o, cb: cb(None, [5])})

        run(main)

    def it_can_be_destroyed_between_two_attempts(self):
        async def main():
            server, port = await listening()
            with silent(port) as address:
                client = net.connect(
                    {
                        "port": port,
                        "host": "name",
                        "lookup": self.lookup(address, "127.0.0.2"),
                        "autoSelectFamilyAttemptTimeout": 5,
                    }
                )
                log = Log(client, "connect", "error", "close")
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                client.destroy()
                await event(client, "close")
                await asyncio.sleep(0.03)
            assert log == [("close", False)]
            await close(server)

        run(main)

    def it_waits_for_250_ms_if_it_is_not_told_otherwise(self):
        assert ATTEMPT_TIMEOUT == 250


class DescribeAttempts:
    """The events of the addresses that are tried."""

    EVENTS = (
        "lookup",
        "connection_attempt",
        "connection_attempt_failed",
        "connection_attempt_timeout",
        "connect",
        "error",
        "close",
    )

    lookup = staticmethod(DescribeHappyEyeballs.lookup)

    def attempts(self, *addresses, port, **options):
        """Connects, and returns the socket and the log of its events behind the lookup."""
        lookup = self.lookup(*addresses)
        client = net.connect({"port": port, "host": "name", "lookup": lookup}, **options)
        return client, Log(client, *self.EVENTS[1:])

    def it_announces_the_attempt_for_an_ip_address(self):
        async def main():
            server, port = await listening()
            client = net.connect(port, "127.0.0.1")
            log = Log(client, *self.EVENTS)
            await event(client, "connect")
            assert log == [("connection_attempt", "127.0.0.1", port, 4), ("connect",)]
            await close(server, client)
            client = net.connect(port, "127.0.0.1")
            log = Log(client, *self.EVENTS)
            await event(client, "close")
            assert log == [
                ("connection_attempt", "127.0.0.1", port, 4),
                ("connection_attempt_failed", "127.0.0.1", port, 4, "ECONNREFUSED"),
                ("error", "ECONNREFUSED"),
                ("close", True),
            ]

        run(main)

    def it_announces_each_address_and_each_failure(self):
        async def main():
            server, port = await listening()
            client, log = self.attempts("127.0.0.2", "::1", "127.0.0.1", port=port)
            await event(client, "connect")
            assert log == [
                ("connection_attempt", "127.0.0.2", port, 4),
                ("connection_attempt_failed", "127.0.0.2", port, 4, "ECONNREFUSED"),
                ("connection_attempt", "::1", port, 6),
                ("connection_attempt_failed", "::1", port, 6, "ECONNREFUSED"),
                ("connection_attempt", "127.0.0.1", port, 4),
                ("connect",),
            ]
            await close(server, client)

        run(main)

    def it_announces_an_address_that_does_not_answer_in_time(self):
        async def main():
            server, port = await listening()
            with silent(port) as address:
                client, log = self.attempts(
                    address, "127.0.0.1", port=port, auto_select_family_attempt_timeout=20
                )
                await event(client, "connect")
            assert log == [
                ("connection_attempt", address, port, 4),
                ("connection_attempt_timeout", address, port, 4),
                ("connection_attempt", "127.0.0.1", port, 4),
                ("connect",),
            ]
            await close(server, client)

        run(main)

    def it_announces_a_failure_at_once_only_if_there_are_several_addresses(self):
        async def main():
            broadcast = ("connection_attempt", "255.255.255.255", 1, 4)
            code = {"EACCES", "ENETUNREACH"}
            client = net.connect(1, "255.255.255.255")
            log = Log(client, *self.EVENTS)
            await event(client, "close")
            assert log[0] == broadcast
            assert log[1][0] == "error" and log[1][1] in code
            assert log[2:] == [("close", True)]

            client, log = self.attempts("255.255.255.255", "::1", port=1)
            await event(client, "close")
            assert log[0] == broadcast
            assert log[1][:4] == ("connection_attempt_failed", *broadcast[1:])
            assert log[1][4] in code
            assert log[2] == ("connection_attempt", "::1", 1, 6)

        run(main)

    def it_announces_no_attempt_without_the_local_address(self):
        async def main():
            client = net.connect({"port": 1, "host": "127.0.0.1", "localAddress": "1.2.3.4"})
            log = Log(client, *self.EVENTS)
            await event(client, "close")
            assert log == [("error", "EADDRNOTAVAIL"), ("close", True)]

        run(main)

    def it_announces_the_attempt_for_a_path_before_connect_returns(self, tmp_path):
        async def main():
            client = net.Socket()
            log = Log(client, *self.EVENTS)
            path = str(tmp_path / "none")
            client.connect(path)
            assert log == [("connection_attempt", path, None, None)]
            await event(client, "close")
            assert log[1:] == [
                ("connection_attempt_failed", path, None, None, "ENOENT"),
                ("error", "ENOENT"),
                ("close", True),
            ]
            server = net.create_server().listen(path)
            client.connect(path)
            await event(client, "connect")
            assert log[4:] == [("connection_attempt", path, None, None), ("connect",)]
            await close(server, client)

        run(main)

    @pytest.mark.parametrize("name", EVENTS[1:4])
    def it_tries_no_other_address_after_a_listener_destroyed_the_socket(self, name):
        async def main():
            server, port = await listening()
            with silent(port) as address:
                first = address if name == "connection_attempt_timeout" else "127.0.0.2"
                client, log = self.attempts(
                    first, "127.0.0.1", port=port, auto_select_family_attempt_timeout=20
                )
                client.on(name, lambda: client.destroy())
                await event(client, "close")
                await asyncio.sleep(0.05)
            assert [entry[:2] for entry in log] == [
                ("connection_attempt", first),
                *([] if name == "connection_attempt" else [(name, first)]),
                ("close", False),
            ]
            await close(server)

        run(main)

    def it_does_not_connect_if_a_listener_for_the_attempt_destroys_the_socket(self):
        async def main():
            server, port = await listening()
            client = net.connect(port, "127.0.0.1")
            log = Log(client, *self.EVENTS)
            client.on("connectionAttempt", lambda: client.destroy())
            await event(client, "close")
            assert log == [("connection_attempt", "127.0.0.1", port, 4), ("close", False)]
            await close(server)

        run(main)


@contextmanager
def silent(port):
    """An address that does not answer on `port`: a listener whose queue is full."""
    address = ("127.0.0.3", port)
    with socket.create_server(address, backlog=0):
        waiting = [socket.socket() for _ in range(4)]
        for wire in waiting:
            wire.setblocking(False)
            wire.connect_ex(address)
        try:
            yield address[0]
        finally:
            for wire in waiting:
                wire.close()


class DescribeAddresses:
    def it_knows_both_ends(self):
        async def main():
            server, port = await listening()
            accepted = event(server, "connection")
            client = net.connect(port, "127.0.0.1")
            assert (client.remote_address, client.remote_port, client.remote_family) == (
                None,
                None,
                None,
            )
            await event(client, "connect")
            (connection,) = await accepted
            assert (client.remote_address, client.remote_port, client.remote_family) == (
                "127.0.0.1",
                port,
                "IPv4",
            )
            assert (client.remoteAddress, client.remotePort, client.remoteFamily) == (
                "127.0.0.1",
                port,
                "IPv4",
            )
            local = net.Address("127.0.0.1", connection.remote_port, "IPv4")
            assert client.address() == local
            assert (client.localAddress, client.localPort, client.localFamily) == local
            assert (client.local_address, client.local_port, client.local_family) == local
            await close(server, client)

        run(main)

    def it_remembers_the_other_end_if_it_was_asked_before_it_closed(self):
        async def main():
            server, connection, client = await pair()
            asked = client.remote_address
            await close(server, client, connection)
            assert (client.remote_address, client.local_address) == (asked, None)
            assert (connection.remote_address, connection.local_port) == (None, None)
            assert (connection.local_family, connection.address()) == (None, None)

        run(main)

    def it_is_none_once_the_other_side_is_gone(self):
        async def main():
            server, connection, wire = await raw_pair()
            reset(wire)
            connection.pause()
            connection.on("error", lambda error: None)
            await event(connection, "close")
            await close(server)
            assert connection.remote_address is None

        run(main)


class DescribeData:
    def it_sends_text_and_bytes_in_order(self):
        async def main():
            server, connection, client = await pair()
            received = bytearray()
            connection.on("data", received.extend)
            reused = bytearray(b"bytearray ")
            for chunk in ("ü ", b"bytes ", reused, memoryview(b"memoryview ")):
                assert client.write(chunk) is True
            reused[:] = b"xxxxxxxxxx"
            client.end("656e64", "hex")
            await event(connection, "end")
            assert bytes(received) == "ü bytes bytearray memoryview end".encode()
            await close(server)

        run(main)

    def it_counts_bytes(self):
        async def main():
            server, connection, client = await pair()
            assert (client.bytes_read, client.bytes_written) == (0, 0)
            client.write(b"12345")
            await event(connection, "data")
            assert (connection.bytesRead, client.bytesWritten) == (5, 5)
            client.cork()
            client.write(b"678")
            assert (client.bytes_written, client.writable_length) == (8, 3)
            client.uncork()
            client.destroy()
            await event(connection, "close")
            assert (client.bytes_written, connection.bytes_read) == (8, 8)
            await close(server)

        run(main)

    def it_writes_together_what_listeners_write(self, monkeypatch):
        async def main():
            server, connection, client = await pair()
            writes = system_writes(monkeypatch)

            @connection.on("data")
            def listener(chunk):
                assert connection.write(b"1") is True
                assert connection.write("2") is True
                assert connection.bytes_written == 2
                connection.cork()
                assert connection.write(b"3") is True
                connection.uncork()
                assert connection.write(b"4") is True
                connection.end(b"5")

            received = event(client, "data")
            client.write(b"go")
            assert await received == (b"12345",)
            assert (writes, connection.bytes_written) == ([b"go", b"12345"], 5)
            await close(server, client)

        run(main)

    class DescribeTheListenerOfAPipe:
        def it_writes_together_with_the_rest_in_order(self, monkeypatch):
            async def main():
                server, connection, client = await pair()
                writes, late = system_writes(monkeypatch), []

                def otherwise(chunk):
                    late.append(chunk)
                    connection.write(chunk)

                write = connection.pipe_listener(otherwise)

                @connection.on("data")
                def listener(chunk):
                    for piece in (b"1", b"2", b"3", b"4"):
                        write(piece)
                    assert connection.bytes_written == 4
                    connection.cork()
                    write(b"5")
                    assert (connection.writable_length, connection.bytes_written) == (1, 5)
                    connection.uncork()
                    write(b"6")
                    connection.write(b"7")

                received = event(client, "data")
                client.write(b"go")
                assert await received == (b"1234567",)
                assert (writes, late) == ([b"go", b"1234567"], [b"5"])
                write(b"outside of a listener")
                assert late[1:] == [b"outside of a listener"]
                await close(server, client)

            run(main)

        def it_keeps_one_chunk_more_than_the_size_of_a_batch_at_most(self):
            async def main():
                server, connection, client = await pair()
                late = []

                def otherwise(chunk):
                    late.append(len(chunk))
                    connection.write(chunk)

                write = connection.pipe_listener(otherwise)

                @connection.on("data")
                def listener(chunk):
                    for size in (1, BATCH_SIZE - 1, 2, 3, BATCH_SIZE, 4, 5):
                        write(size * b"x")
                    connection.end()
                    write(b"after the end")

                errors = Log(connection, "error")
                received = event(client, "end")
                client.resume()
                client.write(b"go")
                await received
                assert late == [2, 4, len(b"after the end")]
                assert client.bytes_read == 2 * BATCH_SIZE + 14
                assert errors == [("error", "ERR_STREAM_WRITE_AFTER_END")]
                await close(server, client)

            run(main)

        def it_calls_the_write_of_a_subclass(self):
            class Shouting(net.Socket):
                def write(self, chunk, encoding=None, callback=None):
                    return super().write(chunk.upper(), encoding, callback)

            async def main():
                server, port = await listening(lambda connection: connection.pipe(connection))
                client = Shouting()
                client.connect(port, "127.0.0.1")
                write = client.pipe_listener(client.write)

                @client.once("data")
                def listener(chunk):
                    for piece in (chunk, b"b", b"c"):
                        write(piece)

                net.Socket.write(client, b"a")
                assert await event(client, "data") == (b"a",)
                assert await event(client, "data") == (b"ABC",)
                await close(server, client)

            run(main)

        def it_calls_the_write_that_a_program_puts_in_its_place(self):
            async def main():
                server, port = await listening(lambda connection: connection.pipe(connection))
                client: Any = net.connect(port, "127.0.0.1")
                counted = []
                write = client.pipe_listener(lambda chunk: client.write(chunk))
                original = client.write

                def counting(chunk):
                    counted.append(chunk)
                    return original(chunk)

                @client.once("data")
                def listener(chunk):
                    client.write = counting
                    for piece in (b"b", b"c", b"d"):
                        write(piece)

                client.write(b"a")
                assert await event(client, "data") == (b"a",)
                assert await event(client, "data") == (b"bcd",)
                assert counted == [b"b", b"c", b"d"]
                await close(server, client)

            run(main)

        def it_is_that_of_the_pipe_before_there_is_a_transport(self):
            assert net.Socket().pipe_listener(print) is print

    def it_counts_what_waits_for_the_connection(self):
        async def main():
            server, port = await listening()
            client = net.connect(port, "127.0.0.1")
            client.write(b"12345")
            client.write(b"678")
            assert (client.bytes_written, client.writable_length) == (8, 8)
            await event(client, "connect")
            await asyncio.sleep(0)
            assert client.bytes_written == 8
            await close(server, client)

        run(main)

    def it_asks_the_writer_to_wait_and_drains(self):
        async def main():
            server, connection, client = await pair()
            connection.pause()
            total = 65536
            while client.write(bytes(65536)):
                total += 65536
            total += 1
            assert client.write(b"x") is False
            assert client.writableNeedDrain is True
            received = []
            connection.on("data", lambda chunk: received.append(len(chunk)))
            drained = event(client, "drain")
            connection.resume()
            await drained
            assert client.writable_length == 0
            assert client.write(b"y") is True
            client.end()
            await event(connection, "end")
            assert sum(received) == total + 1
            await close(server)

        run(main)

    def it_keeps_what_arrives_before_somebody_listens(self):
        async def main():
            server, connection, client = await pair()
            connection.end(b"Hello")
            while client.readable_length < 5:
                await asyncio.sleep(0)
            log = Log(client, *MIDDLE)
            assert log == []
            await event(client, "close")
            assert log == [("data", b"Hello"), ("end",), ("close", False)]
            await close(server)

        run(main)

    def it_reads_ahead_no_more_than_its_high_water_mark(self):
        async def main():
            server, connection, client = await pair()
            client.pause()
            writes = 0
            while connection.write(bytes(65536)):
                writes += 1
            await asyncio.sleep(0.02)
            assert 0 < client.readable_length <= 2 * 65536
            assert connection.writable_length > 0
            await close(server, connection, client)

        run(main)

    def it_can_be_paused_before_it_is_connected(self):
        async def main():
            server, port = await listening(lambda connection: connection.end(b"Hello"))
            client = net.connect(port, "127.0.0.1")
            log = Log(client, *MIDDLE)
            client.pause()
            await event(client, "connect")
            await asyncio.sleep(0.02)
            assert log == [("connect",)]
            client.resume()
            await event(client, "close")
            assert log == [("connect",), ("data", b"Hello"), ("end",), ("close", False)]
            await close(server)

        run(main)

    def it_reads_large_pieces_as_long_as_there_are_any(self):
        async def main():
            server, connection, client = await pair()
            size = 4 * 2**20
            received = []
            client.on("data", lambda chunk: received.append(len(chunk)))
            connection.end(bytes(size))
            await event(client, "close")
            assert sum(received) == size
            await close(server)

        run(main)

    def it_can_be_destroyed_while_there_is_more_to_read(self):
        async def main():
            server, connection, client = await pair()
            received = []

            @client.on("data")
            def take(chunk):
                received.append(len(chunk))
                client.destroy()

            connection.on("error", lambda error: None)
            connection.write(bytes(10**6))
            await event(client, "close")
            assert len(received) == 1
            await close(server, connection)

        run(main)

    def it_can_have_no_readable_half(self):
        async def main():
            server, port = await listening(lambda connection: connection.end(b"Hello"))
            client = net.connect({"port": port, "host": "127.0.0.1", "readable": False})
            log = Log(client, *MIDDLE)
            await event(client, "connect")
            client.end(b"x")
            await event(client, "close")
            assert log == [("connect",), ("close", False)]
            await close(server)

        run(main)


class DescribePaused:
    """A paused socket reads ahead, so it notices when the other side ends or resets the
    connection."""

    def it_sees_the_end(self):
        async def main():
            server, connection, client = await pair()
            log = Log(connection, *MIDDLE)
            connection.pause()
            client.end()
            await event(connection, "close")
            assert log == [("end",), ("close", False)]
            await close(server)

        run(main)

    def it_sees_the_end_once_what_came_before_it_was_read(self):
        async def main():
            server, connection, client = await pair()
            log = Log(connection, *MIDDLE)
            connection.pause()
            client.end(b"Hello")
            await asyncio.sleep(0.02)
            assert log == []
            connection.resume()
            await event(connection, "close")
            assert log == [("data", b"Hello"), ("end",), ("close", False)]
            await close(server)

        run(main)

    def it_sees_a_reset(self):
        async def main():
            server, connection, wire = await raw_pair()
            log = Log(connection, *MIDDLE)
            connection.pause()
            reset(wire)
            await event(connection, "close")
            assert log == [("error", "ECONNRESET"), ("close", True)]
            await close(server)

        run(main)

    def it_sees_the_end_without_a_listener_for_data(self):
        async def main():
            server, connection, client = await pair()
            connection.end()
            await event(client, "close")
            await close(server)

        run(main)


class DescribeEnd:
    def it_reads_on_after_it_has_ended(self):
        async def main():
            server, connection, client = await pair(allow_half_open=True)
            log = Log(client, *MIDDLE)
            client.end(b"question")
            assert (client.writable, client.ready_state) == (False, "readOnly")
            assert await event(connection, "data") == (b"question",)
            await event(connection, "end")
            assert (connection.readable, connection.readyState) == (False, "writeOnly")
            connection.end(b"answer")
            await event(client, "close")
            assert log == [("data", b"answer"), ("end",), ("close", False)]
            await close(server)

        run(main)

    def it_ends_when_the_other_side_has_ended(self):
        async def main():
            server, connection, client = await pair()
            connection.on("end", lambda: connection.write(b"bye"))
            log = Log(client, *MIDDLE)
            client.end()
            await event(client, "close")
            assert log == [("data", b"bye"), ("end",), ("close", False)]
            await close(server)

        run(main)

    def it_can_end_before_it_is_connected(self):
        async def main():
            server, port = await listening()
            accepted = event(server, "connection")
            client = net.connect(port, "127.0.0.1")
            client.end(b"all")
            (connection,) = await accepted
            assert await event(connection, "data") == (b"all",)
            await event(client, "close")
            await close(server)

        run(main)

    def it_sends_everything_before_it_ends(self):
        async def main():
            server, connection, client = await pair()
            size = 4 * 2**20
            connection.on("end", lambda: connection.write(bytes(size)))
            received = []
            client.on("data", lambda chunk: received.append(len(chunk)))
            client.end()
            await event(client, "close")
            assert sum(received) == size
            await close(server)

        run(main)

    def it_fails_if_something_is_written_afterwards(self):
        async def main():
            server, connection, client = await pair()
            log = Log(client, *MIDDLE)
            client.end()
            assert client.write(b"late") is False
            await event(client, "close")
            assert log == [("error", "ERR_STREAM_WRITE_AFTER_END"), ("close", True)]
            await close(server, connection)

        run(main)

    def it_fails_with_epipe_after_the_other_side_has_ended(self):
        async def main():
            server, connection, wire = await raw_pair()
            connection.cork()  # so that it does not end at once
            connection.write(b"x")
            connection.on("end", lambda: timers.set_immediate(connection.write, b"late"))
            log = Log(connection, *MIDDLE)
            wire.shutdown(socket.SHUT_WR)
            await event(connection, "close")
            wire.close()
            assert [entry for entry in log if entry[0] != "data"] == [
                ("end",),
                ("error", "EPIPE"),
                ("close", True),
            ]
            await close(server)

        run(main)

    def it_may_be_reset_meanwhile(self):
        async def main():
            server, connection, wire = await raw_pair()
            connection.on("error", lambda error: None)
            connection.end()
            reset(wire)
            await event(connection, "close")
            await close(server)

        run(main)

    def it_does_nothing_without_a_connection(self):
        async def main():
            socket = net.Socket()
            log = Log(socket)
            socket.end()
            socket.destroy()
            await event(socket, "close")
            assert log == [("close", False)]

        run(main)


class DescribeDestroy:
    def it_closes_at_once(self):
        async def main():
            server, connection, client = await pair()
            log = Log(client)
            assert client.destroy(ValueError("no more")) is client
            client.destroy(ValueError("ignored"))
            assert (client.destroyed, client.closed, client.ready_state) == (True, True, "closed")
            assert client.write(b"ignored") is False
            await event(client, "close")
            client.destroy()
            client.end()
            client.pause()
            client.resume()
            client.set_no_delay()
            client.set_keep_alive(True)
            client.set_timeout(5)
            await asyncio.sleep(0)
            assert [(name, str(value)) for name, value in log] == [
                ("error", "no more"),
                ("close", "True"),
            ]
            await close(server, connection)

        run(main)

    @pytest.mark.parametrize("where", ["connection", "connect", "data"])
    def it_delivers_what_was_written_before_it(self, where):
        async def main():
            def refuse(socket):
                assert socket.write(b"HTTP/1.1 401 Unauthorized\r\n\r\n") is True
                socket.destroy()

            def on_connection(connection):
                if where == "connection":
                    refuse(connection)
                elif where == "data":
                    connection.on("data", lambda chunk: refuse(connection))
                else:
                    connection.on("data", received.append)
                    connection.on("close", lambda: done.set_result(None))

            received, done = list[Any](), asyncio.get_running_loop().create_future()
            server, port = await listening(on_connection)
            client = net.connect(port, "127.0.0.1")
            if where == "connect":
                client.on("connect", lambda: refuse(client))
                await done
            else:
                client.write(b"x" if where == "data" else b"")
                client.on("data", received.append)
                await event(client, "close")
            assert b"".join(received) == b"HTTP/1.1 401 Unauthorized\r\n\r\n"
            await close(server, client)

        run(main)

    def it_does_not_reset_though_there_is_unread_input(self):
        async def main():
            server, connection, wire = await raw_pair()
            connection.pause()
            wire.sendall(b"unread")
            while connection.readable_length < 6:
                await asyncio.sleep(0)
            connection.write(b"bye")
            connection.destroy()
            assert await in_thread(everything, wire) == (b"bye", "end")
            wire.close()
            await close(server)

        run(main)

    def it_lets_a_server_close_before_its_own_close(self):
        async def main():
            server, connection, client = await pair()
            log = []
            server.on("close", lambda: log.append("server"))
            connection.on("close", lambda: log.append("connection"))
            server.close()
            connection.destroy()
            await event(connection, "close")
            assert log == ["server", "connection"]
            client.destroy()

        run(main)

    def it_emits_close_for_a_socket_that_was_never_connected(self):
        async def main():
            socket = net.Socket()
            log = Log(socket)
            socket.destroy(ValueError("no"))
            await event(socket, "close")
            assert [name for name, *_ in log] == ["error", "close"]
            assert log[-1] == ("close", True)

        run(main)

    def it_fails_to_write_without_a_connection(self):
        async def main():
            socket, calls = net.Socket(), []
            log = Log(socket)
            assert socket.write(b"x", lambda error: calls.append(error.code)) is False
            await event(socket, "close")
            assert log == [("error", "ERR_SOCKET_CLOSED"), ("close", True)]
            assert calls == ["ERR_SOCKET_CLOSED"]

        run(main)

    def it_tells_the_callback_of_a_write_that_waits_for_the_connection(self):
        async def main():
            server, port = await listening()
            client, calls = net.connect(port, "127.0.0.1"), []
            client.write(b"x", lambda error: calls.append(error.code))
            client.write(b"y", lambda error: calls.append(error.code))
            client.destroy()
            await event(client, "close")
            await asyncio.sleep(0)
            assert calls == ["ERR_SOCKET_CLOSED_BEFORE_CONNECTION"] * 2
            await close(server)

        run(main)

    @pytest.mark.parametrize("how", ["close", "end", "destroy", "reset_and_destroy"])
    def it_is_freed_without_the_collector_though_it_was_piped_into_a_driver(self, how):
        async def main():
            references: list[Any] = []
            handled()
            server = net.create_server(lambda socket: wire(websocket.server(), socket, references))
            server.listen(0, "127.0.0.1")
            port = bound(server).port
            driver, socket = websocket.client(f"ws://127.0.0.1:{port}/"), net.Socket()
            wire(driver, socket, references)
            socket.connect(port, "127.0.0.1", driver.start)
            await event(driver, "open")
            closed, ended = event(server, "close"), event(socket, "close")
            server.close()
            getattr(driver if how == "close" else socket, how)()
            await closed
            await ended
            return references

        gc.disable()
        try:
            assert [reference() for reference in run(main)] == [None] * 6
        finally:
            gc.enable()

    def it_is_freed_without_the_collector(self):
        async def main():
            server, connection, client = await pair()
            connection.on("data", lambda chunk: None)
            client.end(b"x")
            closed = event(connection, "close")
            await event(client, "close")
            await closed
            server.accepted.clear()
            await close(server)
            return [weakref.ref(connection), weakref.ref(client)]

        gc.disable()
        try:
            references = run(main)
            assert [reference() for reference in references] == [None, None]
        finally:
            gc.enable()


class DescribeDestroySoon:
    def it_destroys_when_everything_was_sent(self):
        async def main():
            server, connection, wire = await raw_pair()
            connection.write(bytes(10**6))
            connection.destroySoon()
            assert connection.writable is False
            received, how = await in_thread(everything, wire)
            assert (len(received), how) == (10**6, "end")
            assert connection.destroyed is True
            connection.destroy_soon()
            wire.close()
            await close(server)

        run(main)

    def it_destroys_at_once_what_has_finished(self):
        async def main():
            server, connection, wire = await raw_pair()
            connection.end()
            await event(connection, "finish")
            assert connection.destroyed is False
            connection.destroy_soon()
            assert connection.destroyed is True
            wire.close()
            await close(server)

        run(main)


class DescribeReset:
    def it_is_an_error_after_what_came_before_it(self):
        async def main():
            server, connection, wire = await raw_pair()
            log, failed = Log(connection, *MIDDLE), event(connection, "error")
            wire.sendall(b"before")
            reset(wire)
            await event(connection, "close")
            (error,) = await failed
            assert log == [("data", b"before"), ("error", "ECONNRESET"), ("close", True)]
            assert isinstance(error, ConnectionResetError)
            assert isinstance(error, NodeError)
            assert (error.syscall, str(error)) == ("read", "read ECONNRESET")
            await close(server)

        run(main)

    def it_is_an_error_of_writing_too(self):
        async def main():
            server, connection, wire = await raw_pair(pause_on_connect=True)
            connection.on("error", lambda error: None)
            calls = []
            reset(wire)
            await asyncio.sleep(0.01)
            assert connection.write(b"x", lambda error: calls.append(error.syscall)) is False
            await event(connection, "close")
            assert calls == ["write"]
            await close(server)

        run(main)

    def it_is_an_error_of_a_write_that_waits(self):
        async def main():
            server, connection, wire = await raw_pair(pause_on_connect=True)
            connection.on("error", lambda error: None)
            calls = []
            while connection.write(bytes(65536)):
                pass
            connection.end(lambda error: calls.append(error.syscall))
            reset(wire)
            await event(connection, "close")
            assert calls == ["write"]
            await close(server)

        run(main)

    def it_goes_to_the_loop_if_nobody_listens(self):
        async def main():
            contexts = handled()
            server, connection, wire = await raw_pair()
            reset(wire)
            await event(connection, "close")
            assert [context["message"] for context in contexts] == [
                "Unhandled 'error' event of a Socket: add a listener with .on(\"error\", ...)"
            ]
            await close(server)

        run(main)

    def it_can_be_sent(self):
        async def main():
            server, connection, wire = await raw_pair()
            log = Log(connection, *MIDDLE)
            assert connection.resetAndDestroy() is connection
            await event(connection, "close")
            assert log == [("close", False)]
            assert await in_thread(everything, wire) == (b"", "reset")
            wire.close()
            await close(server)

        run(main)

    def it_is_sent_once_there_is_a_connection(self):
        async def main():
            server, port = await listening()
            server.on("connection", lambda connection: Log(connection))
            client = net.connect(port, "127.0.0.1")
            client.reset_and_destroy()
            await event(client, "close")
            await close(server)

        run(main)

    def it_needs_a_connection(self, tmp_path):
        async def main():
            socket = net.Socket()
            log = Log(socket)
            socket.reset_and_destroy()
            await event(socket, "close")
            assert log == [("error", "ERR_SOCKET_CLOSED"), ("close", True)]

            server = net.create_server().listen(str(tmp_path / "socket"))
            accepted = event(server, "connection")
            client = net.connect(str(tmp_path / "socket"))
            await event(client, "connect")
            with pytest.raises(TypeError, match="cannot be reset"):
                client.reset_and_destroy()
            (connection,) = await accepted
            await close(server, connection, client)

        run(main)


class DescribeUvloop:
    """libuv calls once for a connection that was reset, and then stops watching it."""

    @staticmethod
    def run(main):
        loop = pytest.importorskip("uvloop").new_event_loop()
        try:
            loop.run_until_complete(asyncio.wait_for(main(), 15))
        finally:
            loop.close()

    def it_notices_a_reset_that_arrives_together_with_data(self):
        async def main():
            server, connection, wire = await raw_pair()
            log = Log(connection, *MIDDLE)
            wire.sendall(b"before")
            reset(wire)
            await event(connection, "close")
            assert log == [("data", b"before"), ("error", "ECONNRESET"), ("close", True)]
            await close(server)

        self.run(main)

    def it_keeps_a_reset_that_it_has_noticed_until_everything_is_read(self):
        async def main():
            left, right = socket.socketpair()
            chunks = [b"1", b"2", b"3", b""]
            errors = [errno.ECONNRESET]

            class Wire:
                """A socket that is reset after its first chunk, and reports that once."""

                def recv(self, size):
                    return chunks.pop(0)

                def getsockopt(self, level, name):
                    return errors.pop() if errors else 0

                def __getattr__(self, name):
                    return getattr(left, name)

            received: list[Any] = []
            ended = asyncio.get_running_loop().create_future()

            def on_data(chunk):
                received.append(chunk)
                return chunk != b"2"

            transport = Transport(current(), on_data, ended.set_result)
            wire: Any = Wire()
            transport.adopt(wire)
            transport.start_reading()
            right.send(b"x")
            while transport.reading:
                await asyncio.sleep(0)
            assert (received, ended.done()) == ([b"1", b"2"], False)
            transport.start_reading()
            assert (await ended).code == "ECONNRESET"
            assert received == [b"1", b"2", b"3"]
            transport.close(lambda: None)
            right.close()

        self.run(main)

    def it_reads_all_that_there_is_and_lets_others_in_between(self, monkeypatch):
        async def main():
            monkeypatch.setattr(transports, "READS_PER_TURN", 1)
            server, connection, client = await pair()
            received = bytearray()
            connection.on("data", received.extend)
            for _ in range(3):
                client.write(b"x" * 100_000)
            client.end(b"y")
            await event(connection, "close")
            assert received == b"x" * 300_000 + b"y"
            await close(server)

        self.run(main)

    def it_is_refused(self):
        async def main():
            client = net.connect(1, "127.0.0.1")
            (error,) = await event(client, "error")
            assert error.code == "ECONNREFUSED"

        self.run(main)


class DescribeWritesOfOneChunk:
    """The writes of listeners for one chunk are sent in one system call."""

    @staticmethod
    def record(connection):
        sent = []
        transport = connection._transport
        wire = transport._socket

        class Recorder:
            def send(self, data):
                sent.append(bytes(data))
                return wire.send(data)

            def __getattr__(self, name):
                return getattr(wire, name)

        transport._socket = Recorder()
        return sent

    def it_sends_them_together(self):
        async def main():
            server, connection, client = await pair()
            sent = self.record(connection)

            @connection.on("data")
            def on_data(chunk):
                assert [connection.write(b"a"), connection.write(b"b")] == [True, True]
                raise ValueError("no good")

            connection.once("data", lambda chunk: connection.write(b"never"))
            contexts = handled()
            client.write(b"Hello")
            assert await event(client, "data") == (b"ab",)
            assert sent == [b"ab"]
            connection.write(b"d")
            connection.write(b"e")
            assert sent == [b"ab", b"d", b"e"]
            assert [str(context["exception"]) for context in contexts] == ["no good"]
            await close(server, connection, client)

        run(main)

    def it_sends_them_before_the_end(self):
        async def main():
            server, connection, client = await pair()
            connection.on("data", lambda chunk: (connection.write(b"a"), connection.end(b"b")))
            client.write(b"Hello")
            log = Log(client, *MIDDLE)
            await event(client, "close")
            assert log == [("data", b"ab"), ("end",), ("close", False)]
            await close(server)

        run(main)

    def it_does_not_hold_back_much(self):
        async def main():
            server, connection, client = await pair()
            sent = self.record(connection)

            @connection.on("data")
            def on_data(chunk):
                connection.write(b"a")
                connection.write(bytes(100_000))
                sent.append("in the listener")

            client.write(b"Hello")
            received = bytearray()
            client.on("data", received.extend)
            while len(received) < 100_001:
                await event(client, "data")
            assert sent[0] == b"a"
            assert sent.index("in the listener") == 2
            await close(server, connection, client)

        run(main)

    def it_notices_that_the_connection_is_gone(self):
        async def main():
            server, connection, client = await pair()
            transport = connection._transport

            class Broken:
                def __init__(self, wire):
                    self.wire = wire

                def send(self, data):
                    raise BrokenPipeError(errno.EPIPE, "gone")

                def __getattr__(self, name):
                    return getattr(self.wire, name)

            log = Log(connection, *MIDDLE)
            connection.on("data", lambda chunk: connection.write(b"a"))
            transport._socket = Broken(transport._socket)
            client.write(b"Hello")
            await event(connection, "close")
            assert log == [("data", b"Hello"), ("error", "EPIPE"), ("close", True)]

            server.close()
            client.destroy()

        run(main)

    @pytest.mark.parametrize("size", [5, 100_000])
    def it_notices_that_in_a_later_write(self, size):
        async def main():
            server, connection, client = await pair()
            transport = connection._transport

            class Broken:
                def __init__(self, wire):
                    self.wire = wire

                def send(self, data):
                    raise BrokenPipeError(errno.EPIPE, "gone")

                def __getattr__(self, name):
                    return getattr(self.wire, name)

            log = Log(connection, *MIDDLE)

            @connection.on("data")
            def on_data(chunk):
                connection.write(b"a")
                connection.write(bytes(size))
                connection.write(bytes(70_000))

            transport._socket = Broken(transport._socket)
            client.write(b"Hello")
            await event(connection, "close")
            assert log[-2:] == [("error", "EPIPE"), ("close", True)]
            await close(server, client)

        run(main)

    def it_notices_that_while_the_rest_of_them_waits(self):
        async def main():
            server, connection, client = await pair()
            transport = connection._transport

            class Failing:
                def __init__(self, wire):
                    self.wire = wire
                    self.calls = 0

                def send(self, data):
                    self.calls += 1
                    if self.calls == 1:
                        raise BlockingIOError
                    raise BrokenPipeError(errno.EPIPE, "gone")

                def __getattr__(self, name):
                    return getattr(self.wire, name)

            transport._socket = Failing(transport._socket)
            log = Log(connection, *MIDDLE)
            connection.on("data", lambda chunk: connection.write(b"a"))
            client.write(b"Hello")
            await event(connection, "close")
            assert log == [("data", b"Hello"), ("error", "EPIPE"), ("close", True)]
            await close(server, client)

        run(main)

    def it_ends_when_the_rest_of_them_is_sent(self):
        async def main():
            server, connection, client = await pair()
            transport = connection._transport

            class Slow:
                def __init__(self, wire):
                    self.wire = wire
                    self.calls = 0

                def send(self, data):
                    self.calls += 1
                    if self.calls < 3:
                        raise BlockingIOError
                    return self.wire.send(data)

                def __getattr__(self, name):
                    return getattr(self.wire, name)

            transport._socket = Slow(transport._socket)
            connection.on("data", lambda chunk: connection.end(b"bye"))
            log = Log(client, *MIDDLE)
            client.write(b"Hello")
            await event(client, "close")
            assert log == [("data", b"bye"), ("end",), ("close", False)]
            await close(server)

        run(main)

    def it_keeps_what_the_system_does_not_take(self):
        async def main():
            server, connection, client = await pair()
            transport = connection._transport

            class Slow:
                def __init__(self, wire):
                    self.wire = wire
                    self.calls = 0

                def send(self, data):
                    self.calls += 1
                    if self.calls in (1, 3):
                        raise BlockingIOError
                    return self.wire.send(data[:3])

                def __getattr__(self, name):
                    return getattr(self.wire, name)

            transport._socket = Slow(transport._socket)

            @connection.once("data")
            def on_data(chunk):
                connection.write(b"abc")
                connection.write(b"defg")
                timers.set_immediate(lambda: connection.end(b"hi"))

            client.write(b"Hello")
            received = bytearray()
            client.on("data", received.extend)
            await event(client, "close")
            assert received == b"abcdefghi"
            await close(server)

        run(main)


class DescribePipe:
    def it_pipes_into_another_and_back(self):
        async def main():
            server, port = await listening(lambda connection: connection.pipe(connection))
            client = net.connect(port, "127.0.0.1")
            received = bytearray()
            client.on("data", received.extend)
            data = bytes(range(256)) * 4096
            client.end(data)
            await event(client, "close")
            assert received == data
            await close(server)

        run(main)

    def it_is_a_proxy(self):
        async def main():
            half_open = {"allowHalfOpen": True}
            target, target_port = await listening(
                half_open, lambda connection: connection.pipe(connection)
            )

            def forward(connection):
                options: Any = {"port": target_port, "host": "127.0.0.1", **half_open}
                onward = net.connect(options)
                connection.pipe(onward).pipe(connection)

            proxy, port = await listening(half_open, forward)
            client = net.connect(port, "127.0.0.1")
            received = bytearray()
            client.on("data", received.extend)
            client.end(bytes(10**6))
            await event(client, "close")
            assert len(received) == 10**6
            await close(proxy)
            await close(target)

        run(main)


class DescribeTimeout:
    def it_emits_timeout_when_nothing_happens(self):
        async def main():
            server, connection, client = await pair()
            log, calls = Log(client, "timeout"), []
            assert client.set_timeout(5, lambda: calls.append(True)) is client
            assert client.timeout == 5
            await event(client, "timeout")
            assert (log, calls) == ([("timeout",)], [True])
            assert client.destroyed is False
            await close(server, connection, client)

        run(main)

    def it_starts_anew_when_something_is_sent_or_received(self):
        async def main():
            server, connection, client = await pair()
            connection.pipe(connection)
            log = Log(client, "timeout")
            client.setTimeout(1000)
            for _ in range(5):
                await asyncio.sleep(0.02)
                client.write(b"x")
            assert log == []
            await close(server, connection, client)

        run(main)

    def it_can_be_switched_off(self):
        async def main():
            server, connection, client = await pair()
            calls: list[Any] = []
            listener = calls.append
            client.set_timeout(5, listener)
            client.set_timeout(0, listener)
            client.set_timeout(0)
            await asyncio.sleep(0.02)
            assert (calls, client.listener_count("timeout"), client.timeout) == ([], 0, 0)
            await close(server, connection, client)

        run(main)

    def it_does_not_come_while_something_is_being_sent(self):
        async def main():
            server, connection, client = await pair()
            connection.pause()
            while client.write(bytes(65536)):
                pass
            log = Log(client, "timeout")
            client.set_timeout(10)
            client._last_queue_size = 10**9
            await event(client, "timeout")
            await asyncio.sleep(0)
            assert log == [("timeout",)]
            await close(server, connection, client)

        run(main)

    def it_is_an_option_of_connect(self):
        async def main():
            server, port = await listening()
            client = net.connect({"port": port, "host": "127.0.0.1", "timeout": 10})
            assert client.timeout == 10
            await event(client, "timeout")
            await close(server, client)

        run(main)

    @pytest.mark.parametrize(
        ("milliseconds", "kind"),
        [
            (-1, ValueError),
            (float("inf"), ValueError),
            ("5", TypeError),
            (None, TypeError),
            (True, TypeError),
        ],
    )
    def it_refuses_times_that_are_none(self, milliseconds, kind):
        with pytest.raises(kind, match="`milliseconds` must be"):
            net.Socket().set_timeout(milliseconds)

    def it_refuses_a_callback_that_cannot_be_called(self):
        with pytest.raises(TypeError, match="`callback` must be callable"):
            net.Socket().set_timeout(5, "x")  # type: ignore[arg-type]


class DescribeOptions:
    @staticmethod
    def option(connection, level, name):
        return connection._transport._socket.getsockopt(level, name)

    def it_sends_small_writes_at_once(self):
        async def main():
            server, connection, client = await pair()
            no_delay = (socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert self.option(client, *no_delay) and self.option(connection, *no_delay)
            assert client.setNoDelay(False) is client
            assert not self.option(client, *no_delay)
            client.set_no_delay()
            assert self.option(client, *no_delay)
            early = net.Socket({"noDelay": False})
            early.connect(server.address().port, "127.0.0.1")
            await event(early, "connect")
            assert not self.option(early, *no_delay)
            await close(server, connection, client, early)

        run(main)

    def it_keeps_alive(self):
        async def main():
            server, connection, client = await pair()
            keep_alive = (socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            idle = (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
            assert not self.option(client, *keep_alive)
            before = self.option(client, *idle)
            assert client.setKeepAlive(True) is client
            assert (self.option(client, *keep_alive), self.option(client, *idle)) == (1, before)
            client.set_keep_alive(True, 5000)
            probes = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
            assert [self.option(client, socket.IPPROTO_TCP, name) for name in probes] == [5, 1, 10]
            client.set_keep_alive()
            assert not self.option(client, *keep_alive)
            for delay in ("5", None, True):
                with pytest.raises(TypeError, match="`initial_delay` must be"):
                    client.set_keep_alive(True, delay)
            early = net.Socket()
            early.set_keep_alive(True, 7000)
            early.connect(server.address().port, "127.0.0.1")
            await event(early, "connect")
            assert (self.option(early, *keep_alive), self.option(early, *idle)) == (1, 7)
            await close(server, connection, client, early)

        run(main)

    def it_takes_them_from_the_options_of_servers_and_connect(self):
        """test-net-server-keepalive.js, test-net-server-nodelay.js, test-net-connect-keepalive.js,
        test-net-connect-nodelay.js"""

        async def main():
            options: Any = {
                "keepAlive": True,
                "keepAliveInitialDelay": 1500,
                "noDelay": False,
            }
            server, port = await listening(**options)
            accepted = event(server, "connection")
            options.update(port=port, host="127.0.0.1")
            client = net.connect(options)
            await event(client, "connect")
            (connection,) = await accepted
            for side in (client, connection):
                assert self.option(side, socket.SOL_SOCKET, socket.SO_KEEPALIVE)
                assert self.option(side, socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 1
                assert not self.option(side, socket.IPPROTO_TCP, socket.TCP_NODELAY)
            await close(server, client)

        run(main)

    def it_has_none_of_them_on_a_path(self, tmp_path):
        async def main():
            server = net.create_server().listen(str(tmp_path / "socket"))
            client = net.connect(str(tmp_path / "socket"))
            client.set_keep_alive(True)
            client.set_no_delay()
            await event(client, "connect")
            client.set_keep_alive(True)
            client.set_no_delay()
            client.destroy()
            server.on("connection", lambda connection: connection.destroy())
            closed = event(server, "close")
            await asyncio.sleep(0.01)
            server.close()
            await closed

        run(main)

    def it_can_be_referenced_and_unreferenced_at_any_time(self):
        async def main():
            socket = net.Socket()
            assert socket.unref() is socket
            assert socket.ref() is socket
            server, connection, client = await pair()
            assert client.unref() is client
            assert client.ref() is client
            await close(server, connection, client)
            assert client.unref() is client

        run(main)


class DescribeTransport:
    """Rare results of system calls."""

    def it_reads_nothing_if_there_is_nothing_after_all(self):
        async def main():
            server, connection, client = await pair()
            transport = connection._transport
            wire = transport._socket

            class Spurious:
                calls = 0

                def recv(self, size):
                    self.calls += 1
                    if self.calls == 1:
                        raise BlockingIOError
                    return wire.recv(size)

                def __getattr__(self, name):
                    return getattr(wire, name)

            transport._socket = Spurious()
            client.write(b"Hello")
            assert await event(connection, "data") == (b"Hello",)
            await close(server, connection, client)

        run(main)

    def it_takes_options_and_addresses_as_the_system_has_them(self):
        async def main():
            server, connection, client = await pair()
            transport = connection._transport
            transport.set_option(12345, 12345, 1)
            wire = transport._socket

            class Gone:
                def getsockname(self):
                    raise OSError(errno.EINVAL, "gone")

                getpeername = getsockname

            transport._socket = Gone()
            assert (transport.local_address, transport.remote_address) == (None, None)
            transport._socket = wire
            connection.destroy()
            await close(server, client)

        run(main)

    def it_has_nothing_before_there_is_a_socket(self):
        async def main():
            transport = Transport(current(), lambda chunk: True, print)
            assert (transport.local_address, transport.remote_address) == (None, None)
            assert (transport.is_tcp, transport.reading, transport.write_queue_size) == (
                True,
                False,
                0,
            )
            transport.start_reading()
            transport.stop_reading()
            transport.set_option(1, 1, 1)
            closed = asyncio.get_running_loop().create_future()
            transport.reset(lambda: closed.set_result(None))
            await closed

        run(main)

    def it_fails_if_the_system_refuses_at_once(self):
        async def main():
            client = net.connect(80, "255.255.255.255")
            (error,) = await event(client, "error")
            assert error.syscall == "connect"
            assert error.code in ("EACCES", "ENETUNREACH", "EPERM")

        run(main)
