"""The values that an input gets: one for each place, where the fields of a mapping agree on it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from human_loop_reviews.corrected.custom_part import CHANGES, CustomPart
from human_loop_reviews.corrected.places import Place
from human_loop_reviews.outcome_values import FieldStatus

_CONTRADICTION: Final = "another field of the mapping has its place, and contradicts it"
_OVERLAP: Final = "another field of the mapping contains it, or is a part of it"

_KEEP: Final = object()


def settle_places(parts: Sequence[CustomPart]) -> dict[Place, Any]:
    """Return the new value of each place that does not keep the predicted one.

    A place without a decision becomes null. Parts that contradict each other become disputed.
    """
    groups: dict[Place, list[CustomPart]] = {}
    for part in parts:
        if part.target.place is not None and not part.target.appends:
            groups.setdefault(part.target.place, []).append(part)
    values = {}
    for place, group in groups.items():
        value = _settle(group)
        if value is not _KEEP:
            values[place] = value
    for place, group in groups.items():
        for outer in _outer_places(place):
            if outer in groups and (outer in values or place in values):
                for part in (*groups[outer], *group):
                    part.dispute(_OVERLAP)
                values[outer] = values[place] = None
    return {
        place: value
        for place, value in values.items()
        if not any(outer in values for outer in _outer_places(place))
    }


def _outer_places(place: Place) -> list[Place]:
    return [place[:depth] for depth in range(1, len(place))]


def _settle(group: Sequence[CustomPart]) -> Any:
    """Return the new value of a place from the parts that have it.

    One field can say that the prediction is wrong, and another one what is right.
    """
    if all(part.decision.status is FieldStatus.UPHELD for part in group):
        return _KEEP
    changes = [part for part in group if part.is_written]
    others = [part for part in group if not part.is_written]
    written = {json.dumps(part.decision.value, sort_keys=True) for part in changes}
    if len(written) == 1 and all(part.is_rejected for part in others):
        for part in others:
            part.decision = changes[0].decision
        return changes[0].decision.value
    for part in group:
        if part.decision.status in {*CHANGES, FieldStatus.UPHELD} and part.reason is None:
            part.dispute(_CONTRADICTION)
    return None
