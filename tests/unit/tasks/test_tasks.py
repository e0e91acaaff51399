"""The registry of task types."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from human_loop_reviews.a2i.validation import Place
from human_loop_reviews.outcome_values import TaskType
from human_loop_reviews.tasks import task_of

LAMBDA = Path(__file__).parents[3] / "lambda"


@pytest.mark.parametrize("task_type", TaskType)
def test_every_task_type_reads_and_compares(task_type: TaskType) -> None:
    task = task_of(task_type)
    prediction = task.read_prediction({}, Place("inputs"), ())
    answer = task.read_answer({}, Place("answer"))
    assert task.order_key(answer) == task.order_key(task.read_answer({}, Place("answer")))
    assert task.compare(prediction, [answer]) == []


@pytest.mark.parametrize(
    ("task_type", "module"),
    [
        (TaskType.TEXTRACT_FORMS, "forms"),
        (TaskType.REKOGNITION_MODERATION, "moderation"),
        (TaskType.CUSTOM, "custom"),
        (TaskType.OTHER, "custom"),
    ],
)
def test_only_the_module_of_the_task_type_is_imported(task_type: TaskType, module: str) -> None:
    code = (
        "import sys; from human_loop_reviews.tasks import task_of; "
        f"task_of({str(task_type)!r}); "
        "print(*(name.rpartition('.')[2] for name in sys.modules if '_reviews.tasks.' in name))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(LAMBDA)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(run.stdout.split()) & {"forms", "moderation", "custom"} == {module}
