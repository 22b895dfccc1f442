"""Different drivers in different threads, which run at once where Python has no lock of its own."""

import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import websocket_driver as websocket
from spec.support import record
from websocket_driver import permessage_deflate

FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))

THREADS = 8
CONNECTIONS = 10
MESSAGES: list[str | bytes] = ["", "é" * 70, b"\x00" * 200, "text " * 300]

LOG = [
    ("open",),
    *(("message", message) for message in MESSAGES),
    ("close", 1000, "done"),
]


def conversation(deflates):
    """The events of a client that sends all messages to an echo server, and then closes."""
    client, server = websocket.client("ws://localhost/"), websocket.server()
    if deflates:
        client.add_extension(permessage_deflate)
        server.add_extension(permessage_deflate)

    @server.on("message")
    def echo(event):
        send = server.text if isinstance(event.data, str) else server.binary
        send(event.data)

    server.on("connect", lambda: server.start())
    server.io.on("data", client.io.write)
    client.io.on("data", server.io.write)
    log = record(client)
    client.start()
    for message in MESSAGES:
        send = client.text if isinstance(message, str) else client.binary
        send(message)
    client.close("done")
    return log


class DescribeThreads:
    @pytest.mark.parametrize("deflates", [False, True])
    def it_keep_their_connections_apart(self, deflates):
        def work(_):
            return [conversation(deflates) for _ in range(CONNECTIONS)]

        with ThreadPoolExecutor(THREADS) as pool:
            assert [*pool.map(work, range(THREADS))] == [[LOG] * CONNECTIONS] * THREADS

    @pytest.mark.skipif(not FREE_THREADED, reason="not a free-threaded build of Python")
    def it_do_not_need_the_lock_of_the_interpreter(self):
        is_enabled: Any = getattr(sys, "_is_gil_enabled", None)
        assert is_enabled() is False
