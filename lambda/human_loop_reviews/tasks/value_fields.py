"""Fields of values: the prediction and the answers in one kind, and when two of them are equal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from human_loop_reviews.mapping import FieldMapping, Judgement
from human_loop_reviews.outcome_values import Note
from human_loop_reviews.review.comparability import is_comparable
from human_loop_reviews.review.consensus import Same
from human_loop_reviews.review.field import Field, Vote
from human_loop_reviews.review.normalization import Rules, normalize_values
from human_loop_reviews.review.parts import count_parts
from human_loop_reviews.review.values import (
    REJECTION,
    Element,
    Value,
    ValueKind,
    equal_within,
    labels_value,
    text_value,
    to_common_kind,
)
from human_loop_reviews.tasks.crowd_elements import is_choice, read_chosen, read_value
from human_loop_reviews.tasks.drawings import (
    MAX_COMPARISONS,
    count_comparisons,
    count_labels,
    same_drawing,
)
from human_loop_reviews.tasks.image_size import ImageSize
from human_loop_reviews.tasks.predictions import read_prediction

# What a judgement is instead of the prediction itself.
_JUDGED: Final = {Judgement.REJECTED: REJECTION}

# Where an object has the label that a choice is compared with.
_LABEL_KEYS: Final = ("label", "Label", "name", "Name", "class", "Class")


def make_field(
    name: str,
    prediction: Any,
    answers: Sequence[Any],
    mapping: FieldMapping | None = None,
    confidence: float | None = None,
    image_size: Callable[[], ImageSize | None] = lambda: None,
) -> Field:
    """Return the field of a prediction and the answers to it.

    Parameters
    ----------
    name
        The field's name.
    prediction
        The model's value as it was found, None for no value.
    answers
        Each reviewer's, in their order, or what it says about the prediction.
    mapping
        How the values are compared. Default: as they are.
    confidence
        The model's confidence, from 0 to 100.
    image_size
        Returns the size of the image that the answers have, None without one.

    Examples
    --------
    >>> make_field("ValueKind", "Other", [{"label": "Billing"}]).votes[0].value.display
    'Billing'
    """
    judgements = [each if isinstance(each, Judgement) else None for each in answers]
    answers = [None if isinstance(each, Judgement) else each for each in answers]
    found = [prediction, *answers]
    choices = [value for value in answers if is_choice(value)]
    # Boxes that share a name have the same values in every answer, a single one too.
    one_of_several = len({name for choice in choices for name in choice}) > 1
    predicted, *given = [
        (read_chosen(value) if one_of_several else None) or read_value(value) for value in found
    ]
    if predicted is not None:
        predicted = read_prediction(predicted, prediction, given, answers, image_size)
    as_read = [predicted, *given]
    predicted, *given = _in_one_kind(as_read, mapping)
    if not _are_comparable(as_read, [predicted, *given]):
        repair = _find_repair(prediction, given)
        return Field(
            name,
            [Vote(value) for value in as_read[1:]],
            as_read[0],
            confidence=confidence,
            note=Note.NOT_COMPARABLE,
            details={} if repair is None else {"predictionRepair": repair},
        )
    if predicted is not None and predicted.is_blank:
        # A form leaves empty inputs out: no value is an empty value that the reviewer upheld.
        given = [predicted if value is None else value for value in given]
    if predicted is not None:
        given = [
            value if judgement is None else _JUDGED.get(judgement, predicted)
            for value, judgement in zip(given, judgements, strict=True)
        ]
    field = Field(
        name,
        [Vote(value) for value in given],
        predicted,
        confidence=confidence,
        details=count_parts(predicted, given),
    )
    if all(answer is None for answer in answers) and any(judgements):
        return field  # reviewers judged the prediction, of whatever kind it is
    return _with_rules(field, None if mapping is None else mapping.tolerance)


def _in_one_kind(
    values: Sequence[Value | None], mapping: FieldMapping | None
) -> list[Value | None]:
    """Return the values of one field as they are compared, the prediction first."""
    rules = Rules.of(mapping)
    predicted = values[0]
    if predicted is not None and predicted.kind is ValueKind.NUMBER:
        values = [_as_single_label(value) for value in values]
    if mapping is not None and mapping.separator is not None:
        values = _split_labels(values, mapping.separator)
    return to_common_kind(normalize_values(values, rules), read_numbers=not rules.number)


def _as_single_label(value: Value | None) -> Value | None:
    """Return a set of one label as its text, which can be a number."""
    if value is None or value.kind is not ValueKind.LABELS or len(value.display) != 1:
        return value
    return text_value(value.display[0])._replace(given_by=value.element)


def _split_labels(values: Sequence[Value | None], separator: str) -> list[Value | None]:
    """Return texts beside a list of labels as lists, if they have the separator."""
    if not any(value is not None and value.kind is ValueKind.LABELS for value in values):
        return list(values)
    return [
        labels_value(label for label in value.display.split(separator) if label.strip())
        if value is not None and value.kind is ValueKind.TEXT and separator in value.display
        else value
        for value in values
    ]


def _are_comparable(as_read: Sequence[Value | None], compared: Sequence[Value | None]) -> bool:
    """Return whether the prediction can be compared with each answer. A form is of one template."""
    predicted, compared_prediction = as_read[0], compared[0]
    if predicted is None or compared_prediction is None or _has_own_note(as_read):
        return True
    return all(
        is_comparable(predicted, answer, (compared_prediction, compared_answer))
        for answer, compared_answer in zip(as_read[1:], compared[1:], strict=True)
        if answer is not None and compared_answer is not None
    )


def _has_own_note(values: Sequence[Value | None]) -> bool:
    return any(
        value is not None and value.kind in (ValueKind.MASK, ValueKind.OPAQUE) for value in values
    )


def _find_repair(prediction: Any, answers: Sequence[Value | None]) -> str | None:
    """Return what to append to the prediction's expression so that it selects a label."""
    if not any(answer is not None and answer.element is Element.CHOICE for answer in answers):
        return None
    is_list = type(prediction) is list
    entries = prediction if is_list else [prediction]
    for key in _LABEL_KEYS:
        if all(type(entry) is dict and type(entry.get(key)) is str for entry in entries):
            return f"[*].{key}" if is_list else f".{key}"
    return None


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
