"""The grammar of HTTP fields, each pattern once (RFC 9110 5.6, RFC 9112 3.2).

Every pattern takes time linear in the length of its input.
"""

from __future__ import annotations

import re
from functools import lru_cache

# RFC 9110 5.6.2: token = 1*tchar
TCHAR = r"!#$%&'*+\-.^_`|~0-9A-Za-z"
TOKEN = re.compile(f"[{TCHAR}]+")
NOT_TCHAR = re.compile(f"[^{TCHAR}]")

# RFC 9110 5.6.3: OWS, with the folded lines (obs-fold) of RFC 9112 5.2 that the original accepts.
SPACE = r"[ \t]*(?:\r\n[ \t]+)*"

# RFC 9110 5.6.4: quoted-string, of ASCII alone as RFC 6455 9.1 needs it.
QUOTED_STRING = r'"(?:\\[\x00-\x7f]|[^\x00-\x08\x0a-\x1f\x7f"\\])*"'
QUOTED_PAIR = re.compile(r"\\([\x00-\x7f])")

# RFC 9110 5.6.6, and extension-param of RFC 6455 9.1: a name, then a token, a quoted-string or
# nothing.
PARAMETER = re.compile(
    f"{SPACE};{SPACE}([{TCHAR}]+)(?:{SPACE}={SPACE}(?:([{TCHAR}]+)|({QUOTED_STRING})))?"
)
COMMA = re.compile(f"{SPACE},{SPACE}")

# RFC 9110 5.5: CR, LF and NUL are dangerous in a field value. A surrogate has no encoding.
UNSAFE = re.compile(r"[\r\n\0\ud800-\udfff]")

# RFC 9110 7.2: uri-host [ ":" port ], the host as in RFC 3986 3.2.2.
HOST = re.compile(r"(?:[\w\-.~%!$&'()*+,;=]*|\[[\w\-.~:%]*\])(?::[0-9]*)?", re.ASCII)

# RFC 9112 3.2.2: an absolute-form request target, cut into scheme, authority and the rest.
ABSOLUTE_FORM = re.compile(r"(https?|wss?)://([^/?#]*)([^#]*)(?:#.*)?", re.IGNORECASE | re.DOTALL)

# RFC 7239 4: forwarded-pair, its value with the colons that many proxies do not quote.
FORWARDED_PAIR = re.compile(rf'[; \t]*([{TCHAR}]+)=(?:([^;,"\s]+)|({QUOTED_STRING}))')


def is_token(text: str) -> bool:
    """Returns true if `text` is a token (RFC 9110 5.6.2)."""
    return TOKEN.fullmatch(text) is not None


def is_host(text: str) -> bool:
    """Returns true if `text` can be the value of a Host field (RFC 9112 3.2).

    Rejects a repeated Host, which the parser joins with `, `, and a slash, question mark or
    number sign, which would change the path of a URL made from the value.
    """
    if text.isascii() and text.replace(".", "").isalnum():
        return True  # most values: four times as fast as the pattern
    return HOST.fullmatch(text) is not None


def has_token(value: str, token: str) -> bool:
    """Returns true if `token`, in lower case, is an element of the list `value` in any case.

    For fields that are lists of tokens (RFC 9110 5.6.1), such as Connection.
    """
    value = value.lower()
    return value == token or (token in value and _listed((token,)).search(value) is not None)


def first_listed(value: str, names: tuple[str, ...]) -> str | None:
    """Returns the first element of the list `value` that is one of `names`, or `None`.

    Case counts. The list is not split, so that a long one takes no memory.
    """
    if not names:
        return None
    match = _listed(names).search(value)
    return match[1] if match else None


@lru_cache
def _listed(names: tuple[str, ...]) -> re.Pattern[str]:
    alternatives = "|".join(map(re.escape, names))
    return re.compile(rf"(?:^|,)[ \t]*({alternatives})[ \t]*(?=,|$)")


def unquote(quoted: str) -> str:
    """Returns the text of a quoted-string (RFC 9110 5.6.4)."""
    return QUOTED_PAIR.sub(r"\1", quoted[1:-1])
