"""Node's net and tls on asyncio."""

import asyncio
import signal
import socket
import ssl
import struct
import threading

import pytest

import websocket_driver as websocket
from spec.wires import PATIENCE, client_context, event, finish, program, run, server_context
from websocket_driver import net


class Log(list):
    """The events of an emitter, in order."""

    EVENTS = ("listening", "connect", "secure_connect", "data", "drain", "end", "error", "close")

    def __init__(self, emitter):
        for name in self.EVENTS:
            emitter.on(name, lambda *args, name=name: self.append((name, *args)))


async def listening(listener=None, **options):
    server = net.create_server(listener, **options)
    ready = event(server, "listening")
    server.listen(0, "127.0.0.1")
    await ready
    return server, server.address().port


async def pair(**options):
    """A server, one of its connections, and the socket at the other end."""
    server, port = await listening(**options)
    accepted = event(server, "connection")
    client = net.connect(port, "127.0.0.1")
    await event(client, "connect")
    (connection,) = await accepted
    return server, connection, client


def handled():
    """What reaches the exception handler of the loop."""
    contexts = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda loop, context: contexts.append(context))
    return contexts


def abort(connection):
    """Resets a connection."""
    wire = connection._transport.get_extra_info("socket")
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.destroy()


class DescribeServer:
    def it_emits_its_events_in_order(self):
        async def main():
            events = []
            server = net.create_server(lambda connection: events.append("connection"))
            server.on("listening", lambda: events.append("listening"))
            server.on("close", lambda: events.append("close"))
            assert server.address() is None
            ready = event(server, "listening")
            assert server.listen(0, "127.0.0.1", lambda: events.append("callback")) is server
            await ready
            address = server.address()
            assert (address.address, address.family) == ("127.0.0.1", "IPv4")

            client = net.connect(address.port, "127.0.0.1")
            await event(client, "connect")
            closed = event(server, "close")
            assert server.close(lambda: events.append("closed")) is server
            assert server.address() is None
            client.end()
            await closed
            assert events == ["listening", "callback", "connection", "close", "closed"]

        run(main)

    def it_is_closed_when_its_last_connection_is(self):
        async def main():
            server, _, client = await pair()
            log = Log(server)
            server.close()
            for _ in range(5):
                await asyncio.sleep(0)
            assert log == []
            closed = event(server, "close")
            client.end()
            await closed
            assert log == [("close",)]

        run(main)

    def it_can_be_closed_before_it_listens(self):
        async def main():
            server = net.create_server()
            log = Log(server)
            server.listen(0, "127.0.0.1")
            closed = event(server, "close")
            server.close()
            await closed
            assert log == [("close",)]

        run(main)

    def it_emits_error_when_it_cannot_listen(self):
        async def main():
            first, port = await listening()
            second = net.create_server()
            log = Log(second)
            closed = event(second, "close")
            second.listen(port, "127.0.0.1")
            await closed
            (name, error), close = log
            assert (name, close) == ("error", ("close",))
            assert isinstance(error, OSError)
            first.close()
            await event(first, "close")

        run(main)

    def it_listens_on_all_addresses_at_one_port(self):
        async def main():
            server = net.create_server(lambda connection: connection.end(b"Hello"))
            server.listen(0)
            await event(server, "listening")
            for host in ("127.0.0.1", "::1"):
                client = net.connect(server.address().port, host)
                assert await event(client, "data") == (b"Hello",)
                await event(client, "close")
            server.close()
            await event(server, "close")

        run(main)

    def it_listens_on_ipv4_where_there_is_nothing_else(self, monkeypatch):
        monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: False)

        async def main():
            server = net.create_server()
            server.listen(0)
            await event(server, "listening")
            assert (server.address().address, server.address().family) == ("0.0.0.0", "IPv4")
            server.close()
            await event(server, "close")

        run(main)

    def it_listens_once_until_it_is_closed(self):
        async def main():
            server, _ = await listening()
            with pytest.raises(RuntimeError, match=r"close\(\) comes first"):
                server.listen(0, "127.0.0.1")
            server.close()
            await event(server, "close")
            server.listen(0, "127.0.0.1")
            await event(server, "listening")
            server.close()
            await event(server, "close")

        run(main)

    def it_calls_back_if_there_is_nothing_to_close(self):
        async def main():
            closed = asyncio.Event()
            net.create_server().close(closed.set)
            await closed.wait()

        run(main)

    @pytest.mark.parametrize("turns", range(6))
    def it_can_be_closed_at_any_moment(self, turns):
        async def main():
            server = net.create_server()
            server.listen(0, "127.0.0.1")
            closed = event(server, "close")
            for _ in range(turns):
                await asyncio.sleep(0)
            server.close()
            await closed

        run(main)

    def it_takes_nothing_but_a_context_for_tls(self):
        async def main():
            with pytest.raises(TypeError, match=r"TLS takes an ssl\.SSLContext, not True"):
                net.create_server(ssl=True)
            with pytest.raises(TypeError, match=r"TLS takes an ssl\.SSLContext, not True"):
                net.connect(443, ssl=True)

        run(main)

    def it_listens_on_ipv6(self):
        async def main():
            server = net.create_server()
            server.listen(0, "::1")
            await event(server, "listening")
            assert server.address().family == "IPv6"
            server.close()
            await event(server, "close")

        run(main)


