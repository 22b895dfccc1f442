"""`websocket_driver` with zlib-ng in place of zlib: only the row that deflates."""

from __future__ import annotations

from importlib import metadata

from zlib_ng import zlib_ng

from . import Feed, Write, port


def versions() -> dict[str, str]:
    return {"zlib-ng": metadata.version("zlib-ng")}


def echoer(write: Write) -> Feed:
    return port.echoer(write, zlib_ng)
