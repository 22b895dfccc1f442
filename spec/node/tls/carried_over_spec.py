"""Node's own tests of TLS, where they apply and no other spec covers them.

They are test/parallel/test-tls-*.js; spec/node/node_tests.py lists them.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from spec.node.tls import certificates
from spec.node.tls.actors import Actors, Trace, close, settled
from spec.node.tls.socket_spec import conversation, failure
from spec.wires import bound, event, run
from websocket_driver.node import events, http, net, timers, tls
from websocket_driver.node.stream import Duplex

LOCAL, OTHER, ENCRYPTED = (
    certificates.localhost(),
    certificates.elsewhere(),
    certificates.encrypted(),
)
CA = certificates.authority().cert


class DescribeConnections:
    def it_prefers_the_path_to_port_and_host(self, tmp_path):
        """test-tls-net-connect-prefer-path.js"""

        async def main():
            path = str(tmp_path / "socket")
            server = tls.create_server(
                {"cert": LOCAL.cert, "key": LOCAL.key}, lambda socket: socket.end("unix")
            )
            ready = event(server, "listening")
            server.listen(path)
            await ready
            client = tls.connect(
                {"path": path, "port": 1, "host": "192.0.2.1", "servername": "localhost", "ca": CA}
            )
            trace = Trace(client)
            await settled(trace)
            await close(server)
            assert b"unix" in trace

        run(main)

    @pytest.mark.parametrize("mark", [128_000, 1])
    def it_has_a_high_water_mark(self, mark):
        """test-tls-connect-hwm-option.js"""
        marks = []

        def look(socket):
            marks.append(socket.readable_high_water_mark)
            socket.end()

        conversation(lambda socket: socket.end(), look, high_water_mark=mark)
        assert marks == [mark]

    def it_reads_text(self):
        """test-tls-set-encoding.js"""

        async def main():
            actors = Actors(lambda socket: socket.end("hello wörld\n"))
            client, _ = actors.connect()
            texts: list[Any] = []
            client.remove_all_listeners("data")
            client.set_encoding("utf8").on("data", texts.append)
            await event(client, "close")
            assert ("".join(texts), client.ready_state) == ("hello wörld\n", "closed")
            await actors.end()

        run(main)

    def it_pauses_and_resumes(self):
        """test-tls-pause.js"""

        async def main():
            actors = Actors(lambda socket: socket.pipe(socket))
            client, _ = actors.connect()
            await event(client, "secure_connect")
            received: list[bytes] = []
            client.remove_all_listeners("data")
            client.on("data", received.append)
            client.write(b"a" * 100_000)
            while sum(map(len, received)) < 50_000:
                await event(client, "data")
            client.pause()
            before = len(received)
            client.write(b"b")
            await asyncio.sleep(0.02)
            assert len(received) == before
            client.resume()
            client.end()
            await event(client, "close")
            assert sum(map(len, received)) == 100_001
            await actors.end()

        run(main)

    def it_delivers_many_small_writes(self):
        """test-tls-fast-writing.js, test-tls-interleave.js, test-tls-invoke-queued.js"""

        def write(socket):
            for number in range(300):
                socket.write(b"%d," % number)
            socket.end()

        trace, *_ = conversation(write, lambda socket: socket.write("x"))
        assert b"".join(b"%d," % number for number in range(300)) in trace

    def it_sends_what_was_written_before_it_is_connected_and_calls_back(self):
        """test-tls-connect-simple.js, test-tls-zero-clear-in.js, test-tls-buffersize.js"""

        async def main():
            actors = Actors(lambda socket: socket.pipe(socket))
            client, trace = actors.connect()
            called: list[Any] = []
            client.write("a" * 10, lambda: called.append("a"))
            assert client.writable_length == 10
            client.end("b", lambda: called.append("b"))
            await settled(trace)
            assert (b"a" * 10 + b"b" in trace, called) == (True, ["a", "b"])
            await actors.end()

        run(main)

    def it_emits_close_after_everything_that_was_written(self):
        """test-tls-close-event-after-write.js, test-tls-destroy-whilst-write.js"""

        async def main():
            actors = Actors()
            client, trace = actors.connect()
            await event(client, "secure_connect")
            await actors.change()
            client.write("x" * 200_000)
            client.destroy()
            await settled(trace)
            assert trace[-1] == ("close", False)
            await settled(*actors.traces)
            await actors.end()

        run(main)

    def it_ends_when_the_peer_sends_close_notify_only(self):
        """test-tls-close-notify.js"""
        trace, *_ = conversation(lambda socket: socket.end())
        assert trace[-3:] == ["end", "finish", ("close", False)]

    def it_times_out_while_it_waits_for_the_server(self):
        """test-tls-wrap-timeout.js, test-tls-request-timeout.js, test-tls-connect-timeout-option"""

        async def main():
            actors = Actors()
            client, trace = actors.connect(timeout=5)
            assert client.timeout == 5
            await event(client, "timeout")
            client.destroy()
            await settled(trace)
            await actors.end()

        run(main)

    def it_can_be_awaited(self):
        """test-tls-on-empty-socket.js, with the server's side"""

        async def main():
            actors = Actors(lambda socket: socket.end("hello"))
            socket = net.Socket()
            client, trace = actors.start_tls(socket)
            socket.connect(actors.port, "127.0.0.1")
            await events.once(client, "secure_connect")
            await settled(trace)
            assert b"hello" in trace
            await actors.end()

        run(main)

    def it_is_readable_before_the_end_that_came_with_it(self):
        async def main():
            actors = Actors()
            client, trace = actors.connect()
            await actors.change()
            (socket,) = actors.sockets
            socket.remove_all_listeners("data")
            log: list[Any] = []
            socket.on("readable", lambda: log.append(socket.read(5)))
            client.end("a")
            await event(socket, "close")
            # It has not ended when there is something to read: 5 bytes may still arrive.
            assert log == [None, b"a"]
            await settled(trace)
            await actors.end()

        run(main)

    def it_checks_the_certificate_against_localhost_without_a_host(self):
        """test-tls-connect-no-host.js"""

        async def main():
            actors = Actors(lambda socket: socket.end("hi"))
            authorized: list[bool] = []
            client: tls.TLSSocket = tls.connect({"port": actors.port, "ca": CA})
            client.on("secure_connect", lambda: authorized.append(client.authorized))
            trace = Trace(client)
            await settled(trace)
            assert authorized == [True]
            assert b"hi" in trace
            await actors.end()

        run(main)

    def it_stays_half_open_if_it_is_told_to(self):
        """test-tls-connect-allow-half-open-option.js"""

        async def main():
            def listener(socket):
                socket.once("data", socket.end)

            actors = Actors(listener)
            client, trace = actors.connect(allow_half_open=True)
            assert client.allow_half_open is True
            client.write("Hello")
            await event(client, "end")
            assert client.writable is True
            client.end("Bye")
            await settled(trace, *actors.traces)
            assert b"Hello" in trace
            assert b"Hello" in actors.traces[0]
            assert b"Bye" in actors.traces[0]
            await actors.end()

        run(main)

    def it_runs_over_a_half_open_socket_that_connects_later(self):
        """test-tls-net-socket-keepalive.js"""

        async def main():
            def listener(socket):
                socket.write("hello")
                socket.end()

            actors = Actors(listener)
            raw = net.Socket(allow_half_open=True)
            client, trace = actors.start_tls(raw)
            raw.connect(actors.port, "127.0.0.1")
            client.write("hello")
            client.end()
            await settled(trace)
            assert b"hello" in trace
            assert trace[-1] == ("close", False)
            await settled(*actors.traces)
            await actors.end()

        run(main)

    def it_may_begin_some_time_after_the_connection(self):
        """test-tls-delayed-attach.js"""

        async def main():
            received = asyncio.get_running_loop().create_future()

            def attach(raw):
                context = tls.create_secure_context(cert=LOCAL.cert, key=LOCAL.key)
                options: Any = {"is_server": True, "secure_context": context}
                socket = tls.TLSSocket(raw, options)
                data: list[bytes] = []
                socket.on("data", data.append)
                socket.on("end", lambda: received.set_result(b"".join(data)))

            server = net.create_server(lambda raw: timers.set_timeout(attach, 5, raw))
            server.listen(0, "127.0.0.1")
            options: Any = {"ca": CA, "servername": "localhost"}
            client = tls.connect(bound(server).port, "127.0.0.1", options)
            trace = Trace(client)
            client.end("hello world")
            assert await received == b"hello world"
            await settled(trace)
            await close(server)

        run(main)

    def it_serves_a_connection_of_a_server_without_tls(self):
        """test-tls-starttls-server.js"""

        async def main():
            asked: list[str] = []
            ended = asyncio.get_running_loop().create_future()

            def callback(name, answer):
                asked.append(name)
                answer(None, None)

            def attach(raw):
                options: Any = {"isServer": True, "server": server, "SNICallback": callback}
                context = tls.create_secure_context(cert=LOCAL.cert, key=LOCAL.key)
                socket = tls.TLSSocket(raw, options, secure_context=context)
                socket.on("secure", socket.end)
                socket.on("close", ended.set_result)
                socket.resume()

            server = net.create_server(attach)
            server.listen(0, "127.0.0.1")
            options: Any = {"servername": "localhost", "ca": CA}
            client = tls.connect(bound(server).port, "127.0.0.1", options)
            trace = Trace(client)
            await settled(trace)
            assert await ended is False
            assert asked == ["localhost"]
            await close(server)

        run(main)

    def it_begins_on_a_connection_that_still_sends(self):
        """test-double-tls-server.js"""

        async def main():
            inner: Any = tls.create_server({"cert": LOCAL.cert, "key": LOCAL.key})
            written: list[str] = []

            def listener(socket):
                half = b"0" * 0x80000
                socket.write(half, lambda: written.append("first"))
                socket.write(half, lambda: written.append("second"))
                inner.emit("connection", socket)

            actors = Actors(listener)
            outer, _ = actors.connect()
            outer.remove_all_listeners("data")
            plain = bytearray()
            outer.on("data", plain.extend)
            while len(plain) < 0x100000:
                await event(outer, "data")
            assert plain == b"0" * 0x100000
            outer.remove_all_listeners("data")
            secured = event(inner, "secure_connection")
            _client, trace = actors.start_tls(outer)
            (socket,) = await secured
            socket.end("inner")
            await settled(trace)
            assert b"inner" in trace
            assert written == ["first", "second"]
            await actors.end()

        run(main)

    @pytest.mark.parametrize("options", [{}, {"allow_half_open": True, "pause_on_connect": True}])
    def it_has_options_of_net(self, options):
        """test-tls-server-parent-constructor-options.js"""

        async def main():
            seen: list[Any] = []

            def listener(socket):
                seen.append((socket.allow_half_open, socket.is_paused()))
                socket.on("end", socket.end)
                socket.resume()

            actors = Actors(listener, **options)
            flag = bool(options)
            server = actors.server
            assert (server.allow_half_open, server.pause_on_connect) == (flag, flag)
            client, trace = actors.connect()
            await actors.change()
            client.end()
            await settled(trace)
            assert seen == [(flag, flag)]
            await actors.end()

        run(main)


