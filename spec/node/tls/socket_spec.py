"""`tls.TLSSocket`, as a client and on a server. The expected events are those of Node 20."""

import asyncio
import socket as bsd
import ssl
import struct
from typing import Any

import pytest

from spec.node.support import node_error
from spec.node.tls import certificates
from spec.node.tls.actors import Actors, Trace, close, settled
from spec.wires import bound, event, run
from websocket_driver.errors import ConfigurationError
from websocket_driver.node import net, tls
from websocket_driver.node.errors import NodeError
from websocket_driver.node.tls.contexts import Settings, context_for
from websocket_driver.node.tls.identities import Key
from websocket_driver.node.tls.pem import Pem

OPENING = ["connect", "ready", "secure_connect", "secure"]


def conversation(listener=None, act=None, server=None, **client):
    """The events of a client and a server on a connection that both close. `act(client)` runs when
    it is secure."""

    async def main():
        actors = Actors(listener, **(server or {}))
        socket: Any
        socket, trace = actors.connect((lambda: act(socket)) if act else None, **client)
        await actors.change()
        await settled(trace, *actors.traces)
        await actors.end()
        return trace, *actors.traces

    return run(main)


def failure(act=None, server=None, **client):
    """The events of a client whose handshake fails, its error, and that of the server."""

    async def main():
        actors = Actors(**(server or {}))
        socket, trace = actors.connect(**client)
        errors: list[Any] = []
        socket.on("error", errors.append)
        if act is not None:
            act(socket)
        await settled(trace)
        await actors.change()
        await actors.end()
        return trace, errors, actors.failures, socket

    return run(main)


