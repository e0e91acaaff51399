"""The elements of the built-in tasks in other forms: a Textract form, or Rekognition's labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from human_loop_reviews.a2i.task_type import FORMS, MODERATION
from human_loop_reviews.a2i.validation import Place, UnreadableOutputError
from human_loop_reviews.outcome_values import TaskType
from human_loop_reviews.review.field import Field
from human_loop_reviews.tasks import task_of
from human_loop_reviews.tasks.aws_responses import in_camel_case

#: The task types of the elements, by their keys in ``answerContent``.
ELEMENTS: Final[Mapping[str, TaskType]] = {
    FORMS: TaskType.TEXTRACT_FORMS,
    MODERATION: TaskType.REKOGNITION_MODERATION,
}

_LABEL_LISTS: Final = ("moderationLabels", "ModerationLabels")
_BLOCK_LISTS: Final = ("blocks", "Blocks")


def find_element(values: Sequence[Any]) -> str | None:
    """Return the key of the element that values are of, None if they are of no such element.

    Parameters
    ----------
    values
        The prediction and the answers, None where there is none.

    Examples
    --------
    >>> find_element([{"moderationLabels": [{"name": "Violence", "parentName": ""}]}, []])
    'AWS/Rekognition/DetectModerationLabels/Image/V3'
    """
    for value in values:
        if type(value) is not dict:
            continue
        if any(type(value.get(name)) is list for name in _LABEL_LISTS):
            return MODERATION
        for name in _BLOCK_LISTS:
            blocks = value.get(name)
            if type(blocks) is list and blocks and _is_block(blocks[0]):
                return FORMS
    return None


def compare_element(
    key: str, prediction: Any, answers: Sequence[Any], source: str, *, prefix: str = ""
) -> list[Field] | None:
    """Compare an element by the rules of its built-in task.

    Parameters
    ----------
    key
        The element's key.
    prediction
        What the reviewers were shown: the element's object, or its list alone. None for nothing.
    answers
        What each reviewer gave, as it is in the answer.
    source
        What errors call the output.
    prefix
        What the fields' names begin with.

    Returns
    -------
    list[Field] | None
        One field per pair or label. None if a part is not in the form of the element.
    """
    task = task_of(ELEMENTS[key])
    place = Place(source)
    try:
        shown = task.read_prediction(
            {"selectedAiServiceResponse": _as_object(key, prediction)}, place, ()
        )
        read = [task.read_answer({key: _as_object(key, answer)}, place) for answer in answers]
    except UnreadableOutputError:
        return None
    fields = task.compare(shown, read)
    return [_prefixed(field, prefix) for field in fields] if prefix else fields


def _as_object(key: str, value: Any) -> Any:
    """Return an element's object in camelCase, also where its list stands alone."""
    camel, pascal = _BLOCK_LISTS if key == FORMS else _LABEL_LISTS
    if type(value) is list:
        return {camel: _entries_in_camel_case(value)}
    if type(value) is not dict or camel in value or type(value.get(pascal)) is not list:
        return value
    return {camel: _entries_in_camel_case(value[pascal])}


def _entries_in_camel_case(entries: list[Any]) -> list[Any]:
    first = entries[0] if entries else None
    is_pascal = type(first) is dict and any(key[:1].isupper() for key in first)
    return [in_camel_case(entry) for entry in entries] if is_pascal else entries


def _is_block(value: Any) -> bool:
    return type(value) is dict and ("blockType" in value or "BlockType" in value)


def _prefixed(field: Field, prefix: str) -> Field:
    votes = [
        vote if vote.key is None else vote._replace(key=prefix + vote.key) for vote in field.votes
    ]
    return field._replace(name=prefix + field.name, votes=votes)
