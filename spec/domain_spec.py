"""Hosts, as Node's `new URL()` reads them: which it accepts, which it refuses."""

import sys
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from websocket_driver import ConfigurationError
from websocket_driver.domain import InvalidHost, domain_to_ascii
from websocket_driver.url import parse_url, valid_url

pytest.importorskip("idna")

# Accepted by Node, each with the host that it makes of it.
ACCEPTED = [
    ("example.com", "example.com"),
    ("EXAMPLE.com.", "example.com."),
    ("a..b", "a..b"),
    ("a_b", "a_b"),
    ("b\u00fccher.example", "xn--bcher-kva.example"),
    ("BU\u0308CHER.example", "xn--bcher-kva.example"),
    ("fa\u00df.de", "xn--fa-hia.de"),
    ("\u03b2\u03cc\u03bb\u03bf\u03c2.com", "xn--nxasmm1c.com"),
    ("\u0915\u094d\u200d\u0937", "xn--11b2ezcw70k"),
    ("\u65e5\u672c\u8a9e\u3002jp", "xn--wgv71a119e.jp"),
    ("a\uff0eb\uff61c", "a.b.c"),
    ("\u2603.net", "xn--n3h.net"),
    ("\U0001f4a9.la", "xn--ls8h.la"),
    ("\u2764\ufe0f", "xn--qei"),
    ("a\u00adb", "ab"),
    ("\uff21\uff22", "ab"),
    ("\u212a", "k"),
    ("\u0130", "xn--i-9bb"),
    ("-\u00fc-", "xn-----xka"),
    ("\u05d0\u05d1", "xn--4dbc"),
    ("\u05d01", "xn--1-zhc"),
    ("\u05d0.a", "xn--4db.a"),
    ("xn--bcher-kva", "xn--bcher-kva"),
    ("XN--BCHER-KVA", "xn--bcher-kva"),
    ("xn--fa-hia.de", "xn--fa-hia.de"),
    ("a\u00fc.xn--n3h", "xn--a-eha.xn--n3h"),
]

# Refused by Node.
REFUSED = [
    "xn--",
    "xn--a",
    "xn--zzzz",
    "XN--A-ECP.ru",
    "xn--a.xn--zca",
    "xn--zn7c.com",
    "xn--ls8h=",
    "xn--ss-7qa",
    "xn--fa-1234",
    "xn--b\u00fccher-kva",
    "xn--\u00fc",
    "xn--n3h.xn--",
    "\u2024",
    "a\u2024b",
    "a\u2025b",
    "a\u2026b",
    "a\ufe52b",
    "\u24881",
    "\u0300a",
    "a\u200db",
    "a\u200cb",
    "a\u202eb",
    "a\u2028b",
    "\u00a0",
    "\u0080",
    "\u0378",
    "\ue000",
    "\ufffe",
    "\u05d0a",
    "\u05d0-",
    "\u0660a",
    "a\uff05b",
    "a\uff03b",
    "a\u2100b",
    "\u00ad",
    "\u200b",
]

# Accepted by Node, and refused by browsers or by the Domain Name System.
STRICTER = [
    "a" * 64,
    "a" * 64 + ".com",
    ".".join(["a" * 60] * 5),
    "\u00fc" * 60,
    "\u00fc" * 64,
    "a\u05d0",
    "1\u05d0",
    "xn--abc-",
]


