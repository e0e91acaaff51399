"""Custom tasks: every crowd element, what has no known form, and the owner's mapping."""

from __future__ import annotations

import json
from typing import Any

import pytest

from human_loop_reviews.a2i.activation import Activation
from human_loop_reviews.a2i.task_type import FORMS, MODERATION
from human_loop_reviews.mapping import FieldMapping, TaskMapping
from human_loop_reviews.outcome_values import Note
from human_loop_reviews.tasks.mapped_fields import MAX_VALUES_OF_A_FIELD, compare_mapped
from human_loop_reviews.tasks.mapped_rows import MAX_ROWS
from human_loop_reviews.tasks.sampling import read_sampling
from tests.unit.documents import blocks_of, custom, fields, label, review, verdicts

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
    ([1, [2]], [1.0, [2]]),
    (True, "yes"),
    ([{"sku": "A", "n": 1}, {"sku": "B"}], [{"sku": "B", "n": None}, {"n": 1.0, "sku": " A"}]),
    ([{"tags": ["x", "y"]}], [{"tags": ["y", "x"]}]),
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
    (2, True),
    ("maybe", True),
    ("", "x"),
    ({"yes": True}, {"no": True}),
    ([1, 2], [2, 1]),
    ([{"n": 1}, {"n": 1}], [{"n": 1}]),
    ([{"id": "3f", "n": 1}], [{"id": "9c", "n": 1}]),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_reviewers_said_the_same(one: Any, other: Any) -> None:
    field = fields(custom({"field": one}, {"field": other}))["field"]
    assert (field.verdict, field.reviewer_agreement) == (None, 1.0)


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


# Names


def test_dot_below_the_top_level_is_a_part_of_the_name() -> None:
    choices = [{"selected": {"a.mp4": on, "b.mp4": not on}} for on in (False, True, False)]
    field = fields(custom(*choices))["selected"]
    assert (field.answers, field.consensus) == ((["b.mp4"], ["a.mp4"], ["b.mp4"]), ["b.mp4"])


def test_names_within_an_object_are_told_apart() -> None:
    document = custom({"a": {"b.c": "x", "b": {"c": "y"}, "d[0]": "z"}})
    assert {name: field.answers for name, field in fields(document).items()} == {
        "a.b.c": ("y",),
        'a."b.c"': ("x",),
        'a."d[0]"': ("z",),
    }


@pytest.mark.parametrize(
    "contents",
    [
        ({"btn1": {"yes": True}, "btn2": {"no": False}},),
        ({"btn1": {"yes": True}, "btn2": {"no": False}}, {"btn1": {"yes": True}}),
        ({"btn1": {"on": True}, "btn2": {"on": True}}, {"btn1": {"on": False}, "btn2": "text"}),
    ],
)
def test_buttons_are_fields_of_their_own_whatever_reviewers_chose(contents: Any) -> None:
    assert sorted(fields(custom(*contents))) == ["btn1", "btn2"]


def test_several_checkboxes_and_toggles_are_no_radio_buttons() -> None:
    document = custom({"damaged": {"on": True}, "urgent": {"on": False}})
    assert {name: field.answers for name, field in fields(document).items()} == {
        "damaged": (True,),
        "urgent": (False,),
    }


def test_mapping_makes_one_field_of_radio_buttons() -> None:
    mapping = FieldMapping(
        name="Reply",
        prediction="guess",
        answer="[btn1.yes && 'yes', btn2.no && 'no'] | [?@] | [0]",
    )
    yes, no = ({"btn1": {"yes": on}, "btn2": {"no": not on}} for on in (True, False))
    field = fields(custom(yes, no, no, inputs={"guess": "no"}), mapping)["Reply"]
    assert (field.answers, field.verdict) == (("yes", "no", "no"), "confirmed")


# Elements of the built-in tasks


def form(**pairs: str) -> dict[str, Any]:
    return {"blocks": blocks_of(*[(key, value, key) for key, value in pairs.items()])}


@pytest.mark.parametrize("source", [None, "AWS/Example/SomeOtherTask/V1"])
def test_textract_element_is_read_as_a_form(source: str | None) -> None:
    document = custom(
        {FORMS: form(Total="5", Town="X"), "notes": "fine"},
        {FORMS: form(Total="6", Town="X"), "notes": "fine"},
    )
    if source:
        document["awsManagedHumanLoopRequestSource"] = source
    assert verdicts(document) == {"Total": "disputed", "Town": None, "notes": None}


def test_rekognition_element_is_read_as_labels() -> None:
    document = custom(
        {MODERATION: {"ModerationLabels": [label("Gore", "Violence"), label("Alcohol")]}},
        {MODERATION: {"ModerationLabels": [label("Gore", "Violence")]}},
    )
    assert verdicts(document) == {"Alcohol": "disputed", "Violence/Gore": None}


