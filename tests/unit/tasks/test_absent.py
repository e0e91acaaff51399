"""Inputs that an answer lacks: empty ones are left out, and the mapping states the meaning."""

from __future__ import annotations

from typing import Any

import pytest

from human_loop_reviews.mapping import FieldMapping
from human_loop_reviews.outcome import describe_review
from human_loop_reviews.review.verdicts import FieldReview
from human_loop_reviews.review_output import review_output
from tests.unit.documents import custom, fields, parse, review


def judge(absent: str, predicted: Any, *contents: dict[str, Any], **changes: Any) -> FieldReview:
    mapping = FieldMapping(
        **{"name": "f", "prediction": "p", "answer": "town", "absent": absent, **changes}
    )
    return fields(custom(*contents, inputs={"p": predicted}), mapping)["f"]


@pytest.mark.parametrize(
    ("absent", "verdict", "note"),
    [
        ("unknown", None, "answerNotFound"),
        ("blank", "removed", None),
        ("upheld", "confirmed", None),
    ],
)
def test_absent_input_of_the_only_reviewer(
    absent: str, verdict: str | None, note: str | None
) -> None:
    field = judge(absent, "x", {})
    assert (field.verdict, field.note) == (verdict, note)
    assert field.details == ({"absentAnswers": 1} if absent == "unknown" else {})


@pytest.mark.parametrize(
    ("absent", "contents", "verdict"),
    [
        ("unknown", [{"town": "x"}, {}, {}], "removed"),
        ("blank", [{"town": "x"}, {}, {}], "removed"),
        ("upheld", [{"town": "y"}, {}, {}], "confirmed"),
        ("upheld", [{"town": "y"}, {"town": "y"}, {}], "corrected"),
        ("upheld", [{"town": ""}, {"town": None}, {}], "removed"),
        ("blank", [{"town": "x"}, {"town": "x"}, {}], "confirmed"),
    ],
)
def test_absent_input_of_some_reviewers(
    absent: str, contents: list[dict[str, Any]], verdict: str
) -> None:
    for order in (contents, contents[::-1]):
        assert judge(absent, "x", *order).verdict == verdict


@pytest.mark.parametrize("absent", ["unknown", "blank", "upheld"])
def test_absent_input_says_nothing_without_a_prediction(absent: str) -> None:
    mapping = FieldMapping(name="f", prediction="p", answer="town", absent=absent)
    assert fields(custom({}, inputs={"p": None}), mapping) == {}
    assert fields(custom({}, inputs={}), mapping)["f"].note == "predictionNotFound"


def test_ten_loops_of_which_five_were_cleared() -> None:
    """As in a batch of one reviewer each: five wrong predictions are cleared."""
    mapping = FieldMapping(name="f", path="f", absent="blank")
    reviews = [
        review(custom({} if cleared else {"f": "right"}, inputs={"f": "right"}), mapping)
        for cleared in (True, False)
        for _ in range(5)
    ]
    assert sum(each.fields_judged for each in reviews) == 10
    assert sum(each.fields_correct for each in reviews) == 5


def test_one_cleared_field_beside_another() -> None:
    mapping = [
        FieldMapping(name="Bank", prediction="bank", answer='"field-value-Bank"', absent="blank"),
        FieldMapping(name="Dates", prediction="dates", answer='["date-0", "date-1"]'),
    ]
    content = {"date-0": "2021-01-01", "date-1": "2021-02-01"}
    document = custom(content, inputs={"bank": "Bank D", "dates": ["2021-01-01", "2021-02-01"]})
    result = review(document, *mapping)
    assert {each.name: each.verdict for each in result.fields} == {
        "Bank": "removed",
        "Dates": "confirmed",
    }
    assert result.agreement == 0.5


WRITTEN: list[tuple[str, list[dict[str, Any]], str | None]] = [
    # One of three clears an input with a dot in its name, beside another one.
    ("address.town", [{"address.street": "s"}, {"address.town": "x"}, {"address.town": "x"}], None),
    ('"address.town"', [{"address.street": "s"}, {"address.town": "x"}], None),
    ("address.town", [{"address.street": "s"}], "answerNotFound"),
    ("address.town.label", [{"address.town.labels": ["s"]}], "answerNotFound"),
    ("lines[1].text", [{"lines[0].text": "s"}, {"lines[1].text": "x"}], None),
    ("lines[0].text", [{"lines[1].text": "s"}], "answerNotFound"),
    ("[address.town] | [0]", [{"address.street": "s"}], "answerNotFound"),
    ("address.town || address.city", [{"address.street": "s"}], "answerNotFound"),
    # An element that is there, without the rest of the path, is a wrong path.
    ("address.town", [{"address": {"street": "s"}}, {"address": {"town": "x"}}], "pathNotFound"),
    ("address.town.label", [{"address.town": {"labels": ["s"]}}], "pathNotFound"),
    ("kind.label", [{"kind": {"labels": ["s"]}}], "pathNotFound"),
]


@pytest.mark.parametrize(("answer", "contents", "note"), WRITTEN)
def test_input_is_absent_by_the_name_that_is_written(
    answer: str, contents: list[dict[str, Any]], note: str | None
) -> None:
    for order in (contents, contents[::-1]):
        field = judge("unknown", "x", *order, answer=answer)
        assert field.note == note
        if note is None:
            assert field.answers.count("x") == sum("x" in each.values() for each in contents)


def test_cleared_line_among_flattened_ones_is_found_as_null() -> None:
    mapping = FieldMapping(
        name="n", prediction="lines", answer="lines", rows=True, row_value="text", absent="blank"
    )
    inputs = {"lines": [{"text": text} for text in "abc"]}
    content = {"lines[0].text": "a", "lines[2].text": "c", "lines[1].note": "n"}
    document = custom(content, inputs=inputs)
    verdicts = {name: field.verdict for name, field in fields(document, mapping).items()}
    assert verdicts == {"n[0]": "confirmed", "n[1]": "removed", "n[2]": "confirmed"}
    del content["lines[1].note"]
    assert fields(custom(content, inputs=inputs), mapping)["n[1]"].verdict == "removed"


@pytest.mark.parametrize(
    ("absent", "verdict"), [("unknown", None), ("blank", "removed"), ("upheld", "confirmed")]
)
def test_row_of_a_list_of_inputs_can_be_absent(absent: str, verdict: str | None) -> None:
    mapping = FieldMapping(
        name="n", prediction="rows", answer="[first, second]", rows=True, absent=absent
    )
    found = fields(custom({"first": "a"}, inputs={"rows": ["a", "b"]}), mapping)
    assert (found["n[0]"].verdict, found["n[1]"].verdict) == ("confirmed", verdict)


def test_outcome_counts_fields_with_absent_answers() -> None:
    mapping = [FieldMapping(name=name, path=name) for name in ("a", "b", "c")]
    output = parse(custom({"c": "x"}, {"b": "x", "c": "x"}, inputs=dict.fromkeys("abc", "x")))
    outcome = describe_review(output, review_output(output, mapping=mapping), include_values=False)
    assert outcome["fieldsAbsent"] == 2
    counts = {each["name"]: each.get("absentAnswers") for each in outcome["fields"]}
    assert counts == {"a": 2, "b": 1, "c": None}


def test_absent_is_one_of_three() -> None:
    with pytest.raises(ValueError, match="absent='empty'; expected one of unknown, blank, upheld"):
        FieldMapping(name="f", path="f", absent="empty")
