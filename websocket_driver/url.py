"""URLs as browsers and Node read them (the WHATWG URL Standard), as far as drivers need them."""

from __future__ import annotations

import re
import socket
from struct import unpack
from typing import NamedTuple
from unicodedata import normalize
from urllib.parse import quote, unquote, unquote_to_bytes

DEFAULT_PORTS = {"ws:": "80", "wss:": "443", "http:": "80", "https:": "443"}

URL = re.compile(
    r"""
    (?P<scheme> [a-zA-Z][a-zA-Z0-9+.\-]* ) :
    [/\\]*
    (?: (?P<userinfo> [^/\\?\#]* ) @ )?
    (?P<host> \[ [^\]/\\?\#]* \] | [^:@/\\?\#]* )
    (?: : (?P<port> [0-9]* ) )?
    (?P<path> (?: [/\\] [^?\#]* )? )
    (?: \? (?P<query> [^\#]* ) )?
    (?: \# (?P<fragment> .* ) )?
    """,
    re.VERBOSE | re.DOTALL,
)

FORBIDDEN_IN_HOST = re.compile(r"[\x00-\x20\x7f#%/:<>?@\[\\\]^|]")
DOT = re.compile("[.\u3002\uff0e\uff61]")  # RFC 3490, 3.1
DEVIATIONS = re.compile("[\u00df\u03c2\u200c\u200d]")
EMPTY_HEX = re.compile(r"\b0[xX](?=\.|$)")
NUMBER = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")

# What stays as it is in each part, beside letters, digits and _.-~
SAFE_IN_USERINFO = "%!$&'()*+,"
SAFE_IN_PATH = "%!$&'()*+,/:;=@[]^|"
SAFE_IN_QUERY = "%!$&()*+,/:;=?@[]\\^`{|}"
SAFE_IN_FRAGMENT = "%!#$&'()*+,/:;=?@[]\\^{|}"


class Url(NamedTuple):
    """The parts of a URL, named and normalised as in Node's `URL`.

    `protocol` ends in a colon, `search` and `hash` start with their sign unless they are empty,
    `port` is empty if it is the default, `hostname` is in lower case and keeps the brackets of an
    IPv6 address. All are percent-encoded. `href` is the whole.
    """

    protocol: str
    username: str
    password: str
    hostname: str
    port: str
    pathname: str
    search: str
    hash: str
    href: str

    @property
    def host(self) -> str:
        """The host name and, unless it is the default, the port."""
        return f"{self.hostname}:{self.port}" if self.port else self.hostname

    @property
    def effective_port(self) -> int:
        """The port to connect to."""
        return int(self.port or DEFAULT_PORTS[self.protocol])

    @property
    def credentials(self) -> str | None:
        """`username:password` as they are meant, percent-decoded; `None` unless there are both."""
        if not self.username or not self.password:
            return None
        return f"{unquote(self.username)}:{unquote(self.password)}"


def parse_url(text: str) -> Url | None:
    """The parts of a `ws:`, `wss:`, `http:` or `https:` URL; `None` if `text` is not one."""
    text = re.sub(r"[\t\r\n]", "", text.strip("".join(map(chr, range(0x21)))))
    text = re.sub("[\ud800-\udfff]", "\ufffd", text)
    match = URL.fullmatch(text)
    if match is None:
        return None

    protocol = match["scheme"].lower() + ":"
    if protocol not in DEFAULT_PORTS:
        return None

    hostname = _parse_host(match["host"])
    port = match["port"].lstrip("0") or "0" if match["port"] else ""
    if hostname is None or (port and (len(port) > 5 or int(port) > 0xFFFF)):
        return None

    username, _, password = (match["userinfo"] or "").partition(":")
    username, password = _encode(username, SAFE_IN_USERINFO), _encode(password, SAFE_IN_USERINFO)
    userinfo = username + (f":{password}" if password else "")
    port = "" if port == DEFAULT_PORTS[protocol] else port

    path = _encode(match["path"].replace("\\", "/") or "/", SAFE_IN_PATH)
    path = _remove_dot_segments(path)
    query = None if match["query"] is None else "?" + _encode(match["query"], SAFE_IN_QUERY)
    fragment = (
        None if match["fragment"] is None else "#" + _encode(match["fragment"], SAFE_IN_FRAGMENT)
    )

    return Url(
        protocol=protocol,
        username=username,
        password=password,
        hostname=hostname,
        port=port,
        pathname=path,
        search="" if query in (None, "?") else query,
        hash="" if fragment in (None, "#") else fragment,
        href="".join(
            [
                protocol + "//",
                userinfo + "@" if userinfo else "",
                hostname,
                ":" + port if port else "",
                path,
                query or "",
                fragment or "",
            ]
        ),
    )


def _encode(text: str, safe: str) -> str:
    return quote(text, safe=safe, errors="replace")


def _parse_host(text: str) -> str | None:
    try:
        if text.startswith("["):
            address = socket.inet_pton(socket.AF_INET6, text[1:-1])
            host = socket.inet_ntop(socket.AF_INET6, address)
            if "." in host:  # an IPv4 address at its end, which URLs have in hexadecimal
                host = "{}:{:x}:{:x}".format(host.rpartition(":")[0], *unpack("!HH", address[12:]))
            return f"[{host}]"

        labels = DOT.split(unquote_to_bytes(text).decode("utf-8"))
        host = ".".join(map(_to_ascii, labels)).lower()
        if not host or FORBIDDEN_IN_HOST.search(host):
            return None

        number = EMPTY_HEX.sub("0", host.removesuffix("."))
        if NUMBER.fullmatch(number.rpartition(".")[2]):
            return socket.inet_ntoa(socket.inet_aton(number))
        return host
    except (OSError, ValueError):
        return None


def _to_ascii(label: str) -> str:
    # Python's codec is IDNA 2003, which has other characters for these (UTS 46, section 7).
    if DEVIATIONS.search(label):
        return "xn--" + normalize("NFKC", label.lower()).encode("punycode").decode("ascii")
    return label.encode("idna").decode("ascii")


def _remove_dot_segments(path: str) -> str:
    result: list[str] = []
    segments = path.split("/")[1:]

    for segment in segments:
        name = segment.lower().replace("%2e", ".")
        if name == "..":
            del result[-1:]
        elif name != ".":
            result.append(segment)

    if name in (".", ".."):
        result.append("")
    return "/" + "/".join(result)
