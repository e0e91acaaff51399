"""Custom tasks: answers compared with each other, and with the prediction of a mapping."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final, TypeAlias

from human_loop_reviews.a2i.validation import Place
from human_loop_reviews.contract import FieldMapping
from human_loop_reviews.review.consensus import Same
from human_loop_reviews.review.field import Field, Note, Vote
from human_loop_reviews.review.values import (
    Kind,
    Value,
    equal_within,
    text_value,
    to_common_kind,
)
from human_loop_reviews.tasks import Task
from human_loop_reviews.tasks.crowd_elements import read_button, read_fields, read_value, unfold
from human_loop_reviews.tasks.drawings import same_drawing
from human_loop_reviews.tasks.mapping import ExpressionFailedError, search

#: What a form gave, by the names of its elements.
Content: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MappedPrediction:
    """The prediction of a custom task with a mapping.

    Parameters
    ----------
    inputs
        What the caller passed in.
    mapping
        The fields, with the places of prediction and answer. There is at least one.
    """

    inputs: Content
    mapping: Sequence[FieldMapping]


class CustomTask:
    """Custom tasks: one field per mapping, or per element of the form without a mapping."""

    def read_prediction(
        self, inputs: Mapping[str, Any], _place: Place, mapping: Sequence[FieldMapping], /
    ) -> MappedPrediction | None:
        """Return the inputs with the mapping, None without a mapping."""
        return MappedPrediction(inputs, mapping) if mapping else None

    def read_activation(
        self,
        _inputs: Mapping[str, Any],
        _prediction: MappedPrediction | None,
        _mapping: Sequence[FieldMapping],
        /,
    ) -> None:
        """Return None: who starts the loop of a custom task decides why."""

    def read_answer(self, content: dict[str, Any], _place: Place, /) -> Content:
        """Return the content as it is: every form gives something else."""
        return content

    def order_key(self, answer: Content, /) -> str:
        """Return the fields in the order of their names."""
        fields = read_fields(unfold(dict(answer)))
        values = [(name, value.kind, value.display) for name, value in fields.items()]
        return json.dumps(sorted(values, key=itemgetter(0)), sort_keys=True)

    def compare(
        self, prediction: MappedPrediction | None, answers: Sequence[Content], /
    ) -> list[Field]:
        """Return one field per mapping, or per element of the form without a mapping."""
        if prediction is None:
            return compare_answers(answers)
        return compare_mapped(prediction.inputs, answers, prediction.mapping)


TASK: Final[Task[MappedPrediction | None, Content]] = CustomTask()


def compare_answers(contents: Sequence[Content]) -> list[Field]:
    """Compare the reviewers with each other, for each field of the form.

    No prediction is assumed, because no part of the input is marked as the prediction.

    Parameters
    ----------
    contents
        What each reviewer's form gave.

    Examples
    --------
    >>> fields = compare_answers([{"category": {"label": "Billing"}}])
    >>> fields[0].name, fields[0].values[0].display
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
    inputs: Mapping[str, Any], contents: Sequence[Content], mapping: Sequence[FieldMapping]
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

    Returns
    -------
    list[Field]
        One field per mapping, without those for which neither the model nor a reviewer has a value.

    Examples
    --------
    >>> mapping = FieldMapping(name="Kind", prediction="guess", answer="kind.label")
    >>> fields = compare_mapped({"guess": "Other"}, [{"kind": {"label": "Billing"}}], [mapping])
    >>> fields[0].predicted.display, fields[0].values[0].display
    ('Other', 'Billing')
    """
    inputs = _searchable(inputs)
    contents = [_searchable(content) for content in contents]
    fields = [_mapped_field(inputs, contents, entry) for entry in mapping]
    return [field for field in fields if field.note or field.predicted or any(field.values)]


def _searchable(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content unfolded, and its flattened keys also as they were written."""
    return {**content, **unfold(dict(content))}


def _mapped_field(inputs: Content, contents: Sequence[Content], mapping: FieldMapping) -> Field:
    try:
        predicted = read_value(search(mapping.prediction, inputs))
        answers = [read_value(search(mapping.answer, content)) for content in contents]
    except ExpressionFailedError:
        return Field(mapping.name, [Vote()] * len(contents), note=Note.MAPPING_FAILED)
    if predicted is not None and predicted.is_blank:
        # A form leaves empty inputs out: no value is an empty value that the reviewer upheld.
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
    predicted, *answers = to_common_kind(
        [predicted, *answers], numeric=tolerance is not None, ignore_case=ignore_case
    )
    kinds = {value.kind for value in (predicted, *answers) if value is not None}
    same: Same | None = None
    if Kind.BOXES in kinds:
        same = same_drawing
    elif Kind.NUMBER in kinds and tolerance is not None:
        same = equal_within(tolerance)
    votes = [Vote(answer) for answer in answers]
    return Field(name, votes, predicted, same=same, note=_note(kinds))


def _note(kinds: set[Kind]) -> Note | None:
    if Kind.MASK in kinds:
        return Note.MASK
    if Kind.OPAQUE in kinds:
        return Note.OPAQUE
    return Note.LABEL_AND_COUNT if Kind.SHAPES in kinds else None


def _radio_group(contents: Sequence[Content]) -> set[str]:
    """Return the names of the radio buttons of a form, an empty set where they are not known.

    A form gives one entry per button, and nothing groups them. They are one group if
    every reviewer who has any has all of them, and no reviewer has more than one chosen.
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


def _chosen_button(content: Content, names: set[str]) -> Value | None:
    """Return the value of the chosen button, or its name if two buttons have the same value."""
    buttons = {name: button for name in names if (button := read_button(content.get(name)))}
    values = {value for value, _ in buttons.values()}
    for name, (value, chosen) in buttons.items():
        if chosen:
            return text_value(value if len(values) == len(buttons) else name)
    return None