class DescribeTLSSocket:
    class DescribeConversation:
        def it_carries_data_both_ways(self):
            def echo(socket):
                socket.on("data", socket.write)

            def act(client):
                client.write("hello")
                client.on("data", lambda chunk: client.end())

            client, server = conversation(echo, act)
            assert client == [*OPENING, b"hello", "finish", "end", ("close", False)]
            assert server == ["secure", b"hello", "end", "finish", ("close", False)]

        @pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
        def it_carries_much_data(self, version):
            data = bytes(range(256)) * 4096
            received: list[Any] = []

            def echo(socket):
                socket.pipe(socket)

            def act(client):
                client.on("data", received.append)
                client.end(data)

            conversation(echo, act, {"max_version": version})
            assert b"".join(received) == data

        def it_is_ended_by_the_other_side(self):
            client, server = conversation(lambda socket: socket.end("bye"))
            assert client == [*OPENING, b"bye", "end", "finish", ("close", False)]
            assert server == ["secure", "finish", "end", ("close", False)]

        def it_sends_what_was_written_before_the_handshake(self):
            async def main():
                actors = Actors()
                client, trace = actors.connect()
                assert client.write("ab") is True
                client.end("x")
                assert client.bytes_written == 3
                await actors.change()
                await settled(trace, *actors.traces)
                await actors.end()
                return trace, actors.traces[0], client.bytes_written

            client, server, written = run(main)
            assert client == [*OPENING, "finish", "end", ("close", False)]
            assert server == ["secure", b"abx", "end", "finish", ("close", False)]
            assert written == 3

        def it_counts_plain_bytes(self):
            async def main():
                actors = Actors(lambda socket: socket.end("four"))
                client, trace = actors.connect()
                await settled(trace)
                await actors.end()
                assert client.bytes_read == 4
                assert actors.sockets[0].bytes_written == 4

            run(main)

        def it_stops_reading_while_nobody_reads(self):
            async def main():
                sent = 4 * 1024 * 1024
                actors = Actors(lambda socket: socket.end(bytes(sent)))
                client: Any
                client, trace = actors.connect(callback=lambda: client.pause())
                await event(client, "secure")
                for _ in range(50):
                    await asyncio.sleep(0.001)
                assert 0 < client.bytes_read < 1024 * 1024
                client.resume()
                await settled(trace)
                await actors.end()
                assert trace[-3:] == ["end", "finish", ("close", False)]
                assert client.bytes_read == sent

            run(main)

        def it_emits_timeout(self):
            async def main():
                actors = Actors()
                client, trace = actors.connect(timeout=20)
                await event(client, "timeout")
                client.destroy()
                await settled(trace)
                await actors.end()
                assert trace == [*OPENING, "timeout", ("close", False)]

            run(main)

    class DescribeHalfClose:
        def it_receives_the_answer_to_a_request_that_it_ended_with(self):
            def answer(socket):
                socket.on("end", lambda: socket.end("answer"))

            client, server = conversation(
                answer, lambda client: client.end("request"), {"allow_half_open": True}
            )
            assert client == [*OPENING, "finish", b"answer", "end", ("close", False)]
            assert server == ["secure", b"request", "end", "finish", ("close", False)]

        def it_may_answer_after_the_other_side_has_ended(self):
            def act(client):
                client.on("end", lambda: client.end("late"))

            client, server = conversation(
                lambda socket: socket.end("bye"), act, allow_half_open=True
            )
            assert client == [*OPENING, b"bye", "end", "finish", ("close", False)]
            assert server == ["secure", "finish", b"late", "end", ("close", False)]

        @pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
        def it_may_end_as_soon_as_it_is_secure(self, version):
            client, server = conversation(
                lambda socket: socket.write("hi"),
                lambda client: client.end(),
                {"max_version": version},
            )
            # With TLS 1.2, the data arrives together with the end of the handshake.
            client.remove("finish")
            assert client == [*OPENING, b"hi", "end", ("close", False)]
            assert server == ["secure", "end", "finish", ("close", False)]

        def it_may_end_on_the_server_as_soon_as_it_is_secure(self):
            client, server = conversation(lambda socket: socket.end())
            assert client == [*OPENING, "end", "finish", ("close", False)]
            assert server == ["secure", "finish", "end", ("close", False)]

        @pytest.mark.parametrize("when", ["connect", None])
        def it_may_end_before_that(self, when):
            """The handshake fails on the server then, if nothing was written."""

            async def main():
                actors = Actors()
                client, trace = actors.connect()
                if when:
                    client.on(when, client.end)
                else:
                    client.end()
                await actors.change()
                await settled(trace)
                await actors.end()
                return trace, [error.message for error in actors.failures]

            client, errors = run(main)
            secure = ["secure_connect", "secure"]
            assert client == ["connect", "ready", "finish", *secure, "end", ("close", False)]
            assert errors == ["socket hang up"]

    class DescribeDestroy:
        def it_may_come_as_soon_as_it_is_secure(self):
            trace, _, failures, _ = failure(
                lambda client: client.on("secure_connect", client.destroy)
            )
            assert trace == [*OPENING, ("close", False)]
            assert [error.message for error in failures] == ["socket hang up"]

        def it_may_come_on_the_server_as_soon_as_it_is_secure(self):
            client, server = conversation(lambda socket: socket.destroy())
            assert client == [*OPENING, "end", "finish", ("close", False)]
            assert server == ["secure", ("close", False)]

        def it_delivers_what_was_written_before(self):
            def refuse(socket):
                socket.write("no")
                socket.destroy()

            client, server = conversation(refuse)
            assert client == [*OPENING, b"no", "end", "finish", ("close", False)]
            client, server = conversation(None, refuse)
            assert server == ["secure", b"no", "end", "finish", ("close", False)]

        def it_delivers_what_was_written_in_a_listener_for_data(self):
            def refuse(chunk, socket):
                socket.write("n")
                socket.write("o")
                socket.destroy()

            def listener(socket):
                socket.on("data", lambda chunk: refuse(chunk, socket))

            client, _ = conversation(listener, lambda client: client.write("x"))
            assert client == [*OPENING, b"no", "end", "finish", ("close", False)]

        def it_waits_for_what_was_written_if_it_comes_soon(self):
            def listener(socket):
                socket.write("no")
                socket.destroy_soon()

            client, server = conversation(listener)
            assert client == [*OPENING, b"no", "end", "finish", ("close", False)]
            assert server == ["secure", "finish", ("close", False)]

        def it_may_come_before_the_connection(self):
            async def main():
                actors = Actors()
                client, trace = actors.connect()
                client.destroy()
                await settled(trace)
                await actors.end()
                return trace

            assert run(main) == [("close", False)]

        def it_may_come_with_an_error_when_connected(self):
            trace, _, failures, _ = failure(
                lambda client: client.on("connect", lambda: client.destroy(ValueError("boom")))
            )
            assert trace == ["connect", "ready", ("error", "boom"), ("close", True)]
            assert [error.code for error in failures] == ["ECONNRESET"]

        def it_cannot_reset_the_connection(self):
            """As in Node, only the TCP socket under it can do that."""

            async def main():
                actors = Actors()
                client, trace = actors.connect()
                for method in (client.reset_and_destroy, client.resetAndDestroy):
                    with pytest.raises(TypeError) as caught:
                        method()
                    assert node_error(caught).code == "ERR_INVALID_HANDLE_TYPE"
                client.destroy()
                client.reset_and_destroy()
                await settled(trace)
                await actors.end()
                return trace

            assert run(main) == [("close", False)]

    class DescribeTheEndOfTheConnection:
        """The ways in which a peer with another library ends a connection."""

        @staticmethod
        def meet(act, callback=None, close=None):
            """The events of a client with a server of the standard library."""

            async def main():
                loop = asyncio.get_running_loop()
                listener = bsd.create_server(("127.0.0.1", 0))
                with listener:
                    work = loop.run_in_executor(None, act, listener)
                    client = tls.connect(
                        listener.getsockname()[1],
                        "127.0.0.1",
                        {"servername": "localhost", "ca": certificates.authority().cert},
                    )
                    trace = Trace(client)
                    if callback is not None:
                        client.on("secure_connect", lambda: callback(client))
                    await settled(trace)
                    await work
                return trace

            return run(main)

        @staticmethod
        def accepted(listener):
            connection, _ = listener.accept()
            connection.settimeout(5)
            return server_context().wrap_socket(connection, server_side=True)

        def it_may_lack_the_end_of_tls(self):
            def act(listener):
                connection = self.accepted(listener)
                connection.sendall(b"bye")
                bsd.socket(fileno=connection.detach()).close()

            client = self.meet(act)
            assert client == [*OPENING, b"bye", "end", "finish", ("close", False)]

        def it_is_an_error_if_the_peer_resets(self):
            def act(listener):
                connection = self.accepted(listener)
                assert connection.recv(5) == b"hello"
                reset(bsd.socket(fileno=connection.detach()))

            client = self.meet(act, lambda client: client.write("hello"))
            assert client == [*OPENING, ("error", "ECONNRESET"), ("close", True)]

        def it_is_no_error_if_the_peer_resets_after_this_side_has_ended(self):
            def act(listener):
                connection = self.accepted(listener)
                assert connection.recv(5) == b"hello"
                assert connection.recv(5) == b""
                reset(bsd.socket(fileno=connection.detach()))

            client = self.meet(act, lambda client: client.end("hello"))
            assert client == [*OPENING, "finish", "end", ("close", False)]

        def it_is_an_error_before_the_handshake_is_complete(self):
            def act(listener):
                listener.accept()[0].close()

            client = self.meet(act)
            assert client[:2] == ["connect", "ready"]
            assert client[-2:] == [("error", "ECONNRESET"), ("close", True)]

        def it_is_an_error_if_the_peer_does_not_speak_tls(self):
            def act(listener):
                connection, _ = listener.accept()
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                connection.recv(1000)
                connection.close()

            client = self.meet(act)
            assert client[2:] == [("error", "ERR_SSL_WRONG_VERSION_NUMBER"), ("close", True)]

        @staticmethod
        def with_a_changed_record(prepare):
            """The events of a client for a record after "go" that was changed on its way."""

            async def main():
                sockets = []

                def relay(below):
                    sockets.append(below)
                    below.pipe(net.connect(actors.port, "127.0.0.1")).pipe(below)

                def change(chunk):
                    sockets[0].write(b"\x17\x03\x03\x00\x14" + b"x" * 20)

                actors = Actors(lambda socket: socket.write("go"))
                middle = net.create_server(relay).listen(0, "127.0.0.1")
                client, trace = actors.connect(port=bound(middle).port)
                prepare(client)
                client.on("data", change)
                await settled(trace)
                await close(middle)
                await actors.end()
                return trace

            return run(main)

        def it_is_an_error_if_a_record_was_changed(self):
            code = "ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC"
            client = self.with_a_changed_record(lambda client: None)
            assert client == [*OPENING, b"go", ("error", code), "end", "finish", ("close", False)]

            client = self.with_a_changed_record(
                lambda client: client.on("error", lambda error: client.destroy())
            )
            assert client == [*OPENING, b"go", ("error", code), ("close", False)]

        def it_reports_an_error_that_nobody_listens_to(self):
            reported = []

            def prepare(client):
                loop = asyncio.get_running_loop()
                loop.set_exception_handler(lambda loop, context: reported.append(context))
                client.remove_all_listeners("error")

            self.with_a_changed_record(prepare)
            (context,) = reported
            assert context["exception"].code == "ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC"
            assert context["message"].startswith("Unhandled 'error' event of a TLSSocket")

    class DescribeVerification:
        @pytest.mark.parametrize(
            "pair, code, message",
            [
                (
                    certificates.self_signed,
                    "DEPTH_ZERO_SELF_SIGNED_CERT",
                    "self-signed certificate",
                ),
                (certificates.expired, "CERT_HAS_EXPIRED", "certificate has expired"),
                (certificates.not_yet_valid, "CERT_NOT_YET_VALID", "certificate is not yet valid"),
                (
                    certificates.behind_intermediate,
                    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
                    "unable to verify the first certificate",
                ),
                (
                    certificates.elsewhere,
                    "ERR_TLS_CERT_ALTNAME_INVALID",
                    "Hostname/IP does not match certificate's altnames: Host: localhost. is not in "
                    "the cert's altnames",
                ),
            ],
        )
        def it_refuses_a_certificate_with_nodes_code(self, pair, code, message):
            server = pair()
            trace, (error,), failures, socket = failure(
                server={"cert": server.cert, "key": server.key}
            )
            assert trace == ["connect", "ready", ("error", code), ("close", True)]
            assert (error.code, error.message, str(error)) == (code, message, message)
            assert isinstance(error, ssl.SSLCertVerificationError)
            assert isinstance(error, NodeError)
            assert (socket.authorized, socket.authorization_error) == (False, code)
            assert [error.code for error in failures] == ["ECONNRESET"]

        def it_refuses_an_authority_that_came_along(self):
            pair, above = certificates.localhost(), certificates.authority()
            _, (error,), _, _ = failure(
                server={"cert": pair.cert + above.cert, "key": pair.key}, ca=None
            )
            assert error.code == "SELF_SIGNED_CERT_IN_CHAIN"

        def it_refuses_an_unknown_authority(self):
            _, (error,), _, _ = failure(ca=None)
            assert error.code == "UNABLE_TO_VERIFY_LEAF_SIGNATURE"

        def it_refuses_an_ip_address_that_is_not_in_the_certificate(self):
            pair = certificates.elsewhere()
            _, (error,), _, _ = failure(
                server={"cert": pair.cert, "key": pair.key}, servername=None
            )
            assert error.code == "ERR_TLS_CERT_ALTNAME_INVALID"
            assert error.message.endswith("IP: 127.0.0.1 is not in the cert's list")

        @pytest.mark.parametrize(
            "pair, options",
            [
                (certificates.localhost, {}),
                (certificates.localhost, {"servername": None}),
                (certificates.localhost, {"servername": "localhost."}),
                (certificates.localhost, {"servername": "127.0.0.1"}),
                (certificates.elsewhere, {"servername": "a.wild.example"}),
                (certificates.self_signed, {"ca": certificates.self_signed().cert}),
            ],
        )
        def it_accepts_a_certificate_for_the_name(self, pair, options):
            async def main():
                actors = Actors(cert=pair().cert, key=pair().key)
                client, trace = actors.connect(**options)
                await event(client, "secure_connect")
                assert (client.authorized, client.authorization_error) == (True, None)
                client.destroy()
                await settled(trace)
                await actors.end()

            run(main)

        def it_accepts_what_an_intermediate_authority_has_signed(self):
            pair, between = certificates.behind_intermediate(), certificates.intermediate()
            client, _ = conversation(
                None,
                lambda client: client.end(),
                {"cert": pair.cert + between.cert, "key": pair.key},
            )
            assert client == [*OPENING, "finish", "end", ("close", False)]

        def it_can_be_switched_off(self):
            async def main():
                pair = certificates.self_signed()
                actors = Actors(cert=pair.cert, key=pair.key)
                client, trace = actors.connect(reject_unauthorized=False, ca=None, servername=None)
                await event(client, "secure_connect")
                assert client.authorized is False
                assert client.authorization_error == (
                    "The certificate was not verified, because reject_unauthorized is False"
                )
                assert client.get_peer_certificate()["subject"] == {"CN": "localhost"}
                client.destroy()
                await settled(trace)
                await actors.end()

            run(main)

        def it_raises_from_run_if_nobody_listens_for_the_error(self):
            from websocket_driver import node

            pair = certificates.self_signed()
            server = tls.create_server({"cert": pair.cert, "key": pair.key}).listen(0, "127.0.0.1")
            client = tls.connect(bound(server).port, "localhost")
            client.on("close", lambda: server.close())
            with pytest.raises(ssl.SSLCertVerificationError) as caught:
                node.run()
            assert node_error(caught).code == "DEPTH_ZERO_SELF_SIGNED_CERT"

    class DescribeWhatIsKnown:
        def it_says_nothing_before_the_handshake_and_little_after_the_end(self):
            async def main():
                actors = Actors(alpn_protocols=["chat"])
                client, trace = actors.connect(ALPNProtocols=["other", "chat"])
                known = [
                    (
                        client.encrypted,
                        client.authorized,
                        client.alpn_protocol,
                        client.servername,
                        client.get_protocol(),
                        client.get_cipher(),
                        client.get_peer_certificate().get("subject"),
                        client.remote_address,
                    )
                ]

                def know(socket):
                    known.append(
                        (
                            socket.encrypted,
                            socket.authorized,
                            socket.alpnProtocol,
                            socket.servername,
                            socket.getProtocol(),
                            socket.getCipher(),
                            socket.getPeerCertificate().get("subject"),
                            socket.remote_address,
                        )
                    )

                await event(client, "secure_connect")
                know(client)
                await actors.change()
                know(actors.sockets[0])
                client.destroy()
                know(client)
                await settled(trace)
                await actors.end()
                return known

            before, secure, server, after = run(main)
            cipher = {
                "name": "TLS_AES_256_GCM_SHA384",
                "standardName": "TLS_AES_256_GCM_SHA384",
                "standard_name": "TLS_AES_256_GCM_SHA384",
                "version": "TLSv1.3",
            }
            subject = {"CN": "localhost"}
            assert before == (True, False, None, None, None, None, None, None)
            expected: Any = (True, True, "chat", "localhost", "TLSv1.3", cipher, subject)
            assert secure == (*expected, "127.0.0.1")
            expected = (True, False, "chat", "localhost", "TLSv1.3", cipher, None)
            assert server == (*expected, "127.0.0.1")
            assert after[:4] == (True, True, "chat", "localhost")
            assert after[4:7] == (None, None, None)

        def it_has_false_for_what_was_not_agreed(self):
            async def main():
                actors = Actors()
                client, trace = actors.connect(servername=None)
                await event(client, "secure")
                await actors.change()
                (server,) = actors.sockets
                assert (client.alpn_protocol, client.servername) == (False, False)
                assert (server.alpn_protocol, server.servername) == (False, False)
                assert server.authorization_error is None
                client.destroy()
                await settled(trace)
                await actors.end()

            run(main)

        def it_has_the_standard_name_of_the_cipher(self):
            async def main():
                actors = Actors(max_version="TLSv1.2")
                client, trace = actors.connect()
                await event(client, "secure")
                assert client.get_cipher()["name"] == "ECDHE-ECDSA-AES256-GCM-SHA384"
                assert client.get_cipher()["standardName"] == (
                    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
                )
                client.destroy()
                await settled(trace)
                await actors.end()

            run(main)

        def it_sets_options_of_the_socket_under_it(self):
            async def main():
                actors = Actors()
                client, trace = actors.connect()
                await event(client, "secure")
                assert client.set_no_delay(False) is client
                assert client.set_keep_alive(True, 1000) is client
                assert client.local_port == client.address().port
                client.destroy()
                await settled(trace)
                await actors.end()

            run(main)

    class DescribeClientCertificates:
        def it_may_be_asked_for(self):
            async def main():
                pair = certificates.client()
                actors = Actors(request_cert=True, ca=certificates.authority().cert)
                client, trace = actors.connect(cert=pair.cert, key=pair.key)
                await actors.change()
                (server,) = actors.sockets
                assert (server.authorized, server.authorization_error) == (True, None)
                assert server.get_peer_certificate()["subject"] == {"CN": "a client"}
                client.destroy()
                await settled(trace)
                await actors.end()

            run(main)

        def it_may_be_missing_if_the_server_allows_it(self):
            async def main():
                actors = Actors(
                    request_cert=True, reject_unauthorized=False, ca=certificates.authority().cert
                )
                client, trace = actors.connect()
                await actors.change()
                (server,) = actors.sockets
                assert (server.authorized, server.authorization_error) == (
                    False,
                    "UNABLE_TO_GET_ISSUER_CERT",
                )
                client.destroy()
                await settled(trace)
                await actors.end()

            run(main)

        def it_is_an_error_after_the_handshake_if_it_is_missing(self):
            """A client of TLS 1.3 has long been secure when the server refuses it."""
            trace, _, failures, _ = failure(
                server={"request_cert": True, "ca": certificates.authority().cert}
            )
            code = "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED"
            assert trace == [*OPENING, ("error", code), "end", "finish", ("close", False)]
            assert [error.code for error in failures] == [
                "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE"
            ]

        def it_is_an_error_in_the_handshake_of_tls_1_2(self):
            trace, _, _, _ = failure(
                server={
                    "request_cert": True,
                    "ca": certificates.authority().cert,
                    "max_version": "TLSv1.2",
                }
            )
            code = "ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE"
            assert trace == ["connect", "ready", ("error", code), ("close", True)]

        def it_ends_the_connection_if_it_is_not_trusted(self):
            pair = certificates.self_signed()
            trace, _, failures, _ = failure(
                server={"request_cert": True, "ca": certificates.authority().cert},
                cert=pair.cert,
                key=pair.key,
            )
            assert trace == [*OPENING, "end", "finish", ("close", False)]
            assert [error.message for error in failures] == ["socket hang up"]
            assert failures[0].__cause__.code == "DEPTH_ZERO_SELF_SIGNED_CERT"

    class DescribeProtocolsAndVersions:
        def it_fails_without_a_common_protocol(self):
            trace, _, failures, _ = failure(
                server={"alpn_protocols": ["h2"]}, alpn_protocols=["other"]
            )
            code = "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL"
            assert trace == ["connect", "ready", ("error", code), ("close", True)]
            assert [error.code for error in failures] == ["ERR_SSL_NO_APPLICATION_PROTOCOL"]

        def it_fails_without_a_common_version(self):
            trace, _, failures, _ = failure(
                server={"min_version": "TLSv1.3"}, max_version="TLSv1.2"
            )
            code = "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION"
            assert trace == ["connect", "ready", ("error", code), ("close", True)]
            assert [error.code for error in failures] == ["ERR_SSL_UNSUPPORTED_PROTOCOL"]

    class DescribeHandshakeTimeout:
        def it_ends_a_client_that_gets_no_answer(self):
            async def main():
                server = net.create_server(lambda raw: raw.resume()).listen(0, "127.0.0.1")
                client = tls.connect(bound(server).port, "127.0.0.1", {"handshake_timeout": 20})
                trace = Trace(client)
                await settled(trace)
                await close(server)
                return trace

            code = "ERR_TLS_HANDSHAKE_TIMEOUT"
            assert run(main) == ["connect", "ready", ("error", code), ("close", True)]

        @pytest.mark.parametrize("timeout", [0, 1e12])
        def it_can_be_off_or_longer_than_a_timer_can_wait(self, timeout):
            client, _ = conversation(None, lambda client: client.end(), handshake_timeout=timeout)
            assert client == [*OPENING, "finish", "end", ("close", False)]

    class DescribeConstructor:
        def it_is_a_client_by_default(self):
            async def main():
                actors = Actors()
                raw, _ = actors.connect_plain()
                socket = tls.TLSSocket(
                    raw, servername="localhost", ca=certificates.authority().cert
                )
                trace = Trace(socket)
                socket.end("hello")
                await actors.change()
                await settled(trace, *actors.traces)
                await actors.end()
                return trace, *actors.traces

            client, server = run(main)
            assert client == [
                "connect",
                "secure_connect",
                "secure",
                "finish",
                "end",
                ("close", False),
            ]
            assert server == ["secure", b"hello", "end", "finish", ("close", False)]

        def it_may_be_a_server(self):
            async def main():
                traces: list[Any] = []
                pair = certificates.localhost()

                def accept(raw):
                    options: Any = {"isServer": True, "server": server, **pair._asdict()}
                    socket = tls.TLSSocket(raw, options)
                    traces.extend((Trace(raw, ["end", "finish", "close"]), Trace(socket)))
                    socket.on("data", lambda chunk: socket.end("bye"))

                server = net.create_server(accept).listen(0, "127.0.0.1")
                client: Any
                client = tls.connect(
                    bound(server).port,
                    {"ca": certificates.authority().cert},
                    lambda: client.write("hi"),
                )
                trace = Trace(client, ["secure_connect", "data", "end", "close"])
                await settled(trace)
                await settled(*traces)
                await close(server)
                return trace, *traces

            client, raw, server = run(main)
            assert client == ["secure_connect", b"bye", "end", ("close", False)]
            assert server == ["secure", b"hi", "finish", "end", ("close", False)]
            assert raw == ["finish", ("close", False)]

        def it_emits_the_error_of_a_handshake_of_its_own(self):
            async def main():
                traces = []
                pair = certificates.localhost()

                def accept(raw):
                    options: Any = {"is_server": True, "cert": pair.cert, "key": pair.key}
                    traces.append(Trace(tls.TLSSocket(raw, options)))
                    closed.set_result(None)

                closed = asyncio.get_running_loop().create_future()
                server = net.create_server(accept).listen(0, "127.0.0.1")
                client = net.connect(bound(server).port, "127.0.0.1")
                client.write("GET / HTTP/1.1\r\n\r\n")
                trace = Trace(client)
                await closed
                await settled(trace, *traces)
                await close(server)
                return traces[0]

            assert run(main) == [("error", "ERR_SSL_HTTP_REQUEST"), ("close", True)]

        def it_ends_without_an_error_if_its_client_leaves_before_the_end_of_the_handshake(self):
            async def main():
                traces = []
                pair = certificates.localhost()

                def accept(raw):
                    options: Any = {"is_server": True, "cert": pair.cert, "key": pair.key}
                    traces.append(Trace(tls.TLSSocket(raw, options)))

                server = net.create_server(accept).listen(0, "127.0.0.1")
                client = net.connect(bound(server).port, "127.0.0.1")
                trace = Trace(client)
                client.end()
                await settled(trace)
                await settled(*traces)
                await close(server)
                return traces

            assert run(main) == [["end", "finish", ("close", False)]]

        def it_needs_a_name_if_it_verifies(self):
            async def main():
                raw = net.Socket()
                with pytest.raises(ConfigurationError, match=r"^servername is missing: "):
                    tls.TLSSocket(raw)
                with pytest.raises(TypeError, match=r"options\.is_server"):
                    tls.TLSSocket(raw, is_server="yes")  # type: ignore[arg-type]
                with pytest.raises(TypeError, match="stream"):
                    tls.TLSSocket("raw", servername="localhost")  # type: ignore[arg-type]

            run(main)


def server_context():
    pair = certificates.localhost()
    return context_for(Settings(True, ssl.CERT_NONE, (Key(Pem(pair.key)),), (Pem(pair.cert),)))


def reset(socket):
    socket.setsockopt(bsd.SOL_SOCKET, bsd.SO_LINGER, struct.pack("ii", 1, 0))
    socket.close()
