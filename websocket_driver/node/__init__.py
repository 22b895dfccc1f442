"""The parts of Node's own modules that programs around a driver need, on asyncio.

from websocket_driver.node import events, http, net, process, run, timers, tls
"""

from __future__ import annotations

from . import events, http, net, process, timers, tls
from .loop import run

__all__ = ["events", "http", "net", "process", "run", "timers", "tls"]
