"""How often predictions are correct, by the model's confidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from human_loop_tables.queries import FIELD_BANDS
from human_loops_cli.report.figures import FEW, Share

#: Where the bands of confidence begin and end, in points. Models are often confident: the bands
#: are narrower near 100. The last one includes 100.
EDGES: Final = (*range(0, 91, 10), 95, 98, 100)

#: The bands of a closer look at where most predictions are.
CLOSE_EDGES: Final = tuple(range(90, 101))

#: Each whole number by itself, to see where predictions lie.
POINT_EDGES: Final = tuple(range(101))

#: The bands of a field.
FIELD_EDGES: Final = (*FIELD_BANDS, 100)


@dataclass(frozen=True, slots=True)
class Band:
    """A band of confidence.

    Parameters
    ----------
    low, high
        Where it begins and ends, in points. Only the last one includes its end.
    correct
        The share of its predictions that were found correct.
    confidence_millionths
        The sum of their confidences, in millionths of a point.
    """

    low: int
    high: int
    correct: Share
    confidence_millionths: int

    @property
    def mean_confidence(self) -> float:
        """The mean of its confidences, in points."""
        return self.confidence_millionths / self.correct.of / 1_000_000

    @property
    def text(self) -> str:
        """Its limits."""
        return f"{self.low} to {'' if self.high == EDGES[-1] else 'below '}{self.high}"

    def merged_with(self, other: Band) -> Band:
        """Return one band of two neighbours."""
        return Band(
            min(self.low, other.low),
            max(self.high, other.high),
            Share(self.correct.part + other.correct.part, self.correct.of + other.correct.of),
            self.confidence_millionths + other.confidence_millionths,
        )


def bands(
    points: Iterable[Mapping[str, Any]], edges: Sequence[int] = EDGES, *, by: str = "point"
) -> list[Band]:
    r"""Return the bands of confidence, none of them thin unless all predictions are few.

    A band with fewer than 30 predictions is merged with the one above it, and if there is none,
    with the one below it.

    Parameters
    ----------
    points
        Rows of the query `calibration` or `field_calibration`, of one flow definition or field and
        one kind of loop.
    edges
        Where bands begin, and where the last one ends.
    by
        The column with the confidence.

    Examples
    --------
    >>> point = {"correct": 20, "confidence_millionths": 25 * 91_500_000}
    >>> [(b.low, b.high, b.correct.text) for b in bands([
    ...     point | {"point": 91, "judged": 25},
    ...     point | {"point": 96, "judged": 25},
    ...     point | {"point": 99, "judged": 25}])]
    [(90, 100, '80\xa0% of 75')]
    """
    merged: list[Band] = []
    for band in unmerged(list(points), edges, by):
        if merged and merged[-1].correct.few:
            band = merged.pop().merged_with(band)
        merged.append(band)
    if len(merged) > 1 and merged[-1].correct.few:
        last = merged.pop()
        merged.append(merged.pop().merged_with(last))
    return merged


def outside(points: Iterable[Mapping[str, Any]]) -> int:
    """Return how many predictions have a confidence that is not within 0 to 100."""
    return sum(int(row["judged"]) for row in points if not 0 <= row["point"] <= 100)


def unmerged(
    points: Sequence[Mapping[str, Any]], edges: Sequence[int] = EDGES, by: str = "point"
) -> list[Band]:
    """Return the bands of confidence that have a prediction, as `bands` before it merges them."""
    found = []
    for low, high in pairwise(edges):
        rows = [row for row in points if low <= row[by] < high + (high == 100)]
        judged = sum(int(row["judged"]) for row in rows)
        if judged:
            correct = sum(int(row["correct"]) for row in rows)
            confidence = sum(int(row["confidence_millionths"]) for row in rows)
            found.append(Band(low, high, Share(correct, judged), confidence))
    return found


#: What `bands` does, for readers.
HOW_BANDS_ARE_MADE: Final = (
    f"A band with fewer than {FEW} predictions is merged with the one above it; the last one, "
    "with the one below it."
)
