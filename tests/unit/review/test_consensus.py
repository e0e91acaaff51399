"""Consensus: the value of more than half, whatever the order of the votes."""

from __future__ import annotations

import itertools

import pytest

from human_loop_reviews.review.consensus import find_consensus
from human_loop_reviews.review.values import Value, equal_within, number_value, text_value


def texts(*votes: str | None) -> list[Value | None]:
    return [None if vote is None else text_value(vote) for vote in votes]


def numbers(*votes: float) -> list[Value | None]:
    return [number_value(vote, vote) for vote in votes]


@pytest.mark.parametrize(
    ("votes", "reached", "value", "agreement"),
    [
        (("a",), True, "a", None),
        ((None,), True, None, None),
        (("a", "a"), True, "a", 1.0),
        (("a", None), False, None, 0.0),
        (("a", "a", "b"), True, "a", 1 / 3),
        (("a", None, None), True, None, 1 / 3),
        (("a", "b", None), False, None, 0.0),
        (("a", "a", "b", "b"), False, None, 1 / 3),
    ],
)
def test_more_than_half_decide(
    votes: tuple[str | None, ...], reached: bool, value: str | None, agreement: float | None
) -> None:
    for order in itertools.permutations(votes):
        result = find_consensus(texts(*order))
        assert result.reached is reached
        assert (result.value and result.value.display) == value
        assert result.agreement == agreement


def test_value_within_the_tolerance_of_most_others_wins() -> None:
    for order in itertools.permutations((9, 10, 11, 50)):
        result = find_consensus(numbers(*order), equal_within(1))
        assert result.value is not None
        assert result.value.display == 10
        assert result.agreement == pytest.approx(2 / 6)


def test_no_vote_is_never_within_a_tolerance() -> None:
    result = find_consensus([*numbers(1), None], equal_within(1e300))
    assert (result.reached, result.agreement) == (False, 0.0)


def test_two_values_are_compared_once() -> None:
    compared: list[tuple[object, object]] = []

    def same(one: Value, other: Value) -> bool:
        compared.append((one.display, other.display))
        return False

    find_consensus(numbers(1, 2, 3, 3), same)
    assert len(compared) == 3


def test_of_many_different_values_only_equal_ones_count() -> None:
    result = find_consensus(numbers(*range(11)), equal_within(100))
    assert not result.reached
