"""Outcomes: what is published and recorded about a human loop that ended.

`Outcome` is the definition of the JSON. docs/outcome.schema.json is generated from it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Final, Literal

from human_loop_reviews.a2i.event import HumanLoopEvent
from human_loop_reviews.a2i.output import Layout, Output
from human_loop_reviews.a2i.task_type import TaskType
from human_loop_reviews.contract import HumanLoopStatus
from human_loop_reviews.review.field import Note
from human_loop_reviews.review.verdicts import NO_REVIEW, FieldReview, Review, Verdict

SCHEMA_VERSION: Final[Literal["1.0"]] = "1.0"

# EventBridge accepts 256 KB per entry, including the source, the detail type and the resource.
_MAX_DETAIL_BYTES: Final = 256 * 1024 - 4096

_OPTIONAL: Final = {"optional": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldValues:
    """What the model predicted and the reviewers gave, in an outcome with values."""

    predicted: Any
    """The model's value. Null for no value."""
    answers: Sequence[Any]
    """Each reviewer's value, in the order of secondsWorked. Null for no value."""
    consensus: Any
    """The value that more than half of the reviewers gave. Null if there is no such value."""
    source: Mapping[str, Any] | None = field(default=None, metadata=_OPTIONAL)
    """Where the prediction stands in the document: page, geometry and block ids, where known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldOutcome:
    """One thing that was compared."""

    name: str
    """The key that more than half of the reviewers gave, or else the model's."""
    predicted_name: str | None = field(default=None, metadata=_OPTIONAL)
    """The model's key, where it is another one than the name."""
    verdict: Verdict | None
    """What more than half of the reviewers made of it. Null without a prediction to compare with,
    or for the reason in note."""
    model_correct: bool | None
    """Whether more than half of the reviewers upheld the prediction. False if more than half did
    not, whatever they gave instead. Null on a tie, without a prediction, and where nothing, or not
    enough, was compared."""
    upheld_share: float | None
    """The share of reviewers who upheld the prediction, 0 to 1. Null without a prediction."""
    reviewer_agreement: float | None
    """The share of pairs of reviewers who gave the same, 0 to 1. Null with fewer than two."""
    confidence: float | None
    """The model's confidence, 0 to 100. For a form it is the confidence of the key's block."""
    value_confidence: float | None = field(default=None, metadata=_OPTIONAL)
    """For a form: the confidence of the value's block, 0 to 100."""
    lowest_word_confidence: float | None = field(default=None, metadata=_OPTIONAL)
    """For a form: the lowest confidence of a word of the key and of the value, 0 to 100."""
    shown: bool | None
    """Whether the reviewers were shown the prediction. What was not shown is in no agreement. Null
    without a prediction."""
    note: Note | None = field(default=None, metadata=_OPTIONAL)
    """Why the field has no verdict, or was compared only in part."""
    values: FieldValues | None = field(default=None, metadata=_OPTIONAL)
    """With values included only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewOutcome:
    """What the output of a human loop says. Empty values, zero or null, without an output."""

    layout: Layout | None
    """Where the output keeps its input."""
    task_type: TaskType | None
    """What the reviewers were asked to do."""
    answer_count: int
    """How many answers the output has."""
    reviewer_count: int
    """How many different reviewers they are from, as far as the output tells them apart."""
    unanswered: bool
    """Whether no reviewer answered, which is neither agreement nor disagreement."""
    prediction_known: bool
    """Whether the output, or the owner's mapping, says what the model predicted."""
    fields: Sequence[FieldOutcome]
    """What was compared."""
    verdict_counts: Mapping[str, int]
    """How many fields have each verdict."""
    fields_judged: int
    """How many shown fields were found correct or wrong."""
    fields_correct: int
    """How many of the judged fields were found correct."""
    agreement: float | None
    """fieldsCorrect divided by fieldsJudged, 0 to 1. Null if no field was judged."""
    reviewer_agreement: float | None
    """The mean of the fields' reviewerAgreement, 0 to 1. Null without any."""
    seconds_to_first_acceptance: float | None
    """From the loop's creation until the first reviewer accepted the task. Null where unknown."""
    seconds_worked: Sequence[float | None]
    """How long each reviewer worked, the first to submit first. Null where unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome(ReviewOutcome):
    """The outcome of one human loop: the detail of the event, and the item in the ledger."""

    schema_version: Literal["1.0"] = SCHEMA_VERSION
    """Readers ignore unknown properties. A new minor version only adds some."""
    outcome_id: str
    """The same whenever the outcome of this loop and status is published again."""
    human_loop_arn: str
    """With creationTime, the identity of the loop."""
    human_loop_name: str
    """The loop's name. It can be used again once the loop is deleted."""
    flow_definition_arn: str
    """The loop's flow definition."""
    human_loop_status: HumanLoopStatus
    """How the loop ended."""
    creation_time: str
    """When the loop was created: ISO 8601, as A2I writes it."""
    end_time: str | None
    """When the loop ended: ISO 8601 in UTC, whole seconds. Null if its event was recovered."""
    turnaround_seconds: float | None
    """From the loop's creation to its end. Null if its event was recovered."""
    failure_code: str | None
    """An open set: ValidationError, Expired, InternalError and others."""
    failure_reason: str | None
    """As A2I gives it. Null if it gave none."""
    output_s3_uri: str | None
    """Where the output was read. Null without an output."""
    fields_left_out: int
    """How many further fields do not fit into an event. The counts include them."""


