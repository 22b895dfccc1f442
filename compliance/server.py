"""An echo server for the Autobahn test suite.

python compliance/server.py [port]
"""

import sys

import websocket_driver as websocket
from websocket_driver import net, permessage_deflate


def on_connection(connection):
    driver = websocket.server()
    driver.add_extension(permessage_deflate)

    driver.on("connect", lambda event: driver.start())  # sends 400 if it is no WebSocket
    driver.on("close", lambda event: connection.end())
    connection.on("error", lambda error: None)

    connection.pipe(driver.io).pipe(connection)

    driver.messages.pipe(driver.messages)


server = net.create_server(on_connection)


@server.on("listening")
def on_listening():
    print(f"ws://127.0.0.1:{server.address().port}", flush=True)


server.on("error", lambda error: sys.exit(f"Cannot listen: {error}"))
server.listen(int(sys.argv[1]) if len(sys.argv) > 1 else 9001, "127.0.0.1")
net.run(on_interrupt=server.close)