def test_element_is_compared_with_the_prediction_of_a_mapping() -> None:
    document = custom(
        {MODERATION: ["Gore"]}, inputs={"model": [label("Gore", "Violence"), label("Alcohol")]}
    )
    mapping = FieldMapping(name="Image", prediction="model", answer=f'"{MODERATION}"')
    document["inputContent"]["model"] = {"moderationLabels": document["inputContent"]["model"]}
    assert verdicts(document, mapping) == {
        "Image.Alcohol": "removed",
        "Image.Violence/Gore": "confirmed",
    }
    shown = form(Total="5", Town="X")
    document = custom({FORMS: form(Total="6", Town="X")}, inputs={"model": shown})
    mapping = FieldMapping(name="Page", prediction="model", answer=f'"{FORMS}"')
    assert verdicts(document, mapping) == {"Page.Total": "corrected", "Page.Town": "confirmed"}


def test_word_of_a_form_that_looks_like_json_is_text() -> None:
    shown = form(Note="[1]")
    document = custom({FORMS: shown}, inputs={"model": shown})
    mapping = FieldMapping(name="Page", prediction="model", answer=f'"{FORMS}"')
    assert verdicts(document, mapping) == {"Page.Note": "confirmed"}
    assert verdicts(document) == {"Note": None}


def test_element_packed_in_a_text_is_read() -> None:
    document = custom({FORMS: json.dumps(form(Total="5"))})
    assert verdicts(document) == {"Total": None}


def test_element_that_is_no_form_is_compared_as_what_it_is() -> None:
    document = custom({FORMS: {"blocks": [5]}}, {FORMS: "typed"})
    assert sorted(fields(document)) == [FORMS, f"{FORMS}.blocks"]


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
        (True, 1, "confirmed"),
        (True, 2, "corrected"),
        ("Yes", {"on": True}, "confirmed"),
        ("off", {"on": False}, "confirmed"),
        ("on", "yes", "corrected"),
        ({"a": 1, "b": [1, 2]}, {"b": [1, 2.0], "a": 1}, "confirmed"),
        ({"a": 1}, {"a": 2}, "corrected"),
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
    assert mapped("STRASSE", "Straße", normalize=["case"]) == "confirmed"
    assert mapped({"labels": ["A", "b"]}, ["a", "B"], normalize=["case"]) == "confirmed"


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
    document = custom({"n": 9}, {"n": 10}, {"n": 11}, {"n": 50}, inputs={"guess": 10})
    field = fields(document, mapping)["f"]
    assert (field.verdict, field.consensus) == ("confirmed", 10)
    assert field.reviewer_agreement == pytest.approx(2 / 6)


@pytest.mark.parametrize(
    ("normalize", "prediction", "answer", "verdict"),
    [
        (["number"], "$1,250.40", "1250.4", "confirmed"),
        (["number"], "1.250,40 EUR", "\u20ac 1250.40", "confirmed"),
        (["number"], "$5", "\u20ac5", "corrected"),
        (["number"], "(5.00)", -5, "confirmed"),
        (["number"], "1,250", "1.250", "corrected"),
        (["number"], "5 kg", "5", "corrected"),
        (["date"], "March 14, 2026", "2026-03-14T09:30:00Z", "confirmed"),
        (["date"], "14.03.2026", "14-Mar-2026", "confirmed"),
        (["date"], "03/04/2026", "2026-03-04", "corrected"),
        (["whitespace"], "AB 12\u00a034", "AB1234", "confirmed"),
        (["case", "whitespace"], "ab 12", "AB12", "confirmed"),
        (["case"], {"town": "X"}, {"town": "x"}, "confirmed"),
        (["number"], {"n": "1,000"}, {"n": "1000.0"}, "confirmed"),
        (["date", "number"], "14.03.2026", "2026-03-14", "confirmed"),
        ([], "$5", "5", "corrected"),
    ],
)
def test_what_is_normalized_does_not_count(
    normalize: list[str], prediction: Any, answer: Any, verdict: str
) -> None:
    assert mapped(answer, prediction, normalize=normalize) == verdict


def test_currency_counts_only_where_values_name_different_ones() -> None:
    mapping = FieldMapping(name="f", path="n", normalize=["number"])
    document = custom({"n": "$5"}, {"n": "5.00"}, {"n": "EUR 5"}, inputs={"n": 5})
    assert fields(document, mapping)["f"].upheld_share == pytest.approx(1 / 3)


def test_one_wrong_span_among_ten_is_told_by_the_parts() -> None:
    spans = [span(start) for start in range(10)]
    wrong = {"entities": [*spans[:9], span(20)]}
    mapping = FieldMapping(name="f", prediction="spans", answer="entered")
    field = fields(custom({"entered": wrong}, inputs={"spans": spans}), mapping)["f"]
    assert (field.verdict, field.model_correct) == ("corrected", False)
    assert field.details == {"partsPredicted": 10, "partsUpheld": 9, "partsAdded": 1}


