"""Parts of a corrected custom task: a field or a row, its place, and the decision about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from human_loop_reviews.corrected.decision import DISPUTED, Decision, decide
from human_loop_reviews.corrected.json_value import NO_VALUE, in_type_of
from human_loop_reviews.corrected.mapped_places import MappedPlaces, Target
from human_loop_reviews.mapping import FieldMapping
from human_loop_reviews.outcome_values import FieldStatus, Verdict
from human_loop_reviews.review.field import COMPARED_IN_PART, NOT_COMPARED
from human_loop_reviews.review.verdicts import FieldReview

_WRONG_TYPE: Final = (
    "the corrected value cannot be written in the type of the prediction. Objects, lists of "
    "objects, boxes and other drawings are not converted"
)
_ELEMENT: Final = "its prediction and the element of the form have several values"
_SAME_KEY: Final = "several rows have its row_key"
_SHIFTED: Final = (
    "reviewers added or removed rows, and without row_key it is not known which rows remain"
)
_GAP: Final = "a row before it was not added"

#: The decisions by which the input gets another value.
CHANGES: Final = frozenset({FieldStatus.CORRECTED, FieldStatus.ADDED, FieldStatus.REMOVED})


@dataclass(slots=True)
class CustomPart:
    """A field or a row, with its place in the input and the decision about it."""

    key: str
    target: Target
    decision: Decision
    predicted: Any
    is_rejected: bool = False
    """Whether more than half rejected the prediction. Another field at its place can correct it."""
    reason: str | None = None
    """Why the input does not get the decided value."""

    @property
    def is_written(self) -> bool:
        """Whether the input gets another value that the reviewers decided."""
        return self.reason is None and self.decision.status in CHANGES

    def dispute(self, reason: str) -> None:
        """Leave the part without a value."""
        self.decision, self.reason = DISPUTED, reason


def make_part(field: FieldReview, target: Target, mapping: FieldMapping) -> CustomPart | None:
    """Return the part of a reviewed field. None for a value that only a minority added."""
    decision = decide(field)
    if decision is None:
        return None
    predicted = field.predicted if target.place is None else target.predicted
    part = CustomPart(
        field.name, target, decision, predicted, is_rejected=field.verdict is Verdict.REJECTED
    )
    if decision.status is FieldStatus.UPHELD:
        part.decision = decision._replace(value=predicted)
    elif target.place is None:
        part.reason = target.reason
    elif field.note in NOT_COMPARED | COMPARED_IN_PART:
        part.reason = f"it was not compared, or in part only: {field.note}"
    elif decision.value is not None:
        value = in_type_of(target.predicted, decision.value, mapping)
        if value is NO_VALUE:
            part.reason = _WRONG_TYPE
        else:
            part.decision = decision._replace(value=value)
    return part


def make_parts_of_element(fields: Sequence[FieldReview], whole: Target) -> list[CustomPart]:
    """Return the parts of a field that was compared as several: the input gets none of them."""
    parts = []
    for field in fields:
        decision = decide(field)
        if decision is not None:
            is_upheld = decision.status is FieldStatus.UPHELD
            target = Target(None) if is_upheld else whole
            reason = None if is_upheld else _ELEMENT
            parts.append(CustomPart(field.name, target, decision, field.predicted, reason=reason))
    return parts


def dispute_rows_of_one_key(rows: Mapping[int, CustomPart], places: MappedPlaces) -> None:
    """Leave corrections open that can be of any row with the same key."""
    for index, part in rows.items():
        if part.decision.status in CHANGES and places.shares_its_key(index):
            part.dispute(_SAME_KEY)


def dispute_shifted_rows(rows: Mapping[int, CustomPart], places: MappedPlaces) -> None:
    """Leave corrections open that can be those of the next row.

    Of three rows without a key, a reviewer removes the first. Then the values of the second are
    compared with those of the first.
    """
    if not places.pairs_parts_by_position:
        return
    if any(
        part.decision.status is FieldStatus.REMOVED or index >= places.count
        for index, part in rows.items()
    ):
        for part in rows.values():
            if part.decision.status in CHANGES:
                part.dispute(_SHIFTED)


def dispute_added_rows_after_gaps(rows: Mapping[int, CustomPart], places: MappedPlaces) -> None:
    """Leave out added rows that would not be appended at their place."""
    end = places.count
    for index in sorted(rows):
        part = rows[index]
        if part.target.appends and part.is_written:
            if index == end:
                end += 1
            else:
                part.reason = _GAP
