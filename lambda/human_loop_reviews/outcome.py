"""Outcomes: the JSON about a human loop that ended."""

from __future__ import annotations

import json
from typing import Any, Final

from human_loop_reviews.a2i.event import HumanLoopEvent
from human_loop_reviews.a2i.output import Output
from human_loop_reviews.review.verdicts import FieldReview, Review

SCHEMA_VERSION: Final = "1.0"

# EventBridge accepts 256 KB per entry, including the source, the detail type and the resource.
_MAX_DETAIL_BYTES: Final = 256 * 1024 - 4096

_NO_REVIEW: Final[dict[str, Any]] = {
    "answers": 0,
    "unanswered": True,
    "prediction": "unknown",
    "fields": [],
    "counts": {},
    "agreement": None,
    "reviewerAgreement": None,
    "secondsToFirstAcceptance": None,
    "secondsWorked": [],
}


def describe_outcome(
    loop: HumanLoopEvent, output: Output | None, review: Review | None, *, include_values: bool
) -> dict[str, Any]:
    """Return the outcome of an ended loop, ready for JSON.

    Parameters
    ----------
    loop
        The loop.
    output, review
        Its output and the review of it; None where there is no output.
    include_values
        Whether fields carry the model's and the reviewers' values.

    Returns
    -------
    dict[str, Any]
        An object in the form of docs/outcome.schema.json. Fields beyond EventBridge's limit are
        left out, and ``fieldsLeftOut`` counts them.
    """
    outcome: dict[str, Any] = {
        "schemaVersion": SCHEMA_VERSION,
        "outcomeId": loop.outcome_id,
        "humanLoopArn": loop.human_loop_arn,
        "humanLoopName": loop.human_loop_name,
        "flowDefinitionArn": loop.flow_definition_arn,
        "humanLoopStatus": loop.status.value,
        "creationTime": loop.creation_time_text,
        "endTime": f"{loop.end_time:%Y-%m-%dT%H:%M:%SZ}",
        "failureCode": loop.failure_code,
        "failureReason": loop.failure_reason,
        "outputS3Uri": None if output is None else str(loop.output),
        "layout": None if output is None else output.layout.value,
        "reviewers": 0 if output is None else output.reviewer_count,
        "taskType": None if output is None else output.task_type.value,
    }
    reviewed = (
        _NO_REVIEW if review is None else describe_review(review, include_values=include_values)
    )
    outcome |= {
        **reviewed,
        "turnaroundSeconds": loop.turnaround_seconds,
        "fieldsLeftOut": 0,
    }
    fields = outcome["fields"]
    outcome["fields"] = _fitting(fields, _MAX_DETAIL_BYTES - _size({**outcome, "fields": []}))
    outcome["fieldsLeftOut"] = len(fields) - len(outcome["fields"])
    return outcome


def _fitting(fields: list[dict[str, Any]], room: int) -> list[dict[str, Any]]:
    """Return the leading fields whose JSON has room."""
    for count, field in enumerate(fields):
        room -= _size(field) + 1
        if room < 0:
            return fields[:count]
    return fields


def _size(value: Any) -> int:
    return len(json.dumps(value, separators=(",", ":")))


def describe_review(review: Review, *, include_values: bool) -> dict[str, Any]:
    """Return the part of an outcome about the review, ready for JSON.

    Parameters
    ----------
    review
        The review of the human loop.
    include_values
        Whether fields carry the model's and the reviewers' values.

    Returns
    -------
    dict[str, Any]
        With keys in camel case, as in Amazon A2I's own documents.

    Examples
    --------
    >>> from human_loop_reviews.a2i.output import parse_output
    >>> from human_loop_reviews.review_output import review_output
    >>> output = parse_output('{"humanAnswers": [], "inputContent": {}}', source="output.json")
    >>> describe_review(review_output(output), include_values=False)["unanswered"]
    True
    """
    return {
        "answers": review.answer_count,
        "unanswered": review.unanswered,
        "prediction": "known" if review.prediction_known else "unknown",
        "fields": [_describe_field(field, include_values) for field in review.fields],
        "counts": {verdict.value: count for verdict, count in review.counts.items()},
        "agreement": _rounded(review.agreement),
        "reviewerAgreement": _rounded(review.reviewer_agreement),
        "secondsToFirstAcceptance": review.seconds_to_first_acceptance,
        "secondsWorked": list(review.seconds_worked),
        "turnaroundSeconds": review.turnaround_seconds,
    }


def _describe_field(field: FieldReview, include_values: bool) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": field.name,
        "verdict": field.verdict and field.verdict.value,
        "confidence": field.confidence,
    }
    if field.note:
        described["note"] = field.note.value
    if include_values:
        described["predicted"] = field.predicted
        described["reviewers"] = list(field.answers)
        described["consensus"] = field.consensus
    return described


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)
