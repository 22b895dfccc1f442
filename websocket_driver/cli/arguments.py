"""The types of the arguments. Each raises an error that says what would do."""

from __future__ import annotations

import math
import os
import ssl
import sys
from argparse import ArgumentTypeError, Namespace

from ..driver.client import Client
from ..driver.headers import Headers
from ..driver.proxy import Proxy
from ..errors import ConfigurationError
from ..grammar import TOKEN
from ..url import Url, parse_url

__all__ = ["Namespace"]

# What a client sets itself, and its peer looks at: a second value would not be sent.
OWN_HEADERS = ("host", "upgrade", "connection")

# asyncio does not start TLS inside of TLS before.
HAS_TLS_IN_TLS = sys.version_info >= (3, 11)


def websocket_url(text: str) -> Url:
    url = parse_url(text)
    if url is None or url.protocol not in Client.VALID_PROTOCOLS:
        raise ArgumentTypeError(
            f"{text!r} is not a WebSocket URL, such as ws://127.0.0.1:4180/ or wss://example.com/"
        )
    return url


def proxy_url(text: str) -> Url:
    url = parse_url(text)
    if url is None or url.protocol not in Proxy.VALID_PROTOCOLS:
        raise ArgumentTypeError(
            f"{text!r} is not the URL of a proxy, such as http://127.0.0.1:3128"
        )
    return url


def can_connect(url: Url, proxy: Url) -> bool:
    return HAS_TLS_IN_TLS or url.protocol != "wss:" or proxy.protocol != "https:"


def subprotocol(text: str) -> str:
    if not TOKEN.fullmatch(text):
        raise ArgumentTypeError(
            f"{text!r} is not the name of a subprotocol: letters, digits and !#$%&'*+-.^_`|~, "
            "one name for each --subprotocol"
        )
    return text


def header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        raise ArgumentTypeError(f"{text!r} is not a header, such as 'Origin: https://example.com'")
    try:
        name, value = Headers.validate(name, value)
    except ConfigurationError as error:
        raise ArgumentTypeError(str(error)) from None
    if name.lower() == "sec-websocket-protocol":
        raise ArgumentTypeError("Sec-WebSocket-Protocol is what --subprotocol is for")
    if name.lower() in OWN_HEADERS or name.lower().startswith("sec-websocket-"):
        raise ArgumentTypeError(f"{name} is a header that the handshake sets itself")
    return name, value


def seconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not number >= 0:
        raise ArgumentTypeError(f"{text!r} is not a number of seconds, such as 2.5")
    return number


def interval(text: str) -> float:
    number = seconds(text)
    if number == 0:
        raise ArgumentTypeError("it takes more than 0 seconds")
    return number


def port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:9]) <= 0xFFFF):
        raise ArgumentTypeError(f"{text!r} is not a port, a number from 0 to 65535")
    return int(text)


def file(text: str) -> str:
    try:
        with open(text, "rb"):
            return os.fspath(text)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ArgumentTypeError(f"{text!r} is not a file that can be read: {reason}") from None


def server_context(certificate: str, key: str | None) -> ssl.SSLContext:
    """TLS with these files; `ValueError` if they do not hold what they should."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key)
    except ssl.SSLError as error:
        if key is None:
            needed = f"--tls-cert {certificate} has to hold a certificate and its key"
            needed += ", or the key is in --tls-key"
        else:
            needed = f"--tls-cert {certificate} has to hold a certificate"
            needed += f", and --tls-key {key} the key that belongs to it"
        raise ValueError(f"{needed}, all PEM ({error.reason or error})") from None
    return context
