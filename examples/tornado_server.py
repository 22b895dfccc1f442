"""An echo server on Tornado, beside other handlers of the same application.

    python examples/tornado_server.py [port]

The handler takes the connection away from Tornado's HTTP server. The driver is paused until what it
sends has left the stream, and nothing is read until then.
"""

import asyncio
import sys
from contextlib import suppress

from tornado.httpserver import HTTPServer
from tornado.iostream import StreamClosedError
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

import websocket_driver as websocket


class Echo(RequestHandler):
    async def get(self):
        request = websocket.Request(self.request.method, self.request.uri, self.request.headers)
        if not websocket.is_websocket(request):
            return self.send_error(426)

        stream = self.detach()
        driver = websocket.http(request)

        def send(chunk):
            driver.io.pause()
            stream.write(chunk).add_done_callback(sent)

        def sent(future):
            if not stream.writing():
                driver.io.resume()

        driver.io.on("data", send)
        driver.messages.pipe(driver.messages)

        with suppress(StreamClosedError):
            driver.start()
            while driver.get_state() != "closed":
                if not driver.io.write(await stream.read_bytes(65536, partial=True)):
                    drained = asyncio.Event()
                    driver.io.once("drain", drained.set)
                    await drained.wait()
        driver.io.end()
        stream.close()


async def main(port):
    sockets = bind_sockets(port, "127.0.0.1")
    HTTPServer(Application([("/.*", Echo)])).add_sockets(sockets)
    print("Listening on ws://{}:{}".format(*sockets[0].getsockname()), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 4180))
