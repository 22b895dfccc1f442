"""IP addresses, and the addresses of sockets: `is_ip()`, `Address`."""

from __future__ import annotations

import socket
from typing import Any, NamedTuple


class Address(NamedTuple):
    """The address of one end of a connection, or of a server."""

    address: str
    port: int
    family: str


def is_ipv4(text: object) -> bool:
    """True for an IPv4 address in four decimal numbers."""
    if not isinstance(text, str):
        return False
    try:
        packed = socket.inet_pton(socket.AF_INET, text)
    except (OSError, ValueError):
        return False
    return socket.inet_ntop(socket.AF_INET, packed) == text


def is_ipv6(text: object) -> bool:
    """True for an IPv6 address, which may have a zone: `fe80::1%eth0`."""
    if not isinstance(text, str):
        return False
    address, percent, zone = text.partition("%")
    if percent and not (zone.isascii() and zone and all(c.isalnum() or c in "-.:" for c in zone)):
        return False
    try:
        socket.inet_pton(socket.AF_INET6, address)
    except (OSError, ValueError):
        return False
    return True


def is_ip(text: object) -> int:
    """4 for an IPv4 address, 6 for an IPv6 address, 0 for anything else."""
    if is_ipv4(text):
        return 4
    return 6 if is_ipv6(text) else 0


def family_of(address: str) -> socket.AddressFamily:
    """The address family of an IP address."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def system_address(address: str, port: int) -> tuple[Any, ...]:
    """An IP address and a port as the system takes them, a zone as its number."""
    if ":" not in address:
        return (address, port)
    plain, percent, zone = address.partition("%")
    if not percent:
        return (plain, port, 0, 0)
    scope = int(zone) if zone.isdecimal() else socket.if_nametoindex(zone)
    return (plain, port, 0, scope)


def readable_address(name: object) -> Address | None:
    """The address that the system reports, `None` for that of a Unix socket."""
    if not isinstance(name, tuple):
        return None
    host, port = name[:2]
    return Address(host, port, "IPv6" if ":" in host else "IPv4")


isIP = is_ip
isIPv4 = is_ipv4
isIPv6 = is_ipv6
