"""The specs on other interpreters and with other versions: `make nox`, or `nox -l` for the list.

nox -s specs-3.13           all specs on Python 3.13
nox -s core -- -k masking   those that need no peer, on every interpreter that is installed
"""

import platform
from pathlib import Path

import nox

nox.options.download_python = "never"
nox.options.sessions = ["core", "node", "pure", "pyee"]

PYTHONS = ["3.10", "3.11", "3.12", "3.13", "3.14", "3.15", "3.13t", "3.14t", "pypy3.11"]
# All but the one on which `make spec` runs all specs.
OTHERS = [python for python in PYTHONS if not platform.python_version().startswith(f"{python}.")]
PYPROJECT = nox.project.load_toml("pyproject.toml")

# The specs that need no peer and no package beyond those of the group `core`.
CORE = [
    "spec/driver",
    "spec/extensions",
    "spec/permessage_deflate",
    "spec/streams_spec.py",
    "spec/threads_spec.py",
]

# pyee's versions at both ends of what setup.cfg admits, and what depends on pyee.
PYEES = ["pyee==12.0.0", "pyee"]
EMITTER = ["spec/emitter_spec.py", "spec/streams_spec.py", "spec/coroutine_listeners_spec.py"]


def install(session: nox.Session, group: str, *packages: str) -> None:
    """Installs the package as a user would, and lets the specs find each other.

    The folder comes last on Python's path, so that the package in it, which has no part compiled
    for this Python, is not what is imported.
    """
    dependencies = nox.project.dependency_groups(PYPROJECT, group)
    session.install("--quiet", ".", *dependencies, *packages)
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages_folder = str(session.run("python", "-c", where, silent=True)).strip()
    Path(packages_folder, "specs.pth").write_text(str(Path.cwd()), encoding="utf-8")


def run(session: nox.Session, *specs: str) -> None:
    parallel = ["--numprocesses", "auto", "--dist", "loadfile"]
    options = ["--no-cov", "--quiet", "-o", "pythonpath="]
    session.run("pytest", *parallel, *options, *specs, *session.posargs)


@nox.session(python=PYTHONS)
def specs(session: nox.Session) -> None:
    """All specs, with their peers."""
    install(session, "specs")
    run(session)


@nox.session(python=PYTHONS)
def core(session: nox.Session) -> None:
    """The specs that need no peer."""
    install(session, "core")
    run(session, *CORE)


@nox.session(python=OTHERS)
def node(session: nox.Session) -> None:
    """The specs of the Node around the driver, with the `ssl` and `asyncio` of each Python."""
    install(session, "core", "cryptography>=42")
    run(session, "spec/node", "--ignore=spec/node/typing_spec.py")


@nox.session
def pure(session: nox.Session) -> None:
    """The specs that need no peer, with a wheel that was built without a compiler."""
    session.env["WEBSOCKET_DRIVER_PURE_PYTHON"] = "1"
    install(session, "core")
    run(session, *CORE)


@nox.session
@nox.parametrize("pyee", PYEES, ids=["oldest", "newest"])
def pyee(session: nox.Session, pyee: str) -> None:
    """The specs of emitter, streams and coroutine listeners with other versions of pyee."""
    install(session, "core", pyee)
    run(session, *EMITTER)
