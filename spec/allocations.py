"""Memory that Python's allocators hand out, zlib's and the extension modules' share included."""

from __future__ import annotations

import platform
from collections.abc import Iterator
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
