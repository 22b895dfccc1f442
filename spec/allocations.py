"""Memory that Python's allocators hand out, zlib's and the extension modules' share included."""

from __future__ import annotations

import gc
import platform
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

IS_CPYTHON = platform.python_implementation() == "CPython"
if IS_CPYTHON:
    import tracemalloc

# For examples in which objects are freed without the garbage collector, or blocks are counted.
cpython_only = pytest.mark.skipif(not IS_CPYTHON, reason="only CPython counts references")


class Allocations:
    """The memory that was allocated since the beginning of a block, in bytes."""

    def now(self) -> int:
        """The memory that has not been freed."""
        return tracemalloc.get_traced_memory()[0]

    def peak(self) -> int:
        """The peak."""
        return tracemalloc.get_traced_memory()[1]

    def reset_peak(self) -> None:
        """Forgets the peak so far."""
        tracemalloc.reset_peak()


@contextmanager
def allocations() -> Iterator[Allocations]:
    """Counts allocations in a block; skips the example if Python cannot count them."""
    if not IS_CPYTHON:
        pytest.skip("only CPython counts allocations")
    tracemalloc.start()
    try:
        yield Allocations()
    finally:
        tracemalloc.stop()


def least_growth(run: Callable[[], object], rounds: int) -> int:
    """How many blocks of memory so many calls of `run` leave, at least.

    The interpreter's caches grow at times: there are up to four tries, until fewer blocks are left
    than one for every two calls. A leak of one object is one block for each call.
    """

    def blocks(count: int) -> int:
        for _ in range(count):
            run()
        gc.collect()
        return sys.getallocatedblocks()

    before = blocks(5)
    growths = []
    for _ in range(4):
        after = blocks(rounds)
        growths.append(after - before)
        before = after
        if growths[-1] < rounds // 2:
            break
    return min(growths)