def test_parts_are_upheld_by_more_than_half_of_the_reviewers() -> None:
    mapping = FieldMapping(name="f", path="rows")
    rows = [[{"n": 1}, {"n": 2}], [{"n": 2}, {"n": 1}], [{"n": 2}, {"n": 3}]]
    document = custom(*({"rows": each} for each in rows), inputs={"rows": [{"n": 2}, {"n": 2}]})
    assert fields(document, mapping)["f"].details == {
        "partsPredicted": 2,
        "partsUpheld": 1,
        "partsAdded": 1,
    }


# Where a mapping finds its values


MISSING: list[tuple[dict[str, Any], list[dict[str, Any]], str | None]] = [
    ({"guess": "x"}, [{"kind": {"label": "x"}}], None),
    ({"guess": "x"}, [{"kind": {"labels": ["x"]}}], "pathNotFound"),
    ({"guess": "x"}, [{"kind": {"label": "x"}}, {"kind": {"labels": ["x"]}}], "pathNotFound"),
    ({"guess": "x"}, [{"kind": {"label": "x"}}, {}], None),
    ({"guess": "x"}, [{}, {"other": 1}], "answerNotFound"),
    ({"guess": ""}, [{}], "answerNotFound"),
    ({"guess": "x"}, [{"kind": None}, {}], None),
    ({"guess": "x"}, [{"kind": {}}], None),
    ({}, [{"kind": {"label": "x"}}], "predictionNotFound"),
    ({"guess": None}, [{"kind": {"label": "x"}}], None),
]


@pytest.mark.parametrize(("inputs", "contents", "note"), MISSING)
def test_path_that_finds_nothing_is_no_answer(
    inputs: dict[str, Any], contents: list[dict[str, Any]], note: str | None
) -> None:
    mapping = FieldMapping(name="f", prediction="guess", answer="kind.label")
    for order in (contents, contents[::-1]):
        field = fields(custom(*order, inputs={"other": 1, **inputs}), mapping)["f"]
        assert field.note == note
        if note:
            assert (field.verdict, field.model_correct, field.reviewer_agreement) == (None,) * 3


def test_element_left_empty_by_most_is_removed() -> None:
    mapping = FieldMapping(name="f", path="town")
    document = custom({"town": "x"}, {}, {}, inputs={"town": "x"})
    assert verdicts(document, mapping) == {"f": "removed"}


def test_mapping_can_say_that_absent_is_empty() -> None:
    mapping = FieldMapping(name="f", prediction="guess || `null`", answer="town || ''")
    assert verdicts(custom({"town": "x"}), mapping) == {"f": "added"}
    assert verdicts(custom({}, inputs={"guess": "x"}), mapping) == {"f": "removed"}


def test_path_that_no_row_has_is_not_found() -> None:
    mapping = FieldMapping(name="f", prediction="rows[*].n", answer="rows[*].m")
    rows = {"rows": [{"n": "x"}]}
    assert fields(custom(rows, inputs=rows), mapping)["f"].note == "pathNotFound"


def test_one_path_is_for_both_sides() -> None:
    mapping = FieldMapping(name="f", path="a.b")
    assert verdicts(custom({"a": {"b": "x"}}, inputs={"a": {"b": "y"}}), mapping) == {
        "f": "corrected"
    }


@pytest.mark.parametrize(
    ("found", "options", "confidence"),
    [
        (87.5, {}, 87.5),
        (0.875, {}, 0.875),
        (0.875, {"confidence_max": 1}, 87.5),
        (87.5, {"confidence_max": 1}, None),
        (101, {}, None),
        (-1, {}, None),
        ("87.5", {}, None),
        (True, {}, None),
        (None, {}, None),
    ],
)
def test_confidence_is_what_the_mapping_finds(
    found: Any, options: dict[str, Any], confidence: float | None
) -> None:
    mapping = FieldMapping(name="f", path="town", confidence="score", **options)
    document = custom({"town": "x"}, inputs={"town": "x", "score": found})
    field = fields(document, mapping)["f"]
    assert (field.confidence, field.verdict) == (confidence, "confirmed")


# Rows


def rows_of(*entries: tuple[str, Any]) -> list[dict[str, Any]]:
    return [{"sku": sku, "n": n, "score": 90} for sku, n in entries]


def test_rows_are_fields_of_their_own_by_position() -> None:
    mapping = FieldMapping(name="n", path="rows", rows=True, row_value="n", confidence="score")
    document = custom(
        {"rows": rows_of(("A", 1), ("B", 3), ("C", 4))},
        inputs={"rows": rows_of(("A", 1), ("B", 2))},
    )
    got = fields(document, mapping)
    assert {name: (field.verdict, field.confidence) for name, field in got.items()} == {
        "n[0]": ("confirmed", 90),
        "n[1]": ("corrected", 90),
        "n[2]": ("added", None),
    }


