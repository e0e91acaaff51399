"""The review of one human loop: what people made of each field, and how far they agree.

What only one task needs is imported where it is needed, so that a cold start pays for one task.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from human_loop_reviews.field import Field, Note, given
from human_loop_reviews.output import Output, TaskType
from human_loop_reviews.poll import Poll, poll

if TYPE_CHECKING:
    from human_loop_reviews.mapping import FieldMapping

_NOT_COMPARED: Final = frozenset({Note.MASK, Note.OPAQUE, Note.MAPPING_FAILED})


class Verdict(StrEnum):
    """What people made of one field."""

    #: The consensus equals the prediction.
    CONFIRMED = "confirmed"
    #: The consensus differs from the prediction.
    CORRECTED = "corrected"
    #: People gave a field that the model had not.
    ADDED = "added"
    #: People dropped a field of the model that they were shown.
    REMOVED = "removed"
    #: The same value under another key, which is not one of the flow's aliases.
    RELABELLED = "relabelled"
    #: No value has more than half of the reviewers.
    DISPUTED = "disputed"


@dataclass(frozen=True, slots=True)
class FieldReview:
    """What people made of one field.

    Parameters
    ----------
    name
        What the reviewers call it, or the model where they dropped it.
    verdict
        None where there is no prediction to compare with, or where ``note`` says that the field was
        not compared.
    confidence
        How sure the model was, from 0 to 100, where it said so.
    predicted
        What the model said, ready for JSON; None for nothing.
    reviewers
        What each reviewer said, in one order for all fields; None for nothing.
    consensus
        What more than half of them said; None for nothing, or for no such value.
    note
        How the comparison falls short, None where it does not.
    agreement
        The share of pairs of reviewers who said the same, None with fewer than two reviewers or
        where the field was not compared.
    """

    name: str
    verdict: Verdict | None
    confidence: float | None
    predicted: Any
    reviewers: tuple[Any, ...]
    consensus: Any
    note: Note | None
    agreement: float | None


@dataclass(frozen=True, slots=True)
class Review:
    """All verdicts of one human loop.

    Parameters
    ----------
    task_type
        What the reviewers were asked to do.
    answers
        How many reviewers answered.
    prediction_known
        Whether the output, or the owner's mapping, says what the model had predicted.
    fields
        The fields by name.
    counts
        How many fields have each verdict.
    agreement
        The share of confirmed fields among those with a consensus, None if there are none.
    reviewer_agreement
        The mean over fields of the share of pairs of reviewers who said the same, None with fewer
        than two reviewers or no field.
    seconds_to_first_acceptance
        From the loop's creation until the first reviewer took the task, where known.
    seconds_worked
        How long each reviewer worked, None where unknown; as ordered as the fields' ``reviewers``.
    turnaround_seconds
        From the loop's creation to its end, where both are known.
    """

    task_type: TaskType
    answers: int
    prediction_known: bool
    fields: tuple[FieldReview, ...]
    counts: Mapping[Verdict, int]
    agreement: float | None
    reviewer_agreement: float | None
    seconds_to_first_acceptance: float | None
    seconds_worked: tuple[float | None, ...]
    turnaround_seconds: float | None

    @property
    def unanswered(self) -> bool:
        """Whether nobody answered: neither agreement nor disagreement."""
        return self.answers == 0


def review_output(
    output: Output,
    *,
    mapping: Sequence[FieldMapping] = (),
    creation_time: datetime | None = None,
    end_time: datetime | None = None,
) -> Review:
    """Compare the prediction with the reviewers, and the reviewers with each other.

    The same output gives the same review whatever the order of its answers, blocks and fields.

    Parameters
    ----------
    output
        What Amazon A2I wrote.
    mapping
        Where a custom task's predictions and answers stand. Built-in tasks need none.
    creation_time, end_time
        When the loop was created and when it ended, from its event; the output does not say.

    Returns
    -------
    Review
        Without fields if nobody answered.

    Examples
    --------
    >>> from human_loop_reviews.output import parse_output
    >>> output = parse_output(
    ...     '{"inputContent": {"guess": "cat"},'
    ...     ' "humanAnswers": [{"answerContent": {"animal": {"label": "dog"}}}]}',
    ...     source="output.json",
    ... )
    >>> animal = FieldMapping("animal", prediction="guess", answer="animal.label")
    >>> review_output(output, mapping=[animal]).fields[0].verdict
    <Verdict.CORRECTED: 'corrected'>
    """
    known = output.shown is not None or bool(mapping)
    fields = [_judge(field, known) for field in _compare(output, mapping)]
    _sort(fields)
    verdicts = [field.verdict for field in fields]
    counts = {verdict: verdicts.count(verdict) for verdict in Verdict}
    judged = sum(counts.values()) - counts[Verdict.DISPUTED]
    agreements = [field.agreement for field in fields if field.agreement is not None]
    accepted = [answer.accepted for answer in output.answers if answer.accepted is not None]
    return Review(
        task_type=output.task_type,
        answers=len(output.answers),
        prediction_known=known,
        fields=tuple(fields),
        counts=counts,
        agreement=counts[Verdict.CONFIRMED] / judged if judged else None,
        reviewer_agreement=sum(agreements) / len(agreements) if agreements else None,
        seconds_to_first_acceptance=_seconds(creation_time, min(accepted, default=None)),
        seconds_worked=tuple(answer.seconds_spent for answer in output.answers),
        turnaround_seconds=_seconds(creation_time, end_time),
    )


def _compare(output: Output, mapping: Sequence[FieldMapping]) -> list[Field]:
    if not output.answers:
        return []
    contents = [answer.content for answer in output.answers]
    if output.task_type is TaskType.TEXTRACT_FORMS:
        from human_loop_reviews.forms import Form
        from human_loop_reviews.pairs import compare_forms

        shown, *forms = [each for each in (output.shown, *contents) if isinstance(each, Form)]
        return compare_forms(
            shown, forms, aliases=output.aliases, read_response=output.read_response
        )
    if output.task_type is TaskType.REKOGNITION_MODERATION:
        from human_loop_reviews.moderation import Moderation, compare_moderation

        seen, *chosen = [each for each in (output.shown, *contents) if isinstance(each, Moderation)]
        return compare_moderation(seen, chosen)
    from human_loop_reviews.custom import compare_answers, compare_mapped

    custom = [content for content in contents if isinstance(content, Mapping)]
    return compare_mapped(output.inputs, custom, mapping) if mapping else compare_answers(custom)


def _judge(field: Field, known: bool) -> FieldReview:
    answers = given(field.answers, field.predicted)
    compared = field.note not in _NOT_COMPARED
    result = poll(answers, field.same) if compared else Poll(False, None, None)
    return FieldReview(
        name=field.name,
        verdict=_verdict(field, result, known) if compared else None,
        confidence=field.confidence,
        predicted=None if field.predicted is None else field.predicted.shown,
        reviewers=tuple([None if answer is None else answer.shown for answer in answers]),
        consensus=None if result.consensus is None else result.consensus.shown,
        note=field.note,
        agreement=result.agreement,
    )


def _verdict(field: Field, result: Poll, known: bool) -> Verdict | None:
    if not result.reached:
        return Verdict.DISPUTED
    if not known:
        return None
    predicted, consensus = field.predicted, result.consensus
    if predicted is None:
        return Verdict.CONFIRMED if consensus is None else Verdict.ADDED
    if consensus is None:
        return Verdict.REMOVED
    if predicted.key == consensus.key or (field.same and field.same(predicted, consensus)):
        return Verdict.RELABELLED if field.relabelled else Verdict.CONFIRMED
    return Verdict.CORRECTED


def _sort(fields: list[FieldReview]) -> None:
    """Sort fields by name, and those of one name by what was said."""
    if len({field.name for field in fields}) < len(fields):
        fields.sort(key=lambda field: repr((field.predicted, field.reviewers, field.confidence)))
    fields.sort(key=lambda field: field.name)


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    """Return the seconds between two times, None if one is unknown or they are in reverse."""
    if start is None or end is None:
        return None
    seconds = (_utc(end) - _utc(start)).total_seconds()
    return seconds if seconds >= 0 else None


def _utc(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time
