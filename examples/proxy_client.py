"""Client-side through an HTTP proxy: with TLS behind it, if the URL is a `wss:` one.

    python examples/proxy_client.py http://user:password@127.0.0.1:3128 wss://www.example.com/

SSL_CERT_FILE names the certificates to trust, if they are not the system's.
"""

import ssl
import sys

import websocket_driver as websocket
from websocket_driver import net
from websocket_driver.url import parse_url

origin, url = sys.argv[1:3]
message = sys.argv[3] if len(sys.argv) > 3 else "Hello"

driver = websocket.client(url)
proxy = driver.proxy(origin)

server, target = parse_url(origin), parse_url(url)
tcp = net.connect(server.effective_port, server.hostname.strip("[]"))

tcp.pipe(proxy).pipe(tcp, end=False)
tcp.on("connect", proxy.start)
tcp.on("error", lambda error: sys.exit(f"Could not connect: {error}"))


@proxy.on("connect")
def on_connect(event):
    driver.io.pipe(tcp).pipe(driver.io)
    if target.protocol == "wss:":
        context = ssl.create_default_context()
        tcp.start_tls(context, target.hostname.strip("[]"), driver.start)
    else:
        driver.start()


@proxy.on("error")
def on_error(error):
    sys.exit(f"{error.message} ({proxy.status_code})")


driver.text(message)


@driver.messages.on("data")
def on_data(message):
    print("Got a message", message)
    driver.close("Thank you", 1000)


@driver.on("close")
def on_close(event):
    print("Closed", event.code, event.reason)
    tcp.end()


net.run()
