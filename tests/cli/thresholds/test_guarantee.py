"""In known worlds, the tests keep their guarantee, and simpler methods do not."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from human_loops_cli.thresholds.learn_then_test import find_threshold
from tests.cli.thresholds.worlds import (
    WORLDS,
    LearnThenTest,
    World,
    look,
    look_as_aws_does,
    point_estimate,
    share_wrong,
)

TARGET = CONFIDENCE = 0.95
RUNS = 2000

#: The share of wrong runs that a rate of exactly 5 % exceeds in one of 10,000 tests.
BOUND = 0.05 + 3.7 * sqrt(0.05 * 0.95 / RUNS)


@pytest.fixture(scope="module")
def learn_then_test() -> LearnThenTest:
    return LearnThenTest(TARGET, CONFIDENCE, max(world.samples for world in WORLDS))


def test_there_are_25_worlds_and_most_have_wrong_thresholds() -> None:
    assert len({world.name for world in WORLDS}) == 25
    assert sum(bool(world.is_wrong(TARGET).any()) for world in WORLDS) >= 20


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_thresholds_are_wrong_at_most_as_often_as_promised(
    learn_then_test: LearnThenTest, world: World
) -> None:
    seen = look(world, RUNS, np.random.default_rng(7))
    assert share_wrong(world, learn_then_test.accepted(seen), TARGET) <= BOUND


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_simulation_finds_what_the_command_finds(
    learn_then_test: LearnThenTest, world: World
) -> None:
    seen = look(world, 5, np.random.default_rng(11))
    accepted = learn_then_test.accepted(seen)
    for samples, correct, flags in zip(*seen, accepted, strict=True):
        found = find_threshold(samples, correct, target=TARGET, confidence=CONFIDENCE)
        assert (None if found is None else found.point) == (
            int(np.argmax(flags)) if flags.any() else None
        )


def test_thresholds_are_found_where_there_are_good_ones(learn_then_test: LearnThenTest) -> None:
    world = next(world for world in WORLDS if world.name == "step at 80")
    seen = look(world, RUNS, np.random.default_rng(7))
    found = learn_then_test.accepted(seen)
    assert found.any(axis=1).mean() > 0.99
    # Nearly all of what may go without review is found: the best threshold is 77.
    assert np.median(np.argmax(found, axis=1)) <= 80


@pytest.mark.parametrize(
    ("name", "at_least"),
    [("rises to 0.99, mostly confident", 0.4), ("always just below the target", 0.8)],
)
def test_point_estimates_on_a_random_sample_are_often_wrong(name: str, at_least: float) -> None:
    world = next(world for world in WORLDS if world.name == name)
    seen = look(world, RUNS, np.random.default_rng(7))
    assert share_wrong(world, point_estimate(TARGET)(seen), TARGET) > at_least


def test_reviews_selected_by_confidence_are_misleading() -> None:
    world = next(world for world in WORLDS if world.name == "step at 80")
    seen = look_as_aws_does(world, RUNS, np.random.default_rng(7))
    assert share_wrong(world, point_estimate(TARGET)(seen), TARGET) > 0.8
