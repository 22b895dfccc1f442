"""The port beside its peers: `python -m benchmarks`, or `make bench`."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
