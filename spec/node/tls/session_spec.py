"""Sessions that are resumed, and the chain of a certificate."""

from __future__ import annotations

import ssl
from typing import Any

import pytest

from spec.node.tls import certificates
from spec.node.tls.actors import Actors, settled
from spec.wires import event, run
from websocket_driver.node import tls
from websocket_driver.node.tls import certificates as described
from websocket_driver.node.tls.records import RecordLayer

CA = certificates.authority().cert


async def visit(actors, **options):
    """A connection, to its end: whether it was resumed, and its sessions."""
    sessions: list[Any] = []
    client, trace = actors.connect(**options)
    client.on("session", sessions.append)
    await event(client, "secure_connect")
    resumed = client.is_session_reused()
    client.end("x")
    await settled(trace)
    assert (client.get_session(), client.is_session_reused()) == (None, False)
    return resumed, sessions


class DescribeSessions:
    @pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
    def it_is_resumed(self, version):
        async def main():
            actors = Actors(lambda socket: socket.pipe(socket), max_version=version)
            first, sessions = await visit(actors)
            assert first is False
            assert all(isinstance(session, ssl.SSLSession) for session in sessions)
            second, _ = await visit(actors, session=sessions[-1])
            assert second is True
            assert [socket.is_session_reused() for socket in actors.sockets] == [False, False]
            await actors.end()

        run(main)

    def it_can_be_asked_for(self):
        async def main():
            actors = Actors()
            client, trace = actors.connect()
            await event(client, "secure_connect")
            assert isinstance(client.getSession(), ssl.SSLSession)
            client.end()
            await settled(trace)
            await actors.end()

        run(main)

    def it_is_not_checked_twice_whose_certificate_it_is(self):
        async def main():
            actors = Actors(lambda socket: socket.pipe(socket))
            calls: list[Any] = []
            check = {"check_server_identity": lambda *arguments: calls.append(arguments)}
            _, sessions = await visit(actors, **check)
            resumed, _ = await visit(actors, session=sessions[0], **check)
            assert (resumed, len(calls)) == (True, 1)
            await actors.end()

        run(main)

    def it_is_for_connections_with_the_same_options(self):
        async def main():
            actors = Actors(lambda socket: socket.pipe(socket))
            _, (session, *_) = await visit(actors)
            with pytest.raises(ValueError, match="SSLContext"):
                actors.connect(session=session, min_version="TLSv1.3")
            await actors.end()

        run(main)

    def it_must_be_a_session(self):
        with pytest.raises(TypeError, match="session"):
            tls.connect(4180, session=b"x")  # type: ignore[call-overload]


class DescribeDetailedCertificates:
    def it_has_those_above_it(self):
        async def main():
            actors = Actors()
            client, trace = actors.connect()
            assert client.get_peer_certificate(True) == {}
            await event(client, "secure_connect")
            certificate = client.getPeerCertificate(True)
            assert certificate["subject"] == {"CN": "localhost"}
            above = certificate["issuerCertificate"]
            assert above is certificate["issuer_certificate"]
            assert above["subject"] == {"CN": "Test authority"}
            assert above["issuer_certificate"] is above
            assert "issuer_certificate" not in client.get_peer_certificate()
            assert actors.sockets == [] or actors.sockets[0].get_peer_certificate(True) == {}
            await actors.change()
            assert actors.sockets[0].get_peer_certificate(True) == {}
            client.end()
            await settled(trace)
            assert client.get_peer_certificate(True) == {}
            await actors.end()

        run(main)

    def it_ends_where_an_authority_is_not_known(self):
        raws = [
            ssl.PEM_cert_to_DER_cert(pair.cert)
            for pair in (
                certificates.behind_intermediate(),
                certificates.intermediate(),
                certificates.authority(),
            )
        ]
        leaf, intermediate, root = raws
        assert described.complete([leaf], [root]) == [leaf]
        assert described.complete([leaf], [root, intermediate]) == raws
        assert described.complete([leaf, intermediate], [root]) == raws
        assert described.complete([root], [root]) == [root]
        assert described.complete([b"x"], [b"y"]) == [b"x"]
        chain = described.describe_chain([leaf, intermediate])
        assert "issuer_certificate" not in chain["issuer_certificate"]

    def it_uses_what_the_peer_sent_where_python_has_it(self):
        class Connection:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            sent: tuple[bytes, ...] = (b"leaf", b"above")

            def getpeercert(self, binary_form):
                return b"leaf"

            def get_unverified_chain(self):
                return self.sent

        records = RecordLayer(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), server_hostname="x")
        assert records.chain() == []
        records.established, records._tls = True, Connection()  # type: ignore[assignment]
        assert records.chain() == [b"leaf", b"above"]
        Connection.sent = ()  # of a resumed session
        assert records.chain() == [b"leaf"]
