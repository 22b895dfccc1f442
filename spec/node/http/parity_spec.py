"""A few of the scenarios of `make parity`, which compares this server with Node's."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from spec.wires import ROOT


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node.js")
class DescribeParity:
    @pytest.mark.parametrize("only", ["answer: 1.1:", "random 41/", "expect", "closing"])
    def it_does_what_node_does(self, only):
        result = subprocess.run(
            [
                sys.executable,
                "-m",
                "spec.node.parity.http",
                "--only",
                only,
                "--seed",
                "41",
                "--random",
                "60",
            ],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert result.returncode == 0, result.stdout + result.stderr
