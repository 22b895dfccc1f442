"""A TLS connection that has ended leaves no objects, without the garbage collector."""

import weakref

import pytest

from spec.node.tls.actors import Actors, Trace, settled
from spec.wires import event, run
from websocket_driver.node import net


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
