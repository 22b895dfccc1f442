"""The options of `tls.create_secure_context()`, for type checkers, in both spellings."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from typing_extensions import Required

# PEM, or the path of a file.
Pem = str | bytes | bytearray | memoryview | os.PathLike[str]


class KeyObject(TypedDict, total=False):
    """A private key in a list of them."""

    pem: Required[Pem]
    # if it is encrypted; the option `passphrase` if there is none
    passphrase: str


class SecureContextOptions(TypedDict, total=False):
    """Options of `tls.create_secure_context()`."""

    # the private key; it may also be in the file of the certificate
    key: Pem | Sequence[Pem | KeyObject]
    # the certificate, with those between it and the authority's behind it; one for each type of key
    cert: Pem | Sequence[Pem]
    # the authorities that are trusted; those of the system if there are none
    ca: Pem | Sequence[Pem]
    # certificates that were revoked (RFC 5280 5)
    crl: Pem | Sequence[Pem]
    # of an encrypted key
    passphrase: str
    # `"TLSv1.2"` (the default) or `"TLSv1.3"`
    min_version: str
    minVersion: str
    max_version: str
    maxVersion: str
    # OpenSSL's list, with colons; those of TLS 1.3 begin with `TLS_`
    ciphers: str
    # `auto`, a curve, or several with colons
    ecdh_curve: str
    ecdhCurve: str
