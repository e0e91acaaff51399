"""Custom tasks: every crowd element, what has no known form, and the owner's mapping."""

from __future__ import annotations

from typing import Any

import pytest

from human_loop_reviews.contract import FieldMapping
from tests.unit.documents import custom, fields, review, verdicts

SIZE = {"inputImageProperties": {"height": 480, "width": 640}}


def box(label: str, left: float = 0, width: float = 10) -> dict[str, Any]:
    return {"label": label, "left": left, "top": 0, "width": width, "height": 10}


def span(start: int, label: str = "x") -> dict[str, Any]:
    return {"startOffset": start, "endOffset": start + 1, "label": label}


SAME: list[tuple[Any, Any]] = [
    ({"label": "x"}, {"label": " x ", "workerComment": "sure"}),
    ({"labels": ["x", "y"]}, {"labels": ["y", "x", "y"]}),
    ({"labels": ["x"]}, {"label": "x"}),
    ({"boundingBoxes": [box("a"), box("b")], **SIZE}, {"boundingBoxes": [box("b", 1), box("a")]}),
    ({"polygons": [{"label": "a", "vertices": []}], **SIZE}, {"polygons": [{"label": "a"}]}),
    ({"polylines": [{"label": "a"}]}, {"polylines": [{"label": "a", "vertices": [1]}]}),
    ({"lines": [{"label": "a"}]}, {"lines": [{"label": "a", "vertices": [1]}]}),
    ({"keypoints": [{"label": "a", "x": 1, "y": 2}]}, {"keypoints": [{"label": "a", "x": 5}]}),
    ({"entities": [span(1), span(5)]}, {"entities": [span(5), span(1), span(1)]}),
    ({"blurry": True, "dim": False}, {"dim": False, "blurry": True}),
    ({"on": True}, {"on": True}),
    ("text", " text\n"),
    (1, 1.0),
    (5, "5.0"),
    ('{"label": "x"}', {"label": "x"}),
    (["x", "y"], ["y", "x"]),
]
DIFFERENT: list[tuple[Any, Any]] = [
    ({"label": "x"}, {"label": "X"}),
    ({"labels": ["x"]}, {"labels": ["x", "y"]}),
    ({"boundingBoxes": [box("a")]}, {"boundingBoxes": [box("b")]}),
    ({"boundingBoxes": [box("a")]}, {"boundingBoxes": [box("a", 6)]}),
    ({"polygons": [{"label": "a"}]}, {"polygons": [{"label": "a"}, {"label": "a"}]}),
    ({"keypoints": [{"label": "a"}]}, {"keypoints": [{"label": "b"}]}),
    ({"entities": [span(1)]}, {"entities": [span(1, "y")]}),
    ({"blurry": True, "dim": False}, {"blurry": True, "dim": True}),
    ({"on": True}, {"on": False}),
    ("1.0", "1.00"),
    (1, True),
    ("true", True),
    ("", "x"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_reviewers_said_the_same(one: Any, other: Any) -> None:
    field = fields(custom({"field": one}, {"field": other}))["field"]
    assert (field.verdict, field.agreement) == (None, 1.0)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_reviewers_said_different_things(one: Any, other: Any) -> None:
    assert verdicts(custom({"field": one}, {"field": other})) == {"field": "disputed"}


def test_without_a_mapping_no_prediction_is_assumed() -> None:
    result = review(custom({"kind": {"label": "x"}}, inputs={"initialValue": "x"}))
    assert not result.prediction_known
    assert result.agreement is None
    assert [field.verdict for field in result.fields] == [None]


def test_element_left_empty_is_nothing() -> None:
    result = review(custom({"a": "x"}, {"a": None}, {}))
    assert result.fields[0].answers == ("x", None, None)
    assert result.fields[0].consensus is None


# Radio buttons


def test_radio_buttons_are_one_field_with_the_chosen_one() -> None:
    yes, no = ({"btn1": {"yes": on}, "btn2": {"no": not on}} for on in (True, False))
    field = fields(custom(yes, no, yes))["btn1 | btn2"]
    assert (field.answers, field.consensus) == (("yes", "no", "yes"), "yes")


def test_radio_buttons_with_one_value_are_told_by_name() -> None:
    content = {"b1": {"on": False}, "b2": {"on": True}}
    assert fields(custom(content))["b1 | b2"].answers == ("b2",)


def test_radio_buttons_may_be_left_unchosen() -> None:
    document = custom({"a": {"x": True}, "b": {"y": False}}, {"a": {"x": False}, "b": {"y": False}})
    assert fields(document)["a | b"].answers == ("x", None)


@pytest.mark.parametrize(
    "contents",
    [
        ({"a": {"x": True}, "b": {"y": True}},),
        ({"a": {"x": False}, "b": {"y": False}},),
        ({"a": {"x": True}, "b": {"y": False}}, {"a": {"x": True}}),
        ({"a": {"x": True}, "b": {"y": False}}, {"a": {"x": True}, "b": "text"}),
    ],
)
def test_buttons_that_are_no_group_are_fields_of_their_own(contents: Any) -> None:
    assert sorted(fields(custom(*contents))) == ["a", "b"]


# The owner's mapping


def mapped(answer: Any, prediction: Any, **options: Any) -> str | None:
    mapping = FieldMapping(name="f", prediction="guess", answer="entered", **options)
    document = custom({"entered": answer}, inputs={"guess": prediction})
    return verdicts(document, mapping).get("f", "no field")


@pytest.mark.parametrize(
    ("prediction", "answer", "verdict"),
    [
        ("x", "x", "confirmed"),
        ("x", "y", "corrected"),
        ("x", {"label": "x"}, "confirmed"),
        (["x"], {"label": "x"}, "confirmed"),
        (["x", "y"], {"labels": ["y", "x"]}, "confirmed"),
        (["x", "y"], {"y": True, "x": True, "z": False}, "confirmed"),
        (148.99, "148.990", "confirmed"),
        ("148.99", 148.99, "confirmed"),
        (148.99, "148.98", "corrected"),
        (1, "1_0", "corrected"),
        (True, {"on": True}, "confirmed"),
        (True, 1, "corrected"),
        ([box("a")], {"boundingBoxes": [box("a", 1)], **SIZE}, "confirmed"),
        ({"boundingBoxes": [box("a")]}, {"boundingBoxes": []}, "removed"),
        ([], {"boundingBoxes": []}, "confirmed"),
        ([span(1)], {"entities": [span(1)]}, "confirmed"),
        (None, "x", "added"),
        ("x", None, "removed"),
        ("x", " ", "removed"),
        ("", None, "confirmed"),
        ("", "x", "corrected"),
        (None, None, "no field"),
        ('{"label": "x"}', "x", "confirmed"),
    ],
)
def test_prediction_is_compared(prediction: Any, answer: Any, verdict: str) -> None:
    assert mapped(answer, prediction) == verdict


def test_case_counts_unless_the_mapping_says_otherwise() -> None:
    assert mapped("STRASSE", "Straße") == "corrected"
    assert mapped("STRASSE", "Straße", ignore_case=True) == "confirmed"
    assert mapped({"labels": ["A", "b"]}, ["a", "B"], ignore_case=True) == "confirmed"


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [("1.1", "confirmed"), (0.9, "confirmed"), (1.11, "corrected"), ("about 1", "corrected")],
)
def test_numbers_within_the_tolerance_are_equal(answer: Any, verdict: str) -> None:
    assert mapped(answer, 1, tolerance=0.1) == verdict


def test_tolerance_makes_numbers_of_texts() -> None:
    assert mapped("1.00", "1.0") == "corrected"
    assert mapped("1.00", "1.0", tolerance=0) == "confirmed"


def test_consensus_within_a_tolerance_is_the_value_with_most_others_close() -> None:
    mapping = FieldMapping(name="f", prediction="guess", answer="n", tolerance=1)
    document = custom({"n": 9}, {"n": 10}, {"n": 11}, {"n": 50}, inputs={"guess": 11})
    field = fields(document, mapping)["f"]
    assert (field.verdict, field.consensus) == ("confirmed", 10)
    assert field.agreement == pytest.approx(2 / 6)


def test_mapping_reads_flattened_keys_either_way() -> None:
    document = custom({"a.b": "x"}, inputs={"p.q[0]": "x"})
    for answer, prediction in (("a.b", "p.q[0]"), ('"a.b"', '"p.q[0]"')):
        mapping = FieldMapping(name="f", prediction=prediction, answer=answer)
        assert verdicts(document, mapping) == {"f": "confirmed"}


@pytest.mark.parametrize("expression", ["length(guess)", "sum(guess)", "no_such(guess)"])
def test_expression_that_fails_leaves_its_field_uncompared(expression: str) -> None:
    failing = FieldMapping(name="f", prediction=expression, answer="entered")
    fine = FieldMapping(name="g", prediction="guess", answer="entered")
    document = custom({"entered": "5"}, inputs={"guess": 5})
    got = fields(document, failing, fine)
    assert (got["f"].verdict, got["f"].note) == (None, "mappingFailed")
    assert got["g"].verdict == "confirmed"


def test_expression_without_a_json_value_is_opaque() -> None:
    mapping = FieldMapping(name="f", prediction="&guess", answer="entered")
    assert fields(custom({"entered": "x"}), mapping)["f"].note == "opaque"


def test_mapping_never_reaches_the_reviewers_identity() -> None:
    document = custom({"a": "x"}) | {"flowDefinitionArn": "arn"}
    document.pop("inputContent")
    mapping = FieldMapping(name="f", prediction="humanAnswers", answer="a")
    assert fields(document, mapping)["f"].predicted is None
