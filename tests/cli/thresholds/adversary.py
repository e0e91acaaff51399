"""A search for the world in which the tests are wrong most often."""

from __future__ import annotations

from typing import Final

import numpy as np

from human_loops_cli.thresholds.evidence import Looks
from human_loops_cli.thresholds.learn_then_test import POINTS
from tests.cli.thresholds.worlds import Flags, LearnThenTest, World, grow, look

_TARGET: Final = 0.95
_MOST: Final = 3_000
LOOKS: Final = 24


class Adversary:
    """Changes a world at random, and keeps what makes the tests wrong more often.

    Parameters
    ----------
    looks
        Which tests. They are looked at 24 times, or once.
    seed
        Of chance.
    """

    def __init__(self, looks: Looks, seed: int = 5) -> None:
        self._times = LOOKS if looks is Looks.ANY else 1
        self._tests = LearnThenTest(_TARGET, 0.05, looks, _MOST)
        self._random = np.random.default_rng(seed)

    def search(self, worlds: int, runs: int) -> World:
        """Return the worst of so many worlds, each looked at in so many runs."""
        worst = self._any_world()
        most = self.share_wrong(worst, runs)
        for _ in range(worlds):
            world = self._changed(worst)
            wrong = self.share_wrong(world, runs)
            if wrong >= most:
                worst, most = world, wrong
        return worst

    def share_wrong(self, world: World, runs: int) -> float:
        """Return the share of runs with a wrong threshold at any look."""
        wrong: Flags = np.zeros(runs, dtype=np.bool_)
        seen = (
            grow(world, self._times, runs, self._random)
            if self._times > 1
            else [look(world, runs, self._random)]
        )
        misses = world.is_wrong(_TARGET)
        for each in seen:
            wrong |= (self._tests.accepted(each) & misses).any(axis=1)
        return float(wrong.mean())

    def _any_world(self) -> World:
        share = self._random.dirichlet(np.full(POINTS, 0.2))
        accuracy = np.full(POINTS, 0.9499)
        return World("searched", share, accuracy, 1_500)

    def _changed(self, world: World) -> World:
        chance = self._random
        share, accuracy, samples = world.share.copy(), world.accuracy.copy(), world.samples
        match chance.integers(4):
            case 0:
                share = share * chance.lognormal(0, 0.7, POINTS) + 1e-6
            case 1:
                first, last = np.sort(chance.integers(0, POINTS, 2))
                accuracy[first : last + 1] = min(1, 0.9499 + chance.normal(0, 0.03))
            case 2:
                accuracy = np.clip(accuracy + chance.normal(0, 0.01, POINTS), 0, 1)
            case _:
                samples = int(np.clip(samples * chance.lognormal(0, 0.5), 100, _MOST))
        return World("searched", share / share.sum(), accuracy, samples)
