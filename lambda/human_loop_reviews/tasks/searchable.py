"""Inputs and answers in the form that expressions and comparisons search: unfolded, and bounded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from human_loop_reviews.a2i.validation import Place
from human_loop_reviews.tasks.crowd_elements import (
    Limits,
    Path,
    TooLargeError,
    read_fields,
    unfold,
)

_T = TypeVar("_T")

#: What a form gave, by the names of its elements.
Content: TypeAlias = Mapping[str, Any]


def read_elements(contents: Sequence[Content], source: str) -> list[dict[Path, Any]]:
    """Return the elements of each answer by their paths.

    Raises
    ------
    UnreadableOutputError
        If the answers are too large.
    """
    return _within_limits(lambda limits: _read_answers(contents, limits), source)


def searchable_inputs(inputs: Content) -> Content:
    """Return the input unfolded, with its flattened keys also as they were written.

    An input that is too large to be unfolded is returned as it is.
    """
    try:
        return {**inputs, **unfold(dict(inputs), Limits())}
    except TooLargeError:
        return inputs


def searchable_answers(contents: Sequence[Content], source: str) -> list[Content]:
    """Return answers unfolded, with their flattened keys also as they were written.

    Raises
    ------
    UnreadableOutputError
        If the answers are too large.
    """
    return _within_limits(
        lambda limits: [{**content, **unfold(dict(content), limits)} for content in contents],
        source,
    )


def _within_limits(read: Callable[[Limits], _T], source: str) -> _T:
    """Read all answers, and if that is too much, without unpacking texts.

    Reviewers can type any text, but not make an output unreadable by it.
    """
    try:
        return read(Limits())
    except TooLargeError:
        pass
    try:
        return read(Limits(packed_characters=0))
    except TooLargeError as error:
        raise Place(source).at("humanAnswers").expected(str(error)) from None


def _read_answers(contents: Sequence[Content], limits: Limits) -> list[dict[Path, Any]]:
    answers = [read_fields(unfold(dict(content), limits)) for content in contents]
    for path in {path for answer in answers for path in answer}:
        limits.use_field(path)
    return answers
