"""Client-side: sends a message, prints the reply, and closes.

python examples/client.py ws://127.0.0.1:4180/ [message]
"""

import sys
from urllib.parse import urlsplit

import websocket_driver as websocket
from websocket_driver.node import net, run, tls

url = sys.argv[1] if len(sys.argv) > 1 else "ws://127.0.0.1:4180/"
message = sys.argv[2] if len(sys.argv) > 2 else "Hello"

driver = websocket.client(url)
target = urlsplit(url)
host = target.hostname or ""

tcp: net.Socket
if target.scheme == "wss":
    tcp = tls.connect(target.port or 443, host)
    tcp.on("secure_connect", driver.start)
else:
    tcp = net.connect(target.port or 80, host)
    tcp.on("connect", driver.start)

tcp.pipe(driver.io).pipe(tcp)
tcp.on("error", lambda error: sys.exit(f"Could not connect: {error}"))

driver.text(message)


@driver.messages.on("data")
def on_data(message: str | bytes) -> None:
    print("Got a message", message)
    driver.close("Thank you", 1000)


driver.on("error", lambda error: print(error.message, file=sys.stderr))


@driver.on("close")
def on_close(event: websocket.CloseEvent) -> None:
    print("Closed", event.code, event.reason)
    tcp.end()


run()
