"""`websocket_driver` with ISA-L in place of zlib: only the row that deflates."""

from __future__ import annotations

from importlib import metadata

from isal import isal_zlib

from . import Feed, Write, port


def versions() -> dict[str, str]:
    return {"isal": metadata.version("isal")}


def echoer(write: Write) -> Feed:
    return port.echoer(write, isal_zlib)
