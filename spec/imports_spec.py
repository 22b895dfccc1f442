"""Modules import only from lower layers. LAYERS and docs/architecture.md contain their order."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from spec.wires import ROOT

PACKAGE = "websocket_driver"

# From the bottom to the top. A module may import from the layers below its own, and from its own
# layer as long as no circle results. `driver.hybi.*` stands for all modules of that package but
# not for its `__init__`, which is `driver.hybi`. The most exact entry counts. (`driver` is only the
# folder's `__init__`, which is empty.)
LAYERS = [
    (
        "leaf modules",
        [
            *("version", "errors", "spelling", "grammar", "header_map", "payload", "events"),
            *("escape", "domain", "heap", "listeners", "speedups", "driver"),
        ],
    ),
    ("emitter", ["emitter"]),
    ("flow control", ["flow", "batch"]),
    ("streams", ["streams"]),
    ("HTTP and URLs", ["http_parser", "request", "url", "wire", "debug"]),
    ("extensions", ["extensions", "extensions.*", "permessage_deflate", "permessage_deflate.*"]),
    ("parts of a driver", ["driver.states", "driver.options", "driver.headers"]),
    ("readers", ["driver.stream_reader", "driver.hybi.*"]),
    ("base", ["driver.base", "driver.connection"]),
    ("protocols", ["driver.hybi", "driver.draft75", "driver.draft76"]),
    ("endpoints", ["driver.proxy", "driver.client", "driver.waiting", "driver.server"]),
    ("package", [""]),
    ("node", ["node", "node.*"]),
    ("command line", ["cli", "cli.*", "__main__"]),
]

# The `__init__` files that hold what the index.js or driver.js of the original does. All others
# only hand on names.
INDEX_FILES = {
    "": "http(), server(), client(): driver.js",
    "driver.hybi": "the class Hybi: hybi.js",
    "extensions": "the class Extensions: websocket-extensions' index.js",
    "extensions.pipeline": "the class Pipeline: websocket-extensions' pipeline/index.js",
    "permessage_deflate": "the extension: permessage-deflate's index.js",
}


@dataclass(frozen=True)
class Module:
    """A module of the package, named without the package: `driver.base`; the root is empty."""

    name: str
    is_package: bool
    tree: ast.Module

    def imports(self, names: set[str]) -> set[str]:
        """The modules of the package that this one imports, also for the type checker only."""
        found = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found |= {within(alias.name) for alias in node.names if inside(alias.name)}
            elif isinstance(node, ast.ImportFrom):
                source = self._source(node)
                if not inside(source):
                    continue
                for alias in node.names:
                    # `from . import base` names a module, `from .base import Base` does not.
                    submodule = within(f"{source}.{alias.name}")
                    found.add(submodule if submodule in names else within(source))
        # Python also runs the `__init__` files of the packages that hold an imported module.
        packages = {package for name in found for package in packages_of(name)}
        found |= packages - packages_of(self.name)
        return (found & names) - {self.name}

    def _source(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        here = [PACKAGE, *self.name.split(".")] if self.name else [PACKAGE]
        up = node.level - 1 if self.is_package else node.level
        return ".".join(here[: len(here) - up] + ([node.module] if node.module else []))


def inside(name: str) -> bool:
    return name == PACKAGE or name.startswith(f"{PACKAGE}.")


def within(name: str) -> str:
    return name.removeprefix(PACKAGE).removeprefix(".")


def packages_of(name: str) -> set[str]:
    """The packages that hold a module: `driver.hybi` and `driver` for `driver.hybi.frame`."""
    parts = name.split(".")
    return {".".join(parts[:i]) for i in range(len(parts))} if name else set()


def read_package(folder: Path) -> dict[str, Module]:
    """All modules under `folder`, by name; a stub is read as the module it stands for."""
    modules: dict[str, Any] = {}
    for path in sorted([*folder.rglob("*.py"), *folder.rglob("*.pyi")]):
        parts = path.relative_to(folder).with_suffix("").parts
        name = ".".join(parts).removesuffix("__init__").removesuffix(".")
        if path.name == "_speedups.pyi":  # what is in C imports nothing
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if name in modules:
            modules[name].tree.body.extend(tree.body)
        else:
            modules[name] = Module(name, parts[-1] == "__init__", tree)
    return modules


def layer_of(name: str) -> int | None:
    """The number of the layer of a module, counted from the bottom."""
    patterns = {pattern: i for i, (_, entries) in enumerate(LAYERS) for pattern in entries}
    while name not in patterns:
        package, _, _ = name.removesuffix(".*").rpartition(".")
        if not package:
            return None
        name = f"{package}.*"
    return patterns[name]


def upward(modules: dict[str, Module]) -> list[str]:
    """The imports that point to a higher layer."""
    found = []
    for module in modules.values():
        for other in sorted(module.imports(set(modules))):
            mine, theirs = layer_of(module.name), layer_of(other)
            if mine is not None and theirs is not None and theirs > mine:
                found.append(f"{module.name or PACKAGE} imports {other or PACKAGE}")
    return found


# Stubs that are never imported at run time: they name the classes whose events they describe, which
# name them.
STUBS = ("node.listeners", "node.http.listeners", "node.tls.listeners")


def circles(modules: dict[str, Module]) -> list[list[str]]:
    """The circles of imports, each as the path that leads back to its first module."""
    names = set(modules)
    imports = {
        name: [] if name in STUBS else sorted(module.imports(names))
        for name, module in modules.items()
    }
    found: list[list[str]] = []
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> None:
        if name in path:
            found.append([*path[path.index(name) :], name])
        elif name not in done:
            for other in imports[name]:
                visit(other, [*path, name])
            done.add(name)

    for name in imports:
        visit(name, [])
    return found


def own_statements(module: Module) -> list[str]:
    """The statements of an `__init__` file besides its docstring, imports and re-exports."""
    return [ast.unparse(node) for node in module.tree.body if not hands_on(node)]


def hands_on(node: ast.stmt) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Assign):
        names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        return names == ["__all__"] or isinstance(node.value, (ast.Name, ast.Attribute))
    return isinstance(node, (ast.Import, ast.ImportFrom))


MODULES = read_package(ROOT / PACKAGE)


class DescribeTheLayers:
    def it_places_every_module(self) -> None:
        assert [name for name in MODULES if layer_of(name) is None] == []

    def it_names_only_modules_that_exist(self) -> None:
        entries = [entry for _, entries in LAYERS for entry in entries]
        packages = {name.rpartition(".")[0] for name in MODULES}
        missing = [
            entry for entry in entries if entry.removesuffix(".*") not in packages | set(MODULES)
        ]
        assert missing == []

    def it_has_no_import_that_points_upward(self) -> None:
        assert upward(MODULES) == []

    def it_has_no_circle(self) -> None:
        assert circles(MODULES) == []

    @pytest.mark.parametrize("name", sorted(n for n, m in MODULES.items() if m.is_package))
    def it_only_hands_on_names_in_init_files(self, name: str) -> None:
        statements = own_statements(MODULES[name])
        if name in INDEX_FILES:
            assert statements, "it only hands on names: leave it out of INDEX_FILES"
        else:
            assert statements == []

    def it_lists_the_layers_in_the_page_about_the_architecture(self) -> None:
        page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
        rows = [line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| ")]
        layers = [name for name, _ in reversed(LAYERS)]
        assert [row for row in rows if row in layers] == layers
        drawing = (ROOT / "docs" / "_static" / "layers.svg").read_text(encoding="utf-8")
        assert re.findall(r'class="name".*?>(.*?)<', drawing) == layers


class DescribeTheReader:
    """The functions above find the statements that they search for."""

    def package(self, tmp_path: Path, **files: str) -> dict[str, Module]:
        for name, text in files.items():
            path = tmp_path.joinpath(*name.split("__")).with_suffix(".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            (path.parent / "__init__.py").touch()
            path.write_text(text, encoding="utf-8")
        return read_package(tmp_path)

    @pytest.mark.parametrize(
        "text",
        [
            "from .driver.base import Base",
            "from .driver import base",
            "from websocket_driver.driver import base",
            "import websocket_driver.driver.base",
            "def f():\n    from .driver import base",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .driver import base",
        ],
    )
    def it_finds_an_import_that_points_upward(self, tmp_path: Path, text: str) -> None:
        modules = self.package(tmp_path, streams=text, driver__base="")
        assert upward(modules) == ["streams imports driver.base"]

    def it_finds_an_import_of_the_package_itself(self, tmp_path: Path) -> None:
        modules = self.package(tmp_path, streams="from . import http")
        assert upward(modules) == ["streams imports websocket_driver"]

    def it_finds_an_import_from_a_package_within(self, tmp_path: Path) -> None:
        modules = self.package(tmp_path, driver__options="from ..node import net", node__net="")
        assert upward(modules) == [
            "driver.options imports node",
            "driver.options imports node.net",
        ]

    def it_finds_a_package_that_is_imported_for_a_module_within(self, tmp_path: Path) -> None:
        modules = self.package(
            tmp_path, driver__base="from .hybi.rules import check", driver__hybi__rules=""
        )
        assert upward(modules) == ["driver.base imports driver.hybi"]

    def it_takes_imports_that_point_downward(self, tmp_path: Path) -> None:
        modules = self.package(
            tmp_path, driver__base="from ..streams import IO\nimport os", streams=""
        )
        assert upward(modules) == []

    def it_finds_a_circle(self, tmp_path: Path) -> None:
        modules = self.package(
            tmp_path,
            errors="from . import payload",
            payload="from .events import CloseEvent",
            events="from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from . import errors",
        )
        assert circles(modules) == [["errors", "payload", "events", "errors"]]

    def it_finds_code_in_an_init_file(self) -> None:
        tree = ast.parse(
            '"""Doc."""\nfrom .a import b\n__all__ = ["b"]\nc = b\nd = 1\ndef e(): pass\nif b: pass'
        )
        assert own_statements(Module("driver", True, tree)) == [
            "d = 1",
            "def e():\n    pass",
            "if b:\n    pass",
        ]

    def it_knows_the_layer_of_a_module_by_its_most_exact_entry(self) -> None:
        names = [name for name, _ in LAYERS]
        assert layer_of("driver.hybi") == names.index("protocols")
        assert layer_of("driver.hybi.frame") == names.index("readers")
        assert layer_of("node.net.socket") == names.index("node")
        assert layer_of("extensions.pipeline.cell") == names.index("extensions")
        assert layer_of("unknown") is None