def describe_outcome(
    loop: HumanLoopEvent, output: Output | None, review: Review | None, *, include_values: bool
) -> dict[str, Any]:
    """Return the outcome of an ended loop, ready for JSON.

    Parameters
    ----------
    loop
        The loop.
    output, review
        Its output and the review of it. None where there is no output.
    include_values
        Whether fields carry the model's and the reviewers' values.

    Returns
    -------
    dict[str, Any]
        An `Outcome`. Fields beyond EventBridge's limit are left out, and counted.
    """
    outcome = _to_json(
        Outcome(
            outcome_id=loop.outcome_id,
            human_loop_arn=loop.human_loop_arn,
            human_loop_name=loop.human_loop_name,
            flow_definition_arn=loop.flow_definition_arn,
            human_loop_status=loop.status,
            creation_time=loop.creation_time_text,
            end_time=None if loop.end_time is None else f"{loop.end_time:%Y-%m-%dT%H:%M:%SZ}",
            turnaround_seconds=loop.turnaround_seconds,
            failure_code=loop.failure_code,
            failure_reason=loop.failure_reason,
            output_s3_uri=None if output is None else str(loop.output),
            fields_left_out=0,
            **_review_outcome(output, review, include_values=include_values),
        )
    )
    described = outcome["fields"]
    outcome["fields"] = _fitting(described, _MAX_DETAIL_BYTES - _size({**outcome, "fields": []}))
    outcome["fieldsLeftOut"] = len(described) - len(outcome["fields"])
    return outcome


def describe_review(output: Output, review: Review, *, include_values: bool) -> dict[str, Any]:
    """Return the part of an outcome that needs no event, ready for JSON.

    Parameters
    ----------
    output, review
        An output and the review of it.
    include_values
        Whether fields carry the model's and the reviewers' values.

    Returns
    -------
    dict[str, Any]
        A `ReviewOutcome`.

    Examples
    --------
    >>> from human_loop_reviews.a2i.output import parse_output
    >>> from human_loop_reviews.review_output import review_output
    >>> output = parse_output('{"humanAnswers": [], "inputContent": {}}', source="output.json")
    >>> describe_review(output, review_output(output), include_values=False)["unanswered"]
    True
    """
    return _to_json(ReviewOutcome(**_review_outcome(output, review, include_values=include_values)))


def _to_json(record: Any) -> dict[str, Any]:
    """Return a record of this module with its names in camel case, as A2I's own documents have."""
    return {
        _camel_case(each.name): _json_value(value)
        for each in fields(record)
        if (value := getattr(record, each.name)) is not None or "optional" not in each.metadata
    }


def _json_value(value: Any) -> Any:
    if is_dataclass(value):
        return _to_json(value)
    if isinstance(value, tuple | list):
        return [_json_value(each) for each in value]
    return value.value if isinstance(value, StrEnum) else value


def _review_outcome(
    output: Output | None, review: Review | None, *, include_values: bool
) -> dict[str, Any]:
    """Return the parameters of a `ReviewOutcome`."""
    review = review or NO_REVIEW
    return {
        "layout": None if output is None else output.layout,
        "task_type": None if output is None else output.task_type,
        "answer_count": review.answer_count,
        "reviewer_count": 0 if output is None else output.reviewer_count,
        "unanswered": review.unanswered,
        "prediction_known": review.prediction_known,
        "fields": [_field_outcome(each, include_values) for each in review.fields],
        "verdict_counts": {each.value: n for each, n in review.verdict_counts.items()},
        "fields_judged": review.fields_judged,
        "fields_correct": review.fields_correct,
        "agreement": _rounded(review.agreement),
        "reviewer_agreement": _rounded(review.reviewer_agreement),
        "seconds_to_first_acceptance": review.seconds_to_first_acceptance,
        "seconds_worked": review.seconds_worked,
    }


def _field_outcome(review: FieldReview, include_values: bool) -> FieldOutcome:
    values = None
    if include_values:
        values = FieldValues(
            predicted=review.predicted,
            answers=review.answers,
            consensus=review.consensus,
            source=review.source or None,
        )
    return FieldOutcome(
        name=review.name,
        predicted_name=review.predicted_name,
        verdict=review.verdict,
        model_correct=review.model_correct,
        upheld_share=_rounded(review.upheld_share),
        reviewer_agreement=_rounded(review.reviewer_agreement),
        confidence=review.confidence,
        shown=review.shown,
        note=review.note,
        values=values,
        **review.details,
    )


@cache
def _camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(each.capitalize() for each in others)


def _fitting(described: list[dict[str, Any]], room: int) -> list[dict[str, Any]]:
    """Return the leading fields whose JSON has room."""
    for count, each in enumerate(described):
        room -= _size(each) + 1
        if room < 0:
            return described[:count]
    return described


def _size(value: Any) -> int:
    return len(json.dumps(value, separators=(",", ":")))


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)
