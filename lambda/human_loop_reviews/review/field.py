"""A field: one thing compared, with the model's value and each reviewer's value."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from human_loop_reviews.review.consensus import Same
from human_loop_reviews.review.values import Value


class Note(StrEnum):
    """Why a field was compared only in part, or not at all."""

    #: Shapes are equal if each label has the same number of them. Positions are not compared.
    LABEL_AND_COUNT = "labelAndCount"
    #: A mask of pixels. It is neither decoded nor compared.
    MASK = "mask"
    #: A value of no known form. It is not compared.
    OPAQUE = "opaque"
    #: An expression of the owner's mapping failed on this output. The field is not compared.
    MAPPING_FAILED = "mappingFailed"


class Field(NamedTuple):
    """One thing compared.

    Parameters
    ----------
    name
        The reviewers' name for it, or the model's where the reviewers removed it.
    answers
        Each reviewer's value, None for no value, in one order for all fields.
    predicted
        The model's value, None for no value.
    confidence
        The model's confidence, from 0 to 100.
    relabelled
        Whether the reviewers moved the value to another key.
    same
        When two values are the same; by default, when their comparison keys are equal.
    note
        Why the field was compared only in part, or not at all.
    """

    name: str
    answers: Sequence[Value | None]
    predicted: Value | None = None
    confidence: float | None = None
    relabelled: bool = False
    same: Same | None = None
    note: Note | None = None

    @property
    def votes(self) -> Sequence[Value | None]:
        """The answers with None for empty values, unless the model predicted an empty value."""
        if self.predicted is not None and self.predicted.is_blank:
            return self.answers
        return [None if answer is None or answer.is_blank else answer for answer in self.answers]
