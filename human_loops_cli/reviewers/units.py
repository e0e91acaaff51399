"""Units: which reviewer gave what for one field of one human loop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from human_loop_reviews.review.field import COMPARED_IN_PART, NOT_COMPARED, Field
from human_loop_reviews.review.values import Value
from human_loop_reviews.review.verdicts import are_equal, upholds
from human_loops_cli.rows import field_of_row
from human_loops_cli.votes import Votes

#: The label of a vote that upholds the prediction. Other values are 1, 2 and so on.
PREDICTION: Final = 0


class Unit(NamedTuple):
    """One field of one loop, with a prediction that the reviewers were shown."""

    field: str
    """The name of the field, without the number of a row."""
    band: int | None
    """The tens of the model's confidence, None without one."""
    labels: Mapping[str, int]
    """What each reviewer gave, by worker id: `PREDICTION`, or the number of the other value."""

    @property
    def is_contested(self) -> bool:
        """Whether the reviewers gave different values."""
        return len(set(self.labels.values())) > 1

    def others_departed(self, reviewer: str) -> bool:
        """Return whether at least two others reviewed it, and none upheld the prediction."""
        others = [label for each, label in self.labels.items() if each != reviewer]
        return len(others) > 1 and PREDICTION not in others


@dataclass(frozen=True, slots=True)
class ReviewedLoop:
    """What the reviewers of one loop gave."""

    name: str | None
    """The loop's name, None where the output has none."""
    units: Sequence[Unit]
    seconds: Mapping[str, float | None]
    """How long each reviewer worked, by worker id. None where it is not known."""
    unidentified: int
    """How many answers have no worker id. They are left out."""


def read_loop(name: str | None, votes: Votes) -> ReviewedLoop:
    """Return what each reviewer of a loop gave.

    Parameters
    ----------
    name
        The name of the loop.
    votes
        The fields of its output with the votes.
    """
    seconds = {
        answer.worker_id: answer.seconds_spent
        for answer in votes.answers
        if answer.worker_id is not None
    }
    reviewers = [answer.worker_id for answer in votes.answers]
    return ReviewedLoop(
        name=name,
        units=list(_units(votes.fields, reviewers)),
        seconds=seconds,
        unidentified=len(reviewers) - len(seconds),
    )


def is_unit(field: Field) -> bool:
    """Return whether a field has a prediction that was shown, and was compared with all votes."""
    if field.predicted is None or not field.shown:
        return False
    return field.note not in NOT_COMPARED and field.note not in COMPARED_IN_PART


def _units(fields: Sequence[Field], reviewers: Sequence[str | None]) -> Iterator[Unit]:
    for field in filter(is_unit, fields):
        labels = {
            reviewer: label
            for reviewer, label in zip(reviewers, _labels(field), strict=True)
            if reviewer is not None
        }
        if labels:
            band = None if field.confidence is None else int(min(field.confidence, 99) // 10)
            yield Unit(field_of_row(field.name) or field.name, band, labels)


def _labels(field: Field) -> Iterator[int]:
    """Return the number of each vote's value: equal votes have the same."""
    given: list[tuple[str | None, Value | None]] = []
    for vote, value, key in zip(field.votes, field.values, field.moved_keys, strict=True):
        if upholds(field, vote, value):
            yield PREDICTION
            continue
        for number, (other_key, other) in enumerate(given, start=PREDICTION + 1):
            if key == other_key and _same(field, value, other):
                yield number
                break
        else:
            given.append((key, value))
            yield len(given)


def _same(field: Field, one: Value | None, other: Value | None) -> bool:
    if one is None or other is None:
        return one is other
    return are_equal(field, one, other)
