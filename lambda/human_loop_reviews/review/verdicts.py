"""The verdicts of one human loop: the reviewers' consensus on each field beside the prediction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from human_loop_reviews.review.consensus import Consensus, find_consensus
from human_loop_reviews.review.field import Field, Note

_NOT_COMPARED: Final = frozenset({Note.MASK, Note.OPAQUE, Note.MAPPING_FAILED})
_NO_CONSENSUS: Final = Consensus(reached=False, value=None, agreement=None)


class Verdict(StrEnum):
    """The result of comparing the reviewers' consensus on one field with the prediction."""

    #: The consensus equals the prediction.
    CONFIRMED = "confirmed"
    #: The consensus differs from the prediction.
    CORRECTED = "corrected"
    #: The reviewers gave a field that the model did not predict.
    ADDED = "added"
    #: The reviewers removed a field that the model predicted and that they were shown.
    REMOVED = "removed"
    #: The same value under another key, which is not one of the flow's aliases.
    RELABELLED = "relabelled"
    #: No value has more than half of the reviewers.
    DISPUTED = "disputed"


@dataclass(frozen=True, slots=True)
class FieldReview:
    """The review of one field.

    Parameters
    ----------
    name
        The reviewers' name for it, or the model's where the reviewers removed it.
    verdict
        None where there is no prediction to compare with, or where the field was not compared, for
        the reason in ``note``.
    confidence
        The model's confidence, from 0 to 100, where it is known.
    predicted
        The model's value, ready for JSON; None for no value.
    answers
        Each reviewer's value, in one order for all fields; None for no value.
    consensus
        The value that more than half of the reviewers gave; None if there is no such value.
    note
        Why the field was compared only in part, or not at all; None if it was compared fully.
    agreement
        The share of pairs of reviewers who gave the same value, None with fewer than two reviewers
        or where the field was not compared.
    """

    name: str
    verdict: Verdict | None
    confidence: float | None
    predicted: Any
    answers: tuple[Any, ...]
    consensus: Any
    note: Note | None
    agreement: float | None


@dataclass(frozen=True, slots=True)
class Review:
    """All verdicts of one human loop.

    Parameters
    ----------
    answer_count
        How many reviewers answered.
    prediction_known
        Whether the output, or the owner's mapping, contains the prediction.
    fields
        The fields by name.
    counts
        How many fields have each verdict.
    agreement
        The share of confirmed fields among those with a consensus, None if there are none.
    reviewer_agreement
        The mean over fields of the share of pairs of reviewers who gave the same value, None with
        fewer than two reviewers or no field.
    seconds_to_first_acceptance
        From the loop's creation until the first reviewer accepted the task, where known.
    seconds_worked
        How long each reviewer worked, None where unknown, in the order of the fields' ``answers``.
    turnaround_seconds
        From the loop's creation to its end, where both are known.
    """

    answer_count: int
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
        """Whether no reviewer answered, which is neither agreement nor disagreement."""
        return self.answer_count == 0


def judge_fields(fields: Iterable[Field], *, prediction_known: bool) -> tuple[FieldReview, ...]:
    """Find the consensus on each field, and compare it with the prediction.

    Parameters
    ----------
    fields
        The fields in any order. Each has at least one answer.
    prediction_known
        Whether the absence of a predicted value means that the model predicted none.

    Returns
    -------
    tuple[FieldReview, ...]
        The fields by name, those of one name by their values.

    Examples
    --------
    >>> from human_loop_reviews.review.values import text_value
    >>> total = Field("Total", answers=[text_value("6")], predicted=text_value("5"))
    >>> judge_fields([total], prediction_known=True)[0].verdict
    <Verdict.CORRECTED: 'corrected'>
    """
    reviews = [_judge(field, prediction_known) for field in fields]
    if len({review.name for review in reviews}) < len(reviews):
        reviews.sort(key=lambda review: repr((review.predicted, review.answers, review.confidence)))
    reviews.sort(key=lambda review: review.name)
    return tuple(reviews)


def count_verdicts(fields: Iterable[FieldReview]) -> dict[Verdict, int]:
    """Return how many fields have each verdict."""
    verdicts = [field.verdict for field in fields]
    return {verdict: verdicts.count(verdict) for verdict in Verdict}


def model_agreement(counts: Mapping[Verdict, int]) -> float | None:
    """Return the share of confirmed fields among those with a consensus, None without any."""
    judged = sum(counts.values()) - counts[Verdict.DISPUTED]
    return counts[Verdict.CONFIRMED] / judged if judged else None


def reviewer_agreement(fields: Iterable[FieldReview]) -> float | None:
    """Return the mean agreement of the fields on which there is any, None without any."""
    agreements = [field.agreement for field in fields if field.agreement is not None]
    return sum(agreements) / len(agreements) if agreements else None


def _judge(field: Field, prediction_known: bool) -> FieldReview:
    votes = field.votes
    compared = field.note not in _NOT_COMPARED
    consensus = find_consensus(votes, field.same) if compared else _NO_CONSENSUS
    return FieldReview(
        name=field.name,
        verdict=_verdict(field, consensus, prediction_known) if compared else None,
        confidence=field.confidence,
        predicted=None if field.predicted is None else field.predicted.display,
        answers=tuple([None if vote is None else vote.display for vote in votes]),
        consensus=None if consensus.value is None else consensus.value.display,
        note=field.note,
        agreement=consensus.agreement,
    )


def _verdict(field: Field, consensus: Consensus, prediction_known: bool) -> Verdict | None:
    if not consensus.reached:
        return Verdict.DISPUTED
    if not prediction_known:
        return None
    predicted, value = field.predicted, consensus.value
    if predicted is None:
        return Verdict.CONFIRMED if value is None else Verdict.ADDED
    if value is None:
        return Verdict.REMOVED
    if predicted.comparison_key == value.comparison_key or (
        field.same and field.same(predicted, value)
    ):
        return Verdict.RELABELLED if field.relabelled else Verdict.CONFIRMED
    return Verdict.CORRECTED
