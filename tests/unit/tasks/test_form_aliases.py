"""Form aliases: which keys the flow definition's conditions declare equal."""

from __future__ import annotations

from typing import Any

import pytest

from human_loop_reviews.a2i.validation import Place, UnreadableOutputError
from human_loop_reviews.tasks.form_aliases import read_aliases

PLACE = Place("output.json")


def condition(key: str, *aliases: str) -> dict[str, Any]:
    return {
        "ConditionParameters": {"ImportantFormKey": key, "ImportantFormKeyAliases": list(aliases)}
    }


def groups(*conditions: dict[str, Any]) -> list[list[str]]:
    """Return the groups of keys that are aliases of each other."""
    aliases = read_aliases({"Conditions": list(conditions)}, PLACE)
    return sorted(
        sorted(key for key, one in aliases.items() if one == representative)
        for representative in set(aliases.values())
    )


def test_groups_that_share_a_key_are_one() -> None:
    conditions = condition("A", "B"), condition("C", "D"), condition("D", "B"), condition("E")
    assert groups(*conditions) == [["A", "B", "C", "D"], ["E"]]


def test_nested_conditions_are_read_and_any_key_is_no_key() -> None:
    nested = {"Or": [{"And": [condition("Total:", "Amount  due")]}, condition("*", "Sum")]}
    assert groups(nested) == [["Amount due", "Total"], ["Sum"]]


@pytest.mark.parametrize("results", [None, {}, {"Conditions": None}, {"Conditions": [{}]}])
def test_without_conditions_there_are_no_aliases(results: Any) -> None:
    assert read_aliases(results, PLACE) == {}


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ({"Or": [5]}, "Conditions[0].Or[0]: expected an object"),
        ({"ConditionParameters": []}, "Conditions[0].ConditionParameters: expected an object"),
        (
            {"ConditionParameters": {"ImportantFormKeyAliases": [5]}},
            "Conditions[0].ConditionParameters.ImportantFormKeyAliases[0]: expected text",
        ),
    ],
)
def test_wrong_type_is_named(written: Any, place: str) -> None:
    with pytest.raises(UnreadableOutputError) as caught:
        read_aliases({"Conditions": [written]}, PLACE)
    assert str(caught.value) == f"output.json: {place}"
