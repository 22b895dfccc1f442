"""IP addresses, as `net.isIP` recognises them."""

from __future__ import annotations

import socket

import pytest

from websocket_driver.node import net
from websocket_driver.node.net.address import family_of, readable_address, system_address

IPV4 = ["127.0.0.1", "0.0.0.0", "255.255.255.255", "8.8.8.8"]
IPV6 = [
    "::1",
    "::",
    "fe80::1",
    "2001:db8::ff00:42:8329",
    "::ffff:127.0.0.1",
    "fe80::1%eth0",
    "::1%1",
]
NEITHER = [
    "",
    "localhost",
    "256.0.0.1",
    "127.1",
    "127.0.0.01",
    "1.2.3.4.5",
    " 127.0.0.1",
    "1.2.3.4/8",
    ":::1",
    "[::1]",
    "::1%",
    "::1%a b",
    "1::2::3",
    "\u0661.1.1.1",
    "1.2.3.4\x00",
    "::1\x00",
    None,
    5,
    b"127.0.0.1",
]


class DescribeIsIp:
    @pytest.mark.parametrize("address", IPV4)
    def it_is_4_for_an_ipv4_address(self, address):
        assert (net.is_ip(address), net.is_ipv4(address), net.is_ipv6(address)) == (4, True, False)

    @pytest.mark.parametrize("address", IPV6)
    def it_is_6_for_an_ipv6_address(self, address):
        assert (net.is_ip(address), net.is_ipv4(address), net.is_ipv6(address)) == (6, False, True)

    @pytest.mark.parametrize("address", NEITHER)
    def it_is_0_for_anything_else(self, address):
        assert (net.isIP(address), net.isIPv4(address), net.isIPv6(address)) == (0, False, False)


class DescribeSystemAddress:
    def it_is_what_the_system_takes(self):
        assert system_address("127.0.0.1", 80) == ("127.0.0.1", 80)
        assert system_address("::1", 80) == ("::1", 80, 0, 0)
        assert system_address("fe80::1%5", 80) == ("fe80::1", 80, 0, 5)

    def it_has_the_number_of_a_zone(self):
        index, name = socket.if_nameindex()[0]
        assert system_address(f"fe80::1%{name}", 80) == ("fe80::1", 80, 0, index)

    def it_is_of_a_family(self):
        assert family_of("127.0.0.1") is socket.AF_INET
        assert family_of("::1") is socket.AF_INET6


class DescribeReadableAddress:
    def it_has_the_parts_by_name(self):
        assert readable_address(("::1", 80, 0, 0)) == net.Address("::1", 80, "IPv6")
        assert readable_address(("127.0.0.1", 80)) == net.Address("127.0.0.1", 80, "IPv4")
        assert readable_address("/path") is None
