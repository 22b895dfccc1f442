"""The options of `tls` with Node at the other end, in both directions."""

from __future__ import annotations

import asyncio
import json
import shutil
from typing import Any

import pytest

from spec.node.tls import certificates
from spec.node.tls.actors import Actors
from spec.wires import event, run
from websocket_driver.node import tls

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="there is no Node.js")

CA = certificates.authority().cert
LOCAL, OTHER, RSA = certificates.localhost(), certificates.elsewhere(), certificates.rsa_localhost()

# Connects with each of the options, one after the other, and prints the events.
CLIENT = """
const tls = require('tls');
const { port, visits } = JSON.parse(process.argv[1]);
const seen = [];
let session;
(async () => {
  for (const { resume, ...options } of visits)
    await new Promise((resolve) => {
      if (resume) options.session = session;
      const socket = tls.connect({ port, host: '127.0.0.1', ...options });
      socket.on('session', (made) => session = made);
      socket.on('secureConnect', () => {
        // Node remembers no certificate of a session.
        const { subject, issuerCertificate } = socket.getPeerCertificate(true);
        seen.push({
          name: subject?.CN,
          issuer: issuerCertificate?.subject.CN,
          alpn: socket.alpnProtocol,
          cipher: socket.getCipher().name,
          reused: socket.isSessionReused(),
        });
        socket.end('x');
      });
      socket.on('data', () => {});
      socket.on('error', (error) => seen.push(error.code));
      socket.on('close', resolve);
    });
  console.log(JSON.stringify(seen));
})();
"""

# Prints its port, and for each connection the name that was asked for.
SERVER = """
const tls = require('tls');
const { options, contexts } = JSON.parse(process.argv[1]);
const server = tls.createServer(options, (socket) => {
  console.log(JSON.stringify([socket.servername, socket.alpnProtocol, socket.isSessionReused()]));
  socket.on('error', () => {});
  socket.pipe(socket);
});
for (const [name, context] of contexts) server.addContext(name, context);
server.on('tlsClientError', (error) => console.log(JSON.stringify(error.code)));
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
"""


async def node(script, arguments):
    return await asyncio.create_subprocess_exec(
        str(NODE),
        "-e",
        script,
        json.dumps(arguments),
        stdout=asyncio.subprocess.PIPE,
    )


async def visited(actors, *visits):
    """The events of a client of Node."""
    more = [{"servername": "localhost", "ca": CA, **visit} for visit in visits]
    process: Any = await node(CLIENT, {"port": actors.port, "visits": more})
    output, _ = await process.communicate()
    await actors.end()
    return json.loads(output)


class DescribeClientOfNode:
    def it_gets_the_certificate_for_the_name(self):
        async def main():
            actors = Actors(lambda socket: socket.pipe(socket), alpn_protocols=["a", "b"])
            actors.server.add_context("*.example", tls.create_secure_context(OTHER._asdict()))
            seen = await visited(
                actors,
                {"ALPNProtocols": ["b"]},
                {"servername": "other.example", "ALPNProtocols": ["b", "a"]},
                {"servername": "wrong.example"},
            )
            shown = [
                visit if isinstance(visit, str) else list(visit.values())[:3] for visit in seen
            ]
            assert shown == [
                ["localhost", "Test authority", "b"],
                ["other.example", "Test authority", "a"],
                "ERR_TLS_CERT_ALTNAME_INVALID",
            ]

        run(main)

    def it_gets_the_certificate_whose_key_it_can_use(self):
        async def main():
            actors = Actors(
                lambda socket: socket.pipe(socket),
                cert=[LOCAL.cert, RSA.cert],
                key=[RSA.key, {"pem": LOCAL.key}],
            )
            ciphers = ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"]
            visits = [{"ciphers": cipher, "maxVersion": "TLSv1.2"} for cipher in ciphers]
            seen = await visited(actors, *visits)
            assert [visit["cipher"] for visit in seen] == ciphers

        run(main)

    @pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
    def it_resumes_its_session(self, version):
        async def main():
            actors = Actors(lambda socket: socket.pipe(socket), max_version=version)
            seen = await visited(actors, {}, {"resume": True})
            assert [visit["reused"] for visit in seen] == [False, True]

        run(main)

    def it_is_refused_if_it_has_no_cipher_in_common(self):
        async def main():
            actors = Actors(ciphers="ECDHE-ECDSA-AES256-GCM-SHA384", max_version="TLSv1.2")
            seen = await visited(actors, {"ciphers": "ECDHE-ECDSA-AES128-GCM-SHA256"})
            assert seen == ["ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE"]
            (error,) = actors.failures
            assert error.code == "ERR_SSL_NO_SHARED_CIPHER"

        run(main)


class DescribeServerOfNode:
    async def visit(self, port, **options):
        """The events of a client of this package with a server of Node."""
        given: Any = {"port": port, "host": "127.0.0.1", "ca": CA, **options}
        client = tls.connect(given)
        sessions: list[Any] = []
        seen: list[Any] = []
        client.on("session", sessions.append)
        client.on("error", lambda error: seen.append(getattr(error, "code", str(error))))
        client.on("close", lambda: seen.append("close"))

        @client.on("secure_connect")
        def secure_connect():
            certificate = client.get_peer_certificate(True)
            above = certificate["issuer_certificate"]["subject"]["CN"]
            seen.append((certificate["subject"]["CN"], above, client.is_session_reused()))
            client.write("x")

        client.once("data", lambda data: client.end())
        await event(client, "close")
        return seen, sessions

    def it_is_asked_for_a_name_and_checked(self):
        async def main():
            options = {"cert": LOCAL.cert, "key": LOCAL.key, "ALPNProtocols": ["a"]}
            contexts = [["*.example", OTHER._asdict()]]
            process: Any = await node(SERVER, {"options": options, "contexts": contexts})
            port = int(await process.stdout.readline())

            async def line():
                return json.loads(await process.stdout.readline())

            first, sessions = await self.visit(
                port, servername="localhost", alpn_protocols=["b", "a"]
            )
            assert first == [("localhost", "Test authority", False), "close"]
            assert await line() == ["localhost", "a", False]
            again, _ = await self.visit(
                port, servername="localhost", alpn_protocols=["b", "a"], session=sessions[-1]
            )
            assert again == [("localhost", "Test authority", True), "close"]
            assert await line() == ["localhost", "a", True]
            other, _ = await self.visit(port, servername="other.example")
            assert other[0][0] == "other.example"
            assert await line() == ["other.example", False, False]
            refused, _ = await self.visit(port, servername="wrong.example")
            assert refused == ["ERR_TLS_CERT_ALTNAME_INVALID", "close"]
            assert await line() == "ECONNRESET"
            pinned, _ = await self.visit(
                port,
                servername="wrong.example",
                check_server_identity=lambda name, cert: PermissionError(name),
            )
            assert pinned == ["wrong.example", "close"]
            assert await line() == "ECONNRESET"
            process.kill()
            await process.wait()

        run(main)
