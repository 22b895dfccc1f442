"""The memory that an open connection takes, in bytes.

`tracemalloc` counts the memory that Python's allocators return, including that of zlib and of
extension modules, but not the reserve of the allocator.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from typing import Any

from .cases import request

WARM_UP = 100


def measure(opened: Callable[[bytes, bool], Any], deflate: bool, count: int) -> float:
    """Bytes for each of `count` connections that are open at once.

    All get the same request, which offers permessage-deflate.
    """
    data = request(deflate=True)
    warm = [opened(data, deflate) for _ in range(WARM_UP)]
    kept: list[Any] = [None] * count

    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for i in range(count):
            kept[i] = opened(data, deflate)
        gc.collect()
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()

    del warm
    return (after - before) / count
