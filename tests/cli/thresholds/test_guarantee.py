"""In known worlds, the tests keep their guarantee, and simpler methods do not."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Final

import numpy as np
import pytest

from human_loops_cli.thresholds.advise import Missing
from human_loops_cli.thresholds.evidence import Looks
from human_loops_cli.thresholds.learn_then_test import find_threshold, run_tests
from tests.cli.thresholds.adversary import LOOKS, Adversary
from tests.cli.thresholds.documents import (
    CutBy,
    look_at_drift,
    look_at_rows,
    look_while_loops_are_pending,
    look_without_the_difficult,
)
from tests.cli.thresholds.worlds import (
    WORLDS,
    Flags,
    LearnThenTest,
    OneStart,
    World,
    grow,
    look,
    look_as_aws_does,
    point_estimate,
    share_wrong,
)

TARGET: Final = 0.95
ERROR_RATE: Final = 0.05
RUNS: Final = 2000

#: The share of wrong runs that a rate of exactly 5 % exceeds in one of 10,000 tests.
BOUND: Final = 0.05 + 3.7 * sqrt(0.05 * 0.95 / RUNS)

MOST: Final = max(world.samples for world in WORLDS)
NAMED: Final = {world.name: world for world in WORLDS}


@pytest.fixture(scope="module")
def tests() -> Mapping[Looks, LearnThenTest]:
    return {looks: LearnThenTest(TARGET, ERROR_RATE, looks, MOST) for looks in Looks}


def share_found(accepted: Flags) -> float:
    return float(accepted.any(axis=1).mean())


def test_there_are_31_worlds_and_most_have_wrong_thresholds() -> None:
    assert len(NAMED) == len(WORLDS) == 31
    assert sum(bool(world.is_wrong(TARGET).any()) for world in WORLDS) >= 25


@pytest.mark.parametrize("looks", Looks)
@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_thresholds_are_wrong_at_most_as_often_as_promised(
    tests: Mapping[Looks, LearnThenTest], world: World, looks: Looks
) -> None:
    seen = look(world, RUNS, np.random.default_rng(7))
    assert share_wrong(world, tests[looks].accepted(seen), TARGET) <= BOUND


@pytest.mark.parametrize(
    "name",
    [
        "rises to 0.99, mostly confident",
        "always just below the target",
        "waves",
        "ties at each start",
        "step at 50, barely wrong below",
        "dip just under a high threshold",
    ],
)
def test_thresholds_at_any_of_24_looks_are_wrong_at_most_as_often_as_promised(
    tests: Mapping[Looks, LearnThenTest], name: str
) -> None:
    runs = 300
    world, wrong = NAMED[name], np.zeros(runs, dtype=np.bool_)
    for seen in grow(world, LOOKS, runs, np.random.default_rng(7)):
        wrong |= (tests[Looks.ANY].accepted(seen) & world.is_wrong(TARGET)).any(axis=1)
    assert wrong.mean() <= ERROR_RATE


def test_one_look_that_is_repeated_is_wrong_more_often(
    tests: Mapping[Looks, LearnThenTest],
) -> None:
    runs = 400
    world = NAMED["ties at each start"]
    once: Flags = np.zeros(runs, dtype=np.bool_)
    ever: Flags = np.zeros(runs, dtype=np.bool_)
    for seen in grow(world, LOOKS, runs, np.random.default_rng(7)):
        wrong = tests[Looks.ONCE].accepted(seen) & world.is_wrong(TARGET)
        once = wrong.max(axis=1)
        ever |= once
    assert once.mean() < 0.05 < ever.mean()


@pytest.mark.parametrize("looks", Looks)
@pytest.mark.full
def test_search_for_the_worst_world_finds_none_beyond_the_promise(looks: Looks) -> None:
    adversary = Adversary(looks)
    worst = adversary.search(8, 60)
    assert worst.is_wrong(TARGET).any()
    assert adversary.share_wrong(worst, 400) <= ERROR_RATE


@pytest.mark.parametrize("looks", Looks)
@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_simulation_finds_what_the_command_finds(
    tests: Mapping[Looks, LearnThenTest], world: World, looks: Looks
) -> None:
    seen = look(world, 5, np.random.default_rng(11))
    accepted = tests[looks].accepted(seen)
    for samples, correct, flags in zip(*seen, accepted, strict=True):
        tested = run_tests(samples, correct, target=TARGET, error_rate=ERROR_RATE, looks=looks)
        found = find_threshold(tested)
        assert (None if found is None else found.point) == (
            int(np.argmax(flags)) if flags.any() else None
        )


def test_thresholds_are_found_where_there_are_good_ones(
    tests: Mapping[Looks, LearnThenTest],
) -> None:
    seen = look(NAMED["step at 80"], RUNS, np.random.default_rng(7))
    for each in tests.values():
        found = each.accepted(seen)
        assert share_found(found) > 0.98
        # Nearly all of what may go without review is found: the best threshold is 77.
        assert np.median(np.argmax(found, axis=1)) <= 80


@pytest.mark.parametrize(
    ("name", "at_least"),
    [("200 samples, 99 % right", 0.6), ("a tenth stuck at 100, 80 % right", 0.9)],
)
def test_several_starts_find_what_one_start_does_not(
    tests: Mapping[Looks, LearnThenTest], name: str, at_least: float
) -> None:
    seen = look(NAMED[name], RUNS, np.random.default_rng(7))
    assert share_found(OneStart(TARGET, ERROR_RATE, MOST).accepted(seen)) < 0.01
    assert share_found(tests[Looks.ONCE].accepted(seen)) > at_least


@pytest.mark.parametrize(
    ("name", "at_least"),
    [("rises to 0.99, mostly confident", 0.4), ("always just below the target", 0.8)],
)
def test_point_estimates_on_a_random_sample_are_often_wrong(name: str, at_least: float) -> None:
    world = NAMED[name]
    seen = look(world, RUNS, np.random.default_rng(7))
    assert share_wrong(world, point_estimate(TARGET)(seen), TARGET) > at_least


def test_reviews_selected_by_confidence_are_misleading() -> None:
    world = NAMED["step at 80"]
    seen = look_as_aws_does(world, RUNS, np.random.default_rng(7))
    assert share_wrong(world, point_estimate(TARGET)(seen), TARGET) > 0.8


@pytest.mark.parametrize("looks", Looks)
@pytest.mark.full
def test_lists_keep_the_promise_on_loops_and_would_break_one_on_predictions(looks: Looks) -> None:
    found = look_at_rows(25, looks, np.random.default_rng(3))
    assert found.found > 0.9
    assert found.wrong_of_loops <= 0.08
    assert found.share_of_loops > 0.95
    # The rows of bad scans are as confident as others, and their lowest confidence is not.
    assert found.wrong_of_predictions == found.found
    assert found.share_of_predictions < 0.95


@pytest.mark.parametrize("looks", Looks)
def test_difficult_loops_that_nobody_answers_give_no_threshold(looks: Looks) -> None:
    random = np.random.default_rng(3)
    assert look_without_the_difficult(10, Missing.COUNT, looks, random) == 0
    assert look_without_the_difficult(10, Missing.IGNORE, looks, random) == 1


def test_model_that_becomes_worse_is_refused_and_one_that_does_not_is_not() -> None:
    random = np.random.default_rng(3)
    stable = look_at_drift(15, 0.99, Looks.ANY, random, times=6)
    assert (stable.given, stable.ever_refused) == (1, 0)
    for looks in Looks:
        worse = look_at_drift(15, 0.9, looks, random, times=6)
        assert worse.given < 0.3
        assert worse.ever_refused > 0


@pytest.mark.full
def test_open_loops_bias_looks_unless_the_lifetime_of_tasks_cuts_them_off() -> None:
    random = np.random.default_rng(5)
    biased = look_while_loops_are_pending(4, CutBy.NOTHING, random)
    assert (biased.wrong > 0.5, biased.share_pending > 0.01) == (True, True)
    # A young sample has no loop that takes long, so the longest one that was seen is too short.
    seen = look_while_loops_are_pending(4, CutBy.LONGEST_SEEN, random)
    assert (seen.wrong > 0.25, seen.share_pending) == (True, 0)
    bound = look_while_loops_are_pending(4, CutBy.LIFETIME, random)
    assert (bound.wrong, bound.share_pending) == (0, 0)
    assert abs(bound.share_right - 0.932) < 0.01
