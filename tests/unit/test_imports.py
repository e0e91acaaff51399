"""Dependencies point downwards only: what each part of the runtime may import."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "lambda" / "human_loop_reviews"

#: The parts of the runtime that each part may import, besides itself.
ALLOWED = {
    "contract": set[str](),
    "callback_contract": set[str](),
    "mapping": set[str](),
    "outcome_values": {"contract"},
    "outcome_schema": {"contract", "outcome_values"},
    "a2i": {"contract", "outcome_values"},
    "review": {"mapping", "outcome_values", "a2i"},
    "tasks": {"mapping", "outcome_values", "a2i", "review"},
    "aws": {"callback_contract", "contract", "outcome_values", "a2i", "review"},
    "disclosure": set[str](),
    "mapping_files": {"contract", "mapping", "a2i", "tasks"},
    "settings": {"contract", "disclosure"},
    "outcome": {"outcome_schema", "outcome_values", "a2i", "review", "disclosure"},
    "corrected": {
        "corrected_document_schema",
        "outcome_values",
        "mapping",
        "a2i",
        "review",
        "tasks",
    },
    "corrected_document": {
        *("corrected_document_schema", "outcome_values", "mapping"),
        *("a2i", "review", "corrected"),
    },
    "corrected_document_schema": {"outcome_values"},
    "corrected_blocks": {"outcome_values", "a2i", "review", "tasks", "corrected"},
    "review_output": {"mapping", "a2i", "review", "tasks"},
    "confirm": {"contract", "a2i", "aws"},
    "settle": {
        *("contract", "a2i", "review", "aws", "confirm", "corrected", "corrected_document"),
        *("mapping", "settings", "outcome", "review_output", "mapping_files"),
    },
    "reconciler_settings": {"contract", "settings"},
    "reconcile": {"contract", "aws", "reconciler_settings"},
    "callbacks": {"callback_contract", "contract", "aws", "settings"},
    "functions": {
        *("contract", "a2i", "aws", "mapping_files", "settings", "settle"),
        *("reconciler_settings", "reconcile", "callbacks", "callback_contract"),
    },
    "__init__": set[str](),
}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    return ".".join([PACKAGE.name, *path.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(
        ".__init__"
    )


def part_of(module: str) -> str:
    """Return the first name below the package."""
    return module.split(".")[1] if "." in module else "__init__"


def imports_of(path: Path) -> set[str]:
    """Return the modules of the runtime that a module imports, anywhere in its code."""
    imported: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module is not None
            imported |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in imported if name.partition(".")[0] == "human_loop_reviews"}


def test_every_part_imports_only_what_is_below_it() -> None:
    edges: set[tuple[str, str]] = set()
    for path in modules():
        importer = path.relative_to(PACKAGE).with_suffix("").parts[0]
        for imported in imports_of(path):
            part = part_of(imported)
            assert part == importer or part in ALLOWED[importer], f"{path}: imports {imported}"
            edges.add((importer, part))
    # The test looked at every module, and found the imports that there must be.
    assert {path.relative_to(PACKAGE).with_suffix("").parts[0] for path in modules()} == set(
        ALLOWED
    )
    assert len(modules()) > 25
    assert {("functions", "settle"), ("settle", "review_output"), ("tasks", "review")} <= edges


#: Imports each module before every other one of the package, and prints it.
IMPORT_EACH = """
import importlib, sys
for name in sys.argv[1:]:
    for each in [each for each in sys.modules if each.partition(".")[0] == "human_loop_reviews"]:
        del sys.modules[each]
    importlib.import_module(name)
    print(name)
"""


def test_every_module_can_be_imported_first() -> None:
    """Some modules are imported by the event that needs them, long after a deployment."""
    names = [name_of(path) for path in modules()]
    ran = subprocess.run(
        [sys.executable, "-c", IMPORT_EACH, *names],
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == names
    assert "human_loop_reviews.aws.spokes" in names


def test_allowed_imports_have_no_cycle() -> None:
    remaining = dict(ALLOWED)
    while remaining:
        lowest = [part for part, below in remaining.items() if not below & remaining.keys()]
        assert lowest, f"cycle among {sorted(remaining)}"
        for part in lowest:
            del remaining[part]