class DescribeErrors:
    def it_refuses_an_emitter_that_is_not_a_stream(self):
        """test-tls-wrap-event-emmiter.js"""
        with pytest.raises(TypeError, match="stream"):
            tls.TLSSocket(events.EventEmitter(), servername="x")  # type: ignore[arg-type]

    def it_emits_an_error_for_junk_that_waits_in_the_stream(self):
        """test-tls-delayed-attach-error.js"""

        async def main():
            heard: list[Any] = []
            done = asyncio.get_running_loop().create_future()

            def attach(raw):
                options: Any = {"is_server": True, "cert": LOCAL.cert, "key": LOCAL.key}
                socket = tls.TLSSocket(raw, options)
                socket.on("error", lambda error: heard.append(error.code))
                socket.on("close", lambda: done.set_result(None))

            server = net.create_server(lambda raw: timers.set_timeout(attach, 5, raw))
            server.listen(0, "127.0.0.1")
            client = net.connect(bound(server).port, "127.0.0.1")
            client.on("error", lambda error: None)
            client.write(b"*" * 1024)
            await done
            client.destroy()
            await close(server)
            assert heard == ["ERR_SSL_WRONG_VERSION_NUMBER"]

        run(main)

    def it_survives_junk_and_serves_the_next_client(self):
        """test-tls-junk-closes-server.js, test-tls-handshake-error.js"""

        async def main():
            actors = Actors(lambda socket: socket.end("fine"))
            for junk in (
                b"hello",
                b"\x16\x03\x01\x00\x01\x00",
                b"\x16\x03\x01\xff\xff" + b"x" * 99,
            ):
                raw, raw_trace = actors.connect_plain()
                raw.write(junk)
                raw.end()
                await settled(raw_trace)
                await actors.change()
            assert len(actors.failures) == 3
            _, trace = actors.connect()
            await settled(trace)
            assert b"fine" in trace
            await actors.end()

        run(main)

    def it_survives_a_bad_record_and_disturbs_no_other_connection(self):
        """test-tls-alert-handling.js"""

        async def main():
            def listener(socket):
                socket.on("error", lambda error: None)
                socket.pipe(socket)

            actors = Actors(listener)
            client, trace = actors.connect()
            await actors.change()
            raw, _ = actors.connect_plain()
            bad, bad_trace = actors.start_tls(raw)
            await event(bad, "secure_connect")
            await actors.change()
            for _ in range(3):
                client.write("a")
                await event(client, "data")
            raw.write(b"\xff" * 6)
            raw.end()
            await settled(bad_trace, actors.traces[1])
            assert actors.traces[1] == [
                "secure",
                ("error", "ERR_SSL_WRONG_VERSION_NUMBER"),
                "end",
                "finish",
                ("close", False),
            ]
            client.write("b")
            await event(client, "data")
            client.end()
            await settled(trace)
            assert b"aaab" in trace
            await actors.end()

        run(main)

    def it_tells_a_client_of_a_server_without_tls(self):
        """test-tls-junk-server.js"""

        async def main():
            server = http.create_server()
            server.on("client_error", lambda error, socket: socket.end("HTTP/1.1 400 Bad\r\n\r\n"))
            server.listen(0, "127.0.0.1")
            client = tls.connect(bound(server).port, "127.0.0.1", {"servername": "x"})
            trace = Trace(client)
            await settled(trace)
            await close(server)
            assert trace[-2:] == [("error", "ERR_SSL_WRONG_VERSION_NUMBER"), ("close", True)]

        run(main)

    def it_fails_if_the_connection_ends_in_the_handshake(self, tmp_path):
        """test-tls-wrap-econnreset.js, test-tls-wrap-econnreset-socket.js,
        test-tls-wrap-econnreset-localaddress.js, test-tls-wrap-econnreset-pipe.js,
        test-tls-econnreset.js"""

        async def main():
            path = str(tmp_path / "socket")
            servers = [net.create_server(lambda socket: socket.resume().end()) for _ in range(2)]
            ready = event(servers[1], "listening")
            servers[0].listen(0, "127.0.0.1")
            servers[1].listen(path)
            await ready
            port = bound(servers[0]).port
            raw = net.connect(port, "127.0.0.1")
            clients = (
                tls.connect(port, "127.0.0.1", {"local_address": "127.0.0.1"}),
                tls.connect({"path": path, "servername": "x"}),
                tls.connect({"socket": raw, "servername": "x"}),
            )
            errors: list[Any] = []
            for client in clients:
                client.on("error", errors.append)
            traces = [Trace(client) for client in clients]
            await settled(*traces)
            for server in servers:
                await close(server)
            expected = [("error", "ECONNRESET"), ("close", True)]
            assert [trace[-2:] for trace in traces] == [expected] * 3
            text = "Client network socket disconnected before secure TLS connection was established"
            assert {str(error) for error in errors} == {text}
            found = {
                (error.path, error.host, error.port, error.local_address, error.localAddress)
                for error in errors
            }
            assert found == {
                (None, "127.0.0.1", port, "127.0.0.1", "127.0.0.1"),
                (path, None, None, None, None),
                (None, None, None, None, None),
            }

        run(main)

    def it_fails_with_what_a_certificate_lacks(self):
        """test-tls-friendly-error-message.js, test-tls-client-verify.js"""
        pair = certificates.self_signed()
        _, (error,), _, _ = failure(server={"cert": pair.cert, "key": pair.key})
        assert error.code == "DEPTH_ZERO_SELF_SIGNED_CERT"

    @pytest.mark.parametrize(
        "options",
        [
            {"ciphers": 1},
            {"ecdh_curve": 1},
            {"handshake_timeout": "abcd"},
            {"passphrase": 1},
            {"key": True},
            {"cert": True},
            {"ca": True},
            {"ca": {}},
            {"cert": [LOCAL.cert, True]},
            {"key": [LOCAL.key, True]},
            {"request_cert": 1},
            {"SNICallback": "fhqwhgads"},
            {"SNICallback": 42},
            {"ALPNProtocols": "a"},
        ],
    )
    def it_refuses_values_of_the_wrong_type(self, options):
        """test-tls-basic-validations.js, test-tls-options-boolean-check.js,
        test-https-options-boolean-check.js, test-tls-snicallback-error.js"""
        given: Any = {"cert": LOCAL.cert, "key": LOCAL.key, **options}
        with pytest.raises(TypeError):
            tls.create_server(given)

    def it_may_be_destroyed_when_it_cannot_connect(self):
        """test-tls-client-abort2.js, test-tls-connect.js"""

        async def main():
            actors = Actors()
            await actors.end()
            client, trace = actors.connect()
            client.on("error", lambda error: client.destroy())
            await settled(trace)
            assert trace == [("error", "ECONNREFUSED"), ("close", True)]

        run(main)

    @pytest.mark.parametrize("lookup", ["foobar", 1, {}, []])
    def it_refuses_a_lookup_that_cannot_be_called(self, lookup):
        """test-tls-lookup.js"""
        options: Any = {"host": "localhost", "port": 1, "lookup": lookup}
        with pytest.raises(TypeError) as raised:
            tls.connect(options)
        assert getattr(raised.value, "code", None) == "ERR_INVALID_ARG_TYPE"

    @pytest.mark.parametrize("name", ["c.another.com", "c.wrong.com", "late.com"])
    def it_knows_the_name_that_a_client_asked_for_when_the_handshake_fails(self, name):
        """test-tls-sni-servername.js, test-tls-sni-option.js"""

        async def main():
            def callback(servername, answer):
                if servername == "c.another.com":
                    answer(None, {})
                elif servername == "c.wrong.com":
                    answer(ValueError("Invalid SNI context"), None)
                else:
                    socket_to_destroy.set_result(None)

            socket_to_destroy = asyncio.get_running_loop().create_future()
            actors = Actors(sni_callback=callback)
            failed = event(actors.server, "tls_client_error")
            _client, trace = actors.connect(servername=name)
            if name == "late.com":
                await socket_to_destroy
                _client.destroy()
            _error, socket = await failed
            assert socket.servername == name
            await settled(trace)
            await actors.end()

        run(main)

    def it_knows_the_name_of_a_client_without_a_common_cipher(self):
        """test-tls-sni-servername.js, for the errors of OpenSSL"""
        names = []

        async def main():
            actors = Actors(ciphers="ECDHE-ECDSA-AES128-GCM-SHA256", max_version="TLSv1.2")
            actors.server.on(
                "tls_client_error",
                lambda error, socket: names.append((error.code, socket.servername)),
            )
            _client, trace = actors.connect(
                ciphers="ECDHE-ECDSA-AES256-GCM-SHA384", max_version="TLSv1.2"
            )
            await settled(trace)
            await actors.end()

        run(main)
        assert names == [("ERR_SSL_NO_SHARED_CIPHER", "localhost")]


