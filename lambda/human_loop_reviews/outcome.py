"""Outcomes: what is published and recorded about a human loop that ended.

`Outcome` is the definition of the JSON. docs/outcome.schema.json is generated from it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from hashlib import sha256
from typing import Any, Final, Literal

from human_loop_reviews.a2i.activation import Activation
from human_loop_reviews.a2i.event import EventSource, HumanLoopEvent
from human_loop_reviews.a2i.output import Layout, Output
from human_loop_reviews.a2i.task_type import TaskType
from human_loop_reviews.contract import HumanLoopStatus
from human_loop_reviews.disclosure import Disclosure
from human_loop_reviews.review.field import Note
from human_loop_reviews.review.natural_order import natural_key
from human_loop_reviews.review.verdicts import NO_REVIEW, FieldReview, Review, Verdict

SCHEMA_VERSION: Final[Literal["1.0"]] = "1.0"

# EventBridge accepts 256 KB per entry, including the source, the detail type and the resource.
_MAX_DETAIL_BYTES: Final = 256 * 1024 - 4096

_ID_LENGTH: Final = 32
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
    """The key that more than half of the reviewers gave, or else the model's. At most 200
    characters, or a hash. It can quote the document."""
    predicted_name: str | None = field(default=None, metadata=_OPTIONAL)
    """The model's key, where it is another one than the name. In the same form."""
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
    parts_predicted: int | None = field(default=None, metadata=_OPTIONAL)
    """For labels, spans and lists of objects: how many the model predicted."""
    parts_upheld: int | None = field(default=None, metadata=_OPTIONAL)
    """How many of these more than half of the reviewers gave."""
    parts_added: int | None = field(default=None, metadata=_OPTIONAL)
    """How many others more than half of the reviewers gave."""
    shown: bool | None
    """Whether the reviewers were shown the prediction. What was not shown is in no agreement. Null
    without a prediction."""
    note: Note | None = field(default=None, metadata=_OPTIONAL)
    """Why the field has no verdict, or was compared only in part."""
    prediction_repair: str | None = field(default=None, metadata=_OPTIONAL)
    """With note notComparable: what to append to the mapping's prediction so that it can be
    compared, such as .label, where it is known."""
    absent_answers: int | None = field(default=None, metadata=_OPTIONAL)
    """How many answers lack the field's input while the mapping does not state what that means. It
    is above 0."""
    values: FieldValues | None = field(default=None, metadata=_OPTIONAL)
    """With values included only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewOutcome:
    """What the output of a human loop says. Empty values, zero or null, without an output."""

    layout: Layout | None
    """Where the output keeps its input."""
    task_type: TaskType | None
    """What the reviewers were asked to do."""
    answer_count: int | None
    """How many answers the output has. Null if it cannot be read."""
    reviewer_count: int | None
    """How many different reviewers the output names. Null if the output cannot be read."""
    unanswered: bool | None
    """Whether no reviewer answered, which is neither agreement nor disagreement. Null if the output
    cannot be read."""
    prediction_known: bool | None
    """Whether the output, or the owner's mapping, says what the model predicted. Null if the output
    cannot be read."""
    fields: Sequence[FieldOutcome]
    """What was compared."""
    verdict_counts: Mapping[Verdict, int]
    """How many fields have each verdict."""
    fields_judged: int
    """How many shown fields were found correct or wrong."""
    fields_correct: int
    """How many of the judged fields were found correct."""
    fields_absent: int
    """How many fields have absentAnswers: a reviewer cleared the prediction, or had nothing to
    change, and the mapping does not state which."""
    agreement: float | None
    """fieldsCorrect divided by fieldsJudged, 0 to 1. Null if no field was judged."""
    mean_reviewer_agreement: float | None
    """The mean of the fields' reviewerAgreement, 0 to 1. Null without any."""
    seconds_to_first_acceptance: float | None
    """From the loop's creation until the first reviewer accepted the task. Null where unknown."""
    seconds_worked: Sequence[float | None]
    """How long each reviewer worked, the first to submit first. Pauses are included where the
    output only has the times of acceptance and submission. Null where unknown."""
    sampled: bool | None
    """Whether the loop is one of a random sample of all that the model did: a Sampling condition
    that can start a loop alone held. Null where the output has no activation conditions."""
    sampling_percentage: float | None
    """The percentage of all that the model did that the flow definition samples, whether this loop
    is of the sample or not. Null where unknown."""
    activation_conditions: Sequence[Mapping[str, Any]] | None
    """The activation conditions that held: each with its type, its key (the form's key or the
    label's name), and what it compares, as keyValueBlockConfidenceLessThan. Null where the output
    has no activation conditions."""
    model_version: str | None
    """The version of the model, where the AWS service states it."""
    ignored_values: int
    """How many optional values of the event and the output had an unexpected form. They count as
    absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome(ReviewOutcome):
    """The outcome of one human loop: the detail of the event, and the item in the ledger."""

    schema_version: Literal["1.0"] = SCHEMA_VERSION
    """Readers ignore unknown properties. A new minor version only adds some."""
    outcome_id: str
    """The same whenever this outcome is published again. Another outcome of the same loop, such as
    one of an output that could not be read before, has another id and replaces the earlier one."""
    event_source: EventSource
    """Who said that the loop ended: AWS's event, or A2I's API after an event was sent again."""
    human_loop_arn: str
    """With creationTime, the identity of the loop."""
    human_loop_name: str
    """The loop's name. It can be used again once the loop is deleted."""
    flow_definition_arn: str
    """The loop's flow definition."""
    human_loop_status: HumanLoopStatus
    """How the loop ended."""
    creation_time: str
    """When the loop was created: ISO 8601 in UTC with milliseconds, as A2I writes it."""
    end_time: str | None
    """When the loop ended: ISO 8601 in UTC, whole seconds. Null if its event was recovered."""
    turnaround_seconds: float | None
    """From the loop's creation to its end. Null if its event was recovered."""
    failure_code: str | None
    """An open set: ValidationError, Expired, InternalError and others."""
    failure_reason: str | None
    """As A2I gives it, at most 1,000 characters. It can quote the document. Null if A2I gave none,
    or if reasons are not included."""
    output_s3_uri: str | None
    """Where the output is. Null without an output."""
    output_error: str | None
    """Why the output cannot be read: the place and what was expected there, nothing of its content.
    Such an outcome has no fields. Null if the output was read, and without an output."""
    fields_left_out: int
    """How many further fields do not fit into an event. The counts include them."""
    verification: str | None = field(default=None, metadata=_OPTIONAL)
    """The id of the run of `human-loops verify` that made this loop up. Absent from all outcomes of
    human loops of A2I."""


