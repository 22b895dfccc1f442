"""Explanations of failed connections: what happened, to which URL, and what may help.

Each function returns lines, of which the first describes what happened.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from ..node.http import STATUS_CODES
from ..url import Url, without_credentials
from .arguments import HTTP_SCHEMES, WEBSOCKET_SCHEMES, corrected

if TYPE_CHECKING:
    from ..driver.client import Client
    from ..driver.proxy import Proxy
    from ..header_map import HeaderMap

# The number of bytes of the body of a refusal that are shown.
MAX_BODY_LINES = 10
MAX_BODY_LENGTH = 1000

# The texts of a driver's errors that are replaced by a better explanation.
HANDSHAKE_ERROR = "Error during WebSocket handshake: "
PARSE_ERROR = "Parse Error"

# A TLS record begins with its type and version (RFC 8446 5.1): an alert, or a handshake message.
TLS_RECORDS = (b"\x15\x03", b"\x16\x03")

# For Node's code of an error: its meaning, and what may help.
SYSTEM_ERRORS: dict[str, tuple[str, str | None]] = {
    "ECONNREFUSED": ("connection refused", None),
    "ECONNRESET": ("connection reset by the other side", None),
    "EPIPE": ("connection closed by the other side", None),
    "ENOTFOUND": ("there is no such host", "Is the name spelled correctly?"),
    "EAI_AGAIN": ("the host name cannot be resolved", "Is there a network?"),
    "ETIMEDOUT": ("the host does not answer", "Is a proxy required (--proxy)?"),
    "EHOSTUNREACH": ("the host cannot be reached", "Is a proxy required (--proxy)?"),
    "ENETUNREACH": ("the network cannot be reached", "Is there a network?"),
}
REFUSED = "ECONNREFUSED"
OTHER_NAME = "ERR_TLS_CERT_ALTNAME_INVALID"
OUT_OF_DATE = ("CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID")

REDIRECTIONS = range(300, 400)
UNAUTHORIZED = 401
FORBIDDEN = 403
NOT_FOUND = 404
PROXY_AUTHENTICATION_REQUIRED = 407

STATUS_SUGGESTIONS = {
    UNAUTHORIZED: "Give a user name and password in the URL, ws://USER:PASSWORD@HOST/, "
    "or a token, --header 'Authorization: Bearer TOKEN'",
    FORBIDDEN: "Some servers require an Origin: --header 'Origin: https://HOST'",
    NOT_FOUND: "Is the path right?",
}


def is_secure(url: Url) -> bool:
    """True if there is TLS on the way to `url`."""
    return url.protocol in ("wss:", "https:")


def plain(url: Url) -> str:
    """The same URL without TLS: `ws:` for `wss:`."""
    return url.safe_href.replace("s://", "://", 1)


def secured(url: Url) -> str:
    """The same URL with TLS: `wss:` for `ws:`."""
    return url.safe_href.replace("://", "s://", 1)


def could_not_connect(error: Exception, url: Url) -> list[str]:
    """The connection to `url`, a server or a proxy, or its TLS handshake has failed."""
    code = getattr(error, "code", "")
    reason, suggestion = SYSTEM_ERRORS.get(code, (broken(error), None))
    if code == REFUSED:
        suggestion = (
            f"Nothing accepts connections on port {url.effective_port}: is the server running, and "
            "is the port right?"
        )
    elif isinstance(error, ssl.SSLCertVerificationError):
        suggestion = about_certificate(code)
    elif is_secure(url) and (code.startswith("ERR_SSL_") or code == "ECONNRESET"):
        suggestion = f"If that port does not speak TLS: did you mean {plain(url)}?"
    return [
        f"Could not connect to {url.safe_href}: {reason}",
        *([suggestion] if suggestion else []),
    ]


def broken(error: Exception) -> str:
    """The text of the error of a connection."""
    code = getattr(error, "code", "")
    return SYSTEM_ERRORS[code][0] if code in SYSTEM_ERRORS else str(error) or type(error).__name__


def about_certificate(code: str) -> str:
    """Suggestions for a refused certificate."""
    if code == OTHER_NAME:
        return "Use a name that the certificate is for, or accept any certificate with --insecure"
    if code in OUT_OF_DATE:
        return "Is the clock correct? --insecure accepts any certificate"
    return "Trust it, or who signed it, with --ca FILE, or accept any certificate with --insecure"


def refused(driver: Client, url: Url, answer: bytes, error: str) -> list[str]:
    """The handshake has failed with `error`. `answer` is the beginning of what the server sent."""
    status, headers = driver.status_code, driver.headers
    reason = error.removeprefix(HANDSHAKE_ERROR)
    if headers is None or (status is None and reason == PARSE_ERROR):
        shown = answer.decode("latin-1").partition("\n")[0].strip()[:80]
        return [f"{url.safe_href} does not answer in HTTP: {shown!r}"]
    if status is None or status == 101:  # noqa: PLR2004 - RFC 9110 15.2.2
        return [f"{url.safe_href} violates the protocol: {reason}", *about_protocols(headers)]
    return [
        f"{url.safe_href} refused the WebSocket: {phrase(status)}",
        *shown_headers(headers, "Location", "WWW-Authenticate"),
        *shown_body(driver.body or b""),
        *about_status(status, headers, url),
    ]


def refused_by_proxy(proxy: Proxy, origin: Url, url: Url) -> list[str]:
    """The proxy has not connected."""
    status, headers = proxy.status_code, proxy.headers
    if status is None or headers is None:
        return [f"The proxy {origin.safe_href} does not answer in HTTP"]
    suggestion = (
        ["Give the proxy a user name and password: --proxy http://USER:PASSWORD@HOST:PORT"]
        if status == PROXY_AUTHENTICATION_REQUIRED
        else []
    )
    return [
        f"The proxy {origin.safe_href} does not connect to {url.safe_href}: {phrase(status)}",
        *shown_headers(headers, "Proxy-Authenticate"),
        *suggestion,
    ]


def too_slow(url: Url, seconds: float) -> list[str]:
    """The handshake has timed out."""
    return [f"No answer from {url.safe_href} in {seconds:g} seconds"]


def no_answer(url: Url, answer: bytes) -> list[str]:
    """The connection ended before the handshake did. `answer` is the beginning of the input."""
    if answer.startswith(TLS_RECORDS):
        return [
            f"{url.safe_href} answers with TLS instead of HTTP",
            f"Did you mean {secured(url)}?",
        ]
    suggestion = "" if is_secure(url) else f"If that port speaks TLS: did you mean {secured(url)}?"
    return [
        f"{url.safe_href} closed the connection without an answer",
        *([suggestion] if suggestion else []),
    ]


def phrase(status: int) -> str:
    """A status code and its reason phrase."""
    return f"{status} {STATUS_CODES.get(status, '')}".rstrip()


def shown_headers(headers: HeaderMap, *names: str) -> list[str]:
    """The lines of the named headers."""
    return [
        f"  {name}: {without_credentials(value)}"
        for name in names
        for value in headers.get_all(name)
    ]


def shown_body(body: bytes) -> list[str]:
    """The beginning of the body of a refusal."""
    text = body.decode("utf-8", "replace")
    lines = [line for line in text[:MAX_BODY_LENGTH].splitlines() if line.strip()]
    is_cut = len(text) > MAX_BODY_LENGTH or len(lines) > MAX_BODY_LINES
    return [f"  {line}" for line in lines[:MAX_BODY_LINES]] + ["  ..."] * is_cut


def about_status(status: int, headers: HeaderMap, url: Url) -> list[str]:
    """Suggestions for a refused handshake."""
    location = headers.get("location")
    if status in REDIRECTIONS and location is not None:
        target = redirected(url, location)
        return [] if target in (None, url.safe_href) else [f"Did you mean {target}?"]
    suggestion = STATUS_SUGGESTIONS.get(status)
    return [] if suggestion is None else [suggestion]


def redirected(url: Url, location: str) -> str | None:
    """The WebSocket URL to which the server of `url` redirects; `None` if there is none."""
    scheme, _, rest = url.safe_href.partition("://")
    try:
        target = urljoin(f"{HTTP_SCHEMES[scheme]}://{rest}", location)
    except ValueError:  # such as `http://[`
        return None
    return corrected(target, WEBSOCKET_SCHEMES)


def about_protocols(headers: HeaderMap) -> list[str]:
    """Suggestions for a server that selected a subprotocol which was not offered."""
    chosen = headers.get("sec-websocket-protocol")
    if not chosen:
        return []
    return [f"It chose the subprotocol {chosen}: did you mean --subprotocol {chosen}?"]
