"""OpenSSL's own words."""

from __future__ import annotations

import ssl


def reason(error: ssl.SSLError) -> str:
    """OpenSSL's own words in the text of an error: `wrong version number`."""
    text = str(error.args[-1])
    if text.startswith("["):
        text = text.partition("] ")[2]
    return text.partition(" (_ssl.c:")[0]
