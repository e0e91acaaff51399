"""Outcomes of loops, as `outcome_schema` defines them: their values, their id and their size."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import is_dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from hashlib import sha256
from typing import Any, Final

from human_loop_reviews.a2i.activation import Activation
from human_loop_reviews.a2i.event import HumanLoopEvent
from human_loop_reviews.a2i.output import Output
from human_loop_reviews.disclosure import Disclosure
from human_loop_reviews.outcome_schema import (
    FieldOutcome,
    FieldValues,
    Outcome,
    ReviewOutcome,
    properties,
)
from human_loop_reviews.review.natural_order import natural_key
from human_loop_reviews.review.verdicts import NO_REVIEW, FieldReview, Review

# EventBridge accepts 256 KB per entry, including the source, the detail type and the resource.
_MAX_DETAIL_BYTES: Final = 256 * 1024 - 4096

_ID_LENGTH: Final = 32

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
