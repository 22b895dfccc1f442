"""`tls.TLSSocket`: a TLS connection that is a stream."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from ...spelling import NodeName, node_name
from ..errors import NodeError, invalid_argument
from ..loop import Loop
from ..net.arguments import SOCKET_OPTIONS
from ..net.socket import Socket
from ..net.transport import Transport
from ..phases import Timeout
from .certificates import PeerCertificate, describe
from .ciphers import standard_name
from .failures import disconnected, handshake_timeout, hung_up, tls_error
from .options import UNVERIFIED, Side, client_side, server_side, tls_options
from .records import RecordLayer
from .stream_transport import ByteStream, StreamTransport
from .transport import TLSTransport

if TYPE_CHECKING:
    from typing import Protocol

    class SecureOwner(Protocol):
        """What a TLS server is to its sockets."""

        def connection_destroyed(self) -> None: ...
        def secured(self, socket: TLSSocket, /) -> None: ...
        def failed(self, socket: TLSSocket, error: NodeError, /) -> None: ...


class Cipher(TypedDict):
    """What `get_cipher()` returns: OpenSSL's name, that of the RFCs, and the version that defines
    it."""

    name: str
    standardName: str
    standard_name: str
    version: str


class TLSSocket(Socket):
    """A TLS connection. `tls.connect()` makes them, and a server, for its `secure_connection` event.

    It is a `net.Socket`, which also emits `secure` when the handshake is complete, and on a client
    `secure_connect`. `end()` sends TLS's own end; what the peer sends after that is received.
    """
