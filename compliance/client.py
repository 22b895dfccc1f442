"""A client for the Autobahn test suite: it asks for each case and sends every message back.

python compliance/client.py [host] [port]
"""

import sys
from collections.abc import Callable

import websocket_driver as websocket
from websocket_driver import permessage_deflate
from websocket_driver.node import net, run

AGENT = "client"

host = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1"
port = int(sys.argv[2]) if len(sys.argv) > 2 else 9001


def connect(path: str, then: Callable[[], object] = lambda: None) -> websocket.Client:
    """A driver on a connection of its own; `then()` is called when that is closed."""
    driver = websocket.client(f"ws://{host}:{port}{path}")
    driver.add_extension(permessage_deflate)

    tcp = net.connect(port, host)
    tcp.pipe(driver.io).pipe(tcp)

    tcp.on("connect", driver.start)
    # A case may end in a reset; but where nobody listens there are no more cases.
    tcp.on("error", lambda error: driver.get_state() or sys.exit(f"Could not connect: {error}"))
    tcp.on("close", lambda: then())
    driver.on("close", lambda: tcp.end())
    return driver


def run_case(number: int, count: int) -> None:
    if number > count:
        connect(f"/updateReports?agent={AGENT}", lambda: print(f"{count} cases"))
        return

    path = f"/runCase?case={number}&agent={AGENT}"
    driver = connect(path, lambda: run_case(number + 1, count))
    driver.messages.pipe(driver.messages)


connect("/getCaseCount").messages.on("data", lambda count: run_case(1, int(count)))
run()
