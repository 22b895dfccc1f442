"""The benchmarks run, and all contenders give the same results. Their speed is not checked here."""

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
from benchmarks.contenders import CONTENDERS, PORT_ISAL, PORT_ZLIB_NG  # noqa: E402
from benchmarks.soak import __main__ as soak  # noqa: E402
from benchmarks.soak.kinds import KINDS  # noqa: E402
from benchmarks.soak.limits import Plan  # noqa: E402
from benchmarks.soak.peer import Tally  # noqa: E402
from benchmarks.soak.report import Rest, Result, Sample, faults  # noqa: E402

CASES = cases()
# Those that only deflate with another zlib have no reader.
MODULES = sorted(
    {contender.module for contender in CONTENDERS if contender.module}
    - {PORT_ZLIB_NG.module, PORT_ISAL.module}
)


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
            head, rows = table_of(run("--only", "parse-125", "--pure"), "## Targets, pure Python")
            assert head == ["case", "target", "measured", ""]
            assert list(rows) == ["Parsing, 125 B"]

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

    class DescribeTheSoak:
        @pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="there is no /proc")
        def it_loses_no_message_and_keeps_nothing(self, capsys: pytest.CaptureFixture[str]):
            status = soak.main(["--quick", "--seed", "7"])
            printed = capsys.readouterr()
            assert (status, printed.err) == (0, "")

            _, rows = table_of(printed.out, "## Soak")
            assert rows["Lost or wrong"] == ["0"]
            assert rows["Exceptions in the server"] == ["0"]
            _, rows = table_of(printed.out, "## Connections")
            assert list(rows) == list(KINDS)

        def it_finds_no_fault_where_there_is_none(self):
            assert faults(soaked()) == []

        def it_finds_what_grows(self):
            result = soaked(rss=1 << 20, files=10, blocks=10_000)
            assert faults(result) == [
                "Growth of memory: 61,865,984, more than 8,388,608",
                "Growth of open files: 590, more than 30",
                "Growth of allocated blocks: 590,000, more than 100,000",
            ]

        def it_finds_what_is_lost_and_what_is_left(self):
            result = soaked()
            result.tally.failures.append("Connection 1, well-behaved: waited 60 s for echoes")
            result.complaints["Exception in a listener: ValueError()"] = 2
            result.after = Rest(8, 0, 0, {"Socket": 3, "Server": 1})
            del result.tally.opened["byte by byte"]
            assert faults(result) == [
                "Connection 1, well-behaved: waited 60 s for echoes",
                "The server: Exception in a listener: ValueError() (2 times)",
                "Open files: 7 before, 8 after",
                "Objects of Socket: 0 before, 3 after",
                "No connection: byte by byte",
            ]


def soaked(rss: int = 0, files: int = 0, blocks: int = 0) -> Result:
    """The result of two minutes of load; the arguments grow in each second of the second minute."""
    samples = [
        Sample(
            float(at),
            rss=(100 << 20) + rss * max(0, at - 60),
            files=300 + files * max(0, at - 60),
            blocks=10**6 + blocks * max(0, at - 60),
            connections=100,
        )
        for at in range(120)
    ]
    rest = Rest(7, 0, 0, {"Server": 1})
    tally = Tally()
    tally.opened.update(dict.fromkeys(KINDS, 1))
    return Result(Plan(100, 120.0, 1.0, 1.0, 1.0, 1), 60.0, rest, rest, samples, tally)


def table_of(markdown: str, title: str) -> tuple[list[str], dict[str, list[str]]]:
    """The header of the table under a title, and the rows by their first column."""
    lines = markdown.partition(title)[2].partition("\n## ")[0].splitlines()
    head, _, *rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines
        if line.startswith("|")
    ]
    return head, {name: cells for name, *cells in rows}
