"""The client of the scenarios: raw bytes to a server, on Node or here, and the bytes it returns."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import struct
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol, cast

FOLDER = Path(__file__).parent

# A step is finished when nothing has happened for so long, in seconds.
QUIET = 0.05

# How long a step may take.
PATIENCE = 10.0

DATE = re.compile(r"Date: [A-Za-z]{3}, \d\d [A-Za-z]{3} \d{4} \d\d:\d\d:\d\d GMT")

Scenario = Mapping[str, Any]


class Server(Protocol):
    """Plays the server's part of scenarios, by number."""

    async def start(self, number: int, scenario: Scenario) -> int: ...

    async def perform(self, number: int, ops: Sequence[Any]) -> None: ...

    async def log(self, number: int) -> list[Any]: ...


class Node:
    """replay.js in a process of its own."""

    def __init__(self) -> None:
        self._answers: dict[int, asyncio.Future[Any]] = {}

    async def __aenter__(self) -> Node:
        self._process = await asyncio.create_subprocess_exec(
            "node",
            str(FOLDER / "replay.js"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**26,
        )
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._reader.cancel()
        self._process.kill()
        await self._process.wait()

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            answer = json.loads(line)
            self._answers.pop(answer["number"]).set_result(answer)
        raise AssertionError("Node has ended")

    async def _ask(self, number: int, **what: Any) -> Any:
        assert self._process.stdin is not None
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        self._process.stdin.write(json.dumps({"number": number, **what}).encode() + b"\n")
        return await asyncio.wait_for(answer, PATIENCE)

    async def start(self, number: int, scenario: Scenario) -> int:
        port: int = (await self._ask(number, start=scenario))["port"]
        return port

    async def perform(self, number: int, ops: Sequence[Any]) -> None:
        await self._ask(number, perform=list(ops))

    async def log(self, number: int) -> list[Any]:
        log: list[Any] = (await self._ask(number, log=True))["log"]
        return log


class Connection(asyncio.Protocol):
    """One connection of the client."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.ended = ""
        self.last = asyncio.get_running_loop().time()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The transports of uvloop are not instances of asyncio.Transport.
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.received += data
        self.last = asyncio.get_running_loop().time()

    def eof_received(self) -> bool:
        self.ended = self.ended or "end"
        self.last = asyncio.get_running_loop().time()
        return True

    def connection_lost(self, error: Exception | None) -> None:
        self.ended = self.ended or ("reset" if error else "closed")
        self.last = asyncio.get_running_loop().time()

    def take(self) -> str:
        data = self.received.decode("latin-1")
        self.received.clear()
        return DATE.sub("Date: D", data)

    def reset(self) -> None:
        sock = self.transport.get_extra_info("socket")
        # It may be closed; with uvloop, there is no socket then.
        with suppress(OSError, AttributeError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()


class Player:
    """Plays the client's part of one scenario."""

    def __init__(self, server: Server, number: int, scenario: Scenario) -> None:
        self._server = server
        self._number = number
        self._scenario = scenario
        self._connections: dict[str, Connection] = {}
        self._shown: set[str] = set()
        self._transcript: list[Any] = []

    async def play(self) -> dict[str, Any]:
        """The bytes that the client received, by step, and the events on the server, in order."""
        self._port = await self._server.start(self._number, self._scenario)
        try:
            for step in self._scenario["client"]:
                await self._step(*step)
            await self._wait()
        finally:
            for connection in self._connections.values():
                connection.transport.close()
        await asyncio.sleep(QUIET)
        return {"client": self._transcript, "server": await self._server.log(self._number)}

    async def _connection(self, name: str) -> Connection:
        if name not in self._connections:
            loop = asyncio.get_running_loop()
            _, self._connections[name] = await loop.create_connection(
                Connection, "127.0.0.1", self._port
            )
        return self._connections[name]

    async def _step(self, verb: str, *arguments: Any) -> None:
        if verb == "wait":
            return await self._wait()
        if verb == "do":
            return await self._server.perform(self._number, arguments[0])
        if verb == "sleep":
            return await asyncio.sleep(arguments[0] / 1000)
        if verb == "closed":
            return await self._closed(*arguments)
        name = "c0"
        if verb in ("send", "trickle"):
            text, name = (*arguments, name)[:2]
            connection = await self._connection(name)
            data = text.encode("latin-1")
            for chunk in (
                [data[i : i + 1] for i in range(len(data))] if verb == "trickle" else [data]
            ):
                if not connection.transport.is_closing():
                    connection.transport.write(chunk)
                if verb == "trickle":
                    await asyncio.sleep(0.001)
            return None
        connection = await self._connection(*(arguments or [name]))
        if verb == "end":
            # The server may have reset the connection, for which uvloop raises RuntimeError.
            with suppress(OSError, RuntimeError):
                connection.transport.write_eof()
        elif verb == "reset":
            connection.reset()
        elif verb == "destroy":
            connection.transport.close()
        elif verb == "pause":
            connection.transport.pause_reading()
        elif verb == "resume":
            connection.transport.resume_reading()
        else:
            assert verb == "connect", verb
        return None

    async def _closed(self, name: str = "c0") -> None:
        """Waits for the end of a connection."""
        connection = await self._connection(name)
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while not connection.ended and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.005)
        await self._wait()

    async def _wait(self) -> None:
        """Waits until nothing more arrives, and records what has arrived."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE
        start = loop.time()
        while loop.time() < deadline:
            last = max([start, *(connection.last for connection in self._connections.values())])
            if loop.time() - last >= QUIET:
                break
            await asyncio.sleep(0.005)
        for name, connection in self._connections.items():
            if data := connection.take():
                self._transcript.append([name, data])
            if connection.ended and name not in self._shown:
                self._shown.add(name)
                self._transcript.append([name, f"<{connection.ended}>"])


async def play_all(server: Server, scenarios: Sequence[Scenario], at_a_time: int = 8) -> list[Any]:
    """The results of `scenarios`, in their order. Scenarios that raise are played alone."""
    free = asyncio.Semaphore(at_a_time)
    results: list[Any] = [None] * len(scenarios)

    async def one(number: int, scenario: Scenario) -> None:
        async with free:
            results[number] = await Player(server, number, scenario).play()

    numbered = list(enumerate(scenarios))
    await asyncio.gather(*(one(n, s) for n, s in numbered if not s.get("throws")))
    for number, scenario in numbered:
        if scenario.get("throws"):
            await one(number, scenario)
    return results
