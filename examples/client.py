"""Client-side: sends a message, prints what comes back, and closes.

python examples/client.py ws://127.0.0.1:4180/ [message]
"""

import ssl
import sys

import websocket_driver as websocket
from websocket_driver import net
from websocket_driver.url import parse_url

url = sys.argv[1] if len(sys.argv) > 1 else "ws://127.0.0.1:4180/"
message = sys.argv[2] if len(sys.argv) > 2 else "Hello"

driver = websocket.client(url)
target = parse_url(url)
secure = target.protocol == "wss:"
context = ssl.create_default_context() if secure else None

tcp = net.connect(target.effective_port, target.hostname.strip("[]"), ssl=context)
tcp.pipe(driver.io).pipe(tcp)

tcp.on("secure_connect" if secure else "connect", driver.start)
tcp.on("error", lambda error: sys.exit(f"Could not connect: {error}"))

driver.text(message)


@driver.messages.on("data")
def on_data(message):
    print("Got a message", message)
    driver.close("Thank you", 1000)


driver.on("error", lambda error: print(error.message, file=sys.stderr))


@driver.on("close")
def on_close(event):
    print("Closed", event.code, event.reason)
    tcp.end()


net.run()
