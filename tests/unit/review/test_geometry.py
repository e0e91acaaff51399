"""Boxes: the best total overlap, one to one."""

from __future__ import annotations

import itertools
import random

import pytest
from human_loop_reviews.geometry import (
    LEAST_OVERLAP,
    MOST_BOXES,
    Box,
    match_boxes,
    read_boxes,
    same_drawing,
)
from human_loop_reviews.values import Kind


def at(left: float, label: str = "a", width: float = 10) -> Box:
    return Box(label, left, 0, width, 10)


def share(one: Box, other: Box) -> float:
    common = max(0.0, min(one.left, other.left) + 10 - max(one.left, other.left)) * 10
    return common / (200 - common)


def best_by_hand(ours: list[Box], theirs: list[Box]) -> int:
    """Return the number of matches of the largest total, having tried every way."""
    if len(ours) > len(theirs):
        ours, theirs = theirs, ours
    best = (0.0, 0)
    for chosen in itertools.permutations(theirs, len(ours)):
        shares = [share(one, other) for one, other in zip(ours, chosen, strict=True)]
        good = [overlap for overlap in shares if overlap >= LEAST_OVERLAP]
        best = max(best, (round(sum(good), 6), len(good)))
    return best[1]


@pytest.mark.parametrize(
    ("left", "matches"),
    [(0, 1), (3, 1), (10 / 3 - 1e-9, 1), (3.4, 0), (10, 0), (11, 0)],
)
def test_boxes_match_at_half_of_their_common_area(left: float, matches: int) -> None:
    assert match_boxes([at(0)], [at(left)]) == matches


def test_boxes_of_different_labels_never_match() -> None:
    assert match_boxes([at(0, "a")], [at(0, "b")]) == 0


def test_flat_boxes_match_only_themselves() -> None:
    assert match_boxes([at(0, width=0)], [at(0, width=0)]) == 1
    assert match_boxes([at(0, width=0)], [at(1, width=0)]) == 0


def test_the_best_total_is_chosen_not_the_best_pair() -> None:
    # The middle box overlaps its right neighbour most, but then the left one is left over.
    assert match_boxes([at(0), at(3)], [at(2.9), at(6)]) == 2


def test_matching_agrees_with_trying_every_way() -> None:
    chance = random.Random(7)  # noqa: S311 - not for secrets
    for _ in range(300):
        ours, theirs = (
            [at(chance.randrange(0, 60) / 10) for _ in range(chance.randrange(1, 6))]
            for _ in range(2)
        )
        assert match_boxes(ours, theirs) == best_by_hand(ours, theirs)
        assert match_boxes(theirs, ours) == match_boxes(ours, theirs)


def test_a_crowd_of_boxes_is_matched_in_time() -> None:
    crowd = [at(index / 100) for index in range(MOST_BOXES)]
    assert match_boxes(crowd, crowd[::-1]) == MOST_BOXES


def drawing(count: int, label: str = "a") -> list[dict[str, object]]:
    return [{"label": label, "left": i, "top": 0, "width": 5, "height": 5} for i in range(count)]


def test_too_many_boxes_are_compared_by_label_and_count() -> None:
    many, more = read_boxes(drawing(MOST_BOXES + 1)), read_boxes(drawing(MOST_BOXES))
    assert many is not None
    assert more is not None
    assert (many.kind, more.kind) == (Kind.SHAPES, Kind.BOXES)
    assert not same_drawing(many, more)
    assert same_drawing(many, many)
