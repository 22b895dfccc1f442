"""Shared by the specs of `websocket_driver.node`."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from spec.wires import bound, event
from websocket_driver.node import net
from websocket_driver.node.errors import NodeError
from websocket_driver.node.loop import current
from websocket_driver.node.phases import Phases
from websocket_driver.node.stream import Duplex

SOCKET_EVENTS = (
    "lookup",
    "connect",
    "ready",
    "data",
    "drain",
    "end",
    "timeout",
    "finish",
    "error",
    "close",
)


class Log(list[Any]):
    """The events of an emitter in order, each with its arguments, errors with their code only."""

    def __init__(self, emitter, *names):
        super().__init__()
        for name in names or SOCKET_EVENTS:
            emitter.on(name, self.listener(name))

    def listener(self, name):
        return lambda *arguments: self.append((name, *map(plain, arguments)))


def node_error(raised: pytest.ExceptionInfo[BaseException]) -> NodeError:
    """The exception as a `NodeError`, the class of all errors of `websocket_driver.node`."""
    assert isinstance(raised.value, NodeError)
    return raised.value


def plain(argument):
    return getattr(argument, "code", argument)


class Turns(Phases):
    """Node's queues, with a clock that the example sets."""

    def __init__(self):
        super().__init__()
        self.time = 1000
        self.woken = []
        self.alarm = None
        self.reported = []
        self.idle = 0

    def clock(self):
        return self.time

    def report(self, message, error):
        self.reported.append(error)

    def _wake_ticks(self):
        self.woken.append("ticks")

    def _wake_turn(self):
        self.woken.append("turn")

    def _set_alarm(self, expiry):
        self.alarm = expiry

    def _idle(self):
        self.idle += 1

    def pass_time(self, milliseconds):
        """Advances the clock, and calls the alarm whenever it is due."""
        end = self.time + milliseconds
        while self.alarm is not None and self.alarm <= end:
            self.time, self.alarm = max(self.time, self.alarm), None
            self.expire_timers()
        self.time = end


class Pipe(Duplex):
    """A stream whose sink is a list: writes are done at once, or when `release()` is called."""

    def __init__(self, held=False, **options):
        super().__init__(**options)
        self.held = held
        self.written = []
        self.waiting = []
        self.asked = 0
        self.finals = 0

    def _read(self):
        self.asked += 1

    def _write(self, chunk, done):
        self.written.append(chunk)
        if self.held:
            self.waiting.append(done)
        else:
            done()

    def _final(self, done):
        self.finals += 1
        done()

    def release(self, error=None):
        done = self.waiting.pop(0)
        done(error) if error else done()
        ticks()


def ticks():
    """Runs the ticks where no loop runs."""
    current().run_ticks()


def handled():
    """The exceptions that reach the handler of the running loop."""
    contexts = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: contexts.append(context))
    return contexts


async def listening(*arguments, **options):
    """A server that listens, and its port."""
    server: Any = net.create_server(*arguments, **options)
    server.accepted = []
    server.on("connection", server.accepted.append)
    ready = event(server, "listening")
    server.listen(0, "127.0.0.1")
    await ready
    return server, bound(server).port


async def pair(**options):
    """A server, one of its connections, and the socket at the other end."""
    server, port = await listening(**options)
    accepted = event(server, "connection")
    client = net.connect(port, "127.0.0.1")
    await event(client, "connect")
    (connection,) = await accepted
    return server, connection, client


async def close(server, *sockets):
    """Ends an example: destroys the sockets and those of the server, and waits for the server."""
    closed = event(server, "close")
    server.close()
    for socket in (*sockets, *getattr(server, "accepted", ())):
        socket.destroy()
    await closed
