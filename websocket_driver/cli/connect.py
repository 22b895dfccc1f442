"""`websocket-driver connect`: lines in, messages out."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from typing import Any

import websocket_driver as websocket

from .. import net
from ..events import CloseEvent, MessageEvent, PingEvent, PongEvent
from ..url import Url
from .lines import Lines
from .screen import Screen

# The exit statuses.
CLOSED = 0
NOT_CONNECTED = 1
BROKEN = 3

GOOD_CODES = (1000, 1001)

# The ping whose pong says that the server has got all the input.
END_OF_INPUT = "end of input"


class Connection:
    """A client of the server at `url`, with standard input and a screen; `run()` is all of it.

    It gives up if it is not connected in `timeout` seconds, sends a ping each `ping` seconds, and
    closes when the server has been quiet for `wait` seconds after the input ended.
    """

    def __init__(
        self,
        url: Url,
        screen: Screen,
        *,
        protocols: Sequence[str] = (),
        headers: Sequence[tuple[str, str]] = (),
        extensions: Sequence[Any] = (),
        proxy: Url | None = None,
        verify: bool = True,
        timeout: float = 30.0,
        wait: float = 1.0,
        ping: float | None = None,
    ) -> None:
        self._url = url
        self._screen = screen
        self._origin = proxy
        self._verify = verify
        self._timeout = timeout
        self._wait = wait
        self._interval = ping
        self._quiet: asyncio.TimerHandle | None = None
        self._opened = self._explained = self._unwritable = False
        self._status = NOT_CONNECTED

        self._driver = websocket.client(url.href, protocols=list(protocols))
        for name, value in headers:
            self._driver.set_header(name, value)
        for extension in extensions:
            self._driver.add_extension(extension)

        self._driver.on("open", self._on_open)
        self._driver.on("message", self._on_message)
        self._driver.on("ping", self._on_ping)
        self._driver.on("pong", self._on_pong)
        self._driver.on("error", lambda error: self._explain(error.message))
        self._driver.on("close", self._on_close)

        self._lines = Lines()
        self._lines.on("data", lambda line: self._screen.prompt())
        self._lines.on("end", self._on_input_end)

    def run(self) -> int:
        """Connects, stays until the connection is closed, and returns the exit status."""
        self._tcp = tcp = self._connect()
        self._loop = tcp._loop
        self._loop.call_later(self._timeout, self._on_timeout)
        tcp.on("error", self._on_tcp_error)
        tcp.on("close", self._on_tcp_close)
        net.run(on_interrupt=self._close)
        return self._status

    # Connecting

    def _connect(self) -> net.Socket:
        if self._origin is not None:
            return self._connect_through(self._origin)
        tcp, connected = self._connect_to(self._url)
        tcp.pipe(self._driver.io).pipe(tcp)
        tcp.on(connected, self._driver.start)
        return tcp

    def _connect_through(self, origin: Url) -> net.Socket:
        proxy = self._driver.proxy(origin.href)
        tcp, connected = self._connect_to(origin)
        tcp.pipe(proxy).pipe(tcp, end=False)
        tcp.once(connected, proxy.start)

        def on_connect(event: Any) -> None:
            self._driver.io.pipe(tcp).pipe(self._driver.io)
            if _is_secure(self._url):
                tcp.start_tls(self._context(), _host(self._url), self._driver.start)
            else:
                self._driver.start()

        def on_error(error: Any) -> None:
            self._explain(f"{error.message}: the proxy answered {proxy.status_code}")
            tcp.destroy()

        proxy.on("connect", on_connect)
        proxy.on("error", on_error)
        return tcp

    def _connect_to(self, url: Url) -> tuple[net.Socket, str]:
        """A socket, and the name of the event that tells that it is connected."""
        context = self._context() if _is_secure(url) else None
        tcp = net.connect(url.effective_port, _host(url), ssl=context)
        return tcp, "secure_connect" if _is_secure(url) else "connect"

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if not self._verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def _on_timeout(self) -> None:
        if not self._opened:
            self._explain(f"Not connected after {self._timeout:g} seconds")
            self._tcp.destroy()

    def _on_tcp_error(self, error: BaseException) -> None:
        what = "The connection is broken" if self._opened else "Could not connect"
        self._explain(f"{what}: {error or type(error).__name__}")

    # Connected

    def _on_open(self, event: Any) -> None:
        self._opened = True
        self._status = BROKEN
        details = ""
        if self._driver.protocol is not None:
            details += f", subprotocol {self._driver.protocol}"
        if (self._driver.headers or {}).get("sec-websocket-extensions"):
            details += ", compressed"
        self._screen.note(f"Connected to {self._address()}{details}")
        self._screen.prompt()
        self._lines.pipe(self._driver.messages)
        self._lines.resume()
        if self._interval is not None:
            self._loop.call_later(self._interval, self._ping, self._interval)

    def _address(self) -> str:
        """The URL, without a password that might be in it."""
        return f"{self._url.protocol}//{self._url.host}{self._url.pathname}{self._url.search}"

    def _ping(self, interval: float) -> None:
        if self._driver.ping():
            self._loop.call_later(interval, self._ping, interval)

    def _on_message(self, event: MessageEvent) -> None:
        try:
            self._screen.message(event.data)
        except OSError as error:
            self._unwritable = not isinstance(error, BrokenPipeError)  # `| head` has had enough
            self._screen.note(f"Cannot write the output: {error.strerror}")
            self._close()
        if self._quiet is not None:
            self._quiet.cancel()
            self._await_quiet()

    def _on_ping(self, event: PingEvent) -> None:
        self._screen.note(f"Ping {event.data}".rstrip())

    def _on_pong(self, event: PongEvent) -> None:
        self._screen.note(f"Pong {event.data}".rstrip())

    # Closing

    def _on_input_end(self) -> None:
        self._screen.end_prompt()
        if self._screen.interactive or self._wait == 0:
            self._close()
        else:
            self._driver.ping(END_OF_INPUT, self._await_quiet)

    def _await_quiet(self) -> None:
        self._quiet = self._loop.call_later(self._wait, self._close)

    def _close(self) -> None:
        """Closes with 1000, and does not wait forever for the answer."""
        self._lines.destroy()
        self._screen.end_prompt()
        if self._opened:
            self._driver.close()
            self._cut_off_soon()
        else:
            self._explain("Interrupted")
            self._tcp.destroy()

    def _cut_off_soon(self) -> None:
        self._loop.call_later(net.GRACE_SECONDS, self._tcp.destroy)

    def _on_close(self, event: CloseEvent) -> None:
        self._lines.destroy()
        if self._opened:
            good = event.code in GOOD_CODES and not self._unwritable
            self._status = CLOSED if good else BROKEN
            self._explain(f"Closed with {event.code} {event.reason or ''}".rstrip())
        self._tcp.end()
        self._cut_off_soon()

    def _on_tcp_close(self, had_error: bool) -> None:
        self._lines.destroy()
        if not self._explained:
            how = "a closing handshake" if self._opened else "an answer to the handshake"
            self._explain(f"The connection ended without {how}")

    def _explain(self, text: str) -> None:
        """Says how it ended."""
        self._explained = True
        self._screen.end_prompt()
        self._screen.note(text)


def _is_secure(url: Url) -> bool:
    return url.protocol in ("wss:", "https:")


def _host(url: Url) -> str:
    return url.hostname.strip("[]")
