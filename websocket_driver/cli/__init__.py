"""The command line: a client to try a server with, and a server to try a client with."""

from __future__ import annotations

from .command import main
from .parser import make_parser

__all__ = ["main", "make_parser"]
