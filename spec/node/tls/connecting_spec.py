"""`tls.connect()`: its forms, TLS over another stream, and TLS inside TLS."""

import asyncio
import ssl
from typing import Any

import pytest

from spec.node.tls import certificates
from spec.node.tls.actors import Actors, Trace, close, settled
from spec.wires import bound, event, run
from websocket_driver.errors import ConfigurationError
from websocket_driver.node import net, tls
from websocket_driver.node.stream import Duplex

CA = certificates.authority().cert


def echo(socket):
    socket.pipe(socket)


class DescribeConnect:
    class DescribeForms:
        @pytest.mark.parametrize(
            "form",
            [
                lambda port, f: tls.connect(port, "localhost", {"ca": CA}, f),
                lambda port, f: tls.connect(str(port), "127.0.0.1", f, ca=CA),
                lambda port, f: tls.connect(port, {"ca": CA}, f),
                lambda port, f: tls.connect(port, f, ca=CA),
                lambda port, f: tls.connect(port, None, {"ca": CA, "host": "localhost"}, f),
                lambda port, f: tls.connect({"port": port, "ca": CA}, f),
                lambda port, f: tls.connect({"port": port, "ca": CA}, f, servername="localhost"),
                lambda port, f: tls.connect(f, port=port, ca=CA),
                lambda port, f: tls.connect(port=port, ca=CA).once("secure_connect", f),
            ],
        )
        def it_takes_nodes_forms(self, form):
            async def main():
                actors = Actors(lambda socket: socket.end())
                called = asyncio.get_running_loop().create_future()
                form(actors.port, lambda: called.set_result(None))
                await called
                await actors.change()
                await settled(*actors.traces)
                await actors.end()

            run(main)

        def it_takes_the_path_of_a_unix_socket(self, tmp_path):
            async def main():
                pair = certificates.localhost()
                path = str(tmp_path / "socket")
                server = tls.create_server(cert=pair.cert, key=pair.key)
                server.on("secure_connection", lambda socket: socket.end("hi"))
                server.listen(path)
                client = tls.connect(path, {"ca": CA, "servername": "localhost"})
                trace = Trace(client, ["data", "close"])
                await settled(trace)
                await close(server)
                assert trace == [b"hi", ("close", False)]
                with pytest.raises(ConfigurationError, match=r"^servername is missing"):
                    tls.connect(path, {"ca": CA})

            run(main)

        @pytest.mark.parametrize(
            "arguments",
            [
                (),
                (None,),
                ({},),
                (1, 2, 3),
                ([],),
                (80, "localhost", "x"),
                (80, "localhost", {}, "x"),
                ({"port": 80}, "x"),
            ],
        )
        def it_raises_for_any_other(self, arguments):
            with pytest.raises(TypeError):
                tls.connect(*arguments)

        @pytest.mark.parametrize(
            "options, message",
            [
                ({"rejectUnauthorised": False}, "Unrecognized option: rejectUnauthorised.*"),
                ({"max_version": "TLSv9"}, "max_version must be one of .*"),
                ({"ca": "no\npem"}, "ca is neither PEM .*"),
            ],
        )
        def it_raises_for_options_that_cannot_be_used(self, options, message):
            with pytest.raises(ConfigurationError, match=rf"^{message}$"):
                tls.connect(1, options)

        @pytest.mark.parametrize(
            "options",
            [{"servername": 5}, {"reject_unauthorized": None, "request_cert": "yes"}, {"ca": 5}],
        )
        def it_raises_for_values_of_the_wrong_type(self, options):
            with pytest.raises(TypeError):
                tls.connect(1, options)

        @pytest.mark.parametrize("asks", [True, False])
        def it_verifies_whatever_request_cert_is(self, asks):
            async def main():
                actors = Actors()
                _, trace = actors.connect(ca=None, request_cert=asks)
                await settled(trace)
                await actors.end()
                return trace

            code = "UNABLE_TO_VERIFY_LEAF_SIGNATURE"
            assert run(main)[-2:] == [("error", code), ("close", True)]

        def it_raises_for_a_name_that_is_none(self):
            with pytest.raises(ValueError, match=r"idna|leading dot"):
                tls.connect(1, servername=".example.com")

        def it_emits_the_error_of_the_connection(self):
            async def main():
                server = net.create_server().listen(0, "127.0.0.1")
                port = bound(server).port
                await close(server)
                trace = Trace(tls.connect(port, "127.0.0.1"))
                await settled(trace)
                return trace

            assert run(main) == [("error", "ECONNREFUSED"), ("close", True)]

    class DescribeSecureContext:
        @staticmethod
        def context(**more):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(cadata=CA)
            for name, value in more.items():
                setattr(context, name, value)
            return context

        def it_is_used_as_it_is(self):
            async def main():
                actors = Actors(lambda socket: socket.end("hi"))
                client = tls.connect(actors.port, {"secureContext": self.context()})
                trace = Trace(client, ["data", "close"])
                await settled(trace)
                await actors.end()
                assert client.authorized is True
                assert trace == [b"hi", ("close", False)]

            run(main)

        def it_may_verify_nothing_if_that_is_said_twice(self):
            async def main():
                context = self.context(check_hostname=False, verify_mode=ssl.CERT_NONE)
                actors = Actors(lambda socket: socket.end("hi"))
                options: Any = {"secure_context": context, "reject_unauthorized": False}
                client = tls.connect(actors.port, options)
                trace = Trace(client, ["data", "close"])
                await settled(trace)
                await actors.end()
                assert client.authorized is False
                assert trace == [b"hi", ("close", False)]

            run(main)

        @pytest.mark.parametrize(
            "attributes, options, message",
            [
                ({"check_hostname": False, "verify_mode": ssl.CERT_NONE}, {}, "does not verify"),
                ({}, {"reject_unauthorized": False}, "verifies certificates"),
                ({"check_hostname": False}, {}, "does not check the name"),
                ({}, {"ca": CA}, "^ca: set it in secure_context instead"),
            ],
        )
        def it_is_refused_if_it_contradicts_the_options(self, attributes, options, message):
            context = self.context(**attributes)
            with pytest.raises(ConfigurationError, match=message):
                tls.connect(1, {"secure_context": context, **options})  # type: ignore[call-overload]

    class DescribeSocket:
        """The option `socket`: STARTTLS."""

        def it_begins_on_a_connection_that_is_there(self):
            async def main():
                actors = Actors(echo)
                raw, raw_trace = actors.connect_plain()
                await event(raw, "connect")
                client: Any
                client, trace = actors.start_tls(raw, lambda: client.write("hello"))
                client.on("data", lambda chunk: client.end())
                await settled(trace, raw_trace)
                await actors.end()
                return trace, raw_trace, client

            client, raw, socket = run(main)
            assert client == [
                "secure_connect",
                "secure",
                b"hello",
                "finish",
                "end",
                ("close", False),
            ]
            assert raw == ["connect", "ready", "finish", ("close", False)]
            assert socket.remote_address is None

        def it_begins_on_one_that_is_on_its_way(self):
            async def main():
                actors = Actors(echo)
                raw, raw_trace = actors.connect_plain()
                client, trace = actors.start_tls(raw, host="example.com", port=443, timeout=60_000)
                assert (client.connecting, client.pending, client.timeout) == (True, True, 60_000)
                client.end("hello")
                await settled(trace, raw_trace)
                await actors.end()
                return trace

            assert run(main) == [
                "connect",
                "secure_connect",
                "secure",
                "finish",
                b"hello",
                "end",
                ("close", False),
            ]

        def it_waits_for_one_that_is_not_on_its_way_yet(self):
            async def main():
                actors = Actors(echo)
                raw = net.Socket()
                client, trace = actors.start_tls(raw)
                client.end("hello")
                raw.connect(actors.port, "127.0.0.1")
                await settled(trace)
                await actors.end()
                return trace

            assert b"hello" in run(main)

        def it_does_not_connect_its_stream(self):
            """Node's `connect()` never ends then."""

            async def main():
                actors = Actors(echo)
                raw = net.Socket()
                client, trace = actors.start_tls(raw)
                client.connect(actors.port, "127.0.0.1")
                await settled(trace)
                await actors.end()
                return trace

            assert run(main) == [("error", "EALREADY"), ("close", True)]

        def it_may_have_had_an_encoding(self):
            """The encoding was for lines of text before TLS."""

            async def main():
                actors = Actors(echo)
                raw, _ = actors.connect_plain()
                raw.set_encoding("utf8")
                await event(raw, "connect")
                client, trace = actors.start_tls(raw)
                client.end(bytes(range(256)))
                await settled(trace)
                await actors.end()
                return trace

            assert bytes(range(256)) in run(main)

        @pytest.mark.parametrize("plain", [b"EVIL plain text \xc3\xa9", b"EVIL plain text \xff"])
        def it_fails_if_text_was_not_read(self, plain):
            async def main():
                server = net.create_server(lambda raw: raw.resume().write(plain))
                server.listen(0, "127.0.0.1")
                raw = net.connect(bound(server).port, "127.0.0.1")
                raw.set_encoding("utf8")
                await event(raw, "connect")
                raw.pause()
                while not raw.readable_length:
                    await asyncio.sleep(0)
                client = tls.connect({"socket": raw, "servername": "localhost", "ca": CA})
                trace = Trace(client)
                await settled(trace)
                await close(server)
                return trace

            assert run(main) == [("error", "ERR_SSL_WRONG_VERSION_NUMBER"), ("close", True)]

        def it_emits_its_error_before_its_close_when_the_stream_is_gone(self):
            async def main():
                stream = Duplex()
                stream.destroy()
                socket = tls.TLSSocket(stream, {"reject_unauthorized": False})
                trace = Trace(socket)
                socket.destroy(ValueError("late"))
                await settled(trace)
                assert trace == [("error", "late"), ("close", True)]

            run(main)

        def it_keeps_encrypted_bytes_from_those_who_read_the_stream(self):
            async def main():
                actors = Actors(echo)
                raw, _ = actors.connect_plain()
                heard, piped = list[Any](), Trace(net.Socket(), list[Any]())
                raw.on("data", heard.append)
                raw.on("end", lambda: heard.append("end"))
                raw.pipe(Collector(heard))
                await event(raw, "connect")
                client: Any
                client, trace = actors.start_tls(raw, lambda: client.end("hello"))
                await settled(trace)
                await actors.end()
                assert heard == [] and piped == []
                assert b"hello" in trace

            run(main)

        def it_waits_for_what_was_written_before(self):
            """Such a write may be the command that starts TLS."""

            async def main():
                heard = []
                pair = certificates.localhost()

                def accept(raw):
                    def start(chunk):
                        heard.append(chunk)
                        options: Any = {"is_server": True, "cert": pair.cert, "key": pair.key}
                        socket = tls.TLSSocket(raw, options)
                        socket.on("data", lambda chunk: socket.end(chunk.upper()))

                    raw.once("data", start)

                server = net.create_server(accept).listen(0, "127.0.0.1")
                raw = net.connect(bound(server).port, "127.0.0.1")
                raw.write("STARTTLS\r\n")
                await event(raw, "connect")
                while not heard:
                    await asyncio.sleep(0)
                client: Any
                client = tls.connect(
                    {"socket": raw, "servername": "localhost", "ca": CA},
                    lambda: client.write("hello"),
                )
                trace = Trace(client)
                await settled(trace)
                await close(server)
                assert heard == [b"STARTTLS\r\n"]
                assert b"HELLO" in trace

            run(main)

        @pytest.mark.parametrize("plain", [b"EVIL", b"EVIL plain text that is long enough"])
        def it_never_delivers_bytes_from_before_the_handshake(self, plain):
            async def main():
                pair = certificates.localhost()

                def accept(raw):
                    raw.write(plain)
                    options: Any = {"is_server": True, "cert": pair.cert, "key": pair.key}
                    socket = tls.TLSSocket(raw, options)
                    socket.on("error", lambda error: None)

                server = net.create_server(accept).listen(0, "127.0.0.1")
                raw = net.connect(bound(server).port, "127.0.0.1")
                await event(raw, "connect")
                raw.pause()
                while not raw.readable_length:
                    await asyncio.sleep(0)
                client = tls.connect({"socket": raw, "servername": "localhost", "ca": CA})
                trace = Trace(client)
                await settled(trace)
                await close(server)
                return trace

            assert run(main) == [("error", "ERR_SSL_WRONG_VERSION_NUMBER"), ("close", True)]

        def it_is_closed_by_a_stream_that_is_destroyed(self):
            async def main():
                actors = Actors()
                raw, _ = actors.connect_plain()
                _, trace = actors.start_tls(raw, lambda: raw.destroy())
                await settled(trace)
                await actors.end()
                return trace

            assert run(main) == ["connect", "secure_connect", "secure", ("close", False)]

        def it_keeps_what_was_not_read_when_the_stream_closes(self):
            async def main():
                actors = Actors(lambda socket: socket.end("hello"))
                raw, raw_trace = actors.connect_plain()
                client: Any
                client, trace = actors.start_tls(raw, lambda: client.pause())
                await actors.change()
                client.end()
                await settled(raw_trace)
                assert trace == ["connect", "secure_connect", "secure", "finish"]
                client.resume()
                await settled(trace)
                await actors.end()
                return trace

            assert run(main)[4:] == [b"hello", "end", ("close", False)]

        def it_emits_the_error_of_the_stream(self):
            async def main():
                actors = Actors()
                raw, raw_trace = actors.connect_plain()
                _, trace = actors.start_tls(raw, lambda: raw.destroy(ValueError("boom")))
                await settled(trace, raw_trace)
                await actors.end()
                return trace, raw_trace

            client, raw = run(main)
            assert client == [
                "connect",
                "secure_connect",
                "secure",
                ("error", "boom"),
                ("close", False),
            ]
            assert raw == ["connect", "ready", ("error", "boom"), ("close", True)]

        def it_is_ended_by_a_stream_that_is_ended(self):
            async def main():
                actors = Actors()
                raw, _ = actors.connect_plain()
                _, trace = actors.start_tls(raw, lambda: raw.end())
                await settled(trace)
                await actors.end()
                return trace

            assert run(main) == [
                "connect",
                "secure_connect",
                "secure",
                "end",
                "finish",
                ("close", False),
            ]

        def it_emits_nothing_that_comes_after_its_own_end(self):
            async def main():
                actors = Actors()
                raw, raw_trace = actors.connect_plain()
                client, trace = actors.start_tls(raw)
                client.destroy()
                raw.emit("error", ValueError("late"))
                raw.emit("connect")
                await settled(trace, raw_trace)
                await actors.end()
                return trace

            assert run(main) == [("close", False)]

        def it_closes_at_once_on_a_stream_that_was_destroyed(self):
            async def main():
                raw = net.Socket()
                raw.destroy()
                client = tls.connect({"socket": raw, "servername": "localhost"})
                trace = Trace(client)
                await settled(trace)
                return trace

            assert run(main) == [("close", False)]

        def it_fails_on_a_stream_that_has_ended(self):
            async def main():
                server = net.create_server(lambda raw: raw.end().resume()).listen(0, "127.0.0.1")
                raw = net.Socket({"allow_half_open": True})
                raw.connect(bound(server).port, "127.0.0.1")
                raw.resume()
                await event(raw, "end")
                client = tls.connect({"socket": raw, "servername": "localhost"})
                trace = Trace(client)
                await settled(trace)
                await close(server)
                return trace

            assert run(main) == ["end", ("error", "ECONNRESET"), ("close", True)]

        def it_is_half_open_if_the_stream_is(self):
            for half_open in (True, False):
                raw = net.Socket({"allow_half_open": half_open})
                options: Any = {"socket": raw, "servername": "x"}
                assert tls.connect(options).allow_half_open is half_open
            raw = net.Socket({"allow_half_open": True})
            options = {"socket": raw, "servername": "x", "allow_half_open": False}
            assert tls.connect(options).allow_half_open is False

        def it_may_be_half_open_on_its_own_account(self):
            async def main():
                actors = Actors(lambda socket: socket.end("bye"))
                raw, _ = actors.connect_plain()
                client, trace = actors.start_tls(raw, allow_half_open=True)
                client.on("end", lambda: client.end("late"))
                await settled(trace)
                server = actors.traces[0]
                await settled(server)
                await actors.end()
                assert b"late" in server

            run(main)

        def it_needs_a_name(self):
            raw = net.Socket()
            with pytest.raises(
                ConfigurationError, match=r"^servername is missing: there is no name"
            ):
                tls.connect({"socket": raw})
            with pytest.raises(
                ConfigurationError, match=r"^servername is missing: there is no name"
            ):
                tls.connect({"socket": raw, "servername": ""})

        def it_refuses_options_of_a_new_connection(self):
            raw = net.Socket()
            with pytest.raises(ConfigurationError, match=r"^local_port is an option of a new"):
                tls.connect({"socket": raw, "servername": "x", "local_port": 5})
            with pytest.raises(ConfigurationError, match=r"^socket: there is a connection"):
                tls.connect(443, {"socket": raw, "servername": "x"})
            with pytest.raises(TypeError, match="stream"):
                tls.connect({"socket": {}, "servername": "x"})  # type: ignore[call-overload]

        def it_has_the_addresses_and_options_of_the_connection(self):
            async def main():
                actors = Actors()
                raw, _ = actors.connect_plain()
                client, trace = actors.start_tls(raw)
                assert client.remote_address is None
                await event(client, "secure")
                assert client.remote_address == raw.remote_address == "127.0.0.1"
                assert client.remote_port == raw.remote_port
                assert client.local_port == raw.local_port
                assert client.address() == raw.address()
                client.set_no_delay(False)
                client.set_keep_alive(True, 5000)
                client.destroy()
                await settled(trace)
                await actors.end()

            run(main)

    class DescribeTLSInTLS:
        @staticmethod
        async def tunnel():
            """A server, and another one that carries connections to it."""
            inner = Actors(echo)

            def relay(below):
                options: Any = {"port": inner.port, "host": "127.0.0.1", "allow_half_open": True}
                below.pipe(net.connect(options)).pipe(below)

            return inner, Actors(relay, allow_half_open=True)

        def it_runs_inside_of_another(self):
            async def main():
                inner, outer = await self.tunnel()
                below, below_trace = outer.connect()
                client: Any
                client, trace = inner.start_tls(below, lambda: client.write("deep"))
                client.on("data", lambda chunk: client.end())
                await settled(trace, below_trace)
                await inner.end()
                await outer.end()
                return trace, client.get_protocol()

            client, _ = run(main)
            assert client == [
                "connect",
                "secure_connect",
                "secure",
                b"deep",
                "finish",
                "end",
                ("close", False),
            ]

        def it_carries_much_data(self):
            async def main():
                data = bytes(range(256)) * 8192
                inner, outer = await self.tunnel()
                below, _ = outer.connect()
                client, trace = inner.start_tls(below)
                received: list[Any] = []
                client.on("data", received.append)
                client.end(data)
                await settled(trace)
                await inner.end()
                await outer.end()
                assert b"".join(received) == data

            run(main)

        def it_may_be_destroyed_as_soon_as_it_is_secure(self):
            async def main():
                inner, outer = await self.tunnel()
                below, below_trace = outer.connect()
                client: Any
                client, trace = inner.start_tls(below, lambda: client.destroy())
                await settled(trace, below_trace)
                await inner.change()
                await inner.end()
                await outer.end()
                return trace, [error.message for error in inner.failures]

            client, errors = run(main)
            assert client == ["connect", "secure_connect", "secure", ("close", False)]
            assert errors == ["socket hang up"]

    class DescribeAnyStream:
        def it_runs_over_two_joined_streams(self):
            """There is no socket: one end reads what the other writes."""

            async def main():
                one, other = Joined.pair()
                pair = certificates.localhost()
                server = tls.TLSSocket(other, is_server=True, cert=pair.cert, key=pair.key)
                server.on("data", lambda chunk: server.end(chunk.upper()))
                client = tls.connect({"socket": one, "servername": "localhost", "ca": CA})
                client.write("hello")
                trace = Trace(client)
                assert client.set_no_delay() is client
                await settled(trace)
                assert client.remote_address is None
                return trace

            assert run(main) == [
                "secure_connect",
                "secure",
                b"HELLO",
                "end",
                "finish",
                ("close", False),
            ]

        def it_runs_over_the_messages_of_a_websocket(self):
            """These streams are not a `Duplex`, and call no callback when they have written."""
            import websocket_driver as websocket

            async def main():
                loop = asyncio.get_running_loop()
                loop = asyncio.get_running_loop()
                client_driver = websocket.client("ws://localhost/")
                server_driver = websocket.server()
                client_driver.io.on(
                    "data", lambda chunk: loop.call_soon(server_driver.parse, chunk)
                )
                server_driver.io.on(
                    "data", lambda chunk: loop.call_soon(client_driver.parse, chunk)
                )
                server_driver.on("connect", lambda: server_driver.start())
                client_driver.start()
                await event(client_driver, "open")

                pair = certificates.localhost()
                server = tls.TLSSocket(
                    server_driver.messages, is_server=True, cert=pair.cert, key=pair.key
                )
                server.on("data", lambda chunk: server.end(chunk.upper()))
                client = tls.connect(
                    {"socket": client_driver.messages, "servername": "localhost", "ca": CA}
                )
                client.write("hello")
                trace = Trace(client)
                server_trace = Trace(server)
                await settled(trace, server_trace)
                return trace

            assert b"HELLO" in run(main)


class Collector:
    """The destination of a pipe."""

    def __init__(self, heard):
        self.write = heard.append

    def end(self):
        pass

    def on(self, event, listener):
        pass

    once = remove_listener = on

    def emit(self, event, *arguments):
        return False


class Joined(Duplex):
    """A stream whose writes another one reads."""

    other: Duplex

    @classmethod
    def pair(cls):
        one, other = cls(allow_half_open=False), cls(allow_half_open=False)
        one.other, other.other = other, one
        return one, other

    def _read(self):
        pass

    def _write(self, chunk, done):
        self.other.push(chunk)
        self._tick(done)

    def _final(self, done):
        self.other.push(None)
        done()
