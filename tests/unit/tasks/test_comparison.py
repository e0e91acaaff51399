"""What of a prediction is compared with which element, checked by a second implementation."""

# ruff: noqa: RUF001, T201 (texts in full width; the counts of the oracle)
from __future__ import annotations

import copy
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from human_loop_reviews.mapping import FieldMapping
from human_loop_reviews.outcome_values import Note
from human_loop_reviews.review.comparability import COLUMNS, MATRIX
from human_loop_reviews.review.field import NOT_COMPARED
from human_loop_reviews.review.verdicts import FieldReview, judge_fields
from human_loop_reviews.tasks.mapped_fields import compare_mapped
from tests.examples import examples
from tests.unit.tasks.comparison_oracle import NOT_COMPARABLE, correct, element, upheld

FIELD = FieldMapping(name="F", prediction="p", answer="a")
SIDES = ("left", "top", "width", "height")


def judge(prediction: Any, *answers: Any, **rules: Any) -> FieldReview:
    mapping = FieldMapping(name="F", prediction="p", answer="a", **rules)
    contents = [{"a": answer} for answer in answers]
    fields = compare_mapped({"p": prediction}, contents, [mapping], "output.json")
    (review,) = judge_fields(fields, prediction_known=True)
    return review


def box(label: str, *sides: float) -> dict[str, Any]:
    return {"label": label, **dict(zip(SIDES, sides, strict=True))}


TEXTS = st.sampled_from(["", "cat", "dog", "Ｃat", "yes", "off", "1", "0", "0.93", "١", "a\u200eb"])
LABELS = st.sampled_from(["cat", "dog", "1", "3", "yes"])
BOXES = st.lists(st.sampled_from([box("a", 5, 6, 70, 80), box("b", 300, 0, 40, 40)]), max_size=2)
SPANS = st.lists(
    st.sampled_from(["a", "b"]).map(lambda x: {"startOffset": 0, "endOffset": 3, "label": x}),
    max_size=1,
)
ELEMENTS = (
    TEXTS
    | st.booleans()
    | LABELS.map(lambda label: {"label": label})
    | st.lists(LABELS, max_size=2).map(lambda labels: {"labels": labels})
    | st.lists(LABELS, max_size=2)
    | st.dictionaries(LABELS, st.booleans(), max_size=3)
    | BOXES.map(lambda boxes: {"boundingBoxes": boxes})
    | SPANS.map(lambda spans: {"entities": spans})
    | st.sampled_from([[], {}, [1, 2], [2, 1], [{"n": 1}], {"n": 1, "m": None}, {"n": 1}])
)
NUMBERS = st.sampled_from([0, 1, 3, 0.93, 42.5])


def test_documentation_has_the_matrix() -> None:
    lines = [
        "| prediction | " + " | ".join(COLUMNS) + " |",
        "| --- |" + " --- |" * len(COLUMNS),
        *(
            f"| {row} | " + " | ".join(rule.title for rule in rules) + " |"
            for row, rules in MATRIX.items()
        ),
    ]
    text = (Path(__file__).parents[3] / "docs" / "reviews.md").read_text()
    assert len(lines) == 2 + len(MATRIX)
    assert "\n".join(lines) in text


@pytest.mark.slow
def test_oracle_agrees_on_random_fields() -> None:
    counts: Counter[str] = Counter()
    number = examples(3_000)

    @settings(max_examples=number, deadline=None, database=None)
    @given(ELEMENTS | NUMBERS, ELEMENTS)
    def run(prediction: Any, answer: Any) -> None:
        expected = upheld(prediction, answer)
        review = judge(copy.deepcopy(prediction), answer)
        if expected == NOT_COMPARABLE:
            assert (review.note, review.verdict) == (NOT_COMPARABLE, None), element(answer)
        else:
            assert review.note is None
            assert review.model_correct is expected
        counts[str(expected)] += 1

    run()
    print(dict(counts))
    assert min(counts["True"], counts["False"], counts[NOT_COMPARABLE]) > number / 30


