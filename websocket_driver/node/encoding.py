"""Node's encodings: text to bytes, and bytes in pieces to text."""

from __future__ import annotations

import base64
import codecs
from collections.abc import Callable

from .errors import invalid_argument, unknown_encoding

# The types that can be written to a stream.
Chunk = str | bytes | bytearray | memoryview

# Node's names of encodings, each with the canonical name.
_NAMES = {
    "utf8": "utf8",
    "utf-8": "utf8",
    "latin1": "latin1",
    "binary": "latin1",
    "ascii": "ascii",
    "ucs2": "utf16le",
    "ucs-2": "utf16le",
    "utf16le": "utf16le",
    "utf-16le": "utf16le",
    "hex": "hex",
    "base64": "base64",
    "base64url": "base64url",
}


def encoding_name(encoding: object) -> str:
    """The canonical name of `encoding`; raises `ERR_UNKNOWN_ENCODING` if there is no such
    encoding."""
    name = _NAMES.get(encoding.lower()) if isinstance(encoding, str) else None
    if name is None:
        raise unknown_encoding(encoding)
    return name


def encode(text: str, encoding: str | None = None) -> bytes:
    """The bytes of `text`, as UTF-8 if there is no `encoding`.

    As in Node, characters that the encoding cannot express are replaced or left out.
    """
    name = "utf8" if encoding is None else encoding_name(encoding)
    return _ENCODERS[name](text)


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:  # a lone surrogate becomes U+FFFD
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def _latin1(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:  # of other characters the low byte is sent
        return text.encode("utf-16-le", "surrogatepass")[::2]


def _utf16le(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


def _hex(text: str) -> bytes:
    decoded = bytearray()
    for start in range(0, len(text) - 1, 2):
        try:
            decoded.append(int(text[start : start + 2], 16))
        except ValueError:
            break
    return bytes(decoded)


_NO_BASE64 = {
    code: None
    for code in range(128)
    if not (chr(code).isascii() and chr(code).isalnum()) and chr(code) not in "+/"
}


def _base64(text: str) -> bytes:
    text = text.partition("=")[0].replace("-", "+").replace("_", "/").translate(_NO_BASE64)
    text = "".join(character for character in text if character.isascii())
    if len(text) % 4 == 1:
        text = text[:-1]
    return base64.b64decode(text + "=" * (-len(text) % 4))


_ENCODERS: dict[str, Callable[[str], bytes]] = {
    "utf8": _utf8,
    "latin1": _latin1,
    "ascii": _latin1,
    "utf16le": _utf16le,
    "hex": _hex,
    "base64": _base64,
    "base64url": _base64,
}


class Decoder:
    """Decodes bytes that arrive in pieces; an incomplete character waits for the next piece."""

    def __init__(self, encoding: str) -> None:
        self.encoding: str = encoding_name(encoding)
        self._rest = b""
        self._incremental = (
            codecs.getincrementaldecoder(_CODECS[self.encoding])("replace")
            if self.encoding in _CODECS
            else None
        )

    def decode(self, chunk: bytes, final: bool = False) -> str:
        """The text of `chunk`, and of the incomplete character before it."""
        if self._incremental is not None:
            return self._incremental.decode(chunk, final)
        if self.encoding == "hex":
            return chunk.hex()
        if self.encoding == "ascii":
            return chunk.translate(_SEVEN_BITS).decode("ascii")
        data = self._rest + chunk
        whole = len(data) if final else len(data) - len(data) % 3
        self._rest = data[whole:]
        if self.encoding == "base64":
            return base64.b64encode(data[:whole]).decode()
        return base64.urlsafe_b64encode(data[:whole]).decode().rstrip("=")


_CODECS = {"utf8": "utf-8", "latin1": "latin-1", "utf16le": "utf-16-le"}
_SEVEN_BITS = bytes(code & 0x7F for code in range(256))


def chunk_bytes(chunk: object) -> bytes:
    """A copy as `bytes`, unless it is `bytes`. Raises `TypeError` for an object without a
    buffer."""
    if isinstance(chunk, bytes):
        return chunk
    try:
        return memoryview(chunk).tobytes()  # type: ignore[arg-type]
    except TypeError:
        raise invalid_argument("chunk", "bytes or str", chunk) from None
