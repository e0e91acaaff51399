"""The corrected document of image moderation: its labels in the model's order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from human_loop_reviews.a2i.output import Output
from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loop_reviews.corrected.decision import DISPUTED, decide
from human_loop_reviews.corrected.errors import NoCorrectedDocumentError
from human_loop_reviews.outcome_values import FieldStatus
from human_loop_reviews.review.verdicts import FieldReview, Review
from human_loop_reviews.tasks.moderation import Label, Labels, read_labels

if TYPE_CHECKING:
    from human_loop_reviews.corrected_document_schema import CorrectedField


def correct_labels(output: Output, review: Review) -> list[CorrectedField]:
    """Return all labels that the model found, then those that the reviewers added.

    The value of a label is true if the image has it. A label that the reviewers were not shown, and
    did not add, is unreviewed.

    Raises
    ------
    NoCorrectedDocumentError
        If the response cannot be read: labels would be missing without notice.
    """
    found = _read_labels(output)
    predicted = [field for field in review.fields if field.predicted is not None]
    reviewed = {field.name for field in predicted}
    names = {name.rpartition("/")[2] for name in reviewed}
    unreviewed = [
        label.path
        for label in found
        # A label without its parent has it in the review.
        if label.path not in reviewed and not (label.parent is None and label.name in names)
    ]
    order = {label.path: place for place, label in reversed([*enumerate(found)])}
    fields = [_describe(field) for field in predicted]
    fields += [_unreviewed(path) for path in dict.fromkeys(unreviewed)]
    fields.sort(key=lambda each: _place(each["key"], order))
    return fields + [
        _describe(field)
        for field in review.fields
        if field.predicted is None and decide(field) is not None
    ]


def _read_labels(output: Output) -> list[Label]:
    """Return the labels of the response, and those that the reviewers were shown beside it."""
    labels: Labels = {}
    for key in ("aiServiceResponse", "selectedAiServiceResponse"):
        try:
            labels |= read_labels(output.inputs.get(key), output.inputs_place.at(key))
        except UnreadableOutputError as error:
            raise NoCorrectedDocumentError(str(error)) from None
    return list(labels)


def _place(path: str, order: Mapping[str, int]) -> int:
    """Return the place of a label, which the model can have given without its parent."""
    return order.get(path, order.get(path.rpartition("/")[2], len(order)))


def _describe(field: FieldReview) -> CorrectedField:
    decision = decide(field) or DISPUTED
    return {
        "key": field.name,
        "value": decision.value,
        "predicted": field.predicted,
        "status": decision.status,
    }


def _unreviewed(path: str) -> CorrectedField:
    return {"key": path, "value": True, "predicted": True, "status": FieldStatus.UNREVIEWED}
