"""Outcomes of loops, as `outcome_schema` defines them: their values, their id and their size."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, cast

from human_loop_reviews.a2i.event import HumanLoopEvent, ObjectLocation
from human_loop_reviews.a2i.output import Output
from human_loop_reviews.disclosure import Disclosure
from human_loop_reviews.outcome_values import SCHEMA_VERSION
from human_loop_reviews.review.natural_order import natural_key
from human_loop_reviews.review.verdicts import NO_REVIEW, FieldReview, Review

if TYPE_CHECKING:  # a cold start does not import the definition
    from human_loop_reviews.outcome_schema import FieldOutcome, LoopOutcome, ReviewOutcome

# EventBridge accepts 256 KB per entry, including the source, the detail type and the resource.
_MAX_DETAIL_BYTES: Final = 256 * 1024 - 4096

_ID_LENGTH: Final = 32

# Two events about the same end of a loop can differ in these, and still say the same. The corrected
# document is made from the review: it adds nothing that could be counted or published once more.
_NOT_IN_ID: Final = frozenset(
    {"correctedDocumentS3Uri", "endTime", "eventSource", "outcomeId", "turnaroundSeconds"}
)


def describe_outcome(
    loop: HumanLoopEvent,
    output: Output | None,
    review: Review | None,
    *,
    disclosure: Disclosure,
    output_error: str | None = None,
    corrected_document: ObjectLocation | None = None,
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
    corrected_document
        Where the corrected document is. None without one.

    Returns
    -------
    dict[str, Any]
        An `Outcome`. Fields beyond EventBridge's limit are left out, and counted.
    """
    reviewed = _review_outcome(output, review, disclosure, loop.flow_definition)
    reviewed["ignoredValues"] += loop.ignored_values
    if output_error is not None:  # what is not known then
        reviewed["answerCount"] = reviewed["reviewerCount"] = None
        reviewed["unanswered"] = reviewed["predictionKnown"] = None
    unread = output is None and output_error is None
    ended: LoopOutcome = {
        "schemaVersion": SCHEMA_VERSION,
        "outcomeId": "0" * _ID_LENGTH,
        "eventSource": loop.source,
        "humanLoopArn": loop.human_loop_arn,
        "humanLoopName": loop.human_loop_name,
        "flowDefinitionArn": loop.flow_definition_arn,
        "humanLoopStatus": loop.status,
        "creationTime": loop.creation_time_text,
        "endTime": _whole_seconds(loop.end_time),
        "turnaroundSeconds": loop.turnaround_seconds,
        "failureCode": loop.failure_code,
        "failureReason": disclosure.failure_reason(loop.failure_reason),
        "outputS3Uri": None if unread else str(loop.output),
        "outputError": output_error,
        "correctedDocumentS3Uri": None if corrected_document is None else str(corrected_document),
        "fieldsLeftOut": 0,
    }
    if loop.verification is not None:
        ended["verification"] = loop.verification
    outcome: dict[str, Any] = {**ended, **reviewed}
    outcome["outcomeId"] = _outcome_id(outcome)
    return fit_into_event(outcome)


def fit_into_event(outcome: dict[str, Any]) -> dict[str, Any]:
    """Leave out the fields of an outcome that do not fit into an event, count and return it."""
    fields = outcome["fields"]
    outcome["fields"] = _fitting(fields, _MAX_DETAIL_BYTES - _size({**outcome, "fields": []}))
    outcome["fieldsLeftOut"] = len(fields) - len(outcome["fields"])
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
    return {**_review_outcome(output, review, disclosure, "")}


def _review_outcome(
    output: Output | None, review: Review | None, disclosure: Disclosure, flow_definition: str
) -> ReviewOutcome:
    review = review or NO_REVIEW
    activation = review.activation
    held = activation and activation.conditions
    fields = [_field_outcome(each, disclosure, flow_definition) for each in review.fields]
    # The place of a hashed name must not reveal it.
    fields.sort(key=lambda each: natural_key(each["name"]))
    return {
        "layout": None if output is None else output.layout,
        "taskType": None if output is None else output.task_type,
        "answerCount": review.answer_count,
        "reviewerCount": 0 if output is None else output.reviewer_count,
        "unanswered": review.unanswered,
        "predictionKnown": review.prediction_known,
        "fields": fields,
        "verdictCounts": review.verdict_counts,
        "fieldsJudged": review.fields_judged,
        "fieldsCorrect": review.fields_correct,
        "fieldsAbsent": review.fields_absent,
        "agreement": _rounded(review.agreement),
        "meanReviewerAgreement": _rounded(review.reviewer_agreement),
        "secondsToFirstAcceptance": review.seconds_to_first_acceptance,
        "secondsWorked": list(review.seconds_worked),
        "sampled": activation and activation.sampled,
        "samplingPercentage": activation and activation.sampling_percentage,
        "activationConditions": None if held is None else [each.properties for each in held],
        "modelVersion": activation and activation.model_version,
        "ignoredValues": 0 if output is None else output.ignored_values,
    }


def _field_outcome(
    review: FieldReview, disclosure: Disclosure, flow_definition: str
) -> FieldOutcome:
    described: FieldOutcome = {
        "name": disclosure.field_name(review.name, flow_definition),
        "verdict": review.verdict,
        "modelCorrect": review.model_correct,
        "upheldShare": _rounded(review.upheld_share),
        "reviewerAgreement": _rounded(review.reviewer_agreement),
        "confidence": review.confidence,
        "shown": review.shown,
    }
    if review.predicted_name is not None:
        described["predictedName"] = disclosure.field_name(review.predicted_name, flow_definition)
    if review.note is not None:
        described["note"] = review.note
    if disclosure.include_values:
        described["values"] = {
            "predicted": review.predicted,
            "answers": list(review.answers),
            "consensus": review.consensus,
        }
        if review.source:
            described["values"]["source"] = dict(review.source)
    details = {name: each for name, each in review.details.items() if each is not None}
    return cast("FieldOutcome", {**described, **details})


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
