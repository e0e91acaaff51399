"""Exact tests: against rational arithmetic, and known tables."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from human_loops_cli.thresholds.binomial import p_value
from human_loops_cli.thresholds.evidence import POWER, Looks, lower_bound, samples_needed
from tests.cli.thresholds.exact import tail


@given(
    samples=st.integers(1, 120),
    correct=st.integers(0, 120),
    percent=st.integers(1, 999),
)
def test_p_value_is_that_of_rational_arithmetic(samples: int, correct: int, percent: int) -> None:
    correct = min(correct, samples)
    share = Fraction(percent, 1000)
    exact = float(tail(samples, correct, share))
    assert p_value(samples, correct, percent / 1000) == pytest.approx(exact, rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("correct", [2800, 2850, 2869, 2870, 2900, 2950])
def test_p_value_of_thousands_is_that_of_rational_arithmetic(correct: int) -> None:
    exact = float(tail(3000, correct, Fraction(95, 100)))
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
    assert lower_bound(59, 59, 1 - 0.95, Looks.ONCE) == pytest.approx(0.05 ** (1 / 59), abs=1e-11)
    # Two-sided 95 % intervals of the literature have one-sided bounds of 97.5 %.
    assert lower_bound(10, 5, 0.025, Looks.ONCE) == pytest.approx(0.1871, abs=5e-5)
    assert lower_bound(20, 19, 0.025, Looks.ONCE) == pytest.approx(0.7513, abs=5e-5)
    assert lower_bound(100, 95, 0.025, Looks.ONCE) == pytest.approx(0.8872, abs=5e-5)
    assert lower_bound(7, 0, 1 - 0.95, Looks.ONCE) == 0


@given(samples=st.integers(1, 400), wrong=st.integers(0, 60))
def test_lower_bound_reaches_the_target_exactly_if_the_test_passes(
    samples: int, wrong: int
) -> None:
    correct = max(samples - wrong, 0)
    passes = p_value(samples, correct, 0.9) <= 1 - 0.95
    assert (lower_bound(samples, correct, 1 - 0.95, Looks.ONCE) >= 0.9 - 1e-9) >= passes
    assert (lower_bound(samples, correct, 1 - 0.95, Looks.ONCE) > 0.9 + 1e-9) <= passes


@pytest.mark.parametrize(("target", "needed"), [(0.9, 179), (0.95, 361), (0.98, 969), (0.99, 1941)])
def test_samples_needed_is_the_first_number_with_enough_power(target: float, needed: int) -> None:
    assert samples_needed(target, 1 - 0.95, Looks.ONCE) == needed
    better = (1 + Fraction(str(target))) / 2
    for samples in (*range(1, 60), *range(needed - 40, needed + 1)):
        critical = next(
            correct
            for correct in range(int(samples * target), samples + 2)
            if p_value(samples, correct, target) <= 1 - 0.95
        )
        power = (
            tail(samples, critical, better)
            if samples == needed
            else p_value(samples, critical, float(better))
        )
        assert (power >= POWER) == (samples == needed)