@pytest.mark.full
def test_oracle_agrees_on_random_absent_inputs() -> None:
    counts: Counter[str] = Counter()
    number = examples(1_500)

    @settings(max_examples=number, deadline=None, database=None)
    @given(
        TEXTS,
        st.lists(TEXTS | st.none(), min_size=1, max_size=5),
        st.sampled_from(["unknown", "blank", "upheld"]),
        st.sampled_from(["town", "address.town"]),
    )
    def run(prediction: str, answers: list[str | None], absent: str, name: str) -> None:
        expected = correct(prediction, answers, absent)
        mapping = FieldMapping(name="F", prediction="p", answer=name, absent=absent)
        contents = [
            {"address.street": "s"} if each is None else {name: each, "address.street": "s"}
            for each in answers
        ]
        fields = compare_mapped({"p": prediction}, contents, [mapping], "output.json")
        (review,) = judge_fields(fields, prediction_known=True)
        assert review.note == (expected if expected == "answerNotFound" else None)
        assert review.model_correct is (None if expected == "answerNotFound" else expected)
        unknown = answers.count(None) if absent == "unknown" else 0
        assert review.details.get("absentAnswers", 0) == unknown
        counts[str(expected)] += 1

    run()
    print(dict(counts))
    assert min(counts[each] for each in ("True", "False", "None", "answerNotFound")) > number / 50


@given(ELEMENTS | NUMBERS, st.lists(ELEMENTS | NUMBERS | st.none(), min_size=1, max_size=3))
@settings(deadline=None)
def test_what_cannot_be_compared_has_no_verdict_and_is_in_no_agreement(
    prediction: Any, answers: list[Any]
) -> None:
    review = judge(prediction, *answers)
    # A single box beside a set of the same name is one of the set.
    others = [each for each in answers if not isinstance(each, dict) or len(each) > 1]
    alone = [judge(prediction, answer) for answer in others if answer is not None]
    if any(each.note is Note.NOT_COMPARABLE for each in alone):
        assert review.note is Note.NOT_COMPARABLE
    if review.note in NOT_COMPARED:
        assert (review.verdict, review.model_correct, review.upheld_share) == (None, None, None)
        assert review.reviewer_agreement is None


@given(ELEMENTS | NUMBERS, st.integers(1, 3))
def test_identical_answers_confirm_the_prediction(value: Any, reviewers: int) -> None:
    review = judge(value, *[copy.deepcopy(value) for _ in range(reviewers)])
    assert (review.verdict, review.note) == ("confirmed", None)


