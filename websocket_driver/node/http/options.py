"""The options of an http server: their defaults, and their types in both spellings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ...errors import ConfigurationError
from ...http_parser import MAX_HEAD_LENGTH, MAX_HEADERS
from ...spelling import node, pep8, suggestion
from ..errors import invalid_argument, out_of_range
from ..net.options import ServerOptions as NetServerOptions
from ..tls.options import SecureOptions

# Also attributes of the server. Times are in milliseconds; 0 switches a limit off.
DEFAULTS: dict[str, Any] = {
    "headers_timeout": 60_000,
    "request_timeout": 300_000,
    "keep_alive_timeout": 5_000,
    "max_header_size": MAX_HEAD_LENGTH,
    "max_headers_count": MAX_HEADERS,
    "max_requests_per_socket": 0,
    "connections_checking_interval": 30_000,
    "require_host_header": True,
    "join_duplicate_headers": False,
}
FLAGS = ("require_host_header", "join_duplicate_headers")

SPELLINGS = {spelling: name for name in DEFAULTS for spelling in (name, node(name))}


class ServerOptions(NetServerOptions, total=False):
    """Options of `http.create_server()`."""

    # how long the head of a request may take, in milliseconds; by default at most request_timeout
    headers_timeout: float
    headersTimeout: float
    # how long a whole request may take, in milliseconds
    request_timeout: float
    requestTimeout: float
    # how long a connection waits for another request, in milliseconds
    keep_alive_timeout: float
    keepAliveTimeout: float
    # of a request line and headers together, in bytes
    max_header_size: int
    maxHeaderSize: int
    # 0 for any number
    max_headers_count: int
    maxHeadersCount: int
    # 0 for any number
    max_requests_per_socket: int
    maxRequestsPerSocket: int
    # without effect: Node checks headers_timeout and request_timeout at this interval
    connections_checking_interval: float
    connectionsCheckingInterval: float
    # false: HTTP/1.1 requests need no Host
    require_host_header: bool
    requireHostHeader: bool
    # true: repeated headers are joined, whichever they are
    join_duplicate_headers: bool
    joinDuplicateHeaders: bool


class SecureServerOptions(ServerOptions, SecureOptions, total=False):
    """The same, with those of `tls`."""


OPTIONS = frozenset(SecureServerOptions.__annotations__)


def split(given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The options of http with their defaults, and those of the underlying server.

    Raises `TypeError` or `ValueError` for a value that cannot be used, and `ConfigurationError` for
    a misspelled name.
    """
    own, others, given_names = dict(DEFAULTS), {}, set()
    for name, value in given.items():
        if name not in SPELLINGS:
            # The underlying server refuses unknown names, and suggests only its own.
            is_known = name in OPTIONS or pep8(str(name)) in OPTIONS
            hint = "" if is_known else suggestion(name, [*SPELLINGS, *OPTIONS])
            if hint:
                raise ConfigurationError(f"Unrecognized option: {name}{hint}")
            others[name] = value
        elif value is not None:
            own[SPELLINGS[name]] = checked(SPELLINGS[name], value)
            given_names.add(SPELLINGS[name])
    limit = own["request_timeout"]
    if "headers_timeout" not in given_names:
        own["headers_timeout"] = min(own["headers_timeout"], limit)
    elif own["headers_timeout"] > limit > 0:
        raise out_of_range(
            "options.headers_timeout", "at most `request_timeout`", own["headers_timeout"]
        )
    return own, others


def checked(name: str, value: object) -> object:
    """The value of an option."""
    if name in FLAGS:
        if not isinstance(value, bool):
            raise invalid_argument(f"options.{name}", "True or False", value)
    elif isinstance(value, bool) or not isinstance(value, (int, float)):
        raise invalid_argument(f"options.{name}", "a number", value)
    elif not 0 <= value < math.inf:
        raise out_of_range(f"options.{name}", "0 or more, and finite", value)
    return value
