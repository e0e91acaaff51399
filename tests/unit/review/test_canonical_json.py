"""Canonical JSON: what has no order is put in one."""

from __future__ import annotations

import json
import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from human_loop_reviews.review.canonical_json import canonical_json, in_one_order
from tests.unit.a2i.test_event import JSON


def shuffled(value: Any, chance: random.Random) -> Any:
    if isinstance(value, dict):
        entries = list(value.items())
        chance.shuffle(entries)
        return {key: shuffled(entry, chance) for key, entry in entries}
    if isinstance(value, list):
        entries = [shuffled(entry, chance) for entry in value]
        if all(isinstance(e, dict) for e in value) or all(isinstance(e, str) for e in value):
            chance.shuffle(entries)
        return entries
    return value


@given(JSON, st.randoms(use_true_random=False))
def test_order_makes_no_difference(value: Any, chance: random.Random) -> None:
    other = shuffled(value, chance)
    assert canonical_json(value) == canonical_json(other)
    assert json.dumps(in_one_order(value)) == json.dumps(in_one_order(other))
    assert json.dumps(json.loads(canonical_json(value))) == json.dumps(in_one_order(value))


def test_order_of_numbers_and_of_mixed_lists_counts() -> None:
    assert canonical_json([2, 1]) != canonical_json([1, 2])
    assert canonical_json([{}, "a"]) != canonical_json(["a", {}])


def test_what_is_nested_too_deeply_or_too_long_is_left_out() -> None:
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    assert canonical_json(deep) == "[" * 41 + "]" * 41
    assert canonical_json([10**5000]) == "[]"
