"""Rational arithmetic, to compare floating point with."""

from __future__ import annotations

from fractions import Fraction
from math import comb


def probability(samples: int, correct: int, share: Fraction) -> Fraction:
    """Return the probability of exactly so many correct samples."""
    chance = share**correct * (1 - share) ** (samples - correct)
    return comb(samples, correct) * chance


def tail(samples: int, correct: int, share: Fraction) -> Fraction:
    """Return the probability of at least so many correct samples."""
    numerator, denominator = share.as_integer_ratio()
    other = denominator - numerator
    summed = sum(
        comb(samples, number) * numerator**number * other ** (samples - number)
        for number in range(correct, samples + 1)
    )
    return Fraction(summed, denominator**samples)


def e_value(samples: int, correct: int, share: Fraction) -> Fraction:
    """Return the mean of the ratios of likelihoods of three alternatives and a share."""
    alternatives = [share + (1 - share) * Fraction(each) for each in ("0.3", "0.5", "0.75")]
    wrong = samples - correct
    ratios = [
        (each / share) ** correct * ((1 - each) / (1 - share)) ** wrong for each in alternatives
    ]
    return sum(ratios, Fraction()) / len(ratios)
