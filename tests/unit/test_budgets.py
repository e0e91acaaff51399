"""What reading and reviewing may cost, where it can be counted instead of timed.

Times and memory are measured by ``make bench``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from human_loop_reviews.tasks.form_blocks import Form
from human_loop_reviews.tasks.forms import FormPrediction
from tests.unit.documents import blocks_of, forms, review

LAMBDA = Path(__file__).parents[2] / "lambda"


def calls_of(function: Callable[[], object]) -> int:
    """Return how many Python and C functions a function calls."""
    calls = 0

    def count(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(None)
    return calls


def of_pairs(count: int, *, same_key: bool = False, moved: bool = False) -> dict[str, Any]:
    key = "Key" if same_key else "Key {}"
    shown = blocks_of(*[(key.format(i), f"value {i}", f"k{i}") for i in range(count)])
    typed = "Other {}" if moved else key
    answer = blocks_of(*[(typed.format(i), f"value {i}", f"t{i}") for i in range(count)])
    return forms(shown, answer, answer, shown)


@pytest.mark.parametrize("same_key", [False, True])
@pytest.mark.parametrize("moved", [False, True])
def test_work_grows_with_the_number_of_pairs_and_no_faster(same_key: bool, moved: bool) -> None:
    few, many = (of_pairs(count, same_key=same_key, moved=moved) for count in (30, 300))
    small, large = calls_of(lambda: review(few)), calls_of(lambda: review(many))
    assert small > 1_000
    assert large <= 11 * small


def test_full_response_is_read_only_if_somebody_added_a_pair(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reads: list[FormPrediction] = []

    def read_response(prediction: FormPrediction) -> Form:
        reads.append(prediction)
        return Form(())

    monkeypatch.setattr(FormPrediction, "read_response", read_response)
    review(forms(blocks_of(("Total", "5", "k")), blocks_of(("Total", "6", "k"))))
    assert reads == []
    review(forms(blocks_of(("Total", "5", "k")), blocks_of(("Other", "6", "x"))))
    assert len(reads) == 1


def test_importing_the_review_brings_nothing_that_most_flows_do_not_need() -> None:
    code = (
        "import sys; before = set(sys.modules); "
        "import human_loop_reviews.review_output; "
        "print(*sorted(set(sys.modules) - before))"
    )
    environment = {**os.environ, "PYTHONPATH": str(LAMBDA)}
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert "human_loop_reviews.review_output" in loaded
    assert not {module for module in loaded if module.startswith("human_loop_reviews.tasks.")}
    unwanted = {"jmespath", "boto3", "botocore", "statistics", "argparse", "typing_extensions"}
    assert not loaded & unwanted
