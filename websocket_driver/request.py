"""The HTTP request that asks for a WebSocket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol
from urllib.parse import quote

from .grammar import ABSOLUTE_FORM, FORWARDED_PAIR, UNSAFE, is_host, unquote
from .header_map import OWS, HasItems, HeaderMap

SECURE_SCHEMES = ("https", "wss")
DEFAULT_PORTS = {"http": ":80", "ws": ":80", "https": ":443", "wss": ":443"}

HTTP_1_1 = "1.1"

# The headers by which a proxy reports that a request came over TLS.
FORWARDING = frozenset(
    ("x-forwarded-proto", "x-forwarded-scheme", "forwarded", "x-forwarded-ssl", "https")
)

REQUIRED = ("method", "url", "headers")
ACCEPTED = (
    "A request must be an object with method, url and headers (websocket_driver.Request(method, "
    "url, headers) makes one, Request.from_wsgi(environ) makes one from a WSGI environment)"
)


class HttpRequest(Protocol):
    """An object that `Request.of` accepts: the request of an HTTP server."""

    @property
    def method(self) -> str | None:
        """The method, in capital letters; `None` if there is no request yet."""
        ...

    @property
    def url(self) -> object:
        """The URL: text, or an object that represents one."""
        ...

    @property
    def headers(self) -> HasItems | Mapping[str, object] | None:
        """Names in any case, with their values."""
        ...


class Request:
    """A request: its method (`"GET"`), its URL (path and query) and its headers.

    * `headers` is any mapping from names in any case to `str` values or lists of them. If its
      `items()` contain a name several times, its values are joined by a comma. `request.headers` is
      a `HeaderMap`, with lower-case names.
    * `url` may be an object that represents a URL, such as a `yarl.URL`. A URL in absolute form
      (RFC 9112 3.2.2) is reduced to its path and query; `problem` is set if its host is not that of
      the Host header.
    * `secure` is true if the request came over TLS.
    * `http_version` is `"1.1"` or `"1.0"`.

    Raises `TypeError` for an argument of another type.
    """

    # The problem of the URL, if it has one.
    target_problem: str | None = None

    def __init__(
        self,
        method: str,
        url: object,
        headers: HasItems,
        *,
        secure: bool = False,
        http_version: str = HTTP_1_1,
    ) -> None:
        if not isinstance(method, str):
            raise TypeError(f"Request method must be a string, not {type(method).__name__}")
        self.method = method
        self.headers: HeaderMap = HeaderMap.of(headers)
        self.secure = secure
        self.http_version = http_version
        self.is_parsed = False
        self.url: str = url if isinstance(url, str) else _url_text(url)
        if self.url and not self.url.startswith("/"):
            self.url, self.target_problem = reduced(self.url, self.headers)

    @classmethod
    def of(cls, request: object) -> Request:
        """Returns `request`, or a `Request` with the method, URL and headers of any other object.

        Raises `TypeError` for an object that does not have them.
        """
        if isinstance(request, cls):
            return request

        if not all(hasattr(request, name) for name in REQUIRED):
            raise TypeError(f"{ACCEPTED}, not {_described(request)}")
        # A `server()` driver always has these attributes; they are `None` before its request.
        method, url, headers = (getattr(request, name) for name in REQUIRED)
        version = getattr(request, "http_version", getattr(request, "httpVersion", None))
        return cls(
            "" if method is None else method,
            "" if url is None else url,
            {} if headers is None else headers,
            http_version=version if isinstance(version, str) else HTTP_1_1,
        )

    @classmethod
    def parsed(
        cls, method: str, url: str, headers: HeaderMap, http_version: str = HTTP_1_1
    ) -> Request:
        """A request that `HttpParser` has parsed; `headers` is not copied."""
        request = cls.__new__(cls)
        request.method = method
        request.headers = headers
        request.secure = False
        request.http_version = http_version
        request.is_parsed = True
        request.url = url
        if not url.startswith("/"):
            request.url, request.target_problem = reduced(url, headers)
        return request

    @classmethod
    def from_wsgi(cls, environ: Mapping[str, object]) -> Request:
        """The request of a WSGI environment (PEP 3333), its path percent-encoded again.

        The version of HTTP is not taken from `SERVER_PROTOCOL`, which is constant in some servers.
        Raises `TypeError` for any other object.
        """
        if not isinstance(environ, Mapping) or "REQUEST_METHOD" not in environ:
            raise TypeError(
                f"A WSGI environment must be a mapping with REQUEST_METHOD, not {environ!r:.80}"
            )
        path = f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}"
        query = environ.get("QUERY_STRING", "")

        headers = {
            name[5:].replace("_", "-"): str(value)
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }
        for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            if environ.get(name):
                headers[name.replace("_", "-")] = str(environ[name])

        return cls(
            str(environ["REQUEST_METHOD"]),
            quote(path, safe="/;=,", encoding="latin-1") + (f"?{query}" if query else ""),
            headers,
            secure=environ.get("wsgi.url_scheme") == "https",
        )

    @property
    def problem(self) -> str | None:
        """The reason for which the request must be refused, or `None`.

        * It contains CR, LF or NUL, which servers must not accept (RFC 9110 5.5), or an invalid
          Host header (RFC 9112 3.2).
        * Its URL is not a path, or its host is not that of the Host header (RFC 9112 3.2.2).
        """
        if not self.is_parsed:
            if not is_host(self.headers.get("host", "").strip(OWS)):
                return "Invalid character in request header"
            if UNSAFE.search("".join((self.url, *self.headers.values()))) is not None:
                return "Invalid character in request header"
        return self.target_problem

    @property
    def malformed(self) -> bool:
        """True if the request has a `problem`."""
        return self.problem is not None


def reduced(url: str, headers: HeaderMap) -> tuple[str, str | None]:
    """Returns the path and query of a request target that is not a path, and its problem."""
    absolute = ABSOLUTE_FORM.fullmatch(url)
    if absolute is None:
        # `@evil.example/` would change the host of a URL made from Host and path.
        return url, "Invalid request target"

    scheme, authority, rest = absolute.groups()
    port = DEFAULT_PORTS[scheme.lower()]
    host = headers.get("host", "").lower()
    is_same = host and authority.lower().removesuffix(port) == host.removesuffix(port)
    return (
        rest if rest.startswith("/") else f"/{rest}",
        None if is_same else "Request target does not match the Host header",
    )


def is_secure(request: object) -> bool:
    """Returns true if `request` came over TLS, according to its server or to a proxy.

    That is the case if `secure` is true, if its `connection` or `socket` is a TLS socket, or if its
    headers contain `X-Forwarded-Proto` or `X-Forwarded-Scheme` (`https` or `wss` in any case, the
    first of a list), `Forwarded: proto=` (RFC 7239 5.4), `X-Forwarded-SSL: on` or `HTTPS: on`.
    """
    if isinstance(request, Request):
        return request.secure or _is_forwarded_secure(request.headers)
    if getattr(request, "secure", False):
        return True
    for name in ("connection", "socket"):
        # TLS sockets of `node` have `authorized`, those of the original `secure`; those of the ssl
        # module a certificate.
        wire = getattr(request, name, None)
        if getattr(wire, "authorized", None) is not None or getattr(wire, "secure", False):
            return True
        if hasattr(wire, "getpeercert"):
            return True

    return _is_forwarded_secure(Request.of(request).headers)


def _is_forwarded_secure(headers: HeaderMap) -> bool:
    if FORWARDING.isdisjoint(headers):
        return False
    for name in ("x-forwarded-proto", "x-forwarded-scheme"):
        if name in headers and _first(headers[name]) in SECURE_SCHEMES:
            return True
    if "forwarded" in headers and _forwarded_proto(headers["forwarded"]) in SECURE_SCHEMES:
        return True
    for name in ("x-forwarded-ssl", "https"):
        if name in headers and headers[name].lower() == "on":
            return True
    return False


def _first(value: str) -> str:
    """Returns the first element of a list, in lower case: the proxy nearest to the client."""
    return value.partition(",")[0].strip(OWS).lower()


def _forwarded_proto(value: str) -> str | None:
    """Returns the `proto` of the first element of a Forwarded header (RFC 7239 4), or `None`."""
    position = 0
    while pair := FORWARDED_PAIR.match(value, position):
        name, token, quoted = pair.groups()
        if name.lower() == "proto":
            return (token if token is not None else unquote(quoted)).lower()
        position = pair.end()
    return None


def _url_text(url: object) -> str:
    """Returns the text of a URL object. Raises `TypeError` for an object of another kind."""
    href = getattr(url, "href", None)  # as Node's URL and ours have it
    if isinstance(href, str):
        return href
    geturl = getattr(url, "geturl", None)  # urllib.parse
    if callable(geturl):
        return str(geturl())
    if hasattr(url, "scheme"):  # yarl, httpx, starlette
        return str(url)
    raise TypeError(f"Request URL must be a string or a URL object, not {type(url).__name__}")


def _described(request: object) -> str:
    if isinstance(request, Mapping) and "REQUEST_METHOD" in request:
        return "a WSGI environment"
    missing = [name for name in REQUIRED if not hasattr(request, name)]
    if len(missing) < len(REQUIRED):
        return f"{type(request).__name__} without {' and '.join(missing)}"
    return type(request).__name__
