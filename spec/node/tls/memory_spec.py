"""A TLS connection that has ended leaves no objects, without the garbage collector."""

import weakref

import pytest

from spec.node.tls.actors import Actors, Trace, settled
from spec.wires import bound, event, run
from websocket_driver.node import net, tls


@pytest.mark.usefixtures("without_collector")
class DescribeAClosedConnection:
    @staticmethod
    async def closed(connect):
        """Weak references to both ends of a connection that is closed."""
        references = []

        def listener(socket):
            references.append(weakref.ref(socket))
            socket.pipe(socket)

        actors = Actors(listener)
        client = await connect(actors)
        references.append(weakref.ref(client))
        trace = Trace(client, ["close"])
        client.write("hello")
        await event(client, "data")
        client.end()
        await settled(trace, *actors.traces)
        await actors.end()
        actors.sockets.clear()
        actors.traces.clear()
        return references

    def it_is_freed_at_once(self):
        async def connect(actors):
            client, _ = actors.connect()
            return client

        async def main():
            references = await self.closed(connect)
            assert [reference() for reference in references] == [None, None]

        run(main)

    def it_is_freed_together_with_the_stream_under_it(self):
        async def connect(actors):
            raw = net.connect(actors.port, "127.0.0.1")
            self.raw = weakref.ref(raw)
            client, _ = actors.start_tls(raw)
            return client

        async def main():
            references = await self.closed(connect)
            assert [reference() for reference in references] == [None, None]
            assert self.raw() is None

        run(main)


@pytest.mark.usefixtures("without_collector")
class DescribeAFailedConnection:
    """The error has a traceback, whose frames must not keep the connection."""

    # Plain HTTP, and an alert in place of a ClientHello.
    @pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n\r\n", b"\x15\x03\x01\x00\x02\x02\x28"])
    def it_is_freed_at_once_by_a_server(self, data):
        async def main():
            actors = Actors()
            references = []
            actors.server.on(
                "tls_client_error", lambda error, socket: references.append(weakref.ref(socket))
            )
            client = net.connect(actors.port, "127.0.0.1")
            closed = event(client, "close")
            client.resume()
            client.write(data)
            await closed
            await actors.end()
            actors.failures.clear()
            assert [reference() for reference in references] == [None]

        run(main)

    def it_is_freed_at_once_by_a_client(self):
        async def main():
            def refuse(socket):
                socket.on("error", lambda: None)
                socket.resume()
                socket.end(b"HTTP/1.1 400 Bad Request\r\n\r\n")

            server = net.create_server(refuse)
            server.listen(0, "127.0.0.1")
            client = tls.connect(bound(server).port, "localhost")
            client.on("error", lambda: None)
            await event(client, "close")
            reference = weakref.ref(client)
            del client
            closed = event(server, "close")
            server.close()
            await closed
            assert reference() is None

        run(main)
