"""Domain names in ASCII, mapped as in browsers: UTS 46, non-transitional (WHATWG URL 3.3).

Names that are not ASCII need the `idna` package, which the extra `idna` installs. Python's own
codec implements the older IDNA 2003, in which some names map to other hosts.
"""

from __future__ import annotations

import unicodedata

# RFC 1035 2.3.4, without the length bytes of the wire format.
MAX_LABEL_LENGTH = 63
MAX_NAME_LENGTH = 253

# Characters of a name before it is mapped: some are mapped to nothing.
MAX_TEXT_LENGTH = 1024

PREFIX = "xn--"  # RFC 5890 2.3.2.1

NEEDS_IDNA = (
    "a host that is not ASCII needs the idna package (pip install 'websocket-driver[idna]')"
)

FULL_STOPS = ".\u3002\uff0e\uff61"  # UTS 46 2.3
JOINERS = "\u200c\u200d"
RIGHT_TO_LEFT = ("R", "AL", "AN")


class InvalidHost(ValueError):
    """A host that is not valid; `reason` is set where it is not obvious."""

    def __init__(self, reason: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason


def domain_to_ascii(domain: str) -> str:
    """Returns `domain` in lower-case ASCII. Raises `InvalidHost` if that is not possible.

    The time is linear in its length: the lengths of the name and its labels (RFC 1035 2.3.4) are
    checked before anything that takes longer.
    """
    if len(domain) > MAX_TEXT_LENGTH:
        raise InvalidHost("it is too long")

    name = domain.lower() if domain.isascii() else _mapped(domain)
    labels = name.split(".")
    _check_lengths(labels)

    if PREFIX in name or not name.isascii():
        decoded = [_decoded(label) if label.startswith(PREFIX) else label for label in labels]
        if any(not label.isascii() for label in decoded):
            _check(decoded)
        labels = [_encoded(label) for label in decoded]
        _check_lengths(labels)
        name = ".".join(labels)

    if len(name.removesuffix(".")) > MAX_NAME_LENGTH:
        raise InvalidHost("it is too long")
    return name


def _check_lengths(labels: list[str]) -> None:
    if max(map(len, labels)) > MAX_LABEL_LENGTH:
        raise InvalidHost("it has a label that is too long")


def _mapped(domain: str) -> str:
    """Returns the result of the mapping of UTS 46 4: lower case, without ignored characters."""
    try:
        import idna  # here, because it is slow to load and rarely needed
    except ImportError:
        raise InvalidHost(NEEDS_IDNA) from None

    # UTS 46 disallows characters that are mapped to dots, but for the ideographic full stops.
    dots = sum(map(domain.count, FULL_STOPS))
    try:
        mapped = idna.uts46_remap(domain, std3_rules=False)
    except idna.IDNAError:
        raise InvalidHost from None
    if mapped.count(".") != dots:
        raise InvalidHost
    return mapped


def _decoded(label: str) -> str:
    """Returns the Unicode form of a label in Punycode (RFC 3492)."""
    decoded = label[len(PREFIX) :].encode("ascii").decode("punycode")
    # RFC 5891 5.4: encoding its Unicode form again must give the same label.
    if decoded.isascii() or _encoded(decoded) != label:
        raise InvalidHost
    return decoded


def _encoded(label: str) -> str:
    return label if label.isascii() else PREFIX + label.encode("punycode").decode("ascii")


def _check(labels: list[str]) -> None:
    """Raises `InvalidHost` for labels that are not valid in UTS 46 4.1."""
    try:
        import idna
    except ImportError:
        # They were in Punycode. The standard library can check no more than this.
        if not all(map(_looks_valid, labels)):
            raise InvalidHost from None
        return

    is_right_to_left = any(
        unicodedata.bidirectional(character) in RIGHT_TO_LEFT
        for label in labels
        for character in label
    )
    try:
        for label in labels:
            if label.isascii():
                pass
            elif (
                unicodedata.category(label[0]).startswith("M")
                or idna.uts46_remap(label, std3_rules=False) != label
                or "." in label
            ):
                raise InvalidHost
            for position, character in enumerate(label):
                if character in JOINERS and not idna.valid_contextj(label, position):
                    raise InvalidHost
            if is_right_to_left and label:
                idna.check_bidi(label, check_ltr=True)  # RFC 5893 2
    except idna.IDNAError:
        raise InvalidHost from None


def _looks_valid(label: str) -> bool:
    """Returns true if a label is normalized, in lower case and has no invisible characters."""
    return (
        unicodedata.is_normalized("NFC", label)
        and label == label.lower()
        and label.isprintable()
        and not unicodedata.category(label[:1] or "-").startswith("M")
    )
