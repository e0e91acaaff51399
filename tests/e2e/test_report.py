"""What the demo prints fits the terminal, also in other scripts."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from local import report
from local.cases import CASES
from local.observer import Observation

WIDTHS = [60, 80, 120, 200]
TEXT = "a long text of many words " * 5 + "arn:aws:sagemaker:eu-west-1:" + "0" * 250


@pytest.fixture(params=WIDTHS)
def width(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """The width of the terminal."""
    width: int = request.param
    monkeypatch.setattr(report, "_WIDTH", width)
    monkeypatch.setattr(report, "QUOTED_WIDTH", width - 4)
    return width


@pytest.mark.parametrize("name", ["invoice", "請求書の番号", "x" * 90, "🧾 счёт"])
def test_table_fits_and_loses_nothing(name: str, width: int) -> None:
    text = report.table(["loop", "what happened", "sent"], [[name, TEXT, 3], ["b", "-", 0]])

    assert max(map(cell_len, text.splitlines())) <= width
    assert "".join(name.split()) in "".join(_column(text, 0).split())
    assert _column(text, 0).endswith("b")


def test_table_uses_the_width_that_there_is(width: int) -> None:
    text = report.table(["loop", "what happened"], [["invoice", TEXT]])

    assert max(map(cell_len, text.splitlines())) > width - 12


def test_table_of_arrivals_fits_and_loses_nothing(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    observations = {case.loop: Observation(topic=1, records=[case.record]) for case in CASES}

    text = report.arrivals_table(CASES, observations)

    assert max(map(cell_len, text.splitlines())) <= width
    monkeypatch.setattr(report, "_WIDTH", 500)
    assert _characters(text) == _characters(report.arrivals_table(CASES, observations))


@pytest.mark.parametrize("text", [TEXT, "請求書" * 100])
def test_quotation_fits_and_loses_nothing(text: str, width: int) -> None:
    quoted = report.quotation(f"{text}\n\nsecond")

    assert max(map(cell_len, quoted.splitlines())) <= width
    unquoted = [line.removeprefix("  |").strip() for line in quoted.splitlines()]
    assert "".join("".join(unquoted).split()) == "".join(f"{text}second".split())


def _characters(text: str) -> list[str]:
    """Return what a table holds but for its lines and spaces."""
    return sorted(text.replace("-", "").replace(" ", "").replace("\n", ""))


def _column(text: str, number: int) -> str:
    """Return the text of a column below its heading. Two spaces end a cell."""
    rows = text.splitlines()[2:]
    return "".join(row.removeprefix("  ").split("  ")[number].strip() for row in rows)
