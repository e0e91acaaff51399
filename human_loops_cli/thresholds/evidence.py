"""How strongly samples contradict a share of correct predictions, for one look or any number."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from math import exp
from typing import Final

from human_loops_cli.thresholds.binomial import p_value
from human_loops_cli.thresholds.e_process import log_e_value, log_e_value_below

#: The power that `samples_needed` stands for.
POWER: Final = 0.8

_PRECISION: Final = 1e-12


class Looks(StrEnum):
    """How often a growing sample is looked at."""

    #: Any number of times: the e-process.
    ANY = "any"
    #: Once: the exact binomial test, which needs about half as many samples.
    ONCE = "once"


def lowest_error_rate(samples: int, correct: int, share: float, looks: Looks) -> float:
    """Return the lowest error rate at which samples reject "at most this share is correct".

    For one look, that is the p-value. For any number, it is the inverse of the e-value: the
    probability that it is ever at or below ``a`` is at most ``a``, if the share is not higher.

    Parameters
    ----------
    samples, correct
        How many samples there are, and how many of them are correct.
    share
        The share, between 0 and 1.
    looks
        How often the sample is looked at.

    Examples
    --------
    >>> round(lowest_error_rate(200, 199, 0.95, Looks.ONCE), 5)
    0.0004
    >>> round(lowest_error_rate(200, 199, 0.95, Looks.ANY), 5)
    0.00456
    """
    if looks is Looks.ONCE:
        return p_value(samples, correct, share)
    return _inverse(log_e_value(samples, correct, share))


def lowest_error_rate_below(samples: int, correct: int, share: float, looks: Looks) -> float:
    """Return the lowest error rate at which samples reject "at least this share is correct"."""
    if looks is Looks.ONCE:
        return p_value(samples, samples - correct, 1 - share)
    return _inverse(log_e_value_below(samples, correct, share))


def lower_bound(samples: int, correct: int, error_rate: float, looks: Looks) -> float:
    """Return the lower confidence bound of the share of correct predictions.

    For one look, that is the exact one-sided bound of Clopper and Pearson (1934). For any number,
    all bounds of a growing sample together are wrong with at most the error rate.

    Examples
    --------
    >>> round(lower_bound(59, 59, 0.05, Looks.ONCE), 4)
    0.9505
    >>> round(lower_bound(200, 199, 0.05, Looks.ANY), 4)
    0.9667
    """
    if correct <= 0:
        return 0.0
    low, high = 0.0, correct / samples
    while high - low > _PRECISION:
        middle = (low + high) / 2
        if lowest_error_rate(samples, correct, middle, looks) > error_rate:
            high = middle
        else:
            low = middle
    return low


def least_samples(wrong: int, target: float, error_rate: float, looks: Looks) -> int:
    """Return the smallest number of samples that passes with so many wrong ones."""

    def passes(samples: int) -> bool:
        return lowest_error_rate(samples, samples - wrong, target, looks) <= error_rate

    low, high = wrong, 2 * wrong + 2
    while not passes(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if passes(middle) else (middle, high)
    return high


@cache
def samples_needed(target: float, error_rate: float, looks: Looks) -> int:
    """Return how many samples at or above a threshold one test needs.

    That is the smallest number with which the test has a power of at least 80 % if the share of
    correct predictions is halfway between the target and 1. As the test is discrete, a few larger
    numbers have slightly less power.

    Examples
    --------
    >>> [samples_needed(target, 0.05, Looks.ONCE) for target in (0.90, 0.95, 0.98, 0.99)]
    [179, 361, 969, 1941]
    >>> [samples_needed(target, 0.05, Looks.ANY) for target in (0.90, 0.95, 0.98, 0.99)]
    [340, 714, 1796, 3598]
    """
    wrong = 0
    while True:
        # Among the numbers that allow so many wrong samples, the smallest has the highest power.
        samples = least_samples(wrong, target, error_rate, looks)
        if p_value(samples, samples - wrong, (1 + target) / 2) >= POWER:
            return samples
        wrong += 1


def _inverse(log_e: float) -> float:
    return exp(-max(log_e, 0.0))
