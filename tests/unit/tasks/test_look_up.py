"""Looking up expressions: a value, an empty element, or which part of the path is missing."""

from __future__ import annotations

from typing import Any

import pytest

from human_loop_reviews.tasks.look_up import ExpressionFailedError, PathMatch, look_up

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
    assert look_up(expression, DATA) == (PathMatch.VALUE, value)


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("null", PathMatch.EMPTY),
        ("null.label", PathMatch.EMPTY),
        ("kind.none", PathMatch.EMPTY),
        ("empty.label", PathMatch.EMPTY),
        ("blank.label", PathMatch.EMPTY),
        ("rows[5]", PathMatch.EMPTY),
        ("rows[5].n", PathMatch.EMPTY),
        ("absent || `null`", PathMatch.EMPTY),
        ("blank || absent", PathMatch.EMPTY),
        ("to_number(text)", PathMatch.EMPTY),
        ("[yes.on && 'on'] | [?@] | [0]", PathMatch.EMPTY),
        ("[null, absent]", PathMatch.EMPTY),
        ("kind.labels", PathMatch.ELEMENT_ONLY),
        ("kind[0]", PathMatch.ELEMENT_ONLY),
        ("text.label", PathMatch.ELEMENT_ONLY),
        ("rows[0].m", PathMatch.ELEMENT_ONLY),
        ("rows[*].m", PathMatch.ELEMENT_ONLY),
        ("kind[*].m", PathMatch.ELEMENT_ONLY),
        ("absent || kind.labels", PathMatch.ELEMENT_ONLY),
        ("absent", PathMatch.NOTHING),
        ("absent.label", PathMatch.NOTHING),
        ("absent[*].n", PathMatch.NOTHING),
        ("absent || missing.n", PathMatch.NOTHING),
        ("to_number(absent)", PathMatch.NOTHING),
        ("length(absent)", PathMatch.NOTHING),
        ("[absent, missing]", PathMatch.NOTHING),
        ("{a: absent}", PathMatch.NOTHING),
    ],
)
def test_missing_part_is_told(expression: str, found: PathMatch) -> None:
    assert look_up(expression, DATA) == (found, None)


@pytest.mark.parametrize("expression", ["length(flag)", "sum(text)", "sort(rows)"])
def test_expression_that_fails_on_a_value_is_an_error(expression: str) -> None:
    with pytest.raises(ExpressionFailedError):
        look_up(expression, DATA)
