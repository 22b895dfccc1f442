"""As much of DER (X.690) as a certificate needs to be read."""

from __future__ import annotations

from collections.abc import Iterator

INTEGER = 0x02
OCTET_STRING = 0x04
OBJECT_IDENTIFIER = 0x06
UTC_TIME = 0x17
SEQUENCE = 0x30

# X.690 8.1.3.5: the lower bits of the first octet are the number of octets that follow.
LONG_LENGTH = 0x80

# Longer ones are not in use; their numbers would take long to print.
MAX_IDENTIFIER_LENGTH = 64

CHARACTER_SETS = {
    0x0C: "utf-8",  # UTF8String
    0x12: "ascii",  # NumericString
    0x13: "ascii",  # PrintableString
    0x14: "latin-1",  # TeletexString
    0x16: "ascii",  # IA5String
    0x1C: "utf-32-be",  # UniversalString
    0x1E: "utf-16-be",  # BMPString
}

Element = tuple[int, bytes]


def elements(data: bytes) -> Iterator[Element]:
    """The tag and the content of each element of `data`. Raises `ValueError` if it is malformed."""
    position = 0
    while position < len(data):
        if len(data) < position + 2:
            raise ValueError("too short")
        tag, length = data[position], data[position + 1]
        position += 2
        if length >= LONG_LENGTH:
            width = length - LONG_LENGTH
            length = int.from_bytes(data[position : position + width], "big")
            position += width
        if len(data) < position + length:
            raise ValueError("too short")
        yield tag, data[position : position + length]
        position += length


def content(data: bytes) -> bytes:
    """The content of the first element of `data`."""
    for _, value in elements(data):
        return value
    raise ValueError("empty")


def text(element: Element) -> str:
    """A string of any of the types that a name can have."""
    tag, value = element
    return value.decode(CHARACTER_SETS.get(tag, "latin-1"), "replace")


def identifier(value: bytes) -> str:
    """An object identifier with dots (X.690 8.19)."""
    if len(value) > MAX_IDENTIFIER_LENGTH:
        raise ValueError("too long")
    numbers, number = [], 0
    for octet in value:
        number = number << 7 | octet & 0x7F
        if not octet & 0x80:
            numbers.append(number)
            number = 0
    if not numbers:
        raise ValueError("an empty object identifier")
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, [first, numbers[0] - 40 * first, *numbers[1:]]))
