"""Keys to mask frames with (RFC 6455 5.3)."""

from __future__ import annotations

import os
from contextlib import suppress

KEY_LENGTH = 4

# A call of os.urandom() takes longer than masking a short message, so one call gets many keys.
KEYS_AT_A_TIME = 256

_keys: list[bytes] = []


def next_key() -> bytes:
    """A new masking key: 4 unpredictable random bytes, used once."""
    try:
        # An atomic step, so that no two threads get the same key.
        return _keys.pop()
    except IndexError:
        block = os.urandom(KEYS_AT_A_TIME * KEY_LENGTH)
        keys = [block[i : i + KEY_LENGTH] for i in range(0, len(block), KEY_LENGTH)]
        key = keys.pop()
        _keys.extend(keys)
        return key


# A child process must not use the keys that its parent uses.
with suppress(AttributeError):  # of an os that has no fork
    os.register_at_fork(after_in_child=_keys.clear)
