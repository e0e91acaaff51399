"""Values: what is equal, and in which kind."""

from __future__ import annotations

import pytest

from human_loop_reviews.review.values import (
    Value,
    boolean_value,
    equal_within,
    fold,
    labels_value,
    number_value,
    text_value,
    to_common_kind,
)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (text_value(" a  b "), text_value("a b"), True),
        (text_value("e\u0301"), text_value("é"), True),
        (text_value("a"), text_value("A"), False),
        (number_value(1, 1), number_value(1.0, 1.0), True),
        (number_value(1, 1), boolean_value(True), False),
        (labels_value(["a", "b"]), labels_value(["b", "a", "b"]), True),
        (labels_value([]), text_value(""), True),
    ],
)
def test_values_are_equal_by_their_comparison_key(one: Value, other: Value, same: bool) -> None:
    assert (one.comparison_key == other.comparison_key) is same


@pytest.mark.parametrize("value", [text_value(" "), labels_value([])])
def test_empty_value_is_blank(value: Value) -> None:
    assert value.is_blank


@pytest.mark.parametrize("value", [text_value("0"), boolean_value(False), number_value(0, 0)])
def test_zero_and_false_are_not_blank(value: Value) -> None:
    assert not value.is_blank


def test_text_beside_a_number_or_labels_becomes_one() -> None:
    five = to_common_kind([text_value("5.0"), number_value(5, 5), None])
    assert five[0] is not None
    assert (five[0].kind, five[0].display, five[2]) == ("number", "5.0", None)
    labels = to_common_kind([text_value("a"), labels_value(["a"]), text_value("")])
    assert [value and value.kind for value in labels] == ["labels", "labels", "text"]


@pytest.mark.parametrize("text", ["1_000", "inf", "٣", "1,5", "", "1e9999"])
def test_text_that_is_not_a_plain_number_stays_text(text: str) -> None:
    (value,) = to_common_kind([text_value(text)])
    assert value is not None
    assert value.kind == "text"


def test_tolerance_of_numbers_does_not_apply_to_others() -> None:
    same = equal_within(0.1)
    assert same(number_value(1, 1), number_value(1.1, 1.1))
    assert not same(number_value(1, 1), number_value(1.11, 1.11))
    assert not same(number_value(1, 1), text_value("1"))
    assert same(text_value("a"), text_value("a"))


def test_folding_trims_and_joins_white_space() -> None:
    assert fold("\n a\u00a0 b\t") == "a b"
