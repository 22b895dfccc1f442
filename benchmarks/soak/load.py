"""All peers: a fixed number at a time; a new one replaces each that ends."""

from __future__ import annotations

import asyncio
import math
import socket
from contextlib import suppress
from random import Random

from .kinds import KINDS, MISBEHAVIOUR, WELL_BEHAVED, never_reading
from .limits import HOST, SOURCES, Plan
from .peer import Failure, Material, Peer, Tally

# Half of the connections that are opened misbehave; most of them do not live long.
MISBEHAVING = 0.5

# No more than the server lets wait.
MOST_CONNECTING = 100

# This option of Linux has a port of a source chosen when it is known where to, so that one which
# waits in TIME_WAIT can be used again. The module has it from Python 3.12 on.
IP_BIND_ADDRESS_NO_PORT = 24

# Room for what a peer that never reads is sent: the system's own would take megabytes.
SMALL_BUFFER = 16 * 1024


class Load:
    """Keeps a server busy. All that is random comes of the seed, but for when it happens."""

    def __init__(self, plan: Plan, port: int) -> None:
        self.plan = plan
        self.tally = Tally()
        # The time begins, and so do the messages, when all connections are open.
        self.full = asyncio.Event()
        self._waiting = plan.connections
        self._end = math.inf
        self._gate = asyncio.Semaphore(MOST_CONNECTING)
        self._loop = asyncio.get_running_loop()
        self._port = port
        self._material = Material(Random(plan.seed))
        self._number = 0

    async def run(self) -> None:
        """Until the time is over and the last connection is closed."""
        await asyncio.gather(*(self._slot() for _ in range(self.plan.connections)))

    async def _slot(self) -> None:
        first = True
        while (left := self._end - self._loop.time()) > 0:
            self._number += 1
            number = self._number
            random = Random(f"{self.plan.seed}/{number}")
            kind = WELL_BEHAVED
            if self.full.is_set() and random.random() < MISBEHAVING:
                kind = random.choice(list(MISBEHAVIOUR))
            # Not all of them end in the same moment.
            most = min(left, self.plan.seconds) + random.random() * self.plan.patience
            life = min(most, random.expovariate(1 / self.plan.life))
            try:
                async with self._gate:
                    peer = await self._connect(kind, random)
                if first:
                    first = False
                    self._begin()
                await self._live(peer, kind, life)
            except (Failure, OSError) as error:
                self.tally.failures.append(f"Connection {number}, {kind}: {error}")

    def _begin(self) -> None:
        self._waiting -= 1
        if not self._waiting:
            self._end = self._loop.time() + self.plan.seconds
            self.full.set()

    async def _connect(self, kind: str, random: Random) -> Peer:
        small = KINDS[kind] is never_reading
        connection = await _connect(random.choice(SOURCES), self._port, small)
        peer = Peer(random, self._material, self.tally, self.full)
        await self._loop.create_connection(lambda: peer, sock=connection)
        self.tally.opened[kind] += 1
        return peer

    async def _live(self, peer: Peer, kind: str, life: float) -> None:
        try:
            await KINDS[kind](peer, life, self.plan)
            peer.check()
        finally:
            with suppress(AttributeError):  # of asyncio, if the connection is lost already
                peer.transport.abort()


async def _connect(source: str, port: int, small: bool) -> socket.socket:
    connection = socket.socket()
    try:
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        if small:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL_BUFFER)
        connection.bind((source, 0))
        await asyncio.get_running_loop().sock_connect(connection, (HOST, port))
    except BaseException:
        connection.close()
        raise
    return connection
