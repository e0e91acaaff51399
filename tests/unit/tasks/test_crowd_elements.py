"""Crowd elements: what each gives, what has no known form, and what is unfolded."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from human_loop_reviews.a2i.output import parse_output
from human_loop_reviews.review_output import review_output
from human_loop_reviews.tasks import crowd_elements
from human_loop_reviews.tasks.crowd_elements import (
    MAX_ANSWER_FIELDS,
    MAX_NAME_CHARACTERS,
    MAX_PACKED_CHARACTERS,
    MAX_VALUES,
    read_value,
    unfold,
)
from tests.unit.documents import custom, error_of, fields, review


def box(label: str, left: float = 0, width: float = 10) -> dict[str, Any]:
    return {"label": label, "left": left, "top": 0, "width": width, "height": 10}


@pytest.mark.parametrize(
    "value",
    [
        {"boundingBoxes": [{"label": "a"}]},
        {"boundingBoxes": [box("a") | {"left": "0"}]},
        {"boundingBoxes": [box("a") | {"left": 10**400}]},
        {"boundingBoxes": {}},
        {"entities": [{"startOffset": 1}]},
        {"polygons": [{"vertices": []}]},
        {"keypoints": [5]},
        [{"vertices": []}],
        [{"width": 1}],
        [{"startOffset": "1", "endOffset": 2, "label": "x"}],
    ],
)
def test_what_has_no_known_form_is_opaque(value: Any) -> None:
    field = fields(custom({"a": value}, {"a": value}))["a"]
    assert (field.note, field.verdict, field.reviewer_agreement) == ("opaque", None, None)
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
    assert sorted(fields(document)) == ["a.b", "a.c.d", "rows"]


def test_list_of_no_known_form_is_compared_as_a_whole() -> None:
    field = fields(custom({"a": [1, ["x"]]}, {"a": [1, ["y"]]}))["a"]
    assert (field.note, field.verdict) == (None, "disputed")


def test_packed_nested_and_flattened_are_the_same() -> None:
    document = custom(
        {"a": json.dumps({"b": [{"c": "x"}], "d": {"label": "y"}})},
        {"a.b[0].c": "x", "a.d.label": "y"},
        {"a": {"b": [{"c": "x"}], "d": {"label": "y"}}},
    )
    assert review(document).reviewer_agreement == 1.0
    assert sorted(fields(document)) == ["a.b", "a.d"]


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
        ({"p": {"a.b": 1, "a[0]": 2}}, {"p": {"a.b": 1, "a[0]": 2}}),
        ({"p": '{"a.b": 1}'}, {"p": {"a.b": 1}}),
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


# Limits: what a reviewer types is always read, and what nobody can type or draw is refused.


def many(count: int) -> list[int]:
    return [0] * count


def test_most_values_are_read_and_more_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd_elements.Limits.__init__, "__defaults__", (7, 100, 100, 1000, 0))
    # The answer, its list and five numbers are seven values.
    assert review(custom({"a": many(5)})).answer_count == 1
    expected = f"humanAnswers: expected at most {MAX_VALUES:,} values in all answers"
    assert error_of(json.dumps(custom({"a": many(6)}))) == expected
    assert error_of(json.dumps(custom({"a": many(2)}, {"a": many(2)}))) == expected


def test_packed_text_with_too_many_values_stays_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd_elements.Limits.__init__, "__defaults__", (8, 100, 100, 1000, 0))
    assert fields(custom({"a": "[1, 2, 3, 4, 5]"}))["a"].answers == ([1, 2, 3, 4, 5],)
    assert fields(custom({"a": "[1, 2, 3, 4, 5, 6]"}))["a"].answers == ("[1, 2, 3, 4, 5, 6]",)


def test_most_characters_of_packed_text_are_unpacked_and_with_more_none() -> None:
    text = '["x"]'
    longest = text + " " * (MAX_PACKED_CHARACTERS - 2 * len(text))
    for one, answers in ((longest, (["x"], ["x"])), (longest + " ", (text, text))):
        for document in (custom({"a": one}, {"a": text}), custom({"a": text}, {"a": one})):
            got = fields(document)["a"].answers
            # Text is displayed as given, with its spaces.
            assert [each.strip() if isinstance(each, str) else each for each in got] == [*answers]


def test_packed_text_within_packed_text_counts() -> None:
    inner = json.dumps(["x" * (MAX_PACKED_CHARACTERS // 2)])
    assert fields(custom({"a": json.dumps([inner])}))["a"].answers == (json.dumps([inner]),)


def test_most_fields_are_read_and_more_are_refused() -> None:
    half = MAX_ANSWER_FIELDS // 2
    one, other = ({f"{side}{index}": 1 for index in range(half)} for side in "ab")
    assert len(fields(custom(one, other))) == MAX_ANSWER_FIELDS
    expected = f"humanAnswers: expected at most {MAX_ANSWER_FIELDS:,} fields in all answers"
    assert error_of(json.dumps(custom(one, {**other, "c": 1}))) == expected
    assert error_of(json.dumps(custom({**one, **other, "c": 1}))) == expected


def test_typed_text_never_makes_too_many_fields() -> None:
    text = json.dumps({f"k{index}": 1 for index in range(MAX_ANSWER_FIELDS)})
    assert list(fields(custom({"notes": text}))) != ["notes"]
    assert list(fields(custom({"notes": text, "a": 1}))) == ["a", "notes"]


def test_most_characters_of_names_are_written_and_more_are_refused() -> None:
    name = "n" * (MAX_NAME_CHARACTERS - 1)
    assert list(fields(custom({name: 1}))) == [name]
    assert error_of(json.dumps(custom({f"{name}n": 1}))) == (
        f"humanAnswers: expected at most {MAX_NAME_CHARACTERS:,} characters of field names"
    )


@pytest.mark.full
def test_answers_at_the_limits_are_reviewed_in_time() -> None:
    rows = [{"label": "a", "n": index} for index in range(MAX_VALUES // 9)]
    started = time.process_time()
    result = review(custom({"rows": rows}, {"rows": rows[::-1]}, {"rows": rows[1:]}))
    assert result.fields[0].reviewer_agreement == pytest.approx(1 / 3)
    assert time.process_time() - started < 20


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
