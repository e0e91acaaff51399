"""A field: one thing compared, with the model's value and each reviewer's vote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from human_loop_reviews.outcome_values import Note
from human_loop_reviews.review.consensus import Same
from human_loop_reviews.review.values import Value

_NOTHING: Mapping[str, Any] = {}


#: The notes of fields that are not compared.
NOT_COMPARED = frozenset(
    {
        Note.MASK,
        Note.OPAQUE,
        Note.MAPPING_FAILED,
        Note.PATH_NOT_FOUND,
        Note.ANSWER_NOT_FOUND,
        Note.PREDICTION_NOT_FOUND,
        Note.NOT_COMPARABLE,
        Note.AMBIGUOUS_ROWS,
        Note.TOO_LARGE,
    }
)

#: The notes of fields that are compared in part.
COMPARED_IN_PART = frozenset({Note.LABEL_AND_COUNT})


class Vote(NamedTuple):
    """One reviewer's vote on a field: a value, and the key under which the reviewer gave it."""

    value: Value | None = None
    """The value, None for no value."""
    key: str | None = None
    """The key, None where reviewers cannot choose one."""
    moved: bool = False
    """Whether the key is another one than the model's, and no alias of it."""


class Field(NamedTuple):
    """One thing compared."""

    name: str
    """The model's name for it, or the reviewers' where the model predicted none."""
    votes: Sequence[Vote]
    """Each reviewer's vote, in one order for all fields. There is at least one reviewer."""
    predicted: Value | None = None
    """The model's value, None for no value."""
    confidence: float | None = None
    """The model's confidence in the field, from 0 to 100."""
    shown: bool = True
    """Whether the reviewers were shown the prediction."""
    same: Same | None = None
    """When two values are the same. Default: when their comparison keys are equal."""
    note: Note | None = None
    """Why the field is compared only in part, or not at all."""
    details: Mapping[str, Any] = _NOTHING
    """What else is known about the prediction, by the names in outcomes: further confidences."""
    source: Mapping[str, Any] = _NOTHING
    """Where the values stand in the document, by the names in outcomes. Only outcomes with values
    contain it."""
    placed: bool = True
    """Whether it is known that the votes are on this field, and not on another one with its name.
    """

    @property
    def values(self) -> list[Value | None]:
        """The votes' values. Empty and no value are the same: what the model predicted, or None."""
        predicted = self.predicted
        empty = predicted if predicted is not None and predicted.is_blank else None
        return [
            empty if vote.value is None or vote.value.is_blank else vote.value
            for vote in self.votes
        ]

    @property
    def moved_keys(self) -> list[str | None]:
        """The key to which each vote moved a value. None for a value in its place, or no value."""
        return [
            vote.key if vote.moved and vote.value is not None and not vote.value.is_blank else None
            for vote in self.votes
        ]
