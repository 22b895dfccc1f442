"""Certificates in Node's representation."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import ipaddress
import json
import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TypedDict

from .der import UTC_TIME, content, elements, identifier, text

# Node shows the names that OpenSSL has for the parts of a name, and numbers for any other.
ATTRIBUTES = {
    "2.5.4.3": "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "street",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "title",
    "2.5.4.15": "businessCategory",
    "2.5.4.17": "postalCode",
    "2.5.4.42": "GN",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "emailAddress",
}

# RFC 5280 4.1: what comes before the subject, and the tags of the parts that may be left out.
VERSION = 0xA0
EXTENSIONS = 0xA3
SUBJECT_ALTERNATIVE_NAME = "2.5.29.17"

# RFC 5280 4.2.1.6: the kinds of names that are text, with the words of OpenSSL.
TEXT_NAMES = {0x81: "email", 0x82: "DNS", 0x86: "URI"}
IP_ADDRESS = 0x87
IP_V4_LENGTH = 4
UNSUPPORTED_NAMES = {
    0xA0: "othername:<unsupported>",
    0xA3: "X400Name:<unsupported>",
    0xA5: "EdiPartyName:<unsupported>",
}

# Names that could be taken for several names are quoted.
AMBIGUOUS = re.compile(r"[^ -~]|[\"\\,']")

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

# RFC 5280 4.1.2.5.1: years of two digits.
FIRST_YEAR = 50

Name = dict[str, str | list[str]]


class PeerCertificate(TypedDict, total=False):
    """The result of `get_peer_certificate()`; it is empty if the peer has no certificate.

    The keys are Node's (`serial_number` is the same as `serialNumber`). `raw` is the certificate as
    DER. `valid_from` and `valid_to` are like `Nov 26 15:54:48 2026 GMT`, numbers and fingerprints
    hexadecimal.
    """

    subject: Name
    issuer: Name
    subjectaltname: str
    valid_from: str
    valid_to: str
    serialNumber: str
    serial_number: str
    fingerprint: str
    fingerprint256: str
    fingerprint512: str
    raw: bytes
    issuerCertificate: PeerCertificate
    issuer_certificate: PeerCertificate


def describe_chain(chain: Sequence[bytes]) -> PeerCertificate:
    """Describes the first certificate of `chain`; `issuer_certificate` is the next one, and of one
    that has signed itself the same."""
    described = [describe(raw) for raw in chain]
    for lower, upper in pairwise(described):
        lower["issuerCertificate"] = lower["issuer_certificate"] = upper
    last = described[-1]
    if last.get("subject") == last.get("issuer"):
        last["issuerCertificate"] = last["issuer_certificate"] = last
    return described[0]


def complete(chain: Sequence[bytes], authorities: Iterable[bytes]) -> list[bytes]:
    """`chain` with the authorities above it that are known."""
    known = {_names(authority)[0]: authority for authority in authorities}
    result = list(chain)
    while True:
        subject, issuer = _names(result[-1])
        above = known.pop(issuer, None)
        if above is None or subject == issuer:
            return result
        result.append(above)


def _names(raw: bytes) -> tuple[bytes, bytes]:
    """The subject and the issuer, as DER; empty if the certificate cannot be read."""
    with contextlib.suppress(ValueError, IndexError):
        parts = [value for tag, value in elements(content(content(raw))) if tag != VERSION]
        return parts[4], parts[2]
    return b"", b""


def describe(raw: bytes) -> PeerCertificate:
    """Describes a certificate in DER. An invalid one, which is possible without verification, has
    only `raw` and the fingerprints."""
    result: PeerCertificate = {}
    with contextlib.suppress(ValueError, OverflowError):
        result = _read(raw)
    result["fingerprint"] = _colons(hashlib.sha1(raw, usedforsecurity=False).digest())
    result["fingerprint256"] = _colons(hashlib.sha256(raw).digest())
    result["fingerprint512"] = _colons(hashlib.sha512(raw).digest())
    result["raw"] = raw
    return result


def _read(raw: bytes) -> PeerCertificate:
    parts = list(elements(content(content(raw))))
    if parts and parts[0][0] == VERSION:
        del parts[0]
    (_, serial), _, (_, issuer), (_, validity), (_, subject), *others = parts
    (start, end) = elements(validity)
    number = format(int.from_bytes(serial, "big", signed=True), "X")
    number = number.zfill(len(number) + len(number) % 2)
    result: PeerCertificate = {
        "subject": _name(subject),
        "issuer": _name(issuer),
        "valid_from": _time(*start),
        "valid_to": _time(*end),
        "serialNumber": number,
        "serial_number": number,
    }
    for tag, value in others:
        if tag == EXTENSIONS:
            names = _alternative_names(value)
            if names:
                result["subjectaltname"] = names
    return result


def _name(data: bytes) -> Name:
    result: Name = {}
    for _, attributes in elements(data):
        for _, attribute in elements(attributes):
            (_, kind), value = elements(attribute)
            number = identifier(kind)
            name, new = ATTRIBUTES.get(number, number), text(value)
            old = result.get(name)
            if old is None:
                result[name] = new
            else:
                result[name] = [*(old if isinstance(old, list) else [old]), new]
    return result


def _time(tag: int, value: bytes) -> str:
    digits = value.decode("ascii")
    if tag == UTC_TIME:
        digits = f"{'20' if int(digits[:2]) < FIRST_YEAR else '19'}{digits}"
    time = datetime.datetime.strptime(digits, "%Y%m%d%H%M%SZ")
    return f"{MONTHS[time.month - 1]} {time.day:2} {time:%H:%M:%S} {time.year} GMT"


def _alternative_names(data: bytes) -> str:
    for _, extension in elements(content(data)):
        (_, kind), *_, (_, value) = elements(extension)
        if identifier(kind) == SUBJECT_ALTERNATIVE_NAME:
            names = elements(content(value))
            return ", ".join(_alternative_name(tag, name) for tag, name in names)
    return ""


def _alternative_name(tag: int, value: bytes) -> str:
    if tag in TEXT_NAMES:
        name = value.decode("latin-1")
        if AMBIGUOUS.search(name):
            name = json.dumps(name).replace(",", "\\u002c")
        return f"{TEXT_NAMES[tag]}:{name}"
    if tag == IP_ADDRESS:
        return f"IP Address:{_ip_address(value)}"
    return UNSUPPORTED_NAMES.get(tag, "DirName:<unsupported>")


def _ip_address(value: bytes) -> str:
    if len(value) == IP_V4_LENGTH:
        return str(ipaddress.IPv4Address(value))
    groups = ipaddress.IPv6Address(value).exploded.split(":")
    return ":".join(format(int(group, 16), "X") for group in groups)


def _colons(digest: bytes) -> str:
    return digest.hex(":").upper()
