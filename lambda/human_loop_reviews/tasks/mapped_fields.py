"""Fields of a mapping: where they are found in an output, and why not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final, TypeVar

from human_loop_reviews.mapping import FieldMapping, InputName
from human_loop_reviews.outcome_values import Note
from human_loop_reviews.review.field import Field
from human_loop_reviews.tasks.aws_elements import compare_element, find_element
from human_loop_reviews.tasks.found_fields import (
    MISSING,
    look_up_answer,
    make_found_field,
    not_compared,
    read_share,
    why_not_compared,
)
from human_loop_reviews.tasks.image_size import ImageSize, find_image_size
from human_loop_reviews.tasks.look_up import ExpressionFailedError, LookUp, look_up
from human_loop_reviews.tasks.searchable import (
    Content,
    SearchableAnswer,
    searchable_answers,
    searchable_inputs,
)
from human_loop_reviews.tasks.value_fields import bound_comparisons

_T = TypeVar("_T")

#: The most values, inner ones included, of one prediction or answer. Comparing objects takes many
#: times the memory of their JSON.
MAX_VALUES_OF_A_FIELD: Final = 50_000


def compare_mapped(
    inputs: Content, contents: Sequence[Content], mapping: Sequence[FieldMapping], source: str
) -> list[Field]:
    """Compare predictions with answers, which the owner's mapping locates.

    Parameters
    ----------
    inputs
        What the caller passed in.
    contents
        What each reviewer's form gave.
    mapping
        The fields to compare.
    source
        What errors call the output.

    Returns
    -------
    list[Field]
        One field per mapping, without those for which neither the model nor a reviewer has a value.

    Raises
    ------
    UnreadableOutputError
        If the answers are too large.

    Examples
    --------
    >>> mapping = FieldMapping(name="Kind", prediction="guess", answer="kind.label")
    >>> answers = [{"kind": {"label": "Billing"}}]
    >>> fields = compare_mapped({"guess": "Other"}, answers, [mapping], "output.json")
    >>> fields[0].predicted.display, fields[0].values[0].display
    ('Other', 'Billing')
    """
    inputs = searchable_inputs(inputs)
    answers = searchable_answers(contents, source)
    image_size = cache(lambda: find_image_size([answer.unfolded for answer in answers]))
    names = [name for entry in mapping if (name := entry.input_name) is not None]
    fields = [
        field
        for entry in mapping
        for field in map_field(inputs, answers, entry, source, image_size, names)
    ]
    return bound_comparisons(
        [field for field in fields if field.note or field.predicted or any(field.values)]
    )


def find_paths(
    inputs: Mapping[str, Any], answers: Sequence[SearchableAnswer], mapping: FieldMapping
) -> tuple[bool, bool]:
    """Return whether an output has a mapping's prediction, and its answer in any of the answers.

    Null is found.
    """
    prediction = _is_found(look_up, mapping.prediction_path, inputs)
    if mapping.input_name is not None:
        from human_loop_reviews.tasks.named_inputs import has_named_input

        return prediction, any(has_named_input(mapping.input_name, each) for each in answers)
    return prediction, any(_is_found(look_up_answer, mapping.answer_path, each) for each in answers)


def map_field(
    inputs: Mapping[str, Any],
    answers: Sequence[SearchableAnswer],
    mapping: FieldMapping,
    source: str,
    image_size: Callable[[], ImageSize | None],
    other_names: Sequence[InputName] = (),
) -> list[Field]:
    """Return the fields of one mapping: usually one, or one per row, pair or label.

    Parameters
    ----------
    inputs
        What the caller passed in.
    answers
        What each reviewer's form gave.
    mapping
        Where prediction and answers are found.
    source
        What errors call the output.
    image_size
        Returns the size of the image that the answers have, None without one.
    other_names
        The names of the inputs of the mapping's other fields.
    """
    try:
        prediction = look_up(mapping.prediction_path, inputs)
        if _is_too_large(prediction.value):
            return [not_compared(mapping.name, len(answers), Note.TOO_LARGE)]
        if mapping.input_name is not None:
            from human_loop_reviews.tasks.named_inputs import map_named_inputs

            return map_named_inputs(
                prediction, answers, mapping.input_name, mapping, image_size, other_names
            )
        given = [look_up_answer(mapping.answer_path, answer) for answer in answers]
        if any(_is_too_large(each.value) for each in given):
            return [not_compared(mapping.name, len(answers), Note.TOO_LARGE)]
        if mapping.rows:
            from human_loop_reviews.tasks.mapped_rows import map_rows

            return map_rows(prediction, given, mapping, image_size)
        confidence = None if mapping.confidence is None else look_up(mapping.confidence, inputs)
    except ExpressionFailedError:
        return [not_compared(mapping.name, len(answers), Note.MAPPING_FAILED)]
    values = [answer.value for answer in given]
    element = find_element([prediction.value, *values])
    if (
        element is not None
        and mapping.answer_values is None
        and why_not_compared(prediction, given, mapping) is None
    ):
        fields = compare_element(
            element, prediction.value, values, source, prefix=f"{mapping.name}."
        )
        if fields is not None:
            return fields
    return [
        make_found_field(
            mapping.name, prediction, given, mapping, read_share(confidence, mapping), image_size
        )
    ]


def _is_found(search: Callable[[str, _T], LookUp], expression: str, place: _T) -> bool:
    try:
        return search(expression, place).found not in MISSING
    except ExpressionFailedError:
        return False


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