@given(ELEMENTS, ELEMENTS)
@settings(deadline=None)
def test_comparison_is_symmetric(one: Any, other: Any) -> None:
    reviews = judge(one, other), judge(other, one)
    if not any(review.note for review in reviews):
        assert reviews[0].model_correct is reviews[1].model_correct


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["label", "Entities", "CustomLabels", "Name", "BoundingBox", "Geometry"]
            )
            | st.sampled_from(
                ["Blocks", "BlockType", "ModerationLabels", "boundingBoxes", "entities"]
            )
            | st.sampled_from(
                ["BeginOffset", "Instances", "Labels", "inputImageProperties", "width"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)


@given(JSON, JSON, st.booleans())
@settings(max_examples=examples(300), deadline=None)
def test_no_input_raises(prediction: Any, answer: Any, rows: bool) -> None:
    mapping = FieldMapping(
        name="F", prediction="p", answer="a", rows=rows, decimal=",", separator=",", tolerance=1
    )
    fields = compare_mapped({"p": prediction}, [{"a": answer}], [mapping], "output.json")
    judge_fields(fields, prediction_known=True)


DRAWN = {
    "boundingBoxes": [box("cup", 60, 100, 300, 200)],
    "inputImageProperties": {"height": 400, "width": 600},
}
RATIOS = {"Left": 0.1, "Top": 0.25, "Width": 0.5, "Height": 0.5}


@pytest.mark.parametrize(
    "prediction",
    [
        [{"Name": "cup", "Confidence": 55.5, "Geometry": {"BoundingBox": RATIOS}}],
        {"CustomLabels": [{"Name": "cup", "Geometry": {"BoundingBox": RATIOS}}]},
        {"Labels": [{"Name": "cup", "Instances": [{"BoundingBox": RATIOS}], "Parents": []}]},
        {"customLabels": [{"name": "cup", "geometry": {"boundingBox": RATIOS}}]},
        {"boundingBoxes": [box("cup", 0.1, 0.25, 0.5, 0.5)]},
        [box("cup", 0.1, 0.25, 0.5, 0.5)],
    ],
)
def test_boxes_as_ratios_are_scaled_by_the_size_of_the_image(prediction: Any) -> None:
    review = judge(prediction, DRAWN)
    assert (review.verdict, review.note) == ("confirmed", None)
    assert review.predicted == DRAWN["boundingBoxes"]


def test_boxes_as_ratios_are_not_compared_without_the_size_of_the_image() -> None:
    boxes = {"boundingBoxes": DRAWN["boundingBoxes"]}
    assert judge([box("cup", 0.1, 0.25, 0.5, 0.5)], boxes).note == NOT_COMPARABLE


def test_size_of_the_image_is_found_beside_the_boxes() -> None:
    mapping = FieldMapping(name="F", prediction="p", answer="a.boundingBoxes")
    inputs = {"p": [box("cup", 0.1, 0.25, 0.5, 0.5)]}
    (field,) = compare_mapped(inputs, [{"a": DRAWN}], [mapping], "output.json")
    (review,) = judge_fields([field], prediction_known=True)
    assert review.verdict == "confirmed"


@pytest.mark.parametrize("bare", [True, False])
@pytest.mark.parametrize(("label", "verdict"), [("PERSON", "confirmed"), ("PLACE", "corrected")])
def test_entities_of_comprehend_are_spans(label: str, verdict: str, bare: bool) -> None:
    entities = [{"BeginOffset": 0, "EndOffset": 4, "Type": "PERSON", "Text": "Anna", "Score": 0.9}]
    answer = {"entities": [{"startOffset": 0, "endOffset": 4, "label": label}]}
    assert judge(entities if bare else {"Entities": entities}, answer).verdict == verdict


@pytest.mark.parametrize(
    ("prediction", "answer", "repair"),
    [
        ({"label": "cat", "score": 0.9}, {"label": "cat"}, ".label"),
        ([{"label": "cat", "score": 0.9}], {"labels": ["cat"]}, "[*].label"),
        ([{"Name": "cat", "Confidence": 9.0}], {"cat": True, "dog": False}, "[*].Name"),
        ({"score": 0.9}, {"label": "cat"}, None),
        (42.5, DRAWN, None),
        ("cat", {"entities": []}, None),
        (0.93, {"agree": True, "disagree": False}, None),
        (True, {"agree": True, "disagree": False}, None),
        ([1, 2], {"n": 1}, None),
        ("cat", {"on": True}, None),
        ({"polygons": [{"label": "a", "vertices": []}]}, {"lines": [{"label": "a"}]}, None),
    ],
)
def test_what_cannot_be_compared_names_its_repair(
    prediction: Any, answer: Any, repair: str | None
) -> None:
    review = judge(prediction, answer)
    assert (review.note, review.verdict) == (NOT_COMPARABLE, None)
    assert review.details.get("predictionRepair") == repair


def test_rows_against_one_object_are_one_field_without_a_verdict() -> None:
    answer = {"0": {"agree": True}, "1": {"agree": True}}
    review = judge([{"row": 0, "n": 1}, {"row": 1, "n": 0}], answer, rows=True, row_value="n")
    assert (review.name, review.note, review.verdict) == ("F", NOT_COMPARABLE, None)


@pytest.mark.parametrize(
    ("prediction", "answer", "rules", "verdict"),
    [
        ("Total 12", "Ｔｏｔａｌ　１２", {}, "confirmed"),
        ("123", "١٢٣", {}, "confirmed"),
        (123, "۱۲۳", {}, "confirmed"),
        ("10²", "102", {}, "corrected"),
        ("abc", "\u200fa\u200bb\ufeffc\u200e", {}, "confirmed"),
        ("1.250", "1250", {"decimal": ","}, "confirmed"),
        ("1.250", "1250", {"normalize": ["number"]}, "corrected"),
        (1.5, "1,5", {"decimal": ","}, "confirmed"),
        (1.5, "1.5", {"decimal": ","}, "corrected"),
        ("1,250", "1.25", {"decimal": "."}, "corrected"),
        (1250.4, "1,250.50", {"tolerance": 0.1}, "confirmed"),
        ("١٬٢٥٠٫٤", "1250.4", {"tolerance": 0}, "confirmed"),
        (["a", "b"], "b, a", {"separator": ","}, "confirmed"),
        (["a", "b"], "b, a", {}, "corrected"),
    ],
)
def test_what_does_not_count(
    prediction: Any, answer: str, rules: dict[str, Any], verdict: str
) -> None:
    assert judge(prediction, answer, **rules).verdict == verdict
