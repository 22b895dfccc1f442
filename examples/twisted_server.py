"""An echo server on Twisted.

    python examples/twisted_server.py [port]

The protocol is the producer of what its transport sends: a full transport pauses the driver, and
the driver then says, by the result of `io.write`, that the transport should pause too.
"""

import sys

from twisted.internet import interfaces, protocol, reactor
from zope.interface import implementer

import websocket_driver as websocket


@implementer(interfaces.IPushProducer)
class Echo(protocol.Protocol):
    def connectionMade(self):
        self.driver = driver = websocket.server()

        driver.on("connect", lambda event: driver.start())  # answers 400 if it is no WebSocket
        driver.on("close", self.close)
        driver.io.on("data", self.transport.write)
        driver.io.on("drain", self.transport.resumeProducing)
        driver.messages.pipe(driver.messages)

        self.transport.registerProducer(self, streaming=True)

    def dataReceived(self, data):
        if not self.driver.io.write(data):
            self.transport.pauseProducing()

    def pauseProducing(self):
        self.driver.io.pause()

    def resumeProducing(self):
        self.driver.io.resume()

    def stopProducing(self):
        self.driver.io.end()

    def close(self, event):
        self.transport.unregisterProducer()
        self.transport.loseConnection()

    def connectionLost(self, reason):
        self.driver.io.end()


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 4180

    listening = reactor.listenTCP(port, protocol.Factory.forProtocol(Echo), interface="127.0.0.1")
    print(f"Listening on ws://127.0.0.1:{listening.getHost().port}", flush=True)
    reactor.run()
