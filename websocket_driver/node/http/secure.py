"""Node's `https` server: the same server, on `tls`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...spelling import node
from ..tls import Server as TLSServer
from ..tls import TLSSocket
from ..tls.sides import IRREGULAR, TLS_OPTIONS
from .server import Server

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .listeners import SecureServerListeners

# The options that make a server one of `https`, in every spelling.
SPELLINGS = {spelling for name in TLS_OPTIONS for spelling in (name, node(name))} | IRREGULAR.keys()

# Its default ALPN protocols (RFC 7301).
PROTOCOLS = ["http/1.1"]


class SecureServer(Server, TLSServer):  # each has its own events
    """Answers requests that come over TLS: `http.create_server()` with options of `tls`.

    Emits what `http.Server` and `tls.Server` emit; the sockets of `upgrade` and the others are
    `TLSSocket`s. A failed handshake also emits `client_error`; without a listener, the connection
    is closed.
    """

    if TYPE_CHECKING:
        on: SecureServerListeners  # type: ignore[assignment]
        once: SecureServerListeners  # type: ignore[assignment]

    _stream_event = "secure_connection"

    _EVENT_NAMES: Mapping[str, str] = {
        **TLSServer._EVENT_NAMES,  # noqa: SLF001 - of a base class
        **Server._EVENT_NAMES,  # noqa: SLF001 - of a base class
    }

    def _lower_options(self, others: dict[str, Any]) -> dict[str, Any]:
        named = {
            "alpn_protocols",
            "alpnProtocols",
            "ALPNProtocols",
            "secure_context",
            "secureContext",
        }
        if named.isdisjoint(others):
            return {**others, "alpn_protocols": PROTOCOLS}
        return others

    def failed(self, socket: TLSSocket, error: BaseException) -> None:
        """A handshake has failed. For sockets."""
        super().failed(socket, error)
        self.announce("client_error", error, socket)
