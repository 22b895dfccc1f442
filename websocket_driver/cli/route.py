"""The way to the server: a connection, perhaps through a proxy, with or without TLS."""

from __future__ import annotations

from collections.abc import Callable

from ..driver.client import Client
from ..node import net, tls
from ..node.tls import TLSConnectOptions
from ..url import Url
from . import explain


class Route:
    """Carries the bytes of `driver` to and from `url`, through `proxy` if there is one."""

    def __init__(
        self,
        driver: Client,
        url: Url,
        proxy: Url | None,
        *,
        verify: bool = True,
        authorities: str | None = None,
    ) -> None:
        self._driver = driver
        self._url = url
        self._origin = proxy
        self._trust: TLSConnectOptions = {"reject_unauthorized": verify}
        if authorities is not None:
            self._trust["ca"] = authorities
        # The host whose response is expected next.
        self.peer: Url = proxy or url
        # The beginning of what the server has sent.
        self.answer: bytes = b""

    def open(
        self,
        failed: Callable[[Exception], None],
        closed: Callable[[], None],
        refused: Callable[[list[str]], None],
    ) -> None:
        """Connects, and starts the driver.

        Then calls `failed(error)` if the connection fails, `refused(lines)` if the proxy does not
        connect, and `closed()` when the connection is closed.
        """
        self._failed, self._closed, self._refused = failed, closed, refused
        if self._origin is None:
            self._stream = self._connect_to(self._url, self._driver.start)
            self._carry()
        else:
            self._connect_through(self._origin)

    def end(self) -> None:
        """Ends the connection, once what was written is sent."""
        self._stream.end()

    def destroy(self) -> None:
        """Ends the connection at once."""
        self._stream.destroy()

    @property
    def unsent(self) -> int:
        """How many bytes wait to be sent."""
        return self._stream.writable_length

    def _connect_to(self, url: Url, connected: Callable[[], object]) -> net.Socket:
        """A socket that calls `connected()` when it is, TLS included."""
        host = url.hostname.strip("[]")
        if explain.is_secure(url):
            secure = tls.connect({"port": url.effective_port, "host": host, **self._trust})
            secure.once("secure_connect", connected)
            return self._watched(secure)
        socket = net.connect(url.effective_port, host)
        socket.once("connect", connected)
        return self._watched(socket)

    def _connect_through(self, origin: Url) -> None:
        proxy = self._driver.proxy(origin.href)
        self._stream = self._connect_to(origin, proxy.start)
        self._stream.pipe(proxy)
        proxy.pipe(self._stream, end=False)
        proxy.on("connect", self._connected)
        proxy.on("error", lambda: self._refused(explain.refused_by_proxy(proxy, origin, self._url)))

    def _connected(self) -> None:
        """The proxy has connected."""
        self.peer = self._url
        if explain.is_secure(self._url):
            host = self._url.hostname.strip("[]")
            secure = tls.connect({"socket": self._stream, "host": host, **self._trust})
            secure.once("secure_connect", self._driver.start)
            self._stream = self._watched(secure)
            self._carry()
        else:
            self._carry()
            self._driver.start()

    def _watched(self, stream: net.Socket) -> net.Socket:
        stream.on("error", self._failed)
        stream.on("close", self._closed)
        return stream

    def _carry(self) -> None:
        self._stream.once("data", self._look_at)
        self._stream.pipe(self._driver.io)
        self._driver.io.pipe(self._stream)

    def _look_at(self, chunk: bytes) -> None:
        self.answer = chunk
