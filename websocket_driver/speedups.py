"""Access to the compiled part of the package.

Each of its functions has a Python version of the same name and behaviour. The module of the Python
version replaces it by the compiled one.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., object])


def compiled_part() -> ModuleType | None:
    """Returns the module; `None` if it was not compiled, or the environment has
    `WEBSOCKET_DRIVER_PURE_PYTHON=1`."""
    if os.environ.get("WEBSOCKET_DRIVER_PURE_PYTHON") == "1":
        return None
    try:
        return import_module("._speedups", __package__)
    except ImportError:
        return None


def chosen(name: str, in_python: Function) -> Function:
    """Returns the compiled function called `name`; `in_python` if there is none."""
    part = compiled_part()
    return in_python if part is None else cast("Function", getattr(part, name))


def chosen_method(name: str, owner: type, in_python: Function) -> Function:
    """Returns the compiled method called `name`, made for the class `owner`; `in_python` if there
    is none."""
    part = compiled_part()
    return in_python if part is None else cast("Function", getattr(part, f"{name}_of")(owner))
