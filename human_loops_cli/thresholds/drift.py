"""Whether the latest samples are worse than the target, which all samples together keep.

The samples are in parts, in the order of their creation: a new part begins with the sample that
reaches the next power of 1.5. At each look, the samples since the beginning of each part are
tested for "at least the target share is correct". The part ``n`` has the share ``1 / ((n + 1) (n +
2))`` of the error rate, and these shares add up to 1. So all looks together refuse a threshold that
still keeps the target with at most the error rate, by the e-process of each part.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from typing import NamedTuple

from human_loops_cli.thresholds.evidence import Looks, lowest_error_rate_below


class Counted(NamedTuple):
    """How many samples there are, and how many of them are correct."""

    samples: int
    correct: int

    def __sub__(self, other: Counted) -> Counted:
        return Counted(self.samples - other.samples, self.correct - other.correct)


class Change(NamedTuple):
    """The earlier and the later samples at or above a threshold.

    Parameters
    ----------
    earlier, later
        How many there are.
    worse
        Whether the upper bound of the later samples' share is below the target.
    """

    earlier: Counted
    later: Counted
    worse: bool


def find_change(
    parts: Mapping[int, Counted], *, target: float, error_rate: float, looks: Looks
) -> Change | None:
    """Return how the samples have changed: since they are worse, or else since about the middle.

    Parameters
    ----------
    parts
        The samples at or above a threshold in each part, by its number.
    target
        The share of correct samples that is wanted, between 0 and 1.
    error_rate
        The probability with which the answer may be wrongly that they are worse.
    looks
        How often the sample is looked at.

    Returns
    -------
    Change or None
        None if there is nothing to compare.

    Examples
    --------
    >>> parts = {14: Counted(400, 398), 15: Counted(200, 170)}
    >>> find_change(parts, target=0.95, error_rate=0.05, looks=Looks.ANY).worse
    True
    """
    numbers = sorted(parts, reverse=True)
    since = list(accumulate((parts[each] for each in numbers), _sum))
    if len(since) < 2:
        return None
    total = since[-1]
    worst = min(
        range(len(since)),
        key=lambda place: _lowest(since[place], numbers[place], target, looks),
    )
    if _lowest(since[worst], numbers[worst], target, looks) <= error_rate:
        return Change(total - since[worst], since[worst], worse=True)
    middle = min(since[:-1], key=lambda later: abs(2 * later.samples - total.samples))
    return Change(total - middle, middle, worse=False)


def _sum(one: Counted, other: Counted) -> Counted:
    return Counted(one.samples + other.samples, one.correct + other.correct)


def _lowest(later: Counted, part: int, target: float, looks: Looks) -> float:
    """Return the lowest error rate of all parts at which this one is found to be worse."""
    lowest = lowest_error_rate_below(later.samples, later.correct, target, looks)
    return lowest * (part + 1) * (part + 2)
