"""Crowd elements: what each gives, what has no known form, and what is unfolded."""

from __future__ import annotations

import json
from typing import Any

import pytest

from human_loop_reviews.a2i.output import parse_output
from human_loop_reviews.review_output import review_output
from human_loop_reviews.tasks.crowd_elements import read_value, unfold
from tests.unit.documents import custom, fields, review


def box(label: str, left: float = 0, width: float = 10) -> dict[str, Any]:
    return {"label": label, "left": left, "top": 0, "width": width, "height": 10}


@pytest.mark.parametrize(
    "value",
    [
        [1, 2],
        [["x"]],
        {"boundingBoxes": [{"label": "a"}]},
        {"boundingBoxes": [box("a") | {"left": "0"}]},
        {"boundingBoxes": [box("a") | {"left": 10**400}]},
        {"boundingBoxes": {}},
        {"entities": [{"startOffset": 1}]},
        {"polygons": [{"vertices": []}]},
        {"keypoints": [5]},
        [{"width": 1}],
        [{"startOffset": "1", "endOffset": 2, "label": "x"}],
    ],
)
def test_what_has_no_known_form_is_opaque(value: Any) -> None:
    field = fields(custom({"a": value}, {"a": value}))["a"]
    assert (field.note, field.verdict, field.agreement) == ("opaque", None, None)
    assert field.answers == (value, value)


def test_opaque_value_that_json_cannot_hold_is_not_carried() -> None:
    deep: Any = 1
    for _ in range(100):
        deep = [deep]
    text = json.dumps(custom({"a": deep, "b": ["huge", 1]})).replace('"huge"', "1e999")
    result = review_output(parse_output(text, source="output.json"))
    assert [(f.name, f.note, f.answers) for f in result.fields] == [
        ("a", "opaque", (None,)),
        ("b", "opaque", (None,)),
    ]


def test_objects_of_no_known_form_hold_further_fields() -> None:
    document = custom({"a": {"b": "x", "c": {"d": 1, "e": None}}, "rows": [{"n": "y"}]})
    assert sorted(fields(document)) == ["a.b", "a.c.d", "rows[0].n"]


def test_packed_nested_and_flattened_are_the_same() -> None:
    document = custom(
        {"a": json.dumps({"b": [{"c": "x"}], "d": {"label": "y"}})},
        {"a.b[0].c": "x", "a.d.label": "y"},
        {"a": {"b": [{"c": "x"}], "d": {"label": "y"}}},
    )
    assert review(document).reviewer_agreement == 1.0
    assert sorted(fields(document)) == ["a.b[0].c", "a.d"]


@pytest.mark.parametrize(
    ("flat", "nested"),
    [
        ({"a.b": 1, "a.c": 2}, {"a": {"b": 1, "c": 2}}),
        ({"a[1]": "y", "a[0]": "x"}, {"a": ["x", "y"]}),
        ({"a[0][1]": 2, "a[0][0]": 1}, {"a": [[1, 2]]}),
        ({"a[1]": "y"}, {"a[1]": "y"}),
        ({"a[999999]": 1}, {"a[999999]": 1}),
        ({"a.b": 1, "a": 2}, {"a.b": 1, "a": 2}),
        ({"a.b": 1, "a.b.c": 2}, {"a.b": 1, "a.b.c": 2}),
        ({"a.b": 1, "a[0]": 2}, {"a.b": 1, "a[0]": 2}),
        ({"a[0]": 1, "a[00]": 2}, {"a[0]": 1, "a[00]": 2}),
        ({"Is it. Yes": 1, ".a": 2}, {"Is it. Yes": 1, ".a": 2}),
        ({"a.": 3, "[0]": 4}, {"a.": 3, "[0]": 4}),
        ({"p": "{not json"}, {"p": "{not json"}),
        ({"p": '{"a": 1, "a": 2}'}, {"p": '{"a": 1, "a": 2}'}),
        ({"p": "7"}, {"p": "7"}),
        ({"p": ' [{"q": "[\\"x\\"]"}]'}, {"p": [{"q": ["x"]}]}),
    ],
)  # fmt: skip
def test_unfolding(flat: Any, nested: Any) -> None:
    assert unfold(flat) == nested


def test_unfolding_stops_somewhere() -> None:
    text = "[" * 500 + "]" * 500
    value = unfold(text)
    for _ in range(30):
        value = value[0]
    assert isinstance(value, list)
    long = ".".join("a" * 200)
    assert unfold({long: 1}) == {long: 1}


def test_value_of_an_unknown_type_is_opaque() -> None:
    value = read_value(object())
    assert value is not None
    assert (value.kind, value.display) == ("opaque", None)


def test_shapes_are_compared_by_label_and_count_and_say_so() -> None:
    field = fields(custom({"a": {"polygons": [{"label": "roof"}]}}))["a"]
    assert (field.note, field.consensus) == ("labelAndCount", {"roof": 1})


@pytest.mark.parametrize(
    ("mask", "shown"),
    [
        ({"labeledImage": {"pngImageData": "AAAA"}, "labelMappings": {"b": {}, "a": {}}},
         {"labels": ["a", "b"]}),
        ({"labeledImage": {"pngImageData": "AAAA"}, "instances": [{}, {}]}, {"instances": 2}),
    ],
)  # fmt: skip
def test_masks_are_noted_and_not_compared(mask: Any, shown: Any) -> None:
    result = review(custom({"m": mask}, {"m": mask}))
    field = result.fields[0]
    assert (field.note, field.verdict, field.answers) == ("mask", None, (shown, shown))
    assert result.reviewer_agreement is None
