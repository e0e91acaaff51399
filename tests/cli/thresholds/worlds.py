"""Known worlds: how confident a model is, how often it is right, and what looks at samples find."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from math import lgamma, log
from typing import Final, NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from human_loops_cli.thresholds.evidence import Looks, samples_needed
from human_loops_cli.thresholds.learn_then_test import POINTS, STARTS

Shares: TypeAlias = NDArray[np.float64]
Counts: TypeAlias = NDArray[np.int64]
#: By run and point.
Flags: TypeAlias = NDArray[np.bool_]

_POINTS: Final = np.arange(POINTS)


class World(NamedTuple):
    """A model and its documents.

    Parameters
    ----------
    name
        What is special.
    share
        The share of the predictions at each point of confidence.
    accuracy
        The share of correct ones among these.
    samples
        How many predictions a look has.
    """

    name: str
    share: Shares
    accuracy: Shares
    samples: int

    def is_wrong(self, target: float) -> Flags:
        """Return whether each threshold misses the target."""
        share, correct = _from_the_top(self.share), _from_the_top(self.share * self.accuracy)
        wrong: Flags = correct < (target - 1e-12) * share
        return wrong


_Numbers = TypeVar("_Numbers", Shares, Counts)


def _from_the_top(values: _Numbers) -> _Numbers:
    """Return for each point the sum of its value and those above."""
    summed: _Numbers = np.flip(np.cumsum(np.flip(values, -1), -1), -1)
    return summed


def _high(power: float) -> Shares:
    """Return confidences of which most are high."""
    return _normalized(np.power((_POINTS + 1) / POINTS, power))


def _at(*points: int) -> Shares:
    return _normalized(np.bincount(points, minlength=POINTS).astype(np.float64))


def _normalized(share: Shares) -> Shares:
    normalized: Shares = share / share.sum()
    return normalized


def _rising(low: float, high: float) -> Shares:
    return low + (high - low) * _POINTS / (POINTS - 1)


def _step(point: int, below: float, above: float | Shares) -> Shares:
    return np.where(np.greater_equal(_POINTS, point), above, below)


def _dip(low: int, high: int, inside: float, outside: float) -> Shares:
    return _step(low, outside, _step(high, inside, outside))


def _stuck(share: float) -> Shares:
    """Return confidences of which a share is 100, and the others are mostly high."""
    others = _high(4)
    others[-1] = 0
    return _normalized(others) * (1 - share) + share * np.equal(_POINTS, POINTS - 1)


def _stuck_accuracy(stuck: float, others: float) -> Shares:
    return _step(POINTS - 1, others, stuck)


def _wrong_at_starts() -> Shares:
    return np.where(np.isin(_POINTS, STARTS), 0.6, 0.99)


_UNIFORM: Final = np.full(POINTS, 1 / POINTS)

WORLDS: Final = (
    World("rises to 1", _UNIFORM, _rising(0.5, 1), 3000),
    World("rises to 0.99, mostly confident", _high(4), _rising(0.6, 0.99), 2000),
    World("rises slowly, mostly confident", _high(8), _rising(0.9, 0.98), 3000),
    World("calibrated", _UNIFORM, _rising(0, 1), 5000),
    World("step at 80", _UNIFORM, _step(80, 0.7, 0.99), 3000),
    World("step at 80, just enough above", _UNIFORM, _step(80, 0.7, 0.951), 3000),
    World("step at 50, barely wrong below", _UNIFORM, _step(50, 0.93, 0.96), 5000),
    World("always right", _UNIFORM, _step(0, 1, 1), 1000),
    World("always at the target", _UNIFORM, _step(0, 0.95, 0.95), 2000),
    World("always just below the target", _UNIFORM, _step(0, 0.9499, 0.9499), 2000),
    World("just below, mostly confident", _high(8), _step(0, 0.9499, 0.9499), 500),
    World("always bad", _UNIFORM, _step(0, 0.6, 0.6), 2000),
    World("confident and bad", _high(8), _step(0, 0.9, 0.9), 3000),
    World("worst at the top", _high(4), _rising(1, 0.9), 3000),
    World("worst at the very top", _UNIFORM, _step(97, 1, 0.85), 5000),
    World("a bad top makes the next one wrong", _at(100, 99, 99), _step(100, 1.0, 0.8495), 1083),
    World("dip just under a high threshold", _UNIFORM, _dip(85, 90, 0.5, 0.99), 4000),
    World("dip to just below the target", _UNIFORM, _dip(70, 88, 0.86, 0.999), 4000),
    World("two dips", _UNIFORM, _dip(60, 65, 0.3, 1) * _dip(85, 88, 0.7, 1), 4000),
    World("waves", _UNIFORM, 0.95 + 0.05 * np.sin(_POINTS), 5000),
    World("two confidences", _at(60, 99), _step(99, 0.9, 0.97), 1500),
    World("one confidence, just below", _at(99), _step(0, 0.9499, 0.9499), 400),
    World("five confidences", _at(20, 40, 60, 80, 100), _rising(0.8, 0.99), 2000),
    World("few samples", _high(2), _rising(0.5, 1), 400),
    World("too few samples", _high(2), _rising(0.5, 1), 100),
    World("200 samples, 99 % right", _high(4), _step(0, 0.99, 0.99), 200),
    World("a tenth stuck at 100, 80 % right", _stuck(0.1), _stuck_accuracy(0.8, 0.99), 2000),
    World("bulk at 100, 97 % right", _stuck(0.8), _stuck_accuracy(0.97, 0.9), 800),
    World("ties at 90, just below the target", _at(90), _step(0, 0.9499, 0.9499), 3000),
    World("ties at each start", _at(*STARTS), _step(0, 0.9499, 0.9499), 3000),
    World("each start wrong, right between them", _UNIFORM, _wrong_at_starts(), 5000),
)


class Look(NamedTuple):
    """What many looks at a world find, by run and point."""

    samples: Counts
    correct: Counts

    @property
    def from_the_top(self) -> Look:
        return Look(_from_the_top(self.samples), _from_the_top(self.correct))


def look(world: World, runs: int, random: np.random.Generator) -> Look:
    """Return what looks at a random sample find."""
    samples = random.multinomial(world.samples, world.share, size=runs)
    return Look(samples, random.binomial(samples, world.accuracy))


def look_as_aws_does(world: World, runs: int, random: np.random.Generator) -> Look:
    """Return what reviews find of all below 60, and of 5 % of those above 90."""
    reviewed = np.where(_POINTS < 60, 1.0, np.where(_POINTS >= 90, 0.05, 0.0))
    documents = random.multinomial(10 * world.samples, world.share, size=runs)
    samples = random.binomial(documents, reviewed)
    return Look(samples, random.binomial(samples, world.accuracy))


def grow(world: World, looks: int, runs: int, random: np.random.Generator) -> Iterator[Look]:
    """Yield what each look at a sample finds that grows to its full size in equal steps."""
    sizes = [world.samples * each // looks for each in range(looks + 1)]
    samples = correct = np.zeros((runs, POINTS), dtype=np.int64)
    for before, after in pairwise(sizes):
        more = look(world._replace(samples=after - before), runs, random)
        samples, correct = samples + more.samples, correct + more.correct
        yield Look(samples, correct)


class LearnThenTest:
    """The tests of `run_tests`, for many runs at once.

    Parameters
    ----------
    target, error_rate, looks
        As of `run_tests`.
    most
        The most samples of a look.
    """

    def __init__(self, target: float, error_rate: float, looks: Looks, most: int) -> None:
        #: By the number of shares of the error rate, and of samples: how many have to be correct.
        self._critical = np.zeros((len(STARTS) + 1, most + 1), dtype=np.int64)
        shares = np.arange(1, len(STARTS) + 1) * error_rate / len(STARTS)
        critical = _critical_of_p_values if looks is Looks.ONCE else _critical_of_e_values
        for samples in range(most + 1):
            self._critical[0, samples] = samples + 1
            self._critical[1:, samples] = critical(samples, target, shares)

    def accepted(self, seen: Look) -> Flags:
        """Return which thresholds pass their tests."""
        samples, correct = seen.from_the_top
        accepted = np.zeros_like(samples, dtype=np.bool_)
        shares = np.zeros(len(samples), dtype=np.int64)
        before = np.zeros(len(samples), dtype=np.bool_)
        for point in reversed(range(POINTS)):
            shares += point in STARTS
            passed = correct[:, point] >= self._critical[shares, samples[:, point]]
            shares = np.where(passed, shares, 0)
            # The highest of those with the same samples.
            accepted[:, point] = passed & ((seen.samples[:, point] > 0) | ~before)
            before = passed
        return accepted


def _critical_of_p_values(samples: int, target: float, rates: Shares) -> Counts:
    """Return how many of the samples have to be correct, from all probabilities."""
    correct = np.arange(samples + 1)
    ways = _LOG_FACTORIALS[samples] - _LOG_FACTORIALS[correct] - _LOG_FACTORIALS[correct[::-1]]
    chances = np.exp(ways + correct * log(target) + correct[::-1] * log(1 - target))
    tails = np.cumsum(chances[::-1])  # of no wrong sample, of at most one, ...
    return samples + 1 - np.searchsorted(tails, rates, side="right")


def _critical_of_e_values(samples: int, target: float, rates: Shares) -> Counts:
    """Return how many of the samples have to be correct, from the likelihoods as they are."""
    wrong = np.arange(samples + 1)
    mixed = np.full(samples + 1, -np.inf)
    for each in (0.3, 0.5, 0.75):
        better = target + (1 - target) * each
        ratio = (samples - wrong) * log(better / target) + wrong * log((1 - better) / (1 - target))
        mixed = np.logaddexp(mixed, ratio - log(3))
    # The fewer are wrong, the larger the e-value.
    return samples + 1 - np.searchsorted(-mixed, np.log(rates), side="right")


_LOG_FACTORIALS: Final = np.array([lgamma(number + 1) for number in range(20_001)])


class OneStart:
    """Exact tests that start at the highest point with enough samples, with the whole error rate.

    It is valid for one look, and blind to what is below a bad top.
    """

    def __init__(self, target: float, error_rate: float, most: int) -> None:
        self._needed = samples_needed(target, error_rate, Looks.ONCE)
        rates = np.array([error_rate])
        self._critical = np.array(
            [_critical_of_p_values(samples, target, rates)[0] for samples in range(most + 1)]
        )

    def accepted(self, seen: Look) -> Flags:
        """Return which thresholds pass their tests."""
        samples, correct = seen.from_the_top
        tested = samples >= self._needed
        passed = (correct >= self._critical[samples]) | ~tested
        unbroken = np.flip(np.logical_and.accumulate(np.flip(passed, 1), axis=1), 1)
        accepted: Flags = unbroken & tested & (seen.samples > 0)
        return accepted


def point_estimate(target: float) -> Callable[[Look], Flags]:
    """Return the method that takes the lowest threshold whose samples meet the target."""

    def accepted(seen: Look) -> Flags:
        samples, correct = seen.from_the_top
        meets = (correct >= target * samples) & (samples > 0)
        lowest = np.argmax(meets, axis=1)
        found: Flags = meets & (_POINTS[None, :] == lowest[:, None])
        return found

    return accepted


def share_wrong(world: World, accepted: Flags, target: float) -> float:
    """Return the share of runs with a threshold that misses the target."""
    return float((accepted & world.is_wrong(target)).any(axis=1).mean())
