"""A URL parser for drivers, which follows the WHATWG URL Standard, as browsers and Node do."""

from __future__ import annotations

import re
import socket
from collections.abc import Collection
from struct import unpack
from typing import NamedTuple
from urllib.parse import quote, unquote, unquote_to_bytes

from .domain import InvalidHost, domain_to_ascii
from .errors import ConfigurationError

DEFAULT_PORTS = {"ws:": "80", "wss:": "443", "http:": "80", "https:": "443"}

MAX_PORT = 0xFFFF

# C0 controls and space, which are stripped.
SPACE = "".join(map(chr, range(0x21)))

LINE_BREAKS = re.compile(r"[\t\r\n]")
SURROGATES = re.compile("[\ud800-\udfff]")

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
EMPTY_HEX = re.compile(r"\b0[xX](?=\.|$)")
NUMBER = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")

# Browsers accept any number of slashes or backslashes; here they are probably a mistake.
TWO_SLASHES = re.compile(r"[^:/\\?#]*://(?![/\\])")

# A URL with a host, and perhaps a port: its user name and password end at the last `@` before them.
WITH_HOST = re.compile(
    r"""
    ( [a-zA-Z][a-zA-Z0-9+.\-]* : [/\\]+ )
    (?: [^/\\?\#]* @ )?
    ( (?: \[ [^\]/\\?\#@]* \] | [^:@/\\?\#]+ ) (?: : [0-9]* )? (?: [/\\?\#] .* )? )
    """,
    re.VERBOSE | re.DOTALL,
)

# In any other URL they may be anywhere before the last `@`.
CREDENTIALS = re.compile(r"([a-zA-Z][a-zA-Z0-9+.\-]*:[/\\]+)?.*@", re.DOTALL)

# Those of a URL that is part of other text end at the last `@` of its authority.
USERINFO = re.compile(r"(?<=://)[^\s/?#]*@")

# The characters that are not encoded in each part, besides letters, digits and _.-~
SAFE_IN_USERINFO = "%!$&'()*+,"
SAFE_IN_PATH = "%!$&'()*+,/:;=@[]^|"
SAFE_IN_QUERY = "%!$&()*+,/:;=?@[]\\^`{|}"
SAFE_IN_FRAGMENT = "%!#$&'()*+,/:;=?@[]\\^{|}"

# What has to be encoded in each part, because encoding takes longer than looking for it.
UNSAFE = {
    safe: re.compile(f"[^a-zA-Z0-9_.~{re.escape(safe)}-]")
    for safe in (SAFE_IN_USERINFO, SAFE_IN_PATH, SAFE_IN_QUERY, SAFE_IN_FRAGMENT)
}


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
        """`username:password`, percent-decoded; `None` if there are neither. Encode it with
        `surrogateescape`."""
        if not self.username and not self.password:
            return None
        # Bytes that are not UTF-8 are kept, as surrogates.
        return ":".join(
            unquote(text, errors="surrogateescape") for text in (self.username, self.password)
        )

    @property
    def safe_href(self) -> str:
        """`href` without the user name and password, for logs and error messages."""
        start = f"{self.protocol}//"
        if self.credentials is None:
            return self.href
        return start + self.href[self.href.index("@", len(start)) + 1 :]

    def __repr__(self) -> str:
        return f"<Url {self.safe_href}>"


def valid_url(url: object, protocols: Collection[str], kind: str) -> Url:
    """Returns the parts of `url`: text, or an object with `href`, of one of `protocols`.

    Raises `ConfigurationError` for anything else: "... is not a valid `kind` URL". The text does
    not contain credentials.
    """
    text = getattr(url, "href", url)
    reason = None
    if isinstance(text, str):
        cleaned = _cleaned(text)
        try:
            parts = _parse(cleaned)
        except InvalidHost as error:
            reason = error.reason
        else:
            if parts is not None and parts.protocol in protocols:
                if TWO_SLASHES.match(cleaned):
                    return parts
                reason = f"it must begin with {parts.protocol}// and a host"

    shown = without_credentials(text) if isinstance(text, str) else repr(url)
    raise ConfigurationError(
        f"{shown} is not a valid {kind} URL" + (f": {reason}" if reason else "")
    )


