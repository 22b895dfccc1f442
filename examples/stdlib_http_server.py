"""An echo server beside the pages of the standard library's HTTP server.

python examples/stdlib_http_server.py [port]
"""

import sys
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import websocket_driver as websocket


class Handler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        request = websocket.Request(self.command, self.path, self.headers)
        if not websocket.is_websocket(request):
            super().do_GET()
            return

        driver = websocket.http(request)

        driver.messages.on("data", lambda message: print("Got a message", message, flush=True))
        driver.messages.pipe(driver.messages)

        driver.io.pipe(self.wfile)
        driver.start()

        # `rfile` first returns the bytes that the server has already read past the headers.
        while driver.get_state() != "closed" and (chunk := self.rfile.read1(65536)):
            driver.io.write(chunk)
        driver.io.end()
        self.close_connection = True


server = ThreadingHTTPServer(
    ("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 4180), Handler
)
print(f"http://127.0.0.1:{server.server_port}", flush=True)

try:
    server.serve_forever()
except KeyboardInterrupt:
    server.server_close()
