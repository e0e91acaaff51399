"""The command line needs neither CDK nor the constructs, and the runtime does not need it."""

from __future__ import annotations

import ast
import doctest
import pkgutil
import subprocess
import sys
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

import human_loops_cli

ROOT = Path(__file__).parents[2]

#: What the extra `cli` installs, directly or not, and the runtime.
ALLOWED = {
    *("boto3", "botocore", "human_loop_reviews", "human_loop_tables", "human_loops_cli"),
    *("rich", "typer"),
}

#: What the extra `report` installs besides. Nothing imports it before a command needs it.
LAZY = {"duckdb", "numpy", "vl_convert"}

MODULES = [
    module.name
    for module in pkgutil.walk_packages(human_loops_cli.__path__, "human_loops_cli.")
    if not module.name.endswith("__main__")
]


def imported_by(folder: Path) -> set[str]:
    """Return the packages outside the standard library that the modules of a folder import."""
    names: set[str] = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.module is not None
                names.add(node.module.partition(".")[0])
    return names - sys.stdlib_module_names


def test_command_line_imports_what_its_extra_installs_and_the_runtime() -> None:
    assert imported_by(ROOT / "human_loops_cli") == ALLOWED | LAZY


def test_other_commands_do_not_need_the_extra_report() -> None:
    code = "import sys, human_loops_cli.app; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "human_loops_cli.outcome_data.engine" in loaded
    assert LAZY.isdisjoint(loaded)


@pytest.mark.parametrize("folder", ["lambda", "human_loop_events", "stacks"])
def test_nothing_else_imports_the_command_line(folder: str) -> None:
    imported = imported_by(ROOT / folder)
    assert "human_loop_reviews" in imported or folder == "stacks"
    assert "human_loops_cli" not in imported


def test_parts_of_the_command_line_import_each_other_without_circles() -> None:
    package = ROOT / "human_loops_cli"
    imports: dict[str, set[str]] = {}
    for path in package.rglob("*.py"):
        part = path.relative_to(package).with_suffix("").parts[0]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith(f"{package.name}."):
                imports.setdefault(part, set()).add(str(node.module).split(".")[1])
    order = list(
        TopologicalSorter(
            {part: needed - {part} for part, needed in imports.items()}
        ).static_order()
    )
    assert order.index("outcome_data") < order.index("report") < order.index("commands")


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_a_module_are_right(name: str) -> None:
    assert doctest.testmod(import_module(name)).failed == 0


def test_modules_have_examples() -> None:
    finder = doctest.DocTestFinder()
    examples = [len(test.examples) for name in MODULES for test in finder.find(import_module(name))]
    assert sum(examples) > 10
