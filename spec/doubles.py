"""Stand-ins that more than one spec uses."""

from __future__ import annotations

import heapq
from itertools import count
from types import SimpleNamespace
from typing import Any


class FakeClock:
    """Timers that run when a spec advances the time."""

    def __init__(self):
        self.now = 0
        self._timers = []
        self._order = count()

    def set_timeout(self, callback, delay):
        heapq.heappush(self._timers, (self.now + delay, next(self._order), callback))

    def tick(self, milliseconds):
        end = self.now + milliseconds
        while self._timers and self._timers[0][0] <= end:
            self.now, _, callback = heapq.heappop(self._timers)
            callback()
        self.now = end


class Results:
    """A callback of `process_*_message` that keeps its arguments."""

    def __init__(self):
        self.calls: list[tuple[Any, Any]] = []

    def __call__(self, error, message):
        self.calls.append((error, message))

    @property
    def messages(self):
        return [message for _, message in self.calls]

    @property
    def errors(self):
        return [error and error.message for error, _ in self.calls]


class Codec:
    """The object of a `ZlibDouble`: it compresses to the tail alone, which a session cuts off."""

    eof = False

    def __init__(self, close_error):
        self.closed = 0
        self._close_error = close_error

    def compress(self, data):
        return b""

    def flush(self, mode=None):
        return b"\x00\x00\xff\xff"

    def decompress(self, data, max_length=0):
        return b""

    def close(self):
        self.closed += 1
        if self._close_error is not None:
            raise self._close_error


class ZlibDouble:
    """zlib's two functions, which keep the arguments and the result of each call."""

    def __init__(self):
        self.close_error = None
        self.compressors = []
        self.decompressors = []
        self.made = []

    def compressobj(self, level=-1, method=8, wbits=15, memLevel=8, strategy=0):
        self.compressors.append(
            {
                "level": level,
                "method": method,
                "wbits": wbits,
                "mem_level": memLevel,
                "strategy": strategy,
            }
        )
        return self._make()

    def decompressobj(self, wbits=15):
        self.decompressors.append({"wbits": wbits})
        return self._make()

    def _make(self):
        self.made.append(Codec(self.close_error))
        return self.made[-1]

    @property
    def closed(self):
        return [codec.closed for codec in self.made]


def compressor(wbits, level=-1, mem_level=8, strategy=0):
    """The arguments with which a raw compressor is made."""
    return {
        "level": level,
        "method": 8,
        "wbits": -wbits,
        "mem_level": mem_level,
        "strategy": strategy,
    }


def decompressor(wbits):
    """The arguments with which a raw decompressor is made."""
    return {"wbits": -wbits}


def message(data=b"", rsv1=False, rsv2=False, rsv3=False, opcode=1):
    """A message as extensions get it."""
    return SimpleNamespace(data=data, rsv1=rsv1, rsv2=rsv2, rsv3=rsv3, opcode=opcode)


class PassingOn:
    """An extension that is its own session, on both sides, and changes nothing."""

    name = "x"
    type = "permessage"
    rsv1 = rsv2 = rsv3 = False

    def create_client_session(self, options):
        return self

    def create_server_session(self, offers, options):
        return self

    def generate_offer(self):
        return {}

    def activate(self, params):
        return True

    def generate_response(self):
        return {}

    def process_incoming_message(self, message, callback):
        callback(None, message)

    def process_outgoing_message(self, message, callback):
        callback(None, message)

    def close(self):
        pass
