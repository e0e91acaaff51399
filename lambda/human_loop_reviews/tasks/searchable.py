"""Inputs and answers in the form that expressions and comparisons search: unfolded, and bounded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from human_loop_reviews.a2i.validation import Place
from human_loop_reviews.tasks.crowd_elements import (
    Limits,
    Path,
    TooLargeError,
    read_fields,
    unfold,
)

_T = TypeVar("_T")

# The most entries of flattened lists that reviewers can leave empty, in one output.
_MAX_MISSING_ENTRIES: Final = 50_000

#: What a form gave, by the names of its elements.
Content: TypeAlias = Mapping[str, Any]


class SearchableAnswer(NamedTuple):
    """What one reviewer's form gave, in the form that expressions search."""

    written: Content
    """By the names of the form's inputs."""
    unfolded: Content
    """Unfolded, with flattened keys also as they were written. The entries of a list that have no
    input are null."""


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


def searchable_answers(contents: Sequence[Content], source: str) -> list[SearchableAnswer]:
    """Return answers as they were written, and unfolded.

    Raises
    ------
    UnreadableOutputError
        If the answers are too large.
    """
    return _within_limits(
        lambda limits: [
            SearchableAnswer(content, {**content, **unfold(dict(content), limits)})
            for content in contents
        ],
        source,
        _MAX_MISSING_ENTRIES,
    )


def _within_limits(read: Callable[[Limits], _T], source: str, missing_entries: int = 0) -> _T:
    """Read all answers, and if that is too much, without unpacking texts.

    Reviewers can type any text, but not make an output unreadable by it.
    """
    try:
        return read(Limits(missing_entries=missing_entries))
    except TooLargeError:
        pass
    try:
        return read(Limits(packed_characters=0, missing_entries=missing_entries))
    except TooLargeError as error:
        raise Place(source).at("humanAnswers").expected(str(error)) from None


def _read_answers(contents: Sequence[Content], limits: Limits) -> list[dict[Path, Any]]:
    answers = [read_fields(unfold(dict(content), limits)) for content in contents]
    for path in {path for answer in answers for path in answer}:
        limits.use_field(path)
    return answers
