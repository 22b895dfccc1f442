"""Logs the handshakes and frames of drivers, with `logging`.

    logging.getLogger("websocket_driver").setLevel(logging.DEBUG)

At `DEBUG`, each handshake and each frame is one line: the direction, the opcode's name, the length,
and the beginning of the payload. At `INFO`, there is a line when a connection opens and one when it
closes. The frames are parsed from the bytes that pass through a driver, and only if the level is
set when the driver is made. So there is no overhead when logging is off.
"""

from __future__ import annotations

import logging
import re
from functools import partial
from threading import get_ident
from typing import TYPE_CHECKING, Final, Protocol

from .escape import escaped, without_secret
from .payload import to_bytes
from .url import shown_url, without_userinfo

if TYPE_CHECKING:
    from .payload import Chunk
    from .streams import IO

logger: Final = logging.getLogger("websocket_driver")

# The longest line, and the number of bytes of a payload that it shows.
MAX_LINE: Final = 1000
MAX_SHOWN: Final = 200

# The longest handshake that is shown whole, and that is buffered until its end has arrived.
MAX_HEAD: Final = 0x10000

# RFC 9112 2.2 and 5.2: parsers differ about the ends of lines, and about folded lines.
LINE_BREAK: Final = re.compile(r"[\r\n]+")
FOLDED: Final = (" ", "\t")

SENT: Final = "->"
RECEIVED: Final = "<-"

# RFC 6455 5.2, as in driver.hybi.codec, which is in a layer above.
NAMES: Final = {0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}
BINARY, CLOSE = 2, 8
FIN, RESERVED, COMPRESSED, OPCODE = 0x80, 0x70, 0x40, 0x0F
MASK, LENGTH, LENGTH_IN_2_BYTES, LENGTH_IN_8_BYTES = 0x80, 0x7F, 126, 127
START_OF_LENGTH, KEY_SIZE = 2, 4

# In place of a thread's identifier; no thread has this one.
WARNED = -1

OPEN = 1  # as in driver.states

END_OF_HEAD = b"\r\n\r\n"


class Watched(Protocol):
    """The members of a driver that are watched."""

    version: str | None
    url: str | None

    @property
    def ready_state(self) -> int:
        """Its state."""
        ...

    @property
    def receives_head(self) -> bool:
        """True if its input begins with a request or response head."""
        ...

    @property
    def io(self) -> IO:
        """Its stream of bytes."""
        ...

    def parse(self, chunk: Chunk) -> None:
        """Parses bytes from the peer."""


# Returns true if drivers that are made now are to be watched.
is_on: Final = partial(logger.isEnabledFor, logging.DEBUG)


class Watch:
    """Logs all that a driver sends and receives from now on."""

    def __init__(self, driver: Watched) -> None:
        self._received = Direction(RECEIVED, driver.receives_head)
        self._sent = Direction(SENT, True)
        self._thread = OneThread()
        driver.io.on("data", self._send)
        self._attach(driver)

    def move(self, driver: Watched) -> None:
        """Goes on with `driver`, to which a `server()` driver has handed its wire."""
        self.end()
        self._attach(driver)

    def opened(self) -> None:
        """Logs the frames that arrived before the connection was open."""
        self._received.add(b"", self._driver)

    def end(self) -> None:
        """Logs no more of what is received."""
        self._received.give_up_head(self._driver)
        vars(self._driver).pop("parse", None)

    def _attach(self, driver: Watched) -> None:
        self._driver = driver
        parse = driver.parse

        def parse_and_log(chunk: Chunk) -> None:
            self._thread.check(driver)
            data = to_bytes(chunk)
            self._received.add(data, driver)
            parse(data)

        # On this object only, not on the class.
        vars(driver)["parse"] = parse_and_log

    def _send(self, chunk: bytes) -> None:
        driver = self._driver
        self._thread.check(driver)
        self._received.give_up_head(driver)  # an answer to a head that the parser has rejected
        self._sent.add(chunk, driver)
        # This listener is the only one.
        if driver.io.listener_count("data") == 1:
            logger.warning(
                '%s: %d bytes are lost, because driver.io has no listener for "data": '
                "connect it before start()",
                name_of(driver),
                len(chunk),
            )


def opened(driver: Watched) -> None:
    """Logs that the connection of a driver is open."""
    if logger.isEnabledFor(logging.INFO):
        logger.info("%s open, %s", name_of(driver), driver.version)


def closed(driver: Watched, code: int | None, reason: str | None) -> None:
    """Logs that the connection of a driver is closed."""
    if logger.isEnabledFor(logging.INFO):
        line = f"{name_of(driver)} closed, {code} {escaped(reason or '')}".rstrip()
        logger.info("%s", line[:MAX_LINE])


def lost(driver: Watched) -> None:
    """Logs that the wire of a driver has ended without a closing handshake."""
    if logger.isEnabledFor(logging.INFO):
        logger.info("%s lost, the wire ended without a close frame", name_of(driver))


def log_head(direction: str, name: str, head: bytes) -> None:
    """Logs a request or response head as one line, without the values of secret headers."""
    fields: list[str] = []
    is_secret = False
    for line in LINE_BREAK.split(head.decode("latin-1").strip("\r\n")):
        if line.startswith(FOLDED) and is_secret:
            continue
        shown = without_secret(line)
        is_secret = shown is not line
        fields.append(without_userinfo(shown))
    _log(f"{name} {direction} {'; '.join(fields)}")


def name_of(driver: Watched) -> str:
    """Returns the name of a driver in the log: its URL without credentials."""
    return escaped(shown_url(driver.url or type(driver).__name__))


def _log(line: str) -> None:
    line = escaped(line)
    logger.debug("%s", line if len(line) <= MAX_LINE else line[: MAX_LINE - 3] + "...")


