"""Whether a certificate is that of a host, by Node's rules (RFC 6125).

Ordinary connections leave this to OpenSSL. It is for programs that check on their own.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
from collections.abc import Mapping

from ..errors import NodeError, make_error
from ..net.address import is_ip

# A JSON string: names that could be taken for several names are quoted in `subjectaltname`.
QUOTED = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')

# Characters that no host name has: RFC 6125 6.4.2 has internationalized names in ASCII.
NOT_IN_A_NAME = re.compile(r"[^\x21-\x7f]")

# RFC 6125 7.2: `*.com` is too much.
MIN_PARTS_WITH_WILDCARD = 3

# The prefix of a label that stands for other characters (RFC 5890 2.3.2.1).
ENCODED = "xn--"


def check_server_identity(hostname: str, cert: Mapping[str, object]) -> NodeError | None:
    """Returns an error (`ERR_TLS_CERT_ALTNAME_INVALID`) if `cert` is not the certificate of
    `hostname`, a name or an IP address; `None` if it is.

    `cert` is as `get_peer_certificate()` returns it: `subjectaltname` counts, and `subject.CN`
    where that has no DNS names. Raises `ERR_TLS_CERT_ALTNAME_FORMAT` for a malformed
    `subjectaltname`.
    """
    hostname = str(hostname).removesuffix(".")
    alternative = str(cert.get("subjectaltname") or "")
    names, addresses = _alternative_names(alternative)
    subject = cert.get("subject")
    common = subject.get("CN") if isinstance(subject, Mapping) else None
    if is_ip(hostname):
        valid = _canonical(hostname) in addresses
        reason = f"IP: {hostname} is not in the cert's list: {', '.join(addresses)}"
    elif names:
        valid = any(_matches(hostname, name) for name in names)
        reason = f"Host: {hostname}. is not in the cert's altnames: {alternative}"
    elif common:
        candidates = list(map(str, common if isinstance(common, list) else [common]))
        valid = any(_matches(hostname, name) for name in candidates)
        reason = f"Host: {hostname}. is not cert's CN: {','.join(candidates)}"
    else:
        valid, reason = False, "Cert does not contain a DNS name"
    return None if valid else _mismatch(reason, hostname, cert)


checkServerIdentity = check_server_identity


def _mismatch(reason: str, host: str, cert: Mapping[str, object]) -> NodeError:
    error = make_error(
        ssl.SSLCertVerificationError,
        "ERR_TLS_CERT_ALTNAME_INVALID",
        f"Hostname/IP does not match certificate's altnames: {reason}",
    )
    error.reason, error.host, error.cert = reason, host, cert
    return error


def _alternative_names(text: str) -> tuple[list[str], list[str]]:
    """The DNS names and the IP addresses in a `subjectaltname`."""
    names, addresses = [], []
    for name in _split(text):
        if name.startswith("DNS:"):
            names.append(name.removeprefix("DNS:"))
        elif name.startswith("IP Address:"):
            addresses.append(_canonical(name.removeprefix("IP Address:")))
    return names, addresses


def _split(text: str) -> list[str]:
    """The names in a `subjectaltname`, unquoted."""
    names, name, position = [], "", 0
    while position < len(text):
        if text[position] == '"':
            match = QUOTED.match(text, position)
            if match is None:
                raise make_error(
                    ValueError,
                    "ERR_TLS_CERT_ALTNAME_FORMAT",
                    "Invalid subject alternative name string",
                )
            name += json.loads(match[0])
            position = match.end()
        elif text[position] == ",":
            names.append(name)
            name = ""
            position += len(", ")
        else:
            name += text[position]
            position += 1
    return [*names, name]


def _canonical(address: str) -> str:
    """The one way to write an IP address; an invalid one as it is."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        return socket.inet_ntop(family, socket.inet_pton(family, address))
    except OSError:
        return address


def _matches(host: str, pattern: str) -> bool:
    """Whether a name of a certificate, which may have a wildcard, stands for `host`."""
    host_parts, parts = _parts(host), _parts(pattern)
    if (
        len(host_parts) != len(parts)
        or "" in parts
        or NOT_IN_A_NAME.search("".join(parts))
        or host_parts[1:] != parts[1:]
    ):
        return False
    label, expected = host_parts[0], parts[0]
    if "*" not in expected or ENCODED in expected:
        return label == expected
    before, _, after = expected.partition("*")
    return (
        "*" not in after
        and len(parts) >= MIN_PARTS_WITH_WILDCARD
        and len(label) >= len(before) + len(after)
        and label.startswith(before)
        and label.endswith(after)
    )


def _parts(name: str) -> list[str]:
    # Of other letters than those of ASCII, Node leaves the case as it is.
    lower = "".join(letter.lower() if letter.isascii() else letter for letter in name)
    return lower.removesuffix(".").split(".")
