"""Rows with an input each: inputs that a template names in a loop, such as ``translation1``.

An input belongs to the row that its name states, never to the row at its place among the inputs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from human_loop_reviews.mapping import FieldMapping, InputName
from human_loop_reviews.outcome_values import Note
from human_loop_reviews.review.field import Field
from human_loop_reviews.review.natural_order import natural_key
from human_loop_reviews.tasks.found_fields import ABSENT, MISSING, not_compared
from human_loop_reviews.tasks.image_size import ImageSize
from human_loop_reviews.tasks.look_up import LookUp, PathMatch, look_up
from human_loop_reviews.tasks.mapped_rows import MAX_ROWS, NO_ROW, is_nowhere, make_row
from human_loop_reviews.tasks.searchable import SearchableAnswer

# Longer numbers are dates or ids.
_MAX_DIGITS: Final = 6

# What identifies a row: its index, or the text of its key.
_RowKey: TypeAlias = int | str


def has_named_input(name: InputName, answer: SearchableAnswer) -> bool:
    """Return whether an answer has an input of a row."""
    return next(_find_inputs(name, answer.written), None) is not None


def map_named_inputs(
    prediction: LookUp,
    answers: Sequence[SearchableAnswer],
    name: InputName,
    mapping: FieldMapping,
    image_size: Callable[[], ImageSize | None],
    other_names: Sequence[InputName],
) -> list[Field]:
    """Return one field per row: the model's in their order, then inputs without a predicted row.

    Parameters
    ----------
    prediction
        What the prediction's expression found.
    answers
        What each reviewer's form gave.
    name
        What the inputs are named.
    mapping
        How rows are compared.
    image_size
        Returns the size of the image that the answers have, None without one.
    other_names
        What the inputs of other fields are named.

    Raises
    ------
    ExpressionFailedError
        If an expression cannot be evaluated on a row.
    """

    def as_a_whole(note: Note) -> list[Field]:
        return [not_compared(mapping.name, len(answers), note)]

    if prediction.found in MISSING:
        return as_a_whole(Note.PREDICTION_NOT_FOUND)
    rows = [] if prediction.value is None else prediction.value
    if type(rows) is not list:
        return as_a_whole(Note.NOT_COMPARABLE)
    if mapping.pairs_by_order_of_keys:
        return as_a_whole(Note.AMBIGUOUS_ROWS)
    if len(rows) > MAX_ROWS:
        return as_a_whole(Note.TOO_LARGE)
    if is_nowhere(mapping.row_value, rows):
        return as_a_whole(Note.PATH_NOT_FOUND)
    keys = _read_keys(rows, name, mapping)
    given = [_read_inputs(name, answer) for answer in answers]
    added = {key for inputs in given for key in inputs} - set(keys)
    added = _without_others(added, name, other_names)
    if len(rows) + len(added) > MAX_ROWS:
        return as_a_whole(Note.TOO_LARGE)
    if _count_differently(name, len(rows), given):
        return as_a_whole(Note.AMBIGUOUS_ROWS)
    counts = Counter(keys)
    fields: list[Field] = []
    for index, key in _places(keys, sorted(added, key=lambda each: natural_key(str(each)))):
        row_name = f"{mapping.name}[{index}]"
        found = [inputs.get(key, ()) for inputs in given if key is not None]
        if key is None:
            fields.append(not_compared(row_name, len(answers), Note.PREDICTION_NOT_FOUND))
        elif counts[key] > 1 or any(len(each) > 1 for each in found):
            fields.append(not_compared(row_name, len(answers), Note.AMBIGUOUS_ROWS))
        else:
            row = rows[index] if index < len(rows) else None
            values = [each[0] if each else ABSENT for each in found]
            fields.append(make_row(row_name, row, values, mapping, image_size))
    return fields


def _read_keys(rows: Sequence[Any], name: InputName, mapping: FieldMapping) -> list[_RowKey | None]:
    """Return what identifies each predicted row. None for a row without a key."""
    if name.placeholder != "{key}":
        return list(range(len(rows)))
    keys = [look_up(mapping.row_key or "@", row).value for row in rows]
    return [str(key) if type(key) in (str, int) and key != "" else None for key in keys]


def _read_inputs(name: InputName, answer: SearchableAnswer) -> Mapping[_RowKey, list[LookUp]]:
    """Return the inputs of rows by what identifies the row. Several have one number: 1 and 01."""
    inputs: dict[_RowKey, list[LookUp]] = {}
    for written, key in _find_inputs(name, answer.written):
        value = answer.unfolded[written]
        found = NO_ROW if value is None else LookUp(PathMatch.VALUE, value)
        inputs.setdefault(key, []).append(found)
    return inputs


def _find_inputs(name: InputName, written: Mapping[str, Any]) -> Iterator[tuple[str, _RowKey]]:
    """Yield the inputs of rows, and what identifies the row of each."""
    length = len(name.prefix) + len(name.suffix)
    for each in written:
        if len(each) <= length or not each.startswith(name.prefix):
            continue
        if not each.endswith(name.suffix):
            continue
        part = each[len(name.prefix) : len(each) - len(name.suffix)]
        if name.placeholder == "{key}":
            yield each, part
        elif part.isascii() and part.isdigit() and len(part) <= _MAX_DIGITS:
            yield each, int(part) - (name.placeholder == "{number}")


def _without_others(
    added: set[_RowKey], name: InputName, other_names: Sequence[InputName]
) -> set[_RowKey]:
    """Return the keys of inputs that belong to this field.

    Where several names fit, as ``text_{key}`` and ``text_new_{key}``, the longer one does. Any
    input fits ``{key}`` alone.
    """
    if name.placeholder != "{key}":
        return added
    length = len(name.prefix) + len(name.suffix)
    if not length:
        return set()
    longer = [each for each in other_names if len(each.prefix) + len(each.suffix) > length]
    names = {f"{name.prefix}{key}{name.suffix}": key for key in added}
    for each in longer:
        for written, _ in list(_find_inputs(each, names)):
            del names[written]
    return set(names.values())


def _count_differently(
    name: InputName, rows: int, given: Sequence[Mapping[_RowKey, list[LookUp]]]
) -> bool:
    """Return whether the inputs count from another number than the mapping states."""
    found = {key for inputs in given for key in inputs}
    if name.placeholder == "{number}":
        return -1 in found
    return name.placeholder == "{index}" and rows > 0 and 0 not in found and rows in found


def _places(
    keys: Sequence[_RowKey | None], added: Sequence[_RowKey]
) -> Iterator[tuple[int, _RowKey | None]]:
    """Yield each row with its index. A number states the index, also where rows are missing."""
    yield from enumerate(keys)
    for index, key in enumerate(added, len(keys)):
        yield (key if isinstance(key, int) else index), key
