"""The compiled part of the package, where it is to be used.

Each of its functions has a twin in Python of the same name, which does the same. The module of a
twin puts the compiled one in its place.
"""

from __future__ import annotations

import os
from importlib import import_module
from types import ModuleType


def compiled_part() -> ModuleType | None:
    """Returns the module; `None` if it was not compiled, or the environment has
    `WEBSOCKET_DRIVER_PURE_PYTHON=1`."""
    if os.environ.get("WEBSOCKET_DRIVER_PURE_PYTHON") == "1":
        return None
    try:
        return import_module("._speedups", __package__)
    except ImportError:
        return None
