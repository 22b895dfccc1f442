"""The HTTP request that asks for a WebSocket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from .driver.headers import UNSAFE, is_host


class Request:
    """A request by its method (`"GET"`), its URL (the path and query) and its headers.

    `headers` is any mapping from names in any case to `str` values; a value may be a list of them,
    and where the mapping's `items()` give a name more than once the values are joined by commas.
    `request.headers` has them under lower-case names. `secure` says that it came over TLS.

    Raises `TypeError` for headers that are no mapping of text to text.
    """

    def __init__(
        self, method: str, url: str, headers: Mapping[str, Any], *, secure: bool = False
    ) -> None:
        self.method = method
        self.url = url
        self.headers = _lower_case(headers)
        self.secure = secure
        self.is_parsed = False

    @classmethod
    def of(cls, request: Any) -> Request:
        """A `Request` with what a driver needs of any object with `method`, `url` and `headers`."""
        if isinstance(request, cls):
            return request
        method = getattr(request, "method", None) or ""
        url = getattr(request, "url", None) or ""
        return cls(method, url, getattr(request, "headers", None) or {})

    @classmethod
    def parsed(cls, method: str, url: str, headers: dict[str, str]) -> Request:
        """A request that `HttpParser` has read: `headers` are taken as they are."""
        request = cls.__new__(cls)
        request.method = method
        request.url = url
        request.headers = headers
        request.secure = False
        request.is_parsed = True
        return request

    @property
    def malformed(self) -> bool:
        """True if it carries CR, LF or NUL, which no server may let through (RFC 9110 5.5), or a
        Host header that is none (RFC 9112 3.2)."""
        if self.is_parsed:
            return False
        if not is_host(self.headers.get("host", "").strip(" \t")):
            return True
        return UNSAFE.search("".join((self.url, *self.headers.values()))) is not None

    @classmethod
    def from_wsgi(cls, environ: Mapping[str, Any]) -> Request:
        """The request of a WSGI environment (PEP 3333), its path percent-encoded again."""
        path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        query = environ.get("QUERY_STRING", "")

        headers = {
            name[5:].replace("_", "-"): value
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }
        for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            if environ.get(name):
                headers[name.replace("_", "-")] = environ[name]

        return cls(
            environ["REQUEST_METHOD"],
            quote(path, safe="/;=,", encoding="latin-1") + (f"?{query}" if query else ""),
            headers,
            secure=environ.get("wsgi.url_scheme") == "https",
        )


def _lower_case(headers: Mapping[str, Any]) -> dict[str, str]:
    if not hasattr(headers, "items"):
        raise TypeError(f"Request headers must be a mapping, not {type(headers).__name__}")

    result: dict[str, str] = {}

    for name, value in headers.items():
        if value is None:
            continue
        if isinstance(value, (list, tuple)):
            value = ", ".join(value)
        if not isinstance(name, str) or not isinstance(value, str):
            raise TypeError(f"Request headers must be text: {name!r}: {value!r}")
        key = name.lower()
        result[key] = f"{result[key]}, {value}" if key in result else value

    return result
