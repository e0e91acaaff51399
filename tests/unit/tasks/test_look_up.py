"""Looking up expressions: a value, an empty element, or which part of the path is missing."""

from __future__ import annotations

from typing import Any

import pytest

from human_loop_reviews.tasks.look_up import ExpressionFailedError, Found, look_up

DATA: dict[str, Any] = {
    "kind": {"label": "x", "none": None},
    "empty": {},
    "blank": "",
    "null": None,
    "text": "x",
    "rows": [{"n": 1}, {"n": 2}],
    "nulls": [{"n": None}],
    "none": [],
    "yes": {"on": False},
    "flag": False,
}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("kind.label", "x"),
        ("rows[-1].n", 2),
        ("rows[*].n", [1, 2]),
        ("rows[?n > `5`].n", []),
        ("none[*].n", []),
        ("nulls[*].n", []),
        ("yes.on", False),
        ("flag", False),
        ("absent || kind.label", "x"),
        ("absent || ''", ""),
        ("[kind.label, absent]", ["x", None]),
        ("{a: kind.label}", {"a": "x"}),
        ("length(rows)", 2),
        ("@.text", "x"),
    ],
)
def test_value_is_found(expression: str, value: Any) -> None:
    assert look_up(expression, DATA) == (Found.VALUE, value)


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("null", Found.EMPTY),
        ("null.label", Found.EMPTY),
        ("kind.none", Found.EMPTY),
        ("empty.label", Found.EMPTY),
        ("blank.label", Found.EMPTY),
        ("rows[5]", Found.EMPTY),
        ("rows[5].n", Found.EMPTY),
        ("absent || `null`", Found.EMPTY),
        ("blank || absent", Found.EMPTY),
        ("to_number(text)", Found.EMPTY),
        ("[yes.on && 'on'] | [?@] | [0]", Found.EMPTY),
        ("[null, absent]", Found.EMPTY),
        ("kind.labels", Found.ELEMENT_ONLY),
        ("kind[0]", Found.ELEMENT_ONLY),
        ("text.label", Found.ELEMENT_ONLY),
        ("rows[0].m", Found.ELEMENT_ONLY),
        ("rows[*].m", Found.ELEMENT_ONLY),
        ("kind[*].m", Found.ELEMENT_ONLY),
        ("absent || kind.labels", Found.ELEMENT_ONLY),
        ("absent", Found.NOTHING),
        ("absent.label", Found.NOTHING),
        ("absent[*].n", Found.NOTHING),
        ("absent || missing.n", Found.NOTHING),
        ("to_number(absent)", Found.NOTHING),
        ("length(absent)", Found.NOTHING),
        ("[absent, missing]", Found.NOTHING),
        ("{a: absent}", Found.NOTHING),
    ],
)
def test_missing_part_is_told(expression: str, found: Found) -> None:
    assert look_up(expression, DATA) == (found, None)


@pytest.mark.parametrize("expression", ["length(flag)", "sum(text)", "sort(rows)"])
def test_expression_that_fails_on_a_value_is_an_error(expression: str) -> None:
    with pytest.raises(ExpressionFailedError):
        look_up(expression, DATA)
