import socket
from pathlib import Path

import pytest
from hypothesis import settings

from spec.ported import Ported
from spec.wires import PATIENCE, make_certificate

# It has assertions, which pytest otherwise explains in specs only.
pytest.register_assert_rewrite("spec.conversation")

# No blocking socket of the specs waits longer, in whatever thread. asyncio's do not block.
socket.setdefaulttimeout(PATIENCE)

# How long an example takes depends on what else the machine does.
settings.register_profile("spec", deadline=None)
settings.load_profile("spec")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--ported", action="store_true", help="run the original's examples alone, in its order"
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--ported"):
        config.pluginmanager.register(Ported(config))


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The path of a certificate for localhost and 127.0.0.1, with its key."""
    return make_certificate(tmp_path_factory.mktemp("tls"))
