"""Custom tasks: answers compared with each other, and with the prediction of a mapping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from human_loop_reviews.a2i.activation import Activation
from human_loop_reviews.a2i.validation import Place
from human_loop_reviews.review.canonical_json import canonical_json
from human_loop_reviews.review.field import Field
from human_loop_reviews.tasks.aws_elements import ELEMENTS, compare_element
from human_loop_reviews.tasks.crowd_elements import (
    Limits,
    TooLargeError,
    unpack_json,
    write_name,
)
from human_loop_reviews.tasks.searchable import Content, read_elements
from human_loop_reviews.tasks.value_fields import bound_comparisons, make_field

if TYPE_CHECKING:
    from human_loop_reviews.mapping import FieldMapping, TaskMapping  # most forms need none
    from human_loop_reviews.tasks.task import Task


@dataclass(frozen=True, slots=True)
class MappedPrediction:
    """The prediction of a custom task with a mapping."""

    inputs: Content
    """What the caller passed in."""
    mapping: Sequence[FieldMapping]
    """The fields, with the places of prediction and answer. There is at least one."""


@dataclass(frozen=True, slots=True)
class CustomAnswer:
    """What one reviewer's form gave."""

    content: Content
    """The ``answerContent`` as it is: every form gives something else."""
    source: str
    """What errors call the output."""


class CustomTask:
    """Custom tasks: one field per mapping, or per element of the form without a mapping."""

    def read_prediction(
        self,
        inputs: Mapping[str, Any],
        _place: Place,
        mapping: TaskMapping | Sequence[FieldMapping],
        /,
    ) -> MappedPrediction | None:
        """Return the inputs with the mapping, None without a mapping."""
        fields = mapping if isinstance(mapping, Sequence) else mapping.fields
        return MappedPrediction(inputs, fields) if fields else None

    def read_activation(
        self,
        inputs: Mapping[str, Any],
        _prediction: MappedPrediction | None,
        mapping: TaskMapping | Sequence[FieldMapping],
        /,
    ) -> Activation | None:
        """Return what the owner's mapping says: who starts the loop decides why."""
        if isinstance(mapping, Sequence):
            return None
        # Only a mapping needs this module.
        from human_loop_reviews.tasks.sampling import read_sampling

        return read_sampling(inputs, mapping)

    def read_answer(self, content: dict[str, Any], place: Place, /) -> CustomAnswer:
        """Return the content as it is. It is read when it is compared."""
        return CustomAnswer(content, place.source)

    def order_key(self, answer: CustomAnswer, /) -> str:
        """Return the content with its objects and rows in one order."""
        return canonical_json(answer.content)

    def compare(
        self, prediction: MappedPrediction | None, answers: Sequence[CustomAnswer], /
    ) -> list[Field]:
        """Return one field per mapping, or per element of the form without a mapping."""
        contents, source = [answer.content for answer in answers], answers[0].source
        if prediction is None:
            return compare_answers(contents, source)
        # Only a mapping needs this module.
        from human_loop_reviews.tasks.mapped_fields import compare_mapped

        return compare_mapped(prediction.inputs, contents, prediction.mapping, source)


TASK: Final[Task[MappedPrediction | None, CustomAnswer]] = CustomTask()


def compare_answers(contents: Sequence[Content], source: str) -> list[Field]:
    """Compare the reviewers with each other, for each field of the form.

    No prediction is assumed, because no part of the input is marked as the prediction.

    Parameters
    ----------
    contents
        What each reviewer's form gave.
    source
        What errors call the output.

    Raises
    ------
    UnreadableOutputError
        If the answers are too large.

    Examples
    --------
    >>> fields = compare_answers([{"category": {"label": "Billing"}}], "output.json")
    >>> fields[0].name, fields[0].values[0].display
    ('category', 'Billing')
    """
    fields: list[Field] = []
    elements = set()
    for key in ELEMENTS:
        if any(key in content for content in contents):
            given = [_unpacked(content.get(key)) for content in contents]
            read = compare_element(key, None, given, source)
            if read is not None:
                elements.add(key)
                fields += read
    others = [
        {name: value for name, value in content.items() if name not in elements}
        for content in contents
    ]
    answers = read_elements(others, source)
    paths = sorted({path for answer in answers for path in answer})
    fields += [
        make_field(write_name(path), None, [answer.get(path) for answer in answers])
        for path in paths
    ]
    return bound_comparisons(fields)


def _unpacked(value: Any) -> Any:
    """Return an element's object, also where it is packed in a text."""
    if type(value) is not str:
        return value
    try:
        unpacked = unpack_json(value, Limits())
    except TooLargeError:
        return value
    return value if unpacked is None else unpacked
