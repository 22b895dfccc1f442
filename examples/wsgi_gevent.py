"""An echo server as a WSGI application on gevent's pywsgi.

python examples/wsgi_gevent.py [port]

Blocking is the flow control: a greenlet that waits in `sendall` reads nothing.
"""

import signal
import socket
import sys

import gevent
from gevent.pywsgi import WSGIHandler, WSGIServer

import websocket_driver as websocket


class Handler(WSGIHandler):
    def get_environ(self):
        return {**super().get_environ(), "gevent.socket": self.socket}


def app(environ, start_response):
    request = websocket.Request.from_wsgi(environ)
    if not websocket.is_websocket(request):
        start_response("426 Upgrade Required", [("Content-Type", "text/plain")])
        return [b"This is a WebSocket server.\n"]

    driver = websocket.http(request)
    sock, incoming = environ["gevent.socket"], environ["wsgi.input"]

    driver.io.on("data", sock.sendall)
    driver.messages.pipe(driver.messages)
    driver.start()

    while driver.get_state() != "closed" and (chunk := incoming.read1(65536)):
        driver.io.write(chunk)
    driver.io.end()

    sock.shutdown(socket.SHUT_RDWR)  # or pywsgi would wait for the next request
    return []


port = int(sys.argv[1]) if len(sys.argv) > 1 else 4180
server = WSGIServer(("127.0.0.1", port), app, log=None, handler_class=Handler)
server.start()

gevent.signal_handler(signal.SIGINT, server.stop)
print(f"ws://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
