"""What would have to change for a field to have a threshold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil
from typing import Final

from human_loops_cli.thresholds.evidence import Looks, lowest_error_rate
from human_loops_cli.thresholds.learn_then_test import Candidate

#: The targets that are considered, in thousandths.
_LOWEST: Final = 500
_HIGHEST: Final = 999

#: With more samples than this, no forecast makes sense.
_MOST_SAMPLES: Final = 10_000_000


def more_days(
    starts: Sequence[Candidate], *, days: int, target: float, error_rate: float, looks: Looks
) -> int | None:
    """Return after how many more days a start passes, if rate and share of correct ones stay.

    Parameters
    ----------
    starts
        The starts of the tests.
    days
        How many days the samples span.
    target
        The target.
    error_rate
        The error rate of a start.
    looks
        How often the sample is looked at.

    Returns
    -------
    int or None
        None if no share is above the target, or if the days are not known.
    """
    found = []
    for each in starts:
        if each.samples and each.correct > target * each.samples:
            needed = _samples_at(each.correct / each.samples, target, error_rate, looks)
            if needed is not None:
                found.append(ceil((needed - each.samples) * days / each.samples))
    return max(min(found), 1) if found and days else None


def _samples_at(share: float, target: float, error_rate: float, looks: Looks) -> int | None:
    """Return with how many samples a test passes if this share of them is correct."""

    def passes(samples: int) -> bool:
        return lowest_error_rate(samples, int(share * samples), target, looks) <= error_rate

    high = 1
    while not passes(high):
        high *= 2
        if high > _MOST_SAMPLES:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if passes(middle) else (middle, high)
    return high


def highest_target(finds: Callable[[float], bool]) -> float | None:
    """Return the highest target with which a threshold is found, in steps of 0.001.

    Evidence against a share is evidence against every lower one, so what is found with a target is
    found with every lower one.

    Parameters
    ----------
    finds
        Returns whether a threshold is found with a target.

    Examples
    --------
    >>> highest_target(lambda target: target <= 0.9305)
    0.93
    """
    if not finds(_LOWEST / 1000):
        return None
    low, high = _LOWEST, _HIGHEST + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if finds(middle / 1000) else (low, middle)
    return low / 1000
