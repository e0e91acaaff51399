"""The table of what each stack has and costs, in README.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs_tools.weight import STACKS, weight_table

README = Path(__file__).parents[2] / "README.md"


@pytest.mark.slow
def test_table_in_the_readme_is_the_measured_one() -> None:
    table = weight_table()
    assert table.count("\n") == len(STACKS) + 2
    assert table in README.read_text(encoding="utf-8")
