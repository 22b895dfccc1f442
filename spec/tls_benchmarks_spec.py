"""The benchmarks of TLS run. Their speed is not checked here."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest

from benchmarks import ROOT

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


class DescribeBenchmarksOfTLS:
    def it_prints_a_table_of_times_and_one_of_memory(self):
        result = subprocess.run(
            [sys.executable, "-m", "benchmarks.tls", "--quick"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
        assert result.returncode == 0, result.stderr
        rows = [line.strip("| ").split(" | ") for line in result.stdout.splitlines() if "|" in line]
        names = [row[0] for row in rows if re.fullmatch(r"[\d.]+", row[-1])]
        assert names == [
            "Echo, 125 B, 1 in flight",
            "Echo, 125 B, 50 in flight",
            "Echo, 100 KiB, 1 in flight",
            "Handshake",
            *(["idle", "idle, after an echo of 64 KiB"] if "## Memory" in result.stdout else []),
        ]
