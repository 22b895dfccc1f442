"""`tls.Server` and `tls.create_server()`."""

import asyncio
import ssl
from typing import Any

import pytest

from spec.node.tls import certificates
from spec.node.tls.actors import Actors, close, settled
from spec.wires import bound, event, run
from websocket_driver.errors import ConfigurationError
from websocket_driver.node import net, tls
from websocket_driver.node.errors import NodeError
from websocket_driver.node.tls import contexts

OPTIONS: Any = {"cert": certificates.localhost().cert, "key": certificates.localhost().key}


class DescribeServer:
    class DescribeCreation:
        def it_takes_options_and_a_listener_for_secure_connection(self):
            def listener(socket):
                """Never called."""

            half_open: Any = {**OPTIONS, "allowHalfOpen": True}
            for server in (
                tls.create_server(OPTIONS, listener),
                tls.createServer(listener, **OPTIONS),
                tls.Server(half_open, listener),
            ):
                assert server.listeners("secure_connection") == [listener]
                assert server.listeners("secureConnection") == [listener]
            assert server.allow_half_open is True

        def it_has_the_events_in_both_spellings(self):
            server = tls.create_server(OPTIONS)
            heard: list[Any] = []
            server.on("tlsClientError", heard.append)
            server.emit("tls_client_error", "error")
            server.emit("tlsClientError", "error")
            assert heard == ["error", "error"]

        @pytest.mark.parametrize(
            "options, message",
            [
                ({}, "A server needs cert and key, secure_context or sni_callback"),
                ({**OPTIONS, "servername": "x"}, "servername is an option of a client"),
                ({**OPTIONS, "secure_contxt": 1}, "Unrecognized option: secure_contxt.*"),
                ({**OPTIONS, "socket": 1}, "Unrecognized option: socket.*"),
            ],
        )
        def it_refuses_options_that_cannot_be_used(self, options, message):
            with pytest.raises(ConfigurationError, match=f"^{message}$"):
                tls.create_server(options)

        @pytest.mark.parametrize(
            "options, name",
            [
                ({"request_cert": "yes"}, "request_cert"),
                ({"reject_unauthorized": 0}, "reject_unauthorized"),
                ({"handshake_timeout": "1"}, "handshake_timeout"),
                ({"handshake_timeout": True}, "handshake_timeout"),
                ({"allow_half_open": 1}, "allow_half_open"),
            ],
        )
        def it_refuses_values_of_the_wrong_type(self, options, name):
            with pytest.raises(TypeError, match=name):
                tls.create_server({**OPTIONS, **options})  # type: ignore[call-overload]

        @pytest.mark.parametrize("value", [-1, float("inf"), float("nan")])
        def it_refuses_a_handshake_timeout_out_of_range(self, value):
            with pytest.raises(ValueError, match="handshake_timeout"):
                tls.create_server(OPTIONS, handshake_timeout=value)

        def it_refuses_options_that_are_no_mapping(self):
            with pytest.raises(TypeError):
                tls.create_server(5)  # type: ignore[call-overload]

    class DescribeSecureContext:
        def it_is_used_as_it_is(self):
            async def main():
                settings = contexts.settings_for(
                    server_side=True, verify_mode=ssl.CERT_NONE, **OPTIONS
                )
                context = contexts.context_for(settings)
                actors = Actors(lambda socket: socket.end("hi"), secure_context=context)
                _, trace = actors.connect()
                await settled(trace)
                await actors.end()
                assert b"hi" in trace

            run(main)

        @pytest.mark.parametrize("name", ["cert", "key", "ca", "alpn_protocols", "min_version"])
        def it_goes_with_no_option_that_it_has_itself(self, name):
            context = contexts.context_for(
                contexts.settings_for(server_side=True, verify_mode=ssl.CERT_NONE, **OPTIONS)
            )
            with pytest.raises(ConfigurationError, match=rf"^{name}: set it in secure_context"):
                tls.create_server(
                    {"secure_context": context, name: "x"}  # type: ignore[call-overload]
                )
            with pytest.raises(
                ConfigurationError, match=r"^request_cert and reject_unauthorized: "
            ):
                tls.create_server({"secure_context": context, "request_cert": True})

        def it_must_be_one_for_servers(self):
            context = contexts.context_for(
                contexts.settings_for(server_side=False, verify_mode=ssl.CERT_NONE)
            )
            with pytest.raises(ConfigurationError, match="not PROTOCOL_TLS_CLIENT"):
                tls.create_server(secure_context=context)
            with pytest.raises(TypeError, match="secure_context"):
                tls.create_server(secure_context="context")  # type: ignore[call-overload]

    class DescribeConnections:
        def it_emits_connection_with_the_socket_under_it(self):
            async def main():
                actors = Actors(lambda socket: socket.end("hi"))
                raws: list[Any] = []
                actors.server.on("connection", raws.append)
                _, trace = actors.connect()
                await actors.change()
                await settled(trace, *actors.traces)
                (raw,) = raws
                assert type(raw) is net.Socket
                assert raw.destroyed is True
                assert raw.remote_port is None or isinstance(raw.remote_port, int)
                assert b"hi" in trace
                await actors.end()

            run(main)

        def it_runs_over_any_stream_that_is_emitted_as_a_connection(self):
            """In this way, a server can listen anywhere else."""

            async def main():
                actors = Actors(lambda socket: socket.end("hi"))
                other = net.create_server({"allow_half_open": True})
                other.on("connection", lambda raw: actors.server.emit("connection", raw))
                other.listen(0, "127.0.0.1")
                _, trace = actors.connect(port=bound(other).port)
                await settled(trace)
                await close(other)
                await actors.end()
                assert actors.sockets[0].allow_half_open is True
                assert b"hi" in trace

            run(main)

        def it_counts_them(self):
            async def main():
                actors = Actors()
                _, trace = actors.connect(callback=lambda: None)
                await actors.change()
                counted = asyncio.get_running_loop().create_future()
                actors.server.get_connections(lambda error, number: counted.set_result(number))
                assert await counted == 1
                closed = event(actors.server, "close")
                await actors.end()
                actors.sockets[0].destroy()
                await settled(trace)
                await closed

            run(main)

        def it_may_begin_paused(self):
            async def main():
                actors = Actors(pause_on_connect=True)
                client: Any
                client, trace = actors.connect(callback=lambda: client.end("hello"))
                await actors.change()
                (socket,), (server,) = actors.sockets, actors.traces
                assert socket.is_paused() is True
                socket.resume()
                await settled(trace, server)
                assert server == ["secure", b"hello", "end", "finish", ("close", False)]
                await actors.end()

            run(main)

    class DescribeClientErrors:
        """`tls_client_error`; the socket is destroyed and emits no error itself."""

        @staticmethod
        def failed(act, **options):
            async def main():
                actors = Actors(**options)
                sockets = []
                actors.server.on("tls_client_error", lambda error, socket: sockets.append(socket))
                client, trace = actors.connect_plain()
                act(client)
                await actors.change()
                (error,), (socket,) = actors.failures, sockets
                assert socket.destroyed is True
                client.destroy()
                await settled(trace)
                await actors.end()
                return error

            return run(main)

        def it_is_garbage(self):
            error = self.failed(lambda client: client.write(b"\7" * 40))
            assert error.code == "ERR_SSL_WRONG_VERSION_NUMBER"

        def it_is_plain_http(self):
            error = self.failed(lambda client: client.write("GET / HTTP/1.1\r\n\r\n"))
            assert (error.code, error.message) == ("ERR_SSL_HTTP_REQUEST", "http request")

        def it_is_a_client_that_leaves(self):
            error = self.failed(lambda client: client.end())
            assert isinstance(error, ConnectionResetError)
            assert isinstance(error, NodeError)
            assert (error.code, error.message) == ("ECONNRESET", "socket hang up")

        def it_is_a_client_that_resets(self):
            def act(client):
                client.on("connect", client.reset_and_destroy)

            error = self.failed(act)
            assert (error.code, error.syscall) == ("ECONNRESET", "read")

        def it_is_a_client_that_leaves_in_the_middle(self):
            error = self.failed(lambda client: client.end(bytes.fromhex("16030100")))
            assert error.message == "socket hang up"

        def it_is_a_client_that_stays_silent(self):
            error = self.failed(lambda client: None, handshake_timeout=20)
            assert isinstance(error, TimeoutError)
            assert isinstance(error, NodeError)
            assert error.code == "ERR_TLS_HANDSHAKE_TIMEOUT"
            assert error.message == "TLS handshake timeout"

        def it_is_also_told_about_a_stream_that_was_emitted_as_a_connection(self):
            async def main():
                actors = Actors()
                actors.server.on("connection", lambda raw: None)
                client, trace = actors.connect_plain()
                client.write("GET / HTTP/1.1\r\n\r\n")
                await actors.change()
                await settled(trace)
                await actors.end()
                return actors.failures

            assert [error.code for error in run(main)] == ["ERR_SSL_HTTP_REQUEST"]

        def it_is_told_if_the_stream_is_destroyed(self):
            async def main():
                actors = Actors()
                actors.server.on("connection", lambda raw: raw.destroy())
                client, trace = actors.connect_plain()
                await actors.change()
                client.destroy()
                await settled(trace)
                await actors.end()
                return actors.failures

            assert [error.message for error in run(main)] == ["socket hang up"]

        def it_survives_a_listener_that_raises(self):
            async def main():
                reported = []
                loop = asyncio.get_running_loop()
                loop.set_exception_handler(lambda loop, context: reported.append(context))
                actors = Actors()

                def broken(*_):
                    raise ZeroDivisionError

                actors.server.prepend_listener("secure_connection", broken)
                client: Any
                client, trace = actors.connect(callback=lambda: client.end())
                await settled(trace)
                actors.server.cut_off()
                return [type(context["exception"]) for context in reported]

            assert run(main) == [ZeroDivisionError]
