"""The e-process: against rational arithmetic, and against all sequences of samples."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import exp, log
from typing import Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from human_loops_cli.thresholds.e_process import log_e_value, log_e_value_below
from human_loops_cli.thresholds.evidence import (
    Looks,
    lower_bound,
    lowest_error_rate,
    samples_needed,
)
from tests.cli.thresholds.exact import e_value, probability

TARGETS: Final = (0.5, 0.9, 0.95, 0.99, 0.999)


@given(samples=st.integers(0, 300), wrong=st.integers(0, 300), thousandths=st.integers(1, 999))
def test_e_value_is_that_of_rational_arithmetic(samples: int, wrong: int, thousandths: int) -> None:
    correct = max(samples - wrong, 0)
    exact = e_value(samples, correct, Fraction(thousandths, 1000))
    expected = log(exact.numerator) - log(exact.denominator)
    assert log_e_value(samples, correct, thousandths / 1000) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("share", ["0.5", "0.9", "0.95", "0.99"])
def test_mean_of_the_e_value_is_one_at_the_target_and_less_below_it(share: str) -> None:
    target = Fraction(share)
    for true in (target, target * Fraction("0.999"), target / 2, Fraction(1, 100)):
        for samples in (1, 2, 17, 60):
            mean = sum(
                probability(samples, correct, true) * e_value(samples, correct, target)
                for correct in range(samples + 1)
            )
            assert (mean == 1) if true == target else (mean < 1)


@pytest.mark.parametrize("share", ["0.5", "0.95"])
def test_no_next_sample_raises_the_expected_e_value(share: str) -> None:
    # A supermartingale: after whatever was seen, for every probability up to the target.
    target = Fraction(share)
    for samples, wrong in product((0, 1, 10, 200), (0, 1, 9)):
        correct = max(samples - wrong, 0)
        now = e_value(samples, correct, target)
        for true in (target, target * Fraction("0.9"), Fraction(0)):
            following = true * e_value(samples + 1, correct + 1, target)
            following += (1 - true) * e_value(samples + 1, correct, target)
            assert following <= now


@pytest.mark.parametrize("below", [False, True])
@pytest.mark.parametrize("target", [0.5, 0.8, 0.95])
def test_capital_reaches_its_bound_at_any_of_200_looks_as_seldom_as_ville_says(
    target: float, below: bool
) -> None:
    # All sequences at once: the probability of each number of correct ones that never reached it.
    bound = log(20)
    log_e = log_e_value_below if below else log_e_value
    never, reached = {0: 1.0}, 0.0
    for samples in range(1, 201):
        following: dict[int, float] = {}
        for correct, chance in never.items():
            for more, share in ((1, target), (0, 1 - target)):
                number = correct + more
                if log_e(samples, number, target) >= bound:
                    reached += chance * share
                else:
                    following[number] = following.get(number, 0.0) + chance * share
        never = following
    assert sum(never.values()) + reached == pytest.approx(1)
    assert 0 < reached <= 0.05


@pytest.mark.parametrize("target", TARGETS)
def test_evidence_against_a_lower_share_is_stronger(target: float) -> None:
    for wrong in (0, 3, 30):
        rates = [
            lowest_error_rate(500, 500 - wrong, each, Looks.ANY)
            for each in np.linspace(target / 2, target, 30)
        ]
        assert rates == sorted(rates)


@given(samples=st.integers(1, 3000), percent=st.integers(0, 100), target=st.sampled_from(TARGETS))
def test_samples_that_miss_the_target_are_never_evidence_for_it(
    samples: int, percent: int, target: float
) -> None:
    correct = min(samples * percent // 100, int(samples * target))
    assert log_e_value(samples, correct, target) <= 1e-9


def test_model_that_is_right_half_the_time_never_passes_as_a_mixture_over_all_shares_lets_it() -> (
    None
):
    # The integral of the likelihood over all shares, divided by that of the target.
    samples, correct = 400, 200
    shares = np.linspace(0.0005, 0.9995, 1000)
    ratios = correct * np.log(shares / 0.95) + (samples - correct) * np.log((1 - shares) / 0.05)
    mixture = np.logaddexp.reduce(ratios) - log(len(shares))
    assert mixture > log(1e6)
    assert log_e_value(samples, correct, 0.95) < -50
    assert lowest_error_rate(samples, correct, 0.95, Looks.ANY) == 1


@given(samples=st.integers(0, 300), wrong=st.integers(0, 300), percent=st.integers(50, 99))
def test_evidence_for_less_than_the_target_is_evidence_for_wrong_samples(
    samples: int, wrong: int, percent: int
) -> None:
    correct, share = max(samples - wrong, 0), Fraction(percent, 100)
    odds = (1 - share) / share
    ratios = []
    for times in (Fraction(3, 2), Fraction(2), Fraction(4)):
        lower = 1 / (1 + times * odds)
        ratios.append(
            (lower / share) ** correct * ((1 - lower) / (1 - share)) ** (samples - correct)
        )
    mean = sum(ratios, Fraction()) / 3
    expected = log(mean.numerator) - log(mean.denominator)
    found = log_e_value_below(samples, correct, percent / 100)
    assert found == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("correct", [0, 500_000, 949_999, 950_001, 999_999, 1_000_000])
def test_a_million_samples_neither_overflow_nor_lose_the_sign(correct: int) -> None:
    above = log_e_value(1_000_000, correct, 0.95)
    below = log_e_value_below(1_000_000, correct, 0.95)
    assert np.isfinite([above, below]).all()
    assert (above > 0) <= (correct > 950_000)
    assert (below > 0) <= (correct < 950_000)
    for looks in Looks:
        assert 0 <= lowest_error_rate(1_000_000, correct, 0.95, looks) <= 1


@pytest.mark.parametrize(
    ("target", "alone", "shared"),
    [(0.9, 340, 541), (0.95, 714, 1121), (0.98, 1796, 2886), (0.99, 3598, 5783)],
)
def test_samples_needed_have_the_power(target: float, alone: int, shared: int) -> None:
    assert samples_needed(target, 0.05, Looks.ANY) == alone
    assert samples_needed(target, 0.05 / 12, Looks.ANY) == shared
    better = (1 + Fraction(str(target))) / 2

    def power(samples: int) -> float:
        passes = [
            correct
            for correct in range(samples + 1)
            if log_e_value(samples, correct, target) >= log(20)
        ]
        # From the other end, where terms are few: those with more wrong samples fail.
        fails = range(samples - len(passes) + 1)
        most = max(fails)
        return 1 - float(sum(probability(samples, each, better) for each in range(most, -1, -1)))

    if alone < 1000:
        assert power(alone) >= 0.8


@given(samples=st.integers(1, 2000), wrong=st.integers(0, 60))
def test_lower_bound_reaches_the_target_exactly_if_the_test_passes(
    samples: int, wrong: int
) -> None:
    correct = max(samples - wrong, 0)
    passes = lowest_error_rate(samples, correct, 0.9, Looks.ANY) <= 0.05
    bound = lower_bound(samples, correct, 0.05, Looks.ANY)
    assert (bound >= 0.9 - 1e-9) >= passes
    assert (bound > 0.9 + 1e-9) <= passes
    assert bound <= correct / samples
    assert bound == 0 or lowest_error_rate(samples, correct, bound, Looks.ANY) <= 0.05


def test_bound_of_any_number_of_looks_is_below_that_of_one() -> None:
    for wrong in (0, 5, 50):
        bounds = [lower_bound(1000, 1000 - wrong, 0.05, looks) for looks in Looks]
        assert bounds == sorted(bounds)
    assert exp(log_e_value(0, 0, 0.95)) == 1
