"""The tools, the metadata and the pages about them are consistent."""

from __future__ import annotations

import configparser
import re
import runpy
import socket
import subprocess
import sys
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

from spec.wires import PATIENCE, ROOT
from websocket_driver import __version__


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def setup_cfg() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def targets() -> set[str]:
    """The targets of the Makefile."""
    return set(re.findall(r"^([a-z]+):", text_of("Makefile"), re.MULTILINE))


def used_targets(name: str) -> set[str]:
    return set(re.findall(r"\bmake ([a-z]+)", text_of(name)))


@pytest.fixture(scope="module")
def metadata(tmp_path_factory: pytest.TempPathFactory) -> Message:
    """The metadata for a package index, as setup.py generates it."""
    folder = tmp_path_factory.mktemp("metadata")
    code = (
        "import sys; from setuptools import build_meta;"
        "print(build_meta.prepare_metadata_for_build_wheel(sys.argv[1]))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    dist_info = folder / result.stdout.splitlines()[-1]
    return Parser().parsestr((dist_info / "METADATA").read_text(encoding="utf-8"))


class DescribeBounds:
    """Every spec has a timeout: see also `run` and `event` in wires.py."""

    def it_bounds_every_example(self, pytestconfig: pytest.Config) -> None:
        assert 0 < float(pytestconfig.getini("timeout")) <= 120

    def it_bounds_every_blocking_socket(self) -> None:
        assert socket.getdefaulttimeout() == PATIENCE
        with socket.create_server(("127.0.0.1", 0)) as listener:
            assert listener.gettimeout() == PATIENCE


class DescribeMetadata:
    def it_has_the_version_of_the_package(self, metadata: Message) -> None:
        assert metadata["Version"] == __version__
        newest = re.search(r"^## (\S+?),? ", text_of("CHANGELOG.md"), re.MULTILINE)
        assert newest is not None and newest[1] == __version__

    def it_has_a_description_without_links_that_an_index_cannot_resolve(
        self, metadata: Message
    ) -> None:
        description = metadata.get_payload()
        assert isinstance(description, str)
        assert description.startswith("# websocket-driver\n")
        links = re.findall(r"\]\(([^)]*)\)", description)
        assert links and all(link.startswith(("https://", "#")) for link in links)
        assert "![" not in description

    def it_needs_nothing_but_pyee_and_httptools(self, metadata: Message) -> None:
        required = [name for name in metadata.get_all("Requires-Dist", []) if "extra" not in name]
        assert [re.split(r"\W", name)[0] for name in required] == ["pyee", "httptools"]

    def it_classifies_the_versions_that_are_supported(self, metadata: Message) -> None:
        versions = [
            classifier.rpartition(" :: ")[2]
            for classifier in metadata.get_all("Classifier", [])
            if re.fullmatch(r"Programming Language :: Python :: 3\.\d+", classifier)
        ]
        assert versions == [f"3.{minor}" for minor in range(10, 16)]
        assert metadata["Requires-Python"] == f">={versions[0]}"


class DescribeTheChecks:
    @pytest.mark.parametrize(
        "name", [".ci/run", ".pre-commit-config.yaml", ".github/workflows/release.yml"]
    )
    def it_names_only_make_targets_that_exist(self, name: str) -> None:
        assert used_targets(name)
        assert used_targets(name) <= targets()

    def it_checks_the_same_before_a_commit_as_in_ci(self) -> None:
        check = re.search(r"^check: (.*)$", text_of("Makefile"), re.MULTILINE)
        assert check is not None
        assert "check" in used_targets(".ci/run")
        assert set(check[1].split()) <= used_targets(".pre-commit-config.yaml")

    def it_downloads_nothing_before_a_commit(self) -> None:
        config = text_of(".pre-commit-config.yaml")
        assert re.findall(r"repo: (.*)", config) == ["local"]
        assert set(re.findall(r"language: (.*)", config)) == {"system"}

    def it_runs_the_same_interpreters_in_workflows_and_in_nox(self) -> None:
        nox = re.search(r"^PYTHONS = \[(.*)\]$", text_of("noxfile.py"), re.MULTILINE)
        matrix = re.search(r"python: \[(.*)\]$", text_of(".github/workflows/ci.yml"), re.MULTILINE)
        assert nox is not None and matrix is not None
        assert nox[1] == matrix[1]

    def it_runs_the_oldest_pyee_that_is_admitted(self) -> None:
        (bound,) = re.findall(r"^pyee >=(\d+)$", setup_cfg()["options"]["install_requires"], re.M)
        (oldest,) = re.findall(r'"pyee==([\d.]+)"', text_of("noxfile.py"))
        assert oldest == f"{bound}.0.0"


class DescribeTheMakefile:
    def it_explains_every_target(self) -> None:
        head = text_of("Makefile").partition("\n\n")[0]
        explained = set(re.findall(r"make ([a-z]+)", head))
        assert targets() - explained <= {"clean", "lint", "metadata", "types"}

    def it_writes_no_measurement_into_the_tree_unless_told(self) -> None:
        main = runpy.run_path(str(ROOT / "benchmarks" / "__main__.py"), run_name="benchmarks.x")
        assert main["OUTPUT"] == Path(ROOT, "build", "bench")
