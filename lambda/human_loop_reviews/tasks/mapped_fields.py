"""Fields of a mapping: where they are found in an output, and why not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from human_loop_reviews.mapping import FieldMapping
from human_loop_reviews.review.canonical_json import canonical_json
from human_loop_reviews.review.field import Field, Note, Vote
from human_loop_reviews.tasks.aws_elements import compare_element, find_element
from human_loop_reviews.tasks.crowd_elements import read_value
from human_loop_reviews.tasks.image_size import ImageSize
from human_loop_reviews.tasks.look_up import ExpressionFailedError, LookUp, PathMatch, look_up
from human_loop_reviews.tasks.value_fields import make_field

#: The most rows of one field. Reviewers can paste more into a text.
MAX_ROWS: Final = 500

#: The most values, inner ones included, of one prediction or answer. Comparing objects takes many
#: times the memory of their JSON.
MAX_VALUES_OF_A_FIELD: Final = 50_000

_MISSING: Final = frozenset({PathMatch.NOTHING, PathMatch.ELEMENT_ONLY})

# What identifies a row, and how many rows before it have the same key.
_RowKey: TypeAlias = tuple[Any, int]


def find_paths(
    inputs: Mapping[str, Any], contents: Sequence[Mapping[str, Any]], mapping: FieldMapping
) -> tuple[bool, bool]:
    """Return whether an output has a mapping's prediction, and its answer in any of the answers.

    Null is found.
    """
    states = [
        {_match(expression, data) for data in places}
        for expression, places in (
            (mapping.prediction_path, [inputs]),
            (mapping.answer_path, contents),
        )
    ]
    prediction, answer = [bool(found & {PathMatch.VALUE, PathMatch.EMPTY}) for found in states]
    return prediction, answer


def map_field(
    inputs: Mapping[str, Any],
    contents: Sequence[Mapping[str, Any]],
    mapping: FieldMapping,
    source: str,
    image_size: Callable[[], ImageSize | None],
) -> list[Field]:
    """Return the fields of one mapping: usually one, or one per row, pair or label.

    Parameters
    ----------
    inputs
        What the caller passed in.
    contents
        What each reviewer's form gave.
    mapping
        Where prediction and answers are found.
    source
        What errors call the output.
    image_size
        Returns the size of the image that the answers have, None without one.
    """
    try:
        prediction = look_up(mapping.prediction_path, inputs)
        answers = [look_up(mapping.answer_path, content) for content in contents]
        note = _why_not_compared(prediction, answers)
        if note is not None:
            return [_not_compared(mapping.name, len(contents), note)]
        if any(_is_too_large(each.value) for each in (prediction, *answers)):
            return [_not_compared(mapping.name, len(contents), Note.TOO_LARGE)]
        if mapping.rows:
            return _map_rows(
                prediction.value, [answer.value for answer in answers], mapping, image_size
            )
        confidence = None if mapping.confidence is None else look_up(mapping.confidence, inputs)
    except ExpressionFailedError:
        return [_not_compared(mapping.name, len(contents), Note.MAPPING_FAILED)]
    values = [answer.value for answer in answers]
    element = find_element([prediction.value, *values])
    if element is not None:
        fields = compare_element(
            element, prediction.value, values, source, prefix=f"{mapping.name}."
        )
        if fields is not None:
            return fields
    return [
        make_field(
            mapping.name,
            prediction.value,
            values,
            mapping,
            _share(confidence, mapping),
            image_size,
        )
    ]


def _why_not_compared(prediction: LookUp, answers: Sequence[LookUp]) -> Note | None:
    """Return why a field is not compared: a path that finds nothing is not an answer."""
    found = {answer.found for answer in answers}
    if PathMatch.ELEMENT_ONLY in found:
        return Note.PATH_NOT_FOUND
    if prediction.found in _MISSING:
        return Note.PREDICTION_NOT_FOUND
    if found == {PathMatch.NOTHING} and prediction.found is PathMatch.VALUE:
        return Note.ANSWER_NOT_FOUND
    return None


def _is_too_large(value: Any) -> bool:
    """Return whether a value has more inner values than are compared."""
    pending, count = [value], 1
    while pending:
        inner = pending.pop()
        if type(inner) is dict:
            inner = list(inner.values())
        if type(inner) is list:
            count += len(inner)
            if count > MAX_VALUES_OF_A_FIELD:
                return True
            pending += inner
    return False


def _not_compared(name: str, answers: int, note: Note) -> Field:
    return Field(name, [Vote()] * answers, note=note)


def _map_rows(
    prediction: Any,
    answers: Sequence[Any],
    mapping: FieldMapping,
    image_size: Callable[[], ImageSize | None],
) -> list[Field]:
    """Return one field per row: the model's rows in their order, then what reviewers added."""
    if len({type(rows) is list for rows in (prediction, *answers) if rows is not None}) > 1:
        votes = [Vote(read_value(answer)) for answer in answers]
        return [Field(mapping.name, votes, read_value(prediction), note=Note.NOT_COMPARABLE)]
    shown, *given = [_as_rows(rows) for rows in (prediction, *answers)]
    if max(map(len, (shown, *given))) > MAX_ROWS:
        return [_not_compared(mapping.name, len(answers), Note.TOO_LARGE)]
    predicted, *keyed = [_by_key(rows, mapping.row_key) for rows in (shown, *given)]
    added = {key for rows in keyed for key in rows} - predicted.keys()
    if len(predicted) + len(added) > MAX_ROWS:
        return [_not_compared(mapping.name, len(answers), Note.TOO_LARGE)]
    keys = [*predicted, *sorted(added, key=lambda key: _order(key, keyed))]
    if all(
        look_up(mapping.row_value or "@", row).found in _MISSING
        for rows in (predicted, *keyed)
        for row in rows.values()
    ) and (predicted or any(keyed)):
        return [_not_compared(mapping.name, len(answers), Note.PATH_NOT_FOUND)]
    return [
        make_field(
            f"{mapping.name}[{index}]",
            _look_up_row(mapping.row_value, predicted.get(key)),
            [_look_up_row(mapping.row_value, rows.get(key)) for rows in keyed],
            mapping,
            _share(
                look_up(mapping.confidence, predicted[key])
                if mapping.confidence is not None and key in predicted
                else None,
                mapping,
            ),
            image_size,
        )
        for index, key in enumerate(keys)
    ]


def _as_rows(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if type(value) is list else [value]


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


def _look_up_row(row_value: str | None, row: Any) -> Any:
    return row if row_value is None or row is None else look_up(row_value, row).value


def _share(confidence: LookUp | None, mapping: FieldMapping) -> float | None:
    """Return a confidence from 0 to 100, None if it is none."""
    highest = mapping.confidence_max
    number = read_number_up_to(None if confidence is None else confidence.value, highest)
    return None if number is None else round(number * 100 / highest, 6)


def read_number_up_to(value: Any, highest: float) -> float | None:
    """Return a number from 0 to the highest one, None for anything else."""
    if type(value) is not int and type(value) is not float:
        return None
    return float(value) if 0 <= value <= highest else None


def _match(expression: str, data: Mapping[str, Any]) -> PathMatch:
    try:
        return look_up(expression, data).found
    except ExpressionFailedError:
        return PathMatch.NOTHING
