"""Form keys: which keys mean the same."""

from __future__ import annotations

from itertools import combinations

import pytest

from human_loop_reviews.tasks.form_keys import FormKeys, trim_key


def same(keys: FormKeys, *names: str) -> list[str]:
    """Return the names that mean the same as the first one."""
    return [name for name in names[1:] if keys.same(names[0], name)]


def test_groups_that_share_a_key_are_one() -> None:
    keys = FormKeys([("A", "B"), ("C", "D"), ("D", "B"), ("E",)])
    assert same(keys, "A", "B", "C", "D", "E", "F") == ["B", "C", "D"]


def test_any_key_is_no_key() -> None:
    assert same(FormKeys([("*", "Sum"), ("*", "Total")]), "Sum", "Total", "*") == []


def test_aliases_are_read_without_colons_spaces_and_case() -> None:
    keys = FormKeys([("Total:", "Amount  due")])
    assert same(keys, "TOTAL", "amount due", "Sum") == ["amount due"]


def test_keys_that_differ_in_case_only_are_one() -> None:
    assert same(FormKeys(), "TOTAL", "Total", "Subtotal") == ["Total"]


def test_page_with_two_spellings_has_two_keys() -> None:
    keys = FormKeys([], ["TOTAL", "Total", "Date"])
    assert not keys.same("TOTAL", "Total")
    # A third spelling is one of the two.
    assert same(keys, "total", "TOTAL", "Total") == ["TOTAL", "Total"]
    assert keys.same("Date", "DATE")


def test_alias_belongs_to_its_own_spelling_on_a_page_with_two() -> None:
    keys = FormKeys([("Total", "Amount due")], ["TOTAL", "Total"])
    assert keys.same("Amount due", "Total")
    assert not keys.same("Amount due", "TOTAL")


@pytest.mark.parametrize(("one", "other"), [*combinations(["A", "a", "B", "C", ""], 2)])
def test_sameness_is_symmetric(one: str, other: str) -> None:
    keys = FormKeys([("B", "C")], ["A", "a"])
    assert keys.same(one, other) == keys.same(other, one)


def test_key_is_trimmed_of_colons_and_white_space() -> None:
    assert [trim_key(text) for text in ("A :", " B\n C::", "合計\uff1a", ":")] == [
        "A",
        "B C",
        "合計",
        "",
    ]
