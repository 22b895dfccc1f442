"""Parses the first message of a TLS client: the server name and the offered protocols.

`ssl` selects one of the protocols that a client offers, but does not provide the offer. So a server
could not refuse a client that offers none of its protocols, as RFC 7301 3.2 requires.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

# RFC 8446 5.1 and 4: a record of handshake messages, and the message that must come first.
HANDSHAKE_RECORD = 22
CLIENT_HELLO = 1

# RFC 8446 5.1: the most that a record without encryption has.
MAX_RECORD_LENGTH = 0x4000

RECORD_HEADER = struct.Struct("!BHH")
MESSAGE_HEADER_LENGTH = 4
EXTENSION_HEADER = struct.Struct("!HH")
NAME_HEADER = struct.Struct("!BH")

# RFC 8446 4.1.2: the version and the random number, which come before the parts of variable length.
FIXED_LENGTH = 2 + 32

# RFC 6066 3 and RFC 7301 3.1.
SERVER_NAME = 0
HOST_NAME = 0
PROTOCOLS = 16

# The longest message that is kept. OpenSSL refuses longer ones.
MAX_LENGTH = 131396


class ClientHello(NamedTuple):
    """The server name and the offered protocols, which may be empty."""

    server_name: str | None = None
    protocols: tuple[bytes, ...] = ()


class ClientHelloReader:
    """Collects the first message of a client.

    `hello` is `None` until all of it has arrived. A message that cannot be read gives an empty one:
    refusing it is left to OpenSSL.
    """

    def __init__(self) -> None:
        self.hello: ClientHello | None = None
        self._records = bytearray()
        self._message = bytearray()

    def receive(self, data: bytes) -> None:
        """Takes the next bytes of the connection. They may end anywhere."""
        self._records += data
        try:
            self._read_records()
        except ValueError:
            self.hello = ClientHello()

    def _read_records(self) -> None:
        start, records = 0, self._records
        while len(records) >= start + RECORD_HEADER.size:
            kind, _, length = RECORD_HEADER.unpack_from(records, start)
            if kind != HANDSHAKE_RECORD or length > MAX_RECORD_LENGTH:
                raise ValueError("not a handshake")
            end = start + RECORD_HEADER.size + length
            if len(records) < end:
                break
            self._message += records[start + RECORD_HEADER.size : end]
            start = end
        del records[:start]
        self._read_message()

    def _read_message(self) -> None:
        message = self._message
        if len(message) < MESSAGE_HEADER_LENGTH:
            return
        length = int.from_bytes(message[1:MESSAGE_HEADER_LENGTH], "big")
        if message[0] != CLIENT_HELLO or length > MAX_LENGTH:
            raise ValueError("not a ClientHello")
        if len(message) >= MESSAGE_HEADER_LENGTH + length:
            end = MESSAGE_HEADER_LENGTH + length
            self.hello = parse(bytes(message[MESSAGE_HEADER_LENGTH:end]))


def parse(body: bytes) -> ClientHello:
    """The body of a ClientHello message. Raises `ValueError` if it is malformed."""
    try:
        return _parse(body)
    except (IndexError, struct.error):
        raise ValueError("too short") from None


def _parse(body: bytes) -> ClientHello:
    position = FIXED_LENGTH
    position += 1 + body[position]  # the session
    position += 2 + _number(body, position)  # the cipher suites
    position += 1 + body[position]  # the compression methods
    if position == len(body):
        return ClientHello()

    name: str | None = None
    protocols: tuple[bytes, ...] = ()
    end = position + 2 + _number(body, position)
    position += 2
    while position < end:
        kind, length = EXTENSION_HEADER.unpack_from(body, position)
        position += EXTENSION_HEADER.size
        if kind == SERVER_NAME:
            name = _host_name(_part(body, position, length))
        elif kind == PROTOCOLS:
            protocols = tuple(_protocols(_part(body, position, length)))
        position += length
    return ClientHello(name, protocols)


def _host_name(content: bytes) -> str | None:
    # A list with one name in it: RFC 6066 3 allows one of each kind, and there is one kind.
    kind, length = NAME_HEADER.unpack_from(content, 2)
    name = _part(content, 2 + NAME_HEADER.size, length)
    return name.decode("ascii") if kind == HOST_NAME else None


def _protocols(content: bytes) -> list[bytes]:
    protocols = []
    position, end = 2, 2 + _number(content, 0)
    while position < end:
        length = content[position]
        protocols.append(_part(content, position + 1, length))
        position += 1 + length
    return protocols


def _number(data: bytes, position: int) -> int:
    return data[position] << 8 | data[position + 1]


def _part(data: bytes, position: int, length: int) -> bytes:
    if len(data) < position + length:
        raise ValueError("too short")
    return data[position : position + length]
