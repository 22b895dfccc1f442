import gc
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from spec.allocations import IS_CPYTHON
from spec.ported import Ported
from spec.wires import PATIENCE, make_certificate

# It has assertions, which pytest otherwise explains in specs only.
pytest.register_assert_rewrite("spec.conversation")

# Specs that need POSIX, and why. Everything else runs on Windows.
POSIX = {
    "browser_spec.py": "ends programs by SIGINT",
    "cli_spec.py": "runs the command line on a pseudo-terminal",
    "compliance_spec.py": "ends programs by SIGINT",
    "docs_spec.py": "runs the commands of the pages in a shell",
    "examples_spec.py": "ends programs by SIGINT",
    "layers_spec.py": "ends process groups, and resets connections with POSIX's struct linger",
    "middle_boxes_spec.py": "runs daemons from Debian",
    "readme_spec.py": "runs make",
    "recipes_spec.py": "ends programs by SIGTERM and SIGINT",
}
collect_ignore = sorted(POSIX) if sys.platform == "win32" else []

# No blocking socket of the specs waits longer, in whatever thread. asyncio's do not block.
socket.setdefaulttimeout(PATIENCE)

# How long an example takes depends on what else the machine does.
settings.register_profile("spec", deadline=None)
settings.register_profile(
    "mutants",
    deadline=None,
    database=None,
    derandomize=True,
    max_examples=5,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("spec")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--ported", action="store_true", help="run the original's examples alone, in its order"
    )


def pytest_report_header() -> list[str]:
    return [f"left out on Windows: {name}, which {POSIX[name]}" for name in collect_ignore]


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--ported"):
        config.pluginmanager.register(Ported(config))


@pytest.fixture
def without_collector() -> Iterator[None]:
    """Objects that are freed while an example runs were not in a cycle."""
    if not IS_CPYTHON:
        pytest.skip("only CPython counts references")
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The path of a certificate for localhost and 127.0.0.1, with its key."""
    return make_certificate(tmp_path_factory.mktemp("tls"))
