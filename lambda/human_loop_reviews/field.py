"""One thing compared: what the model said of it and what each reviewer said."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from human_loop_reviews.poll import Same
from human_loop_reviews.values import BLANK, Value


class Note(StrEnum):
    """Why a field was compared by less than its whole value, or not at all."""

    #: Shapes count as equal if each label has as many of them; where they lie is not compared.
    LABEL_AND_COUNT = "labelAndCount"
    #: A mask of pixels: never decoded, not compared.
    MASK = "mask"
    #: A value of no known form: carried through, not compared.
    OPAQUE = "opaque"
    #: An expression of the owner's mapping failed on this output: not compared.
    MAPPING_FAILED = "mappingFailed"


class Field(NamedTuple):
    """One thing compared.

    Parameters
    ----------
    name
        What the reviewers call it, or the model where they dropped it.
    answers
        What each reviewer said, None where the reviewer said nothing, in the output's order.
    predicted
        What the model said, None where it said nothing.
    confidence
        How sure the model was, from 0 to 100.
    relabelled
        Whether the reviewers moved the value to another key.
    same
        When two values are the same; by default, when their keys are equal.
    note
        How the comparison falls short.
    """

    name: str
    answers: Sequence[Value | None]
    predicted: Value | None = None
    confidence: float | None = None
    relabelled: bool = False
    same: Same | None = None
    note: Note | None = None


def given(answers: Sequence[Value | None], predicted: Value | None) -> Sequence[Value | None]:
    """Return the answers with None for empty ones, unless the model said that it is empty."""
    if predicted is not None and predicted.key == BLANK:
        return answers
    return [None if answer is None or answer.key == BLANK else answer for answer in answers]
