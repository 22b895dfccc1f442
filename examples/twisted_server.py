"""An echo server on Twisted.

python examples/twisted_server.py [port]

The protocol is the producer of its transport. A full transport pauses the driver; `io.write` then
returns `False`, and the transport stops reading.
"""

import sys

from twisted.internet import interfaces, protocol, reactor
from zope.interface import implementer

import websocket_driver as websocket


@implementer(interfaces.IPushProducer)
class Echo(protocol.Protocol):
    def connectionMade(self):
        self.driver = driver = websocket.server()
        self.transport.registerProducer(self, streaming=True)

        driver.on("connect", lambda event: driver.start())  # sends 400 for other requests
        driver.on("close", self.close)
        driver.io.on("data", self.transport.write)
        driver.io.on("drain", self.transport.resumeProducing)
        driver.messages.pipe(driver.messages)

    def dataReceived(self, data):
        if not self.driver.io.write(data):
            self.transport.pauseProducing()

    def pauseProducing(self):
        self.driver.io.pause()

    def resumeProducing(self):
        self.driver.io.resume()

    def stopProducing(self):  # the connection is lost
        self.driver.io.end()

    def close(self, event):
        self.transport.unregisterProducer()
        self.transport.loseConnection()


port = int(sys.argv[1]) if len(sys.argv) > 1 else 4180
server = reactor.listenTCP(port, protocol.Factory.forProtocol(Echo), interface="127.0.0.1")
print(f"ws://127.0.0.1:{server.getHost().port}", flush=True)
reactor.run()
