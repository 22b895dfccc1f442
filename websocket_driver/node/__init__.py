"""Node's own modules, the part that programs around a driver need, on asyncio."""

from __future__ import annotations

from . import net
from .loop import run

__all__ = ["net", "run"]
