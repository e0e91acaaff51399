"""Drawings: boxes are the same if they can be matched completely, one to one."""

from __future__ import annotations

import itertools
import time
from typing import Any

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from human_loop_reviews.review.values import ValueKind
from human_loop_reviews.tasks import value_fields
from human_loop_reviews.tasks.drawings import (
    MAX_BOXES,
    MIN_OVERLAP,
    Box,
    read_boxes,
    same_boxes,
    same_drawing,
)
from tests.unit.documents import custom, fields, review


def at(left: float, label: str = "a", width: float = 10) -> Box:
    return Box(label, left, 0, width, 10)


def nearest_to(box: Box, others: list[Box]) -> Box:
    return min(others, key=lambda other: abs(other.left - box.left))


def matches(one: Box, other: Box) -> bool:
    """Return whether two boxes of width and height 10 match."""
    intersection = max(0.0, min(one.left, other.left) + 10 - max(one.left, other.left)) * 10
    return one.label == other.label and intersection / (200 - intersection) >= MIN_OVERLAP


def same_by_trying_every_matching(boxes: list[Box], others: list[Box]) -> bool:
    return len(boxes) == len(others) and any(
        all(map(matches, boxes, permutation)) for permutation in itertools.permutations(others)
    )


@pytest.mark.parametrize(
    ("left", "same"),
    [(0, True), (3, True), (10 / 3 - 1e-9, True), (3.4, False), (10, False), (11, False)],
)
def test_boxes_match_at_half_of_their_common_area(left: float, same: bool) -> None:
    assert same_boxes([at(0)], [at(left)]) is same


def test_boxes_of_different_labels_never_match() -> None:
    assert not same_boxes([at(0, "a")], [at(0, "b")])


def test_flat_boxes_match_only_themselves() -> None:
    assert same_boxes([at(0, width=0)], [at(0, width=0)])
    assert not same_boxes([at(0, width=0)], [at(1, width=0)])


def test_complete_matching_is_found_where_the_best_pair_first_fails() -> None:
    # The boxes at 3 and 2.9 overlap most, but then those at 0 and 6 are left.
    assert same_boxes([at(0), at(3)], [at(2.9), at(6)])


BOX = st.builds(at, st.integers(0, 60).map(lambda tenths: tenths / 10), st.sampled_from("aab"))
PAIRS = st.lists(st.tuples(BOX, BOX), max_size=6)


@given(PAIRS)
def test_matching_agrees_with_trying_every_matching(pairs: list[tuple[Box, Box]]) -> None:
    boxes, others = [one for one, _ in pairs], [other for _, other in pairs]
    assert same_boxes(boxes, others) is same_by_trying_every_matching(boxes, others)
    assert same_boxes(others, boxes) is same_boxes(boxes, others)


def test_generated_boxes_are_sometimes_the_same_by_more_than_their_order() -> None:
    def found(pairs: list[tuple[Box, Box]]) -> bool:
        boxes, others = [one for one, _ in pairs], [other for _, other in pairs]
        in_order = all(map(matches, boxes, others))
        return len(pairs) > 2 and not in_order and same_boxes(boxes, others)

    find(PAIRS, found, settings=settings(max_examples=5_000, phases=[Phase.generate]))


@pytest.mark.parametrize("count", [2, 41, MAX_BOXES])
def test_chain_of_overlapping_boxes_is_matched_where_greedy_fails(count: int) -> None:
    # Each box is nearest to the other box that the next box to the left can only have.
    boxes = [at(index * 6.0) for index in range(count)]
    others = [at(box.left + 3.1) for box in boxes]
    nearest = {nearest_to(box, others) for box in boxes}
    assert len(nearest) < count
    for rows in (boxes, boxes[::-1]):
        assert same_boxes(rows, others)


def test_boxes_of_which_two_can_only_have_the_same_are_different() -> None:
    assert not same_boxes([at(0), at(0), at(0), at(20)], [at(0), at(20), at(20), at(20)])


def test_most_boxes_are_matched_in_time() -> None:
    boxes = [at(index / 100) for index in range(MAX_BOXES)]
    started = time.process_time()
    assert same_boxes(boxes, boxes[::-1])
    assert time.process_time() - started < 5


def drawing(count: int, label: str = "a") -> list[dict[str, object]]:
    return [{"label": label, "left": i, "top": 0, "width": 5, "height": 5} for i in range(count)]


def test_too_many_boxes_are_compared_by_label_and_count() -> None:
    many, more = read_boxes(drawing(MAX_BOXES + 1)), read_boxes(drawing(MAX_BOXES))
    assert many is not None
    assert more is not None
    assert (many.kind, more.kind) == (ValueKind.SHAPES, ValueKind.BOXES)
    assert not same_drawing(many, more)
    assert same_drawing(many, many)


def layout(count: int, shift: float = 0) -> dict[str, Any]:
    boxes = [
        {"label": "a", "left": i * 20 + shift, "top": 0, "width": 10, "height": 10}
        for i in range(count)
    ]
    return {"boundingBoxes": boxes}


def test_comparisons_of_one_output_are_bounded_the_largest_drawings_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Ten boxes need 100 comparisons, eleven need 121.
    document = custom(
        {"a": layout(10), "b": layout(11), "c": "x"},
        {"a": layout(10, 9), "b": layout(11, 9), "c": "x"},
    )
    for limit, notes in (
        (221, [None, None]),
        (220, [None, "labelAndCount"]),
        (99, ["labelAndCount"] * 2),
    ):
        monkeypatch.setattr(value_fields, "MAX_COMPARISONS", limit)
        got = fields(document)
        assert [got[name].note for name in "ab"] == notes
        assert [got[name].verdict for name in "ab"] == [
            "disputed" if note is None else None for note in notes
        ]
        assert (got["c"].note, got["c"].verdict) == (None, None)


@pytest.mark.full
def test_ten_reviewers_who_draw_most_boxes_are_reviewed_in_time() -> None:
    answers = [
        {f"field{f}": layout(MAX_BOXES, reviewer / 10) for f in range(12)} for reviewer in range(10)
    ]
    started = time.process_time()
    notes = {field.note for field in review(custom(*answers)).fields}
    assert notes == {None, "labelAndCount"}
    assert time.process_time() - started < 20
