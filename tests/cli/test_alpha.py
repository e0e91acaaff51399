"""Krippendorff's alpha is that of published examples and of the package `nltk`."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from nltk.metrics.agreement import AnnotationTask
from nltk.metrics.distance import binary_distance

from human_loops_cli.alpha import Undefined, Unit, combined_alpha, measure

UNITS = st.lists(st.lists(st.integers(0, 4), max_size=4).map(Counter), min_size=2, max_size=12)


def by_the_package(
    units: list[Unit], distance: Callable[[Any, Any], float] = binary_distance
) -> float:
    """Compute alpha with the package, which knows who said what: coders are numbered by unit."""
    said = [
        (coder, number, value)
        for number, unit in enumerate(units)
        for coder, value in enumerate(unit.elements())
    ]
    alpha: float = AnnotationTask(said, distance).alpha()
    return alpha


@given(UNITS)
def test_alpha_is_that_of_the_package(units: list[Unit]) -> None:
    measured = measure(units)
    assume(measured.undefined is None)
    assert measured.alpha == pytest.approx(by_the_package(units))


@given(UNITS)
def test_alpha_with_a_tolerance_is_that_of_the_package(units: list[Unit]) -> None:
    """The tolerance is not transitive: 1 and 2 are the same, 2 and 3 too, 1 and 3 are not."""

    def distance(one: int, other: int) -> float:
        return float(abs(one - other) > 1)

    measured = measure(units, same=lambda one, other: abs(one - other) <= 1)
    assume(measured.undefined is None)
    assert measured.alpha == pytest.approx(by_the_package(units, distance))


def test_alpha_of_the_example_in_the_literature() -> None:
    """Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), example C."""
    observers = [
        "1 2 3 3 2 1 4 1 2 . . .",
        "1 2 3 3 2 2 4 1 2 5 . 3",
        ". 3 3 3 2 3 4 2 2 5 1 .",
        "1 2 3 3 2 4 4 1 2 5 1 .",
    ]
    columns = zip(*(line.split() for line in observers), strict=True)
    units = [Counter(value for value in column if value != ".") for column in columns]
    assert measure(units).alpha == pytest.approx(0.743, abs=0.0005)


@pytest.mark.parametrize(
    ("units", "reason"),
    [
        ([], Undefined.TOO_FEW_UNITS),
        ([Counter("ab")], Undefined.TOO_FEW_UNITS),
        ([Counter("ab"), Counter("a"), Counter()], Undefined.TOO_FEW_UNITS),
        ([Counter("aa"), Counter("aa")], Undefined.ONE_CATEGORY),
    ],
)
def test_alpha_that_is_not_defined_has_a_reason(units: list[Unit], reason: Undefined) -> None:
    measured = measure(units)
    assert measured.alpha is None
    assert measured.undefined is reason


def test_many_values_with_a_tolerance_are_not_compared() -> None:
    units = [Counter([n, n + 1]) for n in range(0, 2002, 2)]
    measured = measure(units, same=lambda one, other: one == other)
    assert measured.undefined is Undefined.TOO_MANY_VALUES
    assert measure(units).alpha is not None


def test_ten_thousand_texts_need_no_matrix() -> None:
    """Comparing all values in pairs would take 50 million comparisons."""
    units = [Counter([f"text {n}", f"text {n}"]) for n in range(9_999)]
    assert measure([*units, Counter(["a", "b"])]).alpha == pytest.approx(0.9999, abs=1e-4)


def guesses(values: str, seed: int) -> list[Unit]:
    chance = random.Random(seed)  # noqa: S311
    return [Counter(chance.choices(values, k=2)) for _ in range(2_000)]


def test_reviewers_who_guess_do_not_agree_however_many_fields_they_guess() -> None:
    fields = [guesses(values, seed) for seed, values in enumerate(("ab", "cd", "ef", "gh"))]
    assert combined_alpha([measure(units) for units in fields]) == pytest.approx(0, abs=0.04)
    # All fields as one variable would make guesses look like agreement.
    pooled = measure([unit for units in fields for unit in units]).alpha
    assert pooled == pytest.approx(3 / 7, abs=0.04)


def test_fields_without_alpha_do_not_count_in_the_combined_one() -> None:
    units = [Counter("aa"), Counter("ab"), Counter("bb")]
    once = measure([Counter("xy")])
    always = measure([Counter("zz"), Counter("zz")])
    assert combined_alpha([measure(units), once, always]) == measure(units).alpha
    assert combined_alpha([once, always]) is None
