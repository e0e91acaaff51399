"""Krippendorff's alpha is that of the package `krippendorff`, without its memory."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import krippendorff
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from human_loops_cli.alpha import Undefined, Unit, combined_alpha, measure

UNITS = st.lists(st.lists(st.integers(0, 4), max_size=4).map(Counter), min_size=2, max_size=12)


def by_the_package(units: list[Unit], level: Any = "nominal") -> float:
    """Compute alpha with the package, from counts of each value in each unit."""
    values = sorted({value for unit in units for value in unit})
    counts = [[unit[value] for value in values] for unit in units if unit.total() > 1]
    return krippendorff.alpha(value_counts=counts, value_domain=values, level_of_measurement=level)


@given(UNITS)
def test_alpha_is_that_of_the_package(units: list[Unit]) -> None:
    measured = measure(units)
    assume(measured.undefined is None)
    pairable = [unit for unit in units if unit.total() > 1]
    assert measured.alpha == pytest.approx(by_the_package(pairable))


@given(UNITS)
def test_alpha_with_a_tolerance_is_that_of_the_package(units: list[Unit]) -> None:
    """The tolerance is not transitive: 1 and 2 are the same, 2 and 3 too, 1 and 3 are not."""

    def distance(one: Any, other: Any, **_: Any) -> Any:
        return (np.abs(one - other) > 1).astype(float)

    measured = measure(units, same=lambda one, other: abs(one - other) <= 1)
    assume(measured.undefined is None)
    pairable = [unit for unit in units if unit.total() > 1]
    assert measured.alpha == pytest.approx(by_the_package(pairable, distance))


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
    """The package would make a matrix of 10,000 x 10,000 x 10,000 numbers: 8 TB."""
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
