"""Rows of a mapping's field: each entry of the predicted and the answered lists, paired."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from human_loop_reviews.mapping import FieldMapping
from human_loop_reviews.outcome_values import Note
from human_loop_reviews.review.canonical_json import canonical_json
from human_loop_reviews.review.field import Field, Vote
from human_loop_reviews.tasks.crowd_elements import read_value
from human_loop_reviews.tasks.found_fields import (
    ABSENT,
    MISSING,
    make_found_field,
    not_compared,
    read_share,
    why_not_compared,
)
from human_loop_reviews.tasks.image_size import ImageSize
from human_loop_reviews.tasks.look_up import LookUp, PathMatch, is_list_of_expressions, look_up

#: The most rows of one field. Reviewers can paste more into a text.
MAX_ROWS: Final = 500

#: A row that is not there.
NO_ROW: Final = LookUp(PathMatch.EMPTY)

# What identifies a row, and how many rows before it have the same key.
_RowKey: TypeAlias = tuple[Any, int]


def map_rows(
    prediction: LookUp,
    answers: Sequence[LookUp],
    mapping: FieldMapping,
    image_size: Callable[[], ImageSize | None],
) -> list[Field]:
    """Return one field per row: the model's rows in their order, then what reviewers added.

    Parameters
    ----------
    prediction, answers
        What the expressions found.
    mapping
        How rows are paired and compared.
    image_size
        Returns the size of the image that the answers have, None without one.

    Raises
    ------
    ExpressionFailedError
        If an expression cannot be evaluated on a row.
    """
    note = why_not_compared(prediction, answers, mapping)
    if note is not None:
        # As a whole: the note is that of the list.
        return [make_found_field(mapping.name, prediction, answers, mapping, None, image_size)]
    if mapping.pairs_by_order_of_keys:
        return [not_compared(mapping.name, len(answers), Note.AMBIGUOUS_ROWS)]
    lists = [each.value for each in (prediction, *answers) if each.value is not None]
    if len({type(rows) is list for rows in lists}) > 1:
        votes = [Vote(read_value(answer.value)) for answer in answers]
        return [Field(mapping.name, votes, read_value(prediction.value), note=Note.NOT_COMPARABLE)]
    shown, *given = [as_rows(each.value) for each in (prediction, *answers)]
    if max(map(len, (shown, *given))) > MAX_ROWS:
        return [not_compared(mapping.name, len(answers), Note.TOO_LARGE)]
    predicted, *keyed = [_by_key(rows, mapping.row_key) for rows in (shown, *given)]
    added = {key for rows in keyed for key in rows} - predicted.keys()
    if len(predicted) + len(added) > MAX_ROWS:
        return [not_compared(mapping.name, len(answers), Note.TOO_LARGE)]
    every_row = [row for rows in (predicted, *keyed) for row in rows.values()]
    if is_nowhere(mapping.row_value, every_row):
        return [not_compared(mapping.name, len(answers), Note.PATH_NOT_FOUND)]
    # Each entry of a list of expressions is an input, which can be absent.
    of_inputs = is_list_of_expressions(mapping.answer_path)
    keys = [*predicted, *sorted(added, key=lambda key: _order(key, keyed))]
    return [
        make_row(
            f"{mapping.name}[{index}]",
            predicted.get(key),
            [
                ABSENT
                if answer.found is PathMatch.NOTHING or (of_inputs and rows.get(key) is None)
                else look_up_row(mapping.row_value, rows.get(key))
                for answer, rows in zip(answers, keyed, strict=True)
            ],
            mapping,
            image_size,
        )
        for index, key in enumerate(keys)
    ]


def make_row(
    name: str,
    predicted: Any,
    answers: Sequence[LookUp],
    mapping: FieldMapping,
    image_size: Callable[[], ImageSize | None],
) -> Field:
    """Return the field of one row.

    Parameters
    ----------
    name
        The field's name.
    predicted
        The predicted row, None without one.
    answers
        What of the row is compared, of each answer.
    mapping
        How rows are compared.
    image_size
        Returns the size of the image that the answers have, None without one.
    """
    confidence = None
    if mapping.confidence is not None and predicted is not None:
        confidence = look_up(mapping.confidence, predicted)
    return make_found_field(
        name,
        look_up_row(mapping.row_value, predicted),
        answers,
        mapping,
        read_share(confidence, mapping),
        image_size,
    )


def as_rows(value: Any) -> list[Any]:
    """Return a list, or a single value as a list of it."""
    if value is None:
        return []
    return value if type(value) is list else [value]


def look_up_row(row_value: str | None, row: Any) -> LookUp:
    """Return what of a row is compared. A row without it has no value."""
    if row is None:
        return NO_ROW
    found = LookUp(PathMatch.VALUE, row) if row_value is None else look_up(row_value, row)
    return NO_ROW if found.found in MISSING else found


def is_nowhere(row_value: str | None, rows: Sequence[Any]) -> bool:
    """Return whether no row has what is compared."""
    if row_value is None or not rows:
        return False
    return all(look_up(row_value, row).found in MISSING for row in rows)


def _by_key(rows: Sequence[Any], row_key: str | None) -> dict[_RowKey, Any]:
    """Return rows by their keys. Of rows with the same key, the first meets the first."""
    if row_key is None:
        return {(index, 0): row for index, row in enumerate(rows)}
    keyed: dict[_RowKey, Any] = {}
    occurrences: dict[Any, int] = {}
    for row in rows:
        read = read_value(look_up(row_key, row).value)
        key = None if read is None else read.comparison_key
        count = occurrences.get(key, 0)
        occurrences[key] = count + 1
        keyed[key, count] = row
    return keyed


def _order(key: _RowKey, keyed: Sequence[Mapping[_RowKey, Any]]) -> tuple[Any, ...]:
    """Return an order of the rows that reviewers added, which does not depend on the reviewers'."""
    if type(key[0]) is int:
        return (key[0], "")
    return (key[1], min([canonical_json(rows[key]) for rows in keyed if key in rows]))
