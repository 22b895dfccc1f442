"""The original's examples: which of ours each is, `make ported`, and docs/ported-specs.md.

`ported.txt` names the examples of the original's three spec suites in their order. An example is
found by its name: groups are classes, and only letters and digits count, so that "parses text
frames" in "parse" is `DescribeParse::it_parses_text_frames`.

    python spec/ported.py      writes docs/ported-specs.md
    pytest --ported            runs the examples, and only them, in the original's order
"""

from __future__ import annotations

import importlib.util
import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
OUTLINE = Path(__file__).with_suffix(".txt")
PAGE = ROOT / "docs" / "ported-specs.md"
REPOSITORY = "https://github.com/faye/{}-node/blob/master/{}"
FILE = re.compile(r"([\w-]+): (\S+) = (\S+)")


@dataclass(frozen=True)
class Example:
    """An example of the original's."""

    package: str
    javascript: str
    spec: str
    groups: tuple[str, ...]
    title: str

    @property
    def node_id(self) -> str | None:
        """How pytest calls it, without parameters; `None` if there is no such example here."""
        return names_in(self.spec).get(letters("".join([*self.groups, self.title])))


def letters(text: str) -> str:
    return re.sub(r"[\W_]", "", text).lower()


@cache
def read_outline() -> list[Example]:
    """All examples, in the original's order."""
    examples = []
    groups: list[str] = []
    package = javascript = spec = ""
    for line in OUTLINE.read_text(encoding="utf-8").splitlines():
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if match := FILE.fullmatch(line):
            package, javascript, spec = match.groups()
            continue
        del groups[(len(line) - len(text)) // 2 :]
        if text.startswith("- "):
            examples.append(Example(package, javascript, spec, tuple(groups), text[2:]))
        else:
            groups.append(text)
    return examples


@cache
def names_in(spec: str) -> dict[str, str]:
    """The examples of a spec: their node ids by the letters of their names."""
    module = load(ROOT / spec)
    names: dict[str, str] = {}
    for node_id, words in walk(module, spec):
        names.setdefault(letters("".join(words)), node_id)
    return names


def load(path: Path) -> ModuleType:
    found = importlib.util.spec_from_file_location(f"ported_{path.stem}", path)
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def walk(owner: ModuleType | type, node_id: str) -> Iterator[tuple[str, list[str]]]:
    """The examples in a module or a class, with the words of the groups around them."""
    for name, member in inspect.getmembers(owner):
        if name.startswith("it_"):
            yield f"{node_id}::{name}", [name.removeprefix("it_")]
        elif name.startswith("Describe") and inspect.isclass(member):
            for inner, words in walk(member, f"{node_id}::{name}"):
                yield inner, [name.removeprefix("Describe"), *words]


def render() -> str:
    """The page docs/ported-specs.md."""
    examples = read_outline()
    lines = [
        "# The original's specs",
        "",
        f"The three JavaScript packages have {len(examples)} examples in their specs. Each of them",
        "is ported, with its wording and its place. `make ported` runs them alone, in the",
        "original's order. `python spec/ported.py` makes this page from `spec/ported.txt`.",
    ]
    place: tuple[str, ...] = ()
    for example in examples:
        here = (example.package, example.javascript)
        if here != place:
            url = REPOSITORY.format(*here)
            count = sum((e.package, e.javascript) == here for e in examples)
            lines += [
                "",
                f"## {example.package}: {example.javascript.removeprefix('spec/')}",
                "",
                f"{count} examples of [`{example.javascript}`]({url}) are in `{example.spec}`.",
                "",
                "| example | here |",
                "| --- | --- |",
            ]
            place = here
        title = " / ".join([*example.groups, example.title]).replace("|", "\\|")
        name = (example.node_id or "").partition("::")[2]
        lines.append(f"| {title} | `{name}` |")
    return "\n".join(lines) + "\n"


class Ported:
    """A plugin for pytest: runs the original's examples alone, and reports them in its words."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._examples = {example.node_id: example for example in read_outline()}
        self._failed: set[Example] = set()
        self._place: tuple[str, ...] = ()
        self._last: Example | None = None

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keeps the ported examples, in the original's order."""
        order = {node_id: i for i, node_id in enumerate(self._examples)}
        mine = [item for item in items if plain(item.nodeid) in order]
        missing = set(order) - {plain(item.nodeid) for item in mine}
        if missing:
            raise pytest.UsageError(f"{len(missing)} examples are not collected: {missing}")
        items[:] = sorted(mine, key=lambda item: order[plain(item.nodeid)])

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Prints nothing: `pytest_runtest_logreport` does."""
        return ("passed", "", "") if report.when == "call" and report.passed else None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Writes an example once, under its groups, though it may run with several inputs."""
        example = self._examples[plain(report.nodeid)]
        if report.failed:
            self._failed.add(example)
        if report.when == "call" and example is not self._last:
            self._last = example
            place = (f"{example.package}: {example.javascript}", *example.groups)
            same = [a == b for a, b in zip(place, self._place, strict=False)]
            known = same.index(False) if False in same else len(same)
            for depth, group in enumerate(place[known:], known):
                self._write("  " * depth + group)
            self._place = place
            self._write("  " * len(place) + f"- {example.title}")

    def pytest_terminal_summary(self) -> None:
        """Counts examples, not runs."""
        self._write(f"\n{len(self._examples)} examples, {len(self._failed)} failed")
        for example in sorted(self._failed, key=list(self._examples.values()).index):
            self._write(f"failed: {' / '.join([*example.groups, example.title])}")

    def _write(self, line: str) -> None:
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        assert reporter is not None
        reporter.ensure_newline()
        reporter.write_line(line)


def plain(node_id: str) -> str:
    """A node id without the parameters."""
    return node_id.partition("[")[0]


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    PAGE.write_text(render(), encoding="utf-8", newline="\n")
