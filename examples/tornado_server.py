"""An echo server on Tornado, in a handler that detaches the connection from the HTTP server.

python examples/tornado_server.py [port]

The driver is paused while output waits to be sent, and then nothing is read.
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
    async def get(self) -> None:
        request = websocket.Request(self.request.method, self.request.uri, self.request.headers)
        if not websocket.is_websocket(request):
            self.send_error(426)
            return
        driver, stream = websocket.http(request), self.detach()

        def send(chunk: bytes) -> None:
            driver.io.pause()
            stream.write(chunk).add_done_callback(sent)

        def sent(_: object) -> None:
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


async def main() -> None:
    sockets = bind_sockets(int(sys.argv[1]) if len(sys.argv) > 1 else 4180, "127.0.0.1")
    HTTPServer(Application([("/.*", Echo)])).add_sockets(sockets)
    print("ws://{}:{}".format(*sockets[0].getsockname()), flush=True)
    await asyncio.Event().wait()


with suppress(KeyboardInterrupt):
    asyncio.run(main())
