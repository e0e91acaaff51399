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


def loaded_by(*statements: str) -> set[str]:
    """Return the modules that statements load in a new interpreter."""
    code = "; ".join(
        [
            "import sys",
            "before = set(sys.modules)",
            *statements,
            "print(*sorted(set(sys.modules) - before))",
        ]
    )
    environment = {**os.environ, "PYTHONPATH": str(LAMBDA)}
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_importing_the_review_brings_nothing_that_most_flows_do_not_need() -> None:
    loaded = loaded_by("import human_loop_reviews.review_output")
    assert "human_loop_reviews.review_output" in loaded
    assert not {module for module in loaded if module.startswith("human_loop_reviews.tasks.")}
    unwanted = {"jmespath", "boto3", "botocore", "statistics", "argparse", "typing_extensions"}
    assert not loaded & unwanted


#: What some handlers or some events need, and a Completed loop of a built-in task does not.
NEEDED_BY_SOME = {
    "human_loop_reviews.aws.dead_letter_queue",
    "human_loop_reviews.aws.spokes",
    "human_loop_reviews.confirm",
    "human_loop_reviews.mapping",
    "human_loop_reviews.mapping_files",
}


@pytest.mark.parametrize("task", ["forms", "moderation"])
def test_handler_of_a_built_in_task_imports_only_what_its_events_need(task: str) -> None:
    loaded = loaded_by(
        "import human_loop_reviews.functions.review_handler",
        f"import human_loop_reviews.tasks.{task}",
    )
    assert {"human_loop_reviews.settle", f"human_loop_reviews.tasks.{task}"} <= loaded
    assert not loaded & NEEDED_BY_SOME
    assert {module for module in NEEDED_BY_SOME if (LAMBDA / to_path(module)).is_file()} == (
        NEEDED_BY_SOME
    )


def to_path(module: str) -> str:
    return module.replace(".", "/") + ".py"
