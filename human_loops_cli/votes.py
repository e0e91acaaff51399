"""The votes on the fields of an output: one answer of each reviewer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import NamedTuple

from human_loop_reviews.a2i.output import Answer, Output
from human_loop_reviews.mapping import TaskMapping
from human_loop_reviews.review.field import Field
from human_loop_reviews.tasks import task_of


class Votes(NamedTuple):
    """What the reviewers of one output gave."""

    answers: Sequence[Answer]
    """The last answer of each reviewer. An answer without a worker id is a reviewer's."""
    fields: Sequence[Field]
    """The fields, each with a vote of each answer, in their order. Empty without an answer."""


def read_votes(output: Output, mapping: TaskMapping | None) -> Votes:
    """Return the fields of an output with one vote of each reviewer.

    Parameters
    ----------
    output
        What Amazon A2I wrote.
    mapping
        Where a custom task's predictions and answers are found. None for none.

    Raises
    ------
    UnreadableOutputError
        If the prediction or an answer is not in the form of the task type.
    """
    task = task_of(output.task_type)
    prediction = task.read_prediction(output.inputs, output.inputs_place, mapping or ())
    answers = _last_answers(output)
    contents = [task.read_answer(answer.content, answer.place) for answer in answers]
    return Votes(answers, task.compare(prediction, contents) if contents else [])


def _last_answers(output: Output) -> list[Answer]:
    last: dict[object, Answer] = {}
    for place, answer in enumerate(sorted(output.answers, key=_submitted)):
        last[place if answer.worker_id is None else answer.worker_id] = answer
    return [answer for answer in output.answers if any(answer is each for each in last.values())]


def _submitted(answer: Answer) -> float:
    """Return when an answer was submitted. An unknown time is before all others."""
    if answer.submitted is None:
        return 0.0
    time = answer.submitted
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
