"""Tables fit the terminal, and no name that a reader copies is divided."""

from __future__ import annotations

import io
from contextlib import redirect_stdout

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from human_loops_cli.console import Printer
from tests.examples import examples

QUEUE = "HumanLoops-claims-HumanLoopsHandlerQueueDeadLetterQueue1D2186FC-B856468EE292F"


def table(*rows: tuple[str, str]) -> None:
    Printer(as_json=False).table("Messages", ("id", "reason"), rows, "none")


def test_text_wraps_between_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    table(("5c5a8b9e-1", "the output of a human loop cannot be read"))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 40
    assert any("5c5a8b9e-1" in line for line in lines)
    assert len(lines) > 5


def test_row_with_a_name_that_does_not_fit_is_a_list(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    table((QUEUE, "a reason"), ("Queue", "another"))
    assert capsys.readouterr().out == (
        f"Messages\n  id      {QUEUE}\n  reason  a reason\n\n  id      Queue\n  reason  another\n\n"
    )


def test_pipe_has_tables_of_any_width(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    table((QUEUE, "a reason"))
    assert f"│ {QUEUE} │ a reason │" in capsys.readouterr().out


_WORDS = st.text(st.characters(codec="ascii", exclude_categories=["C", "Z"]), min_size=1)
_CELLS = st.lists(_WORDS, max_size=4).map(" ".join)


@settings(max_examples=examples(200))
@given(
    rows=st.lists(st.tuples(_CELLS, _CELLS, _CELLS), min_size=1, max_size=4),
    width=st.integers(20, 120),
)
def test_no_word_is_divided_at_any_width(rows: list[tuple[str, str, str]], width: int) -> None:
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()) as printed:
        patch.setenv("COLUMNS", str(width))
        Printer(as_json=False).table("Messages", ("id", "long reason", "n"), rows, "none")
    words = printed.getvalue().split()
    assert [
        word for row in rows for cell in row for word in cell.split() if word not in words
    ] == []