class DescribeSocket:
    def it_emits_its_events_in_order(self):
        async def main():
            def on_connection(connection):
                connection.on("data", lambda chunk: connection.end(b"you said " + chunk))

            server, port = await listening(on_connection)
            called = []
            client = net.connect(port, "127.0.0.1", lambda: called.append(True))
            log = Log(client)
            client.write(b"Hello")
            await event(client, "close")
            assert log == [
                ("connect",),
                ("data", b"you said Hello"),
                ("end",),
                ("close", False),
            ]
            assert called == [True]
            assert (client.readable, client.writable) == (False, False)
            server.close()
            await event(server, "close")

        run(main)

    def it_knows_where_it_goes(self):
        async def main():
            server, port = await listening()
            accepted = event(server, "connection")
            client = net.connect(port, "127.0.0.1")
            assert (client.remote_address, client.remote_port) == (None, None)
            assert (client.local_address, client.local_port) == (None, None)
            await event(client, "connect")
            (connection,) = await accepted
            assert (client.remote_address, client.remote_port) == ("127.0.0.1", port)
            assert (client.local_address, client.local_port) == (
                "127.0.0.1",
                connection.remote_port,
            )
            assert (client.remoteAddress, client.remotePort) == ("127.0.0.1", port)
            assert (client.localAddress, client.localPort) == ("127.0.0.1", client.local_port)
            assert (client.encrypted, client.authorized) == (False, None)
            client.end()
            server.close()
            await event(server, "close")

        run(main)

    def it_takes_text_and_anything_with_bytes(self):
        async def main():
            server, connection, client = await pair()
            received = bytearray()
            connection.on("data", received.extend)
            reused = bytearray(b"bytearray ")
            for chunk in ("\u00fc ", b"bytes ", reused, memoryview(b"memoryview ")):
                assert client.write(chunk) is True
            reused[:] = b"xxxxxxxxxx"
            client.end("end")
            with pytest.raises(TypeError):
                connection.write(5)
            await event(connection, "end")
            assert bytes(received) == "\u00fc bytes bytearray memoryview end".encode()
            server.close()
            await event(server, "close")

        run(main)

    def it_asks_the_writer_to_wait_and_drains(self):
        async def main():
            server, connection, client = await pair()
            connection.pause()
            total = 0
            while client.write(bytes(65536)):
                total += 65536
            total += 65536
            assert client.write(b"x") is False
            received = 0

            def on_data(chunk):
                nonlocal received
                received += len(chunk)

            connection.on("data", on_data)
            drained = event(client, "drain")
            connection.resume()
            await drained
            assert client.write(b"y") is True
            client.end()
            await event(connection, "end")
            assert received == total + 2
            server.close()
            await event(server, "close")

        run(main)

    def it_can_be_paused_before_it_is_connected(self):
        async def main():
            server, port = await listening(lambda connection: connection.end(b"Hello"))
            client = net.connect(port, "127.0.0.1")
            log = Log(client)
            client.pause()
            await event(client, "connect")
            await asyncio.sleep(0.05)
            assert log == [("connect",)]
            client.pause()
            client.resume()
            await event(client, "close")
            assert log[1:] == [("data", b"Hello"), ("end",), ("close", False)]
            server.close()
            await event(server, "close")

        run(main)

    def it_can_be_resumed_before_it_is_connected(self):
        async def main():
            server, port = await listening(lambda connection: connection.end(b"Hello"))
            client = net.connect(port, "127.0.0.1")
            client.pause()
            client.resume()
            assert await event(client, "data") == (b"Hello",)
            server.close()
            await event(server, "close")

        run(main)

    def it_keeps_what_arrives_before_somebody_listens(self):
        async def main():
            server, port = await listening(lambda connection: connection.end(b"Hello"))
            client = net.connect(port, "127.0.0.1")
            closed = event(client, "close")
            closed_there = event(server, "close")
            await event(client, "connect")
            while not client._incoming:
                await asyncio.sleep(0)
            log = Log(client)
            assert log == []
            await closed
            assert log == [("data", b"Hello"), ("end",), ("close", False)]
            server.close()
            await closed_there

        run(main)

    def it_sees_the_end_without_a_listener_for_data(self):
        async def main():
            server, connection, client = await pair()
            connection.end()
            await event(client, "close")
            server.close()
            await event(server, "close")

        run(main)

    def it_drops_what_nobody_listens_to_when_told_to_resume(self):
        async def main():
            server, connection, client = await pair()
            client.resume()
            connection.end(b"Hello")
            await event(client, "close")
            server.close()
            await event(server, "close")

        run(main)

    def it_sets_options_of_the_system(self):
        async def main():
            server, port = await listening()
            client = net.connect(port, "127.0.0.1")
            assert client.setNoDelay(False) is client
            await event(client, "connect")
            wire = client._transport.get_extra_info("socket")
            no_delay = socket.IPPROTO_TCP, socket.TCP_NODELAY
            keep_alive = socket.SOL_SOCKET, socket.SO_KEEPALIVE
            assert [bool(wire.getsockopt(*no_delay)), bool(wire.getsockopt(*keep_alive))] == [
                False,
                False,
            ]
            client.set_no_delay()
            client.setKeepAlive(True)
            assert [bool(wire.getsockopt(*no_delay)), bool(wire.getsockopt(*keep_alive))] == [
                True,
                True,
            ]
            client.end()
            await event(client, "close")
            client.set_no_delay()
            server.close()
            await event(server, "close")

        run(main)

    def it_reads_after_it_has_ended(self):
        async def main():
            server, connection, client = await pair()
            log = Log(client)
            client.end(b"question")
            client.end(b"ignored")
            assert client.write(b"ignored") is False
            assert await event(connection, "data") == (b"question",)
            connection.end(b"answer")
            await event(client, "close")
            assert log == [("data", b"answer"), ("end",), ("close", False)]
            server.close()
            await event(server, "close")

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
            server.close()
            await event(server, "close")

        run(main)

    def it_sends_what_was_written_before_it_answers_an_end(self):
        async def main():
            server, connection, client = await pair()
            size = 4 * 2**20
            connection.on("end", lambda: connection.write(bytes(size)))
            received = []
            client.on("data", lambda chunk: received.append(len(chunk)))
            client.end()
            await event(client, "close")
            assert sum(received) == size
            server.close()
            await event(server, "close")

        run(main)

    def it_is_destroyed_at_once(self):
        async def main():
            server, _, client = await pair()
            log = Log(client)
            client.destroy(ValueError("no more"))
            client.destroy(ValueError("ignored"))
            assert client.write(b"ignored") is False
            await event(client, "close")
            assert [(name, str(value)) for name, value in log] == [
                ("error", "no more"),
                ("close", "True"),
            ]
            server.close()
            await event(server, "close")

        run(main)

    def it_can_be_destroyed_before_it_is_connected(self):
        async def main():
            server, port = await listening()
            client = net.connect(port, "127.0.0.1")
            log = Log(client)
            client.destroy()
            await event(client, "close")
            assert log == [("close", False)]
            server.close()
            await event(server, "close")

        run(main)

    def it_emits_error_and_close_when_it_is_refused(self):
        async def main():
            server, port = await listening()
            server.close()
            await event(server, "close")
            client = net.connect(port, "127.0.0.1")
            log = Log(client)
            await event(client, "close")
            (name, error), close = log
            assert (name, close) == ("error", ("close", True))
            assert isinstance(error, ConnectionRefusedError)

        run(main)

    def it_emits_error_and_close_when_it_is_reset(self):
        async def main():
            server, connection, client = await pair()
            log = Log(client)
            abort(connection)
            await event(client, "close")
            (name, error), close = log
            assert (name, close) == ("error", ("close", True))
            assert isinstance(error, ConnectionResetError)
            server.close()
            await event(server, "close")

        run(main)

    def it_can_end_after_the_other_side_is_gone(self):
        async def main():
            server, _, client = await pair()
            client._transport.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
            client.on("error", lambda error: None)
            client._transport.write_eof = lambda: (_ for _ in ()).throw(OSError("not connected"))
            closed = event(client, "close")
            client.end()
            await closed
            server.close()
            await event(server, "close")

        run(main)

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
            server.close()
            await event(server, "close")

        run(main)

    def it_writes_once_for_each_chunk_that_comes_in(self):
        async def main():
            server, connection, client = await pair()
            writes = []
            connection._transport = Recorder(connection._transport, writes)

            @connection.on("data")
            def on_data(chunk):
                connection.write(b"a")
                connection.write(b"b")
                raise ValueError("no good")

            connection.once("data", lambda chunk: connection.write(b"c"))
            contexts = handled()
            client.write(b"Hello")
            assert await event(client, "data") == (b"ab",)
            assert writes == [b"ab"]
            connection.write(b"d")
            connection.write(b"e")
            assert writes == [b"ab", b"d", b"e"]
            assert [str(context["exception"]) for context in contexts] == ["no good"]
            client.end()
            server.close()
            await event(server, "close")

        run(main)


