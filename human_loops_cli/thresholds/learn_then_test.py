"""Learn then Test: the lowest confidence from which on enough loops are correct, if any.

Method: Angelopoulos, Bates, Candès, Jordan and Lei, Learn then Test, https://arxiv.org/abs/2110.01052.
The candidates are the whole numbers from 100 to 0. Each is tested for "of the loops with a lowest
confidence at or above it, at most the target share is correct". All tests together are wrong with
at most the error rate, by a fallback procedure (Wiens, 2003): the error rate is divided equally
among fixed starts. A candidate that passes hands what it had to the next lower one. If it fails,
what it had is lost, and the tests go on at the next start, with its share. So a few samples at the
top, or a top that is stuck at a wrong value, do not end the search.

Proof. Suppose that a candidate passes although its hypothesis is true, and take the highest of
those. The next higher candidate with a true hypothesis fails, so nothing is inherited from it or
from above it. What the candidate has is at most the sum of the shares of the starts between the
two, which does not depend on the samples. The sums of all such candidates are of different starts,
so that they add up to at most the error rate. With e-processes, that holds for all looks together:
each e-process reaches a fixed bound at any time with at most this probability (Ville).

So candidates and starts must never depend on the samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from human_loops_cli.thresholds.evidence import Looks, lowest_error_rate

#: The candidates: whole numbers from 0 to 100. A prediction belongs to the whole number below its
#: confidence.
POINTS: Final = 101

#: Where tests start. Models are often confident: the starts are closer to each other near 100.
STARTS: Final = (100, 99, 98, 97, 95, 92, 90, 85, 80, 70, 50, 0)


class Candidate(NamedTuple):
    """A candidate with its test.

    Parameters
    ----------
    point
        The threshold.
    samples, correct
        How many samples are at or above it, and how many of these are correct.
    error_rate
        The error rate of its test. Zero if it is not tested.
    passed
        Whether the test has passed.
    """

    point: int
    samples: int
    correct: int
    error_rate: float
    passed: bool


def run_tests(
    samples: Sequence[int],
    correct: Sequence[int],
    *,
    target: float,
    error_rate: float,
    looks: Looks,
) -> list[Candidate]:
    """Return all candidates with their tests, from 100 to 0.

    Parameters
    ----------
    samples, correct
        How many samples each point from 0 to 100 has, and how many of them are correct.
    target
        The share of correct samples that is wanted at or above a threshold, between 0 and 1.
    error_rate
        The probability, between 0 and 1, that any threshold may miss the target.
    looks
        How often the sample is looked at.
    """
    above = right = 0
    inherited = 0.0
    tested = []
    for point in reversed(range(POINTS)):
        above += samples[point]
        right += correct[point]
        rate = inherited + (error_rate / len(STARTS) if point in STARTS else 0)
        passed = rate > 0 and lowest_error_rate(above, right, target, looks) <= rate
        tested.append(Candidate(point, above, right, rate, passed))
        inherited = rate if passed else 0.0
    return tested


def find_threshold(tested: Sequence[Candidate]) -> Candidate | None:
    """Return the lowest candidate that passed, if any.

    Of several with the same samples it is the highest: a range of confidences without samples says
    nothing new.

    Examples
    --------
    >>> samples, correct = [0] * 101, [0] * 101
    >>> samples[92], correct[92] = 700, 695
    >>> samples[60], correct[60] = 500, 400
    >>> tested = run_tests(samples, correct, target=0.95, error_rate=0.05, looks=Looks.ANY)
    >>> find_threshold(tested)[:3]
    (92, 700, 695)
    """
    passed = [each for each in tested if each.passed]
    return next((each for each in passed if each.samples == passed[-1].samples), None)