def test_rows_are_matched_by_their_key() -> None:
    mapping = FieldMapping(name="n", path="rows", rows=True, row_key="sku", row_value="n")
    shown = {"rows": rows_of(("A", 1), ("B", 2), ("C", 3))}
    one = {"rows": rows_of(("D", 9), ("C", 3), ("B", 5))}
    other = {"rows": rows_of(("B", 5), ("E", 9), ("D", 9), ("C", 3))}
    for order in ((one, other), (other, one)):
        assert verdicts(custom(*order, inputs=shown), mapping) == {
            "n[0]": "removed",
            "n[1]": "corrected",
            "n[2]": "confirmed",
            "n[3]": "added",
            "n[4]": "disputed",
        }


def test_rows_with_the_same_key_meet_in_their_order() -> None:
    mapping = FieldMapping(name="n", path="rows", rows=True, row_key="sku", row_value="n")
    document = custom(
        {"rows": rows_of(("A", 1), ("A", 3))}, inputs={"rows": rows_of(("A", 1), ("A", 2))}
    )
    assert verdicts(document, mapping) == {"n[0]": "confirmed", "n[1]": "corrected"}


def test_part_that_no_row_has_is_not_found() -> None:
    mapping = FieldMapping(name="n", path="rows", rows=True, row_value="quantity")
    rows = {"rows": rows_of(("A", 1))}
    assert fields(custom(rows, inputs=rows), mapping)["n"].note == "pathNotFound"


@pytest.mark.parametrize(("count", "names"), [(MAX_ROWS, MAX_ROWS), (MAX_ROWS + 1, 1)])
def test_rows_are_bounded(count: int, names: int) -> None:
    mapping = FieldMapping(name="n", path="rows", rows=True)
    document = custom({"rows": list(range(count))}, inputs={"rows": [1]})
    got = fields(document, mapping)
    assert len(got) == names
    assert ("n" in got and got["n"].note == "tooLarge") is (names == 1)


# How the loop was selected


@pytest.mark.parametrize(
    ("inputs", "sampling"),
    [
        (
            {"audit": True, "percent": 5, "model": {"v": "v7"}},
            Activation(sampled=True, sampling_percentage=5.0, model_version="v7"),
        ),
        (
            {"audit": True, "percent": 5, "model.v": "v7"},
            Activation(sampled=True, sampling_percentage=5.0, model_version="v7"),
        ),
        (
            {"audit": False, "percent": 0, "model": {"v": 7}},
            Activation(sampled=False, model_version="7"),
        ),
        ({"audit": "yes", "percent": 101, "model": {"v": " "}}, Activation()),
        ({"audit": 1, "percent": "5", "model": []}, Activation()),
        ({}, Activation()),
    ],
)
def test_selection_is_told_by_the_mapping_only(
    inputs: dict[str, Any], sampling: Activation
) -> None:
    mapping = TaskMapping(
        fields=[FieldMapping(name="n", path="n")],
        sampled="audit",
        sampling_percentage="percent",
        model_version="model.v",
    )
    assert read_sampling(inputs, mapping) == sampling
    assert read_sampling(inputs, TaskMapping(fields=mapping.fields)) == Activation()


def test_selection_whose_expression_fails_is_unknown() -> None:
    field = FieldMapping(name="n", path="n")
    mapping = TaskMapping(fields=[field], sampled="length(n) > `1`")
    assert read_sampling({"n": 5}, mapping) == Activation()


def test_mapping_reads_flattened_keys_either_way() -> None:
    document = custom({"a.b": "x"}, inputs={"p.q[0]": "x"})
    for answer, prediction in (("a.b", "p.q[0]"), ('"a.b"', '"p.q[0]"')):
        mapping = FieldMapping(name="f", prediction=prediction, answer=answer)
        assert verdicts(document, mapping) == {"f": "confirmed"}


@pytest.mark.parametrize("expression", ["length(guess)", "sum(guess)"])
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
    field = fields(document, mapping)["f"]
    assert (field.predicted, field.note) == (None, "predictionNotFound")


@pytest.mark.parametrize(
    ("count", "note"), [(MAX_VALUES_OF_A_FIELD - 1, None), (MAX_VALUES_OF_A_FIELD, Note.TOO_LARGE)]
)
def test_prediction_with_too_many_values_is_not_compared(count: int, note: Note | None) -> None:
    mapping = FieldMapping(name="n", prediction="p", answer="a")

    (field,) = compare_mapped({"p": [0] * count}, [{"a": [0] * 5}], [mapping], "output.json")

    assert field.note is note
