"""Known worlds: how confident a model is, how often it is right, and what a look at samples finds.

``python -m tests.cli.thresholds.worlds RUNS`` prints how often each method is wrong in each world.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from human_loops_cli.thresholds.learn_then_test import POINTS, p_value, samples_needed

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


class LearnThenTest:
    """The tests of `find_threshold`, for many runs at once.

    Parameters
    ----------
    target, confidence
        As of `find_threshold`.
    most
        The most samples of a look.
    """

    def __init__(self, target: float, confidence: float, most: int) -> None:
        self._needed = samples_needed(target, confidence)
        # How many correct ones each number of samples needs.
        self._critical = np.zeros(most + 1, dtype=np.int64)
        correct = 0
        for samples in range(1, most + 1):
            while correct <= samples and p_value(samples, correct, target) > 1 - confidence:
                correct += 1
            self._critical[samples] = correct

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


def _main(runs: int) -> None:
    target = confidence = 0.95
    test = LearnThenTest(target, confidence, max(world.samples for world in WORLDS))
    estimate = point_estimate(target)
    random = np.random.default_rng(1)
    lines = [f"{'share of wrong thresholds':36}  tested  estimate  naive  found"]
    for world in WORLDS:
        seen, naive = look(world, runs, random), look_as_aws_does(world, runs, random)
        accepted = test.accepted(seen)
        shares = [
            share_wrong(world, accepted, target),
            share_wrong(world, estimate(seen), target),
            share_wrong(world, estimate(naive), target),
            float(accepted.any(axis=1).mean()),
        ]
        lines.append(f"{world.name:36}" + "".join(f"{each:8.3f}" for each in shares))
    sys.stdout.write("\n".join([*lines, ""]))


if __name__ == "__main__":
    _main(int(sys.argv[1]))
