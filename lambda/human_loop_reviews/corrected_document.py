"""The corrected document: the prediction of a human loop with the reviewers' corrections applied.

A pipeline goes on with it where it would have gone on with the prediction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from human_loop_reviews.a2i.output import Output
from human_loop_reviews.a2i.strict_json import garbage_collector_paused
from human_loop_reviews.corrected.errors import NoCorrectedDocumentError
from human_loop_reviews.outcome_values import SCHEMA_VERSION, FieldStatus, TaskType
from human_loop_reviews.review.verdicts import Review

if TYPE_CHECKING:
    from human_loop_reviews.corrected_document_schema import (
        CorrectedDocument,
        CorrectedField,
        NotApplied,
    )
    from human_loop_reviews.mapping import FieldMapping, TaskMapping


def correct_document(
    output: Output, review: Review, *, mapping: TaskMapping | Sequence[FieldMapping] = ()
) -> dict[str, Any]:
    """Return the corrected document of a human loop, ready for JSON.

    The same output gives the same document whatever the order of its answers. Values are the
    model's, or were given by more than half of the reviewers. There is no value where these
    rejected the prediction without a common value, and on a tie.

    Parameters
    ----------
    output, review
        An output and the review of it. Without answers, everything is unreviewed.
    mapping
        Where a custom task's predictions and answers are found, as for the review. Built-in tasks
        need none.

    Returns
    -------
    dict[str, Any]
        A `CorrectedDocument`.

    Raises
    ------
    NoCorrectedDocumentError
        If the task has no prediction that can be corrected, or if it cannot be read as a whole.

    Examples
    --------
    >>> from human_loop_reviews.a2i.output import parse_output
    >>> from human_loop_reviews.review_output import review_output
    >>> output = parse_output(
    ...     '{"awsManagedHumanLoopRequestSource":'
    ...     ' "AWS/Rekognition/DetectModerationLabels/Image/V3",'
    ...     ' "humanAnswers": [{"answerContent": {}}], "inputContent": {'
    ...     ' "selectedAiServiceResponse": {"moderationLabels": [{"name": "Violence"}]}}}',
    ...     source="output.json",
    ... )
    >>> correct_document(output, review_output(output))["fields"][0]["status"]
    <FieldStatus.REMOVED: 'removed'>
    """
    with garbage_collector_paused(output.size):
        corrected = _correct(output, review, mapping)
    is_disputed = any(each["status"] is FieldStatus.DISPUTED for each in corrected.fields)
    document: CorrectedDocument = {
        "schemaVersion": SCHEMA_VERSION,
        "humanLoopName": output.human_loop_name,
        "flowDefinitionArn": output.flow_definition_arn,
        "taskType": output.task_type,
        "answerCount": review.answer_count,
        "complete": not review.unanswered and not is_disputed and not corrected.not_applied,
        "fields": corrected.fields,
    }
    if corrected.content is not None:
        document["document"] = corrected.content
        document["notApplied"] = corrected.not_applied
    return cast("dict[str, Any]", document)


class _Corrected(NamedTuple):
    """What differs between task types."""

    fields: Sequence[CorrectedField]
    content: Mapping[str, Any] | None = None
    not_applied: Sequence[NotApplied] = ()


def _correct(
    output: Output, review: Review, mapping: TaskMapping | Sequence[FieldMapping]
) -> _Corrected:
    """Return what differs between task types, each of which has its module."""
    if output.task_type is TaskType.TEXTRACT_FORMS:
        from human_loop_reviews.corrected.form_document import correct_form

        return _Corrected(correct_form(output, review))
    if output.task_type is TaskType.REKOGNITION_MODERATION:
        from human_loop_reviews.corrected.label_document import correct_labels

        return _Corrected(correct_labels(output, review))
    fields = mapping if isinstance(mapping, Sequence) else mapping.fields
    if not fields:
        raise NoCorrectedDocumentError(
            "a custom task has a corrected document only with a mapping, which says where the "
            "prediction is"
        )
    from human_loop_reviews.corrected.custom_document import correct_inputs

    return _Corrected(*correct_inputs(output, review, fields))