def without_credentials(text: str) -> str:
    """Returns a URL, which may be invalid, without its user name and password."""
    if "@" not in text:
        return text
    valid = WITH_HOST.fullmatch(text)
    return CREDENTIALS.sub(r"\1", text, count=1) if valid is None else valid[1] + valid[2]


def shown_url(url: str) -> str:
    """Returns the URL of a driver, which may be a path, without its user name and password."""
    is_path = url.startswith("/") and not url.startswith("//")
    return url if is_path else without_credentials(url)


def without_userinfo(text: str) -> str:
    """Returns any text, without the user names and passwords of the URLs in it."""
    return USERINFO.sub("", text) if "@" in text else text


def parse_url(text: str) -> Url | None:
    """Returns the parts of a `ws:`, `wss:`, `http:` or `https:` URL; `None` for other text."""
    try:
        return _parse(_cleaned(text))
    except InvalidHost:
        return None


def _parse(cleaned: str) -> Url | None:
    match = URL.fullmatch(cleaned)
    if match is None:
        return None

    scheme, userinfo, host, port, path, query, fragment = match.groups()
    protocol = scheme.lower() + ":"
    if protocol not in DEFAULT_PORTS:
        return None

    hostname = _parse_host(host)
    port = port.lstrip("0") or "0" if port else ""
    if port and (len(port) > len(str(MAX_PORT)) or int(port) > MAX_PORT):
        return None

    username, _, password = (userinfo or "").partition(":")
    username, password = _encode(username, SAFE_IN_USERINFO), _encode(password, SAFE_IN_USERINFO)
    userinfo = username + (f":{password}" if password else "")
    port = "" if port == DEFAULT_PORTS[protocol] else port

    path = _remove_dot_segments(_encode(path.replace("\\", "/") or "/", SAFE_IN_PATH))
    query = None if query is None else "?" + _encode(query, SAFE_IN_QUERY)
    fragment = None if fragment is None else "#" + _encode(fragment, SAFE_IN_FRAGMENT)

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


def _cleaned(text: str) -> str:
    """Returns `text` without the characters that a URL parser ignores."""
    text = text.strip(SPACE)
    return text if text.isprintable() else SURROGATES.sub("\ufffd", LINE_BREAKS.sub("", text))


def _encode(text: str, safe: str) -> str:
    return quote(text, safe=safe, errors="replace") if UNSAFE[safe].search(text) else text


def _parse_host(text: str) -> str:
    """Returns a host in ASCII and lower case. Raises `InvalidHost`."""
    try:
        if text.startswith("["):
            address = socket.inet_pton(socket.AF_INET6, text[1:-1])
            host = socket.inet_ntop(socket.AF_INET6, address)
            if "." in host:  # the IPv4 address at its end becomes hexadecimal
                host = "{}:{:x}:{:x}".format(host.rpartition(":")[0], *unpack("!HH", address[12:]))
            return f"[{host}]"

        host = domain_to_ascii(unquote_to_bytes(text).decode("utf-8"))
        if not host or FORBIDDEN_IN_HOST.search(host):
            raise InvalidHost

        number = EMPTY_HEX.sub("0", host.removesuffix("."))
        if NUMBER.fullmatch(number.rpartition(".")[2]):
            return socket.inet_ntoa(socket.inet_aton(number))
        return host
    except (OSError, ValueError) as error:
        raise error if isinstance(error, InvalidHost) else InvalidHost from None


def _remove_dot_segments(path: str) -> str:
    result: list[str] = []
    name = ""

    for segment in path.split("/")[1:]:
        name = segment.lower().replace("%2e", ".")
        if name == "..":
            del result[-1:]
        elif name != ".":
            result.append(segment)

    if name in (".", ".."):
        result.append("")
    return "/" + "/".join(result)
