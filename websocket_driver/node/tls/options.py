"""The options of `tls`, for type checkers, in both spellings."""

from __future__ import annotations

import ssl
from collections.abc import Sequence

from ..net.options import ConnectOptions, ServerOptions, SocketOptions
from ..net.server import Server
from .context_options import SecureContextOptions
from .secure_context import SecureContext
from .server_names import SNICallback
from .sides import IdentityCheck
from .stream_transport import ByteStream


class SecureOptions(SecureContextOptions, total=False):
    """Options of both sides."""

    # application protocols in order of preference (RFC 7301)
    alpn_protocols: Sequence[str | bytes]
    ALPNProtocols: Sequence[str | bytes]
    # in place of the options of `SecureContextOptions`
    secure_context: SecureContext | ssl.SSLContext
    secureContext: SecureContext | ssl.SSLContext
    # a client: false to connect to a server whose certificate was not verified;
    # a server: false to accept clients without a certificate
    reject_unauthorized: bool
    rejectUnauthorized: bool
    # a server: ask clients for a certificate
    request_cert: bool
    requestCert: bool
    # a server: `sni_callback(servername, callback)` calls `callback(error, context)`
    sni_callback: SNICallback
    SNICallback: SNICallback
    # a client: the name that it asks for, and that the certificate must have
    servername: str
    # a client: `check_server_identity(hostname, cert)` returns an error or `None`
    check_server_identity: IdentityCheck
    checkServerIdentity: IdentityCheck
    # a client: what an earlier connection emitted as `session`
    session: ssl.SSLSession | None
    # milliseconds; 0 for any time
    handshake_timeout: float
    handshakeTimeout: float


class TLSConnectOptions(SecureOptions, ConnectOptions, total=False):
    """Options of `tls.connect()`."""

    # the stream to run on, in place of a new connection
    socket: ByteStream


class TLSServerOptions(SecureOptions, ServerOptions, total=False):
    """Options of `tls.create_server()`."""


class TLSSocketOptions(SecureOptions, SocketOptions, total=False):
    """Options of `tls.TLSSocket()`."""

    # be a server
    is_server: bool
    isServer: bool
    # without effect: Node emits events of its session cache on it
    server: Server
