"""Reviewing an output: its task type's rules give the fields, which are then judged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from human_loop_reviews.a2i.output import Answer, Output
from human_loop_reviews.a2i.strict_json import garbage_collector_paused
from human_loop_reviews.review.verdicts import Review, judge_fields
from human_loop_reviews.tasks import task_of

if TYPE_CHECKING:
    from human_loop_reviews.mapping import FieldMapping, TaskMapping  # built-in tasks need none
    from human_loop_reviews.tasks.task import Task

_END_OF_TIME: Final = datetime.max.replace(tzinfo=UTC)


def review_output(
    output: Output,
    *,
    mapping: TaskMapping | Sequence[FieldMapping] = (),
    creation_time: datetime | None = None,
) -> Review:
    """Compare the prediction with the reviewers, and the reviewers with each other.

    The same output gives the same review whatever the order of its answers, blocks and fields.

    Parameters
    ----------
    output
        What Amazon A2I wrote.
    mapping
        Where a custom task's predictions and answers are found. Built-in tasks need none.
    creation_time
        When the loop was created, from its event.

    Returns
    -------
    Review
        Without fields if no reviewer answered.

    Raises
    ------
    UnreadableOutputError
        If the prediction or an answer is not in the form of the task type.

    Examples
    --------
    >>> from human_loop_reviews.a2i.output import parse_output
    >>> from human_loop_reviews.mapping import FieldMapping
    >>> output = parse_output(
    ...     '{"inputContent": {"guess": "cat"},'
    ...     ' "humanAnswers": [{"answerContent": {"animal": {"label": "dog"}}}]}',
    ...     source="output.json",
    ... )
    >>> animal = FieldMapping(name="animal", prediction="guess", answer="animal.label")
    >>> review_output(output, mapping=[animal]).fields[0].verdict
    <Verdict.CORRECTED: 'corrected'>
    """
    with garbage_collector_paused(output.size):
        task = task_of(output.task_type)
        prediction = task.read_prediction(output.inputs, output.inputs_place, mapping)
        activation = task.read_activation(output.inputs, prediction, mapping)
        answers = _read_answers(task, output.answers)
        contents = [content for _, content in answers]
        known = prediction is not None
        fields = judge_fields(
            task.compare(prediction, contents) if contents else (), prediction_known=known
        )
    accepted = [answer.accepted for answer, _ in answers if answer.accepted is not None]
    return Review(
        answer_count=len(answers),
        prediction_known=known,
        fields=fields,
        seconds_to_first_acceptance=_seconds(creation_time, min(accepted, default=None)),
        seconds_worked=tuple([_seconds_worked(answer) for answer, _ in answers]),
        activation=activation,
    )


def _read_answers(task: Task[Any, Any], answers: Sequence[Answer]) -> list[tuple[Answer, Any]]:
    """Return the answers with their contents, by time, and those of the same time by content."""
    read = [(answer, task.read_answer(answer.content, answer.place)) for answer in answers]
    read.sort(key=lambda entry: _times(entry[0]))
    if len({_times(answer) for answer in answers}) < len(answers):
        read.sort(key=lambda entry: (_times(entry[0]), task.order_key(entry[1])))
    return read


def _times(answer: Answer) -> tuple[datetime, datetime, float]:
    seconds = -1.0 if answer.seconds_spent is None else answer.seconds_spent
    return answer.submitted or _END_OF_TIME, answer.accepted or _END_OF_TIME, seconds


def _seconds_worked(answer: Answer) -> float | None:
    """Return how long a reviewer worked, pauses included where the output does not say."""
    if answer.seconds_spent is not None:
        return answer.seconds_spent
    return _seconds(answer.accepted, answer.submitted)


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    """Return the seconds between two times, None if one is unknown or the end is earlier."""
    if start is None or end is None:
        return None
    seconds = (_utc(end) - _utc(start)).total_seconds()
    return seconds if seconds >= 0 else None


def _utc(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time
