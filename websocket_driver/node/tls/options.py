"""The options of `tls`, for type checkers, in both spellings."""

from __future__ import annotations

import os
import ssl
from collections.abc import Sequence
from typing import TypedDict

from ..net.options import ConnectOptions, ServerOptions, SocketOptions
from .stream_transport import ByteStream

# PEM, or the path of a file.
Pem = str | bytes | bytearray | memoryview | os.PathLike[str]


class SecureOptions(TypedDict, total=False):
    """Options of both sides."""

    # the private key; it may also be in the file of the certificate
    key: Pem
    # the certificate, with those between it and the authority's behind it
    cert: Pem
    # the authorities that are trusted; those of the system if there are none
    ca: Pem | Sequence[Pem]
    # of an encrypted key
    passphrase: str
    # application protocols in order of preference (RFC 7301)
    alpn_protocols: Sequence[str | bytes]
    ALPNProtocols: Sequence[str | bytes]
    # `"TLSv1.2"` (the default) or `"TLSv1.3"`
    min_version: str
    minVersion: str
    max_version: str
    maxVersion: str
    # in place of everything above
    secure_context: ssl.SSLContext
    secureContext: ssl.SSLContext
    # a client: false to connect to a server whose certificate was not verified;
    # a server: false to accept clients without a certificate
    reject_unauthorized: bool
    rejectUnauthorized: bool
    # a server: ask clients for a certificate
    request_cert: bool
    requestCert: bool
    # a client: the name that it asks for, and that the certificate must have
    servername: str
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
