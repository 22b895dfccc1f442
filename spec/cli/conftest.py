import os
import sys

import pytest


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch):
    """The environment of the specs may contain proxies."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
def stdin(monkeypatch):
    """Standard input as a pipe; returns the file that writes into it."""
    reader, writer = os.pipe()
    with open(reader) as file, open(writer, "wb", buffering=0) as pipe:
        monkeypatch.setattr(sys, "stdin", file)
        yield pipe
