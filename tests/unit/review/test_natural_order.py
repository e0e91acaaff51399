"""Fields in natural order: ``T[2]`` before ``T[10]``."""

from __future__ import annotations

import json

import pytest

from human_loop_reviews.a2i.output import parse_output
from human_loop_reviews.mapping import FieldMapping
from human_loop_reviews.review.natural_order import natural_key
from human_loop_reviews.review_output import review_output


def test_rows_are_in_the_order_of_their_numbers() -> None:
    rows = FieldMapping(name="T", prediction="p", answer="a", rows=True)
    texts = [str(number) for number in range(12)]
    document = {"inputContent": {"p": texts}, "humanAnswers": [{"answerContent": {"a": texts}}]}
    review = review_output(parse_output(json.dumps(document), source="o"), mapping=[rows])
    assert [field.name for field in review.fields] == [f"T[{number}]" for number in range(12)]


@pytest.mark.parametrize(
    "names",
    [
        ["line2", "line10", "line10b"],
        ["T[9].a", "T[9].b", "T[10].a"],
        ["1", "2", "010", "10", "a"],
        ["", "a", "a1"],
        ["x" + "9" * 5000, "x1" + "0" * 5000],
    ],
)
def test_names_are_in_natural_order(names: list[str]) -> None:
    assert sorted(names, key=natural_key) == names
