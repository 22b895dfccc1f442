"""A few of the scenarios of `make parity`, which compares `node.net` and `node.tls` with Node's."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from spec.wires import ROOT

PARITY = ROOT / "spec" / "node" / "parity" / "parity.py"


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node.js")
class DescribeParity:
    def it_does_what_node_does(self):
        result = subprocess.run(
            [sys.executable, str(PARITY), "--count", "150", "--seed", "77"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert result.returncode == 0, result.stdout + result.stderr
