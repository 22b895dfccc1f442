"""An echo server as a WSGI application on gunicorn, which gives access to its sockets.

gunicorn --chdir examples -b 127.0.0.1:4180 --threads 100 --graceful-timeout 1 wsgi_gunicorn:app

Each connection occupies one thread until it is closed, or until the graceful timeout after Ctrl-C.
Blocking provides the flow control: nothing is read while `sendall` waits for a slow peer.

After the handshake, exceptions must not reach gunicorn, which would write an HTTP 500 into the
WebSocket. So if a listener raises, the WebSocket is closed with 1011.
"""

import traceback
from contextlib import suppress
from typing import TYPE_CHECKING

import websocket_driver as websocket

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> list[bytes]:
    request = websocket.Request.from_wsgi(environ)
    if not websocket.is_websocket(request):
        start_response("426 Upgrade Required", [("Content-Type", "text/plain")])
        return [b"This is a WebSocket server.\n"]

    # No drafts, since gunicorn does not provide the bytes that hixie-76 sends after the headers.
    driver = websocket.http(request, allow_drafts=False)
    sock = environ["gunicorn.socket"]

    driver.io.on("data", sock.sendall)

    @driver.on("message")
    def on_message(event: websocket.MessageEvent) -> None:
        if event.data == "fail":
            raise RuntimeError("as it was asked to")
        driver.frame(event.data)

    try:
        driver.start()
        while driver.get_state() != "closed" and (chunk := sock.recv(65536)):
            driver.io.write(chunk)
    except ConnectionError:
        pass
    except Exception:
        traceback.print_exc()
        with suppress(ConnectionError):
            driver.close("Internal error", 1011)
    driver.io.end()

    raise StopIteration  # makes gunicorn close the connection without a response