class DescribeKeys:
    @pytest.mark.parametrize(
        "key, passphrase",
        [
            (ENCRYPTED.key, "secret"),
            (ENCRYPTED.key.encode(), "secret"),
            ([ENCRYPTED.key], "secret"),
            ([{"pem": ENCRYPTED.key, "passphrase": "secret"}], None),
            ([{"pem": ENCRYPTED.key, "passphrase": "secret"}], "ignored"),
            ([{"pem": ENCRYPTED.key.encode()}], "secret"),
        ],
    )
    def it_takes_a_passphrase_wherever_it_is(self, key, passphrase):
        """test-tls-passphrase.js"""
        tls.create_secure_context(key=key, cert=ENCRYPTED.cert, passphrase=passphrase or "unused")

    @pytest.mark.parametrize("key", [LOCAL.key, [LOCAL.key], [{"pem": LOCAL.key}]])
    def it_ignores_a_passphrase_that_is_not_needed(self, key):
        """test-tls-passphrase.js"""
        tls.create_secure_context(key=key, cert=[LOCAL.cert], passphrase="ignored")

    @pytest.mark.parametrize(
        "key",
        [
            ENCRYPTED.key,
            [ENCRYPTED.key],
            [{"pem": ENCRYPTED.key}],
            [{"pem": ENCRYPTED.key, "passphrase": "invalid"}],
        ],
    )
    def it_refuses_a_key_that_it_cannot_decrypt(self, key):
        """test-tls-passphrase.js"""
        with pytest.raises(ValueError, match=r"passphrase is missing|cannot be used"):
            tls.create_secure_context(key=key, cert=ENCRYPTED.cert)

    def it_trusts_several_authorities_in_one_text(self):
        """test-tls-ca-concat.js, test-tls-multiple-cas-as-string.js, test-tls-two-cas-one-string"""
        other = certificates.make(certificates.common_name("Other"), authority=True).cert
        for ca in (CA + other, other + CA, [other, CA]):
            trace, *_ = conversation(lambda socket: socket.end(), ca=ca)
            assert "secure_connect" in trace

    def it_serves_without_asking_for_a_certificate(self):
        """test-tls-no-cert-required.js, for servers that have a context for later"""
        context = tls.create_secure_context()
        assert not context.has_certificate

    @pytest.mark.parametrize("how", ["cert", "ca", "context", "name"])
    def it_sends_the_authorities_between_its_certificate_and_the_root(self, how):
        """test-tls-cert-chains-in-ca.js, test-tls-cert-chains-concat.js"""
        pair, between = certificates.behind_intermediate(), certificates.intermediate().cert
        options: Any = {"cert": pair.cert, "key": pair.key, "ca": between}
        server: Any = options
        if how == "cert":
            server = {"cert": pair.cert + between, "key": pair.key}
        elif how == "context":
            server = {"secure_context": tls.create_secure_context(options)}
        elif how == "name":
            server = {
                "sni_callback": lambda name, answer: answer(
                    None, tls.create_secure_context(options)
                )
            }
        seen: list[Any] = []

        def look(socket):
            seen.append((socket.authorized, socket.get_peer_certificate()["subject"]))
            socket.end()

        def client_certificate(socket):
            seen.append((socket.get_peer_certificate(), socket.get_peer_certificate(True)))
            socket.end()

        conversation(client_certificate, look, server)
        assert sorted(seen, key=str) == [(True, {"CN": "localhost"}), ({}, {})]

    def it_offers_protocols_on_a_socket_of_its_own(self):
        """test-tls-socket-constructor-alpn-options-parsing.js"""

        async def main():
            secured = asyncio.get_running_loop().create_future()

            def attach(raw):
                options: Any = {"is_server": True, "cert": LOCAL.cert, "key": LOCAL.key}
                socket = tls.TLSSocket(raw, options, ALPNProtocols=["http/1.1"])
                socket.on("secure", lambda: secured.set_result(socket.alpn_protocol))
                socket.on("secure", socket.end)
                socket.resume()

            server = net.create_server(attach)
            server.listen(0, "127.0.0.1")
            options: Any = {
                "servername": "localhost",
                "ca": CA,
                "ALPNProtocols": ["h2", "http/1.1"],
            }
            client = tls.connect(bound(server).port, "127.0.0.1", options)
            trace = Trace(client)
            assert await secured == "http/1.1"
            await settled(trace)
            assert client.alpn_protocol == "http/1.1"
            await close(server)

        run(main)

    def it_takes_the_old_name_of_a_certificate(self):
        """test-tls-client-auth.js"""
        trace, *_ = conversation(
            lambda socket: socket.end(), ca=CA.replace("CERTIFICATE", "X509 CERTIFICATE")
        )
        assert "secure_connect" in trace


