"""Exact tests: against rational arithmetic, and known tables."""

from __future__ import annotations

import time
from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from human_loops_cli.thresholds.learn_then_test import (
    POINTS,
    POWER,
    find_threshold,
    lower_bound,
    p_value,
    samples_needed,
)


def exact_tail(samples: int, correct: int, share: Fraction) -> Fraction:
    """Return the probability of at least so many correct samples."""
    numerator, denominator = share.as_integer_ratio()
    other = denominator - numerator
    tail = sum(
        comb(samples, number) * numerator**number * other ** (samples - number)
        for number in range(correct, samples + 1)
    )
    return Fraction(tail, denominator**samples)


@given(
    samples=st.integers(1, 120),
    correct=st.integers(0, 120),
    percent=st.integers(1, 999),
)
def test_p_value_is_that_of_rational_arithmetic(samples: int, correct: int, percent: int) -> None:
    correct = min(correct, samples)
    share = Fraction(percent, 1000)
    exact = float(exact_tail(samples, correct, share))
    assert p_value(samples, correct, percent / 1000) == pytest.approx(exact, rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("correct", [2800, 2850, 2869, 2870, 2900, 2950])
def test_p_value_of_thousands_is_that_of_rational_arithmetic(correct: int) -> None:
    exact = float(exact_tail(3000, correct, Fraction(95, 100)))
    assert p_value(3000, correct, 0.95) == pytest.approx(exact, rel=1e-9)


def test_p_value_of_a_million_is_right() -> None:
    # With three of a million wrong, the tail has four terms, which floating point adds exactly.
    samples, wrong = 1_000_000, 3e-6
    terms = [
        comb(samples, number) * wrong**number * (1 - wrong) ** (samples - number)
        for number in range(4)
    ]
    assert p_value(samples, samples - 3, 1 - wrong) == pytest.approx(sum(terms), rel=1e-7)


def test_lower_bound_is_that_of_clopper_and_pearson() -> None:
    # All of n are correct: the bound is the n-th root of the error rate.
    assert lower_bound(59, 59, 0.95) == pytest.approx(0.05 ** (1 / 59), abs=1e-11)
    # Two-sided 95 % intervals of the literature have one-sided bounds of 97.5 %.
    assert lower_bound(10, 5, 0.975) == pytest.approx(0.1871, abs=5e-5)
    assert lower_bound(20, 19, 0.975) == pytest.approx(0.7513, abs=5e-5)
    assert lower_bound(100, 95, 0.975) == pytest.approx(0.8872, abs=5e-5)
    assert lower_bound(7, 0, 0.95) == 0


@given(samples=st.integers(1, 400), wrong=st.integers(0, 60))
def test_lower_bound_reaches_the_target_exactly_if_the_test_passes(
    samples: int, wrong: int
) -> None:
    correct = max(samples - wrong, 0)
    passes = p_value(samples, correct, 0.9) <= 1 - 0.95
    assert (lower_bound(samples, correct, 0.95) >= 0.9 - 1e-9) >= passes
    assert (lower_bound(samples, correct, 0.95) > 0.9 + 1e-9) <= passes


@pytest.mark.parametrize(("target", "needed"), [(0.9, 179), (0.95, 361), (0.98, 969), (0.99, 1941)])
def test_samples_needed_is_the_first_number_with_enough_power(target: float, needed: int) -> None:
    assert samples_needed(target, 0.95) == needed
    better = (1 + Fraction(str(target))) / 2
    for samples in (*range(1, 60), *range(needed - 40, needed + 1)):
        critical = next(
            correct
            for correct in range(int(samples * target), samples + 2)
            if p_value(samples, correct, target) <= 1 - 0.95
        )
        power = (
            exact_tail(samples, critical, better)
            if samples == needed
            else p_value(samples, critical, float(better))
        )
        assert (power >= POWER) == (samples == needed)


def counts(**by_point: tuple[int, int]) -> tuple[list[int], list[int]]:
    samples, correct = [0] * POINTS, [0] * POINTS
    for name, (number, right) in by_point.items():
        samples[int(name[1:])], correct[int(name[1:])] = number, right
    return samples, correct


def threshold(**by_point: tuple[int, int]) -> int | None:
    found = find_threshold(*counts(**by_point), target=0.95, confidence=0.95)
    return None if found is None else found.point


def test_threshold_without_enough_samples_is_none() -> None:
    assert threshold(p100=(360, 360)) is None
    assert threshold(p100=(361, 361)) == 100


def test_tests_stop_at_the_first_failure_even_if_a_later_one_would_pass() -> None:
    bad_top = {"p95": (400, 300), "p60": (100_000, 100_000)}
    assert threshold(**bad_top) is None
    assert threshold(p95=(400, 398), p80=(200, 100), p60=(100_000, 100_000)) == 95


def test_a_few_samples_at_the_top_do_not_start_the_sequence() -> None:
    assert threshold(p100=(3, 0), p90=(1000, 1000)) == 90


def test_threshold_is_not_below_the_lowest_confidence_that_was_seen() -> None:
    assert threshold(p95=(1000, 1000), p85=(1000, 1000), p20=(1000, 0)) == 85


def test_confidence_of_100_has_a_point() -> None:
    assert threshold(p100=(1000, 1000), p99=(1000, 0)) == 100


def test_labels_do_not_change_the_sequence() -> None:
    samples, correct = counts(p90=(300, 300), p80=(300, 290), p70=(300, 150))
    found = find_threshold(samples, correct, target=0.9, confidence=0.95)
    assert found is not None
    assert (found.point, found.samples) == (80, 600)


def test_a_million_samples_take_no_time() -> None:
    samples = [10_000] * POINTS
    correct = [9_700] * POINTS
    started = time.process_time()
    found = find_threshold(samples, correct, target=0.95, confidence=0.95)
    assert found is not None
    lower_bound(found.samples, found.correct, 0.95)
    assert time.process_time() - started < 1
    assert found.point == 0