# Two events about the same end of a loop can differ in these, and still say the same.
_NOT_IN_ID: Final = ("endTime", "eventSource", "outcomeId", "turnaroundSeconds")

# What is not known of an output that cannot be read.
_UNREADABLE: Final = {
    "answer_count": None,
    "reviewer_count": None,
    "unanswered": None,
    "prediction_known": None,
}


def describe_outcome(
    loop: HumanLoopEvent,
    output: Output | None,
    review: Review | None,
    *,
    disclosure: Disclosure,
    output_error: str | None = None,
) -> dict[str, Any]:
    """Return the outcome of an ended loop, ready for JSON.

    Parameters
    ----------
    loop
        The loop.
    output, review
        Its output and the review of it. None where there is no output, or none that can be read.
    disclosure
        What the outcome contains of the document.
    output_error
        Why the output cannot be read. None if it was read, or if there is none.

    Returns
    -------
    dict[str, Any]
        An `Outcome`. Fields beyond EventBridge's limit are left out, and counted.
    """
    reviewed = _review_outcome(output, review, disclosure, loop.flow_definition)
    reviewed["ignored_values"] += loop.ignored_values
    unread = output is None and output_error is None
    outcome = _to_json(
        Outcome(
            outcome_id="0" * _ID_LENGTH,
            event_source=loop.source,
            human_loop_arn=loop.human_loop_arn,
            human_loop_name=loop.human_loop_name,
            flow_definition_arn=loop.flow_definition_arn,
            human_loop_status=loop.status,
            creation_time=loop.creation_time_text,
            end_time=_whole_seconds(loop.end_time),
            turnaround_seconds=loop.turnaround_seconds,
            failure_code=loop.failure_code,
            failure_reason=disclosure.failure_reason(loop.failure_reason),
            output_s3_uri=None if unread else str(loop.output),
            output_error=output_error,
            fields_left_out=0,
            verification=loop.verification,
            **(reviewed if output_error is None else reviewed | _UNREADABLE),
        )
    )
    outcome["outcomeId"] = _outcome_id(outcome)
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
    disclosure = Disclosure(include_values=include_values)
    return _to_json(ReviewOutcome(**_review_outcome(output, review, disclosure, "")))


