"""An echo server as a WSGI application on gevent's pywsgi.

python examples/wsgi_gevent.py [port]

Blocking provides the flow control: a greenlet that waits in `sendall` reads nothing.

After the handshake, exceptions must not reach pywsgi, which would write an HTTP 500 into the
WebSocket. So if a listener raises, the WebSocket is closed with 1011.
"""

import signal
import socket
import sys
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING

import gevent
from gevent.pywsgi import WSGIHandler, WSGIServer

import websocket_driver as websocket

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class Handler(WSGIHandler):
    def get_environ(self) -> "WSGIEnvironment":
        return {**super().get_environ(), "gevent.socket": self.socket}


def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> list[bytes]:
    request = websocket.Request.from_wsgi(environ)
    if not websocket.is_websocket(request):
        start_response("426 Upgrade Required", [("Content-Type", "text/plain")])
        return [b"This is a WebSocket server.\n"]

    driver = websocket.http(request)
    sock, incoming = environ["gevent.socket"], environ["wsgi.input"]

    driver.io.on("data", sock.sendall)

    @driver.on("message")
    def on_message(event: websocket.MessageEvent) -> None:
        if event.data == "fail":
            raise RuntimeError("as it was asked to")
        driver.frame(event.data)

    try:
        driver.start()
        while driver.get_state() != "closed" and (chunk := incoming.read1(65536)):
            driver.io.write(chunk)
    except ConnectionError:
        raise  # handled by pywsgi
    except Exception:
        traceback.print_exc()
        with suppress(ConnectionError):
            driver.close("Internal error", 1011)
    driver.io.end()

    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)  # otherwise pywsgi waits for another request
    return []


port = int(sys.argv[1]) if len(sys.argv) > 1 else 4180
server = WSGIServer(("127.0.0.1", port), app, log=None, handler_class=Handler)
server.start()

gevent.signal_handler(signal.SIGINT, server.stop)
print(f"ws://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