class Recorder:
    """A transport that notes what is written to it."""

    def __init__(self, transport, writes):
        self._transport = transport
        self._writes = writes

    def write(self, data):
        self._writes.append(data)
        self._transport.write(data)

    def __getattr__(self, name):
        return getattr(self._transport, name)


class DescribeErrors:
    def it_gives_those_that_nobody_listens_to_to_the_loop(self):
        async def main():
            contexts = handled()
            server, connection, client = await pair()
            abort(connection)
            await event(client, "close")
            assert [str(context["message"]) for context in contexts] == [
                "Nobody listens to the error of a Socket"
            ]
            assert isinstance(contexts[0]["exception"], ConnectionResetError)
            other = net.connect(server.address().port, "127.0.0.1")
            await event(other, "connect")
            other.end()
            server.close()
            await event(server, "close")

        run(main)

    def it_gives_those_of_listeners_to_the_loop_and_goes_on(self):
        async def main():
            contexts = handled()
            received = []

            def on_connection(connection):
                connection.on("data", lambda chunk: received.append(chunk) or 1 / 0)
                connection.on("end", lambda: 1 / 0)
                connection.on("close", lambda had_error: 1 / 0)
                connection.on("error", lambda error: 1 / 0)
                raise ZeroDivisionError

            server, port = await listening(on_connection)
            client = net.connect(port, "127.0.0.1")
            connected = event(client, "connect")
            client.on("connect", lambda: 1 / 0)
            await connected
            client.write(b"a")
            while not received:
                await asyncio.sleep(0)
            client.end(b"b")
            await event(client, "close")
            server.close()
            await event(server, "close")
            assert received == [b"a", b"b"]
            assert sorted(context["message"] for context in contexts) == [
                "Exception in a listener for 'close'",
                "Exception in a listener for 'connect'",
                "Exception in a listener for 'connection'",
                "Exception in a listener for 'data'",
                "Exception in a listener for 'data'",
                "Exception in a listener for 'end'",
            ]
            assert {type(context["exception"]) for context in contexts} == {ZeroDivisionError}

        run(main)


