"""A few of the sessions of `make parity`, which compares this package with the npm packages."""

import os
import shutil
import subprocess
import sys

import pytest

from spec.wires import ROOT

PARITY = ROOT / "spec" / "parity"


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node.js")
@pytest.mark.skipif(
    not (PARITY / "node_modules").is_dir() and "NODE_PATH" not in os.environ,
    reason="the npm packages are not installed: npm ci --prefix spec/parity",
)
@pytest.mark.timeout(330)
class DescribeParity:
    def it_does_what_the_original_does(self):
        result = subprocess.run(
            [sys.executable, "-m", "spec.parity.parity", "--sessions", "1500", "--seed", "455"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert result.returncode == 0, result.stdout + result.stderr
