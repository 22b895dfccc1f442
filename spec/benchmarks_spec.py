"""The benchmarks run, and all contenders come to the same. How fast they are is not asked here."""

from __future__ import annotations

import importlib
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

MISSING = [name for name in ("aiohttp", "websockets", "wsproto") if find_spec(name) is None]

pytestmark = pytest.mark.skipif(
    bool(MISSING), reason=f"the extra 'bench' is not installed: without {', '.join(MISSING)}"
)

from benchmarks import ROOT  # noqa: E402
from benchmarks.cases import Case, cases  # noqa: E402
from benchmarks.contenders import CONTENDERS  # noqa: E402

CASES = cases()
MODULES = sorted({contender.module for contender in CONTENDERS if contender.module})


def run(*arguments: str) -> str:
    result = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--rounds", "1", "--no-node", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


class DescribeBenchmarks:
    class DescribeTheCommand:
        def it_prints_a_table_with_a_row_for_each_contender(self, tmp_path: Path):
            only = ["parse-16", "parse-4k-binary", "parse-fragments"]
            output = run("--only", *only, "--output", str(tmp_path))

            head, rows = table_of(output, "## Parsing")
            assert head == ["", "16 B", "4 KiB binary", "16 fragments of 256 B"]

            # There may be a compiled part of the port, or not.
            names = [name for name in rows if name != "websocket_driver"]
            assert names == ["websocket_driver, pure Python", "websockets", "wsproto", "aiohttp"]
            assert all(all(cells) for cells in rows.values())

            assert (tmp_path / "results.md").read_text(encoding="utf-8") == output[:-1]
            assert (tmp_path / "results.svg").read_text(encoding="utf-8").startswith("<svg ")

        def it_says_how_the_port_stands_to_the_targets(self):
            head, rows = table_of(run("--only", "parse-16", "--pure"), "## Targets, pure Python")
            assert head == ["case", "target", "measured", ""]
            assert list(rows) == ["Parsing, 16 B"]

        def it_refuses_a_case_that_does_not_exist(self):
            result = subprocess.run(
                [sys.executable, "-m", "benchmarks", "--only", "parse-17"],
                cwd=ROOT,
                capture_output=True,
                text=True,
            )
            assert result.returncode == 2
            assert "no case is called parse-17" in result.stderr

    class DescribeContenders:
        @pytest.mark.parametrize("name", MODULES)
        @pytest.mark.parametrize(
            "case", [case for case in CASES if case.kind == "parse"], ids=lambda case: case.name
        )
        def it_delivers_the_messages_that_all_deliver(self, case: Case, name: str):
            contender = importlib.import_module(f"benchmarks.contenders.{name}")
            delivered: list[str | bytes] = []
            contender.reader(delivered.append)(case.chunks)

            # Not one comparison of lists: a report of what differs in a mebibyte is of no use.
            assert len(delivered) == len(case.messages)
            assert all(
                type(message) is type(expected) and message == expected
                for message, expected in zip(delivered, case.messages, strict=True)
            )


def table_of(markdown: str, title: str) -> tuple[list[str], dict[str, list[str]]]:
    """The head of the table under a title, and the rows by what stands first in them."""
    lines = markdown.partition(title)[2].partition("\n## ")[0].splitlines()
    head, _, *rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines
        if line.startswith("|")
    ]
    return head, {name: cells for name, *cells in rows}
