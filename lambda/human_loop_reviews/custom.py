"""Custom tasks: reviewers with each other, and with the prediction where the owner says where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from human_loop_reviews.elements import read_button, read_fields, read_value, unfold
from human_loop_reviews.field import Field, Note
from human_loop_reviews.geometry import same_drawing
from human_loop_reviews.mapping import ExpressionFailedError, FieldMapping, search
from human_loop_reviews.poll import Same
from human_loop_reviews.values import BLANK, Kind, Value, alike, close_within, text_value

_Content = Mapping[str, Any]


def compare_answers(contents: Sequence[_Content]) -> list[Field]:
    """Compare reviewers with each other, field by field of the form.

    Nothing says which part of the input was the prediction, so none is assumed.

    Parameters
    ----------
    contents
        What each reviewer's form gave.

    Examples
    --------
    >>> fields = compare_answers([{"category": {"label": "Billing"}}])
    >>> fields[0].name, fields[0].answers[0].shown
    ('category', 'Billing')
    """
    unfolded = [unfold(dict(content)) for content in contents]
    radio = _radio_group(unfolded)
    answers = [
        read_fields({name: value for name, value in content.items() if name not in radio})
        for content in unfolded
    ]
    names = dict.fromkeys(name for answer in answers for name in answer)
    fields = [_field(name, None, [answer.get(name) for answer in answers]) for name in names]
    if radio:
        chosen = [_chosen_button(content, radio) for content in unfolded]
        fields.append(_field(" | ".join(sorted(radio)), None, chosen))
    return fields


def compare_mapped(
    inputs: Mapping[str, Any], contents: Sequence[_Content], mapping: Sequence[FieldMapping]
) -> list[Field]:
    """Compare predictions with reviewers, where the owner's mapping says they stand.

    Parameters
    ----------
    inputs
        What the caller passed in.
    contents
        What each reviewer's form gave.
    mapping
        The fields to compare.

    Returns
    -------
    list[Field]
        One field per mapping, without those of which nobody, nor the model, said anything.

    Examples
    --------
    >>> mapping = FieldMapping("Kind", prediction="guess", answer="kind.label")
    >>> fields = compare_mapped({"guess": "Other"}, [{"kind": {"label": "Billing"}}], [mapping])
    >>> fields[0].predicted.shown, fields[0].answers[0].shown
    ('Other', 'Billing')
    """
    inputs = _searchable(inputs)
    contents = [_searchable(content) for content in contents]
    fields = [_mapped_field(inputs, contents, entry) for entry in mapping]
    return [field for field in fields if field.note or field.predicted or any(field.answers)]


def _searchable(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content unfolded, with its flattened keys still there as they were written."""
    return {**content, **unfold(dict(content))}


def _mapped_field(inputs: _Content, contents: Sequence[_Content], mapping: FieldMapping) -> Field:
    try:
        predicted = read_value(search(mapping.prediction, inputs))
        answers = [read_value(search(mapping.answer, content)) for content in contents]
    except ExpressionFailedError:
        return Field(mapping.name, [None] * len(contents), note=Note.MAPPING_FAILED)
    if predicted is not None and predicted.key == BLANK:
        # A form leaves empty inputs out: nothing is what the reviewer entered.
        answers = [predicted if answer is None else answer for answer in answers]
    return _field(
        mapping.name,
        predicted,
        answers,
        ignore_case=mapping.ignore_case,
        tolerance=mapping.tolerance,
    )


def _field(
    name: str,
    predicted: Value | None,
    answers: Sequence[Value | None],
    *,
    ignore_case: bool = False,
    tolerance: float | None = None,
) -> Field:
    predicted, *answers = alike(
        [predicted, *answers], numeric=tolerance is not None, ignore_case=ignore_case
    )
    kinds = {value.kind for value in (predicted, *answers) if value is not None}
    same: Same | None = None
    if Kind.BOXES in kinds:
        same = same_drawing
    elif Kind.NUMBER in kinds and tolerance is not None:
        same = close_within(tolerance)
    return Field(name, answers, predicted, same=same, note=_note(kinds))


def _note(kinds: set[Kind]) -> Note | None:
    if Kind.MASK in kinds:
        return Note.MASK
    if Kind.OPAQUE in kinds:
        return Note.OPAQUE
    return Note.LABEL_AND_COUNT if Kind.SHAPES in kinds else None


def _radio_group(contents: Sequence[_Content]) -> set[str]:
    """Return the names of the radio buttons of a form, an empty set where it cannot be told.

    A form gives one entry per button, with nothing that holds them together. They are one group if
    every reviewer who has any has all of them, and nobody has more than one chosen.
    """
    entries = [
        {name: button for name, value in content.items() if (button := read_button(value))}
        for content in contents
    ]
    names = set().union(*entries)
    chosen = [sum(on for _, on in buttons.values()) for buttons in entries]
    complete = all(
        names.isdisjoint(content) or names == set(buttons)
        for content, buttons in zip(contents, entries, strict=True)
    )
    return names if len(names) > 1 and complete and max(chosen) == 1 else set()


def _chosen_button(content: _Content, names: set[str]) -> Value | None:
    """Return what the chosen button stands for: its value, or its name if values repeat."""
    buttons = {name: button for name in names if (button := read_button(content.get(name)))}
    values = {value for value, _ in buttons.values()}
    for name, (value, chosen) in buttons.items():
        if chosen:
            return text_value(value if len(values) == len(buttons) else name)
    return None
