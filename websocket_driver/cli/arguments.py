"""The types of the arguments. Their errors state what is accepted."""

from __future__ import annotations

import math
import os
import re
import ssl
from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable
from typing import NoReturn

from ..driver.client import Client
from ..driver.headers import Headers
from ..driver.hybi.rules import is_close_code
from ..driver.proxy import Proxy
from ..errors import ConfigurationError
from ..escape import escaped, without_secret
from ..grammar import TOKEN
from ..url import MAX_PORT, Url, parse_url, valid_url, without_credentials

# The handshake sets these itself, and its peer checks them (RFC 6455 4.1).
OWN_HEADERS = ("upgrade", "connection")

# The part before the host, even if it is invalid.
SCHEME = re.compile(r"(?:(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*):/+|(?:wss?|https?)(?://+|:(?!\d)))?")
PORT = re.compile(r"[^/?#]*:(?P<port>\d+)(?=[/?#]|$)")

# The scheme that belongs to the same port.
WEBSOCKET_SCHEMES = {"http": "ws", "ws": "ws", "https": "wss", "wss": "wss"}
HTTP_SCHEMES = {"http": "http", "ws": "http", "https": "https", "wss": "https"}


class Arguments(Namespace):
    """The parsed arguments of `connect` and `echo`."""

    command: str
    # Ends the program, with an error of the command.
    refuse: Callable[[str], NoReturn]
    verbose: bool

    url: Url
    subprotocol: list[str]
    header: list[tuple[str, str]]
    proxy: Url | None
    insecure: bool
    ca: str | None
    deflate: bool
    send: list[str] | None
    json: bool
    ping: float | None
    timeout: float
    wait: float
    close_code: int

    host: str
    port: int
    tls_cert: str | None
    tls_key: str | None


# URLs


def websocket_url(text: str) -> Url:
    """A `ws:` or `wss:` URL."""
    return _url(text, Client.VALID_PROTOCOLS, "WebSocket", WEBSOCKET_SCHEMES)


def proxy_url(text: str) -> Url:
    """An `http:` or `https:` URL."""
    return _url(text, Proxy.VALID_PROTOCOLS, "proxy", HTTP_SCHEMES)


def _url(text: str, protocols: tuple[str, ...], kind: str, schemes: dict[str, str]) -> Url:
    port = out_of_range_port(text)
    if port is not None:
        raise ArgumentTypeError(
            f"{escaped(without_credentials(text))}: the port {port} is not one of 1 to {MAX_PORT}"
        )
    try:
        return valid_url(text, protocols, kind)
    except ConfigurationError as error:
        better = corrected(text, schemes)
        question = f"; did you mean {better}?" if better else f", such as {example(schemes)}"
        raise ArgumentTypeError(f"{escaped(str(error))}{question}") from None


def out_of_range_port(text: str) -> str | None:
    """The port of a URL, which may be invalid, if the port is out of range."""
    rest = SCHEME.sub("", without_credentials(text), count=1)
    match = PORT.match(rest)
    if match is None:
        return None
    digits = match["port"].lstrip("0")
    is_valid = digits and len(digits) <= len(str(MAX_PORT)) and int(digits) <= MAX_PORT
    return None if is_valid else match["port"]


def corrected(text: str, schemes: dict[str, str]) -> str | None:
    """The URL that was probably intended, without credentials; `None` if there is none."""
    text = without_credentials(text.strip())
    match = SCHEME.match(text)
    assert match is not None
    given = (match["scheme"] or text.partition(":")[0].partition("/")[0]).lower()
    scheme = schemes.get(given, None if match["scheme"] else next(iter(schemes.values())))
    if scheme is None:
        return None
    url = parse_url(f"{scheme}://{text[match.end() :]}")
    return None if url is None else url.safe_href


def example(schemes: dict[str, str]) -> str:
    """An example of such a URL."""
    return "http://127.0.0.1:3128" if schemes is HTTP_SCHEMES else "ws://127.0.0.1:4180/"


