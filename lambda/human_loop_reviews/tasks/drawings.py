"""Drawings on an image: bounding boxes and other shapes, and when two drawings are the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from human_loop_reviews.review.values import BLANK, Element, Value, ValueKind, fold

#: Two boxes can be the same from this intersection over union.
MIN_OVERLAP: Final = 0.5

#: With more boxes than this, only labels and counts are compared. It bounds the comparisons of two
#: drawings to 40,000.
MAX_BOXES: Final = 200

#: The most comparisons of two boxes in one output: about three seconds. Drawings that need more are
#: compared by label and count, the largest first.
MAX_COMPARISONS: Final = 4_000_000

_SIDES: Final = ("left", "top", "width", "height")
_MAX_SIDE: Final = 1e100  # so that no area is infinite


class Box(NamedTuple):
    """A labelled rectangle."""

    label: str
    left: float
    top: float
    width: float
    height: float


def read_boxes(entries: list[Any]) -> Value | None:
    """Return a list of bounding boxes as a value, None if the list holds anything else.

    Parameters
    ----------
    entries
        What ``crowd-bounding-box`` gives under ``boundingBoxes``.

    Examples
    --------
    >>> box = {"height": 4, "label": "dog", "left": 0, "top": 0, "width": 3}
    >>> read_boxes([box]).kind
    <ValueKind.BOXES: 'boxes'>
    """
    boxes = [(box, entry) for entry in entries if (box := _read_box(entry)) is not None]
    if len(boxes) < len(entries):
        return None
    if len(boxes) > MAX_BOXES:
        return _label_counts([box.label for box, _ in boxes], Element.BOXES)
    boxes.sort(key=lambda pair: pair[0])
    display = [{key: entry[key] for key in ("label", *_SIDES)} for _, entry in boxes]
    comparison_key = (ValueKind.BOXES, tuple([box for box, _ in boxes])) if boxes else BLANK
    return Value(ValueKind.BOXES, comparison_key, display)


def read_shapes(entries: list[Any], shape: Element) -> Value | None:
    """Return labelled shapes as the number of each label, None if the list holds anything else.

    Parameters
    ----------
    entries
        What an element gives under ``polygons``, ``polylines``, ``lines`` or ``keypoints``.
    shape
        Which element.

    Examples
    --------
    >>> read_shapes([{"label": "eye", "x": 1, "y": 2}], Element.KEYPOINTS).display
    {'eye': 1}
    """
    labels = [entry.get("label") if type(entry) is dict else None for entry in entries]
    texts = [label for label in labels if type(label) is str]
    return _label_counts(texts, shape) if len(texts) == len(labels) else None


def count_comparisons(drawings: Sequence[Value | None]) -> int:
    """Return how many comparisons of two boxes the drawings of one field need at most.

    Parameters
    ----------
    drawings
        The values of the model and the reviewers.

    Examples
    --------
    >>> box = {"height": 4, "label": "dog", "left": 0, "top": 0, "width": 3}
    >>> count_comparisons([read_boxes([box, box]), read_boxes([box, box]), None])
    4
    """
    labels = [
        Counter([box.label for box in drawing.comparison_key[1]])
        for drawing in drawings
        if drawing is not None and drawing.kind is ValueKind.BOXES and not drawing.is_blank
    ]
    comparisons = 0
    for index, one in enumerate(labels):
        for other in labels[:index]:
            if one == other:  # otherwise the labels alone say that they differ
                comparisons += sum(count * count for count in one.values())
    return comparisons


def count_labels(drawing: Value | None) -> Value | None:
    """Return a drawing of boxes as the number of each label, and any other value as it is."""
    if drawing is None or drawing.kind is not ValueKind.BOXES or drawing.is_blank:
        return drawing
    return _label_counts([box.label for box in drawing.comparison_key[1]], Element.BOXES)


def same_drawing(one: Value, other: Value) -> bool:
    """Return whether two drawings are the same.

    Boxes are compared by `same_boxes`, other shapes by the number of each label.
    """
    if one.comparison_key == other.comparison_key:
        return True
    if (
        one.kind is not ValueKind.BOXES
        or other.kind is not ValueKind.BOXES
        or one.is_blank
        or other.is_blank
    ):
        return False
    return same_boxes(one.comparison_key[1], other.comparison_key[1])


def same_boxes(boxes: Sequence[Box], others: Sequence[Box]) -> bool:
    """Return whether the boxes can be matched one to one.

    Two boxes match if their labels are equal and their intersection over union is at least
    `MIN_OVERLAP`. The sets are the same if a complete one-to-one matching exists.

    Examples
    --------
    >>> same_boxes([Box("dog", 0, 0, 10, 10)], [Box("dog", 1, 0, 10, 10)])
    True
    """
    if Counter([box.label for box in boxes]) != Counter([other.label for other in others]):
        return False
    by_label: dict[str, list[tuple[int, Box]]] = {}
    for index, other in enumerate(others):
        by_label.setdefault(other.label, []).append((index, other))
    candidates = []
    for box in boxes:
        matching = [
            index for index, other in by_label[box.label] if _overlap(box, other) >= MIN_OVERLAP
        ]
        if not matching:
            return False
        candidates.append(matching)
    return _has_complete_matching(candidates)


def _read_box(entry: Any) -> Box | None:
    if type(entry) is not dict or type(entry.get("label")) is not str:
        return None
    left, top, width, height = [_read_side(entry.get(side)) for side in _SIDES]
    if left is None or top is None or width is None or height is None:
        return None
    return Box(fold(entry["label"]), left, top, width, height)


def _read_side(number: Any) -> float | None:
    if type(number) is not int and type(number) is not float:
        return None
    try:
        side = float(number)
    except OverflowError:
        return None
    return side if abs(side) < _MAX_SIDE else None


def _label_counts(labels: Sequence[str], element: Element) -> Value:
    counts = sorted(Counter(map(fold, labels)).items())
    comparison_key = (ValueKind.SHAPES, tuple(counts)) if counts else BLANK
    return Value(ValueKind.SHAPES, comparison_key, dict(counts), element)


def _overlap(one: Box, other: Box) -> float:
    """Return the intersection over union of two boxes."""
    if one == other:
        return 1.0
    width = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    height = min(one.top + one.height, other.top + other.height) - max(one.top, other.top)
    if width <= 0 or height <= 0:
        return 0.0
    intersection = width * height
    union = one.width * one.height + other.width * other.height - intersection
    return intersection / union if union > 0 else 0.0


def _has_complete_matching(candidates: Sequence[Sequence[int]]) -> bool:
    """Return whether each row can have one of its candidate columns, no column twice.

    Kuhn's algorithm: each row in turn gets a column by an augmenting path, which is found breadth
    first. If one row has no such path, no complete matching exists.
    """
    row_of: dict[int, int] = {}
    column_of: dict[int, int] = {}
    for start in range(len(candidates)):
        reached_from: dict[int, int] = {}
        column = _find_free_column(start, candidates, row_of, reached_from)
        if column is None:
            return False
        while column is not None:  # back along the path: each row changes to the next column
            row = reached_from[column]
            row_of[column] = row
            previous = column_of.get(row)
            column_of[row] = column
            column = previous
    return True


def _find_free_column(
    start: int,
    candidates: Sequence[Sequence[int]],
    row_of: dict[int, int],
    reached_from: dict[int, int],
) -> int | None:
    """Return a free column at the end of a path from a row; note the row before each column."""
    rows = [start]
    for row in rows:  # grows while it is read
        for column in candidates[row]:
            if column not in reached_from:
                reached_from[column] = row
                if column not in row_of:
                    return column
                rows.append(row_of[column])
    return None
