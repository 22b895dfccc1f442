"""`tls.create_secure_context`, `server.add_context`, `sni_callback`, and unusable options."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import Any

import pytest

from spec.node.support import node_error
from spec.node.tls import certificates
from spec.node.tls.actors import Actors, settled
from spec.wires import event, run
from websocket_driver.errors import ConfigurationError
from websocket_driver.node import timers, tls
from websocket_driver.node.tls.contexts import context_for, settings_for
from websocket_driver.node.tls.server_names import ServerNames
from websocket_driver.node.tls.unsupported import UNSUPPORTED

OTHER = certificates.elsewhere()
OPTIONS: Any = {"cert": OTHER.cert, "key": OTHER.key}
CA = certificates.authority().cert


def subjects(names, prepare=None, **server):
    """The names in the certificates that a server shows to clients that ask for `names`."""

    async def main():
        actors = Actors(**server)
        if prepare is not None:
            prepare(actors.server)
        found = []
        for name in names:
            client, trace = actors.connect(
                servername=name, check_server_identity=lambda name, cert: None
            )
            await event(client, "secure_connect")
            found.append(client.get_peer_certificate()["subject"]["CN"])
            client.end()
            await settled(trace)
        await actors.end()
        return found

    return run(main)


def refused(callback, **server):
    """The error of a server whose `sni_callback` refuses, and the events of its client."""

    async def main():
        actors = Actors(sni_callback=callback, **server)
        _, trace = actors.connect()
        await actors.change()
        await settled(trace)
        await actors.end()
        (error,) = actors.failures
        return error, trace[-2:]

    return run(main)


DISCONNECTED = [("error", "ECONNRESET"), ("close", True)]


class DescribeSecureContext:
    def it_serves_both_sides(self):
        async def main():
            context = tls.create_secure_context(OPTIONS, ca=CA)
            actors = Actors(secure_context=context, request_cert=True, alpn_protocols=["x", "y"])
            client, trace = actors.connect(
                secure_context=context, ca=None, servername="other.example", alpn_protocols=["y"]
            )
            await event(client, "secure_connect")
            assert (client.authorized, client.alpn_protocol) == (True, "y")
            await actors.change()
            (socket,) = actors.sockets
            assert socket.authorized
            assert socket.get_peer_certificate()["subject"] == {"CN": "other.example"}
            client.end()
            await settled(trace)
            await actors.end()

        run(main)

    def it_has_both_spellings(self):
        context = tls.createSecureContext(OPTIONS, minVersion="TLSv1.3", ecdhCurve="P-256")
        assert (type(context), context.has_certificate) == (tls.SecureContext, True)
        assert not tls.create_secure_context().has_certificate

    def it_replaces_the_options_that_it_has(self):
        context = tls.create_secure_context(OPTIONS)
        for name in ("cert", "ciphers", "min_version"):
            options: Any = {"secure_context": context, name: "x"}
            with pytest.raises(ConfigurationError, match=f"^{name}: set it in secure_context"):
                tls.create_server(options)
            with pytest.raises(ConfigurationError, match=f"^{name}: set it in secure_context"):
                tls.connect(4180, options)

    def it_needs_a_certificate_on_a_server(self):
        context = tls.create_secure_context(ca=CA)
        with pytest.raises(ConfigurationError, match="has no certificate"):
            tls.create_server(secure_context=context)

    @pytest.mark.parametrize(
        "options, message",
        [
            ({"key": OTHER.key}, "key needs cert"),
            ({"ca": "-----BEGIN"}, r"ca: no certificate \(.+\)"),
            ({"cert": OTHER.cert}, "cert and key cannot be used: .+"),
            ({"alpn_protocols": ["x"]}, "Unrecognized option: alpn_protocols"),
            ({"pfx": b""}, r"pfx: Python's ssl reads PEM only\. .+"),
        ],
    )
    def it_refuses_options_that_cannot_be_used(self, options, message):
        with pytest.raises(ConfigurationError, match=f"^{message}$"):
            tls.create_secure_context(options)

    def it_refuses_what_is_not_a_mapping(self):
        with pytest.raises(TypeError, match="mapping"):
            tls.create_secure_context(5)  # type: ignore[arg-type]


class DescribeAddContext:
    def it_selects_the_certificate_by_name(self):
        def prepare(server):
            server.add_context("other.example", OPTIONS)
            server.addContext("*.wild.example", tls.create_secure_context(OPTIONS))

        names = ["localhost", "other.example", "A.wild.example", "a.b.wild.example"]
        expected = ["localhost", "other.example", "other.example", "localhost"]
        assert subjects(names, prepare) == expected

    def it_prefers_the_last_one(self):
        names = ServerNames()
        assert not names
        first, last = tls.create_secure_context(), tls.create_secure_context()
        names.add("*.b.com", first)
        names.add("a.b.com", last)
        names.add("c-d.b.com", last)
        answers = []
        for name in ("a.b.com", "x.b.com", "c-d.b.com", "cxd.b.com", "b.com", "a.b.com.x"):
            names.select(name, lambda error, context: answers.append(context))
        assert answers == [last, first, last, first, None, None]

    def it_takes_an_ssl_context_as_it_is(self):
        def prepare(server):
            server.add_context("other.example", ssl_context())

        assert subjects(["localhost", "other.example"], prepare) == ["localhost", "other.example"]

    def it_keeps_the_other_options_of_the_server(self):
        async def main():
            actors = Actors(alpn_protocols=["x"], request_cert=True, ca=CA)
            actors.server.add_context("other.example", tls.create_secure_context(OPTIONS, ca=CA))
            client, trace = actors.connect(
                servername="other.example", alpn_protocols=["x"], cert=OTHER.cert, key=OTHER.key
            )
            await actors.change()
            (socket,) = actors.sockets
            assert (socket.alpn_protocol, socket.authorized) == ("x", True)
            assert socket.servername == "other.example"
            client.end()
            await settled(trace)
            await actors.end()

        run(main)

    def it_is_for_clients_whose_first_message_comes_in_pieces(self):
        async def main():
            actors = Actors()
            actors.server.add_context("other.example", OPTIONS)
            raw, raw_trace = actors.connect_plain()
            await event(raw, "connect")
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            context = ssl.create_default_context(cadata=CA)
            secure = context.wrap_bio(incoming, outgoing, server_hostname="other.example")
            with contextlib.suppress(ssl.SSLWantReadError):
                secure.do_handshake()
            for byte in outgoing.read():
                raw.write(bytes([byte]))
                await asyncio.sleep(0)
            while True:
                (data,) = await event(raw, "data")
                incoming.write(data)
                try:
                    secure.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    pass
            raw.write(outgoing.read())
            await actors.change()
            assert [socket.servername for socket in actors.sockets] == ["other.example"]
            raw.destroy()
            await settled(raw_trace)
            await actors.end()

        run(main)

    def it_refuses_what_cannot_be_used(self):
        pair = certificates.localhost()
        server = tls.create_server(cert=pair.cert, key=pair.key)
        with pytest.raises(ValueError, match="servername") as raised:
            server.add_context("", OPTIONS)
        assert node_error(raised).code == "ERR_TLS_REQUIRED_SERVER_NAME"
        with pytest.raises(ConfigurationError, match="add_context: the context has no certificate"):
            server.add_context("x", {"ca": CA})


def ssl_context():
    """A context that the program has made."""
    settings = settings_for(server_side=True, verify_mode=ssl.CERT_NONE, **OPTIONS)
    return context_for(settings)


class DescribeSetSecureContext:
    def it_replaces_the_certificate_for_connections_to_come(self):
        async def main():
            actors = Actors()
            names = []
            for prepare in (
                lambda server: None,
                lambda server: server.set_secure_context(OPTIONS),
                lambda server: server.add_context("localhost", certificates_of_localhost()),
                lambda server: server.setSecureContext(**OPTIONS),
            ):
                prepare(actors.server)
                client, trace = actors.connect(check_server_identity=lambda name, cert: None)
                await event(client, "secure_connect")
                names.append(client.get_peer_certificate()["subject"]["CN"])
                client.end()
                await settled(trace)
            await actors.end()
            assert names == ["localhost", "other.example", "localhost", "localhost"]
            with pytest.raises(ConfigurationError):
                actors.server.set_secure_context({"key": OTHER.key})

        run(main)


def certificates_of_localhost() -> Any:
    pair = certificates.localhost()
    return {"cert": pair.cert, "key": pair.key}


class DescribeSNICallback:
    def it_selects_the_certificate(self):
        asked = []
        context = tls.create_secure_context(OPTIONS)

        def select(name, callback):
            asked.append(name)
            callback(None, context if name == "other.example" else None)

        assert subjects(["localhost", "other.example"], SNICallback=select) == [
            "localhost",
            "other.example",
        ]
        assert asked == ["localhost", "other.example"]

    def it_may_answer_later(self):
        def select(name, callback):
            timers.set_timeout(callback, 5, None, tls.create_secure_context(OPTIONS))

        assert subjects(["x.example"], sni_callback=select) == ["other.example"]

    def it_may_be_a_coroutine_function(self):
        async def select(name, callback):
            await asyncio.sleep(0.005)
            callback(None, tls.create_secure_context(OPTIONS))

        assert subjects(["x.example"], sni_callback=select) == ["other.example"]

    def it_is_enough_for_a_server(self):
        async def main():
            context = tls.create_secure_context(OPTIONS)
            server = tls.create_server(sni_callback=lambda name, callback: callback(None, context))
            empty = tls.create_secure_context(min_version="TLSv1.3")
            assert server.listening is False
            tls.create_server(secure_context=empty, sni_callback=lambda name, callback: None)

        run(main)

    def it_takes_an_ssl_context_as_it_is(self):
        def select(name, callback):
            callback(None, ssl_context())

        assert subjects(["localhost"], sni_callback=select) == ["other.example"]

    def it_is_not_asked_by_clients_that_ask_for_no_name(self):
        calls = []

        async def main():
            actors = Actors(sni_callback=lambda *arguments: calls.append(arguments))
            client, trace = actors.connect(servername=None)
            await event(client, "secure_connect")
            client.end()
            await settled(trace)
            await actors.end()

        run(main)
        assert calls == []

    def it_wins_over_added_contexts(self):
        def prepare(server):
            server.add_context("other.example", OPTIONS)

        callbacks: Any = {"sni_callback": lambda name, callback: callback(None, None)}
        assert subjects(["other.example"], prepare, **callbacks) == ["localhost"]

    def it_refuses_a_client_with_an_error(self):
        def select(name, callback):
            callback(PermissionError("unknown name"))

        error, trace = refused(select)
        assert (type(error), str(error)) == (PermissionError, "unknown name")
        assert trace == DISCONNECTED

    def it_refuses_a_client_with_an_exception(self):
        def select(name, callback):
            raise PermissionError("unknown name")

        error, trace = refused(select)
        assert (type(error), trace) == (PermissionError, DISCONNECTED)

    def it_refuses_a_client_with_something_else(self):
        error, trace = refused(lambda name, callback: callback(None, "context"))
        assert (error.code, trace) == ("ERR_INVALID_ARG_TYPE", DISCONNECTED)

    def it_refuses_a_client_with_a_context_that_cannot_be_used(self):
        """test-tls-empty-sni-context.js"""
        context = tls.create_secure_context(ca=CA)
        error, trace = refused(lambda name, callback: callback(None, context))
        assert (type(error), trace) == (ConfigurationError, DISCONNECTED)

    def it_refuses_a_client_with_an_ssl_context_that_has_no_certificate(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        error, trace = refused(lambda name, callback: callback(None, context))
        assert error.code == "ERR_SSL_NO_SHARED_CIPHER"
        assert trace[-1] == ("close", True)

    def it_must_call_back_once(self):
        def select(name, callback):
            callback(None, None)
            callback(None, None)

        error, trace = refused(select)
        assert (error.code, trace[-1][0]) == ("ERR_MULTIPLE_CALLBACK", "close")

    def it_may_answer_too_late(self):
        answers = []

        def select(name, callback):
            answers.append(callback)

        error, trace = refused(select, handshake_timeout=10)
        assert (error.code, trace) == ("ERR_TLS_HANDSHAKE_TIMEOUT", DISCONNECTED)
        answers[0](None, None)

    def it_must_be_callable_and_is_for_servers(self):
        with pytest.raises(TypeError, match="sni_callback"):
            tls.create_server(OPTIONS, sni_callback="x")  # type: ignore[call-overload]
        with pytest.raises(ConfigurationError, match="sni_callback: only a server"):
            tls.connect(4180, sni_callback=lambda name, callback: None)

    def it_works_over_any_stream(self):
        async def main():
            actors = Actors(sni_callback=lambda name, callback: callback(None, None))
            actors.server.on("connection", lambda socket: None)
            client, trace = actors.connect()
            await event(client, "secure_connect")
            client.end()
            await settled(trace)
            await actors.end()

        run(main)


class DescribeOptionsThatCannotWork:
    @pytest.mark.parametrize("name", sorted({*UNSUPPORTED} - {"alpncallback"}))
    def it_says_what_to_use(self, name):
        options: Any = {**OPTIONS, name: "x"}
        for use in (
            tls.create_server,
            tls.create_secure_context,
            lambda more: tls.connect(1, more),
        ):
            with pytest.raises(ConfigurationError, match=f"^{name}: "):
                use(options)

    def it_counts_none_as_not_given(self):
        none = dict.fromkeys([*UNSUPPORTED, "secureProtocol", "requestOCSP", "minDHSize"])
        options: Any = {**OPTIONS, **none}
        context = tls.create_secure_context(options)
        assert context.has_certificate
        in_context: Any = {"secure_context": context, **none}
        assert not tls.create_server(in_context).listening
        unknown: Any = {"pfx2": None}
        with pytest.raises(ConfigurationError, match=r"^Unrecognized option: pfx2"):
            tls.create_secure_context(unknown)

    @pytest.mark.parametrize(
        "name", ["secureProtocol", "honorCipherOrder", "requestOCSP", "minDHSize", "ALPNCallback"]
    )
    def it_knows_nodes_spelling(self, name):
        with pytest.raises(ConfigurationError, match=f"^{name}: "):
            tls.connect(4180, {name: 1})  # type: ignore[call-overload]
