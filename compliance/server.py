"""An echo server for the Autobahn test suite.

python compliance/server.py [port]
"""

import sys

import websocket_driver as websocket
from websocket_driver import permessage_deflate
from websocket_driver.node import net, run

port = int(sys.argv[1]) if len(sys.argv) > 1 else 9001


def on_connection(connection: net.Socket) -> None:
    driver = websocket.server()
    driver.add_extension(permessage_deflate)

    driver.on("connect", lambda: driver.start())  # sends 400 if it is not a WebSocket
    driver.on("close", lambda: connection.end())
    connection.on("error", lambda error: None)

    connection.pipe(driver.io).pipe(connection)

    driver.messages.pipe(driver.messages)


server = net.create_server(on_connection)

server.on("error", lambda error: sys.exit(f"Cannot listen: {error}"))
server.listen(port, "127.0.0.1", lambda: print(f"ws://127.0.0.1:{port}", flush=True))
run(on_interrupt=server.close)