def properties(record_type: type) -> Iterator[tuple[Field[Any], str]]:
    """Yield the properties of a record of this module in their order, each with its JSON name.

    Names are in camel case, as in A2I's own documents. What a class adds to its base comes first.

    Examples
    --------
    >>> next(name for _, name in properties(Outcome))
    'schemaVersion'
    """
    inherited = {
        each.name for base in record_type.__bases__ if is_dataclass(base) for each in fields(base)
    }
    for each in sorted(fields(record_type), key=lambda each: each.name in inherited):
        first, *others = each.name.split("_")
        yield each, first + "".join(other.capitalize() for other in others)


@cache
def _written(record_type: type) -> tuple[tuple[str, str, bool], ...]:
    """Return each property's attribute, its JSON name, and whether it is left out if it is None."""
    return tuple(
        [(each.name, name, "optional" in each.metadata) for each, name in properties(record_type)]
    )


def _to_json(record: Any) -> dict[str, Any]:
    record_type: type = type(record)
    return {
        name: _json_value(value)
        for attribute, name, optional in _written(record_type)
        if (value := getattr(record, attribute)) is not None or not optional
    }


def _json_value(value: Any) -> Any:
    if is_dataclass(value):
        return _to_json(value)
    if isinstance(value, tuple | list):
        return [_json_value(each) for each in value]
    return value.value if isinstance(value, StrEnum) else value


def _review_outcome(
    output: Output | None, review: Review | None, disclosure: Disclosure, flow_definition: str
) -> dict[str, Any]:
    """Return the parameters of a `ReviewOutcome`."""
    review = review or NO_REVIEW
    activation = review.activation or Activation()
    held = activation.conditions
    described = [_field_outcome(each, disclosure, flow_definition) for each in review.fields]
    # The place of a hashed name must not reveal it.
    described.sort(key=lambda each: natural_key(each.name))
    return {
        "layout": None if output is None else output.layout,
        "task_type": None if output is None else output.task_type,
        "answer_count": review.answer_count,
        "reviewer_count": 0 if output is None else output.reviewer_count,
        "unanswered": review.unanswered,
        "prediction_known": review.prediction_known,
        "fields": described,
        "verdict_counts": {each.value: n for each, n in review.verdict_counts.items()},
        "fields_judged": review.fields_judged,
        "fields_correct": review.fields_correct,
        "fields_absent": review.fields_absent,
        "agreement": _rounded(review.agreement),
        "mean_reviewer_agreement": _rounded(review.reviewer_agreement),
        "seconds_to_first_acceptance": review.seconds_to_first_acceptance,
        "seconds_worked": review.seconds_worked,
        "sampled": activation.sampled,
        "sampling_percentage": activation.sampling_percentage,
        "activation_conditions": None if held is None else [each.properties for each in held],
        "model_version": activation.model_version,
        "ignored_values": 0 if output is None else output.ignored_values,
    }


def _field_outcome(
    review: FieldReview, disclosure: Disclosure, flow_definition: str
) -> FieldOutcome:
    values = None
    if disclosure.include_values:
        values = FieldValues(
            predicted=review.predicted,
            answers=review.answers,
            consensus=review.consensus,
            source=dict(review.source) or None,
        )
    predicted_name = review.predicted_name
    if predicted_name is not None:
        predicted_name = disclosure.field_name(predicted_name, flow_definition)
    return FieldOutcome(
        name=disclosure.field_name(review.name, flow_definition),
        predicted_name=predicted_name,
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


def _outcome_id(outcome: Mapping[str, Any]) -> str:
    identity = {name: part for name, part in outcome.items() if name not in _NOT_IN_ID}
    text = json.dumps(identity, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()[:_ID_LENGTH]


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


def _whole_seconds(time: datetime | None) -> str | None:
    return None if time is None else f"{time.replace(microsecond=0, tzinfo=None).isoformat()}Z"
