"""Client-side through an HTTP proxy, with TLS through the tunnel for `wss:` URLs.

    python examples/proxy_client.py http://user:password@127.0.0.1:3128 wss://www.example.com/

The environment variable SSL_CERT_FILE names a file with certificates to trust.
"""

import sys
from urllib.parse import urlsplit

import websocket_driver as websocket
from websocket_driver.node import net, run, tls

origin, url = sys.argv[1:3]
message = sys.argv[3] if len(sys.argv) > 3 else "Hello"

driver = websocket.client(url)
proxy = driver.proxy(origin)

server, target = urlsplit(origin), urlsplit(url)
tcp = net.connect(server.port or 80, server.hostname or "")

tcp.pipe(proxy).pipe(tcp, end=False)
tcp.on("connect", proxy.start)
tcp.on("error", lambda error: sys.exit(f"Could not connect: {error}"))


@proxy.on("connect")
def on_connect() -> None:
    if target.scheme == "wss":
        secure = tls.connect(socket=tcp, servername=target.hostname or "")
        secure.pipe(driver.io).pipe(secure)
        secure.on("secure_connect", driver.start)
    else:
        tcp.pipe(driver.io).pipe(tcp)
        driver.start()


@proxy.on("error")
def on_error(error: websocket.ProtocolError) -> None:
    sys.exit(f"{error.message} ({proxy.status_code})")


driver.text(message)


@driver.messages.on("data")
def on_data(message: str | bytes) -> None:
    print("Got a message", message)
    driver.close("Thank you", 1000)


@driver.on("close")
def on_close(event: websocket.CloseEvent) -> None:
    print("Closed", event.code, event.reason)
    tcp.end()


run()
