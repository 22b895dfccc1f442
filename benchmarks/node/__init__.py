"""Node.js, and the packages that are run on it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from .. import ROOT

HERE = Path(__file__).resolve().parent
INSTALLED = ROOT / "build" / "benchmarks" / "node"


class NodeMissing(Exception):
    """The contenders on Node cannot run; the text is the reason."""


def install() -> dict[str, str]:
    """Installs the packages of the lock file, if they are not, and returns an environment in which
    Node finds them. Raises `NodeMissing`."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise NodeMissing(f"{program} is not installed")

    stamp = INSTALLED / "package-lock.json"
    lock = HERE / "package-lock.json"

    if not (INSTALLED / "installed").exists() or stamp.read_bytes() != lock.read_bytes():
        shutil.rmtree(INSTALLED, ignore_errors=True)
        INSTALLED.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, INSTALLED / name)

        npm = subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
            cwd=INSTALLED,
            capture_output=True,
            text=True,
        )
        if npm.returncode != 0:
            raise NodeMissing(f"npm ci failed: {npm.stderr.strip()}")
        (INSTALLED / "installed").touch()

    return {"NODE_PATH": str(INSTALLED / "node_modules")}


def worker_command() -> list[str]:
    return ["node", "--expose-gc", str(HERE / "worker.js")]


def loopback_command(name: str) -> list[str]:
    return ["node", str(HERE / "loopback.js"), name]


def version(name: str) -> str:
    """That of an installed package."""
    package = INSTALLED / "node_modules" / name / "package.json"
    return str(json.loads(package.read_text())["version"])