class DescribeDomainToAscii:
    @pytest.mark.parametrize(("domain", "name"), ACCEPTED)
    def it_is_that_of_browsers(self, domain, name):
        assert domain_to_ascii(domain) == name
        parts = parse_url(f"ws://{domain}/")
        assert parts is not None
        assert parts.hostname == name

    @pytest.mark.parametrize(("domain", "name"), ACCEPTED)
    def it_is_itself_when_it_is_read_again(self, domain, name):
        assert domain_to_ascii(name) == name

    @pytest.mark.parametrize("domain", REFUSED + STRICTER, ids=ascii)
    def it_is_refused(self, domain):
        assert parse_url(f"ws://{domain}/") is None

    @pytest.mark.parametrize(
        ("domain", "reason"),
        [
            ("a" * 64, "it has a label that is too long"),
            ("\u00fc" * 60, "it has a label that is too long"),
            (".".join(["a" * 50] * 6), "it is too long"),
            ("a" * 1025, "it is too long"),
        ],
    )
    def it_says_what_is_too_long(self, domain, reason):
        with pytest.raises(InvalidHost) as raised:
            domain_to_ascii(domain)
        assert raised.value.reason == reason
        with pytest.raises(ConfigurationError, match=f"is not a valid WebSocket URL: {reason}$"):
            valid_url(f"ws://{domain}/", ("ws:",), "WebSocket")

    @pytest.mark.parametrize("length", [63, 253])
    def it_may_be_as_long_as_names_are(self, length):
        labels = ("a" * 62 + ".") * 4
        domain = "a" * 63 if length == 63 else labels + "a"
        assert len(domain) == length
        assert domain_to_ascii(domain) == domain
        assert domain_to_ascii(domain + ".") == domain + "."

    @given(
        st.text(
            st.sampled_from("a.-1\u00fc\u00df\u05d0\u0300\u200d\u3002\u2603xn\U0001f4a9"),
            max_size=20,
        )
    )
    def it_is_ascii_and_stable_or_refused(self, domain):
        try:
            name = domain_to_ascii(domain)
        except (InvalidHost, ValueError):
            return
        assert name.isascii()
        assert domain_to_ascii(name) == name

    @pytest.mark.parametrize(
        "domain",
        [
            "\u65e5" * 8000,
            "\u65e5." * 30_000,
            "a\u0300\u0323" * 20_000,
            "xn--" + "a" * 60_000,
            "xn--a." * 10_000,
            "%e6%97%a5" * 7000,
            "a" * 60_000,
        ],
        ids=range(7),
    )
    def it_takes_no_longer_than_its_length(self, domain):
        started = time.process_time()
        assert parse_url(f"ws://{domain}/") is None
        assert time.process_time() - started < 0.1


class DescribeAnOlderIdna:
    @pytest.mark.parametrize("domain", ["a\u2024b", "\u2025", "a\ufe52b"])
    def it_refuses_characters_that_are_mapped_to_dots(self, monkeypatch, domain):
        # As Unicode 15.0 has them, with which the mapping is allowed unless std3_rules are on.
        monkeypatch.setattr(
            "idna.uts46_remap", lambda domain, std3_rules: unicodedata.normalize("NFKC", domain)
        )
        with pytest.raises(InvalidHost):
            domain_to_ascii(domain)
        assert domain_to_ascii("a\uff0e\u00fc") == "a.xn--tda"


class DescribeWithoutIdna:
    @pytest.fixture(autouse=True)
    def without_idna(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "idna", None)

    def it_reads_hosts_in_ascii(self):
        assert domain_to_ascii("EXAMPLE.com") == "example.com"

    def it_refuses_others_and_names_the_extra(self):
        assert parse_url("ws://b\u00fccher.example/") is None
        with pytest.raises(ConfigurationError) as raised:
            valid_url("ws://user:secret@b\u00fccher.example/", ("ws:",), "WebSocket")
        assert str(raised.value) == (
            "ws://b\u00fccher.example/ is not a valid WebSocket URL: a host that is not ASCII "
            "needs the idna package (pip install 'websocket-driver[idna]')"
        )

    @pytest.mark.parametrize("name", ["xn--bcher-kva", "xn--wgv71a119e.jp", "xn--n3h.net"])
    def it_reads_hosts_in_punycode(self, name):
        assert domain_to_ascii(name.upper()) == name

    @pytest.mark.parametrize("name", ["xn--", "xn--a", "xn--zzzz", "xn--a-ubb", "xn--ls8h="])
    def it_refuses_those_that_are_none(self, name):
        assert parse_url(f"ws://{name}/") is None
