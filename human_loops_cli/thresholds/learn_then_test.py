"""Learn then Test: the lowest confidence above which enough predictions are correct, if any.

Method: Angelopoulos, Bates, Candès, Jordan and Lei, Learn then Test, https://arxiv.org/abs/2110.01052,
with fixed-sequence testing. The candidates are the whole numbers from 100 to 0. Each is tested for
"fewer than the target share of the predictions at or above it are correct" by an exact one-sided
binomial test. The tests run from the highest candidate with enough samples downwards, and stop at
the first one that is not rejected. So each test runs at the full error rate: for a threshold that
misses the target, the first true hypothesis of the sequence has to be rejected, which happens with
at most the error rate.

That needs a sequence that does not depend on which predictions are correct. It starts at the
highest candidate with enough samples, which depends on the confidences alone. Given the
confidences, the number of correct samples is a sum of independent outcomes whose chances differ
from point to point, and by Hoeffding (1956, https://doi.org/10.1214/aoms/1177728178) its upper tail
is at most that of the binomial distribution with the same mean. So the test is valid given the
confidences, for the mix of confidences that was observed.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, lgamma, log, log1p
from typing import Final, NamedTuple

#: The candidates: whole numbers from 0 to 100. A prediction belongs to the whole number below its
#: confidence.
POINTS: Final = 101

#: The power that the first test has to have.
POWER: Final = 0.8

# Terms that are smaller than this share of their sum change nothing.
_NEGLIGIBLE: Final = 1e-18


class Threshold(NamedTuple):
    """A threshold that passed its test.

    Parameters
    ----------
    point
        The threshold. Predictions with at least this confidence may go without review.
    samples, correct
        How many samples are at or above it, and how many of these are correct.
    """

    point: int
    samples: int
    correct: int


def find_threshold(
    samples: Sequence[int], correct: Sequence[int], *, target: float, confidence: float
) -> Threshold | None:
    """Return the lowest threshold of the sequence that passes its test and has a sample.

    A point without a sample passes with the one above it, and nothing is known of it.

    Parameters
    ----------
    samples, correct
        How many samples each point from 0 to 100 has, and how many of them are correct.
    target
        The share of correct predictions that is wanted at or above the threshold, between 0 and 1.
    confidence
        The probability, between 0 and 1, with which the threshold has to keep the target.

    Returns
    -------
    Threshold or None
        None if no point has enough samples at or above it, or if the first test fails.

    Examples
    --------
    >>> samples, correct = [0] * 101, [0] * 101
    >>> samples[90], correct[90] = 500, 495
    >>> samples[70], correct[70] = 500, 400
    >>> find_threshold(samples, correct, target=0.95, confidence=0.95)
    Threshold(point=90, samples=500, correct=495)
    """
    needed = samples_needed(target, confidence)
    found: Threshold | None = None
    above = correct_above = 0
    for point in reversed(range(POINTS)):
        above += samples[point]
        correct_above += correct[point]
        if above < needed:
            continue
        if p_value(above, correct_above, target) > 1 - confidence:
            break
        if samples[point]:
            found = Threshold(point, above, correct_above)
    return found


def p_value(samples: int, correct: int, share: float) -> float:
    """Return the probability of at least so many correct samples.

    Computed in floating point from the largest term. For a million samples, the relative error is
    below 1e-7.

    Parameters
    ----------
    samples, correct
        How many samples there are, and how many of them are correct.
    share
        The share of correct predictions that is assumed, between 0 and 1.

    Examples
    --------
    >>> p_value(2, 2, 0.5)
    0.25
    """
    if not 0 < correct <= samples:
        return 1.0 if correct <= 0 else 0.0
    odds = share / (1 - share)
    total = 0.0
    if correct > samples * share:
        term = _probability(samples, correct, share)
        number = correct
        while term > total * _NEGLIGIBLE and number <= samples:
            total += term
            term *= (samples - number) / (number + 1) * odds
            number += 1
        return min(total, 1.0)
    number = correct - 1
    term = _probability(samples, number, share)
    while term > total * _NEGLIGIBLE and number >= 0:
        total += term
        term *= number / (samples - number + 1) / odds
        number -= 1
    return max(1 - total, 0.0)


def lower_bound(samples: int, correct: int, confidence: float) -> float:
    """Return the exact lower confidence bound of the share of correct predictions.

    That is the one-sided bound of Clopper and Pearson (1934): the share for which so many correct
    samples, or more, have the probability ``1 - confidence``.

    Examples
    --------
    >>> round(lower_bound(59, 59, 0.95), 4)
    0.9505
    """
    if correct <= 0:
        return 0.0
    low, high = 0.0, correct / samples
    while high - low > 1e-12:
        middle = (low + high) / 2
        if p_value(samples, correct, middle) > 1 - confidence:
            high = middle
        else:
            low = middle
    return low


def samples_needed(target: float, confidence: float) -> int:
    """Return how many samples at or above a threshold the first test needs.

    That is the smallest number with which the exact test has a power of at least 80 % if the share
    of correct predictions is halfway between the target and 1. As the test is discrete, a few
    larger numbers have slightly less power.

    Examples
    --------
    >>> [samples_needed(target, 0.95) for target in (0.90, 0.95, 0.98, 0.99)]
    [179, 361, 969, 1941]
    """
    wrong = 0
    while True:
        # Among the numbers that allow so many wrong samples, the smallest has the highest power.
        samples = _smallest(wrong, target, confidence)
        if p_value(samples, samples - wrong, (1 + target) / 2) >= POWER:
            return samples
        wrong += 1


def _smallest(wrong: int, target: float, confidence: float) -> int:
    """Return the smallest number of samples that passes the test with so many wrong ones."""
    low, high = wrong, 2 * wrong + 2
    while p_value(high, high - wrong, target) > 1 - confidence:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if p_value(middle, middle - wrong, target) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def _probability(samples: int, correct: int, share: float) -> float:
    """Return the probability of exactly so many correct samples."""
    ways = lgamma(samples + 1) - lgamma(correct + 1) - lgamma(samples - correct + 1)
    return exp(ways + correct * log(share) + (samples - correct) * log1p(-share))