class DescribeTls:
    def it_carries_data_both_ways(self, certificate):
        async def main():
            server, port = await listening(
                lambda connection: connection.pipe(connection), ssl=server_context(certificate)
            )
            accepted = event(server, "connection")
            client = net.connect(port, "localhost", ssl=client_context(certificate))
            log = Log(client)
            node = event(client, "secureConnect")
            client.write(b"Hello")
            await event(client, "data")
            assert log == [("connect",), ("secure_connect",), ("data", b"Hello")]
            assert node.done()
            (connection,) = await accepted
            assert (client.encrypted, client.authorized) == (True, True)
            assert (connection.encrypted, connection.authorized) == (True, False)
            request = websocket.Request("GET", "/", {})
            request.connection = connection
            assert websocket.is_secure_request(request) is True
            closed = event(client, "close")
            client.end()
            await closed
            server.close()
            await event(server, "close")

        run(main)

    def it_is_authorized_only_by_a_certificate_that_was_verified(self, certificate):
        async def main():
            context = server_context(certificate)
            context.load_verify_locations(certificate)
            context.verify_mode = ssl.CERT_OPTIONAL
            server, port = await listening(ssl=context)
            for certified in (False, True):
                accepted = event(server, "connection")
                own = client_context(certificate)
                if certified:
                    own.load_cert_chain(certificate)
                client = net.connect(port, "localhost", ssl=own)
                assert (client.encrypted, client.authorized) == (True, False)
                (connection,) = await accepted
                assert connection.authorized is certified
                client.end()
                await event(client, "close")
            server.close()
            await event(server, "close")

        run(main)

    def it_keeps_what_arrives_before_somebody_listens(self, certificate):
        def serve():
            wire, _ = listener.accept()
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            session = server_context(certificate).wrap_bio(incoming, outgoing, server_side=True)

            def ends(step):
                try:
                    step()
                except ssl.SSLWantReadError:
                    return False
                return True

            with wire:
                while not ends(session.do_handshake):
                    wire.sendall(outgoing.read())
                    incoming.write(wire.recv(65536))
                session.write(b"Hello")
                ends(session.unwrap)
                wire.sendall(outgoing.read())
                while wire.recv(65536):
                    pass

        async def main():
            port = listener.getsockname()[1]
            client = net.connect(port, "localhost", ssl=client_context(certificate))
            while not client._lost:
                await asyncio.sleep(0)
            log = Log(client)
            assert log == []
            await event(client, "close")
            assert log == [("data", b"Hello"), ("end",), ("close", False)]

        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=serve)
            thread.start()
            run(main)
            thread.join()

    def it_ends_whatever_the_other_side_goes_on_to_say(self, certificate):
        async def main():
            server, port = await listening(ssl=server_context(certificate))
            accepted = event(server, "connection")
            client = net.connect(port, "localhost", ssl=client_context(certificate))
            (connection,) = await accepted
            log = Log(client)
            client.end()
            while connection.write(b"more"):
                await asyncio.sleep(0)
            closed = event(server, "close")
            server.close()
            await closed
            while not client._closed:
                await event(client, "close")
            assert log[-2:] == [("end",), ("close", False)]

        run(main)

    def it_says_that_it_is_secure_before_it_gives_data(self, certificate):
        def serve():
            for _ in range(20):
                wire, _ = listener.accept()
                with server_context(certificate).wrap_socket(wire, server_side=True) as secure:
                    secure.sendall(b"Hello")
                    secure.recv(1)

        async def main():
            port = listener.getsockname()[1]
            for _ in range(20):
                client = net.connect(port, "localhost", ssl=client_context(certificate))
                log = Log(client)
                await event(client, "data")
                assert log == [("connect",), ("secure_connect",), ("data", b"Hello")]
                client.end(b"!")
                await event(client, "close")

        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=serve)
            thread.start()
            run(main)
            thread.join()

    def it_refuses_a_certificate_that_is_not_trusted(self, certificate):
        async def main():
            server, port = await listening(ssl=server_context(certificate))
            client = net.connect(port, "localhost", ssl=ssl.create_default_context())
            log = Log(client)
            await event(client, "close")
            (name, error), close = log
            assert (name, close) == ("error", ("close", True))
            assert isinstance(error, ssl.SSLCertVerificationError)

            good = net.connect(
                port, "127.0.0.1", ssl=client_context(certificate), server_hostname="localhost"
            )
            await event(good, "secure_connect")
            good.end()
            server.close()
            await event(server, "close")

        run(main)

    def it_survives_peers_that_speak_something_else(self, certificate):
        async def main():
            server, port = await listening(ssl=server_context(certificate))
            handled()
            stranger = net.connect(port, "127.0.0.1")
            stranger.on("error", lambda error: None)
            stranger.write(b"GET / HTTP/1.1\r\n\r\n")
            await event(stranger, "close")
            server.close()
            await event(server, "close")

        run(main)


