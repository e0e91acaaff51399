"""Gwet's AC1, and intervals over loops."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from human_loops_cli.ac1 import MOST_LABELS, ac1
from human_loops_cli.alpha import measure
from human_loops_cli.bootstrap import interval


def test_where_one_label_is_frequent_alpha_is_near_zero_and_ac1_is_not() -> None:
    # 98 % of the pairs agree, and of the labels 99 are one and 1 is the other.
    units = [Counter("aa")] * 98 + [Counter("ab")] * 2
    alpha = measure(units).alpha
    assert alpha == pytest.approx(-0.005, abs=0.001)
    # p_o = 0.98; p_e = 2 x 0.99 x 0.01
    expected = (Fraction("0.98") - Fraction("0.0198")) / (1 - Fraction("0.0198"))
    assert ac1(units) == pytest.approx(float(expected))


def test_ac1_of_two_raters_is_that_of_the_definition() -> None:
    # Two raters, three labels: a a, a b, b b, b b, c c, c a.
    units = [Counter(each) for each in ("aa", "ab", "bb", "bb", "cc", "ca")]
    observed = Fraction(4, 6)
    shares = [Fraction(4, 12), Fraction(5, 12), Fraction(3, 12)]
    chance = sum(each * (1 - each) for each in shares) / 2
    assert ac1(units) == pytest.approx(float((observed - chance) / (1 - chance)))


def test_three_reviewers_count_as_pairs() -> None:
    units = [Counter("aab"), Counter("bbb")]
    shares = [Fraction(1, 3), Fraction(2, 3)]
    observed = (Fraction(1, 3) + 1) / 2
    chance = sum(each * (1 - each) for each in shares)
    assert ac1(units) == pytest.approx(float((observed - chance) / (1 - chance)))


def test_open_values_and_one_label_have_no_ac1() -> None:
    assert ac1([Counter("aa")] * 5) is None
    assert ac1([Counter({f"{n}": 2}) for n in range(MOST_LABELS + 1)]) is None
    assert ac1([]) is None
    assert ac1([Counter("a"), Counter("b")]) is None


@given(st.lists(st.text("abc", min_size=2, max_size=4), min_size=1, max_size=40))
def test_full_agreement_alone_is_one(votes: list[str]) -> None:
    found = ac1([Counter(each) for each in votes])
    if found is not None:
        assert found <= 1
        assert (found == 1) == all(len(set(each)) == 1 for each in votes)


@pytest.mark.full
def test_interval_is_about_what_many_samples_show() -> None:
    units = [Counter("aa")] * 45 + [Counter("bb")] * 45 + [Counter("ab")] * 10
    found = interval(units, lambda each: measure(each).alpha)
    assert found is not None
    low, high = found
    alpha = measure(units).alpha
    assert alpha is not None
    assert low < alpha < high
    # The share of disagreeing pairs has a standard error of 0.03, alpha one of 0.06.
    assert 0.18 < high - low < 0.3
    assert interval(units, lambda each: measure(each).alpha) == found
    more = interval(units * 4, lambda each: measure(each).alpha)
    assert more is not None
    assert more[1] - more[0] < 0.6 * (high - low)


def test_few_loops_and_undefined_measures_have_no_interval() -> None:
    assert interval([Counter("ab")] * 9, ac1) is None
    assert interval([Counter("aa")] * 100, ac1) is None
    # Without the one disagreement, which a third of the resamples lack, alpha is undefined.
    rare = [Counter("aa")] * 99 + [Counter("ab")]
    assert interval(rare, lambda each: measure(each).alpha) is None
