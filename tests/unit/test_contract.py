"""The modules that constructs and runtime share: they import little, and their names exist."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from human_loop_reviews.contract import REVIEW_HANDLER_ENTRY_POINT

LAMBDA = Path(__file__).parents[2] / "lambda"


def test_entry_point_is_a_function() -> None:
    module, _, function = REVIEW_HANDLER_ENTRY_POINT.rpartition(".")
    assert callable(getattr(import_module(module), function))


@pytest.mark.parametrize("module", ["contract", "mapping", "outcome_schema"])
def test_shared_module_imports_the_standard_library_only(module: str) -> None:
    code = (
        f"import sys; before = set(sys.modules); import human_loop_reviews.{module}; "
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(LAMBDA)},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(run.stdout.split())
    assert "human_loop_reviews" in loaded
    assert loaded - sys.stdlib_module_names == {"human_loop_reviews"}