class DescribeContexts:
    @pytest.mark.parametrize(
        "client, server, expected",
        [
            (("TLSv1.2", "TLSv1.3"), ("TLSv1.2", "TLSv1.2"), "TLSv1.2"),
            (("TLSv1.2", "TLSv1.2"), ("TLSv1.2", "TLSv1.3"), "TLSv1.2"),
            (("TLSv1.2", "TLSv1.3"), ("TLSv1.2", "TLSv1.3"), "TLSv1.3"),
            (("TLSv1.3", "TLSv1.3"), ("TLSv1.3", "TLSv1.3"), "TLSv1.3"),
        ],
    )
    def it_agrees_on_the_newest_version_that_both_have(self, client, server, expected):
        """test-tls-min-max-version.js, test-tls-getprotocol.js"""
        versions = []

        def look(socket):
            versions.append(socket.get_protocol())
            socket.end()

        def options(bounds):
            return {"min_version": bounds[0], "max_version": bounds[1]}

        conversation(lambda socket: socket.end(), look, server=options(server), **options(client))
        assert versions == [expected]

    def it_disturbs_no_connection_when_it_is_replaced(self):
        """test-tls-set-secure-context.js"""

        async def main():
            actors = Actors(lambda socket: socket.pipe(socket))
            first, first_trace = actors.connect()
            await event(first, "secure_connect")
            actors.server.set_secure_context(cert=OTHER.cert, key=OTHER.key)
            refused, refused_trace = actors.connect()
            await settled(refused_trace)
            assert refused.authorization_error == "ERR_TLS_CERT_ALTNAME_INVALID"
            actors.server.set_secure_context(cert=LOCAL.cert, key=LOCAL.key)
            again, again_trace = actors.connect()
            await event(again, "secure_connect")
            again.end()
            first.end("still here")
            await settled(first_trace, again_trace)
            assert b"still here" in first_trace
            await actors.end()

        run(main)

    @pytest.mark.parametrize(
        "servers, clients, expected",
        [
            (["a", "b", "c"], ["a", "b", "c"], "a"),
            (["a", "b", "c"], ["c", "b", "e"], "b"),
            (["a", "b", "c"], None, False),
            (None, ["a", "b", "c"], False),
            (None, None, False),
        ],
    )
    def it_selects_a_protocol_in_the_servers_order(self, servers, clients, expected):
        """test-tls-alpn-server-client.js"""
        seen = []

        def look(socket):
            seen.append(socket.alpn_protocol)
            socket.end()

        server = {"ALPNProtocols": servers} if servers else {}
        client = {"ALPNProtocols": clients} if clients else {}
        conversation(look, look, server=server, **client)
        assert seen == [expected] * 2

    def it_adds_contexts_for_https_too(self):
        """test-tls-sni-server-client.js, on a server of https"""

        async def main():
            given: Any = {"cert": LOCAL.cert, "key": LOCAL.key}
            server: Any = http.create_server(given, lambda request, response: response.end("x"))
            server.add_context("*.example", {"cert": OTHER.cert, "key": OTHER.key})
            server.listen(0, "127.0.0.1")
            options: Any = {"servername": "other.example", "ca": CA}
            client = tls.connect(bound(server).port, "127.0.0.1", options)
            trace = Trace(client)
            await event(client, "secure_connect")
            client.end("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            await settled(trace)
            await close(server)
            (body,) = (entry for entry in trace if isinstance(entry, bytes))
            assert body.endswith(b"\r\n\r\nx")

        run(main)


class DescribeStreams:
    def it_is_half_open_as_the_stream_under_it_is(self):
        """test-tls-socket-allow-half-open-option.js"""
        options: Any = {"servername": "x"}
        stream = Duplex(allow_half_open=False)
        assert tls.TLSSocket(net.Socket(), options).allow_half_open is False
        assert tls.TLSSocket(stream, options).allow_half_open is False
        assert tls.TLSSocket(None, options).allow_half_open is False
        assert tls.TLSSocket(None, options, allow_half_open=True).allow_half_open is True

    def it_may_begin_before_the_socket_connects(self):
        """test-tls-connect-given-socket.js, test-tls-reuse-host-from-socket.js"""

        async def main():
            actors = Actors(lambda socket: socket.end("hi"))
            raw = net.connect(actors.port, "127.0.0.1")
            client, trace = actors.start_tls(raw)
            assert client.connecting
            await settled(trace)
            assert trace[0] == "connect" and b"hi" in trace
            await actors.end()

        run(main)
