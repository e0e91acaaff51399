"""Fields of values: the prediction and the answers in one kind, and when two of them are equal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from human_loop_reviews.mapping import FieldMapping
from human_loop_reviews.review.consensus import Same
from human_loop_reviews.review.field import Field, Note, Vote
from human_loop_reviews.review.normalization import normalize_values
from human_loop_reviews.review.parts import count_parts
from human_loop_reviews.review.values import Value, ValueKind, equal_within, to_common_kind
from human_loop_reviews.tasks.crowd_elements import is_choice, read_chosen, read_value
from human_loop_reviews.tasks.drawings import (
    MAX_COMPARISONS,
    count_comparisons,
    count_labels,
    same_drawing,
)


def make_field(
    name: str,
    prediction: Any,
    answers: Sequence[Any],
    mapping: FieldMapping | None = None,
    confidence: float | None = None,
) -> Field:
    """Return the field of a prediction and the answers to it.

    Parameters
    ----------
    name
        The field's name.
    prediction
        The model's value as it was found, None for no value.
    answers
        Each reviewer's, in their order.
    mapping
        How the values are compared. Default: as they are.
    confidence
        The model's confidence, from 0 to 100.

    Examples
    --------
    >>> make_field("Kind", "Other", [{"label": "Billing"}]).votes[0].value.display
    'Billing'
    """
    found = [prediction, *answers]
    choices = [value for value in found if is_choice(value)]
    # Boxes that share a name have the same values in every answer, a single one too.
    one_of_several = len({name for choice in choices for name in choice}) > 1
    values = [
        (read_chosen(value) if one_of_several else None) or read_value(value) for value in found
    ]
    tolerance = None if mapping is None else mapping.tolerance
    values = normalize_values(values, () if mapping is None else mapping.normalize)
    predicted, *given = to_common_kind(values, numeric=tolerance is not None)
    if predicted is not None and predicted.is_blank:
        # A form leaves empty inputs out: no value is an empty value that the reviewer upheld.
        given = [predicted if value is None else value for value in given]
    return _with_rules(
        Field(
            name,
            [Vote(value) for value in given],
            predicted,
            confidence=confidence,
            details=count_parts(predicted, given),
        ),
        tolerance,
    )


def bound_comparisons(fields: Sequence[Field]) -> list[Field]:
    """Return fields of which the drawings can be compared in time.

    Parameters
    ----------
    fields
        The fields of one output. The drawings that need the most comparisons are compared by label
        and count, until the others need at most `MAX_COMPARISONS`.
    """
    costs = [
        count_comparisons([field.predicted, *[vote.value for vote in field.votes]])
        if field.same is same_drawing
        else 0
        for field in fields
    ]
    bounded = list(fields)
    left = MAX_COMPARISONS
    for cost, _, index in sorted(
        (cost, fields[index].name, index) for index, cost in enumerate(costs)
    ):
        left -= cost
        if left < 0 < cost:
            bounded[index] = _compared_by_labels(fields[index])
    return bounded


def _compared_by_labels(field: Field) -> Field:
    votes = [vote._replace(value=count_labels(vote.value)) for vote in field.votes]
    predicted = count_labels(field.predicted)
    return _with_rules(field._replace(votes=votes, predicted=predicted, same=None), None)


def _with_rules(field: Field, tolerance: float | None) -> Field:
    """Return a field with when its values are the same, and the reason if they are not compared."""
    values: list[Value | None] = [field.predicted, *[vote.value for vote in field.votes]]
    kinds = {value.kind for value in values if value is not None}
    same: Same | None = None
    if ValueKind.BOXES in kinds:
        same = same_drawing
    elif ValueKind.NUMBER in kinds and tolerance is not None:
        same = equal_within(tolerance)
    return field._replace(same=same, note=_note(kinds))


def _note(kinds: set[ValueKind]) -> Note | None:
    if ValueKind.MASK in kinds:
        return Note.MASK
    if ValueKind.OPAQUE in kinds:
        return Note.OPAQUE
    return Note.LABEL_AND_COUNT if ValueKind.SHAPES in kinds else None
