"""The RFC names of ciphers, for OpenSSL's names."""

from __future__ import annotations

import re

# TLS 1.3 has no other names than those of RFC 8446 B.4.
STANDARD = "TLS_"

# Names that OpenSSL leaves out.
DEFAULT_EXCHANGES = {"": "RSA", "ECDHE": "ECDHE_RSA"}
MODES: dict[str | None, str] = {None: "_CBC", "-CCM8": "_CCM_8"}

# Key exchange, cipher, mode and hash. Ciphers without authentication have none that is known.
PATTERN = re.compile(
    r"(?P<exchange>(?:(?:ECDHE|DHE|RSA|PSK|ECDSA|DSS)-)*)"
    r"(?P<cipher>AES128|AES256|ARIA128|ARIA256|CAMELLIA128|CAMELLIA256|CHACHA20)"
    r"(?P<mode>-GCM|-CCM8|-CCM|-CBC|-POLY1305)?"
    r"(?:-(?P<hash>SHA256|SHA384|SHA))?"
)


def standard_name(name: str) -> str:
    """`TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256` for `ECDHE-RSA-AES128-GCM-SHA256`.

    A name that is not known is returned as it is.
    """
    match = PATTERN.fullmatch(name)
    if name.startswith(STANDARD) or match is None:
        return name
    exchange = match["exchange"].rstrip("-").replace("-", "_")
    exchange = DEFAULT_EXCHANGES.get(exchange, exchange)
    cipher = re.sub(r"(128|256)$", r"_\1", match["cipher"])
    mode = MODES.get(match["mode"]) or match["mode"].replace("-", "_")
    digest = match["hash"] or ("SHA256" if mode == "_POLY1305" else "")
    return "_".join(filter(None, ["TLS", exchange, "WITH", cipher + mode, digest]))
