"""Node's `https`: the same server over TLS."""

from __future__ import annotations

import ssl
from typing import Any

import pytest

from spec.node.http.support import GET, UPGRADE, Client, answer, closed, serving
from spec.wires import client_context, event, run, server_context
from websocket_driver import ConfigurationError
from websocket_driver.node import http, tls


def hello(request, response):
    response.end("Hello")


@pytest.fixture(params=["files", "secure_context", "secureContext", "spelled"])
def options(request, certificate):
    path = str(certificate)
    if request.param in ("secure_context", "secureContext"):
        return {request.param: server_context(certificate)}
    if request.param == "spelled":
        return {"key": path, "cert": path, "rejectUnauthorized": False}
    return {"key": path, "cert": path}


async def secure_client(server, certificate):
    return await Client.to(server, ssl=client_context(certificate), server_hostname="localhost")


class DescribeSecureServer:
    def it_is_made_with_options_of_tls(self, options):
        for server in (http.create_server(options), http.create_server(**options)):
            assert isinstance(server, http.SecureServer)
            assert isinstance(server, http.Server)
            assert isinstance(server, tls.Server)

    def it_takes_options_of_both(self, certificate):
        options: Any = {"key": str(certificate), "cert": str(certificate), "maxHeaderSize": 5}
        server = http.create_server(options)
        assert server.max_header_size == 5
        with pytest.raises(ConfigurationError):
            http.create_server(options | {"unknown": 1})

    def it_answers_requests(self, options, certificate):
        async def main():
            server = await serving(options, hello)
            client = await secure_client(server, certificate)
            announced = event(server, "request")
            await client.exchange(GET * 2, answer(b"Hello") * 2)
            request, _response = await announced
            assert isinstance(request.socket, tls.TLSSocket)
            assert request.socket.encrypted is True
            await closed(server, client)

        run(main)

    def it_hands_on_the_socket_of_an_upgrade(self, options, certificate):
        async def main():
            server = await serving(options)
            server.on("upgrade", lambda request, socket, head: socket.end(head + b"!"))
            client = await secure_client(server, certificate)
            client.send(UPGRADE + b"early")
            assert await client.receive_all() == b"early!"
            await closed(server, client)

        run(main)

    def it_offers_http_1_1(self, certificate):
        async def main():
            server = await serving(hello, key=str(certificate), cert=str(certificate))
            context = client_context(certificate)
            context.set_alpn_protocols(["h2", "http/1.1"])
            secured = event(server, "secureConnection")
            client = await Client.to(server, ssl=context, server_hostname="localhost")
            (socket,) = await secured
            assert socket.alpn_protocol == "http/1.1"
            await closed(server, client)

        run(main)

    @pytest.mark.parametrize("name", ["alpn_protocols", "alpnProtocols", "ALPNProtocols"])
    def it_offers_what_it_is_told_to(self, certificate, name):
        async def main():
            options: Any = {"key": str(certificate), "cert": str(certificate), name: ["x"]}
            server = await serving(options, hello)
            context = client_context(certificate)
            context.set_alpn_protocols(["x"])
            secured = event(server, "secure_connection")
            client = await Client.to(server, ssl=context, server_hostname="localhost")
            (socket,) = await secured
            assert socket.alpn_protocol == "x"
            await closed(server, client)

        run(main)

    def it_reports_failed_handshakes_as_errors_of_the_client(self, certificate):
        async def main():
            server = await serving(hello, key=str(certificate), cert=str(certificate))
            failed, failed_too = event(server, "client_error"), event(server, "tls_client_error")
            client = await Client.to(server)
            client.send(GET)
            error, socket = await failed
            assert error.code == "ERR_SSL_HTTP_REQUEST"
            assert isinstance(error, ssl.SSLError)
            assert isinstance(socket, tls.TLSSocket)
            assert await failed_too == (error, socket)
            await client.receive_all()
            await closed(server, client)

        run(main)

    def it_closes_the_connection_if_nobody_listens(self, certificate):
        async def main():
            server = await serving(hello, key=str(certificate), cert=str(certificate))
            client = await Client.to(server)
            client.send(GET)
            await client.receive_all()
            await closed(server, client)

        run(main)
