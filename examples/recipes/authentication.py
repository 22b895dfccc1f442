"""A server that authenticates its users with a cookie, a bearer token or the first message.

python examples/recipes/authentication.py [port] [seconds to wait for the first message]

Before the handshake is answered, a refusal is an HTTP response with a status and a body. Browsers
show neither to a script, which only learns that the connection failed. So the page that opens the
WebSocket must handle the login first. Scripts in browsers can set cookies, but no other headers of
the handshake; other programs can send `Authorization`.
"""

import hmac
import sys
from http.cookies import CookieError, SimpleCookie

import websocket_driver as websocket
from websocket_driver.node import http, net, run, timers

port = int(sys.argv[1]) if len(sys.argv) > 1 else 4180
patience = float(sys.argv[2]) if len(sys.argv) > 2 else 5.0

TOKENS = {"ada-secret": "Ada", "bob-secret": "Bob"}


def name_of(token: str) -> str | None:
    """The owner of a token. All tokens are compared, each in constant time."""
    found = None
    for known, name in TOKENS.items():
        if hmac.compare_digest(known.encode(), token.encode()):
            found = name
    return found


def from_cookie(request: http.IncomingMessage) -> str | None:
    try:
        cookies = SimpleCookie(str(request.headers.get("cookie", "")))
    except CookieError:
        return None
    return name_of(cookies["session"].value) if "session" in cookies else None


def from_bearer(request: http.IncomingMessage) -> str | None:
    scheme, _, token = str(request.headers.get("authorization", "")).partition(" ")
    return name_of(token.strip()) if scheme.lower() == "bearer" else None


def refuse(socket: net.Socket, body: str) -> None:
    data = body.encode()
    socket.write(
        b"HTTP/1.1 401 Unauthorized\r\n"
        b"WWW-Authenticate: Bearer\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n"
        b"Connection: close\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (len(data), data)
    )
    # Not end(), which waits until the peer closes its side too.
    socket.destroy_soon()


def on_upgrade(request: http.IncomingMessage, socket: net.Socket, head: bytes) -> None:
    socket.on("error", lambda error: None)
    name = from_cookie(request) or from_bearer(request)
    if name is None and request.url != "/login-by-message":
        refuse(socket, "Log in first\n")
        return

    driver = websocket.http(request)
    driver.messages.on("end", lambda: socket.end())
    if name is not None:
        welcome(driver, name)
    else:
        wait_for_token(driver)
    socket.pipe(driver.io).pipe(socket)
    driver.io.write(head)
    driver.start()


def wait_for_token(driver: websocket.Base) -> None:
    """Requires a token as the first message, within a time limit."""

    def on_message(event: websocket.MessageEvent) -> None:
        timers.clear_timeout(timer)
        name = name_of(event.data) if isinstance(event.data, str) else None
        if name is None:
            driver.close("Wrong token", 3000)  # 3000 is registered as "Unauthorized"
        else:
            welcome(driver, name)

    timer = timers.set_timeout(lambda: driver.close("No token", 3008), patience * 1000)
    driver.once("message", on_message)
    driver.on("close", lambda: timers.clear_timeout(timer))


def welcome(driver: websocket.Base, name: str) -> None:
    driver.text(f"Hello, {name}")  # queued until the handshake is complete
    driver.on("message", lambda event: driver.frame(event.data))


server = http.create_server()
server.on("upgrade", on_upgrade)
server.listen(port, "127.0.0.1")
print(f"ws://127.0.0.1:{port}", flush=True)
run(on_interrupt=lambda: sys.exit(130))
