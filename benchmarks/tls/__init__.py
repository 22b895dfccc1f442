"""`websocket_driver.node.tls` beside asyncio's own TLS transport, with the same driver on both.

    python -m benchmarks.tls

Each has a server process of its own, and one load client for both, which speaks TLS with the
standard library. It measures echoes, handshakes, and the memory of connections that are open.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import ROOT
from ..workers import clean_environment

# The modules that the servers stand on, and their titles.
SERVERS = {"node": "`node.tls`", "asyncio": "asyncio's TLS transport"}

KIB = 1024


@dataclass(frozen=True)
class Echo:
    """Messages that go to and fro: so many connections, so many messages in flight on each."""

    title: str
    connections: int
    in_flight: int
    size: int


ECHOES = [
    Echo("125 B, 1 in flight", 20, 1, 125),
    Echo("125 B, 50 in flight", 20, 50, 125),
    Echo("100 KiB, 1 in flight", 4, 1, 100 * KIB),
]


class Server:
    """A running echo server. A `with` block ends it."""

    def __init__(self, name: str, loop: str, certificate: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.tls.server", name, loop, str(certificate)],
            cwd=ROOT,
            env=clean_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port = int(self._read())

    def usage(self) -> dict[str, Any]:
        """Seconds of the processor, and bytes of memory, if the system tells them."""
        assert self._process.stdin
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        usage: dict[str, Any] = json.loads(self._read())
        return usage

    def _read(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("The server has ended")
        return line

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()


def make_certificate(folder: Path) -> Path:
    """A certificate for localhost and its key, in one file. Raises `RuntimeError` without OpenSSL's
    command line."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-nodes", "-days", "2"]
    command += ["-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj", "/CN=localhost"]
    try:
        subprocess.run(
            [*command, "-keyout", str(key), "-out", str(certificate)],
            check=True,
            capture_output=True,
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise RuntimeError(f"openssl cannot make a certificate: {error}") from None
    both = folder / "localhost.pem"
    both.write_text(key.read_text() + certificate.read_text())
    return both
