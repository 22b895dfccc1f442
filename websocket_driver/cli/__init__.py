"""The command line: a client to test servers, and a server to test clients."""

from __future__ import annotations

from .command import main
from .parser import make_parser

__all__ = ["main", "make_parser"]
