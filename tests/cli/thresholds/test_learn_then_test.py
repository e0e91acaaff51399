"""The sequence of tests: fixed starts, equal shares of the error rate, and what is inherited."""

from __future__ import annotations

import time
from fractions import Fraction
from itertools import product

import pytest

from human_loops_cli.thresholds.evidence import Looks, lowest_error_rate
from human_loops_cli.thresholds.learn_then_test import (
    POINTS,
    STARTS,
    Candidate,
    find_threshold,
    run_tests,
)
from tests.cli.thresholds.exact import probability


def counts(**by_point: tuple[int, int]) -> tuple[list[int], list[int]]:
    samples, correct = [0] * POINTS, [0] * POINTS
    for name, (number, right) in by_point.items():
        samples[int(name[1:])], correct[int(name[1:])] = number, right
    return samples, correct


def candidates(looks: Looks = Looks.ANY, **by_point: tuple[int, int]) -> list[Candidate]:
    return run_tests(*counts(**by_point), target=0.95, error_rate=0.05, looks=looks)


def threshold(looks: Looks = Looks.ANY, **by_point: tuple[int, int]) -> int | None:
    found = find_threshold(candidates(looks, **by_point))
    return None if found is None else found.point


def test_candidates_are_all_whole_numbers_and_starts_are_fixed() -> None:
    assert STARTS == (100, 99, 98, 97, 95, 92, 90, 85, 80, 70, 50, 0)
    assert [each.point for each in candidates()] == list(range(100, -1, -1))
    one, other = candidates(), candidates(p90=(5000, 5000))
    assert [each.error_rate for each in one if each.point in STARTS] == [0.05 / 12] * 12
    assert min(each.error_rate for each in other if each.point in STARTS) == 0.05 / 12


def test_candidate_that_passes_hands_its_error_rate_down_and_one_that_fails_loses_it() -> None:
    rates = {each.point: each.error_rate * 12 / 0.05 for each in candidates(p92=(400, 400))}
    assert [rates[point] for point in (100, 99, 98)] == pytest.approx([1, 1, 1])
    assert rates[93] == 0
    assert [rates[point] for point in (92, 91, 90, 89, 85, 0)] == pytest.approx([1, 1, 2, 2, 3, 7])


def test_threshold_needs_as_many_samples_as_a_share_of_the_error_rate_says() -> None:
    # (1 + 0.75 / 19) ** n / 3 alone is about 12 * 20
    assert [threshold(p95=(number, number)) for number in (100, 200)] == [None, 95]
    assert [threshold(Looks.ONCE, p95=(number, number)) for number in (106, 107)] == [None, 95]


def test_bad_top_does_not_end_the_search() -> None:
    assert threshold(p100=(100, 80), p92=(2000, 1995)) == 92
    assert threshold(p100=(3, 0), p90=(1000, 1000)) == 90


def test_bad_middle_ends_the_threshold_above_it_unless_a_lower_start_passes_alone() -> None:
    assert threshold(p95=(1000, 1000), p88=(1000, 800), p60=(1000, 900)) == 95
    assert threshold(p95=(1000, 1000), p88=(1000, 800), p60=(100_000, 100_000)) == 50


def test_threshold_is_not_below_the_lowest_confidence_that_was_seen() -> None:
    assert threshold(p95=(1000, 1000), p85=(1000, 1000), p20=(1000, 0)) == 85


def test_threshold_may_be_between_two_starts() -> None:
    assert threshold(p95=(1000, 1000), p77=(1000, 1000), p75=(1000, 0)) == 77


def test_confidence_of_100_has_a_point() -> None:
    assert threshold(p100=(1000, 1000), p99=(1000, 0)) == 100


@pytest.mark.parametrize("looks", Looks)
def test_a_million_samples_take_no_time(looks: Looks) -> None:
    started = time.process_time()
    found = find_threshold(
        run_tests([10_000] * POINTS, [9_700] * POINTS, target=0.95, error_rate=0.05, looks=looks)
    )
    assert found is not None
    assert found.point == 0
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "accuracies", [("0.5", "0.5"), ("0.5", "1"), ("0.9", "0.1"), ("0.4", "0.6"), ("0.45", "0.55")]
)
def test_all_outcomes_of_two_points_together_are_wrong_as_seldom_as_promised(
    accuracies: tuple[str, str],
) -> None:
    # 30 samples at 100, and 30 at 99, with a target of 0.5: exactly, by enumeration.
    top, below = (Fraction(each) for each in accuracies)
    misses = {100: top <= Fraction(1, 2), 99: (top + below) / 2 <= Fraction(1, 2)}
    wrong = Fraction()
    for right in product(range(31), range(31)):
        samples, correct = counts(p100=(30, right[0]), p99=(30, right[1]))
        found = run_tests(samples, correct, target=0.5, error_rate=0.3, looks=Looks.ONCE)
        if any(each.passed and misses.get(each.point) for each in found):
            wrong += probability(30, right[0], top) * probability(30, right[1], below)
    assert 0 < wrong <= Fraction(2, 12) * Fraction("0.3")


def test_error_rates_of_wrong_candidates_never_add_up_to_more_than_the_whole() -> None:
    # Whatever passes: shares of different starts.
    for passing in ((), (100,), (100, 99, 98, 97), STARTS):
        points = {f"p{each}": (400, 400 if each in passing else 0) for each in STARTS}
        tested = candidates(Looks.ANY, **points)
        rates = [each.error_rate for each in tested if not each.passed]
        assert sum(rates) <= 0.05 + 1e-12


def test_candidates_pass_by_the_evidence_alone() -> None:
    for each in candidates(p100=(300, 290), p95=(300, 297), p90=(900, 880)):
        if each.error_rate:
            lowest = lowest_error_rate(each.samples, each.correct, 0.95, Looks.ANY)
            assert each.passed == (lowest <= each.error_rate)