class OneThread:
    """Warns, once, if a driver that has no lock is used by two threads."""

    def __init__(self) -> None:
        self._first: int | None = None

    def check(self, driver: Watched) -> None:
        """Called by whichever thread uses the driver."""
        present = get_ident()
        if self._first is None:
            self._first = present
        elif self._first not in (present, WARNED):
            self._first = WARNED
            logger.warning(
                "%s is used by two threads: call it from one only, with "
                "loop.call_soon_threadsafe(), or hold a lock",
                name_of(driver),
            )


class Direction:
    """The bytes of one direction: a head if there is one, then frames. Keeps only the beginning of
    a payload.

    Bytes after the head are frames once the connection is open. Until then they are kept, as the
    driver keeps them: they may be the body of a refusal, or another request.
    """

    def __init__(self, direction: str, begins_with_head: bool) -> None:
        self._direction = direction
        self._buffer = bytearray()
        self._is_head = begins_with_head
        # True once a head has been logged that is too long to be buffered.
        self._is_cut = False
        # The number of bytes missing from the payload of a frame, and the frame.
        self._missing = 0
        self._frame: Frame | None = None

    def add(self, data: bytes, driver: Watched) -> None:
        """Adds bytes of `driver`, and logs the head and the frames that they complete."""
        name = name_of(driver)
        self._buffer += data
        if self._is_head and not self._take_head(name):
            return
        if driver.version is None or driver.ready_state < OPEN:
            return
        if driver.version.startswith("hixie"):
            if self._buffer:
                start = shown(bytes(self._buffer[:MAX_SHOWN]))
                self._say(name, f"{len(self._buffer)} bytes, {start}")
            self._buffer.clear()
            return
        while self._take_payload(name) and self._take_frame():
            pass

    def give_up_head(self, driver: Watched) -> None:
        """Logs the beginning of a head that will not be completed."""
        if self._is_head and self._buffer and not self._is_cut:
            self._is_cut = True
            log_head(self._direction, name_of(driver), bytes(self._buffer))

    def _take_head(self, name: str) -> bool:
        """Removes the head from the buffer, if there is one and it is complete."""
        if not self._is_cut:
            # RFC 9112 2.2: empty lines before a request are ignored.
            del self._buffer[: len(self._buffer) - len(self._buffer.lstrip(b"\r\n"))]
        end = self._buffer.find(END_OF_HEAD)
        is_long = len(self._buffer) >= MAX_HEAD
        if not self._is_cut and (end >= 0 or is_long):
            log_head(self._direction, name, bytes(self._buffer[: end if end >= 0 else None]))
            self._is_cut = True
        if end < 0:
            if self._is_cut:
                # The end may have begun.
                del self._buffer[: 1 - len(END_OF_HEAD)]
            return False
        del self._buffer[: end + len(END_OF_HEAD)]
        self._is_head = False
        return True

    def _take_payload(self, name: str) -> bool:
        """Removes the payload of the current frame from the buffer; true if it is complete."""
        if self._frame is None:
            return bool(self._buffer)
        taken = min(self._missing, len(self._buffer))
        self._frame.add(self._buffer[:taken])
        del self._buffer[:taken]
        self._missing -= taken
        if self._missing:
            return False
        self._say(name, self._frame.described())
        self._frame = None
        return bool(self._buffer)

    def _take_frame(self) -> bool:
        """Removes the header of a frame from the buffer; false if it is incomplete."""
        if len(self._buffer) < START_OF_LENGTH:
            return False
        first, second = self._buffer[:START_OF_LENGTH]
        length = second & LENGTH
        end = START_OF_LENGTH + {LENGTH_IN_2_BYTES: 2, LENGTH_IN_8_BYTES: 8}.get(length, 0)
        start_of_key = end
        if second & MASK:
            end += KEY_SIZE
        if len(self._buffer) < end:
            return False
        if length in (LENGTH_IN_2_BYTES, LENGTH_IN_8_BYTES):
            length = int.from_bytes(self._buffer[START_OF_LENGTH:start_of_key], "big")
        self._frame = Frame(first, length, bytes(self._buffer[start_of_key:end]))
        self._missing = length
        del self._buffer[:end]
        return True

    def _say(self, name: str, what: str) -> None:
        _log(f"{name} {self._direction} {what}")


class Frame:
    """A frame, and the beginning of its payload."""

    def __init__(self, first: int, length: int, key: bytes) -> None:
        self._first = first
        self._length = length
        self._key = key
        self._payload = bytearray()

    def add(self, data: bytearray) -> None:
        """Adds to the payload."""
        self._payload += data[: MAX_SHOWN - len(self._payload)]

    def described(self) -> str:
        """The frame as text."""
        opcode = self._first & OPCODE
        payload = bytes(self._payload)
        if self._key:
            payload = bytes(byte ^ self._key[i % KEY_SIZE] for i, byte in enumerate(payload))

        words = [NAMES.get(opcode, f"opcode {opcode}")]
        if not self._first & FIN:
            words.append("fragment")
        if self._first & RESERVED:
            words.append("compressed" if self._first & RESERVED == COMPRESSED else "reserved bits")
        words.append(f"{self._length} bytes")
        if opcode == CLOSE and len(payload) > 1:
            words.append(f"code {int.from_bytes(payload[:2], 'big')}")
            payload = payload[2:]
        if payload:
            is_text = opcode not in (0, BINARY) and not self._first & RESERVED
            words.append(shown(payload) if not is_text else payload.decode("utf-8", "replace"))
        return ", ".join(words)


def shown(data: bytes) -> str:
    """Bytes in hexadecimal."""
    return data.hex(" ")