class DescribeStartTls:
    """A server that speaks plain text for one line, and TLS from then on."""

    @staticmethod
    async def serve(certificate):
        async def handler(reader, writer):
            line = await reader.readline()
            writer.write(b"go ahead\n")
            await writer.drain()
            if line == b"tls please\n":
                try:
                    await writer.start_tls(server_context(certificate))
                    while chunk := await reader.read(65536):
                        writer.write(chunk)
                except (OSError, ssl.SSLError):
                    pass
            writer.close()

        server = await asyncio.start_server(handler, "127.0.0.1", 0)
        return server, server.sockets[0].getsockname()[1]

    @pytest.mark.skipif(
        not hasattr(asyncio.StreamWriter, "start_tls"),
        reason="asyncio's streams start TLS from Python 3.11 on",
    )
    def it_goes_on_with_tls(self, certificate):
        async def main():
            server, port = await self.serve(certificate)
            client = net.connect(port, "127.0.0.1")
            log = Log(client)
            called = []

            @client.once("data")
            def on_data(chunk):
                client.start_tls(
                    client_context(certificate), "localhost", lambda: called.append(True)
                )
                client.write(b"sec")
                client.write(b"ret")

            client.write(b"tls please\n")
            await event(client, "secure_connect")
            assert (client.encrypted, client.authorized) == (True, True)
            while log[-1][0] != "data" or log[-1][1] == b"go ahead\n":
                await event(client, "data")
            assert log == [
                ("connect",),
                ("data", b"go ahead\n"),
                ("secure_connect",),
                ("data", b"secret"),
            ]
            assert called == [True]
            closed = event(client, "close")
            client.end()
            await closed
            server.close()
            await server.wait_closed()

        run(main)

    @pytest.mark.skipif(
        not hasattr(asyncio.StreamWriter, "start_tls"),
        reason="asyncio's streams start TLS from Python 3.11 on",
    )
    def it_can_be_ended_meanwhile(self, certificate):
        async def main():
            server, port = await self.serve(certificate)
            client = net.connect(port, "127.0.0.1")
            client.write(b"tls please\n")
            await event(client, "data")
            client.start_tls(client_context(certificate), "localhost")
            client.end()
            await event(client, "close")
            server.close()
            await server.wait_closed()

        run(main)

    def it_emits_error_and_close_when_that_fails(self, certificate):
        async def main():
            server, port = await self.serve(certificate)
            client = net.connect(port, "127.0.0.1")
            client.write(b"no tls\n")
            await event(client, "data")
            log = Log(client)
            client.start_tls(client_context(certificate), "localhost")
            await event(client, "close")
            assert [entry[0] for entry in log][-2:] == ["error", "close"]
            assert log[-1] == ("close", True)
            server.close()
            await server.wait_closed()

        run(main)

    def it_can_be_called_as_soon_as_there_is_a_connection(self, certificate):
        async def main():
            server, port = await listening(
                lambda connection: connection.pipe(connection), ssl=server_context(certificate)
            )
            client = net.connect(port, "127.0.0.1")
            context = client_context(certificate)
            client.on("connect", lambda: client.startTls(context, "localhost"))
            client.write(b"Hello")
            assert await event(client, "data") == (b"Hello",)
            closed = event(client, "close")
            client.end()
            await closed
            server.close()
            await event(server, "close")

        run(main)

    def it_can_be_paused_meanwhile(self, certificate):
        async def main():
            server, port = await listening(
                lambda connection: connection.pipe(connection), ssl=server_context(certificate)
            )
            client = net.connect(port, "127.0.0.1")
            await event(client, "connect")
            log = Log(client)
            client.start_tls(client_context(certificate), "localhost")
            client.pause()
            client.write(b"Hello")
            await event(client, "secure_connect")
            await asyncio.sleep(0.05)
            assert log == [("secure_connect",)]
            client.resume()
            assert await event(client, "data") == (b"Hello",)
            client.end()
            await event(client, "close")
            server.close()
            await event(server, "close")

        run(main)

    def it_takes_more_when_the_text_before_it_is_sent(self, certificate):
        size = 2**24
        reading = threading.Event()

        def serve():
            wire, _ = listener.accept()
            with wire:
                left = size
                assert reading.wait(PATIENCE)
                while left:
                    left -= len(wire.recv(min(left, 65536)))
                with server_context(certificate).wrap_socket(wire, server_side=True) as secure:
                    assert secure.recv(1) == b"x"
                    assert secure.recv(1) == b""

        async def main():
            client = net.connect(listener.getsockname()[1], "127.0.0.1")
            await event(client, "connect")
            while client._task is not None:
                await asyncio.sleep(0)
            assert client.write(bytes(size)) is False
            reading.set()
            drained = event(client, "drain")
            client.start_tls(client_context(certificate), "localhost")
            await drained
            assert client.write(b"x") is True
            client.end()
            await event(client, "close")

        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=serve)
            thread.start()
            run(main)
            thread.join()

    def it_takes_nothing_but_a_context(self):
        async def main():
            server, _, client = await pair()
            with pytest.raises(TypeError, match=r"TLS takes an ssl\.SSLContext, not None"):
                client.start_tls(None)
            client.end()
            await event(client, "close")
            server.close()
            await event(server, "close")

        run(main)

    def it_needs_a_connection(self, certificate):
        async def main():
            client = net.connect(9, "127.0.0.1")
            with pytest.raises(RuntimeError, match="needs a connection"):
                client.start_tls(client_context(certificate))
            client.destroy()
            await event(client, "close")

        run(main)