# The handshake


def subprotocol(text: str) -> str:
    """A token (RFC 6455 4.1)."""
    if not TOKEN.fullmatch(text):
        raise ArgumentTypeError(
            f"{text!r} is not the name of a subprotocol: letters, digits and !#$%&'*+-.^_`|~, "
            "one name for each --subprotocol"
        )
    return text


def distinct(names: list[str]) -> list[str]:
    """The names of subprotocols. Raises `ValueError` if one is given twice (RFC 6455 4.1)."""
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"argument --subprotocol: {name} is given twice")
    return names


def header(text: str) -> tuple[str, str]:
    """The name and the value of a header that a request may have."""
    name, colon, value = text.partition(":")
    if not colon:
        shown = without_secret(text)
        raise ArgumentTypeError(f"{shown!r} is not a header, such as 'Origin: https://example.com'")
    try:
        name, value = Headers.validate(name, value)
    except ConfigurationError as error:
        raise ArgumentTypeError(str(error)) from None
    if name.lower() == "sec-websocket-protocol":
        raise ArgumentTypeError("Sec-WebSocket-Protocol is set by --subprotocol")
    if name.lower() in OWN_HEADERS or name.lower().startswith("sec-websocket-"):
        raise ArgumentTypeError(f"{name} is a header that the handshake sets itself")
    return name, value


def joined(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers of a request, each name once: cookies are joined (RFC 6265 5.4).

    Raises `ValueError` for any other name that is given twice.
    """
    lines: dict[str, tuple[str, str]] = {}
    for name, value in headers:
        key = name.lower()
        if key not in lines:
            lines[key] = name, value
        elif key == "cookie":
            lines[key] = lines[key][0], f"{lines[key][1]}; {value}"
        else:
            line = without_secret(f"{name}: {lines[key][1]}, {value}")
            raise ValueError(
                f"argument --header: {name} is given twice, and can be sent once; if it is a list, "
                f"join the values: '{line}'"
            )
    return list(lines.values())


# Texts


def message(text: str) -> str:
    """A text that can be sent: the bytes of the argument in UTF-8, whatever the locale is."""
    try:
        return os.fsencode(text).decode()
    except UnicodeError:
        raise ArgumentTypeError(f"{text!r} is not valid UTF-8") from None


def host(text: str) -> str:
    """An address to listen on. Not empty, which would be all addresses of this machine."""
    if not text:
        raise ArgumentTypeError("it is empty; 0.0.0.0 or :: is all addresses")
    return text


# Numbers


def seconds(text: str) -> float:
    """0 seconds or more, infinity included."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not number >= 0:
        raise ArgumentTypeError(f"{text!r} is not a number of seconds, such as 2.5")
    return number


def interval(text: str) -> float:
    """More than 0 seconds."""
    number = seconds(text)
    if number == 0:
        raise ArgumentTypeError(f"{text!r} is not more than 0 seconds")
    return number


def port(text: str) -> int:
    """A port to listen on."""
    if not (text.isascii() and text.isdigit() and int(text[:9]) <= MAX_PORT):
        raise ArgumentTypeError(f"{text!r} is not a port, a number from 0 to {MAX_PORT}")
    return int(text)


def close_code(text: str) -> int:
    """A code that an endpoint may send (RFC 6455 7.4)."""
    if not (text.isascii() and text.isdigit() and is_close_code(int(text[:9]))):
        raise ArgumentTypeError(
            f"{text!r} is not a code to close with: 1000-1003, 1007-1014 or 3000-4999"
        )
    return int(text)


# Files


def file(text: str) -> str:
    """The name of a file that can be read."""
    try:
        with open(text, "rb"):
            return os.fspath(text)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ArgumentTypeError(f"{text!r} is not a file that can be read: {reason}") from None


def authorities(text: str) -> str:
    """The name of a file with certificates."""
    path = file(text)
    try:
        ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        raise ArgumentTypeError(f"{text!r} has no certificate in it, PEM") from None
    return path
