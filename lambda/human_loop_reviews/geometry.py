"""Boxes and shapes that people draw on an image, and when two drawings are the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from human_loop_reviews.values import BLANK, Kind, Value, fold

#: The least share of the area of two boxes together that they have in common as the same box.
LEAST_OVERLAP: Final = 0.5

#: With more boxes than this, only labels and counts are compared.
MOST_BOXES: Final = 200

# In a larger crowd of boxes over one another, the best pair goes first, then the next best.
_MOST_WEIGHED: Final = 40

# Of two ways to match boxes with the same total overlap, the one that matches more of them.
_TIE_BREAK: Final = 1e-9

_SIDES: Final = ("left", "top", "width", "height")


class Box(NamedTuple):
    """A labelled rectangle."""

    label: str
    left: float
    top: float
    width: float
    height: float


def read_boxes(drawn: Any) -> Value | None:
    """Return a list of bounding boxes as a value, None if it is something else.

    Parameters
    ----------
    drawn
        What ``crowd-bounding-box`` gives under ``boundingBoxes``.

    Examples
    --------
    >>> box = {"height": 4, "label": "dog", "left": 0, "top": 0, "width": 3}
    >>> read_boxes([box]).kind
    <Kind.BOXES: 'boxes'>
    """
    boxes = [(box, entry) for entry in drawn if (box := _read_box(entry)) is not None]
    if len(boxes) < len(drawn):
        return None
    if len(boxes) > MOST_BOXES:
        return _counted([box.label for box, _ in boxes])
    boxes.sort(key=lambda pair: pair[0])
    shown = [{key: entry[key] for key in ("label", *_SIDES)} for _, entry in boxes]
    key = (Kind.BOXES, tuple(box for box, _ in boxes)) if boxes else BLANK
    return Value(Kind.BOXES, key, shown)


def read_shapes(drawn: Any) -> Value | None:
    """Return a list of labelled shapes as the number of each label, None if it is something else.

    Parameters
    ----------
    drawn
        What an element gives under ``polygons``, ``polylines``, ``lines`` or ``keypoints``.

    Examples
    --------
    >>> read_shapes([{"label": "eye", "x": 1, "y": 2}]).shown
    {'eye': 1}
    """
    labels = [entry.get("label") if type(entry) is dict else None for entry in drawn]
    texts = [label for label in labels if type(label) is str]
    return _counted(texts) if len(texts) == len(labels) else None


def same_drawing(one: Value, other: Value) -> bool:
    """Say whether two drawings have the same boxes.

    Boxes match one to one if their labels are equal and they overlap enough (``LEAST_OVERLAP``).
    Of all ways to match them, the one with the largest total overlap counts; the drawings are the
    same if it leaves no box over.
    """
    if one.key == other.key:
        return True
    if one.kind is not Kind.BOXES or other.kind is not Kind.BOXES or BLANK in (one.key, other.key):
        return False
    ours, theirs = one.key[1], other.key[1]
    if Counter(box.label for box in ours) != Counter(box.label for box in theirs):
        return False
    return match_boxes(ours, theirs) == len(ours)


def match_boxes(ours: Sequence[Box], theirs: Sequence[Box]) -> int:
    """Return how many boxes match, one to one, when the largest total overlap is chosen."""
    overlaps = {
        (i, j): overlap
        for i, our in enumerate(ours)
        for j, their in enumerate(theirs)
        if our.label == their.label and (overlap := _overlap(our, their)) >= LEAST_OVERLAP
    }
    return sum(_match_crowd(crowd) for crowd in _crowds(overlaps))


_Overlaps = dict[tuple[int, int], float]


def _read_box(entry: Any) -> Box | None:
    if type(entry) is not dict or type(entry.get("label")) is not str:
        return None
    sides = [_finite(entry.get(side)) for side in _SIDES]
    left, top, width, height = sides
    if left is None or top is None or width is None or height is None:
        return None
    return Box(fold(entry["label"]), left, top, width, height)


def _finite(number: Any) -> float | None:
    if type(number) is not int and type(number) is not float:
        return None
    try:
        side = float(number)
    except OverflowError:
        return None
    return side if abs(side) < 1e100 else None  # so that no area is infinite


def _counted(labels: Sequence[str]) -> Value:
    counts = sorted(Counter(map(fold, labels)).items())
    key = (Kind.SHAPES, tuple(counts)) if counts else BLANK
    return Value(Kind.SHAPES, key, dict(counts))


def _overlap(one: Box, other: Box) -> float:
    """Return intersection over union."""
    if one == other:
        return 1.0
    width = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    height = min(one.top + one.height, other.top + other.height) - max(one.top, other.top)
    if width <= 0 or height <= 0:
        return 0.0
    common = width * height
    together = one.width * one.height + other.width * other.height - common
    return common / together if together > 0 else 0.0


def _crowds(overlaps: _Overlaps) -> Iterator[_Overlaps]:
    """Split into parts that share no box: each can be matched on its own."""
    ours: dict[int, list[int]] = {}
    theirs: dict[int, list[int]] = {}
    for i, j in overlaps:
        ours.setdefault(i, []).append(j)
        theirs.setdefault(j, []).append(i)
    while ours:
        crowd: _Overlaps = {}
        pending = [next(iter(ours))]
        while pending:
            i = pending.pop()
            for j in ours.pop(i, ()):
                crowd[i, j] = overlaps[i, j]
                pending += [near for near in theirs[j] if near in ours]
        yield crowd


def _match_crowd(crowd: _Overlaps) -> int:
    rows = sorted({i for i, _ in crowd})
    columns = sorted({j for _, j in crowd})
    if min(len(rows), len(columns)) == 1:
        return 1
    if max(len(rows), len(columns)) > _MOST_WEIGHED:
        return _match_greedily(crowd)
    return _match_best(crowd, rows, columns)


def _match_greedily(crowd: _Overlaps) -> int:
    rows: set[int] = set()
    columns: set[int] = set()
    for i, j in sorted(crowd, key=lambda pair: (-crowd[pair], pair)):
        if i not in rows and j not in columns:
            rows.add(i)
            columns.add(j)
    return len(rows)


def _match_best(crowd: _Overlaps, rows: Sequence[int], columns: Sequence[int]) -> int:
    """Return how many pairs the assignment of the largest total overlap has.

    The Hungarian method with potentials, on a square of costs in which no overlap costs most.
    """
    size = max(len(rows), len(columns))
    cost = [[0.0] * size for _ in range(size)]
    for y, i in enumerate(rows):
        for x, j in enumerate(columns):
            if (i, j) in crowd:
                cost[y][x] = -crowd[i, j] - _TIE_BREAK
    owner = _assign(cost)
    return sum(cost[y][x] < 0 for x, y in enumerate(owner))


def _assign(cost: Sequence[Sequence[float]]) -> list[int]:
    """Return for each column of a square the row that it goes to, at the least total cost."""
    size = len(cost)
    row_price = [0.0] * size
    column_price = [0.0] * (size + 1)
    owner = [-1] * (size + 1)  # the last column is where the row waits that has none yet
    for row in range(size):
        owner[size], column = row, size
        best, came_from = [float("inf")] * size, [size] * size
        closed: list[int] = []
        while owner[column] != -1:
            closed.append(column)
            here, still_open = owner[column], sorted(set(range(size)).difference(closed))
            for x in still_open:
                price = cost[here][x] - row_price[here] - column_price[x]
                if price < best[x]:
                    best[x], came_from[x] = price, column
            column = min(still_open, key=best.__getitem__)
            step = best[column]
            for x in closed:
                row_price[owner[x]] += step
                column_price[x] -= step
            for x in still_open:
                best[x] -= step
        while column != size:
            owner[column] = owner[came_from[column]]
            column = came_from[column]
    return owner[:size]
