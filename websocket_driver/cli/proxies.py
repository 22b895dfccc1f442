"""The proxy from the environment: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`.

There is no standard. These are the rules on which curl, Python and Go agree: the lower-case name
counts first, `ws:` URLs go through that of `http:` and `wss:` URLs through that of `https:`, and
`NO_PROXY` is a list of hosts, domains, networks, or `*`.
"""

from __future__ import annotations

import ipaddress
import re
from argparse import ArgumentTypeError
from collections.abc import Mapping

from ..url import Url
from .arguments import proxy_url

NAMES = {"ws:": ("http_proxy", "all_proxy"), "wss:": ("https_proxy", "all_proxy")}

HAS_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://")


class UnusableProxy(ValueError):
    """A variable of the environment that does not name a proxy."""


def proxy_for(url: Url, environment: Mapping[str, str]) -> Url | None:
    """The proxy for `url`, if there is one. Raises `UnusableProxy`."""
    for name in NAMES[url.protocol]:
        variable = next((n for n in (name, name.upper()) if environment.get(n, "").strip()), None)
        if variable is not None:
            if bypasses(url, environment.get("no_proxy") or environment.get("NO_PROXY") or ""):
                return None
            text = environment[variable].strip()
            try:
                return proxy_url(text if HAS_SCHEME.match(text) else f"http://{text}")
            except ArgumentTypeError as error:
                raise UnusableProxy(f"{variable} in the environment: {error}") from None
    return None


def bypasses(url: Url, no_proxy: str) -> bool:
    """True if the list `no_proxy` contains the host of `url`."""
    return any(_contains(entry, url) for entry in re.split(r"[,\s]+", no_proxy) if entry)


def _contains(entry: str, url: Url) -> bool:
    if entry == "*":
        return True
    # A name may end in the dot of the root (RFC 1034 3.1).
    host = url.hostname.strip("[]").rstrip(".")
    if _is_address_in(entry, host):
        return True
    name, colon, port = entry.lower().rpartition(":")
    if colon and port.isdecimal():
        if int(port) != url.effective_port:
            return False
        if _is_address_in(name, host):
            return True
        entry = name
    domain = entry.lower().removeprefix("*").strip(".")
    return bool(domain) and (host == domain or host.endswith(f".{domain}"))


def _is_address_in(network: str, host: str) -> bool:
    """True if both are addresses, or networks, in any spelling, and `host` is in `network`."""
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network.strip("[]"), strict=False)
    except ValueError:
        return False