class DescribeNodeSpellings:
    def it_has_them(self):
        assert net.createServer is net.create_server
        assert net.createConnection is net.connect
        assert net.create_connection is net.connect


class DescribeRun:
    SCRIPT = """
from websocket_driver import net

server = net.create_server(lambda connection: connection.pipe(connection))

def on_listening():
    client = net.connect(server.address().port, "127.0.0.1")
    client.on("data", lambda chunk: (print(chunk), client.end()))
    client.on("close", lambda had_error: server.close())
    client.write(b"Hello")

server.listen(0, "127.0.0.1", on_listening)
net.run()
print("done")
"""

    def it_runs_a_script_laid_out_as_in_node(self):
        with program("-c", self.SCRIPT) as process:
            assert finish(process) == "b'Hello'\ndone\n"

    def it_ends_with_the_status_that_a_listener_asks_for(self):
        script = self.SCRIPT.replace("print(chunk)", "exit(3)")
        with program("-c", script) as process:
            assert finish(process, 3) == ""

    def it_raises_keyboard_interrupt_if_nobody_takes_it(self):
        script = """
from websocket_driver import net
net.create_server().listen(0, "127.0.0.1", lambda: print(":0"))
try:
    net.run()
except KeyboardInterrupt:
    print("interrupted")
"""
        with program("-c", script) as process:
            process.stdout.readline()
            process.send_signal(signal.SIGINT)
            assert finish(process) == "interrupted\n"

    def it_returns_at_once_if_nothing_is_open(self):
        assert net.run() is None

    def it_returns_when_everything_is_closed(self):
        chunks = []
        server = net.create_server(lambda connection: connection.end(b"Hello"))

        def on_listening():
            client = net.connect(server.address().port, "127.0.0.1")
            client.on("data", chunks.append)
            client.on("close", lambda had_error: server.close())

        server.listen(0, "127.0.0.1", on_listening)
        net.run()
        assert chunks == [b"Hello"]

    def it_waits_for_tasks(self):
        done = []
        server = net.create_server()

        @server.on("close")
        async def on_close():
            await asyncio.sleep(0.01)
            done.append(True)

        server.listen(0, "127.0.0.1", server.close)
        net.run()
        assert done == [True]

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def it_calls_on_interrupt(self, number):
        calls = []
        server = net.create_server()
        server.listen(0, "127.0.0.1", lambda: signal.raise_signal(number))
        net.run(on_interrupt=lambda: (calls.append(True), server.close()))
        assert calls == [True]

    def it_cuts_off_what_is_left_after_a_time(self, monkeypatch):
        monkeypatch.setattr(net, "GRACE_SECONDS", 0.01)
        sockets = self._start(lambda: signal.raise_signal(signal.SIGINT))
        net.run(on_interrupt=lambda: None)
        assert [socket.writable for socket in sockets] == [False, False]

    def it_cuts_off_what_is_left_at_the_next_interrupt(self, monkeypatch):
        monkeypatch.setattr(net, "GRACE_SECONDS", 1000)
        sockets = self._start(lambda: signal.raise_signal(signal.SIGINT))
        loop = net._current_loop()
        net.run(on_interrupt=lambda: loop.call_soon(signal.raise_signal, signal.SIGINT))
        assert [socket.writable for socket in sockets] == [False, False]

    def it_ends_tasks_and_handshakes_too(self, certificate, monkeypatch):
        monkeypatch.setattr(net, "GRACE_SECONDS", 0.01)
        ended = []
        server = net.create_server(ssl=server_context(certificate))

        @server.on("listening")
        async def on_listening():
            try:
                # It never says a word of TLS.
                net.connect(server.address().port, "127.0.0.1")
                await asyncio.sleep(0.05)
                signal.raise_signal(signal.SIGINT)
                await asyncio.Event().wait()
            finally:
                ended.append(True)

        server.listen(0, "127.0.0.1")
        net.run(on_interrupt=server.close)
        assert ended == [True]

    def it_ends_a_client_that_connects_again_whenever_it_is_closed(self, monkeypatch):
        monkeypatch.setattr(net, "GRACE_SECONDS", 0.01)
        server = net.create_server()

        def connect(*_):
            client = net.connect(port, "127.0.0.1")
            client.on("error", lambda error: None)
            client.on("close", connect)
            return client

        def on_listening():
            nonlocal port
            port = server.address().port
            connect().on("connect", lambda: signal.raise_signal(signal.SIGINT))

        port = None
        server.listen(0, "127.0.0.1", on_listening)
        net.run(on_interrupt=server.close)

    def it_closes_everything_when_something_is_raised(self):
        def fail():
            raise SystemExit(3)

        sockets = self._start(fail)
        with pytest.raises(SystemExit):
            net.run()
        assert [socket.writable for socket in sockets] == [False, False]
        assert net._script is None

    def it_does_without_signal_handlers_where_there_are_none(self, monkeypatch):
        loop = net._current_loop()

        def add_signal_handler(*arguments):
            raise NotImplementedError

        monkeypatch.setattr(loop, "add_signal_handler", add_signal_handler)
        server = net.create_server()
        server.listen(0, "127.0.0.1", server.close)
        net.run(on_interrupt=lambda: None)
        assert net._script is None

    def it_cannot_be_called_inside_a_running_loop(self):
        async def main():
            with pytest.raises(RuntimeError, match="inside a running loop"):
                net.run()

        run(main)

    @staticmethod
    def _start(then):
        """A connection that nobody closes; `then` is called when it is there."""
        sockets = []
        server = net.create_server(sockets.append)

        def on_listening():
            client = net.connect(server.address().port, "127.0.0.1")
            sockets.append(client)
            client.once("data", lambda chunk: then())

        server.on("connection", lambda connection: connection.write(b"Hello"))
        server.listen(0, "127.0.0.1", on_listening)
        return sockets
